"""The MLS groups of this device: what we know of each, its state, and who may touch it when.

A group's state is written before anything made with it leaves the device, and read back from disk
whenever a step failed half-way, so that memory never runs ahead of what survives a crash (P5: a
state that is used twice reuses keys).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Self

from visavis.core import cbor
from visavis.core.credential import Credential, UnverifiedCredential, make_tree_validator
from visavis.core.device_list import DeviceList
from visavis.core.errors import Code, FatalError, PeerError
from visavis.core.ids import AccountId, DeviceId, GroupId, SequencerHandle
from visavis.core.mls import Group, MemberInfo
from visavis.sdk.lists import DeviceLists
from visavis.sdk.store import Store

RECORD_KIND: Final = "group"
STATE_KIND: Final = "group.state"
PENDING_KIND: Final = "group.pending"
"""A commit of ours that has neither won nor lost yet (`visavis.sdk.sequencer_pending`)."""
ANNOUNCED_KIND: Final = "announced"
"""Group id and device -> count of the device's newest announcement of its address."""
MAX_LEAP: Final = 2**20
"""How far a count may run ahead of what we have seen: more than a month away brings."""


class GroupKind(StrEnum):
    """What a group is for. Call groups live in memory only and are not here."""

    CONVERSATION = "conversation"
    SELF = "self"
    GROUP = "group"


@dataclass(slots=True)
class GroupRecord:
    """What we keep about one group beside its MLS state.

    Args:
        group_id: The group.
        kind: Conversation of two, self group, or group of people.
        account: The contact; our own account for all but conversations of two.
        sequencer: Its sequencer's handle.
        sequenced: The sequencer exists at the server.
        announced: Name of our address that the others were told last; empty for none.
        thread: The first group of the thread, if this one came after it.
        count: The highest count seen in it. Each application message carries one more than its
            sender had seen, as authenticated data, so that what was said within one second is in
            the order of cause and effect (P7: the order of delivery is unspecified).
    """

    group_id: GroupId
    kind: GroupKind
    account: AccountId
    sequencer: SequencerHandle = field(repr=False)
    sequenced: bool = True
    announced: bytes = b""
    thread: GroupId | None = None
    count: int = 0

    def heard(self, count: int) -> None:
        """Take note of a count; a leap (CK-582) is not followed, it would end all order."""
        if self.count < count <= self.count + MAX_LEAP:
            self.count = count

    def to_bytes(self) -> bytes:
        """Return the stored form."""
        return cbor.encode(
            [
                self.kind.value,
                self.account,
                self.sequencer,
                self.sequenced,
                self.announced,
                self.thread,
                self.count,
            ]
        )

    @classmethod
    def from_bytes(cls, group_id: bytes, data: bytes) -> Self:
        """Read the stored form."""
        match cbor.decode(data):
            case [
                str(kind),
                bytes(account),
                bytes(handle),
                bool(done),
                bytes(said),
                thread,
                int(n),
            ]:
                return cls(
                    GroupId(group_id),
                    GroupKind(kind),
                    AccountId(account),
                    SequencerHandle(handle),
                    done,
                    said,
                    GroupId(thread) if isinstance(thread, bytes) else None,
                    n,
                )
            case _:
                raise FatalError(Code.MALFORMED, "a group of the store cannot be read")


def credential_of(member: MemberInfo) -> Credential:
    """Return a member's credential. The validator has accepted it before."""
    return UnverifiedCredential.parse(member.identity).verify(member.signature_key)


def device_of(member: MemberInfo) -> tuple[AccountId, DeviceId]:
    """Return whose device a member is, and which."""
    credential = credential_of(member)
    return credential.account_id, credential.device_id


class _Tree:
    """The device lists in a group's own tree: by nothing else is a leaf of it judged (CK-831)."""

    def __init__(self) -> None:
        self.state: Group | None = None
        self._epoch = -1
        self._lists: dict[AccountId, DeviceList] = {}

    def newest(self, account: AccountId) -> DeviceList | None:
        """Return the newest list that a leaf of the account carries."""
        if self.state is None:
            raise FatalError(Code.UNEXPECTED, "a group that is judged by no tree")
        if self._epoch != self.state.epoch:
            self._lists = {}
            for member in self.state.members():
                offered = credential_of(member).device_list
                known = self._lists.get(offered.account_id)
                if known is None or known.version < offered.version:
                    self._lists[offered.account_id] = offered
            self._epoch = self.state.epoch
        return self._lists.get(account)


