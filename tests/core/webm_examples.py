"""Parts of a recording that tests, vectors and the fuzzer share; their frames are heads alone."""

from __future__ import annotations

from typing import Final, TypeAlias

from visavis.core.webm_types import AudioTrack, Frame, Media, Source, Track, VideoTrack

MONO: Final = AudioTrack(1)
STEREO: Final = AudioTrack(2)
VIDEO: Final = VideoTrack(320, 240)

Run: TypeAlias = tuple[int, int, int, bytes, int]
"""Frames one after the other: when the first is, how long each lasts, how many there are, what they
begin with, and how many bytes of `content` each has behind that."""


def key_frame(width: int = 320, height: int = 240, rest: bytes = b"\x07\x08") -> bytes:
    """Return the head of a VP8 key frame, and something behind it."""
    sides = b"".join(side.to_bytes(2, "little") for side in (width, height))
    return b"\x10\x02\x00\x9d\x01\x2a" + sides + rest


def delta_frame(rest: bytes = b"\x09") -> bytes:
    """Return the tag of another VP8 frame, and something behind it."""
    return b"\x31\x01\x00" + rest


def content(size: int, first: int = 0) -> bytes:
    """Return bytes that each language makes by itself."""
    return bytes((first + 31 * n + (n >> 8)) & 0xFF for n in range(size))


def frames(*runs: Run) -> tuple[Frame, ...]:
    return tuple(
        Frame(start + step * n, head + content(size, n))
        for start, step, count, head, size in runs
        for n in range(count)
    )


def sound(count: int, start: int = 0, size: int = 3) -> tuple[Frame, ...]:
    return frames((start, 20, count, b"", size))


def pictures(count: int, start: int = 0) -> tuple[Frame, ...]:
    """Return frames of a video; each fourth is a key frame, the first too."""
    return tuple(
        Frame(start + 40 * n, delta_frame() if n % 4 else key_frame(rest=content(n + 1)))
        for n in range(count)
    )


PARTS: Final[dict[str, Media]] = {
    "one packet": Media(MONO, 20, sound(1)),
    "sound": Media(STEREO, 110, sound(5, start=3)),
    "no time at all": Media(MONO, 0, (Frame(0, b"\x01"), Frame(0, b"\x02"))),
    "one picture": Media(VIDEO, 0, pictures(1)),
    "pictures": Media(VIDEO, 400, pictures(9)),
    "another size later": Media(
        VideoTrack(16_383, 1),
        100,
        (
            Frame(0, key_frame(16_383, 1)),
            Frame(40, delta_frame(b"")),
            Frame(80, key_frame(1, 16_383)),
        ),
    ),
    "scaled": Media(VIDEO, 40, (Frame(0, key_frame(0x4000 | 320, 0xC000 | 240)),)),
    "a frame alone at the end": Media(
        MONO, 600_000, (*sound(2), *sound(2, start=5_000), Frame(600_000, b"x"))
    ),
    "sizes of one byte and two": Media(MONO, 40, (*sound(1, size=122), *sound(1, 20, size=123))),
}
"""Small ones, byte for byte in the vectors."""

LARGE: Final[dict[str, tuple[Track, int, tuple[Run, ...]]]] = {
    "a minute of sound": (STEREO, 70_000, ((0, 20, 3_500, b"", 40),)),
    "more than a cluster holds": (MONO, 4_000, ((0, 80, 50, b"", 50_000),)),
    "a frame larger than a cluster": (
        VIDEO,
        80,
        ((0, 40, 1, key_frame(), 1_500_000), (40, 40, 1, delta_frame(), 0)),
    ),
}
"""Parts of which the vectors have the hash: track, length, frames."""

SOURCES: Final = (
    Source(MONO, "Anna: sound", (*sound(4), *sound(3, start=9_000))),
    Source(VIDEO, "Anna", (*pictures(5), *pictures(2, start=9_010))),
    Source(STEREO, "", sound(3, start=40)),
    Source(VIDEO, "Bébé", pictures(2, start=2**33)),
    Source(MONO, "silent", ()),
)
"""Tracks of an export: they begin and end at other times, some have gaps, one has no frame."""
