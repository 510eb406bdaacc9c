/** How a call ends, written once: the teardown cascade of the call machine. */

import { type Effect, EndReason } from "./call_effects.ts";
import {
  type Accepting,
  type Calling,
  type Connecting,
  callOf,
  goOn,
  type InCall,
  type Reconnecting,
  type Ringing,
  type Step,
  type Taken,
  type Welcomed,
} from "./call_types.ts";
import { Code } from "./errors.ts";
import type { CallId } from "./ids.ts";
import { assertNever } from "./never.ts";

export type Live =
  | Calling
  | Ringing
  | Accepting
  | Welcomed
  | Taken
  | Connecting
  | InCall
  | Reconnecting;

/** Return the id of the call that `state` is about. */
export function liveCallOf(state: Live): CallId {
  switch (state.kind) {
    case "calling":
      return state.call;
    case "ringing":
    case "accepting":
    case "welcomed":
    case "taken":
      return state.invite.call;
    case "connecting":
    case "inCall":
    case "reconnecting":
      return callOf(state.link);
    default:
      return assertNever(state);
  }
}

/**
 * Tear a call down.
 *
 * 1. `lastWords` to the other side, while the keys that seal them exist;
 * 2. the ringing, or the media with its sockets and TURN allocations;
 * 3. the keys (a call's capture must stay closed afterwards: R-22);
 * 4. the report to the person.
 *
 * @param state Where the call is.
 * @param reason Why it ends.
 * @param lastWords What the other side is told; empty for whatever must look like silence.
 * @param code What failed, if something did.
 * @returns `ended`, and the effects in that order.
 */
export function end(
  state: Live,
  reason: EndReason,
  lastWords: readonly Effect[] = [],
  code: Code | null = null,
): Step {
  const ended = { kind: "ended", call: liveCallOf(state), reason } as const;
  return goOn(ended, ...lastWords, ...cascade(state), { kind: "reportEnd", reason, code });
}

/**
 * Tear a call down because the contact's identity key is another one now (CK-385, R-24).
 *
 * No frame passes from the first effect on: the last words may wait for a slow network, and whoever
 * has the other key must hear and show nothing meanwhile.
 */
export function endChanged(state: Live, lastWords: readonly Effect[] = []): Step {
  const ended = end(state, EndReason.KEY_CHANGED, lastWords, Code.IDENTITY_CHANGED);
  // There are no frames yet.
  if (state.kind === "ringing" || state.kind === "calling") return ended;
  return goOn(ended.state, { kind: "stopFrames" }, ...ended.effects);
}

function cascade(state: Live): readonly Effect[] {
  switch (state.kind) {
    case "ringing": // No media, no key has been made for it.
      return [{ kind: "stopRinging" }];
    case "calling":
    case "accepting":
    case "welcomed":
    case "taken":
    case "connecting":
    case "inCall":
    case "reconnecting":
      return [{ kind: "stopMedia" }, { kind: "eraseKeys" }];
    default:
      return assertNever(state);
  }
}
