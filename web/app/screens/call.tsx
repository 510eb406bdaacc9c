/** A call from ringing there to its end. The other person first; everything else keeps to the edge. */

import { useEffect, useRef, useState } from "react";
import "./call.css";
import "./room.css";
import { clock, duration, say } from "../i18n/text.ts";
import { Icon } from "../icons.tsx";
import type { CallView } from "../model.ts";
import { useAppState, useCallRecording, useModel, useSupports } from "../model_hooks.tsx";
import { plainName } from "../names.ts";
import { usePrefs } from "../prefs.ts";
import { useAwake } from "../ui/awake.ts";
import { Meeting, type Nearness } from "../ui/faces.tsx";
import { useFullScreen } from "../ui/full_screen.ts";
import { useKeys } from "../ui/keys.ts";
import { Name, Named, Title } from "../ui/parts.tsx";
import { Picture, Sound } from "../ui/picture.tsx";
import { Round } from "../ui/round.tsx";
import { SelfView } from "../ui/self_view.tsx";
import { useSeconds } from "../ui/watch.ts";
import { type PanelName, Panels } from "./call_panels.tsx";
import { Ended } from "./ended.tsx";
import { Asked, Held } from "./recording_asked.tsx";
import { TextPanel, TextReader, useKeyboardRoom } from "./text_panel.tsx";

export default function Call(props: { call: CallView; onChat: () => void; panel?: PanelName }) {
  const { call } = props;
  if (call.state === "ended") return <Ended call={call} />;
  return <Live {...props} />;
}

const NEARNESS: Readonly<Record<CallView["state"], Nearness>> = {
  calling: "apart",
  connecting: "together",
  inCall: "together",
  reconnecting: "nearing",
  ended: "apart",
};

