"""Attempts to rebuild who called whom from what a server kept.

The attacker is given more than a thief has: which stored id belongs to which person (`owners`).
Each attack returns a weight for every pair of persons; `score` is the share of persons whose
strongest pair is a real contact, `chance` what guessing would reach. Crowded moments are weighted
down, never skipped: skipping them once hid a leak (findings on privacy, prototype results).
"""

from __future__ import annotations

import math
import random
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from visavis.testing.audit.holdings import Holdings, Row
from visavis.testing.audit.scan import Scanner

Person = str
Pair = tuple[Person, Person]
Owners = Mapping[bytes | str, Person]
Truth = Mapping[Person, frozenset[Person]]

LIMIT: Final = 1.5
"""An attack passes as harmless up to this multiple of chance (plus sampling noise)."""
DEVIATIONS: Final = 4
CONTROL: Final = 0.9
"""What each attack must reach on the leaky twin."""
CROWD: Final = 60
"""Persons sharing one value or moment beyond which it says nothing about a pair."""


@dataclass(frozen=True, slots=True)
class Attack:
    """One attack's outcome.

    Attributes:
        name: Which attack.
        score: Share of persons whose strongest pair is real (0 to 1); 0 with no evidence.
        chance: Share that guessing reaches.
        allowed: The highest score that still counts as chance.
        control: The score on the leaky twin.
    """

    name: str
    score: float
    chance: float
    allowed: float
    control: float

    @property
    def ok(self) -> bool:
        """Whether the attack failed here although it succeeds on the twin."""
        return self.control >= CONTROL and self.score <= self.allowed


def _owner(value: object, owners: Owners) -> Person | None:
    if isinstance(value, bytes | str):
        return owners.get(value)
    return None


def _people(row: Row, owners: Owners) -> set[Person]:
    return {p for v in row.columns.values() if (p := _owner(v, owners)) is not None}


def _pair(a: Person, b: Person) -> Pair:
    return (a, b) if a < b else (b, a)


def _add_group(weights: Counter[Pair], people: Iterable[Person]) -> None:
    """Add evidence for every pair of a group, less the larger the group is."""
    group = sorted(set(people))
    if not 1 < len(group) <= CROWD:
        return
    share = 1.0 / (len(group) - 1)
    for i, a in enumerate(group):
        for b in group[i + 1 :]:
            weights[a, b] += share  # type: ignore[assignment]


def exact_join(holdings: Holdings, owners: Owners) -> Counter[Pair]:
    """Pair persons whose rows share a value: a conversation id, a call id, equal ciphertext."""
    holders: defaultdict[tuple[str, object], set[Person]] = defaultdict(set)
    weights: Counter[Pair] = Counter()
    for row in holdings.rows:
        people = _people(row, owners)
        _add_group(weights, people)
        for value in row.columns.values():
            if isinstance(value, bytes | str) and len(value) >= 4 and not _owner(value, owners):
                holders[type(value).__name__, value] |= people
    for group in holders.values():
        _add_group(weights, group)
    return weights


def co_arrival(holdings: Holdings, owners: Owners) -> Counter[Pair]:
    """Pair persons whose rows carry the same number or file time: a moment, a counter."""
    moments: defaultdict[tuple[str, str, float], set[Person]] = defaultdict(set)
    for row in holdings.rows:
        people = _people(row, owners)
        for name, value in row.columns.items():
            if isinstance(value, int | float):
                moments[row.table, name, value] |= people
                moments[row.table, name, value + 1] |= people
    for name, modified in holdings.modified.items():
        person = next((p for key, p in owners.items() if _text(key) in name), None)
        if person is not None:
            moments["files", "mtime", modified] |= {person}
    weights: Counter[Pair] = Counter()
    for group in moments.values():
        _add_group(weights, group)
    return weights


def _text(key: bytes | str) -> str:
    return key if isinstance(key, str) else key.hex()


