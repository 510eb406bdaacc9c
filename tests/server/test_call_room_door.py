"""The door of a call room: knocks reach those inside and nobody else, and let nobody in."""

import os
from pathlib import Path

import pytest
from tests.server.room_kit import KEYS, alive, scene, until

from visavis.core import content_room as room
from visavis.core.content_room_fields import Refusal
from visavis.core.ids import RoomId
from visavis.server import call_room_door, call_room_socket
from visavis.server.allowance import Allowance
from visavis.server.call_rooms import EMPTY_S
from visavis.testing.clock import VirtualClock


async def test_who_knocks_is_answered_and_enters(tmp_path: Path) -> None:
    async with scene(tmp_path) as stage:
        a, b, c = await stage.trio()
        outside, other = await stage.connect(), await stage.connect()
        for number, knocker in enumerate((outside, other)):
            await knocker.say(room.RoomKnock(stage.room, b"let me in %d" % number))
            for member in (a, b, c):
                said = await member.expect(room.RoomKnocked)
                assert said == room.RoomKnocked(number, b"let me in %d" % number)
        await b.say(room.RoomLetIn(0, b"come in"))
        assert await outside.expect(room.RoomAnswered) == room.RoomAnswered(b"come in")
        assert await other.nothing()
        assert await outside.refused(room.RoomSay(b"nobody let me in yet")) is Refusal.UNEXPECTED
        await outside.say(room.RoomEnter(stage.room, KEYS[0]))
        assert (await outside.expect(room.RoomEntered)).members == (0, 1, 2)
        # It stands at the door no longer.
        await a.say(room.RoomLetIn(0, b"come in"))
        assert await outside.nothing()
        assert await outside.refused(room.RoomKnock(stage.room, b"again")) is Refusal.UNEXPECTED


async def test_who_goes_away_or_never_was_is_answered_in_vain(tmp_path: Path) -> None:
    async with scene(tmp_path) as stage:
        a = await stage.maker()
        outside = await stage.connect()
        await outside.say(room.RoomKnock(stage.room, b"let me in"))
        knock = (await a.expect(room.RoomKnocked)).knock
        (one,) = stage.rooms._rooms.values()
        assert len(one[0].door.waiting) == 1
        await outside.close()
        await until(lambda: not one[0].door.waiting)
        for number in (knock, 77):
            await a.say(room.RoomLetIn(number, b"come in"))
        assert await a.nothing()


async def test_a_door_that_is_not_there(tmp_path: Path) -> None:
    """CK-825"""
    async with scene(tmp_path) as stage:
        await stage.maker()
        outside = await stage.connect()
        unknown = room.RoomKnock(RoomId(os.urandom(16)), b"let me in")
        assert await outside.refused(unknown) is Refusal.REFUSED


async def test_nobody_inside(tmp_path: Path) -> None:
    """CK-828"""
    async with scene(tmp_path) as stage:
        a = await stage.maker()
        await a.say(room.RoomLeave())
        assert await a.end() == 1000
        outside = await stage.connect()
        knock = room.RoomKnock(stage.room, b"let me in")
        assert await outside.refused(knock) is Refusal.UNAVAILABLE
        back = await stage.joiner()
        await outside.say(knock)
        assert (await back.expect(room.RoomKnocked)).body == knock.body


async def test_few_stand_at_a_door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """CK-826"""
    monkeypatch.setattr(call_room_door, "MAX_AT_DOOR", 1)
    async with scene(tmp_path) as stage:
        a = await stage.maker()
        first, second = await stage.connect(), await stage.connect()
        knock = room.RoomKnock(stage.room, b"let me in")
        await first.say(knock)
        await a.expect(room.RoomKnocked)
        assert await second.refused(knock) is Refusal.QUOTA
        assert await a.nothing()
        await first.close()
        (one,) = stage.rooms._rooms.values()
        await until(lambda: not one[0].door.waiting)
        await second.say(knock)
        await a.expect(room.RoomKnocked)


async def test_nobody_stands_there_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CK-826"""
    monkeypatch.setattr(call_room_socket, "WAIT_S", 0.05)
    async with scene(tmp_path) as stage:
        a = await stage.maker()
        outside = await stage.connect()
        await outside.say(room.RoomKnock(stage.room, b"let me in"))
        await a.expect(room.RoomKnocked)
        assert await outside.end() == 1008


async def test_nobody_knocks_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """CK-827"""
    monkeypatch.setattr(call_room_door, "MAX_KNOCKS", 2)
    async with scene(tmp_path) as stage:
        a = await stage.maker()
        outside = await stage.connect()
        for _ in range(2):
            await outside.say(room.RoomKnock(stage.room, b"let me in"))
            assert (await a.expect(room.RoomKnocked)).knock == 0
        assert await outside.refused(room.RoomKnock(stage.room, b"please")) is Refusal.QUOTA
        assert await a.nothing()


async def test_nobody_floods_those_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """CK-829"""
    clock = VirtualClock()
    async with scene(tmp_path, clock=clock) as stage:
        a = await stage.maker()
        (one,) = stage.rooms._rooms.values()
        door = one[0].door
        door.allowance = Allowance(0, 100)
        first, second = await stage.connect(), await stage.connect()
        await first.say(room.RoomKnock(stage.room, bytes(90)))
        await a.expect(room.RoomKnocked)
        # Whoever knocks: it is the same door.
        assert await second.refused(room.RoomKnock(stage.room, bytes(90))) is Refusal.QUOTA
        assert len(door.waiting) == 1
        door.allowance = Allowance(0, 1_000)
        await second.say(room.RoomKnock(stage.room, bytes(90)))
        await a.expect(room.RoomKnocked)


async def test_the_door_ends_with_the_room(tmp_path: Path) -> None:
    """CK-812"""
    clock = VirtualClock()
    async with scene(tmp_path, clock=clock) as stage:
        a = await stage.maker()
        outside = await stage.connect()
        await outside.say(room.RoomKnock(stage.room, b"let me in"))
        await a.until(room.RoomKnocked)
        await a.say(room.RoomLeave())
        assert await a.end() == 1000
        await alive(stage, clock, EMPTY_S + 1)
        assert await outside.end() == 1000
