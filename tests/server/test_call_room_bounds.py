"""Call rooms: bounds on what members cost, and on how long the silent and the empty stay."""

import asyncio
import os
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from tests.server.room_kit import KEYS, alive, commit, scene, until
from websockets.asyncio.client import connect

from visavis.core import content_room as room
from visavis.core import content_room_fields as room_fields
from visavis.core.content_room_fields import Refusal, Why
from visavis.core.ids import Capability, RoomId
from visavis.server import call_room_socket, call_rooms
from visavis.server.call_room import LOST_S
from visavis.server.call_rooms import EMPTY_S
from visavis.testing.clock import VirtualClock


async def test_rooms_of_a_capability_are_bounded(tmp_path: Path) -> None:
    """CK-807"""
    async with scene(tmp_path) as stage:
        quotas = stage.server.served.delivery.quotas
        key = sha256(stage.device.capabilities[0]).digest()
        clock = stage.server.served.application.services.clock
        await stage.maker()
        assert quotas.spend(call_room_socket.Spend.ROOM, key, 99, clock.monotonic())
        another = stage.making(room=RoomId(os.urandom(16)))
        member = await stage.connect()
        assert await member.refused(another) is Refusal.QUOTA
        capability = Capability(stage.device.capabilities[2])
        await member.say(replace(another, capability=capability))
        await member.expect(room.RoomEntered)


async def test_rooms_in_all_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """CK-807"""
    monkeypatch.setattr(call_rooms, "MAX_ROOMS", 1)
    async with scene(tmp_path) as stage:
        await stage.maker()
        another = stage.making(room=RoomId(os.urandom(16)))
        assert await (await stage.connect()).refused(another) is Refusal.UNAVAILABLE


async def test_members_of_a_room_are_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CK-808"""
    monkeypatch.setattr("visavis.server.call_room.MAX_MEMBERS", 3)
    async with scene(tmp_path) as stage:
        _, _, c = await stage.trio()
        late = await stage.connect()
        assert await late.refused(room.RoomEnter(stage.room, KEYS[0])) is Refusal.QUOTA
        await c.say(room.RoomLeave())
        await c.end()
        await late.say(room.RoomEnter(stage.room, KEYS[0]))
        await late.expect(room.RoomEntered)


async def test_bytes_of_a_member_are_bounded(tmp_path: Path) -> None:
    """CK-809: beyond them nothing is passed on; a second later it goes on."""
    clock = VirtualClock()
    async with scene(tmp_path, clock=clock) as stage:
        a = await stage.maker()
        b = await stage.joiner()
        b.answers_pings = True
        await a.expect(room.RoomCame)
        body = bytes(room_fields.MAX_SAID)
        sent = call_room_socket.BURST // room_fields.MAX_SAID + 3
        for _ in range(sent):
            await a.say(room.RoomSay(body))
        refused = 0
        while refused < 4:
            assert (await a.expect(room.RoomRefused)).code is Refusal.QUOTA
            refused += 1
        passed = sent - refused
        for _ in range(passed):
            await b.expect(room.RoomSaid)
        assert await b.nothing()
        await alive(stage, clock, 1.25)
        await a.say(room.RoomSay(body))
        await b.expect(room.RoomSaid)


async def test_what_lets_somebody_in_counts_by_its_share(tmp_path: Path) -> None:
    """CK-809: of three members, half. The control: what goes to all of them."""
    async with scene(tmp_path, clock=VirtualClock()) as stage:
        a, b, _ = await stage.trio()
        outside = await stage.connect()
        await outside.say(room.RoomKnock(stage.room, b"let me in"))
        knock = (await a.expect(room.RoomKnocked)).knock
        welcome = room.RoomLetIn(knock, bytes(100_000))
        most = 2 * call_room_socket.BURST // 100_100
        for _ in range(most):
            await a.say(welcome)
        for _ in range(most):
            assert len((await outside.expect(room.RoomAnswered)).body) == 100_000
        assert await a.refused(welcome) is Refusal.QUOTA
        said = room.RoomSay(bytes(room_fields.MAX_SAID))
        for _ in range(call_room_socket.BURST // len(said.body) - 1):
            await b.say(said)
        assert await b.refused(said) is Refusal.QUOTA


async def test_who_is_refused_without_end_is_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CK-809"""
    monkeypatch.setattr(call_room_socket, "MAX_REFUSED", 3)
    async with scene(tmp_path) as stage:
        a, b, _ = await stage.trio()
        for _ in range(3):
            assert await b.refused(commit(0, key=KEYS[9])) is Refusal.REFUSED
        assert await b.end() == 1008
        assert (await a.expect(room.RoomGone)).member == b.number


