"""Contents of application messages in a conversation group: what contacts say to each other.

Map {"v": 1, "t": type, "id": 16 bytes, "at": unix seconds, ...}. Of calls, only ringing goes here
(protocol.md P9); everything after the answer is in the call group (`content_call`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Final, TypeAlias

from visavis.core.content_fields import Array, Blob, Content, Fixed, Flag, Maybe, Text, Uint, Word
from visavis.core.content_records import (
    MAX_LEAVES,
    AddressesField,
    DeviceField,
    GroupField,
    HandleField,
    JoiningField,
    KeyPackageField,
    ListField,
    Media,
    NamedField,
    NameField,
    NonceField,
    SdpField,
    TimeField,
    TokenField,
)
from visavis.core.file_name import MAX_NAME_BYTES
from visavis.core.file_type import MAX_FILE_BYTES, FileType
from visavis.core.ids import BlobId, CallId, Digest, FileKey, MessageId
from visavis.core.recording_statements import MAX_SIGNED

MAX_BODY_BYTES: Final = 16_384
MAX_THUMBNAIL_BYTES: Final = 16_384
"""A thumbnail that fits an envelope of 64 KiB. Senders make smaller ones: with 5,000 bytes it fits
one of 8 KiB, and the quota of a day is used up eight times later."""

RING_S: Final = 45
"""Seconds a call rings. Longer gives people time; the callee counts from receipt."""

MAX_FORGET: Final = 256
"""Calls in one request to forget; more go in further requests."""

IdField: TypeAlias = Annotated[MessageId, Fixed(MessageId)]
CallField: TypeAlias = Annotated[CallId, Fixed(CallId)]
MediaField: TypeAlias = Annotated[Media, Word(Media)]


@dataclass(frozen=True, slots=True, repr=False)
class MessageText(Content):
    """A text message."""

    TYPE: ClassVar = {"t": "message.text"}
    id: IdField
    at: TimeField
    body: Annotated[str, Text(MAX_BODY_BYTES)]


@dataclass(frozen=True, slots=True, repr=False)
class MessageFile(Content):
    """A file: where it lies, sealed (`file_seal`), and what opens and proves it.

    All of it is the sender's word. What the file is its content says, once it was fetched and
    checked (`file_type`); the name is shown and saved only as `file_name.safe_name` makes it.
    """

    TYPE: ClassVar = {"t": "message.file"}
    id: IdField
    at: TimeField
    name: Annotated[str, Text(MAX_NAME_BYTES, line=True)]
    media_type: Annotated[FileType, Word(FileType)]
    size: Annotated[int, Uint(MAX_FILE_BYTES, lowest=1)]
    sha256: Annotated[Digest, Fixed(Digest)]
    key: Annotated[FileKey, Fixed(FileKey)]
    blob: Annotated[BlobId, Fixed(BlobId)]
    thumbnail: Annotated[bytes | None, Maybe(Blob(MAX_THUMBNAIL_BYTES))] = None


@dataclass(frozen=True, slots=True, repr=False)
class CallInvite(Content):
    """The caller rings. Repeated with the same call id after a reconnect.

    With `again` nobody is rung: the caller lost that call to a reload and asks to go on (CK-380).
    """

    TYPE: ClassVar = {"t": "call.invite"}
    id: IdField
    at: TimeField
    call: CallField
    media: MediaField
    offer: SdpField
    """SDP without candidates: nothing in it leads to an address."""
    commit: Annotated[Digest, Fixed(Digest)]
    """`sas.commit` of the caller's nonce (P11)."""
    expires_s: Annotated[int, Uint(RING_S, lowest=1)]
    confidential: Annotated[bool, Flag()]
    """Both sides keep nothing of it, share no screen, and send pictures of few sizes."""
    again: Annotated[CallId | None, Maybe(Fixed(CallId))] = None


@dataclass(frozen=True, slots=True, repr=False)
class CallRinging(Content):
    """A device of the callee rings: said only to a contact that may see it (CK-383)."""

    TYPE: ClassVar = {"t": "call.ringing"}
    id: IdField
    at: TimeField
    call: CallField


