"""Contents of application messages in the self group: between the devices of one account (P3).

Map {"v": 1, "t": type, ...}.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar, Final, TypeAlias

from visavis.core.content_fields import Array, Content, Fixed, Nested, Uint, Word
from visavis.core.content_records import (
    AddressesField,
    ContactRecord,
    DeviceField,
    ListField,
    NameField,
)
from visavis.core.ids import CallId

MAX_RECORDS: Final = 64
"""Contacts in one message; more go in further messages."""


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


Sibling: TypeAlias = SelfContacts | SelfCallHandled | SelfDeviceAdded | SelfDevices | SelfVault
