"""WebP (RFC 9649): chunks of a RIFF file are kept by a list, everything else goes.

Kept: pictures, transparency, animation, the ICC profile. So EXIF, XMP and unknown chunks go, their
flags with them, and whatever follows the end. The orientation stays, in a new EXIF.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from visavis.core.strip_kit import UnknownShapeError, number, orientation_of, orientation_only

_KEPT: Final = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"})
_IN_FRAMES: Final = frozenset({b"VP8 ", b"VP8L", b"ALPH"})
_FRAME_HEAD: Final = 16
_EXIF_FLAG, _XMP_FLAG = 0x08, 0x04


def strip_webp(data: bytes) -> bytes:
    """Return the picture with nothing but what shows it.

    Raises:
        UnknownShapeError: Damaged: a chunk is cut short.
    """
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        raise UnknownShapeError
    end = 8 + number(data, 4, 4, "little")
    if end > len(data):
        raise UnknownShapeError
    chunks: list[bytes] = []
    orientation: int | None = None
    for name, body in _chunks(data, 12, end):
        if name == b"EXIF" and orientation is None:
            orientation = orientation_of(body.removeprefix(b"Exif\0\0"))
        if name == b"VP8X":
            flags = number(body, 0, 1) & ~(_EXIF_FLAG | _XMP_FLAG)
            chunks.append(_chunk(name, bytes([flags]) + body[1:]))
        elif name == b"ANMF":
            frame = (
                _chunk(n, b) for n, b in _chunks(body, _FRAME_HEAD, len(body)) if n in _IN_FRAMES
            )
            chunks.append(_chunk(name, body[:_FRAME_HEAD] + b"".join(frame)))
        elif name in _KEPT:
            chunks.append(_chunk(name, body))
    if not chunks:
        raise UnknownShapeError
    if orientation is not None and chunks[0].startswith(b"VP8X"):
        head = bytearray(chunks[0])
        head[8] |= _EXIF_FLAG
        chunks[0] = bytes(head)
        chunks.append(_chunk(b"EXIF", orientation_only(orientation)))
    inside = b"WEBP" + b"".join(chunks)
    return b"RIFF" + len(inside).to_bytes(4, "little") + inside


def _chunks(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, bytes]]:
    while at < end:
        size = number(data, at + 4, 4, "little")
        if at + 8 + size > end:
            raise UnknownShapeError
        yield data[at : at + 4], data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + len(body).to_bytes(4, "little") + body + bytes(len(body) % 2)
