"""Linking a new device by its QR code or link (P3).

    existing                                   new
       |        <- link: address, hash of key   |     shown as QR
       |  pair.offer: commitment, key, address ->
       |  <- pair.answer: key, nonce            |
       |  pair.reveal: nonce ->                 |     both show six digits
       |  <- pair.request: signed list, key packages, address
       |  device.link: Welcome to the self group ->

The existing device commits before it sees the other's nonce, so somebody in the middle has one try
in a million to show equal digits. The person confirms on the existing device; before that nothing
of the account goes to the new one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar

from visavis.core import sas
from visavis.core.address import ContactAddress
from visavis.core.content_outer import PairAnswer, PairOffer, PairRequest, PairReveal
from visavis.core.device_list import DeviceList, UnverifiedDeviceList, accept_list
from visavis.core.errors import AuthorizationError, Code, PeerError, UnavailableError
from visavis.core.ids import Digest, Nonce32
from visavis.core.invite import PairingLink
from visavis.sdk.addresses import Given, Purpose
from visavis.sdk.books import Books
from visavis.sdk.contact_book import Joining
from visavis.sdk.groups import GroupKind
from visavis.sdk.history import NoticeKind
from visavis.sdk.inbox import PairMessage
from visavis.sdk.session import Session

ANSWER_S: Final = 30.0
"""Seconds one device waits for the other's next message. The person's comparing has no limit but
the next."""
PERSON_S: Final = 300.0
KEY_PACKAGES: Final = 40
"""Key packages in one request: as many as fit the largest envelope with room to spare."""

_MOST: Final = 4  # messages of a whole pairing

Message = TypeVar("Message", PairOffer, PairAnswer, PairReveal, PairRequest)
Confirm = Callable[[str], Awaitable[bool]]


@dataclass(slots=True)
class _Line:
    """The messages that come over one pairing address."""

    session: Session
    given: Given
    arrived: asyncio.Queue[PairMessage] = field(default_factory=asyncio.Queue)
    seen: list[PairMessage] = field(default_factory=list)

    def take(self, given: Given, message: PairMessage) -> None:
        # A durable envelope may come twice; the second one says nothing and breaks nothing.
        if given.name == self.given.name and message not in self.seen[:_MOST]:
            self.seen.append(message)
            self.arrived.put_nowait(message)

    async def next(self, wanted: type[Message], timeout_s: float) -> Message:
        try:
            async with asyncio.timeout(timeout_s):
                message = await self.arrived.get()
        except TimeoutError:
            raise UnavailableError(Code.NO_ANSWER, "the other device did not answer") from None
        # CK-596: the steps come in order; anything else ends the pairing.
        if not isinstance(message, wanted):
            raise PeerError(Code.UNEXPECTED, "CK-596: a pairing message out of turn")
        return message

    async def send(self, address: ContactAddress, content: PairMessage) -> None:
        await self.session.send_outer(address, content, durable=True)


def _open_line(session: Session, subject: bytes) -> _Line:
    given = session.books.addresses.mint(Purpose.PAIRING, subject)
    line = _Line(session, given)
    session.inbox.pair_handlers.append(line.take)
    return line


def _close_line(line: _Line) -> None:
    line.session.inbox.pair_handlers.remove(line.take)
    line.session.books.addresses.revoke(line.given, line.session.books.now())
    line.session.housekeeping.kick()


async def approve(session: Session, link: str, confirm: Confirm) -> str:
    """Let a new device in: the existing device's side.

    Args:
        session: Receiving.
        link: As the new device shows it.
        confirm: Asked with the six digits; True if the person saw the same on the new device.

    Returns:
        The new device's short id.

    Raises:
        PeerError: MISTYPED; REFUSED, it is for another server; BAD_SIGNATURE, the keys are not
            those of the link.
        AuthorizationError: REFUSED, the person said no. Nothing was given away.
        UnavailableError: NO_ANSWER.
    """
    books = session.books
    pairing = PairingLink.from_link(link)
    there = pairing.address.require_server(books.profile.origin)
    line = _open_line(session, pairing.device_key_hash)
    try:
        nonce = Nonce32.random(books.rng)
        offer = PairOffer(
            sas.commit(nonce),
            books.device,
            books.profile.signature_key,
            books.addresses.address(line.given),
        )
        await line.send(there, offer)
        answer = await line.next(PairAnswer, ANSWER_S)
        # CK-597: the key must be the one whose hash the person carried over by hand.
        if Digest.sha256(answer.key) != pairing.device_key_hash:
            raise PeerError(Code.BAD_SIGNATURE, "CK-597: not the key of the link")
        transcript = sas.pairing_transcript(
            link=link.strip().encode(),
            existing_device=books.device,
            existing_key=books.profile.signature_key,
            new_device=answer.device,
            new_key=answer.key,
        )
        await line.send(there, PairReveal(nonce, _groups_to_join(books)))
        if not await confirm(sas.pairing_digits(transcript, nonce, answer.nonce)):
            raise AuthorizationError(Code.REFUSED, "the digits were not the same")
        request = await line.next(PairRequest, ANSWER_S)
        _admit(session, answer, request)
    finally:
        _close_line(line)
    await session.sync()
    return bytes(answer.device[:3]).hex()


def _admit(session: Session, answer: PairAnswer, request: PairRequest) -> None:
    books = session.books
    offered = UnverifiedDeviceList.parse(request.list).verify()
    # CK-597: the device on the newest list is the one whose digits were compared. A device that
    # was revoked still holds a list that shows it.
    listed = accept_list(books.own_list, offered).find(answer.device)
    if listed is None or listed.signature_key != answer.key:
        raise PeerError(Code.BAD_CREDENTIAL, "CK-597: the list does not show the paired device")
    address = request.address.require_server(books.profile.origin)
    with books.store.transaction():
        books.lists.learn(offered)
        books.siblings.save(answer.device, address)
        joining = Joining(books.account, request.key_packages, paired=True)
        books.joining.put(answer.device, joining)
        books.history.notice(NoticeKind.OWN_DEVICE_ADDED, books.account, answer.device, books.now())
    session.welcomes.ensure_self_group()
    for record in books.groups.all():
        session.membership.mark(record)
    session.vault.write_soon()
    books.history.publish()
    session.housekeeping.kick()


def _groups_to_join(books: Books) -> int:
    """Return how many groups a new device is added to: it makes as many key packages."""
    people = sum(record.kind is GroupKind.GROUP for record in books.groups.all())
    return len(books.contacts.all()) + people + 1


class NewSide:
    """The new device's side.

    Args:
        session: Receiving, of the profile that was just made.
        own_list: The list with this device on it, signed and not yet shown to anybody.
        before: The list before it, from the vault.
    """

    def __init__(self, session: Session, own_list: DeviceList, before: DeviceList) -> None:
        self._session = session
        self._own_list = own_list
        self._before = before
        key_hash = Digest.sha256(session.books.profile.signature_key)
        self._line = _open_line(session, key_hash)
        address = session.books.addresses.address(self._line.given)
        self.link = PairingLink(address, key_hash).to_link()

    async def run(self, on_digits: Callable[[str], None]) -> None:
        """Pair; returns when the existing device has let this one into the self group.

        Raises:
            PeerError: BAD_CREDENTIAL, who answered is no device of the account (CK-595);
                BAD_SIGNATURE, the commitment does not open.
            UnavailableError: NO_ANSWER, nobody approved in time.
        """
        books = self._session.books
        line = self._line
        try:
            offer = await line.next(PairOffer, PERSON_S)
            listed = self._before.find(offer.device)
            # CK-595: only a device that stands on our account's own list may take us in.
            if listed is None or listed.signature_key != offer.key:
                raise PeerError(Code.BAD_CREDENTIAL, "CK-595: not a device of this account")
            there = offer.address.require_server(books.profile.origin)
            nonce = Nonce32.random(books.rng)
            await line.send(there, PairAnswer(books.device, books.profile.signature_key, nonce))
            reveal = await line.next(PairReveal, ANSWER_S)
            sas.check_reveal(offer.commitment, reveal.nonce)
            transcript = sas.pairing_transcript(
                link=self.link.encode(),
                existing_device=offer.device,
                existing_key=offer.key,
                new_device=books.device,
                new_key=books.profile.signature_key,
            )
            on_digits(sas.pairing_digits(transcript, reveal.nonce, nonce))
            await line.send(there, self._request(reveal.groups))
            await self._linked()
        finally:
            _close_line(line)

    def _request(self, groups: int) -> PairRequest:
        books = self._session.books
        with books.store.transaction():
            count = min(groups, KEY_PACKAGES)
            packages = tuple(books.keep_key_package() for _ in range(count))
            given = books.sibling_address()
        return PairRequest(self._own_list.data, books.addresses.address(given), packages)

    async def _linked(self) -> None:
        try:
            async with asyncio.timeout(PERSON_S):
                await self._session.welcomes.linked.wait()
        except TimeoutError:
            raise UnavailableError(Code.NO_ANSWER, "the other device did not let us in") from None