function Live(props: { call: CallView; onChat: () => void; panel?: PanelName }) {
  const { call } = props;
  const { calls } = useModel();
  const prefs = usePrefs();
  const speaker = useAppState((state) => state.desk.speaker);
  const cameraTrouble = useAppState((state) => state.desk.cameraTrouble);
  const micTrouble = useAppState((state) => state.desk.micTrouble);
  const canShare = useSupports("screenShare") && !call.confidential;
  const [panel, setPanel] = useState<PanelName | undefined>(props.panel);
  const [corner, setCorner] = useState(0);
  const room = useRef<HTMLElement>(null);
  const remote = useRef<HTMLVideoElement>(null);
  const [full, toggleFull] = useFullScreen();
  // The red bar has no room in a window of the picture's own.
  const isRecorded = (useCallRecording()?.recorded.length ?? 0) > 0;
  /** Opened here and not by the other person: then one wants to write. */
  const [wantsText, setWantsText] = useState(false);
  useKeyboardRoom(room);
  useAwake();
  const name = plainName(call.person.name);
  const talking = call.state === "inCall" || call.state === "reconnecting";
  const video = call.media === "video";
  // The figures that tell of pictures come once a second; the first picture does not wait for them.
  const [first, setFirst] = useState<MediaStream>();
  useEffect(() => {
    if (call.remotePicture) setFirst(undefined);
  }, [call.remotePicture]);
  const comes = first !== undefined && first === call.remote;
  const pictured = talking && (call.remotePicture || comes);

  const act = {
    mic: () => void calls.setMic(!call.micOn),
    camera: () => void calls.setCamera(!call.cameraOn).catch(() => setPanel("devices")),
    share: () => (call.sharing ? void calls.share(undefined) : setPanel("share")),
    full: toggleFull,
    pip: () => isRecorded || void togglePip(remote.current),
    text: () => {
      setWantsText(!call.text.isOpen);
      if (call.text.isOpen) room.current?.focus(); // what had the focus goes
      calls.setText(!call.text.isOpen);
    },
    end: () => void calls.hangUp(),
  };
  useKeys(prefs.keys && panel === undefined, {
    m: act.mic,
    ...(video && { v: act.camera, p: act.pip }),
    ...(video && canShare && { s: act.share }),
    t: act.text,
    f: act.full,
    o: () => setCorner((at) => at + 1),
    i: () => setPanel("security"),
    h: act.end,
    "?": () => setPanel("keys"),
  });

  return (
    <section
      ref={room}
      tabIndex={-1}
      className={`room${pictured ? " pictured" : ""}${call.text.isOpen ? " writing" : ""}`}
      aria-label={say("call.with", { name })}
    >
      <Title unseen>{say("call.with", { name })}</Title>
      <header className="room-bar">
        <div className="room-who">
          <p className="room-name clip">
            <Name of={call.person.name} />
          </p>
          <p className="room-state" role="status">
            {talking ? <Talking call={call} /> : say(waitingFor(call))}
          </p>
        </div>
        <button type="button" className="lock-chip" onClick={() => setPanel("security")}>
          <Icon name={call.person.verified ? "shield" : "lock"} small />
          <span>{say("call.security")}</span>
        </button>
      </header>

      <Sound stream={call.remote} speaker={speaker} />
      <div className="stage">
        <Picture
          ref={remote}
          stream={call.remote}
          hidden={!pictured}
          detachable={!isRecorded}
          onFirst={setFirst}
          label={say("call.remotePicture", { name })}
          className="remote"
        />
        {!pictured && (
          <div className="stage-faces">
            <Meeting person={call.person} nearness={NEARNESS[call.state]} />
            {talking && video && (
              <p>
                <Named k="call.noPicture" name={call.person.name} />
              </p>
            )}
          </div>
        )}
        {call.state === "reconnecting" && (
          <div className="stage-veil" role="alert">
            <span className="spin" aria-hidden="true" />
            <p className="stage-veil-title">{say("call.reconnecting")}</p>
            <p>{say("call.reconnectingHelp")}</p>
          </div>
        )}
        <Held />
        <div className="stage-hints">
          {call.state === "inCall" && (call.quality === "poor" || call.quality === "fair") && (
            <p className={`stage-hint ${call.quality}`} role="status">
              <Icon name="signal" small />
              {say(`call.quality.${call.quality}`)}
            </p>
          )}
          {micTrouble && (
            <p className="stage-hint poor" role="alert">
              <Icon name="micOff" small />
              {say(`desk.microphone.${micTrouble}`)}
            </p>
          )}
          {video && cameraTrouble && (
            <p className="stage-hint poor" role="alert">
              <Icon name="videoOff" small />
              {say(`desk.camera.${cameraTrouble}`)}
            </p>
          )}
          {call.text.isOpenThere && !call.text.isOpen && (
            <p className="stage-hint" role="status">
              <Icon name="text" small />
              <span>
                <Named k="text.unread" name={call.person.name} />
              </span>
            </p>
          )}
          {call.sharing && (
            <p className="stage-hint sharing" role="status">
              <Icon name="screen" small />
              <span>
                <Named k="call.sharing" name={call.person.name} />
              </span>
            </p>
          )}
        </div>
        {video && (call.cameraOn || call.sharing) && (
          <SelfView
            stream={call.self}
            sharing={call.sharing}
            corner={corner}
            onCorner={setCorner}
          />
        )}
      </div>

      {call.text.isOpen && <TextPanel call={call} focus={wantsText} onClose={act.text} />}
      <TextReader call={call} />

      <footer className="room-controls">
        <Asked />
        <Round
          label={say(call.micOn ? "call.mute" : "call.unmute")}
          icon={call.micOn ? "mic" : "micOff"}
          tone={call.micOn ? "plain" : "off"}
          shortcut="m"
          onPress={act.mic}
        />
        {video && (
          <Round
            label={say(call.cameraOn ? "call.cameraOff" : "call.cameraOn")}
            icon={call.cameraOn ? "video" : "videoOff"}
            tone={call.cameraOn ? "plain" : "off"}
            shortcut="v"
            onPress={act.camera}
          />
        )}
        {video && canShare && talking && (
          <Round
            label={say(call.sharing ? "call.stopShare" : "call.share")}
            icon="screen"
            tone={call.sharing ? "on" : "plain"}
            shortcut="s"
            className="only-wide"
            onPress={act.share}
          />
        )}
        <Round
          label={say(call.text.isOpen ? "call.textOff" : "call.text")}
          icon="text"
          tone={call.text.isOpen ? "on" : "plain"}
          shortcut="t"
          onPress={act.text}
        />
        <Round label={say("call.chat")} icon="chat" className="only-wide" onPress={props.onChat} />
        <Round label={say("call.more")} icon="more" onPress={() => setPanel("more")} />
        <Round
          label={say(call.state === "calling" ? "call.cancel" : "call.hangUp")}
          icon="hangup"
          tone="end"
          shortcut="h"
          onPress={act.end}
        />
      </footer>
      {panel && (
        <Panels
          panel={panel}
          call={call}
          act={act}
          full={full}
          canShare={canShare && video && talking}
          open={setPanel}
          onChat={props.onChat}
        />
      )}
    </section>
  );
}

function waitingFor({ state, ringsThere }: CallView): "call.calling" | "call.ringing" {
  return state === "calling" && ringsThere ? "call.ringing" : (`call.${state}` as "call.calling");
}

/** How long, how well, which way. */
function Talking({ call }: { call: CallView }) {
  const seconds = useSeconds(call.connectedAt);
  return (
    <>
      <span aria-hidden="true">{clock(seconds)}</span>
      <span className="unseen">{say("call.duration", { time: duration(seconds) })}</span>
      {call.confidential && <span className="path">{say("call.confidential")}</span>}
      <span className="path">
        {say(`call.path.${call.path}`)}
        {call.rttMs !== undefined && ` · ${say("call.rtt", { ms: Math.round(call.rttMs) })}`}
      </span>
    </>
  );
}

async function togglePip(video: HTMLVideoElement | null): Promise<void> {
  if (document.pictureInPictureElement) await document.exitPictureInPicture();
  else if (video && document.pictureInPictureEnabled) {
    await video.requestPictureInPicture().catch(() => undefined); // no picture yet
  }
}
