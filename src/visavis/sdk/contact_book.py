"""Contacts and own devices as this device knows them: names, addresses, standing.

A contact's newest device list is in `visavis.sdk.lists`; a device whose address stands here but
that is not on the newest list is never sent to (CK-574). A contact may have no address for a while:
after the commit that removes the device we knew, and before the word of another one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Annotated, Final, Self

from visavis.core import cbor
from visavis.core.address import ContactAddress
from visavis.core.contact_rules import ALL_RING
from visavis.core.content import decode_record, encode_record
from visavis.core.content_fields import Array, Nested
from visavis.core.content_records import (
    ContactRecord,
    Decided,
    DeviceAddress,
    NeverSaid,
    Rules,
    Standing,
)
from visavis.core.device_list import MAX_DEVICES, UnverifiedDeviceList
from visavis.core.errors import Code, FatalError
from visavis.core.handle import is_handle
from visavis.core.ids import AccountId, DeviceId, GroupId, IdentityKey, SequencerHandle
from visavis.sdk.awaited import Awaited
from visavis.sdk.lists import DeviceLists
from visavis.sdk.store import Store

CONTACT_KIND: Final = "contact"
SIBLING_KIND: Final = "sibling"
JOINING_KIND: Final = "joining"
MARK_DIGITS: Final = 12
"""Hex digits of the account id that tell two contacts of one name apart. Account ids are chosen
by their owners: fewer digits are easier on the eye and easier to hit on purpose."""

NEVER: Final = Decided()

_NAME_KEPT: Final = 100  # bytes, so that name and mark stay within the field's bound


@dataclass(slots=True)
class Known:
    """A contact.

    Args:
        account: Its account.
        name: Its handle, as it told us.
        group: The conversation we send in.
        sequencer: The conversation's sequencer.
        addresses: Its devices' addresses for us; none while we wait for the word of another.
        standing: Contact or blocked.
        member: We are in the group; False while we wait to be added again (P5).
        identity_changed: Another identity key turned up; nothing is sent until the person decides.
        verified: The identity key whose safety number was compared.
        thread: The first group of the thread, if `group` came after it.
        rules: Which calls of it ring here.
        decided: When `standing`, `verified` and `rules` were decided last.
        named: Which of its handles `name` was made of (`visavis.core.handle`); 0: its first.
        never_said: What it said of being recorded.
        last: While there is no address, the one that went last: records must have one (CK-271). It
            opens nothing, and nothing is sent to it.
    """

    account: AccountId
    name: str
    group: GroupId
    sequencer: SequencerHandle = field(repr=False)
    addresses: dict[DeviceId, ContactAddress] = field(default_factory=dict, repr=False)
    standing: Standing = Standing.CONTACT
    member: bool = True
    identity_changed: bool = False
    verified: IdentityKey | None = None
    thread: GroupId | None = None
    rules: Rules = ALL_RING
    decided: Decided = NEVER
    named: int = 0
    never_said: NeverSaid | None = None
    last: DeviceAddress | None = field(default=None, repr=False)

    @property
    def devices(self) -> tuple[DeviceAddress, ...]:
        """Return what records say of its devices: one at least, if there ever was one."""
        found = tuple(DeviceAddress(d, a) for d, a in sorted(self.addresses.items()))
        return found if found or self.last is None else (self.last,)

    def forget_devices(self, is_gone: Callable[[DeviceId], bool]) -> None:
        """Forget where devices are reached that are gone; the last address is kept as `last`."""
        devices = self.devices
        self.addresses = {d: a for d, a in self.addresses.items() if not is_gone(d)}
        self.last = None if self.addresses else next(iter(devices), None)

    @property
    def may_reach_us(self) -> bool:
        """Whether it is an accepted contact that is not blocked and has the identity we know."""
        return self.standing is Standing.CONTACT and self.member and not self.identity_changed

    @property
    def never_recorded(self) -> bool:
        """Whether it told us that it is never to be recorded (R-48)."""
        return self.never_said is not None and self.never_said.never

    @property
    def state(self) -> str:
        """Say in a word how the contact stands."""
        if self.standing is Standing.BLOCKED:
            return "blocked"
        if self.identity_changed:
            return "identity changed"
        return "contact" if self.member else "rejoining"


class ContactBook:
    """All contacts, by account."""

    def __init__(self, store: Store, lists: DeviceLists, awaited: Awaited) -> None:
        self._store = store
        self._lists = lists
        self._awaited = awaited
        self._known: dict[AccountId, Known] = {}
        self._listeners: list[Callable[[AccountId], object]] = []
        self._load()
        store.on_rollback(self._load)

    def on_saved(self, listener: Callable[[AccountId], object]) -> None:
        """Register who is told, inside the transaction, of each contact written or removed."""
        self._listeners.append(listener)

    def get(self, account: AccountId) -> Known | None:
        """Return a contact, or None."""
        return self._known.get(account)

    def all(self) -> list[Known]:
        """Return all contacts, by name."""
        return sorted(self._known.values(), key=lambda known: (known.name, known.account))

    def save(self, known: Known) -> None:
        """Write a contact. Its device list must have been learnt before.

        What is not on that list goes: a contact that changes its devices again and again would have
        us write more addresses than can be read (CK-271), and the profile would open no more.
        """
        known.forget_devices(lambda device: not self._lists.stands(known.account, device))
        record = encode_record(self.record(known))
        value = [record, known.member, known.identity_changed, known.last is not None]
        self._store.put(CONTACT_KIND, known.account, cbor.encode(value))
        self._known[known.account] = known
        self._tell(known.account)

    def name_for(self, account: AccountId, wished: str) -> str:
        """Return the name to show for an account that calls itself `wished`.

        CK-587: nobody vouches for the name in a request. One that another contact has, or that no
        server hands out (look-alikes, spaces), gets a mark that tells the two apart. So does that
        of somebody whom we wait for since we moved: it stands in the history.
        """
        others = {known.name for known in self._known.values() if known.account != account}
        others |= {known.name for known in self._awaited.all() if known.account != account}
        if is_handle(wished) and wished not in others:
            return wished
        return self.marked_name(account, wished)

    @staticmethod
    def marked_name(account: AccountId, wished: str) -> str:
        """Return a name with a mark that tells its account from others of this name (CK-587)."""
        short = wished.encode()[:_NAME_KEPT].decode(errors="ignore")
        return f"{short}~{bytes(account).hex()[:MARK_DIGITS]}"

    def remove(self, account: AccountId) -> None:
        """Forget a contact."""
        self._store.delete(CONTACT_KIND, account)
        self._known.pop(account, None)
        self._tell(account)

    def record(self, known: Known) -> ContactRecord:
        """Return the form for the vault and for siblings: no MLS state in it (P5)."""
        newest = self._lists.newest(known.account)
        if newest is None:
            raise FatalError(Code.UNEXPECTED, "a contact without a device list")
        return ContactRecord(
            list=newest.data,
            name=known.name,
            devices=known.devices,
            sequencer=known.sequencer,
            group=known.group,
            standing=known.standing,
            verified=known.verified,
            thread=known.thread,
            rules=None if known.rules == ALL_RING else known.rules,
            decided=None if known.decided == NEVER else known.decided,
            named=known.named or None,
            never_said=known.never_said,
        )

    def addresses(self, account: AccountId) -> dict[DeviceId, ContactAddress]:
        """Return the addresses of a contact's devices that are on its newest list (CK-574)."""
        known = self._known.get(account)
        if known is None:
            return {}
        stands = self._lists.stands
        return {d: a for d, a in known.addresses.items() if stands(account, d)}

    def _tell(self, account: AccountId) -> None:
        for listener in self._listeners:
            listener(account)

    def _load(self) -> None:
        self._known = {}
        for _, data in self._store.items(CONTACT_KIND):
            known = _from_bytes(data)
            self._known[known.account] = known


