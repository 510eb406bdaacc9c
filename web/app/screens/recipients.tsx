/** Who outside the server learns something: from its live configuration, nobody by default. */

import { useEffect, useState } from "react";
import { en } from "../i18n/en.ts";
import { type Key, say } from "../i18n/text.ts";
import type { Recipient } from "../model_actions.ts";
import { useModel } from "../model_hooks.tsx";
import { Failed } from "../ui/failed.tsx";
import { Note, Page } from "../ui/parts.tsx";
import { useTask } from "../ui/task.ts";

export default function Recipients({ first }: { first?: readonly Recipient[] }) {
  const { push } = useModel();
  const [found, setFound] = useState(first);
  const task = useTask();
  const { run } = task;
  useEffect(() => {
    if (first === undefined) void run(async () => setFound(await push.recipients()));
  }, [first, push, run]);
  return (
    <Page title={say("recipients.title")} lead={say("recipients.lead")}>
      <Failed task={task} />
      {found?.length === 0 && (
        <Note tone="good" title={say("recipients.nobody")}>
          {say("recipients.nobodyLead")}
        </Note>
      )}
      {found && found.length > 0 && (
        <ul className="card rows">
          {found.map(({ kind, host }) => (
            <li key={`${kind} ${host}`} className="who">
              <h2 className="code">
                <bdi>{host}</bdi>
              </h2>
              <p className="help">{learns(kind)}</p>
            </li>
          ))}
        </ul>
      )}
    </Page>
  );
}

/** What a kind of recipient learns; a newer server may know more kinds than this page. */
function learns(kind: string): string {
  const key = `recipients.${kind}`;
  return say(Object.hasOwn(en, key) ? (key as Key) : "recipients.other");
}
