/** Ringing while Visavis is closed: what it does and who sees what, and only then the switch. */

import { useEffect, useState } from "react";
import { type Key, say } from "../i18n/text.ts";
import type { PushOutcome, PushStanding } from "../model_actions.ts";
import { useModel } from "../model_hooks.tsx";
import { Failed } from "../ui/failed.tsx";
import { Btn, Note, Page } from "../ui/parts.tsx";
import { useTask } from "../ui/task.ts";

const WHO = ["service", "server", "system", "caller"] as const;

/** Why it is not on, after the switch was pressed. */
const WHY: Readonly<Partial<Record<PushOutcome, Key>>> = {
  denied: "push.denied",
  refused: "push.refused",
  failed: "push.failed",
};

type First = Readonly<{ standing: PushStanding; outcome?: PushOutcome }>;

export default function Push({ first }: { first?: First }) {
  const { push } = useModel();
  const [standing, setStanding] = useState(first?.standing);
  const [outcome, setOutcome] = useState(first?.outcome);
  const task = useTask();
  const { run } = task;
  useEffect(() => {
    if (first === undefined) void run(async () => setStanding(await push.look()));
  }, [first, push, run]);
  const turn = (on: boolean) =>
    void run(async () => {
      const became = await (on ? push.turnOn() : push.turnOff());
      setOutcome(became);
      setStanding({ can: "yes", on: became === "on" });
    });
  const why = outcome && WHY[outcome];
  return (
    <Page title={say("push.title")} lead={say("push.lead")}>
      <p>{say("push.what")}</p>
      <section>
        <h2 className="group-title">{say("push.who")}</h2>
        <ul className="card rows">
          {WHO.map((one) => (
            <li key={one} className="who">
              <h3>{say(`push.${one}`)}</h3>
              <p className="help">{say(`push.${one}Sees`)}</p>
            </li>
          ))}
        </ul>
      </section>
      <Failed task={task} />
      {why && (
        <Note tone="warm" live>
          {say(why)}
        </Note>
      )}
      {standing && standing.can !== "yes" && (
        <Note icon="bell">
          {say(standing.can === "server" ? "push.noServer" : "push.noBrowser")}
        </Note>
      )}
      {standing?.on && (
        <Note tone="good" live>
          {say("push.isOn")}
        </Note>
      )}
      {standing?.can === "yes" && (
        <Btn
          look={standing.on ? "soft" : "primary"}
          busy={task.busy}
          onPress={() => turn(!standing.on)}
        >
          {say(standing.on ? "push.turnOff" : "push.turnOn")}
        </Btn>
      )}
    </Page>
  );
}
