/**
 * A receipt of one's own consent to a recording (R-51, docs/protocol/recording.md, "Receipts"; twin
 * of `core/recording_receipt.py`).
 *
 *     receipt   = canonical JSON (RFC 8785) of the JSON-LD document (`recording_jsonld.ts`), with
 *                 "sec:proof": {..., "sec:proofValue": "u" || base64url(signature)}
 *     signature = Ed25519 by the consent key over "visavis recording receipt v1\0" || canonical JSON
 *                 of the document without "sec:proof"
 *
 * The statements themselves stand in it, as they were signed. Whoever checks a receipt makes the
 * document anew from them: so what it says in words is what was said, and nothing else. The
 * signature of its owner says that this was all, until then.
 *
 * Pure. Not for: keeping receipts, or whose a key is (the leaf of the call's group).
 */

import * as base64url from "./base64url.ts";
import { type Bytes, copy, equal, fromHex, hex } from "./bytes.ts";
import { Code, PeerError, UsageError } from "./errors.ts";
import { verify } from "./identity.ts";
import { ConsentKey } from "./ids.ts";
import { type Consent, isAnswer, malformed, readConsent } from "./recording_consent.ts";
import {
  canonical,
  didKey,
  document,
  type Item,
  isItem,
  isList,
  type Node,
} from "./recording_jsonld.ts";
import { readStatement } from "./recording_statements.ts";

/** Bytes. A request and 256 answers need less. */
export const MAX_RECEIPT = 2 ** 20;

const LABEL = "visavis recording receipt v1\0";
/** Names this signature among those of W3C's Data Integrity: it is none of the standard ones. */
const SUITE = "visavis-recording-receipt-v1";

const PROOF = "sec:proof";
/** Multibase's letter for base64url. */
const BASE64URL = "u";

/** A byte order mark is a character like any other: taken off, the text would not come out again. */
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Signs with the person's consent key: a label, a message -> 64 bytes (`sign` of `identity.ts`). */
export type Sign = (label: string, message: Bytes) => Promise<Bytes>;

/**
 * Make the receipt of what one person said about one request. Equal for equal statements.
 *
 * @param statements As they were sent: the request, and that person's answers, in any order; what
 *   others said, and what was recorded, may be among them and is left out.
 * @param key Whose receipt it is.
 * @param sign With the private half of `key`.
 * @returns The file.
 * @throws UsageError There is not one request, or no answer of this person, or what there is does
 *   not fit together; or `sign` signs with another key.
 * @throws PeerError BAD_SIGNATURE, MALFORMED, TOO_LARGE: one of the statements.
 */
export async function makeReceipt(
  statements: Iterable<Bytes>,
  key: ConsentKey,
  sign: Sign,
): Promise<Bytes> {
  const asks = new Map<string, Bytes>();
  const answers = new Map<string, readonly [number: number, signed: Bytes]>();
  for (const one of statements) {
    const said = await readStatement(one);
    if (said.kind === "recording.ask") asks.set(hex(one), one);
    else if (isAnswer(said) && equal(said.key, key)) answers.set(hex(one), [said.number, one]);
  }
  if (asks.size !== 1) throw new UsageError("a receipt is about one request");
  const inOrder = [...answers.values()].sort(([one], [other]) => one - other);
  const signed = [...asks.values(), ...inOrder.map(([, one]) => one)];
  const body = document(await consentOf(signed, key));
  const signature = await sign(LABEL, canonical(body));
  try {
    await verify(key, LABEL, canonical(body), signature);
  } catch (error) {
    if (!(error instanceof PeerError)) throw error;
    throw new UsageError("a receipt is signed by whose it is");
  }
  return canonical({ ...body, [PROOF]: proofOf(key, signature) });
}

async function consentOf(signed: readonly Bytes[], key: ConsentKey): Promise<Consent> {
  try {
    return await readConsent(signed, key);
  } catch (error) {
    if (!(error instanceof PeerError)) throw error;
    throw new UsageError(`would sign what others refuse: ${error.detail}`);
  }
}

/**
 * Check a receipt, and return what its owner said.
 *
 * @throws PeerError TOO_LARGE, MALFORMED (CK-960 to CK-966), BAD_SIGNATURE (CK-962, CK-963).
 */
export async function verifyReceipt(data: Uint8Array): Promise<Consent> {
  return await UnverifiedConsentReceipt.parse(data).verify();
}