async def test_who_does_not_read_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """CK-810: what waits for a slow member is bounded; the others go on."""
    monkeypatch.setattr(call_room_socket, "MAX_UNREAD_BYTES", 200_000)
    monkeypatch.setattr(call_room_socket, "BYTES_PER_S", 2**30)
    monkeypatch.setattr(call_room_socket, "BURST", 2**30)
    monkeypatch.setattr("visavis.server.call_room.LOST_S", 60.0)
    async with scene(tmp_path) as stage:
        a = await stage.maker()
        url = f"{stage.server.origin.replace('http', 'ws')}/v1/call-room"
        async with connect(url, compression=None, max_queue=1, ping_interval=None) as slow:
            await slow.send(room.encode_to_room(room.RoomEnter(stage.room, KEYS[0])))
            assert isinstance(
                room.decode_from_room(await slow.recv(decode=False)), room.RoomEntered
            )
            await a.expect(room.RoomCame)
            slow.transport.pause_reading()
            body = bytes(room_fields.MAX_SAID)
            gone = asyncio.ensure_future(a.expect(room.RoomGone, 20))
            while not gone.done():
                await a.say(room.RoomSay(body))
                await asyncio.sleep(0)
            assert gone.result() == room.RoomGone(1, Why.LOST)
            slow.transport.abort()


async def test_a_silent_member_is_lost_within_three_seconds(tmp_path: Path) -> None:
    """CK-811, on a virtual clock: a ping unanswered. The control answers, and stays."""
    clock = VirtualClock()
    async with scene(tmp_path, clock=clock) as stage:
        a, b, c = await stage.trio()
        c.answers_pings = False
        begun = clock.monotonic()
        gone = asyncio.ensure_future(a.expect(room.RoomGone))
        while not gone.done():
            assert clock.monotonic() - begun < 3.0
            await alive(stage, clock, 0.25)
        assert gone.result() == room.RoomGone(c.number, Why.LOST)
        assert clock.monotonic() - begun >= LOST_S, "no sooner: a hiccup is forgiven"
        assert c.pings >= 1
        assert await c.end() == 1013
        await alive(stage, clock, 10)
        assert await b.until(room.RoomGone) == room.RoomGone(c.number, Why.LOST)
        assert await b.nothing(), "who answers stays"


async def test_a_server_that_stood_still_loses_nobody(tmp_path: Path) -> None:
    """CK-811: when it was we who did not listen, everybody gets their time anew."""
    clock = VirtualClock()
    async with scene(tmp_path, clock=clock) as stage:
        a, b, _ = await stage.trio()
        await clock.jump(30)
        await alive(stage, clock, 4)
        assert a._got.empty()
        assert b._got.empty()


async def test_an_empty_room_ends_after_a_minute(tmp_path: Path) -> None:
    """CK-812: before that it can be entered; afterwards its id and its commits are gone."""
    clock = VirtualClock()
    async with scene(tmp_path, clock=clock) as stage:
        a = await stage.maker()
        await a.say(commit(0))
        await a.expect(room.RoomCommitted)
        await a.close()
        await until(lambda: next(iter(stage.rooms._rooms.values()))[0].empty_since)
        await alive(stage, clock, EMPTY_S - 1)
        b = await stage.joiner(KEYS[1])
        await b.close()
        await until(lambda: next(iter(stage.rooms._rooms.values()))[0].empty_since)
        await clock.advance(EMPTY_S + 1)
        await until(lambda: not len(stage.rooms))
        assert len(stage.rooms._order) == 0
        late = await stage.connect()
        assert await late.refused(room.RoomEnter(stage.room, KEYS[1])) is Refusal.REFUSED
