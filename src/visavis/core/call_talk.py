"""The call machine from the moment the two ends found each other: connect, talk, reconnect.

Part of `core/call.py`, which is the way in. From here on messages come through the call group,
which holds exactly these two devices, so they need no sender; the few from the conversation group
still do.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from visavis.core import call_effects as do
from visavis.core import call_events as on
from visavis.core import sas
from visavis.core.call_effects import EndReason, HangupReason, Path
from visavis.core.call_restart import answer, follow, restart
from visavis.core.call_teardown import end, end_changed
from visavis.core.call_types import (
    RECONNECT_TIMEOUT_S,
    RESTART_RETRY_S,
    CalleeLink,
    CallerLink,
    Connecting,
    InCall,
    Link,
    Missing,
    Reconnecting,
    State,
    Step,
    Turn,
    reject,
)
from visavis.core.errors import Code, UsageError
from visavis.core.ids import Nonce32


def from_connecting(state: Connecting, event: on.Event) -> Step:
    """Set up: wait for readiness, the other's nonce and the media, in any order."""
    link = state.link
    match event:
        case on.ReadyReceived():
            if Missing.READY not in state.missing:
                return reject(state, Code.REPLAYED)
            # CK-357: the caller sends no frame before the other side can decrypt it.
            return _found(state, Missing.READY, do.StartFrames())
        case on.RevealReceived(nonce):
            return _revealed(state, nonce)
        case on.MediaConnected():
            return _found(state, Missing.MEDIA)
        case on.CandidatesReceived(candidates):
            return Step(state, (do.AddCandidates(candidates),))
        case on.CandidatesGathered(candidates):
            return Step(state, (do.SendCandidates(candidates),))
        case on.PathReceived(_, path):
            return Step(replace(state, paths=replace(state.paths, theirs=path)))
        case on.OfferReceived(_, sdp, _):
            # The other side was connected, lost it, and restarts before we got there. CK-384: we
            # have allowed nothing yet, whatever it asks for.
            return Step(state, (do.AnswerRestart(sdp, Path.RELAYED),))
        case on.AcceptReceived(_, device, _):
            if device == link.other and Missing.READY in state.missing:
                # The accepter came back after a reconnect and may have neither.
                return Step(state, (do.SendTaken(device), do.SendWelcome(device)))
            return Step(state)  # A sibling was slower; `call.taken` has told it.
        case on.CancelReceived(sender):
            if sender == link.other and Missing.READY in state.missing:
                return end(state, EndReason.WITHDRAWN)  # It took its accept back.
            # CK-353: not another device; and once in the call group, `call.hangup` is the word.
            return reject(state)
        case on.TakenReceived():
            return _taken_again(state, link, event)
        case on.HangUpRequested():
            return end(state, EndReason.HUNG_UP, do.SendHangup(HangupReason.ENDED))
        case on.HangupReceived():
            return end(state, EndReason.HUNG_UP_THERE)
        case on.Failed(code):
            return _failed(state, code)
        case on.DeadlineReached(now) if now >= state.deadline:
            return end(state, EndReason.NOT_CONNECTED, do.SendHangup(HangupReason.FAILED))
        case on.MediaLost():
            # No restart yet: the deadline judges. But what was found is missing again.
            return Step(replace(state, missing=state.missing | {Missing.MEDIA}))
        case on.KeyChanged():
            return _changed(state)
        case (
            on.DeadlineReached() | on.NetworkRestored() | on.SiblingHandled() | on.RingingReceived()
        ):
            return Step(state)
        case on.WelcomeReceived():
            return reject(state, Code.REPLAYED)
        case on.InviteReceived() | on.MissedReceived() | on.AnswerReceived():
            return reject(state)
        case (
            on.CallPlaced()
            | on.AcceptRequested()
            | on.DeclineRequested()
            | on.PathDecided()
            | on.GaveWay()
            | on.RestartFailed()
        ):
            raise UsageError("the call is being connected")
    assert_never(event)


def _revealed(state: Connecting, nonce: Nonce32) -> Step:
    if Missing.REVEAL not in state.missing:
        # CK-358: one nonce per side. A second one would let its sender pick the string.
        return reject(state, Code.REPLAYED)
    match state.link:
        case CallerLink():
            # We reveal last: only now is everything fixed that the other side can choose.
            return _found(state, Missing.REVEAL, do.SendReveal(), do.ShowSas(nonce))
        case CalleeLink(invite):
            if sas.commit(nonce) != invite.commitment:
                # CK-359: a nonce chosen after ours was known could steer the string (P11).
                return reject(state, Code.BAD_COMMITMENT)
            return _found(state, Missing.REVEAL, do.ShowSas(nonce))
    assert_never(state.link)


def _found(state: Connecting, what: Missing, *effects: do.Effect) -> Step:
    missing = state.missing - {what}
    if missing:
        return Step(replace(state, missing=missing), effects)
    return Step(InCall(state.link, state.paths), effects)


