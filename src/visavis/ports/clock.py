"""Clock: the one way code outside `core` learns the time.

Three questions, three methods: which day it is for what is stored (never finer: R-30), how long ago
something was for what lives in memory, and waiting. Tests replace it by a virtual clock.
"""

from __future__ import annotations

import asyncio
import time
from datetime import date, timedelta
from typing import Final, Protocol

DAY_S: Final = 86_400


class Clock(Protocol):
    """Time, as an argument."""

    def now(self) -> float:
        """Return unix seconds (UTC). For days and for signed expiry times only."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never go back; the zero point means nothing."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        """Return unix seconds (UTC)."""
        return time.time()

    def monotonic(self) -> float:
        """Return seconds since some fixed moment."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`."""
        await asyncio.sleep(seconds)


def day_of(unix_s: float) -> int:
    """Return the day (days since 1970-01-01, UTC) that holds a moment.

    This is the only time resolution the server stores (R-30: finer stamps give back contacts).
    """
    return int(unix_s // DAY_S)


def date_of(day: int) -> date:
    """Return the date of a day (days since 1970-01-01).

    Raises:
        OverflowError: No calendar has it.
    """
    return date(1970, 1, 1) + timedelta(days=day)


def day_text(day: int) -> str:
    """Return a day as YYYY-MM-DD; one that somebody else wrote may be in no calendar."""
    try:
        return date_of(day).isoformat()
    except OverflowError:
        return f"day {day}"
