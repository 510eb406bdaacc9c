"""Keys of a group call: who commits when, when senders switch, and who is told what."""

from __future__ import annotations

import pytest

from visavis.core import group_call_types as t
from visavis.core.errors import Code, UsageError
from visavis.core.group_call import step
from visavis.core.group_call_types import (
    ASK_AGAIN_S,
    GATHER_S,
    MAX_ADDS,
    MAX_WISHES,
    SWITCH_S,
    TAKE_OVER_S,
    Inside,
    LeftReason,
)
from visavis.core.ids import Digest

NOW = 100.0


def joiner(number: int) -> Digest:
    return Digest(number.to_bytes(32, "big"))


A, B, C = joiner(1), joiner(2), joiner(3)


def inside(own: int, *leaves: int, epoch: int = 5) -> Inside:
    """A member of a call in which nothing is going on: everybody sends with the present epoch."""
    return Inside(own, epoch, frozenset(leaves), sending=epoch)


def began(
    epoch: int, own: int, *leaves: int, now: float = NOW, **more: frozenset[int]
) -> t.EpochBegan:
    return t.EpochBegan(now, epoch, own, frozenset(leaves), **more)


def run(state: t.State, *events: t.Event) -> tuple[t.State, list[t.Effect]]:
    """Feed events; return the last state, and all effects but the deadlines."""
    effects: list[t.Effect] = []
    for event in events:
        state, found = (result := step(state, event)).state, result.effects
        effects += [one for one in found if not isinstance(one, t.SetDeadline)]
    return state, effects


def deadline(state: t.State, event: t.Event) -> float | None:
    found = [one for one in step(state, event).effects if isinstance(one, t.SetDeadline)]
    assert len(found) == 1
    return found[0].at


def test_the_founder_sends_at_once() -> None:
    state, effects = run(t.Idle(), began(0, 0, 0))
    assert effects == [t.InstallKeys(0), t.SendReady(0), t.SwitchSending(0)]
    assert state == Inside(0, 0, frozenset({0}), sending=0)


def test_a_joiner_asks_until_it_is_let_in() -> None:
    state, effects = run(t.Idle(), t.JoinRequested(NOW, A, NOW + 10))
    assert effects == [t.AskToJoin()]
    state, effects = run(state, t.DeadlineReached(NOW + ASK_AGAIN_S - 0.1))
    assert effects == []
    state, effects = run(state, t.DeadlineReached(NOW + ASK_AGAIN_S))
    assert effects == [t.AskToJoin()]
    assert deadline(state, t.DeadlineReached(NOW + 2 * ASK_AGAIN_S)) == NOW + 3 * ASK_AGAIN_S
    welcome = t.EpochBegan(NOW + 4, 6, 3, frozenset({8, 1, 3}), admitted=frozenset({A}))
    assert deadline(state, welcome) == NOW + 4 + SWITCH_S
    state, effects = run(state, welcome)
    assert effects == [t.InstallKeys(6), t.SendReady(6), t.Announce((1, 8), ())]
    assert isinstance(state, Inside)
    assert state.sending is None


def test_a_joiner_that_nobody_lets_in_is_told() -> None:
    state, effects = run(t.Idle(), t.JoinRequested(NOW, A, NOW + 10), t.DeadlineReached(NOW + 10))
    assert effects == [t.AskToJoin(), t.WipeKeys(), t.ReportOutside(LeftReason.NOBODY)]
    assert state == t.Outside(LeftReason.NOBODY)


def test_a_welcome_for_another_key_package_is_refused() -> None:
    """CK-860"""
    asking, _ = run(t.Idle(), t.JoinRequested(NOW, A, NOW + 10))
    state, effects = run(asking, t.EpochBegan(NOW, 6, 3, frozenset({3}), admitted=frozenset({B})))
    assert (state, effects) == (asking, [t.Reject(Code.UNEXPECTED)])


