"""Somebody comes into a recorded call, or goes: asked first, and the file proves it (P17)."""

from __future__ import annotations

import asyncio

import pytest
from tests.core.recorder import BOTH, SOUND
from tests.sdk.recording_room import (
    CALL,
    NOTHING,
    ORDERS,
    THREE,
    UNIX,
    WANTED,
    Person,
    Room,
    asked,
    recorded,
    room_of,
    signed,
    story,
)

from visavis.core import recording_statements as s
from visavis.core.errors import Code, UnavailableError, UsageError
from visavis.core.ids import Digest
from visavis.core.recording import members_hash
from visavis.core.recording_types import HOLD_S, OverReason
from visavis.sdk.recording_parts import MayNotAsk
from visavis.testing.virtual_clock import run


def lengths(room: Room, ask: Digest) -> dict[str, int]:
    """Return how much the file has of each, in ms; it proves itself."""
    recorder = room["anna"].recorder
    assert recorder is not None
    proof = recorder.proof(ask)
    assert proof.problems == []
    assert proof.ok
    return {room.name(one.key): one.recorded_ms for one in proof.members}


# Who comes is held until they know and have answered


def test_who_comes_is_held_until_all_have_said_what_is_asked() -> None:
    async def whole() -> None:
        room = Room()
        anna = room.comes("anna")
        assert anna.gate.holds == 0, "nobody is there to be heard"
        room.comes("bob")
        await room.settle()
        carl = room.comes("carl", silent=("anna", "bob"))
        await room.settle()
        assert carl.gate.is_held
        assert carl.shell.may_not_ask is MayNotAsk.HELD
        room.ready(room["bob"], carl)
        await room.settle()
        assert carl.gate.is_held, "anna has not said it"
        room.ready(anna, carl)
        await room.settle()
        assert not carl.gate.is_held
        assert [one.gate.holds for one in room.here] == [0, 1, 1]
        assert (anna.gate.is_held, room["bob"].gate.is_held) == (False, False)
        await room.end()

    run(whole())


def test_a_member_that_hangs_holds_nobody_up_for_long() -> None:
    async def whole() -> None:
        room = await room_of("anna", "bob")
        carl = room.comes("carl", silent=("anna",))
        await room.settle()
        await asyncio.sleep(HOLD_S - 0.01)
        assert carl.gate.is_held
        await asyncio.sleep(0.02)
        assert not carl.gate.is_held
        # One who goes before it is so long: no timer is left, and it stays held.
        dora = room.comes("dora", silent=("anna",))
        await asyncio.sleep(1)
        room.goes("dora")
        assert dora.shell._hold._timer is None
        await asyncio.sleep(HOLD_S)
        assert dora.gate.is_held
        await room.end()

    run(whole())


