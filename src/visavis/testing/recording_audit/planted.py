"""The tone and the picture that are planted: made anew each time, encoded once, sent over and over.

Nothing else in the world has them, so what is found was sent. Over the tone lies a little noise,
and so does over the picture: each frame is then unlike every other and has no long even parts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final

import numpy as np
from av import AudioFrame, CodecContext, VideoFrame
from numpy.typing import NDArray

from visavis.media.encoders import OPUS_BIT_RATE
from visavis.media.interfaces import AUDIO_FRAME, AUDIO_RATE
from visavis.testing.group_bench.clip import HEIGHT, PICTURES_PER_S, SECONDS, WIDTH, Clip

VIDEO_BIT_RATE: Final = 200_000
"""Bits per second: a picture takes one packet or some, as in any call."""

TONES_HZ: Final = range(1_000, 3_000, 50)
"""Whole periods in 20 ms, so that a frame has its tone in one place of the spectrum."""

_TONE: Final = 8_000
_HISS: Final = 200
"""Amplitude and noise, of 32,767."""

_BLOCK: Final = 16
_GRAIN: Final = 6
"""Sides of the picture's blocks, and how much its points differ within one, of 255."""

Luma = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Planted:
    """What is sent.

    Attributes:
        clip: Its encoded frames.
        tone_hz: The tone.
        pictures: Luma of each picture, height x width.
    """

    clip: Clip
    tone_hz: int
    pictures: tuple[Luma, ...] = field(repr=False)

    @classmethod
    def make(cls, seed: int) -> Planted:
        """Make a tone and a moving picture, and encode them.

        Args:
            seed: Another one gives others.
        """
        random = np.random.default_rng(seed)
        tone_hz = int(random.choice(TONES_HZ))
        pictures = _pictures(random)
        sound = _encoded_sound(tone_hz, random)
        return cls(Clip({"audio": sound, "video": _encoded(pictures)}), tone_hz, pictures)


def _encoded_sound(tone_hz: int, random: np.random.Generator) -> tuple[bytes, ...]:
    codec = CodecContext.create("libopus", "w")
    codec.bit_rate, codec.format, codec.layout = OPUS_BIT_RATE, "s16", "mono"
    codec.sample_rate, codec.time_base = AUDIO_RATE, Fraction(1, AUDIO_RATE)
    codec.options = {"application": "voip", "vbr": "off", "frame_duration": "20"}
    packets: list[bytes] = []
    for first in range(0, SECONDS * AUDIO_RATE, AUDIO_FRAME):
        at = np.arange(first, first + AUDIO_FRAME)
        tone = _TONE * np.sin(2 * np.pi * tone_hz * at / AUDIO_RATE)
        samples = (tone + random.normal(0, _HISS, AUDIO_FRAME)).astype(np.int16)
        frame = AudioFrame(format="s16", layout="mono", samples=AUDIO_FRAME)
        frame.planes[0].update(samples.tobytes())
        frame.sample_rate, frame.time_base, frame.pts = AUDIO_RATE, codec.time_base, first
        packets += [bytes(packet) for packet in codec.encode(frame)]
    return tuple(packets)


def _pictures(random: np.random.Generator) -> tuple[Luma, ...]:
    """Return blocks of grey that move up by one each time."""
    count = SECONDS * PICTURES_PER_S
    rows, columns = HEIGHT // _BLOCK, WIDTH // _BLOCK
    blocks = random.integers(40, 216, (rows + count, columns))
    grain = random.normal(0, _GRAIN, (HEIGHT, WIDTH))
    square = np.ones((_BLOCK, _BLOCK))
    return tuple(
        (np.kron(blocks[first : first + rows], square) + grain).clip(0, 255).astype(np.uint8)
        for first in range(count)
    )


def _encoded(pictures: tuple[Luma, ...]) -> tuple[bytes, ...]:
    codec = CodecContext.create("libvpx", "w")
    codec.width, codec.height, codec.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    codec.bit_rate, codec.time_base = VIDEO_BIT_RATE, Fraction(1, PICTURES_PER_S)
    codec.options = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}
    packets: list[bytes] = []
    for number, picture in enumerate(pictures):
        frame: Any = VideoFrame(WIDTH, HEIGHT, "yuv420p")
        luma, *colours = frame.planes
        rows = np.zeros((HEIGHT, luma.line_size), np.uint8)
        rows[:, :WIDTH] = picture
        luma.update(rows.tobytes())
        for plane in colours:
            plane.update(bytes([128]) * plane.buffer_size)
        frame.pts, frame.time_base = number, codec.time_base
        packets += [bytes(packet) for packet in codec.encode(frame)]
    return tuple(packets)
