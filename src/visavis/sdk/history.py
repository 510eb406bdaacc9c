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
from visavis.core.call_entry import Direction, Entry, Outcome
from visavis.core.content import decode_inner, encode_inner
from visavis.core.content_inner import MessageFile, MessageText
from visavis.core.content_records import Media
from visavis.core.errors import Code, FatalError
from visavis.core.file_name import safe_name
from visavis.core.ids import AccountId, DeviceId, GroupId, MessageId
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
    CALL_ENDED = "call.ended"
    CALL_UNANSWERED = "call.unanswered"


@dataclass(frozen=True, slots=True)
class Message:
    """An entry of a conversation: a text, a file, or a call (R-02).

    Calls are in the history of calls (`call_history`); a thread shows them among the rest.

    Args:
        contact: Whose conversation; in a group who said it.
        at: Unix seconds, as its sender's clock said.
        outgoing: Sent by us (from any of our devices).
        text: What was written; for a call what to call it, for a file its name.
        kind: Which of them.
        file: Of a file what opens it. Its name and thumbnail are safe to show; its type and size
            are the sender's word until it was fetched.
        group: In which group; None: in the conversation of two.
    """

    contact: AccountId
    at: int
    outgoing: bool
    text: str = field(repr=False)
    kind: MessageKind = MessageKind.TEXT
    file: MessageFile | None = field(default=None, repr=False)
    group: GroupId | None = None

    @classmethod
    def in_group(
        cls,
        group: GroupId,
        author: AccountId,
        content: MessageText | MessageFile,
        *,
        outgoing: bool,
    ) -> Self:
        """Make an entry of what a member said in a group; as `of`."""
        return replace(cls.of(author, content, outgoing=outgoing), group=group)

    @classmethod
    def of(cls, contact: AccountId, content: MessageText | MessageFile, *, outgoing: bool) -> Self:
        """Make an entry of what was said; of a file, name and thumbnail are made safe (CK-300)."""
        if isinstance(content, MessageText):
            return cls(contact, content.at, outgoing, content.body)
        name, thumbnail = safe_name(content.name), thumbnail_of(content.thumbnail)
        file = replace(content, name=name, thumbnail=thumbnail)
        return cls(contact, content.at, outgoing, name, MessageKind.FILE, file)

    @classmethod
    def missed(cls, contact: AccountId, at: int, media: Media) -> Self:
        """Make the entry of a call that was missed here."""
        return cls(contact, at, False, f"Missed {media.value} call", MessageKind.MISSED_CALL)

    @classmethod
    def of_call(cls, contact: AccountId, entry: Entry) -> Self:
        """Make the entry of a call with a contact."""
        outgoing = entry.direction is Direction.OUTGOING
        media = entry.media.value
        if entry.outcome is Outcome.MISSED:
            return cls.missed(contact, entry.at, entry.media)
        if entry.outcome is Outcome.ANSWERED:
            minutes, rest = divmod(entry.seconds, 60)
            text = f"{media.capitalize()} call, {minutes}:{rest:02}"
            return cls(contact, entry.at, outgoing, text, MessageKind.CALL_ENDED)
        text = f"{media.capitalize()} call, {entry.outcome.value}"
        return cls(contact, entry.at, outgoing, text, MessageKind.CALL_UNANSWERED)


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
    VAULT_ALTERED = "vault altered"
    ASKED_TO_FORGET = "asked to forget calls"
    KEYS_ROLLED_BACK = "keys rolled back"
    CONTACT_RENAMED = "contact renamed"
    OWN_HANDLE_CHANGED = "own handle changed"
    GROUP_INVITED = "group invited"
    GROUP_JOINED = "group joined"
    GROUP_MEMBER_JOINED = "group member joined"
    GROUP_MEMBER_LEFT = "group member left"
    GROUP_MEMBER_REMOVED = "group member removed"
    GROUP_RENAMED = "group renamed"
    GROUP_PICTURE = "group picture"
    GROUP_KEEPERS = "group keepers"
    GROUP_REMOVED_US = "group removed us"
    GROUP_BROKEN = "group broken"
    GROUP_CALL_BEGAN = "group call began"


@dataclass(frozen=True, slots=True)
class Notice:
    """Something about contacts or devices that a person should see.

    Args:
        kind: What happened.
        account: The contact it is about, or our own account; of a group its id.
        device: The device, if it is about one.
        at: Unix seconds.
        was: The name of before, if it says that a name was changed; of a group whom it is about.
        name: The name that took its place; of a group what it is called.
    """

    kind: NoticeKind
    account: AccountId
    device: DeviceId | None
    at: int
    was: str = field(default="", repr=False)
    name: str = field(default="", repr=False)


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


