/**
 * What a member keeps of one request to record and of their answers: in the store, and in the vault
 * (twin of `core/consent_record.py`).
 *
 *     record = CBOR {"v": 1, "ask", "call", "key", "private", "by", "title", "signed": [statement ...],
 *                    ? "where", ? "share"}
 *
 * With it they take a yes back after the call, on any device of theirs, and show a receipt. Two
 * devices may change it without knowing of each other: `merged` is what both come to, in any order.
 *
 * Pure. Not for: what the statements say (`recording_consent.ts`), or when it is written.
 */

import { type Bytes, compare, concat, equal, utf8 } from "./bytes.ts";
import { decodeVersioned, type Encodable, encode } from "./cbor.ts";
import {
  array,
  blob,
  decodeFields,
  encodeFields,
  FLAG,
  fixed,
  maybe,
  nested,
  type RecordOf,
  record,
  text,
  uint,
  VERSION,
} from "./content_fields.ts";
import { MAX_NAME_BYTES } from "./content_records.ts";
import { Code, PeerError, UsageError } from "./errors.ts";
import { identityPublicKey } from "./identity.ts";
import {
  AccountId,
  CallId,
  ConsentKey,
  Digest,
  GroupId,
  Secret32,
  ShareKey,
  ShareSlot,
} from "./ids.ts";
import {
  type Answer,
  type Consent,
  isAnswer,
  MAX_ANSWERS,
  readConsent,
  State,
  stateOf,
} from "./recording_consent.ts";
import { askDigest, callReference, MAX_SIGNED, readStatement } from "./recording_statements.ts";

const MAX_DAY = 2 ** 32 - 1;

/**
 * The first number of what is said after a call, in which nobody says so much. So the word of a device
 * that was not in the call has no number of one that was, of whose answers it may not know.
 */
export const AFTER_CALL = 2 ** 31;

/** Bytes of statements in the vault's form, which fits a slot; what is older is left out there. */
export const IN_VAULT = 48_000;

/** The conversation in which the call was: with a contact, or a group's; one of the two. */
const ConsentWhere = record("ConsentWhere", {
  contact: maybe(fixed(AccountId)),
  group: maybe(fixed(GroupId)),
});
export type Where = RecordOf<typeof ConsentWhere>;

const OwnShare = record("OwnShare", {
  slot: fixed(ShareSlot),
  /** What deletes it: ours alone. */
  delete: fixed(ShareKey),
  /** First day on which it is gone, in days since 1970 (UTC). */
  expires: uint(MAX_DAY),
  /** It is to be deleted, and may still be there. */
  leaving: FLAG,
});
/** A share of ours at the server. Never printed. */
export type OwnShare = RecordOf<typeof OwnShare>;

const ConsentFields = record("ConsentRecord", {
  /** The request: `askDigest`. */
  ask: fixed(Digest),
  call: fixed(CallId),
  /** Our consent key in that call. */
  key: fixed(ConsentKey),
  /** Its private half. */
  private: fixed(Secret32),
  /** Who asked, as they were called then. */
  by: text(MAX_NAME_BYTES, { shortest: 0 }),
  /** With whom the call was. */
  title: text(MAX_NAME_BYTES, { shortest: 0 }),
  /** The request, then our answers, as they were signed; their numbers rise. */
  signed: array(blob(MAX_SIGNED), 1 + MAX_ANSWERS, 2),
  /** Null: in no conversation, as with guests. */
  where: maybe(nested(ConsentWhere)),
  /** That of the newest yes; null: it is gone, or there never was one. */
  share: maybe(nested(OwnShare)),
});
/** One request of somebody else, and what we said to it. Never printed. */
export type ConsentRecord = RecordOf<typeof ConsentFields>;

/** Return under what a record is kept: whoever comes into a call again has another key there. */
export function consentItem({ ask, key }: Pick<ConsentRecord, "ask" | "key">): Bytes {
  return concat(ask, key);
}

