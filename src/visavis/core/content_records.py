"""Records that several sealed contents share, and the bounds they have in common."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final, TypeAlias

from visavis.core.address import ContactAddress
from visavis.core.content_fields import (
    Address,
    Array,
    Blob,
    Fixed,
    Flag,
    Mark,
    Maybe,
    Nested,
    Record,
    Text,
    Uint,
    Word,
)
from visavis.core.device_list import MAX_DEVICES, MAX_LIST_BYTES
from visavis.core.ids import (
    AccountId,
    DeviceId,
    GroupId,
    IdentityKey,
    Nonce32,
    RequestToken,
    SequencerHandle,
    Signature,
    SignatureKey,
)

MAX_MLS_BYTES: Final = 250_000
"""An MLS message in an envelope; larger trees and commits go as blobs (P8)."""

MAX_KEY_PACKAGE_BYTES: Final = 16_384
MAX_NAME_BYTES: Final = 128
MIN_HANDLE_BYTES: Final = 8
MAX_HANDLE_BYTES: Final = 30
MAX_SDP_BYTES: Final = 65_536
MAX_TIME: Final = 2**40
MAX_COUNT: Final = 2**32 - 1
MAX_LEAVES: Final = 64
"""Devices in a group: with more, a Welcome with its tree would not fit an envelope."""
MAX_HOURS: Final = 16
"""Spans of time in the rules for one contact: two for each day, and two more."""
MINUTES_A_DAY: Final = 1_440
KEEP_EVER: Final = 2**20
"""Hours that stand for no end: a person chose to keep the history of calls until they delete it."""

UNSIGNED: Final = Signature(bytes(64))
"""Stands in a content that `content_signed` has yet to sign."""

DeviceField: TypeAlias = Annotated[DeviceId, Fixed(DeviceId)]
GroupField: TypeAlias = Annotated[GroupId, Fixed(GroupId)]
KeyField: TypeAlias = Annotated[SignatureKey, Fixed(SignatureKey)]
ListField: TypeAlias = Annotated[bytes, Blob(MAX_LIST_BYTES)]
MlsField: TypeAlias = Annotated[bytes, Blob(MAX_MLS_BYTES)]
NameField: TypeAlias = Annotated[str, Text(MAX_NAME_BYTES, line=True)]
HandleField: TypeAlias = Annotated[str, Text(MAX_HANDLE_BYTES, MIN_HANDLE_BYTES, line=True)]
NamedField: TypeAlias = Annotated[int, Uint(MAX_COUNT, 1)]
NonceField: TypeAlias = Annotated[Nonce32, Fixed(Nonce32)]
KeyPackageField: TypeAlias = Annotated[bytes, Blob(MAX_KEY_PACKAGE_BYTES)]
SdpField: TypeAlias = Annotated[str, Text(MAX_SDP_BYTES)]
SequencerField: TypeAlias = Annotated[SequencerHandle, Fixed(SequencerHandle)]
SignatureField: TypeAlias = Annotated[Signature, Fixed(Signature)]
TimeField: TypeAlias = Annotated[int, Uint(MAX_TIME)]
TokenField: TypeAlias = Annotated[RequestToken, Fixed(RequestToken)]
AccountField: TypeAlias = Annotated[AccountId, Fixed(AccountId)]
AddressField: TypeAlias = Annotated[ContactAddress, Address()]


class Media(StrEnum):
    """What a call carries."""

    VOICE = "voice"
    VIDEO = "video"


@dataclass(frozen=True, slots=True, repr=False)
class DeviceAddress(Record):
    """Where one device may be reached."""

    device: DeviceField
    address: AddressField


@dataclass(frozen=True, slots=True, repr=False)
class JoiningDevice(Record):
    """One device that asks to be added: its key package and where it may be reached."""

    device: DeviceField
    key_package: KeyPackageField
    address: AddressField


@dataclass(frozen=True, slots=True, repr=False)
class MemberDevice(Record):
    """One device of a member of a group: whose, what they call themselves, where it is reached."""

    account: AccountField
    device: DeviceField
    name: NameField
    address: AddressField


AddressesField: TypeAlias = Annotated[
    tuple[DeviceAddress, ...], Array(Nested(DeviceAddress), MAX_DEVICES)
]
JoiningField: TypeAlias = Annotated[
    tuple[JoiningDevice, ...], Array(Nested(JoiningDevice), MAX_DEVICES)
]


class Standing(StrEnum):
    """How a contact stands with us."""

    CONTACT = "contact"
    BLOCKED = "blocked"


class MayCall(StrEnum):
    """What a contact may call us with, at most."""

    VIDEO = "video"
    VOICE = "voice"
    NOTHING = "nothing"


class MaySee(StrEnum):
    """What a contact may see of this device before a person acts: nothing, unless it says so."""

    RINGING = "ringing"


class Path(StrEnum):
    """How a call's packets travel: through the relay, or straight to the other device."""

    RELAYED = "relayed"
    DIRECT = "direct"


