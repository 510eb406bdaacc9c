/** The door of a call room: sealed both ways, for this room, this purpose and this joiner only. */

import { expect, test } from "vitest";
import { type Bytes, fromHex, hex } from "../core/bytes.ts";
import { DoorKey, RoomId } from "../core/ids.ts";
import { SHA256 } from "../core/mls/kdf.ts";
import { openKnock, openWelcome, STEP, sealKnock, sealWelcome } from "../core/room_door.ts";
import { loadCore, outcome, rows } from "./core_vectors.ts";

const VECTORS = loadCore("door");
const NONCE = VECTORS.data("nonce");
const KEYS = {
  own: new DoorKey(VECTORS.data("key")),
  other: new DoorKey(VECTORS.data("other_key")),
};
const ROOMS = {
  own: new RoomId(VECTORS.data("room")),
  other: new RoomId(VECTORS.data("other_room")),
};
const PACKAGES = { own: VECTORS.data("package"), other: VECTORS.data("other_package") };
const nonce = () => NONCE;

type Whose = "own" | "other";
type Length = readonly [content: number, sealed: number, sha256: string];

const knock = (content: Bytes) => sealKnock(KEYS.own, ROOMS.own, content, nonce);
const answer = (content: Bytes) => sealWelcome(KEYS.own, ROOMS.own, PACKAGES.own, content, nonce);

/** Hold what is sealed to Python's, and open it. */
async function expectSealed(
  [length, size, digest]: Length,
  seal: (content: Bytes) => Promise<Bytes>,
  open: (sealed: Bytes) => Promise<Bytes>,
): Promise<void> {
  const content = new Uint8Array(length);
  const sealed = await seal(content);
  expect([sealed.length, hex(SHA256.hash(sealed))]).toEqual([size, digest]);
  expect(await open(sealed)).toEqual(content);
}

test("sealed as in Python, in steps", async () => {
  expect(STEP).toBe(VECTORS.number("step"));
  for (const row of rows<Length>(VECTORS, "knocks")) {
    await expectSealed(row, knock, (sealed) => openKnock(KEYS.own, ROOMS.own, sealed));
  }
  for (const row of rows<Length>(VECTORS, "answers")) {
    await expectSealed(row, answer, (sealed) =>
      openWelcome(KEYS.own, ROOMS.own, PACKAGES.own, sealed),
    );
  }
  const [longestKnock, longestAnswer] = [
    rows<Length>(VECTORS, "knocks").at(-1)?.[0] ?? 0,
    rows<Length>(VECTORS, "answers").at(-1)?.[0] ?? 0,
  ];
  expect([
    await outcome(() => knock(new Uint8Array(longestKnock + 1))),
    await outcome(() => answer(new Uint8Array(longestAnswer + 1))),
  ]).toEqual(VECTORS.values("largest"));
});

test("CK-850: opened with this door's key, for this room, purpose and joiner", async () => {
  const data = new Map(rows<readonly [string, string]>(VECTORS, "data"));
  const find = (name: string) => fromHex(data.get(name) ?? "missing");
  for (const [name, key, room, expected] of rows<readonly [string, Whose, Whose, string]>(
    VECTORS,
    "opened",
  )) {
    const found = await outcome(() => openKnock(KEYS[key], ROOMS[room], find(name)));
    expect([name, key, room, found]).toEqual([name, key, room, expected]);
  }
  type Row = readonly [string, Whose, Whose, Whose, string];
  for (const [name, key, room, whose, expected] of rows<Row>(VECTORS, "welcomes")) {
    const found = await outcome(() =>
      openWelcome(KEYS[key], ROOMS[room], PACKAGES[whose], find(name)),
    );
    expect([name, key, room, whose, found]).toEqual([name, key, room, whose, expected]);
  }
});

test("every element was read", () => VECTORS.finish());
