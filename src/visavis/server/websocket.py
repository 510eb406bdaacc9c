"""WebSocket output in one piece: everything sent within one turn of the event loop is one write.

uvicorn writes each message to the socket when it is sent, at the price of a system call. A relay
sends many small messages in one turn; written together they cost a tenth. Only unfragmented binary
messages on an open connection take this way (RFC 6455, 5.2: a server's frames are not masked, so a
frame is a short header and the payload); everything else, and its order, is uvicorn's.
"""

from __future__ import annotations

from typing import Any, Final

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.protocol import OPEN

FLUSH_BYTES: Final = 64 * 1024
"""Output that is written without waiting for the end of the turn: the transport's own high-water
mark, so that a reader that does not keep up is noticed as early as it would be without this."""

_BINARY: Final = 0x82  # FIN, opcode 2


def binary_header(length: int) -> bytes:
    """Return the header of an unmasked, unfragmented binary frame (RFC 6455, 5.2)."""
    if length < 126:
        return bytes((_BINARY, length))
    if length < 65_536:
        return b"\x82\x7e" + length.to_bytes(2, "big")
    return b"\x82\x7f" + length.to_bytes(8, "big")


class BatchingWebSocket(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket connection, with output collected for one write."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._out: list[bytes] | None = None
        self._out_bytes = 0

    async def send(self, message: Any) -> None:
        """Send an ASGI message."""
        data = message.get("bytes")
        if (
            data is None
            or not self.handshake_complete
            or self.close_sent
            or self.conn.state is not OPEN
        ):
            self._flush()
            await super().send(message)
            return
        if not self.writable.is_set():
            await self.writable.wait()
        if self.disconnected:
            raise ClientDisconnected
        out = self._out
        if out is None:
            out = self._out = []
            self.loop.call_soon(self._flush)
        out.append(binary_header(len(data)))
        out.append(data)
        self._out_bytes += len(data)
        if self._out_bytes >= FLUSH_BYTES:
            self._flush()

    def shutdown(self) -> None:
        """Close because the server stops."""
        self._flush()
        super().shutdown()

    def _flush(self) -> None:
        out, self._out = self._out, None
        self._out_bytes = 0
        if out and not self.close_sent and not self.transport.is_closing():
            self.transport.write(b"".join(out))
