/** Before a call: look at oneself, or not; the camera stays off until it is wanted. */

import { type ReactNode, useEffect, useState } from "react";
import "./call.css";
import "./preview.css";
import { say } from "../i18n/text.ts";
import { Icon } from "../icons.tsx";
import type { Media } from "../model.ts";
import { useAppState, useModel } from "../model_hooks.tsx";
import { back } from "../router.ts";
import { DeskChoices, DeskTroubles } from "../ui/desk.tsx";
import { EffectSwitches } from "../ui/effects.tsx";
import { Failed } from "../ui/failed.tsx";
import { Btn, IconBtn, Title } from "../ui/parts.tsx";
import { Level, Picture } from "../ui/picture.tsx";
import { Sheet } from "../ui/sheet.tsx";
import { useTask } from "../ui/task.ts";

/** Open the microphone, and close all when one goes elsewhere; say whether a call can begin. */
export function useDesk(): boolean {
  const { calls } = useModel();
  const trouble = useAppState((state) => state.desk.micTrouble);
  const [opened, setOpened] = useState(false);
  useEffect(() => {
    void calls.preview({ camera: false, microphone: true }).then(() => setOpened(true));
    return () => void calls.preview(undefined);
  }, [calls]);
  // Without a microphone no call begins.
  return opened && trouble === undefined;
}

export function BeforeCall(props: {
  media: Media;
  title: ReactNode;
  /** What must be said first. */
  first?: ReactNode;
  /** It cannot begin yet: something is missing. */
  disabled?: boolean;
  /** What is chosen for this call alone. */
  children?: ReactNode;
  /** What is said of how private it is until then. */
  note: string;
  /** What the button says that begins it. */
  begin: string;
  start: () => Promise<void>;
  /** Where the arrow leads; where one came from, unless told otherwise. */
  leave?: () => void;
}) {
  const { calls } = useModel();
  const desk = useAppState((state) => state.desk);
  const [choosing, setChoosing] = useState(false);
  const task = useTask();
  const video = props.media === "video";
  return (
    <section className="preview">
      <header className="page-bar">
        <IconBtn
          label={say("do.back")}
          icon="back"
          disabled={task.busy}
          onPress={props.leave ?? back}
        />
        <Title>{props.title}</Title>
        <IconBtn label={say("call.devices")} icon="settings" onPress={() => setChoosing(true)} />
      </header>
      <div className="preview-body">
        {props.first}
        {video && <Mirror />}
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
        {props.children}
        <DeskTroubles of={["camera"]} />
        <Failed task={task} />
        <div className="preview-start">
          <Btn
            look="primary"
            icon={video ? "video" : "phone"}
            wide
            busy={task.busy}
            disabled={props.disabled ?? false}
            onPress={() => void task.run(props.start)}
          >
            {props.begin}
          </Btn>
        </div>
        <p className="help centre">{props.note}</p>
      </div>
      {choosing && (
        <Sheet title={say("desk.title")} onClose={() => setChoosing(false)}>
          <DeskChoices {...(!video && { kinds: ["microphone", "speaker"] as const })} />
        </Sheet>
      )}
    </section>
  );
}

/** What they will see, or that they will see nothing. */
function Mirror() {
  const { calls } = useModel();
  const desk = useAppState((state) => state.desk);
  if (desk.cameraOn && desk.stream) {
    return (
      <div className="mirror">
        <Picture stream={desk.stream} label={say("preview.self")} mirrored />
      </div>
    );
  }
  return (
    <div className="mirror">
      <div className="mirror-off">
        <Icon name="videoOff" />
        <p className="mirror-title">{say("preview.cameraOff")}</p>
        <p>{say("preview.cameraOffHelp")}</p>
        <Btn look="warm" icon="video" onPress={() => void calls.preview({ camera: true })}>
          {say("preview.turnOn")}
        </Btn>
      </div>
    </div>
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
