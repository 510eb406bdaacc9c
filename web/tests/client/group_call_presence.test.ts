/** Who is in the call room, and which of them is which member. */

import { describe, expect, it } from "vitest";
import {
  ABSENT_S,
  BACK_S,
  CUT_AGAIN_S,
  Presence,
  UNLISTED_S,
} from "../../client/group_call_presence.ts";
import { PeerError } from "../../core/errors.ts";

/** We are number 9 at time 100; leaf 1 is number 1, leaf 2 number 2. */
function three(): Presence {
  const presence = new Presence();
  presence.entered(9, [1, 2], 100);
  presence.epoch([1, 2], [], 100);
  presence.isHere(1, 1, 1);
  presence.isHere(2, 2, 2);
  return presence;
}

describe("who is which member", () => {
  it("is known once they say so", () => {
    const presence = new Presence();
    expect(presence.own).toBeNull();
    presence.entered(9, [1], 100);
    expect(presence.own).toBe(9);
    expect(presence.numberOf(1)).toBeUndefined();
    expect(presence.isHere(1, 1, 1)).toBe(true);
    expect(presence.isHere(1, 1, 1)).toBe(false);
    expect(presence.numberOf(1)).toBe(1);
    presence.forget(1);
    expect(presence.numberOf(1)).toBeUndefined();
  });

  it("is nobody's to say but their own (CK-867)", () => {
    const presence = three();
    expect(() => presence.isHere(1, 2, 1)).toThrow(/CK-867/);
    expect(() => presence.isHere(1, 7, 7)).toThrow(PeerError);
    expect(presence.numberOf(1)).toBe(1);
  });

  it("is forgotten when the number goes", () => {
    const presence = three();
    expect(presence.gone(1)).toEqual([1]);
    expect(presence.gone(1)).toEqual([]);
    expect(presence.numberOf(1)).toBeUndefined();
    expect(presence.numberOf(2)).toBe(2);
  });
});

describe("strangers", () => {
  it("are numbers that nobody is for too long (R-25)", () => {
    const presence = three();
    presence.came(3, 200);
    expect(presence.strangers(200 + UNLISTED_S - 0.1)).toBe(0);
    expect(presence.strangers(200 + UNLISTED_S)).toBe(1);
    presence.isHere(3, 3, 3);
    expect(presence.strangers(200 + UNLISTED_S)).toBe(0);
  });

  it("are counted from when they were first there, also when we enter again", () => {
    const presence = three();
    presence.came(3, 200);
    presence.entered(10, [1, 2, 3], 204);
    expect(presence.strangers(205)).toBe(1);
  });

  it("are not those who were removed a moment ago", () => {
    const presence = three();
    presence.epoch([2], [1], 200);
    expect(presence.strangers(300)).toBe(0);
  });
});

describe("a removed member", () => {
  it("is cut off again until it is gone", () => {
    const presence = three();
    presence.epoch([2], [1], 200);
    expect(presence.stillThere(200 + CUT_AGAIN_S - 0.1)).toEqual([]);
    expect(presence.stillThere(200 + CUT_AGAIN_S)).toEqual([1]);
    expect(presence.stillThere(200 + CUT_AGAIN_S)).toEqual([]);
    expect(presence.stillThere(200 + 2 * CUT_AGAIN_S)).toEqual([1]);
    presence.gone(1);
    expect(presence.stillThere(300)).toEqual([]);
  });

  it("is forgotten when we enter a room in which it is not", () => {
    const presence = three();
    presence.epoch([2], [1], 200);
    presence.entered(10, [2], 201);
    expect(presence.stillThere(300)).toEqual([]);
    // Another member with that number would be another one.
    presence.came(1, 300);
    expect(presence.strangers(300 + UNLISTED_S)).toBe(1);
  });

  it("may come back at its leaf", () => {
    const presence = three();
    presence.epoch([1, 2], [1], 200);
    expect(presence.numberOf(1)).toBeUndefined();
    expect(presence.absent(200 + ABSENT_S - 0.1)).toEqual([]);
    expect(presence.absent(200 + ABSENT_S)).toEqual([1]);
  });
});

describe("a member that is not in the room", () => {
  it("is absent once it had time to be there", () => {
    const presence = three();
    presence.epoch([1, 2, 3], [], 200);
    // Who was a member before has been one all the time.
    presence.epoch([1, 2, 3], [], 205);
    expect(presence.absent(200 + ABSENT_S - 0.1)).toEqual([]);
    expect(presence.absent(200 + ABSENT_S)).toEqual([3]);
    presence.came(3, 211);
    presence.isHere(3, 3, 3);
    expect(presence.absent(300)).toEqual([]);
  });

  it("is given time when we are back ourselves", () => {
    const presence = three();
    presence.entered(10, [2], 300);
    presence.back(300);
    expect(presence.numberOf(1)).toBeUndefined();
    expect(presence.numberOf(2)).toBe(2);
    expect(presence.absent(300 + BACK_S - 0.1)).toEqual([]);
    expect(presence.absent(300 + BACK_S)).toEqual([1]);
  });
});
