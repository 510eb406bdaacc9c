"""Consent to recordings of a call: who may ask for what, and what is dropped or said again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

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
from visavis.core.content_recording import RecordingSaid
from visavis.core.errors import Code, PeerError, UnavailableError, UsageError
from visavis.core.ids import CallId, ConsentKey, Digest
from visavis.core.recording import members_hash
from visavis.core.recording_types import Kind, OverReason
from visavis.sdk.recording_means import Wanted
from visavis.sdk.recording_parts import MayNotAsk, Shown
from visavis.sdk.recording_speech import RECENT
from visavis.testing.virtual_clock import run

# Who may ask, and for what


def test_who_may_not_ask() -> None:
    async def whole() -> None:
        room = Room()
        anna = room.comes("anna")
        assert anna.shell.may_not_ask is MayNotAsk.ALONE
        bob = room.comes("bob")
        assert bob.shell.may_not_ask is MayNotAsk.HELD
        assert anna.shell.may_not_ask is None
        await room.settle()
        assert bob.shell.may_not_ask is None
        deaf = room.comes("carl", recorder=None)
        poor = room.comes("dora", shares=None)
        await room.settle()
        assert deaf.shell.may_not_ask is poor.shell.may_not_ask is MayNotAsk.UNABLE
        for one in (deaf, poor):
            with pytest.raises(UnavailableError) as refused:
                await one.shell.ask(WANTED)
            assert refused.value.code is Code.CONFLICT
            assert one.log == []
        # Who has no place for shares cannot agree either: nobody could take it back.
        ask = await asked(room)
        with pytest.raises(UnavailableError) as refused:
            await poor.shell.agree(ask, BOTH)
        assert refused.value.code is Code.UNAVAILABLE
        assert poor.said == []
        await deaf.shell.agree(ask, BOTH)  # but who cannot record can
        poor.shell.refuse(ask)
        await room.settle()
        assert anna.shell.over[0].reason is OverReason.REFUSED
        anna.shell.ended()
        assert anna.shell.may_not_ask is MayNotAsk.UNABLE
        assert Person(room, "eve").shell.may_not_ask is MayNotAsk.UNABLE, "not begun"

    run(whole())


def test_one_who_is_never_to_be_recorded() -> None:
    async def whole() -> None:
        room = await room_of("anna", "bob")
        ask = await recorded(room)
        carl = room.comes("carl", never=True)
        assert room["anna"].recorder is not None
        assert room["anna"].recorder.recorded == NOTHING, "before a frame of theirs"
        await room.settle()
        for one in room.here[:2]:
            assert one.shell.over[0].reason is OverReason.REFUSED
        assert not carl.gate.is_held
        assert carl.log == [], "nobody is asked"
        assert [one.shell.may_not_ask for one in room.here] == [MayNotAsk.NEVER] * 3
        with pytest.raises(UnavailableError):
            await room["anna"].shell.ask(WANTED)
        # A program that asks all the same is not heard.
        forged = s.RecordingAsk(
            s.call_reference(CALL),
            room["anna"].key,
            99,
            UNIX,
            BOTH,
            "x",
            s.Place.DEVICE,
            7,
            s.Recipients.ASKER,
            clear=False,
            withdraw=s.WithdrawBy.APP,
        )
        before = [one.dropped.get(Code.UNEXPECTED, 0) for one in (carl, room["bob"])]
        room.put(room["anna"], signed(room["anna"], forged))
        await room.settle()
        after = [one.dropped.get(Code.UNEXPECTED, 0) for one in (carl, room["bob"])]
        assert after == [count + 1 for count in before]
        assert [one.shell.asks for one in room.here] == [()] * 3
        room.goes("carl")
        assert [one.shell.may_not_ask for one in room.here] == [None, None]
        assert await recorded(room) != ask

    run(whole())


@ORDERS
def test_in_a_confidential_call_nobody_is_asked(seed: int) -> None:
    @story("anna", seed=seed)
    async def _(room: Room) -> None:
        bob = room.comes("bob", confidential=True)
        await room.settle()
        assert bob.shell.may_not_ask is MayNotAsk.CONFIDENTIAL
        with pytest.raises(UnavailableError):
            await bob.shell.ask(WANTED)
        assert bob.log == []
        ask = await asked(room)  # by one who does not know it
        assert bob.words() == ["Refusal"]
        assert bob.shell.asks == room["anna"].shell.asks == ()
        assert bob.shell.over[0].id == room["anna"].shell.over[0].id == ask
        assert not bob.gate.is_held
        # Also one who comes while it is asked.
        await asked(room)
        carl = room.comes("carl", confidential=True)
        await room.settle()
        assert room["anna"].shell.asks == ()
        assert not carl.gate.is_held


def test_nobody_is_asked_until_they_give_in() -> None:
    """CK-933"""

    @story("anna", "bob")
    async def _(room: Room) -> None:
        anna, bob = room["anna"], room["bob"]
        for _ in range(3):
            ask = await asked(room)
            bob.shell.refuse(ask)
            await room.settle()
        assert (anna.shell.may_not_ask, bob.shell.may_not_ask) == (MayNotAsk.TOO_OFTEN, None)
        log = list(anna.log)
        with pytest.raises(UnavailableError) as refused:
            await anna.shell.ask(WANTED)
        assert (refused.value.code, anna.log) == (Code.CONFLICT, log)
        fourth = replace(anna.statements()[0], number=50)
        room.put(anna, signed(anna, fourth))
        await room.settle()
        assert bob.dropped == {Code.QUOTA: 1}
        assert bob.shell.known == ()
        assert [over.reason for over in bob.shell.over] == [OverReason.REFUSED] * 3


WRONG = {
    "nothing": replace(WANTED, kinds=NOTHING),
    "no purpose": replace(WANTED, purpose=""),
    "no day": replace(WANTED, days=0),
    "too many days": replace(WANTED, days=31),
    "an export that nobody wants": replace(WANTED, named="The court"),
}


@pytest.mark.parametrize("wanted", WRONG.values(), ids=WRONG.keys())
def test_nobody_can_ask_for_that(wanted: Any) -> None:
    @story("anna", "bob")
    async def _(room: Room) -> None:
        anna = room["anna"]
        with pytest.raises(UsageError):
            await anna.shell.ask(wanted)
        assert (anna.log, anna.recorder) == ([], None)
        assert anna.shell.may_not_ask is None
        with pytest.raises(PeerError) as refused:
            await anna.shell.ask(replace(WANTED, purpose="x" * 601))
        assert (refused.value.code, anna.log) == (Code.TOO_LARGE, [])
        assert await asked(room)


def test_all_that_is_wanted_is_asked_for() -> None:
    """R-46: nothing is left open, or filled in for whoever asks."""
    wanted = Wanted(
        SOUND, "Caf\u00e9", 1, s.Place.UPLOADED, s.Recipients.MEMBERS, clear=True, named="The court"
    )

    @story("anna", "bob")
    async def _(room: Room) -> None:
        for one in (WANTED, wanted):
            await asked(room, wanted=one)
            request = room["bob"].shell.known[0].request
            assert request.withdraw is s.WithdrawBy.APP
            said = (request.kinds, request.purpose, request.days, request.place)
            assert said == (one.kinds, one.purpose, one.days, one.place)
            said_of_it = (request.recipients, request.clear, request.named)
            assert said_of_it == (one.recipients, one.clear, one.named)
            room["anna"].shell.stop()
            await room.settle()


def test_two_ask_at_once() -> None:
    @story(*THREE)
    async def _(room: Room) -> None:
        annas, bobs = await asked(room), await asked(room, "bob", replace(WANTED, kinds=SOUND))
        assert [set(one.shell.asks) for one in room.here] == [{annas, bobs}] * 3
        for name, ask, kinds in (("carl", bobs, SOUND), ("anna", bobs, SOUND)):
            await room[name].shell.agree(ask, kinds)
        await room.settle()
        recorders = [room[name].recorder for name in ("anna", "bob")]
        assert [one.recorded if one else None for one in recorders] == [NOTHING, SOUND]
        assert {one.shell.shown for one in room.here} == {(Shown(bobs, room["bob"].key, SOUND),)}
        room["carl"].shell.refuse(annas)
        await room.settle()
        assert {one.shell.asks for one in room.here} == {(bobs,)}
        assert recorders[1] is not None
        assert recorders[1].recorded == SOUND


# What cannot be agreed to


def test_nobody_asked_for_that() -> None:
    @story("anna", "bob")
    async def _(room: Room) -> None:
        anna, bob = room["anna"], room["bob"]
        ask = await asked(room, wanted=replace(WANTED, kinds=SOUND))
        for kinds, clear in ((NOTHING, False), (BOTH, False), (SOUND, True)):
            with pytest.raises(UsageError):
                await bob.shell.agree(ask, kinds, clear=clear)
        for who, what in ((bob, Digest(bytes(32))), (anna, ask)):
            with pytest.raises(UnavailableError) as refused:
                await who.shell.agree(what, SOUND)
            assert refused.value.code is Code.CONFLICT
            with pytest.raises(UnavailableError):
                who.shell.refuse(what)
            with pytest.raises(UnavailableError):
                who.shell.withdraw(what)
        assert (bob.did("lay", "say", "answered"), anna.words()) == ([], ["Ask"])


def test_an_export_is_agreed_to_by_itself() -> None:
    @story(*THREE)
    async def _(room: Room) -> None:
        anna, bob, carl = (room[name] for name in THREE)
        ask = await asked(room, wanted=replace(WANTED, clear=True, named="The court"))
        request = bob.shell.known[0].request
        assert (request.clear, request.named) == (True, "The court")
        await bob.shell.agree(ask, BOTH, clear=True)
        await carl.shell.agree(ask, BOTH)
        await room.settle()
        assert anna.recorder is not None
        assert anna.recorder.recorded == BOTH
        proof = anna.recorder.proof(ask)
        assert {room.name(one.key): one.clear for one in proof.members} == {
            "anna": True,
            "bob": True,
            "carl": False,
        }
        await bob.shell.agree(ask, BOTH, clear=False)  # not that, after all
        await room.settle()
        proof = anna.recorder.proof(ask)
        assert [one.clear for one in proof.members if one.key == bob.key] == [False]


def test_a_yes_to_an_export_that_nobody_asked_for() -> None:
    """CK-931"""

    @story("anna", "bob")
    async def _(room: Room) -> None:
        anna, bob = room["anna"], room["bob"]
        ask = await asked(room)
        for number, clear in ((1, True), (2, False)):
            head = (s.call_reference(CALL), bob.key, number, UNIX)
            digest = members_hash(room.members)
            share = Digest.sha256(b"share")
            room.put(bob, signed(bob, s.RecordingGrant(*head, ask, BOTH, digest, clear, share)))
            await room.settle()
            assert anna.dropped == {Code.UNEXPECTED: 1}
            assert anna.recorder is not None
            assert anna.recorder.recorded == (NOTHING if clear else BOTH)
            assert len(anna.told()) == (2 if clear else 4)


# What is dropped


def grant_of(room: Room, one: Person, ask: Digest, **changes: Any) -> s.RecordingGrant:
    head = (s.call_reference(CALL), one.key, 1, UNIX)
    digest, share = members_hash(room.members), Digest.sha256(b"share")
    return replace(s.RecordingGrant(*head, ask, BOTH, digest, False, share), **changes)


def forged_by_another(room: Room, ask: Digest) -> tuple[ConsentKey, RecordingSaid]:
    """Carl says what Bob signed."""
    return room["carl"].key, signed(room["bob"], grant_of(room, room["bob"], ask))


def with_anothers_key(room: Room, ask: Digest) -> tuple[ConsentKey, RecordingSaid]:
    """Carl signs what he says is Bob's."""
    return room["carl"].key, signed(room["carl"], grant_of(room, room["bob"], ask))


