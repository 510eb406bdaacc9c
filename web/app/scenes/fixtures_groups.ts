/** Groups that nobody is in: for pictures and tests. */

import type { Entry, Thread } from "../model.ts";
import type { Author, GroupInvite, GroupView, MemberView } from "../model_groups.ts";
import { ELIF, GRANDMA, HOSTILE, IMPOSTOR, JONAS, MIRA, NOW } from "./fixtures.ts";

const HOUR = 3600;

function member(who: Author, more: Partial<MemberView> = {}): MemberView {
  const { id, name, verified } = who;
  const usual = { contact: true, keeper: false, own: false, resembles: undefined };
  return { id, name, verified, ...usual, ...more };
}

const US = member(
  { id: "5c11", name: "anna.48213", verified: false },
  { own: true, contact: false },
);
const STRANGER = member({ id: "e4d0", name: "paul_w.90233", verified: false }, { contact: false });

let serial = 0;
function entry(at: number, by: Author | undefined, rest: object): Entry {
  serial += 1;
  const own = by?.id === US.id;
  return { id: `g${serial}`, at, own, ...(by && { by }), ...rest } as Entry;
}
const text = (at: number, by: Author, words: string) =>
  entry(at, by, { kind: "text", text: words });
const news = (at: number, what: string, who: string, name: string) =>
  entry(at, undefined, { kind: "group", what, who, name });

const FAMILY_THREAD: Thread = {
  unread: 2,
  entries: [
    news(NOW - 26 * HOUR, "memberJoined", MIRA.name, "Family"),
    news(NOW - 26 * HOUR + 60, "memberJoined", GRANDMA.name, "Family"),
    text(NOW - 25 * HOUR, GRANDMA, "Who brings the cake on Sunday?"),
    text(NOW - 25 * HOUR + 300, US, "We do. Plum, if there are any left."),
    news(NOW - 3 * HOUR, "renamed", MIRA.name, "Sunday at Rosa's"),
    news(NOW - 3 * HOUR + 20, "keeper", MIRA.name, "Sunday at Rosa's"),
    text(NOW - 2 * HOUR, MIRA, "I changed the name, so that we find it."),
    text(NOW - 2 * HOUR + 30, MIRA, "And I asked Paul. He comes with the children."),
    news(NOW - HOUR, "memberJoined", STRANGER.name, "Sunday at Rosa's"),
    entry(NOW - 1800, US, {
      kind: "file",
      name: "plums.jpg",
      size: 1_900_000,
      thumbnail: undefined,
    }),
    text(NOW - 600, STRANGER, "Hello everybody! We are four, is there room?"),
    text(NOW - 300, GRANDMA, "There is always room."),
  ],
};

/** What a photo in a round of people looks like, from afar. */
const PICTURE = new Blob(
  [
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 72"><path fill="#f0c48a" d="M0 0h96v72H0z"/>' +
      '<path fill="#6f8f6a" d="M0 48q24-18 48-6t48-8v38H0z"/><circle cx="70" cy="18" r="9" fill="#fff3d6"/>' +
      '<path fill="#a5503a" d="M30 34l14-12 14 12v18H30z"/><path fill="#fff3d6" d="M40 40h8v12h-8z"/></svg>',
  ],
  { type: "image/svg+xml" },
);

export const FAMILY: GroupView = {
  id: "9a17c4",
  name: "Sunday at Rosa's",
  picture: PICTURE,
  members: [
    { ...US, keeper: true },
    member(MIRA, { keeper: true }),
    member(GRANDMA),
    member(JONAS),
    STRANGER,
  ],
  invited: [ELIF.name],
  state: "member",
  thread: FAMILY_THREAD,
  goingOn: undefined,
};

export const CHOIR: GroupView = {
  id: "41b2e0",
  name: "Choir",
  picture: undefined,
  members: [member(JONAS, { keeper: true }), US, STRANGER],
  invited: [],
  state: "member",
  thread: { unread: 0, entries: [text(NOW - 5000, JONAS, "Rehearsal is at eight this week.")] },
  goingOn: undefined,
};

export const FRESH: GroupView = {
  ...CHOIR,
  id: "d30c5f",
  name: "Garden fence",
  members: [{ ...US, keeper: true }],
  invited: [MIRA.name, JONAS.name],
  thread: { unread: 0, entries: [] },
};

export const LEFT: GroupView = {
  ...CHOIR,
  id: "0f77a1",
  name: "Old flat",
  members: [],
  state: "left",
  thread: { unread: 0, entries: [text(NOW - 90 * HOUR, ELIF, "The keys are with the caretaker.")] },
};

export const REMOVED: GroupView = {
  ...CHOIR,
  members: [],
  state: "removed",
  thread: {
    unread: 0,
    entries: [...CHOIR.thread.entries, news(NOW - 500, "removedUs", JONAS.name, "Choir")],
  },
};

export const BROKEN: GroupView = {
  ...CHOIR,
  state: "broken",
  thread: {
    unread: 0,
    entries: [...CHOIR.thread.entries, news(NOW - 500, "broken", "", "Choir")],
  },
};

export const HOSTILE_GROUP: GroupView = {
  ...CHOIR,
  id: "7e10ff",
  name: HOSTILE.name,
  members: [
    US,
    member(HOSTILE, { contact: false, keeper: true }),
    member(IMPOSTOR, { contact: false, resembles: MIRA.name }),
  ],
  thread: {
    unread: 1,
    entries: [
      news(NOW - 900, "renamed", HOSTILE.name, HOSTILE.name),
      text(
        NOW - 100,
        HOSTILE,
        "\u202Etxet desrever\u202C and aVeryLongWord".concat("WithoutSpace".repeat(20)),
      ),
    ],
  },
};

export const INVITES: readonly GroupInvite[] = [
  { id: "1", name: "Family", inviter: MIRA, members: 5 },
  { id: "2", name: HOSTILE.name, inviter: HOSTILE, members: 1 },
];
