"""All that this device keeps, and the means every part of the SDK works with.

One `Books` per open profile. The parts (conversations, contacts, devices, vault) hold no state of
their own beyond it, so that everything they know survives a restart.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from visavis.core.address import ContactAddress
from visavis.core.content_records import Standing
from visavis.core.credential import credential_identity
from visavis.core.device_list import DeviceList
from visavis.core.errors import Code, FatalError
from visavis.core.group_rules import EXTENSION
from visavis.core.ids import AccountId, DeviceId, GroupId, Rng
from visavis.core.mls import SUITE_ID, Extension, Group, KeyPackageBundle, new_key_package
from visavis.sdk.addresses import Addresses, Given, Purpose
from visavis.sdk.awaited import Awaited
from visavis.sdk.call_history import CallHistory
from visavis.sdk.call_link_book import LinkBook
from visavis.sdk.call_receipt_book import CallReceiptBook
from visavis.sdk.consent_book import OwnConsents
from visavis.sdk.contact_book import ContactBook, JoiningDevices, Siblings
from visavis.sdk.group_book import GroupBook
from visavis.sdk.group_call_book import GroupCallBook
from visavis.sdk.groups import GroupKind, Groups
from visavis.sdk.history import History
from visavis.sdk.lists import DeviceLists
from visavis.sdk.own_handle import OwnHandle
from visavis.sdk.profile import Profile
from visavis.sdk.recordings_book import RecordingsBook
from visavis.sdk.store import Store

BUNDLE_KIND: Final = "bundle"
DAY_S: Final = 86_400
KEY_PACKAGE_S: Final = 90 * DAY_S
"""Lifetime of a key package and a leaf. Longer spares uploads, shorter limits an old key's use."""
CLOCK_SLACK_S: Final = 3_600
"""How far clocks may differ: a key package is good from an hour before it was made."""


def unix_now() -> int:
    """Return unix seconds."""
    return int(time.time())


@dataclass(slots=True)
class Counters:
    """Counts without content, for `doctor` and tests."""

    dropped: dict[str, int] = field(default_factory=dict)

    def drop(self, code: str) -> None:
        """Count an envelope that was dropped, by the reason's code."""
        self.dropped[code] = self.dropped.get(code, 0) + 1


