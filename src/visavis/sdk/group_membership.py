"""Who is in our groups of people: devices that come and go, and what everybody is told.

As in `membership`, the wish is declared and `reconcile` makes the commit that is missing: of those
who said yes to us, of our own other devices, of devices of ours that were shut out, and of members
who said that they leave. The last is for all members to do: the device in the lowest leaf does it
at once, the next one a minute later if nothing came of it, and so on.

Not for: what a person wants changed (`group_actions`), or the rules (`visavis.core.group_rules`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from visavis.core.content import encode_change, encode_outer
from visavis.core.content_group import (
    Departure,
    GroupChange,
    GroupDevices,
    GroupPicture,
    GroupTerms,
    InGroup,
)
from visavis.core.content_outer import GroupWelcome
from visavis.core.content_records import MAX_LEAVES, DeviceAddress, MemberDevice
from visavis.core.credential import UnverifiedCredential
from visavis.core.errors import AuthorizationError, PeerError
from visavis.core.group_rules import EXTENSION, Leaf, check_departure, keepers_after
from visavis.core.ids import AccountId, DeviceId, Digest, MessageId
from visavis.core.mls import Group, UnverifiedKeyPackage
from visavis.sdk.addresses import Purpose
from visavis.sdk.books import Books
from visavis.sdk.conversation import Conversations
from visavis.sdk.group_book import (
    ENDING_KIND,
    PICTURE_DUE_KIND,
    ROTATE_GROUP_KIND,
    slot_of,
)
from visavis.sdk.group_ending import erase_group
from visavis.sdk.group_invites import GroupInvites, require_fit
from visavis.sdk.group_targets import told_in_group
from visavis.sdk.group_tree import extension_of, leaves_of, terms_in
from visavis.sdk.groups import GroupRecord
from visavis.sdk.sequencer import Plan, Sequencers

TURN_S: Final = 60
"""Seconds that the next device waits for the one before it to remove whoever left. Longer spares
lost races; shorter has who left out sooner when the first device is away."""
BEFORE_S: Final = 3_600
"""Seconds for which the address of before is still good. When somebody is removed all members
replace theirs at once; what one sends to the old address of another must arrive (P13)."""
_RETIRE_KIND: Final = "group.retire"
"""By name of an address: when it is revoked (unix seconds)."""

UNFIT_S: Final = 86_400
"""Seconds until a device of ours that knew no groups is asked for another key package."""
_UNFIT_KIND: Final = "group.unfit"
"""By device: when its key package showed that it knows no groups (unix seconds)."""

KeyPackageOf = Callable[[GroupRecord, AccountId, DeviceId], Awaitable[bytes | None]]


@dataclass(frozen=True, slots=True)
class Change:
    """What a commit of ours shall do.

    Args:
        add: Key packages, and whose device each is of, with its address if it is known.
        remove: Leaves.
        terms: What shall hold, if it changes; keepers follow from who stays.
        left: Why members are removed that left.
    """

    add: tuple[tuple[bytes, AccountId, DeviceId], ...] = ()
    remove: tuple[int, ...] = ()
    terms: GroupTerms | None = None
    left: tuple[Departure, ...] = ()


class GroupMembership:
    """Members of groups of people.

    Args:
        books: What this device keeps.
        sequencers: Commits.
        conversations: For announcements.
        invites: Who said yes.
        key_package: Finds a key package of a device of ours.
        postpone: Has a group looked at again at a time.
        mark: Has a group looked at soon.
    """

    def __init__(
        self,
        books: Books,
        sequencers: Sequencers,
        conversations: Conversations,
        invites: GroupInvites,
        *,
        key_package: KeyPackageOf,
        postpone: Callable[[GroupRecord, int], None],
        mark: Callable[[GroupRecord], None],
    ) -> None:
        self._books = books
        self._sequencers = sequencers
        self._conversations = conversations
        self._invites = invites
        self._key_package = key_package
        self._postpone = postpone
        self._mark = mark

    def look(self, record: GroupRecord) -> None:
        """Have a group looked at soon."""
        self._mark(record)

    # What is missing

    async def reconcile(self, record: GroupRecord) -> None:
        """Make the commit that a group lacks, if it lacks one, and announce our address.

        Raises:
            UnavailableError: Later.
            PeerError: A commit is there that breaks the rules: the group goes no further.
        """
        books = self._books
        async with books.groups.lock(record):
            record = books.groups.newest(record)
            if self._end(record):
                return
            await self._sequencers.ensure(record)
            packages = await self._packages_of_ours(record)
            if self._change(record, books.groups.state(record), packages) is not None:
                try:
                    await self.commit(record, lambda state: self._change(record, state, packages))
                except PeerError:
                    # Perhaps by a key package: whoever said yes with it has to be asked again, or
                    # nobody would come in, nor be removed, ever.
                    self._invites.drop_joiners(record.group_id)
                    raise
                for (_, device), package in packages.items():
                    books.joining.spend(device, package)
                record = books.groups.newest(record)
                if self._end(record):
                    return
        await self._announce(record)
        await self._send_picture(record)

    def _end(self, record: GroupRecord) -> bool:
        """Erase a group that we are out of; say whether it is one."""
        books = self._books
        why = books.store.get(ENDING_KIND, record.group_id)
        if why is None and books.groups.state(record).is_active:
            return False
        with books.store.transaction():
            erase_group(books, record, "removed" if why is None else why.decode())
        books.store.scrub()
        return True

    async def _packages_of_ours(
        self, record: GroupRecord
    ) -> dict[tuple[AccountId, DeviceId], bytes]:
        """Return a key package for each device of ours that is not in the group yet."""
        books = self._books
        members = books.groups.members(record)
        found = {}
        for listed in books.own_list.devices:
            device = listed.device_id
            if (books.account, device) in members or device == books.device:
                continue
            if self._is_unfit(device):
                continue
            package = await self._key_package(record, books.account, device)
            if package is None:
                continue
            try:
                require_fit(books, books.account, device, package)
            except PeerError as error:
                # CK-845: a device that knows no groups is left out, and the group goes on.
                books.counters.drop(f"group {error.code}")
                books.store.put(_UNFIT_KIND, device, books.now().to_bytes(8, "big"))
                continue
            found[books.account, device] = package
        return found

    def _is_unfit(self, device: DeviceId) -> bool:
        """Say whether a device of ours is known to know no groups.

        It is asked again a day later: each key package that is fetched is one less for others.
        """
        books = self._books
        joining = books.joining.get(device)
        if joining is not None and joining.key_packages:
            package = UnverifiedKeyPackage.parse(joining.key_packages[0])
            return EXTENSION not in package.struct.leaf_node.capabilities.extensions
        data = books.store.get(_UNFIT_KIND, device)
        return data is not None and int.from_bytes(data, "big") + UNFIT_S > books.now()

    def _change(
        self,
        record: GroupRecord,
        state: Group,
        packages: dict[tuple[AccountId, DeviceId], bytes],
    ) -> Change | None:
        """Say what a group lacks; None if nothing."""
        books, leaves = self._books, leaves_of(state)
        present = {(leaf.account, leaf.device) for leaf in leaves}
        wanted = dict(packages)
        for joiner in self._invites.joiners(record.group_id):
            wanted[joiner.member.account, joiner.member.device] = joiner.key_package
        gone = {
            leaf.index
            for leaf in leaves
            if leaf.index != state.own_leaf
            and leaf.account == books.account
            and not books.lists.stands(leaf.account, leaf.device)
        }
        left = self._left(record, state, leaves)
        gone |= {leaf.index for leaf in leaves if leaf.account in {word.account for word in left}}
        new = [(data, *who) for who, data in wanted.items() if who not in present]
        gone |= {
            leaf.index for data, who, _ in new for leaf in leaves if _outdated(leaf, who, data)
        }
        room = MAX_LEAVES - len(leaves) + len(gone)
        if not new[:room] and not gone:
            return None
        return Change(tuple(new[:room]), tuple(sorted(gone)), None, tuple(left))

    def _left(self, record: GroupRecord, state: Group, leaves: tuple[Leaf, ...]) -> list[Departure]:
        """Return the words of members that left and whose removal is our turn."""
        books, now, found = self._books, self._books.now(), []
        words = books.group_book.left(record.group_id)
        going = {one.word.account for one in words}
        staying = [leaf.index for leaf in leaves if leaf.account not in going]
        turn = staying.index(state.own_leaf) if state.own_leaf in staying else len(staying)
        for one in words:
            try:
                check_departure(record.group_id, one.word, leaves)
            except PeerError:
                books.group_book.forget_left(record.group_id, one.word.account)
                continue
            at = one.at + turn * TURN_S
            if at <= now:
                found.append(one.word)
            else:
                self._postpone(record, at)
        return found

    async def commit(self, record: GroupRecord, wanted: Callable[[Group], Change | None]) -> bool:
        """Make a commit, anew as long as another member is first; the caller holds the lock.

        Args:
            record: The group.
            wanted: Looks at the newest state and says what to do; None: nothing is left to do.

        Raises:
            UnavailableError: It goes on with the next look.
            PeerError: It would break a rule: nothing was offered.
        """

        def plan(state: Group) -> Plan | None:
            change = wanted(state)
            return None if change is None else self._plan(record, state, change)

        return await self._sequencers.commit(record, plan)

    def _plan(self, record: GroupRecord, state: Group, change: Change) -> Plan:
        books = self._books
        before, leaves = terms_in(state), leaves_of(state)
        staying = [leaf for leaf in leaves if leaf.index not in change.remove]
        terms = change.terms or before
        present = {leaf.account for leaf in staying}
        if not set(terms.keepers) <= present:
            keepers = keepers_after(terms.keepers, staying)
            terms = GroupTerms(terms.name, keepers, terms.picture)
        new = [(account, device) for _, account, device in change.add]
        known = [books.group_book.member(record.group_id, *who) for who in new]
        joined = tuple(one for one in known if one is not None)
        said = encode_change(GroupChange(joined, change.left))
        return Plan(
            tuple(data for data, _, _ in change.add),
            change.remove,
            lambda welcome: self._welcomes(record, staying, welcome, new),
            None if terms == before else extension_of(terms),
            said,
        )

    def _welcomes(
        self,
        record: GroupRecord,
        staying: list[Leaf],
        welcome: bytes,
        new: list[tuple[AccountId, DeviceId]],
    ) -> list[tuple[AccountId, DeviceId, bytes]]:
        books, group = self._books, record.group_id
        own = MemberDevice(
            books.account,
            books.device,
            books.profile.handle,
            books.addresses.address(books.group_address(group)),
        )
        who = [(leaf.account, leaf.device) for leaf in staying] + new
        known = [books.group_book.member(group, *one) for one in who]
        members = (own, *(one for one in known if one is not None))
        sends = []
        for account, device in new:
            others = tuple(m for m in members if (m.account, m.device) != (account, device))
            data = encode_outer(GroupWelcome(welcome, group, record.sequencer, others))
            if account == books.account:
                sends.append((account, device, data))
            else:
                sends.append((AccountId(group), slot_of(group, account, device), data))
        return sends

    # Our address, and the picture

    async def _announce(self, record: GroupRecord) -> None:
        """Tell the members our present address for this group, if they were told another last."""
        books, group = self._books, record.group_id
        self._rotate(record)
        self._retire(record)
        if books.group_address(group).name == record.announced:
            return
        if told_in_group(books, record):
            await self._conversations.send_in_group(record, self._announcement)

    def _announcement(self, record: GroupRecord) -> InGroup | None:
        books = self._books
        given = books.group_address(record.group_id)
        if record.announced == given.name:
            return None
        record.announced = given.name  # written with the group's state when it is sent
        said = (DeviceAddress(books.device, books.addresses.address(given)),)
        message, now, name = MessageId.random(books.rng), books.now(), books.profile.handle
        return GroupDevices(message, now, books.own_list.data, name, said)

    def _rotate(self, record: GroupRecord) -> None:
        """Replace the address that somebody has seen who was removed (P13).

        The one of before is good for an hour more: all members replace theirs at the same time,
        and each learns the new one of another over the old one of its own.
        """
        books, group = self._books, record.group_id
        if books.store.get(ROTATE_GROUP_KIND, group) is None:
            return
        with books.store.transaction():
            old = books.addresses.current(Purpose.GROUP, group)
            if old is not None:
                books.addresses.rebind(old, Purpose.GROUP_BEFORE, group)
                at = books.now() + BEFORE_S
                books.store.put(_RETIRE_KIND, old.name, at.to_bytes(8, "big"))
            books.store.delete(ROTATE_GROUP_KIND, group)

    def _retire(self, record: GroupRecord) -> None:
        """Revoke the addresses of before whose hour is over."""
        books = self._books
        with books.store.transaction():
            for given in books.addresses.all(Purpose.GROUP_BEFORE):
                if given.subject != record.group_id:
                    continue
                data = books.store.get(_RETIRE_KIND, given.name)
                at = 0 if data is None else int.from_bytes(data, "big")
                if at <= books.now():
                    books.addresses.revoke(given, books.now())
                    books.store.delete(_RETIRE_KIND, given.name)
                else:
                    self._postpone(record, at)

    async def _send_picture(self, record: GroupRecord) -> None:
        books, group = self._books, record.group_id
        if books.store.get(PICTURE_DUE_KIND, group) is None:
            return

        def made(newest: GroupRecord) -> InGroup | None:
            books.store.delete(PICTURE_DUE_KIND, group)
            picture = books.group_book.picture(group)
            digest = terms_in(books.groups.state(newest)).picture
            if picture is None or digest != Digest.sha256(picture):
                return None
            return GroupPicture(MessageId.random(books.rng), books.now(), picture)

        try:
            await self._conversations.send_in_group(record, made)
        except AuthorizationError:
            return


def _outdated(leaf: Leaf, account: AccountId, key_package: bytes) -> bool:
    """Say whether a key package shows that its account has shut out a leaf's device (CK-832)."""
    if leaf.account != account:
        return False
    identity = UnverifiedKeyPackage.parse(key_package).struct.leaf_node
    shown = UnverifiedCredential.parse(identity.credential.body).verify(identity.signature_key)
    newest = shown.device_list
    return newest.version > leaf.list.version and newest.find(leaf.device) is None
