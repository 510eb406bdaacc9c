"""When a row ends, and whose it is: expressions that are derived from the foreign keys.

A row ends on its own day (anchor + days), or with the row it hangs on, whichever comes first.
Query filter, retention job, countdown and preview are all made from `own_end`, so they cannot
disagree (R-72, R-79).

A person may shorten two of the schedules for their account (R-74). What is chosen can only make the
operator's days fewer: the lesser of the two counts.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ColumnElement, ForeignKey, FromClause, Table, func, or_, select

from visavis.ports.stored import Retention
from visavis.store.schema import account_settings, accounts, devices, mailboxes, metadata

SHORTENED_BY: Final = {
    "accounts": account_settings.c.account_days,
    "envelopes": account_settings.c.envelope_days,
}
"""Columns that may hold fewer days than the operator's; 0 means that nothing was chosen."""


def parents(table: Table) -> tuple[tuple[Column[object], Column[object]], ...]:
    """Return (column, column of the parent) of each foreign key that leads up to an account."""
    keys: list[ForeignKey] = sorted(table.foreign_keys, key=lambda key: key.parent.name)
    return tuple((key.parent, key.column) for key in keys if hangs_on_account(key.column.table))


def hangs_on_account(table: FromClause) -> bool:
    """Say whether every row of a table belongs to an account."""
    return table is accounts or (isinstance(table, Table) and bool(parents(table)))


def account_tables() -> tuple[Table, ...]:
    """Return the tables that hold rows of accounts, in the order of the schema."""
    return tuple(table for table in metadata.tables.values() if hangs_on_account(table))


def belongs_to(table: Table, account_id: bytes) -> ColumnElement[bool]:
    """Return the condition "hangs on this account".

    From the account down, so that each step uses the index on the foreign key: the other way round
    it would look at every envelope of the server.
    """
    if table is accounts:
        condition: ColumnElement[bool] = accounts.c.account_id == account_id
        return condition
    ways = [
        own.in_(select(parent).where(belongs_to(_table(parent), account_id)))
        for own, parent in parents(table)
    ]
    return or_(*ways)


def own_end(source: FromClause, name: str, retention: Retention) -> ColumnElement[int] | None:
    """Return the day on which a row ends by its table's own rule; None if it has none.

    Args:
        source: The table, or an alias of it, in the statement around.
        name: The table's name.
        retention: Rules by table name.
    """
    rule = retention.get(name)
    if rule is None:
        return None
    days: ColumnElement[int] | int = rule.days
    shorter = SHORTENED_BY.get(name)
    if shorter is not None:
        chosen = (
            select(func.nullif(shorter, 0))
            .where(account_settings.c.account_id == _owner(source, metadata.tables[name]))
            .correlate(source)
            .scalar_subquery()
        )
        days = func.min(rule.days, func.coalesce(chosen, rule.days))
    end: ColumnElement[int] = source.c[rule.anchor] + days
    return end


def end_of(source: FromClause, table: Table, retention: Retention) -> ColumnElement[int]:
    """Return the day on which a row is deleted: by its own rule or by that of what it hangs on."""
    own = own_end(source, table.name, retention)
    ends = [] if own is None else [own]
    for column, parent in parents(table):
        above = _table(parent).alias()
        ends.append(
            select(end_of(above, _table(parent), retention))
            .where(above.c[parent.name] == source.c[column.name])
            .correlate(source)
            .scalar_subquery()
        )
    return ends[0] if len(ends) == 1 else func.min(*ends)


def is_open(row: FromClause) -> ColumnElement[bool]:
    """Return the condition "this account or mailbox is not frozen by its owner" (GDPR 18).

    To others a frozen account is one that does not exist, so this stands in every query that a
    stranger's or a contact's request runs.

    Args:
        row: A table in the statement around that has an `account_id`, or else a `mailbox_id`.
    """
    frozen = select(account_settings.c.restricted).where(account_settings.c.restricted == 1)
    if "account_id" in row.c:
        frozen = frozen.where(account_settings.c.account_id == row.c.account_id)
    else:
        box, device = mailboxes.alias(), devices.alias()
        frozen = (
            frozen.join(device, device.c.account_id == account_settings.c.account_id)
            .join(box, box.c.device_id == device.c.device_id)
            .where(box.c.mailbox_id == row.c.mailbox_id)
        )
    return ~frozen.correlate(row).exists()


def _owner(source: FromClause, table: Table) -> ColumnElement[bytes]:
    """Return the account id of a row, from the row up."""
    if table is accounts:
        own: ColumnElement[bytes] = source.c.account_id
        return own
    column, parent = parents(table)[0]
    above = _table(parent).alias()
    return (
        select(_owner(above, _table(parent)))
        .where(above.c[parent.name] == source.c[column.name])
        .correlate(source)
        .scalar_subquery()
    )


def _table(column: Column[object]) -> Table:
    table = column.table
    assert isinstance(table, Table)
    return table
