"""A thread that decodes a media file into the two queues that `sources.FileSource` plays from.

It runs half a second ahead of the playing clock and never further, so a long file takes no more
memory than a short one, and a slow machine drops pictures instead of falling behind. Only local
files are opened: a playlist inside must not make us fetch from somebody else's server.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from av import AudioFrame, VideoFrame
from av.audio.resampler import AudioResampler
from av.container import InputContainer

from visavis.core.errors import Code, UnavailableError
from visavis.media.interfaces import AUDIO_FRAME, AUDIO_RATE
from visavis.media.silence import quiet, stamp_audio, stamp_video

MAX_WIDTH: Final = 640
MAX_HEIGHT: Final = 480
MAX_RATE: Final = 20.0
"""Bounds of what is encoded: two calls at this size fit one core. Higher looks better on a fast
machine, lower leaves a slow one time to decode."""

AHEAD_S: Final = 0.5
"""Seconds decoded in advance. Higher rides out a busier disk, lower holds less."""


def open_file(path: Path) -> InputContainer:
    """Open a local media file.

    Raises:
        UnavailableError: `NO_MEDIA`: no such file, or neither picture nor sound in it.
    """
    if not path.is_file():
        raise UnavailableError(Code.NO_MEDIA, "no such file")
    try:
        container = av.open(str(path.resolve()), options={"protocol_whitelist": "file"})
    except (av.FFmpegError, OSError, ValueError):
        raise UnavailableError(Code.NO_MEDIA, "not a media file") from None
    if not container.streams.video and not container.streams.audio:
        container.close()
        raise UnavailableError(Code.NO_MEDIA, "neither picture nor sound in it")
    return container


def fit(width: int, height: int) -> tuple[int, int]:
    """Return the largest even size of the same shape within 640 x 480, never enlarged."""
    scale = min(1.0, MAX_WIDTH / width, MAX_HEIGHT / height)
    return max(16, int(width * scale) // 2 * 2), max(16, int(height * scale) // 2 * 2)


class Reader(threading.Thread):
    """Decodes one file, over and over if asked.

    Attributes:
        sound: Frames of 960 samples, `pts` counted from the start of playing.
        pictures: (seconds from the start of playing, frame).
        ended: Set when nothing more will come.
        has_sound: Whether the file has sound at all.
        has_picture: Whether the file has pictures at all.

    Args:
        path: A local file.
        loop: Start again at the end, for ever.

    Raises:
        UnavailableError: `NO_MEDIA`.
    """

    def __init__(self, path: Path, *, loop: bool) -> None:
        super().__init__(name="media-file", daemon=True)
        self._path = path
        self._loop = loop
        self._container: InputContainer | None = open_file(path)
        self.has_sound = bool(self._container.streams.audio)
        self.has_picture = bool(self._container.streams.video)
        self.sound: deque[AudioFrame] = deque()
        self.pictures: deque[tuple[float, VideoFrame]] = deque()
        self.ended = threading.Event()
        self._stop_asked = threading.Event()
        self._origin: float | None = None
        self._samples = 0
        self._end_s = 0.0

    def play(self) -> float:
        """Start the playing clock if it stands, and return its origin in monotonic seconds."""
        if self._origin is None:
            self._origin = time.monotonic()
        return self._origin

    def stop(self) -> None:
        """Ask the thread to end."""
        self._stop_asked.set()

    def run(self) -> None:
        """Decode until the end or until asked to stop."""
        try:
            while self._container is not None and not self._stop_asked.is_set():
                start_s = self._end_s
                with self._container as container, contextlib.suppress(av.FFmpegError):
                    self._read(container, start_s)
                self._container = None
                # A file without a single frame must not be read in a tight circle.
                if self._loop and self._end_s > start_s and not self._stop_asked.is_set():
                    self._container = open_file(self._path)
        except UnavailableError:
            pass  # removed while it played: it ends here
        finally:
            if self._container is not None:
                self._container.close()
            self.ended.set()

    def _read(self, container: InputContainer, start_s: float) -> None:
        streams: list[Any] = [*container.streams.video[:1], *container.streams.audio[:1]]
        resampler = AudioResampler("s16", "mono", AUDIO_RATE, AUDIO_FRAME)
        first_s: float | None = None
        last_picture_s = -1.0
        self._fill_silence(start_s)
        for frame in container.decode(*streams):
            if self._stop_asked.is_set():
                return
            if first_s is None:
                first_s = frame.time or 0.0
            at_s = start_s + (frame.time if frame.time is not None else first_s) - first_s
            if isinstance(frame, AudioFrame):
                self._end_s = max(self._end_s, at_s + frame.samples / (frame.sample_rate or 1))
                frame.pts = None
                for piece in resampler.resample(frame):
                    self._put_sound(piece)
            elif isinstance(frame, VideoFrame):
                self._end_s = max(self._end_s, at_s + 1 / MAX_RATE)
                if last_picture_s >= 0 and at_s - last_picture_s < 0.9 / MAX_RATE:
                    continue
                self._end_s = max(self._end_s, at_s + (at_s - max(last_picture_s, at_s - 0.2)))
                last_picture_s = at_s
                self._put_picture(at_s, frame)
            self._wait_until(at_s - AHEAD_S)
        for piece in resampler.resample(None):
            if piece.samples:
                self._put_sound(piece)

    def _put_sound(self, piece: AudioFrame) -> None:
        if piece.samples != AUDIO_FRAME:
            samples = np.zeros((1, AUDIO_FRAME), dtype=np.int16)
            samples[0, : piece.samples] = piece.to_ndarray()[0]
            piece = AudioFrame.from_ndarray(samples, "s16", "mono")
        self.sound.append(stamp_audio(piece, self._samples))
        self._samples += AUDIO_FRAME

    def _fill_silence(self, until_s: float) -> None:
        """Bring sound level with the picture at the start of each round."""
        while self.has_sound and self._samples + AUDIO_FRAME / 2 < until_s * AUDIO_RATE:
            self.sound.append(quiet(self._samples // AUDIO_FRAME))
            self._samples += AUDIO_FRAME

    def _put_picture(self, at_s: float, frame: VideoFrame) -> None:
        width, height = fit(frame.width, frame.height)
        frame = frame.reformat(width=width, height=height, format="yuv420p")
        self.pictures.append((at_s, stamp_video(frame, at_s)))

    def _wait_until(self, media_s: float) -> None:
        """Sleep until the playing clock shows this, or until asked to stop."""
        while not self._stop_asked.is_set():
            played_s = 0.0 if self._origin is None else time.monotonic() - self._origin
            if played_s >= media_s:
                return
            self._stop_asked.wait(min(0.05, max(0.005, media_s - played_s)))
