"""What the parts of the SQLite store share: the open database and the retention filter."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Table

from visavis.core.errors import UsageError
from visavis.ports.random import Rng
from visavis.ports.stored import Retention
from visavis.store.engine import Database
from visavis.store.lifetimes import own_end


class Base:
    """An open database with the rules that say how long its rows live.

    Args:
        db: The database.
        retention: Rules by table name, made from the inventory.
        rng: For the random keys of rows that nobody outside names, and for random picks.
    """

    def __init__(self, db: Database, retention: Retention, rng: Rng) -> None:
        self.db = db
        self.retention = retention
        self.rng = rng

    def alive(self, table: Table, today: int) -> ColumnElement[bool]:
        """Return the condition "not past its retention" (R-72: filter and job use one rule).

        Raises:
            UsageError: The table has no rule of its own.
        """
        end = own_end(table, table.name, self.retention)
        if end is None:
            raise UsageError(f"no retention rule for {table.name}")
        condition: ColumnElement[bool] = end > today
        return condition
