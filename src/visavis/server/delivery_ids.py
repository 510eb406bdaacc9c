"""Random delivery ids, drawn from the operating system many at a time.

A call to the kernel for each envelope would be a tenth of the whole cost of relaying it.
"""

from __future__ import annotations

from typing import Final

from visavis.ports.bus import DELIVERY_ID_BYTES
from visavis.ports.random import Rng

_BATCH: Final = 256


class DeliveryIds:
    """Hands out 16 fresh random bytes at a time.

    Args:
        rng: Source of randomness.
    """

    def __init__(self, rng: Rng) -> None:
        self._rng = rng
        self._ids: list[bytes] = []

    def take(self) -> bytes:
        """Return an id that was never handed out before."""
        if not self._ids:
            pool = self._rng(_BATCH * DELIVERY_ID_BYTES)
            self._ids = [
                pool[start : start + DELIVERY_ID_BYTES]
                for start in range(0, len(pool), DELIVERY_ID_BYTES)
            ]
        return self._ids.pop()
