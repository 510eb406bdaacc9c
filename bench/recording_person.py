"""One person of a call that is recorded, in a process of its own; see `recording_cost`."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from visavis.core.recording_types import Kind
from visavis.sdk.recording_objects import CallRecording, Wanted
from visavis.testing.demo.peer import Peer, emit, serve_commands

BOTH = frozenset({Kind.AUDIO, Kind.VIDEO})


async def until(recording: CallRecording, holds: Callable[[], object]) -> None:
    """Wait for something that the recording of a call shows."""
    async with asyncio.timeout(60):
        async for _ in recording.changes():
            if holds():
                return
    raise RuntimeError("the call ended")


class Person(Peer):
    """A peer of the demo that records, or agrees to that."""

    async def _talk(self, ongoing: Any) -> None:
        self._ongoing = ongoing
        await super()._talk(ongoing)

    async def record(self) -> None:
        """Ask, and wait until all that there is to record is recorded."""
        recording = self._ongoing.recording
        await until(recording, lambda: recording.may_not_ask is None)
        await recording.ask(Wanted(BOTH, "What it costs"))
        await until(recording, lambda: recording.recorded)
        emit("records")

    async def agree(self) -> None:
        """Say yes to the next request."""
        recording = self._ongoing.recording
        await until(recording, lambda: recording.requests)
        await recording.agree(recording.requests[-1].id, BOTH)
        emit("agreed")

    async def stop(self) -> None:
        """Stop recording."""
        recording = self._ongoing.recording
        recording.stop()
        await until(recording, lambda: not recording.recorded)
        emit("stopped")

    async def weigh(self, seconds: float) -> None:
        """Tell what this process did in so many seconds."""
        before = self._figures()
        await asyncio.sleep(seconds)
        after = self._figures()
        emit("weighed", **{name: after[name] - before[name] for name in after})

    def _figures(self) -> dict[str, float]:
        stats = self._ongoing.stats()
        recordings = self.client.recordings
        kept = [recordings.path(one) for one in recordings.all()]
        return {
            "cpu_s": time.process_time(),
            "wall_s": time.monotonic(),
            "sent": stats.frames_sent,
            "decoded": stats.frames_decoded,
            "bytes": sum(path.stat().st_size for path in kept),
        }


def main() -> None:
    """Run: PROFILE PASSWORD_FILE."""
    profile, password_file = map(Path, sys.argv[1:3])
    password = password_file.read_text(encoding="utf-8").strip()

    async def run() -> None:
        await serve_commands(Person(profile, password))

    asyncio.run(run())


if __name__ == "__main__":
    main()
