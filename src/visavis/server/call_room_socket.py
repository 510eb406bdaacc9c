"""`/v1/call-room`: one member's connection to one call room. Bare ASGI, no account, no cookie.

::

    connect -> room.create | room.enter within ten seconds -> room.entered -> ... -> closed
    connect -> room.knock ... room.answered (CK-825) -> room.enter on this or another connection

The first message decides which room it is for; a connection is in one room, and a member is one
connection: when it ends, for whatever reason, the others are told at once. The order of the checks
on each message, cheapest first: its form (CK-801), the member's bytes (CK-809), then what it asks.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from starlette.types import Receive, Scope, Send

from visavis.core.content_room import (
    RoomCreate,
    RoomEnter,
    RoomKnock,
    RoomLetIn,
    RoomRefused,
    ToRoom,
    decode_to_room,
    encode_from_room,
)
from visavis.core.content_room_fields import Refusal, Why
from visavis.core.errors import AuthorizationError, Code, PeerError, VisavisError
from visavis.ports.clock import Clock
from visavis.server.allowance import Allowance
from visavis.server.call_room_door import WAIT_S, Knocker, knock
from visavis.server.call_rooms import CallRooms, Entrance
from visavis.server.capabilities import Capabilities
from visavis.server.frames import Close
from visavis.server.limits import AddressLimits
from visavis.server.quotas import Quotas, Spend
from visavis.server.websocket import Write, write_of

FIRST_S: Final = 10.0
"""Seconds for the first message to arrive (CK-800)."""

BYTES_PER_S: Final = 64 * 1024
"""Bytes a second that a member may send, in the long run (CK-809); each goes to all the others.
What lets somebody in goes to them alone, and counts by its share: eight Welcomes to a call of fifty
are 0.7 MiB, and whoever makes the commit sends them all at once.
A change of members costs it a few KiB, a commit some tens."""

BURST: Final = 1024 * 1024
LEAST_COST: Final = 256
"""Bytes that the shortest message counts as: it costs the others more than it costs its sender."""

MAX_REFUSED: Final = 64
"""Messages of a member that are refused before its connection is closed."""

MAX_TRIES: Final = 4
"""Refused attempts to get into a room on one connection."""

MAX_UNREAD_BYTES: Final = 4 * 1024 * 1024
"""Bytes that may wait for a slow member before it counts as lost (CK-810)."""

LINGER_S: Final = 2.0
"""Seconds for the last messages and the close frame to be written."""


@dataclass(slots=True)
class RoomParts:
    """What the connections need of the server."""

    rooms: CallRooms
    capabilities: Capabilities
    quotas: Quotas
    limits: AddressLimits
    clock: Clock


class CallRoomEndpoint:
    """The ASGI application of `/v1/call-room`."""

    def __init__(self, parts: RoomParts) -> None:
        self._parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection until either side closes it."""
        await receive()  # websocket.connect
        await send({"type": "websocket.accept"})
        client = scope.get("client")
        parts = self._parts
        address = parts.limits.hash_of(client[0] if client else "", parts.clock.monotonic())
        session = _RoomSession(parts, address, receive, send, write_of(scope))
        try:
            await session.run()
        finally:
            session.end()


