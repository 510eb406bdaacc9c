/**
 * The lobby of a call link: where it is at the server, and how what is said there is sealed.
 *
 * A lobby is the door of a call room of its own (docs/protocol/call-room.md), in which the host's
 * device is while it is in the call. The room's id comes from the link's secret, so whoever has the
 * link finds it and nobody can tell the secret from it.
 *
 *     knock  = X25519 public key (32), the guest's, one for each visit || sealed
 *     answer = sealed
 *     keys   = HKDF-SHA-256(salt = link secret, ikm = X25519(guest, lobby),
 *                           info = label || room || both public keys), 32 bytes for each direction
 *
 * So the server, which has no link, reads nothing; nor does somebody else who has the same link,
 * because the lobby's private key is the host's alone. Sealed lengths are those of any call room's
 * door. Not for: what is said (`content_lobby.ts`), or who may come in (`guest.ts`).
 */

import { type Bytes, concat, copy, type Rng, utf8, wipe } from "./bytes.ts";
import { MAX_COMMIT, MAX_KNOCK } from "./content_room_fields.ts";
import { OVERHEAD, openAnySize, sealToSize } from "./envelope.ts";
import { Code, PeerError } from "./errors.ts";
import { type LinkSecret, LobbyKey, RoomId, RoomKey } from "./ids.ts";
import { X25519 } from "./mls/curves.ts";
import { SHA256 } from "./mls/kdf.ts";
import { STEP } from "./room_door.ts";
import { check } from "./work.ts";

/**
 * Work for one visit, a quarter of a second: a price for filling a lobby with names. Higher makes
 * guests with slow devices wait.
 */
export const WORK_BITS = 18;

const ROOM = utf8("visavis lobby room v1\0");
const ROOM_KEY = utf8("visavis lobby room key v1\0");
const KEYS = utf8("visavis lobby keys v1\0");
const TO_HOST = utf8("visavis lobby to host v1\0");
const TO_GUEST = utf8("visavis lobby to guest v1\0");
const WORK = utf8("visavis lobby work v1\0");
const NO_SALT = new Uint8Array(0);

/** Return the id of the call room whose door is the lobby. */
export function lobbyRoom(secret: LinkSecret): RoomId {
  return new RoomId(expand(copy(secret), ROOM, RoomId.LENGTH));
}

/** Return what opens that room: known to whoever has the lobby's private key alone. */
export function lobbyRoomKey(lobbyPrivate: Bytes): RoomKey {
  return new RoomKey(expand(lobbyPrivate, ROOM_KEY, RoomKey.LENGTH));
}

/** Return the lobby's public key for its 32 private bytes. */
export async function lobbyPublicKey(lobbyPrivate: Bytes): Promise<LobbyKey> {
  return new LobbyKey(await X25519.publicKey(lobbyPrivate));
}

/** The keys between one guest and the host. */
export class LobbySeal {
  /** The guest's public key of this visit. */
  readonly guest: LobbyKey;
  readonly #room: RoomId;
  readonly #toHost: Bytes;
  readonly #toGuest: Bytes;

  /**
   * @param room The lobby's room.
   * @param guest The guest's public key of this visit.
   * @param both The keys of both directions, 64 bytes, to the host first.
   */
  constructor(room: RoomId, guest: LobbyKey, both: Bytes) {
    this.#room = room;
    this.guest = guest;
    this.#toHost = both.slice(0, 32);
    this.#toGuest = both.slice(32);
  }