def from_in_call(state: InCall, event: on.Event) -> Step:
    """Talk until somebody hangs up or the media stops."""
    link = state.link
    match event:
        case on.HangUpRequested():
            return end(state, EndReason.HUNG_UP, do.SendHangup(HangupReason.ENDED))
        case on.HangupReceived():
            return end(state, EndReason.HUNG_UP_THERE)
        case on.GaveWay():
            return end(state, EndReason.GAVE_WAY)  # Its other end is gone: there is nobody to tell.
        case on.MediaLost(now):
            return restart(link, state.paths, now, now + RECONNECT_TIMEOUT_S)
        case on.Failed(code):
            return _failed(state, code)
        case on.KeyChanged():
            return _changed(state)
        case on.PathDecided() | on.PathReceived():
            return follow(state, event, event.now + RECONNECT_TIMEOUT_S)
        case on.OfferReceived(now):
            return answer(link, state.paths, now + RECONNECT_TIMEOUT_S, event)
        case on.CandidatesReceived(candidates):
            return Step(state, (do.AddCandidates(candidates),))
        case on.CandidatesGathered(candidates):
            return Step(state, (do.SendCandidates(candidates),))
        case on.TakenReceived():
            return _taken_again(state, link, event)
        case on.ReadyReceived() | on.RevealReceived() | on.WelcomeReceived():
            return reject(state, Code.REPLAYED)  # CK-358
        case (
            on.AcceptReceived()
            | on.RingingReceived()
            | on.SiblingHandled()
            | on.MediaConnected()
            | on.NetworkRestored()
            | on.DeadlineReached()
        ):
            return Step(state)  # Late, or no business of the media.
        case on.InviteReceived() | on.CancelReceived() | on.MissedReceived() | on.AnswerReceived():
            return reject(state)
        case on.CallPlaced() | on.AcceptRequested() | on.DeclineRequested() | on.RestartFailed():
            raise UsageError("the call is connected")
    assert_never(event)


def from_reconnecting(state: Reconnecting, event: on.Event) -> Step:
    """Restart ICE until the media flows or 30 s have passed."""
    link = state.link
    match event:
        case on.MediaConnected():
            return Step(InCall(link, state.paths))
        case on.HangUpRequested():
            return end(state, EndReason.HUNG_UP, do.SendHangup(HangupReason.ENDED))
        case on.HangupReceived():
            return end(state, EndReason.HUNG_UP_THERE)
        case on.GaveWay():
            return end(state, EndReason.GAVE_WAY)  # Its other end is gone: there is nobody to tell.
        case on.DeadlineReached(now) if now >= state.deadline:
            return end(state, EndReason.LOST, do.SendHangup(HangupReason.LOST))
        case on.DeadlineReached(now) if now >= state.retry_at:
            return restart(link, state.paths, now, state.deadline)
        case on.NetworkRestored(now):
            return restart(link, state.paths, now, state.deadline)
        case on.PathDecided() | on.PathReceived():
            return follow(state, event, state.deadline)
        case on.RestartFailed(now):
            retry_at = now + RESTART_RETRY_S
            return Step(
                replace(state, retry_at=retry_at),
                (do.SetDeadline(min(retry_at, state.deadline)),),
            )
        case on.Failed(code):
            return _failed(state, code)
        case on.KeyChanged():
            return _changed(state)
        case on.OfferReceived():
            if isinstance(link, CallerLink) and state.turn is Turn.OURS:
                return Step(state)  # Both restarted at once: the caller's offer stands.
            return answer(link, state.paths, state.deadline, event)
        case on.AnswerReceived(sdp, offer):
            if state.turn is Turn.THEIRS:
                return reject(state)
            return Step(state, (do.ApplyRestartAnswer(sdp, offer),))
        case on.CandidatesReceived(candidates):
            return Step(state, (do.AddCandidates(candidates),))
        case on.CandidatesGathered(candidates):
            return Step(state, (do.SendCandidates(candidates),))
        case on.TakenReceived():
            return _taken_again(state, link, event)
        case on.ReadyReceived() | on.RevealReceived() | on.WelcomeReceived():
            return reject(state, Code.REPLAYED)  # CK-358
        case (
            on.AcceptReceived()
            | on.RingingReceived()
            | on.SiblingHandled()
            | on.MediaLost()
            | on.DeadlineReached()
        ):
            return Step(state)
        case on.InviteReceived() | on.CancelReceived() | on.MissedReceived():
            return reject(state)
        case on.CallPlaced() | on.AcceptRequested() | on.DeclineRequested():
            raise UsageError("the call is reconnecting")
    assert_never(event)


def _taken_again(state: State, link: Link, event: on.TakenReceived) -> Step:
    """Accept a repeat of what the caller said of us, and nothing else (CK-355)."""
    match link:
        case CalleeLink(invite) if (event.sender, event.device) == (invite.caller, invite.own):
            return Step(state)
        case CalleeLink() | CallerLink():
            return reject(state)
    assert_never(link)


def _failed(state: Connecting | InCall | Reconnecting, code: Code) -> Step:
    encrypted = code is not Code.NOT_ENCRYPTED
    why = HangupReason.FAILED if encrypted else HangupReason.NOT_ENCRYPTED
    return end(state, EndReason.FAILED, do.SendHangup(why), code=code)


def _changed(state: Connecting | InCall | Reconnecting) -> Step:
    return end_changed(state, do.SendHangup(HangupReason.FAILED))
