"""The names in a ZIP archive, from its central directory (APPNOTE 6.3.10, 4.3).

Only so much as tells an office document and an installable archive from a plain one. Nothing is
unpacked, and nothing a hostile archive says makes us read or keep more than its own bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

MAX_ENTRIES: Final = 65_535
_END: Final = b"PK\x05\x06"
_CENTRAL: Final = b"PK\x01\x02"
_LOCAL: Final = b"PK\x03\x04"
_MAX_END: Final = 22 + 65_535


@dataclass(frozen=True, slots=True)
class ZipEntries:
    """What an archive holds.

    Args:
        names: Of its entries, as bytes.
        mimetype: Content of a first, stored entry of that name (OpenDocument), else empty.
    """

    names: tuple[bytes, ...]
    mimetype: bytes

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Read the names, from the directory and from the first entry; what is damaged has none.

        Readers differ in which end record they take for the last: entries of every directory that
        one may find are listed.
        """
        names: list[bytes] = []
        tail = max(0, len(data) - _MAX_END)
        at = data.find(_END, tail)
        while at >= 0:
            names += _directory(data, at)
            at = data.find(_END, at + 4)
        first = _first(data)
        return cls((*names, first[0]), first[1] if first[0] == b"mimetype" else b"")


def _u16(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "little")


def _u32(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little")


def _directory(data: bytes, end: int) -> list[bytes]:
    """Return the names of the directory that one end record speaks of."""
    size, offset = _u32(data, end + 12), _u32(data, end + 16)
    # Bytes may stand before an archive: then the directory lies right before its end record.
    at = offset if data[offset : offset + 4] == _CENTRAL else end - size
    names: list[bytes] = []
    while 0 <= at < end and data[at : at + 4] == _CENTRAL and len(names) < MAX_ENTRIES:
        length, extra, comment = (_u16(data, at + where) for where in (28, 30, 32))
        names.append(data[at + 46 : at + 46 + length])
        at += 46 + length + extra + comment
    return names


def _first(data: bytes) -> tuple[bytes, bytes]:
    """Return name and content of the first entry, the content only if it is stored and short."""
    if data[:4] != _LOCAL:
        return b"", b""
    length, extra, size = _u16(data, 26), _u16(data, 28), _u32(data, 22)
    name, start = data[30 : 30 + length], 30 + length + extra
    stored = _u16(data, 8) == 0 and size <= 128
    return name, data[start : start + size] if stored else b""
