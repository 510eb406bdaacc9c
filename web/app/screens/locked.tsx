/** The passphrase that opens this browser's copy. */

import { useState } from "react";
import { say } from "../i18n/text.ts";
import { useModel } from "../model_hooks.tsx";
import { Field } from "../ui/fields.tsx";
import { Btn } from "../ui/parts.tsx";
import { Ask } from "../ui/sheet.tsx";
import { useTask } from "../ui/task.ts";
import { Solo } from "./states.tsx";

export default function Locked() {
  const { door } = useModel();
  const [passphrase, setPassphrase] = useState("");
  const [asking, setAsking] = useState(false);
  const task = useTask();
  return (
    <Solo title={say("locked.title")} lead={say("locked.lead")}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void task.run(() => door.unlock(passphrase));
        }}
      >
        <Field
          label={say("locked.passphrase")}
          value={passphrase}
          onChange={setPassphrase}
          error={task.failed && say(task.failed)}
          autoComplete="current-password"
          secret
          required
        />
        <Btn look="primary" submit wide busy={task.busy}>
          {say("locked.submit")}
        </Btn>
      </form>
      <div className="stack tight">
        <p className="help">{say("locked.forgot")}</p>
        <Btn look="danger" onPress={() => setAsking(true)}>
          {say("locked.erase")}
        </Btn>
      </div>
      {asking && <AskErase onClose={() => setAsking(false)} />}
    </Solo>
  );
}

export function AskErase({ onClose }: { onClose: () => void }) {
  const { door } = useModel();
  const task = useTask();
  return (
    <Ask
      title={say("locked.eraseSure")}
      text={say("locked.eraseText")}
      onClose={onClose}
      yes={
        <>
          <Btn look="soft" onPress={onClose}>
            {say("do.cancel")}
          </Btn>
          <Btn
            look="danger"
            icon="trash"
            busy={task.busy}
            onPress={() => void task.run(() => door.erase())}
          >
            {say("locked.erase")}
          </Btn>
        </>
      }
    />
  );
}
