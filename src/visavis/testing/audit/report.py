"""The audit itself: searches, attacks, positive controls, and one report."""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from visavis.testing.audit import leaky
from visavis.testing.audit.attacks import (
    CONTROL,
    DEVIATIONS,
    PAIR_ATTACKS,
    Attack,
    Owners,
    Truth,
    allowed_score,
    chance_of,
    degree_score,
    degrees,
    top_guess,
)
from visavis.testing.audit.holdings import Holdings, collect
from visavis.testing.audit.needles import Found, Needle, finest_times, search


@dataclass(frozen=True, slots=True)
class Planted:
    """What the auditor knows and the server must not: the truth about a population.

    Attributes:
        needles: Identifiers that must not be found.
        owners: Stored id -> person, handed to the attacker.
        truth: Person -> that person's contacts.
    """

    needles: tuple[Needle, ...]
    owners: Owners
    truth: Truth


@dataclass(frozen=True, slots=True)
class Report:
    """What the audit found.

    Attributes:
        found: Needles and fine times that were kept.
        attacks: Each attack's score beside chance and the twin's score.
        control_missed: Labels of needles that the search did not find in the leaky twin: if any,
            the search proves nothing.
        files: Number of files read.
        bytes_read: Their size.
        rows: Number of database rows read.
    """

    found: tuple[Found, ...]
    attacks: tuple[Attack, ...]
    control_missed: tuple[str, ...]
    files: int
    bytes_read: int
    rows: int

    @property
    def ok(self) -> bool:
        """Whether nothing was found, every attack failed, and every control succeeded."""
        return not self.found and not self.control_missed and all(a.ok for a in self.attacks)

    def as_json(self) -> dict[str, Any]:
        """Return the report as plain data."""
        return {
            "ok": self.ok,
            "found": [
                {"kind": f.kind, "label": f.label, "form": f.form, "where": f.where}
                for f in self.found
            ],
            "attacks": [
                {
                    "name": a.name,
                    "score": round(a.score, 3),
                    "chance": round(a.chance, 3),
                    "allowed": round(a.allowed, 3),
                    "control": round(a.control, 3),
                    "ok": a.ok,
                }
                for a in self.attacks
            ],
            "control_missed": list(self.control_missed),
            "files": self.files,
            "bytes": self.bytes_read,
            "rows": self.rows,
        }


def audit(
    folders: Sequence[Path], planted: Planted, *, rng: Callable[[int], bytes] = os.urandom
) -> Report:
    """Search and attack everything below `folders`, after doing so to a leaky twin.

    Args:
        folders: The server's data folder and whatever else it wrote to.
        planted: What was planted and what is true.
        rng: Randomness for the twin.

    Returns:
        The report; it is not ok if anything was found, if an attack succeeded, or if a control
        did not.
    """
    holdings = collect(*folders)
    with tempfile.TemporaryDirectory() as scratch:
        twin = leaky.build(Path(scratch), planted.truth, list(planted.needles), rng)
        missed = _controls_missed(collect(twin.folder), planted.needles)
        controls = {name: collect(where) for name, where in twin.leaks.items()}
        attacks = _attack_all(holdings, planted, controls, twin.owners)
    return Report(
        found=(*search(holdings, planted.needles), *finest_times(holdings)),
        attacks=attacks,
        control_missed=missed,
        files=len(holdings.files),
        bytes_read=sum(map(len, holdings.files.values())),
        rows=len(holdings.rows),
    )


def _controls_missed(twin: Holdings, needles: Sequence[Needle]) -> tuple[str, ...]:
    seen = {hit.label for hit in search(twin, needles)}
    missed = [needle.label for needle in needles if needle.label not in seen]
    forms = {hit.form for hit in finest_times(twin)}
    missed += [f"fine time as {form}" for form in ("number", "text", "mtime") if form not in forms]
    return tuple(missed)


def _attack_all(
    holdings: Holdings, planted: Planted, controls: dict[str, Holdings], twin_owners: Owners
) -> tuple[Attack, ...]:
    truth = planted.truth
    chance, allowed = chance_of(truth), allowed_score(truth)
    outcome = [
        Attack(
            name,
            top_guess(attack(holdings, planted.owners), truth),
            chance,
            allowed,
            top_guess(attack(controls[name], twin_owners), truth),
        )
        for name, attack in PAIR_ATTACKS.items()
    ]
    # Rank correlation of independent lists has a standard deviation of 1/sqrt(n - 1).
    noise = DEVIATIONS / math.sqrt(max(1, len(truth) - 1))
    outcome.append(
        Attack(
            "contact count",
            degree_score(degrees(holdings, planted.owners), truth),
            0.0,
            noise,
            degree_score(degrees(controls["contact count"], twin_owners), truth),
        )
    )
    return tuple(outcome)


__all__ = ["CONTROL", "Planted", "Report", "audit"]
