"""Keys that are pressed during a call: one reader, and whose turn it is to ask.

    async with reading(free=True) as keys:      # None: nobody can press anything
        async with keys.turn():
            choice = await keys.press("yn", while_=lambda: is_asked)

A question waits until the one before it is answered. A key that takes something back works all the
time, whatever is asked. A key that nobody waits for is dropped: too early, it answers nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Final

from visavis.cli import ask

LOOK_S: Final = 0.3
"""Between two looks at whether a question still stands."""


class Keys:
    """What is pressed, given to whoever waits for it."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._waiting: tuple[str, asyncio.Future[str]] | None = None
        self._is_closed = False
        self.always: dict[str, Callable[[], None]] = {}
        """Keys that work whatever is asked."""

    def turn(self) -> AbstractAsyncContextManager[None]:
        """Wait for one's turn to ask; it lasts as long as the block."""
        return self._turn

    async def press(self, known: str, while_: Callable[[], bool]) -> str:
        """Return the next of the `known` keys, "" once the question does not stand any more."""
        pressed = asyncio.get_running_loop().create_future()
        self._waiting = known, pressed
        try:
            while while_() and not self._is_closed and not pressed.done():
                await asyncio.wait([pressed], timeout=LOOK_S)
            return str(pressed.result()) if pressed.done() else ""
        finally:
            self._waiting = None

    def take(self, typed: bytes) -> None:
        """Take what was typed."""
        for key in typed.decode(errors="replace").lower():
            if self._waiting is not None and key in self._waiting[0]:
                # One key answers one question, however many were typed in a breath.
                self._waiting[1].set_result(key)
                self._waiting = None
            elif key in self.always:
                self.always[key]()

    async def read(self) -> None:
        """Read until the end of input."""
        try:
            async for typed in ask.typed():
                self.take(typed)
        finally:
            self._is_closed = True


@contextlib.asynccontextmanager
async def reading(*, free: bool = True) -> AsyncIterator[Keys | None]:
    """Read keys as long as the block lasts.

    Args:
        free: Nobody else reads what is typed.

    Yields:
        The keys; None: there is no terminal, or it is not free.
    """
    if not (free and ask.interactive()):
        yield None
        return
    keys = Keys()
    with ask.unechoed():
        task = asyncio.create_task(keys.read())
        try:
            yield keys
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
