"""Members of a call room without an SDK: raw connections to `/v1/call-room`, and a scripted SFU."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from visavis.core import content_room as room
from visavis.core import content_room_fields as room_fields
from visavis.core.content_room import FromRoom, ToRoom, decode_from_room, encode_to_room
from visavis.core.ids import Capability, Digest, MailboxId, RoomId, RoomKey
from visavis.testing.clock import VirtualClock
from visavis.testing.raw_client import RawDevice, add_device
from visavis.testing.server import LocalServer, local_server

KEYS = [RoomKey(bytes([number]) * 32) for number in range(40)]
"""Room keys of epochs 0, 1, ..."""

Wanted = TypeVar("Wanted")


def hash_of(key: RoomKey) -> Digest:
    return Digest(sha256(key).digest())


class RawMember:
    """One connection; answers pings by itself unless told not to."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.number = -1
        self.answers_pings = True
        self.pings = 0
        self.closed: int | None = None
        self._got: asyncio.Queue[FromRoom | None] = asyncio.Queue()
        self._kept: list[FromRoom] = []
        self._reader = asyncio.ensure_future(self._read())

    async def _read(self) -> None:
        try:
            while True:
                message = decode_from_room(await self.socket.recv(decode=False))
                if isinstance(message, room.RoomPing):
                    self.pings += 1
                    if self.answers_pings:
                        await self.say(room.RoomPong())
                    continue
                self._got.put_nowait(message)
        except ConnectionClosed as closed:
            self.closed = closed.rcvd.code if closed.rcvd else 1006
            self._got.put_nowait(None)

    async def say(self, message: ToRoom) -> None:
        await self.socket.send(encode_to_room(message))

    async def next(self, timeout_s: float = 10) -> FromRoom:
        if self._kept:
            return self._kept.pop(0)
        message = await asyncio.wait_for(self._got.get(), timeout_s)
        assert message is not None, f"closed with {self.closed}"
        return message

    async def expect(self, kind: type[Wanted], timeout_s: float = 10) -> Wanted:
        """The next message, which has to be of a kind."""
        message = await self.next(timeout_s)
        assert isinstance(message, kind), message.TYPE
        return message

    async def until(self, kind: type[Wanted], timeout_s: float = 10) -> Wanted:
        """The next message of a kind; others are kept for later."""
        skipped: list[FromRoom] = []
        async with asyncio.timeout(timeout_s):
            while True:
                message = await self.next(timeout_s)
                if isinstance(message, kind):
                    self._kept = skipped + self._kept
                    return message
                skipped.append(message)

    async def refused(self, message: ToRoom) -> room_fields.Refusal:
        await self.say(message)
        refused = await self.until(room.RoomRefused)
        assert refused.asked == message.TYPE["t"]
        return refused.code

    async def end(self, timeout_s: float = 10) -> int:
        """The code it is closed with."""
        async with asyncio.timeout(timeout_s):
            while await self._got.get() is not None:
                pass
        assert self.closed is not None
        return self.closed

    async def nothing(self, seconds: float = 0.2) -> bool:
        await asyncio.sleep(seconds)
        return self._got.empty() and not self._kept

    async def close(self) -> None:
        await self.socket.close()
        self._reader.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reader


class Scene:
    """A server, a device with capabilities, and members that come and go."""

    def __init__(self, server: LocalServer, device: RawDevice) -> None:
        self.server = server
        self.device = device
        self.members: list[RawMember] = []
        self.room = RoomId(os.urandom(16))

    @property
    def rooms(self) -> Any:
        return self.server.served.delivery.rooms

    async def connect(self) -> RawMember:
        url = f"{self.server.origin.replace('http', 'ws')}/v1/call-room"
        socket = await connect(url, compression=None, max_size=2**20, ping_interval=None)
        member = RawMember(socket)
        self.members.append(member)
        return member

    def making(self, number: int = 0, **changes: Any) -> room.RoomCreate:
        values: dict[str, Any] = {
            "room": self.room,
            "mailbox": MailboxId(self.device.mailbox),
            "capability": Capability(self.device.capabilities[0]),
            "n": number,
            "key": hash_of(KEYS[number]),
        }
        return room.RoomCreate(**values | changes)

    async def maker(self, number: int = 0) -> RawMember:
        member = await self.connect()
        await member.say(self.making(number))
        member.number = (await member.expect(room.RoomEntered)).member
        return member

    async def joiner(self, key: RoomKey = KEYS[0]) -> RawMember:
        member = await self.connect()
        await member.say(room.RoomEnter(self.room, key))
        member.number = (await member.expect(room.RoomEntered)).member
        return member

    async def trio(self) -> list[RawMember]:
        """Three members, each of whom knows of the others."""
        members = [await self.maker(), await self.joiner(), await self.joiner()]
        for already in (members[:1], members[:2]):
            for member in already:
                await member.expect(room.RoomCame)
        return members


@contextlib.asynccontextmanager
async def scene(folder: Path, **changes: Any) -> AsyncIterator[Scene]:
    async with local_server(folder, **changes) as server:
        clock = server.served.application.services.clock
        device = await add_device(
            server.served.application.services.store, clock.now() if clock else time.time()
        )
        stage = Scene(server, device)
        try:
            yield stage
        finally:
            await asyncio.gather(*(member.close() for member in stage.members))


def commit(number: int, body: bytes = b"sealed commit", **changes: Any) -> room.RoomCommit:
    """The commit that leads from epoch `number`."""
    values: dict[str, Any] = {
        "n": number,
        "key": KEYS[number],
        "body": body,
        "next": hash_of(KEYS[number + 1]),
    }
    return room.RoomCommit(**values | changes)


async def until(condition: Callable[[], object], timeout_s: float = 10) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.01)


def kinds(messages: Sequence[FromRoom]) -> list[str]:
    return [message.TYPE["t"] for message in messages]


async def alive(stage: Scene, clock: VirtualClock, seconds: float) -> None:
    """Let virtual time pass in steps in which members can answer."""
    left = seconds
    while left > 0:
        await clock.advance(min(0.25, left))
        left -= 0.25
        await asyncio.sleep(0.02)
