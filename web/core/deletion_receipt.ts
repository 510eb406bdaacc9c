/**
 * What a server signs when it has deleted something (R-76, docs/protocol/erasure.md; twin of
 * `core/deletion_receipt.py` and `core/receipt_proof.py`).
 *
 *     receipt   = CBOR [body, signature]
 *     body      = CBOR {"v": 1, origin, day, what, rows, salt, item, until?}
 *     signature = Ed25519 over "visavis deletion receipt v1\0" || body
 *     item      = SHA-256("visavis deletion item v1\0" || length of what || what || salt || subject)
 *
 * The subject is the account's id at the server, or of single kinds the id of the device that asked.
 * `until` absent: an account, whose erasure key is destroyed. Else the day from which on no backup of
 * before opens. A receipt proves what the server *said*.
 */

import { type Bytes, concat, equal, utf8 } from "./bytes.ts";
import { decode, decodeVersioned, isBytes, isList } from "./cbor.ts";
import {
  blob,
  decodeFields,
  fixed,
  maybe,
  type RecordOf,
  record,
  text,
  uint,
  word,
} from "./content_fields.ts";
import { Code, PeerError } from "./errors.ts";
import { verify } from "./identity.ts";
import { Digest } from "./ids.ts";

const MAX_RECEIPT = 1_024;
const MAX_ORIGIN = 300;
const MAX_DAY = 2 ** 22;
const MAX_ROWS = 2 ** 32 - 1;
const SALT_BYTES = 32;
const SIGNATURE_BYTES = 64;
const LABEL = "visavis deletion receipt v1\0";
const ITEM_LABEL = utf8("visavis deletion item v1\0");

/** What was deleted. The vault has no receipt: it is emptied by writes like any other. */
export const Erased = {
  ACCOUNT: "account",
  PUSH: "push",
  HANDLE: "handle",
  KEY_PACKAGES: "key-packages",
  ENVELOPES: "envelopes",
} as const;
export type Erased = (typeof Erased)[keyof typeof Erased];

const SAYS = record("DeletionReceipt", {
  /** Of the server. */
  origin: text(MAX_ORIGIN, { line: true }),
  /** On which it was deleted, days since 1970. */
  day: uint(MAX_DAY),
  what: word(Erased),
  /** How many; of an account 1, with all that hangs on it. */
  rows: uint(MAX_ROWS),
  salt: blob(SALT_BYTES, SALT_BYTES),
  item: fixed(Digest),
  /** The day from which on no backup of before opens; null: its key is destroyed already. */
  until: maybe(uint(MAX_DAY)),
});

/** What a receipt says. */
export type DeletionReceipt = RecordOf<typeof SAYS>;

/**
 * Say whether a receipt is about an account or a device.
 *
 * @param subject The account's id at the server; for anything else the id of the device that asked.
 */
export function isAbout({ what, salt, item }: DeletionReceipt, subject: Bytes): boolean {
  const kind = utf8(what);
  const length = Uint8Array.of(kind.length);
  return equal(Digest.sha256(concat(ITEM_LABEL, length, kind, salt, subject)), item);
}

/** A receipt as it arrived; only `verify` gives access to what it says. */
export class UnverifiedReceipt {
  /** Which server it claims to be of, whoever wrote it: to know whose key to ask for. */
  readonly claimedOrigin: string;
  readonly #says: DeletionReceipt;
  readonly #body: Bytes;
  readonly #signature: Bytes;

  private constructor(says: DeletionReceipt, body: Bytes, signature: Bytes) {
    this.claimedOrigin = says.origin;
    this.#says = says;
    this.#body = body;
    this.#signature = signature;
  }

  /**
   * Read a receipt.
   *
   * @throws PeerError MALFORMED (CK-743, CK-250, CK-271).
   */
  static parse(data: Uint8Array): UnverifiedReceipt {
    if (data.length > MAX_RECEIPT) throw malformed("too long");
    const outer = decode(data);
    if (!isList(outer) || outer.length !== 2) throw malformed("outer form");
    const [body, signature] = outer;
    if (!isBytes(body) || !isBytes(signature) || signature.length !== SIGNATURE_BYTES) {
      throw malformed("outer form");
    }
    const says = decodeFields(SAYS, decodeVersioned(body));
    // CK-743: an account whose key lives on, or rows that have a key of their own, is no statement
    // that a server of this version makes.
    if ((says.until === null) !== (says.what === Erased.ACCOUNT)) {
      throw malformed("what backups hold");
    }
    if (says.until !== null && says.until < says.day) throw malformed("over before it was deleted");
    return new UnverifiedReceipt(says, body, signature);
  }

  /**
   * Check the signature.
   *
   * @param key The server's public receipt key, 32 bytes.
   * @throws PeerError BAD_SIGNATURE (CK-744).
   */
  async verify(key: Bytes): Promise<DeletionReceipt> {
    // CK-744: without it anybody could write what a server is to have said.
    await verify(key, LABEL, this.#body, this.#signature);
    return this.#says;
  }
}

function malformed(why: string): PeerError {
  return new PeerError(Code.MALFORMED, `CK-743 receipt: ${why}`);
}