/**
 * Return what was asked and answered. Throws as `readConsent`.
 *
 * A yes that two devices took back is taken back once; and of what was left out of the vault's form,
 * nothing is taken back.
 */
export async function consentIn({ signed, key }: ConsentRecord): Promise<Consent> {
  const [request = new Uint8Array(), ...answers] = signed;
  const kept: Bytes[] = [];
  let state: State | undefined;
  for (const one of answers) {
    const said = await readAnswer(one);
    if (said.kind === "recording.withdrawal" && state !== State.GIVEN) continue;
    state = stateOf(said);
    kept.push(one);
  }
  return await readConsent([request, ...kept], key);
}

/** Return the answer that was given last. */
export async function lastOf({ signed }: ConsentRecord): Promise<Answer> {
  return await readAnswer(signed.at(-1) ?? new Uint8Array());
}

/** Return our share if it is to be deleted: no yes stands, or it was said so. */
export async function leavingOf(consent: ConsentRecord): Promise<OwnShare | null> {
  const { share } = consent;
  if (share === null || share.leaving) return share;
  return (await lastOf(consent)).kind === "recording.grant" ? null : share;
}

/** Return the number of what is said after the call. */
export async function nextNumber(consent: ConsentRecord): Promise<number> {
  return Math.max(AFTER_CALL, (await lastOf(consent)).number + 1);
}

/**
 * Return a record's one encoding.
 *
 * @throws PeerError TOO_LARGE, text or a statement beyond its bound.
 */
export function encodeConsent(consent: ConsentRecord): Bytes {
  const fields = encodeFields(ConsentFields, consent);
  return encode(new Map<string, Encodable>([["v", VERSION], ...fields]));
}

/**
 * Decode what `encodeConsent` made, as others give it.
 *
 * @throws PeerError MALFORMED (CK-250, CK-271, CK-994); and those of `readConsent`.
 */
export async function decodeConsent(data: Uint8Array): Promise<ConsentRecord> {
  const consent = parseConsent(data);
  await requireFits(consent);
  return consent;
}

/**
 * Decode what this device encoded itself: its form is checked, and no signature.
 *
 * @throws PeerError MALFORMED (CK-250, CK-271).
 */
export function parseConsent(data: Uint8Array): ConsentRecord {
  return decodeFields(ConsentFields, decodeVersioned(data, VERSION));
}

/** Require that what stands in a record is of its request, its call and its key (CK-994). */
async function requireFits(consent: ConsentRecord): Promise<void> {
  const { where, signed, key, ask: about } = consent;
  if (where !== null && (where.contact === null) === (where.group === null)) {
    throw malformed("a call is in one conversation");
  }
  // Else we would sign by a key that is not the one that others know.
  if (!equal(await identityPublicKey(consent.private), key)) {
    throw malformed("the halves of a key are of two");
  }
  const [request = new Uint8Array(), ...answers] = signed;
  const ask = await readStatement(request);
  if (ask.kind !== "recording.ask" || !equal(askDigest(ask), about)) {
    throw malformed("it is about another request");
  }
  if (!equal(callReference(consent.call), ask.call)) throw malformed("it is of another call");
  let number = 0;
  for (const data of answers) {
    const one = await readAnswer(data);
    if (!equal(one.key, key) || !equal(one.call, ask.call) || !equal(one.ask, about)) {
      throw malformed("an answer of somebody else, or to something else");
    }
    if (one.number <= number) throw malformed("answers out of order, or twice");
    number = one.number;
  }
  await consentIn(consent);
}

async function readAnswer(data: Bytes): Promise<Answer> {
  const said = await readStatement(data);
  if (!isAnswer(said)) throw malformed("something else than an answer");
  return said;
}

/**
 * Return a record with one more answer, in its place by number.
 *
 * It is not the last if another device took the yes back while this one was still in the call: what was
 * said for after the call stays the last word.
 */
