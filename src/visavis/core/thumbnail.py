"""The small picture that may travel inside a message with a file.

It is shown without being asked for, so it is held to the least: a JPEG, at most 512 by 512 (a few
kilobytes can be a picture of a gigabyte), stripped once more by whoever receives it. Whatever else
stands in its place counts as none (CK-300).
"""

from __future__ import annotations

from typing import Final

from visavis.core.content_inner import MAX_THUMBNAIL_BYTES
from visavis.core.strip_jpeg import strip_jpeg
from visavis.core.strip_kit import UnknownShapeError, number

MAX_SIDE: Final = 512
_FRAMES: Final = frozenset({0xC0, 0xC1, 0xC2})
_SOS: Final = 0xDA


def thumbnail_of(data: bytes | None) -> bytes | None:
    """Return a small picture that may be shown, stripped; None for anything else (CK-300)."""
    if data is None or len(data) > MAX_THUMBNAIL_BYTES:
        return None
    try:
        clean = strip_jpeg(data)
        return clean if _is_small(clean) else None
    except UnknownShapeError:
        return None


def _is_small(data: bytes) -> bool:
    """Say whether every frame before the first scan has small sides, and there is one."""
    at, sides = 2, list[int]()
    while (marker := number(data, at + 1, 1)) != _SOS:
        if marker in _FRAMES:
            sides += [number(data, at + 5, 2), number(data, at + 7, 2)]
        elif 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xCC}:
            return False
        at += 2 + number(data, at + 2, 2)
    return len(sides) == 2 and all(1 <= side <= MAX_SIDE for side in sides)
