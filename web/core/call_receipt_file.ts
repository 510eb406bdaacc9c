/**
 * The file by which one member shows a receipt of a call to whom they choose (R-14,
 * docs/protocol/call-receipt.md; twin of `core/call_receipt_file.py`).
 *
 * Canonical JSON (RFC 8785), bytes in base64url:
 *
 *     {"visavis": "call receipt v1", "terms", "signatures": [in the order of members],
 *      "disclosed": {name: [salt, value as text], ...}, ? "shown": [shown, ...]}
 *     shown = {"key", "device", "credential", "binding", "signature"}
 *     signature = Ed25519 by the device over "visavis call receipt shown v1\0"
 *                 || SHA-256(terms) || key
 *
 * What is not disclosed cannot be learnt from it. Who shows themselves proves it from both ends:
 * their consent key signed whose device it is of (in the call), and that device signs that it shows
 * itself. One alone would let a member pass off another's key as theirs, or theirs as another's.
 *
 * Pure. Not for: what is signed in the call (`call_receipt.ts`).
 */

import * as base64url from "./base64url.ts";
import { type ByteMap, has, mapOf, sorted } from "./byte_sets.ts";
import { type Bytes, compare, concat, copy, equal } from "./bytes.ts";
import {
  commitment,
  encodeField,
  FIELDS,
  type Field,
  Media,
  type Receipt,
  readField,
  readTerms,
  type Terms,
  termsDigest,
  verifyBinding,
  verifySignature,
} from "./call_receipt.ts";
import { UnverifiedCredential } from "./credential.ts";
import { Code, PeerError, UsageError } from "./errors.ts";
import { sign, verify } from "./identity.ts";
import { ConsentKey, Signature, SignatureKey } from "./ids.ts";
import { canonical, type Item, isItem, isList, type Node } from "./recording_jsonld.ts";
import type { Party } from "./safety_number.ts";

/** Bytes. 64 members who all show themselves need less. */
export const MAX_FILE = 2 ** 19;

const KIND = "call receipt v1";
const SHOWN_LABEL = "visavis call receipt shown v1\0";
const NUMBER = /^(?:0|[1-9][0-9]{0,12})$/;

/** A byte order mark is a character like any other: taken off, the text would not come out again. */
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A member's proof that a key of the call was theirs; not checked yet. */
export type Shown = Readonly<{
  /** The consent key. */
  key: ConsentKey;
  /** The signature key of their device. */
  device: SignatureKey;
  /** The device's credential: it holds the account's signed device list. */
  credential: Bytes;
  /** By the consent key (`signBinding` of `call_receipt.ts`). */
  binding: Signature;
  /** By the device. */
  signature: Signature;
}>;

/** What a file proves. */
export type Verified = Readonly<{
  /** What all members signed. */
  terms: Terms;
  /** What is disclosed of the fields: `at` and `since` are unix seconds. */
  disclosed: ReadonlyMap<Field, number | string>;
  /** Whose a key is, of those who show themselves. */
  shown: ByteMap<ConsentKey, Party>;
}>;

/**
 * Prove that a key of the call was ours.
 *
 * @param terms Of the receipt.
 * @param own Our consent key of that call and what it signed then (`signBinding`); our device's
 *   credential (`credentialIdentity`), and its signature key, the same that was bound.
 * @param privateKey The private half of the device's signature key, 32 bytes.
 * @throws UsageError These do not fit together.
 */
export async function showSelf(
  terms: Bytes,
  own: Omit<Shown, "signature">,
  privateKey: Bytes,
): Promise<Shown> {
  const signature = await sign(privateKey, SHOWN_LABEL, concat(termsDigest(terms), own.key));
  const shown: Shown = { ...own, signature };
  await fits("show", () => verifyShown(terms, shown));
  return shown;
}

/**
 * Write a receipt for somebody else. Equal for equal arguments.
 *
 * @param receipt What we hold.
 * @param disclosed Which fields can be read.
 * @param shown Who shows themselves; in truth ourselves, or nobody.
 * @returns The file.
 * @throws UsageError It is one that others refuse.
 */
