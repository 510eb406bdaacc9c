"""Every state of the call machine with every event: the table is the machine, written a second
time by hand. `test_call_mutants.py` shows that it notices each small change of the code.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest
from tests.core.scopes_call import (
    CALLEE,
    CALLER,
    INVITE,
    LINES,
    NONCE,
    SMALL_EVENTS,
    SMALL_STATES,
    VIDEO,
    VOICE,
    WRONG,
    C,
    P,
)

from visavis.core import call_effects as do
from visavis.core import call_events as on
from visavis.core.call import step
from visavis.core.call_effects import Effect, EndReason, Handled, HangupReason
from visavis.core.call_types import (
    Accepting,
    CallerLink,
    Calling,
    Connecting,
    Ended,
    InCall,
    Missing,
    Reconnecting,
    Ringing,
    State,
    Step,
    Taken,
    Trace,
    Turn,
    Welcomed,
)
from visavis.core.errors import Code, UsageError
from visavis.core.ids import Digest

TIMES = "at_104 at_105 at_110 at_120 at_130 at_145"
GROUP = "welcome ready reveal reveal_wrong candidates offer answer hangup"
MEDIA = "gathered media_up media_lost restart_failed restart_failed_late failed failed_unencrypted"
INVITES = "invite invite_other_commitment invite_other_device"
ACCEPTS = "accepted_video accepted_voice accepted_sibling"
TAKENS = "taken_us taken_sibling taken_by_stranger taken_sibling_by_stranger"
ENDS = "cancel cancel_stranger missed missed_stranger"
SIBLINGS = "sibling_accepted sibling_declined"
NETWORK = "network network_late"


@dataclass
class Column:
    """What each event does in one state; every event is named exactly once."""

    same: str = ""
    unexpected: str = ""
    replayed: str = ""
    commitment: str = ""
    usage: str = ""
    goes: dict[str, Step] = field(default_factory=dict)

    def names(self) -> list[str]:
        words = (self.same, self.unexpected, self.replayed, self.commitment, self.usage)
        return [name for word in words for name in word.split()] + list(self.goes)

    def expected(self, state: State, name: str) -> Step | None:
        """Return the expected step, or None for a UsageError."""
        if name in self.goes:
            return self.goes[name]
        if name in self.same.split():
            return Step(state)
        if name in self.unexpected.split():
            return Step(state, (do.Reject(Code.UNEXPECTED),))
        if name in self.replayed.split():
            return Step(state, (do.Reject(Code.REPLAYED),))
        if name in self.commitment.split():
            return Step(state, (do.Reject(Code.BAD_COMMITMENT),))
        assert name in self.usage.split()
        return None


def over(reason: EndReason, *before: Effect, code: Code | None = None) -> Step:
    """The teardown cascade of a call that has media and keys."""
    tail = (do.StopMedia(), do.EraseKeys(), do.ReportEnd(reason, code))
    return Step(Ended(C, reason), (*before, *tail))


def quiet(reason: EndReason, *before: Effect) -> Step:
    """The teardown cascade of a call that only rang."""
    return Step(Ended(C, reason), (*before, do.StopRinging(), do.ReportEnd(reason)))


def calling(missed: tuple[Effect, ...], accepts: dict[str, Step], rejected: str) -> Column:
    return Column(
        same="at_104 at_105 at_110 at_120 at_130",
        unexpected=f"{INVITES} {rejected} {TAKENS} {ENDS} {SIBLINGS} {GROUP}",
        usage=(
            "placed accept_video accept_voice decline "
            "gathered media_up media_lost restart_failed restart_failed_late"
        ),
        goes=accepts
        | {
            "hang_up": over(EndReason.CANCELLED, do.SendCancel(), *missed),
            "at_145": over(EndReason.NO_ANSWER, do.SendCancel(), *missed),
            "gave_way": over(EndReason.GAVE_WAY, do.SendCancel()),
            "failed": over(EndReason.FAILED, do.SendCancel(), code=Code.NO_RELAY),
            "failed_unencrypted": over(EndReason.FAILED, do.SendCancel(), code=Code.NOT_ENCRYPTED),
        }
        | {
            name: Step(
                Calling(C, VIDEO, Trace.KEEP, 145)
                if missed
                else Calling(C, VOICE, Trace.LEAVE_NONE, 145),
                (do.SendInvite(),),
            )
            for name in NETWORK.split()
        },
    )


def accepted(device: object, media: do.Media) -> Step:
    link = CallerLink(C, media, device)  # type: ignore[arg-type]
    return Step(
        Connecting(link, frozenset(Missing), 120),
        (
            do.SetDeadline(120),
            do.SendTaken(link.other),
            do.SendWelcome(link.other),
            do.ApplyAnswer(media),
            do.InstallFrameKeys(),
            do.GatherCandidates(),
        ),
    )


def accepting(media: do.Media) -> Step:
    return Step(
        Accepting(INVITE, media, 105),
        (
            do.StopRinging(),
            do.SetDeadline(105),
            do.SendAccept(media),
            do.TellSiblings(Handled.ACCEPTED),
        ),
    )


def waiting(state: Accepting | Welcomed | Taken, own: Column) -> Column:
    """What the three states between accepting and the Welcome have in common."""
    again = Step(state, (do.SendAccept(state.media),))
    due = over(EndReason.NO_WELCOME, do.SendCancel())
    return Column(
        same=f"{SIBLINGS} at_104 {own.same}",
        unexpected=(
            "invite_other_commitment invite_other_device taken_by_stranger "
            f"taken_sibling_by_stranger cancel_stranger missed_stranger {ACCEPTS} "
            f"ready reveal reveal_wrong candidates offer answer hangup {own.unexpected}"
        ),
        replayed=own.replayed,
        usage=(
            "placed accept_video accept_voice decline gave_way media_up media_lost "
            f"restart_failed restart_failed_late {own.usage}"
        ),
        goes={
            "hang_up": over(EndReason.HUNG_UP, do.SendCancel()),
            "failed": over(EndReason.FAILED, do.SendCancel(), code=Code.NO_RELAY),
            "failed_unencrypted": over(EndReason.FAILED, do.SendCancel(), code=Code.NOT_ENCRYPTED),
            "cancel": over(EndReason.CANCELLED_THERE),
            "missed": over(EndReason.CANCELLED_THERE),
            "invite": again,
            "network": again,
            "network_late": again,
        }
        | dict.fromkeys(["at_105", "at_110", "at_120", "at_130", "at_145"], due)
        | own.goes,
    )


def joined(*, gathered: bool = False, gather: bool = False, deadline: float = 122) -> Step:
    return Step(
        Connecting(CALLEE, frozenset({Missing.REVEAL, Missing.MEDIA}), deadline),
        (
            do.SetDeadline(deadline),
            do.InstallFrameKeys(),
            do.SendReady(),
            do.SendReveal(),
            *((do.SendCandidates(LINES),) if gathered else ()),
            do.StartFrames(),
            *((do.GatherCandidates(),) if gather else ()),
        ),
    )


def connecting(state: Connecting, own: Column) -> Column:
    """What both sides have in common while connecting."""
    due = over(EndReason.NOT_CONNECTED, do.SendHangup(HangupReason.FAILED))
    return Column(
        same=f"{SIBLINGS} {NETWORK} at_104 at_105 at_110 {own.same}",
        unexpected=(
            f"{INVITES} cancel_stranger missed missed_stranger answer "
            f"taken_sibling taken_by_stranger taken_sibling_by_stranger {own.unexpected}"
        ),
        replayed=f"welcome {own.replayed}",
        commitment=own.commitment,
        usage=(
            "placed accept_video accept_voice decline gave_way restart_failed restart_failed_late"
        ),
        goes={
            "hang_up": over(EndReason.HUNG_UP, do.SendHangup(HangupReason.ENDED)),
            "hangup": over(EndReason.HUNG_UP_THERE),
            "failed": over(
                EndReason.FAILED, do.SendHangup(HangupReason.FAILED), code=Code.NO_RELAY
            ),
            "failed_unencrypted": over(
                EndReason.FAILED,
                do.SendHangup(HangupReason.NOT_ENCRYPTED),
                code=Code.NOT_ENCRYPTED,
            ),
            "candidates": Step(state, (do.AddCandidates(LINES),)),
            "gathered": Step(state, (do.SendCandidates(LINES),)),
            "offer": Step(state, (do.AnswerRestart("offer"),)),
            "at_120": due,
            "at_130": due,
            "at_145": due,
        }
        | own.goes,
    )


def less(state: Connecting, *missing: Missing, effects: tuple[Effect, ...] = ()) -> Step:
    return Step(replace(state, missing=frozenset(missing)), effects)


def talking(state: InCall | Reconnecting, own: Column) -> Column:
    """What talking and reconnecting have in common."""
    return Column(
        same=f"{ACCEPTS} {SIBLINGS} {own.same}",
        unexpected=(
            f"{INVITES} {ENDS} taken_sibling taken_by_stranger taken_sibling_by_stranger "
            f"{own.unexpected}"
        ),
        replayed="ready reveal reveal_wrong welcome",
        usage=f"placed accept_video accept_voice decline {own.usage}",
        goes={
            "gave_way": over(EndReason.GAVE_WAY),
            "hang_up": over(EndReason.HUNG_UP, do.SendHangup(HangupReason.ENDED)),
            "hangup": over(EndReason.HUNG_UP_THERE),
            "failed": over(
                EndReason.FAILED, do.SendHangup(HangupReason.FAILED), code=Code.NO_RELAY
            ),
            "failed_unencrypted": over(
                EndReason.FAILED,
                do.SendHangup(HangupReason.NOT_ENCRYPTED),
                code=Code.NOT_ENCRYPTED,
            ),
            "candidates": Step(state, (do.AddCandidates(LINES),)),
            "gathered": Step(state, (do.SendCandidates(LINES),)),
        }
        | own.goes,
    )


def in_call(state: InCall, own: Column) -> Column:
    return talking(
        state,
        Column(
            same=f"media_up {NETWORK} {TIMES} {own.same}",
            unexpected=f"answer {own.unexpected}",
            usage="restart_failed restart_failed_late",
            goes={
                "media_lost": Step(
                    Reconnecting(state.link, Turn.OURS, 130, 110),
                    (do.SetDeadline(110), do.RestartIce()),
                ),
                "offer": Step(
                    Reconnecting(state.link, Turn.THEIRS, 130, 110),
                    (do.SetDeadline(110), do.AnswerRestart("offer")),
                ),
            },
        ),
    )


def reconnecting(state: Reconnecting, own: Column) -> Column:
    def restart(now: float) -> Step:
        retry_at = now + 10
        return Step(
            Reconnecting(state.link, Turn.OURS, 130, retry_at),
            (do.SetDeadline(min(retry_at, 130)), do.RestartIce()),
        )

    due = over(EndReason.LOST, do.SendHangup(HangupReason.LOST))
    return talking(
        state,
        Column(
            same=f"media_lost at_104 at_105 {own.same}",
            unexpected=own.unexpected,
            goes={
                "media_up": Step(InCall(state.link)),
                "at_110": restart(110),
                "at_120": restart(120),
                "at_130": due,
                "at_145": due,
                "network": restart(100),
                "network_late": restart(125),
                "restart_failed": Step(replace(state, retry_at=102), (do.SetDeadline(102),)),
                "restart_failed_late": Step(replace(state, retry_at=131), (do.SetDeadline(130),)),
            }
            | own.goes,
        ),
    )


def answering(state: Reconnecting) -> Step:
    return Step(
        Reconnecting(state.link, Turn.THEIRS, 130, 110),
        (do.SetDeadline(110), do.AnswerRestart("offer")),
    )


NOT_OURS = Column(unexpected="taken_us")  # A caller is told of no taken.
OURS = Column(same="taken_us")
APPLY = (do.ApplyRestartAnswer("answer"),)


def table() -> dict[str, Column]:
    """Return the whole table, one column for each small state."""
    s = SMALL_STATES
    caller, caller_last = s["connecting_caller"], s["connecting_caller_last"]
    callee, callee_last = s["connecting_callee"], s["connecting_callee_last"]
    assert isinstance(caller, Connecting)
    assert isinstance(caller_last, Connecting)
    assert isinstance(callee, Connecting)
    assert isinstance(callee_last, Connecting)
    sides = {name: s[name] for name in s if name.startswith(("in_call", "reconnecting"))}
    ours_caller, theirs_caller = (
        sides["reconnecting_caller"],
        sides["reconnecting_caller_answering"],
    )
    ours_callee, theirs_callee = (
        sides["reconnecting_callee"],
        sides["reconnecting_callee_answering"],
    )
    assert isinstance(ours_caller, Reconnecting)
    assert isinstance(theirs_caller, Reconnecting)
    assert isinstance(ours_callee, Reconnecting)
    assert isinstance(theirs_callee, Reconnecting)
    in_caller, in_callee = sides["in_call_caller"], sides["in_call_callee"]
    assert isinstance(in_caller, InCall)
    assert isinstance(in_callee, InCall)
    accepting_, welcomed, taken, gathered = (
        s[name] for name in ("accepting", "welcomed", "taken", "taken_gathered")
    )
    assert isinstance(accepting_, Accepting)
    assert isinstance(welcomed, Welcomed)
    assert isinstance(taken, Taken)
    assert isinstance(gathered, Taken)
    late_accept = "accepted_video accepted_voice accepted_sibling"
    show = do.ShowSas(NONCE)
    return {
        "idle": Column(
            same=f"{NETWORK} {TIMES}",
            unexpected=f"{ACCEPTS} {TAKENS} {ENDS} {SIBLINGS} {GROUP}",
            usage=f"accept_video accept_voice decline hang_up gave_way {MEDIA}",
            goes={
                "placed": Step(
                    Calling(C, VIDEO, Trace.KEEP, 145), (do.SetDeadline(145), do.SendInvite())
                ),
                "invite": Step(Ringing(INVITE, 145), (do.SetDeadline(145), do.StartRinging(VIDEO))),
                "invite_other_commitment": Step(
                    Ringing(replace(INVITE, commitment=Digest(b"x" * 32)), 145),
                    (do.SetDeadline(145), do.StartRinging(VIDEO)),
                ),
                "invite_other_device": Step(
                    Ringing(
                        replace(INVITE, caller=SMALL_EVENTS["invite_other_device"].device), 145
                    ),
                    (do.SetDeadline(145), do.StartRinging(VIDEO)),
                ),
            },
        ),
        "calling": calling(
            (do.SendMissed(),),
            {
                "accepted_video": accepted(P, VIDEO),
                "accepted_voice": accepted(P, VOICE),
                "accepted_sibling": accepted(SMALL_EVENTS["accepted_sibling"].device, VOICE),
            },
            "",
        ),
        "calling_traceless": calling(
            (),
            {
                "accepted_voice": accepted(P, VOICE),
                "accepted_sibling": accepted(SMALL_EVENTS["accepted_sibling"].device, VOICE),
            },
            "accepted_video",
        ),
        "ringing": Column(
            same=f"invite {NETWORK} at_104 at_105 at_110 at_120 at_130",
            unexpected=(
                "invite_other_commitment invite_other_device taken_us taken_by_stranger "
                f"taken_sibling_by_stranger cancel_stranger missed_stranger {ACCEPTS} {GROUP}"
            ),
            usage=f"placed hang_up gave_way {MEDIA}",
            goes={
                "accept_video": accepting(VIDEO),
                "accept_voice": accepting(VOICE),
                "decline": quiet(EndReason.DECLINED, do.TellSiblings(Handled.DECLINED)),
                "at_145": quiet(EndReason.EXPIRED),
                "cancel": quiet(EndReason.CANCELLED_THERE),
                "missed": quiet(EndReason.CANCELLED_THERE),
                "taken_sibling": quiet(EndReason.ANSWERED_ELSEWHERE),
                "sibling_accepted": quiet(EndReason.ANSWERED_ELSEWHERE),
                "sibling_declined": quiet(EndReason.DECLINED_ELSEWHERE),
            },
        ),
        "accepting": waiting(
            accepting_,
            Column(
                usage="gathered",
                goes={
                    "taken_us": Step(Taken(INVITE, VOICE, 105), (do.GatherCandidates(),)),
                    "taken_sibling": over(EndReason.ANSWERED_ELSEWHERE),
                    "welcome": Step(Welcomed(INVITE, VOICE, 105, joined_at=102)),
                },
            ),
        ),
        "welcomed": waiting(
            welcomed,
            Column(
                unexpected="taken_sibling",
                replayed="welcome",
                usage="gathered",
                goes={"taken_us": joined(gather=True, deadline=120)},
            ),
        ),
        "taken": waiting(
            taken,
            Column(
                same="taken_us",
                unexpected="taken_sibling",
                goes={
                    "welcome": joined(),
                    "gathered": Step(Taken(INVITE, VIDEO, 105, LINES)),
                },
            ),
        ),
        "taken_gathered": waiting(
            gathered,
            Column(
                same="taken_us",
                unexpected="taken_sibling",
                goes={
                    "welcome": joined(gathered=True),
                    "gathered": Step(Taken(INVITE, VIDEO, 105, LINES)),
                },
            ),
        ),
        "connecting_caller": connecting(
            caller,
            Column(
                same="accepted_sibling media_lost",
                unexpected="taken_us",
                goes={
                    "ready": less(
                        caller, Missing.REVEAL, Missing.MEDIA, effects=(do.StartFrames(),)
                    ),
                    "reveal": less(
                        caller, Missing.READY, Missing.MEDIA, effects=(do.SendReveal(), show)
                    ),
                    "reveal_wrong": less(  # Its nonce is new: there is nothing to compare with.
                        caller,
                        Missing.READY,
                        Missing.MEDIA,
                        effects=(do.SendReveal(), do.ShowSas(WRONG)),
                    ),
                    "media_up": less(caller, Missing.READY, Missing.REVEAL),
                    "cancel": over(EndReason.WITHDRAWN),
                    "accepted_video": Step(caller, (do.SendTaken(P), do.SendWelcome(P))),
                    "accepted_voice": Step(caller, (do.SendTaken(P), do.SendWelcome(P))),
                },
            ),
        ),
        "connecting_caller_last": connecting(
            caller_last,
            Column(
                same=f"{late_accept} media_lost",
                unexpected="taken_us cancel",
                replayed="ready reveal reveal_wrong",
                goes={"media_up": Step(InCall(CALLER))},
            ),
        ),
        "connecting_callee": connecting(
            callee,
            Column(
                same=f"{late_accept} taken_us media_lost",
                unexpected="cancel",
                replayed="ready",
                commitment="reveal_wrong",
                goes={
                    "reveal": less(callee, Missing.MEDIA, effects=(show,)),
                    "media_up": less(callee, Missing.REVEAL),
                },
            ),
        ),
        "connecting_callee_last": connecting(
            callee_last,
            Column(
                same=f"{late_accept} taken_us media_up",
                unexpected="cancel",
                replayed="ready",
                commitment="reveal_wrong",
                goes={
                    "reveal": Step(InCall(CALLEE), (show,)),
                    "media_lost": less(callee_last, Missing.REVEAL, Missing.MEDIA),
                },
            ),
        ),
        "in_call_caller": in_call(in_caller, NOT_OURS),
        "in_call_callee": in_call(in_callee, OURS),
        "reconnecting_caller": reconnecting(
            ours_caller,
            Column(
                same="offer",  # Both restarted at once: the caller's offer stands.
                unexpected="taken_us",
                goes={"answer": Step(ours_caller, APPLY)},
            ),
        ),
        "reconnecting_caller_answering": reconnecting(
            theirs_caller,
            Column(unexpected="taken_us answer", goes={"offer": answering(theirs_caller)}),
        ),
        "reconnecting_callee": reconnecting(
            ours_callee,
            Column(
                same="taken_us",
                goes={"offer": answering(ours_callee), "answer": Step(ours_callee, APPLY)},
            ),
        ),
        "reconnecting_callee_answering": reconnecting(
            theirs_callee,
            Column(same="taken_us", unexpected="answer", goes={"offer": answering(theirs_callee)}),
        ),
        "ended": Column(
            usage="placed", same=" ".join(name for name in SMALL_EVENTS if name != "placed")
        ),
    }


TABLE = table()


def disagreements(stepper: Callable[[State, on.Event], Step]) -> list[str]:
    """Return the cells in which `stepper` does not do what the table says."""
    wrong: list[str] = []
    for state_name, state in SMALL_STATES.items():
        for event_name, event in SMALL_EVENTS.items():
            expected = TABLE[state_name].expected(state, event_name)
            found: Step | None
            try:
                found = stepper(state, event)
            except UsageError:
                found = None
            except Exception as error:  # A mutant may do anything.
                wrong.append(f"{state_name} x {event_name}: {type(error).__name__}")
                continue
            if found != expected:
                wrong.append(f"{state_name} x {event_name}: {found}, not {expected}")
    return wrong


@pytest.mark.parametrize("state_name", SMALL_STATES)
def test_each_column_names_every_event_once(state_name: str) -> None:
    names = TABLE[state_name].names()
    assert sorted(names) == sorted(SMALL_EVENTS)


def test_the_scope_has_every_state_and_event() -> None:
    assert {type(state) for state in SMALL_STATES.values()} == set(State.__args__)
    assert {type(event) for event in SMALL_EVENTS.values()} == set(on.Event.__args__)


def test_every_effect_appears() -> None:
    seen = {
        type(effect)
        for state_name, column in TABLE.items()
        for event_name in SMALL_EVENTS
        for step_ in [column.expected(SMALL_STATES[state_name], event_name)]
        if step_ is not None
        for effect in step_.effects
    }
    assert seen == set(Effect.__args__)


@pytest.mark.parametrize("event_name", SMALL_EVENTS)
@pytest.mark.parametrize("state_name", SMALL_STATES)
def test_table(state_name: str, event_name: str) -> None:
    state = SMALL_STATES[state_name]
    event = SMALL_EVENTS[event_name]
    expected = TABLE[state_name].expected(state, event_name)
    if expected is None:
        with pytest.raises(UsageError):
            step(state, event)
        return
    assert step(state, event) == expected


CHECKS = {
    "CK-351": ("calling_traceless", "accepted_video"),
    "CK-352": ("ringing", "invite_other_commitment"),
    "CK-353": ("ringing", "cancel_stranger"),
    "CK-354": ("ringing", "welcome"),
    "CK-355": ("taken", "taken_sibling"),
    "CK-358": ("connecting_caller_last", "reveal"),
    "CK-359": ("connecting_callee", "reveal_wrong"),
}


@pytest.mark.parametrize(("state_name", "event_name"), CHECKS.values(), ids=list(CHECKS))
def test_each_check_is_a_rejection(state_name: str, event_name: str) -> None:
    state = SMALL_STATES[state_name]
    result = step(state, SMALL_EVENTS[event_name])
    assert result.state == state
    assert [type(effect) for effect in result.effects] == [do.Reject]