def as_another(room: Room, ask: Digest) -> tuple[ConsentKey, RecordingSaid]:
    """What Bob signed, damaged on its way."""
    said = signed(room["bob"], grant_of(room, room["bob"], ask))
    data = said.statement[:-1] + bytes([said.statement[-1] ^ 1])
    return room["bob"].key, replace(said, statement=data)


def of_another_call(room: Room, ask: Digest) -> tuple[ConsentKey, RecordingSaid]:
    elsewhere = s.call_reference(CallId(bytes(16)))
    return room["bob"].key, signed(room["bob"], grant_of(room, room["bob"], ask, call=elsewhere))


def no_statement(room: Room, ask: Digest) -> tuple[ConsentKey, RecordingSaid]:
    del ask
    return room["bob"].key, RecordingSaid(b"\xff")


def to_nothing(room: Room, ask: Digest) -> tuple[ConsentKey, RecordingSaid]:
    del ask
    bob = room["bob"]
    return bob.key, signed(bob, grant_of(room, bob, Digest(bytes(32))))


def to_more(room: Room, ask: Digest) -> tuple[ConsentKey, RecordingSaid]:
    bob = room["bob"]
    return bob.key, signed(bob, grant_of(room, bob, ask, kinds=BOTH | {Kind.SCREEN}))


