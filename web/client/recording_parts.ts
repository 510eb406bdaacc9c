/**
 * What consent to recordings of a call is made from, and what is known of it.
 *
 * Not for: anything that happens (`recording_shell.ts`).
 */

import { get } from "../core/byte_sets.ts";
import { equal, type Rng } from "../core/bytes.ts";
import type { Where } from "../core/consent_record.ts";
import { Code, UnavailableError } from "../core/errors.ts";
import type { CallId, ConsentKey, Digest } from "../core/ids.ts";
import { step } from "../core/recording.ts";
import { MAX_MEMBERS, type RecordingAsk } from "../core/recording_statements.ts";
import {
  type Ask,
  type InCall,
  type Kinds,
  MAX_ASKS,
  type OverReason,
  type Step,
} from "../core/recording_types.ts";
import type { FrameKeys } from "../media/interfaces.ts";
import type { OwnConsent } from "./consent_key.ts";
import type { RecordingMeans } from "./recording_means.ts";
import type { Spawn } from "./recording_shares.ts";
import type { Say } from "./recording_speech.ts";

/** What the person wants to record, and for what: nothing of it may be left open. */
export type Wanted = Pick<
  RecordingAsk,
  "kinds" | "purpose" | "place" | "days" | "recipients" | "clear" | "named"
>;

/** Why the person cannot ask now. */
export type MayNotAsk =
  | "never"
  | "alone"
  | "asked"
  | "too_often"
  | "held"
  | "confidential"
  | "unable";

/** A request that goes on. */
export type Known = Readonly<{ id: Digest; request: RecordingAsk; ask: Ask }>;

/** What may be recorded now, as the machine shows it. */
export type Shown = Readonly<{ id: Digest; by: ConsentKey; kinds: Kinds }>;

/** Something that is asked no longer. */
export type Over = Readonly<{
  id: Digest;
  request: RecordingAsk;
  reason: OverReason;
  /** By whose word it is over, if it was another member's. */
  by: ConsentKey | undefined;
}>;

/** What a shell is made from. Never printed. */
export type RecordingParts = Readonly<{
  call: CallId;
  own: OwnConsent;
  means: RecordingMeans;
  rng: Rng;
  /** Returns unix seconds. */
  unix: () => number;
  /** Returns seconds that never go backwards. */
  monotonic: () => number;
  /** Where frames are sealed and opened. */
  frames: Pick<FrameKeys, "hold" | "release" | "tape">;
  say: Say;
  /** Runs what goes on beside the call, and may outlast it. */
  spawn: Spawn;
  /** Whether nobody may ask, here or there. */
  confidential?: () => boolean;
  /** Returns with whom the call is. */
  title?: () => string;
  /** In which conversation it is; undefined or null: in none, as with guests. */
  where?: Where | null;
  /** Returns what somebody in it is called. */
  name?: (key: ConsentKey) => string;
  /** Told that something may have changed. */
  changed?: () => void;
}>;

/** Return why the person cannot ask, as far as the machine knows. */
export function mayNotAskIn({ asks, counts, held, members, never, own }: InCall): MayNotAsk | null {
  if (members.size > MAX_MEMBERS) return "unable";
  if (members.size === 1) return "alone";
  if (held) return "held";
  if (never.size > 0) return "never";
  if ([...asks.values()].some(([, { by }]) => equal(by, own))) return "asked";
  return (get(counts, own) ?? 0) >= MAX_ASKS ? "too_often" : null;
}

/** @throws UnavailableError CONFLICT, there is such a reason. */
export function requireMayAsk(why: MayNotAsk | null): void {
  if (why !== null) throw new UnavailableError(Code.CONFLICT, `nobody can be asked now: ${why}`);
}

/** What the person is about to say, and has to wait for: one press counts once. */
export class Presses {
  readonly #under = new Set<string>();
  readonly #changed: () => void;

  /** @param changed Told that something began or ended. */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** Whether this is under way. */
  has(what: string): boolean {
    return this.#under.has(what);
  }

  /** Do it. @throws UnavailableError CONFLICT, it is under way. */
  async once<T>(what: string, work: () => Promise<T>): Promise<T> {
    if (this.#under.has(what)) throw new UnavailableError(Code.CONFLICT, "it is being said");
    this.#under.add(what);
    this.#changed();
    try {
      return await work();
    } finally {
      this.#under.delete(what);
      this.#changed();
    }
  }
}

/** Return a step in a confidential call: whatever is asked is refused, and the person is not asked. */
export function inConfidence(made: Step): Step {
  let { state } = made;
  const effects = made.effects.flatMap((effect) => {
    if (effect.kind !== "askPerson") return [effect];
    const refused = step(state, { kind: "personRefused", ask: effect.ask });
    state = refused.state;
    return refused.effects;
  });
  return { state, effects };
}
