"""Being found by one's exact handle, and asking for somebody by theirs (P2).

An account is hidden until its owner says otherwise: until then the server answers for its handle
as for one that nobody has. One device receives such requests, the one on which `set_findable` was
called last: the server keeps one mailbox and one sealing key for a handle, and the private half
never leaves the device that made it.

To whoever asks, a person, a hidden person and nobody at all are alike: the same look-up, the same
work, one envelope of the same size, no error that could tell, and then silence until a tap.

Not for: deciding about requests (`visavis.sdk.first_contact`).
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

from visavis.core import contact_types as c
from visavis.core.contact import step
from visavis.core.content import encode_outer
from visavis.core.errors import Code, FatalError, PeerError, UnavailableError
from visavis.core.handle import is_handle
from visavis.core.handle_request import (
    SEED_BYTES,
    HandleAddress,
    handle_destination,
    open_request,
    pay,
    sealing_key_of,
)
from visavis.core.identity import identity_hash
from visavis.core.ids import RequestToken
from visavis.core.work import REQUEST_BITS
from visavis.sdk.addresses import Given, Purpose
from visavis.sdk.books import Books
from visavis.sdk.contact_records import Pending, all_pending, forget_made
from visavis.sdk.new_conversation import make_request
from visavis.sdk.outbox import Outbox
from visavis.sdk.server_data import choices_from
from visavis.transport.api import PublicApi
from visavis.transport.device_api import DeviceApi
from visavis.transport.http import Http

_SEED_KIND: Final = "handle.seed"
"""By our name for the address: the private sealing key."""


class ByHandle:
    """Requests by handle, both ways.

    Args:
        books: What this device keeps.
        outbox: For our requests.
        api: To show or hide our handle.
    """

    def __init__(self, books: Books, outbox: Outbox, api: DeviceApi) -> None:
        self._books = books
        self._outbox = outbox
        self._api = api

    # Asking

    async def ask(self, handle: str) -> RequestToken:
        """Ask whoever has this handle to become a contact.

        Asking again while the first request is pending repeats that request.

        Returns:
            The request's token, for `FirstContact.answered`.

        Raises:
            PeerError: MISTYPED, this is no whole handle; UNEXPECTED, it is our own.
            UnavailableError: The server cannot be reached. Nothing was sent.
        """
        books = self._books
        if not is_handle(handle):
            raise PeerError(Code.MISTYPED, "not a whole handle")
        if handle == books.profile.handle:
            raise PeerError(Code.UNEXPECTED, "this is our own handle")
        address, bits = await self._look_up(handle)
        with books.store.transaction():
            token = self._pending(handle)
            content = encode_outer(make_request(books, token, address.destination))
        paid = await asyncio.to_thread(pay, address, content, bits)
        with books.store.transaction():
            row = self._outbox.put_fixed(address, paid)
        try:
            await self._outbox.flush()
        finally:
            self._outbox.kick()
        # CK-293: a refusal (the handle was hidden a moment ago) is not told: for a decoy there is
        # none, so it would say that there was somebody.
        if self._outbox.refused([row]):
            self._outbox.drop([row])
        return token

    def _pending(self, handle: str) -> RequestToken:
        """Note the request, or its renewal; inside a transaction."""
        books = self._books
        found = (ours for ours in all_pending(books.store) if ours.handle == handle)
        before = next(found, None)
        if before is not None:
            forget_made(books.store, before.state.token)
        token = RequestToken.random(books.rng) if before is None else before.state.token
        own = identity_hash(books.own_list.identity_key)
        state = step(c.Stranger(), c.InviteFollowed(None, own, token, books.now())).state
        if isinstance(state, c.Requested):
            Pending(state, None, handle).save(books.store)
        return token

    async def _look_up(self, handle: str) -> tuple[HandleAddress, int]:
        # CK-294: on a connection of its own. On the one that shows a contact's capability to a
        # sequencer or relay, the server would see which mailbox's contact looks for this handle.
        http = Http(self._books.profile.origin)
        try:
            return await PublicApi(http).look_up(handle)
        finally:
            await http.close()

    # Being found

    async def set_findable(self, *, findable: bool) -> bytes | None:
        """Let requests by our handle come to this device, or hide the handle of the account.

        Repeating it is harmless. Turned on here, it is off on any other device of ours.

        Returns:
            The server's receipt for hiding it, unchecked.

        Raises:
            UnavailableError: The server cannot be reached; say it again. QUOTA, no capability is
                left until the pool is refilled.
        """
        books = self._books
        if not findable:
            receipt = await self._api.put_request_address(None, 0)
            await self._forget()
            return receipt
        with books.store.transaction():
            given = self._given()
            if given is None:
                given = books.addresses.mint(Purpose.HANDLE, books.account)
                books.store.put(_SEED_KIND, given.name, books.rng(SEED_BYTES))
        await self._api.put_request_address(self._address(given), REQUEST_BITS)
        return None

    async def findable(self) -> bool:
        """Say whether requests by our handle come to this device.

        The server is asked the way a stranger would ask. If it shows another address (another
        device of ours took over, or hid the handle), what this device had is given up: strangers
        may still hold it.

        Raises:
            UnavailableError: The server cannot be reached.
        """
        given = self._given()
        if given is None:
            return False
        shown, _ = await self._look_up(self._books.profile.handle)
        if shown == self._address(given):
            return True
        if choices_from(await self._api.account_data.settings()).restricted:
            return False  # hidden for as long as that lasts, and nobody took over
        await self._forget()
        return False

    async def _forget(self) -> None:
        books = self._books
        given = self._given()
        if given is None:
            return
        with books.store.transaction():
            books.store.delete(_SEED_KIND, given.name)
            books.addresses.revoke(given, books.now())
        books.store.scrub()
        # At once: until the capability dies, a stranger who looked it up earlier could take key
        # packages with it, for the server no longer knows that it was for strangers (CK-485).
        with contextlib.suppress(UnavailableError):  # housekeeping does it later
            await books.addresses.flush(self._api)

    def _given(self) -> Given | None:
        return self._books.addresses.current(Purpose.HANDLE, self._books.account)

    def _address(self, given: Given) -> HandleAddress:
        profile = self._books.profile
        key = sealing_key_of(_seed(self._books, given))
        return HandleAddress(profile.origin, profile.mailbox, given.capability, key)

    def open(self, envelope: bytes) -> tuple[Given, bytes]:
        """Open an envelope that no seal key fits: perhaps a request by our handle.

        Returns:
            The address it came over, and the content.

        Raises:
            PeerError: As `open_request`; DECRYPTION also while the handle is hidden.
        """
        given = self._given()
        if given is None:
            raise PeerError(Code.DECRYPTION, "CK-290 our handle is hidden")
        seed = _seed(self._books, given)
        return given, open_request(self._books.profile.mailbox, seed, envelope)


def destination(books: Books, given: Given) -> bytes:
    """Return what a request that came over this address must be signed for (CK-273)."""
    if given.purpose is not Purpose.HANDLE:
        return books.profile.mailbox
    return handle_destination(books.profile.mailbox, sealing_key_of(_seed(books, given)))


def _seed(books: Books, given: Given) -> bytes:
    seed = books.store.get(_SEED_KIND, given.name)
    if seed is None:
        raise FatalError(Code.UNEXPECTED, "an address of our handle without its key")
    return seed
