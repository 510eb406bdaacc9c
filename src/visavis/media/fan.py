"""One source for any number of transports: a group call's mesh, and its change to the SFU.

A `MediaSource` hands each frame out once. Here one task draws frames, and every transport has an
outlet of its own that gets all of them; an outlet that is read too slowly loses its oldest.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

from av import AudioFrame, VideoFrame

from visavis.core.errors import VisavisError
from visavis.media.interfaces import MediaSource

Frame = TypeVar("Frame", AudioFrame, VideoFrame)

MAX_WAITING: Final = {"audio": 5, "video": 2}
"""Frames that wait for a slow transport: 100 ms of sound. Higher is more delay, lower more gaps."""


class _Queue(Generic[Frame]):
    """The newest frames, for one reader."""

    def __init__(self, most: int) -> None:
        self._frames: deque[Frame] = deque(maxlen=most)
        self._there = asyncio.Event()

    def put(self, frame: Frame) -> None:
        self._frames.append(frame)
        self._there.set()

    async def get(self) -> Frame:
        await self._there.wait()
        frame = self._frames.popleft()
        if not self._frames:
            self._there.clear()
        return frame


class Outlet:
    """What one transport reads of the source: a `MediaSource` that opens and closes nothing."""

    def __init__(self, fan: Fan) -> None:
        self._fan = fan
        self.audio: _Queue[AudioFrame] = _Queue(MAX_WAITING["audio"])
        self.video: _Queue[VideoFrame] = _Queue(MAX_WAITING["video"])

    async def start(self) -> None:
        """Do nothing: the fan is started by whoever has it."""

    async def next_audio(self) -> AudioFrame:
        """Return the next sound."""
        return await self.audio.get()

    async def next_video(self) -> VideoFrame:
        """Return the next picture."""
        return await self.video.get()

    def close_video(self) -> None:
        """Do nothing: others may want pictures."""

    def close(self) -> None:
        """Get no more frames."""
        self._fan.drop(self)


class Fan:
    """Draws a source's frames and hands each to every outlet.

    Args:
        source: Closed by `close`.
        video: Whether pictures are drawn.
    """

    def __init__(self, source: MediaSource, *, video: bool) -> None:
        self._source = source
        self._video = video
        self._outlets: set[Outlet] = set()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Open the source and begin to draw. Harmless when repeated.

        Raises:
            UnavailableError: NO_DEVICE.
        """
        if self._tasks:
            return
        await self._source.start()
        self._tasks = [
            asyncio.create_task(self._draw(self._source.next_audio, lambda outlet: outlet.audio))
        ]
        if self._video:
            self._tasks.append(
                asyncio.create_task(
                    self._draw(self._source.next_video, lambda outlet: outlet.video)
                )
            )

    def outlet(self) -> Outlet:
        """Return an outlet for one more transport."""
        outlet = Outlet(self)
        self._outlets.add(outlet)
        return outlet

    def drop(self, outlet: Outlet) -> None:
        """Give an outlet no more frames. Harmless when repeated."""
        self._outlets.discard(outlet)

    def close(self) -> None:
        """End drawing and close the source. Harmless when repeated."""
        for task in self._tasks:
            task.cancel()
        self._source.close()

    async def _draw(
        self, following: Callable[[], Awaitable[Frame]], queue: Callable[[Outlet], _Queue[Frame]]
    ) -> None:
        # A camera that is unplugged ends the picture, not the call.
        with contextlib.suppress(VisavisError):
            while True:
                frame = await following()
                for outlet in self._outlets:
                    queue(outlet).put(frame)
