"""A real folder is held against the inventory; each kind of leak is found when it is put there."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from visavis.testing.audit.folder import search_folder
from visavis.testing.audit.holdings import collect
from visavis.testing.audit.population import Habits, Population
from visavis.testing.clock import NOON
from visavis.testing.server import local_server


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the data folder of a server that a few people used."""
    folder = tmp_path_factory.mktemp("used")
    asyncio.run(use(folder))
    return folder / "server"


async def use(folder: Path) -> None:
    async with local_server(folder, free_attempts=1000, call_per_minute=10_000) as server:
        habits = Habits(people=6, calls=0.0, messages=2.0, away=0.5)
        async with Population(
            server.origin, server.signup_link, habits, lambda: int(NOON)
        ).living() as population:
            await population.live_a_day()


@pytest.fixture
def copy(used: Path, tmp_path: Path) -> Path:
    target = tmp_path / "server"
    for path in sorted(used.rglob("*")):
        inside = target / path.relative_to(used)
        if path.is_dir():
            inside.mkdir(parents=True, exist_ok=True)
        else:
            inside.parent.mkdir(parents=True, exist_ok=True)
            inside.write_bytes(path.read_bytes())
            os.utime(inside, (0, 0))
    return target


def database(folder: Path) -> sqlite3.Connection:
    return sqlite3.connect(next(folder.glob("*.sqlite3"), None) or next(folder.glob("*.db")))


def run(folder: Path, *statements: tuple[str, tuple[object, ...]]) -> None:
    connection = database(folder)
    for statement, values in statements:
        connection.execute(statement, values)
    connection.commit()
    connection.close()
    for path in folder.rglob("*"):
        os.utime(path, (0, 0))


def test_a_real_folder_is_clean(copy: Path) -> None:
    holdings = collect(copy)
    assert len(holdings.rows) > 1000, "the server was used"
    assert search_folder(holdings) == []


def test_what_ciphertext_holds_by_chance_is_no_address(copy: Path) -> None:
    chance = bytes([255]) + b" a:: 1::2 " + bytes([255])
    run(copy, ("UPDATE key_packages SET body = ?", (chance * 100,)))
    holdings = collect(copy)
    assert any(chance * 100 in row.columns.values() for row in holdings.rows)
    assert "address" not in {hit.kind for hit in search_folder(holdings)}


def leak_call_row(folder: Path) -> None:
    connection = database(folder)
    a, b = [row[0] for row in connection.execute("SELECT account_id FROM devices LIMIT 2")]
    connection.close()
    run(
        folder,
        ("CREATE TABLE calls (account_id BLOB, other BLOB)", ()),
        ("INSERT INTO calls VALUES (?, ?)", (a, b)),
    )


def leak_column(folder: Path) -> None:
    run(folder, ("ALTER TABLE accounts ADD COLUMN nickname TEXT", ()))


def leak_time(folder: Path) -> None:
    run(folder, ("UPDATE accounts SET last_seen_day = 1790003724", ()))


def leak_address_in_log(folder: Path) -> None:
    (folder / "server.log").write_text("connected from 203.0.113.77\n")
    os.utime(folder / "server.log", (0, 0))


def leak_address_in_column(folder: Path) -> None:
    run(folder, ("ALTER TABLE devices ADD COLUMN seen_from TEXT DEFAULT '2001:db8::1:77'", ()))


def leak_address_in_blob(folder: Path) -> None:
    body = os.urandom(500) + b"\xff 198.51.100.7 \xff" + os.urandom(500)
    run(folder, ("UPDATE key_packages SET body = ?", (body,)))


def leak_modification_time(folder: Path) -> None:
    os.utime(next(folder.iterdir()), (1_790_003_724, 1_790_003_724))


@pytest.mark.parametrize(
    ("leak", "kind"),
    [
        (leak_call_row, "pair"),
        (leak_call_row, "inventory"),
        (leak_column, "inventory"),
        (leak_time, "time"),
        (leak_address_in_log, "address"),
        (leak_address_in_log, "inventory"),
        (leak_address_in_column, "address"),
        (leak_address_in_blob, "address"),
        (leak_modification_time, "time"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_each_leak_is_found(copy: Path, leak: Callable[[Path], None], kind: str) -> None:
    leak(copy)
    assert kind in {hit.kind for hit in search_folder(collect(copy))}