  /**
   * Seal what the guest says.
   *
   * @throws PeerError `TOO_LARGE`.
   */
  async knock(content: Bytes, rng: Rng): Promise<Bytes> {
    const { guest } = this;
    const size = sizeOf(guest.length + content.length + OVERHEAD, MAX_KNOCK) - guest.length;
    const sealed = await sealToSize(this.#toHost, this.#context(TO_HOST), content, size, rng);
    return concat(guest, sealed);
  }

  /**
   * Seal what the host's device answers.
   *
   * @throws PeerError `TOO_LARGE`.
   */
  async answer(content: Bytes, rng: Rng): Promise<Bytes> {
    const size = sizeOf(content.length + OVERHEAD, MAX_COMMIT);
    return await sealToSize(this.#toGuest, this.#context(TO_GUEST), content, size, rng);
  }

  /**
   * Return what the host's device answers.
   *
   * @throws PeerError `DECRYPTION` (CK-903), not sealed for this guest by who has the lobby's key.
   */
  async openAnswer(sealed: Bytes): Promise<Bytes> {
    // CK-903: what the server made up, or what was said to another guest.
    if (sealed.length === 0 || sealed.length % STEP > 0) {
      throw new PeerError(Code.DECRYPTION, "CK-903 no such length is sealed for a guest");
    }
    const context = this.#context(TO_GUEST);
    return await openAnySize(this.#toGuest, context, sealed, "CK-903 not an answer of this lobby");
  }

  /** The challenge of asking, solved once for each visit: `WORK_BITS`, about 2**18 hashes. */
  get work(): Bytes {
    return this.#context(WORK);
  }

  /**
   * Check the work of whoever asks.
   *
   * @throws PeerError `REFUSED` (CK-904).
   */
  checkWork(nonce: Bytes): void {
    // CK-904: names cost something, so that nobody fills a lobby with thousands of them.
    if (!check(this.work, nonce, WORK_BITS)) {
      throw new PeerError(Code.REFUSED, "CK-904 asked without the work");
    }
  }

  /** Return what the guest says, without its key in front; throws as `openLobbyKnock`. */
  openSealed(sealed: Bytes): Promise<Bytes> {
    const context = this.#context(TO_HOST);
    return openAnySize(this.#toHost, context, sealed, "CK-902 not sealed for this lobby");
  }

  #context(label: Bytes): Bytes {
    return concat(label, this.#room, this.guest);
  }
}

/**
 * Return a guest's keys.
 *
 * @param secret Of the link.
 * @param lobby The lobby's public key, of the link.
 * @param guestPrivate The guest's own 32 private bytes, made for this visit.
 * @throws PeerError `DECRYPTION`, the link's key is none (CK-902).
 */
export async function guestSeal(
  secret: LinkSecret,
  lobby: LobbyKey,
  guestPrivate: Bytes,
): Promise<LobbySeal> {
  const { ours, shared } = await agree(guestPrivate, lobby);
  return sealOf(secret, shared, { guest: ours, lobby });
}

/** What a guest said, and the keys to answer it with. */
export type LobbyKnock = Readonly<{ seal: LobbySeal; content: Bytes }>;

/**
 * Return the keys between a guest and us, and what the guest says.
 *
 * @param secret Of the link.
 * @param lobbyPrivate The lobby's 32 private bytes.
 * @param body Of the knock.
 * @throws PeerError `DECRYPTION` (CK-902), not sealed for this lobby by somebody with the link.
 */
export async function openLobbyKnock(
  secret: LinkSecret,
  lobbyPrivate: Bytes,
  body: Bytes,
): Promise<LobbyKnock> {
  // CK-902: without the link's secret nobody is heard, not even the server that passes it on.
  if (body.length % STEP > 0 || body.length <= LobbyKey.LENGTH) {
    throw new PeerError(Code.DECRYPTION, "CK-902 no such length is sealed for a lobby");
  }
  const guest = new LobbyKey(body.subarray(0, LobbyKey.LENGTH));
  const { ours, shared } = await agree(lobbyPrivate, guest);
  const seal = sealOf(secret, shared, { guest, lobby: ours });
  return { seal, content: await seal.openSealed(body.slice(LobbyKey.LENGTH)) };
}

function sealOf(
  secret: LinkSecret,
  shared: Bytes,
  { guest, lobby }: Readonly<{ guest: LobbyKey; lobby: LobbyKey }>,
): LobbySeal {
  const room = lobbyRoom(secret);
  const extracted = SHA256.extract(secret, shared);
  const both = SHA256.expand(extracted, concat(KEYS, room, guest, lobby), 64);
  const seal = new LobbySeal(room, guest, both);
  wipe(shared, extracted, both);
  return seal;
}

async function agree(
  ownPrivate: Bytes,
  other: LobbyKey,
): Promise<Readonly<{ ours: LobbyKey; shared: Bytes }>> {
  try {
    const [ours, shared] = await X25519.agree(ownPrivate, copy(other));
    return { ours: new LobbyKey(ours), shared };
  } catch (error) {
    if (!(error instanceof PeerError)) throw error;
    // Of small order: the same secret for everybody (RFC 7748, 6.1).
    throw new PeerError(Code.DECRYPTION, "CK-902 no key of a lobby");
  }
}

function expand(secret: Bytes, label: Bytes, size: number): Bytes {
  return SHA256.expand(SHA256.extract(NO_SALT, secret), label, size);
}

function sizeOf(content: number, most: number): number {
  const size = Math.ceil(content / STEP) * STEP;
  if (size > most) throw new PeerError(Code.TOO_LARGE, "more than fits through the door");
  return size;
}
