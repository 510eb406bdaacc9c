"""Tracks and frames of recordings, and the bounds of a part (`webm`). Times are in milliseconds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

MAX_BYTES: Final = 4 * 2**20 - 16
"""Bytes of a part: what fits into a sealed one (`vvrec.MAX_PART`) beside its tag."""

MAX_LENGTH: Final = 600_000
"""Milliseconds of a part. Higher: less of a recording survives a crash; lower: nothing is gained,
a part has some seconds."""

MAX_FRAMES: Final = 65_536
"""Frames of a part: ten minutes of sound in frames of 10 ms, and some. Higher: a hostile part of
tiny frames takes more memory."""


@dataclass(frozen=True, slots=True)
class AudioTrack:
    """Opus, 48 kHz.

    Attributes:
        channels: 1 or 2.
    """

    channels: int


@dataclass(frozen=True, slots=True)
class VideoTrack:
    """VP8.

    Attributes:
        width: Of its first picture, in pixels. Later key frames may have another.
        height: Likewise.
    """

    width: int
    height: int


Track: TypeAlias = AudioTrack | VideoTrack


@dataclass(frozen=True, slots=True)
class Frame:
    """What an encoder gave for one moment.

    Attributes:
        at: When it begins: since the part does; in an export since the recording does.
        data: An Opus packet or a VP8 frame.
    """

    at: int
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Media:
    """What a part holds.

    Attributes:
        track: Of what its frames are.
        length: How long it is. A frame lasts until the next one begins, the last until then.
        frames: In order of time. Video begins with a key frame.
    """

    track: Track
    length: int
    frames: tuple[Frame, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """One track of an export.

    Attributes:
        track: Of what its frames are.
        name: What players call it; empty: nothing.
        frames: In order of time; asked for one at a time. Video begins with a key frame.
    """

    track: Track
    name: str = field(repr=False)
    frames: Iterable[Frame] = field(repr=False)
