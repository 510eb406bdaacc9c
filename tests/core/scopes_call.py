"""The small scope of the call machine: enough states and events to tell every rule from its
neighbour. The table test asserts every pair; `tools/draw_machines.py` draws from the same scope.

`P` is the device at the other end, `S` a device with no say, `O` our own.
"""

from __future__ import annotations

from typing import Final

from visavis.core import call_events as on
from visavis.core import sas
from visavis.core.call import step
from visavis.core.call_effects import EndReason, Handled, Media
from visavis.core.call_types import (
    Accepting,
    CalleeLink,
    CallerLink,
    Calling,
    Connecting,
    Ended,
    Idle,
    InCall,
    Invite,
    Missing,
    Path,
    Paths,
    Reconnecting,
    Ringing,
    State,
    Taken,
    Trace,
    Turn,
    Welcomed,
)
from visavis.core.content_records import MaySee
from visavis.core.errors import Code
from visavis.core.ids import CallId, DeviceId, Digest, Nonce32

C: Final = CallId(b"c" * 16)
P: Final = DeviceId(b"p" * 16)
S: Final = DeviceId(b"s" * 16)
O: Final = DeviceId(b"o" * 16)  # noqa: E741 -- our own
NONCE: Final = Nonce32(b"n" * 32)
WRONG: Final = Nonce32(b"w" * 32)
COMMITMENT: Final = sas.commit(NONCE)
VIDEO, VOICE = Media.VIDEO, Media.VOICE
INVITE: Final = Invite(C, VIDEO, O, P, COMMITMENT)
CALLER: Final = CallerLink(C, VIDEO, P)
CALLEE: Final = CalleeLink(INVITE, VIDEO)
ALL: Final = frozenset(Missing)
LINES: Final = ("candidate:1",)
DIRECT, RELAYED = Path.DIRECT, Path.RELAYED
OURS_ALLOW: Final = Paths(ours=DIRECT)
THEIRS_ALLOW: Final = Paths(theirs=DIRECT)
BOTH_DIRECT: Final = Paths(DIRECT, DIRECT, DIRECT)
BOTH_RELAYED: Final = Paths(DIRECT, DIRECT, RELAYED)

SMALL_STATES: Final[dict[str, State]] = {
    "idle": Idle(),
    "calling": Calling(C, VIDEO, Trace.KEEP, 145),
    "calling_traceless": Calling(C, VOICE, Trace.LEAVE_NONE, 145),
    "ringing": Ringing(INVITE, 145),
    "accepting": Accepting(INVITE, VOICE, 105),
    "welcomed": Welcomed(INVITE, VIDEO, 105, joined_at=100),
    "taken": Taken(INVITE, VIDEO, 105),
    "taken_gathered": Taken(INVITE, VIDEO, 105, LINES),
    "connecting_caller": Connecting(CALLER, ALL, 120),
    "connecting_caller_last": Connecting(CALLER, frozenset({Missing.MEDIA}), 120),
    "connecting_caller_allowed": Connecting(CALLER, frozenset({Missing.MEDIA}), 120, THEIRS_ALLOW),
    "connecting_callee": Connecting(CALLEE, ALL - {Missing.READY}, 120),
    "connecting_callee_last": Connecting(CALLEE, frozenset({Missing.REVEAL}), 120),
    "in_call_caller": InCall(CALLER),
    "in_call_callee": InCall(CALLEE),
    "in_call_caller_ours": InCall(CALLER, OURS_ALLOW),
    "in_call_callee_ours": InCall(CALLEE, OURS_ALLOW),
    "in_call_caller_theirs": InCall(CALLER, THEIRS_ALLOW),
    "in_call_callee_theirs": InCall(CALLEE, THEIRS_ALLOW),
    "in_call_caller_direct": InCall(CALLER, BOTH_DIRECT),
    "in_call_callee_direct": InCall(CALLEE, BOTH_DIRECT),
    "in_call_caller_fell_back": InCall(CALLER, BOTH_RELAYED),
    "reconnecting_caller": Reconnecting(CALLER, Turn.OURS, 130, 110),
    "reconnecting_caller_answering": Reconnecting(CALLER, Turn.THEIRS, 130, 110),
    "reconnecting_caller_direct": Reconnecting(CALLER, Turn.OURS, 130, 110, BOTH_DIRECT),
    "reconnecting_caller_ours": Reconnecting(CALLER, Turn.THEIRS, 130, 110, OURS_ALLOW),
    "reconnecting_callee_direct": Reconnecting(CALLEE, Turn.THEIRS, 130, 110, BOTH_DIRECT),
    "reconnecting_callee": Reconnecting(CALLEE, Turn.OURS, 130, 110),
    "reconnecting_callee_answering": Reconnecting(CALLEE, Turn.THEIRS, 130, 110),
    "ended": Ended(C, EndReason.HUNG_UP),
}

