"""Group calls of 2 to 50 members over a real SFU; `visavis bench group` prints the same."""

from __future__ import annotations

import asyncio
import sys

from bench import NotHereError, Report
from visavis.core.errors import Code, UnavailableError
from visavis.testing.group_bench.harness import run_group_bench
from visavis.testing.group_bench.result import GroupBenchResult
from visavis.testing.group_bench.words import calls_table, keys_table, sentences


def run() -> Report:
    """Measure all sizes."""
    try:
        result = asyncio.run(run_group_bench(lambda text: print(text, file=sys.stderr)))
    except UnavailableError as error:
        if error.code is not Code.NO_SFU:
            raise
        raise NotHereError(error.detail) from None
    return report(result)


def report(result: GroupBenchResult) -> Report:
    """Return the section of `docs/benchmarks.md`."""
    *measured, about_keys = sentences(result)
    calls, keys = calls_table(result.sizes), keys_table(result.keys)
    bounds = "All bounds were met."
    if not result.ok:
        bounds = f"Not met: {'; '.join(result.failures())}."
    return Report(
        "Group calls over the SFU",
        " ".join(measured),
        calls[0],
        calls[1:],
        bounds,
        [Report("Keys alone", about_keys, keys[0], keys[1:])],
    )
