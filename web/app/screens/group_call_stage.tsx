/** The tiles of a group call: a grid, or one large and a strip of others; and the pages they are on. */

import { useLayoutEffect, useRef, useState } from "react";
import { type Box, GAP, type Grid } from "../group_layout.ts";
import {
  everybody,
  firstSeats,
  isSame,
  type Plan,
  pagesOf,
  planOf,
  type TileOf,
  tilesOn,
  type Wish,
} from "../group_plan.ts";
import { NO_SEATS, reseat } from "../group_seats.ts";
import { say } from "../i18n/text.ts";
import type { GroupCallView } from "../model_group_call.ts";
import { Gathering, type Nearness } from "../ui/faces.tsx";
import { useRoving } from "../ui/roving.ts";
import { SelfView } from "../ui/self_view.tsx";
import { useSize } from "../ui/watch.ts";
import { Pager, useLook, useSwipe } from "./group_call_pages.tsx";
import { nameIn, Tile } from "./group_call_tile.tsx";

export type Staging = Wish &
  Readonly<{
    page: number;
    onPage: (page: number) => void;
    onPin: (tile: TileOf | undefined) => void;
    corner: number;
    onCorner: (corner: number) => void;
  }>;

const NEARNESS: Readonly<Record<GroupCallView["state"], Nearness>> = {
  connecting: "nearing",
  inCall: "apart",
  reconnecting: "nearing",
  ended: "apart",
};

export function Stage({ call, staging }: { call: GroupCallView; staging: Staging }) {
  const place = useRef<HTMLDivElement>(null);
  const box = useSize(place);
  const isIn = call.state === "inCall" || call.state === "reconnecting";
  const isAlone = call.members.every(({ own }) => own);
  return (
    <div className="stage many" ref={place}>
      {box && isIn && !isAlone && <Tiles call={call} staging={staging} box={box} />}
      {(!isIn || isAlone) && (
        <div className="stage-faces">
          <Gathering id={call.group.id} nearness={NEARNESS[call.state]} />
          <div className="stage-waits">
            <p className="stage-veil-title">
              {say(isIn ? "groupCall.alone" : "groupCall.connecting")}
            </p>
            <p>{say(isIn ? "groupCall.aloneHelp" : "groupCall.connectingHelp")}</p>
          </div>
        </div>
      )}
      {(isAlone || !isIn) && call.cameraOn && (
        <SelfView
          stream={call.self}
          sharing={false}
          corner={staging.corner}
          onCorner={staging.onCorner}
        />
      )}
      {call.state === "reconnecting" && (
        <div className="stage-veil" role="alert">
          <span className="spin" aria-hidden="true" />
          <p className="stage-veil-title">{say("groupCall.reconnecting")}</p>
          <p>{say("call.reconnectingHelp")}</p>
        </div>
      )}
    </div>
  );
}

function Tiles({ call, staging, box }: { call: GroupCallView; staging: Staging; box: Box }) {
  const members = everybody(call);
  const own = members.find((member) => member.own)?.leaf;
  const plan = planOf(members, call.speaker, staging, box);
  const [before, setSeats] = useState(NO_SEATS);
  const others = members.filter((member) => !member.own).map(({ leaf }) => leaf);
  const seats = reseat(before, others, call.speaker, firstSeats(plan, own));
  if (seats !== before) setSeats(seats); // at once: nothing is drawn of the seats before
  const pages = pagesOf(plan);
  const page = Math.min(staging.page, pages - 1);
  const { onPage } = staging;
  // Before another key is read.
  useLayoutEffect(() => {
    if (page !== staging.page) onPage(page); // there is no such page any more
  }, [page, staging.page, onPage]);
  const shown = tilesOn(plan, seats.order, own, page);
  useLook(plan, shown, own);
  const swipe = useSwipe((step) => onPage(Math.max(0, Math.min(page + step, pages - 1))));
  const roving = useRoving(shown.length);

  const tileOf = (tile: TileOf, size: Box, at?: number) => {
    const member = members.find(({ leaf }) => leaf === tile.leaf);
    if (member === undefined) return undefined;
    const pinned = isSame(staging.pinned, tile);
    // What is large can be let go, if it was made large by hand.
    const canPress = !member.own && (at === undefined ? pinned : canPin(plan, tile));
    const press = {
      label: say(pressWord(tile, pinned), { name: nameIn(member) }),
      pinned,
      onPress: () => staging.onPin(pinned ? undefined : tile),
      stop: at === undefined ? ALONE : roving.stop(at),
    };
    return (
      <Tile
        key={`${tile.role} ${tile.leaf}`}
        member={member}
        role={tile.role}
        size={size}
        large={at === undefined}
        {...(canPress && { press })}
      />
    );
  };
  const pager = pages > 1 && <Pager page={page} pages={pages} onPage={onPage} />;
  switch (plan.kind) {
    case "alone":
      return null;
    case "pair":
      return (
        <>
          <ul className="tiles pair" aria-label={say("groupCall.tiles")}>
            {tileOf(plan.large, plan.size)}
          </ul>
          {call.cameraOn && (
            <SelfView
              stream={call.self}
              sharing={false}
              corner={staging.corner}
              onCorner={staging.onCorner}
            />
          )}
        </>
      );
    case "grid":
      return (
        <div className="tiles-page" {...swipe}>
          <ul
            className="tiles grid"
            aria-label={say("groupCall.tiles")}
            style={{ inlineSize: widthOf(plan) }}
            onKeyDown={roving.onKeyDown}
          >
            {shown.map((tile, at) => tileOf(tile, plan.tile, at))}
          </ul>
          {pager}
        </div>
      );
    case "spotlight":
      return (
        <div className={`spotlight ${plan.strip?.along ?? "row"}`} {...swipe}>
          <ul className="tiles" aria-label={say("groupCall.large")}>
            {tileOf(plan.large, plan.size)}
          </ul>
          {plan.strip && (
            <div className="strip">
              <ul
                className="tiles"
                style={{ inlineSize: widthOf(plan.strip) }}
                aria-label={say("groupCall.tiles")}
                onKeyDown={roving.onKeyDown}
              >
                {shown.map((tile, at) => tileOf(tile, plan.strip?.tile ?? plan.size, at))}
              </ul>
              {pager}
            </div>
          )}
        </div>
      );
  }
}

/** So wide that its columns fit, and no more: the last row stands in the middle. */
function widthOf({ columns, tile }: Grid): number {
  return columns * tile.width + (columns - 1) * GAP;
}

/** The button of the large tile is a stop of its own. */
const ALONE = { tabIndex: 0, onFocus: () => undefined } as const;

/** While a screen is large, it is so for everybody who looks; only another screen takes its place. */
function canPin(plan: Plan, tile: TileOf): boolean {
  return plan.kind !== "spotlight" || plan.large.role === "camera" || tile.role === "screen";
}

function pressWord({ role }: TileOf, pinned: boolean) {
  if (pinned) return "groupCall.release";
  return role === "screen" ? "groupCall.enlargeScreen" : "groupCall.enlarge";
}
