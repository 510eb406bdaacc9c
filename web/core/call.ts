/**
 * One call on one device: `step(state, event)` returns the next state and the effects.
 *
 * Pure: no clock, randomness, socket or key. Deadlines are effects (`setDeadline`) and events
 * (`deadlineReached`); a late or doubled one does nothing. The drawing and the tables are in
 * `docs/protocol/call.md`; the words are in `call_types.ts`, `call_events.ts` and `call_effects.ts`.
 *
 * To the caller, decline, ignore, busy, offline and expired are one thing: silence until its own
 * deadline. No callee effect before `acceptRequested` sends anything to the caller (CK-350), but for
 * `sendRinging`, once, to a contact that may see it (CK-383).
 *
 * Teardown cascade, the same from every state (`end`): first the last word to the other side while
 * the keys are still there, then the ringing or the media (with its TURN allocations), then the
 * keys, then the report to the person. Whatever a state does not have is left out.
 *
 * A peer's breach gives `reject` with the state unchanged; our own misuse throws `UsageError`. What
 * a person does as the call ends under their finger is neither: `ended` swallows it.
 *
 * The twin of `src/visavis/core/call.py`: `vectors/machine-call.json` has every move of it.
 */

import { equal } from "./bytes.ts";
import { fromAwaitingWelcome, inviteOf, repeats } from "./call_accepted.ts";
import { type Effect, EndReason, Handled, lesser } from "./call_effects.ts";
import type { Event, InviteReceived } from "./call_events.ts";
import { fromConnecting, fromInCall, fromReconnecting } from "./call_talk.ts";
import { end, endChanged } from "./call_teardown.ts";
import {
  type Calling,
  CONNECT_TIMEOUT_S,
  type Ended,
  goOn,
  type Idle,
  Missing,
  RELAY_ONLY,
  RING_TIMEOUT_S,
  type Ringing,
  reject,
  type State,
  type Step,
  Trace,
  WELCOME_TIMEOUT_S,
} from "./call_types.ts";
import { MaySee } from "./content_records.ts";
import { UsageError } from "./errors.ts";
import { assertNever } from "./never.ts";

/**
 * Advance one call by one event.
 *
 * @param state What the previous step returned, or `idle`.
 * @param event One thing that happened.
 * @returns The next state, and effects to carry out in order.
 * @throws UsageError Our own code caused an event that makes no sense in this state.
 */
export function step(state: State, event: Event): Step {
  switch (state.kind) {
    case "idle":
      return fromIdle(state, event);
    case "calling":
      return fromCalling(state, event);
    case "ringing":
      return fromRinging(state, event);
    case "accepting":
    case "welcomed":
    case "taken":
      return fromAwaitingWelcome(state, event);
    case "connecting":
      return fromConnecting(state, event);
    case "inCall":
      return fromInCall(state, event);
    case "reconnecting":
      return fromReconnecting(state, event);
    case "ended":
      return fromEnded(state, event);
    default:
      return assertNever(state);
  }
}

function fromIdle(state: Idle, event: Event): Step {
  switch (event.kind) {
    case "callPlaced": {
      const { now, call, media, trace } = event;
      const expiresAt = now + RING_TIMEOUT_S;
      return goOn(
        { kind: "calling", call, media, trace, expiresAt },
        { kind: "setDeadline", at: expiresAt },
        { kind: "sendInvite" },
      );
    }
    case "inviteReceived": {
      // From receipt, never from a time the caller names: clocks differ and lie (P9).
      const expiresAt = event.now + RING_TIMEOUT_S;
      return goOn(
        { kind: "ringing", invite: inviteOf(event), expiresAt },
        { kind: "setDeadline", at: expiresAt },
        { kind: "startRinging", media: event.media },
        ...tellRinging(event),
      );
    }
    case "ringingReceived":
    case "acceptReceived":
    case "takenReceived":
    case "cancelReceived":
    case "missedReceived":
    case "siblingHandled":
    case "welcomeReceived":
    case "readyReceived":
    case "revealReceived":
    case "candidatesReceived":
    case "pathReceived":
    case "offerReceived":
    case "answerReceived":
    case "hangupReceived":
      return reject(state);
    case "networkRestored":
    case "deadlineReached":
      return goOn(state);
    case "acceptRequested":
    case "declineRequested":
    case "hangUpRequested":
    case "pathDecided":
    case "keyChanged":
    case "gaveWay":
    case "candidatesGathered":
    case "mediaConnected":
    case "mediaLost":
    case "restartFailed":
    case "failed":
      throw new UsageError("there is no call yet");
    default:
      return assertNever(event);
  }
}

function tellRinging({ maySee }: InviteReceived): readonly Effect[] {
  // CK-383: the one thing that leaves before a person acts, and only to whom it was granted.
  return maySee === MaySee.RINGING ? [{ kind: "sendRinging" }] : [];
}

