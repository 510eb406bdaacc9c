"""Real calls, twenty in a row: how long until it rings, and until the first picture."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
from pathlib import Path

from bench import Report
from visavis.testing.clip import clip_path
from visavis.testing.demo.process import PeerProcess, become_contacts
from visavis.testing.server import running_server

CALLS = 20


def run() -> Report:
    """Two people in processes of their own, a server, coturn on loopback; relayed video calls."""
    with tempfile.TemporaryDirectory() as folder:
        ring, first, back = asyncio.run(_calls(Path(folder)))
    return Report(
        title="Calls",
        intro=(
            f"{CALLS} relayed video calls in a row between two processes (SDK, aiortc), with "
            "server and coturn on the same machine, which also encodes and decodes both pictures. "
            "Timed by each process on the shared monotonic clock, never from a receipt."
        ),
        header=("", "median", "p95"),
        rows=[
            ("call pressed to ringing", *_cells(ring)),
            ("accept to first decoded frame, callee", *_cells(first)),
            ("accept to first decoded frame, caller", *_cells(back)),
        ],
    )


def _cells(times_s: list[float]) -> tuple[str, str]:
    p95 = statistics.quantiles(times_s, n=20)[-1]
    return f"{statistics.median(times_s) * 1000:.0f} ms", f"{p95 * 1000:.0f} ms"


async def _calls(folder: Path) -> tuple[list[float], list[float], list[float]]:
    password = folder / "password"
    password.write_text("correct horse battery staple, twice")
    anna, bert = (PeerProcess(name, folder, password) for name in ("anna", "bert"))
    ring: list[float] = []
    first: list[float] = []
    back: list[float] = []
    media = str(clip_path())
    async with running_server(folder, turn=True, call_per_minute=100_000) as server:
        try:
            await asyncio.gather(anna.start(), bert.start())
            await become_contacts(server, anna, bert)
            for _ in range(CALLS):
                await bert.do("answer", media=media, received=None)
                await anna.do("call", media=media)
                began = (await anna.event("calling"))["at"]
                ring.append((await bert.event("ringing"))["at"] - began)
                accepted = (await bert.event("accepted"))["at"]
                first.append((await bert.event("first_frame"))["at"] - accepted)
                back.append((await anna.event("first_frame"))["at"] - accepted)
                await asyncio.gather(anna.event("talking"), bert.event("talking"))
                await anna.do("hang_up")
                await asyncio.gather(anna.event("talked"), bert.event("talked"))
                await bert.event("recorded")
        finally:
            await asyncio.gather(anna.close(), bert.close())
    return ring, first, back
