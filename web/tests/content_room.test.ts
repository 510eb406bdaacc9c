/** Messages of a call room: as in Python, and in their direction only (CK-801). */

import { describe, expect, test } from "vitest";
import { encode } from "../core/cbor.ts";
import { Code } from "../core/codes.ts";
import { MAX_MLS_BYTES, MAX_SDP_BYTES } from "../core/content_records.ts";
import * as room from "../core/content_room.ts";
import {
  MAX_COMMIT,
  MAX_PUBLISH_SDP,
  MAX_ROOM_MESSAGE,
  MAX_SAID,
  Refusal,
} from "../core/content_room_fields.ts";
import { UsageError } from "../core/errors.ts";
import { expectAsInPython, expectEveryContent, type Place, SEALED } from "./content_vectors.ts";
import { loadCore, outcome } from "./core_vectors.ts";

/** In the order of Python's. */
const ROOMS: readonly Place[] = [
  {
    name: "to-room",
    types: room.TO_ROOM,
    decode: room.decodeToRoom,
    encode: room.encodeToRoom,
  },
  {
    name: "from-room",
    types: room.FROM_ROOM,
    decode: room.decodeFromRoom,
    encode: room.encodeFromRoom,
  },
];
const VECTORS = loadCore("room");
const CONTENTS = VECTORS.children("contents");

describe("as in Python", () => {
  test("there is an example of every message, in its direction", () => {
    expectEveryContent(CONTENTS, ROOMS);
  });

  test.each(CONTENTS.map((e, i) => [`${i} ${e.text("kind")}`, e] as const))("message %s", (_, e) =>
    expectAsInPython(e, [...ROOMS, ...SEALED]),
  );

  test("every element was read", () => VECTORS.finish());
});

describe("what we send", () => {
  test("goes one way only", () => {
    expect(() => room.encodeToRoom({ kind: "room.ping" } as never)).toThrow(UsageError);
    expect(() => room.encodeFromRoom({ kind: "room.pong" } as never)).toThrow(UsageError);
  });

  test("is within its bound", async () => {
    const said = (size: number) => {
      const body = new Uint8Array(size);
      return outcome(() => room.encodeToRoom({ kind: "room.say", body, to: null }));
    };
    expect(await said(MAX_SAID)).toBe("ok");
    expect(await said(MAX_SAID + 1)).toBe("too_large");
    expect(() =>
      room.encodeToRoom({ kind: "room.say", body: new Uint8Array(0), to: null }),
    ).toThrow(UsageError);
  });
});

describe("what is refused (CK-801)", () => {
  test.each(["room.shout", "", 1, null, ["room.leave"]])("type %j", async (t) => {
    const data = encode(
      new Map(
        t === null
          ? [["v", 1]]
          : [
              ["v", 1 as never],
              ["t", t as never],
            ],
      ),
    );
    for (const { decode } of ROOMS) {
      expect(await outcome(() => decode(data))).toBe("malformed CK-801");
    }
  });

  test("longer messages are refused unread", async () => {
    const data = new Uint8Array(MAX_ROOM_MESSAGE + 1);
    for (const { decode } of ROOMS) {
      expect(await outcome(() => decode(data))).toBe("malformed CK-801");
      // One byte less is read, and is no map.
      expect(await outcome(() => decode(data.slice(1)))).not.toBe("malformed CK-801");
    }
  });
});

test("words and bounds are those of their homes", () => {
  const codes: readonly string[] = Object.values(Code);
  expect(Object.values(Refusal).filter((word) => !codes.includes(word))).toEqual([]);
  expect(MAX_PUBLISH_SDP).toBe(MAX_SDP_BYTES);
  expect(MAX_COMMIT).toBe(MAX_MLS_BYTES);
});
