"""A consistent copy of the database while the server runs, and the check of one.

`VACUUM INTO` copies live rows only: free pages, which may hold traces of what was deleted a moment
ago, and the order in which rows were written do not get into a backup (P7).
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

from visavis.core.errors import Code, FatalError, UnavailableError
from visavis.store.engine import BUSY_TIMEOUT_MS


def snapshot(database: Path, target: Path) -> None:
    """Write a copy of the database to a new file with mode 0600.

    Args:
        database: The live database.
        target: Must not exist.

    Raises:
        UnavailableError: DISK_FULL, or UNAVAILABLE while it is locked.
    """
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    uri = f"{database.absolute().as_uri()}?mode=rw"
    try:
        with contextlib.closing(_opened(uri)) as connection:
            connection.execute("PRAGMA temp_store=MEMORY")
            connection.execute("VACUUM INTO ?", (str(target),))
    except sqlite3.OperationalError as error:
        full = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_FULL
        code = Code.DISK_FULL if full else Code.UNAVAILABLE
        raise UnavailableError(code, "the database could not be copied") from None


def account_ids(database: Path) -> frozenset[bytes]:
    """Return the ids of the accounts that are in the live database now.

    Raises:
        UnavailableError: UNAVAILABLE while it is locked.
    """
    uri = f"{database.absolute().as_uri()}?mode=rw"
    try:
        with contextlib.closing(_opened(uri)) as connection:
            return frozenset(
                row[0] for row in connection.execute("SELECT account_id FROM accounts")
            )
    except sqlite3.OperationalError:
        raise UnavailableError(Code.UNAVAILABLE, "the database could not be read") from None


def _opened(uri: str) -> sqlite3.Connection:
    return sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_MS / 1000, isolation_level=None)


def verify(database: Path) -> None:
    """Check that a database is whole and its references hold.

    Raises:
        FatalError: It is damaged.
    """
    uri = f"{database.absolute().as_uri()}?mode=ro&immutable=1"
    try:
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
            found = connection.execute("PRAGMA integrity_check").fetchall()
            broken = connection.execute("PRAGMA foreign_key_check").fetchall()
    except sqlite3.DatabaseError:
        raise FatalError(Code.UNAVAILABLE, "not a database") from None
    if found != [("ok",)] or broken:
        raise FatalError(Code.UNAVAILABLE, "the database is damaged")
