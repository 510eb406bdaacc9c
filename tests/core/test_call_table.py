"""Every state of the call machine with every event: the table is the machine, written a second
time by hand. `test_call_mutants.py` shows that it notices each small change of the code.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from tests.core.call_columns import (
    ACCEPTS,
    DECIDED,
    ENDS,
    GROUP,
    MEDIA,
    NETWORK,
    SIBLINGS,
    TAKENS,
    TIMES,
    Column,
    accepted,
    accepting,
    calling,
    connecting,
    in_call,
    joined,
    less,
    offers,
    over,
    quiet,
    reconnecting,
    waiting,
)
from tests.core.scopes_call import (
    CALLEE,
    CALLER,
    INVITE,
    LINES,
    NONCE,
    SMALL_EVENTS,
    SMALL_STATES,
    THEIRS_ALLOW,
    VIDEO,
    VOICE,
    WRONG,
    C,
    P,
)

from visavis.core import call_effects as do
from visavis.core import call_events as on
from visavis.core.call import step
from visavis.core.call_effects import Effect, EndReason, Handled
from visavis.core.call_types import (
    Accepting,
    Calling,
    Connecting,
    InCall,
    Missing,
    Reconnecting,
    Ringing,
    State,
    Step,
    Taken,
    Trace,
    Welcomed,
)
from visavis.core.errors import Code, UsageError
from visavis.core.ids import Digest

NOT_OURS = Column(unexpected="taken_us")  # A caller is told of no taken.
OURS = Column(same="taken_us")
APPLY = (do.ApplyRestartAnswer("answer", Digest(b"o" * 32)),)


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
    direct_caller, direct_callee, allowing_caller = (
        sides[f"reconnecting_{name}"] for name in ("caller_direct", "callee_direct", "caller_ours")
    )
    assert isinstance(direct_caller, Reconnecting)
    assert isinstance(direct_callee, Reconnecting)
    assert isinstance(allowing_caller, Reconnecting)
    caller_allowed = s["connecting_caller_allowed"]
    assert isinstance(caller_allowed, Connecting)
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
            unexpected=f"{ACCEPTS} {TAKENS} {ENDS} {SIBLINGS} {GROUP} rings_there",
            usage=(
                f"accept_video accept_voice decline hang_up {DECIDED} key_changed gave_way {MEDIA}"
            ),
            goes={
                "placed": Step(
                    Calling(C, VIDEO, Trace.KEEP, 145), (do.SetDeadline(145), do.SendInvite())
                ),
                "invite": Step(Ringing(INVITE, 145), (do.SetDeadline(145), do.StartRinging(VIDEO))),
                "invite_may_see": Step(
                    Ringing(INVITE, 145),
                    (do.SetDeadline(145), do.StartRinging(VIDEO), do.SendRinging()),
                ),
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
            same=f"invite invite_may_see {NETWORK} at_104 at_105 at_110 at_120 at_130",
            unexpected=(
                "invite_other_commitment invite_other_device taken_us taken_by_stranger "
                f"taken_sibling_by_stranger cancel_stranger missed_stranger {ACCEPTS} {GROUP} "
                "rings_there"
            ),
            usage=f"placed hang_up {DECIDED} gave_way {MEDIA}",
            goes={
                "accept_video": accepting(VIDEO),
                "accept_voice": accepting(VOICE),
                "decline": quiet(EndReason.DECLINED, do.TellSiblings(Handled.DECLINED)),
                "at_145": quiet(EndReason.EXPIRED),
                "key_changed": quiet(EndReason.KEY_CHANGED, code=Code.IDENTITY_CHANGED),
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
        "connecting_caller_allowed": connecting(
            caller_allowed,
            Column(
                same=f"{late_accept} media_lost",
                unexpected="taken_us cancel",
                replayed="ready reveal reveal_wrong",
                goes={"media_up": Step(InCall(CALLER, THEIRS_ALLOW))},
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
        **{
            name: in_call(state, NOT_OURS if state.link == CALLER else OURS)
            for name, state in SMALL_STATES.items()
            if isinstance(state, InCall)
        },
        "reconnecting_caller": reconnecting(
            ours_caller,
            Column(
                same="offer offer_direct",  # Both restarted at once: the caller's offer stands.
                unexpected="taken_us",
                goes={"answer": Step(ours_caller, APPLY)},
            ),
        ),
        "reconnecting_caller_direct": reconnecting(
            direct_caller,
            Column(
                same="offer offer_direct",
                unexpected="taken_us",
                goes={"answer": Step(direct_caller, APPLY)},
            ),
        ),
        "reconnecting_caller_ours": reconnecting(
            allowing_caller,
            Column(unexpected="taken_us answer", goes=offers(allowing_caller)),
        ),
        "reconnecting_callee_direct": reconnecting(
            direct_callee,
            Column(same="taken_us", unexpected="answer", goes=offers(direct_callee)),
        ),
        "reconnecting_caller_answering": reconnecting(
            theirs_caller,
            Column(unexpected="taken_us answer", goes=offers(theirs_caller)),
        ),
        "reconnecting_callee": reconnecting(
            ours_callee,
            Column(
                same="taken_us",
                goes=offers(ours_callee) | {"answer": Step(ours_callee, APPLY)},
            ),
        ),
        "reconnecting_callee_answering": reconnecting(
            theirs_callee,
            Column(same="taken_us", unexpected="answer", goes=offers(theirs_callee)),
        ),
        "ended": Column(
            usage="placed", same=" ".join(name for name in SMALL_EVENTS if name != "placed")
        ),
    }


TABLE = table()


@functools.cache
def cells() -> tuple[tuple[str, State, on.Event, Step | None], ...]:
    """Every state with every event, and what the table says of it."""
    return tuple(
        (
            f"{state_name} x {event_name}",
            state,
            event,
            TABLE[state_name].expected(state, event_name),
        )
        for state_name, state in SMALL_STATES.items()
        for event_name, event in SMALL_EVENTS.items()
    )


def disagreements(stepper: Callable[[State, on.Event], Step]) -> Iterator[str]:
    """Yield the cells in which `stepper` does not do what the table says."""
    for name, state, event, expected in cells():
        found: Step | None
        try:
            found = stepper(state, event)
        except UsageError:
            found = None
        except Exception as error:  # A mutant may do anything.
            yield f"{name}: {type(error).__name__}"
            continue
        if found != expected:
            yield f"{name}: {found}, not {expected}"


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
