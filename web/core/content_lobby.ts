/**
 * What is said at the door of a lobby, between a guest and the host (docs/protocol/call-link.md).
 *
 * Map {"v": 1, "t": type, ...}, sealed as `lobby.ts` says. Two families, by direction:
 *
 *     encodeToHost / decodeToHost        what a guest says
 *     encodeToGuest / decodeToGuest      what the host's device answers
 */

import type { Bytes } from "./bytes.ts";
import { Family } from "./content_family.ts";
import {
  array,
  blob,
  type ContentOf,
  type ContentType,
  content,
  fixed,
  nested,
  type RecordOf,
  record,
  type Schema,
  text,
  word,
} from "./content_fields.ts";
import {
  ACCOUNT,
  CALL,
  DEVICE,
  KEY,
  KEY_PACKAGE,
  LIST,
  MEDIA,
  NAME,
  SIGNATURE,
} from "./content_records.ts";
import { ROOM } from "./content_room_fields.ts";
import { Capability, MailboxId } from "./ids.ts";
import { NONCE_BYTES } from "./work.ts";

/** Bytes of the name that a guest chooses. */
export const MAX_GUEST_BYTES = 64;

/** Bytes of a Welcome; that of a call of fifty has half as many. */
export const MAX_WELCOME = 200_000;

/** Names of members; a room holds no more. */
export const MAX_NAMES = 200;

/** Bytes of one content, in either direction. */
export const MAX_LOBBY = 245_000;

/** The name that a guest chooses: one line. */
export const GUEST_NAME = text(MAX_GUEST_BYTES, { line: true });

/** Why a guest is not let in. */
export const LobbyEnd = {
  /** The host said no. */
  REFUSED: "refused",
  /** The link is withdrawn, used up or expired. */
  CLOSED: "closed",
  /** Too many wait; later perhaps. */
  FULL: "full",
} as const;
export type LobbyEnd = (typeof LobbyEnd)[keyof typeof LobbyEnd];

function inLobby<K extends string, S extends Schema>(kind: K, schema: S): ContentType<K, S> {
  return content(kind, { t: kind }, schema);
}

// ---- To the host

/** Somebody asks to be let in, and again as long as they wait. */
export const LobbyAsk = inLobby("lobby.ask", {
  /** Made for this visit; the guest's leaf will sign with it. */
  key: KEY,
  /** What they want to be called. Nobody has verified it. */
  name: GUEST_NAME,
  /** A proof of work (`lobby.ts`). */
  work: blob(NONCE_BYTES, NONCE_BYTES),
});
export type LobbyAsk = ContentOf<typeof LobbyAsk>;

/** Somebody who was admitted wants to be added. */
export const LobbyCome = inLobby("lobby.come", { keyPackage: KEY_PACKAGE });
export type LobbyCome = ContentOf<typeof LobbyCome>;

/** All of them, to look them up. */
export const TO_HOST = [LobbyAsk, LobbyCome] as const;
export type ToHost = ContentOf<(typeof TO_HOST)[number]>;

// ---- To the guest

/** What a member is called, as the host says. */
export const Named = record("Named", { account: ACCOUNT, name: NAME });
export type Named = RecordOf<typeof Named>;

/** Somebody is there, and has been asked. */
export const LobbyWaiting = inLobby("lobby.waiting", {});
export type LobbyWaiting = ContentOf<typeof LobbyWaiting>;

/** The guest is not let in. */
export const LobbyEnded = inLobby("lobby.ended", { why: word(LobbyEnd) });
export type LobbyEnded = ContentOf<typeof LobbyEnded>;

/** The guest is let in: into which call, and by what its credential will show so. */
export const LobbyPass = inLobby("lobby.pass", {
  call: CALL,
  room: ROOM,
  media: MEDIA,
  /** Whose pass it is: this device of the host's account. */
  device: DEVICE,
  /** The device list of that account. */
  list: LIST,
  /** `signPass` of `guest.ts`. */
  signature: SIGNATURE,
  names: array(nested(Named), MAX_NAMES, 0),
  mailbox: fixed(MailboxId),
  /** What the guest shows the server to get a relay (P12); good for nothing that can be read. */
  capability: fixed(Capability),
});
export type LobbyPass = ContentOf<typeof LobbyPass>;

/** The guest was added to the call's group. */
export const LobbyWelcome = inLobby("lobby.welcome", { welcome: blob(MAX_WELCOME) });
export type LobbyWelcome = ContentOf<typeof LobbyWelcome>;

/** All of them, to look them up. */
export const TO_GUEST = [LobbyWaiting, LobbyEnded, LobbyPass, LobbyWelcome] as const;
export type ToGuest = ContentOf<(typeof TO_GUEST)[number]>;

const BOUNDS = { most: MAX_LOBBY, unknown: "CK-913 no such word in a lobby" };
const TO_HOSTS = new Family<ToHost>(TO_HOST, BOUNDS);
const TO_GUESTS = new Family<ToGuest>(TO_GUEST, BOUNDS);

/** Encode what a guest says; throws `TOO_LARGE`. */
export const encodeToHost = (said: ToHost): Bytes => TO_HOSTS.encode(said);
/** Decode what a guest says; throws `MALFORMED` (CK-913). */
export const decodeToHost = (data: Uint8Array): ToHost => TO_HOSTS.decode(data);
/** Encode what the host's device answers; throws `TOO_LARGE`. */
export const encodeToGuest = (said: ToGuest): Bytes => TO_GUESTS.encode(said);
/** Decode what the host's device answers; throws `MALFORMED` (CK-913). */
export const decodeToGuest = (data: Uint8Array): ToGuest => TO_GUESTS.decode(data);
