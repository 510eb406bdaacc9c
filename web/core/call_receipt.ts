/**
 * What everybody in a call signs so that each holds a receipt of it (R-14,
 * docs/protocol/call-receipt.md; twin of `core/call_receipt.py`).
 *
 *     terms      = CBOR {"v": 1, "t": "call.receipt", "call", "members", "fields": [commitment x3]}
 *     call       = SHA-256("visavis call receipt call v1\0" || call id)
 *     opened     = CBOR [name, salt, value]; names are "at", "media", "since", in this order
 *     commitment = SHA-256("visavis call receipt field v1\0" || opened)
 *     signature  = Ed25519 by a member's consent key over "visavis call receipt v1\0" || terms
 *     binding    = Ed25519 by a member's consent key over "visavis call receipt binding v1\0"
 *                  || SHA-256(terms) || signature key of the member's device
 *
 * Members are the consent keys of the call's group (`recording_leaf.ts`): they name nobody. A binding
 * is kept by whoever made it, and leaves the device only if they show themselves: the consent key is
 * gone once the call is over, and nobody else can make it.
 *
 * Pure. Not for: the file that is shown to others (`call_receipt_file.ts`), or when to ask.
 */

import { has, sorted } from "./byte_sets.ts";
import { type Bytes, concat, equal, type Rng, utf8 } from "./bytes.ts";
import { decode, encode, isBytes, isList, type Value } from "./cbor.ts";
import { Family } from "./content_family.ts";
import { array, type ContentOf, content, fixed } from "./content_fields.ts";
import { Code, PeerError, UsageError } from "./errors.ts";
import { sign, verify } from "./identity.ts";
import { type CallId, type ConsentKey, Digest, type Signature, type SignatureKey } from "./ids.ts";
import { MAX_AT, MEMBER_SET } from "./recording_statements.ts";
import type { Members } from "./recording_types.ts";

/** Bytes. 64 members need less. */
export const MAX_TERMS = 4_096;
/** Bytes of an opened field. */
export const MAX_OPENED = 64;
/** Random bytes with each field: without them whoever has a commitment could try all values. */
export const SALT = 16;
/**
 * Seconds until a request is over, and by which clocks may differ. Higher: people sign what they have
 * no memory of any more; lower: a clock that is a little wrong ends every request.
 */
export const ASK_S = 120;
/** How often one member may ask in one call. Higher lets somebody be asked until they give in. */
export const MAX_ASKS = 3;

const LABEL = "visavis call receipt v1\0";
const CALL_LABEL = utf8("visavis call receipt call v1\0");
const FIELD_LABEL = utf8("visavis call receipt field v1\0");
const BINDING_LABEL = "visavis call receipt binding v1\0";

/** What can be disclosed, each by itself; in the order of the commitments. */
export const FIELDS = ["at", "media", "since"] as const;
export type Field = (typeof FIELDS)[number];

/** What a call was, to whoever asked. */
export const Media = { VOICE: "voice", VIDEO: "video" } as const;
export type Media = (typeof Media)[keyof typeof Media];

/** What a receipt says of a call. */
export type Facts = Readonly<{
  /** When it was asked for, unix seconds, by the asker's clock. */
  at: number;
  /** What the asker saw of the call. */
  media: Media;
  /** Since when exactly these members were together, unix seconds, by the same clock. */
  since: number;
}>;

/** What is signed. */
export const Terms = content(
  "call.receipt",
  { t: "call.receipt" },
  {
    /** Which call: `callReference`. */
    call: fixed(Digest),
    /** 2 to 64. */
    members: MEMBER_SET,
    /** What is committed to, in the order of `FIELDS`. */
    fields: array(fixed(Digest), FIELDS.length, FIELDS.length),
  },
);
export type Terms = ContentOf<typeof Terms>;

/** A receipt as each member keeps it. */
export type Receipt = Readonly<{
  /** As they were signed. */
  terms: Bytes;
  /** One of each member, in the order of the members' keys. */
  signatures: readonly Signature[];
  /** The fields, in the order of `FIELDS`. */
  opened: readonly Bytes[];
}>;

