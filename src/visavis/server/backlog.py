"""How much may wait for one device: the bound that keeps a mailbox from filling the disk.

Quotas count what one capability sends (P12). This bound counts what all senders of one mailbox
left waiting, and is set so high that nobody reaches it alone: 30 days of one capability's quota
are 30 MiB. Reaching it takes many senders together, who would then learn that the device has not
been collecting: an honest limit.
"""

from __future__ import annotations

from typing import Final

from visavis.ports.clock import Clock, day_of
from visavis.ports.store import DeliveryStore

BACKLOG_BYTES: Final = 256 * 1024 * 1024
"""Bytes that may wait for one mailbox. Lower than a few times 30 MiB and one sender could tell an
absent device from a present one; higher lets a conspiracy fill the disk sooner."""

RECOUNT_S: Final = 60.0


class Backlog:
    """Keeps an upper estimate of what waits per mailbox; asks the store before it refuses.

    Args:
        store: Knows the truth.
        clock: For the day and the pace of recounting.
        bound: Bytes, see `BACKLOG_BYTES`.
    """

    def __init__(self, store: DeliveryStore, clock: Clock, bound: int = BACKLOG_BYTES) -> None:
        self._store = store
        self._clock = clock
        self._bound = bound
        self._bytes: dict[bytes, int] = {}
        self._counted_at = float("-inf")

    async def recount(self) -> None:
        """Replace the estimate by the truth; called at start, hourly, and before refusing."""
        self._counted_at = self._clock.monotonic()
        self._bytes = dict(await self._store.stored_bytes(day_of(self._clock.now())))

    async def admit(self, mailbox: bytes, size: int) -> bool:
        """Count a new envelope, or return False if the mailbox is full (CK-476)."""
        waiting = self._bytes.get(mailbox, 0) + size
        if waiting > self._bound:
            if self._clock.monotonic() < self._counted_at + RECOUNT_S:
                return False
            await self.recount()
            waiting = self._bytes.get(mailbox, 0) + size
            if waiting > self._bound:
                return False
        self._bytes[mailbox] = waiting
        return True
