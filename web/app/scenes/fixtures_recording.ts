/** Recordings that nobody made, and questions that nobody asked: for pictures and tests. */

import type {
  AskedView,
  OwnAskView,
  RecordedView,
  RecordingActions,
  RecordingState,
  RecordingView,
} from "../model_recording.ts";
import { HOSTILE, JONAS, MIRA } from "./fixtures.ts";

export const NO_RECORDING: RecordingView = {
  requests: [],
  recorded: [],
  own: null,
  held: false,
  mayNotAsk: null,
  neverNames: [],
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

export function recordingOf(change: Partial<RecordingView> = {}): RecordingState {
  return { never: false, call: { ...NO_RECORDING, ...change } };
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
    setNever: async (never) => change((state) => ({ ...state, never })),
  };
}

/** What is asked of it comes to nothing. */
const RESTING: RecordingActions = {
  ask: done,
  agree: done,
  refuse: done,
  withdraw: done,
  stop: done,
  setNever: done,
  consents: {
    list: async () => [],
    withdraw: done,
    receipt: async () => new Uint8Array(),
    kantara: async () => new Uint8Array(),
  },
  recordings: {
    list: async () => [],
    play: async () => [],
    export: async () => new Blob(),
    file: async () => new Blob(),
    remove: done,
  },
};
