"""The call machine of a callee from its "accept" until it found the caller.

The Welcome and the word of who was taken come in any order (CK-356). Part of `core/call.py`, which
is the way in; `call_talk` goes on from here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from visavis.core import call_effects as do
from visavis.core import call_events as on
from visavis.core.call_effects import EndReason
from visavis.core.call_teardown import end, end_changed
from visavis.core.call_types import (
    CONNECT_TIMEOUT_S,
    Accepting,
    AwaitingWelcome,
    CalleeLink,
    Connecting,
    Invite,
    Missing,
    Step,
    Taken,
    Welcomed,
    reject,
)
from visavis.core.errors import Code, UsageError


def repeats(invite: Invite, event: on.InviteReceived) -> bool:
    """Say whether an invite is this one once more, from a caller who came back."""
    seen = Invite(event.call, event.media, event.own, event.device, event.commitment)
    return seen == invite


def from_awaiting_welcome(state: AwaitingWelcome, event: on.Event) -> Step:
    """Accepted: wait for the Welcome, and for who was taken."""
    invite = state.invite
    match event:
        case on.TakenReceived(sender, device):
            if sender != invite.caller:  # CK-353
                return reject(state)
            return _taken(state, ours=device == invite.own)
        case on.WelcomeReceived(now):
            return _welcomed(state, now)
        case on.CandidatesGathered(candidates):
            if not isinstance(state, Taken):
                raise UsageError("nothing may be gathered before the caller took this device")
            # The call group that carries them is not there yet.
            return Step(replace(state, candidates=candidates))
        case on.DeadlineReached(now) if now >= state.deadline:
            return end(state, EndReason.NO_WELCOME, do.SendCancel())
        case on.HangUpRequested():
            return end(state, EndReason.HUNG_UP, do.SendCancel())
        case on.Failed(code):
            return end(state, EndReason.FAILED, do.SendCancel(), code=code)
        case on.KeyChanged():
            return end_changed(state, do.SendCancel())
        case on.CancelReceived(sender) | on.MissedReceived(sender):
            if sender != invite.caller:  # CK-353
                return reject(state)
            return end(state, EndReason.CANCELLED_THERE)
        case on.InviteReceived() if repeats(invite, event):
            # The caller came back and may not have our accept.
            return Step(state, (do.SendAccept(state.media),))
        case on.NetworkRestored():
            return Step(state, (do.SendAccept(state.media),))
        case on.SiblingHandled() | on.DeadlineReached():
            # Two devices may accept at once: the caller is the arbiter, not a sibling (P9).
            return Step(state)
        case (
            on.InviteReceived()
            | on.RingingReceived()
            | on.AcceptReceived()
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
            | on.GaveWay()
            | on.MediaConnected()
            | on.MediaLost()
            | on.RestartFailed()
        ):
            raise UsageError("the call was accepted and is not connected yet")
    assert_never(event)


def _taken(state: AwaitingWelcome, *, ours: bool) -> Step:
    """Go on from `call.taken`, from the caller."""
    match state:
        case Accepting() if ours:
            return Step(Taken(state.invite, state.media, state.deadline), (do.GatherCandidates(),))
        case Accepting():
            return end(state, EndReason.ANSWERED_ELSEWHERE)
        case Welcomed() if ours:
            # The step from receiving the Welcome to using it, put off until now (CK-356).
            return _joined(state, state.joined_at, (), (do.GatherCandidates(),))
        case Taken() if ours:
            return Step(state)
        case Welcomed() | Taken():
            # CK-355: the caller named one device; it cannot name another afterwards.
            return reject(state)
    assert_never(state)


def _welcomed(state: AwaitingWelcome, now: float) -> Step:
    """Go on from a Welcome that was processed."""
    match state:
        case Accepting():
            # CK-356: candidates, keys and frames only after `taken`; the deadline goes on.
            return Step(Welcomed(state.invite, state.media, state.deadline, joined_at=now))
        case Taken():
            return _joined(state, now, state.candidates, ())
        case Welcomed():
            return reject(state, Code.REPLAYED)
    assert_never(state)


def _joined(
    state: Taken | Welcomed, now: float, gathered: tuple[str, ...], then: tuple[do.Effect, ...]
) -> Step:
    deadline = now + CONNECT_TIMEOUT_S
    link = CalleeLink(state.invite, state.media)
    send = (do.SendCandidates(gathered),) if gathered else ()
    return Step(
        # The caller made the group, so its receive keys are there: nothing to wait for.
        Connecting(link, frozenset({Missing.REVEAL, Missing.MEDIA}), deadline),
        (
            do.SetDeadline(deadline),
            do.InstallFrameKeys(),
            do.SendReady(),
            do.SendReveal(),
            *send,
            do.StartFrames(),
            *then,
        ),
    )
