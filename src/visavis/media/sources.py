"""What a call shows and says: a file, or one thing's picture with another's sound.

Devices are in `devices`, silence in `silence`. Every source paces itself in real time.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Final

from av import AudioFrame, VideoFrame

from visavis.core.errors import UsageError
from visavis.media.interfaces import AUDIO_FRAME, AUDIO_RATE, MediaSource
from visavis.media.reader import Reader
from visavis.media.silence import SilenceSource, quiet, stamp_video, still_picture

_POLL_S: Final = 0.01
_HOLD_S: Final = 0.2
"""Seconds between repeats of a picture that does not change."""


class FileSource:
    """Plays a media file: anything PyAV reads, at most 640 x 480 and 20 pictures a second.

    Sound and picture share one clock. A file without sound is silent, one without picture shows a
    still. When the file ends and does not loop, the last picture stays.

    Args:
        path: A local file.
        loop: Start again at the end.
    """

    def __init__(self, path: Path | str, *, loop: bool = True) -> None:
        self._path = Path(path)
        self._loop = loop
        self._reader: Reader | None = None
        self._heard = 0
        self._held: VideoFrame | None = None
        self._held_at_s = -_HOLD_S
        self._closed = False

    async def start(self) -> None:
        """Open the file and decode its first half second.

        Raises:
            UnavailableError: `NO_MEDIA`.
        """
        if self._closed:
            raise UsageError("this source is closed")
        if self._reader is not None:
            return
        # Opened here and not in a thread: it takes milliseconds, and two `start` cannot cross.
        reader = self._reader = Reader(self._path, loop=self._loop)
        reader.start()
        for _ in range(300):
            ready = (reader.sound or not reader.has_sound) and (
                reader.pictures or not reader.has_picture
            )
            if ready or reader.ended.is_set():
                break
            await asyncio.sleep(_POLL_S)

    async def next_audio(self) -> AudioFrame:
        """Return the next 20 ms when due; silence where the file has none."""
        reader = self._started()
        origin = reader.play()
        due_s = self._heard * AUDIO_FRAME / AUDIO_RATE
        await asyncio.sleep(max(0.0, origin + due_s - time.monotonic()))
        late = int((time.monotonic() - origin - due_s) * AUDIO_RATE / AUDIO_FRAME)
        # More than half a second behind: the machine stood still. Late sound helps nobody.
        number = self._heard + (late if late > 25 else 0)
        self._heard = number + 1
        while reader.sound and (reader.sound[0].pts or 0) < number * AUDIO_FRAME:
            reader.sound.popleft()
        if reader.sound and reader.sound[0].pts == number * AUDIO_FRAME:
            return reader.sound.popleft()
        return quiet(number)

    async def next_video(self) -> VideoFrame:
        """Return the newest picture that is due; the last one again where none comes."""
        reader = self._started()
        origin = reader.play()
        while True:
            now_s = time.monotonic() - origin
            due: tuple[float, VideoFrame] | None = None
            while reader.pictures and reader.pictures[0][0] <= now_s:
                due = reader.pictures.popleft()
            if due is not None:
                self._held_at_s, self._held = now_s, due[1]
                return due[1]
            still = not reader.has_picture or (reader.ended.is_set() and not reader.pictures)
            if still and now_s - self._held_at_s >= _HOLD_S:
                self._held_at_s = now_s
                return stamp_video(self._held or still_picture(), now_s)
            next_s = reader.pictures[0][0] - now_s if reader.pictures else _POLL_S
            await asyncio.sleep(min(max(next_s, 0.001), 0.05))

    def close_video(self) -> None:
        """Do nothing: a file has no light that tells a person they are filmed."""

    def close(self) -> None:
        """Stop the decoding thread."""
        self._closed = True
        if self._reader is not None:
            self._reader.stop()
            if self._reader.is_alive():
                self._reader.join(timeout=2)

    def _started(self) -> Reader:
        if self._reader is None:
            raise UsageError("a file source plays after start")
        return self._reader


class CombinedSource:
    """The picture of one source with the sound of another.

    Args:
        picture: Its sound is never asked for.
        sound: Its picture is never asked for.
    """

    def __init__(
        self, *, picture: MediaSource | None = None, sound: MediaSource | None = None
    ) -> None:
        self._picture = picture or SilenceSource()
        self._sound = sound or SilenceSource()
        self._dark = False

    async def start(self) -> None:
        """Start both; if one has no device, close the other and raise its error."""
        if not self._dark:
            await self._picture.start()
        try:
            await self._sound.start()
        except Exception:
            self._picture.close()
            raise

    async def next_audio(self) -> AudioFrame:
        """Return the sound's next 20 ms."""
        return await self._sound.next_audio()

    async def next_video(self) -> VideoFrame:
        """Return the picture's next frame."""
        return await self._picture.next_video()

    def close_video(self) -> None:
        """Let the camera go, or do not open it."""
        self._dark = True
        self._picture.close_video()

    def close(self) -> None:
        """Close both."""
        self._picture.close()
        self._sound.close()