def test_the_bell_that_rings_a_tick_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else who comes would be held for ever: the bell rings once."""

    async def whole() -> None:
        room = await room_of("anna", "bob")
        loop, later = asyncio.get_running_loop(), asyncio.get_running_loop().call_later
        monkeypatch.setattr(
            loop, "call_later", lambda delay, *rest: later(max(0, delay - 0.001), *rest)
        )
        carl = room.comes("carl", silent=("anna", "bob"))
        await asyncio.sleep(HOLD_S + 1)
        assert not carl.gate.is_held

    run(whole())


@ORDERS
def test_who_comes_into_a_recorded_call_is_asked_first(seed: int) -> None:
    @story("anna", "bob", seed=seed)
    async def _(room: Room) -> None:
        anna, bob = room.here
        ask = await recorded(room)
        shares = {laid.slot for laid in room.lying.values()}
        anna.told()
        carl = room.comes("carl")
        # From the epoch on, and before anything is said.
        assert anna.told() == [("record", NOTHING), ("said", "RecordingProgress", "anna")]
        assert bob.shell.shown == () or bob.shell.shown[0].kinds == BOTH
        assert carl.gate.is_held
        await room.settle()
        assert carl.gate.is_held, "it is asked, and not answered"
        assert [one.shell.asks for one in room.here] == [(ask,)] * 3
        assert [one.shell.shown for one in room.here] == [()] * 3
        assert carl.shell.known[0].request == anna.shell.known[0].request
        await asyncio.sleep(3_600)
        assert carl.gate.is_held
        await carl.shell.agree(ask, BOTH)
        assert not carl.gate.is_held
        await room.settle()
        assert anna.recorder is not None
        assert anna.recorder.recorded == NOTHING, "bob's yes was among others"
        await bob.shell.agree(ask, SOUND)
        await room.settle()
        assert anna.recorder.recorded == SOUND
        assert [one.shell.shown[0].kinds for one in room.here] == [SOUND] * 3
        assert shares < {laid.slot for laid in room.lying.values()}
        assert len(room.lying) == 3, "the same share for the same recording"
        assert [said.slot for said in bob.said] == [bob.laid[0].slot] * 2
        assert [said.slot for said in anna.said[:1]] == [anna.laid[0].slot]
        again = [one for one in anna.said if one.statement == anna.said[0].statement]
        assert again == [anna.said[0]] * 2, "as it was"
        # Carl may hear of the pause before he hears what is asked; nothing else is dropped.
        assert [one.dropped for one in (anna, bob)] == [{}, {}]
        assert carl.dropped in ({}, {Code.UNEXPECTED: 1})


@ORDERS
def test_who_comes_refuses(seed: int) -> None:
    @story("anna", "bob", seed=seed)
    async def _(room: Room) -> None:
        ask = await recorded(room)
        carl = room.comes("carl")
        await room.settle()
        carl.shell.refuse(ask)
        assert not carl.gate.is_held
        await room.settle()
        assert [one.shell.asks for one in room.here] == [()] * 3
        assert room["anna"].shell.over[0].by == carl.key
        assert room["anna"].shell.over[0].reason is OverReason.REFUSED
        assert len(room["anna"].laid) == len(room["bob"].laid) == 1, "for what there is"
        assert carl.laid == []


def test_a_request_that_comes_late_holds_who_comes() -> None:
    """Somebody says that it is asked: who comes waits until it has come, for 5 s at most."""

    async def whole() -> None:
        for comes in (True, False):
            room = await room_of("anna", "bob")
            ask = await recorded(room)
            carl = room.comes("carl")
            room.deliver("bob", "carl")
            late = room["anna"].said[0]
            room.lose("anna", "carl")
            room.ready(room["anna"], carl)
            await room.settle()
            assert carl.gate.is_held
            assert carl.shell.asks == ()
            if comes:
                carl.shell.hear(room["anna"].key, late)
                assert carl.gate.is_held
                carl.shell.refuse(ask)
                assert not carl.gate.is_held
            else:
                await asyncio.sleep(HOLD_S + 0.1)
                assert not carl.gate.is_held
                assert room["anna"].recorder is not None
                assert room["anna"].recorder.recorded == NOTHING
            await room.end()

    run(whole())


def test_in_a_call_of_two() -> None:
    """The caller begins alone and is then told of two; the callee begins with both."""

    async def whole() -> None:
        room = Room()
        caller = room.comes("anna")
        callee = room.comes("bob", silent=("anna",))
        assert callee.gate.is_held
        callee.shell.ready(caller.key, [])
        assert not callee.gate.is_held
        await room.settle()
        assert await recorded(room, "bob")
        assert callee.recorder is not None
        assert callee.recorder.recorded == BOTH
        assert caller.shell.shown == callee.shell.shown != ()
        await room.end()

    run(whole())


# What was on its way


def test_a_yes_that_was_said_before_somebody_came_counts_for_nothing() -> None:
    """CK-934: and the recorder is not told of it, for the file could not say among whom."""

    @story("anna", "bob")
    async def _(room: Room) -> None:
        anna, bob = room.here
        ask = await asked(room)
        await bob.shell.agree(ask, BOTH)  # on its way
        carl = room.comes("carl")
        anna.told()
        await room.settle()
        assert anna.told() == []
        assert anna.recorder is not None
        await carl.shell.agree(ask, BOTH)
        await room.settle()
        assert anna.recorder.recorded == NOTHING
        await bob.shell.agree(ask, BOTH)
        await room.settle()
        assert anna.recorder.recorded == BOTH
        assert lengths(room, ask) == dict.fromkeys(THREE, 0)


def test_a_yes_that_is_ahead_of_us() -> None:
    """Carl came where Bob is, and not yet where Anna is: she cannot know among whom it was said."""

    @story("anna", "bob")
    async def _(room: Room) -> None:
        anna, bob = room.here
        ask = await asked(room)
        early = s.RecordingGrant(
            s.call_reference(CALL),
            bob.key,
            1,
            UNIX,
            ask,
            BOTH,
            members_hash(room.members | {Person(room, "carl").key}),
            False,
            Digest.sha256(b"share"),
        )
        room.put(bob, signed(bob, early, way=True))
        anna.told()
        await room.settle()
        assert (anna.told(), anna.did("read"), anna.dropped) == ([], [], {})


# The file


@ORDERS
def test_the_file_proves_a_whole_story(seed: int) -> None:
    @story("anna", "bob", seed=seed)
    async def _(room: Room) -> None:
        anna, bob = room.here
        ask = await asked(room)
        recorder = anna.recorder
        assert recorder is not None
        recorder.hear(room.members, 5)
        await asyncio.sleep(5)
        await bob.shell.agree(ask, BOTH)
        await room.settle()
        recorder.hear(room.members, 4)
        await asyncio.sleep(4)
        assert lengths(room, ask) == {"anna": 4_000, "bob": 4_000}
        carl = room.comes("carl")
        recorder.hear(room.members, 3)
        await room.settle()
        await asyncio.sleep(3)
        await bob.shell.agree(ask, BOTH)
        await room.settle()
        recorder.hear(room.members, 3)
        await asyncio.sleep(3)
        assert lengths(room, ask) == {"anna": 4_000, "bob": 4_000}, "carl has not said yes"
        await carl.shell.agree(ask, SOUND)
        await room.settle()
        recorder.hear(room.members, 2)
        await asyncio.sleep(2)
        assert lengths(room, ask) == {"anna": 6_000, "bob": 6_000, "carl": 2_000}
        room.goes("bob")
        await room.settle()
        recorder.hear(room.members, 1)
        await asyncio.sleep(1)
        assert lengths(room, ask) == {"anna": 7_000, "bob": 6_000, "carl": 3_000}
        dora = room.comes("dora")
        await room.settle()
        for one in (carl, dora):
            await one.shell.agree(ask, BOTH)
        await room.settle()
        recorder.hear(room.members, 1)
        await asyncio.sleep(1)
        carl.shell.withdraw(ask)
        await room.settle()
        recorder.hear(room.members, 5)
        assert lengths(room, ask) == {"anna": 8_000, "bob": 6_000, "carl": 4_000, "dora": 1_000}
        proof = recorder.proof(ask)
        assert (proof.ended, proof.unproven, proof.truncated) == (True, 0, False)
        told = {room.name(one.key): one for one in proof.members}
        now = room.unix()
        assert [told[name].withdrawn is None for name in ("bob", "carl", "dora")] == [
            True,
            False,
            True,
        ]
        assert {name: proof.is_playable(one, now) for name, one in told.items()} == {
            "anna": True,
            "bob": True,
            "carl": False,
            "dora": True,
        }
        # Each share opens what is theirs; Carl's is at the server no longer.
        assert carl.laid == []
        for name in ("anna", "bob", "dora"):
            assert recorder.shares[room[name].key] == room[name].laid[0].share


@ORDERS
def test_one_file_for_each_request(seed: int) -> None:
    @story(*THREE, seed=seed)
    async def _(room: Room) -> None:
        anna, bob, carl = room.here
        recorder = None
        asks = []
        for end in ("refused", "stopped", "withdrawn"):
            ask = await recorded(room)
            asks.append(ask)
            recorder = anna.recorder
            assert recorder is not None
            recorder.hear(room.members, 1)
            await asyncio.sleep(1)
            if end == "refused":
                carl.shell.refuse(ask)
            elif end == "stopped":
                anna.shell.stop()
            else:
                bob.shell.withdraw(ask)
            await room.settle()
            recorder.hear(room.members, 1)
            await asyncio.sleep(1)
        assert len(set(asks)) == anna.recorders_made + 2 == 3
        for ask in asks:
            assert lengths(room, ask) == dict.fromkeys(THREE, 1_000)
            assert recorder is not None
            assert recorder.proof(ask).ended
        last = recorder.proof(asks[-1])
        assert [one.withdrawn is not None for one in last.members if one.key == bob.key] == [True]
        first = recorder.proof(asks[0])
        assert [one.refused for one in first.members if one.key == carl.key] == [True]


def test_a_file_that_says_more_than_was_agreed_to_is_found_out() -> None:
    """The control of the stories above: a shell that forgot the pause would be told by its file."""

    @story("anna", "bob")
    async def _(room: Room) -> None:
        anna, bob = room.here
        ask = await recorded(room, kinds=SOUND)
        recorder = anna.recorder
        assert recorder is not None
        tape = recorder._tapes[ask]
        carl = room.comes("carl")
        more = s.RecordingProgress(
            s.call_reference(CALL), anna.key, 90, UNIX, ask, SOUND, room.members
        )
        tape.said(s.sign_statement(more, anna.own.private), room.ms)
        recorder.hear([bob.key], 1)
        proof = recorder.proof(ask)
        assert proof.problems != []
        assert carl.gate.is_held


# More than a statement can name


def test_more_members_than_a_statement_can_name() -> None:
    """Who records stops before the 65th is in; nobody has to be told what it could not sign."""

    async def whole() -> None:
        room = Room()
        names = [f"p{number}" for number in range(s.MAX_MEMBERS)]
        for name in names[:-1]:
            room.comes(name)
        await room.settle()
        ask = await asked(room, names[0])
        asker = room[names[0]]
        room.comes(names[-1])
        await room.settle()
        for one in room.here[1:]:
            await one.shell.agree(ask, BOTH)
        await room.settle()
        recorder = asker.recorder
        assert recorder is not None
        assert recorder.recorded == BOTH, "64 of them"
        assert recorder.proof(ask).ok
        asker.told()
        room.comes("one more")
        assert asker.told() == [
            ("said", "RecordingEnd", names[0]),
            ("record", NOTHING),
            ("over",),
        ]
        await room.settle()
        assert asker.shell.over[0].reason is OverReason.STOPPED
        assert all(one.shell.asks == () for one in room.here)
        # Who came was told of a request that was over by then: it waits for it in vain.
        await asyncio.sleep(HOLD_S + 0.1)
        assert not room["one more"].gate.is_held
        assert recorder.proof(ask).ended
        # And nobody asks so many: no yes of theirs could be written down.
        assert {one.shell.may_not_ask for one in room.here} == {MayNotAsk.UNABLE}
        with pytest.raises(UnavailableError):
            await asker.shell.ask(WANTED)
        room.goes("one more")
        assert asker.shell.may_not_ask is None

    run(whole())


def test_a_share_is_not_laid_anew_when_it_is_asked_again() -> None:
    @story("anna", "bob")
    async def _(room: Room) -> None:
        anna, bob = room.here
        ask = await recorded(room)
        bob.shares.fails["lay"].append(UsageError("laid twice"))
        room.comes("carl")
        await room.settle()
        await bob.shell.agree(ask, SOUND)
        assert bob.did("laying") == ["laying"]

        # A yes that cannot be said leaves the one before, and its share.
        def not_now() -> None:
            raise UsageError("it cannot be said")

        with pytest.raises(UsageError):
            await bob.shell._answers.agree(ask, clear=True, say=not_now)
        await room.settle()
        assert len(bob.laid) == 1
        bob.shell.withdraw(ask)
        await room.settle()
        assert bob.laid == []
        assert anna.words()[-1] == "End"
