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

/** What is asked of it comes to nothing. */
export const RECORDING_ACTIONS: RecordingActions = {
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
