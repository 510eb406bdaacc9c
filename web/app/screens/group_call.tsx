/** A call of a group: who is there, who can hear, and everything else at the edge. */

import { useEffect, useRef, useState } from "react";
import "./call.css";
import "./room.css";
import "./group_call.css";
import "./group_call_edge.css";
import type { TileOf } from "../group_plan.ts";
import { clock, duration, say } from "../i18n/text.ts";
import { Icon } from "../icons.tsx";
import type { GroupCallView } from "../model_group_call.ts";
import { useAppState, useModel, useSupports } from "../model_hooks.tsx";
import { plainName } from "../names.ts";
import { usePrefs } from "../prefs.ts";
import { useChimes } from "../tones.ts";
import { useAwake } from "../ui/awake.ts";
import { useFullScreen } from "../ui/full_screen.ts";
import { useKeys } from "../ui/keys.ts";
import { Name, Title } from "../ui/parts.tsx";
import { Sound } from "../ui/picture.tsx";
import { useSeconds } from "../ui/watch.ts";
import { Controls } from "./group_call_controls.tsx";
import { GroupEnded } from "./group_call_ended.tsx";
import { MuteRequest } from "./group_call_mute.tsx";
import { Comings, Floats, Notes } from "./group_call_news.tsx";
import { type PanelName, Panels } from "./group_call_panels.tsx";
import { Roster } from "./group_call_roster.tsx";
import { Stage } from "./group_call_stage.tsx";
import { Held } from "./recording_asked.tsx";

/** Where the roster lies over the tiles; `group_call_roster.css`. */
const OVER = "(max-width: 51.99rem)";

/** What is open at first. */
export type First = Readonly<{
  panel?: PanelName;
  mode?: "grid" | "spotlight";
  roster?: boolean;
  /** Of whom the roster shows more. */
  open?: number;
  reacting?: boolean;
  page?: number;
}>;

/** `aside`: one reads something else meanwhile, and hears on. */
export default function GroupCall(props: {
  call: GroupCallView;
  aside: boolean;
  onAside: () => void;
  first?: First;
}) {
  const { call, aside } = props;
  if (call.state === "ended") return aside ? null : <GroupEnded call={call} />;
  return (
    <>
      <Sounds call={call} />
      {!aside && <Live call={call} onAside={props.onAside} first={props.first ?? {}} />}
      {call.muteRequest && call.micOn && (
        <MuteRequest key={call.muteRequest.leaf} who={call.muteRequest} />
      )}
    </>
  );
}

/** Everybody is heard, on whichever page they are; and so is who comes and goes. */
function Sounds({ call }: { call: GroupCallView }) {
  const speaker = useAppState((state) => state.desk.speaker);
  useChimes(call.announcements);
  return call.members
    .filter(({ own, sound }) => !own && sound !== undefined)
    .map(({ leaf, sound }) => <Sound key={leaf} stream={sound} speaker={speaker} />);
}

