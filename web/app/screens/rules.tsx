/**
 * What one contact may do: which of their calls ring here and when, what they learn of us beside, and
 * whether they bring us into groups. To them a call that does not ring is no answer.
 */

import { ToggleButton } from "react-aria-components/ToggleButton";
import { say, weekday } from "../i18n/text.ts";
import type { Hours, MayCall, Person, Rules } from "../model.ts";
import { useModel } from "../model_hooks.tsx";
import { Failed } from "../ui/failed.tsx";
import { Choice, Toggle } from "../ui/fields.tsx";
import { useTask } from "../ui/task.ts";
import { NeverRecordRule } from "./recording_never.tsx";

const DAYS = [0, 1, 2, 3, 4, 5, 6] as const;
const CALLS: readonly MayCall[] = ["video", "voice", "nothing"];
const ADDS = ["at_once", "asks", "never"] as const;
/** What stands there when hours are switched on: every day, from morning to evening. */
const USUAL: Hours = { days: DAYS, start: 8 * 60, end: 21 * 60 };

/** Whether this contact may bring us into groups. */
export function GroupRule({ person }: { person: Person }) {
  const { people } = useModel();
  const task = useTask();
  const { rules } = person;
  return (
    <section>
      <h2 className="group-title">{say("rules.groups")}</h2>
      <div className="card stack">
        <Choice
          label={say("rules.adds")}
          value={rules.adds ?? "asks"}
          onChange={(chosen) => {
            const adds = chosen === "asks" ? undefined : chosen;
            void task.run(() => people.setRules(person.id, { ...rules, adds }));
          }}
          options={ADDS.map((value) => ({
            value,
            label: say(`rules.adds.${value}`),
            help: say(`rules.adds.${value}Help`),
          }))}
        />
        <Failed task={task} />
      </div>
    </section>
  );
}

export function RulesCard({ person }: { person: Person }) {
  const { people } = useModel();
  const task = useTask();
  const { calls, hours, seesRinging, direct } = person.rules;
  const change = (rules: Partial<Rules>) =>
    void task.run(() => people.setRules(person.id, { ...person.rules, ...rules }));
  const [span] = hours ?? [];
  return (
    <section>
      <h2 className="group-title">{say("rules.title")}</h2>
      <div className="card stack">
        <Choice
          label={say("rules.calls")}
          row
          value={calls}
          onChange={(chosen) => change({ calls: chosen })}
          options={CALLS.map((value) => ({ value, label: say(`rules.calls.${value}`) }))}
        />
        {calls !== "nothing" && (
          <Toggle
            label={say("rules.hours")}
            help={say("rules.hoursHelp")}
            on={hours !== undefined}
            onChange={(on) => change({ hours: on ? [USUAL] : undefined })}
          />
        )}
        {calls !== "nothing" && span && hours?.length === 1 && (
          <Span span={span} onChange={(changed) => change({ hours: [changed] })} />
        )}
        {(hours?.length ?? 0) > 1 && <p className="help">{say("rules.several")}</p>}
        <p className="help">{say("rules.note")}</p>
        {calls !== "nothing" && (
          <Toggle
            label={say("rules.sees")}
            help={say("rules.seesHelp")}
            on={seesRinging}
            onChange={(on) => change({ seesRinging: on })}
          />
        )}
        <Toggle
          label={say("rules.direct")}
          help={say("rules.directHelp")}
          on={direct}
          onChange={(on) => change({ direct: on })}
        />
        <NeverRecordRule rules={person.rules} onChange={change} />
        <Failed task={task} />
      </div>
    </section>
  );
}

function Span({ span, onChange }: { span: Hours; onChange: (span: Hours) => void }) {
  const flip = (day: number, on: boolean) => {
    const days = DAYS.filter((one) => (one === day ? on : span.days.includes(one)));
    if (days.length > 0) onChange({ ...span, days });
  };
  return (
    <div className="stack tight">
      <fieldset className="days">
        <legend className="unseen">{say("rules.days")}</legend>
        {DAYS.map((day) => (
          <ToggleButton
            key={day}
            className="day-toggle"
            aria-label={weekday(day, "long")}
            isSelected={span.days.includes(day)}
            onChange={(on) => flip(day, on)}
          >
            {weekday(day, "narrow")}
          </ToggleButton>
        ))}
      </fieldset>
      <div className="row">
        <TimeOfDay
          label={say("rules.from")}
          minutes={span.start}
          onChange={(start) => onChange({ ...span, start })}
        />
        <TimeOfDay
          label={say("rules.to")}
          minutes={span.end}
          onChange={(end) => onChange({ ...span, end })}
        />
      </div>
    </div>
  );
}

function TimeOfDay(props: { label: string; minutes: number; onChange: (minutes: number) => void }) {
  const two = (value: number) => String(value).padStart(2, "0");
  return (
    <label className="field grow">
      <span className="field-name">{props.label}</span>
      <span className="field-box">
        <input
          className="input"
          type="time"
          required
          value={`${two(Math.floor(props.minutes / 60))}:${two(props.minutes % 60)}`}
          onChange={(event) => {
            const [hours, minutes] = event.target.value.split(":").map(Number);
            if (hours !== undefined && minutes !== undefined) {
              props.onChange(hours * 60 + minutes);
            }
          }}
        />
      </span>
    </label>
  );
}
