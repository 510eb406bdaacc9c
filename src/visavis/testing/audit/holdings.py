"""Everything a server persisted, as an attacker with the disk would have it."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

SQLITE_MAGIC: Final = b"SQLite format 3\x00"
SECONDS_A_DAY: Final = 86_400

Value = int | float | str | bytes | None


@dataclass(frozen=True, slots=True)
class Row:
    """One stored row: where it stands in its table, and its columns."""

    table: str
    position: int
    columns: dict[str, Value]


@dataclass(frozen=True, slots=True)
class Holdings:
    """All files as bytes, all database rows, and each file's modification time.

    Attributes:
        files: Path below the data folder -> content. Databases appear here too, raw: with their
            free pages and next to their write-ahead logs.
        modified: Path -> modification time, unix seconds.
        rows: Rows of every table of every database, in stored order.
        schema: "table.column" of every database.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    modified: dict[str, float] = field(default_factory=dict)
    rows: tuple[Row, ...] = ()
    schema: tuple[str, ...] = ()


def collect(*folders: Path) -> Holdings:
    """Read every file below the folders: database, log, blob, backup, relay configuration.

    Args:
        folders: The data folder, and whatever else the server wrote to.

    Returns:
        What an attacker holding these folders has.
    """
    files: dict[str, bytes] = {}
    modified: dict[str, float] = {}
    rows: list[Row] = []
    schema: list[str] = []
    for folder in folders:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            name = str(path.relative_to(folder.parent))
            files[name] = path.read_bytes()
            modified[name] = path.stat().st_mtime
            if files[name].startswith(SQLITE_MAGIC):
                found, columns = _read_database(path)
                rows += found
                schema += columns
    return Holdings(files, modified, tuple(rows), tuple(schema))


def _read_database(path: Path) -> tuple[list[Row], list[str]]:
    """Read all rows from a copy, so that looking does not change what is looked at."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / path.name
        for suffix in ("", "-wal", "-shm"):
            beside = path.with_name(path.name + suffix)
            if beside.exists():
                shutil.copyfile(beside, copy.with_name(copy.name + suffix))
        connection = sqlite3.connect(copy)
        try:
            return list(_rows(connection)), list(_columns(connection))
        finally:
            connection.close()


def _tables(connection: sqlite3.Connection) -> list[str]:
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    return sorted(str(name) for (name,) in connection.execute(query))


def _columns(connection: sqlite3.Connection) -> Iterator[str]:
    for table in _tables(connection):
        for info in connection.execute(f'PRAGMA table_info("{table}")'):
            yield f"{table}.{info[1]}"


def _rows(connection: sqlite3.Connection) -> Iterator[Row]:
    for table in _tables(connection):
        cursor = connection.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - names from schema
        names = [column[0] for column in cursor.description]
        for position, values in enumerate(cursor):
            yield Row(table, position, dict(zip(names, values, strict=True)))
