"""One call on one device: `step(state, event) -> Step(state, effects)`.

Pure: no clock, randomness, socket or key. Deadlines are effects (`SetDeadline`) and events
(`DeadlineReached`); a late or doubled one does nothing. The drawing and the tables are in
`docs/protocol/call.md`; the words are in `call_types`, `call_events` and `call_effects`.

To the caller, decline, ignore, busy, offline and expired are one thing: silence until its own
deadline. No callee effect before `AcceptRequested` sends anything to the caller (CK-350), but for
`SendRinging`, once, to a contact that may see it (CK-383).

Teardown cascade, the same from every state (`_end`): first the last word to the other side while
the keys are still there, then the ringing or the media (with its TURN allocations), then the keys,
then the report to the person. Whatever a state does not have is left out.

A peer's breach gives `Reject(code)` with the state unchanged; our own misuse raises `UsageError`.
What a person does as the call ends under their finger is neither: `Ended` swallows it.
"""

from __future__ import annotations

from typing import assert_never

from visavis.core import call_effects as do
from visavis.core import call_events as on
from visavis.core.call_accepted import from_awaiting_welcome, repeats
from visavis.core.call_effects import EndReason, Handled
from visavis.core.call_talk import from_connecting, from_in_call, from_reconnecting
from visavis.core.call_teardown import end, end_changed
from visavis.core.call_types import (
    CONNECT_TIMEOUT_S,
    RING_TIMEOUT_S,
    WELCOME_TIMEOUT_S,
    Accepting,
    CallerLink,
    Calling,
    Connecting,
    Ended,
    Idle,
    InCall,
    Invite,
    Missing,
    Reconnecting,
    Ringing,
    State,
    Step,
    Taken,
    Trace,
    Welcomed,
    reject,
)
from visavis.core.content_records import MaySee
from visavis.core.errors import UsageError


def step(state: State, event: on.Event) -> Step:
    """Advance one call by one event.

    Args:
        state: What the previous step returned, or `Idle()`.
        event: One thing that happened.

    Returns:
        The next state, and effects to carry out in order.

    Raises:
        UsageError: Our own code caused an event that makes no sense in this state.
    """
    match state:
        case Idle():
            return _from_idle(state, event)
        case Calling():
            return _from_calling(state, event)
        case Ringing():
            return _from_ringing(state, event)
        case Accepting() | Welcomed() | Taken():
            return from_awaiting_welcome(state, event)
        case Connecting():
            return from_connecting(state, event)
        case InCall():
            return from_in_call(state, event)
        case Reconnecting():
            return from_reconnecting(state, event)
        case Ended():
            return _from_ended(state, event)
    assert_never(state)


def _from_idle(state: Idle, event: on.Event) -> Step:
    match event:
        case on.CallPlaced(now, call, media, trace):
            expires_at = now + RING_TIMEOUT_S
            return Step(
                Calling(call, media, trace, expires_at),
                (do.SetDeadline(expires_at), do.SendInvite()),
            )
        case on.InviteReceived(now, call, media, device, own, commitment, may_see):
            # From receipt, never from a time the caller names: clocks differ and lie (P9).
            expires_at = now + RING_TIMEOUT_S
            return Step(
                Ringing(Invite(call, media, own, device, commitment), expires_at),
                (do.SetDeadline(expires_at), do.StartRinging(media), *_tell_ringing(may_see)),
            )
        case (
            on.RingingReceived()
            | on.AcceptReceived()
            | on.TakenReceived()
            | on.CancelReceived()
            | on.MissedReceived()
            | on.SiblingHandled()
            | on.WelcomeReceived()
            | on.ReadyReceived()
            | on.RevealReceived()
            | on.CandidatesReceived()
            | on.PathReceived()
            | on.OfferReceived()
            | on.AnswerReceived()
            | on.HangupReceived()
        ):
            return reject(state)
        case on.NetworkRestored() | on.DeadlineReached():
            return Step(state)
        case (
            on.AcceptRequested()
            | on.DeclineRequested()
            | on.HangUpRequested()
            | on.PathDecided()
            | on.KeyChanged()
            | on.GaveWay()
            | on.CandidatesGathered()
            | on.MediaConnected()
            | on.MediaLost()
            | on.RestartFailed()
            | on.Failed()
        ):
            raise UsageError("there is no call yet")
    assert_never(event)


def _tell_ringing(may_see: MaySee | None) -> tuple[do.Effect, ...]:
    # CK-383: the one thing that leaves before a person acts, and only to whom it was granted.
    return (do.SendRinging(),) if may_see is MaySee.RINGING else ()


