/**
 * The call machine of a callee from its "accept" until it found the caller: the Welcome and the word
 * of who was taken, in any order (CK-356).
 *
 * Part of `call.ts`, which is the way in; `call_talk.ts` goes on from here.
 */

import { equal } from "./bytes.ts";
import { type Effect, EndReason } from "./call_effects.ts";
import type { Event, InviteReceived } from "./call_events.ts";
import { end, endChanged } from "./call_teardown.ts";
import {
  type AwaitingWelcome,
  CONNECT_TIMEOUT_S,
  goOn,
  type Invite,
  Missing,
  RELAY_ONLY,
  reject,
  type Step,
  type Taken,
  type Welcomed,
} from "./call_types.ts";
import { Code, UsageError } from "./errors.ts";
import { assertNever } from "./never.ts";

/** Return what is kept of an invite. */
export function inviteOf({ call, media, own, device, commitment }: InviteReceived): Invite {
  return { call, media, own, caller: device, commitment };
}

/** Say whether an invite is this one once more, from a caller who came back. */
export function repeats(invite: Invite, event: InviteReceived): boolean {
  const seen = inviteOf(event);
  return (
    equal(seen.call, invite.call) &&
    seen.media === invite.media &&
    equal(seen.own, invite.own) &&
    equal(seen.caller, invite.caller) &&
    equal(seen.commitment, invite.commitment)
  );
}

/** Accepted: wait for the Welcome, and for who was taken. */
export function fromAwaitingWelcome(state: AwaitingWelcome, event: Event): Step {
  const { invite } = state;
  switch (event.kind) {
    case "takenReceived":
      if (!equal(event.sender, invite.caller)) return reject(state); // CK-353
      return equal(event.device, invite.own) ? takenUs(state) : takenSibling(state);
    case "welcomeReceived":
      return welcomed(state, event.now);
    case "candidatesGathered":
      if (state.kind !== "taken") {
        throw new UsageError("nothing may be gathered before the caller took this device");
      }
      // The call group that carries them is not there yet.
      return goOn({ ...state, candidates: event.candidates });
    case "deadlineReached":
      if (event.now < state.deadline) return goOn(state);
      return end(state, EndReason.NO_WELCOME, [{ kind: "sendCancel" }]);
    case "hangUpRequested":
      return end(state, EndReason.HUNG_UP, [{ kind: "sendCancel" }]);
    case "failed":
      return end(state, EndReason.FAILED, [{ kind: "sendCancel" }], event.code);
    case "keyChanged":
      return endChanged(state, [{ kind: "sendCancel" }]);
    case "cancelReceived":
    case "missedReceived":
      if (!equal(event.sender, invite.caller)) return reject(state); // CK-353
      return end(state, EndReason.CANCELLED_THERE);
    case "inviteReceived":
      if (!repeats(invite, event)) return reject(state); // CK-352
      // The caller came back and may not have our accept.
      return goOn(state, { kind: "sendAccept", media: state.media });
    case "networkRestored":
      return goOn(state, { kind: "sendAccept", media: state.media });
    case "siblingHandled":
      // Two devices may accept at once: the caller is the arbiter, not a sibling (P9).
      return goOn(state);
    case "ringingReceived":
    case "acceptReceived":
    case "readyReceived":
    case "revealReceived":
    case "candidatesReceived":
    case "pathReceived":
    case "offerReceived":
    case "answerReceived":
    case "hangupReceived":
      return reject(state);
    case "callPlaced":
    case "acceptRequested":
    case "declineRequested":
    case "pathDecided":
    case "gaveWay":
    case "mediaConnected":
    case "mediaLost":
    case "restartFailed":
      throw new UsageError("the call was accepted and is not connected yet");
    default:
      return assertNever(event);
  }
}

/** Go on from `call.taken` that names this device. */
function takenUs(state: AwaitingWelcome): Step {
  const { invite, media, deadline } = state;
  switch (state.kind) {
    case "accepting":
      return goOn(
        { kind: "taken", invite, media, deadline, candidates: [] },
        { kind: "gatherCandidates" },
      );
    case "welcomed":
      // The step from receiving the Welcome to using it, put off until now (CK-356).
      return joined(state, state.joinedAt, [], [{ kind: "gatherCandidates" }]);
    case "taken":
      return goOn(state);
    default:
      return assertNever(state);
  }
}

/** Go on from `call.taken` that names another of our devices. */
function takenSibling(state: AwaitingWelcome): Step {
  switch (state.kind) {
    case "accepting":
      return end(state, EndReason.ANSWERED_ELSEWHERE);
    case "welcomed":
    case "taken":
      // CK-355: the caller named one device; it cannot name another afterwards.
      return reject(state);
    default:
      return assertNever(state);
  }
}

/** Go on from a Welcome that was processed. */
function welcomed(state: AwaitingWelcome, now: number): Step {
  const { invite, media, deadline } = state;
  switch (state.kind) {
    case "accepting":
      // CK-356: candidates, keys and frames only after `taken`; the deadline goes on.
      return goOn({ kind: "welcomed", invite, media, deadline, joinedAt: now });
    case "taken":
      return joined(state, now, state.candidates, []);
    case "welcomed":
      return reject(state, Code.REPLAYED);
    default:
      return assertNever(state);
  }
}

function joined(
  { invite, media }: Taken | Welcomed,
  now: number,
  gathered: readonly string[],
  then: readonly Effect[],
): Step {
  const deadline = now + CONNECT_TIMEOUT_S;
  const send: readonly Effect[] =
    gathered.length > 0 ? [{ kind: "sendCandidates", candidates: gathered }] : [];
  return goOn(
    {
      kind: "connecting",
      link: { kind: "callee", invite, media },
      // The caller made the group, so its receive keys are there: nothing to wait for.
      missing: new Set([Missing.REVEAL, Missing.MEDIA]),
      deadline,
      paths: RELAY_ONLY,
    },
    { kind: "setDeadline", at: deadline },
    { kind: "installFrameKeys" },
    { kind: "sendReady" },
    { kind: "sendReveal" },
    ...send,
    { kind: "startFrames" },
    ...then,
  );
}
