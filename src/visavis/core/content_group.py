"""Contents inside a group of people: what its members say, agree on, and commit to (ADR 24).

Three places: application messages of the group (`InGroup`); the group context extension
(`GroupTerms`), which is what everybody agrees on; and the authenticated data of each commit
(`GroupChange`), so that nobody can apply a commit without what explains it.

Not for: what a commit may do (`group_rules`), or how somebody is asked in (`content_inner`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Final, TypeAlias

from visavis.core.content_fields import Array, Blob, Content, Fixed, Maybe, Nested, Record, Word
from visavis.core.content_inner import IdField, MessageFile, MessageText, RecordingWithdrawn
from visavis.core.content_records import (
    MAX_LEAVES,
    AccountField,
    AddressesField,
    DeviceField,
    ListField,
    Media,
    MemberDevice,
    NameField,
    SignatureField,
    TimeField,
)
from visavis.core.ids import AccountId, CallId, Digest, DoorKey, RoomId

MAX_PICTURE_BYTES: Final = 49_152
"""The picture of a group, which travels whole in one envelope of 64 KiB."""


@dataclass(frozen=True, slots=True, repr=False)
class GroupTerms(Record):
    """What all members of an epoch agree on: the group context extension."""

    name: NameField
    keepers: Annotated[tuple[AccountId, ...], Array(Fixed(AccountId), MAX_LEAVES)]
    """Who may remove others and name keepers: sorted, none twice, all of them members."""
    picture: Annotated[Digest | None, Maybe(Fixed(Digest))] = None
    """SHA-256 of the group's picture."""


@dataclass(frozen=True, slots=True, repr=False)
class Departure(Record):
    """An account's word that it leaves, signed by one of its devices; see `group_rules`."""

    account: AccountField
    device: DeviceField
    leaf: Annotated[Digest, Fixed(Digest)]
    """SHA-256 of the encryption key in that device's leaf: for this stay in the group only."""
    signature: SignatureField


@dataclass(frozen=True, slots=True, repr=False)
class GroupChange(Content):
    """What a commit says beside its proposals: authenticated data of its PrivateMessage."""

    TYPE: ClassVar = {"t": "group.change"}
    joined: Annotated[tuple[MemberDevice, ...], Array(Nested(MemberDevice), MAX_LEAVES, fewest=0)]
    """Where the devices that it adds are reached, as far as the committer knows."""
    left: Annotated[tuple[Departure, ...], Array(Nested(Departure), MAX_LEAVES, fewest=0)]
    """Why it removes accounts that a keeper did not remove."""


@dataclass(frozen=True, slots=True, repr=False)
class GroupDevices(Content):
    """The sender's newest device list, its name, and the address of the device that says it."""

    TYPE: ClassVar = {"t": "group.devices"}
    id: IdField
    at: TimeField
    list: ListField
    name: NameField
    devices: AddressesField


@dataclass(frozen=True, slots=True, repr=False)
class GroupLeave(Content):
    """The sender leaves, with all its devices, and has erased its keys when this arrives."""

    TYPE: ClassVar = {"t": "group.leave"}
    id: IdField
    at: TimeField
    departure: Annotated[Departure, Nested(Departure)]


@dataclass(frozen=True, slots=True, repr=False)
class GroupPicture(Content):
    """The group's picture: shown if the terms name its digest, and dropped otherwise."""

    TYPE: ClassVar = {"t": "group.picture"}
    id: IdField
    at: TimeField
    picture: Annotated[bytes, Blob(MAX_PICTURE_BYTES)]


@dataclass(frozen=True, slots=True, repr=False)
class GroupCallBegan(Content):
    """The sender began a call; whoever is in the group may come in (docs/protocol/group-call.md).

    Said twice: live, which rings, and kept, for who is not there now.
    """

    TYPE: ClassVar = {"t": "groupcall.began"}
    id: IdField
    at: TimeField
    call: Annotated[CallId, Fixed(CallId)]
    room: Annotated[RoomId, Fixed(RoomId)]
    """Where the call is, at the server."""
    door: Annotated[DoorKey, Fixed(DoorKey)]
    """Seals what is said at its door."""
    media: Annotated[Media, Word(Media)]


@dataclass(frozen=True, slots=True, repr=False)
class GroupCallOver(Content):
    """The sender was the last one in a call: nobody can come in any more."""

    TYPE: ClassVar = {"t": "groupcall.over"}
    id: IdField
    at: TimeField
    call: Annotated[CallId, Fixed(CallId)]


InGroup: TypeAlias = (
    MessageText
    | MessageFile
    | GroupDevices
    | GroupLeave
    | GroupPicture
    | GroupCallBegan
    | GroupCallOver
    | RecordingWithdrawn
)
