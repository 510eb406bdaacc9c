"""The shares of a recording's keys in a call: laid, read, deleted, at a server in trouble (P16)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from tests.core.recorder import BOTH, SOUND
from tests.scenario.call_world import Dice
from tests.sdk.recording_room import (
    CALL,
    DOWN,
    TODAY,
    WANTED,
    FakeBook,
    FakeShares,
    Person,
    Room,
    asked,
    recorded,
    room_of,
    story,
)

from visavis.core.errors import AuthorizationError, Code, PeerError, UnavailableError
from visavis.core.ids import Digest, Secret32, ShareSlot
from visavis.core.recording_types import OverReason
from visavis.sdk.recording_means import RecordingMeans
from visavis.sdk.recording_parts import MayNotAsk
from visavis.sdk.recording_shares import AGAIN_MOST_S, AGAIN_S, READ_TRIES, CallShares
from visavis.testing import virtual_clock
from visavis.testing.virtual_clock import run

NO_SHARE = AuthorizationError(Code.REFUSED, "no such share")
ODD = PeerError(Code.MALFORMED, "no answer that anybody understands")


def times(log: list[tuple[Any, ...]], what: str) -> list[float]:
    """Return when something was asked of the server, in seconds since the first time."""
    at = [entry[2] for entry in log if entry[0] == what]
    return [one - at[0] for one in at]


# Laid


@pytest.mark.parametrize(("days", "expires"), [(1, 2), (7, 8), (28, 29), (29, 30), (30, 30)])
def test_a_share_lies_for_whole_days(days: int, expires: int) -> None:
    """And never for more than the server keeps anything."""

    @story("anna", "bob")
    async def _(room: Room) -> None:
        ask = await recorded(room)
        room["anna"].shell.stop()
        await room.settle()
        ask = await asked(room, wanted=replace(WANTED, days=days))
        await room["bob"].shell.agree(ask, BOTH)
        for one in room.here:
            assert one.laid[-1].expires == TODAY + expires


def test_all_of_a_share_is_random() -> None:
    @story("anna", "bob")
    async def _(room: Room) -> None:
        for _ in range(3):
            ask = await recorded(room)
            room["anna"].shell.stop()
            await room.settle()
            assert ask in {over.id for over in room["bob"].shell.over}
        assert len(room.lying) == 6
        for part in ("slot", "share", "read", "delete"):
            assert len({bytes(getattr(laid, part)) for laid in room.lying.values()}) == 6
        keys = {bytes(key) for laid in room.lying.values() for key in (laid.read, laid.delete)}
        assert len(keys) == 12


@pytest.mark.parametrize("error", [DOWN, NO_SHARE, ODD])
def test_no_share_no_yes(error: Exception) -> None:
    """Laying fails: nothing is said, and whatever may lie there is deleted."""

    @story("anna", "bob")
    async def _(room: Room) -> None:
        anna, bob = room["anna"], room["bob"]
        anna.shares.fails["lay"].append(error)
        with pytest.raises(type(error)) as raised:
            await anna.shell.ask(WANTED)
        assert raised.value is error
        assert (anna.said, anna.recorder, anna.shell.asks) == ([], None, ())
        assert anna.shell.may_not_ask is None, "it may be tried again"
        await room.settle()
        ask = await asked(room)
        bob.shares.fails["lay"].append(error)
        with pytest.raises(type(error)):
            await bob.shell.agree(ask, BOTH)
        await room.settle()
        assert (bob.said, bob.laid, bob.shell.asks) == ([], [], (ask,))
        with pytest.raises(UnavailableError):
            bob.shell.withdraw(ask)
        assert anna.recorder is not None
        for one in (anna, bob):
            kept = one.did("laying", "lay", "leaving", "delete", "gone")
            assert kept[:5] == ["laying", "lay", "leaving", "delete", "gone"]
        await bob.shell.agree(ask, BOTH)
        await room.settle()
        assert anna.recorder.recorded == BOTH


def test_a_share_whose_answer_is_lost_is_deleted() -> None:
    @story("anna", "bob")
    async def _(room: Room) -> None:
        ask = await asked(room)
        bob = room["bob"]
        bob.shares.loses = 1
        with pytest.raises(UnavailableError):
            await bob.shell.agree(ask, BOTH)
        assert len(bob.laid) == 1
        await room.settle()
        assert (bob.laid, bob.said) == ([], [])


def test_who_gives_up_while_it_is_laid_leaves_nothing() -> None:
    @story("anna", "bob")
    async def _(room: Room) -> None:
        bob = room["bob"]
        ask = await asked(room)
        bob.shares.gate.clear()
        agreeing = asyncio.ensure_future(bob.shell.agree(ask, BOTH))
        await room.settle()
        agreeing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await agreeing
        bob.shares.gate.set()
        await room.settle()
        assert (bob.laid, bob.said) == ([], [])
        assert bob.did("leaving", "gone") == ["leaving", "gone"]
        await bob.shell.agree(ask, BOTH)  # it is not "being said" for ever


@pytest.mark.parametrize("how", ["refused", "stopped", "we refuse", "we leave", "who asks leaves"])
def test_it_is_over_while_a_share_is_laid(how: str) -> None:
    """It is deleted again, and nothing is said."""

    @story("anna", "bob", "carl")
    async def _(room: Room) -> None:
        anna, bob, carl = room.here
        ask = await asked(room)
        bob.shares.gate.clear()
        agreeing = asyncio.ensure_future(bob.shell.agree(ask, BOTH))
        await room.settle()
        assert bob.did("lay") == ["lay"]
        match how:
            case "refused":
                carl.shell.refuse(ask)
            case "stopped":
                anna.shell.stop()
            case "we refuse":
                bob.shell.refuse(ask)
            case "we leave":
                room.goes("bob")
            case _:
                room.goes("anna")
        await room.settle()
        bob.shares.gate.set()
        with pytest.raises(UnavailableError) as refused:
            await agreeing
        assert refused.value.code is Code.CONFLICT
        await room.settle()
        assert "Grant" not in bob.words()
        assert bob.laid == []
        assert bob.did("laying", "leaving", "gone") == ["laying", "leaving", "gone"]
        with pytest.raises(UnavailableError):
            bob.shell.withdraw(ask)


@pytest.mark.parametrize("how", ["never", "alone", "over"])
def test_nobody_may_be_asked_any_more_when_our_share_lies_there(how: str) -> None:
    @story("anna", "bob")
    async def _(room: Room) -> None:
        anna = room["anna"]
        anna.shares.gate.clear()
        asking = asyncio.ensure_future(anna.shell.ask(WANTED))
        await room.settle()
        assert anna.shell.may_not_ask is MayNotAsk.ASKED, "it is being said"
        with pytest.raises(UnavailableError):
            await anna.shell.ask(WANTED)
        if how == "never":
            room.comes("carl", never=True)
        elif how == "alone":
            room.goes("bob")
        else:
            anna.shell.ended()
        anna.shares.gate.set()
        with pytest.raises(UnavailableError) as refused:
            await asking
        assert refused.value.code is Code.CONFLICT
        await room.settle()
        assert (anna.said, anna.laid, anna.recorder) == ([], [], None)
        assert anna.shell.may_not_ask is not MayNotAsk.ASKED


def test_a_yes_is_said_once_at_a_time() -> None:
    @story("anna", "bob")
    async def _(room: Room) -> None:
        bob = room["bob"]
        ask = await asked(room)
        bob.shares.gate.clear()
        first = asyncio.ensure_future(bob.shell.agree(ask, BOTH))
        await room.settle()
        changes = bob.changes
        with pytest.raises(UnavailableError) as refused:
            await bob.shell.agree(ask, SOUND)
        assert refused.value.code is Code.CONFLICT
        bob.shares.gate.set()
        await first
        assert bob.changes > changes
        await room.settle()
        assert (bob.words(), len(bob.laid)) == (["Grant"], 1)
        assert room["anna"].recorder is not None
        assert room["anna"].recorder.recorded == BOTH


def test_the_yes_is_among_those_who_are_there_when_the_share_lies_there() -> None:
    @story("anna", "bob")
    async def _(room: Room) -> None:
        bob = room["bob"]
        ask = await asked(room)
        bob.shares.gate.clear()
        agreeing = asyncio.ensure_future(bob.shell.agree(ask, BOTH))
        await room.settle()
        carl = room.comes("carl")
        await room.settle()
        bob.shares.gate.set()
        await agreeing
        await carl.shell.agree(ask, BOTH)
        await room.settle()
        assert room["anna"].recorder is not None
        assert room["anna"].recorder.recorded == BOTH


# Deleted


def test_a_share_that_was_taken_back_is_deleted_however_long_that_takes() -> None:
    @story("anna", "bob")
    async def _(room: Room) -> None:
        bob = room["bob"]
        ask = await recorded(room)
        bob.shares.fails["delete"].extend([DOWN, NO_SHARE, ODD] * 4)
        bob.shell.withdraw(ask)
        room.goes("bob")  # it outlasts the call
        assert bob.log[-1][0] != "gone"
        while bob.laid:
            await asyncio.sleep(1)
        assert bob.did("leaving", "gone") == ["leaving", "gone"]
        assert bob.log[-1][0] == "gone"
        at = times(bob.log, "delete")
        pauses = [after - before for before, after in pairwise(at)]
        assert pauses[:3] == [AGAIN_S, 2 * AGAIN_S, 4 * AGAIN_S]
        assert pauses[-1] == AGAIN_MOST_S == max(pauses)
        assert len(at) == 13
        await asyncio.sleep(3_000)
        assert len(times(bob.log, "delete")) == 13, "and then no more"


def test_a_program_that_ends_leaves_it_to_the_book() -> None:
    async def whole() -> None:
        room = await room_of("anna", "bob")
        ask = await recorded(room)
        bob = room["bob"]
        (laid,) = bob.laid
        bob.shares.fails["delete"].append(DOWN)
        bob.shell.withdraw(ask)
        await room.settle()
        await room.end()
        assert bob.laid == [laid]
        assert ("leaving", laid.slot) in bob.log
        assert ("gone", laid.slot) not in bob.log

    run(whole())


# Read


def test_a_share_is_asked_for_again() -> None:
    @story("anna", "bob")
    async def _(room: Room) -> None:
        anna, bob = room["anna"], room["bob"]
        ask = await asked(room)
        anna.shares.fails["read"].extend([DOWN] * (READ_TRIES - 1))
        await bob.shell.agree(ask, BOTH)
        await room.settle()
        assert anna.recorder is not None
        assert anna.recorder.recorded == BOTH
        anna.recorder.hear(room.members, 1)
        await asyncio.sleep(250)
        assert anna.recorder.shares[bob.key] == bob.laid[0].share
        anna.recorder.hear(room.members, 1)
        assert times(anna.log, "read") == [0, 2, 6, 14, 30, 62, 126, 246]
        assert anna.dropped == {}
        # Of Bob there is only what came after his share.
        proof = anna.recorder.proof(ask)
        assert proof.ok, proof.problems
        parts = anna.recorder.parts(ask)
        assert [part.at >= 246_000 for part in parts if part.key == bob.key] == [True]
        assert min(part.at for part in parts) < 1_000, "the control: of herself there is more"


@pytest.mark.parametrize(
    ("errors", "code", "tries"),
    [
        ([DOWN] * READ_TRIES, Code.UNAVAILABLE, READ_TRIES),
        ([NO_SHARE], Code.REFUSED, 1),
        ([DOWN, NO_SHARE], Code.REFUSED, 2),
        ([DOWN, ODD], Code.MALFORMED, 2),
    ],
    ids=["away", "none", "none, later", "odd"],
)
def test_of_whom_there_is_no_share_nothing_is_recorded(
    errors: list[Exception], code: Code, tries: int
) -> None:
    @story("anna", "bob")
    async def _(room: Room) -> None:
        anna, bob = room["anna"], room["bob"]
        ask = await asked(room)
        anna.shares.fails["read"].extend(errors)
        await bob.shell.agree(ask, BOTH)
        await room.settle()
        await asyncio.sleep(1_000)
        assert anna.recorder is not None
        assert anna.recorder.shares.keys() == {anna.key}
        assert anna.dropped == {code: 1}
        assert len(times(anna.log, "read")) == tries
        anna.recorder.hear(room.members, 1)
        proof = anna.recorder.proof(ask)
        assert proof.ok, proof.problems
        assert [part.key for part in anna.recorder.parts(ask)] == [anna.key]
        await bob.shell.agree(ask, BOTH)  # and another try with his next yes
        await room.settle()
        assert anna.recorder.shares[bob.key] == bob.laid[0].share


def test_another_share_is_not_taken() -> None:
    """CK-982: with it their yes could be kept, and nobody could take it back."""

    @story("anna", "bob", "carl")
    async def _(room: Room) -> None:
        anna, bob, carl = room.here
        ask = await asked(room)
        await bob.shell.agree(ask, BOTH)
        await carl.shell.agree(ask, BOTH)
        (laid,) = bob.laid
        room.lying[laid.slot] = replace(laid, share=Secret32(bytes(32)))
        await room.settle()
        assert anna.dropped == {Code.MALFORMED: 1}
        assert anna.recorder is not None
        assert anna.recorder.shares.keys() == {anna.key, carl.key}
        anna.recorder.hear(room.members, 1)
        proof = anna.recorder.proof(ask)
        assert proof.ok, proof.problems
        assert {part.key for part in anna.recorder.parts(ask)} == {anna.key, carl.key}
        assert len(times(anna.log, "read")) == 2, "it is not asked for again"


def test_a_yes_without_the_way_to_a_share_records_nothing_of_them() -> None:
    @story("anna", "bob")
    async def _(room: Room) -> None:
        anna, bob = room["anna"], room["bob"]
        ask = await asked(room)
        await bob.shell.agree(ask, BOTH)
        room.lose("bob", "anna")
        anna.shell.hear(bob.key, replace(bob.said[0], slot=None, read=None))
        await room.settle()
        assert anna.recorder is not None
        assert anna.recorder.recorded == BOTH
        assert anna.recorder.shares.keys() == {anna.key}
        assert (anna.did("read"), anna.dropped) == ([], {})


def test_it_is_over_before_a_share_is_read() -> None:
    @story("anna", "bob")
    async def _(room: Room) -> None:
        anna, bob = room["anna"], room["bob"]
        for away in (True, False):
            ask = await asked(room)
            anna.told()
            if away:
                anna.shares.fails["read"].append(DOWN)
            else:
                anna.shares.gate.clear()
            await bob.shell.agree(ask, BOTH)
            await room.settle()
            reads = len(times(anna.log, "read"))
            bob.shell.withdraw(ask)
            await room.settle()
            anna.shares.gate.set()
            await room.settle()
            await asyncio.sleep(300)
            assert len(times(anna.log, "read")) == reads
            assert ("share", "bob") not in anna.told()
            assert anna.dropped == ({} if away else {Code.REFUSED: 1})
            assert anna.shell.over[-1].reason is OverReason.WITHDRAWN


def test_it_is_over_while_a_share_is_read() -> None:
    """It lies there as before, and is of no use to a recording that is over."""

    @story("anna", "bob")
    async def _(room: Room) -> None:
        anna, bob = room.here
        ask = await asked(room)
        anna.shares.gate.clear()
        await bob.shell.agree(ask, BOTH)
        await room.settle()
        anna.shell.stop()
        anna.told()
        anna.shares.gate.set()
        await room.settle()
        assert len(bob.laid) == 1
        assert (anna.told(), anna.dropped) == ([], {})


# By themselves, and without a server


def test_without_a_server_or_a_book() -> None:
    async def whole() -> None:
        log: list[tuple[Any, ...]] = []
        tasks: list[asyncio.Task[None]] = []
        rng = Dice(1)

        def spawn(work: Any) -> None:
            tasks.append(asyncio.ensure_future(work))

        def made(means: RecordingMeans) -> CallShares:
            return CallShares(means, CALL, rng=rng, unix=lambda: 0, spawn=spawn)

        def never(*_: object) -> None:
            raise AssertionError

        nowhere = made(RecordingMeans(book=FakeBook(log)))
        assert not nowhere.can
        with pytest.raises(UnavailableError) as refused:
            await nowhere.lay(7)
        assert refused.value.code is Code.UNAVAILABLE
        shares = FakeShares(log)
        bookless = made(RecordingMeans(shares=shares))
        assert bookless.can
        laid = await bookless.lay(7)
        assert laid.expires == 8
        slot = ShareSlot(bytes(16))
        digest = Digest.sha256(laid.share)
        nowhere.read(slot, laid.read, digest, wanted=lambda: True, take=never, refused=never)
        nowhere.remove(laid)
        assert (tasks, list(shares.lying)) == ([], [laid.slot])
        taken: list[Secret32] = []
        bookless.read(
            laid.slot, laid.read, digest, wanted=lambda: True, take=taken.append, refused=never
        )
        bookless.read(laid.slot, laid.read, digest, wanted=lambda: False, take=never, refused=never)
        bookless.remove(laid)
        await asyncio.gather(*tasks)
        assert taken == [laid.share]
        assert shares.lying == {}
        assert [entry[0] for entry in log] == ["lay", "read", "delete"]
        assert virtual_clock.now() == virtual_clock.START_S

    run(whole())


def test_nothing_is_kept_where_there_is_no_book() -> None:
    async def whole() -> None:
        room = Room()
        anna, bob = (room.comes(name, book=None) for name in ("anna", "bob"))
        await room.settle()
        ask = await recorded(room)
        bob.shell.withdraw(ask)
        await room.settle()
        assert anna.recorder is not None
        assert [entry[0] for entry in bob.log] == ["lay", "say", "say", "delete"]
        assert isinstance(bob, Person)

    run(whole())
