/** Who can hear: everybody in the call, raised hands first, and what can be asked of them. */

import { useEffect, useRef, useState } from "react";
import "./group_call_roster.css";
import { everybody } from "../group_plan.ts";
import { number, say } from "../i18n/text.ts";
import { Icon, type IconName } from "../icons.tsx";
import type { GroupCallView, GroupMember } from "../model_group_call.ts";
import { useAppState, useModel } from "../model_hooks.tsx";
import { Face } from "../ui/faces.tsx";
import { Failed } from "../ui/failed.tsx";
import { Btn, IconBtn, Name } from "../ui/parts.tsx";
import { Ask } from "../ui/sheet.tsx";
import { useTask } from "../ui/task.ts";
import { Calling, faced } from "./group_call_tile.tsx";

export function Roster(props: {
  call: GroupCallView;
  onPin: (leaf: number) => void;
  onClose: () => void;
  /** Of whom more is shown at first. */
  open?: number;
}) {
  const { call } = props;
  const [open, setOpen] = useState(props.open);
  const [removing, setRemoving] = useState<GroupMember>();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  const members = everybody(call);
  // While a screen is shared, it is what is large.
  const isShared = members.some(({ own, screen }) => !own && screen !== undefined);
  const hands = members.filter(({ hand }) => hand);
  const groups = [
    ["groupCall.hands", hands],
    ["groupCall.others", members.filter(({ hand }) => !hand)],
  ] as const;
  const shown = groups.filter(([, some]) => some.length > 0);
  // Whoever has the place of who was asked about by now is somebody else.
  const isThere = members.some(
    ({ leaf, account, name }) =>
      leaf === removing?.leaf && account === removing.account && name === removing.name,
  );
  const compared = members.filter(({ verified, own }) => verified && !own).length;
  return (
    <section className="roster" aria-labelledby="who-can-hear">
      <header className="roster-head">
        <h2 ref={heading} id="who-can-hear" tabIndex={-1}>
          {say("groupCall.hear")} <span className="roster-count">{number(members.length)}</span>
        </h2>
        <IconBtn label={say("do.close")} icon="close" onPress={props.onClose} />
      </header>
      <div className="roster-body">
        <p className="roster-lead">
          {say("groupCall.hearLead")} {say("groupCall.compared", { count: compared })}
        </p>
        {shown.map(([title, some]) => (
          <div key={title}>
            {hands.length > 0 && <h3 className="roster-group">{say(title)}</h3>}
            <ul>
              {some.map((member) => (
                <Row
                  key={member.leaf}
                  member={member}
                  mayRemove={call.mayRemove}
                  open={open === member.leaf}
                  onOpen={() => setOpen(open === member.leaf ? undefined : member.leaf)}
                  onPin={isShared ? undefined : () => props.onPin(member.leaf)}
                  onRemove={() => setRemoving(member)}
                />
              ))}
            </ul>
          </div>
        ))}
      </div>
      {removing && isThere && <Remove member={removing} onClose={() => setRemoving(undefined)} />}
    </section>
  );
}

function Row(props: {
  member: GroupMember;
  mayRemove: boolean;
  open: boolean;
  onOpen: () => void;
  onPin: (() => void) | undefined;
  onRemove: () => void;
}) {
  const { member, open } = props;
  const self = useAppState((state) => state.self?.id);
  const isOtherDevice = !member.own && member.account === self;
  const what = (
    <>
      <Face person={faced(member)} size="sm" />
      <span className="grow">
        <span className="roster-name">
          <Name of={member.name} className="clip" />
        </span>
        <span className={member.verified || member.own ? "roster-sure good" : "roster-sure"}>
          {sure(member, isOtherDevice)}
        </span>
        {member.unopened && (
          <span className="roster-sure bad">{say("groupCall.unopenedShort")}</span>
        )}
      </span>
      <Sign icon="alert" on={member.unopened} tone="bad" />
      <Sign icon="hand" on={member.hand} word="groupCall.handUp" tone="warm" />
      <Sign icon="screen" on={member.sharing} word="groupCall.shares" tone="warm" />
      <Sign icon="signal" on={member.speaking} word="groupCall.speaks" tone="good" />
      <Sign icon="micOff" on={!member.micOn} word="groupCall.muted" tone="bad" />
    </>
  );
  if (member.own) return <li className="roster-row">{what}</li>;
  return (
    <li>
      <button type="button" className="roster-row" aria-expanded={open} onClick={props.onOpen}>
        {what}
        <span className={open ? "roster-fold open" : "roster-fold"}>
          <Icon name="down" small />
        </span>
      </button>
      {open && <Deeds {...props} />}
    </li>
  );
}

function sure(member: GroupMember, isOtherDevice: boolean): string {
  if (member.own) return say("groupCall.you");
  if (isOtherDevice) return say("groupCall.yourOther");
  if (member.guest) return say("groupCall.guest");
  return say(member.verified ? "groupCall.sureYes" : "groupCall.sureNo");
}

function Sign(props: {
  icon: IconName;
  on: boolean;
  /** Without one, it is said elsewhere in the row. */
  word?: Parameters<typeof say>[0];
  tone?: string;
}) {
  if (!props.on) return null;
  return (
    <span className={`roster-sign ${props.tone ?? ""}`}>
      <Icon name={props.icon} small />
      {props.word && <span className="unseen">{say(props.word)}</span>}
    </span>
  );
}

/** What can be done about a member: nobody can be muted, only asked. */
function Deeds(props: {
  member: GroupMember;
  mayRemove: boolean;
  onPin: (() => void) | undefined;
  onRemove: () => void;
}) {
  const { member } = props;
  const { groupCall } = useModel();
  const [asked, setAsked] = useState(false);
  const task = useTask();
  const deeds = useRef<HTMLDivElement>(null);
  useEffect(() => deeds.current?.scrollIntoView({ block: "nearest" }), []);
  const ask = () => void task.run(() => groupCall.askToMute(member)).then((good) => setAsked(good));
  return (
    <div ref={deeds} className="roster-deeds">
      {props.onPin && (
        <Btn icon="spotlight" onPress={props.onPin}>
          {say("groupCall.enlargeShort")}
        </Btn>
      )}
      {member.micOn && (
        <Btn icon="micOff" busy={task.busy} disabled={asked} onPress={ask}>
          {say(asked ? "groupCall.asked" : "groupCall.ask")}
        </Btn>
      )}
      {props.mayRemove && (
        <Btn icon="block" onPress={props.onRemove}>
          {say("groupCall.remove")}
        </Btn>
      )}
      <Failed task={task} />
    </div>
  );
}

function Remove({ member, onClose }: { member: GroupMember; onClose: () => void }) {
  const { groupCall } = useModel();
  const task = useTask();
  return (
    <Ask
      title={<Calling k="groupCall.removeSure" who={member} />}
      text={say(member.guest ? "groupCall.removeGuest" : "groupCall.removeText")}
      onClose={onClose}
      yes={
        <>
          <Failed task={task} />
          <Btn onPress={onClose}>{say("do.cancel")}</Btn>
          <Btn
            look="danger"
            icon="block"
            busy={task.busy}
            onPress={() =>
              void task
                .run(() => groupCall.remove(member))
                .then((good) => {
                  if (good) onClose();
                })
            }
          >
            {say("groupCall.removeYes")}
          </Btn>
        </>
      }
    />
  );
}
