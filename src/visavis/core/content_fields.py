"""How sealed content is declared: typed fields with bounds, each of which decodes strictly.

A content is a frozen dataclass whose fields are `Annotated[type, codec]`. The class is the schema:
map keys are the field names, nothing else may be in the map, nothing may be missing. The same
bounds stand in docs/protocol/sealed-content.cddl, and the tests hold the two to each other.

`repr` of a content names its type and nothing in it, so that no log or traceback can carry a
message, a name or an address out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Final, Protocol, TypeVar, get_args, get_type_hints

from visavis.core.address import ContactAddress
from visavis.core.errors import Code, PeerError, UsageError
from visavis.core.ids import FixedBytes

VERSION: Final = 1
"""`v` of every content. A receiver refuses others: there is nothing to negotiate down to."""


class Codec(Protocol):
    """Turns one field into what CBOR carries, and back with all checks."""

    def encode(self, value: Any) -> object:
        """Return the CBOR form of our own value."""
        ...

    def decode(self, raw: object) -> Any:
        """Return the value. Raises PeerError `MALFORMED` for anything out of bounds (CK-271)."""
        ...


class Record:
    """Base of everything that is declared by `Annotated` fields: a map inside a content."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(~)"


class Content(Record):
    """Base of every content: a record with a version and fields that tell its type."""

    __slots__ = ()
    TYPE: ClassVar[Mapping[str, str]]
    """The fields that tell the type apart, such as {"t": "call.invite"}."""

    def require_fits(self) -> None:
        """Require that decoded fields fit together; raises PeerError. Most have nothing to say."""


AnyRecord = TypeVar("AnyRecord", bound=Record)
AnyContent = TypeVar("AnyContent", bound=Content)


def malformed(why: str) -> PeerError:
    """Return the one error for content that breaks its schema (CK-271); `why` is our own words."""
    return PeerError(Code.MALFORMED, f"CK-271 content: {why}")


@dataclass(frozen=True, slots=True)
class Fixed:
    """A byte string of one exact length, as one of the types in `visavis.core.ids`."""

    of: type[FixedBytes]

    def encode(self, value: FixedBytes) -> bytes:
        """Return the bytes."""
        return bytes(value)

    def decode(self, raw: object) -> FixedBytes:
        """Require exactly that many bytes."""
        if not isinstance(raw, bytes):
            raise malformed("not bytes")
        return self.of(raw)


@dataclass(frozen=True, slots=True)
class Blob:
    """A byte string with bounds, opaque here."""

    longest: int
    shortest: int = 1

    def encode(self, value: bytes) -> bytes:
        """Return the bytes."""
        if len(value) > self.longest:
            raise PeerError(Code.TOO_LARGE, "bytes beyond the field's bound")
        return bytes(value)

    def decode(self, raw: object) -> bytes:
        """Require bytes within the bounds."""
        if not isinstance(raw, bytes) or not self.shortest <= len(raw) <= self.longest:
            raise malformed("bytes out of bounds")
        return raw


@dataclass(frozen=True, slots=True)
class Text:
    """NFC text with bounds in UTF-8 bytes.

    `line` also refuses what has no place in one line of a name: control characters, and the
    invisible ones that turn the direction of what follows and make one name look like another.
    """

    longest: int
    shortest: int = 1
    line: bool = False

    def encode(self, value: str) -> str:
        """Return the text in NFC."""
        text = unicodedata.normalize("NFC", value)
        if len(text.encode("utf-8", "surrogatepass")) > self.longest:
            raise PeerError(Code.TOO_LARGE, "text beyond the field's bound")
        return text

    def decode(self, raw: object) -> str:
        """Require text within the bounds; `visavis.core.cbor` has checked NFC and UTF-8."""
        if not isinstance(raw, str) or not self.shortest <= len(raw.encode()) <= self.longest:
            raise malformed("text out of bounds")
        if self.line and _NOT_IN_LINES.search(raw):
            raise malformed("text with control characters")
        return raw


_NOT_IN_LINES: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]"
)
"""C0, C1, DEL, line and paragraph separators, and every control of writing direction (UAX #9)."""


@dataclass(frozen=True, slots=True)
class Uint:
    """An unsigned integer with bounds."""

    highest: int
    lowest: int = 0

    def encode(self, value: int) -> int:
        """Return the number."""
        return int(value)

    def decode(self, raw: object) -> int:
        """Require an integer (not a boolean) within the bounds."""
        if not isinstance(raw, int) or isinstance(raw, bool):
            raise malformed("not an integer")
        if not self.lowest <= raw <= self.highest:
            raise malformed("integer out of bounds")
        return raw