def test_a_joiner_asks_again_in_a_room_that_came_back() -> None:
    asking, _ = run(t.Idle(), t.JoinRequested(NOW, A, NOW + 10))
    assert run(asking, t.RoomEntered(NOW + 1))[1] == [t.AskToJoin()]
    assert deadline(asking, t.RoomEntered(NOW + 1)) == NOW + 1 + ASK_AGAIN_S
    assert deadline(asking, t.RoomEntered(NOW + 9)) == NOW + 10


def test_wishes_are_gathered_and_the_lowest_leaf_commits() -> None:
    state, effects = run(
        inside(1, 1, 4, 6, 16),
        t.JoinWished(NOW, A),
        t.JoinWished(NOW + 0.05, B),
        t.MemberGoing(NOW + 0.06, 16),
        t.MemberGoing(NOW + 0.06, 6),
        t.DeadlineReached(NOW + GATHER_S - 0.01),
    )
    assert effects == []
    state, effects = run(state, t.DeadlineReached(NOW + GATHER_S))
    assert effects == [t.Commit((A, B), (6, 16))]
    # It is offered: not again before the room has answered.
    assert run(state, t.DeadlineReached(NOW + 9), t.JoinWished(NOW + 9, C))[1] == []


@pytest.mark.parametrize(("own", "turn"), [(1, 0), (4, 1), (6, 2)])
def test_each_waits_for_the_one_before_it(own: int, turn: int) -> None:
    due = NOW + GATHER_S + turn * TAKE_OVER_S
    state = inside(own, 1, 4, 6)
    assert deadline(state, t.JoinWished(NOW, A)) == pytest.approx(due)
    state_after, effects = run(state, t.JoinWished(NOW, A), t.DeadlineReached(due - 0.01))
    assert effects == []
    assert run(state_after, t.DeadlineReached(due))[1] == [t.Commit((A,), ())]


def test_after_a_commit_only_the_switch_is_waited_for() -> None:
    asked, _ = run(inside(0, 0, 1), t.JoinWished(NOW, A))
    assert deadline(asked, t.DeadlineReached(NOW + GATHER_S)) is None
    fresh, _ = run(inside(0, 0, 1), began(6, 0, 0, 1))
    assert deadline(fresh, t.JoinWished(NOW, A)) == pytest.approx(NOW + GATHER_S)
    fresh, _ = run(fresh, t.JoinWished(NOW, A))
    assert deadline(fresh, t.DeadlineReached(NOW + GATHER_S)) == pytest.approx(NOW + SWITCH_S)


def test_what_is_due_at_once_is_done_at_once_and_first_the_switch() -> None:
    state, _ = run(inside(0, 0, 1), began(6, 0, 0, 1), t.JoinWished(NOW + 0.45, A))
    _, effects = run(state, t.DeadlineReached(NOW + 1))
    assert effects == [t.SwitchSending(6), t.Commit((A,), ())]


def test_who_is_on_the_way_out_is_not_waited_for() -> None:
    state = inside(4, 1, 4)
    assert deadline(state, t.MemberGoing(NOW, 1)) == pytest.approx(NOW + GATHER_S)


def test_a_member_that_is_back_is_not_removed() -> None:
    state, effects = run(
        inside(1, 1, 4),
        t.MemberGoing(NOW, 4),
        t.MemberBack(NOW + 0.05, 4),
        t.DeadlineReached(NOW + 5),
    )
    assert (state, effects) == (inside(1, 1, 4), [])


def test_a_joiner_that_went_is_not_added() -> None:
    _, effects = run(
        inside(1, 1, 4),
        t.JoinWished(NOW, A),
        t.JoinWithdrawn(NOW, A),
        t.DeadlineReached(NOW + 5),
    )
    assert effects == []


def test_many_joiners_come_in_parts() -> None:
    wishes = [t.JoinWished(NOW, joiner(n)) for n in range(MAX_ADDS + 2)]
    state, effects = run(inside(0, 0), *wishes, t.DeadlineReached(NOW + GATHER_S))
    assert effects == [t.Commit(tuple(joiner(n) for n in range(MAX_ADDS)), ())]
    admitted = frozenset(joiner(n) for n in range(MAX_ADDS))
    leaves = frozenset(range(MAX_ADDS + 1))
    state, _ = run(state, t.EpochBegan(NOW + 1, 6, 0, leaves, leaves - {0}, frozenset(), admitted))
    assert isinstance(state, Inside)
    assert state.wished_at == NOW + 1
    _, effects = run(state, t.DeadlineReached(NOW + 1 + GATHER_S))
    assert t.Commit((joiner(MAX_ADDS), joiner(MAX_ADDS + 1)), ()) in effects


