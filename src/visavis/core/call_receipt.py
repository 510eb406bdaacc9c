r"""What everybody in a call signs so that each holds a receipt of it (R-14).

docs/protocol/call-receipt.md:

    terms      = CBOR {"v": 1, "t": "call.receipt", "call", "members", "fields": [commitment x3]}
    call       = SHA-256("visavis call receipt call v1\0" || call id)
    opened     = CBOR [name, salt, value]; names are "at", "media", "since", in this order
    commitment = SHA-256("visavis call receipt field v1\0" || opened)
    signature  = Ed25519 by a member's consent key over "visavis call receipt v1\0" || terms
    binding    = Ed25519 by a member's consent key over "visavis call receipt binding v1\0"
                 || SHA-256(terms) || signature key of the member's device

Members are the consent keys of the call's group (`recording_leaf`): they name nobody. A binding is
kept by whoever made it, and leaves the device only if they show themselves: the consent key is
gone once the call is over, and nobody else can make it.

Pure. Not for: the file that is shown to others (`call_receipt_file`), or when to ask.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, ClassVar, Final

from visavis.core import cbor
from visavis.core.content_family import Family
from visavis.core.content_fields import Array, Content, Fixed
from visavis.core.errors import Code, PeerError, UsageError
from visavis.core.identity import sign, verify
from visavis.core.ids import CallId, ConsentKey, Digest, Rng, Signature, SignatureKey
from visavis.core.recording_statements import MAX_AT, MemberSet
from visavis.core.recording_types import Members

MAX_TERMS: Final = 4_096
"""Bytes. 64 members need less."""

MAX_OPENED: Final = 64
"""Bytes of an opened field."""

SALT: Final = 16
"""Random bytes with each field: without them whoever has a commitment could try all values."""

ASK_S: Final = 120
"""Seconds until a request is over, and by which clocks may differ. Higher: people sign what they
have no memory of any more; lower: a clock that is a little wrong ends every request."""

MAX_ASKS: Final = 3
"""How often one member may ask in one call. Higher lets somebody be asked until they give in."""

_LABEL: Final = b"visavis call receipt v1\0"
_CALL_LABEL: Final = b"visavis call receipt call v1\0"
_FIELD_LABEL: Final = b"visavis call receipt field v1\0"
_BINDING_LABEL: Final = b"visavis call receipt binding v1\0"


class Field(StrEnum):
    """What can be disclosed, each by itself; in the order of the commitments."""

    AT = "at"
    MEDIA = "media"
    SINCE = "since"


class Media(StrEnum):
    """What a call was, to whoever asked."""

    VOICE = "voice"
    VIDEO = "video"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a receipt says of a call.

    Args:
        at: When it was asked for, unix seconds, by the asker's clock.
        media: What the asker saw of the call.
        since: Since when exactly these members were together, unix seconds, by the same clock.
    """

    at: int
    media: Media
    since: int


@dataclass(frozen=True, slots=True, repr=False)
class Terms(Content):
    """What is signed."""

    TYPE: ClassVar = {"t": "call.receipt"}
    call: Annotated[Digest, Fixed(Digest)]
    """Which call: `call_reference`."""
    members: Annotated[Members, MemberSet()]
    """2 to 64."""
    fields: Annotated[tuple[Digest, ...], Array(Fixed(Digest), len(Field), len(Field))]
    """What is committed to, in the order of `Field`."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt as each member keeps it.

    Args:
        terms: As they were signed.
        signatures: One of each member, in the order of the members' keys.
        opened: The fields, in the order of `Field`.
    """

    terms: bytes = field(repr=False)
    signatures: tuple[Signature, ...] = field(repr=False)
    opened: tuple[bytes, ...] = field(repr=False)


_FAMILY: Final[Family[Terms]] = Family(Terms, most=MAX_TERMS, unknown="CK-1000 no terms")


def call_reference(call: CallId) -> Digest:
    """Return by what terms name a call: who does not know the call's id learns none."""
    return Digest.sha256(_CALL_LABEL + call)


def open_fields(facts: Facts, rng: Rng) -> tuple[bytes, ...]:
    """Return the fields as they are sent to the members and kept, in the order of `Field`.

    Raises:
        UsageError: They say what others refuse.
    """
    values: tuple[int | str, ...] = (facts.at, facts.media.value, facts.since)
    made = tuple(
        encode_field(name, rng(SALT), value) for name, value in zip(Field, values, strict=True)
    )
    try:
        _facts(made)
    except PeerError as error:
        raise UsageError(f"would send what others refuse: {error.detail}") from None
    return made


def make_terms(call: CallId, members: Members, opened: Sequence[bytes]) -> bytes:
    """Return the terms of a receipt.

    Args:
        call: The call's id.
        members: All who are in the call's group now, ours among them.
        opened: `open_fields`.

    Raises:
        UsageError: There are not 2 to 64 members, or not these fields.
    """
    terms = Terms(call_reference(call), members, tuple(commitment(one) for one in opened))
    data = _FAMILY.encode(terms)
    try:
        read_terms(data)
    except PeerError as error:
        raise UsageError(f"would sign what others refuse: {error.detail}") from None
    return data


