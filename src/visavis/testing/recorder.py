"""Writes what was seen and heard to a WebM file: the demo's proof, and for tests.

Not for the product: the SDK and the CLI keep nothing of a call, because recording needs the
consent of everybody in it (R-40 onwards of the requirements).
"""

from __future__ import annotations

import queue
import threading
import time
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from av import AudioFrame, VideoFrame
from av.audio.resampler import AudioResampler

from visavis.testing.clip import read_frame

_RATE: Final = 48_000
_DRIFT: Final = _RATE // 5
"""Samples by which sound may stray from the clock before a gap is filled or the surplus cut."""

_EARLY_FRAMES: Final = 150


class RecorderSink:
    """A `MediaSink` that records and, as it goes, reads the clip's counter off each picture.

    Attributes:
        counters: Number read from each decoded picture that had one, in order.
        pictures: Decoded pictures.
        samples: Decoded samples of sound.
        loud_s: Seconds of sound above a whisper: energy, not just packets.

    Args:
        path: File to write; None only counts.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._queue: queue.SimpleQueue[tuple[float, AudioFrame | VideoFrame] | None] = (
            queue.SimpleQueue()
        )
        self._thread: threading.Thread | None = None
        self._failure: Exception | None = None
        self.counters: list[int] = []
        self.pictures = 0
        self.samples = 0
        self.loud_s = 0.0

    def start(self) -> None:
        """Start the writing thread."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
            self._thread.start()

    def on_audio(self, frame: AudioFrame) -> None:
        """Queue sound with the time of its arrival."""
        self._queue.put((time.monotonic(), frame))

    def on_video(self, frame: VideoFrame) -> None:
        """Queue a picture with the time of its arrival."""
        self._queue.put((time.monotonic(), frame))

    def close(self) -> None:
        """Write what is queued and close the file; raise what went wrong while writing."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._queue.put(None)
            thread.join()
            if self._failure is not None:
                raise self._failure

    def _run(self) -> None:
        try:
            self._record()
        except Exception as error:  # noqa: BLE001 - raised again by `close`, where it is seen
            self._failure = error

    def _record(self) -> None:
        writer = _Writer(self._path) if self._path else None
        while (item := self._queue.get()) is not None:
            at_s, frame = item
            if isinstance(frame, VideoFrame):
                self.pictures += 1
                number = read_frame(frame)
                if number is not None:
                    self.counters.append(number)
                if writer:
                    writer.picture(at_s, frame)
            else:
                self.samples += frame.samples
                if np.abs(frame.to_ndarray().astype(np.int32)).mean() > 100:
                    self.loud_s += frame.samples / (frame.sample_rate or _RATE)
                if writer:
                    writer.sound(at_s, frame)
        if writer:
            writer.close()


class _Writer:
    """The file: VP8 and Opus, times by arrival, so that a restart of the transport is a gap.

    A WebM file fixes its streams with the first packet. So nothing is written before the first
    picture has told its size; if none comes for three seconds, the file has sound only.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._container: Any = None
        self._video: Any = None
        self._audio: Any = None
        self._resampler = AudioResampler("s16", "stereo", _RATE)
        self._early: list[tuple[float, AudioFrame]] = []
        self._start_s: float | None = None
        self._last_ms = -1
        self._samples = 0

    def picture(self, at_s: float, frame: VideoFrame) -> None:
        if self._container is None:
            self._open(frame)
        if self._video is None:
            return
        milliseconds = max(self._last_ms + 1, round(self._since(at_s) * 1000))
        self._last_ms = milliseconds
        width, height = self._video.width, self._video.height
        copy = frame.reformat(width=width, height=height, format="yuv420p")
        if copy is frame:
            copy = VideoFrame.from_ndarray(frame.to_ndarray(), format="yuv420p")
        copy.pts, copy.time_base = milliseconds, Fraction(1, 1000)
        self._container.mux(self._video.encode(copy))

    def sound(self, at_s: float, frame: AudioFrame) -> None:
        if self._container is None:
            self._since(at_s)
            self._early.append((at_s, frame))
            if len(self._early) > _EARLY_FRAMES:
                self._open(None)
            return
        due = round(self._since(at_s) * _RATE) - frame.samples
        if due - self._samples > _DRIFT:
            self._gap(due - self._samples)
        elif self._samples - due > _DRIFT:
            return
        frame.pts = None
        for piece in self._resampler.resample(frame):
            self._put(piece)

    def close(self) -> None:
        if self._container is None:
            self._open(None)
        for stream in (self._video, self._audio):
            if stream is not None:
                self._container.mux(stream.encode(None))
        self._container.close()

    def _open(self, first: VideoFrame | None) -> None:
        self._container = av.open(str(self._path), "w", format="webm")
        if first is not None:
            self._video = self._container.add_stream("libvpx", rate=30)
            self._video.width, self._video.height = first.width, first.height
            self._video.pix_fmt = "yuv420p"
            self._video.bit_rate = 800_000
            self._video.options = {"deadline": "realtime", "cpu-used": "8", "crf": "20"}
            self._video.codec_context.time_base = Fraction(1, 1000)
        self._audio = self._container.add_stream("libopus", rate=_RATE, layout="stereo")
        early, self._early = self._early, []
        for at_s, frame in early:
            self.sound(at_s, frame)

    def _since(self, at_s: float) -> float:
        if self._start_s is None:
            self._start_s = at_s
        return at_s - self._start_s

    def _gap(self, samples: int) -> None:
        silence = np.zeros((1, samples * 2), dtype=np.int16)
        piece = AudioFrame.from_ndarray(silence, format="s16", layout="stereo")
        piece.sample_rate = _RATE
        self._put(piece)

    def _put(self, piece: AudioFrame) -> None:
        piece.pts, piece.time_base = self._samples, Fraction(1, _RATE)
        self._samples += piece.samples
        self._container.mux(self._audio.encode(piece))
