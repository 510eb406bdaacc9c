/** People, conversations and devices that nobody has: for pictures and tests. */

import { DEFAULT } from "../../core/keeping.ts";
import { Meter, type Reading } from "../../core/meter.ts";
import type { AppState, AwaitedPerson, CallView, Desk, Entry, Person, Thread } from "../model.ts";
import type { Device, DoctorCheck, Permissions, Recipient, Use, WaysIn } from "../model_actions.ts";

export const NOW = Math.floor(Date.now() / 1000);
const HOUR = 3600;
const DAY = 86_400;

export const INVITE = `https://calls.example.org/i#${"o2FhWCBk4vQ1zM7bG0Jr9nYtKc2LxWpS8dHfUaEiVe".repeat(5)}`;
export const NUMBER =
  "48213 90517 26634 81190 05572 39948 71206 44815 63097 18824 95531 20768".split(" ");
export const WAYS: WaysIn = {
  password: true,
  passkeys: [
    { shortId: "a41f0c", created: "2026-03-02" },
    { shortId: "90be77", created: "2026-07-19" },
  ],
};
export const PASSKEYS_ONLY: WaysIn = { ...WAYS, password: false };
export const NUMBER_TEXT =
  "visavis-number:VlZTTgF3qJ0Wm1xk5sT8bYcVhRzUeGnPoLdQaMiKfHjJpZrSwNtXvCyBuDgElOqWAs4T2mQ9xYkFh7LbV0cR";
export const RECOVERY = "K7QM-2XWD-9FHT-4RNB-V8CJ-6PYS-3ZG5";

function person(id: string, name: string, more: Partial<Person> = {}): Person {
  return {
    id,
    name,
    state: "contact",
    verified: false,
    devices: 1,
    byHandle: false,
    since: NOW - 41 * DAY,
    resembles: undefined,
    rules: {
      calls: "video",
      hours: undefined,
      seesRinging: false,
      direct: false,
      keepsHours: undefined,
    },
    ...more,
  };
}

export const MIRA = person("1a30", "mira.20417", { verified: true, devices: 2 });
export const JONAS = person("8141", "jonas.77120", { since: NOW - 3 * HOUR, byHandle: true });
export const ELIF = person("4f53", "elif.50938", { verified: true, since: NOW - 400 * DAY });
export const TOMAS = person("2664", "tomas_k.10482", { state: "changed" });
export const GRANDMA = person("c7a5", "grandma-rosa.33871", { verified: true });
export const IMPOSTOR = person("9586", "mіra.20417~9f0c22ab71de", {
  since: NOW - 60,
  byHandle: true,
  resembles: "mira.20417",
});
export const HOSTILE = person(
  "7d07",
  `\u202Egnp.erutcip\u202C ${"Z\u0351\u0352\u0353\u0354\u0355".repeat(3)} ${"long ".repeat(40)}`,
);
export const LEYLA = person("3ba2", "ليلى.61204");

/** The same before they have come, to an account that has moved. */
export function awaitedAs({ id, name, verified, rules }: Person): AwaitedPerson {
  return { id, name, verified, blocked: false, rules };
}

export const GRANDMA_AWAITED = awaitedAs(GRANDMA);

export const PEOPLE = [MIRA, JONAS, ELIF, TOMAS, GRANDMA];

let serial = 0;
function entry(at: number, own: boolean, rest: object): Entry {
  serial += 1;
  return { id: String(serial), at, own, ...rest } as Entry;
}
const text = (at: number, own: boolean, words: string) =>
  entry(at, own, { kind: "text", text: words });

const yesterday = NOW - DAY;

