"""An account with a row in every table that hangs on it, and the database read without our code.

`projection` opens the SQLite file itself and follows its foreign keys down from one account: what
the server says of an account is held against that.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
from pathlib import Path
from typing import Any

from tests.server.people import Person, Server, b, unb

from visavis.core.handle_request import SEALING_KEY_BYTES
from visavis.ports.account_data import AccountSettings
from visavis.ports.passkeys import NewPasskey
from visavis.ports.push import PushSubscription
from visavis.ports.stored import NewDevice, NewEnvelope

Row = dict[str, int | bytes]
Tables = dict[str, list[Row]]


async def fill(server: Server, person: Person) -> bytes:
    """Put at least one row of the person into every table; return the account id."""
    store, today = server.services.store, server.services.today()
    device = await store.device(person.token[:16], today)
    assert device is not None
    await store.add_passkey(
        device.account_id,
        NewPasskey(os.urandom(32), os.urandom(77), os.urandom(156)),
        today,
    )
    await store.set_account_settings(device.account_id, AccountSettings(envelope_days=20))
    await store.put_push_subscription(PushSubscription(device.device_id, os.urandom(600)), today)
    lost = NewDevice(os.urandom(16), os.urandom(32), os.urandom(16), (os.urandom(32),))
    await store.add_device(device.account_id, lost, today)
    await store.delete_device(device.account_id, lost.device_id, os.urandom(64), today)
    for size in (1_024, 4_096):
        envelope = NewEnvelope(os.urandom(16), device.mailbox_id, today, os.urandom(size))
        await store.write_envelopes([envelope], [])
    uploaded = await server.post(
        "/v1/key-packages",
        {"one_time": [b(os.urandom(3_000))] * 3, "last_resort": b(os.urandom(3_000))},
        person.token,
    )
    written = await server.post(
        "/v1/vault",
        {
            "expected_counter": 0,
            "manifest": b(os.urandom(4_096)),
            "put": [{"slot": b(os.urandom(16)), "data": b(os.urandom(4_096))} for _ in range(4)],
            "delete": [],
        },
        person.token,
    )
    shown = await server.http.put(
        "/v1/request-address",
        json={
            "mailbox_id": b(person.mailbox_id),
            "capability": b(person.capabilities[0]),
            "sealing_key": b(os.urandom(SEALING_KEY_BYTES)),
            "pow_bits": 20,
        },
        headers=person.bearer,
    )
    assert [one.status_code for one in (uploaded, written, shown)] == [200, 200, 200], shown.text
    return device.account_id


def projection(data: Path, account_id: bytes) -> Tables:
    """Return every row of the database that hangs on an account, by following foreign keys."""
    with contextlib.closing(sqlite3.connect(data / "visavis.sqlite3")) as connection:
        connection.row_factory = sqlite3.Row
        names = [
            str(row[0])
            for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        keys = {
            name: [(row["from"], row["table"], row["to"]) for row in
                   connection.execute(f"PRAGMA foreign_key_list({name})")]
            for name in names
        }  # fmt: skip
        everything = {
            name: [dict(row) for row in connection.execute(f"SELECT * FROM {name}")]
            for name in names
        }
    mine: Tables = {
        "accounts": [row for row in everything["accounts"] if row["account_id"] == account_id]
    }
    grown = True
    while grown:
        grown = False
        for name in names:
            rows = [
                row
                for row in everything[name]
                if any(
                    row[own] in [parent[to] for parent in mine.get(table, ())]
                    for own, table, to in keys[name]
                )
            ]
            if name != "accounts" and len(rows) > len(mine.get(name, ())):
                mine[name], grown = rows, True
    return {name: rows for name, rows in mine.items() if rows}


def owned_tables(data: Path) -> set[str]:
    """Return the tables from which foreign keys lead to accounts, as the file itself has them."""
    with contextlib.closing(sqlite3.connect(data / "visavis.sqlite3")) as connection:
        names = [
            row[0]
            for row in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")
        ]
        up = {
            name: {row[2] for row in connection.execute(f"PRAGMA foreign_key_list({name})")}
            for name in names
        }
    found = {"accounts"}
    while more := {name for name in names if name not in found and up[name] & found}:
        found |= more
    return found


async def shown(
    server: Server, token: bytes, in_days: int = 0, *, whole: bool = True
) -> tuple[Tables, list[dict[str, Any]]]:
    """Return what the server says it has of an account, every value whole, and the raw pages."""
    tables: Tables = {}
    pages = []
    skip: int | None = 0
    while skip is not None:
        answer = await server.get(f"/v1/account/data?in_days={in_days}&skip={skip}", token)
        assert answer.status_code == 200, answer.text
        pages.append(answer.json())
        for table in answer.json()["tables"]:
            rows = tables.setdefault(table["table"], [])
            for row in table["rows"]:
                rows.append(
                    {
                        name: await _value(server, token, table, row["values"], name, whole=whole)
                        for name in row["values"]
                    }
                )
        skip = answer.json()["next_skip"]
    return {name: rows for name, rows in tables.items() if rows}, pages


async def _value(
    server: Server,
    token: bytes,
    table: dict[str, Any],
    values: dict[str, Any],
    column: str,
    *,
    whole: bool,
) -> int | bytes:
    value = values[column]
    if isinstance(value, int):
        return value
    if isinstance(value, str):
        return unb(value)
    if not whole:
        return unb(value["sha256"])
    answer = await server.post(
        "/v1/account/data/value",
        {
            "table": table["table"],
            "column": column,
            "key": [values[name] for name in table["key"]],
        },
        token,
    )
    assert answer.status_code == 200, answer.text
    data = unb(answer.json()["value"])
    assert len(data) == value["size"]
    assert hashlib.sha256(data).digest() == unb(value["sha256"])
    return data


def ordered(tables: Tables) -> dict[str, list[list[tuple[str, int | bytes]]]]:
    """Return rows in one order, to be compared: the server gives them in none."""
    return {
        name: sorted((sorted(row.items()) for row in rows), key=repr)
        for name, rows in tables.items()
    }
