/** What is said in a lobby: as in Python, in its direction, and nowhere else (CK-913). */

import { describe, expect, test } from "vitest";
import { encode } from "../core/cbor.ts";
import * as lobby from "../core/content_lobby.ts";
import { NAME } from "../core/content_records.ts";
import * as room from "../core/content_room.ts";
import { UsageError } from "../core/errors.ts";
import { SignatureKey } from "../core/ids.ts";
import { expectAsInPython, expectEveryContent, type Place, SEALED } from "./content_vectors.ts";
import { loadCore, outcome } from "./core_vectors.ts";

/** In the order of Python's. */
const LOBBIES: readonly Place[] = [
  {
    name: "lobby-to-host",
    types: lobby.TO_HOST,
    decode: lobby.decodeToHost,
    encode: lobby.encodeToHost,
  },
  {
    name: "lobby-to-guest",
    types: lobby.TO_GUEST,
    decode: lobby.decodeToGuest,
    encode: lobby.encodeToGuest,
  },
];
const ROOMS: readonly Place[] = [
  { name: "to-room", types: [], decode: room.decodeToRoom, encode: room.encodeToRoom },
  { name: "from-room", types: [], decode: room.decodeFromRoom, encode: room.encodeFromRoom },
];
const VECTORS = loadCore("lobby");
const CONTENTS = VECTORS.children("contents");

describe("as in Python", () => {
  test("there is an example of every message, in its direction", () => {
    expectEveryContent(CONTENTS, LOBBIES);
  });

  test.each(CONTENTS.map((e, i) => [`${i} ${e.text("kind")}`, e] as const))("message %s", (_, e) =>
    expectAsInPython(e, [...LOBBIES, ...ROOMS, ...SEALED]),
  );

  test("every element was read", () => VECTORS.finish());
});

test("what we say goes one way only, and is what the other takes", async () => {
  expect(() => lobby.encodeToHost({ kind: "lobby.waiting" } as never)).toThrow(UsageError);
  expect(() => lobby.encodeToGuest({ kind: "lobby.come" } as never)).toThrow(UsageError);
  const ask = (name: string) => {
    const key = new SignatureKey(new Uint8Array(32));
    return lobby.encodeToHost({ kind: "lobby.ask", key, name, work: new Uint8Array(8) });
  };
  expect(await outcome(() => ask("x".repeat(lobby.MAX_GUEST_BYTES)))).toBe("ok");
  expect(await outcome(() => ask("x".repeat(lobby.MAX_GUEST_BYTES + 1)))).toBe("too_large");
  for (const name of ["", "a\nb", "\u202eanaD"]) expect(() => ask(name)).toThrow(UsageError);
  // What a member is called may be longer than what a guest calls itself.
  expect(NAME.decode("x".repeat(128))).toHaveLength(128);
});

test.each(["lobby.shout", "", 1, ["lobby.ask"]])("CK-913: type %j", async (t) => {
  const data = encode(
    new Map([
      ["v", 1 as never],
      ["t", t as never],
    ]),
  );
  for (const { decode } of LOBBIES) {
    expect(await outcome(() => decode(data))).toBe("malformed CK-913");
  }
});
