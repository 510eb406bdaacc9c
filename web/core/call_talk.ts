/**
 * The call machine from the moment the two ends found each other: connect, talk, reconnect.
 *
 * Part of `call.ts`, which is the way in. From here on messages come through the call group, which
 * holds exactly these two devices, so they need no sender; the few from the conversation group
 * still do.
 */

import { equal } from "./bytes.ts";
import { type Effect, EndReason, HangupReason } from "./call_effects.ts";
import type { Event, TakenReceived } from "./call_events.ts";
import { answer, follow, restart } from "./call_restart.ts";
import { end, endChanged } from "./call_teardown.ts";
import {
  type Connecting,
  goOn,
  type InCall,
  Missing,
  otherOf,
  Path,
  RECONNECT_TIMEOUT_S,
  RESTART_RETRY_S,
  type Reconnecting,
  reject,
  type Step,
  Turn,
} from "./call_types.ts";
import { Code, UsageError } from "./errors.ts";
import type { Nonce32 } from "./ids.ts";
import { assertNever } from "./never.ts";
import { commit } from "./sas.ts";

/** Set up: wait for readiness, the other's nonce and the media, in any order. */
export function fromConnecting(state: Connecting, event: Event): Step {
  const { link } = state;
  switch (event.kind) {
    case "readyReceived":
      if (!state.missing.has(Missing.READY)) return reject(state, Code.REPLAYED);
      // CK-357: the caller sends no frame before the other side can decrypt it.
      return found(state, Missing.READY, { kind: "startFrames" });
    case "revealReceived":
      return revealed(state, event.nonce);
    case "mediaConnected":
      return found(state, Missing.MEDIA);
    case "candidatesReceived":
      return goOn(state, { kind: "addCandidates", candidates: event.candidates });
    case "candidatesGathered":
      return goOn(state, { kind: "sendCandidates", candidates: event.candidates });
    case "offerReceived":
      // The other side was connected, lost it, and restarts before we got there. CK-384: we have
      // allowed nothing yet, whatever it asks for.
      return goOn(state, { kind: "answerRestart", sdp: event.sdp, path: Path.RELAYED });
    case "pathReceived":
      return goOn({ ...state, paths: { ...state.paths, theirs: event.path } });
    case "acceptReceived": {
      const { device } = event;
      if (equal(device, otherOf(link)) && state.missing.has(Missing.READY)) {
        // The accepter came back after a reconnect and may have neither.
        return goOn(state, { kind: "sendTaken", device }, { kind: "sendWelcome", device });
      }
      return goOn(state); // A sibling was slower; `call.taken` has told it.
    }
    case "cancelReceived":
      if (equal(event.sender, otherOf(link)) && state.missing.has(Missing.READY)) {
        return end(state, EndReason.WITHDRAWN); // It took its accept back.
      }
      // CK-353: not another device; and once in the call group, `call.hangup` is the word.
      return reject(state);
    case "takenReceived":
      return takenAgain(state, event);
    case "hangUpRequested":
      return end(state, EndReason.HUNG_UP, [hangup(HangupReason.ENDED)]);
    case "hangupReceived":
      return end(state, EndReason.HUNG_UP_THERE);
    case "failed":
      return failed(state, event.code);
    case "deadlineReached":
      if (event.now < state.deadline) return goOn(state);
      return end(state, EndReason.NOT_CONNECTED, [hangup(HangupReason.FAILED)]);
    case "mediaLost":
      // No restart yet: the deadline judges. But what was found is missing again.
      return goOn({ ...state, missing: new Set([...state.missing, Missing.MEDIA]) });
    case "keyChanged":
      return changed(state);
    case "networkRestored":
    case "siblingHandled":
    case "ringingReceived":
      return goOn(state);
    case "welcomeReceived":
      return reject(state, Code.REPLAYED);
    case "inviteReceived":
    case "missedReceived":
    case "answerReceived":
      return reject(state);
    case "callPlaced":
    case "acceptRequested":
    case "declineRequested":
    case "pathDecided":
    case "gaveWay":
    case "restartFailed":
      throw new UsageError("the call is being connected");
    default:
      return assertNever(event);
  }
}

function revealed(state: Connecting, nonce: Nonce32): Step {
  const { link } = state;
  // CK-358: one nonce per side. A second one would let its sender pick the string.
  if (!state.missing.has(Missing.REVEAL)) return reject(state, Code.REPLAYED);
  switch (link.kind) {
    case "caller":
      // We reveal last: only now is everything fixed that the other side can choose.
      return found(state, Missing.REVEAL, { kind: "sendReveal" }, { kind: "showSas", nonce });
    case "callee":
      if (!equal(commit(nonce), link.invite.commitment)) {
        // CK-359: a nonce chosen after ours was known could steer the string (P11).
        return reject(state, Code.BAD_COMMITMENT);
      }
      return found(state, Missing.REVEAL, { kind: "showSas", nonce });
    default:
      return assertNever(link);
  }
}

function found(state: Connecting, what: Missing, ...effects: readonly Effect[]): Step {
  const missing = new Set(state.missing);
  missing.delete(what);
  if (missing.size > 0) return goOn({ ...state, missing }, ...effects);
  return goOn({ kind: "inCall", link: state.link, paths: state.paths }, ...effects);
}

