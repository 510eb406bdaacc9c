/** Recordings that nobody made, and questions that nobody asked: for pictures and tests. */

import { utf8 } from "../../core/bytes.ts";
import { writePart } from "../../core/webm.ts";
import type { AskedReceipt, ReceiptRow } from "../model_receipt.ts";
import type {
  AskedView,
  ConsentView,
  OwnAskView,
  Part,
  RecordedView,
  RecordingActions,
  RecordingRow,
  RecordingState,
  RecordingView,
} from "../model_recording.ts";
import { HOSTILE, JONAS, MIRA, NOW } from "./fixtures.ts";

export const NO_RECORDING: RecordingView = {
  requests: [],
  recorded: [],
  own: null,
  held: false,
  mayNotAsk: null,
  neverNames: [],
  receipts: { asked: null, ended: [], mayNotAsk: null },
};

export const ASKED: AskedView = {
  id: "a1",
  by: MIRA.name,
  kinds: ["audio", "video"],
  purpose: "So that Elif, who is ill today, can hear what we decide about the house.",
  place: "device",
  days: 30,
  recipients: "members",
  clear: false,
  named: null,
  answer: null,
  agreed: [],
};

/** Everything that can be asked for. */
export const ASKED_ALL: AskedView = {
  ...ASKED,
  id: "a2",
  by: JONAS.name,
  kinds: ["audio", "video", "screen", "transcript"],
  place: "uploaded",
  days: 1,
  recipients: "asker",
  clear: true,
  named: "The choir's board, for the yearly report",
};

export const ASKED_HOSTILE: AskedView = {
  ...ASKED_ALL,
  id: "a3",
  by: HOSTILE.name,
  purpose: `\u202Eesoprup\u202C ${"Now! ".repeat(100)}`,
};

export const ASKED_RECEIPT: AskedReceipt = {
  ...{ id: "c1", by: MIRA.name, own: false, at: NOW, since: NOW - 600, media: "video" },
  ...{ haveSigned: false, signed: [MIRA.name], missing: [] },
};

export const RECEIPTS: readonly ReceiptRow[] = [
  {
    ...{ id: "c1", with: "Tuesday choir", names: ["", MIRA.name, JONAS.name] },
    ...{ at: NOW, since: NOW - 600, media: "video", canShowMe: true },
  },
];

export const RECORDED: RecordedView = {
  id: "a1",
  by: MIRA.name,
  own: false,
  kinds: ["audio", "video"],
};

export const RECORDED_OWN: RecordedView = {
  id: "b1",
  by: "anna.48213",
  own: true,
  kinds: ["audio"],
};

export const OWN_ASK: OwnAskView = {
  id: "b1",
  kinds: ["audio"],
  answers: [
    { name: MIRA.name, answer: "given", kinds: ["audio"] },
    { name: JONAS.name, answer: null, kinds: [] },
  ],
  recorded: [],
};

/** Of no call. */
export const RECORDING_AT_REST: RecordingState = { never: false, keeps: true, call: undefined };

export function recordingOf(change: Partial<RecordingView> = {}): RecordingState {
  return { never: false, keeps: true, call: { ...NO_RECORDING, ...change } };
}

const done = async () => undefined;

/** What is pressed in a scene is done in it, by who stands in for everybody. */
export function recordingActions(
  change: (how: (state: RecordingState) => RecordingState) => void,
): RecordingActions {
  const inCall = (how: (call: RecordingView) => Partial<RecordingView>) =>
    change((state) => ({ ...state, call: state.call && { ...state.call, ...how(state.call) } }));
  const answer = (id: string, answered: Partial<AskedView>) =>
    inCall(({ requests }) => ({
      held: false,
      requests: requests.map((one) => (one.id === id ? { ...one, ...answered } : one)),
    }));
  const over = (id: string) =>
    inCall(({ requests, recorded }) => ({
      requests: requests.filter((one) => one.id !== id),
      recorded: recorded.filter((one) => one.id !== id),
    }));
  return {
    ...RESTING,
    agree: async (id, agreed) => answer(id, { answer: "given", agreed }),
    refuse: async (id) => answer(id, { answer: "refused" }),
    withdraw: async (id) => over(id),
    stop: async () =>
      inCall(({ recorded }) => ({ own: null, recorded: recorded.filter(({ own }) => !own) })),
    receipts: {
      ...RESTING.receipts,
      sign: async () =>
        inCall(({ receipts }) => ({
          receipts: {
            ...receipts,
            asked: receipts.asked && { ...receipts.asked, haveSigned: true },
          },
        })),
      refuse: async () => inCall(({ receipts }) => ({ receipts: { ...receipts, asked: null } })),
    },
    setNever: async (never) => change((state) => ({ ...state, never })),
  };
}

