"""Consent to a recording, move by move: who is asked, what is recorded, what is shown.

What no order of events may bring about is in `test_recording_model.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from visavis.core import recording_types as t
from visavis.core.errors import Code, UsageError
from visavis.core.ids import ConsentKey, Digest
from visavis.core.recording import begin, members_hash, step
from visavis.core.recording_types import Kind, OverReason

A, B, C, D = (ConsentKey(bytes([n]) * 32) for n in range(1, 5))
ASK, OTHER = Digest(b"\x11" * 32), Digest(b"\x22" * 32)
SOUND, BOTH = frozenset({Kind.AUDIO}), frozenset({Kind.AUDIO, Kind.VIDEO})
NONE: t.Kinds = frozenset()


class Device:
    """One device, and what it was told to do since somebody looked."""

    def __init__(self, own: ConsentKey, *members: ConsentKey, never: Iterable[ConsentKey] = ()):
        self.effects: list[t.Effect] = []
        self.state: t.State
        self._take(begin(own, frozenset(members) | {own}, frozenset(never), 0.0))
        for member in members:
            self.does(t.MemberReady(member, frozenset()))
        self.done()

    def _take(self, result: t.Step) -> None:
        self.state = result.state
        self.effects += result.effects

    def does(self, event: t.Event) -> list[t.Effect]:
        self._take(step(self.state, event))
        return self.done()

    def done(self) -> list[t.Effect]:
        effects, self.effects = self.effects, []
        return effects

    @property
    def inside(self) -> t.InCall:
        assert isinstance(self.state, t.InCall)
        return self.state

    def members(self, *members: ConsentKey, never: Iterable[ConsentKey] = ()) -> list[t.Effect]:
        return self.does(t.MembersChanged(frozenset(members), frozenset(never)))

    def grant(self, by: ConsentKey, number: int = 1, kinds: t.Kinds = BOTH, **more: Any) -> Any:
        among = members_hash(more.get("among", self.inside.members))
        return self.does(t.GrantReceived(by, number, more.get("ask", ASK), kinds, among))


def asker() -> Device:
    """A asked B and C for sound and picture."""
    device = Device(A, B, C)
    assert device.does(t.AskWanted(ASK, BOTH)) == [t.SendAsk(ASK, 1)]
    return device


def recording() -> Device:
    """Both agreed."""
    device = asker()
    assert device.grant(B) == []
    assert device.grant(C) == [
        t.Record(ASK, BOTH),
        t.SendProgress(ASK, 2, BOTH),
        t.Show(ASK, A, BOTH),
    ]
    return device


def asked() -> Device:
    """B was asked by A; C is there too."""
    device = Device(B, A, C)
    assert device.does(t.AskReceived(A, 1, ASK, BOTH)) == [t.AskPerson(ASK)]
    return device


def test_silence_is_no() -> None:
    device = asker()
    device.grant(B)
    assert device.inside.asks[ASK].recorded == NONE
    for _ in range(100):
        assert device.does(t.HoldEnded(1e9)) == []


def test_what_everybody_agreed_to_is_recorded() -> None:
    device = asker()
    device.grant(B, kinds=SOUND)
    assert device.grant(C)[0] == t.Record(ASK, SOUND)
    # Who thinks again and agrees to more sends another yes.
    assert device.grant(B, 2)[0] == t.Record(ASK, BOTH)


def test_a_no_ends_the_request_and_not_the_call() -> None:
    device = asker()
    device.grant(B)
    assert device.does(t.RefusalReceived(C, 1, ASK)) == [
        t.SendEnd(ASK, 2),
        t.TellOver(ASK, OverReason.REFUSED),
    ]
    assert device.grant(C, 2) == []
    assert device.inside.asks == {}


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (t.WithdrawalReceived(B, 2, ASK), OverReason.WITHDRAWN),
        (t.RefusalReceived(B, 2, ASK), OverReason.REFUSED),
        (t.PersonStopped(ASK), OverReason.STOPPED),
        (t.MembersChanged(frozenset({A, B, C, D}), frozenset({D})), OverReason.REFUSED),
    ],
)
def test_it_stops_at_once(event: t.Event, reason: OverReason) -> None:
    device = recording()
    effects = [one for one in device.does(event) if not isinstance(one, t.SendEnd)]
    assert effects == [t.Record(ASK, NONE), t.Show(ASK, A, NONE), t.TellOver(ASK, reason)]


def test_who_comes_is_asked_and_nothing_is_recorded_meanwhile() -> None:
    device = recording()
    assert device.members(A, B, C, D) == [
        t.Record(ASK, NONE),
        t.SendProgress(ASK, 3, NONE),
        t.Show(ASK, A, NONE),
        t.SendAskAgain(ASK),
    ]
    device.grant(D)
    device.grant(B, 2)
    # C's yes was said before D was there.
    assert device.inside.asks[ASK].recorded == NONE
    # A yes for the others only, said before D came, and late: it counts for nobody who came since.
    assert device.grant(C, 2, among={A, B, C}) == []
    assert device.grant(C, 3)[0] == t.Record(ASK, BOTH)


def test_a_yes_stands_while_members_only_leave() -> None:
    device = recording()
    assert device.members(A, B) == []
    assert device.inside.asks[ASK].recorded == BOTH
    assert device.members(A, B, D)[0] == t.Record(ASK, NONE)


def test_who_leaves_without_an_answer_holds_nobody_up() -> None:
    device = asker()
    device.grant(B)
    assert device.members(A, B)[0] == t.Record(ASK, BOTH)


def test_the_person_asked() -> None:
    device = asked()
    assert device.does(t.PersonAgreed(ASK, SOUND)) == [
        t.SendGrant(ASK, 1, SOUND, members_hash(frozenset({A, B, C})))
    ]
    # What all agreed to is shown whatever who asks says of it.
    assert device.grant(C) == [t.Show(ASK, A, SOUND)]
    assert device.does(t.ProgressReceived(A, 2, ASK, SOUND)) == []
    assert device.members(A, B, C, D) == [t.AskPerson(ASK)]
    assert device.inside.asks[ASK].shown == SOUND, "as long as A says that it records"
    assert device.does(t.ProgressReceived(A, 3, ASK, NONE)) == [t.Show(ASK, A, NONE)]
    assert device.does(t.PersonWithdrew(ASK)) == [
        t.SendWithdrawal(ASK, 2),
        t.TellOver(ASK, OverReason.WITHDRAWN),
    ]


def test_a_no_here() -> None:
    assert asked().does(t.PersonRefused(ASK)) == [
        t.SendRefusal(ASK, 1),
        t.TellOver(ASK, OverReason.REFUSED),
    ]


def test_what_who_asks_says_is_shown() -> None:
    """Also if our own count says that it may not be."""
    device = asked()
    assert device.does(t.ProgressReceived(A, 2, ASK, BOTH)) == [t.Show(ASK, A, BOTH)]


def test_who_asked_is_gone() -> None:
    device = asked()
    device.does(t.ProgressReceived(A, 2, ASK, SOUND))
    assert device.members(B, C) == [t.Show(ASK, A, NONE), t.TellOver(ASK, OverReason.GONE)]


def test_two_ask_at_once() -> None:
    device = asker()
    assert device.does(t.AskReceived(B, 1, OTHER, SOUND)) == [t.AskPerson(OTHER)]
    device.grant(B, 2)
    device.grant(C)
    assert device.inside.asks[ASK].recorded == BOTH
    assert device.inside.asks[OTHER].shown == NONE
    assert device.does(t.PersonRefused(OTHER))[0] == t.SendRefusal(OTHER, 3)
    assert device.inside.asks[ASK].recorded == BOTH


class TestJoiner:
    def joiner(self) -> Device:
        device = Device(D)
        device._take(begin(D, frozenset({A, B, D}), frozenset(), 10.0))
        assert device.done() == [t.HoldMedia(10.0 + t.HOLD_S)]
        return device

    def test_nobody_asks(self) -> None:
        device = self.joiner()
        assert device.does(t.MemberReady(A, frozenset())) == []
        assert device.does(t.MemberReady(B, frozenset())) == [t.ReleaseMedia()]

    def test_it_is_asked_before_it_hears(self) -> None:
        device = self.joiner()
        device.does(t.MemberReady(A, frozenset()))
        # B knows of a request that has not come here yet.
        assert device.does(t.MemberReady(B, frozenset({ASK}))) == []
        assert device.does(t.AskReceived(A, 4, ASK, BOTH)) == [t.AskPerson(ASK)]
        assert device.does(t.HoldEnded(10.0 + t.HOLD_S)) == [], "only the person's answer releases"
        effects = device.does(t.PersonAgreed(ASK, BOTH))
        assert [type(one) for one in effects] == [t.SendGrant, t.ReleaseMedia]

    def test_a_no_lets_it_hear_too(self) -> None:
        device = self.joiner()
        device.does(t.AskReceived(A, 4, ASK, BOTH))
        for member in (A, B):
            device.does(t.MemberReady(member, frozenset({ASK})))
        assert device.does(t.PersonRefused(ASK))[-1] == t.ReleaseMedia()

    def test_a_member_that_hangs(self) -> None:
        device = self.joiner()
        device.does(t.MemberReady(A, frozenset()))
        assert device.does(t.HoldEnded(14.9)) == []
        assert device.does(t.HoldEnded(15.0)) == [t.ReleaseMedia()]

    def test_a_member_that_goes(self) -> None:
        device = self.joiner()
        device.does(t.MemberReady(A, frozenset()))
        assert device.members(A, D) == [t.ReleaseMedia()]


class TestBreaches:
    @pytest.mark.parametrize("number", [0, 1])
    def test_what_is_replayed_or_out_of_order(self, number: int) -> None:
        device = asker()
        device.grant(B, 1)
        before = device.state
        assert device.grant(B, number, kinds=SOUND) == [t.Reject(Code.REPLAYED)]
        assert device.state == before

    @pytest.mark.parametrize(
        "event",
        [
            t.GrantReceived(D, 1, ASK, BOTH, members_hash(frozenset({A, B, C}))),  # no member
            t.GrantReceived(A, 1, ASK, BOTH, members_hash(frozenset({A, B, C}))),  # ourselves
            t.GrantReceived(B, 1, OTHER, BOTH, members_hash(frozenset({A, B, C}))),
            t.GrantReceived(B, 1, ASK, NONE, members_hash(frozenset({A, B, C}))),
            t.GrantReceived(B, 1, ASK, BOTH | {Kind.SCREEN}, members_hash(frozenset({A, B, C}))),
            t.WithdrawalReceived(B, 1, ASK),  # of what was never given
            t.ProgressReceived(B, 1, ASK, BOTH),  # not who asked
            t.EndReceived(B, 1, ASK),
            t.AskReceived(B, 1, ASK, BOTH),  # another's request
            t.AskReceived(B, 1, OTHER, NONE),
        ],
    )
    def test_it_changes_nothing(self, event: t.Event) -> None:
        device = asker()
        before = device.state
        assert device.does(event) == [t.Reject(Code.UNEXPECTED)]
        assert device.state == before

    def test_a_yes_among_others_counts_for_nothing(self) -> None:
        device = asker()
        device.grant(B)
        assert device.grant(C, among={B, C}) == []
        assert device.grant(C, 2, among={A, C}) == []
        assert device.inside.asks[ASK].recorded == NONE
        assert device.grant(C, 3)[0] == t.Record(ASK, BOTH), "the control"

    def test_a_second_request_of_one_member(self) -> None:
        assert asked().does(t.AskReceived(A, 2, OTHER, SOUND)) == [t.Reject(Code.UNEXPECTED)]

    def test_who_asks_too_often(self) -> None:
        device = Device(B, A, C)
        for number in range(1, t.MAX_ASKS + 1):
            ask = Digest(bytes([number]) * 32)
            assert device.does(t.AskReceived(A, number, ask, SOUND)) == [t.AskPerson(ask)]
            device.does(t.PersonRefused(ask))
        assert device.does(t.AskReceived(A, 9, ASK, SOUND)) == [t.Reject(Code.QUOTA)]

    def test_never(self) -> None:
        device = Device(B, A, C, never={C})
        assert device.does(t.AskReceived(A, 1, ASK, SOUND)) == [t.Reject(Code.UNEXPECTED)]
        with pytest.raises(UsageError):
            device.does(t.AskWanted(ASK, SOUND))


@pytest.mark.parametrize(
    "event",
    [
        t.AskWanted(OTHER, SOUND),
        t.PersonAgreed(ASK, SOUND),
        t.PersonWithdrew(ASK),
        t.PersonRefused(OTHER),
        t.MembersChanged(frozenset({B, C}), frozenset()),
    ],
)
def test_misuse(event: t.Event) -> None:
    with pytest.raises(UsageError):
        asker().does(event)


def test_after_the_call_nothing_is_recorded() -> None:
    device = recording()
    assert device.does(t.CallEnded()) == [
        t.Record(ASK, NONE),
        t.Show(ASK, A, NONE),
        t.TellOver(ASK, OverReason.CALL_OVER),
    ]
    assert device.does(t.AskReceived(B, 9, OTHER, BOTH)) == []
