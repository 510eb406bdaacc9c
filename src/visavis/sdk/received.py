"""What a message that was verified and decrypted changes: history, device lists, addresses.

Everything here happens in the transaction that also keeps the group's new state, so a message is
taken as a whole or not at all. Not for decrypting it, nor for handing it on (`conversation.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from visavis.core.call_entry import Cut
from visavis.core.content import encode_inner
from visavis.core.content_inner import (
    CallMissed,
    CallsForget,
    ContactDevices,
    ContactName,
    GroupInvite,
    GroupJoin,
    Inner,
    MessageFile,
    MessageText,
    RecordingNever,
    RecordingWithdrawn,
)
from visavis.core.content_records import NeverSaid, Standing
from visavis.core.content_self import (
    SelfCallsCut,
    SelfCallsGone,
    SelfContacts,
    SelfDevices,
    SelfHandle,
    SelfSettings,
    SelfVault,
    Sibling,
)
from visavis.core.device_list import DeviceList, UnverifiedDeviceList
from visavis.core.errors import Code, PeerError
from visavis.core.handle import Renamed
from visavis.core.ids import AccountId, DeviceId
from visavis.sdk.books import Books
from visavis.sdk.call_history import missed_call
from visavis.sdk.contact_book import Known
from visavis.sdk.contact_names import take_name, take_told_name
from visavis.sdk.decisions import is_verified, take_decision
from visavis.sdk.groups import ANNOUNCED_KIND, GroupRecord
from visavis.sdk.history import Message, NoticeKind
from visavis.sdk.never_record import note_told, take_never, take_told_never
from visavis.sdk.outbox import Outbox
from visavis.sdk.seam import InnerReceived, SelfReceived

LATEST_S: Final = 31 * 86_400
"""A word that is older was not kept by any server: its sender's clock is wrong."""
PENDING_INNER_KIND: Final = "inner.pending"
"""By random key: contents for the call service that it has not dealt with yet."""


@dataclass(frozen=True, slots=True)
class HandedOn:
    """What is handed on once the transaction is on disk.

    Args:
        received: To whom listens.
        key: Its row in the store, if it is kept until it was dealt with.
    """

    received: InnerReceived | SelfReceived
    key: bytes | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """Who said it, and in what order: `count` is its sender's count in this group."""

    account: AccountId
    device: DeviceId
    count: int


class TakesInvites(Protocol):
    """What is asked of `GroupInvites`, which is made later: it sends, and this does not."""

    def receive_invite(self, record: GroupRecord, content: GroupInvite) -> None:
        """Take an invite into a group."""

    def receive_join(self, said: Said, content: GroupJoin) -> None:
        """Take a yes to one of ours."""