/** An opened field: its name, its salt, its value. */
export type OpenedField = readonly [name: Field, salt: Bytes, value: number | string];

const FAMILY = new Family<Terms>([Terms], { most: MAX_TERMS, unknown: "CK-1000 no terms" });

/** Return by what terms name a call: who does not know the call's id learns none. */
export function callReference(call: CallId): Digest {
  return Digest.sha256(concat(CALL_LABEL, call));
}

/**
 * Return the fields as they are sent to the members and kept, in the order of `FIELDS`.
 *
 * @throws UsageError They say what others refuse.
 */
export function openFields(said: Facts, rng: Rng): readonly Bytes[] {
  const made = FIELDS.map((name) => encodeField(name, rng(SALT), said[name]));
  wouldSend(() => factsOf(made));
  return made;
}

/**
 * Return the terms of a receipt.
 *
 * @param call The call's id.
 * @param members All who are in the call's group now, ours among them.
 * @param opened `openFields`.
 * @throws UsageError There are not 2 to 64 members, or not these fields.
 */
export function makeTerms(call: CallId, members: Members, opened: readonly Bytes[]): Bytes {
  const data = FAMILY.encode({
    kind: "call.receipt",
    call: callReference(call),
    members,
    fields: opened.map(commitment),
  });
  wouldSend(() => readTerms(data));
  return data;
}

/**
 * Read terms.
 *
 * @throws PeerError MALFORMED, TOO_LARGE (CK-1000).
 */
export function readTerms(data: Bytes): Terms {
  // CK-1000: this form and no other, so that all sign the same bytes and know what they say.
  if (data.length > MAX_TERMS) {
    throw new PeerError(Code.TOO_LARGE, "CK-1000 call receipt: terms are too long");
  }
  const terms = orNull(() => FAMILY.decode(data));
  if (terms === null) throw malformed("CK-1000 call receipt: no terms");
  if (terms.members.size < 2) throw malformed("CK-1000 call receipt: a call is of two or more");
  return terms;
}

/** Return by what signatures and refusals name terms. */
export function termsDigest(data: Bytes): Digest {
  return Digest.sha256(data);
}

/**
 * Require that terms are about this call and exactly these people.
 *
 * @param terms Of a request.
 * @param call The call that it came in.
 * @param members The consent keys of the call's group, as we see it now.
 * @param asker The key of the leaf that sent the request.
 * @throws PeerError MALFORMED (CK-1001).
 */
export function checkMembers(
  terms: Terms,
  call: CallId,
  members: Members,
  asker: ConsentKey,
): void {
  // CK-1001: else people would sign for somebody who is not there, or for another call.
  if (!equal(terms.call, callReference(call))) {
    throw malformed("CK-1001 call receipt: of another call");
  }
  const same =
    terms.members.size === members.size && sorted(members).every((one) => has(terms.members, one));
  if (!same || !has(members, asker)) {
    throw malformed("CK-1001 call receipt: of others than who is here");
  }
}

/**
 * Require that opened fields are those that were committed to, and return what they say.
 *
 * @throws PeerError MALFORMED (CK-1002, CK-1003).
 */
export function checkOpened(terms: Terms, opened: readonly Bytes[]): Facts {
  // CK-1002: people sign commitments; what they are shown must be what these hide.
  const hidden = opened.map(commitment);
  const same =
    hidden.length === terms.fields.length &&
    terms.fields.every((one, at) => equal(one, hidden[at] as Digest));
  if (!same) throw malformed("CK-1002 call receipt: other fields than were committed to");
  return factsOf(opened);
}

/**
 * Require that what a receipt says of time is near what our own clock says.
 *
 * @param facts `checkOpened`.
 * @param now Unix seconds, by our clock.
 * @param together When we saw exactly these members come together, unix seconds.
 * @throws PeerError MALFORMED (CK-1003).
 */
