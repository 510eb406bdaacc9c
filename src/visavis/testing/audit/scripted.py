"""Scripted devices: what the SDK sends to a server, without what it does with it.

The server cannot tell sealed bytes from random ones, so a scripted device sends random ones of the
same sizes, at the same moments, over the same API. That makes a month of 200 accounts a matter of
minutes; that real devices send the same is checked by the demo, whose store is audited too.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final

from visavis.core import base64url
from visavis.core.address import ContactAddress
from visavis.core.envelope import BUCKETS
from visavis.core.ids import Capability, MailboxId, SealKey
from visavis.sdk.account import register_password, signup_token
from visavis.transport.anonymous import AnonymousApi
from visavis.transport.api import DeviceApi, DeviceRegistration, PublicApi
from visavis.transport.http import Http
from visavis.transport.socket import Delivery, ReceiveSocket, SendSocket

CAPABILITIES: Final = 256
KEYSTORE_BYTES: Final = 4096
SLOT_BYTES: Final = 4096


@dataclass(slots=True)
class ScriptedDevice:
    """One person's one device.

    Attributes:
        person: Who; only the script knows.
        capabilities: Those not handed out yet.
        addresses: Contact -> the address that contact gave us.
    """

    person: str
    origin: str
    anonymous: AnonymousApi
    sender: SendSocket
    handle: str = ""
    device_id: bytes = field(default_factory=lambda: os.urandom(16))
    secret: bytes = field(default_factory=lambda: os.urandom(32))
    mailbox: MailboxId = field(default_factory=lambda: MailboxId(os.urandom(16)))
    capabilities: list[bytes] = field(
        default_factory=lambda: [os.urandom(32) for _ in range(CAPABILITIES)]
    )
    addresses: dict[str, ContactAddress] = field(default_factory=dict)
    received: int = 0
    _capability_hashes: tuple[bytes, ...] = ()
    _socket: asyncio.Task[None] | None = None

    @property
    def token(self) -> bytes:
        """Return the device token (48 bytes)."""
        return self.device_id + self.secret

    def stored_ids(self) -> list[bytes]:
        """Return every id of this device that the server may hold, for the attacker."""
        return [self.device_id, self.mailbox, *self._capability_hashes]

    async def sign_up(self, link: str, name: str, password: str) -> None:
        """Make the account, as `visavis.sdk` does."""
        http = Http(self.origin)
        try:
            api = PublicApi(http)
            session = ""

            async def exchange(request: bytes) -> bytes:
                nonlocal session
                started = await api.signup_start(signup_token(link, self.origin), name, request)
                self.handle, session = started.handle, started.session
                return started.opaque_response

            record, _ = await register_password(password, exchange)
            self._capability_hashes = tuple(hashlib.sha256(c).digest() for c in self.capabilities)
            await api.signup_finish(
                session,
                record,
                os.urandom(KEYSTORE_BYTES),
                os.urandom(32),
                DeviceRegistration(
                    self.device_id,
                    hashlib.sha256(self.token).digest(),
                    self.mailbox,
                    self._capability_hashes,
                ),
            )
        finally:
            await http.close()
        async with self._device_api() as api_:
            await api_.put_key_packages([os.urandom(2700) for _ in range(8)], os.urandom(2700))

    @contextlib.asynccontextmanager
    async def _device_api(self) -> AsyncIterator[DeviceApi]:
        http = Http(self.origin, base64url.encode(self.token))
        try:
            yield DeviceApi(http)
        finally:
            await http.close()

    def hand_out(self) -> ContactAddress:
        """Return a fresh address; the server is not told."""
        return ContactAddress(
            self.origin,
            self.mailbox,
            Capability(self.capabilities.pop()),
            SealKey(os.urandom(32)),
        )

    async def come_online(self) -> None:
        """Receive and acknowledge everything from now on."""

        async def take(delivery: Delivery) -> None:
            self.received += 1
            await socket.ack(delivery.delivery_id)

        socket = ReceiveSocket(self.origin, self.token, take)
        self._socket = asyncio.create_task(socket.run())
        await socket.caught_up.wait()

    async def go_offline(self) -> None:
        """Stop receiving."""
        if self._socket is not None:
            self._socket.cancel()
            await asyncio.gather(self._socket, return_exceptions=True)
            self._socket = None

    async def send(self, contact: str, size: int, *, durable: bool) -> None:
        """Send one envelope of a bucket's size to a contact."""
        await self.sender.send(self.addresses[contact], os.urandom(BUCKETS[size]), durable=durable)

    async def write_vault(self) -> None:
        """Rewrite the vault's constant number of slots (P6)."""
        async with self._device_api() as api:
            state = await api.vault()
            slots = state.slots or tuple(os.urandom(16) for _ in range(4))
            await api.write_vault(
                state.counter, os.urandom(SLOT_BYTES), {s: os.urandom(SLOT_BYTES) for s in slots}
            )
