"""A copy of the database taken apart: the rows of each account, and what belongs to nobody.

For backups, in which each account is sealed under a key of its own. Works on a copy that nobody
else has open, by the copy's own foreign keys and not by the schema of this program: a copy may be
of a database that is not migrated yet.

A part is a row of frames: length (4 bytes, big-endian) || CBOR [table, {column: value}]. Parts and
rows come in the order of random keys, which says nothing.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from visavis.core import cbor
from visavis.core.errors import Code, FatalError, PeerError, UnavailableError

Write = Callable[[bytes], object]
Read = Callable[[int], bytes]

MAX_FRAME: Final = 4 * 1024 * 1024
"""Of one row; the longest are sealed subscriptions and envelopes, far below. More lets a damaged
part take more memory."""

_LENGTH: Final = 4
_UNBOUND: Final = (sqlite3.InterfaceError, sqlite3.ProgrammingError)
"""Raised for a value that SQLite has no type for; which of the two depends on the Python."""

LEFT_OUT: Final = ("shares",)
"""Tables whose rows are in no backup: a share that its member deleted must not come back (P16)."""

_ROOT: Final = "accounts"
_KEY: Final = "account_id"


@contextlib.contextmanager
def opened_copy(path: Path) -> Iterator[CopiedDatabase]:
    """Open a copy for as long as the block lasts.

    Raises:
        UnavailableError: DISK_FULL.
        FatalError: It is damaged.
    """
    with contextlib.closing(CopiedDatabase(path)) as copy:
        try:
            yield copy
        except sqlite3.OperationalError:
            raise UnavailableError(Code.DISK_FULL, "a copy could not be changed") from None
        except sqlite3.DatabaseError:
            raise FatalError(Code.UNAVAILABLE, "a copy is damaged") from None


class CopiedDatabase:
    """A copy of the database, to be taken apart or put together; see `opened_copy`.

    Args:
        path: The copy.

    Raises:
        FatalError: It is damaged.
    """

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        try:
            self._db.execute("PRAGMA temp_store=MEMORY")
            self._db.execute("PRAGMA foreign_keys=OFF")  # `snapshot.verify` looks at all of them
            # No second file with old pages: the copy is thrown away if this is cut short.
            self._db.execute("PRAGMA journal_mode=MEMORY")
            self._columns = {name: self._columns_of(name) for name in self._tables()}
            self._owned = self._find_owned()
        except sqlite3.DatabaseError:
            self._db.close()
            raise FatalError(Code.UNAVAILABLE, "not a database") from None

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def accounts(self) -> list[bytes]:
        """Return the ids of all accounts."""
        return [row[0] for row in self._db.execute(f"SELECT {_KEY} FROM {_ROOT}")]  # noqa: S608

    def write_part(self, account_id: bytes, write: Write) -> None:
        """Write every row that hangs on an account.

        Args:
            account_id: Whose.
            write: Takes the bytes of the part, piece by piece.
        """
        for table, condition in self._owned.items():
            names = self._columns[table]
            listed = ", ".join(_quoted(name) for name in names)
            query = f"SELECT {listed} FROM {_quoted(table)} WHERE {condition}"  # noqa: S608
            for row in self._db.execute(query, (account_id,)):
                body = cbor.encode([table, dict(zip(names, row, strict=True))])
                write(len(body).to_bytes(_LENGTH, "big") + body)

    def empty_accounts(self) -> None:
        """Delete every row that hangs on an account.

        Raises:
            FatalError: One is left.
        """
        self._empty(list(self._owned))

    def leave_out(self) -> None:
        """Delete every row of `LEFT_OUT` (CK-974).

        Raises:
            FatalError: One is left.
        """
        self._empty([name for name in LEFT_OUT if name in self._columns])

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Write what the block does in one transaction."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def read_part(self, read: Read) -> None:
        """Put the rows of a part back.

        Args:
            read: Returns so many bytes, fewer only at the end.

        Raises:
            PeerError: MALFORMED (CK-742): not a part for this database.
        """
        while head := read(_LENGTH):
            size = int.from_bytes(head, "big")
            body = read(size) if len(head) == _LENGTH and size <= MAX_FRAME else b""
            if not body or len(body) != size:
                raise _malformed("a row is cut short")
            match cbor.decode(body):
                case [str(table), dict(row)] if self._is_row(table, row):
                    self._insert(table, row)
                case _:
                    raise _malformed("a row that does not belong there")

    def _is_row(self, table: str, row: dict[str, object]) -> bool:
        # CK-742: only tables that hang on accounts, with all of their columns and no other.
        return table in self._owned and set(row) == set(self._columns[table])

    def _insert(self, table: str, row: dict[str, object]) -> None:
        listed = ", ".join(_quoted(name) for name in row)
        marks = ", ".join("?" for _ in row)
        query = f"INSERT INTO {_quoted(table)} ({listed}) VALUES ({marks})"  # noqa: S608
        try:
            self._db.execute(query, tuple(row.values()))
        except (sqlite3.IntegrityError, *_UNBOUND, OverflowError):
            raise _malformed("a row comes twice, or is none") from None

    def _empty(self, tables: list[str]) -> None:
        for table in tables:
            self._db.execute(f"DELETE FROM {_quoted(table)}")  # noqa: S608 - names of the schema
        for table in tables:
            query = f"SELECT count(*) FROM {_quoted(table)}"  # noqa: S608
            if self._db.execute(query).fetchone() != (0,):  # pragma: no cover - SQLite's word
                raise FatalError(Code.UNAVAILABLE, "rows are left in a copy that must be empty")

    def _tables(self) -> list[str]:
        query = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
        return [name for (name,) in self._db.execute(query)]

    def _columns_of(self, table: str) -> tuple[str, ...]:
        return tuple(row[1] for row in self._db.execute(f"PRAGMA table_info({_quoted(table)})"))

    def _find_owned(self) -> dict[str, str]:
        """Return, for each table that hangs on accounts, the condition "belongs to this account".

        From the account down, so that each step uses the index on the foreign key.
        """
        owned = {_ROOT: f"{_KEY} = ?"} if _ROOT in self._columns else {}
        left = [name for name in self._columns if name != _ROOT]
        while left:
            found = {name: way for name in left if (way := self._way(name, owned)) is not None}
            if not found:
                return owned
            owned |= found
            left = [name for name in left if name not in found]
        return owned

    def _way(self, table: str, owned: dict[str, str]) -> str | None:
        ways = [
            (parent != _ROOT, column, parent, target)
            for _, _, parent, column, target, *_ in self._db.execute(
                f"PRAGMA foreign_key_list({_quoted(table)})"
            )
            if parent in owned
        ]
        if not ways:
            return None
        _, column, parent, target = min(ways)  # the shortest: every way leads to the same account
        inner = f"SELECT {_quoted(target)} FROM {_quoted(parent)} WHERE {owned[parent]}"  # noqa: S608
        return f"{_quoted(column)} IN ({inner})"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _malformed(why: str) -> PeerError:
    return PeerError(Code.MALFORMED, f"CK-742: {why}")