def known_from_record(record: ContactRecord, *, member: bool) -> Known:
    """Return a contact from its record."""
    account = UnverifiedDeviceList.parse(record.list).verify().account_id
    return Known(
        account,
        record.name,
        record.group,
        record.sequencer,
        {entry.device: entry.address for entry in record.devices},
        record.standing,
        member,
        verified=record.verified,
        thread=record.thread,
        rules=record.rules or ALL_RING,
        decided=record.decided or NEVER,
        named=record.named or 0,
        never_said=record.never_said,
    )


@dataclass(frozen=True, slots=True, repr=False)
class _KeptRecord(ContactRecord):
    """As the store keeps it: what we wrote ourselves must be read again, address or none."""

    devices: Annotated[
        tuple[DeviceAddress, ...], Array(Nested(DeviceAddress), MAX_DEVICES, fewest=0)
    ]


def _from_bytes(data: bytes) -> Known:
    match cbor.decode(data):
        # Without the last field: written before there was `Known.last`.
        case [bytes(record), bool(member), bool(changed), *is_last]:
            known = known_from_record(decode_record(_KeptRecord, record), member=member)
            known.identity_changed = changed
            if is_last == [True]:
                known.forget_devices(lambda _: True)
            return known
        case _:
            raise FatalError(Code.MALFORMED, "a contact of the store cannot be read")