/** Talk until somebody hangs up or the media stops. */
export function fromInCall(state: InCall, event: Event): Step {
  const { link, paths } = state;
  switch (event.kind) {
    case "hangUpRequested":
      return end(state, EndReason.HUNG_UP, [hangup(HangupReason.ENDED)]);
    case "hangupReceived":
      return end(state, EndReason.HUNG_UP_THERE);
    case "gaveWay": // Its other end is gone: there is nobody to tell.
      return end(state, EndReason.GAVE_WAY);
    case "mediaLost":
      return restart(link, paths, event.now, event.now + RECONNECT_TIMEOUT_S);
    case "failed":
      return failed(state, event.code);
    case "keyChanged":
      return changed(state);
    case "pathDecided":
    case "pathReceived":
      return follow(state, event, event.now + RECONNECT_TIMEOUT_S);
    case "offerReceived":
      return answer(link, paths, event.now + RECONNECT_TIMEOUT_S, event);
    case "candidatesReceived":
      return goOn(state, { kind: "addCandidates", candidates: event.candidates });
    case "candidatesGathered":
      return goOn(state, { kind: "sendCandidates", candidates: event.candidates });
    case "takenReceived":
      return takenAgain(state, event);
    case "readyReceived":
    case "revealReceived":
    case "welcomeReceived":
      return reject(state, Code.REPLAYED); // CK-358
    case "acceptReceived":
    case "ringingReceived":
    case "siblingHandled":
    case "mediaConnected":
    case "networkRestored":
    case "deadlineReached":
      return goOn(state); // Late, or no business of the media.
    case "inviteReceived":
    case "cancelReceived":
    case "missedReceived":
    case "answerReceived":
      return reject(state);
    case "callPlaced":
    case "acceptRequested":
    case "declineRequested":
    case "restartFailed":
      throw new UsageError("the call is connected");
    default:
      return assertNever(event);
  }
}

/** Restart ICE until the media flows or 30 s have passed. */
export function fromReconnecting(state: Reconnecting, event: Event): Step {
  const { link, turn, deadline, paths } = state;
  switch (event.kind) {
    case "mediaConnected":
      return goOn({ kind: "inCall", link, paths });
    case "hangUpRequested":
      return end(state, EndReason.HUNG_UP, [hangup(HangupReason.ENDED)]);
    case "hangupReceived":
      return end(state, EndReason.HUNG_UP_THERE);
    case "gaveWay": // Its other end is gone: there is nobody to tell.
      return end(state, EndReason.GAVE_WAY);
    case "deadlineReached":
      if (event.now >= deadline) return end(state, EndReason.LOST, [hangup(HangupReason.LOST)]);
      return event.now >= state.retryAt ? restart(link, paths, event.now, deadline) : goOn(state);
    case "networkRestored":
      return restart(link, paths, event.now, deadline);
    case "pathDecided":
    case "pathReceived":
      return follow(state, event, deadline);
    case "keyChanged":
      return changed(state);
    case "restartFailed": {
      const retryAt = event.now + RESTART_RETRY_S;
      return goOn({ ...state, retryAt }, { kind: "setDeadline", at: Math.min(retryAt, deadline) });
    }
    case "failed":
      return failed(state, event.code);
    case "offerReceived":
      // Both restarted at once: the caller's offer stands.
      if (link.kind === "caller" && turn === Turn.OURS) return goOn(state);
      return answer(link, paths, deadline, event);
    case "answerReceived":
      if (turn === Turn.THEIRS) return reject(state);
      return goOn(state, { kind: "applyRestartAnswer", sdp: event.sdp, offer: event.offer });
    case "candidatesReceived":
      return goOn(state, { kind: "addCandidates", candidates: event.candidates });
    case "candidatesGathered":
      return goOn(state, { kind: "sendCandidates", candidates: event.candidates });
    case "takenReceived":
      return takenAgain(state, event);
    case "readyReceived":
    case "revealReceived":
    case "welcomeReceived":
      return reject(state, Code.REPLAYED); // CK-358
    case "acceptReceived":
    case "ringingReceived":
    case "siblingHandled":
    case "mediaLost":
      return goOn(state);
    case "inviteReceived":
    case "cancelReceived":
    case "missedReceived":
      return reject(state);
    case "callPlaced":
    case "acceptRequested":
    case "declineRequested":
      throw new UsageError("the call is reconnecting");
    default:
      return assertNever(event);
  }
}

/** Accept a repeat of what the caller said of us, and nothing else (CK-355). */
function takenAgain(state: Connecting | InCall | Reconnecting, event: TakenReceived): Step {
  const { link } = state;
  switch (link.kind) {
    case "callee": {
      const { caller, own } = link.invite;
      return equal(event.sender, caller) && equal(event.device, own) ? goOn(state) : reject(state);
    }
    case "caller":
      return reject(state);
    default:
      return assertNever(link);
  }
}

function failed(state: Connecting | InCall | Reconnecting, code: Code): Step {
  const why = code === Code.NOT_ENCRYPTED ? HangupReason.NOT_ENCRYPTED : HangupReason.FAILED;
  return end(state, EndReason.FAILED, [hangup(why)], code);
}

function changed(state: Connecting | InCall | Reconnecting): Step {
  return endChanged(state, [hangup(HangupReason.FAILED)]);
}

function hangup(reason: HangupReason): Effect {
  return { kind: "sendHangup", reason };
}
