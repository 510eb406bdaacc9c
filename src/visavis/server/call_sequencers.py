"""Sequencers of calls: compare-and-set in memory, gone after the call (protocol.md P8).

The same rules as those of conversations, which the store keeps: one winner per epoch, a write key
that only members of the epoch know. Nothing is ever written down; a restart of the server ends
them, and the call's members agree without one or form the group again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Final

from visavis.ports.stored import CommitResult, Commits, NewCommit

IDLE_S: Final = 86_400.0
MAX_SEQUENCERS: Final = 10_000
MAX_COMMITS: Final = 256
MAX_BYTES: Final = 64 * 1024 * 1024
"""Commits of all calls together. Beyond it none is accepted; members retry later."""


@dataclass(slots=True)
class _Sequencer:
    next_n: int
    first_n: int
    write_key_hash: bytes
    used: float
    commits: list[bytes] = field(default_factory=list)


class CallSequencers:
    """Keeps the sequencers of the calls that go on now.

    Args:
        idle_s: Seconds after its last use in which one ends by itself.
        rolling: Forget a call's own oldest commits instead of refusing new ones. For call rooms,
            whose members get each commit when it comes; who lacks an old one joins anew.
    """

    def __init__(self, *, idle_s: float = IDLE_S, rolling: bool = False) -> None:
        self._idle_s = idle_s
        self._rolling = rolling
        # Least recently used first: using one moves it to the end.
        self._sequencers: dict[bytes, _Sequencer] = {}
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._sequencers)

    def create(self, handle: bytes, first_n: int, write_key_hash: bytes, now: float) -> bool:
        """Create a sequencer; False if the handle is in use.

        Args:
            handle: 32 random bytes.
            first_n: Epoch that its first commit leads from.
            write_key_hash: SHA-256 of the write key of that epoch.
            now: Monotonic seconds.
        """
        if handle in self._sequencers:
            return False
        if len(self._sequencers) >= MAX_SEQUENCERS:
            self._remove(next(iter(self._sequencers)))
        self._sequencers[handle] = _Sequencer(first_n, first_n, write_key_hash, now)
        return True

    def append(self, commit: NewCommit, now: float) -> CommitResult:
        """Compare and set; see `DeliveryStore.append_commit`."""
        sequencer = self._touch(commit.handle, now)
        if sequencer is None:
            return CommitResult.REFUSED
        if commit.n != sequencer.next_n:
            return CommitResult.CONFLICT
        # CK-501: only a member of epoch n can write n (as CK-402 in the store).
        if not compare_digest(commit.write_key_hash, sequencer.write_key_hash):
            return CommitResult.REFUSED
        while self._full(sequencer, len(commit.body)):
            if not self._rolling or not sequencer.commits:
                return CommitResult.CONFLICT
            self._bytes -= len(sequencer.commits.pop(0))
            sequencer.first_n += 1
        sequencer.commits.append(commit.body)
        self._bytes += len(commit.body)
        sequencer.next_n += 1
        sequencer.write_key_hash = commit.next_write_key_hash
        return CommitResult.ACCEPTED

    def pull(self, handle: bytes, after: int, now: float, *, limit: int) -> Commits | None:
        """Return commits numbered above `after`; see `DeliveryStore.pull_commits`."""
        sequencer = self._touch(handle, now)
        if sequencer is None:
            return None
        start = max(0, after + 1 - sequencer.first_n)
        found = sequencer.commits[start : start + limit]
        first = sequencer.first_n + start
        return Commits(tuple(enumerate(found, first)), sequencer.next_n)

    def end(self, handle: bytes) -> None:
        """Forget a call that is over; one that is not known changes nothing."""
        if handle in self._sequencers:
            self._remove(handle)

    def sweep(self, now: float) -> None:
        """Forget the sequencers of calls that ended a day ago."""
        for handle, sequencer in tuple(self._sequencers.items()):
            if sequencer.used + self._idle_s > now:
                break
            self._remove(handle)

    def _full(self, sequencer: _Sequencer, size: int) -> bool:
        return self._bytes + size > MAX_BYTES or len(sequencer.commits) >= MAX_COMMITS

    def _touch(self, handle: bytes, now: float) -> _Sequencer | None:
        sequencer = self._sequencers.pop(handle, None)
        if sequencer is None:
            return None
        if sequencer.used + self._idle_s <= now:  # over, whether or not the sweep came by
            self._bytes -= sum(map(len, sequencer.commits))
            return None
        sequencer.used = now
        self._sequencers[handle] = sequencer
        return sequencer

    def _remove(self, handle: bytes) -> None:
        self._bytes -= sum(map(len, self._sequencers.pop(handle).commits))
