"""The schema keeps its rules, in the code and in the file that the migrations make."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import LargeBinary, create_engine
from sqlalchemy.schema import CreateTable

from visavis.core.errors import FatalError
from visavis.store.engine import prepare_file
from visavis.store.migrate import migrate
from visavis.store.schema import metadata


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("schema") / "store.sqlite3"
    prepare_file(path)
    migrate(path)
    return path


def statements(path: Path) -> dict[str, str]:
    connection = sqlite3.connect(path)
    try:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
        return {name: re.sub(r"\s+", " ", sql).strip() for name, sql in rows}
    finally:
        connection.close()


def test_migrations_arrive_at_the_schema_of_the_code(migrated: Path) -> None:
    engine = create_engine(f"sqlite:///{migrated}")
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    expected = {
        name: re.sub(r"\s+", " ", str(CreateTable(table).compile(engine))).strip()
        for name, table in metadata.tables.items()
    }
    engine.dispose()
    # Autogenerate knows nothing of WITHOUT ROWID and ON DELETE, so the statements are compared too.
    assert differences == []
    made = statements(migrated)
    del made["alembic_version"]
    assert made == expected


def test_a_difference_would_be_seen(migrated: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.sqlite3"
    copy.write_bytes(migrated.read_bytes())
    connection = sqlite3.connect(copy)
    connection.execute("ALTER TABLE accounts ADD COLUMN email TEXT")
    connection.commit()
    connection.close()
    engine = create_engine(f"sqlite:///{copy}")
    with engine.connect() as opened:
        differences = compare_metadata(MigrationContext.configure(opened), metadata)
    engine.dispose()
    assert [difference[0] for difference in differences] == ["remove_column"]


def test_no_table_has_a_rowid_or_a_counter_for_a_key(migrated: Path) -> None:
    made = statements(migrated)
    assert len(made) == len(metadata.tables) + 1
    for name, sql in made.items():
        assert sql.endswith("WITHOUT ROWID"), name
        assert "AUTOINCREMENT" not in sql.upper()
    assert "sqlite_sequence" not in made


def test_keys_are_random_bytes() -> None:
    for table in metadata.tables.values():
        first = next(iter(table.primary_key.columns))
        assert isinstance(first.type, LargeBinary), table.name


def test_times_are_days_and_nothing_else_is_a_time() -> None:
    names = {column.name for table in metadata.tables.values() for column in table.columns}
    assert {"created_day", "last_seen_day", "arrival_day"} <= names
    assert not {name for name in names if re.search(r"time|date|stamp|hour|minute|_at$", name)}
    for table in metadata.tables.values():
        for column in table.columns:
            kind = str(column.type)
            assert kind in {"BLOB", "INTEGER"}, f"{table.name}.{column.name} is {kind}"


def test_every_row_hangs_on_its_owner(migrated: Path) -> None:
    roots = {"accounts", "sequencers", "shares", "spent_links", "alembic_version"}
    connection = sqlite3.connect(migrated)
    try:
        for table in statements(migrated):
            rules = [row[6] for row in connection.execute(f"PRAGMA foreign_key_list({table})")]
            assert (table in roots) == (rules == []), table
            assert set(rules) <= {"CASCADE"}
    finally:
        connection.close()


def test_no_table_joins_two_accounts(migrated: Path) -> None:
    """Following foreign keys up, every table reaches at most one owner, by one account column."""
    for table in metadata.tables.values():
        owners = [c.name for c in table.columns if "account" in c.name or "device_id" in c.name]
        assert len(owners) <= 2, table.name
        assert len([name for name in owners if name == "account_id"]) <= 1


def test_migrating_again_changes_nothing(migrated: Path) -> None:
    before = statements(migrated)
    migrate(migrated)
    assert statements(migrated) == before


def test_a_file_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    prepare_file(path)
    migrate(path)
    connection = sqlite3.connect(path)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    with pytest.raises(FatalError, match="newer version"):
        migrate(path)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    path.write_bytes(b"this is not a database, it only has its name" * 100)
    with pytest.raises(FatalError, match="damaged"):
        migrate(path)