SMALL_EVENTS: Final[dict[str, on.Event]] = {
    "placed": on.CallPlaced(100, C, VIDEO),
    "accept_video": on.AcceptRequested(100, VIDEO),
    "accept_voice": on.AcceptRequested(100, VOICE),
    "decline": on.DeclineRequested(),
    "hang_up": on.HangUpRequested(),
    "decided_direct": on.PathDecided(100, DIRECT),
    "decided_relayed": on.PathDecided(100, RELAYED),
    "key_changed": on.KeyChanged(),
    "gave_way": on.GaveWay(),
    "invite": on.InviteReceived(100, C, VIDEO, P, O, COMMITMENT),
    "invite_other_commitment": on.InviteReceived(100, C, VIDEO, P, O, Digest(b"x" * 32)),
    "invite_other_device": on.InviteReceived(100, C, VIDEO, S, O, COMMITMENT),
    "invite_may_see": on.InviteReceived(100, C, VIDEO, P, O, COMMITMENT, may_see=MaySee.RINGING),
    "rings_there": on.RingingReceived(),
    "accepted_video": on.AcceptReceived(100, P, VIDEO),
    "accepted_voice": on.AcceptReceived(100, P, VOICE),
    "accepted_sibling": on.AcceptReceived(100, S, VOICE),
    "taken_us": on.TakenReceived(P, O),
    "taken_sibling": on.TakenReceived(P, S),
    "taken_by_stranger": on.TakenReceived(S, O),
    "taken_sibling_by_stranger": on.TakenReceived(S, S),
    "cancel": on.CancelReceived(P),
    "cancel_stranger": on.CancelReceived(S),
    "missed": on.MissedReceived(P),
    "missed_stranger": on.MissedReceived(S),
    "sibling_accepted": on.SiblingHandled(Handled.ACCEPTED),
    "sibling_declined": on.SiblingHandled(Handled.DECLINED),
    "welcome": on.WelcomeReceived(102),
    "ready": on.ReadyReceived(),
    "reveal": on.RevealReceived(NONCE),
    "reveal_wrong": on.RevealReceived(WRONG),
    "candidates": on.CandidatesReceived(LINES),
    "path_direct": on.PathReceived(100, DIRECT),
    "path_relayed": on.PathReceived(100, RELAYED),
    "offer": on.OfferReceived(100, "offer", RELAYED),
    "offer_direct": on.OfferReceived(100, "offer", DIRECT),
    "answer": on.AnswerReceived("answer", Digest(b"o" * 32)),
    "hangup": on.HangupReceived(),
    "gathered": on.CandidatesGathered(LINES),
    "media_up": on.MediaConnected(),
    "media_lost": on.MediaLost(100),
    "restart_failed": on.RestartFailed(100),
    "restart_failed_late": on.RestartFailed(129),
    "failed": on.Failed(Code.NO_RELAY),
    "failed_unencrypted": on.Failed(Code.NOT_ENCRYPTED),
    "network": on.NetworkRestored(100),
    "network_late": on.NetworkRestored(125),
    "at_104": on.DeadlineReached(104),
    "at_105": on.DeadlineReached(105),
    "at_110": on.DeadlineReached(110),
    "at_120": on.DeadlineReached(120),
    "at_130": on.DeadlineReached(130),
    "at_145": on.DeadlineReached(145),
}

MACHINE: Final = ("call", "docs/protocol/call.md", step, SMALL_STATES, SMALL_EVENTS)
"""For the drawing: name, page, step, states, events."""
