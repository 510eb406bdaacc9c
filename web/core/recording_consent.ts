/**
 * What one person said about one request to record, read from what was signed (R-51, R-52; twin of
 * `core/recording_consent.py`).
 *
 *     readConsent(signed statements, whose) -> Consent: the request, their answers, the state
 *
 * This is the record that a receipt (`recording_receipt.ts`) is about: one request, one person, and
 * nobody else's answers. Silence is no answer, and has no record.
 *
 * Pure. Not for: what may be recorded now (`recording.ts`), or what a file shows
 * (`recording_proof.ts`).
 */

import { type Bytes, equal } from "./bytes.ts";
import { Code, PeerError, UsageError } from "./errors.ts";
import type { ConsentKey } from "./ids.ts";
import { isPart } from "./recording_rules.ts";
import {
  askDigest,
  endsAt,
  type RecordingAsk,
  type RecordingGrant,
  type RecordingRefusal,
  type RecordingWithdrawal,
  readStatement,
  type Statement,
} from "./recording_statements.ts";

/**
 * Of one person to one request: they are asked again whenever somebody comes. Higher lets a file
 * that somebody hands over cost more to check.
 */
export const MAX_ANSWERS = 256;

export type Answer = RecordingGrant | RecordingRefusal | RecordingWithdrawal;

/** What the last answer of a person was. */
export const State = {
  GIVEN: "given",
  REFUSED: "refused",
  WITHDRAWN: "withdrawn",
} as const;
export type State = (typeof State)[keyof typeof State];

const STATES: Readonly<Record<Answer["kind"], State>> = {
  "recording.grant": State.GIVEN,
  "recording.refusal": State.REFUSED,
  "recording.withdrawal": State.WITHDRAWN,
};

type Signed = readonly [request: Bytes, ...answers: Bytes[]];

/** What one person said about one request; everything in it was signed by who said it. */
export class Consent {
  /** Whose consent it is: a key made for this call, that names nobody. */
  readonly key: ConsentKey;
  /** The request, of somebody else. */
  readonly ask: RecordingAsk;
  /** Theirs, in order; at least one. */
  readonly answers: readonly Answer[];
  /** The statements as they were sent: the request, then each answer. */
  readonly signed: Signed;
  /** Of the answers. */
  readonly last: Answer;

  /** @throws UsageError There is no answer. */
  constructor(key: ConsentKey, ask: RecordingAsk, answers: readonly Answer[], signed: Signed) {
    const last = answers.at(-1);
    if (last === undefined) throw new UsageError("silence is no answer, and has no record");
    this.key = key;
    this.ask = ask;
    this.answers = answers;
    this.signed = signed;
    this.last = last;
  }

  /** What was said last. */
  get state(): State {
    return stateOf(this.last);
  }

  /** The yes that stands; null: none does. */
  get given(): RecordingGrant | null {
    return this.last.kind === "recording.grant" ? this.last : null;
  }

  /** Whether they ever agreed to an export in the clear, which cannot be taken back. */
  get exported(): boolean {
    return this.answers.some((one) => one.kind === "recording.grant" && one.clear);
  }

  /** From when on nothing of it can be played any more, unix seconds. */
  get until(): number {
    return endsAt(this.ask);
  }
}

/** Return the state in which an answer leaves a consent. */
export function stateOf(answer: Answer): State {
  return STATES[answer.kind];
}

/** Tell whether a statement is an answer to a request. */
export function isAnswer(statement: Statement): statement is Answer {
  return Object.hasOwn(STATES, statement.kind);
}

/**
 * Read the request and one person's answers to it.
 *
 * @param signed The request, then the answers in the order in which they were given.
 * @param key Whose.
 * @throws PeerError BAD_SIGNATURE, MALFORMED, TOO_LARGE (CK-963, and those of `readStatement`),
 *   MALFORMED (CK-964, CK-965).
 */
export async function readConsent(signed: readonly Bytes[], key: ConsentKey): Promise<Consent> {
  const [request, ...others] = signed;
  if (request === undefined || others.length < 1 || others.length > MAX_ANSWERS) {
    throw malformed("CK-964 no answer, or too many");
  }
  // CK-963: what is told further down was said by whoever it is told of.
  const ask = await readStatement(request);
  const said: Statement[] = [];
  for (const one of others) said.push(await readStatement(one));
  // CK-964: who asks agrees by asking and has no answer to give to themselves.
  if (ask.kind !== "recording.ask" || equal(ask.key, key)) {
    throw malformed("CK-964 it does not begin with a request of somebody else");
  }
  const about = askDigest(ask);
  const answers: Answer[] = [];
  for (const one of said) {
    if (!isAnswer(one)) throw malformed("CK-964 it holds something else than answers");
    const before = answers.at(-1);
    // CK-964: an answer to something else, or of somebody else, would put words into a mouth; one
    // that is out of order could make an old yes the last word.
    const isNext =
      equal(one.key, key) &&
      equal(one.call, ask.call) &&
      equal(one.ask, about) &&
      one.number > (before?.number ?? 0);
    if (!isNext) {
      throw malformed("CK-964 an answer of somebody else, to something else, or out of order");
    }
    verifyFits(one, ask, before);
    answers.push(one);
  }
  return new Consent(key, ask, answers, [request, ...others]);
}

/** Require that an answer can follow the one before it (CK-965). */
function verifyFits(answer: Answer, ask: RecordingAsk, before: Answer | undefined): void {
  switch (answer.kind) {
    case "recording.grant":
      // A yes to more than was asked for would be a request that nobody signed.
      if (!isPart(answer.kinds, ask.kinds) || (answer.clear && !ask.clear)) {
        throw malformed("CK-965 a yes to what nobody asked for");
      }
      return;
    case "recording.withdrawal":
      // Who takes back a yes that is not here has left it out.
      if (before === undefined || stateOf(before) !== State.GIVEN) {
        throw malformed("CK-965 a yes is taken back that is not here");
      }
      return;
    case "recording.refusal":
      return;
  }
}

/** Return the error for what makes no record, and for what is no receipt. */
export function malformed(why: string): PeerError {
  return new PeerError(Code.MALFORMED, why);
}
