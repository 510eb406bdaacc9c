"""Contents of application messages in the self group: between the devices of one account (P3).

Map {"v": 1, "t": type, ...}.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar, Final, TypeAlias

from visavis.core.call_entry import GONE_BYTES
from visavis.core.content_fields import (
    Array,
    Blob,
    Content,
    Fixed,
    Nested,
    Uint,
    Word,
)
from visavis.core.content_records import (
    MAX_COUNT,
    AddressesField,
    ContactRecord,
    DeviceField,
    HandleField,
    ListField,
    NamedField,
    NameField,
    Settings,
    TimeField,
)
from visavis.core.ids import CallId

MAX_RECORDS: Final = 64
"""Contacts in one message; more go in further messages."""


MAX_GONE: Final = 1_000
"""Deleted calls in one message; more go in further messages."""


class Handled(StrEnum):
    """How one of our devices dealt with a call, so that the others stop ringing."""

    ACCEPTED = "accepted"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True, repr=False)
class SelfContacts(Content):
    """Contacts as one device knows them, for the others."""

    TYPE: ClassVar = {"t": "self.contacts"}
    records: Annotated[tuple[ContactRecord, ...], Array(Nested(ContactRecord), MAX_RECORDS)]


@dataclass(frozen=True, slots=True, repr=False)
class SelfCallHandled(Content):
    """A call was accepted or declined on the sending device."""

    TYPE: ClassVar = {"t": "self.call_handled"}
    call: Annotated[CallId, Fixed(CallId)]
    how: Annotated[Handled, Word(Handled)]


@dataclass(frozen=True, slots=True, repr=False)
class SelfDeviceAdded(Content):
    """A device was added to the account: shown as an alert on each of the others."""

    TYPE: ClassVar = {"t": "self.device_added"}
    device: DeviceField
    name: NameField


@dataclass(frozen=True, slots=True, repr=False)
class SelfDevices(Content):
    """The account's newest device list and the sender's fresh addresses for its siblings."""

    TYPE: ClassVar = {"t": "self.devices"}
    list: ListField
    devices: AddressesField


@dataclass(frozen=True, slots=True, repr=False)
class SelfVault(Content):
    """The highest vault counter the sender has seen: rollback is noticed (P6)."""

    TYPE: ClassVar = {"t": "self.vault"}
    counter: Annotated[int, Uint(2**53 - 1)]


@dataclass(frozen=True, slots=True, repr=False)
class SelfCallsGone(Content):
    """Calls that were deleted from the history: told at once, and stand in the vault later."""

    TYPE: ClassVar = {"t": "self.calls_gone"}
    gone: Annotated[tuple[bytes, ...], Array(Blob(GONE_BYTES, GONE_BYTES), MAX_GONE)]
    """Their marks (`call_entry.gone_mark`)."""


@dataclass(frozen=True, slots=True, repr=False)
class SelfCallsCut(Content):
    """Every call that began by then was deleted from the history (`call_entry.Cut`)."""

    TYPE: ClassVar = {"t": "self.calls_cut"}
    count: Annotated[int, Uint(MAX_COUNT, 1)]
    at: TimeField


@dataclass(frozen=True, slots=True, repr=False)
class SelfSettings(Content):
    """The account's settings, as decided on the sending device."""

    TYPE: ClassVar = {"t": "self.settings"}
    settings: Annotated[Settings, Nested(Settings)]


@dataclass(frozen=True, slots=True, repr=False)
class SelfHandle(Content):
    """The account has another handle (R-82); see `visavis.core.handle`."""

    TYPE: ClassVar = {"t": "self.handle"}
    handle: HandleField
    count: NamedField


Sibling: TypeAlias = (
    SelfContacts
    | SelfCallHandled
    | SelfDeviceAdded
    | SelfDevices
    | SelfVault
    | SelfCallsGone
    | SelfCallsCut
    | SelfSettings
    | SelfHandle
)