/** What looks like a receipt, whoever wrote it. */
export class UnverifiedConsentReceipt {
  readonly #data: Uint8Array;
  readonly #body: Node;
  readonly #key: ConsentKey;
  readonly #signed: readonly Bytes[];
  readonly #signature: Bytes;

  private constructor(data: Uint8Array, body: Node, found: Found) {
    this.#data = data;
    this.#body = body;
    this.#key = found.key;
    this.#signed = found.signed;
    this.#signature = found.signature;
  }

  /**
   * Find in a file whose receipt it is, its statements and its signature.
   *
   * @throws PeerError TOO_LARGE, MALFORMED (CK-960).
   */
  static parse(data: Uint8Array): UnverifiedConsentReceipt {
    // CK-960: its length is judged before it is read.
    if (data.length > MAX_RECEIPT) throw new PeerError(Code.TOO_LARGE, "CK-960 receipt: too long");
    const { [PROOF]: proof, ...body } = nodeOf(read(data));
    return new UnverifiedConsentReceipt(copy(data), body, find(body, proof));
  }

  /**
   * Check that it was written by whose it is, and says what was signed.
   *
   * @throws PeerError MALFORMED, TOO_LARGE (CK-961, CK-963 to CK-966), BAD_SIGNATURE (CK-962,
   *   CK-963).
   */
  async verify(): Promise<Consent> {
    const body = canonical(this.#body);
    const whole = canonical({ ...this.#body, [PROOF]: proofOf(this.#key, this.#signature) });
    // CK-961: one spelling. A name that stands twice would be read by some as the one, and by others
    // as the other.
    if (!equal(whole, this.#data)) throw malformed("CK-961 receipt: another spelling");
    // CK-962: nobody but its owner can say that this was all that they said.
    await verify(this.#key, LABEL, body, this.#signature);
    const consent = await readConsent(this.#signed, this.#key);
    // CK-966: what it says in words, even its owner cannot make another than what was signed.
    if (!equal(canonical(document(consent)), body)) {
      throw malformed("CK-966 receipt: it says something else than what was signed");
    }
    return consent;
  }
}

type Found = Readonly<{ key: ConsentKey; signed: readonly Bytes[]; signature: Bytes }>;

/** Read JSON of what everybody spells alike (CK-960). */
function read(data: Uint8Array): Item {
  let value: unknown;
  try {
    value = JSON.parse(UTF8.decode(data));
  } catch {
    throw noReceipt();
  }
  if (!isItem(value)) throw noReceipt();
  return value;
}

function find(body: Node, proof: Item | undefined): Found {
  const record = nodeOf(body["dpv:hasRecordOfActivity"]);
  const subject = nodeOf(record["dpv:hasDataSubject"]);
  const status = record["dpv:hasConsentStatus"];
  const value = textOf(nodeOf(proof)["sec:proofValue"]);
  if (!isList(status)) throw noReceipt();
  try {
    return {
      key: keyOf(textOf(subject["dct:identifier"])),
      signed: status.map((event) => base64url.decode(textOf(nodeOf(event)["rdf:value"]))),
      signature: base64url.decode(value.startsWith(BASE64URL) ? value.slice(1) : value),
    };
  } catch (error) {
    if (!(error instanceof PeerError)) throw error;
    throw noReceipt();
  }
}

/** Read what `pseudonym` writes, in this one spelling. */
function keyOf(text: string): ConsentKey {
  if (!/^[0-9a-f]{64}$/.test(text)) throw noReceipt();
  return new ConsentKey(fromHex(text));
}

function nodeOf(item: Item | undefined): Node {
  if (typeof item !== "object" || isList(item)) throw noReceipt();
  return item;
}

function textOf(item: Item | undefined): string {
  if (typeof item !== "string") throw noReceipt();
  return item;
}

/** CK-960: whatever else it is, it is no receipt. */
function noReceipt(): PeerError {
  return malformed("CK-960 receipt: none, or not whole");
}

function proofOf(key: ConsentKey, signature: Bytes): Node {
  const did = didKey(key);
  return {
    "@type": "sec:DataIntegrityProof",
    "sec:cryptosuite": SUITE,
    "sec:proofPurpose": { "@id": "sec:assertionMethod" },
    "sec:proofValue": `${BASE64URL}${base64url.encode(signature)}`,
    "sec:verificationMethod": { "@id": `${did}#${did.slice("did:key:".length)}` },
  };
}