FORGED: dict[str, tuple[Callable[..., tuple[ConsentKey, RecordingSaid]], Code]] = {
    "another's statement": (forged_by_another, Code.UNEXPECTED),
    "another's key": (with_anothers_key, Code.BAD_SIGNATURE),
    "damaged": (as_another, Code.BAD_SIGNATURE),
    "another call": (of_another_call, Code.UNEXPECTED),
    "no statement": (no_statement, Code.MALFORMED),
    "to nothing": (to_nothing, Code.UNEXPECTED),
    "to more than was asked": (to_more, Code.UNEXPECTED),
}


@pytest.mark.parametrize(("forge", "code"), FORGED.values(), ids=FORGED.keys())
def test_what_is_forged_is_dropped(forge: Any, code: Code) -> None:
    """CK-981, CK-931: nothing of it is taken, and the recorder is told nothing."""

    @story(*THREE)
    async def _(room: Room) -> None:
        anna = room["anna"]
        ask = await asked(room)
        await room["carl"].shell.agree(ask, BOTH)
        await room.settle()
        anna.told()
        before = anna.shell.state
        key, said = forge(room, ask)
        anna.shell.hear(key, said)
        await room.settle()
        assert anna.dropped == {code: 1}
        assert (anna.shell.state, anna.told()) == (before, [])
        anna.shell.hear(room["bob"].key, signed(room["bob"], grant_of(room, room["bob"], ask)))
        assert anna.recorder is not None
        assert anna.recorder.recorded == BOTH, "the control"


