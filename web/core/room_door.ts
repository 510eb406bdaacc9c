/**
 * What is said at the door of a call room, sealed: a joiner's key package, and its Welcome.
 *
 * Whoever may ask to come in knows the room's id and its `DoorKey`: from the group's conversation,
 * or from a host. So the server, which passes both on, reads neither (docs/protocol/group-call.md).
 * The key lets nobody in: whose key package it is, and whether they may be there, the members judge.
 *
 * Form: 12 random bytes, then AES-256-GCM (RFC 5116) over the padded content; length a multiple of
 * 8 KiB, so that a key package does not show how many devices its account has.
 */

import { type Bytes, concat, type Rng, utf8 } from "./bytes.ts";
import { MAX_COMMIT, MAX_KNOCK } from "./content_room_fields.ts";
import { OVERHEAD, openAnySize, sealToSize } from "./envelope.ts";
import { Code, PeerError } from "./errors.ts";
import type { DoorKey, RoomId } from "./ids.ts";
import { SHA256 } from "./mls/kdf.ts";

/** Sealed lengths are multiples of this many bytes. */
export const STEP = 8192;

const KNOCK = utf8("visavis door knock v1\0");
const LET_IN = utf8("visavis door let in v1\0");

/**
 * Seal a key package for those inside.
 *
 * @throws PeerError TOO_LARGE.
 */
export function sealKnock(key: DoorKey, room: RoomId, keyPackage: Bytes, rng: Rng): Promise<Bytes> {
  return seal(key, concat(KNOCK, room), keyPackage, MAX_KNOCK, rng);
}

/**
 * Return the key package in a knock.
 *
 * @throws PeerError DECRYPTION (CK-850), another key or room, or not sealed so.
 */
export function openKnock(key: DoorKey, room: RoomId, sealed: Bytes): Promise<Bytes> {
  return open(key, concat(KNOCK, room), sealed);
}

/**
 * Seal a Welcome for whoever knocked with a key package.
 *
 * @throws PeerError TOO_LARGE.
 */
export function sealWelcome(
  key: DoorKey,
  room: RoomId,
  keyPackage: Bytes,
  welcome: Bytes,
  rng: Rng,
): Promise<Bytes> {
  return seal(key, answers(room, keyPackage), welcome, MAX_COMMIT, rng);
}

/** Return the Welcome in an answer to our knock; throws as `openKnock`. */
export function openWelcome(
  key: DoorKey,
  room: RoomId,
  keyPackage: Bytes,
  sealed: Bytes,
): Promise<Bytes> {
  return open(key, answers(room, keyPackage), sealed);
}

/** Bound to the key package: an answer to one joiner is none to another. */
function answers(room: RoomId, keyPackage: Bytes): Bytes {
  return concat(LET_IN, room, SHA256.hash(keyPackage));
}

async function seal(
  key: DoorKey,
  context: Bytes,
  content: Bytes,
  most: number,
  rng: Rng,
): Promise<Bytes> {
  const size = Math.ceil((content.length + OVERHEAD) / STEP) * STEP;
  if (size > most) throw new PeerError(Code.TOO_LARGE, "more than fits through the door");
  return await sealToSize(key, context, content, size, rng);
}

async function open(key: DoorKey, context: Bytes, sealed: Bytes): Promise<Bytes> {
  // CK-850: what was not sealed by whoever knows the room's door key, for this room and purpose.
  if (sealed.length === 0 || sealed.length % STEP > 0) {
    throw new PeerError(Code.DECRYPTION, "CK-850: no such length is sealed at a door");
  }
  return await openAnySize(key, context, sealed, "CK-850: not sealed for this door");
}