class Books:
    """What one open profile knows.

    Args:
        store: Open and unlocked.
        now: Unix seconds.
        rng: Random bytes.
    """

    def __init__(
        self, store: Store, *, now: Callable[[], int] = unix_now, rng: Rng = os.urandom
    ) -> None:
        self.store = store
        self.now = now
        self.rng = rng
        self.profile = Profile.load(store)
        self.lists = DeviceLists(store)
        self.addresses = Addresses(store, self.profile.origin, self.profile.mailbox)
        self.groups = Groups(store, self.lists)
        self.group_book = GroupBook(store, self.lists)
        self.group_calls = GroupCallBook(store, self._time)
        self.call_links = LinkBook(store, self.addresses, self._time)
        self.awaited = Awaited(store)
        self.contacts = ContactBook(store, self.lists, self.awaited)
        self.siblings = Siblings(store)
        self.joining = JoiningDevices(store)
        self.history = History(store)
        self.own_handle = OwnHandle(store, self.profile, self.history, self._time)
        self.calls = CallHistory(store, self.profile.device_id, self._keeps, self._time, rng)
        self.calls.begin({known.account: known.rules.keeps for known in self.contacts.all()})
        self.contacts.on_saved(self.calls.follow)
        self.consents = OwnConsents(store, self._time)
        self.recordings = RecordingsBook(store)
        self.call_receipts = CallReceiptBook(store, self.profile.signature_key)
        self.counters = Counters()

    def _time(self) -> int:
        return self.now()

    def _keeps(self, account: AccountId) -> int | None:
        known = self.contacts.get(account) or self.awaited.get(account)
        return None if known is None or known.rules is None else known.rules.keeps

    @property
    def account(self) -> AccountId:
        """Our account."""
        return self.profile.account_id

    @property
    def device(self) -> DeviceId:
        """This device."""
        return self.profile.device_id

    @property
    def own_list(self) -> DeviceList:
        """The newest device list of our account.

        Raises:
            FatalError: There is none, so the profile is damaged.
        """
        newest = self.lists.newest(self.account)
        if newest is None:
            raise FatalError(Code.UNEXPECTED, "the profile holds no device list of its own")
        return newest

    @property
    def credential(self) -> bytes:
        """This device's credential identity, with the newest list."""
        return credential_identity(self.device, self.own_list)

    def resolve(self, account: AccountId, device: DeviceId) -> ContactAddress | None:
        """Return the present address of a device of a contact, of ours, or of a group's member.

        For a member of a group, `account` is the group's id and `device` the member's slot there
        (`group_book.slot_of`): each group has addresses of its own (P13).
        """
        group = self.groups.get(account)
        if group is not None and group.kind is GroupKind.GROUP:
            return self.group_book.address_at(group.group_id, device)
        if account == self.account:
            stands = self.lists.stands(account, device)
            return self.siblings.addresses().get(device) if stands else None
        known = self.contacts.get(account)
        if known is not None and known.standing is Standing.BLOCKED:
            return None  # CK-599: what waits for a blocked contact waits until it is unblocked
        return self.contacts.addresses(account).get(device)

    def sibling_address(self) -> Given:
        """Return the one address that our other devices have of this one."""
        return self.addresses.current_or_mint(Purpose.SIBLING, self.account)

    def contact_address(self, account: AccountId) -> Given:
        """Return the address that a contact has of this device."""
        return self.addresses.current_or_mint(Purpose.CONTACT, account)

    def group_address(self, group: GroupId) -> Given:
        """Return the address that the members of a group have of this device."""
        return self.addresses.current_or_mint(Purpose.GROUP, group)

    def create_group(self, extensions: tuple[Extension, ...] = ()) -> Group:
        """Make a group with this device alone in it, under a random id; kept by nobody yet."""
        now = self.now()
        return Group.create(
            group_id=GroupId.random(self.rng),
            suite_id=SUITE_ID,
            identity=self.credential,
            signature_private=self.profile.signature_private,
            rng=self.rng,
            validator=self.lists.validator,
            lifetime=(now - CLOCK_SLACK_S, now + KEY_PACKAGE_S),
            extensions=extensions,
            supports=(EXTENSION,),
        )

    def make_key_package(
        self, *, last_resort: bool = False, leaf_extensions: Sequence[Extension] = ()
    ) -> KeyPackageBundle:
        """Make a key package of this device, kept by nobody yet."""
        # CK-640: the server reads key packages; a lifetime to the second would tell it when each
        # was made, so when a contact took the one before. Whole days: both round down.
        first_day = (self.now() - CLOCK_SLACK_S) // DAY_S
        return new_key_package(
            identity=self.credential,
            signature_private=self.profile.signature_private,
            not_before=first_day * DAY_S,
            not_after=first_day * DAY_S + KEY_PACKAGE_S,
            rng=self.rng,
            supports=(EXTENSION,),
            leaf_extensions=leaf_extensions,
            last_resort=last_resort,
        )

    def keep_key_package(self, *, last_resort: bool = False) -> bytes:
        """Make a key package, keep its private keys, and return what others are given."""
        bundle = self.make_key_package(last_resort=last_resort)
        kept = bytes([int(last_resort)]) + self.now().to_bytes(8, "big") + bundle.to_bytes()
        self.store.put(BUNDLE_KIND, bundle.reference, kept)
        return bundle.key_package

    def find_bundle(self, references: tuple[bytes, ...]) -> KeyPackageBundle | None:
        """Return the private keys for one of the references in a Welcome, or None."""
        for reference in references:
            kept = self.store.get(BUNDLE_KIND, reference)
            if kept is not None:
                return KeyPackageBundle.from_bytes(kept[9:])
        return None

    def spend_bundle(self, bundle: KeyPackageBundle) -> None:
        """Forget a used key package: what it opened cannot be opened again (R-22).

        The last resort stays, it may have been given to several.
        """
        kept = self.store.get(BUNDLE_KIND, bundle.reference)
        if kept is not None and not kept[0]:
            self.store.delete(BUNDLE_KIND, bundle.reference)
        bundle.wipe()

    def drop_old_bundles(self) -> None:
        """Forget the private keys of key packages that are out of date."""
        for reference, kept in self.store.items(BUNDLE_KIND):
            if int.from_bytes(kept[1:9], "big") + KEY_PACKAGE_S < self.now():
                self.store.delete(BUNDLE_KIND, reference)
