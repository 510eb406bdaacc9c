/** A passphrase for this browser's copy, if the person wants one. */

import { useState } from "react";
import { say } from "../i18n/text.ts";
import { useAppState, useModel } from "../model_hooks.tsx";
import { Failed } from "../ui/failed.tsx";
import { Btn, Note, Page } from "../ui/parts.tsx";
import { NewPassword, useRating } from "../ui/password.tsx";
import { useTask } from "../ui/task.ts";

export default function Passphrase() {
  const { devices } = useModel();
  const self = useAppState((state) => state.self);
  const [value, setValue] = useState("");
  const [done, setDone] = useState(false);
  const rating = useRating(value, self?.handle ?? "");
  const task = useTask();
  return (
    <Page title={say("lock.title")} lead={say("lock.lead")}>
      <form
        className="stack loose"
        onSubmit={(event) => {
          event.preventDefault();
          if (rating?.accepted) void task.run(() => devices.setPassphrase(value)).then(setDone);
        }}
      >
        <NewPassword label={say("lock.new")} value={value} onChange={setValue} rating={rating} />
        <Failed task={task} />
        {done && (
          <Note tone="good" live>
            {say("lock.done")}
          </Note>
        )}
        <div className="actions">
          {self?.locked && (
            <Btn onPress={() => void task.run(() => devices.setPassphrase(undefined))}>
              {say("settings.lockRemove")}
            </Btn>
          )}
          <Btn look="primary" submit busy={task.busy} disabled={!rating?.accepted}>
            {say("lock.submit")}
          </Btn>
        </div>
      </form>
    </Page>
  );
}