class _RoomSession:
    """One connection; the `Line` of its member."""

    def __init__(
        self, parts: RoomParts, address: bytes, receive: Receive, send: Send, write: Write
    ) -> None:
        self._parts = parts
        self._address = address
        self._receive = receive
        self._send = send
        self._write_now = write
        self._entrance: Entrance | None = None
        self._knocker: Knocker | None = None
        self._refused = 0
        self._tries = 0
        self._allowance = Allowance(BYTES_PER_S, BURST, parts.clock.monotonic())
        self._queue: deque[bytes] = deque()
        self._unread = 0
        self._writer: asyncio.Task[None] | None = None
        self._closing: Close | None = None
        self._main = asyncio.current_task()

    async def run(self) -> None:
        """Read messages until the connection ends."""
        try:
            await self._read()
        except asyncio.CancelledError:
            if self._closing is None:  # not `_abandon` but the server's shutdown
                raise
        else:
            self._lost()  # the others know before the rest is written
            if self._writer is not None:
                await self._writer

    def put(self, data: bytes) -> None:
        """Write a message; see `Line.put`."""
        if self._closing is not None:
            return
        if self._writer is None and self._write_now((data,)):
            return
        self._queue.append(data)
        self._unread += len(data)
        if self._unread > MAX_UNREAD_BYTES:
            self._queue.clear()
            self._lost()  # CK-810
        elif self._writer is None:
            self._start_writer()

    def close(self, code: Close) -> None:
        """End the connection, soon; see `Line.close`."""
        if self._closing is None:
            self._closing = code
            if self._writer is None:
                self._start_writer()
            asyncio.get_running_loop().call_later(LINGER_S, self._abandon)

    def end(self) -> None:
        """The connection has ended: tell the room, if it does not know."""
        if self._closing is None:
            self._closing = Close.NORMAL
        self._main = None
        if self._writer is not None:
            self._writer.cancel()
        self._lost()

    def _lost(self) -> None:
        self._from_the_door()
        entrance, self._entrance = self._entrance, None
        if entrance is not None:
            self._parts.rooms.leave(entrance, Why.LOST)

    def _from_the_door(self) -> None:
        knocker, self._knocker = self._knocker, None
        if knocker is not None:
            knocker.room.door.go(knocker)

    async def _read(self) -> None:
        while self._closing is None:
            if self._entrance is None:
                wait_s = FIRST_S if self._knocker is None else WAIT_S
                try:
                    message = await asyncio.wait_for(self._receive(), wait_s)
                except TimeoutError:
                    self.close(Close.POLICY)  # CK-800
                    return
            else:
                message = await self._receive()
            data = message.get("bytes")
            if data is None:
                if message["type"] == "websocket.receive":
                    self.close(Close.UNSUPPORTED)
                return
            try:
                asked = decode_to_room(data)
            except PeerError:
                self.close(Close.POLICY)  # CK-801
                return
            await self._take(asked, len(data))

    async def _take(self, asked: ToRoom, size: int) -> None:
        rooms = self._parts.rooms
        if self._entrance is not None:
            rooms.heard(self._entrance)
        cost = max(self._share(asked, size), LEAST_COST)
        if not self._allowance.spend(cost, self._parts.clock.monotonic()):
            self._refuse(asked, Code.QUOTA)  # CK-809
            return
        try:
            if self._entrance is not None:
                self._allowance.owe(rooms.take(self._entrance, asked))
            elif isinstance(asked, RoomCreate):
                await self._pay_for_room(asked)
                self._entrance = rooms.create(asked, self)
                self._from_the_door()
            elif isinstance(asked, RoomEnter):
                self._require_tries()
                self._entrance = rooms.enter(asked, self)
                self._from_the_door()
            elif isinstance(asked, RoomKnock):
                self._knock(asked)
            else:
                raise PeerError(Code.UNEXPECTED, "CK-800: in no room yet")
        except VisavisError as error:
            if isinstance(error, AuthorizationError):
                self._parts.limits.failed(self._address, self._parts.clock.monotonic())
            self._refuse(asked, error.code)

    def _share(self, asked: ToRoom, size: int) -> int:
        """Return how many bytes each of the others would have to take for this to cost as much."""
        if self._entrance is None or not isinstance(asked, RoomLetIn):
            return size
        return size // max(1, len(self._entrance.room.members) - 1)

    def _knock(self, asked: RoomKnock) -> None:
        if self._knocker is None:
            self._require_tries()
            self._knocker = self._parts.rooms.knock(asked, self)
        else:  # at the door that it came to, whichever it names now
            knock(self._knocker, asked, self._parts.clock.monotonic())

    async def _pay_for_room(self, asked: RoomCreate) -> None:
        """Check the capability and take from its quota (CK-802, CK-807)."""
        parts = self._parts
        self._require_tries()
        key = await parts.capabilities.require(bytes(asked.mailbox), bytes(asked.capability))
        if not parts.quotas.spend(Spend.ROOM, key, 1, parts.clock.monotonic()):
            raise PeerError(Code.QUOTA, "CK-807: the capability's rooms are used up")

    def _require_tries(self) -> None:
        # CK-824: guessing ends, for the address as everywhere (CK-472).
        now = self._parts.clock.monotonic()
        if self._parts.limits.too_many_failures(self._address, now):
            raise PeerError(Code.QUOTA, "CK-824: too many failures")

    def _refuse(self, asked: ToRoom, code: Code) -> None:
        known = {word.value for word in Refusal}
        refusal = Refusal(code.value) if code.value in known else Refusal.UNAVAILABLE
        self.put(encode_from_room(RoomRefused(refusal, asked.TYPE["t"])))
        self._refused += 1
        self._tries += self._entrance is None
        if self._refused >= MAX_REFUSED or self._tries >= MAX_TRIES:
            self.close(Close.POLICY)

    def _abandon(self) -> None:
        """Drop a connection whose client does not take its close frame."""
        if self._writer is not None:
            self._writer.cancel()
        if self._main is not None:
            self._main.cancel()

    def _start_writer(self) -> None:
        self._writer = asyncio.get_running_loop().create_task(self._write())

    async def _write(self) -> None:
        # The other side going away ends the reader as well, which is where that is dealt with.
        with suppress(OSError):
            while self._queue:
                data = self._queue.popleft()
                await self._send({"type": "websocket.send", "bytes": data})
                self._unread -= len(data)
            if self._closing is not None:
                await self._send({"type": "websocket.close", "code": int(self._closing)})
        self._writer = None
