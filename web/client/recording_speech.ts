/**
 * What one device says about recording a call: signed with its consent key, and sent in order.
 *
 * Not for: what is said, or when (`recording_shell.ts`).
 */

import type { RecordingSaid } from "../core/content_recording.ts";
import type { CallId, ConsentKey, Digest } from "../core/ids.ts";
import { assertNever } from "../core/never.ts";
import {
  askDigest,
  callReference,
  type RecordingAsk,
  type Statement,
  signStatement,
  WithdrawBy,
} from "../core/recording_statements.ts";
import type { Event } from "../core/recording_types.ts";
import type { OwnConsent } from "./consent_key.ts";
import type { Laid, SaidStatement } from "./recording_means.ts";
import type { Wanted } from "./recording_parts.ts";

/** Says something to all members, after what was said before; never rejects. */
export type Say = (said: RecordingSaid) => Promise<void>;

/**
 * So many statements are said again to whoever comes back into the room. Higher: more is made up for;
 * lower: less is said in vain, as a statement counts once (CK-930).
 */
export const RECENT = 12;

type Recent = Readonly<{ said: RecordingSaid; statement: Statement }>;

const ENDS: ReadonlySet<Statement["kind"]> = new Set([
  "recording.refusal",
  "recording.withdrawal",
  "recording.end",
]);

/** Signs and sends. */
export class Speech {
  /** By what statements name the call. */
  readonly call: Digest;
  readonly #own: OwnConsent;
  readonly #unix: () => number;
  readonly #say: Say;
  readonly #recent: Recent[] = [];
  /** Ends when all that was said is on its way. */
  #saying: Promise<void> = Promise.resolve();

  constructor(call: CallId, own: OwnConsent, unix: () => number, say: Say) {
    this.call = callReference(call);
    this.#own = own;
    this.#unix = unix;
    this.#say = say;
  }

  /** What each statement of ours has. */
  head(number: number): Readonly<{ call: Digest; key: ConsentKey; number: number; at: number }> {
    return { call: this.call, key: this.#own.key, number, at: this.#unix() };
  }

  /** Return a request of ours. */
  request(wanted: Wanted, number: number): RecordingAsk {
    return { kind: "recording.ask", ...this.head(number), ...wanted, withdraw: WithdrawBy.APP };
  }

  /** Sign a statement. Throws as `signStatement`. */
  async sign(statement: Statement): Promise<SaidStatement> {
    return { signed: await signStatement(statement, this.#own.privateKey), statement };
  }

  /**
   * Send what was signed; returns when it is on its way, as far as can be told.
   *
   * @param laid Our share, where the statement is a request or a yes.
   */
  say(signed: SaidStatement, laid?: Laid): Promise<void> {
    const { slot = null, read = null } = laid ?? {};
    const said: RecordingSaid = { kind: "recording.said", statement: signed.signed, slot, read };
    this.#recent.push({ said, statement: signed.statement });
    if (this.#recent.length > RECENT) this.#recent.shift();
    this.#saying = this.#saying.then(() => this.#say(said));
    return this.#saying;
  }

  /**
   * Return what was said last, for who may have missed it: of what is over, its end alone.
   *
   * @param goesOn Whether a request does.
   */
  recent(goesOn: (ask: Digest) => boolean): readonly RecordingSaid[] {
    const wanted = this.#recent.filter(({ statement }) => {
      return goesOn(askOf(statement)) || ENDS.has(statement.kind);
    });
    return wanted.map(({ said }) => said);
  }
}

/** Return the request that a statement is, or is about. */
export function askOf(statement: Statement): Digest {
  return statement.kind === "recording.ask" ? askDigest(statement) : statement.ask;
}

/**
 * Return what a member said as an event of the machine.
 *
 * @param by Whose consent key signed it.
 * @param ask The request that it is, or is about.
 */
export function eventOf(by: ConsentKey, ask: Digest, statement: Statement): Event {
  const { number } = statement;
  switch (statement.kind) {
    case "recording.ask":
      return { kind: "askReceived", by, number, ask, kinds: statement.kinds };
    case "recording.grant": {
      const { kinds, members } = statement;
      return { kind: "grantReceived", by, number, ask, kinds, members };
    }
    case "recording.refusal":
      return { kind: "refusalReceived", by, number, ask };
    case "recording.withdrawal":
      return { kind: "withdrawalReceived", by, number, ask };
    case "recording.progress":
      return { kind: "progressReceived", by, number, ask, kinds: statement.kinds };
    case "recording.end":
      return { kind: "endReceived", by, number, ask };
    default:
      return assertNever(statement);
  }
}