def test_what_comes_twice_or_late_is_dropped() -> None:
    """CK-930"""

    @story(*THREE)
    async def _(room: Room) -> None:
        anna, bob = room["anna"], room["bob"]
        ask = await recorded(room)
        anna.told()
        (old,) = bob.said
        anna.shell.hear(bob.key, old)
        assert (anna.dropped, anna.told()) == ({Code.REPLAYED: 1}, [])
        await bob.shell.agree(ask, SOUND)
        room.lose("bob", "anna")
        anna.shell.hear(bob.key, bob.said[1])
        anna.shell.hear(bob.key, old)  # the one before, held back
        assert anna.recorder is not None
        assert (anna.dropped, anna.recorder.recorded) == ({Code.REPLAYED: 2}, SOUND)
        bob.shell.withdraw(ask)
        await room.settle()
        said = [entry for entry in anna.told() if entry[:2] == ("said", "RecordingGrant")]
        assert len(said) == 1
        anna.shell.hear(bob.key, bob.said[1])
        assert anna.recorder.recorded == NOTHING
        assert (anna.shell.asks, anna.told()) == ((), [])


def test_only_who_asks_says_what_is_recorded() -> None:
    """CK-932"""

    @story(*THREE)
    async def _(room: Room) -> None:
        anna, bob, carl = (room[name] for name in THREE)
        ask = await asked(room)
        head = (s.call_reference(CALL), bob.key, 1, UNIX)
        for one in (
            s.RecordingProgress(*head, ask, BOTH, room.members),
            s.RecordingEnd(*head, ask),
            s.RecordingWithdrawal(*head, ask),
        ):
            room.put(bob, signed(bob, one))
        await room.settle()
        assert anna.dropped == carl.dropped == {Code.UNEXPECTED: 3}
        assert len(anna.told()) == 2, "its own request and share"
        assert carl.shell.shown == ()
        # Who asks says more than is so: it is shown.
        mine = (s.call_reference(CALL), anna.key, 9, UNIX)
        room.put(anna, signed(anna, s.RecordingProgress(*mine, ask, SOUND, room.members)))
        await room.settle()
        assert carl.shell.shown == (Shown(ask, anna.key, SOUND),)


