"""How SQLite is opened, written and read: the settings on which the promises rest.

* WAL, so that reading does not wait for writing; `synchronous=FULL`, so that a transaction that
  returned survives a power cut (an acknowledged durable envelope is never lost).
* `secure_delete`, so that deleted bytes are overwritten in the database file.
* `foreign_keys`, so that deleting a parent deletes everything that hangs on it.
* `temp_store=MEMORY`, so that VACUUM leaves no copy of the database in a temporary folder.
* One writer connection behind a lock (SQLite has one writer anyway; waiting in our queue is fair
  and cannot time out), several readers.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import stat
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final

import aiosqlite
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from visavis.core.errors import Code, FatalError, PeerError, UnavailableError

READERS: Final = 3
"""Reading connections. More let more readers wait for the disk at once; each costs a thread."""

BUSY_TIMEOUT_MS: Final = 5_000
"""How long a statement waits for another process (backup, audit) before it fails."""

WORKER_ENDS_S: Final = 10.0
"""How long `Database.close` waits for the thread of a connection before it goes on without."""

PRAGMAS: Final = (
    # First, for the others may have to wait as well.
    f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}",
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=ON",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA trusted_schema=OFF",
)

_ALONE: Final = "visavis_alone"  # execution option: no transaction around this

_FULL: Final = {sqlite3.SQLITE_FULL}
_LATER: Final = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_INTERRUPT,
}


def prepare_file(path: Path) -> None:
    """Make the database file readable by its owner only; SQLite gives WAL and SHM the same mode."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    path.chmod(stat.S_IRUSR | stat.S_IWUSR)


def apply_pragmas(connection: Any) -> None:
    """Set `PRAGMAS` on a DBAPI connection (plain or aiosqlite's adapter)."""
    # The driver must not open transactions by itself: `begin` below decides how they start.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


class _Workers:
    """The threads in which the driver's connections work, so that closing can wait for them.

    A connection whose task was cancelled is ended by the driver without waiting: its thread still
    answers the event loop, and must have done so before the loop is closed.
    """

    def __init__(self) -> None:
        self._threads: list[threading.Thread] = []

    async def connect(self, path: Path) -> aiosqlite.Connection:
        """Open a connection and remember its thread."""
        # SQLAlchemy sets the isolation level from the loop's thread, before there are statements.
        connection = aiosqlite.connect(path, check_same_thread=False)
        thread = connection._thread  # noqa: SLF001 - the driver (pinned) has no other way to it
        thread.daemon = True  # a statement that hangs must not hold up the end of the process
        self._threads = [one for one in self._threads if one.is_alive()] + [thread]
        return await connection

    async def ended(self) -> None:
        """Wait until all threads have ended; the event loop goes on meanwhile."""
        for thread in self._threads:
            await asyncio.to_thread(thread.join, WORKER_ENDS_S)


def _engine(path: Path, workers: _Workers, *, size: int, writer: bool) -> AsyncEngine:
    engine = create_async_engine(
        f"sqlite+aiosqlite:///{path}",
        async_creator=lambda: workers.connect(path),
        pool_size=size,
        max_overflow=0,
        hide_parameters=True,  # an error text must not carry row contents
        # Readers open no transaction (see below), so there is nothing to roll back on return.
        pool_reset_on_return="rollback" if writer else None,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def _on_connect(connection: Any, _entry: ConnectionPoolEntry) -> None:
        apply_pragmas(connection)

    if writer:

        @event.listens_for(engine.sync_engine, "begin")
        def _on_begin(connection: Any) -> None:
            # IMMEDIATE: take the write lock now, so that no transaction fails half way for it.
            if not connection.get_execution_options().get(_ALONE):
                connection.exec_driver_sql("BEGIN IMMEDIATE")

    # Readers begin nothing: each of their statements is one consistent snapshot by itself.
    return engine


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Turn the driver's errors into ours, without statement or parameters.

    Raises:
        PeerError: REFUSED, a row whose parent is gone.
        UnavailableError: DISK_FULL, or UNAVAILABLE when a retry may help.
        FatalError: The file is damaged or is no database.
    """
    try:
        yield
    except DBAPIError as error:
        code = getattr(error.orig, "sqlite_errorcode", None)
        if not isinstance(code, int):
            raise
        if isinstance(error.orig, sqlite3.IntegrityError):
            # Its parent was deleted a moment ago by another request.
            raise PeerError(Code.REFUSED, "what this row hangs on is gone") from None
        primary = code & 0xFF  # extended codes carry the primary one in their low byte
        if primary in _FULL:
            raise UnavailableError(Code.DISK_FULL, "the database cannot grow") from None
        if primary in _LATER:
            raise UnavailableError(
                Code.UNAVAILABLE, f"the database is busy or away (sqlite {primary})"
            ) from None
        raise FatalError(Code.UNAVAILABLE, f"the database is damaged (sqlite {primary})") from None


class Database:
    """An open database: what the parts of the store build on."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._workers = _Workers()
        self._writer = _engine(path, self._workers, size=1, writer=True)
        self._readers = _engine(path, self._workers, size=READERS, writer=False)
        self._lock = asyncio.Lock()
        self.untidy = True  # a crash may have left old pages in the WAL: tidy once at start

    @contextlib.asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """Open the write transaction; it commits at the end of the block, or does nothing."""
        async with self._lock:
            try:
                with translated():
                    async with self._writer.begin() as connection:
                        yield connection
            finally:
                # After the commit, so that a tidy run in between cannot miss it; also after a
                # failure, because a commit may fail and yet be on disk.
                self.untidy = True

    @contextlib.asynccontextmanager
    async def alone(self) -> AsyncIterator[AsyncConnection]:
        """Open the writing connection outside a transaction, for checkpoints and VACUUM."""
        async with self._lock:
            with translated():
                engine = self._writer.execution_options(**{_ALONE: True})
                async with engine.connect() as connection:
                    yield connection

    @contextlib.asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Open a reading connection; each statement sees the newest committed state."""
        with translated():
            async with self._readers.connect() as connection:
                yield connection

    async def close(self) -> None:
        """Close all connections; the last one folds the WAL into the database and removes it."""
        async with self._lock:
            await self._readers.dispose()
            await self._writer.dispose()
            await self._workers.ended()
