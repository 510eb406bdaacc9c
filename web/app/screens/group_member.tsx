/** One member of a group: who they are to us, and what a keeper may do about them. */

import { useState } from "react";
import { say } from "../i18n/text.ts";
import type { GroupView, MemberView } from "../model_groups.ts";
import { useModel } from "../model_hooks.tsx";
import { go } from "../router.ts";
import { Failed } from "../ui/failed.tsx";
import { Btn, Name, Named, Note, Way } from "../ui/parts.tsx";
import { Sheet } from "../ui/sheet.tsx";
import { useTask } from "../ui/task.ts";

/** Say what somebody is in the group, and how sure we are of them. */
export function memberMarks({ own, contact, keeper, verified }: MemberView): string {
  const known = say(verified ? "person.verified" : "person.unverified");
  const sure = own ? say("group.you") : contact ? known : say("group.stranger");
  return [...(keeper ? [say("group.keeper")] : []), sure].join(" · ");
}

export function MemberSheet(props: {
  group: GroupView;
  member: MemberView;
  own: MemberView | undefined;
  onClose: () => void;
}) {
  const { group, member, onClose } = props;
  const { groups } = useModel();
  const [removing, setRemoving] = useState(false);
  const task = useTask();
  const isKeeper = props.own?.keeper ?? false;
  const others = group.members.filter((one) => one.keeper && one.id !== member.id);
  const { id } = member;
  const done = (work: () => Promise<void>) =>
    void task.run(work).then((isDone) => {
      if (isDone) onClose();
    });
  if (removing) {
    return (
      <Sheet title={<Named k="group.removeSure" name={member.name} />} onClose={onClose} alarm>
        <p className="soft">{say("group.removeText")}</p>
        <Failed task={task} />
        <div className="actions">
          <Btn onPress={onClose}>{say("do.cancel")}</Btn>
          <Btn
            look="danger"
            busy={task.busy}
            onPress={() => done(() => groups.remove(group.id, id))}
          >
            {say("group.remove")}
          </Btn>
        </div>
      </Sheet>
    );
  }
  return (
    <Sheet title={<Name of={member.name} />} onClose={onClose}>
      <p className="soft">{memberMarks(member)}</p>
      {member.contact && (
        <div className="ways">
          <Way
            icon="chat"
            title={say("group.write")}
            onPress={() => go({ at: "thread", id: member.id })}
          />
          <Way
            icon="shield"
            title={say("safety.title")}
            onPress={() => go({ at: "safety", id: member.id })}
          />
        </div>
      )}
      {isKeeper && <p className="help">{say("group.keeperHelp")}</p>}
      {isKeeper && member.keeper && others.length === 0 && <Note>{say("group.lastKeeper")}</Note>}
      <Failed task={task} />
      {isKeeper && (
        <div className="actions">
          {(!member.keeper || others.length > 0) && (
            <Btn
              busy={task.busy}
              onPress={() => done(() => groups.setKeeper(group.id, id, !member.keeper))}
            >
              {say(member.keeper ? "group.noKeeper" : "group.makeKeeper")}
            </Btn>
          )}
          {!member.own && (
            <Btn look="danger" onPress={() => setRemoving(true)}>
              {say("group.remove")}
            </Btn>
          )}
        </div>
      )}
    </Sheet>
  );
}
