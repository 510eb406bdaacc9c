"""The result as tables and sentences, for a terminal and for `docs/benchmarks.md`."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from visavis.testing.group_bench.result import (
    MAX_GAP_MS,
    MAX_JANUS_CPU,
    MAX_REKEYED_MS,
    REKEYED_UP_TO,
    GroupBenchResult,
    SizeResult,
    p95,
)
from visavis.testing.group_rotations import Rotations

Rows: TypeAlias = list[tuple[str, ...]]

_LINES: Final[tuple[tuple[str, Callable[[SizeResult], str]], ...]] = (
    ("send sound, pictures; listen", lambda r: f"{r.sound}, {r.pictures}; {r.listening}"),
    (
        "join: in the group and its room, ms",
        lambda r: _both([one.keyed_ms for one in r.joins]),
    ),
    ("join: hears and is heard by all, ms", lambda r: _both([one.heard_ms for one in r.joins])),
    (
        "leave: all send with new keys, ms",
        lambda r: _both([one.rekeyed_ms for one in r.leaves]),
    ),
    ("frames after the switch, tried", lambda r: f"{sum(one.tried for one in r.leaves):,}"),
    ("... a leaver's keys open", lambda r: f"{r.opened_after:,}"),
    ("... a member's keys open (control)", lambda r: f"{r.control:,}"),
    (
        "frames before, a leaver's keys open",
        lambda r: f"{sum(one.before for one in r.leaves):,}",
    ),
    (
        "missing sound around a change, ms",
        lambda r: f"{max((one.change_ms for one in r.gaps), default=0):.0f}",
    ),
    (
        "missing sound without one, ms",
        lambda r: f"{max((one.quiet_ms for one in r.gaps), default=0):.0f}",
    ),
    ("audio gap of a change, ms", lambda r: f"{r.gap_ms_max:.0f}"),
    ("changes of keys for each of members", lambda r: f"{r.rotations:.2f}"),
    (
        "commit of a join, of a leave, bytes",
        lambda r: (
            f"{statistics.median(one.commit_bytes for one in r.joins):,.0f}, "
            f"{statistics.median(one.commit_bytes for one in r.leaves):,.0f}"
        ),
    ),
    (
        "Janus, sealed in times of unsealed",
        lambda r: f"{r.sealing.ratio:.3f} ± {r.sealing.error:.3f}",
    ),
    ("Janus: % of a core for a member", lambda r: f"{100 * r.load.janus_cpu / r.members:.2f}"),
    ("server: % of a core for a member", lambda r: f"{100 * r.load.server_cpu / r.members:.2f}"),
    ("Janus: MB for a member", lambda r: f"{r.load.janus_kb / r.members / 1024:.1f}"),
    ("server: MB for a member", lambda r: f"{r.load.server_kb / r.members / 1024:.1f}"),
    ("members' process: % of a core", lambda r: f"{100 * r.load.members_cpu:.0f}"),
    ("frames sent late, %", lambda r: f"{100 * r.load.late:.1f}"),
    ("changes made anew", lambda r: str(r.disturbed)),
)


def calls_table(sizes: Sequence[SizeResult]) -> Rows:
    """Return a header and a row for each figure; a column for each size."""
    header = ("members", *(str(one.members) for one in sizes))
    return [header, *((name, *(cell(one) for one in sizes)) for name, cell in _LINES)]


def keys_table(keys: Sequence[Rotations]) -> Rows:
    """Return a header and a row for each size of group."""
    header = (
        "members",
        "changes of keys for each",
        "make, ms",
        "process, ms",
        "join, ms",
        "leave, bytes",
        "Welcome, bytes",
    )
    rows = [
        (
            str(one.members),
            f"{one.rotations:.2f}",
            f"{one.make_ms:.1f}",
            f"{one.process_ms:.1f} / {one.process_ms_p95:.1f}" if one.members > 2 else "-",
            f"{one.join_ms:.1f}",
            f"{one.leave_commit_bytes:,}",
            f"{one.welcome_bytes:,}",
        )
        for one in keys
    ]
    return [header, *rows]


def sentences(result: GroupBenchResult) -> list[str]:
    """Return what was measured and how, and what the bounds are."""
    changes, suite = len(result.sizes[0].leaves), f"0x{result.keys[0].suite:04X}"
    told = f"""
At each size {changes} members left and as many came, one after the other, while all others went on
sending. Times: median / 95th percentile. A leave is over when the last of those who stay sends with
new keys; up to {REKEYED_UP_TO} members that may take {MAX_REKEYED_MS:.0f} ms.

Every frame sealed after its sender's switch was taken at the SFU by somebody without keys, and
tried with every key that the leaver ever had: none may open. The same frames must all open with
the keys of a member who stayed, and frames of before the leave with the leaver's.

Missing sound: between RTP timestamps that should follow each other, for the worst pair of members,
around a change of keys and in as long a time right before it. The gap is the worst difference of
the two, and must be below {MAX_GAP_MS:.0f} ms.

Janus was measured with the same frames sealed and not sealed, in turn, in one call: the ratio of
its processor times, with its standard error, may be {MAX_JANUS_CPU:g}. All members share one
process, so times say what this machine does, not what a network does.

Keys alone: groups of the call (suite {suite}) without server or media; one change of keys for each
change of members is what there must be. Each commit goes to every member. The tree is as costly as
it gets: all came in by one commit, and one member makes all others.
"""
    return [paragraph.replace("\n", " ").strip() for paragraph in told.split("\n\n")]


def _both(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.0f} / {p95(values):.0f}"
