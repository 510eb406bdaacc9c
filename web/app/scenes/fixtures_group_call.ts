/** A group and its calls that nobody has: for pictures and tests. */

import type { GroupCallView, GroupMember, IncomingGroup } from "../model_group_call.ts";
import { CALL, ELIF, GRANDMA, HOSTILE, JONAS, LEYLA, MIRA, TOMAS } from "./fixtures.ts";

const KNOWN = [MIRA, JONAS, ELIF, TOMAS, GRANDMA, LEYLA];
const NAMES =
  "amara ben carla dilan emre fatou goran hana ivo jana karim lena malik noor otto priya quentin rui sina theo uma viktor wanda xenia yusuf zoe arno bruna cyril dora edda farid greta henri ines jovan kaya linus mara nils olga pavel rosa sami tove"
    .split(" ")
    .map((name, i) => `${name}.${String(10_482 + ((i * 37_919) % 88_999))}`);

export const GROUP = { id: "51b7", name: "Tuesday choir" } as const;

function member(leaf: number, change: Partial<GroupMember>): GroupMember {
  return {
    leaf,
    id: String(leaf),
    account: (leaf * 4517 + 321).toString(16).padStart(4, "0").slice(-4),
    name: "",
    own: false,
    verified: leaf % 3 === 1,
    guest: false,
    unopened: false,
    speaking: false,
    hand: false,
    micOn: leaf % 4 !== 3,
    cameraOn: false,
    sharing: false,
    sound: undefined,
    camera: undefined,
    screen: undefined,
    ...change,
  };
}

/**
 * So many in a call, us among them.
 *
 * @param cameras pictures for some; the others have their camera off
 */
export function members(
  count: number,
  cameras: readonly MediaStream[] = [],
): readonly GroupMember[] {
  const known = KNOWN.slice(0, count - 1).map((person, i) =>
    member(i + 1, { account: person.id, name: person.name, verified: person.verified }),
  );
  const others = NAMES.slice(0, Math.max(0, count - 1 - KNOWN.length)).map((name, i) =>
    member(i + 1 + KNOWN.length, { name }),
  );
  const own = member(0, { account: "5c11", name: "anna.48213", own: true, verified: true });
  const all = [...known, ...others].map((one, i) => {
    // Every third has the camera off.
    const camera = i % 3 === 2 ? undefined : cameras[i % Math.max(1, cameras.length)];
    return { ...one, camera, cameraOn: camera !== undefined };
  });
  return [own, ...all];
}

/** Give some members, by their leaves, something else. */
export function but(
  all: readonly GroupMember[],
  changes: Readonly<Record<number, Partial<GroupMember>>>,
): readonly GroupMember[] {
  return all.map((one) => ({ ...one, ...changes[one.leaf] }));
}

export const STRANGE = { name: HOSTILE.name, account: HOSTILE.id } as const;

export const GROUP_CALL: GroupCallView = {
  group: GROUP,
  media: "video",
  state: "inCall",
  members: members(4),
  speaker: 1,
  unlisted: 0,
  lacksSfu: false,
  connectedAt: CALL.connectedAt,
  micOn: true,
  cameraOn: false,
  sharing: false,
  hand: false,
  self: undefined,
  announcements: [],
  reactions: [],
  muteRequest: undefined,
  lobbyTaken: false,
  waiting: [],
  guest: undefined,
  isGuest: false,
  mayRemove: true,
  suite: CALL.suite,
  epoch: 14,
  path: "sfu",
  end: undefined,
  endCode: undefined,
  seconds: 754,
};

export const INCOMING_GROUP: IncomingGroup = {
  group: GROUP,
  caller: { account: MIRA.id, name: MIRA.name, verified: true },
  media: "video",
  people: 3,
};
