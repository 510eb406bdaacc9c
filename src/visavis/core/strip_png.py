"""PNG (W3C, third edition): chunks are kept by a list, everything else goes.

Kept: what decodes, animates and colours the picture. So texts (tEXt, zTXt, iTXt with XMP in it),
eXIf, tIME and private chunks go, and whatever follows the end: programs that crop in place have
left the rest of the picture there. The orientation stays, in a new eXIf.
"""

from __future__ import annotations

import zlib
from typing import Final

from visavis.core.strip_kit import UnknownShapeError, number, orientation_of, orientation_only

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_KEPT: Final = frozenset(
    b"IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB iCCP sBIT bKGD hIST pHYs sPLT acTL fcTL fdAT cICP"
    b" mDCV cLLI".split()
)


def strip_png(data: bytes) -> bytes:
    """Return the picture with nothing but what shows it.

    Raises:
        UnknownShapeError: Damaged: a chunk is cut short, or there is no end.
    """
    if not data.startswith(_SIGNATURE):
        raise UnknownShapeError
    chunks: list[bytes] = []
    orientation: int | None = None
    at, name = len(_SIGNATURE), b""
    while name != b"IEND":
        end = at + 12 + number(data, at, 4)
        if end > len(data):
            raise UnknownShapeError
        name = data[at + 4 : at + 8]
        if name == b"eXIf" and orientation is None:
            orientation = orientation_of(data[at + 8 : end - 4])
        if name in _KEPT:
            chunks.append(data[at:end])
        at = end
    if chunks[0][4:8] != b"IHDR":
        raise UnknownShapeError
    if orientation is not None:
        chunks.insert(1, _chunk(b"eXIf", orientation_only(orientation)))
    return _SIGNATURE + b"".join(chunks)


def _chunk(name: bytes, body: bytes) -> bytes:
    check = zlib.crc32(name + body)
    return len(body).to_bytes(4, "big") + name + body + check.to_bytes(4, "big")
