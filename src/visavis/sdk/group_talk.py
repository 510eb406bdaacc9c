"""What is said in groups of people: kept when it comes, and sent.

Everything received here is kept in the transaction that also keeps the group's new state. Words of
a contact that is blocked are not kept; the group stays, and they may read what we write there.

Not for: decrypting it (`conversation`), or commits (`group_membership`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from visavis.core.content_group import (
    GroupCallBegan,
    GroupCallOver,
    GroupDevices,
    GroupLeave,
    GroupPicture,
    InGroup,
)
from visavis.core.content_inner import MessageFile, MessageText, RecordingWithdrawn
from visavis.core.content_records import MemberDevice, Standing
from visavis.core.device_list import UnverifiedDeviceList
from visavis.core.errors import AuthorizationError, Code, PeerError
from visavis.core.file_type import FileType, file_type
from visavis.core.group_rules import check_departure
from visavis.core.ids import AccountId, Digest
from visavis.sdk.books import Books
from visavis.sdk.group_book import ENDING_KIND
from visavis.sdk.group_call_book import GoingOn
from visavis.sdk.group_names import name_in_group
from visavis.sdk.group_tree import leaves_of, terms_in
from visavis.sdk.groups import GroupRecord
from visavis.sdk.history import Message, NoticeKind
from visavis.sdk.outbox import Outbox
from visavis.sdk.received import Said

PICTURES = frozenset({FileType.JPEG, FileType.PNG, FileType.WEBP})
"""What the picture of a group may be."""


class GroupTalk:
    """Contents of groups of people.

    Args:
        books: What this device keeps.
        outbox: Kicked when there are new addresses.
        mark: Has a group looked at soon.
    """

    def __init__(self, books: Books, outbox: Outbox, mark: Callable[[GroupRecord], None]) -> None:
        self._books = books
        self._outbox = outbox
        self._mark = mark

    def receive(self, record: GroupRecord, said: Said, content: InGroup, live: bool) -> None:  # noqa: FBT001 - the shape of a listener
        """Keep what a member says; `live`: it came in the call class.

        Raises:
            PeerError: It is refused and changes nothing.
        """
        books = self._books
        match content:
            case MessageText() | MessageFile():
                if not self._is_blocked(said.account):
                    outgoing = said.account == books.account
                    message = Message.in_group(
                        record.group_id, said.account, content, outgoing=outgoing
                    )
                    books.history.add(message, content.id, said.count)
            case GroupDevices():
                self._learn(record, said, content)
            case GroupLeave():
                self._leaves(record, said, content)
            case GroupPicture():
                terms = terms_in(books.groups.state(record))
                # CK-844: shown is what the terms name, and only if it is a picture by its content.
                if terms.picture == Digest.sha256(content.picture) and is_picture(content.picture):
                    books.group_book.put_picture(record.group_id, content.picture)
            case GroupCallBegan():
                self._call_began(record, said, content, live=live)
            case RecordingWithdrawn():
                books.recordings.withdrawn(content.statement)
            case GroupCallOver():
                books.group_calls.over(record.group_id, content.call)

    def _call_began(
        self, record: GroupRecord, said: Said, content: GroupCallBegan, *, live: bool
    ) -> None:
        books, group = self._books, record.group_id
        # CK-852: what a member dates into the future would stand for good.
        at = min(content.at, books.now())
        call = replace(GoingOn.of(group, said.account, content), at=at)
        is_news = books.group_calls.began(call, live=live and not self._is_blocked(said.account))
        terms = books.group_book.terms(group)
        if is_news and said.account != books.account and terms is not None:
            by = name_in_group(books, group, said.account)
            books.history.group_notice(
                NoticeKind.GROUP_CALL_BEGAN, group, at, books.now(), terms.name, by=by
            )

    def _is_blocked(self, account: AccountId) -> bool:
        known = self._books.contacts.get(account)
        return known is not None and known.standing is Standing.BLOCKED

    def _learn(self, record: GroupRecord, said: Said, content: GroupDevices) -> None:
        books, group = self._books, record.group_id
        offered = UnverifiedDeviceList.parse(content.list).verify()
        if offered.account_id != said.account:
            raise PeerError(Code.BAD_CREDENTIAL, "CK-576: another account's device list")
        books.group_book.learn(group, offered)
        if not books.group_book.is_news(group, said.account, said.device, said.count):
            return
        for entry in content.devices:
            # CK-576: a device speaks for its own address only.
            if entry.device == said.device:
                address = entry.address.require_server(books.profile.origin)
                member = MemberDevice(said.account, said.device, content.name, address)
                books.group_book.put_member(group, member)
        self._outbox.kick()
        for other in books.groups.all():  # what is news of a contact's devices is news there, too
            if other is record or other.account == said.account:
                self._mark(other)

    def _leaves(self, record: GroupRecord, said: Said, content: GroupLeave) -> None:
        books, word = self._books, content.departure
        # CK-834: an account's word is its own, given by the device that says it.
        if (word.account, word.device) != (said.account, said.device):
            raise PeerError(Code.BAD_CREDENTIAL, "CK-834: the word of another member")
        check_departure(record.group_id, word, leaves_of(books.groups.state(record)))
        if said.account == books.account:
            books.store.put(ENDING_KIND, record.group_id, b"left")
        else:
            books.group_book.note_left(record.group_id, word, books.now())
        self._mark(record)


def is_picture(data: bytes) -> bool:
    """Say whether these bytes are a picture that a group may have."""
    try:
        return file_type(data, "picture") in PICTURES
    except AuthorizationError:
        return False
