"""A commit of ours between being made and being known to have won or lost, written down (P8).

With it stands the state that it leaves: should it win, that is what we go on with.

Not for: when it is offered, or what follows from it (`sequencer`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

from visavis.core import cbor
from visavis.core.errors import Code, FatalError
from visavis.sdk.groups import PENDING_KIND, GroupRecord
from visavis.sdk.store import Store


@dataclass(frozen=True, slots=True)
class Pending:
    """Our own commit between being made and being known to have won or lost."""

    n: int
    sealed: bytes = field(repr=False)
    write_key: bytes = field(repr=False)
    next_hash: bytes = field(repr=False)
    after: bytes = field(repr=False)
    sends: tuple[tuple[bytes, bytes, bytes], ...] = field(repr=False)
    added: tuple[tuple[bytes, bytes], ...]
    removed: tuple[tuple[bytes, bytes], ...]
    data: bytes = field(default=b"", repr=False)

    def to_bytes(self) -> bytes:
        """Encode it for the store."""
        return cbor.encode(
            [
                self.n,
                self.sealed,
                self.write_key,
                self.next_hash,
                self.after,
                [list(send) for send in self.sends],
                [list(x) for x in self.added],
                [list(x) for x in self.removed],
                self.data,
            ]
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read one from the store. FatalError: MALFORMED."""
        value = cbor.decode(data)
        # Eight fields: written before there were groups of people.
        if not isinstance(value, list) or len(value) not in {8, 9}:
            raise FatalError(Code.MALFORMED, "a pending commit cannot be read")
        n, sealed, write_key, next_hash, after, sends, added, removed, *rest = value
        return cls(
            n,
            sealed,
            write_key,
            next_hash,
            after,
            tuple((a, d, c) for a, d, c in sends),
            tuple((a, d) for a, d in added),
            tuple((a, d) for a, d in removed),
            *rest,
        )


class PendingCommits:
    """Our pending commits, at most one of each group.

    Args:
        store: Holds them.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def find(self, record: GroupRecord) -> Pending | None:
        """Return the group's. FatalError: it cannot be read."""
        data = self._store.get(PENDING_KIND, record.group_id)
        return None if data is None else Pending.from_bytes(data)

    def put(self, record: GroupRecord, pending: Pending) -> None:
        """Write the group's down."""
        self._store.put(PENDING_KIND, record.group_id, pending.to_bytes())

    def delete(self, record: GroupRecord) -> None:
        """Drop the group's, if there is one."""
        self._store.delete(PENDING_KIND, record.group_id)
