"""What recording costs the client that records: processor time, in turn with not recording."""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from visavis.testing.clip import clip_path
from visavis.testing.demo.process import PeerProcess, become_contacts
from visavis.testing.server import running_server

CALLS = 10
ASKS = 3
"""Recordings in a call: nobody may ask more often."""

BLOCK_S = 5.0
"""As long as a part is: each block has its share of sealed parts and key frames."""

SETTLE_S = 5.0
BOUND = 1.05


@dataclass(frozen=True)
class Block:
    """What the client that records did in one stretch of a call.

    Attributes:
        recording: Whether it recorded.
        cpu: Of a core, 0 to 1.
        sent: Frames of video a second.
        decoded: Likewise.
        written: Bytes a second.
    """

    recording: bool
    cpu: float
    sent: float
    decoded: float
    written: float


@dataclass(frozen=True)
class Cost:
    """All blocks of all calls, and the load of the machine.

    Attributes:
        calls: Of each call its blocks in order: the first and every other one without recording.
        before: Processes that wanted to run, the mean of a minute, when it began.
        after: Likewise, when it ended; these two people are among them.
    """

    calls: Sequence[Sequence[Block]]
    before: float
    after: float

    @property
    def ratios(self) -> list[float]:
        """Return each block's processor time in times of the mean of those around it."""
        found = []
        for blocks in self.calls:
            for before, block, after in zip(blocks, blocks[1:], blocks[2:], strict=False):
                if block.recording:
                    found.append(2 * block.cpu / (before.cpu + after.cpu))
        return found

    def mean(self, what: str, *, recording: bool) -> float:
        """Return the mean of a figure over all blocks of a kind."""
        blocks = [one for blocks in self.calls for one in blocks if one.recording == recording]
        return statistics.mean(getattr(one, what) for one in blocks)


def spread(values: Sequence[float]) -> tuple[float, float, float, float]:
    """Return the median, the standard error of the mean, and the middle half's ends."""
    low, median, high = statistics.quantiles(values, n=4)
    error = statistics.stdev(values) / len(values) ** 0.5
    return median, error, low, high


def measure() -> Cost:
    """Have two people call each other, and one record both: four tracks."""
    before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        calls = asyncio.run(_calls(Path(folder)))
    return Cost(calls, before, os.getloadavg()[0])


async def _calls(folder: Path) -> list[list[Block]]:
    password = folder / "password"
    password.write_text("correct horse battery staple, twice")
    anna, bert = (
        PeerProcess(name, folder, password, program="bench.recording_person")
        for name in ("anna", "bert")
    )
    async with running_server(folder, turn=True, call_per_minute=100_000) as server:
        try:
            await asyncio.gather(anna.start(), bert.start())
            await become_contacts(server, anna, bert)
            return [await _call(anna, bert) for _ in range(CALLS)]
        finally:
            await asyncio.gather(anna.close(), bert.close())


async def _call(anna: PeerProcess, bert: PeerProcess) -> list[Block]:
    media = str(clip_path())
    await bert.do("answer", media=media, received=None)
    await anna.do("call", media=media)
    await asyncio.gather(anna.event("talking"), bert.event("talking"))
    await asyncio.sleep(SETTLE_S)
    blocks = [await _weighed(anna, recording=False)]
    for _ in range(ASKS):
        await anna.do("record")
        await bert.do("agree")
        await asyncio.gather(anna.event("records"), bert.event("agreed"))
        await asyncio.sleep(1.0)  # shares are read, parts begin with a key frame
        blocks.append(await _weighed(anna, recording=True))
        await anna.do("stop")
        await anna.event("stopped")
        await asyncio.sleep(1.0)
        blocks.append(await _weighed(anna, recording=False))
    await anna.do("hang_up")
    await asyncio.gather(anna.event("talked"), bert.event("talked"))
    await bert.event("recorded")
    return blocks


async def _weighed(anna: PeerProcess, *, recording: bool) -> Block:
    await anna.do("weigh", seconds=BLOCK_S)
    told: dict[str, Any] = await anna.event("weighed")
    block = Block(
        recording,
        *(told[one] / told["wall_s"] for one in ("cpu_s", "sent", "decoded", "bytes")),
    )
    if bool(block.written) != recording:
        raise RuntimeError(f"recording: {recording}, and {block.written:.0f} bytes a second")
    return block