class Siblings:
    """Our other devices: where they are reached."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._addresses: dict[DeviceId, ContactAddress] = {}
        self._load()
        store.on_rollback(self._load)

    def addresses(self) -> dict[DeviceId, ContactAddress]:
        """Return the address of each."""
        return dict(self._addresses)

    def save(self, device: DeviceId, address: ContactAddress) -> None:
        """Write a sibling's address."""
        self._store.put(SIBLING_KIND, device, cbor.encode(address.to_cbor()))
        self._addresses[device] = address

    def remove(self, device: DeviceId) -> None:
        """Forget a sibling (revoked)."""
        self._store.delete(SIBLING_KIND, device)
        self._addresses.pop(device, None)

    def _load(self) -> None:
        self._addresses = {
            DeviceId(key): ContactAddress.from_cbor(cbor.decode(data))
            for key, data in self._store.items(SIBLING_KIND)
        }


@dataclass(frozen=True, slots=True)
class Joining:
    """A device that waits to be added to groups, with the key packages it sent for that.

    Args:
        account: Whose device.
        key_packages: Not used yet.
        paired: It came by pairing.
        taken: The key package set aside for a group, until it is in.
    """

    account: AccountId
    key_packages: tuple[bytes, ...] = field(repr=False)
    paired: bool = False
    taken: tuple[tuple[bytes, bytes], ...] = field(default=(), repr=False)

    def to_bytes(self) -> bytes:
        """Return the stored form."""
        taken = [[group, package] for group, package in self.taken]
        return cbor.encode([self.account, list(self.key_packages), self.paired, taken])

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read the stored form."""
        match cbor.decode(data):
            case [bytes(account), list(packages), bool(paired), list(taken)]:
                return cls(
                    AccountId(account),
                    tuple(bytes(p) for p in packages),
                    paired,
                    tuple((bytes(g), bytes(p)) for g, p in taken),
                )
            case _:
                raise FatalError(Code.MALFORMED, "a joining device cannot be read")


class JoiningDevices:
    """Key packages that came with a rejoin or a pairing; each is used once."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def put(self, device: DeviceId, joining: Joining) -> None:
        """Keep key packages of a device."""
        self._store.put(JOINING_KIND, device, joining.to_bytes())

    def get(self, device: DeviceId) -> Joining | None:
        """Return what a device sent, or None."""
        data = self._store.get(JOINING_KIND, device)
        return None if data is None else Joining.from_bytes(data)

    def take(self, device: DeviceId, account: AccountId, group: GroupId) -> bytes | None:
        """Return the key package set aside for this group, setting one aside if there is none.

        It stays this group's until it is spent: a commit that hangs half-way may have used it, and
        a second Welcome for one key package opens nothing.
        """
        joining = self.get(device)
        if joining is None or joining.account != account:
            return None
        taken = dict(joining.taken)
        if group not in taken and joining.key_packages:
            first, *rest = joining.key_packages
            taken[bytes(group)] = first
            self.put(device, replace(joining, key_packages=tuple(rest), taken=tuple(taken.items())))
        return taken.get(bytes(group))

    def spend(self, device: DeviceId, key_package: bytes) -> None:
        """Drop one key package: it was used, or is no good."""
        joining = self.get(device)
        if joining is not None:
            left = tuple((g, p) for g, p in joining.taken if p != key_package)
            self.put(device, replace(joining, taken=left))

    def forget(self, device: DeviceId) -> None:
        """Drop what is left (the device is in, or was revoked)."""
        self._store.delete(JOINING_KIND, device)
