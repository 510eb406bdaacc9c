"""How contents leave this device: sealed for an address, and by whose capability asked for.

Wiring of the session. Not for deciding what is sent to whom (`conversation.py`, `outbox.py`).
"""

from __future__ import annotations

from visavis.core.address import ContactAddress
from visavis.core.content import encode_outer
from visavis.core.content_outer import Outer
from visavis.core.envelope import seal
from visavis.core.handle_request import AnyAddress, HandleAddress, seal_request
from visavis.core.ids import AccountId, DeviceId
from visavis.sdk.addresses import Purpose
from visavis.sdk.books import Books
from visavis.sdk.group_targets import presented_in_group, told_in_group
from visavis.sdk.groups import GroupKind, GroupRecord
from visavis.sdk.metering import speaking
from visavis.transport.socket import SendSocket


class Sending:
    """Seals and sends.

    Args:
        books: What this device keeps.
        socket: To the server.
    """

    def __init__(self, books: Books, socket: SendSocket) -> None:
        self._books = books
        self._socket = socket

    async def durable(self, address: AnyAddress, content: bytes) -> None:
        """Send one content so that the server has stored it when this returns."""
        await self._send(address, self._seal(address, content), durable=True)

    async def live(self, address: ContactAddress, content: Outer) -> None:
        """Send one content in the call class."""
        sealed = self._seal(address, encode_outer(content))
        await self._send(address, sealed, durable=False)

    async def _send(self, address: AnyAddress, envelope: bytes, *, durable: bool) -> None:
        meter = speaking()

        def left() -> None:
            if meter is not None:
                meter.left(len(envelope), durable=durable)

        await self._socket.send(address, envelope, durable=durable, on_left=left)

    def _seal(self, address: AnyAddress, content: bytes) -> bytes:
        address.require_server(self._books.profile.origin)
        if isinstance(address, HandleAddress):
            return seal_request(address, content, self._books.rng)
        return seal(address.mailbox, address.seal_key, content, self._books.rng)


def own_address(books: Books) -> ContactAddress:
    """Return an address of this device itself, to present when asking for TURN or a sequencer."""
    return books.addresses.address(books.addresses.current_or_mint(Purpose.OWN, b""))


def presented(books: Books, record: GroupRecord) -> list[ContactAddress]:
    """Return the addresses whose capabilities may be shown to a group's sequencer.

    Both sides of a conversation show capabilities of the same account's mailboxes, the one
    with the lower id, so that the server does not see two accounts at one sequencer (P8). Only
    if all of those are refused does the other side show its own.
    """
    if record.kind is GroupKind.SELF:
        return [own_address(books)]
    if record.kind is GroupKind.GROUP:
        return presented_in_group(books, record)
    own = books.addresses.address(books.contact_address(record.account))
    if books.account < record.account:
        return [own]
    theirs = books.contacts.addresses(record.account)
    return [*(theirs[device] for device in sorted(theirs)), own]


def told_of_commits(books: Books, record: GroupRecord) -> list[tuple[AccountId, DeviceId]]:
    """Return who is told of a group's commits: the contact's devices and our other ones."""
    if record.kind is GroupKind.GROUP:
        return told_in_group(books, record)
    siblings = [(books.account, device) for device in books.siblings.addresses()]
    if record.kind is GroupKind.SELF:
        return siblings
    theirs = books.contacts.addresses(record.account)
    return [(record.account, device) for device in theirs] + siblings
