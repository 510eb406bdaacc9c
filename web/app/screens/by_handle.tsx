/** Ask whoever has exactly this handle. The answer never says whether anybody has it. */

import { useState } from "react";
import { say } from "../i18n/text.ts";
import { useModel } from "../model_hooks.tsx";
import { replace } from "../router.ts";
import { Failed } from "../ui/failed.tsx";
import { Field } from "../ui/fields.tsx";
import { Btn, Note, Page } from "../ui/parts.tsx";
import { useTask } from "../ui/task.ts";

export default function ByHandle() {
  const { people } = useModel();
  const [handle, setHandle] = useState("");
  const [asked, setAsked] = useState(false);
  const task = useTask();
  return (
    <Page title={say("handle.title")} lead={say("handle.lead")}>
      <form
        className="stack loose"
        onSubmit={(event) => {
          event.preventDefault();
          void task.run(async () => {
            const id = await people.requestByHandle(handle.trim());
            if (id === undefined) setAsked(true);
            else replace({ at: "thread", id });
          });
        }}
      >
        <Field
          label={say("field.handle")}
          help={say("field.handleHelp")}
          value={handle}
          onChange={(value) => {
            setHandle(value);
            setAsked(false);
          }}
          autoComplete="off"
          required
        />
        <Failed task={task} />
        {asked && (
          <Note tone="good" live>
            {say("handle.asked")}
          </Note>
        )}
        <div className="stack tight">
          <Btn look="primary" submit wide busy={task.busy} disabled={handle.trim() === ""}>
            {say("handle.submit")}
          </Btn>
          {task.busy && (
            <p className="help" role="status">
              {say("handle.working")}
            </p>
          )}
        </div>
      </form>
      <Note icon="shield">{say("handle.honest")}</Note>
    </Page>
  );
}
