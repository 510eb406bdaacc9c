"""Where the other person's picture and sound go, apart from devices (`speaker`, `window`).

The product keeps nothing of a call: recording needs everybody's consent and is not here.
"""

from __future__ import annotations

from collections.abc import Sequence

from av import AudioFrame, VideoFrame

from visavis.media.interfaces import MediaSink


class NullSink:
    """Drops everything; decoding and counting happen all the same."""

    def start(self) -> None:
        """Do nothing."""

    def on_audio(self, frame: AudioFrame) -> None:
        """Drop it."""

    def on_video(self, frame: VideoFrame) -> None:
        """Drop it."""

    def close(self) -> None:
        """Do nothing."""


class NullGroupSink:
    """Drops what comes of every member of a group call; it is decoded and counted all the same."""

    def start(self) -> None:
        """Do nothing."""

    def on_audio(self, leaf: int, frame: AudioFrame) -> None:
        """Drop it."""

    def on_video(self, leaf: int, frame: VideoFrame) -> None:
        """Drop it."""

    def on_screen(self, leaf: int, frame: VideoFrame) -> None:
        """Drop it."""

    def gone(self, leaf: int) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class MultiSink:
    """Hands each frame to several sinks.

    Args:
        sinks: In the order in which they get each frame.
    """

    def __init__(self, sinks: Sequence[MediaSink]) -> None:
        self._sinks = tuple(sinks)

    def start(self) -> None:
        """Start all; if one has no device, close those that started and raise its error."""
        started: list[MediaSink] = []
        try:
            for sink in self._sinks:
                sink.start()
                started.append(sink)
        except Exception:
            for sink in started:
                sink.close()
            raise

    def on_audio(self, frame: AudioFrame) -> None:
        """Hand sound on."""
        for sink in self._sinks:
            sink.on_audio(frame)

    def on_video(self, frame: VideoFrame) -> None:
        """Hand a picture on."""
        for sink in self._sinks:
            sink.on_video(frame)

    def close(self) -> None:
        """Close all."""
        for sink in self._sinks:
            sink.close()
