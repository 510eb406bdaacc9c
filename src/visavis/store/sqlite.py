"""The Store port on SQLite, and the housekeeping that leaves no traces (P7).

`tidy` empties the write-ahead log, which holds old pages and the order of writes, and sets the
files' modification times to the start of the day. `vacuum` rewrites the whole file, so that neither
free pages nor page order tell when rows were made. `purge` deletes what is past its retention.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from sqlalchemy import delete, inspect

from visavis.ports.clock import DAY_S
from visavis.ports.random import Rng
from visavis.ports.stored import Purged, Retention
from visavis.store.account_data import AccountData
from visavis.store.accounts import Accounts
from visavis.store.delivery import Delivery
from visavis.store.devices import Devices
from visavis.store.engine import Database, prepare_file
from visavis.store.migrate import migrate
from visavis.store.passkeys import Passkeys
from visavis.store.push import Push
from visavis.store.schema import metadata
from visavis.store.shares import Shares
from visavis.store.vault import Vault


class SqliteStore(Accounts, Passkeys, Devices, Delivery, Vault, Push, Shares, AccountData):
    """Everything the server keeps, in one SQLite file."""

    @classmethod
    async def open(cls, path: Path, *, retention: Retention, rng: Rng = os.urandom) -> Self:
        """Open the database, making or upgrading its schema first.

        Args:
            path: The database file; made with mode 0600 in a folder of mode 0700.
            retention: Rules by table name, made from the inventory.
            rng: Source of random bytes.

        Raises:
            FatalError: The file is damaged, or made by a newer version of this program.
        """
        await asyncio.to_thread(prepare_file, path)
        await asyncio.to_thread(migrate, path)
        return cls(Database(path), retention, rng)

    async def purge(self, today: int) -> Purged:
        """See `Store.purge`."""
        rows: dict[str, int] = {}
        async with self.db.write() as connection:
            for name in self.retention:
                table = metadata.tables[name]
                result = await connection.execute(delete(table).where(~self.alive(table, today)))
                rows[name] = result.rowcount
        return Purged(rows)

    async def tidy(self, today: int) -> bool:
        """See `Store.tidy`."""
        done = True
        if self.db.untidy:
            self.db.untidy = False  # a write from here on sets it again
            async with self.db.alone() as connection:
                row = (await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")).one()
            done = row[0] == 0  # a reader may hold an old snapshot: the next run tries again
            self.db.untidy = self.db.untidy or not done
        self._set_times(today)
        return done

    async def vacuum(self, today: int) -> None:
        """See `Store.vacuum`."""
        async with self.db.alone() as connection:
            await connection.exec_driver_sql("VACUUM")
        self.db.untidy = True
        await self.tidy(today)

    async def schema(self) -> Mapping[str, tuple[str, ...]]:
        """See `Store.schema`."""
        async with self.db.read() as connection:
            return await connection.run_sync(
                lambda sync: {
                    table: tuple(column["name"] for column in inspect(sync).get_columns(table))
                    for table in inspect(sync).get_table_names()
                }
            )

    async def close(self, today: int | None = None) -> None:
        """Close the database, folding the log into it.

        Args:
            today: If given, file times are set to the start of this day afterwards.
        """
        await self.db.close()
        if today is not None:
            self._set_times(today)

    def _set_times(self, today: int) -> None:
        """Set access and modification times to the start of the day (R-30)."""
        stamp = (today * DAY_S, today * DAY_S)
        path = self.db.path
        for each in (path, Path(f"{path}-wal"), Path(f"{path}-shm"), path.parent):
            with contextlib.suppress(FileNotFoundError):
                os.utime(each, stamp)