class Groups:
    """All groups of this device, by id."""

    def __init__(self, store: Store, lists: DeviceLists) -> None:
        self._store = store
        self.validator = lists.validator
        self._records: dict[GroupId, GroupRecord] = {}
        self._states: dict[GroupId, Group] = {}
        self._locks: dict[GroupId, asyncio.Lock] = {}
        self._load()
        store.on_rollback(self._load)

    def _load(self) -> None:
        self._records = {
            GroupId(key): GroupRecord.from_bytes(key, data)
            for key, data in self._store.items(RECORD_KIND)
        }
        self._states.clear()

    def get(self, group_id: bytes) -> GroupRecord | None:
        """Return the record of a group, or None if it is none of ours."""
        return self._records.get(GroupId(group_id)) if len(group_id) == GroupId.LENGTH else None

    def all(self) -> list[GroupRecord]:
        """Return all records."""
        return list(self._records.values())

    def self_group(self) -> GroupRecord | None:
        """Return the group of our own devices, if there is more than one device."""
        return next((r for r in self._records.values() if r.kind is GroupKind.SELF), None)

    def lock(self, record: GroupRecord) -> asyncio.Lock:
        """Return the lock that serialises everything done with a group's state."""
        return self._locks.setdefault(record.group_id, asyncio.Lock())

    def newest(self, record: GroupRecord) -> GroupRecord:
        """Return the record as it is now; the caller's may be from before it last waited.

        Raises:
            PeerError: WRONG_GROUP, it was forgotten meanwhile.
        """
        newest = self._records.get(record.group_id)
        if newest is None:
            raise PeerError(Code.WRONG_GROUP, "no group of ours any more")
        return newest

    def state(self, record: GroupRecord) -> Group:
        """Return a group's MLS state, read from the store if it is not in memory.

        Raises:
            PeerError: WRONG_GROUP, the group was forgotten meanwhile.
        """
        self.newest(record)
        state = self._states.get(record.group_id)
        if state is None:
            data = self._store.get(STATE_KIND, record.group_id)
            if data is None:
                raise FatalError(Code.WRONG_GROUP, "a group has no state")
            state = self.open(record, data)
            self._states[record.group_id] = state
        return state

    def open(self, record: GroupRecord, data: bytes) -> Group:
        """Read a group's MLS state, with the validator that is right for its kind."""
        if record.kind is not GroupKind.GROUP:
            return Group.from_bytes(data, validator=self.validator)
        tree = _Tree()
        tree.state = Group.from_bytes(data, validator=make_tree_validator(tree.newest))
        return tree.state

    def discard(self, record: GroupRecord) -> None:
        """Forget what is in memory: the next use reads what is on disk."""
        state = self._states.pop(record.group_id, None)
        if state is not None:
            state.wipe()

    def save(self, record: GroupRecord, state: Group | None = None) -> None:
        """Write a record, and its MLS state if it is given."""
        with self._store.transaction():
            self._store.put(RECORD_KIND, record.group_id, record.to_bytes())
            if state is not None:
                self._store.put(STATE_KIND, record.group_id, state.to_bytes())
        self._records[record.group_id] = record
        if state is not None:
            self._states[record.group_id] = state

    def remove(self, record: GroupRecord) -> None:
        """Forget a group for good, and whatever is kept by its id; its keys are wiped."""
        with self._store.transaction():
            for kind in (RECORD_KIND, STATE_KIND, PENDING_KIND):
                self._store.delete(kind, record.group_id)
            for key, _ in self._store.items(ANNOUNCED_KIND):
                if key.startswith(record.group_id):
                    self._store.delete(ANNOUNCED_KIND, key)
        self.discard(record)
        self._records.pop(record.group_id, None)

    def members(self, record: GroupRecord) -> dict[tuple[AccountId, DeviceId], int]:
        """Return the devices in a group and their leaves."""
        found: dict[tuple[AccountId, DeviceId], int] = {}
        for member in self.state(record).members():
            if member.leaf_index is not None:
                found[device_of(member)] = member.leaf_index
        return found