@dataclass(frozen=True, slots=True, repr=False)
class CallAccept(Content):
    """One device of the callee takes the call, if the caller says so (`CallTaken`)."""

    TYPE: ClassVar = {"t": "call.accept"}
    id: IdField
    at: TimeField
    call: CallField
    device: DeviceField
    media: MediaField
    answer: SdpField
    nonce: NonceField
    key_package: KeyPackageField


@dataclass(frozen=True, slots=True, repr=False)
class CallTaken(Content):
    """The caller's verdict on which device took the call; the others stop ringing."""

    TYPE: ClassVar = {"t": "call.taken"}
    id: IdField
    at: TimeField
    call: CallField
    device: DeviceField


@dataclass(frozen=True, slots=True, repr=False)
class CallCancel(Content):
    """The caller gave up before anybody answered."""

    TYPE: ClassVar = {"t": "call.cancel"}
    id: IdField
    at: TimeField
    call: CallField


@dataclass(frozen=True, slots=True, repr=False)
class CallMissed(Content):
    """Durable note after a cancel or timeout, unless the caller leaves no trace."""

    TYPE: ClassVar = {"t": "call.missed"}
    id: IdField
    at: TimeField
    call: CallField
    media: MediaField


@dataclass(frozen=True, slots=True, repr=False)
class CallsForget(Content):
    """The sender asks us to take calls out of our history. Nothing is answered (R-11)."""

    TYPE: ClassVar = {"t": "calls.forget"}
    id: IdField
    at: TimeField
    calls: Annotated[tuple[CallId, ...], Array(Fixed(CallId), MAX_FORGET)]


@dataclass(frozen=True, slots=True, repr=False)
class ContactDevices(Content):
    """The sender's newest device list and an address for each of its devices."""

    TYPE: ClassVar = {"t": "contact.devices"}
    id: IdField
    at: TimeField
    list: ListField
    devices: AddressesField


@dataclass(frozen=True, slots=True, repr=False)
class ContactName(Content):
    """The sender's account has another handle (R-82); see `visavis.core.handle`."""

    TYPE: ClassVar = {"t": "contact.name"}
    id: IdField
    at: TimeField
    name: HandleField
    count: NamedField


@dataclass(frozen=True, slots=True, repr=False)
class GroupInvite(Content):
    """The sender asks us into a group; nobody stands in one who did not say yes (ADR 24)."""

    TYPE: ClassVar = {"t": "group.invite"}
    id: IdField
    at: TimeField
    group: GroupField
    name: NameField
    members: Annotated[int, Uint(MAX_LEAVES, lowest=1)]
    """How many people are in it."""
    token: TokenField
    """Comes back in the answer, once, within `group_rules.INVITE_S`."""


@dataclass(frozen=True, slots=True, repr=False)
class GroupJoin(Content):
    """Yes to an invite, with what it takes to be let in; a no is silence."""

    TYPE: ClassVar = {"t": "group.join"}
    id: IdField
    at: TimeField
    token: TokenField
    name: NameField
    devices: JoiningField
    """The device that says it. Our other devices are let in by it."""


@dataclass(frozen=True, slots=True, repr=False)
class RecordingNever(Content):
    """The sender is never to be recorded in calls with us, or no longer (R-48).

    Said in the conversation, so that it is known before any call. What holds in a call stands in
    the leaf of its group (`recording_leaf`).
    """

    TYPE: ClassVar = {"t": "recording.never"}
    id: IdField
    at: TimeField
    """Later than in all that the sender's account said before: the newest stands (CK-991)."""
    never: Annotated[bool, Flag()]


@dataclass(frozen=True, slots=True, repr=False)
class RecordingWithdrawn(Content):
    """Somebody took back a yes after the call (R-49), in the conversation in which the call was.

    Whose it is, the statement's signature says (CK-992, CK-993): any device of theirs may send it.
    """

    TYPE: ClassVar = {"t": "recording.withdrawn"}
    id: IdField
    at: TimeField
    statement: Annotated[bytes, Blob(MAX_SIGNED)]
    """A `recording.withdrawal`, as `recording_statements.sign_statement` makes it."""


Inner: TypeAlias = (
    MessageText
    | MessageFile
    | CallInvite
    | CallRinging
    | CallAccept
    | CallTaken
    | CallCancel
    | CallMissed
    | CallsForget
    | ContactDevices
    | ContactName
    | GroupInvite
    | GroupJoin
    | RecordingNever
    | RecordingWithdrawn
)
