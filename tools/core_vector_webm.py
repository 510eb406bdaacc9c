"""WebM of recordings: the same frames give the same bytes, and what is no part is refused alike."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, Final

from core_vector_kit import Json, outcome
from tests.core.webm_examples import LARGE, PARTS, SOURCES, Run, frames
from tests.core.webm_hostile import HOSTILE

from visavis.core.webm import joined, read_part, write_part
from visavis.core.webm_types import AudioTrack, Frame, Media, Track, VideoTrack

DAMAGED: Final = ("one packet", "one picture", "pictures")


def _track(track: Track) -> list[int]:
    match track:
        case AudioTrack(channels):
            return [channels]
        case VideoTrack(width, height):
            return [width, height]


def _frames(those: Any) -> list[list[Any]]:
    return [[at, data.hex()] for at, data in ((one.at, one.data) for one in those)]


def _part(name: str, media: Media) -> Json:
    return {
        "name": name,
        "track": _track(media.track),
        "length": media.length,
        "frames": _frames(media.frames),
        "data": write_part(media).hex(),
    }


def _large(name: str, track: Track, length: int, runs: tuple[Run, ...]) -> Json:
    data = write_part(Media(track, length, frames(*runs)))
    return {
        "name": name,
        "track": _track(track),
        "length": length,
        "runs": [[*run[:3], run[3].hex(), run[4]] for run in runs],
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
    }


def _damages(name: str) -> Iterator[list[Any]]:
    """Yield every truncation, and two changes of every byte."""
    data = write_part(PARTS[name])
    for at in range(len(data)):
        yield [name, "cut", at, outcome(read_part, data[:at])]
        for how in (0xFF, 0x01):
            changed = data[:at] + bytes([data[at] ^ how]) + data[at + 1 :]
            yield [name, how, at, outcome(read_part, changed)]


def _unwritten() -> Iterator[list[Any]]:
    """Yield what we would write, and others refuse; the first is the control."""
    good = PARTS["sound"]
    delta = Frame(0, b"\x01\0\0")
    tried = (
        good,
        Media(AudioTrack(3), good.length, good.frames),
        Media(VideoTrack(0, 1), good.length, good.frames),
        Media(good.track, good.length, ()),
        Media(good.track, good.length, (Frame(0, b""),)),
        Media(good.track, good.length, good.frames[::-1]),
        Media(good.track, 82, good.frames),
        Media(good.track, 600_001, good.frames),
        Media(VideoTrack(1, 1), 20, (delta,)),
        Media(VideoTrack(1, 1), 20, good.frames),
    )
    for media in tried:
        result = outcome(write_part, media)
        yield [_track(media.track), media.length, _frames(media.frames), result]


def webm_vectors() -> Json:
    """Everything that the twin must write, read and refuse alike."""
    return {
        "parts": [_part(*each) for each in PARTS.items()],
        "large": [_large(name, *each) for name, each in LARGE.items()],
        "damaged": [row for name in DAMAGED for row in _damages(name)],
        "hostile": [
            [name, data.hex(), outcome(read_part, data)] for name, (data, _) in HOSTILE.items()
        ],
        "unwritten": list(_unwritten()),
        "sources": [[_track(one.track), one.name, _frames(one.frames)] for one in SOURCES],
        "joined": [piece.hex() for piece in joined(SOURCES, 2**33 + 80)],
    }
