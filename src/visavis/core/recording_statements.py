r"""What members of a call sign about recording it (P17, docs/protocol/recording.md).

    statement = CBOR [body, signature]
    body      = CBOR {"v": 1, "t": type, "call", "key", "number", "at", ...}
    signature = Ed25519 by `key` over "visavis recording statement v1\0" || body

`key` is the consent key of the member's device: made for this call, known to everybody in it by the
call's group, and to nobody else whose it is. So a statement can be shown to others, who can check
it and learn nobody's name. Statements travel inside the call's group, and stand in the recording.

Pure. Not for: what follows from a statement (`recording`), or whose a key is (the call's group).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Final, TypeAlias, TypeVar

from visavis.core import cbor
from visavis.core.content_family import Family
from visavis.core.content_fields import (
    Array,
    Content,
    Fixed,
    Flag,
    Maybe,
    Text,
    Uint,
    Word,
    malformed,
)
from visavis.core.errors import Code, PeerError
from visavis.core.identity import sign, verify
from visavis.core.ids import CallId, ConsentKey, Digest, Signature
from visavis.core.recording_types import Kind, Kinds, Members

MAX_DAYS: Final = 30
"""For which a share of the key can lie at the server; a recording is playable no longer (P16)."""

DAY_S: Final = 86_400

MAX_PURPOSE: Final = 600
MAX_NAMED: Final = 600
MAX_MEMBERS: Final = 64
MAX_NUMBER: Final = 2**32 - 1
MAX_AT: Final = 2**40
MAX_STATEMENT: Final = 4_096
"""Bytes of a statement's body."""

MAX_SIGNED: Final = MAX_STATEMENT + 128
"""Bytes of a statement with its signature."""

_LABEL: Final = b"visavis recording statement v1\0"
_CALL_LABEL: Final = b"visavis recording call v1\0"
_ASK_LABEL: Final = b"visavis recording ask v1\0"

T = TypeVar("T")


class Place(StrEnum):
    """Where a recording is kept."""

    DEVICE = "device"
    """On the device of who asks, and nowhere else."""
    UPLOADED = "uploaded"
    """On the server too, sealed: it can open nothing of it."""


class Recipients(StrEnum):
    """Who may play a recording."""

    ASKER = "asker"
    MEMBERS = "members"
    """Everybody who was asked and agreed."""


class WithdrawBy(StrEnum):
    """How somebody takes back their yes."""

    APP = "app"
    """By one tap, in the call and at any time after it."""


class KindSet:
    """Kinds as an array in the order of their words, none twice."""

    def __init__(self, fewest: int = 1) -> None:
        self._array = Array(Word(Kind), len(Kind), fewest)

    def encode(self, value: Kinds) -> list[object]:
        """Return their words."""
        return self._array.encode(tuple(sorted(value)))

    def decode(self, raw: object) -> Kinds:
        """Require words of the list, sorted, none twice."""
        return frozenset(_in_order(self._array.decode(raw)))


class MemberSet:
    """Consent keys as an array in the order of their bytes, none twice."""

    _array = Array(Fixed(ConsentKey), MAX_MEMBERS)

    def encode(self, value: Members) -> list[object]:
        """Return their bytes."""
        return self._array.encode(tuple(sorted(value)))

    def decode(self, raw: object) -> Members:
        """Require keys, sorted, none twice."""
        return frozenset(_in_order(self._array.decode(raw)))


KeyField: TypeAlias = Annotated[ConsentKey, Fixed(ConsentKey)]
DigestField: TypeAlias = Annotated[Digest, Fixed(Digest)]
NumberField: TypeAlias = Annotated[int, Uint(MAX_NUMBER, 1)]
AtField: TypeAlias = Annotated[int, Uint(MAX_AT)]


@dataclass(frozen=True, slots=True, repr=False)
class _Statement(Content):
    TYPE: ClassVar = {"t": ""}
    call: DigestField
    """Which call: `call_reference`."""
    key: KeyField
    """Who says it."""
    number: NumberField
    """Rises with each statement of a member in a call."""
    at: AtField
    """When, unix seconds, by the member's clock."""


@dataclass(frozen=True, slots=True, repr=False)
class RecordingAsk(_Statement):
    """Somebody wants to record. Nothing of this may be left open (R-46)."""

    TYPE: ClassVar = {"t": "recording.ask"}
    kinds: Annotated[Kinds, KindSet()]
    purpose: Annotated[str, Text(MAX_PURPOSE)]
    """What for, in the words of who asks."""
    place: Annotated[Place, Word(Place)]
    days: Annotated[int, Uint(MAX_DAYS, 1)]
    """After which nothing of it can be played any more."""
    recipients: Annotated[Recipients, Word(Recipients)]
    clear: Annotated[bool, Flag()]
    """Whether an export that anybody can play, for ever, is asked for: a purpose of its own."""
    withdraw: Annotated[WithdrawBy, Word(WithdrawBy)]
    named: Annotated[str | None, Maybe(Text(MAX_NAMED))] = None
    """Who else is to get an export, in the words of who asks; only with `clear`."""