class ReceivedContents:
    """Contents of conversations and of the self group.

    Args:
        books: What this device keeps.
        outbox: Kicked when there are new addresses.
        dirty: Told which group may need a commit or an announcement.
        vault_seen: Told which vault counter a sibling has seen.
        vault_stale: Told when a contact cannot be reached any more by what the vault says.
        vault_changed: Told when a contact has another name.
        group_invites: Who takes invites into groups, and the answers.
    """

    def __init__(
        self,
        books: Books,
        outbox: Outbox,
        *,
        dirty: Callable[[GroupRecord], None],
        vault_seen: Callable[[SelfVault], None],
        vault_stale: Callable[[], None],
        vault_changed: Callable[[], None],
        group_invites: Callable[[], TakesInvites],
    ) -> None:
        self._books = books
        self._outbox = outbox
        self._dirty = dirty
        self._vault_seen = vault_seen
        self._vault_stale = vault_stale
        self._vault_changed = vault_changed
        self._group_invites = group_invites

    def inner(
        self, record: GroupRecord, said: Said, content: Inner, *, durable: bool
    ) -> HandedOn | None:
        """Keep what a message of a conversation says.

        Raises:
            PeerError: It is refused and changes nothing.
        """
        books = self._books
        own = said.account == books.account
        known = books.contacts.get(record.account)
        if isinstance(content, RecordingWithdrawn):
            # Also of who is blocked: taking a yes back takes nobody's leave.
            books.recordings.withdrawn(content.statement)
            return None
        if known is not None and known.standing is Standing.BLOCKED and not own:
            return None
        match content:
            case MessageText() | MessageFile():
                message = Message.of(record.account, content, outgoing=own)
                books.history.add(message, content.id, said.count)
                return None
            case CallsForget():
                if not own:
                    self._asked_to_forget(record, content)
                return None
            case ContactDevices():
                if known is not None and not own:
                    self._learn_devices(record, known, said, content)
                return None
            case ContactName():
                # CK-763: a name is changed by the account that has it and nobody else: in its own
                # conversation (CK-571), by its own devices, while it stands as a contact.
                said_by_it = said.account == record.account
                if known is not None and said_by_it and known.may_reach_us:
                    newest = Renamed(content.name, content.count).require()
                    if take_name(books, known, newest):
                        self._vault_changed()
                return None
            case RecordingNever():
                self._heard_never(record, said, content)
                return None
            case GroupInvite():
                if not own:
                    self._group_invites().receive_invite(record, content)
                return None
            case GroupJoin():
                if not own:
                    self._group_invites().receive_join(said, content)
                return None
            case _:
                if isinstance(content, CallMissed) and not own:
                    self._note_missed(record, content)
                contact, device = record.account, said.device
                received = InnerReceived(contact, device, own, content, live=not durable)
                if not durable:
                    return HandedOn(received)
                key = books.rng(16)
                head = contact + device + bytes([own])
                books.store.put(PENDING_INNER_KIND, key, head + encode_inner(content))
                return HandedOn(received, key)

    def sibling(self, record: GroupRecord, said: Said, content: Sibling) -> HandedOn | None:
        """Keep what a message of the self group says.

        Raises:
            PeerError: It is refused and changes nothing.
        """
        match content:
            case SelfDevices():
                self._learn_own(record, said, content)
                return None
            case SelfVault():
                self._vault_seen(content)
                return None
            case SelfCallsGone():
                self._books.calls.bury(content.gone)
                return None
            case SelfCallsCut():
                self._books.calls.cut(Cut(content.count, content.at))
                return None
            case SelfSettings():
                self._books.calls.take_settings(content.settings)
                return None
            case SelfHandle():
                newest = Renamed(content.handle, content.count).require()
                if self._books.own_handle.take(newest):
                    self._vault_changed()
                return None
            case SelfContacts():
                for contact in content.records:
                    take_decision(self._books, contact)
                    take_told_name(self._books, contact)
                    take_told_never(self._books, contact)
                self._outbox.kick()
                return None
            case _:
                return HandedOn(SelfReceived(said.device, content))

    def _heard_never(self, record: GroupRecord, said: Said, content: RecordingNever) -> None:
        books = self._books
        word = NeverSaid(never=content.never, at=content.at)
        if said.account == books.account:
            note_told(books, record.account, word)
            return
        known = books.contacts.get(record.account)
        # CK-990: as with names (CK-763), an account speaks for itself and nobody else.
        if known is None or said.account != record.account or not known.may_reach_us:
            return
        if take_never(books, known, word):
            self._vault_changed()

    def _note_missed(self, record: GroupRecord, said: CallMissed) -> None:
        """Keep a missed call, once however often it is told (R-02), and tell who reads along."""
        books, account = self._books, record.account
        now = books.now()
        # The caller's clock says when; one that is wrong must not put the call out of sight.
        at = said.at if now - LATEST_S <= said.at <= now else now
        verified = is_verified(books, account)
        if books.calls.get(said.call) is None:
            books.calls.note(missed_call(said.call, account, said.media, at, verified=verified))
            books.history.tell(Message.missed(account, at, said.media))

    def _asked_to_forget(self, record: GroupRecord, said: CallsForget) -> None:
        """Keep a contact's wish that calls be taken out of our history, until it is decided."""
        books = self._books
        for call in said.calls:
            found = books.calls.get(call)
            if found is not None and record.account in found.members:
                books.calls.asked_to_forget(record.account, call)
                books.history.notice(NoticeKind.ASKED_TO_FORGET, record.account, None, books.now())

    def _learn_devices(
        self,
        record: GroupRecord,
        known: Known,
        said: Said,
        content: ContactDevices,
    ) -> None:
        books, device = self._books, said.device
        books.lists.learn(_list_of(content.list, record.account))
        before, was_known = known.addresses.get(device), bool(known.addresses)
        for entry in content.devices if self._is_news(record, said) else ():
            # CK-576: a device speaks for its own address only, so that one stolen device cannot
            # draw what is meant for the others to itself.
            if entry.device == device:
                known.addresses[device] = entry.address.require_server(books.profile.origin)
        books.contacts.save(known)
        # The vault says where it was reached before, or knows no way to the contact at all.
        if (before is not None or not was_known) and known.addresses.get(device) != before:
            self._vault_stale()
        self._dirty(record)
        self._outbox.kick()

    def _learn_own(self, record: GroupRecord, said: Said, content: SelfDevices) -> None:
        books, device = self._books, said.device
        if books.lists.learn(_list_of(content.list, books.account)):
            for other in books.groups.all():
                self._dirty(other)
        for entry in content.devices if self._is_news(record, said) else ():
            if entry.device == device:  # CK-576, as above
                address = entry.address.require_server(books.profile.origin)
                books.siblings.save(device, address)
        self._outbox.kick()

    def _is_news(self, record: GroupRecord, said: Said) -> bool:
        """Say whether a device announces its address later than it last did here, and note it.

        CK-588: what waited at the server comes in any order, for its ids are random. An address
        that was replaced is revoked; taken for the present one, it would end the conversation.
        """
        key = record.group_id + said.device
        last = self._books.store.get(ANNOUNCED_KIND, key)
        if last is not None and said.count <= int.from_bytes(last, "big"):
            return False
        self._books.store.put(ANNOUNCED_KIND, key, said.count.to_bytes(8, "big"))
        return True


def _list_of(data: bytes, account: AccountId) -> DeviceList:
    offered = UnverifiedDeviceList.parse(data).verify()
    if offered.account_id != account:
        raise PeerError(Code.BAD_CREDENTIAL, "CK-576: another account's device list")
    return offered
