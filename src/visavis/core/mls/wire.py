"""The outermost frame, MLSMessage (RFC 9420, 6): version, wire format, body."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Final, TypeVar

from visavis.core.mls import codec
from visavis.core.mls.checks import ensure
from visavis.core.mls.codec import Reader

T = TypeVar("T")

_MLS10: Final = 1


class WireFormat(IntEnum):
    """What an MLSMessage holds (RFC 9420, 17.2)."""

    PUBLIC_MESSAGE = 1
    PRIVATE_MESSAGE = 2
    WELCOME = 3
    GROUP_INFO = 4
    KEY_PACKAGE = 5


def wrap_message(wire_format: WireFormat, body: bytes) -> bytes:
    """Encode an MLSMessage."""
    return codec.u16(_MLS10) + codec.u16(wire_format) + body


def read_wire_format(reader: Reader) -> WireFormat:
    """Read version and wire format (CK-005, CK-006)."""
    ensure("CK-006", reader.uint(2) == _MLS10)
    return codec.read_tag(reader, 2, WireFormat)


def read_message_of(data: bytes, wanted: WireFormat, read: Callable[[Reader], T]) -> T:
    """Decode an MLSMessage that must be of one kind (CK-008)."""
    reader = Reader(data)
    ensure("CK-008", read_wire_format(reader) is wanted)
    body = read(reader)
    reader.finish()
    return body