function Live(props: { call: GroupCallView; onAside: () => void; first: First }) {
  const { call, first } = props;
  const { groupCall } = useModel();
  const prefs = usePrefs();
  const canShare = useSupports("screenShare") && call.media === "video";
  const [panel, setPanel] = useState<PanelName | undefined>(first.panel);
  const [hasRoster, setRoster] = useState(first.roster ?? false);
  const [reacting, setReacting] = useState(first.reacting ?? false);
  const [mode, setMode] = useState(first.mode ?? "grid");
  const [pinned, setPinned] = useState<TileOf>();
  const [page, setPage] = useState(first.page ?? 0);
  const [corner, setCorner] = useState(0);
  const chip = useRef<HTMLButtonElement>(null);
  const [full, toggleFull] = useFullScreen();
  useAwake();
  // Whoever comes in at the leaf of who was pinned is somebody else.
  const isPinnedHere = call.members.some(({ leaf }) => leaf === pinned?.leaf);
  useEffect(() => {
    if (!isPinnedHere) setPinned(undefined);
  }, [isPinnedHere]);
  const name = plainName(call.group.name);
  const video = call.media === "video";

  const act = {
    mic: () => void groupCall.setMic(!call.micOn),
    camera: () => void groupCall.setCamera(!call.cameraOn).catch(() => setPanel("devices")),
    share: () => (call.sharing ? void groupCall.share(undefined) : setPanel("share")),
    hand: () => void groupCall.raiseHand(!call.hand),
    react: () => setReacting(!reacting),
    view: () => {
      setPinned(undefined);
      setMode(mode === "grid" && pinned === undefined ? "spotlight" : "grid");
    },
    roster: () => {
      if (hasRoster) chip.current?.focus(); // what had the focus goes
      setRoster(!hasRoster);
    },
    aside: props.onAside,
    full: toggleFull,
    leave: () => void groupCall.leave(),
  };
  useKeys(prefs.keys && panel === undefined, {
    m: act.mic,
    ...(video && { v: act.camera }),
    ...(canShare && { s: act.share }),
    r: act.hand,
    e: act.react,
    g: act.view,
    w: act.roster,
    f: act.full,
    o: () => setCorner((at) => at + 1),
    i: () => setPanel("security"),
    h: act.leave,
    pagedown: () => setPage((at) => at + 1),
    pageup: () => setPage((at) => Math.max(0, at - 1)),
    "?": () => setPanel("keys"),
  });
  const isGrid = mode === "grid" && pinned === undefined;

  return (
    <section
      tabIndex={-1}
      className={`room group-room${hasRoster ? " listing" : ""}`}
      aria-label={say("groupCall.title", { name })}
    >
      <Title unseen>{say("groupCall.title", { name })}</Title>
      <header className="room-bar">
        <div className="room-who">
          <p className="room-name clip">
            <Name of={call.group.name} />
          </p>
          <State call={call} />
        </div>
        {call.members.length > 0 && (
          <button
            ref={chip}
            type="button"
            className="lock-chip hear-chip"
            aria-expanded={hasRoster}
            onClick={act.roster}
          >
            <Icon name="people" small />
            <span className="unseen">
              {say("groupCall.hearCount", { count: call.members.length })}
            </span>
            <span className="wide-word" aria-hidden="true">
              {say("groupCall.hear")}
            </span>
            <span className="hear-count" aria-hidden="true">
              {call.members.length}
            </span>
          </button>
        )}
        <button type="button" className="lock-chip" onClick={() => setPanel("security")}>
          <Icon name="lock" small />
          <span className="wide-word">{say("call.security")}</span>
        </button>
      </header>
      <Notes call={call} onStop={act.share} />
      <div className="group-stage">
        <Stage
          call={call}
          staging={{
            mode,
            pinned,
            page,
            onPage: setPage,
            onPin: setPinned,
            corner,
            onCorner: setCorner,
          }}
        />
        <Held />
        <Comings call={call} />
        <Floats call={call} />
      </div>
      {hasRoster && (
        <Roster
          call={call}
          onPin={(leaf) => {
            setPinned({ leaf, role: "camera" });
            if (matchMedia(OVER).matches) act.roster(); // it lies over what is to be seen
          }}
          onClose={act.roster}
          {...(first.open !== undefined && { open: first.open })}
        />
      )}
      <Controls
        call={call}
        act={act}
        canShare={canShare}
        isGrid={isGrid}
        reacting={reacting}
        onReacting={setReacting}
        onMore={() => setPanel("more")}
      />
      {panel && (
        <Panels
          panel={panel}
          call={call}
          act={act}
          full={full}
          canShare={canShare}
          isGrid={isGrid}
          open={setPanel}
        />
      )}
    </section>
  );
}

/** How long one has been in it, and which way it goes. */
function State({ call }: { call: GroupCallView }) {
  const seconds = useSeconds(call.connectedAt);
  const isIn = call.state === "inCall" || call.state === "reconnecting";
  return (
    <p className="room-state" role="status">
      {isIn ? (
        <>
          <span aria-hidden="true">{clock(seconds)}</span>
          <span className="unseen">{say("call.duration", { time: duration(seconds) })}</span>
          <span className="path">{say(`groupCall.way.${call.path}`)}</span>
        </>
      ) : (
        say("groupCall.connecting")
      )}
    </p>
  );
}
