/** Having something end sooner than the server's own days, never later. */

import { useState } from "react";
import {
  type DataChoices,
  LEAST_ACCOUNT_DAYS,
  LEAST_ENVELOPE_DAYS,
} from "../../core/account_data.ts";
import { say } from "../i18n/text.ts";
import { useModel } from "../model_hooks.tsx";
import { Failed } from "../ui/failed.tsx";
import { Btn, Note } from "../ui/parts.tsx";
import { Select } from "../ui/select.tsx";
import { Sheet } from "../ui/sheet.tsx";
import { useTask } from "../ui/task.ts";

const ENVELOPE_DAYS = [LEAST_ENVELOPE_DAYS, 3, 7, 14, 30, 60];
const ACCOUNT_DAYS = [LEAST_ACCOUNT_DAYS, 30, 90, 180, 365, 730];
/** An account that ends so soon is asked about: a holiday is as long. */
const ASKED_DAYS = 90;

/** Return what can be chosen, "" for the server's own days. What was chosen elsewhere is among it. */
export function dayOptions(
  offered: readonly number[],
  chosen: number | undefined,
  most: number,
): readonly (readonly [value: string, label: string])[] {
  const days = new Set(offered.filter((one) => one < most));
  if (chosen !== undefined && chosen < most) days.add(chosen);
  const sorted = [...days].sort((one, other) => one - other);
  return [
    ...sorted.map((count) => [String(count), say("data.days", { count })] as const),
    ["", say("data.asServer", { count: most })],
  ];
}

/** Return what a choice comes to: one that is not shorter than the server's is the server's. */
function choiceOf(chosen: number | undefined, most: number): string {
  return chosen === undefined || chosen >= most ? "" : String(chosen);
}

export function Shorten(props: {
  choices: DataChoices;
  onClose: () => void;
  onDone: () => Promise<unknown>;
}) {
  const { data } = useModel();
  const [choices, setChoices] = useState(props.choices);
  const [asking, setAsking] = useState<number>();
  const task = useTask();
  const { mostAccountDays, mostEnvelopeDays } = choices;
  const choose = (work: () => Promise<DataChoices>) =>
    void task.run(async () => {
      setChoices(await work());
      setAsking(undefined);
      await props.onDone();
    });
  const account = (text: string) => {
    const days = text === "" ? undefined : Number(text);
    if (days !== undefined && days < ASKED_DAYS) setAsking(days);
    else choose(() => data.setAccountDays(days));
  };
  const asked = say("data.days", { count: asking ?? 0 });
  return (
    <Sheet title={say("data.shorten")} onClose={props.onClose}>
      <p className="soft">{say("data.shortenNote")}</p>
      <div className="stack tight">
        <Select
          label={say("data.envelopeDays")}
          value={choiceOf(choices.envelopeDays, mostEnvelopeDays)}
          options={dayOptions(ENVELOPE_DAYS, choices.envelopeDays, mostEnvelopeDays)}
          onChange={(text) =>
            choose(() => data.setEnvelopeDays(text === "" ? undefined : Number(text)))
          }
        />
        <p className="help">{say("data.envelopeDaysHelp")}</p>
      </div>
      <div className="stack tight">
        <Select
          label={say("data.accountDays")}
          value={
            asking === undefined ? choiceOf(choices.accountDays, mostAccountDays) : `${asking}`
          }
          options={dayOptions(ACCOUNT_DAYS, choices.accountDays, mostAccountDays)}
          onChange={account}
        />
        <p className="help">{say("data.accountDaysHelp")}</p>
      </div>
      {asking !== undefined && (
        <>
          <Note tone="warm" live title={say("data.accountSure", { days: asked })}>
            {say("data.accountSureText", { days: asked })}
          </Note>
          <div className="actions">
            <Btn onPress={() => setAsking(undefined)}>{say("do.cancel")}</Btn>
            <Btn
              look="danger"
              busy={task.busy}
              onPress={() => choose(() => data.setAccountDays(asking))}
            >
              {say("data.accountYes")}
            </Btn>
          </div>
        </>
      )}
      <Failed task={task} />
    </Sheet>
  );
}