def test_strangers_fill_no_memory() -> None:
    """CK-862"""
    state, _ = run(inside(0, 0), *(t.JoinWished(NOW, joiner(n)) for n in range(MAX_WISHES)))
    again, effects = run(state, t.JoinWished(NOW, joiner(MAX_WISHES)))
    assert (again, effects) == (state, [t.Reject(Code.QUOTA)])
    # One that waits already is no further one.
    assert run(state, t.JoinWished(NOW, joiner(0))) == (state, [])


def test_after_a_lost_commit_the_turn_comes_again() -> None:
    state, _ = run(inside(0, 0, 1), t.JoinWished(NOW, A), t.DeadlineReached(NOW + GATHER_S))
    lost = t.CommitLost(NOW + 1, 5)
    assert deadline(state, lost) == pytest.approx(NOW + 1 + GATHER_S)
    state, effects = run(state, lost, t.DeadlineReached(NOW + 1 + GATHER_S))
    assert effects == [t.Commit((A,), ())]


def test_the_late_answer_to_an_older_commit_makes_no_second_one() -> None:
    """Two commits of one epoch: the room takes the first, and the device has only the second."""
    state, _ = run(inside(0, 0, 1), t.JoinWished(NOW, A), t.DeadlineReached(NOW + GATHER_S))
    newer = began(6, 0, 0, 1, now=NOW + GATHER_S)
    state, effects = run(state, newer, t.DeadlineReached(NOW + 3 * GATHER_S))
    assert t.Commit((A,), ()) in effects
    late = t.CommitLost(NOW + 4 * GATHER_S, 5)
    assert run(state, late, t.DeadlineReached(NOW + 9)) == run(state, t.DeadlineReached(NOW + 9))
    assert run(state, late, t.DeadlineReached(NOW + 9))[1] == [t.SwitchSending(6)]


def test_nothing_is_committed_outside_the_room() -> None:
    state, effects = run(
        inside(0, 0, 1),
        t.RoomLost(NOW),
        t.MemberGoing(NOW, 1),
        t.DeadlineReached(NOW + 60),
    )
    assert effects == []
    state, effects = run(state, t.RoomEntered(NOW + 60))
    assert effects == [t.SendReady(5)]
    assert run(state, t.DeadlineReached(NOW + 60 + GATHER_S))[1] == [t.Commit((), (1,))]


def test_a_commit_without_an_answer_is_made_anew_in_the_room() -> None:
    state, _ = run(inside(0, 0, 1), t.JoinWished(NOW, A), t.DeadlineReached(NOW + GATHER_S))
    state, _ = run(state, t.RoomLost(NOW + 1), t.RoomEntered(NOW + 2))
    assert run(state, t.DeadlineReached(NOW + 2 + GATHER_S))[1] == [t.Commit((A,), ())]


def test_senders_switch_when_all_are_ready() -> None:
    state, effects = run(inside(0, 0, 1, 2), began(6, 0, 0, 1, 2, 3, came=frozenset({3})))
    assert effects == [t.InstallKeys(6), t.SendReady(6), t.Announce((3,), ())]
    state, effects = run(
        state, t.ReadyReceived(NOW, 1, 6), t.ReadyReceived(NOW, 2, 6), t.ReadyReceived(NOW, 2, 6)
    )
    assert effects == []
    state, effects = run(state, t.ReadyReceived(NOW, 3, 6))
    assert effects == [t.SwitchSending(6)]
    assert isinstance(state, Inside)
    assert (state.sending, state.switch_at) == (6, None)


