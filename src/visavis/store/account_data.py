"""An account's own rows in SQLite: all of them, as they are stored."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Integer,
    LargeBinary,
    Table,
    delete,
    func,
    insert,
    literal,
    select,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from visavis.core.errors import Code, PeerError
from visavis.ports.account_data import AccountSettings, Digest, KeptRow, KeptTable, Value
from visavis.ports.random import Rng
from visavis.ports.stored import Retention
from visavis.store.base import Base
from visavis.store.engine import Database
from visavis.store.lifetimes import account_tables, belongs_to, end_of
from visavis.store.schema import account_settings, accounts, envelopes, key_packages

NUMBER_BYTES: Final = 8
"""What a number counts for in a footprint; SQLite stores it in up to as many."""

_END: Final = "end of the row"


class AccountData(Base):
    """The part of the store with which an account looks at itself."""

    def __init__(self, db: Database, retention: Retention, rng: Rng) -> None:
        super().__init__(db, retention, rng)
        # One look at a time: a vault and a full mailbox are hundreds of megabytes to hash, and two
        # of three readers must stay free for everybody else.
        self._looking = asyncio.Lock()

    async def account_data(
        self, account_id: bytes, day: int | None, *, skip: int, limit: int, longest: int
    ) -> tuple[KeptTable, ...]:
        """See `AccountDataStore.account_data`."""
        found = []
        async with self._looking, self._snapshot() as connection:
            for table in account_tables():
                rows, size = await self._totals(connection, table, account_id, day)
                shown: tuple[KeptRow, ...] = ()
                if skip < rows and limit:
                    shown = await self._rows(
                        connection, table, account_id, day, (skip, limit, longest)
                    )
                skip = max(0, skip - rows)
                limit -= len(shown)
                key = tuple(column.name for column in table.primary_key)
                found.append(KeptTable(table.name, key, rows, size, shown))
        return tuple(found)

    async def account_value(
        self, account_id: bytes, table: str, column: str, key: Sequence[bytes]
    ) -> bytes | None:
        """See `AccountDataStore.account_value`."""
        found = next((one for one in account_tables() if one.name == table), None)
        if found is None or column not in found.c or len(found.primary_key) != len(key):
            return None
        if not isinstance(found.c[column].type, LargeBinary):
            return None
        query = select(found.c[column]).where(
            belongs_to(found, account_id), tuple_(*found.primary_key) == tuple_(*key)
        )
        async with self.db.read() as connection:
            value: bytes | None = await connection.scalar(query)
        return value

    async def account_settings(self, account_id: bytes) -> AccountSettings:
        """See `AccountDataStore.account_settings`."""
        columns = account_settings.c
        query = select(columns.account_days, columns.envelope_days, columns.restricted).where(
            columns.account_id == account_id
        )
        async with self.db.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            return AccountSettings()
        return AccountSettings(row.account_days, row.envelope_days, row.restricted == 1)

    async def set_account_settings(self, account_id: bytes, settings: AccountSettings) -> None:
        """See `AccountDataStore.set_account_settings`."""
        here = select(accounts.c.account_id).where(accounts.c.account_id == account_id)
        async with self.db.write() as connection:
            if await connection.scalar(here) is None:
                raise PeerError(Code.REFUSED, "no such account")
            await connection.execute(
                delete(account_settings).where(account_settings.c.account_id == account_id)
            )
            if settings != AccountSettings():
                await connection.execute(
                    insert(account_settings).values(
                        account_id=account_id,
                        account_days=settings.account_days,
                        envelope_days=settings.envelope_days,
                        restricted=int(settings.restricted),
                    )
                )

    async def delete_key_packages(self, device_id: bytes) -> int:
        """See `AccountDataStore.delete_key_packages`."""
        return await self._delete(key_packages, key_packages.c.device_id == device_id)

    async def delete_waiting_envelopes(self, mailbox_id: bytes) -> int:
        """See `AccountDataStore.delete_waiting_envelopes`."""
        return await self._delete(envelopes, envelopes.c.mailbox_id == mailbox_id)

    async def _delete(self, table: Table, condition: ColumnElement[bool]) -> int:
        async with self.db.write() as connection:
            result = await connection.execute(delete(table).where(condition))
        return result.rowcount

    @contextlib.asynccontextmanager
    async def _snapshot(self) -> AsyncIterator[AsyncConnection]:
        """Read several statements at one moment, without keeping anybody from writing."""
        async with self.db.read() as connection:
            await connection.exec_driver_sql("BEGIN")
            try:
                yield connection
                await connection.exec_driver_sql("COMMIT")
            except BaseException:
                # Never back to the others with its transaction open: they would read the past.
                await connection.invalidate()
                raise

    async def _totals(
        self, connection: AsyncConnection, table: Table, account_id: bytes, day: int | None
    ) -> tuple[int, int]:
        sizes = [
            literal(NUMBER_BYTES) if isinstance(column.type, Integer) else func.length(column)
            for column in table.c
        ]
        query = select(func.count(), func.coalesce(func.sum(sum(sizes[1:], sizes[0])), 0)).where(
            *self._which(table, account_id, day)
        )
        row = (await connection.execute(query.select_from(table))).one()
        return int(row[0]), int(row[1])

    async def _rows(
        self,
        connection: AsyncConnection,
        table: Table,
        account_id: bytes,
        day: int | None,
        page: tuple[int, int, int],
    ) -> tuple[KeptRow, ...]:
        skip, limit, longest = page
        query = (
            select(table, end_of(table, table, self.retention).label(_END))
            .where(*self._which(table, account_id, day))
            .order_by(*table.primary_key)
            .offset(skip)
            .limit(limit)
            .execution_options(yield_per=16)  # bodies are hashed as they come, never held at once
        )
        async with connection.stream(query) as rows:
            return tuple([_kept(dict(row), table, longest) async for row in rows.mappings()])

    def _which(self, table: Table, account_id: bytes, day: int | None) -> list[ColumnElement[bool]]:
        mine = [belongs_to(table, account_id)]
        if day is not None:
            mine.append(end_of(table, table, self.retention) > day)
        return mine


def _kept(row: Mapping[Any, Any], table: Table, longest: int) -> KeptRow:
    values: dict[str, Value] = {}
    for column in table.c:
        value = row[column.name]
        assert isinstance(value, bytes | int)
        if isinstance(value, bytes) and len(value) > longest:
            values[column.name] = Digest(len(value), hashlib.sha256(value).digest())
        else:
            values[column.name] = value
    end = row[_END]
    assert isinstance(end, int)
    return KeptRow(values, end)
