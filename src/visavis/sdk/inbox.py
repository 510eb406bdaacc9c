"""What arrives: opened, told apart by the address it came over, handed on, acknowledged last.

An envelope is acknowledged only when what it changed is on disk. One that can never be accepted is
dropped, counted by its reason and acknowledged too, so that it cannot block the mailbox. One that
cannot be judged now (the server does not answer, the disk is full) is kept and tried again.

The address says what may come over it (CK-570): requests over an invite or our handle, an answer
over the address of our request, pairing over a pairing link. So holding one address never opens
another door.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, assert_never

from visavis.core.content import decode_outer
from visavis.core.content_outer import (
    CallWelcome,
    CommitHint,
    ContactAccept,
    ContactRejoin,
    ContactRequest,
    ConversationWelcome,
    DeviceLink,
    GroupWelcome,
    Mls,
    Outer,
    PairAnswer,
    PairOffer,
    PairRequest,
    PairReveal,
    SelfWelcome,
)
from visavis.core.envelope import open_envelope
from visavis.core.errors import Code, FatalError, PeerError, UnavailableError, VisavisError
from visavis.core.ids import AccountId
from visavis.core.mls import peek
from visavis.sdk.addresses import GROUP_PURPOSES, Given, Purpose
from visavis.sdk.books import Books
from visavis.sdk.by_handle import ByHandle
from visavis.sdk.conversation import Conversations
from visavis.sdk.first_contact import FirstContact
from visavis.sdk.group_welcomes import GroupWelcomes
from visavis.sdk.metering import arriving
from visavis.sdk.seam import OuterReceived
from visavis.sdk.welcomes import Welcomes
from visavis.transport.socket import Delivery

_GROUP: Final[tuple[type[Outer], ...]] = (Mls, CommitHint, CallWelcome, ConversationWelcome)

ALLOWED: Final[dict[Purpose, tuple[type[Outer], ...]]] = {
    Purpose.INVITE: (ContactRequest,),
    Purpose.HANDLE: (ContactRequest,),
    Purpose.REQUEST: (ContactAccept,),
    Purpose.CONTACT: (*_GROUP, ContactAccept, ContactRejoin),
    Purpose.SIBLING: (*_GROUP, GroupWelcome, SelfWelcome, DeviceLink, ContactRejoin),
    Purpose.GROUP: (Mls, CommitHint, GroupWelcome),
    Purpose.GROUP_BEFORE: (Mls, CommitHint),
    Purpose.PAIRING: (PairOffer, PairAnswer, PairReveal, PairRequest),
    Purpose.LINK: (),
    Purpose.OWN: (),
}
"""What may come over an address, by whom it was given to (CK-570). What a contact sends right after
it has answered our request may come before that: it is kept until the answer is here."""

LIVE_S: Final = 60
"""Seconds for which a live envelope is tried again: as long as a server may hold it."""

PairMessage = PairOffer | PairAnswer | PairReveal | PairRequest


class Inbox:
    """Processes deliveries one at a time.

    Args:
        books: What this device keeps.
        conversations: Application messages and hints.
        welcomes: Welcomes and rejoins.
        group_welcomes: Welcomes to groups of people.
        first_contact: Requests and answers.
        by_handle: Opens what is sealed to our handle.
        ack: Acknowledges a delivery.
        after: Called when something was processed (there may be things to send or commit).
    """

    def __init__(
        self,
        books: Books,
        conversations: Conversations,
        welcomes: Welcomes,
        group_welcomes: GroupWelcomes,
        first_contact: FirstContact,
        by_handle: ByHandle,
        *,
        ack: Callable[[bytes], Awaitable[None]],
        after: Callable[[], None],
    ) -> None:
        self._books = books
        self._conversations = conversations
        self._welcomes = welcomes
        self._group_welcomes = group_welcomes
        self._first_contact = first_contact
        self._by_handle = by_handle
        self._ack = ack
        self._after = after
        self._queue: asyncio.Queue[Delivery] = asyncio.Queue()
        self._kept: dict[bytes, tuple[Delivery, int]] = {}
        self.outer_handlers: list[Callable[[OuterReceived], Awaitable[None]]] = []
        self.pair_handlers: list[Callable[[Given, PairMessage], None]] = []
        self.failed: FatalError | None = None

    async def put(self, delivery: Delivery) -> None:
        """Take a delivery from the socket."""
        await self._queue.put(delivery)

    async def idle(self) -> None:
        """Wait until everything that arrived was looked at.

        Raises:
            FatalError: The store cannot be trusted any more.
        """
        await self._queue.join()
        if self.failed is not None:
            raise self.failed

    @property
    def kept(self) -> int:
        """Return how many deliveries wait for another attempt."""
        return len(self._kept)

    async def retry(self) -> None:
        """Look again at what could not be judged before."""
        for delivery, until in list(self._kept.values()):
            if delivery.durable or self._books.now() < until:
                await self.put(delivery)
            else:
                del self._kept[delivery.delivery_id]

    async def run(self) -> None:
        """Process deliveries until cancelled, or until the store fails."""
        while True:
            delivery = await self._queue.get()
            try:
                if await self.process(delivery):
                    await self._ack(delivery.delivery_id)
            finally:
                self._queue.task_done()
                self._after()

    async def process(self, delivery: Delivery) -> bool:
        """Process one delivery; say whether it is done with and may be acknowledged."""
        try:
            with arriving(len(delivery.envelope), durable=delivery.durable):
                await self._handle(delivery)
        except UnavailableError:
            first = delivery, self._books.now() + LIVE_S
            self._kept.setdefault(delivery.delivery_id, first)
            return False
        except FatalError as error:
            self.failed = error
            return False
        except VisavisError as error:
            self._books.counters.drop(error.code)
        except Exception as error:  # noqa: BLE001 - one bad envelope must not stop all others
            self._books.counters.drop(f"internal {type(error).__name__}")
        self._kept.pop(delivery.delivery_id, None)
        return True

    async def _handle(self, delivery: Delivery) -> None:
        books = self._books
        given, data = self._open(delivery.envelope)
        content = decode_outer(data)
        if not isinstance(content, ALLOWED[given.purpose]):
            if given.purpose is Purpose.REQUEST and isinstance(content, _GROUP):
                # A server hands out what waited in no order: the answer may be behind it.
                raise UnavailableError(Code.UNAVAILABLE, "our request is not answered yet")
            raise PeerError(Code.UNEXPECTED, "CK-570: not over this address")
        match content:
            case Mls():
                await self._mls(given, content, durable=delivery.durable)
            case CommitHint():
                await self._conversations.receive_hint(given, content)
            case CallWelcome():
                await self._call(given, content)
            case ConversationWelcome():
                self._welcomes.receive_welcome(given, content)
            case GroupWelcome():
                self._group_welcomes.receive(given, content)
                await self.retry()
            case SelfWelcome() | DeviceLink():
                self._welcomes.receive_self_welcome(given, content)
            case ContactRequest():
                self._first_contact.receive_request(given, content)
            case ContactAccept():
                self._first_contact.receive_accept(given, content)
                await self.retry()
            case ContactRejoin():
                self._welcomes.receive_rejoin(given, content)
            case PairOffer() | PairAnswer() | PairReveal() | PairRequest():
                for handler in self.pair_handlers:
                    handler(given, content)
            case _:
                assert_never(content)
        books.history.publish()

    def _open(self, envelope: bytes) -> tuple[Given, bytes]:
        books = self._books
        try:
            opened = open_envelope(books.profile.mailbox, books.addresses.seal_keys, envelope)
        except PeerError as error:
            if error.code is not Code.DECRYPTION:
                raise
            return self._by_handle.open(envelope)
        return books.addresses.given(opened.name), opened.content

    async def _mls(self, given: Given, content: Mls, *, durable: bool) -> None:
        group_id = peek(content.message).group_id
        if group_id is not None and self._books.groups.get(group_id) is not None:
            await self._conversations.receive(given, content, durable=durable)
        elif given.purpose in GROUP_PURPOSES and self._group_welcomes.awaits(given.subject):
            # A server hands out what waited in no order: the Welcome may be behind it.
            raise UnavailableError(Code.UNAVAILABLE, "we are not let into this group yet")
        else:
            await self._call(given, content)

    async def _call(self, given: Given, content: Outer) -> None:
        """Hand on what belongs to a call group; whether there is such a call, calls know."""
        if given.purpose not in {Purpose.CONTACT, Purpose.SIBLING}:
            raise PeerError(Code.WRONG_GROUP, "no group of ours")
        for handler in self.outer_handlers:
            await handler(OuterReceived(AccountId(given.subject), content))
