"""The Blobs port: encrypted blobs that are too large for an envelope (protocol.md P1, P8).

A blob is ciphertext under a key the server never has, padded by its sender to exactly one of a
few sizes, under a random id. Whoever has the id may read it: the id travels only inside sealed
envelopes. A blob lives thirty days, is never listed, and nothing says who put it there.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final, Protocol

BLOB_ID_BYTES: Final = 16
BLOB_DAYS: Final = 30
"""Days a blob is kept, counted from the day it came, rounded up."""

BLOB_BUCKETS: Final = tuple(
    size * 1024 for size in (256, 1024, 4 * 1024, 8 * 1024, 16 * 1024, 25 * 1024)
)
BLOB_OVERHEAD: Final = 28
"""AES-GCM nonce and tag on top of a bucket: 25 MiB of padded content fit the largest size.
More buckets waste less space, fewer tell less about what is inside."""

BLOB_SIZES: Final = frozenset(size + BLOB_OVERHEAD for size in BLOB_BUCKETS)
MAX_BLOB_BYTES: Final = max(BLOB_SIZES)


class Blobs(Protocol):
    """Somewhere to keep blobs."""

    async def put(self, size: int, chunks: AsyncIterator[bytes], *, day: int) -> bytes:
        """Store a blob; when this returns it survives a crash.

        Args:
            size: The length the sender announced, one of `BLOB_SIZES`.
            chunks: The bytes, in order; must add up to exactly `size`.
            day: Today, in days since 1970.

        Returns:
            The new random id (16 bytes).

        Raises:
            PeerError: MALFORMED if size or bytes are not as announced; nothing is kept.
            UnavailableError: DISK_FULL; nothing is kept.
        """
        ...

    async def get(self, blob_id: bytes, *, day: int) -> AsyncIterator[bytes] | None:
        """Return a blob's chunks, or None if it is unknown or expired.

        Args:
            blob_id: 16 bytes.
            day: Today, in days since 1970; decides expiry even if the clean-up never ran.
        """
        ...

    async def sweep(self, *, day: int) -> int:
        """Delete everything expired and return how many blobs went."""
        ...
