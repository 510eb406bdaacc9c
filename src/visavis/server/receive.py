"""`/v1/receive`: a device collects its envelopes. Bare ASGI, authenticated by the first message.

::

    connect -> token -> listen on the bus -> ready -> held -> stored -> caught up -> live
                 |
                 +-> close 4401: unknown token, removed device, nothing within ten seconds

Listening comes before reading the store, so an envelope that is stored in between comes twice
rather than not at all; devices drop what they have seen. The order of delivery is unspecified
(protocol.md P7). A device has one connection: a newer one takes the place of the older.

An idle connection is one task that waits to read. A second task exists only while something is
being written, which keeps the memory of an idle device low.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from typing import Final

from starlette.types import Receive, Scope, Send

from visavis.core.errors import PeerError, VisavisError
from visavis.ports.bus import Bus, EnvelopeClass, Parcel
from visavis.ports.clock import Clock, day_of
from visavis.ports.random import Rng
from visavis.ports.store import Store
from visavis.ports.stored import Device
from visavis.server.frames import (
    CAUGHT_UP,
    READY,
    TOKEN_BYTES,
    Close,
    deliver_frame,
    parse_acks,
)
from visavis.server.group_commit import GroupCommit
from visavis.server.websocket import Write, write_of

TOKEN_TIMEOUT_S: Final = 10.0
"""Seconds for the token to arrive after the connection is open."""

MAX_UNREAD_BYTES: Final = 4 * 1024 * 1024
"""Envelopes that may wait for a slow reader before its connection is closed (CK-480). Nothing is
lost by that: durable ones are stored, call ones held. Higher costs memory, lower cuts off devices
on slow links when much arrives at once."""

MAX_AT_ONCE_BYTES: Final = 512 * 1024
"""Envelopes that are written without a task: what one turn of the event loop brings, normally."""

LINGER_S: Final = 5.0
"""Seconds for a close frame to be written before the connection is dropped without one."""

STORED_PAGE: Final = 16
"""Stored envelopes read at a time: at most 4 MiB."""


@dataclass(slots=True)
class ReceiveParts:
    """What receiving needs of the server."""

    store: Store
    commits: GroupCommit
    bus: Bus
    clock: Clock
    rng: Rng


class ReceiveEndpoint:
    """The ASGI application of `/v1/receive`."""

    def __init__(self, parts: ReceiveParts) -> None:
        self._parts = parts
        self._open: dict[bytes, _ReceiveSession] = {}
        # Compared with when there is no such device, so that both cases do the same.
        self._no_token_hash = sha256(parts.rng(TOKEN_BYTES)).digest()

    def connected(self) -> int:
        """Return how many devices are connected now."""
        return len(self._open)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection until either side closes it."""
        write = write_of(scope)
        del scope
        await receive()  # websocket.connect
        await send({"type": "websocket.accept"})
        device = await self._authenticate(receive)
        if device is None:
            await send({"type": "websocket.close", "code": int(Close.TOKEN)})
            return
        mailbox = device.mailbox_id
        session = _ReceiveSession(self._parts, mailbox, receive, send, write)
        older = self._open.pop(mailbox, None)
        if older is not None:
            older.close(Close.REPLACED)
        self._open[mailbox] = session
        del device
        try:
            await session.run()
        finally:
            session.end()
            if self._open.get(mailbox) is session:
                del self._open[mailbox]

    def close_device(self, mailbox: bytes) -> None:
        """Close the connection of a device that was removed."""
        session = self._open.pop(mailbox, None)
        if session is not None:
            session.close(Close.TOKEN)

    async def _authenticate(self, receive: Receive) -> Device | None:
        """Return the device whose token comes first on the connection, or None (CK-481)."""
        try:
            message = await asyncio.wait_for(receive(), TOKEN_TIMEOUT_S)
        except TimeoutError:
            return None
        token = message.get("bytes") or b""
        if len(token) != TOKEN_BYTES:
            return None
        clock, store = self._parts.clock, self._parts.store
        today = day_of(clock.now())
        try:
            device = await store.device(token[:16], today)
            expected = self._no_token_hash if device is None else device.token_hash
            if not compare_digest(expected, sha256(token).digest()) or device is None:
                return None
            if device.last_seen_day != today:
                with suppress(VisavisError):  # a full disk must not lock anybody out
                    await store.touch_device(device.device_id, today)
        except VisavisError:
            return None
        return device


