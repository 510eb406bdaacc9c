"""Who is in our groups: devices that come, devices that go, and what each is told.

The wish is declared, not remembered: a group should hold the devices on the newest lists of its
accounts, and everybody in it should know our present address. `reconcile` compares and makes the
commit that is missing, so a crash between two steps is repaired by the next look. Several devices
may try at once; the sequencer lets one win and the others find nothing left to do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from operator import eq
from typing import TYPE_CHECKING, Final

from visavis.core.content import encode_outer
from visavis.core.content_inner import ContactDevices, Inner
from visavis.core.content_outer import (
    ConversationWelcome,
    DeviceLink,
    Outer,
    SelfWelcome,
)
from visavis.core.content_records import DeviceAddress, Standing
from visavis.core.content_self import SelfDevices
from visavis.core.credential import UnverifiedCredential
from visavis.core.errors import (
    AuthorizationError,
    Code,
    PeerError,
    UnavailableError,
    VisavisError,
)
from visavis.core.ids import AccountId, DeviceId, GroupId, MessageId
from visavis.core.mls import Group, UnverifiedKeyPackage
from visavis.sdk.addresses import LOOK, ROTATE_KIND, Purpose
from visavis.sdk.books import Books
from visavis.sdk.contact_book import Known
from visavis.sdk.conversation import Conversations
from visavis.sdk.groups import GroupKind, GroupRecord, credential_of
from visavis.sdk.history import NoticeKind
from visavis.sdk.sequencer import Applied, Plan, Sequencers
from visavis.transport.anonymous import AnonymousApi

if TYPE_CHECKING:
    from visavis.sdk.group_membership import GroupMembership

VAULT_LABEL: Final = "visavis vault"
QUOTA_S: Final = 6 * 3_600
"""Seconds until a group is looked at again for which no key package was to be had today."""


class Membership:
    """Members of conversations and of the self group.

    Args:
        books: What this device keeps.
        sequencers: Commits.
        conversations: For announcements.
        api: To fetch key packages of our other devices.
        vault_stale: Told when somebody cannot be reached any more by what the vault says.
        groups: Looks after groups of people; made later, for it asks this for key packages.
    """

    def __init__(
        self,
        books: Books,
        sequencers: Sequencers,
        conversations: Conversations,
        api: AnonymousApi,
        *,
        vault_stale: Callable[[], None],
        groups: Callable[[], GroupMembership],
    ) -> None:
        self._books = books
        self.groups = groups
        self._sequencers = sequencers
        self._conversations = conversations
        self._api = api
        self._vault_stale = vault_stale
        self._round = asyncio.Lock()
        self.linked = asyncio.Event()
        """Set once this device was let into the self group."""
        self.dirty: set[GroupId] = {record.group_id for record in books.groups.all()}
        self._postponed: dict[GroupId, int] = {}

    def mark(self, record: GroupRecord) -> None:
        """Have a group looked at soon."""
        self.dirty.add(record.group_id)

    def postpone(self, record: GroupRecord, at: int) -> None:
        """Have a group looked at once a time has come (unix seconds)."""
        earlier = self._postponed.get(record.group_id, at)
        self._postponed[record.group_id] = min(at, earlier)

    def applied(self, change: Applied) -> None:
        """Note what a commit changed. Called inside its transaction."""
        books, record = self._books, change.record
        for member in change.members:
            credential = credential_of(member)
            # CK-580: a member brings in devices of the two sides and nobody else's.
            if credential.account_id not in {record.account, books.account}:
                raise PeerError(Code.BAD_CREDENTIAL, "CK-580: a stranger in the group")
            books.lists.learn(credential.device_list)
        known = books.contacts.get(record.account)
        if change.self_removed:
            self._thrown_out(record, known, change.by)
            return
        for account, device in change.added:
            if account == record.account and record.kind is GroupKind.CONVERSATION:
                books.history.notice(NoticeKind.NEW_DEVICE, account, device, books.now())
            elif account == books.account and record.kind is GroupKind.SELF:
                books.history.notice(NoticeKind.OWN_DEVICE_ADDED, account, device, books.now())
        if change.added and not change.own:
            # Who comes in was told the address of the member that let it in, not ours.
            record.announced = b""
            books.groups.save(record)
        for account, device in change.removed:
            # What the removed device knew of addresses must be worth nothing (P3).
            books.store.put(ROTATE_KIND, record.account, b"")
            if account == books.account:
                # CK-583: a contact can throw our device out of its conversation (`reconcile` puts
                # it back); whether the device is still ours is not the contact's to say.
                if record.kind is not GroupKind.SELF and books.lists.stands(account, device):
                    continue
                books.siblings.remove(device)
                books.joining.forget(device)
                books.store.put(ROTATE_KIND, books.account, b"")
            elif known is not None:
                known.forget_devices(partial(eq, device))
                books.contacts.save(known)
                self._vault_stale()
                books.history.notice(NoticeKind.DEVICE_REMOVED, account, device, books.now())
        if record.kind is GroupKind.SELF and change.removed:
            self._rotate_vault_key(record)
        self.mark(record)

    def _thrown_out(self, record: GroupRecord, known: Known | None, by: AccountId) -> None:
        """Note that this device is out of a group: for good, or by a contact's doing (CK-583)."""
        books = self._books
        if by == books.account:
            books.history.notice(NoticeKind.REVOKED, books.account, books.device, books.now())
        elif known is not None and known.group == record.group_id:
            known.member = False
            books.contacts.save(known)

    def _rotate_vault_key(self, record: GroupRecord) -> None:
        """Take the vault data key from the epoch that began without the removed device (P3).

        Every remaining device passes through this epoch, so none needs to be told the key.
        """
        books = self._books
        key = books.groups.state(record).exporter(VAULT_LABEL, b"", 32)
        books.profile.vault_keys = key + books.profile.vault_keys[:32]
        books.profile.save(books.store)

    async def reconcile_all(self) -> None:
        """Look at every group that may need it.

        Raises:
            UnavailableError: Some could not be done now; they stay marked.
        """
        async with self._round:
            await self._reconcile_dirty()

    async def _reconcile_dirty(self) -> None:
        self._rotate()
        for group_id, at in list(self._postponed.items()):
            if at <= self._books.now():
                del self._postponed[group_id]
                self.dirty.add(group_id)
        later: UnavailableError | None = None
        for group_id in sorted(self.dirty):
            self.dirty.discard(group_id)
            record = self._books.groups.get(group_id)
            if record is None:
                continue
            try:
                await self.reconcile(record)
            except UnavailableError as error:
                self.dirty.add(group_id)
                later = error
            except (PeerError, AuthorizationError) as error:
                # One group that a member has blocked must not keep the others from being done.
                self._books.counters.drop(f"group {error.code}")
        self._books.history.publish()
        if later is not None:
            raise later

    async def reconcile(self, record: GroupRecord) -> None:
        """Make the commit that a group lacks, if it lacks one, and announce our address."""
        books = self._books
        if record.kind is GroupKind.GROUP:
            await self.groups().reconcile(record)
            return
        known = books.contacts.get(record.account)
        if known is not None and known.standing is Standing.BLOCKED:
            return  # CK-599: it waits until they are unblocked
        async with books.groups.lock(record):
            await self._sequencers.ensure(record)
            state = books.groups.state(record)
            if not state.is_active:
                return
            packages = await self._key_packages(record)
            if packages or self._stale(record):
                await self._sequencers.commit(
                    record, lambda now_state: self._plan(record, now_state, packages)
                )
                for device, package in packages.items():
                    books.joining.spend(device, package)
        await self._announce(record)

    def _plan(
        self, record: GroupRecord, state: Group, packages: dict[DeviceId, bytes]
    ) -> Plan | None:
        present = {credential_of(member).device_id for member in state.members()}
        new = {device: data for device, data in packages.items() if device not in present}
        stale = self._stale(record)
        if not new and not stale:
            return None
        return Plan(
            tuple(new.values()),
            tuple(stale),
            lambda welcome: self._welcomes(record, welcome, list(new)),
        )

    def _stale(self, record: GroupRecord) -> list[int]:
        own = self._books.groups.state(record).own_leaf
        members = self._books.groups.members(record)
        stands = self._books.lists.stands
        return [
            leaf
            for (account, device), leaf in members.items()
            if leaf != own and not stands(account, device)
        ]

    async def _key_packages(self, record: GroupRecord) -> dict[DeviceId, bytes]:
        """Return a verified key package for each listed device that is not in the group yet."""
        books = self._books
        known = books.contacts.get(record.account)
        if known is not None and not known.devices:
            return {}  # a Welcome names an address of the contact: it waits until there is one
        members = books.groups.members(record)
        found: dict[DeviceId, bytes] = {}
        for account in {record.account, books.account}:
            newest = books.lists.newest(account)
            for listed in newest.devices if newest is not None else ():
                device = listed.device_id
                if (account, device) in members or device == books.device:
                    continue
                package = await self.key_package(record, account, device)
                if package is not None:
                    found[device] = package
        return found

    async def key_package(
        self, record: GroupRecord, account: AccountId, device: DeviceId
    ) -> bytes | None:
        """Return a verified key package of a device for a group, if there is one."""
        books = self._books
        while (package := books.joining.take(device, account, record.group_id)) is not None:
            if self._is_good(account, device, package):
                return package
            books.joining.spend(device, package)
        if account != books.account:
            return None  # a contact's device is added by its siblings, or asks by a rejoin
        address = books.siblings.addresses().get(device)
        if address is None:
            return None
        try:
            package = await self._api.fetch_key_package(address)
        except VisavisError as error:
            if isinstance(error, UnavailableError) and error.code is not Code.QUOTA:
                raise
            if error.code is Code.QUOTA:  # ten a day: the rest follow tomorrow
                self._postponed[record.group_id] = books.now() + QUOTA_S
            return None
        return package if self._is_good(account, device, package) else None

    def _is_good(self, account: AccountId, device: DeviceId, data: bytes) -> bool:
        """Check a key package: a server or contact may have put another in its place (CK-579)."""
        books = self._books
        try:
            package = UnverifiedKeyPackage.parse(data).verify(
                now=books.now(), validator=books.lists.validator
            )
            credential = UnverifiedCredential.parse(package.identity).verify(package.signature_key)
        except PeerError as error:
            books.counters.drop(error.code)
            return False
        if (credential.account_id, credential.device_id) != (account, device):
            books.counters.drop(Code.BAD_CREDENTIAL)
            return False
        return True

    def _welcomes(
        self, record: GroupRecord, welcome: bytes, devices: list[DeviceId]
    ) -> list[tuple[AccountId, DeviceId, bytes]]:
        books = self._books
        own = {d.device_id for d in books.own_list.devices}
        sends = []
        for device in devices:
            account = books.account if device in own else record.account
            content = self._welcome(record, welcome, device, for_own=device in own)
            sends.append((account, device, encode_outer(content)))
        return sends

    def _welcome(
        self, record: GroupRecord, welcome: bytes, device: DeviceId, *, for_own: bool
    ) -> Outer:
        books = self._books
        if record.kind is GroupKind.SELF:
            devices = self._sibling_addresses(without=device)
            joining = books.joining.get(device)
            if joining is not None and joining.paired:
                conversations = len(books.contacts.all())
                return DeviceLink(
                    welcome, record.group_id, record.sequencer, devices, conversations
                )
            return SelfWelcome(welcome, record.group_id, record.sequencer, devices)
        known = books.contacts.get(record.account)
        newest = books.lists.newest(record.account)
        if known is None or newest is None:
            raise PeerError(Code.UNEXPECTED, "a conversation without its contact")
        if for_own:
            listed, name = newest.data, known.name
            devices = known.devices  # with the last address if there is no other: it needs one
        else:
            given = books.contact_address(record.account)
            listed, name = books.own_list.data, books.profile.handle
            devices = (DeviceAddress(books.device, books.addresses.address(given)),)
        return ConversationWelcome(
            welcome, record.group_id, record.sequencer, listed, name, devices, record.thread
        )

    def _sibling_addresses(self, *, without: DeviceId) -> tuple[DeviceAddress, ...]:
        books = self._books
        own = DeviceAddress(books.device, books.addresses.address(books.sibling_address()))
        others = (
            DeviceAddress(device, address)
            for device, address in sorted(books.siblings.addresses().items())
            if device != without and books.lists.stands(books.account, device)
        )
        return (own, *others)

    # Announcing and rotating our addresses

    def _rotate(self) -> None:
        """Replace the addresses that a removed device has seen.

        The one that a contact has stands as long as we know none of theirs: nobody could be told
        the new one, and the device that they have now would find the door shut, for good.
        """
        books = self._books
        for key, why in books.store.items(ROTATE_KIND):
            account = AccountId(key)
            known = books.contacts.get(account)
            is_contact = known is not None and known.standing is Standing.CONTACT
            if is_contact and not books.contacts.addresses(account):
                continue
            purpose = Purpose.SIBLING if account == books.account else Purpose.CONTACT
            with books.store.transaction():
                old = books.addresses.current(purpose, account)
                if old is not None and why != LOOK:
                    books.addresses.revoke(old, books.now())
                books.store.delete(ROTATE_KIND, key)
            if account == books.account:
                self._vault_stale()  # our next device looks there for the way to this one
            for record in books.groups.all():
                if record.account == account:
                    self.mark(record)

    async def _announce(self, record: GroupRecord) -> None:
        """Tell the others our present address, if they were told another one last."""
        books = self._books
        if record.kind is GroupKind.SELF:
            given = books.sibling_address()
            if record.announced == given.name:
                return
            said = (DeviceAddress(books.device, books.addresses.address(given)),)
            record.announced = given.name  # written with the group's state when it is sent
            await self._conversations.send_self(
                SelfDevices(books.own_list.data, said), durable=True
            )
        else:
            known = books.contacts.get(record.account)
            if known is None or known.group != record.group_id or known.identity_changed:
                return
            # While no device of theirs is known nobody can be told; its address marks the group.
            if books.contact_address(record.account).name == record.announced:
                return
            if not books.contacts.addresses(record.account):
                return
            try:
                await self._conversations.send_made(
                    record.account, self._announcement, durable=True
                )
            except AuthorizationError as error:
                # Both sides replace their addresses when a device is shut out, so ours may go to
                # one that stands no more. It lies in the outbox and goes out with their next one.
                if error.code is not Code.REFUSED:
                    raise

    def _announcement(self, record: GroupRecord) -> Inner | None:
        """Make the word of our present address, unless they have it; written with what sends it."""
        books = self._books
        given = books.contact_address(record.account)
        if record.announced == given.name:
            return None
        record.announced = given.name
        said = (DeviceAddress(books.device, books.addresses.address(given)),)
        return ContactDevices(MessageId.random(books.rng), books.now(), books.own_list.data, said)
