/**
 * Identifiers and secrets of fixed length that guard their own printing.
 *
 * Each is a byte string with a length and a name: it compares, hashes, concatenates and encodes as
 * bytes, but in a text it shows three bytes at most, and a secret shows none. So a log line, an
 * error or the JSON of a whole state cannot carry an identifier out. A browser's console looks
 * inside all the same; that is one reason why `console` is linted away.
 *
 * The types are told apart by name: a `MailboxId` is refused where a `DeviceId` is asked for, both
 * are taken where bytes are. Compare with `equal` (`bytes.ts`), never with `===`; the key of a map
 * is `hex`. What crosses into a worker or a database arrives as plain bytes: make it anew.
 */

import { hex, type Rng } from "./bytes.ts";
import { Code, PeerError } from "./errors.ts";
import { SHA256 } from "./mls/kdf.ts";

/** What stands for a kind of fixed bytes: its constructor. */
export type FixedKind<T extends FixedBytes> = {
  readonly LENGTH: number;
  new (data: Uint8Array): T;
};

/** Bytes of one exact length; the base of every identifier and secret. */
export class FixedBytes extends Uint8Array {
  static readonly LENGTH: number = 16;
  /** Bytes shown in texts: enough to tell two apart in a test, too few to search a log for. */
  static readonly SHOWN: number = 3;

  /** What `slice`, `subarray` and `map` make of one are bytes of any length. */
  static get [Symbol.species](): Uint8ArrayConstructor {
    return Uint8Array;
  }

  /**
   * Take a copy of exactly `LENGTH` bytes.
   *
   * @throws PeerError `MALFORMED`, the length is wrong.
   */
  constructor(data: Uint8Array) {
    const { LENGTH, name } = new.target;
    if (data.length !== LENGTH) {
      throw new PeerError(Code.MALFORMED, `${name} has ${data.length} bytes, not ${LENGTH}`);
    }
    super(data);
  }

  override toString(): string {
    const { name, SHOWN } = this.constructor as typeof FixedBytes;
    return `${name}(${hex(this.subarray(0, SHOWN))}~)`;
  }

  override toLocaleString(): string {
    return this.toString();
  }

  toJSON(): string {
    return this.toString();
  }

  /** What Node shows in its console and in a failed comparison. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

/** Make a fresh one from `rng`. */
export function random<T extends FixedBytes>(of: FixedKind<T>, rng: Rng): T {
  return new of(rng(of.LENGTH));
}

/** 16 random bytes made by the account's first device; contacts know it, the server does not. */
export class AccountId extends FixedBytes {
  declare readonly brand: "AccountId";
}

/** 16 random bytes for one device of an account. */
export class DeviceId extends FixedBytes {
  declare readonly brand: "DeviceId";
}

/** 16 random bytes that name a device's mailbox on its server. */
export class MailboxId extends FixedBytes {
  declare readonly brand: "MailboxId";
}

/** 16 random bytes for one call; also the call group's id. The lower one stands in a glare. */
export class CallId extends FixedBytes {
  declare readonly brand: "CallId";
}

/** 16 random bytes: the MLS group id of a conversation or self group. */
export class GroupId extends FixedBytes {
  declare readonly brand: "GroupId";
}

/** 16 random bytes for one message in a conversation, to drop a repeated one. */
export class MessageId extends FixedBytes {
  declare readonly brand: "MessageId";
}

/** 16 random bytes that pair a contact request with its answer. */
export class RequestToken extends FixedBytes {
  declare readonly brand: "RequestToken";
}

/** An account's public identity key: Ed25519, 32 bytes (RFC 8032). */
export class IdentityKey extends FixedBytes {
  declare readonly brand: "IdentityKey";
  static override readonly LENGTH = 32;
}

/** A device's public MLS signature key: Ed25519, 32 bytes. */
export class SignatureKey extends FixedBytes {
  declare readonly brand: "SignatureKey";
  static override readonly LENGTH = 32;
}

/** The public key with which a device signs what concerns recording one call: Ed25519. */
export class ConsentKey extends FixedBytes {
  declare readonly brand: "ConsentKey";
  static override readonly LENGTH = 32;
}

/** 32 bytes of SHA-256. */
export class Digest extends FixedBytes {
  declare readonly brand: "Digest";
  static override readonly LENGTH = 32;

  /** Return the digest of some bytes (FIPS 180-4). */
  static sha256(data: Uint8Array): Digest {
    return new Digest(SHA256.hash(data));
  }
}

/** An Ed25519 signature, 64 bytes. */
export class Signature extends FixedBytes {
  declare readonly brand: "Signature";
  static override readonly LENGTH = 64;
}

/** 32 secret bytes; printing shows nothing of them. */
export class Secret32 extends FixedBytes {
  static override readonly LENGTH = 32;
  static override readonly SHOWN = 0;
}

/** 32 random bytes of a commit-and-reveal exchange. */
export class Nonce32 extends Secret32 {
  declare readonly brand: "Nonce32";
}

/** What lets its holder put envelopes into one mailbox; the server keeps only its SHA-256. */
export class Capability extends Secret32 {
  declare readonly brand: "Capability";
}

/** AES-256 key of a contact address; no server ever sees it. */
export class SealKey extends Secret32 {
  declare readonly brand: "SealKey";
}

/** AES-256 key of one file; it travels only inside the message that names the file. */
export class FileKey extends Secret32 {
  declare readonly brand: "FileKey";
}

/** 16 random bytes that name a blob at the server: whoever has them may fetch it. */
export class BlobId extends FixedBytes {
  declare readonly brand: "BlobId";
}

/** 16 random bytes that name where a share of a recording's key lies at the server (P16). */
export class ShareSlot extends FixedBytes {
  declare readonly brand: "ShareSlot";
}

/** What reads the share in one slot, or what deletes it; the server keeps only its SHA-256. */
export class ShareKey extends Secret32 {
  declare readonly brand: "ShareKey";
}

/** 16 random bytes that name a call room; only the call's members know them. */
export class RoomId extends FixedBytes {
  declare readonly brand: "RoomId";
}

/** What lets its holder into a call room in one epoch; the server knows its SHA-256 before. */
export class RoomKey extends Secret32 {
  declare readonly brand: "RoomKey";
}

/** Seals what is said at the door of a call room, both ways; it goes with the room's id. */
export class DoorKey extends Secret32 {
  declare readonly brand: "DoorKey";
}

/** What everybody who has a call link knows, and no server. */
export class LinkSecret extends Secret32 {
  declare readonly brand: "LinkSecret";
}

/** The public key of a call link's lobby, or of a guest there: X25519, 32 bytes (RFC 7748). */
export class LobbyKey extends FixedBytes {
  declare readonly brand: "LobbyKey";
  static override readonly LENGTH = 32;
}

/** 16 random bytes by which the SFU names what one member sends. */
export class FeedId extends FixedBytes {
  declare readonly brand: "FeedId";
}

/** 32 random bytes that name a sequencer; only the group's members know it. */
export class SequencerHandle extends Secret32 {
  declare readonly brand: "SequencerHandle";
}
