"""`visavis audit stored`: a real server's folder, or a scratch server that is used first."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from visavis.core.errors import Code, UnavailableError
from visavis.ports.clock import DAY_S
from visavis.server.backup import backup
from visavis.testing.audit.folder import search_folder
from visavis.testing.audit.holdings import collect
from visavis.testing.audit.marked_address import MARKED, forwarded
from visavis.testing.audit.needles import Needle
from visavis.testing.audit.population import Habits, Population
from visavis.testing.audit.report import Report, audit
from visavis.testing.clock import NOON, VirtualClock
from visavis.testing.server import local_server

QUICK: Final = Habits(people=40)
"""A population that fits in some ten seconds."""

QUICK_DAYS: Final = 3

QUOTAS: Final = {
    "call_per_minute": 1_000_000,
    "turn_per_day": 1_000_000,
    "connections_per_address": 1_000,
    "free_attempts": 10_000,
}
"""The script makes a day of calls in seconds and comes from one address."""


@dataclass(frozen=True, slots=True)
class Lived:
    """What a population left behind, and what it was.

    Attributes:
        report: The audit of the folder while the server ran, and after it stopped.
        calls: Calls made.
        refused: Envelopes that the server refused: must be 0, or the script tested nothing.
    """

    report: Report
    after_stop: Report
    calls: int
    refused: int


def audit_folder(data: Path) -> Report:
    """Audit a server's data folder, and score the attacks on a scratch server.

    Nobody but the people themselves knows who called whom on a real server, so what is searched
    for in its folder is what must never be there whatever its value (`folder`); a scratch server
    that runs the same code, and whose truth is known, stands for the attacks.

    Args:
        data: The data folder; a running server's is read as it is.

    Raises:
        UnavailableError: There is no such folder.
    """
    if not data.is_dir():
        raise UnavailableError(Code.UNAVAILABLE, "there is no data folder here")
    holdings = collect(data)
    scratch = audit_scratch_server()
    return Report(
        found=(*search_folder(holdings), *scratch.found),
        attacks=scratch.attacks,
        control_missed=scratch.control_missed,
        files=len(holdings.files),
        bytes_read=sum(map(len, holdings.files.values())),
        rows=len(holdings.rows),
    )


def audit_scratch_server() -> Report:
    """Start a scratch server, let a small population live on it, and audit what it kept."""
    with tempfile.TemporaryDirectory(prefix="visavis-audit-") as folder:
        lived = asyncio.run(live_and_audit(Path(folder), QUICK, QUICK_DAYS))
    if lived.refused or not lived.calls:
        raise UnavailableError(Code.UNAVAILABLE, "the scripted population could not live")
    return lived.report if not lived.report.ok else lived.after_stop


async def live_and_audit(folder: Path, habits: Habits, days: int, seed: int = 1) -> Lived:
    """Let a population live for some days of a virtual clock, and audit what was kept.

    Args:
        folder: Empty; the server's data goes below it.
        habits: The population.
        days: How many.
        seed: For everything that is random about the population.

    Returns:
        Audits of the running server's folder (write-ahead log and all) and of the stopped one's.
    """
    clock = VirtualClock()
    async with (
        local_server(folder, clock=clock, turn=True, **QUOTAS) as server,
        forwarded(urlsplit(server.origin).port or 0) as port,
    ):
        origin = f"http://127.0.0.1:{port}"
        population = Population(
            origin,
            lambda: server.signup_link().replace(server.origin, origin),
            habits,
            lambda: int(clock.now()),
            seed,
        )
        async with population.living():
            for _ in range(days):
                await population.live_a_day()
                await clock.jump(DAY_S)
            await clock.advance(60)
            await asyncio.to_thread(
                backup, server.data_dir, folder / "server.backup", b"of no value to anybody"
            )
            needles = _moments(days)
            holdings = await asyncio.to_thread(collect, server.data_dir)
            planted = population.planted(holdings, needles)
            report = await asyncio.to_thread(audit, [server.data_dir], planted)
    # Now with the backup beside it.
    after = await asyncio.to_thread(audit, [folder], planted)
    return Lived(report, after, population.calls, population.refused)


def _moments(days: int) -> list[Needle]:
    """Plant the moments at which everything happened: the clock stood at noon each day."""
    return [
        needle
        for day in range(days)
        for needle in Needle.time(f"noon of day {day}", NOON + day * DAY_S)
    ] + list(Needle.address("everybody's address", MARKED))
