"""What a call shows and says, and where the other side goes: devices, a file, this terminal."""

from __future__ import annotations

import contextlib
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from av import AudioFrame, VideoFrame
from rich.cells import cell_len, set_cell_size

from visavis.core.errors import Code, UnavailableError
from visavis.media.devices import CameraSource, MicrophoneSource, SpeakerSink, load_sounddevice
from visavis.media.interfaces import MediaSink, MediaSource
from visavis.media.sources import CombinedSource, FileSource
from visavis.media.window import HalfBlockSink, WindowSink, half_blocks

CAMERA: Final = Path("/dev/video0")
CAPTION_LINES: Final = 3
_STANDS_OUT: Final = "\x1b[1;97;41m"
_AS_USUAL: Final = "\x1b[0m"


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

    def banner(self, text: str) -> None:
        """Set a line under a picture in the terminal that stands out; "" for none."""
        if self._captioned is not None:
            self._captioned.banner = text

    @contextlib.contextmanager
    def giving_way(self) -> Iterator[None]:
        """Give the terminal back as long as the block lasts: something has to be read there."""
        if self._captioned is None or not self.in_terminal:
            yield
            return
        with self._captioned.giving_way():
            yield

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
        self.banner = ""
        self._drawing = threading.RLock()
        self._gives_way = False
        self._is_open = False

    def open(self) -> None:
        """Take the terminal."""
        with self._drawing:
            self._is_open = True
            super().open()

    def shut(self) -> None:
        """Give the terminal back as it was."""
        with self._drawing:
            self._is_open = False
            super().shut()

    def draw(self, frame: VideoFrame | None) -> None:
        """Write a picture and the caption."""
        with self._drawing:
            if frame is not None and not self._gives_way:
                self._draw(frame)

    @contextlib.contextmanager
    def giving_way(self) -> Iterator[None]:
        """Draw nothing, and give the terminal back, as long as the block lasts."""
        with self._drawing:
            self._gives_way = True
            super().shut()
        try:
            yield
        finally:
            with self._drawing:
                self._gives_way = False
                self._last = None
                if self._is_open:  # the call may have ended meanwhile
                    super().open()

    def _draw(self, frame: VideoFrame) -> None:
        size = shutil.get_terminal_size()
        if (size.columns, size.lines) != self._last:
            self._stream.write("\x1b[2J")
            self._last = (size.columns, size.lines)
        under = self.caption.splitlines()[:CAPTION_LINES]
        if self.banner:
            text = set_cell_size(self.banner, min(size.columns - 1, cell_len(self.banner)))
            under = [f"{_STANDS_OUT}{text}{_AS_USUAL}", *under]
        lines = max(2, size.lines - CAPTION_LINES - bool(self.banner) - 1)
        picture = half_blocks(frame, columns=size.columns, lines=lines)
        below = "".join(f"\r\n{line}\x1b[K" for line in under)
        self._stream.write(f"\x1b[H{picture}{below}\x1b[J")
        self._stream.flush()
