/**
 * The machines make the same moves as in Python, and no order of events breaks what they promise.
 *
 * The tables come first: they are exhaustive over their scope. The properties have histories of
 * their own, from a seeded generator.
 */

import { describe, expect, test } from "vitest";
import { equal } from "../core/bytes.ts";
import { emptyBoard, REMEMBERED_CALLS } from "../core/call_board.ts";
import type { Effect } from "../core/call_effects.ts";
import type { Event } from "../core/call_events.ts";
import type { State } from "../core/call_types.ts";
import type * as contact from "../core/contact_types.ts";
import type * as group from "../core/group_call_types.ts";
import { allowed, isSame } from "../core/recording_rules.ts";
import { groupState } from "./machine_readers_group.ts";
import {
  attempt,
  BOARD,
  CALL,
  CONTACT,
  GROUP_CALL,
  historyDisagreements,
  load,
  type Machine,
  type Outcome,
  RECORDING,
  readHistories,
  readTable,
  tableDisagreements,
} from "./machine_vectors.ts";
import { MismatchError } from "./vector_element.ts";

/** A table as JSON, to be changed. */
type Json = Record<string, unknown>;
type JsonMove = { state: string; event: string; next: string; effects: Json[] };
type JsonMisuse = { state: string; event: string; misuse: string };
type JsonTable = {
  count: number;
  states: Record<string, Json>;
  events: Record<string, Json>;
  rows: (JsonMove | JsonMisuse)[];
};

function first<T>(items: Iterable<T>): T {
  for (const item of items) return item;
  throw new Error("nothing there");
}

function isLoud(row: JsonMove | JsonMisuse): row is JsonMove {
  return "effects" in row && row.effects.length > 1;
}

/** The first row with two effects or more. */
function loud({ rows }: JsonTable): JsonMove {
  return first(rows.filter(isLoud));
}

/** The first misuse. */
function misuse({ rows }: JsonTable): JsonMisuse {
  return first(rows.filter((row) => "misuse" in row));
}

function replaced(table: JsonTable, row: JsonMove | JsonMisuse, by: JsonMove | JsonMisuse): void {
  table.rows[table.rows.indexOf(row)] = by;
}

/** Changes of a table, each of which must be noticed. */
const MUTANTS: Readonly<Record<string, (table: JsonTable) => void>> = {
  "no row": (table) => Object.assign(table, { rows: [], count: 0 }),
  "a row less": (table) => table.rows.pop(),
  "a row less, and the header": (table) => {
    table.rows.pop();
    table.count = table.rows.length;
  },
  "a row twice": (table) => table.rows.splice(0, 1, ...table.rows.slice(1, 2)),
  "another machine": (table) => Object.assign(table, { machine: "other" }),
  "a field more": (table) => Object.assign(table, { surprise: 1 }),
  "a field more in a row": (table) => Object.assign(loud(table), { surprise: 1 }),
  "another sentence": (table) => Object.assign(misuse(table), { misuse: "" }),
  "a move that is a misuse": (table) => {
    const { state, event } = misuse(table);
    replaced(table, misuse(table), { state, event, next: state, effects: [] });
  },
  "a misuse that is a move": (table) => {
    const { state, event } = loud(table);
    replaced(table, loud(table), { state, event, misuse: "no" });
  },
  "another next state": (table) => {
    const row = loud(table);
    row.next = first(Object.keys(table.states).filter((name) => name !== row.next));
  },
  "an unknown next state": (table) => Object.assign(loud(table), { next: "other" }),
  "an effect less": (table) => loud(table).effects.pop(),
  "an effect more": (table) => loud(table).effects.push(...loud(table).effects),
  "another order of effects": (table) => loud(table).effects.reverse(),
  "an unknown effect": (table) => Object.assign(first(loud(table).effects), { kind: "other" }),
  "an unknown event": (table) => Object.assign(first(Object.values(table.events)), { kind: "x" }),
  "an unknown state": (table) => Object.assign(first(Object.values(table.states)), { kind: "x" }),
  "a shorter id": (table) => {
    const mangled = JSON.stringify(table.states).replace(/"([0-9a-f]{2})([0-9a-f]{30,})"/, '"$2"');
    table.states = JSON.parse(mangled);
  },
};

function problems<S, E, F>(machine: Machine<S, E, F>, file: unknown): readonly string[] {
  try {
    return tableDisagreements(machine, file);
  } catch (error) {
    return [String(error)];
  }
}

