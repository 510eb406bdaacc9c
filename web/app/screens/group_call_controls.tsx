/** The buttons of a group call, and the bar with the hand and the reactions. */

import { type KeyboardEvent, useEffect, useRef } from "react";
import { say } from "../i18n/text.ts";
import { Icon } from "../icons.tsx";
import { type GroupCallView, REACTIONS } from "../model_group_call.ts";
import { useModel } from "../model_hooks.tsx";
import { Reaction } from "../ui/reaction.tsx";
import { Round } from "../ui/round.tsx";
import { useRoving } from "../ui/roving.ts";
import { Asked } from "./recording_asked.tsx";

export type Acts = Readonly<
  Record<
    "mic" | "camera" | "share" | "hand" | "react" | "view" | "roster" | "aside" | "full" | "leave",
    () => void
  >
>;

export function Controls(props: {
  call: GroupCallView;
  act: Acts;
  canShare: boolean;
  isGrid: boolean;
  reacting: boolean;
  onReacting: (reacting: boolean) => void;
  onMore: () => void;
}) {
  const { call, act } = props;
  const isIn = call.state === "inCall";
  const video = call.media === "video";
  const reacting = props.reacting && isIn;
  return (
    <footer className="room-controls group-controls">
      <Asked />
      {reacting && <Bar call={call} onHand={act.hand} onClose={() => props.onReacting(false)} />}
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
      {props.canShare && isIn && (
        <Round
          label={say(call.sharing ? "call.stopShare" : "call.share")}
          icon="screen"
          tone={call.sharing ? "on" : "plain"}
          shortcut="s"
          className="only-wide"
          onPress={act.share}
        />
      )}
      {isIn && (
        <Round
          label={say(call.hand ? "groupCall.handDown" : "groupCall.hand")}
          icon="hand"
          tone={call.hand ? "on" : "plain"}
          shortcut="r"
          className="only-wide"
          onPress={act.hand}
        />
      )}
      {isIn && (
        <Round
          label={say("groupCall.react")}
          icon="react"
          tone={reacting ? "on" : "plain"}
          shortcut="e"
          className="react-button"
          onPress={act.react}
        />
      )}
      {isIn && (
        <Round
          label={say(props.isGrid ? "groupCall.spotlight" : "groupCall.grid")}
          icon={props.isGrid ? "spotlight" : "grid"}
          shortcut="g"
          className="only-wide"
          onPress={act.view}
        />
      )}
      {!call.isGuest && (
        <Round label={say("call.chat")} icon="chat" className="only-wide" onPress={act.aside} />
      )}
      <Round label={say("call.more")} icon="more" onPress={props.onMore} />
      <Round
        label={say("groupCall.leave")}
        icon="hangup"
        tone="end"
        shortcut="h"
        onPress={act.leave}
      />
    </footer>
  );
}

/** One stop of the Tab key; Escape closes it. */
function Bar(props: { call: GroupCallView; onHand: () => void; onClose: () => void }) {
  const { call } = props;
  const { groupCall } = useModel();
  const bar = useRef<HTMLDivElement>(null);
  const roving = useRoving(REACTIONS.length + 1);
  useEffect(() => bar.current?.querySelector("button")?.focus({ preventScroll: true }), []);
  const close = () => {
    document.querySelector<HTMLElement>(".react-button")?.focus();
    props.onClose();
  };
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    if (event.key === "Escape") close();
    else roving.onKeyDown(event);
  };
  return (
    <div
      ref={bar}
      className="react-bar"
      role="toolbar"
      aria-label={say("groupCall.reactions")}
      onKeyDown={onKeyDown}
    >
      <button
        type="button"
        className="react-hand"
        data-roving=""
        aria-pressed={call.hand}
        aria-label={say("groupCall.hand")}
        onClick={() => {
          props.onHand();
          close();
        }}
        {...roving.stop(0)}
      >
        <Icon name="hand" />
      </button>
      {REACTIONS.map((kind, i) => (
        <button
          key={kind}
          type="button"
          className="react-one"
          data-roving=""
          aria-label={say(`reaction.${kind}`)}
          onClick={() => {
            void groupCall.react(kind);
            close();
          }}
          {...roving.stop(i + 1)}
        >
          <Reaction kind={kind} />
        </button>
      ))}
    </div>
  );
}