# What is said again


def test_what_was_said_last_is_said_again_to_who_missed_it() -> None:
    @story("anna", "bob")
    async def _(room: Room) -> None:
        anna, bob = room["anna"], room["bob"]
        assert anna.shell.recent == []
        first = await asked(room)
        assert anna.shell.recent == anna.said
        bob.shell.refuse(first)
        await room.settle()
        assert [s.read_statement(one.statement) for one in anna.shell.recent] == [
            anna.statements()[-1]
        ], "of what is over, its end alone"
        assert bob.shell.recent == bob.said
        ask = await recorded(room)
        assert [type(s.read_statement(one.statement)).__name__ for one in anna.shell.recent] == [
            "RecordingEnd",
            "RecordingAsk",
            "RecordingProgress",
        ]
        assert len(bob.shell.recent) == 2
        before = bob.shell.state
        for one in anna.shell.recent:
            bob.shell.hear(anna.key, one)
        assert bob.shell.state == before
        assert bob.dropped == {Code.REPLAYED: 2}, "but for the request, which may be said again"
        for kinds in (SOUND, BOTH) * RECENT:
            await bob.shell.agree(ask, kinds)
        assert bob.shell.recent == bob.said[-RECENT:]
        assert RECENT == 12
        anna.shell.stop()
        await room.settle()
        assert bob.shell.recent == [], "a yes to what is over"
        assert {type(s.read_statement(one.statement)) for one in anna.shell.recent} == {
            s.RecordingEnd
        }


def test_who_missed_it_all_catches_up() -> None:
    @story("anna", "bob")
    async def _(room: Room) -> None:
        anna, bob = room["anna"], room["bob"]
        ask = await anna.shell.ask(WANTED)
        room.lose("anna", "bob")
        await room.settle()
        assert bob.shell.asks == ()
        for one in anna.shell.recent:
            bob.shell.hear(anna.key, one)
        await bob.shell.agree(ask, BOTH)
        room.lose("bob", "anna")
        await room.settle()
        assert anna.recorder is not None
        assert anna.recorder.recorded == NOTHING
        for one in bob.shell.recent:
            anna.shell.hear(bob.key, one)
        await room.settle()
        assert anna.recorder.recorded == BOTH
        assert anna.recorder.shares[bob.key] == bob.laid[0].share
