"""What the parts of the SQLite store share: the open database and the retention filter."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Table

from visavis.core.errors import UsageError
from visavis.ports.random import Rng
from visavis.ports.store import Retention
from visavis.store.engine import Database


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
        rule = self.retention.get(table.name)
        if rule is None:
            raise UsageError(f"no retention rule for {table.name}")
        condition: ColumnElement[bool] = table.c[rule.anchor] > today - rule.days
        return condition