export function checkTimes(facts: Facts, now: number, together: number): void {
  // CK-1003: nobody signs for a time that their own device knows to be wrong.
  if (Math.abs(facts.at - now) > ASK_S || Math.abs(facts.since - together) > ASK_S) {
    throw malformed("CK-1003 call receipt: another time than ours");
  }
}

/**
 * Sign terms.
 *
 * @param data Terms, read and checked.
 * @param privateKey The private half of our consent key, 32 bytes.
 */
export async function signTerms(data: Bytes, privateKey: Bytes): Promise<Signature> {
  return await sign(privateKey, LABEL, data);
}

/**
 * Require that a member signed terms.
 *
 * @param data The terms.
 * @param key The consent key of the leaf that sent the signature.
 * @param signature 64 bytes.
 * @throws PeerError BAD_SIGNATURE (CK-1004).
 */
export async function verifySignature(
  data: Bytes,
  key: ConsentKey,
  signature: Bytes,
): Promise<void> {
  // CK-1004: a yes is only its owner's to give.
  try {
    await verify(key, LABEL, data, signature);
  } catch (error) {
    if (!(error instanceof PeerError)) throw error;
    throw new PeerError(Code.BAD_SIGNATURE, "CK-1004 call receipt: not signed by it");
  }
}

/**
 * Sign that our consent key is of our device. For our own store: it names us.
 *
 * @param data The terms.
 * @param privateKey The private half of our consent key, 32 bytes.
 * @param device The signature key of our device (public).
 */
export async function signBinding(
  data: Bytes,
  privateKey: Bytes,
  device: SignatureKey,
): Promise<Signature> {
  return await sign(privateKey, BINDING_LABEL, concat(termsDigest(data), device));
}

/**
 * Require that whoever had a consent key said that it is of this device.
 *
 * @throws PeerError BAD_SIGNATURE.
 */
export async function verifyBinding(
  data: Bytes,
  key: ConsentKey,
  device: SignatureKey,
  binding: Bytes,
): Promise<void> {
  await verify(key, BINDING_LABEL, concat(termsDigest(data), device), binding);
}

/** Return what hides an opened field until it is disclosed. */
export function commitment(opened: Bytes): Digest {
  return Digest.sha256(concat(FIELD_LABEL, opened));
}

/** Return a field as it is committed to. */
export function encodeField(name: Field, salt: Bytes, value: number | string): Bytes {
  return encode([name, salt, value]);
}

/**
 * Read an opened field.
 *
 * @throws PeerError MALFORMED (CK-1002).
 */
export function readField(opened: Bytes): OpenedField {
  const found: Value | null = opened.length > MAX_OPENED ? null : orNull(() => decode(opened));
  if (found !== null && isList(found) && found.length === 3) {
    const [name, salt, value] = found;
    if (isBytes(salt) && salt.length === SALT) {
      if (name === "media" && (value === Media.VOICE || value === Media.VIDEO)) {
        return [name, salt, value];
      }
      const isTime = typeof value === "number" && value >= 0 && value <= MAX_AT;
      if ((name === "at" || name === "since") && isTime) return [name, salt, value];
    }
  }
  throw malformed("CK-1002 call receipt: no field");
}

function factsOf(opened: readonly Bytes[]): Facts {
  const found = opened.map(readField);
  if (found.length !== FIELDS.length || !found.every(([name], at) => name === FIELDS[at])) {
    throw malformed("CK-1002 call receipt: not these fields");
  }
  const facts = Object.fromEntries(found.map(([name, , value]) => [name, value])) as Facts;
  // CK-1003: nobody was together after they were asked.
  if (facts.since > facts.at) throw malformed("CK-1003 call receipt: together only later");
  return facts;
}

function orNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof PeerError)) throw error;
    return null;
  }
}

function wouldSend(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof PeerError)) throw error;
    throw new UsageError(`would send what others refuse: ${error.detail}`);
  }
}

function malformed(why: string): PeerError {
  return new PeerError(Code.MALFORMED, why);
}
