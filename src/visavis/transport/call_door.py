"""Standing at the door of a call room: knocking, and what those inside answer.

    room.knock ->   ... room.answered <-   (docs/protocol/call-room.md)

As nobody, like a member of the room (`call_room`). A connection that ends is made anew with the
next knock. Not for: what is in a knock or an answer (`visavis.core.room_door`).
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Self

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from visavis.core.content_room import (
    RoomAnswered,
    RoomKnock,
    RoomRefused,
    encode_to_room,
)
from visavis.core.content_room_fields import Refusal
from visavis.core.ids import RoomId
from visavis.transport.call_room import decoded
from visavis.transport.opening import Opener


class CallDoor:
    """The door of one room; use `async with`.

    Args:
        origin: The server.
        room: Which room.
    """

    def __init__(self, origin: str, room: RoomId) -> None:
        self._opener = Opener(origin, "/v1/call-room")
        self._room = room
        self._connection: ClientConnection | None = None
        self._reading: asyncio.Task[None] | None = None
        self._answers: asyncio.Queue[bytes | Refusal] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._drop()

    async def knock(self, body: bytes) -> None:
        """Knock, or knock again.

        Raises:
            UnavailableError: The server cannot be reached.
        """
        if self._reading is not None and self._reading.done():
            await self._drop()
        connection = self._connection
        if connection is None:
            connection = self._connection = await self._opener.open()
            self._reading = asyncio.create_task(self._read(connection))
        with contextlib.suppress(ConnectionClosed):  # the next knock finds out
            await connection.send(encode_to_room(RoomKnock(self._room, body)))

    async def next(self) -> bytes | Refusal:
        """Return what comes next: an answer, or why the server does not pass the knock on."""
        return await self._answers.get()

    async def _read(self, connection: ClientConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for data in connection:
                match decoded(data):
                    case RoomAnswered(body):
                        self._answers.put_nowait(body)
                    case RoomRefused(code):
                        self._answers.put_nowait(code)
                    case _:
                        pass  # nothing else is said to who is outside

    async def _drop(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        if self._connection is not None:
            await self._connection.close()
        self._connection = self._reading = None
