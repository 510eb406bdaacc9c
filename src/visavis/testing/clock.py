"""A clock that moves only when a test says so."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from typing import Final

NOON: Final = 20_000 * 86_400 + 43_200.0
"""Noon of day 20,000 (2024-10-04): half a day from either end."""


class VirtualClock:
    """The Clock port under a test's control.

    Args:
        now: Unix seconds at the start.
    """

    def __init__(self, now: float = NOON) -> None:
        self._now = now
        self._monotonic = 1_000.0
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> float:
        """Return unix seconds."""
        return self._now

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return self._monotonic

    async def sleep(self, seconds: float) -> None:
        """Return once `advance` has moved past the moment."""
        waker: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._monotonic + seconds, next(self._order), waker))
        await waker

    async def advance(self, seconds: float) -> None:
        """Move time forward, waking sleepers in order of their moments."""
        end = self._monotonic + seconds
        while self._sleepers and self._sleepers[0][0] <= end:
            due, _, waker = heapq.heappop(self._sleepers)
            self._move(due)
            if not waker.done():
                waker.set_result(None)
            for _ in range(3):  # let whoever woke up run and perhaps sleep again
                await asyncio.sleep(0)
        self._move(end)

    async def jump(self, seconds: float) -> None:
        """Move time forward at once, as if the machine had slept: each sleeper wakes once."""
        self._move(self._monotonic + seconds)
        while self._sleepers and self._sleepers[0][0] <= self._monotonic:
            _, _, waker = heapq.heappop(self._sleepers)
            if not waker.done():
                waker.set_result(None)
        for _ in range(3):  # let whoever woke up run
            await asyncio.sleep(0)

    def _move(self, monotonic: float) -> None:
        self._now += max(0.0, monotonic - self._monotonic)
        self._monotonic = max(self._monotonic, monotonic)
