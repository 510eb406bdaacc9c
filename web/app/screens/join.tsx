/** Somebody's invite: look, then accept. Nothing is sent before the tap. */

import { useEffect, useRef, useState } from "react";
import { say } from "../i18n/text.ts";
import { useAppState, useModel } from "../model_hooks.tsx";
import { replace } from "../router.ts";
import { Mark } from "../ui/faces.tsx";
import { Failed } from "../ui/failed.tsx";
import { Field } from "../ui/fields.tsx";
import { Btn, Note, Page } from "../ui/parts.tsx";
import { useTask } from "../ui/task.ts";

export default function Join({ link: given }: { link: string }) {
  const { people } = useModel();
  const [link, setLink] = useState(given);
  const [asked, setAsked] = useState(false);
  const task = useTask();
  // Their answer may come minutes later: who appears then is whom we asked.
  const everybody = useAppState((state) => state.people);
  const known = useRef<ReadonlySet<string>>(new Set());
  useEffect(() => {
    const newcomer = asked && everybody.find(({ id }) => !known.current.has(id));
    if (newcomer) replace({ at: "thread", id: newcomer.id });
  }, [asked, everybody]);
  const accept = () =>
    void task.run(async () => {
      known.current = new Set(everybody.map(({ id }) => id));
      const id = await people.acceptInvite(link.trim());
      if (id === undefined) setAsked(true);
      else replace({ at: "thread", id });
    });
  return (
    <Page face={<Mark big />} title={say("join.title")} lead={say("join.lead")}>
      <form
        className="stack loose"
        onSubmit={(event) => {
          event.preventDefault();
          accept();
        }}
      >
        {given === "" && (
          <Field
            label={say("join.paste")}
            help={say("join.pasteHelp")}
            value={link}
            onChange={setLink}
            autoComplete="off"
            code
            required
          />
        )}
        <Failed task={task} />
        {asked ? (
          <Note tone="good" live>
            {say("join.waiting")}
          </Note>
        ) : (
          <Btn look="primary" submit wide busy={task.busy} disabled={link.trim() === ""}>
            {say("join.accept")}
          </Btn>
        )}
      </form>
    </Page>
  );
}
