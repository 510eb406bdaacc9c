"""EBML (RFC 8794): elements, written in their shortest form and walked within bounds.

    element = id || size || content       both are variable-size integers (RFC 8794, 4)
    id      = 1 to 4 bytes, with its marker bit: as the tables of the standards write it
    size    = 1 to 8 bytes, without its marker bit

Not for: what elements mean (`webm`).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from visavis.core.errors import Code, PeerError

UNKNOWN_SIZE: Final = b"\x01" + b"\xff" * 7
"""In place of a size: the element ends where the file does (RFC 8794, 6.2)."""

_ID_LENGTH: Final = 4
_SIZE_LENGTH: Final = 8


@dataclass(frozen=True, slots=True)
class Element:
    """What an element is, and where its content begins and ends."""

    ident: int
    start: int
    end: int


def element(ident: int, *content: bytes) -> bytes:
    """Return an element."""
    size = sum(map(len, content))
    return b"".join((shortest(ident), vint(size), *content))


def unsigned(ident: int, value: int) -> bytes:
    """Return an element that holds a number from 0."""
    return element(ident, shortest(value))


def double(ident: int, value: int) -> bytes:
    """Return an element that holds a number as a float of 8 bytes."""
    return element(ident, struct.pack(">d", value))


def text(ident: int, value: str) -> bytes:
    """Return an element that holds a text, in UTF-8."""
    return element(ident, value.encode())


def shortest(value: int) -> bytes:
    """Return a number from 0 in big-endian order, in at least one byte."""
    return value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big")


def vint(value: int) -> bytes:
    """Return a variable-size integer (RFC 8794, 4); all ones are left out, they mean unknown."""
    length = 1
    while value >= (1 << 7 * length) - 1:
        length += 1
    return ((1 << 7 * length) + value).to_bytes(length, "big")


def elements(data: bytes, parent: Element) -> Iterator[Element]:
    """Yield the elements that stand in another, one after the other.

    Raises:
        PeerError: MALFORMED (CK-951), one is not whole, or ends behind the other.
    """
    at, end = parent.start, parent.end
    while at < end:
        ident, at = _number(data, at, end, _ID_LENGTH)
        marked, content = _number(data, at, end, _SIZE_LENGTH)
        marker = 1 << 7 * (content - at)
        size = marked - marker
        # CK-951: a size is believed only up to the end of what the element stands in.
        if size == marker - 1 or size > end - content:
            raise malformed("an element that ends elsewhere")
        at = content + size
        yield Element(ident, content, at)


def child(data: bytes, parent: Element, ident: int) -> Element:
    """Return the first element of this id that stands in another.

    Raises:
        PeerError: MALFORMED (CK-951), there is none.
    """
    for one in elements(data, parent):
        if one.ident == ident:
            return one
    raise malformed("an element is missing")


def read_unsigned(data: bytes, one: Element) -> int:
    """Return the number that an element holds.

    Raises:
        PeerError: MALFORMED (CK-951), it is longer than 8 bytes (RFC 8794, 7.2).
    """
    if one.end - one.start > 8:
        raise malformed("a number of another length")
    return int.from_bytes(data[one.start : one.end], "big")


def read_double(data: bytes, one: Element) -> float:
    """Return the number that an element holds.

    Raises:
        PeerError: MALFORMED (CK-951), it is no float of 8 bytes.
    """
    if one.end - one.start != 8:
        raise malformed("a float of another length")
    value: float = struct.unpack(">d", data[one.start : one.end])[0]
    return value


def malformed(why: str) -> PeerError:
    """Return what to raise for an element that is not as it should be (CK-951)."""
    return PeerError(Code.MALFORMED, f"CK-951 part: {why}")


def _number(data: bytes, at: int, end: int, longest: int) -> tuple[int, int]:
    """Return a variable-size integer with its marker, and where it ends."""
    length = 9 - data[at].bit_length() if at < end else 9
    if length > longest or at + length > end:
        raise malformed("a number that is cut short or too long")
    return int.from_bytes(data[at : at + length], "big"), at + length