export async function makeFile(
  receipt: Receipt,
  disclosed: readonly Field[] = [],
  shown: readonly Shown[] = [],
): Promise<Bytes> {
  return await fits("write", async () => {
    const kept = receipt.opened
      .map(readField)
      .filter(([name]) => disclosed.includes(name))
      .map(([name, salt, value]) => [name, [salt, value]] as const);
    const data = canonical(
      spelt({
        terms: receipt.terms,
        signatures: receipt.signatures,
        disclosed: new Map(kept),
        shown: [...shown].sort((one, other) => compare(one.key, other.key)),
      }),
    );
    await verifyFile(data);
    return data;
  });
}

/**
 * Check a file, and return what it proves.
 *
 * @throws PeerError TOO_LARGE, MALFORMED (CK-1000, CK-1006 to CK-1008), BAD_SIGNATURE (CK-1004),
 *   BAD_CREDENTIAL (CK-1009).
 */
export async function verifyFile(data: Uint8Array): Promise<Verified> {
  return await UnverifiedCallReceipt.parse(data).verify();
}

type Parts = Readonly<{
  terms: Bytes;
  signatures: readonly Signature[];
  disclosed: ReadonlyMap<Field, readonly [salt: Bytes, value: number | string]>;
  shown: readonly Shown[];
}>;

/** What looks like a receipt of a call, whoever wrote it. */
export class UnverifiedCallReceipt {
  readonly #data: Uint8Array;
  readonly #parts: Parts;

  private constructor(data: Uint8Array, parts: Parts) {
    this.#data = data;
    this.#parts = parts;
  }

  /**
   * Find in a file what it consists of.
   *
   * @throws PeerError TOO_LARGE, MALFORMED (CK-1006).
   */
  static parse(data: Uint8Array): UnverifiedCallReceipt {
    // CK-1006: its length is judged before it is read.
    if (data.length > MAX_FILE) {
      throw new PeerError(Code.TOO_LARGE, "CK-1006 call receipt: too long");
    }
    let whole: unknown;
    try {
      whole = JSON.parse(UTF8.decode(data));
    } catch {
      throw noReceipt();
    }
    if (!isItem(whole)) throw noReceipt();
    try {
      return new UnverifiedCallReceipt(copy(data), find(nodeOf(whole)));
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      throw noReceipt();
    }
  }