def thread_of(whose: AccountId | GroupId) -> str:
    """Return under which name a thread is kept.

    Whoever begins a group chooses its id, and could take a contact's account for it: what is said
    in the group would then stand in the conversation with that contact.
    """
    return ("g" if isinstance(whose, GroupId) else "") + bytes(whose).hex()


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
        thread = thread_of(message.group or message.contact)
        if self._store.get(_SEEN_KIND + thread, message_id) is not None:
            return False
        key = message.at.to_bytes(8, "big") + count.to_bytes(8, "big") + message_id
        rest = [] if message.file is None else [encode_inner(message.file)]
        if message.group is not None:  # who said it, and no bytes where there is no file
            rest = [*(rest or [b""]), bytes(message.contact)]
        value = cbor.encode([message.at, message.outgoing, message.text, message.kind.value, *rest])
        with self._store.transaction():
            self._store.put(_SEEN_KIND + thread, message_id, b"")
            self._store.put(_MESSAGE_KIND + thread, key, value)
        if not message.outgoing:
            self._new_messages.append(message)
        return True

    def tell(self, message: Message) -> None:
        """Tell readers of an entry that is kept elsewhere, once the transaction is on disk."""
        self._new_messages.append(message)

    def take_back(self, contact: AccountId | GroupId, message_id: MessageId) -> None:
        """Remove a message that could not be sent to anybody. Inside a transaction."""
        kind = _MESSAGE_KIND + thread_of(contact)
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

    def renamed(
        self, kind: NoticeKind, account: AccountId, names: tuple[str, str], count: int, now: int
    ) -> None:
        """Keep a notice that a name was changed: each change is one. Inside a transaction.

        Args:
            kind: Whose name.
            account: Whose.
            names: The one of before, and the one now.
            count: The how manieth change it is.
            now: Unix seconds.
        """
        key = cbor.encode([kind.value, account, None, count])
        self._store.put(_NOTICE_KIND, key, cbor.encode([now, *names]))
        self._new_notices.append(Notice(kind, account, None, now, *names))

    def group_notice(
        self, kind: NoticeKind, group: GroupId, count: int, now: int, name: str, *, by: str = ""
    ) -> None:
        """Keep a notice about a group. Inside a transaction.

        Args:
            kind: What happened.
            group: Where.
            count: Tells it from others of its kind: a repetition is one.
            now: Unix seconds.
            name: What the group is called.
            by: Whom it is about, by name.
        """
        key = cbor.encode([kind.value, group, None, count])
        if self._store.get(_NOTICE_KIND, key) is None:
            self._store.put(_NOTICE_KIND, key, cbor.encode([now, by, name]))
            self._new_notices.append(Notice(kind, AccountId(group), None, now, by, name))

    def forget_renamed(self, account: AccountId) -> None:
        """Forget under which names a contact stood here. Inside a transaction."""
        for key, _ in self._store.items(_NOTICE_KIND):
            match cbor.decode(key):
                case [NoticeKind.CONTACT_RENAMED.value, bytes(whose), None, int()]:
                    if whose == account:
                        self._store.delete(_NOTICE_KIND, key)
                case _:
                    pass

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
        for _, data in self._store.items(_MESSAGE_KIND + thread_of(contact)):
            match cbor.decode(data):
                case [int(at), bool(outgoing), str(text), str(kind)]:
                    found.append(Message(contact, at, outgoing, text, MessageKind(kind)))
                case [int(at), bool(outgoing), str(text), str(kind), bytes(encoded)]:
                    file = _file_of(encoded)
                    found.append(Message(contact, at, outgoing, text, MessageKind(kind), file))
                case _:
                    raise FatalError(Code.MALFORMED, "a message of the store cannot be read")
        return found

    def group_messages(self, group: GroupId) -> list[Message]:
        """Return what was said in a group, oldest first."""
        found = []
        for _, data in self._store.items(_MESSAGE_KIND + thread_of(group)):
            match cbor.decode(data):
                case [int(at), bool(out), str(text), str(kind), bytes(encoded), bytes(author)]:
                    file = _file_of(encoded) if encoded else None
                    who = AccountId(author)
                    found.append(Message(who, at, out, text, MessageKind(kind), file, group))
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
                case [str(kind), bytes(account), None, int()], [int(at), str(was), str(name)]:
                    about = NoticeKind(kind), AccountId(account)
                    found.append(Notice(*about, None, at, was, name))
                case _:
                    raise FatalError(Code.MALFORMED, "a notice of the store cannot be read")
        return sorted(found, key=lambda notice: notice.at)

    def _forget_new(self) -> None:
        self._new_messages.clear()
        self._new_notices.clear()


def _file_of(encoded: bytes) -> MessageFile:
    file = decode_inner(encoded)
    if not isinstance(file, MessageFile):
        raise FatalError(Code.MALFORMED, "a file of the store cannot be read")
    return file