function describeMachine<S, E, F>(machine: Machine<S, E, F>): void {
  const { name } = machine;
  describe(`the ${name} machine`, () => {
    test("makes every move of the table as Python does", () => {
      expect(tableDisagreements(machine, load(`machine-${name}.json`))).toEqual([]);
    });
    test("lives through every history as Python does", () => {
      expect(historyDisagreements(machine, load(`machine-${name}-histories.json`))).toEqual([]);
    });
    test.each(Object.entries(MUTANTS))("a changed table is noticed: %s", (_, change) => {
      const file = load(`machine-${name}.json`) as JsonTable;
      change(file);
      expect(problems(machine, file)).not.toEqual([]);
    });
    test("a changed history is noticed", () => {
      const file = load(`machine-${name}-histories.json`) as {
        count: number;
        histories: unknown[][][];
      };
      const step = first(first(file.histories).filter((one) => one.length === 4));
      step[2] = Number(step[2]) + 1;
      expect(historyDisagreements(machine, file)).not.toEqual([]);
      file.count = 0;
      expect(() => readHistories(machine, file)).toThrow("header");
    });
  });
}

describeMachine(CALL);
describeMachine(BOARD);
describeMachine(CONTACT);
describeMachine(GROUP_CALL);
describeMachine(RECORDING);

test("sets and mappings of a group call are read strictly", () => {
  const inside = {
    kind: "inside",
    own: 3,
    epoch: 5,
    leaves: [2, 3],
    sending: 5,
    going: [2],
    joiners: [],
    wishedAt: 100.1,
    offered: null,
    ready: [[2, 5]],
    switchAt: null,
    inRoom: true,
  };
  expect(groupState(inside)).toMatchObject({ going: new Set([2]), ready: new Map([[2, 5]]) });
  const changes = [
    { going: [2, 2] },
    { ready: [[2]] },
    { ready: [[2, 5, 5]] },
    {
      ready: [
        [2, 5],
        [2, 4],
      ],
    },
    { inRoom: 1 },
    { wishedAt: "100.1" },
  ];
  for (const change of changes) {
    expect(() => groupState({ ...inside, ...change })).toThrow(MismatchError);
  }
});

/** Small numbers that look random and are the same every time (mulberry32). */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

type Moved<S, E, F> = Readonly<{ before: S; event: E; after: S; effects: readonly F[] }>;

/** Live through 300 random histories of 40 events; misuses are passed over. */
function lives<S, E, F>(machine: Machine<S, E, F>, start: S): readonly Moved<S, E, F>[][] {
  const events = [...readTable(machine, load(`machine-${machine.name}.json`)).events.values()];
  const below = seeded(20);
  return Array.from({ length: 300 }, () => {
    const trail: Moved<S, E, F>[] = [];
    let state = start;
    let now = 100;
    for (let i = 0; i < 40; i++) {
      now += below(4) * below(4);
      const event = machine.at(events[below(events.length)] as E, now);
      const outcome: Outcome<S, F> = attempt(machine, state, event);
      if (typeof outcome === "string") continue;
      trail.push({ before: state, event, after: outcome.state, effects: outcome.effects });
      state = outcome.state;
    }
    return trail;
  });
}

