/**
 * The machines' vectors (`vectors/machine-*.json`, written by `tools/make_machine_vectors.py`):
 * every state with every event, and random histories. Python made them; we must do the same.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { step as callStep } from "../core/call.ts";
import { type Board, type BoardEffect, type BoardEvent, boardStep } from "../core/call_board.ts";
import type { Effect } from "../core/call_effects.ts";
import type { Event } from "../core/call_events.ts";
import type { State } from "../core/call_types.ts";
import { step as contactStep } from "../core/contact.ts";
import type * as contact from "../core/contact_types.ts";
import { UsageError } from "../core/errors.ts";
import { step as groupStep } from "../core/group_call.ts";
import type * as group from "../core/group_call_types.ts";
import { begin, step as recordingStep } from "../core/recording.ts";
import type * as recording from "../core/recording_types.ts";
import * as readers from "./machine_readers.ts";
import { list, named, number, type Read, record, text } from "./machine_readers.ts";
import { groupEffect, groupEvent, groupState } from "./machine_readers_group.ts";
import {
  type Begins,
  type NotBegun,
  recordingEffect,
  recordingEvent,
  recordingState,
} from "./machine_readers_recording.ts";
import { MismatchError } from "./vector_element.ts";

const FOLDER = join(import.meta.dirname, "../../vectors");

/** What followed; a text is the sentence of a misuse. */
export type Outcome<S, F> = Readonly<{ state: S; effects: readonly F[] }> | string;

/** A machine, how its vectors are read, and how an event is put off to another time. */
export type Machine<S, E, F> = Readonly<{
  name: string;
  step: (state: S, event: E) => Readonly<{ state: S; effects: readonly F[] }>;
  at: (event: E, now: number) => E;
  state: Read<S>;
  event: Read<E>;
  effect: Read<F>;
}>;

function callEventAt(event: Event, now: number): Event {
  return "now" in event ? { ...event, now } : event;
}

export const CALL: Machine<State, Event, Effect> = {
  name: "call",
  step: callStep,
  at: callEventAt,
  state: readers.callState,
  event: readers.callEvent,
  effect: readers.callEffect,
};

export const BOARD: Machine<Board, BoardEvent, BoardEffect> = {
  name: "call-board",
  step: (board, event) => {
    const { board: state, effects } = boardStep(board, event);
    return { state, effects };
  },
  at: (event, now) => {
    if (event.kind === "happened") return { ...event, event: callEventAt(event.event, now) };
    return "now" in event ? { ...event, now } : event;
  },
  state: readers.board,
  event: readers.boardEvent,
  effect: readers.boardEffect,
};

export const CONTACT: Machine<contact.State, contact.Event, contact.Effect> = {
  name: "contact",
  step: contactStep,
  at: (event, now) => ("now" in event ? { ...event, now } : event),
  state: readers.contactState,
  event: readers.contactEvent,
  effect: readers.contactEffect,
};

export const GROUP_CALL: Machine<group.State, group.Event, group.Effect> = {
  name: "group-call",
  step: groupStep,
  at: (event, now) => ("now" in event ? { ...event, now } : event),
  state: groupState,
  event: groupEvent,
  effect: groupEffect,
};

/** A recording's machine has no idle state: the vectors ask of its beginning as of an event. */
export const RECORDING: Machine<
  recording.State | NotBegun,
  recording.Event | Begins,
  recording.Effect
> = {
  name: "recording",
  step: (state, event) => {
    if (event.kind === "begins") {
      if (state.kind !== "notBegun") throw new UsageError("it has begun");
      return begin(event.own, event.members, event.never, event.now);
    }
    if (state.kind === "notBegun") throw new UsageError("it has not begun");
    return recordingStep(state, event);
  },
  at: (event, now) => ("now" in event ? { ...event, now } : event),
  state: recordingState,
  event: recordingEvent,
  effect: recordingEffect,
};

/** Load a file as plain JSON. */
export function load(name: string): unknown {
  return JSON.parse(readFileSync(join(FOLDER, name), "utf8"));
}

/** Take one step; a misuse gives its sentence, any other error is one. */
export function attempt<S, E, F>(machine: Machine<S, E, F>, state: S, event: E): Outcome<S, F> {
  try {
    return machine.step(state, event);
  } catch (error) {
    if (error instanceof UsageError) return error.detail;
    throw error;
  }
}

function get<K, V>(map: ReadonlyMap<K, V>, key: K): V {
  const value = map.get(key);
  if (value === undefined) throw new MismatchError(`nothing is called ${String(key)}`);
  return value;
}

function item<T>(items: readonly T[], index: number): T {
  const value = items[index];
  if (value === undefined) throw new MismatchError(`no item ${index}`);
  return value;
}