def read_terms(data: bytes) -> Terms:
    """Read terms.

    Raises:
        PeerError: MALFORMED, TOO_LARGE (CK-1000).
    """
    # CK-1000: this form and no other, so that all sign the same bytes and know what they say.
    if len(data) > MAX_TERMS:
        raise PeerError(Code.TOO_LARGE, "CK-1000 call receipt: terms are too long")
    try:
        terms = _FAMILY.decode(data)
    except PeerError:
        raise _malformed("CK-1000 call receipt: no terms") from None
    if len(terms.members) < 2:
        raise _malformed("CK-1000 call receipt: a call is of two or more")
    return terms


def terms_digest(data: bytes) -> Digest:
    """Return by what signatures and refusals name terms."""
    return Digest.sha256(data)


def check_members(terms: Terms, call: CallId, members: Members, asker: ConsentKey) -> None:
    """Require that terms are about this call and exactly these people.

    Args:
        terms: Of a request.
        call: The call that it came in.
        members: The consent keys of the call's group, as we see it now.
        asker: The key of the leaf that sent the request.

    Raises:
        PeerError: MALFORMED (CK-1001).
    """
    # CK-1001: else people would sign for somebody who is not there, or for another call.
    if terms.call != call_reference(call):
        raise _malformed("CK-1001 call receipt: of another call")
    if terms.members != members or asker not in members:
        raise _malformed("CK-1001 call receipt: of others than who is here")


def check_opened(terms: Terms, opened: Sequence[bytes]) -> Facts:
    """Require that opened fields are those that were committed to, and return what they say.

    Raises:
        PeerError: MALFORMED (CK-1002, CK-1003).
    """
    # CK-1002: people sign commitments; what they are shown must be what these hide.
    if tuple(commitment(one) for one in opened) != terms.fields:
        raise _malformed("CK-1002 call receipt: other fields than were committed to")
    return _facts(opened)


def check_times(facts: Facts, now: int, together: int) -> None:
    """Require that what a receipt says of time is near what our own clock says.

    Args:
        facts: `check_opened`.
        now: Unix seconds, by our clock.
        together: When we saw exactly these members come together, unix seconds.

    Raises:
        PeerError: MALFORMED (CK-1003).
    """
    # CK-1003: nobody signs for a time that their own device knows to be wrong.
    if abs(facts.at - now) > ASK_S or abs(facts.since - together) > ASK_S:
        raise _malformed("CK-1003 call receipt: another time than ours")


def sign_terms(data: bytes, private: bytes) -> Signature:
    """Sign terms.

    Args:
        data: Terms, read and checked.
        private: The private half of our consent key, 32 bytes.
    """
    return sign(private, _LABEL, data)


def verify_signature(data: bytes, key: ConsentKey, signature: bytes) -> None:
    """Require that a member signed terms.

    Args:
        data: The terms.
        key: The consent key of the leaf that sent the signature.
        signature: 64 bytes.

    Raises:
        PeerError: BAD_SIGNATURE (CK-1004).
    """
    # CK-1004: a yes is only its owner's to give.
    try:
        verify(key, _LABEL, data, signature)
    except PeerError:
        raise PeerError(Code.BAD_SIGNATURE, "CK-1004 call receipt: not signed by it") from None


def sign_binding(data: bytes, private: bytes, device: SignatureKey) -> Signature:
    """Sign that our consent key is of our device. For our own store: it names us.

    Args:
        data: The terms.
        private: The private half of our consent key, 32 bytes.
        device: The signature key of our device (public).
    """
    return sign(private, _BINDING_LABEL, terms_digest(data) + device)


def verify_binding(data: bytes, key: ConsentKey, device: SignatureKey, binding: bytes) -> None:
    """Require that whoever had a consent key said that it is of this device.

    Raises:
        PeerError: BAD_SIGNATURE.
    """
    verify(key, _BINDING_LABEL, terms_digest(data) + device, binding)


def commitment(opened: bytes) -> Digest:
    """Return what hides an opened field until it is disclosed."""
    return Digest.sha256(_FIELD_LABEL + opened)


def encode_field(name: Field, salt: bytes, value: int | str) -> bytes:
    """Return a field as it is committed to."""
    return cbor.encode([name.value, salt, value])


def read_field(opened: bytes) -> tuple[Field, bytes, int | str]:
    """Read an opened field: its name, its salt, its value.

    Raises:
        PeerError: MALFORMED (CK-1002).
    """
    if len(opened) <= MAX_OPENED:
        try:
            found = cbor.decode(opened)
        except PeerError:
            found = None
        match found:
            case ["at" | "since" as name, bytes(salt), int(value)] if (
                len(salt) == SALT and not isinstance(value, bool) and 0 <= value <= MAX_AT
            ):
                return Field(name), salt, value
            case ["media", bytes(salt), "voice" | "video" as media] if len(salt) == SALT:
                return Field.MEDIA, salt, media
    raise _malformed("CK-1002 call receipt: no field")


def _facts(opened: Sequence[bytes]) -> Facts:
    found = [read_field(one) for one in opened]
    if [name for name, _, _ in found] != list(Field):
        raise _malformed("CK-1002 call receipt: not these fields")
    at, media, since = (value for _, _, value in found)
    facts = Facts(int(at), Media(str(media)), int(since))
    # CK-1003: nobody was together after they were asked.
    if facts.since > facts.at:
        raise _malformed("CK-1003 call receipt: together only later")
    return facts


def _malformed(why: str) -> PeerError:
    return PeerError(Code.MALFORMED, why)
