"""Boxes of ISO base media files (ISO/IEC 14496-12, 4.2): found, and blanked in place.

What lies in such a file is found by its place, so nothing may move: a box that goes becomes `free`
and its content zeros.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from visavis.core.strip_kit import UnknownShapeError, number

_ROOM: Final = frozenset({b"free", b"skip", b"wide"})
_MAX_BOXES: Final = 100_000


@dataclass(frozen=True, slots=True)
class Box:
    """Where a box begins, where its content does, and where it ends."""

    kind: bytes
    start: int
    body: int
    end: int


def boxes(data: bytes, at: int, end: int) -> Iterator[Box]:
    """Yield the boxes between two places.

    Raises:
        UnknownShapeError: One is cut short, or there is no end of them.
    """
    for _ in range(_MAX_BOXES):
        if at == end:
            return
        # QuickTime ends some lists with four zero bytes.
        if end - at == 4 and not any(data[at:end]):
            return
        size, body = number(data, at, 4), at + 8
        if size == 1:
            size, body = number(data, at + 8, 8), at + 16
        elif size == 0:
            size = end - at
        if at + size < body or at + size > end:
            raise UnknownShapeError
        yield Box(data[at + 4 : at + 8], at, body, at + size)
        at += size
    raise UnknownShapeError


def blank(out: bytearray, box: Box) -> None:
    """Turn a box into room that nobody uses."""
    if box.kind not in _ROOM:
        out[box.start + 4 : box.start + 8] = b"free"
    out[box.body : box.end] = bytes(box.end - box.body)


def only(out: bytearray, found: list[Box], kept: frozenset[bytes]) -> list[Box]:
    """Blank those of the boxes that are not in the list; return the rest."""
    for box in found:
        if box.kind not in kept:
            blank(out, box)
    return [box for box in found if box.kind in kept]


def inside(data: bytes, box: Box, skip: int = 0) -> list[Box]:
    """Return the boxes in a box, after so many bytes of its own."""
    return list(boxes(data, box.body + skip, box.end))
