"""A call's media held back while whoever came has not answered what is asked (P17).

Not for: when that is (`core/recording`), or sealing and opening (`media.call_frames`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from visavis.sdk.recording_parts import Gate


class Hold:
    """Holds media back in one call, and lets it pass.

    Args:
        frames: Where frames are sealed and opened.
        monotonic: Returns seconds that never go backwards.
        over: Told when the time is over, at least the one that was said.
    """

    def __init__(
        self, frames: Gate, monotonic: Callable[[], float], over: Callable[[float], None]
    ) -> None:
        self._frames = frames
        self._monotonic = monotonic
        self._over = over
        self._timer: asyncio.TimerHandle | None = None

    def hold(self, until: float) -> None:
        """Let nothing pass, and tell when that time has come."""
        self.forget()
        wait_s = max(0.0, until - self._monotonic())
        self._timer = asyncio.get_running_loop().call_later(wait_s, self._rings, until)
        self._frames.hold()

    def release(self) -> None:
        """Let it pass again."""
        self.forget()
        self._frames.release()

    def forget(self) -> None:
        """Tell of no time any more; what is held stays so."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _rings(self, until: float) -> None:
        # An event loop may ring a clock tick early; the machine would wait for a second bell.
        self._timer = None
        self._over(max(until, self._monotonic()))