export async function withAnswer(consent: ConsentRecord, answer: Bytes): Promise<ConsentRecord> {
  const [request = new Uint8Array(), ...answers] = consent.signed;
  const { number } = await readAnswer(answer);
  const numberAt = async (place: number) => (await readAnswer(answers[place] ?? answer)).number;
  let place = answers.length;
  while (place > 0 && (await numberAt(place - 1)) > number) place -= 1;
  answers.splice(place, 0, answer);
  return { ...consent, signed: [request, ...answers.slice(-MAX_ANSWERS)] };
}

/**
 * Return what two devices come to that each changed a record.
 *
 * All answers stand, and the share of the newest yes; of one yes, what is gone or is to go does.
 *
 * @throws UsageError They are of two requests, or by two keys.
 */
export async function merged(one: ConsentRecord, other: ConsentRecord): Promise<ConsentRecord> {
  if (!equal(one.ask, other.ask) || !equal(one.key, other.key)) {
    throw new UsageError("two consents are not versions of one");
  }
  // Of two answers with one number the lower bytes stand. A no is shorter than any yes.
  const said = new Map<number, Bytes>();
  for (const data of [...one.signed.slice(1), ...other.signed.slice(1)]) {
    const { number } = await readAnswer(data);
    said.set(number, lower(data, said.get(number) ?? data));
  }
  const answers = [...said].sort(([a], [b]) => a - b).map(([, data]) => data);
  const requests = [
    one.signed[0] ?? new Uint8Array(),
    other.signed[0] ?? new Uint8Array(),
  ] as const;
  const first = compare(encodeConsent(one), encodeConsent(other)) <= 0 ? one : other;
  return {
    ...first,
    signed: [lower(...requests), ...answers.slice(-MAX_ANSWERS)],
    by: lowerText(one.by, other.by),
    title: lowerText(one.title, other.title),
    where: compare(placeOf(one.where), placeOf(other.where)) >= 0 ? one.where : other.where,
    share: isHigher(await shareRank(one), await shareRank(other)) ? one.share : other.share,
  };
}

function placeOf(where: Where | null): Bytes {
  return where === null ? new Uint8Array() : encode(encodeFields(ConsentWhere, where));
}

/** What says of two versions whose share stands: the higher one's. */
type Rank = readonly [newestYes: number, gone: number, bytes: Bytes];

async function shareRank({ share, signed }: ConsentRecord): Promise<Rank> {
  let newest = 0;
  for (const data of signed.slice(1)) {
    const { kind, number } = await readAnswer(data);
    if (kind === "recording.grant") newest = Math.max(newest, number);
  }
  if (share === null) return [newest, 2, new Uint8Array()];
  return [newest, Number(share.leaving), encode(encodeFields(OwnShare, share))];
}

function isHigher(one: Rank, other: Rank): boolean {
  return (one[0] - other[0] || one[1] - other[1] || compare(one[2], other[2])) >= 0;
}

function lower(one: Bytes, other: Bytes): Bytes {
  return compare(one, other) <= 0 ? one : other;
}

/** As Python orders texts: by their characters, which is as their UTF-8 does. */
function lowerText(one: string, other: string): string {
  return compare(utf8(one), utf8(other)) <= 0 ? one : other;
}

/** Return a record as it stands in the vault: the newest answers, as many as fit a slot. */
export function vaultForm(consent: ConsentRecord): ConsentRecord {
  const [request = new Uint8Array(), ...answers] = consent.signed;
  let left = IN_VAULT - request.length;
  const kept: Bytes[] = [];
  for (const one of answers.toReversed()) {
    left -= one.length;
    if (left < 0) break;
    kept.push(one);
  }
  return { ...consent, signed: [request, ...kept.reverse()] };
}

function malformed(why: string): PeerError {
  return new PeerError(Code.MALFORMED, `CK-994 a consent: ${why}`);
}
