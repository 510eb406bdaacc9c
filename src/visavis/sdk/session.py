"""A profile at work: sockets, inbox, outbox, housekeeping; and the seam that calls are built on.

One `Session` per open profile and process. It owns every task it starts and ends them on `close`.

Not for applications: they use `visavis.sdk.client.Client`. What it is made of is in
`session_parts`, and how contents leave in `session_sending`.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping

from visavis.core.address import ContactAddress
from visavis.core.call_entry import Entry
from visavis.core.content import encode_outer
from visavis.core.content_inner import Inner
from visavis.core.content_outer import Outer
from visavis.core.content_records import Media, Rules
from visavis.core.content_self import Sibling
from visavis.core.errors import AuthorizationError, Code, UsageError
from visavis.core.ids import AccountId, CallId, DeviceId, GroupId, Rng
from visavis.core.mls import KeyPackageBundle
from visavis.sdk.consent_key import OwnConsent
from visavis.sdk.decisions import granted, is_verified, may_ring
from visavis.sdk.erasing import destroy_profile
from visavis.sdk.forgetting import forget
from visavis.sdk.seam import (
    InnerHandler,
    KeyMaterial,
    OuterHandler,
    SelfHandler,
    TurnServer,
)
from visavis.sdk.session_parts import SessionParts
from visavis.sdk.session_sending import own_address
from visavis.sdk.store import Store


class Session(SessionParts):
    """Everything a device does between opening and closing its profile. Implements `CallSeam`.

    Args:
        store: Open, with a profile in it; closed by `close`.
    """

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._closing: asyncio.Task[None] | None = None

    # Life

    async def start(self, *, receive: bool = True) -> None:
        """Start sending and housekeeping, and receiving unless told otherwise."""
        self.books.addresses.purge(self.books.now())
        self.books.call_links.purge()
        self.receiver.on_connection(self._on_connection)
        self.spawn(self.outbox.run())
        self.spawn(self.inbox.run())
        self.spawn(self.housekeeping.run())
        self.spawn(self.decisions.tell())
        self.spawn(self.call_control.tell())
        if receive:
            self.spawn(self._receive())

    async def _receive(self) -> None:
        await self.receiver.run()
        if self.is_shut_out and self._closing is None:
            # Not in this scope, which it ends.
            self._closing = asyncio.get_running_loop().create_task(self._close())

    @property
    def is_shut_out(self) -> bool:
        """Say whether the account has signed that this device is shut out."""
        stopped = self.receiver.stopped
        return stopped is not None and stopped.code is Code.SHUT_OUT

    async def close(self) -> None:
        """End every task and connection, and lock the store; erase it if we are shut out (R-10)."""
        if self._closing is None:
            self._closing = asyncio.get_running_loop().create_task(self._close())
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        await self._tasks.end()
        self.books.history.incoming.close()
        self.books.history.notices.close()
        await self._send_socket.close()
        await self.anonymous.close()
        await self._device_http.close()
        self.books.store.close()
        if self.is_shut_out:
            destroy_profile(self.books.store)

    async def sync(self, timeout_s: float = 30.0) -> None:
        """Receive and process all that is waiting, and send all that can be sent.

        Raises:
            UnavailableError: The server cannot be reached; what was received is kept.
            AuthorizationError: SHUT_OUT, our account has shut this device out: what it held is
                erased. REFUSED, the server says that there is no such device.
            FatalError: This profile cannot be used any more; say why.
        """
        await self._syncing.sync(timeout_s)

    def forget_contact(self, account: AccountId) -> None:
        """Remove a contact with its groups, keys and addresses; history stays."""
        with self.books.store.transaction():
            forget(self.books, account)
            self.vault.removed(account)
        self.books.store.scrub()
        self.housekeeping.kick()

    # The seam for calls (see `visavis.sdk.seam.CallSeam`)

    @property
    def rng(self) -> Rng:
        """Return the source of random bytes."""
        return os.urandom

    @property
    def key_material(self) -> KeyMaterial:
        """Return this device's credential and signature key."""
        books = self.books
        return KeyMaterial(
            books.account,
            books.device,
            books.credential,
            books.profile.signature_private,
            books.lists.validator,
        )

    def now(self) -> int:
        """Return the time in unix seconds."""
        return self.books.now()

    def monotonic(self) -> float:
        """Return the event loop's clock."""
        return asyncio.get_running_loop().time()

    def new_key_package(self, consent: OwnConsent) -> KeyPackageBundle:
        """Return a fresh key package for a call, kept by the caller in memory only."""
        return self.books.make_key_package(leaf_extensions=[consent.extension()])

    def may_ring(
        self, contact: AccountId, media: Media = Media.VIDEO, *, called: bool = False
    ) -> Media | None:
        """Return as what a call of this contact may ring now (R-86, R-87); None: nothing rings."""
        return may_ring(self.books, contact, media, called=called)

    def granted(self, contact: AccountId) -> Rules:
        """Return the contact's rules, for what they grant beyond ringing."""
        return granted(self.books, contact)

    def is_changed(self, contact: AccountId) -> bool:
        """Say whether the contact has another identity key, and the person has not decided yet."""
        known = self.books.contacts.get(contact)
        return known is not None and known.identity_changed

    def is_verified(self, contact: AccountId) -> bool:
        """Say whether the contact's safety number was compared, with the key it has now."""
        return is_verified(self.books, contact)

    def note_call(self, entry: Entry, goes_on: CallId | None) -> None:
        """Keep a call that is over in the history, as far as the person wants one kept."""
        if self.is_shut_out:
            return
        with self.books.store.transaction():
            self.books.calls.note(entry, goes_on)

    def tells_missed(self) -> bool:
        """Say whether those we call in vain are told."""
        return self.books.calls.settings().trace

    def contact_name(self, contact: AccountId) -> str:
        """Return the contact's name as the person sees it."""
        known = self.books.contacts.get(contact)
        if known is None:
            raise UsageError("no contact of ours")
        return known.name

    def contact_devices(self, contact: AccountId) -> Mapping[DeviceId, ContactAddress]:
        """Return the addresses of the contact's devices that are on its newest list."""
        return self.books.contacts.addresses(contact)

    def sibling_devices(self) -> Mapping[DeviceId, ContactAddress]:
        """Return the addresses of our other devices."""
        books = self.books
        stands = books.lists.stands
        return {d: a for d, a in books.siblings.addresses().items() if stands(books.account, d)}

    async def send_inner(
        self, contact: AccountId, content: Inner, *, durable: bool, to_siblings: bool = False
    ) -> None:
        """Send one MLS message in the conversation to every device of the contact."""
        await self.conversations.send_inner(
            contact, content, durable=durable, to_siblings=to_siblings
        )

    async def send_outer(self, address: ContactAddress, content: Outer, *, durable: bool) -> None:
        """Seal one content for one device and send it."""
        if durable:
            with self.books.store.transaction():
                row = self.outbox.put_fixed(address, encode_outer(content))
            try:
                await self.outbox.flush()
            finally:
                self.outbox.kick()
            if self.outbox.refused([row]):
                self.outbox.drop([row])
                raise AuthorizationError(Code.REFUSED, "the address is not good any more")
        else:
            await self._sending.live(address, content)

    async def send_self(self, content: Sibling, *, durable: bool) -> None:
        """Send one message to all our other devices."""
        await self.conversations.send_self(content, durable=durable)

    async def turn(self, address: ContactAddress) -> TurnServer:
        """Fetch TURN credentials anonymously, presenting this address."""
        given = await self.anonymous.turn(address)
        return TurnServer(given.urls, given.username, given.credential, given.ttl_s)

    def own_turn_address(self) -> ContactAddress:
        """Return an address of this device itself, to present when asking for TURN."""
        return own_address(self.books)

    def on_inner(self, handler: InnerHandler) -> None:
        """Register who gets `call.*` contents."""
        self.conversations.inner_handlers.append(handler)
        self.spawn(self.conversations.redispatch())

    def on_unknown_group(self, handler: OuterHandler) -> None:
        """Register who gets envelopes of call groups."""
        self.inbox.outer_handlers.append(handler)

    def on_self(self, handler: SelfHandler) -> None:
        """Register who gets contents of the self group that calls need."""
        self.conversations.self_handlers.append(handler)

    def on_contact(self, handler: Callable[[AccountId], None]) -> None:
        """Register who is told, once it is stored, that something about a contact was written."""
        loop = asyncio.get_running_loop()
        # By then the transaction in which it was written is over, or taken back.
        self.books.contacts.on_saved(lambda account: loop.call_soon(handler, account))

    def on_group(self, handler: Callable[[GroupId], None]) -> None:
        """Register who is told, once it is stored, that a commit changed a group of people."""
        self._group_listeners.append(handler)

    def on_connection(self, handler: Callable[[bool], None]) -> None:
        """Register who is told when the receiving socket comes and goes."""
        self.receiver.on_connection(handler)