export const MIRA_THREAD: Thread = {
  unread: 0,
  entries: [
    entry(yesterday - 9 * HOUR, false, { kind: "notice", what: "added" }),
    text(
      yesterday - 2 * HOUR,
      false,
      "Made it up to the hut. You can see all the way to the lake from here.",
    ),
    text(yesterday - 2 * HOUR + 40, false, "Signal is one bar, so no video until tonight."),
    text(yesterday - HOUR, true, "Jealous! Call when you are back down?"),
    entry(yesterday + 1000, false, { kind: "ended", media: "video", seconds: 1934 }),
    text(NOW - 4000, true, "That sunrise was something. Thank you for getting me out of bed."),
    entry(NOW - 3900, true, {
      kind: "file",
      name: "sunrise.jpg",
      size: 2_400_000,
      thumbnail: undefined,
    }),
    entry(NOW - 2400, false, { kind: "missed", media: "voice" }),
    text(NOW - 900, false, "Only wanted to ask for the bread recipe. No hurry."),
    text(NOW - 860, false, "And whether you need the car on Sunday."),
    text(
      NOW - 300,
      true,
      "500 g flour, 350 water, 10 salt, a spoon of sourdough, and a night in the fridge. The car is yours.",
    ),
  ],
};

/** A contact that has another name since a moment ago. */
export const RENAMED: Thread = {
  unread: 0,
  entries: [
    text(NOW - HOUR, false, "I am getting married on Saturday, by the way."),
    entry(NOW - 60, false, {
      kind: "notice",
      what: "renamed",
      names: { was: "mira_h.55120", name: MIRA.name },
    }),
    text(NOW - 30, false, "New name, same me."),
  ],
};

export const THREADS: ReadonlyMap<string, Thread> = new Map([
  [MIRA.id, MIRA_THREAD],
  [
    JONAS.id,
    {
      unread: 2,
      entries: [
        entry(NOW - 3 * HOUR, false, { kind: "notice", what: "addedByHandle" }),
        text(NOW - 2 * HOUR, false, "Hi, this is Jonas from the choir."),
        text(NOW - 2 * HOUR + 30, false, "Do you have the notes for Thursday?"),
      ],
    },
  ],
  [
    ELIF.id,
    { unread: 0, entries: [entry(yesterday, true, { kind: "unanswered", media: "voice" })] },
  ],
  [
    TOMAS.id,
    {
      unread: 0,
      entries: [
        text(NOW - 2 * DAY, true, "See you at the workshop."),
        entry(NOW - 2 * DAY + 50, false, { kind: "notice", what: "identityChanged" }),
      ],
    },
  ],
  [
    GRANDMA.id,
    {
      unread: 0,
      entries: [entry(NOW - 5 * DAY, false, { kind: "ended", media: "video", seconds: 724 })],
    },
  ],
  [
    HOSTILE.id,
    {
      unread: 1,
      entries: [
        text(
          NOW - 100,
          false,
          "\u202Etxet desrever\u202C and aVeryLongWord".concat("WithoutAnySpace".repeat(20)),
        ),
      ],
    },
  ],
  [
    LEYLA.id,
    {
      unread: 0,
      entries: [
        text(NOW - 90, false, "مرحبا! هل يمكننا التحدث الليلة؟"),
        text(NOW - 60, true, "Gladly. At nine?"),
      ],
    },
  ],
]);

export const DESK: Desk = {
  cameras: [
    { id: "c1", label: "FaceTime HD Camera" },
    { id: "c2", label: "Studio Camera (USB)" },
  ],
  microphones: [
    { id: "m1", label: "MacBook Microphone" },
    { id: "m2", label: "Headset" },
  ],
  speakers: [{ id: "s1", label: "Speakers" }],
  camera: "c1",
  microphone: "m1",
  speaker: "s1",
  cameraOn: false,
  micOn: true,
  stream: undefined,
  cameraTrouble: undefined,
  micTrouble: undefined,
  blur: "off",
  noise: "off",
};

export const STATE: AppState = {
  phase: { kind: "ready" },
  connection: "online",
  self: { handle: "anna.48213", id: "5c11", locked: false },
  people: PEOPLE,
  awaited: [],
  threads: THREADS,
  groups: { all: [], invites: [] },
  history: { entries: [], settings: DEFAULT, wishes: [] },
  requests: [],
  alerts: [],
  incoming: undefined,
  call: undefined,
  incomingGroup: undefined,
  groupCall: undefined,
  desk: DESK,
  unsupported: new Set(),
  passkeys: "possible",
};

export const NO_TEXT: CallView["text"] = {
  isOpen: false,
  isOpenThere: false,
  lines: [],
  own: "",
  theirs: "",
};

