"""What a call shows and says, and where the other side goes: devices, a file, this terminal."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from av import AudioFrame, VideoFrame

from visavis.core.errors import Code, UnavailableError
from visavis.media.devices import CameraSource, MicrophoneSource, SpeakerSink, load_sounddevice
from visavis.media.interfaces import MediaSink, MediaSource
from visavis.media.sources import CombinedSource, FileSource
from visavis.media.window import HalfBlockSink, WindowSink, half_blocks

CAMERA: Final = Path("/dev/video0")
CAPTION_LINES: Final = 3


def can_speak() -> bool:
    """Return whether there is a microphone."""
    try:
        load_sounddevice("input")
    except UnavailableError:
        return False
    return True


async def open_source(
    media: Path | None, *, picture: bool, say: Callable[[str], None]
) -> MediaSource:
    """Return what we show and say, opened, so that a call never rings in vain.

    Args:
        media: A file; None for camera and microphone.
        picture: Whether the call has one.
        say: ToldError what is missing and can be done without.

    Raises:
        UnavailableError: NO_DEVICE, there is no microphone; NO_MEDIA, the file cannot be played.
    """
    source: MediaSource
    if media is not None:
        source = FileSource(media, loop=True)
    elif picture and CAMERA.exists():
        source = CombinedSource(picture=CameraSource(CAMERA), sound=MicrophoneSource())
    else:
        if picture and can_speak():
            say("No camera was found: they will hear you, and see a grey picture.")
        source = MicrophoneSource()
    try:
        await source.start()
    except BaseException:
        source.close()
        raise
    return source


class Screen:
    """The other side's voice in the speakers, their picture in a window or in this terminal.

    What is not there is passed over: a call goes on without speakers or display.

    Args:
        name: Whose picture, for the window's title.
        picture: Whether the call has one.
        quiet: Show no picture: nobody looks, or the terminal is a script's.
        in_terminal: Whether the picture may take over this terminal.
        sinks: Instead of what this machine has; for tests.
    """

    def __init__(
        self,
        name: str,
        *,
        picture: bool,
        quiet: bool,
        in_terminal: bool = True,
        sinks: tuple[MediaSink, ...] | None = None,
    ) -> None:
        self._captioned: CaptionedHalfBlocks | None = None
        if sinks is None:
            sinks = (SpeakerSink(),)
            if picture and not quiet:
                sinks += (WindowSink(f"{name} - Visavis"),)
                if in_terminal and sys.stderr.isatty():
                    self._captioned = CaptionedHalfBlocks()
                    sinks += (self._captioned,)
        self._wanted = sinks
        self._at_work: list[MediaSink] = []

    def without_sound(self) -> None:
        """Play no sound here: somebody else does. Before `start`."""
        self._wanted = tuple(one for one in self._wanted if not isinstance(one, SpeakerSink))

    @property
    def in_terminal(self) -> bool:
        """Whether the picture has taken over this terminal."""
        return self._captioned is not None and self._captioned in self._at_work

    def caption(self, text: str) -> None:
        """Set the lines under a picture in the terminal."""
        if self._captioned is not None:
            self._captioned.caption = text

    def start(self) -> None:
        """Open what is there; half-blocks only if there is no window."""
        if self._at_work:
            return
        for sink in self._wanted:
            windowed = any(isinstance(other, WindowSink) for other in self._at_work)
            if sink is self._captioned and windowed:
                continue
            try:
                sink.start()
            except UnavailableError as error:
                if error.code is not Code.NO_DEVICE:
                    raise
            else:
                self._at_work.append(sink)

    def on_audio(self, frame: AudioFrame) -> None:
        """Play it."""
        for sink in self._at_work:
            sink.on_audio(frame)

    def on_video(self, frame: VideoFrame) -> None:
        """Show it."""
        for sink in self._at_work:
            sink.on_video(frame)

    def close(self) -> None:
        """Give devices and terminal back."""
        for sink in self._at_work:
            sink.close()
        self._at_work.clear()


class CaptionedHalfBlocks(HalfBlockSink):
    """A picture in the terminal with a few lines of text under it."""

    def __init__(self) -> None:
        super().__init__()
        self.caption = ""

    def draw(self, frame: VideoFrame | None) -> None:
        """Write a picture and the caption."""
        if frame is None:
            return
        size = shutil.get_terminal_size()
        if (size.columns, size.lines) != self._last:
            self._stream.write("\x1b[2J")
            self._last = (size.columns, size.lines)
        lines = max(2, size.lines - CAPTION_LINES - 1)
        picture = half_blocks(frame, columns=size.columns, lines=lines)
        under = "".join(f"\r\n{line}\x1b[K" for line in self.caption.splitlines()[:CAPTION_LINES])
        self._stream.write(f"\x1b[H{picture}{under}")
        self._stream.flush()
