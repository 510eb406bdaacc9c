"""What the server says it has of our account, checked and typed (R-67, R-13, R-79).

The server answers with the literal rows of its database; nothing here adds to them or leaves any
out. A server that lies about what it keeps cannot be caught by asking it: what holds it to its word
is that its source is open, and that its own test compares this answer with the database file.

Not for: changing anything (`visavis.sdk.your_data`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final

from visavis.core import base64url
from visavis.core.errors import Code, PeerError, UnavailableError
from visavis.transport.account_data import AccountDataApi
from visavis.transport.http import bytes_field, int_field, list_field, text_field

MAX_PAGES: Final = 400
"""Pages that are read: a full mailbox of the smallest envelopes has 260. More lets a hostile server
fill more memory."""

TRIES: Final = 3
"""How often reading begins again when rows came or went between two pages."""


class DataClass(StrEnum):
    """Kinds of data, as a person thinks of them. Every table of the server belongs to one."""

    ACCOUNT = "account"
    DEVICES = "devices"
    ENVELOPES = "envelopes"
    KEY_PACKAGES = "key-packages"
    HANDLE = "handle"
    PUSH = "push"
    VAULT = "vault"
    OTHER = "other"


CLASS_OF: Final[Mapping[str, DataClass]] = {
    "accounts": DataClass.ACCOUNT,
    "keystores": DataClass.ACCOUNT,
    "passkeys": DataClass.ACCOUNT,
    "account_settings": DataClass.ACCOUNT,
    "devices": DataClass.DEVICES,
    "farewells": DataClass.DEVICES,
    "mailboxes": DataClass.DEVICES,
    "capabilities": DataClass.DEVICES,
    "envelopes": DataClass.ENVELOPES,
    "key_packages": DataClass.KEY_PACKAGES,
    "request_addresses": DataClass.HANDLE,
    "push_subscriptions": DataClass.PUSH,
    "vault_manifests": DataClass.VAULT,
    "vault_slots": DataClass.VAULT,
}


@dataclass(frozen=True, slots=True)
class LongValue:
    """A value that was not given at once: its length in bytes and SHA-256."""

    size: int
    sha256: bytes


Value = bytes | int | LongValue


@dataclass(frozen=True, slots=True)
class DataRow:
    """A row as the server stores it, and the ISO day on which it is deleted."""

    values: Mapping[str, Value]
    deleted_on: str


@dataclass(frozen=True, slots=True)
class DataColumn:
    """What the server's inventory says of a column."""

    name: str
    purpose: str
    legal_basis: str
    retention_days: int
    retention_after: str
    at_rest: str
    visible_to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DataTable:
    """A table's rows of our account, in no order; `key` names the columns of its primary key."""

    name: str
    key: tuple[str, ...]
    columns: tuple[DataColumn, ...]
    total_rows: int
    total_bytes: int
    rows: tuple[DataRow, ...]

    @property
    def data_class(self) -> DataClass:
        """Which kind of data it is."""
        return CLASS_OF.get(self.name, DataClass.OTHER)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """An entry of the inventory that hangs on no account.

    `kind`: "column" or "file" (kept, and the server cannot tell whose it is), "memory", "log",
    "header".
    """

    kind: str
    name: str
    purpose: str
    legal_basis: str
    retention_days: int
    at_rest: str
    visible_to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Choices:
    """What we chose (None: as the operator has it), and the operator's days, which are the most."""

    account_days: int | None
    envelope_days: int | None
    restricted: bool
    most_account_days: int
    most_envelope_days: int


@dataclass(frozen=True, slots=True)
class Footprint:
    """How much there is: rows and bytes."""

    rows: int = 0
    bytes: int = 0

    def __add__(self, other: Footprint) -> Footprint:
        return Footprint(self.rows + other.rows, self.bytes + other.bytes)


@dataclass(frozen=True, slots=True)
class ServerData:
    """All that the server has of our account on a day.

    Args:
        day: ISO day: today, or the day of the preview.
        in_days: 0, or how far ahead the preview is.
        choices: What we chose.
        tables: With their rows.
        elsewhere: What hangs on no account.
    """

    day: str
    in_days: int
    choices: Choices
    tables: tuple[DataTable, ...]
    elsewhere: tuple[Elsewhere, ...]

    @property
    def footprint(self) -> dict[DataClass, Footprint]:
        """Rows and bytes by kind of data (R-13)."""
        found: dict[DataClass, Footprint] = {}
        for table in self.tables:
            kind = table.data_class
            found[kind] = found.get(kind, Footprint()) + Footprint(
                table.total_rows, table.total_bytes
            )
        return found

    @property
    def objectable(self) -> tuple[Elsewhere, ...]:
        """What is done on the ground of a legitimate interest: one may object to it (GDPR 21)."""
        return tuple(one for one in self.elsewhere if one.legal_basis == "legitimate_interest")

    @property
    def total(self) -> Footprint:
        """Rows and bytes in all."""
        return sum(self.footprint.values(), Footprint())


async def read_server_data(api: AccountDataApi, in_days: int) -> ServerData:
    """Read every page.

    Args:
        api: Ours.
        in_days: 0 for now; else what would be left by then if nothing else happened.

    Raises:
        PeerError: MALFORMED, the answer is none; TOO_LARGE, it does not end (CK-713).
        UnavailableError: The server cannot be reached, or rows come and go all the time.
    """
    for _ in range(TRIES):
        first: ServerData | None = None
        pages: list[ServerData] = []
        skip: int | None = 0
        while skip is not None:
            page, skip = _page(await api.page(in_days, skip), skip)
            first = first or page
            if _totals(page) != _totals(first):
                break  # rows came or went: begin again
            pages.append(page)
            if len(pages) > MAX_PAGES:
                raise PeerError(Code.TOO_LARGE, "CK-713: the answer does not end")
        else:
            return _joined(pages)
    raise UnavailableError(Code.UNAVAILABLE, "what the server has keeps changing")


