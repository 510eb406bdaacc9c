/** Asking contacts into a group: they are in it once they said yes. */

import { useState } from "react";
import { say } from "../i18n/text.ts";
import type { Person, PersonId } from "../model.ts";
import type { GroupView } from "../model_groups.ts";
import { useAppState, useModel } from "../model_hooks.tsx";
import { Failed } from "../ui/failed.tsx";
import { Btn } from "../ui/parts.tsx";
import { PeopleChoice } from "../ui/people_choice.tsx";
import { Sheet } from "../ui/sheet.tsx";
import { useTask } from "../ui/task.ts";

const NOBODY: ReadonlySet<PersonId> = new Set();

/** Return the contacts that can be asked now. */
export function useAskable(): readonly Person[] {
  const people = useAppState((state) => state.people);
  return people.filter(({ state }) => state === "contact");
}

export function AskIn({ group, onClose }: { group: GroupView; onClose: () => void }) {
  const { groups } = useModel();
  const contacts = useAskable();
  const [chosen, setChosen] = useState(NOBODY);
  const task = useTask();
  // Whom we asked in this very sheet, should the next one fail.
  const [asked, setAsked] = useState(NOBODY);
  const absent = contacts.filter(({ id }) => group.members.every((member) => member.id !== id));
  const picked = absent.filter(({ id }) => chosen.has(id) && !asked.has(id));
  const ask = () =>
    void task
      .run(async () => {
        for (const { id } of picked) {
          await groups.ask(group.id, id);
          setAsked((before) => new Set([...before, id]));
        }
      })
      .then((isDone) => {
        if (isDone) onClose();
      });
  return (
    <Sheet title={say("group.ask")} onClose={onClose}>
      <p className="soft">{say(absent.length === 0 ? "group.nobody" : "group.askLead")}</p>
      {absent.length > 0 && (
        <PeopleChoice
          people={absent}
          chosen={chosen}
          onChange={setChosen}
          done={asked}
          help={({ name }) => group.invited.includes(name) && say("group.asked")}
        />
      )}
      <Failed task={task} />
      {absent.length > 0 && (
        <Btn look="primary" wide busy={task.busy} disabled={picked.length === 0} onPress={ask}>
          {say("group.askThem", { count: picked.length })}
        </Btn>
      )}
    </Sheet>
  );
}
