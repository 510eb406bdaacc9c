/** "I think somebody got in": what can be done about it, in the order in which it helps. */

import { useState } from "react";
import { say } from "../i18n/text.ts";
import type { PersonId } from "../model.ts";
import { useAppState, useModel } from "../model_hooks.tsx";
import { go } from "../router.ts";
import { Failed } from "../ui/failed.tsx";
import { Field } from "../ui/fields.tsx";
import { Btn, Note, Page, Way } from "../ui/parts.tsx";
import { PeopleChoice } from "../ui/people_choice.tsx";
import { Step } from "../ui/step.tsx";
import { useTask } from "../ui/task.ts";
import { DeviceList } from "./devices.tsx";

export default function Hacked() {
  return (
    <Page title={say("hacked.title")} lead={say("hacked.lead")}>
      <Step number={1} title={say("hacked.devices")} text={say("hacked.devicesText")}>
        <DeviceList />
      </Step>
      <Step number={2} title={say("hacked.password")} text={say("hacked.passwordText")}>
        <div className="ways">
          <Way icon="key" title={say("change.title")} onPress={() => go({ at: "password" })} />
        </div>
        <Note tone="warm" icon="key">
          {say("hacked.recovery")}
        </Note>
      </Step>
      <Step number={3} title={say("hacked.warn")} text={say("hacked.warnText")}>
        <Warn />
      </Step>
      <Step number={4} title={say("hacked.look")} text={say("hacked.lookText")}>
        <div className="ways">
          <Way
            icon="eye"
            title={say("permissions.title")}
            onPress={() => go({ at: "permissions" })}
          />
          <Way icon="doctor" title={say("settings.doctor")} onPress={() => go({ at: "doctor" })} />
        </div>
      </Step>
      <Note title={say("hacked.limits")}>{say("hacked.limitsText")}</Note>
    </Page>
  );
}

/** A message to some of the contacts. The person chooses whom, reads what, and sends it. */
function Warn() {
  const { people } = useModel();
  const all = useAppState((state) => state.people);
  const contacts = all.filter(({ state }) => state === "contact");
  const [chosen, setChosen] = useState<ReadonlySet<PersonId>>(new Set());
  const [told, setTold] = useState<ReadonlySet<PersonId>>(new Set());
  const [words, setWords] = useState(() => say("hacked.message"));
  const task = useTask();
  const waiting = contacts.filter(({ id }) => !told.has(id));
  const picked = waiting.filter(({ id }) => chosen.has(id));
  if (contacts.length === 0) return <Note>{say("hacked.nobody")}</Note>;
  const send = () =>
    void task.run(async () => {
      // One after the other: if one fails, those before it have it and are not asked again.
      for (const { id } of picked) {
        await people.sendText(id, words.trim());
        setTold((before) => new Set([...before, id]));
      }
    });
  return (
    <>
      <Field label={say("hacked.words")} value={words} onChange={setWords} />
      <PeopleChoice
        people={contacts}
        chosen={chosen}
        onChange={setChosen}
        done={told}
        help={({ id }) => told.has(id) && <span role="status">{say("hacked.sent")}</span>}
      />
      <Failed task={task} />
      <div className="actions">
        {waiting.length > 1 && (
          <Btn onPress={() => setChosen(new Set(waiting.map(({ id }) => id)))}>
            {say("hacked.all")}
          </Btn>
        )}
        <Btn
          look="primary"
          icon="send"
          busy={task.busy}
          disabled={picked.length === 0 || words.trim() === ""}
          onPress={send}
        >
          {say("hacked.send", { count: picked.length })}
        </Btn>
      </div>
    </>
  );
}
