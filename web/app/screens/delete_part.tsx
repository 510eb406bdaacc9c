/** Deleting many calls at once: those of a time, or all. */

import { useMemo, useState } from "react";
import { type Key, say } from "../i18n/text.ts";
import type { CallEntry } from "../model_history.ts";
import { useAppState } from "../model_hooks.tsx";
import { Btn } from "../ui/parts.tsx";
import { Select } from "../ui/select.tsx";
import { DeleteCalls, type What } from "./delete_calls.tsx";

const HOUR_S = 3600;
const DAY_S = 24 * HOUR_S;

/** Spans that are offered: what began after or before so many seconds ago. */
const SPANS = {
  hour: { ago: HOUR_S, older: false },
  day: { ago: DAY_S, older: false },
  week: { ago: 7 * DAY_S, older: false },
  month: { ago: 30 * DAY_S, older: false },
  olderMonth: { ago: 30 * DAY_S, older: true },
  olderYear: { ago: 365 * DAY_S, older: true },
} as const;

type Span = keyof typeof SPANS;

const WORDS = {
  hour: "span.hour",
  day: "span.day",
  week: "span.week",
  month: "span.month",
  olderMonth: "span.olderMonth",
  olderYear: "span.olderYear",
} as const satisfies Record<Span, Key>;

export function within(
  entries: readonly CallEntry[],
  span: Span,
  now: number = Date.now() / 1000,
): readonly CallEntry[] {
  const { ago, older } = SPANS[span];
  return entries.filter(({ at }) => (older ? at < now - ago : at >= now - ago));
}

export function DeletePart() {
  const { entries } = useAppState((state) => state.history);
  const [span, setSpan] = useState<Span>("day");
  const [what, setWhat] = useState<What>();
  const some = useMemo(() => within(entries, span), [entries, span]);
  return (
    <section>
      <h2 className="group-title">{say("delete.title")}</h2>
      <div className="card stack">
        <Select
          label={say("delete.span")}
          value={span}
          onChange={(value) => setSpan(value as Span)}
          options={Object.entries(WORDS).map(([value, key]) => [value, say(key)])}
        />
        <Btn
          look="danger"
          icon="trash"
          disabled={some.length === 0}
          onPress={() => setWhat({ kind: "some", entries: some })}
        >
          {say("delete.some", { count: some.length })}
        </Btn>
        <Btn
          look="danger"
          icon="trash"
          disabled={entries.length === 0}
          onPress={() => setWhat({ kind: "all", entries })}
        >
          {say("delete.all")}
        </Btn>
        <p className="help">{say("delete.single")}</p>
      </div>
      {what && <DeleteCalls what={what} onClose={() => setWhat(undefined)} />}
    </section>
  );
}
