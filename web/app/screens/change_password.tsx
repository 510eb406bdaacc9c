/** A new password for the account. */

import { useState } from "react";
import { say } from "../i18n/text.ts";
import { useAppState, useModel } from "../model_hooks.tsx";
import { Failed } from "../ui/failed.tsx";
import { Field } from "../ui/fields.tsx";
import { Btn, Note, Page } from "../ui/parts.tsx";
import { NewPassword, useRating } from "../ui/password.tsx";
import { useTask } from "../ui/task.ts";

export default function ChangePassword() {
  const { devices } = useModel();
  const handle = useAppState((state) => state.self?.handle ?? "");
  const [old, setOld] = useState("");
  const [fresh, setFresh] = useState("");
  const [done, setDone] = useState(false);
  const rating = useRating(fresh, handle);
  const task = useTask();
  return (
    <Page title={say("change.title")} lead={say("change.lead")}>
      {done ? (
        <Note tone="good" live>
          {say("change.done")}
        </Note>
      ) : (
        <form
          className="stack loose"
          onSubmit={(event) => {
            event.preventDefault();
            if (rating?.accepted) {
              void task.run(() => devices.changePassword(old, fresh)).then(setDone);
            }
          }}
        >
          <Field
            label={say("field.oldPassword")}
            value={old}
            onChange={setOld}
            autoComplete="current-password"
            secret
            required
          />
          <NewPassword
            label={say("field.newPassword")}
            value={fresh}
            onChange={setFresh}
            rating={rating}
          />
          <Failed task={task} />
          <Btn look="primary" submit wide busy={task.busy} disabled={!rating?.accepted}>
            {say("change.submit")}
          </Btn>
        </form>
      )}
    </Page>
  );
}