function fromCalling(state: Calling, event: Event): Step {
  switch (event.kind) {
    case "acceptReceived": {
      const { now, device, media } = event;
      // CK-351: an accept takes away, never adds: nobody turns a camera on from afar.
      if (lesser(media, state.media) !== media) return reject(state);
      const deadline = now + CONNECT_TIMEOUT_S;
      const link = { kind: "caller", call: state.call, media, other: device } as const;
      return goOn(
        {
          kind: "connecting",
          link,
          missing: new Set(Object.values(Missing)),
          deadline,
          paths: RELAY_ONLY,
        },
        { kind: "setDeadline", at: deadline },
        { kind: "sendTaken", device },
        { kind: "sendWelcome", device },
        { kind: "applyAnswer", media },
        { kind: "installFrameKeys" }, // Receiving only; our frames wait for `call.ready`.
        { kind: "gatherCandidates" },
      );
    }
    case "ringingReceived":
      return goOn(state, { kind: "showRinging" }); // CK-383: it is shown, and changes nothing.
    case "hangUpRequested":
      return end(state, EndReason.CANCELLED, [{ kind: "sendCancel" }, ...missed(state)]);
    case "deadlineReached":
      if (event.now < state.expiresAt) return goOn(state);
      // The cancel is for a device that got the invite late and would ring past our end.
      return end(state, EndReason.NO_ANSWER, [{ kind: "sendCancel" }, ...missed(state)]);
    case "gaveWay": // The two do talk: no missed.
      return end(state, EndReason.GAVE_WAY, [{ kind: "sendCancel" }]);
    case "failed":
      return end(state, EndReason.FAILED, [{ kind: "sendCancel" }], event.code);
    case "keyChanged":
      return endChanged(state, [{ kind: "sendCancel" }]);
    case "networkRestored":
      // What was sent into a dying connection may be lost; the same id rings nobody twice.
      return goOn(state, { kind: "sendInvite" });
    case "inviteReceived":
    case "takenReceived":
    case "cancelReceived":
    case "missedReceived":
    case "siblingHandled":
    case "welcomeReceived":
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
    case "candidatesGathered":
    case "mediaConnected":
    case "mediaLost":
    case "restartFailed":
      throw new UsageError("the call is ringing at the other side");
    default:
      return assertNever(event);
  }
}

function missed({ trace }: Calling): readonly Effect[] {
  switch (trace) {
    case Trace.KEEP:
      return [{ kind: "sendMissed" }];
    case Trace.LEAVE_NONE:
      return [];
    default:
      return assertNever(trace);
  }
}

function fromRinging(state: Ringing, event: Event): Step {
  const { invite } = state;
  switch (event.kind) {
    case "acceptRequested": {
      const media = lesser(event.media, invite.media);
      const deadline = event.now + WELCOME_TIMEOUT_S;
      return goOn(
        { kind: "accepting", invite, media, deadline },
        { kind: "stopRinging" },
        { kind: "setDeadline", at: deadline },
        { kind: "sendAccept", media },
        { kind: "tellSiblings", how: Handled.ACCEPTED },
      );
    }
    case "declineRequested":
      // CK-350: the caller is told nothing. Words for the caller are an ordinary message.
      return end(state, EndReason.DECLINED, [{ kind: "tellSiblings", how: Handled.DECLINED }]);
    case "deadlineReached":
      return event.now < state.expiresAt ? goOn(state) : end(state, EndReason.EXPIRED); // CK-350
    case "networkRestored":
      return goOn(state);
    case "inviteReceived":
      // CK-352: the repeat after a reconnect must be the invite we know. With another commitment
      // the caller could choose its nonce after seeing ours (P11).
      return repeats(invite, event) ? goOn(state) : reject(state);
    case "cancelReceived":
    case "missedReceived":
      // CK-353: only the device that rang may stop the ringing.
      if (!equal(event.sender, invite.caller)) return reject(state);
      return end(state, EndReason.CANCELLED_THERE);
    case "takenReceived":
      if (!equal(event.sender, invite.caller)) return reject(state); // CK-353
      if (equal(event.device, invite.own)) return reject(state); // We never accepted.
      return end(state, EndReason.ANSWERED_ELSEWHERE);
    case "siblingHandled":
      return end(state, elsewhere(event.how));
    case "keyChanged":
      return endChanged(state); // CK-350: to them it is one that nobody answers.
    case "ringingReceived":
    case "acceptReceived":
    case "welcomeReceived": // CK-354: a Welcome cannot make anybody answer.
    case "readyReceived":
    case "revealReceived":
    case "candidatesReceived":
    case "pathReceived":
    case "offerReceived":
    case "answerReceived":
    case "hangupReceived":
      return reject(state);
    case "callPlaced":
    case "hangUpRequested":
    case "pathDecided":
    case "gaveWay":
    case "candidatesGathered":
    case "mediaConnected":
    case "mediaLost":
    case "restartFailed":
    case "failed":
      throw new UsageError("the call is ringing: accept or decline it");
    default:
      return assertNever(event);
  }
}

function elsewhere(how: Handled): EndReason {
  switch (how) {
    case Handled.ACCEPTED:
      return EndReason.ANSWERED_ELSEWHERE;
    case Handled.DECLINED:
      return EndReason.DECLINED_ELSEWHERE;
    default:
      return assertNever(how);
  }
}

function fromEnded(state: Ended, event: Event): Step {
  if (event.kind === "callPlaced") {
    throw new UsageError("a call that ended is not placed again: make a new one");
  }
  // Late messages, late results of work that was under way, fingers on buttons.
  return goOn(state);
}
