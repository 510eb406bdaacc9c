"""WebSocket output in one piece: many messages of one turn of the event loop in one write.

uvicorn writes each message to the socket when it is sent, at the price of a system call, and
sending needs a task. A relay passes on many small messages in one turn; written together they cost
a tenth. An ASGI application finds the function in `scope["extensions"]["visavis.write"]` and falls
back to `send` when it is not there (another server) or returns False (the reader is behind).

Only unfragmented binary messages on an open connection (RFC 6455, 5.2: a server's frames are not
masked, so a frame is a short header and the payload). Everything else is uvicorn's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request
from websockets.protocol import OPEN

EXTENSION: Final = "visavis.write"

Write = Callable[[Iterable[bytes]], bool]
"""Writes binary messages at once; False, and nothing written, if `send` must be used instead."""


def binary_header(length: int) -> bytes:
    """Return the header of an unmasked, unfragmented binary frame (RFC 6455, 5.2)."""
    if length < 126:
        return bytes((0x82, length))
    if length < 65_536:
        return b"\x82\x7e" + length.to_bytes(2, "big")
    return b"\x82\x7f" + length.to_bytes(8, "big")


def write_of(scope: Any) -> Write:
    """Return the connection's function, or one that always asks for `send`."""
    found: Write = (scope.get("extensions") or {}).get(EXTENSION, _never)
    return found


def _never(_messages: Iterable[bytes]) -> bool:
    return False


class DirectWebSocket(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket connection, with the extension."""

    def handle_connect(self, event: Request) -> None:
        """Offer the extension to the application."""
        super().handle_connect(event)
        if self.response.status_code == 101:
            extensions: dict[str, Any] = {**(self.scope["extensions"] or {}), EXTENSION: self.write}
            self.scope["extensions"] = extensions

    def write(self, messages: Iterable[bytes]) -> bool:
        """Write binary messages at once, if the connection is open and its reader keeps up."""
        if (
            not self.writable.is_set()
            or self.close_sent
            or self.conn.state is not OPEN
            or self.transport.is_closing()
        ):
            return False
        out = []
        for message in messages:
            out.append(binary_header(len(message)))
            out.append(message)
        self.transport.write(b"".join(out))
        return True
