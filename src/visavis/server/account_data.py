"""`/v1/account/data`: the literal rows that this server holds for one account (R-67, R-80).

What is shown is not a description: it is the account's projection of the database, read in one
snapshot, every column of every row of every table that hangs on the account by a foreign key. A
test opens the database file itself and compares (`tests/server/test_account_data.py`). Beside each
column stands what the inventory says of it, and beside each row the day on which it is deleted.

`in_days=30` shows what would be left by then if nothing else happened: the rows that the retention
run of that day leaves, by the same expression (R-79).

What hangs on nobody comes as `elsewhere`, as the inventory lists it: kept, sent, logged or held in
memory, and not to be told apart by account. Nothing is stored or counted by looking.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from visavis.core import base64url
from visavis.core.errors import AuthorizationError, Code
from visavis.ports.account_data import Digest, KeptRow, KeptTable, Value
from visavis.ports.clock import day_text
from visavis.ports.random import Rng, shuffled
from visavis.server.account_settings import SettingsBody, settings_body
from visavis.server.auth import CurrentDevice, WithServices
from visavis.server.inventory import MAX_DAYS, Entry, Inventory
from visavis.server.wire import Bytes32, Message, Wire

router: Final = APIRouter(tags=["account data"])

PAGE_ROWS: Final = 1_000
"""Rows in one answer, at most 4 MiB. Higher needs fewer requests for a full mailbox."""

LONGEST: Final = 2_048
"""Bytes of a value that is given at once; of longer ones come length and SHA-256, and the bytes on
request. Higher makes the answer of a full mailbox longer, lower asks for more one by one."""

MAX_SKIP: Final = 2**31

StoredValue = Annotated[bytes, Wire((), 512 * 1024)]
KeyPart = Annotated[bytes, Wire((), 1_023)]
Name = Annotated[str, Field(pattern=r"^[a-z_]{1,40}$", max_length=40)]


class LongValue(Message):
    """A value of more than `LONGEST` bytes: its length and SHA-256."""

    size: int
    sha256: Bytes32


class Row(Message):
    """A row: bytes as base64url, numbers as numbers; the day on which it is deleted."""

    values: dict[str, int | str | LongValue]
    deleted_on: str


class ColumnInfo(Message):
    """What the inventory says of a column."""

    column: str
    purpose: str
    legal_basis: str
    retention_days: int
    retention_after: str
    at_rest: str
    visible_to: list[str]


class TableData(Message):
    """A table: its columns, how much it holds of this account, and rows in random order."""

    table: str
    key: list[str]
    columns: list[ColumnInfo]
    total_rows: int
    total_bytes: int
    rows: list[Row]


class Elsewhere(Message):
    """Something that is kept or seen and hangs on no account, as the inventory lists it."""

    kind: Literal["column", "file", "log", "header", "memory"]
    name: str
    purpose: str
    legal_basis: str
    retention_days: int
    at_rest: str
    visible_to: list[str]


class AccountDataAnswer(Message):
    """All that is held of one account, a page at a time.

    `next_skip` is null on the last page. Totals are whole on every page.
    """

    day: str
    in_days: int
    settings: SettingsBody
    tables: list[TableData]
    next_skip: int | None
    elsewhere: list[Elsewhere]


class ValueRequest(Message):
    """Which value to read: table, column, and the row's primary key in the order of `key`."""

    table: Name
    column: Name
    key: Annotated[list[KeyPart], Field(min_length=1, max_length=4)]


class ValueAnswer(Message):
    """The stored bytes."""

    value: StoredValue


@router.get("/v1/account/data")
async def account_data(
    services: WithServices,
    device: CurrentDevice,
    in_days: Annotated[int, Query(ge=0, le=MAX_DAYS)] = 0,
    skip: Annotated[int, Query(ge=0, le=MAX_SKIP)] = 0,
) -> AccountDataAnswer:
    """Return the account's own rows as they are stored, or as they would be left in some days."""
    today, listed = services.today(), services.inventory
    day = today + in_days
    found = await services.store.account_data(
        device.account_id,
        day if in_days else None,
        skip=skip,
        limit=PAGE_ROWS,
        longest=LONGEST,
    )
    shown = skip + sum(len(table.rows) for table in found)
    return AccountDataAnswer(
        day=day_text(day),
        in_days=in_days,
        settings=settings_body(
            await services.store.account_settings(device.account_id), listed.retention
        ),
        tables=[_table(table, listed, services.rng) for table in found],
        next_skip=shown if shown < sum(table.total_rows for table in found) else None,
        elsewhere=elsewhere_of(listed, [table.name for table in found]),
    )


@router.post("/v1/account/data/value")
async def account_value(
    body: ValueRequest, services: WithServices, device: CurrentDevice
) -> ValueAnswer:
    """Return one stored value whole.

    Raises:
        AuthorizationError: REFUSED: CK-710: no such value of this account, or somebody else's.
    """
    value = await services.store.account_value(device.account_id, body.table, body.column, body.key)
    if not value:
        raise AuthorizationError(Code.REFUSED, "CK-710: no such value of this account")
    return ValueAnswer(value=value)


def elsewhere_of(listed: Inventory, tables: list[str]) -> list[Elsewhere]:
    """Return every entry of the inventory that is no column of these tables."""
    return [
        Elsewhere(
            kind=entry.kind,  # type: ignore[arg-type]  # checked by pydantic
            name=entry.name,
            purpose=entry.purpose,
            legal_basis=entry.legal_basis,
            retention_days=entry.retention.days,
            at_rest=entry.at_rest,
            visible_to=list(entry.visible_to),
        )
        for entry in listed.entries
        if entry.kind != "column" or entry.name.split(".")[0] not in tables
    ]


def _table(table: KeptTable, listed: Inventory, rng: Rng) -> TableData:
    columns = [
        _column(column, entry) for (name, column), entry in listed.columns.items()
        if name == table.name
    ]  # fmt: skip
    return TableData(
        table=table.name,
        key=list(table.key),
        columns=columns,
        total_rows=table.total_rows,
        total_bytes=table.total_bytes,
        rows=[_row(row) for row in shuffled(table.rows, rng)],
    )


def _column(name: str, entry: Entry) -> ColumnInfo:
    rule = entry.retention
    return ColumnInfo(
        column=name,
        purpose=entry.purpose,
        legal_basis=entry.legal_basis,
        retention_days=rule.days,
        retention_after=f"{rule.table}.{rule.anchor}",
        at_rest=entry.at_rest,
        visible_to=list(entry.visible_to),
    )


def _row(row: KeptRow) -> Row:
    return Row(
        values={name: _json(value) for name, value in row.values.items()},
        deleted_on=day_text(row.deleted_day),
    )


def _json(value: Value) -> int | str | LongValue:
    match value:
        case Digest():
            return LongValue(size=value.size, sha256=value.sha256)
        case bytes():
            return base64url.encode(value)
        case int():
            return value
