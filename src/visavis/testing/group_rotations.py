"""The keys of a group call alone: what one change of members costs, in groups of 2 to 200.

Real credentials and real groups of the call (`sdk.group_call_keys`), no server and no media. Each
member is let in or out by one commit that everybody else processes.

Not for: a call with sound and pictures (`group_bench`).
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from visavis.core.errors import Code, FatalError
from visavis.core.ids import CallId
from visavis.core.mls import SUITE_ID
from visavis.sdk.consent_key import OwnConsent
from visavis.sdk.group_call_keys import Began, GroupCallKeys, Offer
from visavis.testing.call_people import People, anybody, key_package

SIZES: Final = (2, 5, 10, 25, 50, 100, 200)
CHANGES: Final = 5
"""Members that leave, and as many that join, one after the other, at each size."""


@dataclass(frozen=True, slots=True)
class Rotations:
    """What changes of one size cost.

    Attributes:
        members: Members before a change.
        suite: MLS cipher suite.
        rotations: Epochs for each change; 1 is what there should be.
        leave_commit_bytes: The commit that removes one: median.
        join_commit_bytes: The commit that lets one in: median.
        welcome_bytes: What a joiner is sent: median.
        make_ms: Making a commit: median.
        process_ms: Processing it at one member: median.
        process_ms_p95: The same, 95th percentile.
        join_ms: Processing a Welcome at the joiner: median.
    """

    members: int
    suite: int
    rotations: float
    leave_commit_bytes: int
    join_commit_bytes: int
    welcome_bytes: int
    make_ms: float
    process_ms: float
    process_ms_p95: float
    join_ms: float


def rotations(size: int, *, changes: int = CHANGES) -> Rotations:
    """Measure one size.

    Raises:
        FatalError: Members do not agree on the keys afterwards.
    """
    return _Trial(size).run(changes)


class _Trial:
    def __init__(self, size: int) -> None:
        self._size = size
        self._now = int(time.time())
        self._people = People()
        self._call = CallId.random(os.urandom)
        founder = self._people.another()
        begun = GroupCallKeys.found(
            self._call,
            founder,
            OwnConsent.make(os.urandom),
            anybody,
            now=self._now,
            rng=os.urandom,
        )
        self._members = [begun]
        self._make, self._process, self._join = list[float](), list[float](), list[float]()
        self._joins, self._leaves, self._welcomes = list[int](), list[int](), list[int]()
        self._grow(size - 1)

    def run(self, changes: int) -> Rotations:
        for figures in (self._make, self._process, self._join, self._joins, self._welcomes):
            figures.clear()
        before = self._members[0].epoch
        for _ in range(changes):
            self._leave()
            self._grow(1)
        epochs = self._members[0].epoch - before
        self._agree()
        ordered = sorted(self._process) or [0.0]
        return Rotations(
            self._size,
            SUITE_ID,
            epochs / (2 * changes),
            round(statistics.median(self._leaves)),
            round(statistics.median(self._joins)),
            round(statistics.median(self._welcomes)),
            1000 * statistics.median(self._make),
            1000 * statistics.median(ordered),
            1000 * ordered[int(0.95 * (len(ordered) - 1))],
            1000 * statistics.median(self._join),
        )

    def _grow(self, count: int) -> None:
        """Let so many in by one commit."""
        author = self._members[0]
        new = [
            (keys, consent, key_package(keys, consent, self._now))
            for keys, consent in (
                (self._people.another(), OwnConsent.make(os.urandom)) for _ in range(count)
            )
        ]
        joiners = [author.note(bundle.key_package, now=self._now) for _, _, bundle in new]
        for other in self._members[1:]:
            for _, _, bundle in new:
                other.note(bundle.key_package, now=self._now)
        began, offer = self._commit(author, lambda: author.offer(joiners, (), now=self._now))
        self._joins.append(len(offer.commit))
        if began.welcome is None:
            raise FatalError(Code.UNEXPECTED, "no Welcome for who joins")
        self._welcomes.append(len(began.welcome))
        for keys, consent, bundle in new:
            start = time.perf_counter()
            joined = GroupCallKeys.join(
                began.welcome,
                bundle,
                consent,
                self._call,
                keys,
                anybody,
                now=self._now,
                rng=os.urandom,
            )
            self._join.append(time.perf_counter() - start)
            self._members.append(joined)

    def _leave(self) -> None:
        """Have the last one leave."""
        gone = self._members.pop()
        leaf = gone.began().own
        gone.wipe()
        author = self._members[0]
        _, offer = self._commit(author, lambda: author.offer((), (leaf,), now=self._now))
        self._leaves.append(len(offer.commit))

    def _commit(self, author: GroupCallKeys, make: Callable[[], Offer]) -> tuple[Began, Offer]:
        start = time.perf_counter()
        offer = make()
        began = author.won()
        self._make.append(time.perf_counter() - start)
        for other in self._members:
            if other is not author:
                start = time.perf_counter()
                other.apply(offer.commit, now=self._now)
                self._process.append(time.perf_counter() - start)
        return began, offer

    def _agree(self) -> None:
        keys = {one.frame_keys().base_key for one in self._members}
        if len(keys) != 1:
            raise FatalError(Code.UNEXPECTED, "members of one call have different keys")
