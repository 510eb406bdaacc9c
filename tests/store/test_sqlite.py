"""What the SQLite adapter promises beyond the contract: durability, no traces, plain failures."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from visavis.core.errors import Code, FatalError, UnavailableError
from visavis.ports.clock import DAY_S
from visavis.ports.stored import NewAccount, NewDevice, NewEnvelope, StoredEnvelope, VaultWrite
from visavis.server import inventory
from visavis.store.engine import Database
from visavis.store.sqlite import SqliteStore

TODAY = 20_000
CANARY = b"a canary that must leave no trace, twice sixteen bytes long"


@contextlib.asynccontextmanager
async def opened(path: Path) -> AsyncIterator[SqliteStore]:
    store = await SqliteStore.open(path, retention=inventory.load().retention)
    try:
        yield store
    finally:
        await store.close(TODAY)


async def account(store: SqliteStore) -> NewAccount:
    device = NewDevice(os.urandom(16), os.urandom(32), os.urandom(16), (os.urandom(32),))
    new = NewAccount(
        os.urandom(16),
        os.urandom(32),
        os.urandom(192),
        os.urandom(32),
        os.urandom(4096),
        device,
    )
    await store.create_account(new, os.urandom(32), TODAY)
    return new


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def files(path: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in path.parent.iterdir()}


def holds(path: Path, needle: bytes) -> set[str]:
    return {name for name, data in files(path).items() if needle in data}


async def test_every_connection_has_the_settings(tmp_path: Path) -> None:
    async with opened(tmp_path / "data" / "s.sqlite3") as store:
        for context in (store.db.write, store.db.read, store.db.alone):
            async with context() as connection:
                for pragma, value in (
                    ("journal_mode", "wal"),
                    ("synchronous", 2),
                    ("foreign_keys", 1),
                    ("secure_delete", 1),
                    ("temp_store", 2),
                ):
                    row = await connection.execute(text(f"PRAGMA {pragma}"))
                    assert row.scalar_one() == value, pragma


async def test_files_belong_to_their_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "data" / "s.sqlite3"
    old = os.umask(0)  # the worst case: nothing is masked by the environment
    try:
        async with opened(path) as store:
            await account(store)
            names = {each.name for each in path.parent.iterdir()}
            assert names == {"s.sqlite3", "s.sqlite3-wal", "s.sqlite3-shm"}
            for each in path.parent.iterdir():
                assert stat.S_IMODE(each.stat().st_mode) == 0o600, each.name
            assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    finally:
        os.umask(old)


async def test_a_deletion_is_gone_from_all_files_after_tidying(tmp_path: Path) -> None:
    path = tmp_path / "data" / "s.sqlite3"
    async with opened(path) as store:
        new = await account(store)
        mailbox = new.device.mailbox_id
        big = CANARY * 1000  # overflow pages as well
        ids = [os.urandom(16) for _ in range(2)]
        bodies = [CANARY, big]
        await store.write_envelopes(
            [NewEnvelope(i, mailbox, TODAY, b) for i, b in zip(ids, bodies, strict=True)], []
        )
        await store.vault_write(new.account_id, VaultWrite(0, CANARY, {b"s" * 16: CANARY}, []), 9)
        await store.set_keystore(new.account_id, CANARY, sha256(new.keystore))
        assert holds(path, CANARY), "the control: what is stored can be found"
        await store.write_envelopes([], [(mailbox, one) for one in ids])
        await store.vault_write(new.account_id, VaultWrite(1, b"m", {}, [b"s" * 16]), 9)
        await store.set_keystore(new.account_id, b"other", sha256(CANARY))
        assert "s.sqlite3-wal" in holds(path, CANARY), "the control: the log still has it"
        assert await store.tidy(TODAY)
        assert holds(path, CANARY) == set()
        assert (path.parent / "s.sqlite3-wal").stat().st_size == 0


async def test_without_secure_delete_the_traces_would_stay(tmp_path: Path) -> None:
    """Positive control for the test above: the same steps on a careless database leave traces."""
    path = tmp_path / "careless.sqlite3"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA secure_delete=OFF")
    connection.execute("CREATE TABLE t (id BLOB PRIMARY KEY, body BLOB)")
    connection.execute("INSERT INTO t VALUES (?, ?)", (b"1", CANARY * 1000))
    connection.execute("DELETE FROM t")
    connection.close()
    assert holds(path, CANARY)


async def test_a_deleted_account_leaves_none_of_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "data" / "s.sqlite3"
    async with opened(path) as store:
        gone, stays = await account(store), await account(store)

        def needles(new: NewAccount) -> list[bytes]:
            return [
                new.account_id,
                new.handle_tag,
                new.opaque_record,
                new.recovery_key,
                new.keystore[:64],
                new.device.device_id,
                new.device.token_hash,
                new.device.mailbox_id,
                new.device.capability_hashes[0],
            ]

        assert all(holds(path, needle) for needle in needles(gone))
        await store.delete_account(gone.account_id)
        await store.tidy(TODAY)
        assert [needle for needle in needles(gone) if holds(path, needle)] == []
        assert all(holds(path, needle) for needle in needles(stays))


async def test_tidying_waits_for_a_reader_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "data" / "s.sqlite3"
    async with opened(path) as store:
        await account(store)
        other = sqlite3.connect(path, isolation_level=None)
        try:
            other.execute("BEGIN")
            other.execute("SELECT count(*) FROM accounts").fetchone()
            await account(store)
            async with store.db.alone() as connection:
                await connection.exec_driver_sql("PRAGMA busy_timeout=50")
            assert not await store.tidy(TODAY)
            other.execute("COMMIT")
        finally:
            other.close()
        assert await store.tidy(TODAY), "not done means: tried again next time"
        assert (path.parent / "s.sqlite3-wal").stat().st_size == 0


async def test_file_times_say_the_day_and_no_more(tmp_path: Path) -> None:
    path = tmp_path / "data" / "s.sqlite3"
    store = await SqliteStore.open(path, retention=inventory.load().retention)
    await account(store)
    assert path.stat().st_mtime % DAY_S != 0, "the control: a fresh file tells the second"
    await store.tidy(TODAY)
    for each in (*path.parent.iterdir(), path.parent):
        assert each.stat().st_mtime == TODAY * DAY_S, each.name
    await account(store)
    await store.close(TODAY + 1)
    for each in (path, path.parent):
        assert each.stat().st_mtime == (TODAY + 1) * DAY_S


async def test_vacuum_makes_page_order_forget_insertion_order(tmp_path: Path) -> None:
    path = tmp_path / "data" / "s.sqlite3"
    async with opened(path) as store:
        new = await account(store)
        ids, marks = ([os.urandom(16) for _ in range(60)] for _ in range(2))
        for one, mark in zip(ids, marks, strict=True):  # one transaction each
            row = NewEnvelope(one, new.device.mailbox_id, TODAY, os.urandom(8000) + mark)
            await store.write_envelopes([row], [])
        await store.tidy(TODAY)

        def by_place() -> list[int]:
            """Indices in order of place in the file; marks lie on pages of their own."""
            data = path.read_bytes()
            return [index for _, index in sorted((data.find(m), i) for i, m in enumerate(marks))]

        def agreement(order: list[int]) -> float:
            place = {index: at for at, index in enumerate(order)}
            pairs = [(a, b) for a in range(60) for b in range(a + 1, 60)]
            return sum(place[a] < place[b] for a, b in pairs) / len(pairs)

        assert agreement(by_place()) > 0.95, "the control: before, pages tell the order of arrival"
        await store.vacuum(TODAY)
        assert by_place() == sorted(range(60), key=lambda index: ids[index]), "order of random keys"
        assert (path.parent / "s.sqlite3-wal").stat().st_size == 0


KILLED = """
import asyncio, os, pathlib, sys
from visavis.ports.stored import NewAccount, NewDevice, NewEnvelope
from visavis.server import inventory
from visavis.store.engine import Database
from visavis.store.sqlite import SqliteStore