type Row<F> = Readonly<{ state: string; event: string }> &
  (Readonly<{ next: string; effects: readonly F[] }> | Readonly<{ misuse: string }>);

/** A table: every state of the scope with every event. */
export type Table<S, E, F> = Readonly<{
  about: string;
  machine: string;
  count: number;
  states: ReadonlyMap<string, S>;
  events: ReadonlyMap<string, E>;
  rows: readonly Row<F>[];
}>;

function rowReader<F>(effect: Read<F>): Read<Row<F>> {
  const moved = record({ state: text, event: text, next: text, effects: list(effect) });
  const misused = record({ state: text, event: text, misuse: text });
  return (value) =>
    typeof value === "object" && value !== null && "misuse" in value
      ? misused(value)
      : moved(value);
}

/** Read a table and check its header: not empty, as many rows as it says, each pair once. */
export function readTable<S, E, F>(machine: Machine<S, E, F>, file: unknown): Table<S, E, F> {
  const table = record<Table<S, E, F>>({
    about: text,
    machine: text,
    count: number,
    states: named(machine.state),
    events: named(machine.event),
    rows: list(rowReader(machine.effect)),
  })(file);
  const { rows, events } = table;
  const before = new Set(rows.map((row) => row.state));
  const pairs = new Set(rows.map((row) => `${row.state} x ${row.event}`));
  const square = before.size * events.size;
  if (table.machine !== machine.name) throw new MismatchError("another machine's table");
  if (rows.length === 0) throw new MismatchError("an empty table");
  if (rows.length !== table.count) throw new MismatchError("not as many rows as the header says");
  if (pairs.size !== rows.length || square !== rows.length) {
    throw new MismatchError("not every state with every event");
  }
  return table;
}

/** Make each move of a table; return those that end elsewhere than in Python. */
export function tableDisagreements<S, E, F>(machine: Machine<S, E, F>, file: unknown): string[] {
  const { states, events, rows } = readTable(machine, file);
  const wrong = rows.filter((row) => {
    const ours = attempt(machine, get(states, row.state), get(events, row.event));
    const theirs: Outcome<S, F> =
      "misuse" in row ? row.misuse : { state: get(states, row.next), effects: row.effects };
    return !isDeepStrictEqual(ours, theirs);
  });
  return wrong.map((row) => `${row.state} x ${row.event}`);
}

/** One step of a history: event, time, and the numbers of what followed or a misuse's sentence. */
type Moved =
  | readonly [event: string, now: number, state: number, effects: number]
  | readonly [event: string, now: number, misuse: string];

const moved: Read<Moved> = (value) => {
  if (!Array.isArray(value)) throw new MismatchError("not a step");
  const [event, now, after, effects]: unknown[] = value;
  if (value.length === 3) return [text(event), number(now), text(after)];
  if (value.length !== 4) throw new MismatchError("not a step");
  return [text(event), number(now), number(after), number(effects)];
};

/** Histories, each from the same state. */
export type Histories<S, E, F> = Readonly<{
  about: string;
  machine: string;
  count: number;
  start: number;
  events: ReadonlyMap<string, E>;
  states: readonly S[];
  effects: readonly (readonly F[])[];
  histories: readonly (readonly Moved[])[];
}>;

/** Read histories and check their header. */
export function readHistories<S, E, F>(
  machine: Machine<S, E, F>,
  file: unknown,
): Histories<S, E, F> {
  const read = record<Histories<S, E, F>>({
    about: text,
    machine: text,
    count: number,
    start: number,
    events: named(machine.event),
    states: list(machine.state),
    effects: list(list(machine.effect)),
    histories: list(list(moved)),
  })(file);
  const steps = read.histories.reduce((sum, history) => sum + history.length, 0);
  if (read.machine !== machine.name) throw new MismatchError("another machine's histories");
  if (steps === 0) throw new MismatchError("no step at all");
  if (steps !== read.count) throw new MismatchError("not as many steps as the header says");
  return read;
}

/** Live through each history; return the first step of each that ends elsewhere than in Python. */
export function historyDisagreements<S, E, F>(machine: Machine<S, E, F>, file: unknown): string[] {
  const { start, events, states, effects, histories } = readHistories(machine, file);
  const wrong: string[] = [];
  for (const [which, history] of histories.entries()) {
    let state = item(states, start);
    for (const [name, now, after, done] of history) {
      const ours = attempt(machine, state, machine.at(get(events, name), now));
      const theirs: Outcome<S, F> =
        done === undefined
          ? text(after)
          : { state: item(states, number(after)), effects: item(effects, done) };
      if (!isDeepStrictEqual(ours, theirs)) {
        wrong.push(`history ${which}: ${name} at ${now}`);
        break;
      }
      if (typeof ours !== "string") state = ours.state;
    }
  }
  return wrong;
}
