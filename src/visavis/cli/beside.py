"""What goes on beside a call at the terminal, and ends with it.

Not for: what is asked and said there (`recording_talk`, `receipt_talk`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from visavis.cli.output import Output


class Beside:
    """Work that goes on as long as a call does."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Begin some."""
        self._tasks.add(asyncio.create_task(work))

    async def end(self) -> list[Exception]:
        """End all of it; return what went wrong in it, which the caller raises at its own end."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        return [end for end in ends if isinstance(end, Exception)]


def say_nobody_asked(out: Output, *, writes: bool) -> None:
    """Say why the person at the terminal could not be asked, and that this is a no.

    Args:
        out: Where it is said.
        writes: What is typed is text for the other side.
    """
    why = "With --text your keys are what you write" if writes else "There is no terminal to ask in"
    out.say(f"{why}, so nobody was asked. That is no answer, which is no.")
