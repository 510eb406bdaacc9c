"""The shares part of the Store port: what opens a recording, as long as its member wants it (P16).

A recording's keys are made of a secret of who records and of a random share of each member. The
share lies here, in a slot that names nobody, until the member deletes it or its days are over.
Whoever has the slot's read key may read it, whoever has its delete key may delete it; the store
knows the SHA-256 of both. It is in no backup (CK-974): what was deleted must not come back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

MAX_SHARE_DAYS: Final = 31
"""Days from today to the day a share ends, at most. People are asked for thirty; one more is for
clocks that are ahead. It is what the inventory says (`retention.share`)."""


@dataclass(frozen=True, slots=True, repr=False)
class StoredShare:
    """A share in its slot.

    Args:
        slot: 16 random bytes.
        share: 32 bytes.
        read_hash: SHA-256 of the read key.
        delete_hash: SHA-256 of the delete key.
        expires_day: First day on which it is gone, in days since 1970.
    """

    slot: bytes
    share: bytes
    read_hash: bytes
    delete_hash: bytes
    expires_day: int


class ShareStore(Protocol):
    """Shares of recording keys. `today` and errors as in `visavis.ports.store`."""

    async def lay_share(self, share: StoredShare, today: int) -> bool:
        """Keep a share; what lies in its slot already is never replaced.

        Returns:
            Whether it lies there now, be it since an earlier request that was the same.
        """
        ...

    async def read_share(self, slot: bytes, read_hash: bytes, today: int) -> bytes | None:
        """Return a share; None whether it is unknown, over, deleted, or not its read key."""
        ...

    async def delete_share(self, slot: bytes, delete_hash: bytes, today: int) -> bool:
        """Delete a share.

        Returns:
            Whether nothing lies in the slot now; False: not its delete key.
        """
        ...
