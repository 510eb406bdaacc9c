"""An event loop whose clock jumps: an hour of waiting passes at once, the same way every time.

    result = run(story())

Sleeps, timeouts and `call_later` of asyncio run on virtual seconds, which advance only when
nothing else is left to do. If nothing is left to do and nothing is waited for, the story hangs
for ever, and `run` raises `HangsForeverError` instead.

Not for: threads, subprocesses or sockets; there is nothing real to wait for in here.
"""

from __future__ import annotations

import asyncio
import math
import selectors
from collections.abc import Coroutine, Mapping
from typing import Any, Final, TypeVar

START_S: Final = 1_000.0
"""Virtual seconds at the start: not zero, so that a forgotten base is noticed."""

LIMIT_S: Final = 7_200.0
"""Virtual seconds after which a story counts as hanging: a loop that polls never runs dry."""

_Result = TypeVar("_Result")


class HangsForeverError(AssertionError):
    """Something is awaited that can never happen."""


class _JumpingSelector(selectors.BaseSelector):
    """Never waits: it moves the clock instead."""

    def __init__(self) -> None:
        self.now = START_S
        self.limit_s = LIMIT_S
        self._real = selectors.DefaultSelector()

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = self._real.select(0)
        if ready:
            return ready
        if timeout is None:
            raise HangsForeverError("nothing is left to do, and something is still awaited")
        self.now += max(0.0, timeout)
        if self.now > START_S + self.limit_s:
            limit_s, self.limit_s = self.limit_s, math.inf  # Let the story clean up.
            raise HangsForeverError(f"not done after {limit_s} virtual seconds")
        return []

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._real.get_map()

    def close(self) -> None:
        self._real.close()


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop on virtual seconds."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Return virtual seconds."""
        return self._jumping.now


def run(story: Coroutine[Any, Any, _Result]) -> _Result:
    """Run a coroutine on a virtual clock.

    Raises:
        HangsForeverError: It awaits what can never happen.
    """
    loop = VirtualLoop()
    try:
        main = loop.create_task(story)
        try:
            return loop.run_until_complete(main)
        finally:
            left = asyncio.all_tasks(loop)
            for task in left:
                task.cancel()
            if left:
                loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
    finally:
        loop.close()


def now() -> float:
    """Return the running loop's seconds."""
    return asyncio.get_running_loop().time()
