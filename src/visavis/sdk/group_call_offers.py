"""How often a member may offer us a connection of the mesh anew (CK-874).

Whoever offers waits `AGAIN_S` between two attempts, so an honest member never goes beyond this;
each offer makes us drop a connection and make another one. Not for: what an offer says
(`group_call_mesh`). Twin: `web/media/group_offers.ts`.
"""

from __future__ import annotations

from typing import Final

AGAIN_S: Final = 3.0
"""Seconds between two attempts."""

OFFERS_AT_ONCE: Final = 5
"""Offers of one member that are taken one right after the other; then one every `AGAIN_S`.
Higher: a member has us make more connections at once. Lower: what a slow network held back and
brings in one go is not all taken."""


class Offers:
    """What one member offered lately."""

    def __init__(self) -> None:
        self._paid_at = 0.0
        """When all that were taken will have had their `AGAIN_S`."""

    def takes(self, now: float) -> bool:
        """Say whether one more offer is taken; `now` is in seconds of one clock."""
        paid_at = max(self._paid_at, now)
        if paid_at - now > (OFFERS_AT_ONCE - 1) * AGAIN_S:
            return False
        self._paid_at = paid_at + AGAIN_S
        return True
