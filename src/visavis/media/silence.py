"""Silence and a still picture, paced like the real thing: for people who share neither."""

from __future__ import annotations

import asyncio
import time
from fractions import Fraction
from typing import Final

from av import AudioFrame, VideoFrame

from visavis.media.interfaces import AUDIO_FRAME, AUDIO_RATE

VIDEO_CLOCK: Final = 90_000
"""Ticks per second of every video `pts` here (RFC 7741, 4.1)."""

STILL_RATE: Final = 5
"""Pictures per second of a still. Higher makes a new viewer wait less, lower costs less."""

_BEHIND_S: Final = 0.5


class Metronome:
    """Says when the nth of equally spaced frames is due.

    A tick that is cancelled is given again. Whoever falls half a second behind skips ahead, for
    in a call late sound is worse than lost sound.

    Args:
        period_s: Seconds between two frames.
    """

    def __init__(self, period_s: float) -> None:
        self._period_s = period_s
        self._start: float | None = None
        self._next = 0

    async def tick(self) -> int:
        """Wait until the next frame is due and return its number, counted from 0."""
        now = time.monotonic()
        if self._start is None:
            self._start = now
        behind = now - self._start - self._next * self._period_s
        if behind > _BEHIND_S:
            self._next += int(behind / self._period_s)
        elif behind < 0:
            await asyncio.sleep(-behind)
        self._next += 1
        return self._next - 1


def quiet(number: int) -> AudioFrame:
    """Return the nth 20 ms of silence."""
    frame = AudioFrame(format="s16", layout="mono", samples=AUDIO_FRAME)
    frame.planes[0].update(bytes(frame.planes[0].buffer_size))
    return stamp_audio(frame, number * AUDIO_FRAME)


def stamp_audio(frame: AudioFrame, samples: int) -> AudioFrame:
    """Set rate and time of a frame of sound; `samples` have gone before it."""
    frame.sample_rate = AUDIO_RATE
    frame.time_base = Fraction(1, AUDIO_RATE)
    frame.pts = samples
    return frame


def stamp_video(frame: VideoFrame, seconds: float) -> VideoFrame:
    """Set the time of a picture."""
    frame.time_base = Fraction(1, VIDEO_CLOCK)
    frame.pts = round(seconds * VIDEO_CLOCK)
    return frame


def still_picture(width: int = 320, height: int = 240, shade: int = 32) -> VideoFrame:
    """Return a picture of one dark grey, yuv420p."""
    frame = VideoFrame(width, height, "yuv420p")
    for plane, value in zip(frame.planes, (shade, 128, 128), strict=True):
        plane.update(bytes([value]) * plane.buffer_size)
    return frame


class SilenceSource:
    """A `MediaSource` of silence and a still."""

    def __init__(self) -> None:
        self._audio = Metronome(AUDIO_FRAME / AUDIO_RATE)
        self._video = Metronome(1 / STILL_RATE)

    async def start(self) -> None:
        """Do nothing: there is no device."""

    async def next_audio(self) -> AudioFrame:
        """Return 20 ms of silence when due."""
        return quiet(await self._audio.tick())

    async def next_video(self) -> VideoFrame:
        """Return the still when due."""
        number = await self._video.tick()
        return stamp_video(still_picture(), number / STILL_RATE)

    def close_video(self) -> None:
        """Do nothing: there is no camera."""

    def close(self) -> None:
        """Do nothing."""