export const TEXT: CallView["text"] = {
  isOpen: true,
  isOpenThere: true,
  lines: [
    { number: 0, who: "theirs", text: "The builder next door has started drilling." },
    { number: 1, who: "own", text: "Then write. I hear you anyway." },
    { number: 2, who: "theirs", text: "Doctor Ribeiro, Tuesday 10:40, second floor" },
    { number: 3, who: "own", text: "Ribeiro with b?" },
    {
      number: 4,
      who: "theirs",
      text: "Yes, like in book. \u05d4\u05d9\u05d5\u05dd \u05d1\u05e2\u05e8\u05d1?",
    },
  ],
  own: "Good. Shall I come al",
  theirs: "And bring the letter from the insur",
};

export const CALL: CallView = {
  person: MIRA,
  outgoing: true,
  media: "video",
  state: "inCall",
  ringsThere: false,
  connectedAt: Date.now() - 754_000,
  words: ["lantern", "orchid", "pebble", "violin"],
  suite: "X-Wing, AES-256-GCM, SHA-384, Ed25519",
  epoch: 2,
  path: "relayed",
  rttMs: 38,
  quality: "good",
  remote: undefined,
  remotePicture: true,
  self: undefined,
  micOn: true,
  cameraOn: true,
  sharing: false,
  text: NO_TEXT,
  confidential: false,
  traceless: false,
  end: undefined,
  endCode: undefined,
  seconds: 754,
  meter: [],
};

export const DEVICES: readonly Device[] = [
  { shortId: "5c11a0", current: true, created: "2026-09-02", lastSeen: "2026-11-28", listed: true },
  {
    shortId: "b20f7e",
    current: false,
    created: "2026-10-14",
    lastSeen: "2026-11-27",
    listed: true,
  },
  {
    shortId: "e9014c",
    current: false,
    created: "2026-11-01",
    lastSeen: "2026-11-01",
    listed: true,
  },
];

export const CHECKS: readonly DoctorCheck[] = [
  { name: "browser", result: "good", finding: "ok" },
  { name: "secure", result: "good", finding: "ok" },
  { name: "encryption", result: "good", finding: "ok" },
  { name: "storage", result: "note", finding: "note" },
  { name: "server", result: "good", finding: "ok" },
  { name: "arrived", result: "good", finding: "ok" },
  { name: "camera", result: "good", finding: "ok", value: "2" },
  { name: "microphone", result: "note", finding: "denied" },
  { name: "relay", result: "good", finding: "ok", value: "38 ms" },
  { name: "leak", result: "bad", finding: "bad" },
  { name: "notifications", result: "note", finding: "off" },
];

export const RECIPIENTS: readonly Recipient[] = [
  { kind: "push", host: "updates.push.services.mozilla.com" },
  { kind: "push", host: "*.push.apple.com" },
];

export const PERMISSIONS: Permissions = {
  camera: "granted",
  microphone: "prompt",
  notifications: "denied",
};

export const USES: readonly Use[] = [
  { kind: "camera", at: NOW - 300, seconds: undefined },
  { kind: "microphone", at: NOW - 300, seconds: undefined },
  { kind: "microphone", at: NOW - DAY - 2 * HOUR, seconds: 724 },
  { kind: "camera", at: NOW - 4 * DAY, seconds: 95 },
];

/** A call of a quarter of an hour over the relay. */
export const METER: Reading = measured().read({
  side: "called",
  video: true,
  seconds: 754,
  answered: true,
});

function measured(): Meter {
  const meter = new Meter();
  meter.left({ size: 1024, durable: false }, 9);
  meter.left({ size: 8192, durable: false }, 2);
  meter.arrived({ size: 1024, durable: false }, 8);
  meter.arrived({ size: 8192, durable: false });
  meter.askedForRelay();
  meter.carry({
    relaySent: 91_400_000,
    relayReceived: 84_200_000,
    relayS: 756,
    directSent: 0,
    directReceived: 0,
    addressTold: false,
    soundPackets: 37_700,
    soundSizes: 1,
  });
  return meter;
}