  /**
   * Check that all members signed it, and that it says what they signed.
   *
   * @throws PeerError As `verifyFile`.
   */
  async verify(): Promise<Verified> {
    const parts = this.#parts;
    // CK-1006: one spelling. A name that stands twice would be read by some as the one, and by others
    // as the other.
    if (!equal(canonical(spelt(parts)), this.#data)) {
      throw new PeerError(Code.MALFORMED, "CK-1006 call receipt: another spelling");
    }
    const terms = readTerms(parts.terms);
    const members = sorted(terms.members);
    // CK-1007: a receipt is everybody's, or nobody's.
    if (parts.signatures.length !== members.length) {
      throw new PeerError(Code.MALFORMED, "CK-1007 call receipt: not signed by all");
    }
    for (const [at, key] of members.entries()) {
      await verifySignature(parts.terms, key, parts.signatures[at] as Signature);
    }
    for (const [name, [salt, value]] of parts.disclosed) {
      const committed = terms.fields[FIELDS.indexOf(name)] as Bytes;
      // CK-1008: else anything could be told of a call that was signed for.
      if (!equal(commitment(encodeField(name, salt, value)), committed)) {
        throw new PeerError(Code.MALFORMED, "CK-1008 call receipt: another field than signed");
      }
    }
    const keys = parts.shown.map(({ key }) => key);
    // CK-1009: nobody shows themselves who was not there, and nobody twice.
    const inOrder = keys.every((key, at) => at === 0 || compare(keys[at - 1] as Bytes, key) < 0);
    if (!inOrder || !keys.every((key) => has(terms.members, key))) {
      throw new PeerError(Code.BAD_CREDENTIAL, "CK-1009 call receipt: shows who was not there");
    }
    const shown: (readonly [ConsentKey, Party])[] = [];
    for (const one of parts.shown) shown.push([one.key, await verifyShown(parts.terms, one)]);
    const disclosed = [...parts.disclosed].map(([name, [, value]]) => [name, value] as const);
    return { terms, disclosed: new Map(disclosed), shown: mapOf(...shown) };
  }
}

async function verifyShown(terms: Bytes, shown: Shown): Promise<Party> {
  // CK-1009: both keys say so, and the account's list has the device.
  try {
    const { key, device } = shown;
    await verifyBinding(terms, key, device, shown.binding);
    await verify(device, SHOWN_LABEL, concat(termsDigest(terms), key), shown.signature);
    const found = await UnverifiedCredential.parse(shown.credential).verify(device);
    return { accountId: found.accountId, identityKey: found.deviceList.identityKey };
  } catch (error) {
    if (!(error instanceof PeerError)) throw error;
    throw new PeerError(Code.BAD_CREDENTIAL, "CK-1009 call receipt: not whose it says");
  }
}

function find(whole: Node): Parts {
  const { visavis, signatures, shown } = whole;
  if (visavis !== KIND || !isList(signatures)) throw noReceipt();
  if (shown !== undefined && !(isList(shown) && shown.length > 0)) throw noReceipt();
  const fields = Object.entries(nodeOf(whole["disclosed"])).map(fieldOf);
  return {
    terms: bytesOf(whole["terms"]),
    signatures: signatures.map((one) => new Signature(bytesOf(one))),
    disclosed: new Map(fields),
    shown: shown === undefined ? [] : shown.map(shownOf),
  };
}

function fieldOf([name, one]: [string, Item]): readonly [Field, readonly [Bytes, number | string]] {
  const field = FIELDS.find((known) => known === name);
  if (field === undefined || !isList(one) || one.length !== 2) throw noReceipt();
  const [salt, value] = one;
  if (typeof value !== "string") throw noReceipt();
  if (field === "media") {
    if (value !== Media.VOICE && value !== Media.VIDEO) throw noReceipt();
    return [field, [bytesOf(salt), value]];
  }
  if (!NUMBER.test(value)) throw noReceipt();
  return [field, [bytesOf(salt), Number(value)]];
}

function shownOf(item: Item): Shown {
  const { key, device, credential, binding, signature } = nodeOf(item);
  return {
    key: new ConsentKey(bytesOf(key)),
    device: new SignatureKey(bytesOf(device)),
    credential: bytesOf(credential),
    binding: new Signature(bytesOf(binding)),
    signature: new Signature(bytesOf(signature)),
  };
}

function nodeOf(item: Item | undefined): Node {
  if (typeof item !== "object" || isList(item)) throw noReceipt();
  return item;
}

function bytesOf(item: Item | undefined): Bytes {
  if (typeof item !== "string") throw noReceipt();
  return base64url.decode(item);
}

/** CK-1006: whatever else it is, it is no receipt of a call. */
function noReceipt(): PeerError {
  return new PeerError(Code.MALFORMED, "CK-1006 call receipt: none, or not whole");
}

function spelt({ terms, signatures, disclosed, shown }: Parts): Node {
  const whole = {
    visavis: KIND,
    terms: base64url.encode(terms),
    signatures: signatures.map((one) => base64url.encode(one)),
    disclosed: Object.fromEntries(
      [...disclosed].map(([name, [salt, value]]) => [
        name,
        [base64url.encode(salt), String(value)],
      ]),
    ),
  };
  return shown.length === 0 ? whole : { ...whole, shown: shown.map(shownNode) };
}

function shownNode({ key, device, credential, binding, signature }: Shown): Node {
  return {
    key: base64url.encode(key),
    device: base64url.encode(device),
    credential: base64url.encode(credential),
    binding: base64url.encode(binding),
    signature: base64url.encode(signature),
  };
}

async function fits<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof PeerError)) throw error;
    throw new UsageError(`would ${doing} what others refuse: ${error.detail}`);
  }
}
