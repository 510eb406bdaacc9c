"""Camera (Video4Linux), microphone and speakers (PortAudio through `sounddevice`).

Libraries are loaded when a device is opened, so that a server without PortAudio runs everything
else. A missing library is a missing device: `UnavailableError(NO_DEVICE)`.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import deque
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import av
import numpy as np
from av import AudioFrame, VideoFrame

from visavis.core.errors import Code, UnavailableError
from visavis.media.interfaces import AUDIO_FRAME, AUDIO_RATE
from visavis.media.reader import MAX_HEIGHT, MAX_WIDTH, fit
from visavis.media.silence import SilenceSource, quiet, stamp_audio, stamp_video

CAMERA_RATE: Final = 15
"""Pictures per second asked of a camera. Higher is smoother and costs more CPU and uplink."""

MAX_DELAY_S: Final = 0.3
"""Seconds of sound that may wait before the oldest is dropped: above it people talk over each
other; below 0.1 a busy machine crackles."""

STALL_S: Final = 0.08
"""Seconds to wait for a microphone before silence is sent in its place."""

_FRAME_BYTES: Final = AUDIO_FRAME * 2


class CameraSource(SilenceSource):
    """A camera's picture, with silence.

    Args:
        device: A Video4Linux device file.
    """

    def __init__(self, device: Path | str = "/dev/video0") -> None:
        super().__init__()
        self._device = Path(device)
        self._latest: deque[VideoFrame] = deque(maxlen=1)
        self._arrived = asyncio.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._origin = 0.0

    async def start(self) -> None:
        """Open the camera; UnavailableError(NO_DEVICE) if there is none."""
        if self._thread is not None:
            return
        if not self._device.exists():
            raise UnavailableError(Code.NO_DEVICE, "no such camera")
        try:
            container = await asyncio.to_thread(self._open)
        except (av.FFmpegError, OSError, ValueError):
            raise UnavailableError(Code.NO_DEVICE, "the camera cannot be opened") from None
        loop = asyncio.get_running_loop()
        self._origin = time.monotonic()
        self._thread = threading.Thread(
            target=self._read, args=(container, loop), name="camera", daemon=True
        )
        self._thread.start()

    async def next_video(self) -> VideoFrame:
        """Return the newest picture; older ones that nobody took are dropped."""
        while not self._latest:
            self._arrived.clear()
            await self._arrived.wait()
        return self._latest.popleft()

    def close_video(self) -> None:
        """Free the camera, with its next picture: its light goes out."""
        self._stop.set()

    def close(self) -> None:
        """Free the camera."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=2)

    def _open(self) -> Any:
        size = f"{MAX_WIDTH}x{MAX_HEIGHT}"
        return av.open(
            str(self._device),
            format="v4l2",
            options={"framerate": str(CAMERA_RATE), "video_size": size},
        )

    def _read(self, container: Any, loop: asyncio.AbstractEventLoop) -> None:
        with container, contextlib.suppress(av.FFmpegError, RuntimeError):
            for frame in container.decode(video=0):
                if self._stop.is_set():
                    return
                width, height = fit(frame.width, frame.height)
                picture = frame.reformat(width=width, height=height, format="yuv420p")
                self._latest.append(stamp_video(picture, time.monotonic() - self._origin))
                loop.call_soon_threadsafe(self._arrived.set)


class MicrophoneSource(SilenceSource):
    """The default microphone's sound, with a still."""

    def __init__(self) -> None:
        super().__init__()
        self._blocks: deque[bytes] = deque(maxlen=int(MAX_DELAY_S * AUDIO_RATE / AUDIO_FRAME))
        self._arrived = asyncio.Event()
        self._stream: Any = None
        self._number = 0

    async def start(self) -> None:
        """Open the microphone; UnavailableError(NO_DEVICE) if there is none."""
        if self._stream is not None:
            return
        library = load_sounddevice("input")
        loop = asyncio.get_running_loop()

        def take(data: Any, frames: int, when: object, status: object) -> None:
            del frames, when, status
            self._blocks.append(bytes(data))
            with contextlib.suppress(RuntimeError):  # the loop closed first
                loop.call_soon_threadsafe(self._arrived.set)

        try:
            self._stream = library.RawInputStream(
                samplerate=AUDIO_RATE,
                channels=1,
                dtype="int16",
                blocksize=AUDIO_FRAME,
                callback=take,
            )
            self._stream.start()
        except library.PortAudioError:
            raise UnavailableError(Code.NO_DEVICE, "the microphone cannot be opened") from None

    async def next_audio(self) -> AudioFrame:
        """Return the next 20 ms as the microphone heard them; silence if it stalls."""
        if not self._blocks:
            self._arrived.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._arrived.wait(), STALL_S)
        number, self._number = self._number, self._number + 1
        if not self._blocks or len(block := self._blocks.popleft()) != _FRAME_BYTES:
            return quiet(number)
        frame = AudioFrame.from_ndarray(
            np.frombuffer(block, dtype=np.int16)[None, :], format="s16", layout="mono"
        )
        return stamp_audio(frame, number * AUDIO_FRAME)

    def close(self) -> None:
        """Free the microphone."""
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()


class SpeakerSink:
    """Plays the other person's voice through the default speakers."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting = bytearray()
        self._stream: Any = None

    def start(self) -> None:
        """Open the speakers; UnavailableError(NO_DEVICE) if there are none."""
        if self._stream is not None:
            return
        library = load_sounddevice("output")
        try:
            self._stream = library.RawOutputStream(
                samplerate=AUDIO_RATE,
                channels=2,
                dtype="int16",
                blocksize=AUDIO_FRAME,
                callback=self._give,
            )
            self._stream.start()
        except library.PortAudioError:
            raise UnavailableError(Code.NO_DEVICE, "the speakers cannot be opened") from None

    def on_audio(self, frame: AudioFrame) -> None:
        """Queue sound; drop the oldest beyond 0.3 s."""
        data = frame.to_ndarray().tobytes()
        limit = int(MAX_DELAY_S * AUDIO_RATE) * 4
        with self._lock:
            self._waiting += data
            if len(self._waiting) > limit:
                del self._waiting[: len(self._waiting) - limit]

    def on_video(self, frame: VideoFrame) -> None:
        """Ignore pictures."""

    def close(self) -> None:
        """Free the speakers."""
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()

    def _give(self, out: Any, frames: int, when: object, status: object) -> None:
        """Fill PortAudio's buffer, with silence where nothing waits."""
        del when, status
        wanted = frames * 4
        with self._lock:
            data = bytes(self._waiting[:wanted])
            del self._waiting[:wanted]
        out[:] = data.ljust(wanted, b"\0")


def load_sounddevice(direction: str) -> ModuleType:
    """Return the library, if it can be loaded and has a device.

    Args:
        direction: "input" or "output".

    Raises:
        UnavailableError: `NO_DEVICE`.
    """
    try:
        import sounddevice  # noqa: PLC0415 - raises where PortAudio is not installed

        sounddevice.query_devices(kind=direction)
    except (ImportError, OSError, ValueError):
        raise UnavailableError(Code.NO_DEVICE, f"no {direction} device") from None
    except Exception as error:
        # PortAudioError, which can be named only once the library is there.
        if type(error).__name__ != "PortAudioError":
            raise
        raise UnavailableError(Code.NO_DEVICE, f"no {direction} device") from None
    library: ModuleType = sounddevice
    return library
