"""Runs one piece of work in a process of its own, and tells how much memory it took at most.

    python -m bench.recording_child REPORT sdk PROFILE PASSWORD_FILE RECORDING TARGET
    python -m bench.recording_child REPORT cli WORD ...     what `visavis WORD ...` does

What was the process's before it began, the program and its libraries, counts too.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path


def peak_kb() -> int:
    """Return the most memory that this program had (VmHWM of proc(5)): resident, in kilobytes.

    What `getrusage` tells would begin with that of the process that started this one.
    """
    text = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line for line in text.splitlines() if line.startswith("VmHWM:")).split()[1])


async def export(profile: str, password_file: str, recording: str, target: str) -> int:
    """Export by the SDK; return how often it told how far it is, never going back."""
    from visavis.sdk.client import Client

    password = Path(password_file).read_text(encoding="utf-8").strip()
    told: list[int] = []

    def tell(done: int, whole: int) -> None:
        percent = 100 * done // whole
        if not told or percent > told[-1]:
            told.append(percent)

    async with await Client.open(Path(profile), password) as client:
        (kept,) = [
            one for one in client.recordings.all() if bytes(one.ask).hex().startswith(recording)
        ]
        await client.recordings.export(kept, Path(target), tell)
    return len(told)


def main() -> None:
    report, kind, *words = sys.argv[1:]
    began, before, steps = time.monotonic(), peak_kb(), 0
    try:
        if kind == "sdk":
            steps = asyncio.run(export(*words))
        else:
            from visavis.cli.main import main as visavis

            visavis(words)
    finally:
        figures = {
            "seconds": time.monotonic() - began,
            "before_kb": before,
            "peak_kb": peak_kb(),
            "steps": steps,
        }
        Path(report).write_text(json.dumps(figures), encoding="utf-8")


if __name__ == "__main__":
    main()
