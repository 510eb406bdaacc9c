/** A group rings: which, who calls, how sure we are of them, and every way to answer or not. */

import "./call.css";
import "./group_call_edge.css";
import { Dialog } from "react-aria-components/Dialog";
import { Heading } from "react-aria-components/Heading";
import { Modal, ModalOverlay } from "react-aria-components/Modal";
import { say } from "../i18n/text.ts";
import { Icon } from "../icons.tsx";
import type { IncomingGroup } from "../model_group_call.ts";
import { useAppState, useGroup, useModel } from "../model_hooks.tsx";
import { plainName } from "../names.ts";
import { Face, Gathering } from "../ui/faces.tsx";
import { Name, Named } from "../ui/parts.tsx";
import { Round } from "../ui/round.tsx";
import { useSettled } from "../ui/settled.ts";
import { useTask } from "../ui/task.ts";
import { RingRecording } from "./recording_before.tsx";

/** Characters of a name beyond which it is set smaller. */
const LONG = 17;

export default function GroupIncoming({ incoming }: { incoming: IncomingGroup }) {
  const { groupCall } = useModel();
  const { group, caller, media, people } = incoming;
  const micTrouble = useAppState((state) => state.desk.micTrouble);
  const task = useTask();
  const video = media === "video";
  const members = useGroup(group.id)?.members.map(({ id }) => id) ?? [caller.account];
  const settled = useSettled(incoming.group.id);
  const name = plainName(group.name);
  return (
    <ModalOverlay isOpen isKeyboardDismissDisabled className="ring-veil">
      <Modal className="ring-card">
        <Dialog
          role="alertdialog"
          className="ring-body"
          aria-label={say("groupIncoming.title", { name })}
        >
          <p className="ring-kind">
            <Icon name={video ? "video" : "phone"} small />
            {say(video ? "groupIncoming.video" : "groupIncoming.voice")}
          </p>
          <Gathering id={group.id} nearness="nearing" still={task.busy} />
          <Heading slot="title" className={name.length > LONG ? "ring-name long" : "ring-name"}>
            <Name of={group.name} />
          </Heading>
          <div className="caller group-caller">
            <Face person={{ id: caller.account, state: "contact", ...caller }} size="md" />
            <ul className="grow">
              <li className="group-caller-name">
                <Named k="groupIncoming.by" name={caller.name} />
              </li>
              <li className={caller.verified ? "fact good" : "fact"}>
                <Icon name={caller.verified ? "shield" : "info"} small />
                <span>{say(caller.verified ? "incoming.verified" : "incoming.unverified")}</span>
              </li>
              {people !== undefined && (
                <li className="fact">
                  <Icon name="people" small />
                  <span>{say("groupIncoming.people", { count: people })}</span>
                </li>
              )}
              <RingRecording people={members} />
            </ul>
          </div>
          {task.failed && (
            <p className="ring-error" role="alert">
              {say(micTrouble ? `desk.microphone.${micTrouble}` : task.failed)}
            </p>
          )}
          <div className="ring-actions settling" inert={!settled}>
            <Round
              label={say("incoming.decline")}
              icon="hangup"
              tone="end"
              onPress={() => void task.run(() => groupCall.decline())}
            />
            {video && (
              <Round
                label={say("incoming.acceptVoice")}
                icon="phone"
                tone="go"
                onPress={() => void task.run(() => groupCall.accept("voice"))}
              />
            )}
            <Round
              label={say(video ? "incoming.acceptVideo" : "incoming.accept")}
              icon={video ? "video" : "phone"}
              tone="go"
              onPress={() => void task.run(() => groupCall.accept(media))}
            />
          </div>
          <p className="ring-note">{say("groupIncoming.privacy")}</p>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}
