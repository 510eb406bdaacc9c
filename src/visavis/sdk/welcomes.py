"""How this device comes into groups that stand, and how others ask to: Welcomes and rejoins (P5).

A Welcome is checked before anything of it is kept: who sent it over which address, who made it, and
who else is in the group. A rejoin is only noted here; `membership` makes the commit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from visavis.core.content_outer import (
    ContactRejoin,
    ConversationWelcome,
    DeviceLink,
    SelfWelcome,
)
from visavis.core.content_records import Standing
from visavis.core.content_signed import verify_late_rejoin, verify_rejoin
from visavis.core.device_list import UnverifiedDeviceList
from visavis.core.errors import Code, PeerError, VisavisError
from visavis.core.ids import AccountId, DeviceId, GroupId, SequencerHandle
from visavis.core.mls import Group, welcome_references
from visavis.sdk.addresses import Given, Purpose
from visavis.sdk.books import Books
from visavis.sdk.contact_book import Joining, Known
from visavis.sdk.decisions import restore
from visavis.sdk.group_steps import note_identity_changed
from visavis.sdk.groups import GroupKind, GroupRecord, credential_of, device_of
from visavis.sdk.history import NoticeKind


class Welcomes:
    """What arrives about groups that this device or another is to join.

    Args:
        books: What this device keeps.
        mark: Has a group looked at soon.
        vault_stale: Told when the vault says less than we know.
    """

    def __init__(
        self,
        books: Books,
        *,
        mark: Callable[[GroupRecord], None],
        vault_stale: Callable[[], None],
    ) -> None:
        self._books = books
        self._mark = mark
        self._vault_stale = vault_stale
        self.linked = asyncio.Event()
        """Set once this device was let into the self group."""

    def receive_welcome(self, given: Given, content: ConversationWelcome) -> None:
        """Join a conversation that our device was added to.

        Raises:
            PeerError: It is refused and changes nothing.
        """
        books = self._books
        offered = UnverifiedDeviceList.parse(content.list).verify()
        account = offered.account_id
        # CK-577: a contact lets us into its own conversation only; our own devices into any.
        if given.purpose is Purpose.CONTACT and given.subject != account:
            raise PeerError(Code.WRONG_GROUP, "CK-577: a Welcome to another contact's conversation")
        if account == books.account:
            raise PeerError(Code.MALFORMED, "a conversation with ourselves")
        known = books.contacts.get(account)
        # CK-577: only our own devices bring new contacts, by an address that is good. Else one we
        # removed comes back by an envelope from before, or a revoked device brings its friends.
        by_device = given.purpose is Purpose.SIBLING and not given.retired_at
        refused = known is None or known.standing is Standing.BLOCKED
        if refused and not by_device:
            raise PeerError(Code.REFUSED, "CK-577: a Welcome from somebody who is no contact")
        books.awaited.require_same(offered)  # our other devices do not know whom we wait for
        try:
            with books.store.transaction():
                books.lists.learn(offered)
                state = join(books, content.message, content.group, {account, books.account})
                record = GroupRecord(
                    content.group,
                    GroupKind.CONVERSATION,
                    account,
                    content.sequencer,
                    thread=content.thread,
                )
                books.groups.save(record, state)
                is_new = known is None
                if known is None:
                    name = books.contacts.name_for(account, content.name)
                    known = Known(account, name, content.group, content.sequencer)
                known.group, known.sequencer, known.member = content.group, content.sequencer, True
                self._take_addresses(known, state, given, content)
                if not known.devices:  # it could not be answered, nor told to our other devices
                    raise PeerError(Code.BAD_CREDENTIAL, "CK-576: a contact without an address")
                books.contacts.save(known)
                if is_new:
                    restore(books, known)
                books.history.notice(NoticeKind.REJOINED, account, None, books.now())
        except VisavisError as error:
            if error.code is Code.IDENTITY_CHANGED:
                note_identity_changed(books, account)
            raise
        self._mark(record)

    def _take_addresses(
        self, known: Known, state: Group, given: Given, content: ConversationWelcome
    ) -> None:
        """Note the addresses that came with a Welcome.

        CK-576: a device of the contact speaks for its own address only; a device of ours tells of
        all. A sibling is known by both, the address it uses and its signature under the Welcome.
        """
        books = self._books
        assert state.welcomed_by is not None  # we have just joined
        maker = credential_of(state.welcomed_by)
        by_sibling = given.purpose is Purpose.SIBLING and maker.account_id == books.account
        for entry in content.devices:
            if by_sibling or (known.account, entry.device) == (maker.account_id, maker.device_id):
                address = entry.address.require_server(books.profile.origin)
                known.addresses[entry.device] = address

    def receive_self_welcome(self, given: Given, content: SelfWelcome | DeviceLink) -> None:
        """Join the group of our own devices.

        Raises:
            PeerError: It is refused and changes nothing.
        """
        books = self._books
        if given.purpose is not Purpose.SIBLING:
            raise PeerError(Code.WRONG_GROUP, "CK-577: only our own devices let us in there")
        present = books.groups.self_group()
        # Two devices may each have begun a self group; both keep the one with the lower id.
        if present is not None and present.group_id <= content.group:
            raise PeerError(Code.UNEXPECTED, "there is a self group already")
        with books.store.transaction():
            state = join(books, content.message, content.group, {books.account})
            if present is not None:
                books.groups.remove(present)
            record = GroupRecord(content.group, GroupKind.SELF, books.account, content.sequencer)
            books.groups.save(record, state)
            for entry in content.devices:
                if entry.device != books.device:
                    address = entry.address.require_server(books.profile.origin)
                    books.siblings.save(entry.device, address)
        self._mark(record)
        self.linked.set()

    # Devices that lost their state (P5)

    def receive_rejoin(self, given: Given, rejoin: ContactRejoin) -> None:
        """Take note of a new device of a contact, or of ours, that asks to be added.

        Raises:
            PeerError: It is refused and changes nothing.
        """
        books = self._books
        account = books.account if given.purpose is Purpose.SIBLING else AccountId(given.subject)
        newest = books.lists.newest(account)
        if newest is None:
            raise PeerError(Code.WRONG_GROUP, "a rejoin of a stranger")
        try:
            offered, fresh = verify_rejoin(rejoin, newest, books.account), True
        except PeerError as error:
            if error.code is Code.IDENTITY_CHANGED:
                note_identity_changed(books, account)
            if error.code is not Code.REPLAYED:
                raise
            if not any(self._heard_of(account, entry.device) for entry in rejoin.devices):
                # CK-686: another device's newer list came first; this one waits to be let in.
                verify_late_rejoin(rejoin, newest, books.account)
                offered, fresh = newest, True
            else:
                before = books.lists.before(account)
                if before is None or rejoin.list != newest.data:
                    raise
                # The list came with somebody's commit first; the address is still news.
                offered, fresh = verify_rejoin(rejoin, before, books.account), False
        with books.store.transaction():
            if fresh:
                books.lists.learn(offered)
            for entry in rejoin.devices:
                address = entry.address.require_server(books.profile.origin)
                if account == books.account:
                    if entry.device != books.device:
                        books.siblings.save(entry.device, address)
                else:
                    known = books.contacts.get(account)
                    if known is not None:
                        known.addresses[entry.device] = address
                        books.contacts.save(known)
                if fresh:
                    books.joining.put(entry.device, Joining(account, (entry.key_package,)))
            self._vault_stale()
        if account == books.account:
            self.ensure_self_group()
        for record in books.groups.all():
            if account in {record.account, books.account}:
                self._mark(record)

    def _heard_of(self, account: AccountId, device: DeviceId) -> bool:
        """Say whether we know where a device is reached, or have it in a group."""
        books = self._books
        known = books.contacts.get(account)
        reached = books.siblings.addresses() if known is None else known.addresses
        return (
            device in reached
            or books.joining.get(device) is not None
            or any(
                (account, device) in books.groups.members(record)
                for record in books.groups.all()
                if record.kind is not GroupKind.GROUP  # where it is reached stands in no group
            )
        )

    def ensure_self_group(self) -> GroupRecord:
        """Return the self group, begun if there is none."""
        books = self._books
        record = books.groups.self_group()
        if record is None:
            state = books.create_group()
            record = GroupRecord(
                GroupId(state.group_id),
                GroupKind.SELF,
                books.account,
                SequencerHandle.random(books.rng),
                sequenced=False,
            )
            books.groups.save(record, state)
            self._mark(record)
        return record


def join(books: Books, welcome: bytes, group_id: GroupId, accounts: set[AccountId]) -> Group:
    """Join by a Welcome with a key package of ours; inside a transaction.

    A device that its account has shut out may still stand in the group (another member did not
    know yet). The caller marks the group, and the next look removes it.

    Raises:
        PeerError: UNEXPECTED, it is for no key package we have (a repetition); WRONG_GROUP;
            BAD_CREDENTIAL, somebody else is in the group (CK-580); UNEXPECTED, it has
            extensions (CK-586).
    """
    bundle = books.find_bundle(welcome_references(welcome))
    if bundle is None:
        raise PeerError(Code.UNEXPECTED, "a Welcome for no key package of ours")
    state = Group.join(
        welcome,
        bundle,
        now=books.now(),
        validator=books.lists.validator,
        present_validator=books.lists.present_validator,
    )
    if state.group_id != group_id:
        raise PeerError(Code.WRONG_GROUP, "the Welcome is for another group than it says")
    if state.extensions:
        raise PeerError(Code.UNEXPECTED, "CK-586: a group with extensions")
    # CK-584: the id is unique among our groups (RFC 9420, 12.4.3.1), or a contact that learned
    # one could put its own group in the place of that group.
    present = books.groups.get(group_id)
    kind = GroupKind.CONVERSATION if len(accounts) > 1 else GroupKind.SELF
    if present is not None and (present.kind is not kind or present.account not in accounts):
        raise PeerError(Code.WRONG_GROUP, "CK-584: a Welcome to a group that is another's")
    for member in state.members():
        credential = credential_of(member)
        # CK-580: nobody listens in whom the two sides of the conversation do not know.
        if credential.account_id not in accounts:
            raise PeerError(Code.BAD_CREDENTIAL, "CK-580: a stranger in the group")
        books.lists.learn(credential.device_list)
    assert state.welcomed_by is not None  # we have just joined
    # CK-598: a stolen device that was shut out could else draw others into a group of its making.
    if not books.lists.stands(*device_of(state.welcomed_by)):
        raise PeerError(Code.BAD_CREDENTIAL, "CK-598: invited by a device that was revoked")
    books.spend_bundle(bundle)
    return state
