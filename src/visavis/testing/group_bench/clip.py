"""Sound and pictures that are encoded once and sent over and over, each frame when it is due.

Opus as the product sends it (mono, 20 ms, constant size), VP8 small enough for one packet a
picture: what is measured is the call, and not an encoder.
"""

from __future__ import annotations

import asyncio
import math
from array import array
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from typing import Any, Final

from av import AudioFrame, CodecContext, VideoFrame
from av.packet import Packet

from visavis.media.encoders import OPUS_BIT_RATE
from visavis.media.interfaces import AUDIO_FRAME, AUDIO_RATE, Kind

PICTURES_PER_S: Final = 10
WIDTH: Final = 160
HEIGHT: Final = 96
VIDEO_BIT_RATE: Final = 60_000
SECONDS: Final = 2
VIDEO_RATE: Final = 90_000

LATE_S: Final = 0.1
"""Behind its time by so much, a frame counts as late: the machine stood still."""


@dataclass(frozen=True, slots=True)
class Clip:
    """Encoded frames of some seconds, by kind."""

    frames: dict[Kind, tuple[bytes, ...]] = field(repr=False)


@cache
def clip() -> Clip:
    """Encode it."""
    return Clip({"audio": _sound(), "video": _pictures()})


def _sound() -> tuple[bytes, ...]:
    codec = CodecContext.create("libopus", "w")
    codec.bit_rate, codec.format, codec.layout = OPUS_BIT_RATE, "s16", "mono"
    codec.sample_rate, codec.time_base = AUDIO_RATE, Fraction(1, AUDIO_RATE)
    codec.options = {"application": "voip", "vbr": "off", "frame_duration": "20"}
    packets: list[bytes] = []
    for number in range(SECONDS * AUDIO_RATE // AUDIO_FRAME):
        first = number * AUDIO_FRAME
        tone = (math.sin(440 * math.tau * n / AUDIO_RATE) for n in range(first, first + 960))
        frame = AudioFrame(format="s16", layout="mono", samples=AUDIO_FRAME)
        frame.planes[0].update(array("h", (int(6_000 * value) for value in tone)).tobytes())
        frame.sample_rate, frame.time_base = AUDIO_RATE, Fraction(1, AUDIO_RATE)
        frame.pts = first
        packets += [bytes(packet) for packet in codec.encode(frame)]
    return tuple(packets)


def _pictures() -> tuple[bytes, ...]:
    codec = CodecContext.create("libvpx", "w")
    codec.width, codec.height, codec.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    codec.bit_rate, codec.time_base = VIDEO_BIT_RATE, Fraction(1, PICTURES_PER_S)
    codec.options = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}
    packets: list[bytes] = []
    for number in range(SECONDS * PICTURES_PER_S):
        frame = VideoFrame(WIDTH, HEIGHT, "yuv420p")
        for plane in frame.planes:
            line = bytes((x + 3 * number) % 256 for x in range(plane.line_size))
            plane.update(line * plane.height)
        frame.pts, frame.time_base = number, Fraction(1, PICTURES_PER_S)
        packets += [bytes(packet) for packet in codec.encode(frame)]
    return tuple(packets)


class EncodedSource:
    """One member's microphone and camera: a `MediaSource` whose frames are encoded already.

    Args:
        played: What it sends; None: the bench's own.

    Attributes:
        sent: Frames that were due and handed out.
        late: How many of them came late.
    """

    def __init__(self, played: Clip | None = None) -> None:
        self._played = played or clip()
        self._begun: dict[Kind, float] = {}
        self._counts: dict[Kind, int] = {"audio": 0, "video": 0}
        self.sent = self.late = 0

    async def start(self) -> None:
        """Do nothing."""

    async def next_audio(self) -> Packet[Any]:
        """Return the next 20 ms when they are due."""
        return await self._next("audio", AUDIO_FRAME, AUDIO_RATE)

    async def next_video(self) -> Packet[Any]:
        """Return the next picture when it is due."""
        return await self._next("video", VIDEO_RATE // PICTURES_PER_S, VIDEO_RATE)

    def close_video(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""

    async def _next(self, kind: Kind, ticks: int, rate: int) -> Packet[Any]:
        loop = asyncio.get_running_loop()
        count, self._counts[kind] = self._counts[kind], self._counts[kind] + 1
        due = self._begun.setdefault(kind, loop.time()) + count * ticks / rate
        behind = loop.time() - due
        if behind < 0:
            await asyncio.sleep(-behind)
        self.sent += 1
        if behind > LATE_S:
            # Its clock stood still with the machine. Sending at once what is overdue would overflow
            # sockets, and what is lost there is no gap of a call.
            self.late += 1
            self._begun[kind] += behind
        frames = self._played.frames[kind]
        packet: Packet[Any] = Packet(frames[count % len(frames)])
        packet.pts, packet.time_base = count * ticks, Fraction(1, rate)
        return packet
