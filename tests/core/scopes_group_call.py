"""The small scope of the group call machine: enough states and events to tell every rule from its
neighbour. `tools/make_machine_vectors.py` asks every pair, and the twin in TypeScript is held to
the answers; `tools/draw_machines.py` draws from the same scope.

Most states are those of leaf 3 in a call of the leaves 2, 3 and 16, in epoch 5: one member stands
before it, one behind. Sets hold 16 before 2, and so does an order of texts: neither is the right
one. Some events tell what no shell should: a leaf that came or went unsaid.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Final

from visavis.core import group_call_types as t
from visavis.core.group_call import step
from visavis.core.group_call_types import (
    GATHER_S,
    MAX_ADDS,
    MAX_WISHES,
    TAKE_OVER_S,
    Inside,
    LeftReason,
)
from visavis.core.ids import Digest

NOW: Final = 100.0


def joiner(number: int) -> Digest:
    """Return the reference of a key package."""
    return Digest(number.to_bytes(32, "big"))


A, B, C = joiner(1), joiner(2), joiner(3)
LEAVES: Final = frozenset({16, 2, 3})
QUIET: Final = Inside(3, 5, LEAVES, sending=5)
LOWEST: Final = replace(QUIET, own=2)
FRESH: Final = replace(QUIET, sending=4, switch_at=NOW + 0.4)
"""Epoch 5 began 0.1 s ago."""
ASKED: Final = replace(QUIET, joiners=(A,), wished_at=NOW)
LEAVING: Final = replace(QUIET, going=frozenset({16}), wished_at=NOW)

SMALL_STATES: Final[dict[str, t.State]] = {
    "idle": t.Idle(),
    "asking": t.Asking(A, NOW + 3, NOW + 10),
    "asking_last": t.Asking(A, NOW + 12, NOW + 10),
    "alone": Inside(0, 0, frozenset({0}), sending=0),
    "first_guest": Inside(0, 1, frozenset({0, 1}), sending=0, switch_at=NOW + 0.4),
    "quiet": QUIET,
    "quiet_lowest": LOWEST,
    "quiet_ready": replace(QUIET, ready=MappingProxyType({2: 5, 16: 5})),
    "asked": ASKED,
    "asked_lowest": replace(ASKED, own=2),
    "asked_twice": replace(ASKED, joiners=(B, A)),
    "asked_early": replace(ASKED, wished_at=NOW - 1),  # Its deadline is told late.
    "asked_by_many": replace(
        ASKED, own=2, joiners=tuple(joiner(n) for n in range(1, MAX_ADDS + 3))
    ),
    "asked_by_almost_all": replace(
        ASKED, joiners=tuple(joiner(n) for n in range(100, 99 + MAX_WISHES))
    ),
    "asked_by_all": replace(ASKED, joiners=(A, *(joiner(n) for n in range(100, 99 + MAX_WISHES)))),
    "leaving": LEAVING,
    "leaving_lowest": replace(LEAVING, own=2),
    "leaving_before": replace(LEAVING, going=frozenset({2})),
    "leaving_both": replace(LEAVING, going=frozenset({16, 2}), joiners=(A,)),
    "offered": replace(ASKED, wished_at=NOW - 1, offered=5),
    "offered_removal": replace(LEAVING, wished_at=NOW - 1, offered=5),
    "offered_fresh": replace(FRESH, joiners=(A,), wished_at=NOW - 1, offered=5),
    "fresh": FRESH,
    "fresh_first": replace(FRESH, sending=None),
    "fresh_lowest_ready": replace(FRESH, ready=MappingProxyType({2: 5, 16: 4})),
    "fresh_last_ready": replace(FRESH, ready=MappingProxyType({16: 5})),
    "fresh_leaving": replace(LEAVING, sending=4, switch_at=NOW + 0.4),
    "fresh_asked": replace(FRESH, joiners=(A,), wished_at=NOW),
    "fresh_asked_late": replace(FRESH, joiners=(A,), wished_at=NOW - 0.25),
    "away": replace(QUIET, in_room=False),
    "away_leaving": replace(LEAVING, in_room=False, wished_at=NOW - 1),
    "away_fresh": replace(FRESH, in_room=False),
    "left": t.Outside(LeftReason.LEFT),
    "removed": t.Outside(LeftReason.REMOVED),
    "let_in_by_nobody": t.Outside(LeftReason.NOBODY),
}


def began(epoch: int, own: int, *leaves: int, **more: frozenset[int]) -> t.EpochBegan:
    """Return that an epoch began, without a joiner."""
    return t.EpochBegan(NOW, epoch, own, frozenset(leaves), **more)


def welcome(*admitted: Digest) -> t.EpochBegan:
    """Return that leaf 3 was let in together with leaf 16."""
    return t.EpochBegan(NOW, 5, 3, LEAVES, frozenset({3, 16}), admitted=frozenset(admitted))


LAST, NEW = frozenset({16}), frozenset({11})

SMALL_EVENTS: Final[dict[str, t.Event]] = {
    "join": t.JoinRequested(NOW, A, NOW + 10),
    "join_in_a_hurry": t.JoinRequested(NOW, A, NOW + 1),
    "founded": began(0, 0, 0),
    "founded_without_us": began(0, 1, 0),
    "first_guest_came": began(1, 0, 0, 1, came=frozenset({1})),
    "welcome": welcome(A),
    "welcome_of_two": welcome(B, A),
    "welcome_of_another": welcome(B),
    "welcome_without_us": replace(welcome(A), own=4),
    "epoch": began(6, 3, *LEAVES),
    "epoch_a_came": replace(began(6, 3, 2, 3, 16, 11, came=NEW), admitted=frozenset({A})),
    "epoch_two_came": replace(
        began(6, 3, 2, 3, 16, 11, 4, came=frozenset({11, 4})), admitted=frozenset({C, B})
    ),
    "epoch_last_went": began(6, 3, 2, 3, went=LAST),
    "epoch_lowest_went": began(6, 3, 3, 16, went=frozenset({2})),
    "epoch_both_went": began(6, 3, 3, went=frozenset({16, 2})),
    "epoch_last_is_another": replace(
        began(6, 3, *LEAVES, came=LAST, went=LAST), admitted=frozenset({A})
    ),
    "epoch_last_went_unsaid": began(6, 3, 2, 3),
    "epoch_last_came_again": began(6, 3, *LEAVES, came=LAST),
    "epoch_of_the_lowest": began(6, 2, *LEAVES),
    "epoch_of_the_lowest_last_went": began(6, 2, 2, 3, went=LAST),
    "epoch_without_us": began(6, 3, 2, 16),
    "epoch_again": began(5, 3, *LEAVES),
    "epoch_after_a_gap": began(7, 3, *LEAVES),
    "a_wishes": t.JoinWished(NOW, A),
    "b_wishes": t.JoinWished(NOW + 0.05, B),
    "a_withdraws": t.JoinWithdrawn(NOW, A),
    "b_withdraws": t.JoinWithdrawn(NOW + 0.05, B),
    "lowest_goes": t.MemberGoing(NOW, 2),
    "lowest_goes_later": t.MemberGoing(NOW + 0.3, 2),
    "own_goes": t.MemberGoing(NOW, 3),
    "last_goes": t.MemberGoing(NOW + 0.05, 16),
    "stranger_goes": t.MemberGoing(NOW, 7),
    "lowest_is_back": t.MemberBack(NOW, 2),
    "last_is_back": t.MemberBack(NOW + 0.05, 16),
    "stranger_is_back": t.MemberBack(NOW, 7),
    "commit_lost": t.CommitLost(NOW + 0.2, 5),
    "older_commit_lost": t.CommitLost(NOW + 0.2, 4),
    "lowest_ready": t.ReadyReceived(NOW, 2, 5),
    "lowest_ready_for_what_was": t.ReadyReceived(NOW, 2, 4),
    "lowest_ready_for_what_is_not": t.ReadyReceived(NOW, 2, 6),
    "own_ready": t.ReadyReceived(NOW, 3, 5),
    "first_guest_ready": t.ReadyReceived(NOW, 1, 1),
    "last_ready": t.ReadyReceived(NOW + 0.05, 16, 5),
    "stranger_ready": t.ReadyReceived(NOW, 7, 5),
    "room_lost": t.RoomLost(NOW + 0.05),
    "room_entered": t.RoomEntered(NOW + 0.05),
    "room_entered_late": t.RoomEntered(NOW + 8),
    "leave": t.LeaveRequested(),
    "we_were_removed": t.WasRemoved(),
    "at_once": t.DeadlineReached(NOW),
    "at_gathered": t.DeadlineReached(NOW + GATHER_S),
    "at_switch": t.DeadlineReached(NOW + 0.4),
    "at_second_turn": t.DeadlineReached(NOW + GATHER_S + TAKE_OVER_S),
    "at_third_turn": t.DeadlineReached(NOW + GATHER_S + 2 * TAKE_OVER_S),
    "at_ask_again": t.DeadlineReached(NOW + 3),
    "at_ask_again_late": t.DeadlineReached(NOW + 8),
    "at_expiry": t.DeadlineReached(NOW + 10),
}

MACHINE: Final = ("group_call", "docs/protocol/group-call.md", step, SMALL_STATES, SMALL_EVENTS)
"""For the drawing: name, page, step, states, events."""
