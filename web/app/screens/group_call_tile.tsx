/** One tile of a group call: a picture or a face, and what one has to know of who it is. */

import { useState } from "react";
import { type Key, say, sayWith } from "../i18n/text.ts";
import { Icon } from "../icons.tsx";
import type { Called, GroupMember } from "../model_group_call.ts";
import { plainName } from "../names.ts";
import { duoOf, Face } from "../ui/faces.tsx";
import { Name } from "../ui/parts.tsx";
import { Picture } from "../ui/picture.tsx";

type Size = Readonly<{ width: number; height: number }>;

/** A tile that is less wide or high has smaller words on it. */
const SMALL = 132;

export function Tile(props: {
  member: GroupMember;
  role: "camera" | "screen";
  size: Size;
  large?: boolean;
  /** Makes it large, or lets it go; without it, it cannot be pressed. */
  press?: Readonly<{
    label: string;
    pinned: boolean;
    onPress: () => void;
    stop: Readonly<{ tabIndex: 0 | -1; onFocus: () => void }>;
  }>;
}) {
  const { member, role, press, large = false } = props;
  const isScreen = role === "screen";
  const stream = isScreen ? member.screen : member.camera;
  const [drawn, setDrawn] = useState<MediaStream>();
  // A face stays behind a small picture, which covers it as soon as there is one.
  const isDrawn = stream !== undefined && drawn === stream;
  const name = nameIn(member);
  const label = isScreen
    ? say("groupCall.screenOf", { name })
    : say("call.remotePicture", { name: member.own ? say("groupCall.you") : name });
  const classes = [
    "tile",
    duoOf(member.account),
    role,
    large ? "large" : Math.min(props.size.width, props.size.height) < SMALL ? "tiny" : "",
    isDrawn ? "drawn" : "",
    member.speaking && !isScreen && !large ? "speaking" : "",
  ];
  return (
    <li
      className={classes.filter(Boolean).join(" ")}
      style={{ inlineSize: props.size.width, blockSize: props.size.height }}
    >
      {!(isDrawn && large) && (
        <div className="tile-face">
          <Face person={faced(member)} size="xl" />
        </div>
      )}
      {stream && (
        <Picture
          stream={stream}
          label={label}
          mirrored={member.own && !isScreen}
          onFirst={setDrawn}
        />
      )}
      {member.hand && !isScreen && (
        <span className="tile-hand">
          <Icon name="hand" small />
          <span className="unseen">{say("groupCall.handUp")}</span>
        </span>
      )}
      <p className="tile-name">
        {!member.micOn && !isScreen && (
          <span className="tile-muted">
            <Icon name="micOff" small />
            <span className="unseen">{say("groupCall.muted")}</span>
          </span>
        )}
        {member.unopened && (
          <span className="tile-unopened">
            <Icon name="alert" small />
            <span className="unseen">{say("groupCall.unopenedShort")}</span>
          </span>
        )}
        {isScreen && <Icon name="screen" small />}
        <span className="clip" dir="auto">
          {member.own ? say("groupCall.you") : <Name of={member.name} />}
        </span>
        {member.guest && !member.own && (
          <span className="tile-guest">{say("groupCall.guestShort")}</span>
        )}
        {member.verified && !member.own && (
          <span className="tile-verified">
            <Icon name="shield" small />
            <span className="unseen">{say("incoming.verified")}</span>
          </span>
        )}
        {member.speaking && <span className="unseen">{say("groupCall.speaks")}</span>}
      </p>
      {press && (
        <button
          type="button"
          className="tile-press"
          data-roving=""
          aria-label={press.label}
          aria-pressed={press.pinned}
          onClick={press.onPress}
          {...press.stop}
        >
          {press.pinned && <Icon name="pin" small />}
        </button>
      )}
    </li>
  );
}

/** What to call a member in a sentence: of a guest everybody is told that they are one. */
export function nameIn({ name, guest }: Called): string {
  return guest ? say("groupCall.guestNamed", { name: plainName(name) }) : plainName(name);
}

/** A sentence with a member in it, isolated from the words around it. */
export function Calling({ k, who }: { k: Key; who: Called }) {
  // However long the name, it is never clipped of its end, which says that it is a guest's.
  return sayWith(k, { name: <bdi key="name">{nameIn(who)}</bdi> });
}

export function faced(member: GroupMember): Parameters<typeof Face>[0]["person"] {
  const { account: id, name, own, verified } = member;
  return { id, name, state: "contact", verified: verified || own };
}