const DAY_S = 86_400;
const dayAgo = (days: number) => new Date((NOW - days * DAY_S) * 1000).toISOString().slice(0, 10);

const CONSENT: ConsentView = {
  id: "a1",
  state: "given",
  by: MIRA.name,
  where: "Tuesday choir",
  day: dayAgo(2),
  kinds: ["audio", "video"],
  purpose: ASKED.purpose,
  days: 30,
  clear: false,
};

export const CONSENTS: readonly ConsentView[] = [
  CONSENT,
  { ...CONSENT, id: "a2", by: JONAS.name, clear: true, kinds: ["audio"], day: dayAgo(9), days: 14 },
  { ...CONSENT, id: "a3", state: "refused", by: HOSTILE.name, purpose: ASKED_HOSTILE.purpose },
  {
    ...CONSENT,
    id: "a4",
    state: "withdrawn",
    where: MIRA.name,
    kinds: ["screen"],
    day: dayAgo(20),
  },
  { ...CONSENT, id: "a5", state: "expired", day: dayAgo(70) },
];

/** Not signed by anybody: for a picture of how one reads. */
const RECEIPT = {
  "@context": { dpv: "dpv", dct: "dct" },
  "@type": "dpv:ConsentReceipt",
  "dpv:hasConsentStatus": ["ConsentRequested", "ConsentGiven"],
  "dpv:hasPersonalData": ["audio", "video"],
  "dpv:hasPurpose": ASKED.purpose,
  "dpv:hasStorageCondition": { place: "device", duration: "P30D" },
};

const RECORDING: RecordingRow = {
  id: "r1",
  with: "Tuesday choir",
  day: dayAgo(2),
  length_s: 1934,
  kinds: ["audio", "video"],
  daysLeft: 28,
  playable: [
    { name: MIRA.name, playable: true, why: null },
    { name: JONAS.name, playable: false, why: "withdrawn" },
    { name: "anna.48213", playable: true, why: null },
  ],
  mayExport: true,
};

export const RECORDINGS: readonly RecordingRow[] = [
  RECORDING,
  { ...RECORDING, id: "r2", with: MIRA.name, day: dayAgo(29), daysLeft: 1, mayExport: false },
  {
    ...RECORDING,
    id: "r3",
    with: HOSTILE.name,
    day: dayAgo(41),
    daysLeft: 0,
    playable: [{ name: HOSTILE.name, playable: false, why: "expired" }],
  },
];

/** Two seconds of silence, as a part has them. */
const SILENCE = writePart({
  track: { kind: "audio", channels: 1 },
  length: 2000,
  frames: Array.from({ length: 100 }, (_, i) => ({
    at: i * 20,
    data: Uint8Array.of(0xf8, 0xff, 0xfe),
  })),
});

/** Eight seconds of two members; one is not heard in the middle. */
export const PARTS: readonly Part[] = [0, 2, 4, 6].flatMap((at) =>
  [MIRA.name, "anna.48213"]
    .filter((name) => name === MIRA.name || at !== 4)
    .map((name) => ({
      id: `${name} ${at}`,
      name,
      kind: "audio" as const,
      at,
      length: 2,
      open: async () => new Blob([SILENCE], { type: "audio/webm" }),
    })),
);

/** What is asked of it comes to nothing. */
const RESTING: RecordingActions = {
  ask: done,
  agree: done,
  refuse: done,
  withdraw: done,
  stop: done,
  setNever: done,
  consents: {
    list: async () => CONSENTS,
    withdraw: done,
    receipt: async () => utf8(JSON.stringify(RECEIPT)),
    kantara: async () => utf8(JSON.stringify({ version: "KI-CR-v1.1.0", ...RECEIPT })),
  },
  receipts: {
    ask: done,
    sign: done,
    refuse: done,
    fileNow: async () => utf8("{}"),
    list: async () => RECEIPTS,
    file: async () => utf8("{}"),
    remove: done,
  },
  recordings: {
    list: async () => RECORDINGS,
    play: async () => ({ row: RECORDING, parts: PARTS }),
    export: async () => new Blob(),
    file: async () => new Blob(),
    remove: done,
  },
};