describe("whatever the order of events", () => {
  const toTheOtherSide = new Set<Effect["kind"]>([
    "sendInvite",
    "sendAccept",
    "sendTaken",
    "sendCancel",
    "sendMissed",
    "sendWelcome",
    "sendReady",
    "sendReveal",
    "sendCandidates",
    "sendHangup",
    "restartIce",
    "answerRestart",
    "gatherCandidates",
  ]);

  test("a call ends once, reports it after erasing its keys, and says no more", () => {
    let ended = 0;
    for (const trail of lives<State, Event, Effect>(CALL, { kind: "idle" })) {
      const kinds = trail.flatMap(({ effects }) => effects.map(({ kind }) => kind));
      const end = trail.findIndex(({ after }) => after.kind === "ended");
      expect(kinds.filter((kind) => kind === "reportEnd")).toHaveLength(end < 0 ? 0 : 1);
      if (end < 0) continue;
      ended++;
      expect(trail.slice(end + 1).flatMap(({ effects }) => effects)).toEqual([]);
      if (!kinds.some((kind) => toTheOtherSide.has(kind))) continue;
      expect(kinds.indexOf("eraseKeys")).toBeGreaterThan(kinds.indexOf("stopMedia"));
      expect(kinds.indexOf("eraseKeys")).toBeGreaterThan(
        kinds.findLastIndex((kind) => toTheOtherSide.has(kind)),
      );
      expect(kinds.indexOf("reportEnd")).toBeGreaterThan(kinds.indexOf("eraseKeys"));
    }
    expect(ended).toBeGreaterThan(100);
  });

  test("nothing leaves a callee before a person accepts (CK-350)", () => {
    let accepted = 0;
    for (const trail of lives<State, Event, Effect>(CALL, { kind: "idle" })) {
      if (!trail.some(({ after }) => after.kind === "ringing")) continue;
      const tap = trail.findIndex(({ event }) => event.kind === "acceptRequested");
      const silent = tap < 0 ? trail : trail.slice(0, tap);
      const said = silent.flatMap(({ effects }) => effects.map(({ kind }) => kind));
      expect(said.filter((kind) => toTheOtherSide.has(kind))).toEqual([]);
      if (tap >= 0) accepted++;
    }
    expect(accepted).toBeGreaterThan(10);
  });

  test("a call that is over rings no second time, and few are remembered (CK-360)", () => {
    let rang = 0;
    const own = first(readTable(BOARD, load("machine-call-board.json")).states.values()).own;
    for (const trail of lives(BOARD, emptyBoard(own))) {
      for (const { before, event, after, effects } of trail) {
        expect(after.over.length).toBeLessThanOrEqual(REMEMBERED_CALLS);
        if (event.kind !== "inviteArrived") continue;
        const isOver = before.over.some((call) => equal(call, event.call));
        if (isOver) expect(effects).toEqual([{ kind: "drop", code: "replayed" }]);
        else if (after.live !== null && equal(after.live.call, event.call)) rang++;
      }
    }
    expect(rang).toBeGreaterThan(100);
  });

  test("only a person changes a contact's identity, and lists only grow newer", () => {
    let pairs = 0;
    for (const trail of lives<contact.State, contact.Event, contact.Effect>(CONTACT, {
      kind: "stranger",
    })) {
      for (const { before, event, after } of trail) {
        if (after.kind !== "accepted") continue;
        if (before.kind === "accepted") {
          pairs++;
          expect(equal(after.person.identityKey, before.person.identityKey)).toBe(true);
          expect(after.person.listVersion).toBeGreaterThanOrEqual(before.person.listVersion);
        }
        if (before.kind === "suspended") {
          if (event.kind !== "identityTrusted") throw new Error("nobody was asked");
          expect(equal(after.person.identityKey, event.identityKey)).toBe(true);
        }
      }
    }
    expect(pairs).toBeGreaterThan(100);
  });

  test("whoever is out of a group call has no key of it, was told so, and says no more", () => {
    let inside = 0;
    for (const trail of lives<group.State, group.Event, group.Effect>(GROUP_CALL, {
      kind: "idle",
    })) {
      const out = trail.findIndex(({ after }) => after.kind === "outside");
      if (out < 0) continue;
      const kinds = (trail[out]?.effects ?? []).map(({ kind }) => kind);
      expect(kinds.slice(-3)).toEqual(["wipeKeys", "setDeadline", "reportOutside"]);
      expect(trail.slice(out + 1).flatMap(({ effects }) => effects)).toEqual([]);
      if (trail[out]?.before.kind === "inside") inside++;
    }
    expect(inside).toBeGreaterThan(100);
  });

  test("frames of a leaf that went are dropped before new keys come (CK-861)", () => {
    let dropped = 0;
    for (const trail of lives<group.State, group.Event, group.Effect>(GROUP_CALL, {
      kind: "idle",
    })) {
      for (const { before, event, after, effects } of trail) {
        if (before.kind !== "inside" || event.kind !== "epochBegan" || event.went.size === 0) {
          continue;
        }
        const went = [...event.went].sort((one, other) => one - other);
        expect(effects[0]).toEqual({ kind: "dropLeaves", leaves: went });
        expect(effects[1]).toEqual({ kind: "installKeys", epoch: event.epoch });
        if (after.kind !== "inside") throw new Error("nobody took us out");
        expect(went.filter((leaf) => after.ready.has(leaf) || after.going.has(leaf))).toEqual([]);
        dropped++;
      }
    }
    expect(dropped).toBeGreaterThan(20);
  });

  test("what is recorded is what each member agreed to, and it is shown (P17)", () => {
    let recorded = 0;
    const { states } = readTable(RECORDING, load("machine-recording.json"));
    const start = states.get("asking_a_agreed");
    if (start === undefined) throw new Error("nobody asks");
    for (const trail of lives(RECORDING, start)) {
      for (const { after, effects } of trail) {
        if (after.kind !== "inCall") continue;
        for (const [, ask] of after.asks.values()) {
          if (!equal(ask.by, after.own)) continue;
          expect(isSame(ask.recorded, allowed(ask, after.members))).toBe(true);
          expect(isSame(ask.recorded, ask.shown)).toBe(true);
        }
        recorded += effects.filter((one) => one.kind === "record" && one.kinds.size > 0).length;
      }
    }
    expect(recorded).toBeGreaterThan(20);
  });

  test("a refusal changes nothing and stands alone", () => {
    const refused = [
      ...lives<State, Event, Effect>(CALL, { kind: "idle" }).flat(),
      ...lives<contact.State, contact.Event, contact.Effect>(CONTACT, { kind: "stranger" }).flat(),
      ...lives<group.State, group.Event, group.Effect>(GROUP_CALL, { kind: "idle" }).flat(),
      ...lives(RECORDING, { kind: "notBegun" }).flat(),
    ].filter(({ effects }) => effects.some(({ kind }) => kind === "reject"));
    for (const { before, after, effects } of refused) {
      expect(after).toBe(before);
      expect(effects).toHaveLength(1);
    }
    expect(refused.length).toBeGreaterThan(100);
  });
});
