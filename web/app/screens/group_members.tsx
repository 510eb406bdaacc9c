/** A group: who is in it and how sure we are of them, what it is called, and the way out of it. */

import { useState } from "react";
import { FileTrigger } from "react-aria-components/FileTrigger";
import { say } from "../i18n/text.ts";
import type { GroupKey, GroupView, MemberView } from "../model_groups.ts";
import { useGroup, useModel } from "../model_hooks.tsx";
import { plainName } from "../names.ts";
import { replace } from "../router.ts";
import { Face } from "../ui/faces.tsx";
import { Failed } from "../ui/failed.tsx";
import { GroupFace } from "../ui/group_face.tsx";
import { sayInvited } from "../ui/group_words.tsx";
import { Btn, IconBtn, Name, Named, Note, Page } from "../ui/parts.tsx";
import { Ask } from "../ui/sheet.tsx";
import { useTask } from "../ui/task.ts";
import { AskIn } from "./group_ask.tsx";
import { GroupLinks } from "./group_links.tsx";
import { MemberSheet, memberMarks } from "./group_member.tsx";
import { RenameGroup } from "./group_name.tsx";

type Open = "ask" | "rename" | "links" | "leave" | MemberView["id"];

export default function GroupMembers({ id }: { id: GroupKey }) {
  const group = useGroup(id);
  const [open, setOpen] = useState<Open>();
  if (group === undefined) return <section className="page" />;
  const { members, state } = group;
  const close = () => setOpen(undefined);
  const own = members.find((member) => member.own);
  const member = members.find((one) => one.id === open);
  const isIn = state === "member" || state === "broken";
  return (
    <Page
      face={<GroupFace group={group} size="xl" />}
      title={<Name of={group.name} />}
      lead={isIn ? say("group.people", { count: members.length }) : say(`group.${state}Lead`)}
    >
      {state === "broken" && <Note tone="danger">{say("group.brokenLead")}</Note>}
      {state === "member" && <Changes group={group} onOpen={setOpen} />}
      {isIn && (
        <section>
          <h2 className="group-title">{say("group.members")}</h2>
          <ul className="card rows">
            {members.map((one) => (
              <Row
                key={one.id}
                member={one}
                onOpen={isIn && hasMore(one, own) ? () => setOpen(one.id) : undefined}
              />
            ))}
          </ul>
          {group.invited.length > 0 && <p className="help asked">{sayInvited(group.invited)}</p>}
        </section>
      )}
      {isIn && (
        <div className="actions">
          <Btn look="danger" icon="leave" onPress={() => setOpen("leave")}>
            {say("group.leave")}
          </Btn>
        </div>
      )}
      {open === "ask" && <AskIn group={group} onClose={close} />}
      {open === "rename" && <RenameGroup group={group} onClose={close} />}
      {open === "links" && <GroupLinks group={group} onClose={close} />}
      {open === "leave" && <Leave group={group} own={own} onClose={close} />}
      {member && <MemberSheet group={group} member={member} own={own} onClose={close} />}
    </Page>
  );
}

/** Whether there is anything to do about a member: with a contact, or for a keeper. */
function hasMore(member: MemberView, own: MemberView | undefined): boolean {
  return member.own ? member.keeper : member.contact || (own?.keeper ?? false);
}

/** What anybody in it may change. */
function Changes({ group, onOpen }: { group: GroupView; onOpen: (open: Open) => void }) {
  const { groups } = useModel();
  const task = useTask();
  const setPicture = (picture: File | undefined) =>
    void task.run(() => groups.setPicture(group.id, picture));
  return (
    <>
      <div className="actions">
        <Btn look="primary" icon="plus" onPress={() => onOpen("ask")}>
          {say("group.ask")}
        </Btn>
        <Btn icon="pen" onPress={() => onOpen("rename")}>
          {say("group.rename")}
        </Btn>
        <FileTrigger
          acceptedFileTypes={["image/*"]}
          onSelect={(files) => {
            const [file] = files ?? [];
            if (file) setPicture(file);
          }}
        >
          <Btn icon="picture" busy={task.busy} onPress={() => undefined}>
            {say("group.picture")}
          </Btn>
        </FileTrigger>
        <Btn icon="link" onPress={() => onOpen("links")}>
          {say("link.open")}
        </Btn>
        {group.picture && (
          <Btn look="quiet" busy={task.busy} onPress={() => setPicture(undefined)}>
            {say("group.noPicture")}
          </Btn>
        )}
      </div>
      <Failed task={task} />
    </>
  );
}

function Row({ member, onOpen }: { member: MemberView; onOpen: (() => void) | undefined }) {
  const name = plainName(member.name);
  return (
    <li className="member">
      <Face person={member} size="sm" />
      <div className="grow">
        <p className="row-name clip">
          <Name of={member.name} />
        </p>
        <p className={`help${member.verified ? " good" : ""}`}>{memberMarks(member)}</p>
        {member.resembles && (
          <p className="help danger">
            <Named k="requests.resembles" name={member.resembles} />
          </p>
        )}
      </div>
      {onOpen && <IconBtn label={say("group.more", { name })} icon="more" onPress={onOpen} />}
    </li>
  );
}

function Leave(props: { group: GroupView; own: MemberView | undefined; onClose: () => void }) {
  const { group, own, onClose } = props;
  const { groups } = useModel();
  const task = useTask();
  const isLast = own?.keeper && group.members.every((one) => one.own || !one.keeper);
  const strands = isLast && group.members.length > 1;
  return (
    <Ask
      title={<Named k="group.leaveSure" name={group.name} />}
      text={
        <>
          {say("group.leaveText")}
          {strands && ` ${say("group.leaveLast")}`}
        </>
      }
      onClose={onClose}
      yes={
        <>
          <Failed task={task} />
          <Btn onPress={onClose}>{say("do.cancel")}</Btn>
          <Btn
            look="danger"
            icon="leave"
            busy={task.busy}
            onPress={() =>
              void task.run(async () => {
                await groups.leave(group.id);
                replace({ at: "group", id: group.id });
              })
            }
          >
            {say("group.leave")}
          </Btn>
        </>
      }
    />
  );
}
