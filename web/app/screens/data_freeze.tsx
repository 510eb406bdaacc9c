/** Having nothing done with one's account, and taking that back (GDPR 18). */

import { say } from "../i18n/text.ts";
import { useModel } from "../model_hooks.tsx";
import { Failed } from "../ui/failed.tsx";
import { Btn, Note } from "../ui/parts.tsx";
import { Ask } from "../ui/sheet.tsx";
import { useTask } from "../ui/task.ts";

export function Freeze(props: { onClose: () => void; onDone: () => Promise<unknown> }) {
  const { data } = useModel();
  const task = useTask();
  const freeze = async () => {
    await data.setRestricted(true);
    await props.onDone();
    props.onClose();
  };
  return (
    <Ask
      title={say("data.freeze")}
      text={say("data.freezeText")}
      onClose={props.onClose}
      yes={
        <>
          <Failed task={task} />
          <Btn onPress={props.onClose}>{say("do.cancel")}</Btn>
          <Btn look="danger" busy={task.busy} onPress={() => void task.run(freeze)}>
            {say("data.freezeYes")}
          </Btn>
        </>
      }
    />
  );
}

/** That it is frozen, and the way back. */
export function Frozen({ onDone }: { onDone: () => Promise<unknown> }) {
  const { data } = useModel();
  const task = useTask();
  const thaw = async () => {
    await data.setRestricted(false);
    await onDone();
  };
  return (
    <div className="stack">
      <Note
        tone="warm"
        icon="lock"
        live
        title={say("data.frozen")}
        action={
          <Btn busy={task.busy} onPress={() => void task.run(thaw)}>
            {say("data.thaw")}
          </Btn>
        }
      >
        {say("data.frozenText")}
      </Note>
      <Failed task={task} />
    </div>
  );
}
