/** Looks whether calls will work here, and says what to mend. */

import { useCallback, useEffect, useState } from "react";
import { en } from "../i18n/en.ts";
import { type Key, say } from "../i18n/text.ts";
import { Icon } from "../icons.tsx";
import type { CheckResult, DoctorCheck } from "../model_actions.ts";
import { useModel } from "../model_hooks.tsx";
import { Btn, Page } from "../ui/parts.tsx";
import { useTask } from "../ui/task.ts";

const ICON = { good: "check", note: "info", bad: "alert", running: "more" } as const;

export default function Doctor() {
  const { devices } = useModel();
  const [checks, setChecks] = useState<readonly DoctorCheck[]>([]);
  const { run, busy } = useTask();
  const look = useCallback(() => {
    setChecks([]);
    void run(() =>
      devices.doctor((check) =>
        setChecks((known) => [...known.filter((one) => one.name !== check.name), check]),
      ),
    );
  }, [devices, run]);
  useEffect(look, [look]);
  return (
    <Page title={say("doctor.title")} lead={say("doctor.lead")}>
      <ul className="card rows checks" aria-busy={busy}>
        {checks.map((check) => (
          <li key={check.name} className={`check is-${check.result}`}>
            <span className="check-icon">
              <Icon name={ICON[check.result]} />
            </span>
            <div className="grow">
              <h2>{say(`doctor.${check.name}`)}</h2>
              <p className="help">{finding(check)}</p>
            </div>
            <span className="check-word">{word(check.result)}</span>
          </li>
        ))}
      </ul>
      <Btn busy={busy} onPress={look}>
        {say("doctor.run")}
      </Btn>
    </Page>
  );
}

function word(result: CheckResult): string {
  return say(`doctor.${result}`);
}

function finding(check: DoctorCheck): string {
  if (check.result === "running") return say("doctor.running");
  const key = `doctor.${check.name}.${check.finding}`;
  return Object.hasOwn(en, key) ? say(key as Key, { value: check.value ?? "" }) : "";
}
