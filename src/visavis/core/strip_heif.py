"""HEIC and AVIF (ISO/IEC 23008-12; MIAF): items that are no pictures are blanked in place.

A still picture is a list of items in a `meta` box: parts of the picture, and beside them EXIF (GPS,
maker, time) and XMP. Items that are not known to be parts of a picture become zeros where they lie,
EXIF an empty one; boxes that are not known become `free`. How the picture is turned is a property,
not EXIF, so it stays.

Not for: sequences of pictures; those have the shape of a film as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from visavis.core.strip_boxes import Box, blank, boxes, inside, only
from visavis.core.strip_kit import UnknownShapeError, number

_FILE: Final = frozenset({b"ftyp", b"meta", b"mdat"})
_META: Final = frozenset({b"hdlr", b"pitm", b"iinf", b"iloc", b"iprp", b"iref", b"idat", b"grpl"})
_PICTURES: Final = frozenset(
    {b"hvc1", b"hev1", b"av01", b"avc1", b"jpeg", b"grid", b"iovl", b"iden", b"tmap"}
)
_DESCRIBING: Final = frozenset({b"udes", b"altt", b"crtt", b"mdft", b"uuid"})
"""Properties: descriptions, texts for who cannot see, times of making and changing."""
_NO_EXIF: Final = bytes(4) + b"MM\x00\x2a\x00\x00\x00\x08" + bytes(6)
"""Where its TIFF begins, and one whose only directory has no entry."""


def strip_heif(data: bytes) -> bytes:
    """Return the picture with nothing but what shows it, of the same length.

    Raises:
        UnknownShapeError: Damaged, a sequence, or an item that must go cannot be found.
    """
    out = bytearray(data)
    top = list(boxes(data, 0, len(data)))
    metas = [box for box in top if box.kind == b"meta"]
    if len(metas) != 1 or any(box.kind == b"moov" for box in top):
        raise UnknownShapeError
    only(out, top, _FILE)
    parts = {box.kind: box for box in only(out, inside(data, metas[0], skip=4), _META)}
    if b"iinf" not in parts or b"iloc" not in parts:
        raise UnknownShapeError
    _forget_properties(data, out, parts.get(b"iprp"))
    kinds = dict(_items(data, parts[b"iinf"]))
    for item, start, size in _extents(data, parts[b"iloc"], parts.get(b"idat")):
        kind = kinds.get(item, b"")
        if kind not in _PICTURES:
            holders = [box for box in top if box.kind == b"mdat"] + list(parts.values())
            _require_inside(start, size, [box for box in holders if box.kind in {b"mdat", b"idat"}])
            out[start : start + size] = bytes(size)
            if kind == b"Exif" and size >= len(_NO_EXIF):
                out[start : start + len(_NO_EXIF)] = _NO_EXIF
    return bytes(out)


def _forget_properties(data: bytes, out: bytearray, box: Box | None) -> None:
    """Blank what describes; a blanked property keeps its number (14496-12, 8.11.14)."""
    for holder in inside(data, box) if box else ():
        for found in inside(data, holder) if holder.kind == b"ipco" else ():
            if found.kind in _DESCRIBING:
                blank(out, found)


def _require_inside(start: int, size: int, holders: list[Box]) -> None:
    if not any(box.body <= start and start + size <= box.end for box in holders):
        raise UnknownShapeError


def _items(data: bytes, box: Box) -> Iterator[tuple[int, bytes]]:
    """Yield number and kind of each item (14496-12, 8.11.6)."""
    skip = 6 if number(data, box.body, 1) == 0 else 8
    for entry in inside(data, box, skip):
        version = number(data, entry.body, 1)
        if entry.kind != b"infe" or version not in {2, 3}:
            raise UnknownShapeError
        width = 2 if version == 2 else 4
        at = entry.body + 4 + width + 2
        yield number(data, entry.body + 4, width), data[at : at + 4]


def _extents(data: bytes, box: Box, idat: Box | None) -> Iterator[tuple[int, int, int]]:
    """Yield item, place and size of each piece (14496-12, 8.11.3)."""
    version, at = number(data, box.body, 1), box.body + 6
    sizes = number(data, box.body + 4, 2)
    offset, length, base, index = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    if version > 2 or not {offset, length, base, index} <= {0, 4, 8}:
        raise UnknownShapeError
    wide = 4 if version == 2 else 2
    count, at = number(data, at, wide), at + wide
    for _ in range(count):
        item, at = number(data, at, wide), at + wide
        method = 0
        if version:
            method, at = number(data, at, 2) & 15, at + 2
        at += 2  # in this file
        start, at = number(data, at, base), at + base
        pieces, at = number(data, at, 2), at + 2
        if method == 1 and idat is not None:
            start += idat.body
        elif method:
            raise UnknownShapeError
        for _ in range(pieces):
            at += index if version else 0
            place, at = start + number(data, at, offset), at + offset
            size, at = number(data, at, length), at + length
            if length == 0 or at > box.end:  # the whole file, or beyond the list
                raise UnknownShapeError
            yield item, place, size