@dataclass(frozen=True, slots=True)
class Flag:
    """Yes or no."""

    def encode(self, value: bool) -> bool:  # noqa: FBT001 -- the shape of a codec
        """Return it."""
        return value

    def decode(self, raw: object) -> bool:
        """Require a boolean, not a number that counts as one."""
        if not isinstance(raw, bool):
            raise malformed("not a boolean")
        return raw


@dataclass(frozen=True, slots=True)
class Mark:
    """Yes, or no by its absence: CBOR false never stands for that, so no has one encoding."""

    def encode(self, value: bool) -> bool:  # noqa: FBT001 -- the shape of a codec
        """Return it."""
        return value

    def decode(self, raw: object) -> bool:
        """Require true."""
        if raw is not True:
            raise malformed("not a mark")
        return True


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a closed list."""

    of: type[StrEnum]

    def encode(self, value: StrEnum) -> str:
        """Return the word."""
        return value.value

    def decode(self, raw: object) -> StrEnum:
        """Require a word of the list."""
        if not isinstance(raw, str) or raw not in {word.value for word in self.of}:
            raise malformed("not a word of the list")
        return self.of(raw)


@dataclass(frozen=True, slots=True)
class Array:
    """An array of like items with bounds on their number."""

    item: Codec
    most: int
    fewest: int = 1

    def encode(self, value: tuple[Any, ...]) -> list[object]:
        """Return a list of encoded items."""
        return [self.item.encode(item) for item in value]

    def decode(self, raw: object) -> tuple[Any, ...]:
        """Require an array within the bounds and decode each item."""
        if not isinstance(raw, list) or not self.fewest <= len(raw) <= self.most:
            raise malformed("array out of bounds")
        return tuple(self.item.decode(item) for item in raw)


@dataclass(frozen=True, slots=True)
class Nested:
    """A record inside a content."""

    of: type[Record]

    def encode(self, value: Record) -> dict[str, object]:
        """Return the record's map."""
        return encode_fields(value)

    def decode(self, raw: object) -> Record:
        """Require exactly the record's fields."""
        if not isinstance(raw, dict):
            raise malformed("not a map")
        return decode_fields(self.of, raw)


@dataclass(frozen=True, slots=True)
class Address:
    """A contact address."""

    def encode(self, value: ContactAddress) -> dict[str, object]:
        """Return the address's map."""
        return value.to_cbor()

    def decode(self, raw: object) -> ContactAddress:
        """Require a contact address."""
        return ContactAddress.from_cbor(raw)


@dataclass(frozen=True, slots=True)
class Maybe:
    """A field whose key may be absent; None stands for that. CBOR null never does."""

    of: Codec

    def encode(self, value: Any) -> object:
        """Encode a value that is there."""
        return self.of.encode(value)

    def decode(self, raw: object) -> Any:
        """Decode a value that is there."""
        return self.of.decode(raw)


_SCHEMAS: Final[dict[type[Record], dict[str, Codec]]] = {}


def schema(of: type[Record]) -> dict[str, Codec]:
    """Return the codec of each field of a record, from its annotations."""
    if of in _SCHEMAS:
        return _SCHEMAS[of]
    hints = get_type_hints(of, include_extras=True)
    found: dict[str, Codec] = {}
    for item in fields(of):  # type: ignore[arg-type]  # records are dataclasses
        hint = hints[item.name]
        if not hasattr(hint, "__metadata__"):
            raise UsageError(f"{of.__name__}.{item.name} has no codec")
        found[item.name] = get_args(Annotated[hint, None])[1]
    _SCHEMAS[of] = found
    return found


def encode_fields(record: Record) -> dict[str, object]:
    """Return the map of a record's fields, absent ones left out.

    Raises:
        PeerError: `TOO_LARGE` for text or bytes beyond a bound.
    """
    pairs = ((name, codec, getattr(record, name)) for name, codec in schema(type(record)).items())
    return {
        name: codec.encode(value)
        for name, codec, value in pairs
        if value is not None and not (isinstance(codec, Mark) and not value)
    }


def decode_fields(of: type[AnyRecord], raw: Mapping[str, object]) -> AnyRecord:
    """Build a record from a map that must hold its fields and nothing else.

    Raises:
        PeerError: `MALFORMED`: a field is missing, unknown or out of bounds (CK-271).
    """
    codecs = schema(of)
    # CK-271: an unknown field is refused, not skipped: what one reader shows and another ignores is
    # where contents are smuggled.
    if not raw.keys() <= codecs.keys():
        raise malformed("an unknown field")
    values: dict[str, object] = {}
    for name, codec in codecs.items():
        if name in raw:
            values[name] = codec.decode(raw[name])
        elif isinstance(codec, Maybe):
            values[name] = None
        elif isinstance(codec, Mark):
            values[name] = False
        else:
            raise malformed(f"{of.__name__} without {name}")
    return of(**values)
