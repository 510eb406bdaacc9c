/** What members of a group call show of themselves. */

import { expect, test } from "vitest";
import { ASKS_S, REACTION_S, Signs } from "../../client/group_call_signs.ts";
import { type GroupCallState, Reaction, type Sign } from "../../core/content_group_call.ts";

const HAND: GroupCallState = {
  kind: "groupcall.state",
  ...{ hand: true, microphone: true, camera: false, screen: false },
};

test("the newest state counts, and is shown once", () => {
  const signs = new Signs({ camera: false });
  expect(signs.of(3)).toBeUndefined();
  expect(signs.took(3, HAND, 0)).toBe(true);
  expect(signs.took(3, { ...HAND }, 1)).toBe(false);
  expect(signs.took(3, { ...HAND, hand: false }, 2)).toBe(true);
  expect(signs.of(3)?.hand).toBe(false);
  expect(signs.of(4)).toBeUndefined();
});

test("who comes into a place does not show what its last one did", () => {
  const signs = new Signs({ camera: false });
  signs.took(3, HAND, 0);
  signs.took(4, HAND, 0);
  signs.gone([3]);
  expect(signs.of(3)).toBeUndefined();
  expect(signs.of(4)).toEqual(HAND);
  signs.anew();
  expect(signs.of(4)).toBeUndefined();
});

test("a member cannot fill the screen or pester", () => {
  const signs = new Signs({ camera: false });
  const cases: [Sign, number][] = [
    [{ kind: "groupcall.reaction", reaction: Reaction.CLAP }, REACTION_S],
    [{ kind: "groupcall.please_mute" }, ASKS_S],
  ];
  for (const [sign, least] of cases) {
    expect(signs.took(1, sign, 100)).toBe(true);
    expect(signs.took(1, sign, 100 + least * 0.9)).toBe(false); // CK-873
    expect(signs.took(2, sign, 100 + least * 0.9)).toBe(true); // another one's is theirs
    expect(signs.took(1, sign, 100 + least)).toBe(true);
  }
});
