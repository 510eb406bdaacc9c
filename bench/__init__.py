"""Measured figures, as ratios within one run: `python -m bench [NAME...]`.

Each module `bench/bench_NAME.py` has `run() -> Report`. The runner writes `docs/benchmarks.md`,
only the sections that ran. Absolute figures are for orientation: machines and minutes differ by a
factor of two; ratios of things measured side by side hold. Nothing here is ever a timed test.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

__all__ = ["NotHereError", "Report", "alternate", "microseconds"]


class NotHereError(Exception):
    """Something that this bench needs is missing on this machine; says what."""


@dataclass(frozen=True)
class Report:
    """One section of `docs/benchmarks.md`.

    Args:
        title: Heading of the section.
        intro: What was measured and how, in a few sentences.
        header: Column names.
        rows: Cells as text; as many as there are columns.
        notes: What the figures mean, and what is not yet good.
        more: Further tables of the same run, under headings below this one.
    """

    title: str
    intro: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: str = ""
    more: Sequence[Report] = ()

    def to_markdown(self, level: int = 2) -> str:
        """Return heading, intro, table and notes, then those of `more`."""
        if any(len(row) != len(self.header) for row in self.rows):
            raise ValueError("a row with another number of cells than the header")
        lines = [
            " | ".join(["", *cells, ""]).strip()
            for cells in (self.header, ["---"] * len(self.header), *self.rows)
        ]
        heading = f"{'#' * level} {self.title}"
        parts = [heading, self.intro.strip(), "\n".join(lines), self.notes.strip()]
        parts += [report.to_markdown(level + 1) for report in self.more]
        return "\n\n".join(part for part in parts if part)


def alternate(
    work: Sequence[Callable[[], object]], *, rounds: int, repeat: int = 1
) -> list[list[float]]:
    """Time several pieces of work in turn, so that a busy moment hits all alike.

    Args:
        work: What to time.
        rounds: How often each is timed.
        repeat: Calls within one timing, for work of microseconds.

    Returns:
        For each piece, seconds per call in each round.
    """
    times: list[list[float]] = [[] for _ in work]
    for each in work:
        each()
    for _ in range(rounds):
        for kept, each in zip(times, work, strict=True):
            started = time.perf_counter()
            for _ in range(repeat):
                each()
            kept.append((time.perf_counter() - started) / repeat)
    return times


def microseconds(times: Sequence[float]) -> float:
    """Return the median in microseconds."""
    return statistics.median(times) * 1e6