def ordering(holdings: Holdings, owners: Owners) -> Counter[Pair]:
    """Pair persons whose rows or raw bytes stand next to each other: what was made together."""
    weights: Counter[Pair] = Counter()
    tables: defaultdict[str, list[Row]] = defaultdict(list)
    for row in holdings.rows:
        tables[row.table].append(row)
    for rows in tables.values():
        sequence = [p for row in rows for p in sorted(_people(row, owners))]
        for a, b in pairwise(sequence):
            if a != b:
                weights[_pair(a, b)] += 1
    scanner = Scanner(key for key in owners if isinstance(key, bytes))
    for content in holdings.files.values():
        for (_, left), (_, right) in pairwise(scanner.places(content)):
            if owners[left] != owners[right]:
                weights[_pair(owners[left], owners[right])] += 1
    return weights


def sizes(holdings: Holdings, owners: Owners) -> Counter[Pair]:
    """Pair persons who hold something of the same unusual size."""
    holders: defaultdict[int, set[Person]] = defaultdict(set)
    for row in holdings.rows:
        people = _people(row, owners)
        for value in row.columns.values():
            if isinstance(value, bytes | str) and _owner(value, owners) is None:
                holders[len(value)] |= people
    weights: Counter[Pair] = Counter()
    for group in holders.values():
        _add_group(weights, group)
    return weights


def degrees(holdings: Holdings, owners: Owners) -> Counter[Person]:
    """Count each person's rows: do they show how many contacts somebody has?"""
    count: Counter[Person] = Counter()
    for row in holdings.rows:
        for person in _people(row, owners):
            count[person] += 1
    return count


PAIR_ATTACKS: Final[dict[str, Callable[[Holdings, Owners], Counter[Pair]]]] = {
    "exact join": exact_join,
    "co-arrival": co_arrival,
    "ordering": ordering,
    "sizes": sizes,
}


def top_guess(weights: Counter[Pair], truth: Truth, seed: int = 1) -> float:
    """Return the share of persons whose strongest pair is a real contact.

    Ties are broken at random (seeded), as an attacker would have to; a person without any
    evidence is guessed at random too.
    """
    rng = random.Random(seed)
    people = sorted(truth)
    strongest: defaultdict[Person, dict[Person, float]] = defaultdict(dict)
    for (a, b), weight in weights.items():
        strongest[a][b] = strongest[b][a] = weight
    hits = 0
    for person in people:
        candidates = {p: w for p, w in strongest[person].items() if p in truth}
        if candidates:
            best = max(candidates.values())
            guess = rng.choice(sorted(p for p, w in candidates.items() if w == best))
        else:
            guess = rng.choice([p for p in people if p != person])
        hits += guess in truth[person]
    return hits / len(people)


def chance_of(truth: Truth) -> float:
    """Return the share that random guessing reaches."""
    people = len(truth)
    return sum(len(friends) for friends in truth.values()) / (people * (people - 1))


def allowed_score(truth: Truth) -> float:
    """Return the highest score that is still chance: 1.5 times it, or four deviations more.

    Three deviations would fail one honest run in a hundred, with ten scores a run.
    """
    people, chance = len(truth), chance_of(truth)
    noise = DEVIATIONS * math.sqrt(chance * (1 - chance) / people)
    return max(LIMIT * chance, chance + noise)


def rank_correlation(left: list[float], right: list[float]) -> float:
    """Return Spearman's rank correlation of two equally long lists (0 if either is constant)."""
    a, b = _ranks(left), _ranks(right)
    mean_a, mean_b = sum(a) / len(a), sum(b) / len(b)
    top = sum((x - mean_a) * (y - mean_b) for x, y in zip(a, b, strict=True))
    spread_a = sum((x - mean_a) ** 2 for x in a)
    spread_b = sum((y - mean_b) ** 2 for y in b)
    if not spread_a or not spread_b:
        return 0.0
    return float(top / math.sqrt(spread_a * spread_b))


def _ranks(values: list[float]) -> list[float]:
    ordered = sorted(values)
    return [bisect_left(ordered, v) + (ordered.count(v) - 1) / 2 for v in values]


def degree_score(counts: Counter[Person], truth: Truth) -> float:
    """Return how well row counts rank persons by their number of contacts (0 to 1)."""
    people = sorted(truth)
    return abs(
        rank_correlation([float(counts[p]) for p in people], [float(len(truth[p])) for p in people])
    )