@dataclass(frozen=True, slots=True, repr=False)
class RecordingGrant(_Statement):
    """A yes, to some of what was asked, among some members."""

    TYPE: ClassVar = {"t": "recording.grant"}
    ask: DigestField
    """The request: `ask_digest`."""
    kinds: Annotated[Kinds, KindSet()]
    members: DigestField
    """Among whom: `recording.members_hash`."""
    clear: Annotated[bool, Flag()]
    """Whether an export in the clear is agreed to. It cannot be taken back."""
    share: DigestField
    """SHA-256 of this member's share of the key, so that no other can be passed off as it."""


@dataclass(frozen=True, slots=True, repr=False)
class RecordingRefusal(_Statement):
    """A no."""

    TYPE: ClassVar = {"t": "recording.refusal"}
    ask: DigestField


@dataclass(frozen=True, slots=True, repr=False)
class RecordingWithdrawal(_Statement):
    """A yes taken back, in the call or after it."""

    TYPE: ClassVar = {"t": "recording.withdrawal"}
    ask: DigestField


@dataclass(frozen=True, slots=True, repr=False)
class RecordingProgress(_Statement):
    """Who asked says what is recorded from now on, and of whom; of nothing: it pauses."""

    TYPE: ClassVar = {"t": "recording.progress"}
    ask: DigestField
    kinds: Annotated[Kinds, KindSet(0)]
    members: Annotated[Members, MemberSet()]


@dataclass(frozen=True, slots=True, repr=False)
class RecordingEnd(_Statement):
    """Who asked ends it."""

    TYPE: ClassVar = {"t": "recording.end"}
    ask: DigestField


Statement: TypeAlias = (
    RecordingAsk
    | RecordingGrant
    | RecordingRefusal
    | RecordingWithdrawal
    | RecordingProgress
    | RecordingEnd
)

_FAMILY: Final[Family[Any]] = Family(
    Statement, most=MAX_STATEMENT, unknown="CK-935 recording: no statement"
)


def call_reference(call: CallId) -> Digest:
    """Return by what statements name a call: who does not know the call's id learns none."""
    return Digest.sha256(_CALL_LABEL + call)


def ask_digest(ask: RecordingAsk) -> Digest:
    """Return by what all other statements name a request: all that it says."""
    return Digest.sha256(_ASK_LABEL + _FAMILY.encode(ask))


def ends_at(ask: RecordingAsk) -> int:
    """Return from when on nothing of a recording can be played any more, unix seconds."""
    return ask.at + ask.days * DAY_S


def sign_statement(statement: Statement, private: bytes) -> bytes:
    """Return a statement as it is sent and kept.

    Args:
        statement: With our `key`.
        private: Its private half, 32 bytes.

    Raises:
        UsageError: It says what others refuse.
        PeerError: TOO_LARGE.
    """
    body = _FAMILY.encode(statement)
    _require_fits(statement)
    return cbor.encode([body, sign(private, _LABEL, body)])


def read_statement(data: bytes) -> Statement:
    """Read a statement and check its signature.

    Whose the key is, and whether it is of this call, is for the caller to check.

    Raises:
        PeerError: MALFORMED (CK-250, CK-271, CK-935), BAD_SIGNATURE, TOO_LARGE.
    """
    if len(data) > MAX_SIGNED:
        raise PeerError(Code.TOO_LARGE, "CK-935 recording: a statement is too long")
    match cbor.decode(data):
        case [bytes(body), bytes(signature)]:
            pass
        case _:
            raise PeerError(Code.MALFORMED, "CK-935 recording: no statement")
    statement: Statement = _FAMILY.decode(body)
    verify(statement.key, _LABEL, body, Signature(signature))
    _require_fits(statement)
    return statement


def _require_fits(statement: Statement) -> None:
    """Require that what a statement says fits together.

    Raises:
        PeerError: MALFORMED (CK-936).
    """
    # CK-936: who would get an export that nobody asked for is hidden from whoever reads the rest.
    if isinstance(statement, RecordingAsk) and statement.named and not statement.clear:
        raise malformed("CK-936 an export is described and not asked for")


def _in_order(items: Iterable[T]) -> list[T]:
    """Require that items are sorted and none stands twice (CK-935)."""
    found = list(items)
    if found != sorted(set(found)):  # type: ignore[type-var]  # words and bytes have an order
        raise malformed("CK-935 not in order, or twice")
    return found
