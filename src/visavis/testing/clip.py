"""The clip that ships for demo and tests, and the frame counter that can be read off its picture.

The counter is a band of 32 large black and white cells near the lower edge: 16 bits of number,
16 bits of checksum. It survives VP8 at low bit rates and scaling, and is read from *decoded*
pictures, so it proves that a picture arrived and which one. Noise, grey, and pictures of anything
else are never read as a number: each cell must be clearly dark or clearly light and even, and
the checksum must fit.

`tools/make_clip.py` makes the clip.
"""

from __future__ import annotations

import binascii
import pathlib
from typing import Any, Final

import numpy as np
from av import VideoFrame
from numpy.typing import NDArray

CLIP_SECONDS: Final = 10
CLIP_RATE: Final = 15
CLIP_FRAMES: Final = CLIP_SECONDS * CLIP_RATE

COLUMNS: Final = 16
ROWS: Final = 2
BAND: Final = (0.79, 0.97, 0.04, 0.96)
"""Top, bottom, left and right of the band, as shares of the picture's sides."""

_DARK: Final = 90
_LIGHT: Final = 165
_UNEVEN: Final = 34
"""Limits of mean and spread of a cell's luma. Narrower misses counters that a poor encoder blurred,
wider lets noise come near; the checksum stands behind both."""

Picture = NDArray[np.uint8]


def clip_path() -> pathlib.Path:
    """Return the shipped clip: VP8 and Opus in WebM, 10 s, made to loop."""
    return pathlib.Path(__file__).with_name("data") / "clip.webm"


def draw_counter(picture: Picture, number: int) -> None:
    """Draw a number into a picture.

    Args:
        picture: Height x width x 3, changed in place; at least 160 x 120.
        number: 0 to 65535.
    """
    height, width = picture.shape[:2]
    top, bottom, left, right = BAND
    margin = max(2, height // 60)
    picture[
        int(top * height) - margin : int(bottom * height) + margin,
        int(left * width) - margin : int(right * width) + margin,
    ] = 128
    for bit, cell in zip(_bits(number), _cells(height, width), strict=True):
        picture[cell] = 255 if bit else 0


def read_counter(picture: NDArray[Any]) -> int | None:
    """Read the number off a decoded picture.

    Args:
        picture: Height x width of luma, or height x width x 3 of RGB; 8 bits.

    Returns:
        0 to 65535, or None if there is no such band or its checksum does not fit.
    """
    luma = picture if picture.ndim == 2 else picture.mean(axis=2)
    height, width = luma.shape
    if height < 60 or width < 80:
        return None
    bits = []
    for rows, columns in _cells(height, width):
        cell = luma[_middle(rows), _middle(columns)]
        mean = float(cell.mean())
        if _DARK < mean < _LIGHT or float(cell.std()) > _UNEVEN:
            return None
        bits.append(mean >= _LIGHT)
    value = sum(1 << index for index, bit in enumerate(reversed(bits)) if bit)
    number, checksum = value >> 16, value & 0xFFFF
    return number if checksum == _checksum(number) else None


def read_frame(frame: VideoFrame) -> int | None:
    """Read the number off a decoded frame."""
    return read_counter(frame.to_ndarray(format="gray"))


def _checksum(number: int) -> int:
    # Something before the number, for else an all-black band would read as 0.
    return binascii.crc_hqx(b"vv" + number.to_bytes(2, "big"), 0xFFFF)


def _bits(number: int) -> list[bool]:
    value = number << 16 | _checksum(number)
    return [bool(value >> shift & 1) for shift in range(31, -1, -1)]


def _cells(height: int, width: int) -> list[tuple[slice, slice]]:
    top, bottom, left, right = BAND
    ys = np.linspace(top * height, bottom * height, ROWS + 1).round().astype(int)
    xs = np.linspace(left * width, right * width, COLUMNS + 1).round().astype(int)
    return [
        (slice(int(ys[row]), int(ys[row + 1])), slice(int(xs[column]), int(xs[column + 1])))
        for row in range(ROWS)
        for column in range(COLUMNS)
    ]


def _middle(span: slice) -> slice:
    """Leave out a quarter at each end, where neighbours bleed in."""
    quarter = (span.stop - span.start) // 4
    return slice(span.start + quarter, span.stop - quarter)
