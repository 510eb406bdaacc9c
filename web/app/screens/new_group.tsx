/** A group begins: what it is called, and who is asked into it. */

import { useState } from "react";
import { say } from "../i18n/text.ts";
import type { PersonId } from "../model.ts";
import type { GroupKey } from "../model_groups.ts";
import { useModel } from "../model_hooks.tsx";
import { replace } from "../router.ts";
import { Failed } from "../ui/failed.tsx";
import { Btn, Note, Page } from "../ui/parts.tsx";
import { PeopleChoice } from "../ui/people_choice.tsx";
import { useTask } from "../ui/task.ts";
import { useAskable } from "./group_ask.tsx";
import { GroupName, isGroupName } from "./group_name.tsx";

const NOBODY: ReadonlySet<PersonId> = new Set();

export default function NewGroup() {
  const { groups } = useModel();
  const contacts = useAskable();
  const [name, setName] = useState("");
  const [chosen, setChosen] = useState(NOBODY);
  // What was done when something failed is not done again.
  const [made, setMade] = useState<GroupKey>();
  const [asked, setAsked] = useState(NOBODY);
  const task = useTask();
  const begin = () => {
    if (!isGroupName(name)) return;
    void task.run(async () => {
      const id = made ?? (await groups.create(name.trim()));
      setMade(id);
      for (const person of contacts) {
        if (!chosen.has(person.id) || asked.has(person.id)) continue;
        await groups.ask(id, person.id);
        setAsked((before) => new Set([...before, person.id]));
      }
      replace({ at: "group", id });
    });
  };
  return (
    <Page title={say("group.new")} lead={say("group.newLead")}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          begin();
        }}
      >
        {made === undefined ? (
          <GroupName value={name} onChange={setName} />
        ) : (
          <Note tone="good">{say("group.made")}</Note>
        )}
        <section>
          <h2 className="group-title">{say("group.askWhom")}</h2>
          {contacts.length === 0 ? (
            <Note>{say("group.nobody")}</Note>
          ) : (
            <PeopleChoice people={contacts} chosen={chosen} onChange={setChosen} done={asked} />
          )}
        </section>
        <Failed task={task} />
        <Btn look="primary" submit wide busy={task.busy} disabled={!isGroupName(name)}>
          {say("group.begin")}
        </Btn>
      </form>
    </Page>
  );
}
