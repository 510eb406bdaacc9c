"""Brings the database file to the newest schema with Alembic, before the server opens it.

Migrations are files in `migrations/versions/`, shipped in the package. They run in a thread on a
plain `sqlite3` connection, one transaction for all steps, so a failed upgrade changes nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import create_engine, event
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from visavis.core.errors import Code, FatalError
from visavis.store.engine import apply_pragmas, translated

MIGRATIONS: Final = Path(__file__).parent / "migrations"


def migrate(path: Path, revision: str = "head") -> None:
    """Upgrade the database at `path` to `revision`, making it if it is empty.

    Args:
        path: The database file.
        revision: An Alembic revision; "head" except in tests.

    Raises:
        FatalError: The file was written by a newer version, or is damaged.
        UnavailableError: The disk is full, or another process holds the file.
    """
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _entry: ConnectionPoolEntry) -> None:
        apply_pragmas(connection)

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    try:
        with translated(), engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            # Alembic's own table, made here so that it has no rowid either.
            connection.exec_driver_sql(
                "CREATE TABLE IF NOT EXISTS alembic_version "
                "(version_num VARCHAR(32) NOT NULL PRIMARY KEY) WITHOUT ROWID"
            )
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
            connection.commit()
    except CommandError:
        raise FatalError(
            Code.UNAVAILABLE, "this data folder was written by a newer version of Visavis"
        ) from None
    finally:
        engine.dispose()
