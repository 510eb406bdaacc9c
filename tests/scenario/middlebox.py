"""A box between clients and the server that sees all that TLS hides from the street.

It ends TLS (or speaks plain HTTP on loopback), takes HTTP/1.1 and WebSockets (RFC 6455) apart, and
keeps everything in clear, as a provider that terminates TLS could log it.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

_CHUNK = 1 << 16
_SEND_HEAD = 4 + 1 + 16 + 32


@dataclass(frozen=True)
class Seen:
    """One thing a client said: a request with its body, a WebSocket message, or a control frame."""

    connection: int
    kind: str  # "request", "message" or "control"
    path: str
    body: bytes


@dataclass(frozen=True)
class Sent:
    """One envelope on /v1/send."""

    durable: bool
    mailbox: bytes
    envelope: bytes


@dataclass
class Middlebox:
    """What was seen, in order; `answers` holds what went back to clients, by connection."""

    port: int = 0
    log: list[Seen] = field(default_factory=list)
    answers: dict[int, bytearray] = field(default_factory=dict)
    connections: int = 0

    @property
    def down(self) -> bytes:
        """Every byte that went back to clients, one connection after the other."""
        return b"".join(self.answers.values())

    def everything(self, since: int = 0) -> bytes:
        """All that clients said from one entry of the log on."""
        return b"\n".join(seen.path.encode() + b"\n" + seen.body for seen in self.log[since:])

    def sent(self, since: int = 0) -> list[Sent]:
        """Return the envelopes on /v1/send."""
        return [
            Sent(
                seen.body[4] == 1,
                seen.body[5:21],
                seen.body[_SEND_HEAD:],
            )
            for seen in self.log[since:]
            if seen.kind == "message" and seen.path == "GET /v1/send"
        ]

    def received_by(self, token: bytes) -> set[int]:
        """Return the connections on which a device presented its token to receive."""
        return {
            seen.connection
            for seen in self.log
            if seen.path == "GET /v1/receive" and seen.kind == "message" and seen.body == token
        }


class _Parser:
    """Takes apart what one connection's client says."""

    def __init__(self, box: Middlebox, number: int) -> None:
        self._box, self._number = box, number
        self._data = bytearray()
        self._steps = self._run()
        next(self._steps)

    def feed(self, data: bytes) -> None:
        self._data += data
        next(self._steps)

    def _take(self, count: int) -> Iterator[None]:
        while len(self._data) < count:
            yield
        self._taken = bytes(self._data[:count])
        del self._data[:count]

    def _run(self) -> Iterator[None]:
        while True:
            while (end := self._data.find(b"\r\n\r\n")) < 0:
                yield
            yield from self._take(end + 4)
            first, *lines = self._taken.decode("latin-1").rstrip().split("\r\n")
            headers = {name.lower(): value for name, _, value in (x.partition(": ") for x in lines)}
            path = first.rsplit(" ", 1)[0]
            yield from self._take(int(headers.get("content-length", 0)))
            body = f"{lines}".encode() + b"\n" + self._taken
            self._box.log.append(Seen(self._number, "request", path, body))
            if headers.get("upgrade", "").lower() == "websocket":
                yield from self._frames(path)

    def _frames(self, path: str) -> Iterator[None]:
        while True:
            yield from self._take(2)
            opcode, length = self._taken[0] & 15, self._taken[1] & 127
            assert self._taken[0] >> 4 == 8, "one unfragmented frame without extensions"
            assert self._taken[1] >> 7, "clients mask"
            if length >= 126:
                yield from self._take(2 if length == 126 else 8)
                length = int.from_bytes(self._taken)
            yield from self._take(4)
            mask = self._taken
            yield from self._take(length)
            clear = _unmask(self._taken, mask)
            kind = "message" if opcode in {1, 2} else "control"
            self._box.log.append(Seen(self._number, kind, path, clear))


def _unmask(data: bytes, mask: bytes) -> bytes:
    if not data:
        return b""
    repeated = (mask * (len(data) // 4 + 1))[: len(data)]
    return (int.from_bytes(data) ^ int.from_bytes(repeated)).to_bytes(len(data))


@contextlib.asynccontextmanager
async def middlebox(port: int, tls: ssl.SSLContext | None = None) -> AsyncIterator[Middlebox]:
    """Stand before a server on 127.0.0.1.

    Args:
        port: The server's.
        tls: To end TLS with; None for plain HTTP.
    """
    box = Middlebox()
    tasks: set[asyncio.Task[None]] = set()

    async def up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        parser = _Parser(box, number)
        with contextlib.suppress(OSError):
            while data := await reader.read(_CHUNK):
                parser.feed(data)
                writer.write(data)
                await writer.drain()
        writer.close()

    async def down(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        answers = box.answers.setdefault(number, bytearray())
        with contextlib.suppress(OSError):
            while data := await reader.read(_CHUNK):
                answers += data
                writer.write(data)
                await writer.drain()
        writer.close()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        box.connections += 1
        number = box.connections
        try:
            on, back = await asyncio.open_connection("127.0.0.1", port)
        except OSError:  # The server is away.
            writer.close()
            return
        try:
            await asyncio.gather(up(reader, back, number), down(on, writer, number))
        finally:
            for side in (back, writer):
                side.close()
                with contextlib.suppress(OSError):
                    await side.wait_closed()

    front = await asyncio.start_server(connect, "127.0.0.1", 0, ssl=tls)
    box.port = int(front.sockets[0].getsockname()[1])
    try:
        yield box
    finally:
        front.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
