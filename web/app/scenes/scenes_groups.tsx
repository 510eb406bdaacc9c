/** Scenes of groups of people. */

import type { AppState } from "../model.ts";
import type { GroupView } from "../model_groups.ts";
import * as f from "./fixtures.ts";
import * as g from "./fixtures_groups.ts";
import type { Scene } from "./scenes.tsx";

function state(...all: readonly GroupView[]): Partial<AppState> {
  return { groups: { all, invites: [] } };
}

const thread = (group: GroupView): Scene => ({
  route: { at: "group", id: group.id },
  state: state(group, g.CHOIR),
});

const members = (group: GroupView): Scene => ({
  route: { at: "members", id: group.id },
  state: state(group),
});

const INVITED: Partial<AppState> = { groups: { all: [g.CHOIR], invites: g.INVITES } };

export const GROUP_SCENES: Readonly<Record<string, () => Scene>> = {
  "home-groups": () => ({ state: state(g.FRESH, g.FAMILY, g.CHOIR, g.LEFT) }),
  "home-group-invites": () => ({ state: INVITED }),
  group: () => thread(g.FAMILY),
  "group-call-on": () => thread({ ...g.FAMILY, goingOn: "video" }),
  "group-preview": () => ({
    route: { at: "groupPreview", id: g.FAMILY.id, media: "video" },
    state: state(g.FAMILY),
  }),
  "group-new": () => ({ route: { at: "newGroup" } }),
  "group-new-nobody": () => ({
    route: { at: "newGroup" },
    state: { people: [], threads: new Map() },
  }),
  "group-begun": () => thread(g.FRESH),
  "group-removed": () => thread(g.REMOVED),
  "group-left": () => thread(g.LEFT),
  "group-broken": () => thread(g.BROKEN),
  "group-hostile": () => thread(g.HOSTILE_GROUP),
  "group-thread-rtl": () => ({ ...thread(g.FAMILY), dir: "rtl" }),
  "group-members": () => members(g.FAMILY),
  "group-members-no-keeper": () => members(g.CHOIR),
  "group-members-left": () => members(g.LEFT),
  "group-members-hostile": () => members(g.HOSTILE_GROUP),
  "group-invites": () => ({
    route: { at: "requests" },
    state: {
      ...INVITED,
      requests: [{ id: "0a1b", name: "pablo.10093", byHandle: false, was: "" }],
    },
  }),
};

/** Questions and panels that open when something is pressed. */
export const GROUP_PRESSED: Readonly<Record<string, readonly [scene: string, button: string]>> = {
  "group-links": ["group-members", "Call links"],
  "group-ask": ["group-members", "Ask people in"],
  "group-rename": ["group-members", "Rename"],
  "group-leave": ["group-members", "Leave the group"],
  "group-member": ["group-members", `More about ${f.GRANDMA.name}`],
  "group-stranger": ["group-members", "More about paul_w.90233"],
  "group-keeper": ["group-members", "More about anna.48213"],
};
