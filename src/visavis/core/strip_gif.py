"""GIF (GIF89a, CompuServe 1990): blocks are kept by a list, everything else goes.

Kept: pictures, their timing, how often to repeat, the ICC profile. So comments, plain text, XMP
and other applications' blocks go, and whatever follows the end.
"""

from __future__ import annotations

from typing import Final

from visavis.core.strip_kit import UnknownShapeError, number

_APPLICATIONS: Final = (b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012")
_IMAGE, _EXTENSION, _TRAILER = 0x2C, 0x21, 0x3B
_CONTROL, _APPLICATION = 0xF9, 0xFF


def strip_gif(data: bytes) -> bytes:
    """Return the picture with nothing but what shows it.

    Raises:
        UnknownShapeError: Damaged: a block is cut short, or of an unknown kind.
    """
    at = 13 + _table(number(data, 10, 1))
    out = [data[:at]]
    while True:
        start, kind = at, number(data, at, 1)
        if kind == _TRAILER:
            out.append(b"\x3b")
            return b"".join(out)
        if kind == _IMAGE:
            at = _end_of_blocks(data, at + 11 + _table(number(data, at + 9, 1)))
            out.append(data[start:at])
        elif kind == _EXTENSION:
            label = number(data, at + 1, 1)
            at = _end_of_blocks(data, at + 2)
            known = data[start + 3 : start + 14] in _APPLICATIONS
            if label == _CONTROL or (label == _APPLICATION and known):
                out.append(data[start:at])
        else:
            raise UnknownShapeError


def _table(flags: int) -> int:
    """Return how many bytes of colours follow."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _end_of_blocks(data: bytes, at: int) -> int:
    while size := number(data, at, 1):
        at += 1 + size
    return at + 1
