"""The small scope of consent to a recording: enough states and events to tell every rule from its
neighbour. `tools/make_machine_vectors.py` asks every pair, and the twin in TypeScript is held to
the answers; `test_recording_mutants.py` shows that it has teeth.

All states are those of B, most in a call with A and C, and each is reached by the machine itself.
Keys in the order of their bytes are C, B, A, D: neither that of their names nor of their coming.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

from visavis.core import recording
from visavis.core import recording_types as t
from visavis.core.errors import UsageError
from visavis.core.ids import ConsentKey, Digest
from visavis.core.recording import members_hash
from visavis.core.recording_types import HOLD_S, Kind

NOW: Final = 100.0


@dataclass(frozen=True, slots=True)
class NotBegun:
    """There is no machine yet: it begins by a function."""


@dataclass(frozen=True, slots=True)
class Begins:
    """What `begin` is called with."""

    own: ConsentKey
    members: t.Members
    never: t.Members
    now: float


State: TypeAlias = NotBegun | t.InCall | t.CallOver
Event: TypeAlias = (
    Begins
    | t.MembersChanged
    | t.MemberReady
    | t.AskWanted
    | t.AskReceived
    | t.PersonAgreed
    | t.PersonRefused
    | t.PersonWithdrew
    | t.PersonStopped
    | t.GrantReceived
    | t.RefusalReceived
    | t.WithdrawalReceived
    | t.ProgressReceived
    | t.EndReceived
    | t.HoldEnded
    | t.CallEnded
)


def step(state: State, event: Event) -> t.Step:
    """Advance the machine, or begin it."""
    if isinstance(event, Begins):
        if not isinstance(state, NotBegun):
            raise UsageError("it has begun")
        return recording.begin(event.own, event.members, event.never, event.now)
    if isinstance(state, NotBegun):
        raise UsageError("it has not begun")
    return recording.step(state, event)


def lived(state: State, *events: Event) -> State:
    """Return where these events lead."""
    for event in events:
        state = step(state, event).state
    return state


C, B, A, D = (ConsentKey(bytes([n]) * 32) for n in (0x0C, 0x1B, 0xA0, 0xD0))
ASK, OTHER, THIRD, FOURTH = (Digest(bytes([n]) * 32) for n in (0x11, 0x22, 0x33, 0x44))
ABC, ALL = frozenset({A, B, C}), frozenset({A, B, C, D})
NOBODY: Final[t.Members] = frozenset()
NONE: Final[t.Kinds] = frozenset()
SOUND: Final = frozenset({Kind.AUDIO})
PICTURE: Final = frozenset({Kind.VIDEO})
BOTH: Final = SOUND | PICTURE
SCREEN: Final = frozenset({Kind.SCREEN})


def ready(by: ConsentKey, *asks: Digest) -> t.MemberReady:
    return t.MemberReady(by, frozenset(asks))


def members(*those: ConsentKey, never: Iterable[ConsentKey] = ()) -> t.MembersChanged:
    return t.MembersChanged(frozenset(those), frozenset(never))


def grant(
    by: ConsentKey, number: int, ask: Digest, kinds: t.Kinds, among: t.Members = ABC
) -> t.GrantReceived:
    return t.GrantReceived(by, number, ask, kinds, members_hash(among))


# States

_BEGINS: Final = Begins(B, ABC, NOBODY, NOW)
JOINED: Final = lived(NotBegun(), _BEGINS)
QUIET: Final = lived(JOINED, ready(A), ready(C))
_A_ASKS: Final = t.AskReceived(A, 1, ASK, BOTH)
ASKED: Final = lived(QUIET, _A_ASKS)
AGREED: Final = lived(ASKED, t.PersonAgreed(ASK, BOTH))
ALL_AGREED: Final = lived(AGREED, grant(C, 1, ASK, SOUND))
SAID: Final = lived(ALL_AGREED, t.ProgressReceived(A, 2, ASK, SOUND))
ASKING: Final = lived(QUIET, t.AskWanted(ASK, BOTH))
RECORDING: Final = lived(ASKING, grant(A, 1, ASK, BOTH), grant(C, 1, ASK, BOTH))
TWO: Final = lived(ASKING, t.AskReceived(C, 1, OTHER, SOUND))


def refused(*asks: Digest) -> list[Event]:
    """A asks for these, and B refuses each."""
    events: list[Event] = []
    for number, ask in enumerate(asks, 1):
        events += [t.AskReceived(A, number, ask, SOUND), t.PersonRefused(ask)]
    return events


def stopped(*asks: Digest) -> list[Event]:
    """B asks for these, and ends each."""
    events: list[Event] = []
    for ask in asks:
        events += [t.AskWanted(ask, SOUND), t.PersonStopped(ask)]
    return events


SMALL_STATES: Final[dict[str, State]] = {
    "not_begun": NotBegun(),
    "alone": lived(NotBegun(), replace(_BEGINS, members=frozenset({B}))),
    "joined": JOINED,
    "joined_a_ready": lived(JOINED, ready(A)),
    "joined_named": lived(JOINED, ready(A, ASK)),
    "joined_named_by_all": lived(JOINED, ready(A, ASK), ready(C, ASK)),
    "joined_asked": lived(JOINED, _A_ASKS, ready(A, ASK)),
    "joined_asked_by_two": lived(
        JOINED, _A_ASKS, t.AskReceived(C, 1, OTHER, SOUND), ready(A), ready(C)
    ),
    "joined_refused": lived(JOINED, _A_ASKS, t.PersonRefused(ASK)),
    "joined_asked_late": lived(JOINED, _A_ASKS, t.HoldEnded(NOW + HOLD_S)),
    "quiet": QUIET,
    "quiet_of_two": lived(QUIET, members(A, B)),
    "quiet_of_four": lived(QUIET, members(A, B, C, D)),
    "never_c": lived(QUIET, members(A, B, C, never=(C,))),
    "asked": ASKED,
    "asked_c_agreed": lived(ASKED, grant(C, 1, ASK, BOTH)),
    "agreed": AGREED,
    "all_agreed": ALL_AGREED,
    "said": SAID,
    "said_d_came": lived(SAID, members(A, B, C, D)),
    "refused": lived(ASKED, t.PersonRefused(ASK)),
    "asked_twice": lived(QUIET, *refused(ASK, OTHER)),
    "asked_thrice": lived(QUIET, *refused(ASK, OTHER, FOURTH)),
    "asking": ASKING,
    "asking_a_agreed": lived(ASKING, grant(A, 1, ASK, BOTH)),
    "recording": RECORDING,
    "recording_sound": lived(ASKING, grant(A, 1, ASK, BOTH), grant(C, 1, ASK, SOUND)),
    "recording_of_two": lived(RECORDING, members(A, B)),
    "recording_d_came": lived(RECORDING, members(A, B, C, D)),
    "stopped": lived(RECORDING, t.PersonStopped(ASK)),
    "stopped_twice": lived(QUIET, *stopped(ASK, OTHER)),
    "stopped_thrice": lived(QUIET, *stopped(ASK, OTHER, FOURTH)),
    "two": TWO,
    "two_recorded": lived(
        TWO,
        t.PersonAgreed(OTHER, SOUND),
        grant(A, 1, OTHER, SOUND),
        grant(A, 2, ASK, BOTH),
        grant(C, 2, ASK, PICTURE),
    ),
    "over": t.CallOver(),
}

# Events

NEXT: Final = 5
"""A number that nobody has said yet in the states."""

_RECEIVED: Final[dict[str, Event]] = {
    "a_asks": t.AskReceived(A, NEXT, ASK, BOTH),
    "a_asks_other": t.AskReceived(A, NEXT, OTHER, SOUND),
    "a_asks_third": t.AskReceived(A, NEXT, THIRD, BOTH),
    "a_asks_nothing": t.AskReceived(A, NEXT, THIRD, NONE),
    "b_asks": t.AskReceived(B, NEXT, THIRD, SOUND),
    "c_asks": t.AskReceived(C, NEXT, ASK, BOTH),
    "c_asks_third": t.AskReceived(C, NEXT, THIRD, SOUND),
    "d_asks": t.AskReceived(D, NEXT, THIRD, SOUND),
    "a_agrees": grant(A, NEXT, ASK, BOTH),
    "a_agrees_to_sound": grant(A, NEXT, ASK, SOUND),
    "a_agrees_to_screen": grant(A, NEXT, ASK, SCREEN | SOUND),
    "a_agrees_to_nothing": grant(A, NEXT, ASK, NONE),
    "a_agrees_to_other": grant(A, NEXT, OTHER, SOUND),
    "a_agrees_among_all": grant(A, NEXT, ASK, BOTH, ALL),
    "b_agrees": grant(B, NEXT, ASK, BOTH),
    "c_agrees": grant(C, NEXT, ASK, BOTH),
    "c_agrees_to_picture": grant(C, NEXT, ASK, PICTURE),
    "c_agrees_to_third": grant(C, NEXT, THIRD, SOUND),
    "c_agrees_among_all": grant(C, NEXT, ASK, BOTH, ALL),
    "c_agrees_among_few": grant(C, NEXT, ASK, BOTH, frozenset({B, C})),
    "d_agrees": grant(D, NEXT, ASK, BOTH, ALL),
    "a_refuses": t.RefusalReceived(A, NEXT, ASK),
    "a_refuses_other": t.RefusalReceived(A, NEXT, OTHER),
    "c_refuses": t.RefusalReceived(C, NEXT, ASK),
    "c_refuses_third": t.RefusalReceived(C, NEXT, THIRD),
    "d_refuses": t.RefusalReceived(D, NEXT, ASK),
    "a_withdraws": t.WithdrawalReceived(A, NEXT, ASK),
    "c_withdraws": t.WithdrawalReceived(C, NEXT, ASK),
    "a_withdraws_other": t.WithdrawalReceived(A, NEXT, OTHER),
    "a_records": t.ProgressReceived(A, NEXT, ASK, BOTH),
    "a_records_picture": t.ProgressReceived(A, NEXT, ASK, PICTURE),
    "a_records_screen": t.ProgressReceived(A, NEXT, ASK, SCREEN),
    "a_pauses": t.ProgressReceived(A, NEXT, ASK, NONE),
    "c_records": t.ProgressReceived(C, NEXT, ASK, SOUND),
    "c_records_other": t.ProgressReceived(C, NEXT, OTHER, SOUND),
    "a_ends": t.EndReceived(A, NEXT, ASK),
    "c_ends": t.EndReceived(C, NEXT, ASK),
    "c_ends_other": t.EndReceived(C, NEXT, OTHER),
}

SMALL_EVENTS: Final[dict[str, Event]] = {
    "begins": _BEGINS,
    "begins_of_four": replace(_BEGINS, members=ALL, never=frozenset({D})),
    "begins_never_of_another": replace(_BEGINS, never=frozenset({D})),
    "begins_alone": replace(_BEGINS, members=frozenset({B})),
    "begins_without_us": replace(_BEGINS, members=frozenset({A, C})),
    "same": members(A, B, C),
    "d_comes": members(A, B, C, D),
    "d_comes_never": members(A, B, C, D, never=(D,)),
    "d_comes_c_goes": members(A, B, D),
    "a_goes": members(B, C),
    "c_goes": members(A, B),
    "all_go": members(B),
    "c_never": members(A, B, C, never=(C,)),
    "d_never": members(A, B, C, never=(D,)),
    "without_us": members(A, C),
    "a_ready": ready(A),
    "a_ready_ask": ready(A, ASK),
    "c_ready": ready(C),
    "c_ready_two": ready(C, OTHER, ASK),
    "d_ready": ready(D, ASK),
    "wants": t.AskWanted(ASK, BOTH),
    "wants_third": t.AskWanted(THIRD, SOUND | SCREEN),
    "wants_nothing": t.AskWanted(THIRD, NONE),
    "agree": t.PersonAgreed(ASK, BOTH),
    "agree_to_sound": t.PersonAgreed(ASK, SOUND),
    "agree_to_screen": t.PersonAgreed(ASK, SCREEN),
    "agree_to_nothing": t.PersonAgreed(ASK, NONE),
    "agree_to_other": t.PersonAgreed(OTHER, SOUND),
    "refuse": t.PersonRefused(ASK),
    "refuse_other": t.PersonRefused(OTHER),
    "withdraw": t.PersonWithdrew(ASK),
    "withdraw_other": t.PersonWithdrew(OTHER),
    "stop": t.PersonStopped(ASK),
    "stop_other": t.PersonStopped(OTHER),
    **_RECEIVED,
    "a_asks_again": _A_ASKS,
    "a_asks_third_old": t.AskReceived(A, 1, THIRD, BOTH),
    "c_agrees_old": grant(C, 1, ASK, PICTURE),
    "c_refuses_old": t.RefusalReceived(C, 1, ASK),
    "hold_ends_early": t.HoldEnded(NOW + HOLD_S - 0.1),
    "hold_ends": t.HoldEnded(NOW + HOLD_S),
    "call_ends": t.CallEnded(),
}


_AGAIN: Final = (
    *("a_asks_third", "c_asks_third", "c_asks", "a_agrees", "a_agrees_to_sound"),
    *("a_agrees_to_other", "a_agrees_among_all", "c_agrees", "c_agrees_to_picture"),
    *("c_agrees_to_third", "c_agrees_among_all", "d_agrees", "a_records", "a_pauses"),
)


def _numbered(name: str, number: int) -> Event:
    event: Any = _RECEIVED[name]
    return replace(event, number=number)


LATER_EVENTS: Final[dict[str, Event]] = SMALL_EVENTS | {
    f"{name}_{number}": _numbered(name, number) for name in _AGAIN for number in range(6, 13)
}
"""For histories: one statement follows another, and more agree than refuse."""

MACHINE: Final = ("recording", "docs/protocol/recording.md", step, SMALL_STATES, SMALL_EVENTS)
"""For the drawing: name, page, step, states, events."""