def _from_calling(state: Calling, event: on.Event) -> Step:
    match event:
        case on.AcceptReceived(now, device, media):
            if do.lesser(media, state.media) is not media:
                # CK-351: an accept takes away, never adds: nobody turns a camera on from afar.
                return reject(state)
            deadline = now + CONNECT_TIMEOUT_S
            link = CallerLink(state.call, media, device)
            return Step(
                Connecting(link, frozenset(Missing), deadline),
                (
                    do.SetDeadline(deadline),
                    do.SendTaken(device),
                    do.SendWelcome(device),
                    do.ApplyAnswer(media),
                    do.InstallFrameKeys(),  # Receiving only; our frames wait for `call.ready`.
                    do.GatherCandidates(),
                ),
            )
        case on.RingingReceived():
            return Step(state, (do.ShowRinging(),))  # CK-383: it is shown, and changes nothing.
        case on.HangUpRequested():
            return end(state, EndReason.CANCELLED, do.SendCancel(), *_missed(state))
        case on.DeadlineReached(now) if now >= state.expires_at:
            # The cancel is for a device that got the invite late and would ring past our end.
            return end(state, EndReason.NO_ANSWER, do.SendCancel(), *_missed(state))
        case on.GaveWay():
            return end(state, EndReason.GAVE_WAY, do.SendCancel())  # The two do talk: no missed.
        case on.Failed(code):
            return end(state, EndReason.FAILED, do.SendCancel(), code=code)
        case on.KeyChanged():
            return end_changed(state, do.SendCancel())
        case on.NetworkRestored():
            # What was sent into a dying connection may be lost; the same id rings nobody twice.
            return Step(state, (do.SendInvite(),))
        case on.DeadlineReached():
            return Step(state)
        case (
            on.InviteReceived()
            | on.TakenReceived()
            | on.CancelReceived()
            | on.MissedReceived()
            | on.SiblingHandled()
            | on.WelcomeReceived()
            | on.ReadyReceived()
            | on.RevealReceived()
            | on.CandidatesReceived()
            | on.PathReceived()
            | on.OfferReceived()
            | on.AnswerReceived()
            | on.HangupReceived()
        ):
            return reject(state)
        case (
            on.CallPlaced()
            | on.AcceptRequested()
            | on.DeclineRequested()
            | on.PathDecided()
            | on.CandidatesGathered()
            | on.MediaConnected()
            | on.MediaLost()
            | on.RestartFailed()
        ):
            raise UsageError("the call is ringing at the other side")
    assert_never(event)


def _missed(state: Calling) -> tuple[do.Effect, ...]:
    match state.trace:
        case Trace.KEEP:
            return (do.SendMissed(),)
        case Trace.LEAVE_NONE:
            return ()
    assert_never(state.trace)


def _from_ringing(state: Ringing, event: on.Event) -> Step:
    invite = state.invite
    match event:
        case on.AcceptRequested(now, media):
            media = do.lesser(media, invite.media)
            deadline = now + WELCOME_TIMEOUT_S
            return Step(
                Accepting(invite, media, deadline),
                (
                    do.StopRinging(),
                    do.SetDeadline(deadline),
                    do.SendAccept(media),
                    do.TellSiblings(Handled.ACCEPTED),
                ),
            )
        case on.DeclineRequested():
            # CK-350: the caller is told nothing. Words for the caller are an ordinary message.
            return end(state, EndReason.DECLINED, do.TellSiblings(Handled.DECLINED))
        case on.DeadlineReached(now) if now >= state.expires_at:
            return end(state, EndReason.EXPIRED)  # CK-350
        case on.DeadlineReached() | on.NetworkRestored():
            return Step(state)
        case on.InviteReceived():
            # CK-352: the repeat after a reconnect must be the invite we know. With another
            # commitment the caller could choose its nonce after seeing ours (P11).
            return Step(state) if repeats(invite, event) else reject(state)
        case on.CancelReceived(sender) | on.MissedReceived(sender):
            # CK-353: only the device that rang may stop the ringing.
            if sender != invite.caller:
                return reject(state)
            return end(state, EndReason.CANCELLED_THERE)
        case on.TakenReceived(sender, device):
            if sender != invite.caller or device == invite.own:  # CK-353; and we never accepted.
                return reject(state)
            return end(state, EndReason.ANSWERED_ELSEWHERE)
        case on.SiblingHandled(how):
            return end(state, _elsewhere(how))
        case on.KeyChanged():
            return end_changed(state)  # CK-350: to them it is one that nobody answers.
        case (
            on.RingingReceived()
            | on.AcceptReceived()
            | on.WelcomeReceived()  # CK-354: a Welcome cannot make anybody answer.
            | on.ReadyReceived()
            | on.RevealReceived()
            | on.CandidatesReceived()
            | on.PathReceived()
            | on.OfferReceived()
            | on.AnswerReceived()
            | on.HangupReceived()
        ):
            return reject(state)
        case (
            on.CallPlaced()
            | on.HangUpRequested()
            | on.PathDecided()
            | on.GaveWay()
            | on.CandidatesGathered()
            | on.MediaConnected()
            | on.MediaLost()
            | on.RestartFailed()
            | on.Failed()
        ):
            raise UsageError("the call is ringing: accept or decline it")
    assert_never(event)


def _elsewhere(how: Handled) -> EndReason:
    match how:
        case Handled.ACCEPTED:
            return EndReason.ANSWERED_ELSEWHERE
        case Handled.DECLINED:
            return EndReason.DECLINED_ELSEWHERE
    assert_never(how)


def _from_ended(state: Ended, event: on.Event) -> Step:
    match event:
        case on.CallPlaced():
            raise UsageError("a call that ended is not placed again: make a new one")
        case _:
            # Late messages, late results of work that was under way, fingers on buttons.
            return Step(state)