def test_senders_switch_without_those_who_are_late() -> None:
    event = began(6, 0, 0, 1, 2, came=frozenset({2}))
    assert deadline(inside(0, 0, 1), event) == pytest.approx(NOW + SWITCH_S)
    state, _ = run(inside(0, 0, 1), event, t.ReadyReceived(NOW, 1, 6))
    assert run(state, t.DeadlineReached(NOW + SWITCH_S - 0.01))[1] == []
    assert run(state, t.DeadlineReached(NOW + SWITCH_S))[1] == [t.SwitchSending(6)]


def test_who_is_on_the_way_out_need_not_be_ready() -> None:
    state, _ = run(inside(0, 0, 1), began(6, 0, 0, 1, 2), t.ReadyReceived(NOW, 2, 6))
    assert run(state, t.MemberGoing(NOW, 1))[1] == [t.SwitchSending(6)]


def test_epochs_that_follow_each_other_do_not_put_the_switch_off() -> None:
    state, _ = run(
        inside(0, 0, 1),
        began(6, 0, 0, 1),
        began(7, 0, 0, 1, now=NOW + 0.3),
        began(8, 0, 0, 1, now=NOW + 0.45),
    )
    assert run(state, t.DeadlineReached(NOW + SWITCH_S))[1] == [t.SwitchSending(8)]


def test_readiness_for_an_older_epoch_counts_no_more() -> None:
    state, _ = run(inside(0, 0, 1), began(6, 0, 0, 1), began(7, 0, 0, 1))
    state, effects = run(state, t.ReadyReceived(NOW, 1, 6))
    assert effects == []
    assert run(state, t.ReadyReceived(NOW, 1, 7))[1] == [t.SwitchSending(7)]


def test_readiness_that_comes_late_takes_back_nothing() -> None:
    state, _ = run(inside(0, 0, 1, 2), began(6, 0, 0, 1, 2), t.ReadyReceived(NOW, 1, 6))
    assert run(state, t.ReadyReceived(NOW, 1, 5)) == (state, [])
    assert step(state, t.ReadyReceived(NOW, 1, 6)) == t.Step(state)


def test_nobody_is_ready_for_the_first_epochs_before_they_say_so() -> None:
    state, effects = run(t.Idle(), began(0, 0, 0), began(1, 0, 0, 1))
    assert t.SwitchSending(1) not in effects
    assert run(state, t.ReadyReceived(NOW, 1, 1))[1] == [t.SwitchSending(1)]
    state, _ = run(t.Idle(), began(0, 0, 0, 1))
    assert run(state, t.ReadyReceived(NOW, 1, 0))[1] == [t.SwitchSending(0)]


def test_who_comes_and_goes_is_told_in_order_and_nobody_of_nobody() -> None:
    some = frozenset({40, 9, 1})
    _, effects = run(inside(0, 0, *some), began(6, 0, 0, *some, came=some, went=some))
    assert t.DropLeaves((1, 9, 40)) in effects
    assert t.Evict((1, 9, 40)) in effects
    assert t.Announce((1, 9, 40), (1, 9, 40)) in effects
    assert run(inside(0, 0, 1), began(6, 0, 0, 1))[1] == [t.InstallKeys(6), t.SendReady(6)]


@pytest.mark.parametrize(("leaf", "epoch"), [(1, 6), (0, 5), (9, 5)])
def test_nobody_is_ready_for_what_does_not_exist(leaf: int, epoch: int) -> None:
    """CK-863"""
    state = inside(0, 0, 1)
    assert run(state, t.ReadyReceived(NOW, leaf, epoch)) == (state, [t.Reject(Code.UNEXPECTED)])


def test_who_was_removed_is_not_seen_any_more_and_cut_off() -> None:
    """CK-861"""
    state, effects = run(inside(1, 1, 4, 6), began(6, 1, 1, 6, went=frozenset({4})))
    assert effects == [
        t.DropLeaves((4,)),
        t.InstallKeys(6),
        t.SendReady(6),
        t.Evict((4,)),
        t.Announce((), (4,)),
    ]
    assert isinstance(state, Inside)
    assert state.going == frozenset()


