/** Calls of a group, in states worth looking at. */

import { lazy, type ReactNode } from "react";
import { Code } from "../../core/codes.ts";
import type { Called, GroupCallView } from "../model_group_call.ts";
import type { First } from "../screens/group_call.tsx";
import * as f from "./fixtures.ts";
import * as g from "./fixtures_group_call.ts";
import type { Scene } from "./scenes.tsx";
import { painted } from "./streams.ts";

const GroupCall = lazy(() => import("../screens/group_call.tsx"));
const Guest = lazy(() => import("../screens/guest.tsx"));
const nothing = () => undefined;

/** So many people, some of them in the picture. */
function many(count: number, change: Partial<GroupCallView> = {}): GroupCallView {
  const all = g.members(count, [painted("window"), painted("desk"), painted("garden")]);
  return {
    ...g.GROUP_CALL,
    members: g.but(all, { 1: { speaking: true } }),
    cameraOn: true,
    self: painted("desk"),
    path: count > 3 ? "sfu" : "mesh",
    ...change,
  };
}

function shared(count: number, change: Partial<GroupCallView> = {}): GroupCallView {
  const call = many(count, change);
  const screen = { sharing: true, screen: painted("screen") };
  return { ...call, members: g.but(call.members, { 2: screen }) };
}

function room(call: GroupCallView, first: First): ReactNode {
  return <GroupCall call={call} aside={false} onAside={nothing} first={first} />;
}

const scene = (call: GroupCallView, more: Partial<Scene> = {}): Scene => ({
  state: { groupCall: call },
  ...more,
});

const ended = (change: Partial<GroupCallView>) =>
  scene({ ...g.GROUP_CALL, state: "ended", ...change });

function visit(change: Partial<GroupCallView>): Scene {
  const group = { id: "", name: "" };
  const groupCall = { ...g.GROUP_CALL, isGuest: true, group, members: [], ...change };
  return { element: <Guest link="" leave={nothing} />, state: { groupCall } };
}

const LIAR = { 2: { unopened: true, camera: undefined } } as const;

const HANDS = { 4: { hand: true, micOn: false }, 6: { hand: true } } as const;

const called = (name: string): Called => ({ name, guest: false });

const WENT = ["ben.17919", "carla.25838", "dilan.33757", "emre.41676"];

const BUSY: Partial<GroupCallView> = {
  hand: true,
  announcements: [
    { id: "a", what: "came", who: [called(f.ELIF.name)] },
    { id: "b", what: "went", who: WENT.map(called) },
  ],
  reactions: [
    { id: "a", kind: "heart", ...called(f.MIRA.name), own: false },
    { id: "b", kind: "laugh", name: "Dana", guest: true, own: false },
    { id: "c", kind: "celebrate", ...called(f.GRANDMA.name), own: false },
    { id: "d", kind: "clap", ...called(""), own: true },
  ],
};

export const GROUP_CALL_SCENES: Readonly<Record<string, () => Scene>> = {
  "group-incoming": () => ({ state: { incomingGroup: g.INCOMING_GROUP } }),
  "group-incoming-voice": () => ({
    state: {
      incomingGroup: {
        group: { ...g.GROUP, name: "Stairwell 14, everybody from the third floor up" },
        caller: { account: f.JONAS.id, name: f.JONAS.name, verified: false },
        media: "voice",
        people: undefined,
      },
    },
  }),
  "group-connecting": () =>
    scene(many(1, { state: "connecting", members: [], connectedAt: undefined })),
  "group-alone": () => scene(many(1)),
  "group-2": () => scene(many(2)),
  "group-3": () => scene(many(3)),
  "group-4": () => scene(many(4)),
  "group-9": () => scene(many(9)),
  "group-25": () => scene(many(25)),
  "group-50": () => scene(many(50)),
  "group-50-last": () => ({ element: room(many(50), { page: 9 }) }),
  "group-voice": () =>
    scene({
      ...g.GROUP_CALL,
      media: "voice",
      members: g.but(g.members(7), { 2: { speaking: true } }),
    }),
  "group-speaker": () => ({ element: room(many(9), { mode: "spotlight" }) }),
  "group-speaker-50": () => ({ element: room(many(50), { mode: "spotlight" }) }),
  "group-screen": () => scene(shared(6)),
  "group-screen-50": () => scene(shared(50)),
  "group-sharing": () => scene(many(5, { sharing: true })),
  "group-roster": () => {
    const call = many(12);
    return { element: room({ ...call, members: g.but(call.members, HANDS) }, { roster: true }) };
  },
  "group-roster-open": () => {
    const call = many(6);
    const members = g.but(call.members, { 3: { ...g.STRANGE, micOn: true, verified: false } });
    return {
      element: room({ ...call, members, unlisted: 1 }, { roster: true, open: 3 }),
    };
  },
  "group-reactions": () => {
    const call = many(7, BUSY);
    return {
      element: room({ ...call, members: g.but(call.members, HANDS) }, { reacting: true }),
    };
  },
  "group-mute-request": () => scene(many(5, { muteRequest: { leaf: 1, ...called(f.MIRA.name) } })),
  "group-mute-request-guest": () =>
    scene(many(5, { muteRequest: { leaf: 1, name: "Dana", guest: true } })),
  "group-knock": () =>
    scene(
      many(4, {
        waiting: [
          { id: "1", name: "Dana" },
          { id: "2", name: "Mira from next door, with a long name" },
        ],
      }),
    ),
  "group-guest-inside": () => {
    const call = many(4);
    const dana = { name: "Dana", verified: false, guest: true };
    return {
      element: room({ ...call, members: g.but(call.members, { 2: dana }) }, { roster: true }),
    };
  },
  guest: () => ({ element: <Guest link="" leave={nothing} />, state: { groupCall: undefined } }),
  "guest-nobody": () => visit({ state: "connecting", guest: "nobody" }),
  "guest-waiting": () => visit({ state: "connecting", guest: "waiting" }),
  "guest-refused": () => visit({ state: "ended", end: "refused", seconds: 0 }),
  "group-unlisted": () => scene(many(5, { unlisted: 1 })),
  "group-unopened": () => {
    const call = many(5);
    return scene({ ...call, members: g.but(call.members, LIAR) });
  },
  "group-unopened-roster": () => {
    const call = many(5);
    return { element: room({ ...call, members: g.but(call.members, LIAR) }, { roster: true }) };
  },
  "group-lacks-sfu": () => scene(many(5, { lacksSfu: true, path: "mesh" })),
  "group-reconnecting": () => scene(many(5, { state: "reconnecting", path: "none" })),
  "group-more": () => ({ element: room(many(4), { panel: "more" }) }),
  "group-security": () => ({ element: room(many(4), { panel: "security" }) }),
  "group-keys": () => ({ element: room(many(4), { panel: "keys" }) }),
  "group-share": () => ({ element: room(many(4), { panel: "share" }) }),
  "group-rtl": () => scene(shared(9), { dir: "rtl" }),
  "group-ended": () => ended({ end: "left" }),
  "group-ended-removed": () => ended({ end: "removed" }),
  "group-ended-failed": () => ended({ end: "failed", endCode: Code.NO_RELAY, seconds: 0 }),
};

/** A question that opens only when something is pressed. */
export const GROUP_CALL_PRESSED: Readonly<Record<string, readonly [string, string]>> = {
  "group-remove": ["group-roster-open", "Remove from the call"],
};
