"""A share of a recording's key that is deleted is gone: from disk, and from every backup (P16).

Each search for what must be gone has its control: the same search finds it where it must be.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest
from tests.server.erasure_kit import back_up, bytes_below, living_keys, opened, people, put_back
from tests.server.people import Server, running
from tests.server.test_housekeeping import trace, until

from visavis.ports.clock import DAY_S
from visavis.ports.shares import StoredShare
from visavis.server.config import database_path
from visavis.store import account_parts
from visavis.store.account_parts import opened_copy
from visavis.store.engine import prepare_file
from visavis.store.migrate import migrate


async def laid(server: Server, days: int = 30) -> StoredShare:
    secrets = (os.urandom(size) for size in (16, 32, 32, 32))
    share = StoredShare(*secrets, expires_day=server.services.today() + days)
    assert await server.services.store.lay_share(share, server.services.today())
    return share


def needles(share: StoredShare) -> tuple[bytes, ...]:
    return share.slot, share.share, share.read_hash, share.delete_hash


async def test_a_deleted_share_is_wiped_from_disk_within_a_minute(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        share, other = await laid(server), await laid(server)
        assert trace(server, share.share), "the control"
        today = server.services.today()
        assert await server.services.store.delete_share(share.slot, share.delete_hash, today)
        assert trace(server, share.share), "the log still has it"
        gone = [lambda n=needle: not trace(server, n) for needle in needles(share)]
        assert await until(lambda: all(one() for one in gone), server, 5) <= 60
        assert all(trace(server, needle) for needle in needles(other))


async def test_the_daily_run_deletes_a_share_on_its_day(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        share, longer = await laid(server, days=2), await laid(server, days=31)
        last = share.expires_day - 1
        await until(lambda: server.services.today() == last, server, DAY_S / 4)
        await until(lambda: trace(server, share.share), server, DAY_S / 48)
        await until(lambda: not trace(server, share.share), server, DAY_S / 48)
        assert server.services.today() == share.expires_day
        assert not any(trace(server, needle) for needle in needles(share))
        assert all(trace(server, needle) for needle in needles(longer))


async def test_no_backup_holds_a_share(tmp_path: Path) -> None:
    """CK-974: not one that was deleted since, and none that was not."""
    file, keys = tmp_path / "b" / "b", tmp_path / "data" / "keys"
    async with running(tmp_path) as server:
        (_, hers), _ = await people(server)
        deleted, kept = await laid(server), await laid(server)
        assert back_up(server, file).accounts == 2
        today = server.services.today()
        assert await server.services.store.delete_share(deleted.slot, deleted.delete_hash, today)
        assert all(trace(server, needle) for needle in needles(kept)), "the control"
        now = server.clock.now()
        put_back(file, tmp_path / "new" / "data", now)
        inside = opened(file, living_keys(keys)) or b""
    restored = bytes_below(tmp_path / "new")
    for where in (inside, restored):
        assert hers in where, "the control: it finds what is in a backup"
        for share in (deleted, kept):
            assert not [needle for needle in needles(share) if needle in where]
    async with running(tmp_path / "new") as server:
        store = server.services.store
        for share in (deleted, kept):
            assert await store.read_share(share.slot, share.read_hash, today) is None
        assert await store.lay_share(kept, today), "the table is there, and works"
        assert await store.read_share(kept.slot, kept.read_hash, today) == kept.share


async def test_the_control_a_backup_that_leaves_nothing_out_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account_parts, "LEFT_OUT", ())
    file = tmp_path / "b" / "b"
    async with running(tmp_path) as server:
        share = await laid(server)
        back_up(server, file)
        today = server.services.today()
        assert await server.services.store.delete_share(share.slot, share.delete_hash, today)
        put_back(file, tmp_path / "new" / "data", server.clock.now())
        inside = opened(file, living_keys(tmp_path / "data" / "keys")) or b""
    assert all(needle in inside for needle in needles(share))
    async with running(tmp_path / "new") as server:
        store = server.services.store
        assert await store.read_share(share.slot, share.read_hash, today) == share.share


async def test_a_database_of_before_has_nothing_to_leave_out(tmp_path: Path) -> None:
    path = database_path(tmp_path)
    prepare_file(path)
    migrate(path, "0005")
    with opened_copy(path) as copy:
        copy.leave_out()
    migrate(path)
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT count(*) FROM shares").fetchone() == (0,)
    connection.close()
