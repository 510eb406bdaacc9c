"""Shares of recording keys in SQLite."""

from __future__ import annotations

import hmac
from dataclasses import astuple
from typing import Final

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from visavis.ports.shares import StoredShare
from visavis.store.base import Base
from visavis.store.schema import shares

_NO_HASH: Final = bytes(32)
"""Stands in for the hash of a slot that is not there, so that it costs a comparison as well."""


class Shares(Base):
    """The shares part of the store."""

    async def lay_share(self, share: StoredShare, today: int) -> bool:
        """See `ShareStore.lay_share`."""
        columns = [column.name for column in shares.c]
        values = dict(zip(columns, astuple(share), strict=True))
        async with self.db.write() as connection:
            await self._end(connection, share.slot, today)
            result = await connection.execute(
                insert(shares).prefix_with("OR IGNORE").values(**values)
            )
            if result.rowcount == 1:
                return True
            query = select(shares).where(shares.c.slot == share.slot)
            there = StoredShare(*(await connection.execute(query)).one())
        # CK-971: the same request again is one whose answer was lost; any other finds it taken.
        return hmac.compare_digest(_bytes(there), _bytes(share))

    async def read_share(self, slot: bytes, read_hash: bytes, today: int) -> bytes | None:
        """See `ShareStore.read_share`."""
        query = select(shares.c.share, shares.c.read_hash).where(
            shares.c.slot == slot, self.alive(shares, today)
        )
        async with self.db.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        share, wanted = (None, _NO_HASH) if row is None else row
        # CK-972: one look-up and one comparison, whether or not there is such a slot.
        return share if hmac.compare_digest(read_hash, wanted) else None

    async def delete_share(self, slot: bytes, delete_hash: bytes, today: int) -> bool:
        """See `ShareStore.delete_share`."""
        query = select(shares.c.delete_hash).where(shares.c.slot == slot)
        async with self.db.write() as connection:
            await self._end(connection, slot, today)
            wanted = await connection.scalar(query)
            # CK-973: whoever may read it may not delete it.
            if wanted is not None and not hmac.compare_digest(delete_hash, wanted):
                return False
            await connection.execute(delete(shares).where(shares.c.slot == slot))
        return True

    async def _end(self, connection: AsyncConnection, slot: bytes, today: int) -> None:
        """Delete what lies in a slot if its days are over: to everybody it is not there."""
        await connection.execute(
            delete(shares).where(shares.c.slot == slot, ~self.alive(shares, today))
        )


def _bytes(share: StoredShare) -> bytes:
    day = share.expires_day.to_bytes(8, "big")
    return share.slot + share.share + share.read_hash + share.delete_hash + day
