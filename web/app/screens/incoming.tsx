/** Somebody rings: who, how sure we are, and every way to answer or not. */

import { useState } from "react";
import "./call.css";
import { Dialog } from "react-aria-components/Dialog";
import { Heading } from "react-aria-components/Heading";
import { Modal, ModalOverlay } from "react-aria-components/Modal";
import { age, say } from "../i18n/text.ts";
import { Icon, type IconName } from "../icons.tsx";
import type { Incoming, Person } from "../model.ts";
import { useAppState, useModel } from "../model_hooks.tsx";
import { plainName } from "../names.ts";
import { Meeting } from "../ui/faces.tsx";
import { Field } from "../ui/fields.tsx";
import { Btn, Name, Named } from "../ui/parts.tsx";
import { Round } from "../ui/round.tsx";
import { useSettled } from "../ui/settled.ts";
import { useTask } from "../ui/task.ts";
import { RingRecording } from "./recording_before.tsx";

const DAY_S = 86_400;
/** Characters of a name beyond which it is set smaller. */
const LONG = 17;
const WORDS = ["incoming.words.later", "incoming.words.write", "incoming.words.minute"] as const;

export default function IncomingScreen(props: { incoming: Incoming; writing?: boolean }) {
  const { calls } = useModel();
  const { person, media, firstCall, confidential } = props.incoming;
  const [writing, setWriting] = useState(props.writing ?? false);
  const micTrouble = useAppState((state) => state.desk.micTrouble);
  const task = useTask();
  const video = media === "video";
  const settled = useSettled(props.incoming);
  return (
    <ModalOverlay isOpen isKeyboardDismissDisabled className="ring-veil">
      <Modal className="ring-card">
        <Dialog
          role="alertdialog"
          className="ring-body"
          aria-label={say("incoming.title", { name: plainName(person.name) })}
        >
          <p className="ring-kind">
            <Icon name={video ? "video" : "phone"} small />
            {say(video ? "incoming.video" : "incoming.voice")}
          </p>
          <Meeting person={person} nearness="nearing" still={task.busy} />
          <Heading
            slot="title"
            className={plainName(person.name).length > LONG ? "ring-name long" : "ring-name"}
          >
            <Name of={person.name} />
          </Heading>
          {writing ? (
            <Decline onBack={() => setWriting(false)} />
          ) : (
            <>
              <CallerCard person={person} firstCall={firstCall} confidential={confidential} />
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
                  onPress={() => void task.run(() => calls.decline())}
                />
                {video && (
                  <Round
                    label={say("incoming.acceptVoice")}
                    icon="phone"
                    tone="go"
                    onPress={() => void task.run(() => calls.accept("voice"))}
                  />
                )}
                <Round
                  label={say(video ? "incoming.acceptVideo" : "incoming.accept")}
                  icon={video ? "video" : "phone"}
                  tone="go"
                  onPress={() => void task.run(() => calls.accept(media))}
                />
              </div>
              <div className="ring-words settling" inert={!settled}>
                <Btn icon="chat" onPress={() => setWriting(true)}>
                  {say("incoming.words")}
                </Btn>
              </div>
              <p className="ring-note">{say("incoming.privacy")}</p>
            </>
          )}
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

/** What we know of who rings, in the order in which it matters. */
function CallerCard(props: { person: Person; firstCall: boolean; confidential: boolean }) {
  const { person, firstCall, confidential } = props;
  return (
    <ul className="caller">
      {person.resembles && (
        <Fact icon="alert" tone="warn">
          <Named k="incoming.resembles" name={person.resembles} />
        </Fact>
      )}
      <Fact icon={person.verified ? "shield" : "info"} tone={person.verified ? "good" : ""}>
        {say(person.verified ? "incoming.verified" : "incoming.unverified")}
      </Fact>
      {person.byHandle && !person.verified && (
        <Fact icon="at" tone="warn">
          {say("incoming.byHandle")}
        </Fact>
      )}
      {confidential && <Fact icon="lock">{say("incoming.confidential")}</Fact>}
      {firstCall && <Fact icon="person">{say("incoming.first")}</Fact>}
      <Fact icon="key">{keyAge(person.since)}</Fact>
      <RingRecording people={[person.id]} confidential={confidential} />
    </ul>
  );
}

function Fact(props: { icon: IconName; tone?: string; children: React.ReactNode }) {
  return (
    <li className={`fact ${props.tone ?? ""}`}>
      <Icon name={props.icon} small />
      <span>{props.children}</span>
    </li>
  );
}

function keyAge(since: number | undefined): string {
  if (since === undefined) return say("incoming.keyUnknown");
  const seconds = Date.now() / 1000 - since;
  return seconds < DAY_S ? say("incoming.keyNew") : say("incoming.keyAge", { age: age(seconds) });
}

function Decline({ onBack }: { onBack: () => void }) {
  const { calls } = useModel();
  const [own, setOwn] = useState("");
  const task = useTask();
  const decline = (words: string) => void task.run(() => calls.decline(words));
  return (
    <div className="decline">
      <p className="ring-note">{say("incoming.wordsLead")}</p>
      {WORDS.map((key) => (
        <Btn key={key} wide onPress={() => decline(say(key))}>
          {say(key)}
        </Btn>
      ))}
      <form
        className="stack tight"
        onSubmit={(event) => {
          event.preventDefault();
          if (own.trim() !== "") decline(own.trim());
        }}
      >
        <Field label={say("incoming.wordsOwn")} value={own} onChange={setOwn} />
        <div className="actions">
          <Btn look="quiet" onPress={onBack}>
            {say("do.back")}
          </Btn>
          <Btn look="warm" submit icon="send" busy={task.busy}>
            {say("do.send")}
          </Btn>
        </div>
      </form>
    </div>
  );
}
