"""What a run of the group bench measured, and which bounds it met."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from visavis.testing.group_rotations import Rotations

MAX_REKEYED_MS: Final = 1_000.0
"""From a leave until everybody who stays sends with new keys: 95th percentile."""

REKEYED_UP_TO: Final = 25
"""Members up to which that bound holds."""

MAX_GAP_MS: Final = 40.0
MAX_JANUS_CPU: Final = 1.05
"""Processor time of the SFU with sealed frames, in times of that with the same frames unsealed."""


def p95(values: Sequence[float]) -> float:
    """Return the 95th percentile by nearest rank: a value that was measured."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(0.95 * len(ordered)) - 1)]


@dataclass(frozen=True, slots=True)
class Load:
    """What a call uses while nobody comes or goes, frames sealed.

    Attributes:
        server_cpu: Processor seconds of the server a second, all members together.
        janus_cpu: The same of Janus.
        members_cpu: The same of the process that all members share.
        server_kb: Memory of the server that it did not have before the call.
        janus_kb: The same of Janus.
        late: Share of frames that the members sent more than 100 ms late.
    """

    server_cpu: float
    janus_cpu: float
    members_cpu: float
    server_kb: int
    janus_kb: int
    late: float


@dataclass(frozen=True, slots=True)
class Sealing:
    """What sealing costs the SFU.

    Attributes:
        sealed: Processor seconds of Janus for each second of sound that is sent, by rounds.
        plain: The same with frames that are not sealed. Rounds went in turn: sealed, plain,
            plain, sealed.
    """

    sealed: tuple[float, ...]
    plain: tuple[float, ...]

    @property
    def ratios(self) -> list[float]:
        """Sealed in times of plain, for each four rounds; what drifts slowly falls out of it."""
        pairs = zip(self.sealed, self.plain, strict=True)
        return [
            (first[0] + last[0]) / (first[1] + last[1])
            for first, last in zip(*[pairs] * 2, strict=False)
        ]

    @property
    def ratio(self) -> float:
        """Their median."""
        return statistics.median(self.ratios)

    @property
    def error(self) -> float:
        """The standard error of that median, were they normally distributed."""
        ratios = self.ratios
        return 1.2533 * statistics.stdev(ratios) / math.sqrt(len(ratios))


@dataclass(frozen=True, slots=True)
class Gap:
    """Missing sound of one member at another, in spans of the same length.

    Attributes:
        change_ms: Around a change of keys.
        quiet_ms: Right before it, without one.
    """

    change_ms: float
    quiet_ms: float

    @property
    def gap_ms(self) -> float:
        """What is missing because of the change."""
        return max(0.0, self.change_ms - self.quiet_ms)


