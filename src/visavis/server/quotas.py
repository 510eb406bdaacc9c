"""How much one capability may be used for: in memory, and of sends, never of what is waiting.

Quotas are the abuse control of a service that knows no sender (protocol.md P12, R-40). They count
per SHA-256 of the capability, start afresh with the server, and are never written down. An entry
says nothing about its mailbox: the key is a hash, the value a number and a time in memory.

Windows are fixed and start with the first use, so an entry can be forgotten as soon as its window
is over, and memory is bounded by how many capabilities are used within one window.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from visavis.ports.blobs import MAX_BLOB_BYTES

MINUTE_S: Final = 60.0
DAY_S: Final = 86_400.0

MAX_ENTRIES: Final = 100_000
"""Capabilities remembered per kind. Beyond it the oldest windows are forgotten, which gives those
capabilities a fresh quota: letting a few send more is better than refusing everybody."""


class Spend(StrEnum):
    """What is counted."""

    CALL = "call"
    DURABLE = "durable"
    KEY_PACKAGE = "key_package"
    TURN = "turn"
    BLOB = "blob"
    SHARE = "share"
    SEQUENCER = "sequencer"
    COMMIT = "commit"
    HANDLE = "handle"
    ROOM = "room"


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `amount` within `period_s` seconds from the first use."""

    amount: int
    period_s: float


LIMITS: Final[dict[Spend, Limit]] = {
    # Envelopes. A call costs a side about seven; thirty let people call again at once (ADR 10).
    Spend.CALL: Limit(30, MINUTE_S),
    # Bytes, as on the wire.
    Spend.DURABLE: Limit(1024 * 1024, DAY_S),
    # One-time key packages run out; ten a day per contact leave enough for the others.
    Spend.KEY_PACKAGE: Limit(10, DAY_S),
    # Credentials: a call needs one per side and one per ICE restart.
    Spend.TURN: Limit(60, DAY_S),
    # Bytes: four of the largest blobs, seal included. A photo takes one to eight MiB; more would
    # let one contact fill a small disk within the thirty days that blobs are kept.
    Spend.BLOB: Limit(4 * MAX_BLOB_BYTES, DAY_S),
    # Shares of recording keys: one for each yes and each request. A full day of calls takes a few
    # dozen, retries included. More would let one contact store more than 1 MB in their 31 days.
    Spend.SHARE: Limit(200, DAY_S),
    # Requests: pulls and commits.
    Spend.SEQUENCER: Limit(2_000, DAY_S),
    # Bytes of commits that were accepted: they are kept for thirty days, so requests alone would
    # let one contact store half a gigabyte a day.
    Spend.COMMIT: Limit(8 * 1024 * 1024, DAY_S),
    # Changes of a handle that were begun, by account and not by capability (CK-762). Each try draws
    # digits anew: more let a person who mistyped try again, and somebody choose their digits.
    Spend.HANDLE: Limit(5, DAY_S),
    # Call rooms (CK-807): one for each group call that somebody begins.
    Spend.ROOM: Limit(100, DAY_S),
}


class Quotas:
    """Counts what each capability was used for.

    Args:
        limits: Replaces some of `LIMITS`.
        max_entries: Bound per kind, see `MAX_ENTRIES`.
    """

    def __init__(
        self, limits: Mapping[Spend, Limit] | None = None, max_entries: int = MAX_ENTRIES
    ) -> None:
        self._limits = {**LIMITS, **(limits or {})}
        self._max_entries = max_entries
        # kind -> capability hash -> [end of window, amount left]; oldest windows first.
        self._used: dict[Spend, dict[bytes, list[float]]] = {kind: {} for kind in Spend}

    def spend(self, kind: Spend, key: bytes, amount: int, now: float) -> bool:
        """Take `amount` from a capability's quota (CK-470).

        Args:
            kind: What is counted.
            key: SHA-256 of the capability.
            amount: Envelopes, requests or bytes.
            now: Monotonic seconds.

        Returns:
            False, and nothing taken, if less than `amount` is left.
        """
        used = self._used[kind]
        entry = used.get(key)
        if entry is None or entry[0] <= now:
            limit = self._limits[kind]
            if entry is not None:
                del used[key]  # so that the renewed window goes to the end of the dictionary
            elif len(used) >= self._max_entries:
                self._make_room(used, now)
            entry = used[key] = [now + limit.period_s, limit.amount]
        if entry[1] < amount:
            return False
        entry[1] -= amount
        return True

    def give_back(self, kind: Spend, key: bytes, amount: int) -> None:
        """Return what was taken for something that then could not be done."""
        entry = self._used[kind].get(key)
        if entry is not None:
            entry[1] += amount

    def forget(self, key: bytes) -> None:
        """Forget a revoked capability."""
        for used in self._used.values():
            used.pop(key, None)

    def sweep(self, now: float) -> None:
        """Forget windows that are over.

        Args:
            now: Monotonic seconds.
        """
        for used in self._used.values():
            _drop_finished(used, now)

    def __len__(self) -> int:
        return sum(len(used) for used in self._used.values())

    def _make_room(self, used: dict[bytes, list[float]], now: float) -> None:
        _drop_finished(used, now)
        # Still full: forget the tenth that started first, so this is rare and cheap on average.
        if len(used) >= self._max_entries:
            for key in list(used)[: max(1, self._max_entries // 10)]:
                del used[key]


def _drop_finished(used: dict[bytes, list[float]], now: float) -> None:
    # Insertion order is the order of window ends, because all windows of a kind are equally long.
    finished = []
    for key, entry in used.items():
        if entry[0] > now:
            break
        finished.append(key)
    for key in finished:
        del used[key]
