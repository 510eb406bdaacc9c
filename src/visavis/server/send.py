"""`/v1/send`: anonymous sending. Bare ASGI, because every envelope of every call passes here.

One connection carries many envelopes, answers come back in any order by request id, several in
one message when several are ready. The connection carries no account and no cookie; what it says
about its sender is an address, which only `limits` sees, hashed (protocol.md P12).

The order of the checks, cheapest first, each ending in its answer:

1. the length is one of four, the class is known (CK-477: malformed),
2. the capability opens this mailbox (CK-475: refused; without a look-up if the address has used
   up its failures, CK-472: quota),
3. the capability's quota has room (CK-470: quota), and for durable the mailbox (CK-476: quota),
4. call: passed to the bus, accepted. Durable: accepted when committed.

Whether the device is connected is not looked at anywhere in this file: online and offline do the
same operations (CK-478, counted by a test), and answers are written before deliveries
(`end_of_turn.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from typing import Final

from starlette.types import Receive, Scope, Send

from visavis.core.errors import VisavisError
from visavis.ports.bus import CALL_TTL_S, Bus, EnvelopeClass, Parcel
from visavis.ports.clock import Clock, day_of
from visavis.ports.random import Rng
from visavis.ports.stored import NewEnvelope
from visavis.server.backlog import Backlog
from visavis.server.capabilities import Capabilities
from visavis.server.delivery_ids import DeliveryIds
from visavis.server.end_of_turn import EndOfTurn
from visavis.server.frames import ANSWER, SEND_FRAME_SIZES, SEND_HEADER, Close, Status
from visavis.server.group_commit import GroupCommit
from visavis.server.limits import AddressLimits
from visavis.server.quotas import Quotas, Spend
from visavis.server.websocket import Write, write_of

_CALL: Final = int(EnvelopeClass.CALL)

MAX_IN_FLIGHT: Final = 64
"""Durable envelopes of one connection that wait for the disk. Higher lets one sender use more of
the server's memory (256 KiB each), lower stalls a client that sends to many devices at once."""

MAX_UNREAD_ANSWERS: Final = 16 * 1024
"""Bytes of answers that a client may leave unread before nothing more is read from it."""

MAX_BAD_IN_A_ROW: Final = 64
"""Sends in a row that were not accepted before the connection is closed (CK-479)."""


@dataclass(slots=True)
class SendParts:
    """What sending needs of the server."""

    capabilities: Capabilities
    quotas: Quotas
    backlog: Backlog
    commits: GroupCommit
    bus: Bus
    limits: AddressLimits
    end_of_turn: EndOfTurn
    clock: Clock
    rng: Rng


