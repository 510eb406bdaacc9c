/**
 * Deleting calls: what goes and where is said before, and what is so afterwards. The other side has
 * its own history; it can be asked, and nobody sees what it does.
 */

import { useState } from "react";
import { nameOf } from "../../core/call_page.ts";
import { say } from "../i18n/text.ts";
import type { Person } from "../model.ts";
import type { CallEntry } from "../model_history.ts";
import { useAppState, useModel } from "../model_hooks.tsx";
import { Failed } from "../ui/failed.tsx";
import { Toggle } from "../ui/fields.tsx";
import { Btn, Named, Note } from "../ui/parts.tsx";
import { Sheet } from "../ui/sheet.tsx";
import { useTask } from "../ui/task.ts";

export type What =
  | Readonly<{ kind: "one"; entry: CallEntry }>
  | Readonly<{ kind: "person"; person: Person; entries: readonly CallEntry[] }>
  | Readonly<{ kind: "some"; entries: readonly CallEntry[] }>
  | Readonly<{ kind: "all"; entries: readonly CallEntry[] }>;

export function DeleteCalls(props: { what: What; onClose: () => void; done?: boolean }) {
  const { what } = props;
  const { history } = useModel();
  const people = useAppState((state) => state.people);
  // What was to be deleted when this was opened: the list goes while it is open.
  const [calls] = useState(() => callsOf(what));
  const other = otherOf(what, people);
  const [asks, setAsks] = useState(false);
  const [done, setDone] = useState(props.done ?? false);
  const [asked, setAsked] = useState<number>();
  const task = useTask();
  const count = calls.length;
  const go = () =>
    void task.run(async () => {
      const ids = calls.map(({ call }) => call);
      // First the request, for it names what is about to go.
      if (asks && other) setAsked(await history.askToForget(other.id, ids));
      if (what.kind === "all") await history.removeAll();
      else await history.remove(ids);
      setDone(true);
    });
  if (done) {
    return (
      <Sheet title={say("delete.done", { count })} onClose={props.onClose}>
        <Note tone="good" live>
          {say("delete.doneText")}
        </Note>
        {asked !== undefined && other && (
          <p className="soft">
            <Named k="delete.asked" name={other.name} />
          </p>
        )}
        <Btn look="primary" onPress={props.onClose}>
          {say("do.close")}
        </Btn>
      </Sheet>
    );
  }
  return (
    <Sheet
      title={what.kind === "all" ? say("delete.allSure", { count }) : say("delete.sure", { count })}
      onClose={props.onClose}
      alarm
    >
      <p className="soft">{say("delete.what")}</p>
      <ul className="plain-list">
        <li>{say("delete.here")}</li>
        <li>{say("delete.devices")}</li>
        <li>{say("delete.vault")}</li>
        <li>{say("delete.others")}</li>
      </ul>
      {other && (
        <div className="card rows flat">
          <Toggle
            label={<Named k="delete.ask" name={other.name} />}
            help={say("delete.askHelp")}
            on={asks}
            onChange={setAsks}
          />
        </div>
      )}
      <Failed task={task} />
      <div className="actions">
        <Btn onPress={props.onClose}>{say("do.cancel")}</Btn>
        <Btn look="danger" icon="trash" busy={task.busy} onPress={go}>
          {say("calls.delete")}
        </Btn>
      </div>
    </Sheet>
  );
}

/** Ask a contact to delete calls with us, and delete nothing here. */
export function AskToForget(props: {
  person: Person;
  entries: readonly CallEntry[];
  onClose: () => void;
}) {
  const { person, entries } = props;
  const { history } = useModel();
  const [asked, setAsked] = useState<number>();
  const task = useTask();
  return (
    <Sheet title={<Named k="delete.askTitle" name={person.name} />} onClose={props.onClose} alarm>
      <p className="soft">{say("delete.askText", { count: entries.length })}</p>
      <Failed task={task} />
      {asked !== undefined ? (
        <Note tone="good" live>
          <Named k="delete.asked" name={person.name} />
        </Note>
      ) : (
        <div className="actions">
          <Btn onPress={props.onClose}>{say("do.cancel")}</Btn>
          <Btn
            look="primary"
            icon="send"
            busy={task.busy}
            onPress={() =>
              void task.run(async () => {
                const ids = entries.map(({ call }) => call);
                setAsked(await history.askToForget(person.id, ids));
              })
            }
          >
            {say("delete.askSend")}
          </Btn>
        </div>
      )}
    </Sheet>
  );
}

function callsOf(what: What): readonly CallEntry[] {
  return what.kind === "one" ? [what.entry] : what.entries;
}

/** Return whom one could ask: the only other in these calls, if they are a contact. */
function otherOf(what: What, people: readonly Person[]): Person | undefined {
  if (what.kind === "person") return what.person.state === "contact" ? what.person : undefined;
  if (what.kind !== "one" || what.entry.members.length !== 1) return undefined;
  const [account] = what.entry.members;
  return people.find(
    ({ id, state }) => account !== undefined && id === nameOf(account) && state === "contact",
  );
}
