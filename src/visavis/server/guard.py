"""The first thing a connection meets: bounds on how many, how slow and how large.

uvicorn's protocol classes, with what uvicorn leaves to a proxy: a bound of connections per
address, a deadline for the request head, a bound of its size, and a deadline for the body. They
hold from the first byte, before any memory is used for a request. The overridden methods are
those of the pinned uvicorn; `tests/server/test_guard.py` fails if they stop being called.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, ClassVar, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from visavis.server.limits import AddressLimits, Ticket
from visavis.server.websocket import DirectWebSocket

HEAD_TIMEOUT_S: Final = 10.0
"""Seconds for a request line and its headers to arrive. Lower refuses very slow links, higher
keeps the connections of somebody who sends a byte a second."""

BODY_TIMEOUT_S: Final = 600.0
"""Seconds for a body to arrive: 25 MiB over a third of a megabit per second."""

MAX_HEAD_BYTES: Final = 16 * 1024

LINGER_S: Final = 5.0
"""Seconds for the last bytes to reach a client after its WebSocket was closed. A client that does
not read would otherwise keep its connection and buffer for as long as it likes."""


class GuardedWebSocket(DirectWebSocket):
    """A WebSocket connection that gives its ticket back when it ends."""

    limits: ClassVar[AddressLimits]
    ticket: Ticket | None = None

    async def run_asgi(self) -> None:
        """Run the application, then make sure that the connection really ends."""
        try:
            await super().run_asgi()
        finally:
            self.loop.call_later(LINGER_S, self.transport.abort)

    def keepalive_timeout(self) -> None:
        """End a connection whose client does not answer pings."""
        super().keepalive_timeout()
        self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Release the ticket."""
        super().connection_lost(exc)
        if self.ticket is not None:
            self.limits.release(self.ticket)
            self.ticket = None


class GuardedHttp(HttpToolsProtocol):
    """An HTTP connection with bounds."""

    limits: ClassVar[AddressLimits]
    monotonic: ClassVar[Callable[[], float]]
    head_timeout_s: ClassVar[float] = HEAD_TIMEOUT_S
    body_timeout_s: ClassVar[float] = BODY_TIMEOUT_S

    _ticket: Ticket | None = None
    _deadline: asyncio.TimerHandle | None = None
    _head_bytes = 0
    _in_head = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Admit the connection, or close it before it costs anything (CK-471)."""
        super().connection_made(transport)
        address = self.client[0] if self.client else ""
        self._ticket = type(self).limits.admit(address, type(self).monotonic())
        if self._ticket is None:
            transport.abort()
            return
        self._expect_within(self.head_timeout_s)

    def connection_lost(self, exc: Exception | None) -> None:
        """Release the ticket."""
        self._cancel_deadline()
        super().connection_lost(exc)
        if self._ticket is not None:
            type(self).limits.release(self._ticket)
            self._ticket = None

    def data_received(self, data: bytes) -> None:
        """Bound the head, then parse (CK-473)."""
        if self._ticket is None:
            return
        if self._in_head:
            self._head_bytes += len(data)
            # A body may ride in the same packet as its head, so only a head that goes on after
            # the bound is too large; the parser keeps at most one read more than the bound.
            if self._head_bytes - len(data) > MAX_HEAD_BYTES:
                self.transport.abort()
                return
        super().data_received(data)

    def on_message_begin(self) -> None:
        """Start the deadline of a head."""
        super().on_message_begin()
        self._in_head, self._head_bytes = True, 0
        self._expect_within(self.head_timeout_s)

    def on_headers_complete(self) -> None:
        """Exchange the head's deadline for the body's."""
        self._in_head = False
        self._expect_within(self.body_timeout_s)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """End the deadline."""
        self._cancel_deadline()
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        """Hand ticket and transport to the WebSocket protocol."""
        self._cancel_deadline()
        ticket, self._ticket = self._ticket, None
        super().handle_websocket_upgrade()
        protocol = self.transport.get_protocol()
        if ticket is not None and isinstance(protocol, GuardedWebSocket):
            protocol.ticket = ticket
            # Nothing of the handshake is needed any more; an idle device should cost little.
            self.scope = None  # type: ignore[assignment]
            self.headers = []
            self.parser = None  # type: ignore[assignment]

    def _expect_within(self, seconds: float) -> None:
        self._cancel_deadline()
        self._deadline = self.loop.call_later(seconds, self.transport.abort)

    def _cancel_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def guarded(
    limits: AddressLimits, monotonic: Callable[[], float], **timeouts: Any
) -> tuple[type[GuardedHttp], type[GuardedWebSocket]]:
    """Return the two protocol classes bound to one set of limits, for uvicorn's Config.

    Args:
        limits: Shared by all connections of a server.
        monotonic: The clock, in seconds.
        timeouts: `head_timeout_s` and `body_timeout_s`, for tests.
    """
    http = type(
        "BoundHttp", (GuardedHttp,), {"limits": limits, "monotonic": staticmethod(monotonic)}
    )
    for name, value in timeouts.items():
        setattr(http, name, value)
    websocket = type("BoundWebSocket", (GuardedWebSocket,), {"limits": limits})
    return http, websocket