class SendEndpoint:
    """The ASGI application of `/v1/send`."""

    def __init__(self, parts: SendParts) -> None:
        self._parts = parts
        self._ids = DeliveryIds(parts.rng)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection until either side closes it."""
        await receive()  # websocket.connect
        await send({"type": "websocket.accept"})
        client = scope.get("client")
        session = _SendSession(
            self._parts, self._ids, client[0] if client else "", receive, send, write_of(scope)
        )
        try:
            await session.run()
        finally:
            session.end()


class _SendSession:
    """One sending connection."""

    def __init__(
        self,
        parts: SendParts,
        ids: DeliveryIds,
        address: str,
        receive: Receive,
        send: Send,
        write: Write,
    ) -> None:
        self._parts = parts
        self._ids = ids
        self._address = parts.limits.hash_of(address, parts.clock.monotonic())
        self._receive = receive
        self._send = send
        self._write = write
        self._cached = parts.capabilities.cached
        self._answers = bytearray()
        self._writer: asyncio.Task[None] | None = None
        self._in_flight = 0
        self._bad = 0
        self._room = asyncio.Event()
        self._ended = False

    async def run(self) -> None:
        """Read envelopes until the connection ends."""
        receive = self._receive
        while True:
            message = await receive()
            frame = message.get("bytes")
            if frame is None:
                if message["type"] == "websocket.receive":
                    await self._close(Close.UNSUPPORTED)
                return
            if len(frame) < ANSWER.size:
                await self._close(Close.POLICY)
                return
            status = self._at_once(frame)
            if status is None:
                status = await self._handle(frame)
            if status is not None:
                self._answer(frame[:4], status)
            if self._bad >= MAX_BAD_IN_A_ROW:
                await self._close(Close.POLICY)  # CK-479
                return
            while self._in_flight >= MAX_IN_FLIGHT or len(self._answers) > MAX_UNREAD_ANSWERS:
                self._room.clear()
                await self._room.wait()

    def end(self) -> None:
        """Forget the connection; what is on its way to the disk still gets there."""
        self._ended = True
        if self._writer is not None:
            self._writer.cancel()

    def _at_once(self, frame: bytes) -> Status | None:
        """Answer a call envelope whose capability is in the cache, as nearly all are.

        Everything else, refusals too, is None: `_handle` looks at it from the start.
        """
        if len(frame) not in SEND_FRAME_SIZES:
            return None
        _, envelope_class, mailbox, capability = SEND_HEADER.unpack_from(frame)
        if envelope_class != _CALL:
            return None
        key = sha256(capability).digest()
        owner = self._cached(key)
        if owner is None or not compare_digest(owner, mailbox):
            return None
        return self._pass_on(mailbox, key, frame, self._parts.clock.monotonic())

    async def _handle(self, frame: bytes) -> Status | None:
        """Return the answer, or None if it comes once the envelope is committed."""
        if len(frame) not in SEND_FRAME_SIZES:
            return self._failed(Status.MALFORMED)  # CK-477
        _, envelope_class, mailbox, capability = SEND_HEADER.unpack_from(frame)
        if envelope_class > EnvelopeClass.DURABLE:
            return self._failed(Status.MALFORMED)  # CK-477
        parts = self._parts
        now = parts.clock.monotonic()
        key = sha256(capability).digest()
        owner = self._cached(key)
        if owner is None:
            if parts.limits.too_many_failures(self._address, now):
                self._bad += 1
                return Status.QUOTA  # CK-472
            try:
                owner = await parts.capabilities.mailbox_of(key, mailbox, capability)
            except VisavisError:
                return Status.UNAVAILABLE
        if not compare_digest(owner, mailbox):
            return self._failed(Status.REFUSED)  # CK-475
        if envelope_class == _CALL:
            return self._pass_on(mailbox, key, frame, now)
        return await self._store(mailbox, key, frame, now)

    def _pass_on(self, mailbox: bytes, key: bytes, frame: bytes, now: float) -> Status:
        if not self._parts.quotas.spend(Spend.CALL, key, 1, now):
            self._bad += 1
            return Status.QUOTA  # CK-470
        envelope = frame[SEND_HEADER.size :]
        self._parts.bus.publish(
            mailbox,
            Parcel(EnvelopeClass.CALL, self._ids.take(), envelope, now + CALL_TTL_S),
        )
        self._bad = 0
        return Status.ACCEPTED

    async def _store(self, mailbox: bytes, key: bytes, frame: bytes, now: float) -> Status | None:
        parts = self._parts
        envelope = frame[SEND_HEADER.size :]
        size = len(envelope)
        if not parts.quotas.spend(Spend.DURABLE, key, size, now):
            self._bad += 1
            return Status.QUOTA  # CK-470
        try:
            if not await parts.backlog.admit(mailbox, size):
                self._bad += 1
                return Status.QUOTA  # CK-476
        except VisavisError:
            parts.quotas.give_back(Spend.DURABLE, key, size)
            return Status.UNAVAILABLE
        request_id = frame[:4]
        self._in_flight += 1

        def done(status: Status) -> None:
            self._in_flight -= 1
            if status is Status.REFUSED and parts.capabilities.is_decoy(key):
                status = Status.ACCEPTED  # CK-483: "stored" for nobody, in the same transaction
            if status is Status.ACCEPTED:
                self._bad = 0
            else:
                parts.quotas.give_back(Spend.DURABLE, key, size)
            self._answer(request_id, status)
            self._room.set()

        parts.commits.put(
            NewEnvelope(self._ids.take(), mailbox, day_of(parts.clock.now()), envelope), done
        )
        return None

    def _failed(self, status: Status) -> Status:
        self._bad += 1
        self._parts.limits.failed(self._address, self._parts.clock.monotonic())
        return status

    def _answer(self, request_id: bytes, status: Status) -> None:
        # Answers leave once the reader has nothing more to read: a client that sends a hundred
        # envelopes at once gets its answers in one message.
        if self._ended:
            return
        if not self._answers and self._writer is None:
            self._parts.end_of_turn.answer(self._write_answers)
        self._answers += request_id
        self._answers.append(status)

    def _write_answers(self) -> None:
        if self._ended or self._writer is not None or not self._answers:
            return
        if self._write((bytes(self._answers),)):
            self._answers.clear()
            self._room.set()
        else:
            self._writer = asyncio.get_running_loop().create_task(self._send_answers())

    async def _send_answers(self) -> None:
        # The other side going away ends the reader as well, which is where that is dealt with.
        with contextlib.suppress(OSError):
            while self._answers:
                answers = bytes(self._answers)
                self._answers.clear()
                await self._send({"type": "websocket.send", "bytes": answers})
                self._room.set()
        self._writer = None

    async def _close(self, code: Close) -> None:
        self._write_answers()
        writer = self._writer
        if writer is not None:
            await writer
        await self._send({"type": "websocket.close", "code": int(code)})
