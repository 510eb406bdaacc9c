"""aiortc tracks over a `MediaSource`, and the pump from aiortc's tracks into a `MediaSink`.

A track belongs to one transport and dies with it; the source it reads from does not.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame, VideoFrame

from visavis.media.interfaces import AUDIO_RATE, Kind, MediaSink, MediaSource


class SourceTrack(MediaStreamTrack):
    """One kind of a source, for one transport."""

    def __init__(self, source: MediaSource, kind: Kind) -> None:
        super().__init__()
        self.kind = kind
        self._source = source

    async def recv(self) -> AudioFrame | VideoFrame:
        """Return the source's next frame when it is due."""
        if self.readyState != "live":
            raise MediaStreamError
        if self.kind == "audio":
            return await self._source.next_audio()
        return await self._source.next_video()


class SinkPump:
    """Feeds decoded frames to a sink and counts them, over any number of transports.

    Args:
        sink: Where frames go.
        video: Whether pictures are passed on; the first of them then counts as the call's first
            frame, else the first sound does.
        on_first: Called once, at that frame.
    """

    def __init__(self, sink: MediaSink, *, video: bool, on_first: Callable[[], None]) -> None:
        self._sink = sink
        self._video = video
        self._wanted: Kind | None = "video" if video else "audio"
        self._on_first = on_first
        self.pictures = 0
        self.samples = 0

    @property
    def seconds(self) -> float:
        """Seconds of sound decoded."""
        return self.samples / AUDIO_RATE

    def drop_video(self) -> None:
        """Pass no picture on any more (CK-369)."""
        self._video = False
        if self._wanted is not None:
            self._wanted = "audio"

    async def run(self, track: MediaStreamTrack) -> None:
        """Pump one track until it ends."""
        with contextlib.suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                if isinstance(frame, VideoFrame):
                    if not self._video:
                        continue
                    self.pictures += 1
                    self._sink.on_video(frame)
                elif isinstance(frame, AudioFrame):
                    self.samples += frame.samples
                    self._sink.on_audio(frame)
                else:
                    continue
                if self._wanted == track.kind:
                    self._wanted = None
                    self._on_first()
