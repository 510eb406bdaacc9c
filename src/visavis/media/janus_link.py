"""The server's one connection to Janus: requests and their answers, events by handle, keep-alives.

Janus' API (its manual, "REST, WebSockets API"): JSON over WebSocket, here on a Unix socket. One
session for the life of the connection; a *handle* is one peer connection of one member. A request
to a plugin is acknowledged first, and answered by an event of the same transaction.

Whoever knows a session's and a handle's number may command it, so no number ever leaves the server.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, unix_connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from visavis.core.errors import Code, UnavailableError
from visavis.media.janus_config import VIDEOROOM

ANSWER_TIMEOUT_S: Final = 5.0
KEEP_ALIVE_S: Final = 10.0
"""Seconds between two signs of life; a third of `SESSION_TIMEOUT_S`."""

MAX_ANSWER: Final = 4 * 1024 * 1024
"""Bytes of one answer: an offer of 400 sections has some 300 KiB."""

Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a plugin answered: its data, and a description if there is one."""

    data: dict[str, Any]
    sdp: str | None


class JanusError(UnavailableError):
    """Janus refused a request.

    Attributes:
        number: Janus' number of the reason, such as 428 for an unknown feed.
    """

    def __init__(self, number: int) -> None:
        super().__init__(Code.UNAVAILABLE, f"the SFU refused a request ({number})")
        self.number = number


class JanusLink:
    """An open connection with a session; made by `open_link`.

    Args:
        socket: Connected.
        secret: What every request carries.
        lost: Called once when the connection ends, whoever ended it.
    """

    def __init__(self, socket: ClientConnection, secret: str, lost: Callable[[], None]) -> None:
        self._socket = socket
        self._secret = secret
        self._lost = lost
        self._numbers = itertools.count(1)
        self._waiting: dict[str, asyncio.Future[Event]] = {}
        self._handles: dict[int, Callable[[Event], None]] = {}
        self._session = 0
        self._closed = False
        loop = asyncio.get_running_loop()
        self._reader = loop.create_task(self._read(), name="janus reader")
        self._keeper: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Make the session and keep it alive.

        Raises:
            UnavailableError: Janus does not answer.
        """
        created = await self._request({"janus": "create"})
        self._session = int(created["data"]["id"])
        self._keeper = asyncio.get_running_loop().create_task(self._keep(), name="janus keeper")

    async def attach(self, on_event: Callable[[Event], None]) -> int:
        """Return a new handle, whose events go to `on_event`.

        Raises:
            UnavailableError: The connection is gone, or Janus refuses.
        """
        attached = await self._request({"janus": "attach", "plugin": VIDEOROOM})
        handle = int(attached["data"]["id"])
        self._handles[handle] = on_event
        return handle

    async def detach(self, handle: int) -> None:
        """End a handle and its peer connection; it never fails."""
        if self._handles.pop(handle, None) is not None and not self._closed:
            with contextlib.suppress(UnavailableError):
                await self._request({"janus": "detach", "handle_id": handle})

    async def ask(
        self, handle: int, body: dict[str, Any], jsep: dict[str, Any] | None = None
    ) -> Answer:
        """Ask the plugin something.

        Args:
            handle: Whose.
            body: The request.
            jsep: A description that goes with it.

        Raises:
            JanusError: It refused.
            UnavailableError: The connection is gone, or nothing came in time.
        """
        message: Event = {"janus": "message", "handle_id": handle, "body": body}
        if jsep is not None:
            message["jsep"] = jsep
        answer = await self._request(message)
        data = answer.get("plugindata", {}).get("data", {})
        if "error_code" in data:
            raise JanusError(int(data["error_code"]))
        return Answer(data, answer.get("jsep", {}).get("sdp"))

    async def close(self) -> None:
        """End the connection, and with it all that Janus holds of ours."""
        self._end()
        with contextlib.suppress(OSError, ConnectionClosed):
            await self._socket.close()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reader

    async def _request(self, message: Event) -> Event:
        if self._closed:
            raise UnavailableError(Code.NO_SFU, "the SFU is gone")
        transaction = f"t{next(self._numbers)}"
        message |= {"transaction": transaction, "apisecret": self._secret}
        if self._session:
            message["session_id"] = self._session
        waiting: asyncio.Future[Event] = asyncio.get_running_loop().create_future()
        self._waiting[transaction] = waiting
        try:
            await self._socket.send(json.dumps(message))
            answer = await asyncio.wait_for(waiting, ANSWER_TIMEOUT_S)
        except (ConnectionClosed, OSError):
            raise UnavailableError(Code.NO_SFU, "the SFU is gone") from None
        except TimeoutError:
            raise UnavailableError(Code.UNAVAILABLE, "the SFU does not answer") from None
        finally:
            self._waiting.pop(transaction, None)
        if answer.get("janus") == "error":
            raise JanusError(int(answer["error"]["code"]))
        return answer

    async def _read(self) -> None:
        try:
            with contextlib.suppress(ConnectionClosed, OSError):
                async for raw in self._socket:
                    self._take(json.loads(raw))
        finally:
            self._end()

    def _take(self, message: Event) -> None:
        transaction = message.get("transaction")
        waiting = self._waiting.get(transaction) if isinstance(transaction, str) else None
        if waiting is not None:
            # A keep-alive has no more than this; for all else the answer is still to come.
            if message.get("janus") != "ack" and not waiting.done():
                waiting.set_result(message)
            return
        if message.get("janus") == "timeout":
            self._end()  # our session: nothing of ours is left there
            return
        on_event = self._handles.get(message.get("sender", 0))
        if on_event is not None:
            on_event(message)

    async def _keep(self) -> None:
        while not self._closed:
            await asyncio.sleep(KEEP_ALIVE_S)
            beat = {
                "janus": "keepalive",
                "session_id": self._session,
                "transaction": "keep",
                "apisecret": self._secret,
            }
            with contextlib.suppress(ConnectionClosed, OSError):
                await self._socket.send(json.dumps(beat))

    def _end(self) -> None:
        if self._closed:
            return
        self._closed = True
        if self._keeper is not None:
            self._keeper.cancel()
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(UnavailableError(Code.NO_SFU, "the SFU is gone"))
        self._handles.clear()
        self._lost()


async def open_link(path: Path, secret: str, lost: Callable[[], None]) -> JanusLink | None:
    """Connect to Janus and make a session; None if nothing listens there yet.

    Args:
        path: Its Unix socket.
        secret: Of this start.
        lost: See `JanusLink`.

    Raises:
        UnavailableError: It listens, and does not answer.
    """
    try:
        socket = await unix_connect(
            str(path),
            "ws://janus/",
            subprotocols=["janus-protocol"],
            compression=None,
            max_size=MAX_ANSWER,
            # A child that stops answering is noticed here; one that dies, by the socket's end.
            ping_interval=KEEP_ALIVE_S,
            ping_timeout=KEEP_ALIVE_S,
        )
    except (OSError, InvalidHandshake):
        return None
    link = JanusLink(socket, secret, lost)
    try:
        await link.begin()
    except UnavailableError:
        await link.close()
        raise
    return link
