"""Messages of conversations, of groups of people and of the self group: sent and received.

Sending: one MLS message, sealed afresh for each device. The group's new state and the rows of the
outbox are on disk in one transaction before anything leaves. Receiving: decrypted, checked, and
what it changes is on disk in one transaction; only then is the envelope acknowledged (`inbox`).

Not for: who is in a group (`membership`), what a message changes (`received`), or what calls mean
(`calls`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from visavis.core.address import ContactAddress
from visavis.core.content import (
    decode_in_group,
    decode_inner,
    decode_sibling,
    encode_in_group,
    encode_inner,
    encode_outer,
    encode_sibling,
)
from visavis.core.content_group import InGroup
from visavis.core.content_inner import (
    Inner,
    MessageFile,
    MessageText,
)
from visavis.core.content_outer import CommitHint, Mls, Outer
from visavis.core.content_self import Sibling
from visavis.core.errors import (
    AuthorizationError,
    Code,
    PeerError,
    UnavailableError,
)
from visavis.core.ids import AccountId, DeviceId, MessageId
from visavis.core.mls import ApplicationMessage, Group, peek
from visavis.sdk.addresses import GROUP_PURPOSES, Given, Purpose
from visavis.sdk.books import Books
from visavis.sdk.contact_book import Known
from visavis.sdk.group_steps import Stepping, require_conversation
from visavis.sdk.group_targets import told_in_group
from visavis.sdk.groups import GroupKind, GroupRecord, device_of
from visavis.sdk.history import Message
from visavis.sdk.outbox import Outbox
from visavis.sdk.received import PENDING_INNER_KIND, HandedOn, ReceivedContents, Said
from visavis.sdk.seam import InnerReceived, SelfReceived
from visavis.sdk.sequencer import Sequencers

UNHEARD_S: Final = 45
"""Seconds a live content waits for somebody to listen: as long as a call rings."""

MakingInGroup = Callable[[GroupRecord], InGroup | None]
"""As `Making`, for a group of people."""

SendOuter = Callable[[ContactAddress, Outer], Awaitable[None]]
"""Seals one content for one device and sends it live; raises as `SendSocket.send`."""

Making = Callable[[GroupRecord], Inner | None]
"""Makes a content in the transaction that sends it; None if there is nothing to say after all. What
it changes of the record is written with it."""


@dataclass(frozen=True, slots=True)
class _Letter:
    """What was encrypted, for whom, and its rows in the outbox: one each; none if it is live."""

    content: Mls
    targets: list[tuple[AccountId, DeviceId]]
    rows: list[int]

    def rows_of(self, account: AccountId) -> list[int]:
        """Return the rows for the devices of an account."""
        both = zip(self.targets, self.rows, strict=True)
        return [row for (of, _), row in both if of == account]


class Conversations:
    """Application messages.

    Args:
        books: What this device keeps.
        outbox: For durable contents.
        sequencers: To catch up when a message is from a later epoch.
        contents: Keeps what was received.
        send_live: Sends one content in the call class.
        catch_up: Waits until what lies in the mailbox was processed.
        in_group: Keeps what was said in a group of people; the last says whether it came live.
    """

    def __init__(
        self,
        books: Books,
        outbox: Outbox,
        sequencers: Sequencers,
        contents: ReceivedContents,
        *,
        send_live: SendOuter,
        catch_up: Callable[[], Awaitable[None]],
        in_group: Callable[[GroupRecord, Said, InGroup, bool], None],
    ) -> None:
        self._books = books
        self._outbox = outbox
        self._sequencers = sequencers
        self._send_live = send_live
        self._contents = contents
        self._catch_up = catch_up
        self._in_group = in_group
        self._unheard: list[tuple[InnerReceived, int]] = []
        self.inner_handlers: list[Callable[[InnerReceived], Awaitable[None]]] = []
        self.self_handlers: list[Callable[[SelfReceived], Awaitable[None]]] = []

    def require(self, contact: AccountId) -> tuple[Known, GroupRecord]:
        """Return a contact and its conversation; see `require_conversation`."""
        return require_conversation(self._books, contact)

    # Sending

    async def send_text(self, contact: AccountId, text: str) -> None:
        """Send a text message, durably, to the contact's devices and to our own others.

        Raises:
            AuthorizationError: As `require_conversation`; REFUSED also when every device of the
                contact refuses it: then it is taken back.
            UnavailableError: As `require_conversation`. A server that is away is no error: the
                message waits.
        """
        books = self._books
        await self._say(contact, MessageText(MessageId.random(books.rng), books.now(), text))

    async def send_file(self, contact: AccountId, content: MessageFile) -> Message:
        """Send the message that names a file, as `send_text` does; returns the entry it makes."""
        await self._say(contact, content)
        return Message.of(contact, content, outgoing=True)

    async def _say(self, contact: AccountId, content: MessageText | MessageFile) -> None:
        books = self._books

        def kept(record: GroupRecord) -> MessageText | MessageFile:
            said = Message.of(contact, content, outgoing=True)
            books.history.add(said, content.id, record.count + 1)
            return content

        letter = await self._send(contact, kept, durable=True, to_siblings=True)
        if letter is None:
            return
        theirs = letter.rows_of(contact)
        await self._flush()
        if self._outbox.refused(theirs):
            # Perhaps they have just replaced their address: the new one is in our mailbox then.
            await self._catch_up()
            await self._flush()
        if self._outbox.refused(theirs):
            with books.store.transaction():
                self._outbox.drop(letter.rows)
                books.history.take_back(contact, content.id)
            raise AuthorizationError(Code.REFUSED, "no device of the contact accepts it any more")

    def _targets(
        self, contact: AccountId, *, to_siblings: bool
    ) -> list[tuple[AccountId, DeviceId]]:
        books = self._books
        targets = [(contact, device) for device in books.contacts.addresses(contact)]
        if to_siblings:
            targets += [(books.account, device) for device in books.siblings.addresses()]
        return targets

    async def send_inner(
        self, contact: AccountId, content: Inner, *, durable: bool, to_siblings: bool = False
    ) -> None:
        """Send one content; see `seam.CallSeam.send_inner`."""
        await self.send_made(contact, lambda _: content, durable=durable, to_siblings=to_siblings)

    async def send_made(
        self, contact: AccountId, make: Making, *, durable: bool, to_siblings: bool = False
    ) -> None:
        """As `send_inner`, for a content that is made in the transaction that sends it."""
        letter = await self._send(contact, make, durable=durable, to_siblings=to_siblings)
        if letter is not None and durable:
            await self._flush()
            if self._outbox.refused(letter.rows):
                raise AuthorizationError(Code.REFUSED, "no device of the contact accepts it")
        elif letter is not None:
            await self._send_now(letter)

    async def send_self(self, content: Sibling, *, durable: bool) -> None:
        """Send one content to our other devices; nothing happens when there are none."""
        record = self._books.groups.self_group()
        targets = [(self._books.account, d) for d in self._books.siblings.addresses()]
        if record is not None and targets:
            async with self._books.groups.lock(record):
                plain = encode_sibling(content)
                newest = self._books.groups.newest(record)
                with Stepping(self._books, newest), self._books.store.transaction():
                    letter = self._write(newest, plain, targets, durable=durable)
            if durable:
                await self._flush()
            else:
                await self._send_now(letter)

    async def _send(
        self, contact: AccountId, make: Making, *, durable: bool, to_siblings: bool
    ) -> _Letter | None:
        """Write what is to be said to a contact; raises as `require_conversation`."""
        books = self._books
        while True:
            _, record = require_conversation(books, contact)
            async with books.groups.lock(record):
                # While we waited for the lock much may have changed: the person has to decide, the
                # contact was removed, the conversation began anew in another group.
                _, newest = require_conversation(books, contact)
                if newest.group_id != record.group_id:
                    continue
                with Stepping(books, newest), books.store.transaction():
                    content = make(newest)
                    if content is None:
                        return None
                    plain = encode_inner(content)
                    targets = self._targets(contact, to_siblings=to_siblings)
                    return self._write(newest, plain, targets, durable=durable)

    async def send_in_group(
        self, record: GroupRecord, make: MakingInGroup, *, durable: bool = True
    ) -> bool:
        """Send one content to a group of people.

        Args:
            record: The group.
            make: Makes the content in the transaction that sends it; None: nothing after all.
            durable: Kept and resent until the server has it; else one attempt is made.

        Returns:
            Whether every device that it went to refused it (none was reached).

        Raises:
            PeerError: WRONG_GROUP, we are out of it; CK-062.
            UnavailableError: As `send_inner`, if it is not durable.
        """
        books = self._books
        async with books.groups.lock(record):
            newest = books.groups.newest(record)
            with Stepping(books, newest), books.store.transaction():
                content = make(newest)
                if content is None:
                    return False
                targets = told_in_group(books, newest)
                letter = self._write(newest, encode_in_group(content), targets, durable=durable)
        if not durable:
            await self._send_now(letter)
            return False
        await self._flush()
        return self._outbox.refused(letter.rows)

    def _write(
        self,
        record: GroupRecord,
        plain: bytes,
        targets: list[tuple[AccountId, DeviceId]],
        *,
        durable: bool,
    ) -> _Letter:
        """Encrypt a content; inside the transaction that keeps the group's new state."""
        books = self._books
        state = books.groups.state(record)
        record.count += 1
        count = record.count.to_bytes(8, "big")
        message = state.encrypt(plain, authenticated_data=count, rng=books.rng)
        books.groups.save(record, state)
        content, rows = Mls(message), list[int]()
        if durable:
            data = encode_outer(content)
            rows = [self._outbox.put(account, device, data) for account, device in targets]
        return _Letter(content, targets, rows)

    async def _flush(self) -> None:
        try:
            await self._outbox.flush()
        finally:
            self._outbox.kick()

    async def _send_now(self, letter: _Letter) -> None:
        addresses = [self._books.resolve(account, device) for account, device in letter.targets]
        sends = [self._send_live(address, letter.content) for address in addresses if address]
        if not sends:
            raise UnavailableError(Code.UNAVAILABLE, "no device to send to is known")
        results = await asyncio.gather(*sends, return_exceptions=True)
        failures = [result for result in results if isinstance(result, BaseException)]
        if len(failures) == len(results):
            raise failures[0]

    # Receiving

    async def receive_hint(self, given: Given, hint: CommitHint) -> None:
        """Pull what the hint speaks of; the hint itself is not believed.

        Raises:
            PeerError: WRONG_GROUP.
            UnavailableError: The server cannot answer now.
        """
        record = self._require_group(given, hint.group)
        async with self._books.groups.lock(record):
            if self._books.groups.state(record).epoch < hint.epoch:
                await self._sequencers.pull(record)

    async def receive(self, given: Given, content: Mls, *, durable: bool) -> None:
        """Decrypt, check and keep an application message of a conversation or the self group.

        Raises:
            PeerError: It is refused and changes nothing.
            UnavailableError: It is from a later epoch and the server cannot be asked now.
        """
        head = peek(content.message)
        record = self._require_group(given, head.group_id or b"")
        async with self._books.groups.lock(record):
            state = self._books.groups.state(record)
            if head.epoch is not None and head.epoch > state.epoch:
                await self._sequencers.pull(record)
                state = self._books.groups.state(record)
            if head.epoch is not None and head.epoch > state.epoch:
                raise PeerError(Code.WRONG_EPOCH, "CK-578: an epoch that no sequencer knows")
            handed_on = self._open(record, state, content.message, durable=durable)
        self._books.history.publish()
        if handed_on is not None:
            await self._dispatch(handed_on)

    async def redispatch(self) -> None:
        """Hand out what came before there was a handler, or before a crash."""
        unheard, self._unheard = self._unheard, []
        for received, until in unheard:
            if self._books.now() < until:
                await self._dispatch(HandedOn(received))
        for key, data in self._books.store.items(PENDING_INNER_KIND):
            account, device, own = AccountId(data[:16]), DeviceId(data[16:32]), data[32] == 1
            inner = decode_inner(data[33:])
            received = InnerReceived(account, device, own, inner, live=False)
            await self._dispatch(HandedOn(received, key))

    def _require_group(self, given: Given, group_id: bytes) -> GroupRecord:
        record = self._books.groups.get(group_id)
        if record is None:
            raise PeerError(Code.WRONG_GROUP, "no group of ours")
        if record.kind is GroupKind.GROUP:
            self._require_own_way(given, record)
            return record
        # CK-571: what comes over the address of one contact is never for another's conversation.
        if given.purpose is not Purpose.SIBLING and given.subject != record.account:
            raise PeerError(Code.WRONG_GROUP, "CK-571: another contact's conversation")
        return record

    @staticmethod
    def _require_own_way(given: Given, record: GroupRecord) -> None:
        """Refuse what does not come over an address of this group, or from our other devices."""
        # CK-840: each group has an address of its own (P13), and over it comes nothing else.
        by_group = given.purpose in GROUP_PURPOSES and given.subject == record.group_id
        if not by_group and given.purpose is not Purpose.SIBLING:
            raise PeerError(Code.WRONG_GROUP, "CK-840: not over an address of this group")

    def _open(
        self, record: GroupRecord, state: Group, message: bytes, *, durable: bool
    ) -> HandedOn | None:
        books = self._books
        with Stepping(books, record), books.store.transaction():
            result = state.process(message, now=books.now())
            # CK-572: a commit is believed only when the sequencer stored it (a member that sends
            # it around by hand would split the group); proposals by themselves are not used.
            if not isinstance(result, ApplicationMessage):
                raise PeerError(Code.UNEXPECTED, "CK-572: a handshake outside the sequencer")
            account, device = device_of(result.sender)
            stands = books.lists.stands
            if record.kind is GroupKind.GROUP:  # the roster is checked where it changes (CK-832)
                stands = partial(books.group_book.stands, record.group_id)
            elif account not in {record.account, books.account}:
                raise PeerError(Code.BAD_CREDENTIAL, "CK-575: a stranger in the group")
            # CK-575: a revoked device still holds keys of the epochs before its removal.
            if not stands(account, device):
                raise PeerError(Code.BAD_CREDENTIAL, "CK-575: the device was revoked")
            said = Said(account, device, int.from_bytes(result.authenticated_data[:8], "big"))
            record.heard(said.count)
            books.groups.save(record, state)
            if record.kind is GroupKind.SELF:
                return self._contents.sibling(record, said, decode_sibling(result.content))
            if record.kind is GroupKind.GROUP:
                self._in_group(record, said, decode_in_group(result.content), not durable)
                return None
            inner = decode_inner(result.content)
            return self._contents.inner(record, said, inner, durable=durable)

    async def _dispatch(self, handed_on: HandedOn) -> None:
        received, key = handed_on.received, handed_on.key
        if isinstance(received, InnerReceived) and not self.inner_handlers:
            # Calls are not up yet: a ring is kept as long as it could still be answered.
            if key is None:
                self._unheard.append((received, self._books.now() + UNHEARD_S))
            return
        if isinstance(received, InnerReceived):
            for handler in self.inner_handlers:
                await handler(received)
        else:
            for self_handler in self.self_handlers:
                await self_handler(received)
        if key is not None:
            self._books.store.delete(PENDING_INNER_KIND, key)
