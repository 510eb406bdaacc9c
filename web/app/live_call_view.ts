/** How a call looks to the person in it: a view made of the client's `Call` and of what was measured. */

import type { Call } from "../client/call_objects.ts";
import type { MediaStats } from "../media/interfaces.ts";
import type { LiveDesk } from "./live_desk.ts";
import type { CallState, CallView, Media, Person, PersonId, Quality } from "./model.ts";
import { type Flow, qualityOf } from "./quality.ts";

const STATES: Readonly<Record<Call["state"], CallState>> = {
  calling: "calling",
  ringing: "connecting",
  connecting: "connecting",
  in_call: "inCall",
  reconnecting: "reconnecting",
  ended: "ended",
};

/** A call that is shown, and what is measured of it. */
export type Shown = {
  call: Call;
  id: PersonId;
  outgoing: boolean;
  media: Media;
  remote: MediaStream | undefined;
  connectedAt: number | undefined;
  /** It is being gone on with after a reload, and nobody has answered yet. */
  comingBack: boolean;
  flow: Flow;
  /** A first frame came. */
  flows: boolean;
  /** The other person had real-time text open when we last looked. */
  textThere: boolean;
  stop: () => void;
};

/** Return what a call looks like now. */
export function viewOf(
  shown: Shown,
  person: Person,
  desk: Pick<LiveDesk, "desk" | "selfStream" | "sharing">,
): CallView {
  const { call, connectedAt } = shown;
  const security = call.security();
  const seconds = connectedAt === undefined ? 0 : Math.round((Date.now() - connectedAt) / 1000);
  return {
    person,
    outgoing: shown.outgoing,
    media: shown.media,
    state: stateOf(shown),
    ringsThere: call.rings,
    connectedAt,
    words: security.words?.split(/\s+/) ?? [],
    suite: security.suite,
    epoch: security.epoch,
    path: security.path,
    rttMs: security.roundTripMs,
    quality: qualityNow(shown),
    remote: shown.remote,
    remotePicture: shown.flow.pictured,
    self: desk.selfStream,
    micOn: desk.desk.micOn,
    cameraOn: desk.desk.cameraOn,
    sharing: desk.sharing,
    text: call.text.view,
    confidential: call.confidential,
    traceless: call.traceless,
    end: shown.comingBack ? "lost" : call.endReason,
    endCode: call.endCode,
    seconds,
    meter: call.state === "ended" ? call.counted.reading(seconds) : [],
  };
}

function qualityNow({ call, flow }: Shown): Quality {
  const { roundTripMs } = call.security();
  return call.state === "in_call" ? qualityOf(roundTripMs, flow, Date.now()) : "unknown";
}

/** To a person, a call that comes back after a reload, of either side, is the one that it was. */
export function stateOf({ call, connectedAt }: Shown): CallState {
  const state = STATES[call.state];
  const isBetween = state === "calling" || state === "connecting";
  return isBetween && connectedAt !== undefined ? "reconnecting" : state;
}

/** Return what was measured last, if somebody has answered. */
export function statsOf(call: Call): MediaStats | undefined {
  try {
    return call.stats();
  } catch {
    return undefined; // nobody has answered yet
  }
}
