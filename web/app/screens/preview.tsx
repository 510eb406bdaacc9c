/** Before a call: look at oneself, or not; the camera stays off until it is wanted. */

import { useEffect, useState } from "react";
import "./call.css";
import "./preview.css";
import { say } from "../i18n/text.ts";
import { Icon } from "../icons.tsx";
import type { Media, PersonId } from "../model.ts";
import { useAppState, useModel, usePerson } from "../model_hooks.tsx";
import { back, replace } from "../router.ts";
import { DeskChoices, DeskTroubles } from "../ui/desk.tsx";
import { EffectSwitches } from "../ui/effects.tsx";
import { Failed } from "../ui/failed.tsx";
import { Toggle } from "../ui/fields.tsx";
import { Btn, IconBtn, Named, Title } from "../ui/parts.tsx";
import { Level, Picture } from "../ui/picture.tsx";
import { Sheet } from "../ui/sheet.tsx";
import { useTask } from "../ui/task.ts";

export default function Preview({ id, media }: { id: PersonId; media: Media }) {
  const { calls } = useModel();
  const person = usePerson(id);
  const desk = useAppState((state) => state.desk);
  const [confidential, setConfidential] = useState(false);
  const [choosing, setChoosing] = useState(false);
  const [opened, setOpened] = useState(false);
  const task = useTask();
  const video = media === "video";
  useEffect(() => {
    void calls.preview({ camera: false, microphone: true }).then(() => setOpened(true));
    return () => void calls.preview(undefined);
  }, [calls]);
  // Without a microphone no call begins.
  const ready = opened && desk.micTrouble === undefined;
  useEffect(() => {
    // What comes of it is a saving: whatever is wrong, `start` is told.
    const expect = (wanted: Parameters<typeof calls.expect>[0]) =>
      void calls.expect(wanted).catch(() => undefined);
    if (ready) expect({ media, confidential });
    return () => expect(undefined);
  }, [calls, media, confidential, ready]);
  if (person === undefined) return <section className="page" />;
  const start = () =>
    void task.run(async () => {
      await calls.start(id, media, confidential);
      replace({ at: "thread", id });
    });
  return (
    <section className="preview">
      <header className="page-bar">
        <IconBtn label={say("do.back")} icon="back" onPress={back} />
        <Title>
          <Named k="preview.title" name={person.name} />
        </Title>
        <IconBtn label={say("call.devices")} icon="settings" onPress={() => setChoosing(true)} />
      </header>
      <div className="preview-body">
        {video && (
          <div className="mirror">
            {desk.cameraOn && desk.stream ? (
              <Picture stream={desk.stream} label={say("preview.self")} mirrored />
            ) : (
              <div className="mirror-off">
                <Icon name="videoOff" />
                <p className="mirror-title">{say("preview.cameraOff")}</p>
                <p>{say("preview.cameraOffHelp")}</p>
                <Btn look="warm" icon="video" onPress={() => void calls.preview({ camera: true })}>
                  {say("preview.turnOn")}
                </Btn>
              </div>
            )}
          </div>
        )}
        <div className="card preview-mic">
          <IconBtn
            label={say(desk.micOn ? "call.mute" : "call.unmute")}
            icon={desk.micOn ? "mic" : "micOff"}
            look="soft"
            onPress={() => void calls.preview({ microphone: !desk.micOn })}
          />
          <div className="grow stack tight">
            <Microphone />
          </div>
          {video && desk.cameraOn && (
            <IconBtn
              label={say("call.cameraOff")}
              icon="video"
              look="soft"
              onPress={() => void calls.preview({ camera: false })}
            />
          )}
        </div>
        <EffectSwitches brief {...(!video && { effects: ["noise"] as const })} />
        {person.verified && (
          <div className="card rows">
            <Toggle
              label={say("preview.confidential")}
              help={say("preview.confidentialHelp")}
              on={confidential}
              onChange={setConfidential}
            />
          </div>
        )}
        <DeskTroubles of={["camera"]} />
        <Failed task={task} />
        <div className="preview-start">
          <Btn
            look="primary"
            icon={video ? "video" : "phone"}
            wide
            busy={task.busy}
            onPress={start}
          >
            {say(video ? "preview.video" : "preview.voice")}
          </Btn>
        </div>
        <p className="help centre">{say("preview.note")}</p>
      </div>
      {choosing && (
        <Sheet title={say("desk.title")} onClose={() => setChoosing(false)}>
          <DeskChoices {...(!video && { kinds: ["microphone", "speaker"] as const })} />
        </Sheet>
      )}
    </section>
  );
}

/** How loud they are, or why nobody would hear them: not muted, if the microphone did not open. */
function Microphone() {
  const { micOn, micTrouble } = useAppState((state) => state.desk);
  if (micTrouble) return <DeskTroubles of={["microphone"]} />;
  if (!micOn) return <p>{say("call.muted")}</p>;
  return (
    <>
      <Level />
      <p className="help">{say("preview.levelHelp")}</p>
    </>
  );
}
