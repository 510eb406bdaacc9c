"""A call room without a server: numbers, messages and commits in one order, on a virtual clock."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Callable
from functools import partial

from visavis.core.content_room import (
    RoomCame,
    RoomCommit,
    RoomCommitted,
    RoomEntered,
    RoomEvict,
    RoomGone,
    RoomOrdered,
    RoomPull,
    RoomPulled,
    RoomRefused,
    RoomSaid,
    RoomSay,
    ToRoom,
    decode_from_room,
    decode_to_room,
    encode_from_room,
    encode_to_room,
)
from visavis.core.content_room_fields import Refusal, Why
from visavis.transport.call_room import RoomEvent, RoomLost, RoomShut

NOTICED_S = 3.0
"""After so long the server sees that a connection ended without a word."""


class Hub:
    """The server's side."""

    def __init__(self, key: bytes, *, latency_s: float = 0.03, seed: int = 1) -> None:
        self.key_hash = hashlib.sha256(key).digest()
        self.n = 0
        self.commits: list[bytes] = []
        self.authors: list[tuple[int, float]] = []
        """Whose each commit is, by number, and when it was taken."""
        self.inside: dict[int, Room] = {}
        self.evicted: list[int] = []
        self._next = 1
        self._dice = random.Random(seed)
        self._latency_s = latency_s
        self._busy_until: dict[int, float] = {}

    def delay(self) -> float:
        return self._dice.uniform(0.001, self._latency_s)

    def enter(self, room: Room, key: bytes) -> None:
        if not self.opens(key):
            self.to(room, RoomShut())
            return
        room.number, self._next = self._next, self._next + 1
        present = tuple(self.inside)
        self.inside[room.number] = room
        self.to(room, RoomEntered(room.number, present, self.n, has_sfu=False, most=200))
        self.to_others(room.number, RoomCame(room.number))

    def gone(self, number: int) -> None:
        if self.inside.pop(number, None) is not None:
            self.to_others(number, RoomGone(number, Why.LEFT))

    def hears(self, room: Room, message: ToRoom) -> None:
        """Do what a member asks."""
        if not room.connected:
            return
        match message:
            case RoomSay(body, to):
                said = RoomSaid(room.number, body)
                if to is None:
                    self.to_others(room.number, said)
                elif to in self.inside:
                    self.to(self.inside[to], said)
            case RoomCommit(n, key, body, following):
                if not self.opens(key):
                    self.to(room, RoomRefused(Refusal.REFUSED, message.TYPE["t"]))
                    return
                good = n == self.n
                if good:
                    self.n, self.key_hash = self.n + 1, bytes(following)
                    self.commits.append(body)
                    self.authors.append((room.number, asyncio.get_running_loop().time()))
                self.to(room, RoomCommitted(n, good))
                if good:
                    self.to_others(room.number, RoomOrdered(n, body))
            case RoomPull(first):
                for n in range(first, min(first + 2, self.n)):
                    self.to(room, RoomOrdered(n, self.commits[n]))
                self.to(room, RoomPulled(min(first + 2, self.n)))
            case RoomEvict(member, key) if self.opens(key):
                self.evicted.append(member)
                self.gone(member)

    def opens(self, key: bytes) -> bool:
        return hashlib.sha256(key).digest() == self.key_hash

    def to(self, room: Room, event: RoomEvent) -> None:
        """Deliver in the room's order, however long each takes."""
        loop = asyncio.get_running_loop()
        at = max(loop.time() + self.delay(), self._busy_until.get(id(room), 0.0))
        self._busy_until[id(room)] = at + 1e-6
        loop.call_at(at, room.hear, event)

    def to_others(self, number: int, event: RoomEvent) -> None:
        for other, room in tuple(self.inside.items()):
            if other != number:
                self.to(room, event)


class Room:
    """One member's connection; `visavis.sdk.group_call_seam.CallRoom`."""

    def __init__(self, hub: Hub, key: Callable[[], bytes]) -> None:
        self.number = 0
        self.connected = True
        self._hub = hub
        self._key = key
        self._events: asyncio.Queue[RoomEvent] = asyncio.Queue()
        self._later(lambda: hub.enter(self, key()))

    def _later(self, what: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_later(self._hub.delay(), what)

    def hear(self, event: RoomEvent) -> None:
        if not self.connected:
            return
        if not isinstance(event, RoomLost | RoomShut):
            event = decode_from_room(encode_from_room(event))
        self._events.put_nowait(event)

    def cut(self, seconds: float) -> None:
        """Lose the connection, and come back after so long."""
        loop = asyncio.get_running_loop()
        self.connected, number = False, self.number
        self._events.put_nowait(RoomLost())
        loop.call_later(NOTICED_S, self._hub.gone, number)
        loop.call_later(seconds, self._back, number)

    def _back(self, number: int) -> None:
        self._hub.gone(number)
        self.connected = True
        self._hub.enter(self, self._key())

    def die(self) -> None:
        """Vanish without a word."""
        self.connected = False
        asyncio.get_running_loop().call_later(NOTICED_S, self._hub.gone, self.number)

    async def next(self) -> RoomEvent:
        return await self._events.get()

    def send(self, message: ToRoom) -> None:
        if self.connected:
            # As it goes over the wire.
            self._later(partial(self._hub.hears, self, decode_to_room(encode_to_room(message))))

    async def leave(self) -> None:
        if self.connected:
            self.connected = False
            self._hub.gone(self.number)
