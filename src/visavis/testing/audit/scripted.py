"""Scripted devices: what the SDK sends to a server, without what it does with it.

The server cannot tell sealed bytes from random ones, so a scripted device sends random ones of the
same sizes, at the same moments, over the same API. That makes a month of 200 accounts a matter of
minutes; that real devices send the same is checked by the demo, whose store is audited too. The
history of calls is real: entries, pages and seal are the SDK's.
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
from visavis.core.call_entry import Direction, Entry, Outcome, Via
from visavis.core.call_log import CallLog
from visavis.core.call_page import encode_page
from visavis.core.content_records import Media
from visavis.core.envelope import BUCKETS
from visavis.core.ids import AccountId, CallId, Capability, MailboxId, SealKey
from visavis.sdk.account import register_password, signup_token
from visavis.sdk.vault_read import PAGE_BUCKET, seal_item
from visavis.sdk.vault_slots import SLOTS_PER_WRITE
from visavis.transport.anonymous import AnonymousApi
from visavis.transport.api import DeviceRegistration, PublicApi
from visavis.transport.device_api import DeviceApi
from visavis.transport.http import Http
from visavis.transport.socket import Delivery, ReceiveSocket, SendSocket

CAPABILITIES: Final = 256
KEYSTORE_BYTES: Final = 4096
SLOT_BYTES: Final = 4096
SLOTS: Final = 16
SUITE: Final = 0xF04D


@dataclass(slots=True)
class ScriptedDevice:
    """One person's one device.

    Attributes:
        person: Who; only the script knows.
        capabilities: Those not handed out yet.
        addresses: Contact -> the address that contact gave us.
        account: Known to contacts, and in entries of the history; never to the server.
        history: Real entries in real pages: these are sealed and written as the SDK does it.
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
    account: AccountId = field(default_factory=lambda: AccountId(os.urandom(16)))
    history: CallLog = field(default_factory=CallLog)
    _vault_key: bytes = field(default_factory=lambda: os.urandom(32), repr=False)
    _small: list[bytes] = field(default_factory=list)
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

    def note_call(self, call: CallId, other: AccountId, at: int, *, outgoing: bool) -> None:
        """Keep a call in this device's history."""
        entry = Entry(
            call,
            (other,),
            Direction.OUTGOING if outgoing else Direction.INCOMING,
            Media.VOICE,
            Outcome.ANSWERED,
            at,
            seconds=90,
            via=Via.RELAYED,
            suite=SUITE,
        )
        self.history.add(entry, os.urandom)

    def sealed_page(self, page_id: bytes) -> bytes:
        """Return a page of the history as it stands in the vault."""
        page = encode_page(self.history.pages[page_id])
        return seal_item(self._vault_key, page_id, page, os.urandom, least=PAGE_BUCKET)

    async def write_vault(self) -> None:
        """Rewrite a constant number of small slots and one page of the history (P6)."""
        self.history.need_page(os.urandom)
        async with self._device_api() as api:
            state = await api.vault()
            if not self._small:
                self._small = [os.urandom(16) for _ in range(SLOTS)]
            small = self._small[:SLOTS_PER_WRITE] if state.slots else self._small
            put = {slot: os.urandom(SLOT_BYTES) for slot in small}
            fresh = [page for page in self.history.pages if page not in state.slots]
            for page in fresh or [next(iter(self.history.pages))]:
                put[page] = self.sealed_page(page)
            await api.write_vault(state.counter, os.urandom(SLOT_BYTES), put)