async def main():
    store = await SqliteStore.open(
        pathlib.Path(sys.argv[1]), retention=inventory.load().retention)
    device = NewDevice(b"d" * 16, b"t" * 32, b"m" * 16, ())
    new = NewAccount(b"a" * 16, b"h" * 32, b"r" * 192, b"k" * 32, b"s" * 4096, device)
    await store.create_account(new, b"l" * 32, 20000)
    for n in range(10**6):
        one = n.to_bytes(16, "big")
        await store.write_envelopes([NewEnvelope(one, b"m" * 16, 20000, one)], [])
        print(n, flush=True)

asyncio.run(main())
"""


def test_what_was_stored_survives_a_killed_process(tmp_path: Path) -> None:
    path = tmp_path / "data" / "s.sqlite3"
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process.stdout:
        for line in process.stdout:
            if int(line) >= 20:
                break
        os.kill(process.pid, signal.SIGKILL)
        last = max([20, *(int(line) for line in process.stdout if line.endswith("\n"))])
    assert process.wait() == -signal.SIGKILL

    async def read() -> tuple[StoredEnvelope, ...]:
        async with opened(path) as store:
            return await store.stored_envelopes(b"m" * 16, TODAY, limit=10**6)

    kept = asyncio.run(read())
    numbers = [int.from_bytes(one.delivery_id, "big") for one in kept]
    assert numbers[: last + 1] == list(range(last + 1)), "acknowledged means kept"
    assert len(numbers) <= last + 2


async def test_a_full_disk_is_told_loses_nothing_and_passes(tmp_path: Path) -> None:
    path = tmp_path / "data" / "s.sqlite3"
    async with opened(path) as store:
        new = await account(store)
        mailbox = new.device.mailbox_id
        kept = NewEnvelope(os.urandom(16), mailbox, TODAY, b"kept")
        await store.write_envelopes([kept], [])
        async with store.db.alone() as connection:
            pages = (await connection.exec_driver_sql("PRAGMA page_count")).scalar_one()
            await connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 2}")
        large = [NewEnvelope(os.urandom(16), mailbox, TODAY, bytes(8192)) for _ in range(9)]
        with pytest.raises(UnavailableError) as error:
            await store.write_envelopes(large, [(mailbox, kept.delivery_id)])
        assert error.value.code is Code.DISK_FULL
        waiting = await store.stored_envelopes(mailbox, TODAY, limit=9)
        assert [one.delivery_id for one in waiting] == [kept.delivery_id], "all or nothing"
        async with store.db.alone() as connection:
            await connection.exec_driver_sql("PRAGMA max_page_count=1000000")
        assert await store.write_envelopes(large, []) == frozenset()


async def test_a_held_database_is_unavailable_not_damaged(tmp_path: Path) -> None:
    path = tmp_path / "data" / "s.sqlite3"
    async with opened(path) as store:
        new = await account(store)
        async with store.db.alone() as connection:
            await connection.exec_driver_sql("PRAGMA busy_timeout=50")
        other = sqlite3.connect(path, isolation_level=None)
        try:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(UnavailableError) as error:
                await store.set_keystore(new.account_id, b"x", sha256(new.keystore))
            assert error.value.code is Code.UNAVAILABLE
        finally:
            other.close()
        assert await store.set_keystore(new.account_id, b"x", sha256(new.keystore))


async def test_a_damaged_database_is_fatal(tmp_path: Path) -> None:
    path = tmp_path / "data" / "s.sqlite3"
    async with opened(path) as store:
        new = await account(store)
    data = bytearray(path.read_bytes())
    data[4096:] = os.urandom(len(data) - 4096)
    path.write_bytes(data)
    with pytest.raises(FatalError):
        async with opened(path) as store:
            await store.account(new.account_id, TODAY)


async def test_error_texts_carry_no_contents(tmp_path: Path) -> None:
    async with opened(tmp_path / "data" / "s.sqlite3") as store:
        new = await account(store)
        async with store.db.alone() as connection:
            await connection.exec_driver_sql("PRAGMA max_page_count=1")
        with pytest.raises(UnavailableError) as error:
            await store.set_keystore(new.account_id, CANARY * 1000, sha256(new.keystore))
        assert "canary" not in repr(error.value)
        assert error.value.__suppress_context__, "the driver's own error is not chained"


async def test_a_cancelled_write_leaves_the_store_usable(tmp_path: Path) -> None:
    async with opened(tmp_path / "data" / "s.sqlite3") as store:
        new = await account(store)
        for delay in range(12):
            present = sha256(await store.keystore(new.account_id) or b"")
            task = asyncio.create_task(
                store.set_keystore(new.account_id, bytes([delay]) * 4096, present)
            )
            for _ in range(delay):
                await asyncio.sleep(0)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        present = sha256(await store.keystore(new.account_id) or b"")
        assert await store.set_keystore(new.account_id, b"last", present)
        assert await store.keystore(new.account_id) == b"last"


SLOW = """WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000000)
SELECT count(*) FROM n"""


async def test_closing_waits_for_a_statement_nobody_waits_for_any_more(tmp_path: Path) -> None:
    # Its thread answers the event loop at its end, which must not be closed by then.
    database = Database(tmp_path / "slow.db")
    asked = asyncio.Event()
    before = set(threading.enumerate())

    async def read() -> None:
        async with database.read() as connection:
            asked.set()
            await connection.execute(text(SLOW))

    task = asyncio.create_task(read())
    await asked.wait()
    await asyncio.sleep(0.05)
    for _ in range(2):  # cancelled but once, the driver waits for the statement
        task.cancel()
        await asyncio.sleep(0.01)
    assert task.cancelled()
    mine = set(threading.enumerate()) - before
    assert any("worker" in thread.name for thread in mine), "too fast a statement for this test"
    await database.close()
    assert not [thread.name for thread in mine if thread.is_alive() and "worker" in thread.name]