class MayGo(StrEnum):
    """Over which path a call may go beside the relay: over none, unless it says so (ADR 17)."""

    DIRECT = "direct"


class MayAdd(StrEnum):
    """May a contact bring us into groups: the person is asked, unless it says so."""

    AT_ONCE = "at_once"
    NEVER = "never"


@dataclass(frozen=True, slots=True, repr=False)
class Hours(Record):
    """A span of minutes on some days of the week, in local time, wherever the device is.

    If it does not end later in the day than it begins, it ends on the day after.
    """

    days: Annotated[int, Uint(127, 1)]
    """On which days it begins: bit 0 is Monday."""
    start: Annotated[int, Uint(MINUTES_A_DAY - 1)]
    """Its first minute of the day."""
    end: Annotated[int, Uint(MINUTES_A_DAY, 1)]
    """The minute after its last."""


@dataclass(frozen=True, slots=True, repr=False)
class Rules(Record):
    """What one contact may do here: its calls, and bringing us into groups; see `contact_rules`.

    R-87, R-32, R-41, R-48.
    """

    calls: Annotated[MayCall, Word(MayCall)] = MayCall.VIDEO
    hours: Annotated[tuple[Hours, ...] | None, Maybe(Array(Nested(Hours), MAX_HOURS))] = None
    """When they ring; None: at any time."""
    sees: Annotated[MaySee | None, Maybe(Word(MaySee))] = None
    """What it sees of a call that rings here; None: nothing."""
    path: Annotated[MayGo | None, Maybe(Word(MayGo))] = None
    """Which path a call with it may take beside the relay; None: none."""
    keeps: Annotated[int | None, Maybe(Uint(KEEP_EVER))] = None
    """Hours for which calls with it stay in our history, 0 for none; None: as `Settings` say."""
    adds: Annotated[MayAdd | None, Maybe(Word(MayAdd))] = None
    """Whether it may bring us into groups; None: we are asked each time."""
    never_record: Annotated[bool, Mark()] = False
    """In calls with it we are never to be recorded, and nobody is asked (R-48)."""


@dataclass(frozen=True, slots=True, repr=False)
class Settings(Record):
    """What the person decided for the whole account; see `keeping`."""

    keep: Annotated[int, Uint(KEEP_EVER)]
    """Hours for which calls stay in the history; 0: no history."""
    details: Annotated[bool, Flag()]
    """Path, cipher suite and quality are kept with them."""
    sync: Annotated[bool, Flag()]
    """Our other devices get them, through the vault."""
    trace: Annotated[bool, Flag()]
    """Whom we call in vain is told so, and sees a missed call."""
    count: Annotated[int, Uint(MAX_COUNT)] = 0
    """One more than the count of what it takes the place of: the highest stands (CK-702)."""
    device: Annotated[DeviceId | None, Maybe(Fixed(DeviceId))] = None
    """Where it was decided; None: nowhere yet."""
    never_record: Annotated[bool, Mark()] = False
    """We are never to be recorded, in no call, and nobody is asked (R-48)."""


@dataclass(frozen=True, slots=True, repr=False)
class Decided(Record):
    """When the person decided each of these last, 0 for never: the newest of each stands (CK-688).

    Each by itself: who blocks somebody on one device, and marks them as verified on another that
    has not heard of it, has done both.
    """

    standing: TimeField = 0
    verified: TimeField = 0
    rules: TimeField = 0


@dataclass(frozen=True, slots=True, repr=False)
class NeverSaid(Record):
    """Whether somebody is never to be recorded, as they said it last (`RecordingNever`)."""

    never: Annotated[bool, Flag()]
    at: TimeField
    """By their clock: the newest stands (CK-991)."""


@dataclass(frozen=True, slots=True, repr=False)
class ContactRecord(Record):
    """What an account knows of one contact: in the vault and between its own devices.

    MLS state is not in it and never will be (protocol.md P5).
    """

    list: ListField
    """The newest signed device list; account id and identity key are in it."""
    name: NameField
    devices: AddressesField
    sequencer: SequencerField
    group: GroupField
    standing: Annotated[Standing, Word(Standing)]
    verified: Annotated[IdentityKey | None, Maybe(Fixed(IdentityKey))]
    """The identity key whose safety number was compared, if one was: a mark is bound to its key."""
    thread: Annotated[GroupId | None, Maybe(Fixed(GroupId))]
    """The first group of this thread, if `group` came after it."""
    rules: Annotated[Rules | None, Maybe(Nested(Rules))] = None
    """What calls may ring; None: all, at any time."""
    decided: Annotated[Decided | None, Maybe(Nested(Decided))] = None
    """When the person decided `standing`, `verified` and `rules`; None: never."""
    named: Annotated[int | None, Maybe(Uint(MAX_COUNT, 1))] = None
    """Which of the contact's handles `name` is (`visavis.core.handle`); None: its first."""
    never_said: Annotated[NeverSaid | None, Maybe(Nested(NeverSaid))] = None
    """What the contact said of being recorded; None: nothing."""
