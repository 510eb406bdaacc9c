"""How many bytes somebody may cost: so many a second in the long run, and some at once.

A token bucket in memory. Not for: what a capability may do in a day (`quotas`).
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Allowance:
    """What is left of one.

    Args:
        per_s: Bytes a second that come back.
        most: Bytes at once: as many as there are at first.
        at: Monotonic seconds when it begins.
    """

    per_s: int
    most: int
    at: float = 0.0
    _left: float = field(init=False)

    def __post_init__(self) -> None:
        self._left = float(self.most)

    def spend(self, cost: int, now: float) -> bool:
        """Take so many bytes, if there are as many; say whether."""
        self._left = min(float(self.most), self._left + (now - self.at) * self.per_s)
        self.at = now
        if self._left < cost:
            return False
        self._left -= cost
        return True

    def owe(self, cost: int) -> None:
        """Take bytes that were spent already, also if there are not as many."""
        self._left -= cost
