"""What one member heard of the others: when each frame opened, and how much sound is missing.

Missing sound is counted in RTP timestamps (RFC 3550, 5.1) and not by the clock: a machine that
stands still for a moment loses nothing.
"""

from __future__ import annotations

import time
from collections import defaultdict
from itertools import pairwise

from visavis.core.frame_keys import FrameKind
from visavis.media.interfaces import AUDIO_FRAME, AUDIO_RATE

_WRAP = 1 << 32


class Heard:
    """What one member heard."""

    def __init__(self) -> None:
        self._sound: dict[int, list[tuple[float, int]]] = defaultdict(list)
        self._first: dict[int, float] = {}

    def opened(self, leaf: int, kind: FrameKind, timestamp: int) -> None:
        """Note a frame.

        Args:
            leaf: Whose.
            kind: Its kind.
            timestamp: Of its RTP packets.
        """
        if kind == "audio":
            now = time.monotonic()
            self._first.setdefault(leaf, now)
            self._sound[leaf].append((now, timestamp))

    def first(self, leaf: int) -> float | None:
        """Return when the first sound of a member opened (monotonic seconds), None: none yet."""
        return self._first.get(leaf)

    def last(self, leaf: int) -> float:
        """Return when the newest sound of a member opened (monotonic seconds); 0: none yet."""
        sound = self._sound.get(leaf)
        return sound[-1][0] if sound else 0.0

    def forget(self) -> None:
        """Forget when sound came, and not who was heard."""
        self._sound.clear()

    def gone(self, leaf: int) -> None:
        """Forget a member whose place may be another's next."""
        self._sound.pop(leaf, None)
        self._first.pop(leaf, None)

    def missing_ms(self, leaf: int, begin: float, end: float) -> float:
        """Return how much of a member's sound is missing from what came in a span of time.

        Args:
            leaf: Whose.
            begin: Monotonic seconds.
            end: Monotonic seconds.
        """
        return missing_ms([one for one in self._sound.get(leaf, ()) if begin <= one[0] < end])


def missing_ms(sound: list[tuple[float, int]]) -> float:
    """Return the milliseconds between frames that should follow each other and do not.

    Args:
        sound: Time of arrival and RTP timestamp of each frame, in the order of arrival.
    """
    steps = [(after - before) % _WRAP for (_, before), (_, after) in pairwise(sound)]
    # More than half the circle is a step back: another connection of the same member.
    lost = sum(step - AUDIO_FRAME for step in steps if AUDIO_FRAME < step < _WRAP // 2)
    return lost * 1000 / AUDIO_RATE
