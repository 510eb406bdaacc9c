"""What this device keeps of each group of people beside its MLS state.

Where its members are reached and what they call themselves; their newest device lists, apart from
those of contacts, because what one group says of a stranger must not decide who they are
elsewhere; who said that they leave; what of the terms a person was shown; the picture.

Not for: invites (`group_invites`), or what it means (`group_membership`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final, Self

from visavis.core import cbor
from visavis.core.address import ContactAddress
from visavis.core.content import decode_record, encode_record
from visavis.core.content_group import Departure, GroupTerms
from visavis.core.content_records import MemberDevice
from visavis.core.device_list import DeviceList, UnverifiedDeviceList, accept_list
from visavis.core.errors import Code, FatalError, PeerError
from visavis.core.ids import AccountId, DeviceId, GroupId
from visavis.sdk.lists import DeviceLists
from visavis.sdk.store import Store

_MEMBER_KIND: Final = "group.member"
_LIST_KIND: Final = "group.list"
_LEFT_KIND: Final = "group.left"
_TERMS_KIND: Final = "group.terms"
_PICTURE_KIND: Final = "group.picture"
_HEARD_KIND: Final = "group.heard"
ENDING_KIND: Final = "group.ending"
"""Groups that we are out of, and whose keys go with the next look."""
ROTATE_GROUP_KIND: Final = "group.rotate"
"""Groups that must get a new address of ours: somebody was removed (P13)."""
PICTURE_DUE_KIND: Final = "group.picture.due"
"""Groups whose picture is to be sent: to those who came, or because it is new."""
JOINER_KIND: Final = "group.joiner"
"""By group, account and device: what it takes to add somebody who said yes."""
_PAST_KIND: Final = "group.past"
_OF_A_GROUP: Final = (
    _MEMBER_KIND,
    _LIST_KIND,
    _LEFT_KIND,
    _TERMS_KIND,
    _PICTURE_KIND,
    _HEARD_KIND,
    ENDING_KIND,
    ROTATE_GROUP_KIND,
    JOINER_KIND,
    PICTURE_DUE_KIND,
)


@dataclass(frozen=True, slots=True)
class Left:
    """A member's word that it leaves, and when we heard it (unix seconds)."""

    word: Departure
    at: int


@dataclass(frozen=True, slots=True)
class PastGroup:
    """A group that we are out of: its thread stays until the person deletes it.

    Args:
        group: Which.
        name: What it was called last.
        why: "left" or "removed".
        at: Unix seconds.
    """

    group: GroupId
    name: str
    why: str
    at: int

    @classmethod
    def from_bytes(cls, group: bytes, data: bytes) -> Self:
        """Read the stored form."""
        match cbor.decode(data):
            case [str(name), str(why), int(at)]:
                return cls(GroupId(group), name, why, at)
            case _:
                raise FatalError(Code.MALFORMED, "a group of before cannot be read")


def slot_of(group: GroupId, account: AccountId, device: DeviceId) -> DeviceId:
    """Return the name of a member's device within a group.

    Device ids are chosen by their owners, so that those of two accounts may be one.
    """
    whole = b"visavis group slot\0" + group + account + device
    return DeviceId(hashlib.sha256(whole).digest()[: DeviceId.LENGTH])


