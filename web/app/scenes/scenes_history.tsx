/** The screens of the history of calls, in states worth looking at. */

import { type ComponentType, lazy, type ReactNode } from "react";
import { NO_MARK } from "../../core/call_entry.ts";
import { DEFAULT, PRESETS, Preset } from "../../core/keeping.ts";
import type { AppState } from "../model.ts";
import type { CallHistory } from "../model_history.ts";
import { awaitedAs } from "./fixtures.ts";
import * as c from "./fixtures_calls.ts";
import type { Scene } from "./scenes.tsx";

const Calls = lazy(() => import("../screens/calls.tsx"));
const Keeping = lazy(() => import("../screens/keeping.tsx"));
const Delete = lazy(async () => ({
  default: (await import("../screens/delete_calls.tsx")).DeleteCalls,
}));
const Sheet = lazy(async () => ({
  default: (await import("../screens/call_sheet.tsx")).CallSheet,
}));

const nothing = () => undefined;

function state(change: Partial<CallHistory> = {}, more: Partial<AppState> = {}): Partial<AppState> {
  const history = { entries: c.LIFE, settings: DEFAULT, wishes: [], ...change };
  return { people: c.CALL_PEOPLE, threads: new Map(), history, ...more };
}

function beside(page: ReactNode): ReactNode {
  return (
    <div className="shell at-page">
      <main className="panes">
        <div className="pane-list" />
        <div className="pane-page">{page}</div>
      </main>
    </div>
  );
}

function inside<P extends object>(Screen: ComponentType<P>, props: P): ReactNode {
  return beside(<Screen {...props} />);
}

/** A sheet stands above a page, and a page has a heading. */
function above(sheet: ReactNode): ReactNode {
  return (
    <>
      {inside(Calls, {})}
      {sheet}
    </>
  );
}

const [MISSED, PINNED] = c.FEW;
const WISHES = [{ person: c.CALL_MIRA.id, calls: 3 }];
const OFF = PRESETS[Preset.NOTHING_KEPT];
/** One contact has come after us, the others are awaited. */
const [CAME, ...NOT_HERE] = c.CALL_PEOPLE;
const MOVED = { people: CAME ? [CAME] : [], awaited: NOT_HERE.map(awaitedAs) };
const OWN = { ...DEFAULT, keep: 24 * 7, details: false };

export const HISTORY_SCENES: Readonly<Record<string, () => Scene>> = {
  calls: () => ({ route: { at: "calls" }, state: state({ entries: c.FEW }) }),
  "calls-many": () => ({ route: { at: "calls" }, state: state({ entries: c.many(100_000) }) }),
  "calls-many-home": () => ({ state: state({ entries: c.many(100_000) }) }),
  "calls-moved": () => ({ route: { at: "calls" }, state: state({ entries: c.FEW }, MOVED) }),
  "calls-people": () => ({ element: inside(Calls, { by: "person" as const }), state: state() }),
  "calls-filtered": () => ({
    element: inside(Calls, { first: { text: "mira", missed: true } }),
    state: state(),
  }),
  "calls-none": () => ({ element: inside(Calls, { first: { text: "zzz" } }), state: state() }),
  "calls-empty": () => ({ route: { at: "calls" }, state: state({ entries: [] }) }),
  "calls-off": () => ({ route: { at: "calls" }, state: state({ entries: [], settings: OFF }) }),
  "calls-with": () => ({ route: { at: "callsWith", id: c.CLINIC.id }, state: state() }),
  "calls-wishes": () => ({
    route: { at: "calls" },
    state: state({ entries: c.FEW, wishes: WISHES }),
  }),
  "home-wishes": () => ({ state: state({ wishes: WISHES }) }),
  "calls-rtl": () => ({
    route: { at: "calls" },
    state: state({ entries: c.FEW }),
    dir: "rtl",
  }),
  "call-sheet": () => ({
    element: PINNED && above(<Sheet entry={PINNED} onClose={nothing} />),
    state: state({ entries: c.FEW }),
  }),
  "call-sheet-missed": () => ({
    element: MISSED && above(<Sheet entry={MISSED} onClose={nothing} />),
    state: state({ entries: c.FEW }),
  }),
  "call-sheet-moved": () => ({
    element: PINNED && above(<Sheet entry={PINNED} onClose={nothing} />),
    state: state({ entries: c.FEW }, { people: [], awaited: c.CALL_PEOPLE.map(awaitedAs) }),
  }),
  "call-sheet-long-note": () => ({
    element:
      MISSED &&
      above(
        <Sheet
          entry={{ ...MISSED, mark: { ...NO_MARK, count: 1, note: "long ".repeat(110) } }}
          onClose={nothing}
        />,
      ),
    state: state({ entries: c.FEW }),
  }),
  "delete-one": () => ({
    element: MISSED && above(<Delete what={{ kind: "one", entry: MISSED }} onClose={nothing} />),
    state: state({ entries: c.FEW }),
  }),
  "delete-all": () => ({
    element: above(<Delete what={{ kind: "all", entries: c.LIFE }} onClose={nothing} />),
    state: state(),
  }),
  "delete-done": () => ({
    element: above(<Delete what={{ kind: "all", entries: c.LIFE }} onClose={nothing} done />),
    state: state(),
  }),
  keeping: () => ({ route: { at: "keeping" }, state: state() }),
  "keeping-off": () => ({ route: { at: "keeping" }, state: state({ entries: [], settings: OFF }) }),
  "keeping-own": () => ({
    route: { at: "keeping" },
    state: state(
      { settings: OWN, wishes: WISHES },
      {
        people: c.CALL_PEOPLE.map((one, i) =>
          i === 5 ? { ...one, rules: { ...one.rules, keepsHours: 0 } } : one,
        ),
      },
    ),
  }),
  "preset-nothing": () => ({
    element: inside(Keeping, { choosing: Preset.NOTHING_KEPT }),
    state: state(),
  }),
  "preset-convenient": () => ({
    element: inside(Keeping, { choosing: Preset.CONVENIENT }),
    state: state({ settings: OWN }),
  }),
  "preset-same": () => ({
    element: inside(Keeping, { choosing: Preset.BALANCED }),
    state: state(),
  }),
  "person-calls": () => ({ route: { at: "person", id: c.CALL_MIRA.id }, state: state() }),
  insights: () => ({ route: { at: "insights" }, state: state() }),
  "insights-few": () => ({ route: { at: "insights" }, state: state({ entries: c.FEW }) }),
  "insights-empty": () => ({ route: { at: "insights" }, state: state({ entries: [] }) }),
  mirror: () => ({ route: { at: "mirror" }, state: state() }),
  "mirror-empty": () => ({ route: { at: "mirror" }, state: state({ entries: c.FEW }) }),
};

/** Questions that open when something is pressed. */
export const HISTORY_PRESSED: Readonly<Record<string, readonly [scene: string, button: string]>> = {
  "calls-export": ["calls-filtered", "Save as a file"],
  "keeping-delete-all": ["keeping", "Delete all calls"],
  "person-calls-delete": ["person-calls", "Delete them"],
};
