/**
 * What members of a call sign about recording it (P17, docs/protocol/recording.md; twin of
 * `core/recording_statements.py`).
 *
 *     statement = CBOR [body, signature]
 *     body      = CBOR {"v": 1, "t": type, "call", "key", "number", "at", ...}
 *     signature = Ed25519 by `key` over "visavis recording statement v1\0" || body
 *
 * `key` is the consent key of the member's device: made for this call, known to everybody in it by
 * the call's group, and to nobody else whose it is. So a statement can be shown to others, who can
 * check it and learn nobody's name. Statements travel inside the call's group, and stand in the
 * recording.
 *
 * Pure. Not for: what follows from a statement (`recording.ts`), or whose a key is (the call's
 * group).
 */

import { setOf, sorted } from "./byte_sets.ts";
import { type Bytes, compare, concat, utf8 } from "./bytes.ts";
import { decode, encode, isBytes, isList } from "./cbor.ts";
import { Family } from "./content_family.ts";
import {
  array,
  type Codec,
  type ContentOf,
  type ContentType,
  content,
  FLAG,
  fixed,
  malformed,
  maybe,
  type Schema,
  text,
  uint,
  word,
} from "./content_fields.ts";
import { Code, PeerError } from "./errors.ts";
import { sign, verify } from "./identity.ts";
import { type CallId, ConsentKey, Digest, Signature } from "./ids.ts";
import { Kind, type Kinds, type Members } from "./recording_types.ts";

/** For which a share of the key can lie at the server; a recording is playable no longer (P16). */
export const MAX_DAYS = 30;

export const DAY_S = 86_400;
export const MAX_PURPOSE = 600;
export const MAX_NAMED = 600;
export const MAX_MEMBERS = 64;
const MAX_NUMBER = 2 ** 32 - 1;
export const MAX_AT = 2 ** 40;
/** Bytes of a statement's body. */
const MAX_STATEMENT = 4_096;
/** Bytes of a statement with its signature. */
export const MAX_SIGNED = MAX_STATEMENT + 128;

const LABEL = "visavis recording statement v1\0";
const CALL_LABEL = utf8("visavis recording call v1\0");
const ASK_LABEL = utf8("visavis recording ask v1\0");

/** Where a recording is kept. */
export const Place = {
  /** On the device of who asks, and nowhere else. */
  DEVICE: "device",
  /** On the server too, sealed: it can open nothing of it. */
  UPLOADED: "uploaded",
} as const;
export type Place = (typeof Place)[keyof typeof Place];

/** Who may play a recording. */
export const Recipients = {
  ASKER: "asker",
  /** Everybody who was asked and agreed. */
  MEMBERS: "members",
} as const;
export type Recipients = (typeof Recipients)[keyof typeof Recipients];

/** How somebody takes back their yes. */
export const WithdrawBy = {
  /** By one tap, in the call and at any time after it. */
  APP: "app",
} as const;
export type WithdrawBy = (typeof WithdrawBy)[keyof typeof WithdrawBy];

/** Kinds as an array in the order of their words, none twice. */
function kindSet(fewest = 1): Codec<Kinds> {
  const words = array(word(Kind), Object.keys(Kind).length, fewest);
  return {
    encode: (value) => words.encode([...value].sort()),
    decode: (raw) => new Set(inOrder(words.decode(raw), (one, other) => (one < other ? -1 : 1))),
  };
}

const KEYS = array(fixed(ConsentKey), MAX_MEMBERS);

/** Consent keys as an array in the order of their bytes, none twice. */
export const MEMBER_SET: Codec<Members> = {
  encode: (value) => KEYS.encode(sorted(value)),
  decode: (raw) => setOf(...inOrder(KEYS.decode(raw), compare)),
};

const DIGEST = fixed(Digest);

const STATEMENT = {
  /** Which call: `callReference`. */
  call: DIGEST,
  /** Who says it. */
  key: fixed(ConsentKey),
  /** Rises with each statement of a member in a call. */
  number: uint(MAX_NUMBER, 1),
  /** When, unix seconds, by the member's clock. */
  at: uint(MAX_AT),
};

function signed<K extends string, S extends Schema>(
  kind: K,
  schema: S,
): ContentType<K, typeof STATEMENT & S> {
  return content(kind, { t: kind }, { ...STATEMENT, ...schema });
}

/** Somebody wants to record. Nothing of this may be left open. */
export const RecordingAsk = signed("recording.ask", {
  kinds: kindSet(),
  /** What for, in the words of who asks. */
  purpose: text(MAX_PURPOSE),
  place: word(Place),
  /** After which nothing of it can be played any more. */
  days: uint(MAX_DAYS, 1),
  recipients: word(Recipients),
  /** Whether an export that anybody can play, for ever, is asked for: a purpose of its own. */
  clear: FLAG,
  withdraw: word(WithdrawBy),
  /** Who else is to get an export, in the words of who asks; only with `clear`. */
  named: maybe(text(MAX_NAMED)),
});
export type RecordingAsk = ContentOf<typeof RecordingAsk>;

