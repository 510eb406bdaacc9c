"""Members of whom sound or pictures come that do not open: a pure book.

A few frames fail whenever keys change or packets are lost. Many in a row, and none between that
opens, are sent without the call's keys, or with others. What is late, played back or in another's
place is not told to it (`frame_keys.is_out_of_time`): that may be a slow device's or the server's.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from visavis.core.frame_keys import FrameKind

MANY: Final = 100
"""Frames in a row: two seconds of sound, some four of pictures. Lower: a member whose keys are
late is accused; higher: a person is told later."""


class Unopened:
    """Counts frames that did not open since the last one that did."""

    def __init__(self) -> None:
        self._in_a_row: Counter[tuple[int, FrameKind]] = Counter()

    def opened(self, leaf: int, kind: FrameKind) -> None:
        """A member's frame opened."""
        self._in_a_row.pop((leaf, kind), None)

    def refused(self, leaf: int, kind: FrameKind) -> None:
        """A frame that should have been a member's did not open."""
        self._in_a_row[leaf, kind] += 1

    def gone(self, leaf: int) -> None:
        """A member is gone."""
        for key in [key for key in self._in_a_row if key[0] == leaf]:
            del self._in_a_row[key]

    def leaves(self) -> frozenset[int]:
        """Return of whom nothing opens though it comes."""
        return frozenset(leaf for (leaf, _), count in self._in_a_row.items() if count >= MANY)
