"""The end of a turn of the event loop: first every answer to a sender, then every delivery.

A delivery to a connected device is a write to its socket; one to a device that is away is none. If
an answer were written after it, senders could tell by the time it takes which of the two it was.
So all answers of a turn are written before the first delivery of the turn (CK-478), also when
other connections were served in the same turn.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

Work = Callable[[], None]


class EndOfTurn:
    """Runs what was asked for in one turn at its end, answers first. Work must not raise."""

    def __init__(self) -> None:
        self._answers: list[Work] = []
        self._deliveries: list[Work] = []

    def answer(self, work: Work) -> None:
        """Run `work` at the end of this turn, before any delivery."""
        self._schedule()
        self._answers.append(work)

    def deliver(self, work: Work) -> None:
        """Run `work` at the end of this turn, after all answers."""
        self._schedule()
        self._deliveries.append(work)

    def _schedule(self) -> None:
        if not self._answers and not self._deliveries:
            asyncio.get_running_loop().call_soon(self._run)

    def _run(self) -> None:
        answers, self._answers = self._answers, []
        deliveries, self._deliveries = self._deliveries, []
        for work in answers:
            work()
        for work in deliveries:
            work()