class GroupBook:
    """What is kept of groups, in the store and where needed in memory."""

    def __init__(self, store: Store, lists: DeviceLists) -> None:
        self._store = store
        self._lists = lists
        self._members: dict[GroupId, dict[tuple[AccountId, DeviceId], MemberDevice]] = {}
        self._load()
        store.on_rollback(self._load)

    def _load(self) -> None:
        self._members = {}
        for key, data in self._store.items(_MEMBER_KIND):
            one = decode_record(MemberDevice, data)
            self._members.setdefault(GroupId(key[:16]), {})[one.account, one.device] = one

    # Where members are reached

    def put_member(self, group: GroupId, member: MemberDevice) -> None:
        """Note where a device is reached for this group, and how its owner is called."""
        key = group + member.account + member.device
        self._store.put(_MEMBER_KIND, key, encode_record(member))
        self._members.setdefault(group, {})[member.account, member.device] = member

    def member(self, group: GroupId, account: AccountId, device: DeviceId) -> MemberDevice | None:
        """Return what is known of a device, or None."""
        return self._members.get(group, {}).get((account, device))

    def members(self, group: GroupId) -> list[MemberDevice]:
        """Return all devices whose address is known: of members, of joiners, of who just went."""
        return list(self._members.get(group, {}).values())

    def forget_device(self, group: GroupId, account: AccountId, device: DeviceId) -> None:
        """Forget a device that was removed."""
        self._store.delete(_MEMBER_KIND, group + account + device)
        self._members.get(group, {}).pop((account, device), None)

    def address_at(self, group: GroupId, slot: DeviceId) -> ContactAddress | None:
        """Return the address of the member's device in this slot."""
        for (account, device), member in self._members.get(group, {}).items():
            if slot_of(group, account, device) == slot:
                return member.address
        return None

    def name_of(self, group: GroupId, account: AccountId) -> str:
        """Return what an account calls itself in this group; "" if it has not said."""
        members = self._members.get(group, {}).values()
        return next((one.name for one in members if one.account == account), "")

    # Their device lists

    def learn(self, group: GroupId, offered: DeviceList) -> None:
        """Keep a member's device list if it is newer than what we have.

        What does not follow is not taken, and refuses nothing: others may see it otherwise, and
        whether a commit holds is decided alike by all (CK-831).
        """
        key = group + offered.account_id
        data = self._store.get(_LIST_KIND, key)
        known = None if data is None else UnverifiedDeviceList.parse(data).verify()
        try:
            if known is None or accept_list(known, offered) is not known:
                self._store.put(_LIST_KIND, key, offered.data)
            if self._lists.newest(offered.account_id) is not None:
                self._lists.learn(offered)
        except PeerError:
            return

    def newest(self, group: GroupId, account: AccountId) -> DeviceList | None:
        """Return the newest list of a member: of what this group and what we know otherwise.

        None also for an account that we know under another identity key (CK-841): what is said in
        its name in this group is not taken for its own.
        """
        data = self._store.get(_LIST_KIND, group + account)
        here = None if data is None else UnverifiedDeviceList.parse(data).verify()
        known = self._lists.newest(account)
        if here is None or known is None:
            return here or known
        if here.identity_key != known.identity_key:
            return None
        return max(here, known, key=lambda one: one.version)

    def stands(self, group: GroupId, account: AccountId, device: DeviceId) -> bool:
        """Say whether a device is on the newest list of its account."""
        newest = self.newest(group, account)
        return newest is not None and newest.find(device) is not None

    def is_news(self, group: GroupId, account: AccountId, device: DeviceId, count: int) -> bool:
        """Say whether a device announces later than it last did here, and note it (CK-588)."""
        key = group + slot_of(group, account, device)
        last = self._store.get(_HEARD_KIND, key)
        if last is not None and count <= int.from_bytes(last, "big"):
            return False
        self._store.put(_HEARD_KIND, key, count.to_bytes(8, "big"))
        return True

    # Who leaves

    def note_left(self, group: GroupId, word: Departure, now: int) -> None:
        """Keep a member's word until it is removed."""
        self._store.put(_LEFT_KIND, group + word.account, cbor.encode([encode_record(word), now]))

    def left(self, group: GroupId) -> list[Left]:
        """Return who said that they leave and is not removed yet."""
        found = []
        for key, data in self._store.items(_LEFT_KIND):
            if key.startswith(group):
                match cbor.decode(data):
                    case [bytes(word), int(at)]:
                        found.append(Left(decode_record(Departure, word), at))
                    case _:
                        raise FatalError(Code.MALFORMED, "a departure of the store cannot be read")
        return found

    def forget_left(self, group: GroupId, account: AccountId) -> None:
        """Drop a word: it is done, or holds no more."""
        self._store.delete(_LEFT_KIND, group + account)

    # What was shown

    def terms(self, group: GroupId) -> GroupTerms | None:
        """Return the terms that a person was told of last."""
        data = self._store.get(_TERMS_KIND, group)
        return None if data is None else decode_record(GroupTerms, data)

    def put_terms(self, group: GroupId, terms: GroupTerms) -> None:
        """Note the terms that a person is told of now."""
        self._store.put(_TERMS_KIND, group, encode_record(terms))

    def picture(self, group: GroupId) -> bytes | None:
        """Return the picture that came last; whether it still holds the terms say."""
        return self._store.get(_PICTURE_KIND, group)

    def put_picture(self, group: GroupId, picture: bytes) -> None:
        """Keep a picture."""
        self._store.put(_PICTURE_KIND, group, picture)

    # The end

    def drop(self, group: GroupId) -> None:
        """Forget all that is kept of a group."""
        for kind in _OF_A_GROUP:
            for key, _ in self._store.items(kind):
                if key.startswith(group):
                    self._store.delete(kind, key)
        self._members.pop(group, None)

    def put_past(self, group: GroupId, name: str, why: str, now: int) -> None:
        """Note that we are out of a group, so that its thread still has a name."""
        self._store.put(_PAST_KIND, group, cbor.encode([name, why, now]))

    def forget_past(self, group: GroupId) -> None:
        """We are in it again."""
        self._store.delete(_PAST_KIND, group)

    def past(self) -> list[PastGroup]:
        """Return the groups that we are out of."""
        return [PastGroup.from_bytes(key, data) for key, data in self._store.items(_PAST_KIND)]
