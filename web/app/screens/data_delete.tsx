/** Deleting one thing that the server has: what follows is said before, and what went after. */

import { useState } from "react";
import type { Deletable } from "../../core/account_data.ts";
import { say } from "../i18n/text.ts";
import type { Removed } from "../model_data.ts";
import { useModel } from "../model_hooks.tsx";
import { FOLLOWS, NAMES } from "../ui/data_words.ts";
import { Failed } from "../ui/failed.tsx";
import { Btn, Note } from "../ui/parts.tsx";
import { Receipt } from "../ui/receipt.tsx";
import { Sheet } from "../ui/sheet.tsx";
import { useTask } from "../ui/task.ts";

export function DeleteData(props: {
  kind: Deletable;
  /** What went, at first. */
  removed?: Removed;
  onClose: () => void;
  onDone: () => Promise<unknown>;
}) {
  const { data } = useModel();
  const { kind } = props;
  const [removed, setRemoved] = useState<Removed | undefined>(props.removed);
  const task = useTask();
  const remove = async () => {
    setRemoved(await data.remove(kind));
    await props.onDone();
  };
  return (
    <Sheet
      title={say("data.deleteTitle", { name: say(NAMES[kind]) })}
      onClose={props.onClose}
      alarm={removed === undefined}
    >
      {removed === undefined ? (
        <p className="soft">{say(FOLLOWS[kind])}</p>
      ) : (
        <Note tone="good" live>
          {removed.rows > 0
            ? say("data.deleted", { count: removed.rows })
            : say("data.deletedNone")}
        </Note>
      )}
      {removed?.receipt && <Receipt receipt={removed.receipt} />}
      <Failed task={task} />
      <div className="actions">
        <Btn onPress={props.onClose}>{say(removed === undefined ? "do.cancel" : "do.done")}</Btn>
        {removed === undefined && (
          <Btn look="danger" icon="trash" busy={task.busy} onPress={() => void task.run(remove)}>
            {say("data.deleteYes")}
          </Btn>
        )}
      </div>
    </Sheet>
  );
}
