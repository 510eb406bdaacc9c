"""One member's connection to a call room (`/v1/call-room`), entered again by itself when it ends.

    room.create | room.enter ->   <- room.entered   <- what others say, commits, who comes and goes

As nobody: no account and no token goes over it (P12). Whoever knows the present key of the call's
group may enter. A server that was started anew knows no rooms; the first member to come back makes
the room again, if it holds a capability, and the others enter it.

Not for: what is said, or who a number is (`visavis.sdk.group_call_shell`).
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from visavis.core.content_room import (
    FromRoom,
    RoomCreate,
    RoomEnter,
    RoomEntered,
    RoomLeave,
    RoomPing,
    RoomPong,
    RoomRefused,
    ToRoom,
    decode_from_room,
    encode_to_room,
)
from visavis.core.content_room_fields import Refusal
from visavis.core.errors import UnavailableError, VisavisError
from visavis.core.ids import Capability, Digest, MailboxId, RoomId, RoomKey
from visavis.transport.opening import OPEN_TIMEOUT_S, Opener, jittered

FIRST_BACKOFF_S: Final = 0.1
MAX_BACKOFF_S: Final = 2.0
"""Between two attempts to enter. A call waits for it, so it is short."""

TRIES: Final = 3
"""How often a room that refuses us is asked again: another member may be making it anew."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """With what a room is made: any address of ours that the server knows (P12)."""

    mailbox: MailboxId = field(repr=False)
    capability: Capability = field(repr=False)


@dataclass(frozen=True, slots=True)
class Place:
    """Where we are in the call's group: what opens the room."""

    n: int
    key: RoomKey = field(repr=False)


@dataclass(frozen=True, slots=True)
class RoomLost:
    """The connection ended; it is made anew."""


@dataclass(frozen=True, slots=True)
class RoomShut:
    """The room is not there, or does not let us in: nothing comes any more."""


RoomEvent: TypeAlias = FromRoom | RoomLost | RoomShut


class CallRoomSocket:
    """A member's connection. Begin with `start`; end with `leave`.

    Args:
        origin: The server.
        room: Which room.
        place: Tells where we are now.
        ticket: To make the room; None: it can only be entered.
        new: Whether the room is not made yet.
    """

    def __init__(
        self,
        origin: str,
        room: RoomId,
        place: Callable[[], Place],
        *,
        ticket: Ticket | None = None,
        new: bool = False,
    ) -> None:
        self._opener = Opener(origin, "/v1/call-room")
        self._room = room
        self._place = place
        self._ticket = ticket
        self._make = new and ticket is not None
        self._events: asyncio.Queue[RoomEvent] = asyncio.Queue()
        self._outgoing: asyncio.Queue[ToRoom | None] = asyncio.Queue()
        self._inside = False
        self._refused = 0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Enter, and enter again whenever the connection ends."""
        self._task = asyncio.create_task(self._run())

    async def next(self) -> RoomEvent:
        """Return what comes next."""
        return await self._events.get()

    def send(self, message: ToRoom) -> None:
        """Say something to the room; dropped while we are not in it."""
        if self._inside:
            self._outgoing.put_nowait(message)

    async def leave(self) -> None:
        """Say what is still to be said, leave, and close the connection."""
        task, self._task = self._task, None
        if task is None:
            return
        if self._inside:
            self._outgoing.put_nowait(RoomLeave())
            self._outgoing.put_nowait(None)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await asyncio.wait([task])
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def _run(self) -> None:
        failures = 0
        while True:
            try:
                came_in = await self._session()
            except UnavailableError:
                came_in = False
            if self._task is None:
                return
            if self._refused > TRIES:
                self._events.put_nowait(RoomShut())
                return
            failures = 0 if came_in else failures + 1
            pause = min(MAX_BACKOFF_S, FIRST_BACKOFF_S * 2 ** min(failures, 8))
            await asyncio.sleep(jittered(pause))

    async def _session(self) -> bool:
        """Be in the room until the connection ends; say whether it let us in."""
        connection = await self._opener.open()
        try:
            await connection.send(encode_to_room(self._first()))
            async with asyncio.timeout(OPEN_TIMEOUT_S):
                answer = decoded(await connection.recv())
            if not isinstance(answer, RoomEntered):
                self._not_let_in(answer)
                return False
            self._refused, self._make, self._inside = 0, False, True
            self._outgoing = asyncio.Queue()
            self._events.put_nowait(answer)
            await self._both_ways(connection)
        except (ConnectionClosed, TimeoutError):
            pass
        finally:
            if self._inside:
                self._inside = False
                self._events.put_nowait(RoomLost())
            await connection.close()
        return True

    def _first(self) -> ToRoom:
        place = self._place()
        if self._make and self._ticket is not None:
            ticket = self._ticket
            key_hash = Digest(hashlib.sha256(place.key).digest())
            return RoomCreate(self._room, ticket.mailbox, ticket.capability, place.n, key_hash)
        return RoomEnter(self._room, place.key)

    def _not_let_in(self, answer: FromRoom | None) -> None:
        if isinstance(answer, RoomRefused) and answer.code is not Refusal.UNAVAILABLE:
            self._refused += 1
            # A room that is not there can be made; one that another member made can be entered.
            self._make = not self._make and self._ticket is not None

    async def _both_ways(self, connection: ClientConnection) -> None:
        writing = asyncio.create_task(self._write(connection))
        reading = asyncio.create_task(self._read(connection))
        try:
            await asyncio.wait([writing, reading], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (writing, reading):
                task.cancel()
            await asyncio.gather(writing, reading, return_exceptions=True)

    async def _read(self, connection: ClientConnection) -> None:
        async for data in connection:
            message = decoded(data)
            if isinstance(message, RoomPing):
                self._outgoing.put_nowait(RoomPong())
            elif message is not None:
                self._events.put_nowait(message)

    async def _write(self, connection: ClientConnection) -> None:
        while (message := await self._outgoing.get()) is not None:
            await connection.send(encode_to_room(message))


def decoded(data: str | bytes) -> FromRoom | None:
    """Return what the room said; None: what no room says."""
    if isinstance(data, str):
        return None
    try:
        return decode_from_room(data)
    except VisavisError:
        return None
