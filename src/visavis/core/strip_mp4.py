"""MP4, MOV and M4A (ISO/IEC 14496-12; QuickTime File Format): boxes are blanked in place.

Samples are found by their place in the file, so nothing may move: a box that goes becomes `free`
and its content zeros. Boxes are kept by a list; udta, meta, uuid and all others go. Times of making
and changing become zero, names of handlers too. Tracks that are neither picture, sound nor text
(places along the way, sensors, time codes) are blanked with their samples.

Not for: what an encoder writes into the pictures themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from visavis.core.strip_boxes import Box, blank, boxes, inside, only
from visavis.core.strip_kit import UnknownShapeError, number

_FILE: Final = frozenset({b"ftyp", b"styp", b"moov", b"moof", b"mdat", b"sidx", b"ssix", b"mfra"})
_MOVIE: Final = frozenset({b"mvhd", b"trak", b"mvex", b"iods", b"ctab", b"clip"})
_TRACK: Final = frozenset({b"tkhd", b"edts", b"mdia", b"tref", b"tapt", b"load", b"clip", b"matt"})
_TRACK_MEDIA: Final = frozenset({b"mdhd", b"hdlr", b"minf", b"elng"})
_FRAGMENT: Final = frozenset({b"mfhd", b"traf"})
_TRACK_FRAGMENT: Final = frozenset(
    {b"tfhd", b"tfdt", b"trun", b"sdtp", b"sbgp", b"sgpd", b"subs", b"saiz", b"saio", b"senc"}
)
_HANDLERS: Final = frozenset({b"vide", b"soun", b"text", b"sbtl", b"subt", b"clcp"})


def strip_mp4(data: bytes) -> bytes:
    """Return the film with nothing but what plays it, of the same length.

    Raises:
        UnknownShapeError: Damaged, or samples of a track that must go cannot be found.
    """
    out = bytearray(data)
    top = list(boxes(data, 0, len(data)))
    is_fragmented = any(box.kind == b"moof" for box in top)
    media = [box for box in top if box.kind == b"mdat"]
    if not any(box.kind == b"moov" for box in top):
        raise UnknownShapeError
    for box in top:
        if box.kind not in _FILE:
            blank(out, box)
        elif box.kind == b"moov":
            _movie(data, out, box, None if is_fragmented else media)
        elif box.kind == b"moof":
            for inner in only(out, inside(data, box), _FRAGMENT):
                if inner.kind == b"traf":
                    only(out, inside(data, inner), _TRACK_FRAGMENT)
    return bytes(out)


def _movie(data: bytes, out: bytearray, movie: Box, media: list[Box] | None) -> None:
    kept = only(out, inside(data, movie), _MOVIE)
    if not any(box.kind == b"trak" for box in kept):  # compressed, or of another kind
        raise UnknownShapeError
    for box in kept:
        if box.kind == b"mvhd":
            _forget_times(data, out, box)
        if box.kind == b"trak":
            _track(data, out, box, media)


def _track(data: bytes, out: bytearray, track: Box, media: list[Box] | None) -> None:
    inner = inside(data, track)
    handler = b""
    for box in inner:
        for part in inside(data, box) if box.kind == b"mdia" else ():
            if part.kind == b"hdlr":
                handler = data[part.body + 8 : part.body + 12]
    if handler not in _HANDLERS:
        _blank_samples(data, out, inner, media)
        blank(out, track)
        return
    for box in only(out, inner, _TRACK):
        if box.kind == b"tkhd":
            _forget_times(data, out, box)
        if box.kind == b"mdia":
            for part in only(out, inside(data, box), _TRACK_MEDIA):
                if part.kind == b"mdhd":
                    _forget_times(data, out, part)
                if part.kind == b"hdlr" and part.end > part.body + 24:
                    out[part.body + 24 : part.end] = bytes(part.end - part.body - 24)


def _forget_times(data: bytes, out: bytearray, box: Box) -> None:
    """Zero the times of making and changing: at the front of three headers, in two widths."""
    size = 16 if number(data, box.body, 1) == 1 else 8
    if box.body + 4 + size > box.end:
        raise UnknownShapeError
    out[box.body + 4 : box.body + 4 + size] = bytes(size)


def _blank_samples(data: bytes, out: bytearray, track: list[Box], media: list[Box] | None) -> None:
    if media is None:  # in fragments the samples are elsewhere
        raise UnknownShapeError
    tables = _sample_tables(data, track)
    for start, size in _chunks_of(data, tables):
        if not any(box.body <= start and start + size <= box.end for box in media):
            raise UnknownShapeError
        out[start : start + size] = bytes(size)


def _sample_tables(data: bytes, track: list[Box]) -> dict[bytes, Box]:
    found = track
    for name in (b"mdia", b"minf", b"stbl"):
        found = [part for box in found if box.kind == name for part in inside(data, box)]
    return {box.kind: box for box in found}


def _chunks_of(data: bytes, tables: dict[bytes, Box]) -> Iterator[tuple[int, int]]:
    """Yield place and size of each chunk of samples (14496-12, 8.7)."""
    places, sizes, runs = (tables.get(name) for name in (b"stco", b"stsz", b"stsc"))
    width = 4
    if places is None:
        places, width = tables.get(b"co64"), 8
    if places is None or sizes is None or runs is None:
        raise UnknownShapeError
    fixed, total = number(data, sizes.body + 4, 4), number(data, sizes.body + 8, 4)
    sample, run = 0, 0
    first_of_next, per_chunk = 1, 0
    run_count = number(data, runs.body + 4, 4)
    for chunk in range(number(data, places.body + 4, 4)):
        if chunk + 1 == first_of_next:
            per_chunk = number(data, runs.body + 8 + 12 * run + 4, 4)
            run += 1
            is_last = run >= run_count
            first_of_next = 0 if is_last else number(data, runs.body + 8 + 12 * run, 4)
        count = min(per_chunk, total - sample)
        if fixed:
            size = fixed * count
        else:
            at = sizes.body + 12 + 4 * sample
            size = sum(number(data, at + 4 * n, 4) for n in range(count))
        sample += count
        yield number(data, places.body + 8 + width * chunk, width), size
