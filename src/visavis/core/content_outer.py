"""Contents of envelopes, outside of any MLS group (docs/protocol/envelope.md).

Map {"v": 1, "k": kind, ...}. What is said *inside* a conversation is in `content_inner`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Final, TypeAlias

from visavis.core.content_fields import Array, Blob, Content, Fixed, Maybe, Nested, Uint
from visavis.core.content_records import (
    MAX_COUNT,
    MAX_KEY_PACKAGE_BYTES,
    MAX_LEAVES,
    AddressesField,
    AddressField,
    DeviceField,
    GroupField,
    JoiningField,
    KeyField,
    ListField,
    MemberDevice,
    MlsField,
    NameField,
    NonceField,
    SequencerField,
    SignatureField,
    TokenField,
)
from visavis.core.ids import Digest, GroupId

MAX_PAIR_KEY_PACKAGES: Final = 64
"""Conversations a new device is added to at once; more go in further `pair.request`s."""


@dataclass(frozen=True, slots=True, repr=False)
class Mls(Content):
    """An MLS PrivateMessage of a conversation, call or self group."""

    TYPE: ClassVar = {"k": "mls"}
    message: MlsField


@dataclass(frozen=True, slots=True, repr=False)
class CommitHint(Content):
    """A commit was accepted by the group's sequencer: pull it. Losing this loses nothing."""

    TYPE: ClassVar = {"k": "commit"}
    group: GroupField
    epoch: Annotated[int, Uint(MAX_COUNT)]
    """The epoch the group has reached."""


@dataclass(frozen=True, slots=True, repr=False)
class CallWelcome(Content):
    """The Welcome to a call group, for the one device that took the call."""

    TYPE: ClassVar = {"k": "welcome", "w": "call"}
    message: MlsField


@dataclass(frozen=True, slots=True, repr=False)
class ConversationWelcome(Content):
    """The Welcome to a conversation for a device added later (recovered or linked).

    It comes from the contact (after `contact.rejoin`) or from an own device (after pairing); in
    both cases `list`, `name` and `devices` are the contact's.
    """

    TYPE: ClassVar = {"k": "welcome", "w": "conversation"}
    message: MlsField
    group: GroupField
    sequencer: SequencerField
    list: ListField
    name: NameField
    devices: AddressesField
    thread: Annotated[GroupId | None, Maybe(Fixed(GroupId))]
    """The group whose thread goes on in this one, if every member had lost its state."""


@dataclass(frozen=True, slots=True, repr=False)
class SelfWelcome(Content):
    """The Welcome to the group of one's own devices, outside of pairing."""

    TYPE: ClassVar = {"k": "welcome", "w": "self"}
    message: MlsField
    group: GroupField
    sequencer: SequencerField
    devices: AddressesField


@dataclass(frozen=True, slots=True, repr=False)
class GroupWelcome(Content):
    """The Welcome to a group of people, from a member that we said yes to, or a device of ours."""

    TYPE: ClassVar = {"k": "welcome", "w": "group"}
    message: MlsField
    group: GroupField
    sequencer: SequencerField
    members: Annotated[tuple[MemberDevice, ...], Array(Nested(MemberDevice), MAX_LEAVES)]
    """Where its devices are reached, as far as the sender knows; the sender's is one of them."""


@dataclass(frozen=True, slots=True, repr=False)
class ContactRequest(Content):
    """Somebody who holds an invite asks to be a contact (P2). Signed with `device`'s key."""

    TYPE: ClassVar = {"k": "contact.request"}
    token: TokenField
    list: ListField
    name: NameField
    devices: JoiningField
    device: DeviceField
    """The device that sent and signed it; on `list`."""
    signature: SignatureField


@dataclass(frozen=True, slots=True, repr=False)
class ContactAccept(Content):
    """The answer to a request: the conversation. Signed with `device`'s key."""

    TYPE: ClassVar = {"k": "contact.accept"}
    token: TokenField
    list: ListField
    name: NameField
    devices: AddressesField
    message: MlsField
    """The Welcome."""
    group: GroupField
    sequencer: SequencerField
    device: DeviceField
    signature: SignatureField


@dataclass(frozen=True, slots=True, repr=False)
class ContactRejoin(Content):
    """A contact who lost its state asks to be added again (P5). Signed by the identity key."""

    TYPE: ClassVar = {"k": "contact.rejoin"}
    list: ListField
    devices: JoiningField
    signature: SignatureField


@dataclass(frozen=True, slots=True, repr=False)
class PairOffer(Content):
    """Pairing, 1: the existing device answers the new one's link and commits to its nonce."""

    TYPE: ClassVar = {"k": "pair.offer"}
    commitment: Annotated[Digest, Fixed(Digest)]
    """`sas.commit` of the existing device's nonce."""
    device: DeviceField
    key: KeyField
    address: AddressField


@dataclass(frozen=True, slots=True, repr=False)
class PairAnswer(Content):
    """Pairing, 2: the new device shows its key (whose hash is in the link) and its nonce."""

    TYPE: ClassVar = {"k": "pair.answer"}
    device: DeviceField
    key: KeyField
    nonce: NonceField


@dataclass(frozen=True, slots=True, repr=False)
class PairReveal(Content):
    """Pairing, 3: the existing device reveals; both now show six digits to compare."""

    TYPE: ClassVar = {"k": "pair.reveal"}
    nonce: NonceField
    groups: Annotated[int, Uint(4096)]
    """Groups the new device will be added to: it makes as many key packages."""


@dataclass(frozen=True, slots=True, repr=False)
class PairRequest(Content):
    """Pairing, 4: the digits were confirmed; the new device's list entry and key packages."""

    TYPE: ClassVar = {"k": "pair.request"}
    list: ListField
    """Signed with the identity key that the new device unwrapped with password or code."""
    address: AddressField
    key_packages: Annotated[
        tuple[bytes, ...], Array(Blob(MAX_KEY_PACKAGE_BYTES), MAX_PAIR_KEY_PACKAGES)
    ]


@dataclass(frozen=True, slots=True, repr=False)
class DeviceLink(Content):
    """Pairing, 5: Welcome to the self group. Conversations follow as `welcome`s of their own."""

    TYPE: ClassVar = {"k": "device.link"}
    message: MlsField
    group: GroupField
    sequencer: SequencerField
    devices: AddressesField
    """Addresses of the account's other devices, for the new one alone."""
    conversations: Annotated[int, Uint(4096)]


Outer: TypeAlias = (
    Mls
    | CommitHint
    | CallWelcome
    | ConversationWelcome
    | SelfWelcome
    | GroupWelcome
    | ContactRequest
    | ContactAccept
    | ContactRejoin
    | PairOffer
    | PairAnswer
    | PairReveal
    | PairRequest
    | DeviceLink
)