async def read_account_id(api: AccountDataApi) -> bytes | None:
    """Return the account's id at the server; None if it shows none.

    Raises:
        PeerError: MALFORMED.
        AuthorizationError: The device is not let in.
        UnavailableError: The server cannot be reached.
    """
    page, _ = _page(await api.page(0, 0), 0)
    rows = (row for table in page.tables if table.name == "accounts" for row in table.rows)
    found = next((row.values.get("account_id") for row in rows), None)
    return found if isinstance(found, bytes) else None


async def read_value(api: AccountDataApi, table: DataTable, row: DataRow, column: str) -> bytes:
    """Read a value that came as `LongValue`.

    Raises:
        PeerError: UNEXPECTED (CK-714), the bytes are not those whose hash was given.
        AuthorizationError: REFUSED, it is gone by now.
    """
    value = row.values[column]
    if isinstance(value, bytes):
        return value
    if not isinstance(value, LongValue):
        raise PeerError(Code.UNEXPECTED, "this value is no bytes")
    key = [part for part in (row.values[name] for name in table.key) if isinstance(part, bytes)]
    data = await api.value(table.name, column, key)
    if len(data) != value.size or hashlib.sha256(data).digest() != value.sha256:
        raise PeerError(Code.UNEXPECTED, "CK-714: the bytes are not those of the hash")
    return data


def choices_from(answer: object) -> Choices:
    """Return the choices in an answer of the server.

    Raises:
        PeerError: MALFORMED.
    """
    if not isinstance(answer, dict) or not isinstance(answer.get("restricted"), bool):
        raise PeerError(Code.MALFORMED, "the answer has no choices")

    def days(name: str) -> int | None:
        return None if answer.get(name) is None else int_field(answer, name)

    return Choices(
        days("account_days"),
        days("envelope_days"),
        answer["restricted"],
        int_field(answer, "most_account_days"),
        int_field(answer, "most_envelope_days"),
    )


def _page(answer: object, skip: int) -> tuple[ServerData, int | None]:
    following = answer.get("next_skip") if isinstance(answer, dict) else None
    if following is not None and int_field(answer, "next_skip") <= skip:
        raise PeerError(Code.MALFORMED, "CK-713: the next page is the one before")
    page = ServerData(
        _day(answer, "day"),
        int_field(answer, "in_days"),
        choices_from(answer["settings"] if isinstance(answer, dict) else None),
        tuple(_table(one) for one in list_field(answer, "tables")),
        tuple(_elsewhere(one) for one in list_field(answer, "elsewhere")),
    )
    return page, following


def _table(answer: object) -> DataTable:
    return DataTable(
        text_field(answer, "table"),
        _texts(answer, "key"),
        tuple(_column(one) for one in list_field(answer, "columns")),
        int_field(answer, "total_rows"),
        int_field(answer, "total_bytes"),
        tuple(_row(one) for one in list_field(answer, "rows")),
    )


def _column(answer: object) -> DataColumn:
    return DataColumn(
        text_field(answer, "column"),
        text_field(answer, "purpose"),
        text_field(answer, "legal_basis"),
        int_field(answer, "retention_days"),
        text_field(answer, "retention_after"),
        text_field(answer, "at_rest"),
        _texts(answer, "visible_to"),
    )


def _elsewhere(answer: object) -> Elsewhere:
    return Elsewhere(
        text_field(answer, "kind"),
        text_field(answer, "name"),
        text_field(answer, "purpose"),
        text_field(answer, "legal_basis"),
        int_field(answer, "retention_days"),
        text_field(answer, "at_rest"),
        _texts(answer, "visible_to"),
    )


def _row(answer: object) -> DataRow:
    values = answer.get("values") if isinstance(answer, dict) else None
    if not isinstance(values, dict):
        raise PeerError(Code.MALFORMED, "a row has no values")
    return DataRow(
        {str(name): _value(value) for name, value in values.items()},
        _day(answer, "deleted_on"),
    )


def _value(value: Any) -> Value:
    match value:
        case bool():
            raise PeerError(Code.MALFORMED, "a value of a row is neither bytes nor number")
        case int():
            return value
        case str():
            return base64url.decode(value)
        case _:
            return LongValue(int_field(value, "size"), bytes_field(value, "sha256", 32))


def _day(answer: object, name: str) -> str:
    """Return an ISO day: it is printed and counted with, so it must be one."""
    text = text_field(answer, name)
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise PeerError(Code.MALFORMED, f"{name} is no day") from None


def _texts(answer: object, name: str) -> tuple[str, ...]:
    found = list_field(answer, name)
    if not all(isinstance(one, str) for one in found):
        raise PeerError(Code.MALFORMED, f"{name} is no list of words")
    return tuple(found)


def _totals(data: ServerData) -> list[tuple[str, int, int]]:
    return [(table.name, table.total_rows, table.total_bytes) for table in data.tables]


def _joined(pages: Sequence[ServerData]) -> ServerData:
    first = pages[0]
    tables = tuple(
        DataTable(
            table.name,
            table.key,
            table.columns,
            table.total_rows,
            table.total_bytes,
            tuple(row for page in pages for row in page.tables[number].rows),
        )
        for number, table in enumerate(first.tables)
    )
    return ServerData(first.day, first.in_days, first.choices, tables, first.elsewhere)
