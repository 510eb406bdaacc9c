"""One member's track, cut into parts of some seconds (docs/protocol/recording.md, "The file").

    frames, as they are opened -> Cut(at, Media) ...    each a part that plays by itself

Sound is cut anywhere; packets that come a little late still find their place. Video is cut at a key
frame, because a part begins with one: so a cutter says when it wants one, and what comes between a
part that grew too long and the next key frame is not recorded.

Frames come from others: whatever they are, no part is made that readers refuse. Pure. Times are in
milliseconds since the recording began. Not for: who may be recorded (`recording`), or writing and
sealing parts (`webm`, `vvrec`).
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Final

from visavis.core.errors import PeerError
from visavis.core.vp8 import key_frame_size
from visavis.core.webm_types import AudioTrack, Frame, Media, Track, VideoTrack

PART_MS: Final = 5_000
"""How long a part is to be. Lower: less is lost in a crash; higher: fewer key frames are wanted."""

LATE_MS: Final = 200
"""How late a packet of sound may be. Higher: a part is there later; lower: packets are lost where
one part ends and the next begins."""

LONGEST_MS: Final = 30_000
"""How long a part of video may become while no key frame comes."""

MOST_BYTES: Final = 3 * 2**20
"""Bytes of frames in a part; with heads and tags it still is one (`webm_types.MAX_BYTES`)."""

MOST_FRAMES: Final = 4_096
"""Frames of video in a part: 30 s of 120 a second, and some. Higher: heads of tiny frames become
more than a part may have."""

_STEREO: Final = 0x04  # RFC 6716, 3.1: the bit of the first byte


@dataclass(frozen=True, slots=True)
class Cut:
    """A part that is whole.

    Attributes:
        at: When it begins.
        media: What is in it.
    """

    at: int
    media: Media


class SoundCutter:
    """Cuts Opus."""

    def __init__(self) -> None:
        self._frames: list[Frame] = []
        self._begin = 0
        """Nothing of before belongs into what comes."""
        self._size = 0

    def add(self, at: int, data: bytes) -> Cut | None:
        """Take a packet; return the part that is whole by it.

        What is empty, comes twice or later than `LATE_MS`, or is too much, is left out.
        """
        if not self._frames:
            self._begin = max(self._begin, at)
        where = bisect_left(self._frames, at, key=attrgetter("at"))
        is_there = where < len(self._frames) and self._frames[where].at == at
        if not data or at < self._begin or is_there or self._size + len(data) > MOST_BYTES:
            return None
        self._frames.insert(where, Frame(at, data))
        self._size += len(data)
        if self._frames[-1].at < self._begin + PART_MS + LATE_MS:
            return None
        return self._cut(self._begin + PART_MS)

    def end(self, at: int) -> Cut | None:
        """Return what there is of a part, as it ends now; nothing of before comes after that."""
        if not self._frames:
            return None
        end = min(at, self._begin + PART_MS + LATE_MS)
        return self._cut(max(end, self._frames[-1].at + 1))

    def _cut(self, end: int) -> Cut:
        until = bisect_left(self._frames, end, key=attrgetter("at"))
        frames, self._frames = self._frames[:until], self._frames[until:]
        begin, self._begin = self._begin, self._frames[0].at if self._frames else end
        self._size = sum(len(frame.data) for frame in self._frames)
        channels = 2 if any(frame.data[0] & _STEREO for frame in frames) else 1
        return _part(AudioTrack(channels), begin, end, frames)


@dataclass(slots=True)
class _Pictures:
    """The part that grows now; it began with a key frame."""

    track: VideoTrack
    begin: int
    frames: list[Frame] = field(default_factory=list)
    size: int = 0

    def add(self, at: int, data: bytes) -> None:
        self.frames.append(Frame(at, data))
        self.size += len(data)

    def cut(self, end: int) -> Cut:
        # If nothing came for long, a player need not show the last picture all the while.
        return _part(self.track, self.begin, min(end, self.begin + LONGEST_MS), self.frames)


class PictureCutter:
    """Cuts VP8.

    Attributes:
        wants_key_frame: Whether a part waits for a key frame, to begin or to end.
    """

    def __init__(self) -> None:
        self.wants_key_frame = False
        self._last = 0
        self._growing: _Pictures | None = None

    def add(self, at: int, data: bytes) -> Cut | None:
        """Take a frame, in the order of decoding; return the part that is whole by it.

        What no decoder takes for a frame is left out, and so is what comes before a key frame.
        """
        try:
            sides = key_frame_size(data)
        except PeerError:
            return None
        # They are decoded in this order, so none can be earlier than the one before it.
        self._last = at = max(at, self._last)
        growing, whole = self._growing, None
        if growing is not None and self._ends(growing, at, data, sides):
            whole, self._growing = growing.cut(at), None
        if self._growing is None and sides is not None and len(data) <= MOST_BYTES:
            self._growing = _Pictures(VideoTrack(*sides), at)
        if self._growing is not None:
            self._growing.add(at, data)
        self.wants_key_frame = self._growing is None or at - self._growing.begin >= PART_MS
        return whole

    def end(self, at: int) -> Cut | None:
        """Return what there is of a part, as it ends now; the next begins with a key frame."""
        self._last = at = max(at, self._last)
        growing, self._growing = self._growing, None
        self.wants_key_frame = False
        return None if growing is None else growing.cut(at)

    def _ends(
        self, growing: _Pictures, at: int, data: bytes, sides: tuple[int, int] | None
    ) -> bool:
        """Say whether a part ends before this frame."""
        length = at - growing.begin
        if growing.size + len(data) > MOST_BYTES or len(growing.frames) == MOST_FRAMES:
            return True
        if length >= LONGEST_MS:
            return True
        if sides is None:
            return False
        return length >= PART_MS or VideoTrack(*sides) != growing.track


def _part(track: Track, begin: int, end: int, frames: list[Frame]) -> Cut:
    """Return a part; its frames count from where it begins."""
    moved = tuple(Frame(frame.at - begin, frame.data) for frame in frames)
    return Cut(begin, Media(track, end - begin, moved))
