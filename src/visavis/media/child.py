"""A program that runs as a child process of the server, and is kept running.

Not for: what it is told, and when it is ready (`coturn.py`, `janus.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

STOP_TIMEOUT_S: Final = 3.0
HEALTHY_S: Final = 30.0
"""After running this long, a death counts as the first again."""


class Child:
    """One child process at a time; silent, and in nobody's way."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None

    @property
    def process_id(self) -> int | None:
        """Its process id while it runs."""
        return self._process.pid if self._process is not None else None

    @property
    def running(self) -> bool:
        """Whether it runs, as far as we know."""
        return self._process is not None and self._process.returncode is None

    async def run(self, command: Sequence[str], *, pass_fds: Sequence[int] = ()) -> None:
        """Start it.

        Args:
            command: Program and arguments.
            pass_fds: Descriptors that it gets.

        Raises:
            OSError: There is no such program.
        """
        # The kernel ends it if this process dies without being able to (kill -9).
        if (setpriv := shutil.which("setpriv")) is not None:
            command = [setpriv, "--pdeathsig", "TERM", *command]
        self._process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            pass_fds=tuple(pass_fds),
            cwd="/",
            env={"PATH": os.environ.get("PATH", "/usr/bin:/bin")},
            # Not in our group: a Ctrl+C in the terminal is for the server, which stops it.
            start_new_session=True,
        )

    async def ended(self) -> None:
        """Return when it has ended, or at once if it never began."""
        if self._process is not None:
            await self._process.wait()

    async def end(self) -> None:
        """End it by SIGTERM, and by SIGKILL if that does not help; a second call does nothing."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_TIMEOUT_S)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def keep_running(
    gone: Callable[[], Awaitable[None]],
    again: Callable[[], Awaitable[None]],
    pauses_s: Sequence[float],
) -> None:
    """Start something again each time it is gone; until cancelled.

    Args:
        gone: Returns when it is gone.
        again: Tries to start it; a failure is one that is gone at once.
        pauses_s: Pauses before each start in a row; the last one holds for all further ones.
    """
    loop = asyncio.get_running_loop()
    failures = 0
    while True:
        started = loop.time()
        await gone()
        if loop.time() - started > HEALTHY_S:
            failures = 0
        await asyncio.sleep(pauses_s[min(failures, len(pauses_s) - 1)])
        failures += 1
        await again()
