/**
 * What screens read of the history of calls and what they can ask of it: part of the border
 * (`model.ts`). Entries are those of the core: there may be 100,000, and none is copied.
 */

import type { Entry } from "../core/call_entry.ts";
import type { Settings } from "../core/content_records.ts";
import type { CallId } from "../core/ids.ts";
import type { Choices, Preset } from "../core/keeping.ts";
import type { PersonId } from "./model.ts";

export type { Entry as CallEntry } from "../core/call_entry.ts";

/** A contact wishes that we delete calls with it. */
export type Wish = Readonly<{ person: PersonId; calls: number }>;

export type CallHistory = Readonly<{
  /** The newest first; the same array until something changes. */
  entries: readonly Entry[];
  /** What the person decided for the whole account. */
  settings: Settings;
  wishes: readonly Wish[];
}>;

export interface HistoryActions {
  /** Pin a call, or note something about it; what is not given stays. */
  mark(call: CallId, change: Readonly<{ pinned?: boolean; note?: string }>): Promise<void>;
  /** Delete calls: gone here when this returns, elsewhere as soon as it can be. */
  remove(calls: readonly CallId[]): Promise<void>;
  removeAll(): Promise<void>;
  /** Decide what is kept; what is not given stays. What is past it goes at once. */
  decide(choices: Partial<Choices>): Promise<void>;
  choose(preset: Preset): Promise<void>;
  /** Ask a contact to delete calls with us; returns how many were named. Nobody sees what it does. */
  askToForget(id: PersonId, calls: readonly CallId[]): Promise<number>;
  /** Delete what a contact wishes deleted, or keep it; it is not told. Returns how many. */
  answerWish(id: PersonId, remove: boolean): Promise<number>;
}
