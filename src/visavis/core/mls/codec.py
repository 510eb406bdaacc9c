"""The presentation language of RFC 9420, section 2.1: integers, opaque vectors, lists, optionals.

Strict on purpose: what decodes re-encodes to the same bytes (no second form of a length), and a
length field is compared with what is really there before anything is allocated, so a hostile
length costs nothing. Not for CBOR: that is `visavis.core.cbor`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, TypeVar

from visavis.core.errors import UsageError
from visavis.core.mls.checks import ensure, refusal

T = TypeVar("T")

MAX_LENGTH: Final = (1 << 30) - 1
"""The longest vector: 30 bits of length (RFC 9420, 2.1.2)."""

_SMALLEST: Final = (0, 1 << 6, 1 << 14)


class Reader:
    """A cursor over immutable bytes; every read is bounded by what is left."""

    __slots__ = ("_data", "_end", "_pos")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._pos = 0
        self._end = len(data)

    @property
    def left(self) -> int:
        """Bytes not read yet."""
        return self._end - self._pos

    def take(self, count: int) -> bytes:
        """Read exactly `count` bytes.

        Raises:
            PeerError: Fewer are left (CK-001).
        """
        start = self._pos
        ensure("CK-001", count <= self._end - start)
        self._pos = start + count
        return self._data[start : self._pos]

    def uint(self, width: int) -> int:
        """Read a big-endian unsigned integer of `width` bytes."""
        return int.from_bytes(self.take(width), "big")

    def length(self) -> int:
        """Read a variable-size length (RFC 9420, 2.1.2).

        Raises:
            PeerError: Reserved prefix or not the shortest form (CK-002). Two forms of one length
                would give two hashes for one structure.
        """
        first = self.take(1)[0]
        prefix = first >> 6
        ensure("CK-002", prefix < 3)
        value = first & 0x3F
        if prefix:
            value = int.from_bytes(bytes([value]) + self.take((1 << prefix) - 1), "big")
            ensure("CK-002", value >= _SMALLEST[prefix])
        return value

    def opaque(self) -> bytes:
        """Read `opaque value<V>`."""
        return self.take(self.length())

    def items(self, read: Callable[[Reader], T]) -> tuple[T, ...]:
        """Read `T values<V>`: items that fill exactly their vector."""
        inner = Reader(self.opaque())
        values: list[T] = []
        while inner.left:
            values.append(read(inner))
        return tuple(values)

    def optional(self, read: Callable[[Reader], T]) -> T | None:
        """Read `optional<T>` (RFC 9420, 2.1.1).

        Raises:
            PeerError: The presence byte is neither 0 nor 1 (CK-004).
        """
        presence = self.uint(1)
        ensure("CK-004", presence <= 1)
        return read(self) if presence else None

    def rest(self) -> bytes:
        """Read everything that is left."""
        return self.take(self.left)

    def finish(self) -> None:
        """Check that nothing is left.

        Raises:
            PeerError: Bytes follow (CK-003).
        """
        ensure("CK-003", not self.left)


def decode(data: bytes, read: Callable[[Reader], T]) -> T:
    """Decode all of `data` as one structure.

    Args:
        data: The encoding, nothing before or after it.
        read: The structure's `read` function.

    Returns:
        The structure.

    Raises:
        PeerError: `data` is not exactly one encoding of it.
    """
    reader = Reader(data)
    value = read(reader)
    reader.finish()
    return value


def read_tag(reader: Reader, width: int, known: type[T]) -> T:
    """Read the tag of a select as an enum member.

    Args:
        reader: Where to read.
        width: Bytes of the tag.
        known: An `enum` class with integer values.

    Returns:
        The member.

    Raises:
        PeerError: No such member (CK-005).
    """
    value = reader.uint(width)
    try:
        return known(value)  # type: ignore[call-arg]
    except ValueError:
        raise refusal("CK-005") from None


def u8(value: int) -> bytes:
    """Encode a uint8."""
    return value.to_bytes(1, "big")


def u16(value: int) -> bytes:
    """Encode a uint16."""
    return value.to_bytes(2, "big")


def u32(value: int) -> bytes:
    """Encode a uint32."""
    return value.to_bytes(4, "big")


def u64(value: int) -> bytes:
    """Encode a uint64."""
    return value.to_bytes(8, "big")


def read_u16(reader: Reader) -> int:
    """Read a uint16 (as an item of a list)."""
    return reader.uint(2)


def read_u32(reader: Reader) -> int:
    """Read a uint32 (as an item of a list)."""
    return reader.uint(4)


def read_opaque(reader: Reader) -> bytes:
    """Read `opaque value<V>` (as an item of a list)."""
    return reader.opaque()


def length(value: int) -> bytes:
    """Encode a length in its shortest form.

    Raises:
        UsageError: Longer than `MAX_LENGTH`.
    """
    if value < 1 << 6:
        return value.to_bytes(1, "big")
    if value < 1 << 14:
        return (value | 1 << 14).to_bytes(2, "big")
    if value <= MAX_LENGTH:
        return (value | 2 << 30).to_bytes(4, "big")
    raise UsageError("a vector is longer than MLS can express")


def opaque(data: bytes) -> bytes:
    """Encode `opaque data<V>`."""
    return length(len(data)) + data


def vector(encoded: Iterable[bytes]) -> bytes:
    """Encode a list from the encodings of its items."""
    return opaque(b"".join(encoded))


def optional(encoded: bytes | None) -> bytes:
    """Encode `optional<T>` from the encoding of its value, if there is one."""
    return b"\0" if encoded is None else b"\1" + encoded
