"""The frames of a call as a recording takes them: opened ones of others, our own before sealing.

    others    after a frame was opened and found to be its sender's, with its time by RTP
    our own   as one of our encoders made it: in a mesh there is one for each member, and one counts

Not for: who may be recorded (`core/recording_tape` drops the rest), or writing anything.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

Track: TypeAlias = Literal["audio", "video", "screen"]

Take: TypeAlias = Callable[[int | None, Track, float, bytes], bool]
"""Takes whose frame (a leaf; None: our own), of what, when it is to be heard or seen (seconds, as
the event loop counts), and the frame; says whether a key frame of that track is wanted."""

RATES: Final[Mapping[Track, int]] = MappingProxyType(
    {"audio": 48_000, "video": 90_000, "screen": 90_000}
)
"""Ticks of RTP in a second (RFC 7587, 4.1; RFC 7741, 4.2)."""

OFF_S: Final = 0.2
"""How far a clock of RTP may be from when frames come. Higher: a slow network shifts what was
said; lower: jitter gets into the recording. It also is how late a cutter takes a packet."""

SILENT_S: Final = 0.5
"""After so long without a frame of one encoder of ours another one counts."""

HANDED_ON_S: Final = 0.1
"""How long frames of ours wait for one of somebody else. A wake of the event loop for each of them
would cost more than all the rest of recording it. Higher: the last ones of a recording are lost;
lower: more wakes where nobody else is heard."""

_WRAP: Final = 2**32


class FrameClock:
    """Turns RTP timestamps of one track into seconds of the event loop.

    Args:
        rate: Ticks in a second.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._last: tuple[int, float] | None = None

    def at(self, timestamp: int, now: float) -> float:
        """Return when a frame is to be heard or seen; anew from `now` if that is far off.

        Args:
            timestamp: Of RTP (RFC 3550, 5.1), which wraps.
            now: When it came.
        """
        if self._last is None:
            at = now
        else:
            before, was = self._last
            ahead = (timestamp - before + _WRAP // 2) % _WRAP - _WRAP // 2
            at = was + ahead / self._rate
            if abs(at - now) > OFF_S:
                at = now
        self._last = timestamp, at
        return at


@dataclass(slots=True)
class _Own:
    """Which encoder of ours counts, and since when it was silent."""

    encoder: object
    last: float


class FrameTap:
    """Hands on what passes in one call; made on the event loop.

    Args:
        take: Given each frame, on the event loop.
    """

    def __init__(self, take: Take) -> None:
        self._take = take
        self._loop = asyncio.get_running_loop()
        self._clocks: dict[tuple[int, Track], FrameClock] = {}
        self._own: dict[Track, _Own] = {}
        self._waiting: deque[tuple[Track, float, bytes]] = deque()
        self._handed_on = self._loop.time()
        self.owes_key_frame = False
        """Whether the next picture of ours is to be a key frame."""

    def opened(self, leaf: int, track: Track, timestamp: int, data: bytes) -> bool:
        """Hand on a frame of a member, and what waits of ours.

        Returns:
            Whether a key frame of them is wanted.
        """
        self._hand_on()
        clock = self._clocks.setdefault((leaf, track), FrameClock(RATES[track]))
        return self._take(leaf, track, clock.at(timestamp, self._loop.time()), data)

    def sent(self, encoder: object, track: Track, data: bytes) -> None:
        """Hand on a frame of ours; called in worker threads.

        Args:
            encoder: Which of ours made it.
            track: Of what.
            data: As it was made, before it is sealed.
        """
        now = self._loop.time()
        own = self._own.get(track)
        if own is None or own.encoder is encoder or now - own.last > SILENT_S:
            self._own[track] = _Own(encoder, now)
            self._waiting.append((track, now, data))
            if now - self._handed_on > HANDED_ON_S:
                self._loop.call_soon_threadsafe(self._hand_on)

    def _hand_on(self) -> None:
        self._handed_on = self._loop.time()
        while self._waiting:
            track, at, data = self._waiting.popleft()
            if self._take(None, track, at, data):
                self.owes_key_frame = True