/** A yes, to some of what was asked, among some members. */
export const RecordingGrant = signed("recording.grant", {
  /** The request: `askDigest`. */
  ask: DIGEST,
  kinds: kindSet(),
  /** Among whom: `membersHash` of `recording_rules.ts`. */
  members: DIGEST,
  /** Whether an export in the clear is agreed to. It cannot be taken back. */
  clear: FLAG,
  /** SHA-256 of this member's share of the key, so that no other can be passed off as it. */
  share: DIGEST,
});
export type RecordingGrant = ContentOf<typeof RecordingGrant>;

/** A no. */
export const RecordingRefusal = signed("recording.refusal", { ask: DIGEST });
export type RecordingRefusal = ContentOf<typeof RecordingRefusal>;

/** A yes taken back, in the call or after it. */
export const RecordingWithdrawal = signed("recording.withdrawal", { ask: DIGEST });
export type RecordingWithdrawal = ContentOf<typeof RecordingWithdrawal>;

/** Who asked says what is recorded from now on, and of whom; of nothing: it pauses. */
export const RecordingProgress = signed("recording.progress", {
  ask: DIGEST,
  kinds: kindSet(0),
  members: MEMBER_SET,
});
export type RecordingProgress = ContentOf<typeof RecordingProgress>;

/** Who asked ends it. */
export const RecordingEnd = signed("recording.end", { ask: DIGEST });
export type RecordingEnd = ContentOf<typeof RecordingEnd>;

const STATEMENTS = [
  RecordingAsk,
  RecordingGrant,
  RecordingRefusal,
  RecordingWithdrawal,
  RecordingProgress,
  RecordingEnd,
] as const;

export type Statement = ContentOf<(typeof STATEMENTS)[number]>;

const FAMILY = new Family<Statement>(STATEMENTS, {
  most: MAX_STATEMENT,
  unknown: "CK-935 recording: no statement",
});

/** Return by what statements name a call: who does not know the call's id learns none. */
export function callReference(call: CallId): Digest {
  return Digest.sha256(concat(CALL_LABEL, call));
}

/** Return by what all other statements name a request: all that it says. */
export function askDigest(ask: RecordingAsk): Digest {
  return Digest.sha256(concat(ASK_LABEL, FAMILY.encode(ask)));
}

/** Return from when on nothing of a recording can be played any more, unix seconds. */
export function endsAt({ at, days }: Pick<RecordingAsk, "at" | "days">): number {
  return at + days * DAY_S;
}

/**
 * Return a statement as it is sent and kept.
 *
 * @param statement With our `key`.
 * @param privateKey Its private half, 32 bytes.
 * @throws UsageError It says what others refuse.
 * @throws PeerError `TOO_LARGE`, or `MALFORMED` as `verifyFits`.
 */
export async function signStatement(statement: Statement, privateKey: Bytes): Promise<Bytes> {
  const body = FAMILY.encode(statement);
  verifyFits(statement);
  return encode([body, await sign(privateKey, LABEL, body)]);
}

/**
 * Read a statement and check its signature.
 *
 * Whose the key is, and whether it is of this call, is for the caller to check.
 *
 * @throws PeerError `MALFORMED` (CK-250, CK-271, CK-935, CK-936), `BAD_SIGNATURE`, `TOO_LARGE`.
 */
export async function readStatement(data: Uint8Array): Promise<Statement> {
  if (data.length > MAX_SIGNED) {
    throw new PeerError(Code.TOO_LARGE, "CK-935 recording: a statement is too long");
  }
  const outer = decode(data);
  const [body, signature] = isList(outer) && outer.length === 2 ? outer : [];
  if (!isBytes(body) || !isBytes(signature)) {
    throw new PeerError(Code.MALFORMED, "CK-935 recording: no statement");
  }
  const statement = FAMILY.decode(body);
  await verify(statement.key, LABEL, body, new Signature(signature));
  verifyFits(statement);
  return statement;
}

/**
 * Require that what a statement says fits together.
 *
 * @throws PeerError `MALFORMED` (CK-936).
 */
function verifyFits(statement: Statement): void {
  // CK-936: who would get an export that nobody asked for is hidden from whoever reads the rest.
  if (statement.kind === "recording.ask" && statement.named !== null && !statement.clear) {
    throw malformed("CK-936 an export is described and not asked for");
  }
}

/** Require that items are sorted and none stands twice (CK-935). */
function inOrder<T>(items: readonly T[], order: (one: T, other: T) => number): readonly T[] {
  for (const [at, item] of items.slice(1).entries()) {
    if (order(items[at] as T, item) >= 0) throw malformed("CK-935 not in order, or twice");
  }
  return items;
}
