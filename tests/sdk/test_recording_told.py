"""Shares of those who agreed to what was then never recorded: deleted at once, if that is sure."""

from __future__ import annotations

import pytest
from tests.core.recorder import BOTH
from tests.sdk.recording_room import ORDERS, THREE, Room, asked, recorded, signed, story

from visavis.core import recording_statements as s
from visavis.core.errors import UnavailableError
from visavis.core.ids import Digest


async def one_agreed(room: Room) -> Digest:
    """Anna asks, and Bob says yes; Carl has not answered."""
    ask = await asked(room)
    await room["bob"].shell.agree(ask, BOTH)
    await room.settle()
    assert len(room["bob"].laid) == 1
    return ask


@ORDERS
@pytest.mark.parametrize("how", ["refused", "stopped"])
def test_it_goes_when_nothing_was_recorded(how: str, seed: int) -> None:
    @story(*THREE, seed=seed)
    async def _(room: Room) -> None:
        bob = room["bob"]
        ask = await one_agreed(room)
        if how == "refused":
            room["carl"].shell.refuse(ask)
        else:
            room["anna"].shell.stop()
        await room.settle()
        assert room.lying == {}
        assert bob.did("leaving", "delete", "gone") == ["leaving", "delete", "gone"]
        assert bob.words() == ["Grant"], "the yes is not taken back: nothing is left of it"
        with pytest.raises(UnavailableError):
            bob.shell.withdraw(ask)
        # The next request has a share of its own, which stays.
        await recorded(room)
        room["anna"].shell.stop()
        await room.settle()
        assert len(bob.laid) == 1


@ORDERS
def test_a_no_that_comes_before_the_yes(seed: int) -> None:
    """Whatever arrives where first: it was asked, and never recorded."""

    @story(*THREE, seed=seed)
    async def _(room: Room) -> None:
        ask = await asked(room)
        await room["bob"].shell.agree(ask, BOTH)
        room["carl"].shell.refuse(ask)
        await room.settle()
        assert room.lying == {}


@ORDERS
@pytest.mark.parametrize("how", ["stopped", "withdrawn", "comes and refuses"])
def test_it_stays_when_something_was_recorded(how: str, seed: int) -> None:
    @story(*THREE, seed=seed)
    async def _(room: Room) -> None:
        ask = await recorded(room)
        if how == "stopped":
            room["anna"].shell.stop()
        elif how == "withdrawn":
            room["carl"].shell.withdraw(ask)
        else:
            dora = room.comes("dora")
            await room.settle()
            dora.shell.refuse(ask)
        await room.settle()
        assert not any(one.shell.asks for one in room.here)
        assert len(room["bob"].laid) == len(room["anna"].laid) == 1
        assert len(room["carl"].laid) == (how != "withdrawn")


@pytest.mark.parametrize("lost", ["progress", "end"])
def test_it_stays_where_something_was_missed(lost: str) -> None:
    """In doubt it is kept: it may be the half of a key."""

    @story(*THREE)
    async def _(room: Room) -> None:
        anna, bob, carl = (room[name] for name in THREE)
        ask = await one_agreed(room)
        if lost == "progress":
            await carl.shell.agree(ask, BOTH)
            room.deliver("carl", "anna")
            assert anna.words()[-1] == "Progress"
            room.lose("anna", "bob")
            room.lose("carl", "bob")
            assert bob.shell.shown == (), "by its own count nothing was recorded"
        anna.shell.stop()
        if lost == "end":
            room.lose("anna", "bob")
        await room.settle()
        assert (ask in bob.shell.asks) is (lost == "end")
        assert len(bob.laid) == 1
        anna.shell.ended()
        bob.shell.ended()
        await room.settle()
        assert len(bob.laid) == 1, "nor does the end of the call say it"


def test_who_comes_later_keeps_it_if_anything_was_said_before() -> None:
    @story(*THREE)
    async def _(room: Room) -> None:
        ask = await recorded(room)
        dora, emil = room.comes("dora"), room.comes("emil")
        await room.settle()
        await dora.shell.agree(ask, BOTH)
        await room.settle()
        emil.shell.refuse(ask)
        await room.settle()
        assert len(dora.laid) == 1
        # The control: where nothing was, theirs goes as well.
        again = await asked(room)
        frida = room.comes("frida")
        await room.settle()
        await frida.shell.agree(again, BOTH)
        await room.settle()
        emil.shell.refuse(again)
        await room.settle()
        assert frida.laid == []


def test_nobody_else_says_that_it_is_over() -> None:
    """An end that somebody else signed counts for nothing, here as in the machine (CK-932)."""

    @story(*THREE)
    async def _(room: Room) -> None:
        bob, carl = room["bob"], room["carl"]
        ask = await one_agreed(room)
        head = (bob.shell._speech.call, carl.key, 1, 1)
        bob.shell.hear(carl.key, signed(carl, s.RecordingEnd(*head, ask)))
        await room.settle()
        assert ask in bob.shell.asks
        carl.shell.refuse(ask)
        room.deliver("carl", "anna")
        room.lose("anna", "bob")
        await room.settle()
        assert ask not in bob.shell.asks
        assert len(bob.laid) == 1, "who asks has not said the end of it"
