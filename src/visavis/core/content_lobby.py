"""What is said at the door of a lobby, between a guest and the host (docs/protocol/call-link.md).

Map {"v": 1, "t": type, ...}, sealed as `lobby` says. Two families, by direction:

    encode_to_host / decode_to_host        what a guest says
    encode_to_guest / decode_to_guest      what the host's device answers
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar, Final, TypeAlias

from visavis.core.content_family import Family
from visavis.core.content_fields import Array, Blob, Content, Fixed, Nested, Record, Text, Word
from visavis.core.content_records import (
    AccountField,
    DeviceField,
    KeyField,
    KeyPackageField,
    ListField,
    Media,
    NameField,
    SignatureField,
)
from visavis.core.content_room_fields import RoomField
from visavis.core.ids import CallId, Capability, MailboxId
from visavis.core.work import NONCE_BYTES

MAX_GUEST_BYTES: Final = 64
"""Bytes of the name that a guest chooses."""

MAX_WELCOME: Final = 200_000
"""Bytes of a Welcome; that of a call of fifty has half as many."""

MAX_NAMES: Final = 200
"""Names of members; a room holds no more."""

MAX_LOBBY: Final = 245_000
"""Bytes of one content, in either direction."""


class LobbyEnd(StrEnum):
    """Why a guest is not let in."""

    REFUSED = "refused"
    """The host said no."""
    CLOSED = "closed"
    """The link is withdrawn, used up or expired."""
    FULL = "full"
    """Too many wait; later perhaps."""


# ---- To the host ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, repr=False)
class LobbyAsk(Content):
    """Somebody asks to be let in, and again as long as they wait."""

    TYPE: ClassVar = {"t": "lobby.ask"}
    key: KeyField
    """Made for this visit; the guest's leaf will sign with it."""
    name: Annotated[str, Text(MAX_GUEST_BYTES, line=True)]
    """What they want to be called. Nobody has verified it."""
    work: Annotated[bytes, Blob(NONCE_BYTES, NONCE_BYTES)]
    """A proof of work (`lobby.LobbySeal.solve_work`)."""


@dataclass(frozen=True, slots=True, repr=False)
class LobbyCome(Content):
    """Somebody who was admitted wants to be added."""

    TYPE: ClassVar = {"t": "lobby.come"}
    key_package: KeyPackageField


ToHost: TypeAlias = LobbyAsk | LobbyCome


# ---- To the guest --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, repr=False)
class Named(Record):
    """What a member is called, as the host says."""

    account: AccountField
    name: NameField


@dataclass(frozen=True, slots=True, repr=False)
class LobbyWaiting(Content):
    """Somebody is there, and has been asked."""

    TYPE: ClassVar = {"t": "lobby.waiting"}


@dataclass(frozen=True, slots=True, repr=False)
class LobbyEnded(Content):
    """The guest is not let in."""

    TYPE: ClassVar = {"t": "lobby.ended"}
    why: Annotated[LobbyEnd, Word(LobbyEnd)]


@dataclass(frozen=True, slots=True, repr=False)
class LobbyPass(Content):
    """The guest is let in: into which call, and by what its credential will show so."""

    TYPE: ClassVar = {"t": "lobby.pass"}
    call: Annotated[CallId, Fixed(CallId)]
    room: RoomField
    media: Annotated[Media, Word(Media)]
    device: DeviceField
    """Whose pass it is: this device of the host's account."""
    list: ListField
    """The device list of that account."""
    signature: SignatureField
    """`guest.sign_pass`."""
    names: Annotated[tuple[Named, ...], Array(Nested(Named), MAX_NAMES, 0)]
    mailbox: Annotated[MailboxId, Fixed(MailboxId)]
    capability: Annotated[Capability, Fixed(Capability)]
    """What the guest shows the server to get a relay (P12); good for nothing that can be read."""


@dataclass(frozen=True, slots=True, repr=False)
class LobbyWelcome(Content):
    """The guest was added to the call's group."""

    TYPE: ClassVar = {"t": "lobby.welcome"}
    welcome: Annotated[bytes, Blob(MAX_WELCOME)]


ToGuest: TypeAlias = LobbyWaiting | LobbyEnded | LobbyPass | LobbyWelcome

_UNKNOWN: Final = "CK-913 no such word in a lobby"
_TO_HOST: Final = Family[ToHost](ToHost, most=MAX_LOBBY, unknown=_UNKNOWN)
_TO_GUEST: Final = Family[ToGuest](ToGuest, most=MAX_LOBBY, unknown=_UNKNOWN)

encode_to_host = _TO_HOST.encode
decode_to_host = _TO_HOST.decode
encode_to_guest = _TO_GUEST.encode
decode_to_guest = _TO_GUEST.decode