class _ReceiveSession:
    """One device's connection."""

    __slots__ = (
        "_closing",
        "_mailbox",
        "_main",
        "_parts",
        "_queue",
        "_receive",
        "_send",
        "_sent_stored",
        "_unread",
        "_write_now",
        "_writer",
    )

    def __init__(
        self, parts: ReceiveParts, mailbox: bytes, receive: Receive, send: Send, write: Write
    ) -> None:
        self._parts = parts
        self._mailbox = mailbox
        self._receive = receive
        self._send = send
        self._write_now = write
        self._queue: deque[Parcel] | None = None
        self._unread = 0
        self._writer: asyncio.Task[None] | None = None
        self._main = asyncio.current_task()
        self._closing: Close | None = None
        # Durable ids sent while the store was being read; None once it is read.
        self._sent_stored: set[bytes] | None = set()

    async def run(self) -> None:
        """Deliver, and read acknowledgements, until the connection ends."""
        await self._send({"type": "websocket.send", "bytes": READY})
        self._parts.bus.listen(self._mailbox, self.deliver)
        self._start_writer()
        try:
            await self._read()
        except asyncio.CancelledError:
            if self._closing is None:  # not `_abandon` but the server's shutdown
                raise
        else:
            if self._writer is not None:
                await self._writer

    async def _read(self) -> None:
        receive = self._receive
        while self._closing is None:
            message = await receive()
            frame = message.get("bytes")
            if frame is None:
                if message["type"] == "websocket.receive":
                    self.close(Close.UNSUPPORTED)
                return
            try:
                ids = parse_acks(frame)
            except PeerError:
                self.close(Close.POLICY)
                return
            # Only ids of this device's own mailbox can match: CK-482.
            durable = self._parts.bus.acknowledge(self._mailbox, ids)
            if durable:
                self._parts.commits.delete(self._mailbox, durable)

    def deliver(self, parcels: Sequence[Parcel]) -> None:
        """Queue parcels for writing; the bus calls this and must not be kept waiting."""
        if self._closing is not None:
            return
        size = sum([len(parcel.envelope) for parcel in parcels])
        if (
            self._writer is None
            and size <= MAX_AT_ONCE_BYTES
            and self._write_now([deliver_frame(parcel) for parcel in parcels])
        ):
            return  # nothing was waiting before them and the device keeps up
        queue = self._queue
        if queue is None:
            queue = self._queue = deque()
        queue.extend(parcels)
        self._unread += size
        if self._unread > MAX_UNREAD_BYTES:
            self.close(Close.TRY_AGAIN)  # CK-480
            self._abandon()  # it does not read, so it would not read a close frame either
        elif self._writer is None:
            self._start_writer()

    def close(self, code: Close) -> None:
        """Close with a reason, soon."""
        if self._closing is None:
            self._closing = code
            self._parts.bus.leave(self._mailbox, self.deliver)
            if self._queue:
                self._queue.clear()
            if self._writer is None:
                self._start_writer()
            asyncio.get_running_loop().call_later(LINGER_S, self._abandon)

    def _abandon(self) -> None:
        """Drop a connection whose client does not take its close frame."""
        if self._writer is not None:
            self._writer.cancel()
        if self._main is not None:
            self._main.cancel()

    def end(self) -> None:
        """Stop listening and forget the connection."""
        self._parts.bus.leave(self._mailbox, self.deliver)
        self._main = None
        if self._writer is not None:
            self._writer.cancel()

    def _start_writer(self) -> None:
        self._writer = asyncio.get_running_loop().create_task(self._write())

    async def _write(self) -> None:
        # The other side going away ends the reader as well, which is where that is dealt with.
        with suppress(OSError):
            if self._sent_stored is not None:
                await self._write_queue()
                await self._write_stored()
                await self._write_queue()
                self._sent_stored = None
                if self._closing is None:
                    await self._send({"type": "websocket.send", "bytes": CAUGHT_UP})
            # Last, because what comes while this task waits does not start another one.
            await self._write_queue()
            if self._closing is not None:
                await self._send({"type": "websocket.close", "code": int(self._closing)})
        self._writer = None
        if not self._queue:
            self._queue = None  # an idle connection keeps no empty queue

    async def _write_queue(self) -> None:
        send, queue = self._send, self._queue
        clock = self._parts.clock
        while queue:
            parcel = queue.popleft()
            self._unread -= len(parcel.envelope)
            if parcel.envelope_class is EnvelopeClass.CALL:
                if parcel.expires <= clock.monotonic():
                    continue
            elif self._sent_stored is not None and parcel.delivery_id in self._sent_stored:
                continue
            await send({"type": "websocket.send", "bytes": deliver_frame(parcel)})

    async def _write_stored(self) -> None:
        """Write what is in the store, a page at a time, as fast as the device reads."""
        after = b""
        sent = self._sent_stored
        while self._closing is None and sent is not None:
            today = day_of(self._parts.clock.now())
            try:
                page = await self._parts.store.stored_envelopes(
                    self._mailbox, today, limit=STORED_PAGE, after=after
                )
            except VisavisError:
                self.close(Close.TRY_AGAIN)
                return
            for stored in page:
                sent.add(stored.delivery_id)
                after = stored.delivery_id
                parcel = Parcel(EnvelopeClass.DURABLE, stored.delivery_id, stored.body)
                await self._send({"type": "websocket.send", "bytes": deliver_frame(parcel)})
            await self._write_queue()
            if len(page) < STORED_PAGE:
                return