@dataclass(frozen=True, slots=True)
class Leave:
    """One member left.

    Attributes:
        rekeyed_ms: Until the last of those who stay sent with new keys.
        tried: Frames sealed after that switch, taken at the SFU.
        opened: How many of them the leaver's keys open; 0 is what there should be.
        control: How many of them a member's keys open.
        before: Frames of before the leave that the leaver's keys open.
        commit_bytes: The commit.
        epochs: Epochs that it took; 1 is what there should be.
        gaps: Of each pair of those who stay.
    """

    rekeyed_ms: float
    tried: int
    opened: int
    control: int
    before: int
    commit_bytes: int
    epochs: int
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class Join:
    """One member came.

    Attributes:
        keyed_ms: From its knock until it is in the room and sends with the group's keys.
        heard_ms: From its knock until it hears all who send, and is heard by all who listen.
        commit_bytes: The commit.
        epochs: Epochs that it took.
        gaps: Of each pair of those who were there before.
    """

    keyed_ms: float
    heard_ms: float
    commit_bytes: int
    epochs: int
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class SizeResult:
    """One size of call.

    Attributes:
        members: How many take part in keys and readiness.
        sound: How many send sound.
        pictures: How many send pictures.
        listening: How many get what the others send.
        joins: Everybody who came, one after the other.
        leaves: Everybody who left.
        load: While nobody comes or goes.
        sealing: What sealing costs the SFU.
        disturbed: Changes that do not count, because the machine stood still and cut somebody off.
    """

    members: int
    sound: int
    pictures: int
    listening: int
    joins: tuple[Join, ...]
    leaves: tuple[Leave, ...]
    load: Load
    sealing: Sealing
    disturbed: int = 0

    @property
    def gaps(self) -> list[Gap]:
        """All of them."""
        return [gap for one in self.changes for gap in one.gaps]

    @property
    def changes(self) -> Sequence[Join | Leave]:
        """All changes of members."""
        return [*self.joins, *self.leaves]

    @property
    def rekeyed_ms_p95(self) -> float:
        """From leave to new keys: 95th percentile."""
        return p95([one.rekeyed_ms for one in self.leaves])

    @property
    def join_ms_p95(self) -> float:
        """From a knock to hearing and being heard: 95th percentile."""
        return p95([one.heard_ms for one in self.joins])

    @property
    def gap_ms_max(self) -> float:
        """The longest audio gap at a change of keys."""
        return max((gap.gap_ms for gap in self.gaps), default=0.0)

    @property
    def opened_after(self) -> int:
        """Frames of after a switch that a leaver's keys open."""
        return sum(one.opened for one in self.leaves)

    @property
    def control(self) -> int:
        """The same frames, opened with a member's keys."""
        return sum(one.control for one in self.leaves)

    @property
    def rotations(self) -> float:
        """Epochs for each change of members."""
        return sum(one.epochs for one in self.changes) / len(self.changes)

    def failures(self) -> Iterator[str]:
        """Yield each bound that was not met, in a sentence."""
        at = f"with {self.members} members"
        if self.opened_after:
            yield f"{at}: a leaver's keys opened {self.opened_after} frames sent after the switch"
        if not all(one.control == one.tried > 0 for one in self.leaves):
            yield f"{at}: a member's keys did not open all frames on which a leaver's were tried"
        if not all(one.before for one in self.leaves):
            yield f"{at}: a leaver's keys opened nothing of before the leave, so they prove nothing"
        if self.members <= REKEYED_UP_TO and self.rekeyed_ms_p95 >= MAX_REKEYED_MS:
            yield f"{at}: leave to re-keyed took {self.rekeyed_ms_p95:.0f} ms (p95)"
        if self.gap_ms_max >= MAX_GAP_MS:
            yield f"{at}: {self.gap_ms_max:.0f} ms of sound were missing at a change of keys"
        if self.sealing.ratio > MAX_JANUS_CPU:
            yield f"{at}: Janus needs {self.sealing.ratio:.3f} times the processor time for sealing"
        if self.rotations != 1:
            yield f"{at}: {self.rotations:.2f} changes of keys for each change of members"

    def as_json(self) -> dict[str, Any]:
        """Return all figures."""
        load, count = self.load, self.members
        return {
            "members": count,
            "sound": self.sound,
            "pictures": self.pictures,
            "listening": self.listening,
            "joins": len(self.joins),
            "leaves": len(self.leaves),
            "join_ms": _middle(one.heard_ms for one in self.joins),
            "join_ms_p95": round(self.join_ms_p95, 1),
            "join_keyed_ms_p95": round(p95([one.keyed_ms for one in self.joins]), 1),
            "leave_to_rekeyed_ms": _middle(one.rekeyed_ms for one in self.leaves),
            "leave_to_rekeyed_ms_p95": round(self.rekeyed_ms_p95, 1),
            "leaver_frames_after": self.opened_after,
            "leaver_frames_before": sum(one.before for one in self.leaves),
            "tried_frames": sum(one.tried for one in self.leaves),
            "control_frames": self.control,
            "audio_gap_ms_max": round(self.gap_ms_max, 1),
            "audio_missing_ms_max": max((one.change_ms for one in self.gaps), default=0.0),
            "audio_missing_quiet_ms_max": max((one.quiet_ms for one in self.gaps), default=0.0),
            "rotations": self.rotations,
            "join_commit_bytes": round(_middle(one.commit_bytes for one in self.joins)),
            "leave_commit_bytes": round(_middle(one.commit_bytes for one in self.leaves)),
            "janus_cpu": round(self.sealing.ratio, 3),
            "janus_cpu_error": round(self.sealing.error, 3),
            "janus_cpu_per_member": round(load.janus_cpu / count, 5),
            "server_cpu_per_member": round(load.server_cpu / count, 5),
            "janus_kb_per_member": round(load.janus_kb / count),
            "server_kb_per_member": round(load.server_kb / count),
            "members_cpu": round(load.members_cpu, 3),
            "late_frames": round(load.late, 4),
            "disturbed": self.disturbed,
        }


@dataclass(frozen=True, slots=True)
class GroupBenchResult:
    """A whole run.

    Attributes:
        sizes: Calls of some sizes.
        keys: Keys alone.
        unmeasured: Sizes of calls that did not last, because this machine stood still.
    """

    sizes: tuple[SizeResult, ...]
    keys: tuple[Rotations, ...]
    unmeasured: tuple[int, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether all bounds were met."""
        return not self.failures()

    def failures(self) -> list[str]:
        """Return each bound that was not met, in a sentence."""
        found = [failure for one in self.sizes for failure in one.failures()]
        found += [
            f"with {count} members: this machine stood still, and nothing was measured"
            for count in self.unmeasured
        ]
        return found + [
            f"keys of {one.members} members: {one.rotations:.2f} changes for each change of members"
            for one in self.keys
            if one.rotations != 1
        ]

    def as_json(self) -> dict[str, Any]:
        """Return the figures; of several sizes the worst of each, and all of them in `sizes`.

        `leave_to_rekeyed_ms_p95` is the worst of the sizes that its bound is for, if there is one.
        """
        sizes = self.sizes
        bound = [one for one in sizes if one.members <= REKEYED_UP_TO] or sizes
        return {
            "ok": self.ok,
            "members": max(one.members for one in sizes),
            "join_ms_p95": round(max(one.join_ms_p95 for one in sizes), 1),
            "leave_to_rekeyed_ms_p95": round(max(one.rekeyed_ms_p95 for one in bound), 1),
            "leaver_frames_after": sum(one.opened_after for one in sizes),
            "control_frames": min(one.control for one in sizes),
            "audio_gap_ms_max": round(max(one.gap_ms_max for one in sizes), 1),
            "janus_cpu": round(max(one.sealing.ratio for one in sizes), 3),
            "rotations": max([one.rotations for one in sizes] + [k.rotations for k in self.keys]),
            "failures": self.failures(),
            "sizes": [one.as_json() for one in sizes],
            "keys": [
                {
                    "members": one.members,
                    "suite": f"0x{one.suite:04X}",
                    "rotations": one.rotations,
                    "make_ms": round(one.make_ms, 2),
                    "process_ms": round(one.process_ms, 2),
                    "join_ms": round(one.join_ms, 2),
                    "leave_commit_bytes": one.leave_commit_bytes,
                    "join_commit_bytes": one.join_commit_bytes,
                    "welcome_bytes": one.welcome_bytes,
                }
                for one in self.keys
            ],
        }


def _middle(values: Iterable[float]) -> float:
    return round(statistics.median(values), 1)
