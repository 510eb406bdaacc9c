"""Messages and notices as this device keeps them, and the streams an application reads.

Everything here is in the encrypted store first; the streams only say that something came.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, Generic, Self, TypeVar

from visavis.core import cbor
from visavis.core.content import decode_inner, encode_inner
from visavis.core.content_inner import MessageFile, MessageText
from visavis.core.errors import Code, FatalError
from visavis.core.file_name import safe_name
from visavis.core.ids import AccountId, DeviceId, MessageId
from visavis.core.thumbnail import thumbnail_of
from visavis.sdk.store import Store

_MESSAGE_KIND: Final = "message/"
_SEEN_KIND: Final = "message.seen/"
_NOTICE_KIND: Final = "notice"

Item = TypeVar("Item")


class MessageKind(StrEnum):
    """What an entry of a conversation is."""

    TEXT = "text"
    FILE = "file"
    MISSED_CALL = "call.missed"


@dataclass(frozen=True, slots=True)
class Message:
    """An entry of a conversation: a text, a file, or a call that came to nothing (R-02).

    Args:
        contact: Whose conversation.
        at: Unix seconds, as its sender's clock said.
        outgoing: Sent by us (from any of our devices).
        text: What was written; for a missed call what to call it, for a file its name.
        kind: Which of them.
        file: Of a file what opens it. Its name and thumbnail are safe to show; its type and size
            are the sender's word until it was fetched.
    """

    contact: AccountId
    at: int
    outgoing: bool
    text: str = field(repr=False)
    kind: MessageKind = MessageKind.TEXT
    file: MessageFile | None = field(default=None, repr=False)

    @classmethod
    def of(cls, contact: AccountId, content: MessageText | MessageFile, *, outgoing: bool) -> Self:
        """Make an entry of what was said; of a file, name and thumbnail are made safe (CK-300)."""
        if isinstance(content, MessageText):
            return cls(contact, content.at, outgoing, content.body)
        name, thumbnail = safe_name(content.name), thumbnail_of(content.thumbnail)
        file = replace(content, name=name, thumbnail=thumbnail)
        return cls(contact, content.at, outgoing, name, MessageKind.FILE, file)


class NoticeKind(StrEnum):
    """What a person should be told."""

    CONTACT_ADDED = "contact added"
    CONTACT_BY_HANDLE = "contact added by handle"
    REQUEST_WAITING = "request waiting"
    NEW_DEVICE = "new device"
    DEVICE_REMOVED = "device removed"
    REJOINED = "rejoined"
    IDENTITY_CHANGED = "identity changed"
    OWN_DEVICE_ADDED = "own device added"
    OWN_DEVICE_REMOVED = "own device removed"
    REVOKED = "this device was revoked"
    VAULT_ROLLED_BACK = "vault rolled back"
    KEYS_ROLLED_BACK = "keys rolled back"


@dataclass(frozen=True, slots=True)
class Notice:
    """Something about contacts or devices that a person should see.

    Args:
        kind: What happened.
        account: The contact it is about, or our own account.
        device: The device, if it is about one.
        at: Unix seconds.
    """

    kind: NoticeKind
    account: AccountId
    device: DeviceId | None
    at: int


class Stream(Generic[Item]):
    """What came in since the profile was opened, for any number of readers."""

    def __init__(self) -> None:
        self._items: list[Item] = []
        self._more = asyncio.Event()
        self._closed = False

    def push(self, item: Item) -> None:
        """Add an item and wake the readers."""
        self._items.append(item)
        self._wake()

    def close(self) -> None:
        """End every reader once it has read what is there."""
        self._closed = True
        self._wake()

    async def read(self) -> AsyncIterator[Item]:
        """Yield every item of this session, those that came before too, then wait for more."""
        at = 0
        while True:
            more = self._more
            while at < len(self._items):
                yield self._items[at]
                at += 1
            if self._closed:
                return
            if more is self._more:
                await more.wait()

    def _wake(self) -> None:
        self._more.set()
        self._more = asyncio.Event()


class History:
    """The messages and notices of this device."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.incoming: Stream[Message] = Stream()
        self.notices: Stream[Notice] = Stream()
        self._new_messages: list[Message] = []
        self._new_notices: list[Notice] = []
        store.on_rollback(self._forget_new)

    def add(self, message: Message, message_id: MessageId, count: int) -> bool:
        """Keep a message, once; say whether it was new. Inside a transaction.

        Args:
            message: The message.
            message_id: To know a repetition.
            count: Of its sender in this conversation: orders what was said within one second.
        """
        contact = bytes(message.contact).hex()
        if self._store.get(_SEEN_KIND + contact, message_id) is not None:
            return False
        key = message.at.to_bytes(8, "big") + count.to_bytes(8, "big") + message_id
        file = [] if message.file is None else [encode_inner(message.file)]
        value = cbor.encode([message.at, message.outgoing, message.text, message.kind.value, *file])
        with self._store.transaction():
            self._store.put(_SEEN_KIND + contact, message_id, b"")
            self._store.put(_MESSAGE_KIND + contact, key, value)
        if not message.outgoing:
            self._new_messages.append(message)
        return True

    def take_back(self, contact: AccountId, message_id: MessageId) -> None:
        """Remove a message that could not be sent to anybody. Inside a transaction."""
        kind = _MESSAGE_KIND + bytes(contact).hex()
        for key, _ in self._store.items(kind):
            if key.endswith(message_id):
                self._store.delete(kind, key)

    def notice(
        self, kind: NoticeKind, account: AccountId, device: DeviceId | None, now: int
    ) -> None:
        """Keep a notice, once per kind, account and device. Inside a transaction."""
        key = cbor.encode([kind.value, account, device])
        if self._store.get(_NOTICE_KIND, key) is not None:
            return
        self._store.put(_NOTICE_KIND, key, cbor.encode(now))
        self._new_notices.append(Notice(kind, account, device, now))

    def forget_notice(
        self, kind: NoticeKind, account: AccountId, device: DeviceId | None = None
    ) -> None:
        """Let a notice come again (its cause was dealt with)."""
        self._store.delete(_NOTICE_KIND, cbor.encode([kind.value, account, device]))

    def publish(self) -> None:
        """Tell readers what the transaction that just ended has stored."""
        messages, self._new_messages = self._new_messages, []
        notices, self._new_notices = self._new_notices, []
        for message in messages:
            self.incoming.push(message)
        for notice in notices:
            self.notices.push(notice)

    def messages(self, contact: AccountId) -> list[Message]:
        """Return the conversation with a contact, oldest first."""
        found = []
        for _, data in self._store.items(_MESSAGE_KIND + bytes(contact).hex()):
            match cbor.decode(data):
                case [int(at), bool(outgoing), str(text), str(kind)]:
                    found.append(Message(contact, at, outgoing, text, MessageKind(kind)))
                case [int(at), bool(outgoing), str(text), str(kind), bytes(encoded)]:
                    file = decode_inner(encoded)
                    if not isinstance(file, MessageFile):
                        raise FatalError(Code.MALFORMED, "a file of the store cannot be read")
                    found.append(Message(contact, at, outgoing, text, MessageKind(kind), file))
                case _:
                    raise FatalError(Code.MALFORMED, "a message of the store cannot be read")
        return found

    def all_notices(self) -> list[Notice]:
        """Return every notice, oldest first."""
        found = []
        for key, data in self._store.items(_NOTICE_KIND):
            match cbor.decode(key), cbor.decode(data):
                case [str(kind), bytes(account), device], int(at):
                    which = DeviceId(device) if isinstance(device, bytes) else None
                    found.append(Notice(NoticeKind(kind), AccountId(account), which, at))
                case _:
                    raise FatalError(Code.MALFORMED, "a notice of the store cannot be read")
        return sorted(found, key=lambda notice: notice.at)

    def _forget_new(self) -> None:
        self._new_messages.clear()
        self._new_notices.clear()
