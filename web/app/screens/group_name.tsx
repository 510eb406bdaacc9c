/** What a group is called. */

import { useState } from "react";
import { NAME } from "../../core/content_records.ts";
import { say } from "../i18n/text.ts";
import type { GroupView } from "../model_groups.ts";
import { useModel } from "../model_hooks.tsx";
import { Failed } from "../ui/failed.tsx";
import { Field } from "../ui/fields.tsx";
import { Btn } from "../ui/parts.tsx";
import { Sheet } from "../ui/sheet.tsx";
import { useTask } from "../ui/task.ts";

/** Say whether a group can have this name, by the rule that everybody in it holds it to. */
export function isGroupName(name: string): boolean {
  try {
    NAME.decode(name.trim().normalize("NFC"));
    return true;
  } catch {
    return false;
  }
}

export function GroupName(props: {
  value: string;
  onChange: (name: string) => void;
  autoFocus?: boolean;
}) {
  const isBad = props.value.trim() !== "" && !isGroupName(props.value);
  return (
    <Field
      label={say("group.name")}
      value={props.value}
      onChange={props.onChange}
      help={say("group.nameHelp")}
      error={isBad ? say("group.nameBad") : undefined}
      autoFocus={props.autoFocus ?? false}
    />
  );
}

export function RenameGroup({ group, onClose }: { group: GroupView; onClose: () => void }) {
  const { groups } = useModel();
  const [name, setName] = useState(group.name);
  const task = useTask();
  const rename = () => {
    if (!isGroupName(name)) return;
    void task
      .run(() => groups.rename(group.id, name.trim()))
      .then((isDone) => {
        if (isDone) onClose();
      });
  };
  return (
    <Sheet title={say("group.rename")} onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          rename();
        }}
      >
        <GroupName value={name} onChange={setName} autoFocus />
        <Failed task={task} />
        <Btn look="primary" submit wide busy={task.busy} disabled={!isGroupName(name)}>
          {say("group.renameSubmit")}
        </Btn>
      </form>
    </Sheet>
  );
}
