"""Who speaks, by how loud the sound is that this device decoded.

No member says how loud it is, and no packet shows it (the RFC 6464 header extension is never
agreed on): only who can hear somebody knows that they speak. Pure: frames in, leaves out.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from av import AudioFrame

SMOOTHING: Final = 0.1
"""Weight of the newest 20 ms. Higher follows speech faster; lower is not fooled by a cough."""

SPEECH: Final = 300.0
"""Root mean square of 16-bit samples above which somebody speaks: some -40 dBFS."""

LOUDER: Final = 1.5
"""How much louder another one has to be to take the place of who speaks."""


class Levels:
    """Levels of the members, by leaf."""

    def __init__(self) -> None:
        self._levels: dict[int, float] = {}
        self._speaker: int | None = None

    def hear(self, leaf: int, frame: AudioFrame) -> None:
        """Take a member's sound, 16-bit."""
        sound = frame.to_ndarray().astype(np.float64)
        loud = float(np.sqrt(np.mean(np.square(sound)))) if sound.size else 0.0
        before = self._levels.get(leaf, 0.0)
        self._levels[leaf] = before + SMOOTHING * (loud - before)

    def forget(self, leaf: int) -> None:
        """A member is gone."""
        self._levels.pop(leaf, None)

    def speaking(self) -> list[int]:
        """Return who speaks, the one to be shown large first.

        Whoever is first stays first until another one is clearly louder, or they fall silent.
        """
        speaking = {leaf: level for leaf, level in self._levels.items() if level > SPEECH}
        ordered = sorted(speaking, key=lambda leaf: (-speaking[leaf], leaf))
        if not ordered:
            return []
        kept = self._speaker
        if kept not in speaking or speaking[ordered[0]] > LOUDER * speaking[kept]:
            kept = ordered[0]
        self._speaker = kept
        return [kept, *(leaf for leaf in ordered if leaf != kept)]
