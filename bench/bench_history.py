"""The history of calls: syncing it, what it takes up, and deleting what is past its time."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import shutil
import sqlite3
import statistics
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from bench import Report
from visavis.core.call_entry import Direction, Entry, Outcome, Quality, Via
from visavis.core.content_records import KEEP_EVER, Media
from visavis.core.ids import AccountId, CallId
from visavis.sdk.client import Client
from visavis.sdk.unlock import insecure_for_tests_cheap_kdf
from visavis.server import inventory
from visavis.store.engine import apply_pragmas
from visavis.store.sqlite import SqliteStore
from visavis.testing.server import RunningServer, running_server

ROOT = Path(__file__).resolve().parent.parent
NEW = 1_000
LOGS = (1_000, 20_000, 100_000)
CONTACTS = 50
PURGED = 1_000_000
ROUNDS = 3
PASSWORD = "a passphrase that is long enough"
TODAY = 20_000


def run() -> Report:
    """Measure all of it."""
    with tempfile.TemporaryDirectory() as folder:
        synced = asyncio.run(_sync(Path(folder)))
    with tempfile.TemporaryDirectory() as folder:
        purged = asyncio.run(_purge(Path(folder)))
    return Report(
        title="History of calls",
        intro=(
            f"A log with {CONTACTS} contacts in it is in the vault and on two devices, both in "
            f"this process, the server beside them on loopback. Then {NEW} calls are noted on one; "
            "it writes the vault until all are there, and the other reads what changed, for the "
            "first time since it was opened: its own calls are read from the store too. Beside it "
            "the same device reads the whole vault again, in which nothing is new."
        ),
        header=(
            "calls before",
            "written, s",
            "read by the other, s",
            "whole vault, s",
            "read / whole",
            "bytes a call at the server",
        ),
        rows=synced,
        notes=(
            "Pages are 64 KiB, whatever is in them: with few calls the page is what they take up, "
            "with many some 38 bytes a call and its seal."
        ),
        more=[purged, _list()],
    )


def _list() -> Report:
    """Measure the page of 100,000 calls in Chromium."""
    web = ROOT / "web"
    node = str(ROOT / "tools" / "node.sh")
    scenes = os.environ | {"SCENES": "1"}
    subprocess.run([node, "vite", "build"], cwd=web, env=scenes, check=True, capture_output=True)
    done = subprocess.run(
        [node, "node", "tests/bench/history_list.ts"],
        cwd=web,
        check=True,
        capture_output=True,
        text=True,
    )
    found = re.findall(r"(first rows|a key): median (\d+) ms, longest (\d+) ms", done.stdout)
    first = re.search(r"the very first: (\d+) ms", done.stdout)
    if len(found) != 2 or first is None:
        raise RuntimeError("the bench of the page says something else")
    names = {"first rows": "opened, first rows drawn", "a key": "a key in the search, drawn"}
    bounds = {"first rows": "300", "a key": "50"}
    return Report(
        title="The page of 100,000 calls",
        intro=(
            "In Chromium, the window of a phone: from the tap until rows are drawn, and from a key "
            "in the search until what it changed is drawn. The calls are in memory, as they are in "
            "an open profile that has shown them once."
        ),
        header=("", "median, ms", "longest, ms", "bound, ms"),
        rows=[(names[name], median, longest, bounds[name]) for name, median, longest in found],
        notes=f"The very first opening, two seconds after the app was opened: {first[1]} ms.",
    )


def _entry(number: int, members: list[AccountId]) -> Entry:
    return Entry(
        CallId(os.urandom(16)),
        (members[number % len(members)],),
        Direction.OUTGOING if number % 2 else Direction.INCOMING,
        Media.VIDEO if number % 3 else Media.VOICE,
        Outcome.ANSWERED if number % 5 else Outcome.MISSED,
        1_700_000_000 + 600 * number,
        seconds=number % 3_000,
        verified=True,
        via=Via.RELAYED,
        quality=Quality.GOOD,
        suite=0xF04D,
    )


async def _sync(folder: Path) -> list[tuple[str, ...]]:
    async with running_server(folder / "server", free_attempts=10_000) as server:
        return [await _sync_one(server, folder / str(count), count) for count in LOGS]


async def _sync_one(server: RunningServer, folder: Path, count: int) -> tuple[str, ...]:
    members = [AccountId(os.urandom(16)) for _ in range(CONTACTS)]
    kdf = insecure_for_tests_cheap_kdf()  # the bench is not about passwords
    link = server.signup_link()
    phone = await Client.signup(folder / "phone", server.origin, link, "anna", PASSWORD, kdf=kdf)
    laptop = await Client.login(
        folder / "laptop",
        server.origin,
        phone.handle,
        PASSWORD,
        recovery_code=phone.recovery_code,
        kdf=kdf,
    )
    try:
        await phone.set_settings(keep=KEEP_EVER)
        _note(phone, [_entry(n, members) for n in range(count)])
        await _written(phone)
        await laptop.sync()
        await laptop._session.vault.reread()
        _note(phone, [_entry(count + n, members) for n in range(NEW)])
        wrote = await _timed(lambda: _written(phone))
        read = await _timed(laptop._session.vault.reread)
        found = len(await laptop.call_history())
        if found != count + NEW:
            raise RuntimeError(f"{found} calls of {count + NEW} arrived")
        whole = await _timed(lambda: laptop._session.vault.refresh(whole=True))
        pages = len(phone._session.books.calls.vault_pages())
        each = pages * 65_536 / (count + NEW)
    finally:
        await phone.close()
        await laptop.close()
    return (
        f"{count:,}",
        f"{wrote:.2f}",
        f"{read:.2f}",
        f"{whole:.2f}",
        f"{read / whole:.2f}",
        f"{each:.0f}",
    )


def _note(client: Client, entries: list[Entry]) -> None:
    books = client._session.books
    with books.store.transaction():
        books.calls.note_all(entries)


async def _written(client: Client) -> None:
    """Write the vault until everything is there."""
    vault, own = client._session.vault, client._session.vault._own
    while True:
        await vault.write()
        digests = {page: hashlib.sha256(data).digest() for page, data in own.pages().items()}
        if own.written_pages() == digests:
            return


async def _timed(work: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await work()
    return time.perf_counter() - began


async def _purge(folder: Path) -> Report:
    full = folder / "full.db"
    retention = inventory.load().retention
    store = await SqliteStore.open(full, retention=retention)
    await store.close()
    days = retention["spent_links"].days
    with sqlite3.connect(full) as db:
        rows = ((os.urandom(32), TODAY - days - n % 5) for n in range(PURGED))
        db.executemany("INSERT INTO spent_links VALUES (?, ?)", rows)
    ours, bare = [], []
    for _ in range(ROUNDS):
        for kept in (ours, bare):
            copy = folder / "copy.db"
            shutil.copyfile(full, copy)
            if kept is ours:
                store = await SqliteStore.open(copy, retention=retention)
                kept.append(await _timed(lambda opened=store: opened.purge(TODAY)))
                await store.close()
            else:
                kept.append(_delete(copy, TODAY - days))
            copy.unlink()
    mine, theirs = statistics.median(ours), statistics.median(bare)
    return Report(
        title="Deleting what is past its time",
        intro=(
            f"The daily job on a database with {PURGED:,} rows past their time, beside a plain "
            "DELETE of the same rows with the same settings (rows overwritten, log synced)."
        ),
        header=("", "seconds", "ratio"),
        rows=[
            ("plain DELETE", f"{theirs:.2f}", "1.00"),
            ("purge", f"{mine:.2f}", f"{mine / theirs:.2f}"),
        ],
        notes="The bound is 1.3.",
    )


def _delete(path: Path, last: int) -> float:
    db = sqlite3.connect(path)
    try:
        apply_pragmas(db)
        began = time.perf_counter()
        db.execute("BEGIN IMMEDIATE")
        db.execute("DELETE FROM spent_links WHERE NOT spent_day > ?", (last,))
        db.execute("COMMIT")
        return time.perf_counter() - began
    finally:
        db.close()
