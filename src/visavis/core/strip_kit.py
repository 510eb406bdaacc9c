"""What the strippers share: bounded reading, and the one EXIF entry that stays.

EXIF is a TIFF (Exif 2.32, 4.5): byte order, 42, the offset of the first directory, its entries.
"""

from __future__ import annotations

from typing import Literal

Order = Literal["big", "little"]


class UnknownShapeError(Exception):
    """The file is damaged or of a kind that is not known: it cannot be stripped."""


def number(data: bytes, at: int, size: int, order: Order = "big") -> int:
    """Return an unsigned number.

    Raises:
        UnknownShapeError: It is not there.
    """
    if at < 0 or at + size > len(data):
        raise UnknownShapeError
    return int.from_bytes(data[at : at + size], order)


def orientation_of(tiff: bytes) -> int | None:
    """Return the orientation (2 to 8) that an EXIF block asks for; None if it asks for none."""
    order: Order = "little" if tiff.startswith(b"II") else "big"
    try:
        if tiff[:2] not in {b"II", b"MM"} or number(tiff, 2, 2, order) != 42:
            return None
        at = number(tiff, 4, 4, order)
        for entry in range(number(tiff, at, 2, order)):
            where = at + 2 + 12 * entry
            if number(tiff, where, 2, order) == 0x0112:
                value = number(tiff, where + 8, 2, order)
                is_short = number(tiff, where + 2, 2, order) == 3
                return value if is_short and 2 <= value <= 8 else None
    except UnknownShapeError:
        pass
    return None


def orientation_only(orientation: int) -> bytes:
    """Return an EXIF block that says the orientation and nothing else."""
    head = b"MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01"
    return head + orientation.to_bytes(2, "big") + bytes(6)