def test_who_made_the_commit_also_has_the_leaver_cut_off_and_nobody_else() -> None:
    state, _ = run(inside(6, 1, 4, 6), t.MemberGoing(NOW, 4), t.MemberGoing(NOW, 1))
    state, effects = run(state, t.DeadlineReached(NOW + GATHER_S))
    assert effects == [t.Commit((), (1, 4))]
    last = began(6, 6, 6, went=frozenset({1, 4}))
    assert t.Evict((1, 4)) in run(state, last)[1]
    other = began(6, 6, 1, 6, went=frozenset({4}))
    assert not any(isinstance(one, t.Evict) for one in run(inside(6, 1, 4, 6), other)[1])


def test_the_lowest_that_is_not_on_the_way_out_has_the_leaver_cut_off() -> None:
    state, _ = run(inside(4, 1, 4, 6), t.MemberGoing(NOW, 1))
    assert t.Evict((6,)) in run(state, began(6, 4, 1, 4, went=frozenset({6})))[1]


def test_a_leaf_that_somebody_else_has_now_begins_anew() -> None:
    state, _ = run(
        inside(0, 0, 1, 2),
        t.MemberGoing(NOW, 1),
        t.ReadyReceived(NOW, 1, 5),
        t.ReadyReceived(NOW, 2, 5),
    )
    both = began(6, 0, 0, 1, 2, came=frozenset({1}), went=frozenset({1}))
    state, effects = run(state, both)
    assert effects[0] == t.DropLeaves((1,))
    assert t.Announce((1,), (1,)) in effects
    assert isinstance(state, Inside)
    assert (state.going, dict(state.ready)) == (frozenset(), {2: 5})
    # The old one's readiness is not the new one's.
    assert run(state, t.ReadyReceived(NOW, 2, 6))[1] == []
    # So it is if nobody told that the old one went.
    state, _ = run(inside(0, 0, 1), t.MemberGoing(NOW, 1), began(6, 0, 0, 1, came=frozenset({1})))
    assert isinstance(state, Inside)
    assert state.going == frozenset()


def test_leaving_says_so_while_there_are_keys() -> None:
    state, effects = run(inside(0, 0, 1), t.LeaveRequested())
    assert effects == [t.SayLeaving(), t.WipeKeys(), t.ReportOutside(LeftReason.LEFT)]
    assert run(state, t.LeaveRequested(), t.DeadlineReached(NOW)) == (state, [])
    assert deadline(inside(0, 0, 1), t.LeaveRequested()) is None


def test_who_is_removed_says_nothing() -> None:
    state, effects = run(inside(0, 0, 1), t.WasRemoved())
    assert effects == [t.WipeKeys(), t.ReportOutside(LeftReason.REMOVED)]
    assert state == t.Outside(LeftReason.REMOVED)


@pytest.mark.parametrize(
    ("state", "event"),
    [
        (t.Idle(), t.RoomLost(NOW)),
        (t.Idle(), began(0, 1, 0)),
        (inside(0, 0), t.JoinRequested(NOW, A, NOW + 1)),
        (inside(0, 0), t.MemberGoing(NOW, 0)),
        (inside(0, 0), began(7, 0, 0)),
        (inside(0, 0), began(5, 0, 0)),
        (inside(0, 0, 1), began(6, 1, 0, 1)),
        (inside(0, 0, 1), began(6, 0, 1)),
        (t.Asking(A, NOW, NOW), t.JoinRequested(NOW, A, NOW + 1)),
    ],
)
def test_our_own_misuse_is_raised(state: t.State, event: t.Event) -> None:
    with pytest.raises(UsageError):
        step(state, event)


@pytest.mark.parametrize("event", [t.MemberGoing(NOW, 9), t.MemberBack(NOW, 9)])
def test_a_member_that_is_none_changes_nothing(event: t.Event) -> None:
    assert run(inside(0, 0), event) == (inside(0, 0), [])


def test_who_asks_can_stop_and_hears_nothing_else() -> None:
    asking = t.Asking(A, NOW + 1, NOW + 2)
    assert run(asking, t.ReadyReceived(NOW, 0, 0), t.WasRemoved()) == (asking, [])
    assert run(asking, t.LeaveRequested())[1] == [t.WipeKeys(), t.ReportOutside(LeftReason.LEFT)]
