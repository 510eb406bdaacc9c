/** The alarm: a contact's key is another one. Everything stands still until the person decides. */

import { useState } from "react";
import { say } from "../i18n/text.ts";
import type { Person } from "../model.ts";
import { useModel } from "../model_hooks.tsx";
import { go } from "../router.ts";
import { Failed } from "../ui/failed.tsx";
import { Btn, Named, Note } from "../ui/parts.tsx";
import { Sheet } from "../ui/sheet.tsx";
import { useTask } from "../ui/task.ts";

export function Changed({ person, onClose }: { person: Person; onClose: () => void }) {
  const { people } = useModel();
  const task = useTask();
  const [differ, setDiffer] = useState(false);
  const done = (work: () => Promise<void>) =>
    void task.run(work).then((good) => {
      if (good) onClose();
    });
  return (
    <Sheet title={<Named k="changed.title" name={person.name} />} onClose={onClose} alarm>
      <Note tone="danger">{say("changed.lead")}</Note>
      <p>{say("changed.step")}</p>
      <Btn look="primary" icon="shield" wide onPress={() => go({ at: "safety", id: person.id })}>
        {say("changed.compare")}
      </Btn>
      <div className="verdicts">
        <div className="verdict">
          <h3>{say("changed.same")}</h3>
          <p className="help">{say("changed.sameHelp")}</p>
          <Btn
            busy={task.busy && !differ}
            onPress={() => done(() => people.keepIdentity(person.id))}
          >
            {say("changed.keep")}
          </Btn>
        </div>
        <div className="verdict">
          <h3>{say("changed.differ")}</h3>
          <p className="help">{say("changed.differHelp")}</p>
          <Btn
            look="danger"
            busy={task.busy && differ}
            onPress={() => {
              setDiffer(true);
              done(async () => {
                await people.forget(person.id);
                go({ at: "invite" });
              });
            }}
          >
            {say("changed.forget")}
          </Btn>
        </div>
      </div>
      <Failed task={task} />
    </Sheet>
  );
}
