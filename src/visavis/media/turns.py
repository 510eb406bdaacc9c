"""TURN over TLS: terminates TLS 1.3 in front of coturn's plain TCP port on this machine.

For networks that let only TLS out. What passes is TURN around end-to-end encrypted media; this
layer hides from the network that it is a call. It shares the server's certificate, so a renewed
one counts here too (R-19: TLS 1.3 only, which Debian's coturn does not speak).
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from typing import Any, Final, Protocol

HANDSHAKE_TIMEOUT_S: Final = 10.0

IDLE_S: Final = 900.0
"""Seconds without a byte after which a connection is closed; a TURN client refreshes its
allocation at least every ten minutes."""

BUFFER_BYTES: Final = 64 * 1024
"""What one slow side may leave unread before the other is not read any more: about half a second
of video. Higher adds delay, lower stutters."""


class Admission(Protocol):
    """Bounds connections per address; `visavis.server.limits.AddressLimits` is one."""

    def admit(self, address: str, now: float) -> Any | None:
        """Count a connection, or return None if it must be closed."""
        ...

    def release(self, ticket: Any) -> None:
        """Forget a connection that ended."""
        ...


class TurnOverTls:
    """A listener that passes decrypted bytes to coturn and back.

    Args:
        host: Address to listen on.
        port: Port to listen on; 0 lets the system choose.
        context: TLS context of the server.
        target: Address of coturn's TCP listener.
        admit: Bounds connections per address.
    """

    def __init__(
        self,
        host: str,
        port: int,
        context: ssl.SSLContext,
        *,
        target: tuple[str, int],
        admit: Admission,
    ) -> None:
        self._host = host
        self._port = port
        self._context = context
        self._target = target
        self._admit = admit
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        """The port it listens on."""
        if self._server is not None and self._server.sockets:
            return int(self._server.sockets[0].getsockname()[1])
        return self._port

    async def start(self) -> None:
        """Start listening.

        Raises:
            OSError: The port is taken.
        """
        self._server = await asyncio.start_server(
            self._serve,
            self._host,
            self._port,
            ssl=self._context,
            ssl_handshake_timeout=HANDSHAKE_TIMEOUT_S,
            limit=BUFFER_BYTES,
        )

    async def stop(self) -> None:
        """Stop listening and close every connection."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        for task in tuple(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        await server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        peer = writer.get_extra_info("peername")
        ticket = self._admit.admit(peer[0] if peer else "", asyncio.get_running_loop().time())
        try:
            if ticket is not None:
                await self._relay(reader, writer)
        except (OSError, TimeoutError):
            pass  # either side went away, which ends the other
        finally:
            self._open.discard(task)
            if ticket is not None:
                self._admit.release(ticket)
            await _close(writer)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        near_reader, near_writer = await asyncio.open_connection(*self._target, limit=BUFFER_BYTES)
        ways = [
            asyncio.ensure_future(_pipe(reader, near_writer)),
            asyncio.ensure_future(_pipe(near_reader, writer)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            await _close(near_writer)


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await asyncio.wait_for(reader.read(BUFFER_BYTES), IDLE_S):
        writer.write(data)
        await writer.drain()


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError, TimeoutError):
        await asyncio.wait_for(writer.wait_closed(), 1)
