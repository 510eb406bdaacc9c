"""Devices without an SDK: made straight in the store, speaking the wire format of delivery.

For tests and benchmarks of the delivery service. No keys, no sealing: an envelope is any bytes of
a bucket's length, which is all the server ever sees of one.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect

from visavis.ports.clock import day_of
from visavis.ports.store import Store
from visavis.ports.stored import NewAccount, NewDevice
from visavis.server import inventory
from visavis.server.config import database_path
from visavis.server.frames import CAUGHT_UP, SEND_HEADER, Status
from visavis.store.sqlite import SqliteStore

_RECEIVED: Final = struct.Struct("!BB16s")


@dataclass(frozen=True, slots=True)
class RawDevice:
    """A device's secrets.

    Attributes:
        account_id: 16 bytes.
        token: 48 bytes: device id, then 32 secret bytes.
        mailbox: 16 bytes.
        capabilities: 32 bytes each.
    """

    account_id: bytes
    token: bytes
    mailbox: bytes
    capabilities: tuple[bytes, ...]

    @property
    def device_id(self) -> bytes:
        """16 bytes."""
        return self.token[:16]


async def add_device(store: Store, now: float, capabilities: int = 4) -> RawDevice:
    """Create an account with one device.

    Args:
        store: Of a server that runs, or will.
        now: Unix seconds.
        capabilities: How many to register.
    """
    device = RawDevice(
        os.urandom(16),
        os.urandom(48),
        os.urandom(16),
        tuple(os.urandom(32) for _ in range(capabilities)),
    )
    account = NewAccount(
        account_id=device.account_id,
        handle_tag=os.urandom(32),
        opaque_record=os.urandom(192),
        recovery_key=os.urandom(32),
        keystore=os.urandom(4096),
        device=NewDevice(
            device.device_id,
            sha256(device.token).digest(),
            device.mailbox,
            tuple(sha256(capability).digest() for capability in device.capabilities),
        ),
    )
    await store.create_account(account, os.urandom(32), day_of(now))
    return device


async def add_devices_offline(
    data_dir: Path, now: float, count: int = 1, capabilities: int = 4
) -> list[RawDevice]:
    """Create devices in the data folder of a server that does not run now."""
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    retention = inventory.load().retention
    store = await SqliteStore.open(database_path(data_dir), retention=retention, rng=os.urandom)
    try:
        return [await add_device(store, now, capabilities) for _ in range(count)]
    finally:
        await store.close()


def frame(
    request_id: int, envelope_class: int, mailbox: bytes, capability: bytes, envelope: bytes
) -> bytes:
    """Return a frame for `/v1/send`."""
    return SEND_HEADER.pack(request_id, envelope_class, mailbox, capability) + envelope


class RawSender:
    """A connection to `/v1/send`."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self._next = 0
        self._answers: dict[int, int] = {}

    async def post(
        self, envelope_class: int, mailbox: bytes, capability: bytes, envelope: bytes
    ) -> int:
        """Send without waiting; returns the request id."""
        self._next += 1
        await self.socket.send(frame(self._next, envelope_class, mailbox, capability, envelope))
        return self._next

    async def answer(self, request_id: int) -> Status:
        """Return the answer to a request, reading until it is there."""
        while request_id not in self._answers:
            data = await self.socket.recv()
            assert isinstance(data, bytes)
            for start in range(0, len(data), 5):
                number, status = struct.unpack_from("!IB", data, start)
                self._answers[number] = status
        return Status(self._answers.pop(request_id))

    async def send(
        self, envelope_class: int, mailbox: bytes, capability: bytes, envelope: bytes
    ) -> Status:
        """Send and return the answer."""
        return await self.answer(await self.post(envelope_class, mailbox, capability, envelope))


@dataclass(frozen=True, slots=True)
class Received:
    """One delivered envelope."""

    envelope_class: int
    delivery_id: bytes
    envelope: bytes


class RawReceiver:
    """A connection to `/v1/receive`."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def next(self, timeout_s: float = 10) -> Received:
        """Return the next delivery."""
        data = await asyncio.wait_for(self._frame(), timeout_s)
        kind, envelope_class, delivery_id = _RECEIVED.unpack_from(data)
        assert kind == 1
        return Received(envelope_class, delivery_id, data[_RECEIVED.size :])

    async def nothing(self, for_s: float = 0.2) -> bool:
        """Return whether nothing is delivered for a while."""
        try:
            await asyncio.wait_for(self._frame(), for_s)
        except TimeoutError:
            return True
        return False

    async def _frame(self) -> bytes:
        """Return the next frame that is no mere note of having caught up."""
        while (data := await self.socket.recv()) == CAUGHT_UP:
            pass
        assert isinstance(data, bytes)
        return data

    async def acknowledge(self, *received: Received) -> None:
        """Acknowledge deliveries."""
        await self.socket.send(b"\x02" + b"".join(one.delivery_id for one in received))


@contextlib.asynccontextmanager
async def sender(origin: str, **options: Any) -> AsyncIterator[RawSender]:
    """Open a connection to `/v1/send`."""
    url = f"{origin.replace('http', 'ws', 1)}/v1/send"
    async with connect(url, compression=None, max_size=None, **options) as socket:
        yield RawSender(socket)


@contextlib.asynccontextmanager
async def receiver(origin: str, token: bytes, **options: Any) -> AsyncIterator[RawReceiver]:
    """Open a connection to `/v1/receive` and wait until it is ready."""
    url = f"{origin.replace('http', 'ws', 1)}/v1/receive"
    async with connect(url, compression=None, max_size=None, **options) as socket:
        await socket.send(token)
        ready = await asyncio.wait_for(socket.recv(), 10)
        assert ready == b"\x00"
        yield RawReceiver(socket)
