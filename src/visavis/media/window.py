"""The other person's picture: in a window (pygame-ce), or as half-blocks in the terminal.

Drawing runs in a thread of its own, on the newest picture only, so a slow screen never delays a
call.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import threading
from typing import Final, TextIO

import numpy as np
from av import AudioFrame, VideoFrame
from numpy.typing import NDArray

from visavis.core.errors import Code, UnavailableError

TERMINAL_RATE: Final = 10
"""Pictures per second in a terminal; a remote one takes about 30 kB for each."""

_RESET: Final = "\x1b[0m"


class LatestPictureSink:
    """Calls `draw` in a thread with the newest picture, at most `rate` times a second.

    Args:
        rate: Pictures per second.
        name: Of the thread.
    """

    def __init__(self, *, rate: float, name: str) -> None:
        self._period_s = 1 / rate
        self._name = name
        self._latest: VideoFrame | None = None
        self._wake = threading.Event()
        self._stopped = threading.Event()
        self._opened = threading.Event()
        self._error: UnavailableError | None = None
        self._thread: threading.Thread | None = None

    def open(self) -> None:
        """Prepare, in the drawing thread; UnavailableError if there is nothing to draw on."""

    def draw(self, frame: VideoFrame | None) -> None:
        """Draw a picture, or look after events if there is no new one."""
        raise NotImplementedError

    def shut(self) -> None:
        """Clean up, in the drawing thread."""

    def start(self) -> None:
        """Start the thread and wait until it has something to draw on."""
        if self._thread is not None:
            return
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()
        self._opened.wait(timeout=10)
        if self._error is not None:
            raise self._error

    def on_video(self, frame: VideoFrame) -> None:
        """Take the picture as the newest one."""
        self._latest = frame
        self._wake.set()

    def on_audio(self, frame: AudioFrame) -> None:
        """Ignore sound."""

    def close(self) -> None:
        """End the thread."""
        self._stopped.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _run(self) -> None:
        try:
            self.open()
        except UnavailableError as error:
            self._error = error
            return
        finally:
            self._opened.set()
        try:
            while not self._stopped.is_set():
                self._wake.wait(timeout=0.2)
                self._wake.clear()
                frame, self._latest = self._latest, None
                self.draw(frame)
                self._stopped.wait(self._period_s)
        finally:
            self.shut()


class WindowSink(LatestPictureSink):
    """A window by pygame-ce. Closing it hides the picture; the call goes on.

    Args:
        title: The window's title.
    """

    def __init__(self, title: str = "Visavis") -> None:
        super().__init__(rate=30, name="window")
        self._title = title
        self._size: tuple[int, int] | None = None
        self._hidden = False

    def open(self) -> None:
        """Check for a display and load pygame."""
        chosen = os.environ.get("SDL_VIDEODRIVER")
        if sys.platform == "linux" and not chosen:
            # Without a display SDL would draw into memory, which nobody sees.
            if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
                raise UnavailableError(Code.NO_DEVICE, "no display")
        os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
        try:
            import pygame  # noqa: PLC0415 - optional, and slow to load

            pygame.display.init()
        except ImportError:
            raise UnavailableError(Code.NO_DEVICE, "pygame-ce is not installed") from None
        except Exception as error:
            if type(error).__name__ != "error":
                raise
            raise UnavailableError(Code.NO_DEVICE, "no display") from None
        self._pygame = pygame

    def draw(self, frame: VideoFrame | None) -> None:
        """Show a picture and answer the window system."""
        pygame = self._pygame
        if frame is not None and not self._hidden:
            size = (frame.width, frame.height)
            if size != self._size:
                self._size = size
                pygame.display.set_mode(size, pygame.RESIZABLE)
                pygame.display.set_caption(self._title)
            # The person may have dragged the window to another size: fill it, keep the shape.
            screen = pygame.display.get_surface()
            area = screen.get_rect()
            scale = min(area.width / frame.width, area.height / frame.height)
            shown = (max(2, int(frame.width * scale)), max(2, int(frame.height * scale)))
            pixels = frame.to_ndarray(width=shown[0], height=shown[1], format="rgb24")
            picture = pygame.surfarray.make_surface(pixels.swapaxes(0, 1))
            screen.fill(0)
            screen.blit(picture, picture.get_rect(center=area.center))
            pygame.display.flip()
        if self._size is not None:
            for event in pygame.event.get():
                if event.type == pygame.QUIT:
                    self._hidden, self._size = True, None
                    pygame.display.quit()
                    return

    def shut(self) -> None:
        """Close the window."""
        self._pygame.display.quit()


class HalfBlockSink(LatestPictureSink):
    """Truecolor half-blocks: each character shows two pixels, one above the other.

    Args:
        stream: A terminal; standard error by default, for standard output carries results.
        size: Columns and lines; asked of the terminal for each picture by default.
    """

    def __init__(self, stream: TextIO | None = None, size: tuple[int, int] | None = None) -> None:
        super().__init__(rate=TERMINAL_RATE, name="half-blocks")
        self._stream = stream or sys.stderr
        self._fixed = size
        self._last: tuple[int, int] | None = None

    def open(self) -> None:
        """Switch to the alternate screen and hide the cursor."""
        self._stream.write("\x1b[?1049h\x1b[?25l")
        self._stream.flush()

    def draw(self, frame: VideoFrame | None) -> None:
        """Write one picture."""
        if frame is None:
            return
        size = self._fixed or _terminal_size()
        if size != self._last:
            self._stream.write("\x1b[2J")
            self._last = size
        self._stream.write("\x1b[H" + half_blocks(frame, columns=size[0], lines=size[1]))
        self._stream.flush()

    def shut(self) -> None:
        """Give the terminal back as it was."""
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(f"{_RESET}\x1b[?25h\x1b[?1049l")
            self._stream.flush()


def _terminal_size() -> tuple[int, int]:
    size = shutil.get_terminal_size()
    return size.columns, size.lines


def half_blocks(frame: VideoFrame, *, columns: int, lines: int) -> str:
    """Return a picture as text of at most this size, its shape kept.

    Args:
        frame: Any picture.
        columns: Characters across; one pixel each.
        lines: Characters down; two pixels each.
    """
    columns, lines = max(2, columns), max(2, lines)
    scale = min(columns / frame.width, lines * 2 / frame.height)
    width = max(2, int(frame.width * scale))
    height = max(2, int(frame.height * scale) // 2 * 2)
    pixels: NDArray[np.uint8] = frame.to_ndarray(  # type: ignore[assignment]
        width=width, height=height, format="rgb24", interpolation="AREA"
    )
    rows = []
    for upper, lower in zip(pixels[0::2], pixels[1::2], strict=True):
        cells = [
            f"\x1b[38;2;{a[0]};{a[1]};{a[2]};48;2;{b[0]};{b[1]};{b[2]}m▀"
            for a, b in zip(upper.tolist(), lower.tolist(), strict=True)
        ]
        rows.append("".join(cells) + _RESET + "\x1b[K")
    return "\r\n".join(rows)


def open_picture_sink(title: str = "Visavis", stream: TextIO | None = None) -> LatestPictureSink:
    """Return a started window, or half-blocks where there is no display but a terminal.

    Raises:
        UnavailableError: `NO_DEVICE`: neither a display nor a terminal.
    """
    window = WindowSink(title)
    try:
        window.start()
    except UnavailableError:
        target = stream or sys.stderr
        if not target.isatty():
            raise
    else:
        return window
    terminal = HalfBlockSink(target)
    terminal.start()
    return terminal
