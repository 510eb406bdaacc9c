"""Recording a call: what it costs, an hour of it exported, and a yes that is taken back."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from bench import Report
from bench.recording_cost import BLOCK_S, BOUND, CALLS, Cost, spread
from bench.recording_cost import measure as measure_cost
from bench.recording_end import BOUND_MS, Taken
from bench.recording_end import measure as measure_end
from bench.recording_hour import Length, Work
from bench.recording_hour import measure as measure_hour

MEMORY_BOUND = 1.1
"""Times the memory of a tenth of the length. Allocators differ by a little from run to run."""


def run() -> Report:
    """Measure all of it."""
    return report(measure_cost(), measure_hour(), measure_end())


def report(cost: Cost, hour: Sequence[Length], taken: Sequence[Taken]) -> Report:
    """Return the section of `docs/benchmarks.md`."""
    median, error, low, high = spread(cost.ratios)
    off, on = (cost.mean("cpu", recording=one) for one in (False, True))
    sent, decoded, written = (
        cost.mean(what, recording=True) for what in ("sent", "decoded", "written")
    )
    return Report(
        title="Recording",
        intro=(
            "Two people in processes of their own (SDK, aiortc) call each other over a real server "
            "and relay; one records both, sound and picture: four tracks. What its whole process "
            "takes of a processor, its decoders and encoder too: in "
            f"{CALLS} calls, in turn without and with recording, for {BLOCK_S:.0f} s each. Each "
            "block with recording is set against the mean of the two without around it, in the "
            "same call. Who is asked agrees each time; the recorder reads shares, asks for key "
            "frames, seals parts and signs marks as in any call."
        ),
        header=("", "without", "recording", "ratio, median", "mean", "middle half"),
        rows=[
            (
                "processor time, % of a core",
                f"{100 * off:.1f}",
                f"{100 * on:.1f}",
                f"{median:.3f}",
                f"{statistics.mean(cost.ratios):.3f} ± {error:.3f}",
                f"{low:.3f} to {high:.3f}",
            )
        ],
        notes=(
            f"Bound: {BOUND}; {_met(median <= BOUND)}{_unsure(cost)}. "
            f"{len(cost.ratios)} ratios; ± is the standard error of their mean. "
            f"A small call: 480 x 360, {sent:.0f} pictures a second sent and "
            f"{decoded:.0f} decoded, {written / 1000:.0f} kB/s written. The larger the pictures, "
            f"the less recording is of the whole. Load of the machine before "
            f"and after: {cost.before:.1f} and {cost.after:.1f}."
        ),
        more=[_hour(hour), _taken(taken)],
    )


def _unsure(cost: Cost) -> str:
    """Say so if the bound lies within two errors of the mean: a busy machine tells no more."""
    error = spread(cost.ratios)[1]
    near = abs(statistics.mean(cost.ratios) - BOUND) <= 2 * error
    return " by the median, and within the error of this run" if near else ""


def _hour(lengths: Sequence[Length]) -> Report:
    short, long = lengths
    works = (
        ("export by the SDK", short.sdk, long.sdk),
        ("`visavis recordings export`", short.cli, long.cli),
        ("`visavis verify-recording`", short.verify, long.verify),
    )
    worst = max(after.peak_mb / before.peak_mb for _, before, after in works)
    return Report(
        title="An hour of four tracks",
        intro=(
            "Written by the product's recorder on a clock that jumps, from the VP8 and Opus of the "
            "clip over and over; the shares lie at a real server. Each piece of work is a process "
            "of its own at a terminal; memory is the most that was resident (VmHWM), with Python "
            "and all libraries. Both exports are the same bytes, and FFmpeg's demuxer finds every "
            "frame in them."
        ),
        header=(
            "",
            *(f"{one.minutes} min, s" for one in lengths),
            *(f"{one.minutes} min, MB of memory" for one in lengths),
            "ratio of memory",
            "percents told",
        ),
        rows=[(name, *_work(before, after)) for name, before, after in works],
        notes=(
            f"Bound: memory does not grow with the length ({MEMORY_BOUND} at most); "
            f"{_met(worst <= MEMORY_BOUND)}. Files: {short.recording_mb:.0f} and "
            f"{long.recording_mb:.0f} MB sealed, {short.export_mb:.0f} and {long.export_mb:.0f} MB "
            "exported. The last column: how many different percents were told, by the SDK to "
            "whoever asks, and shown by the bar, which a terminal draws ten times a second. The "
            "check shows that it is at work, and no percents."
        ),
    )


def _work(before: Work, after: Work) -> tuple[str, ...]:
    return (
        f"{before.seconds:.1f}",
        f"{after.seconds:.1f}",
        f"{before.peak_mb:.1f}",
        f"{after.peak_mb:.1f}",
        f"{after.peak_mb / before.peak_mb:.3f}",
        str(after.steps) if after.steps else "-",
    )


def _taken(taken: Sequence[Taken]) -> Report:
    rows = (
        ("who records has written the last byte", [one.written for one in taken]),
        ("all others are shown that it is over", [one.shown for one in taken]),
        ("the server has no share any more", [one.gone for one in taken]),
    )
    worst = max(max(times) for _, times in rows)
    return Report(
        title="A yes that is taken back",
        intro=(
            "Three people talk, all in this process, the server beside it on loopback; each "
            f"records in turn and one of the others takes a yes back, {len(taken)} times. From "
            "the press on. The share is asked for at the server until it is refused."
        ),
        header=("", "median, ms", "p95, ms", "longest, ms"),
        rows=[
            (
                name,
                f"{statistics.median(times):.0f}",
                f"{statistics.quantiles(times, n=20)[-1]:.0f}",
                f"{max(times):.0f}",
            )
            for name, times in rows
        ],
        notes=(
            f"Bound: {BOUND_MS:.0f} ms; {_met(worst < BOUND_MS)}. A network adds its own time: one "
            "way for the word, there and back for the share."
        ),
    )


def _met(met: bool) -> str:  # noqa: FBT001 - the word for it
    return "met" if met else "not met"
