/** Calls with one contact: how long they are kept, and ways to see and delete them. */

import { useMemo, useState } from "react";
import { nameOf } from "../../core/call_page.ts";
import { say } from "../i18n/text.ts";
import type { Person } from "../model.ts";
import { useAppState, useModel } from "../model_hooks.tsx";
import { go } from "../router.ts";
import { Failed } from "../ui/failed.tsx";
import { goingNow, keepOptions, keepWord } from "../ui/keep_words.ts";
import { Btn, Way } from "../ui/parts.tsx";
import { Select } from "../ui/select.tsx";
import { Ask } from "../ui/sheet.tsx";
import { useTask } from "../ui/task.ts";
import { AskToForget, DeleteCalls } from "./delete_calls.tsx";

const USUAL = "usual";

export function PersonCalls({ person }: { person: Person }) {
  const { people } = useModel();
  const { entries, settings } = useAppState((state) => state.history);
  const [wanted, setWanted] = useState<{ keepsHours: number | undefined; going: number }>();
  const [open, setOpen] = useState<"delete" | "ask">();
  const task = useTask();
  const theirs = useMemo(
    () => entries.filter(({ members }) => members.some((one) => nameOf(one) === person.id)),
    [entries, person.id],
  );
  const { keepsHours } = person.rules;
  const set = (hours: number | undefined) =>
    task.run(() => people.setRules(person.id, { ...person.rules, keepsHours: hours }));
  const choose = (value: string) => {
    const hours = value === USUAL ? undefined : Number(value);
    const changed = { ...person, rules: { ...person.rules, keepsHours: hours } };
    const going = goingNow(theirs, settings, [changed]);
    if (going > 0) setWanted({ keepsHours: hours, going });
    else void set(hours);
  };
  return (
    <section>
      <h2 className="group-title">{say("keeping.with")}</h2>
      <div className="stack">
        <div className="card stack tight">
          <Select
            label={say("keeping.keep")}
            value={keepsHours === undefined ? USUAL : String(keepsHours)}
            onChange={choose}
            options={[
              [USUAL, say("keeping.usual", { time: keepWord(settings.keep) })],
              ...keepOptions(keepsHours ?? settings.keep),
            ]}
          />
          <p className="help">{say("keeping.withHelp")}</p>
          <Failed task={task} />
        </div>
        <div className="ways">
          <Way
            icon="phone"
            title={say("keeping.see")}
            help={say("calls.found", { count: theirs.length })}
            onPress={() => go({ at: "callsWith", id: person.id })}
          />
          {theirs.length > 0 && (
            <Way icon="trash" title={say("keeping.delete")} onPress={() => setOpen("delete")} />
          )}
          {theirs.length > 0 && person.state === "contact" && (
            <Way
              icon="send"
              title={say("keeping.ask")}
              help={say("delete.askHelp")}
              onPress={() => setOpen("ask")}
            />
          )}
        </div>
      </div>
      {open === "delete" && (
        <DeleteCalls
          what={{ kind: "person", person, entries: theirs }}
          onClose={() => setOpen(undefined)}
        />
      )}
      {open === "ask" && (
        <AskToForget person={person} entries={theirs} onClose={() => setOpen(undefined)} />
      )}
      {wanted && (
        <Ask
          title={say("keeping.goSure", { count: wanted.going })}
          text={say("keeping.goWith")}
          onClose={() => setWanted(undefined)}
          yes={
            <>
              <Btn onPress={() => setWanted(undefined)}>{say("do.cancel")}</Btn>
              <Btn
                look="danger"
                busy={task.busy}
                onPress={() => void set(wanted.keepsHours).then(() => setWanted(undefined))}
              >
                {say("keeping.goYes")}
              </Btn>
            </>
          }
        />
      )}
    </section>
  );
}
