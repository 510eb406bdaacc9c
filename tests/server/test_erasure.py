"""R-76: what was deleted is in no backup that anybody can still read.

Each search for what must be gone has its control beside it: the same search over the same backup
finds the other account, and found this one before.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from pathlib import Path

import pytest
from tests.server.erasure_kit import (
    PASSPHRASE,
    back_up,
    bytes_below,
    close,
    living_keys,
    needles,
    of,
    opened,
    people,
    put_back,
)
from tests.server.full_account import fill, projection
from tests.server.people import running

from visavis.core.errors import Code, UnavailableError
from visavis.ports.account_data import AccountSettings
from visavis.ports.clock import DAY_S
from visavis.server import erasure, housekeeping, inventory
from visavis.server.backup import backup
from visavis.server.backup_form import RestoreError, Why
from visavis.server.erasure_keys import ErasureKeys

DAYS = inventory.backup_days()


def there(where: bytes, wanted: set[bytes]) -> int:
    assert len(wanted) > 250
    return sum(needle in where for needle in wanted)


async def test_who_was_closed_is_in_no_old_backup(tmp_path: Path) -> None:
    old, new, keys = tmp_path / "old" / "b", tmp_path / "new" / "b", tmp_path / "data" / "keys"
    async with running(tmp_path) as server:
        (anna, hers), (bert, his) = await people(server)
        mine, others = needles(of(server, hers)), needles(of(server, his))
        before = of(server, his)
        assert back_up(server, old).accounts == 2
        control = put_back(old, tmp_path / "both", server.clock.now())
        assert (control.accounts, control.left_out) == (2, 0)
        assert there(bytes_below(tmp_path / "both"), mine) == len(mine), "the control: it finds"
        assert there(opened(old, living_keys(keys)) or b"", mine) == len(mine)

        assert (await close(server, anna)).status_code == 200
        left = living_keys(keys)
        back_up(server, new)
        now = server.clock.now()
    everything = opened(old, left) or b""
    assert there(everything, mine) == 0
    assert there(everything, others) == len(others), "the control: bert opens"
    # On the server itself, whose folder knows who was closed, whatever copy lies there.
    (tmp_path / "here").mkdir()
    shutil.copytree(keys, tmp_path / "here" / "keys")
    # And on a new machine, with nothing but the copy that the newest backup wrote.
    for target, more in (
        (tmp_path / "here", {}),
        (tmp_path / "fresh", {"erasure_keys": new.with_name("erasure-keys")}),
    ):
        report = put_back(old, target, now, **more)
        assert (report.accounts, report.left_out) == (1, 1)
        content = bytes_below(target)
        assert there(content, mine) == 0
        assert there(content, others) == len(others)
        assert projection(target, hers) == {}
        assert projection(target, his) == before
    # Bert is back, and logs in.
    for name in ("root-key", "opaque-setup"):
        shutil.copy(keys / name, tmp_path / "fresh" / "keys" / name)
    (tmp_path / "again").mkdir()
    (tmp_path / "fresh").rename(tmp_path / "again" / "data")
    async with running(tmp_path / "again") as server:
        assert (await server.get("/v1/devices", bert.token)).status_code == 200
        assert await server.account_token(bert.handle)
        assert (await server.get("/v1/devices", anna.token)).status_code == 401
        # The folder that was filled from the copy is as good as the old one.
        assert back_up(server, tmp_path / "third" / "b").accounts == 1
    assert put_back(tmp_path / "third" / "b", tmp_path / "last", now).accounts == 1


async def test_the_honest_limit_an_older_copy_of_the_keys_opens_what_was_deleted(
    tmp_path: Path,
) -> None:
    """Said in docs/operate/backup.md: whoever keeps older copies keeps what was deleted."""
    old = tmp_path / "old" / "b"
    async with running(tmp_path) as server:
        (anna, hers), _ = await people(server)
        mine = needles(of(server, hers))
        back_up(server, old)
        await close(server, anna)
        now = server.clock.now()
    assert put_back(old, tmp_path / "fresh", now).accounts == 2
    assert there(bytes_below(tmp_path / "fresh"), mine) == len(mine)


async def test_the_servers_own_folder_counts_and_not_an_older_copy(tmp_path: Path) -> None:
    """CK-740"""
    old = tmp_path / "old" / "b"
    async with running(tmp_path) as server:
        (anna, _), _ = await people(server)
        back_up(server, old)
        await close(server, anna)
        now = server.clock.now()
    report = put_back(old, tmp_path / "data", now, replace=True)
    assert (report.accounts, report.left_out, report.keys_from) == (1, 1, None)


async def test_a_backup_opens_for_its_days_and_no_longer(tmp_path: Path) -> None:
    old, new, keys = tmp_path / "old" / "b", tmp_path / "new" / "b", tmp_path / "data" / "keys"
    async with running(tmp_path) as server:
        (anna, hers), _ = await people(server)
        mine = needles(of(server, hers))
        back_up(server, old)
        (tmp_path / "x").mkdir()
        await server.clock.advance((DAYS - 1) * DAY_S)
        await housekeeping.daily(server.services)
        await server.get("/v1/devices", anna.token)
        now = server.clock.now()
        assert put_back(old, tmp_path / "in-time", now).accounts == 2, "the day before, it does"
        assert there(opened(old, living_keys(keys)) or b"", mine) == len(mine)
        back_up(server, new)
        await server.clock.advance(DAY_S)
        await housekeeping.daily(server.services)
        left = living_keys(keys)
        with pytest.raises(RestoreError) as refused:
            put_back(old, tmp_path / "late", server.clock.now())
        assert refused.value.why is Why.OVER
    # Not for the calendar alone: with the clock turned back, and the newest copy, there is no key.
    assert opened(old, left) is None
    assert (opened(new, left) or b"").count(b"ustar"), "the control: the newer one opens"
    with pytest.raises(RestoreError) as refused:
        put_back(old, tmp_path / "data", now, replace=True, erasure_keys=tmp_path / "none")
    assert refused.value.why is Why.NO_KEY
    assert not (tmp_path / "late").exists() or not list((tmp_path / "late").glob("*.sqlite3"))
    # `visavis backup` destroys keys as well, where no server runs: the newest copy has none.
    assert opened(new, living_keys(keys)), "the control"
    backup(tmp_path / "data", tmp_path / "x" / "b", PASSPHRASE, now=now + DAYS * DAY_S)
    assert opened(new, living_keys(keys)) is None
    with pytest.raises(RestoreError) as refused:
        put_back(new, tmp_path / "fresh", now, erasure_keys=tmp_path / "x" / "erasure-keys")
    assert refused.value.why is Why.NO_KEY


async def test_what_is_destroyed_is_nowhere_below_the_keys_folder(tmp_path: Path) -> None:
    keys = tmp_path / "data" / "keys"
    async with running(tmp_path) as server:
        (anna, hers), (_, his) = await people(server)
        back_up(server, tmp_path / "out" / "b")
        ring = server.services.erasure
        key, other = ring.account_key(hers), ring.account_key(his)
        assert key in bytes_below(keys)
        for account_id in (hers, his):
            names = " ".join(path.name for path in keys.rglob("*"))
            assert account_id.hex() not in names, "the folder names nobody"
        # Another name of the same file: what is left in its blocks after the removal.
        os.link(ring.folder / ring.account_name(hers), tmp_path / "block")
        await close(server, anna)
        assert key not in bytes_below(keys)
        assert (tmp_path / "block").read_bytes() == bytes(32), "overwritten, not only removed"
        assert other in bytes_below(keys), "the control"


# ---- every way in which an account ends ----------------------------------------------------------


async def test_an_account_that_is_not_used_loses_its_key_before_its_rows(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        (_, hers), (bert, his) = await people(server)
        await server.services.store.set_account_settings(hers, AccountSettings(account_days=7))
        back_up(server, tmp_path / "out" / "b")
        ring, honest = server.services.erasure, server.services.store.purge
        await server.clock.advance(7 * DAY_S)
        await server.get("/v1/devices", bert.token)
        seen = []

        async def purge(today: int) -> object:
            seen.append((ring.account_names(), bool(of(server, hers))))
            return await honest(today)

        server.services.store.purge = purge  # type: ignore[method-assign,assignment]
        await housekeeping.daily(server.services)
        assert (frozenset({ring.account_name(his)}), True) in seen, "her key first, then her rows"
        assert of(server, hers) == {}
        assert of(server, his)


async def test_a_backup_that_runs_while_an_account_ends_leaves_no_key(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        (_, hers), (bert, his) = await people(server)
        await server.services.store.set_account_settings(hers, AccountSettings(account_days=7))
        ring, honest = server.services.erasure, server.services.store.purge
        await server.clock.advance(6 * DAY_S)
        await server.get("/v1/devices", bert.token)
        made = []

        async def purge(today: int) -> object:
            if not of(server, hers):
                return await honest(today)
            made.extend(ring.account_key(one) for one in (hers, his))  # as a backup does it
            return await honest(today)

        server.services.store.purge = purge  # type: ignore[method-assign,assignment]
        await server.clock.advance(DAY_S)
        await housekeeping.daily(server.services)
        assert len(made) >= 2
        assert of(server, hers) == {}
        assert ring.account_names() == {ring.account_name(his)}, "the control: his stays"


async def test_a_key_without_an_account_is_swept(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        (_, hers), (_, his) = await people(server)
        ring = server.services.erasure
        for account_id in (hers, his, os.urandom(16)):
            ring.account_key(account_id)
        today = server.services.today()
        ring.stamp(today - DAYS + 1)
        await housekeeping.daily(server.services)
        assert len(ring.account_names()) == 3, "a backup in which it is may still open"
        ring.stamp(today - DAYS)
        await housekeeping.daily(server.services)
        living = {ring.account_name(hers), ring.account_name(his)}
        assert ring.account_names() == living, "the two that live keep theirs"


async def test_who_restores_the_wrong_backup_can_restore_the_right_one(tmp_path: Path) -> None:
    """An account that is in the newer backup only keeps its key while the older one is back."""
    old, new, data = tmp_path / "old" / "b", tmp_path / "new" / "b", tmp_path / "data"
    async with running(tmp_path) as server:
        await people(server)
        back_up(server, old)
        late = await fill(server, await server.sign_up("carla"))
        before = of(server, late)
        back_up(server, new)
        server.services.erasure.stamp(server.services.today() - DAYS)  # as if made long ago
        clock = server.clock
    assert put_back(old, data, clock.now(), replace=True).accounts == 2
    async with running(tmp_path, clock=clock) as server:
        await housekeeping.daily(server.services)
        assert of(server, late) == {}
        await server.clock.advance(5 * DAY_S)
        await housekeeping.daily(server.services)
    report = put_back(new, data, clock.now(), replace=True)
    assert (report.accounts, report.left_out) == (3, 0)
    assert projection(data, late) == before


async def test_who_is_closed_while_a_backup_runs_is_not_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The backup makes a key for rows that it still sees; whoever is last takes it away."""
    file = tmp_path / "out" / "b"
    async with running(tmp_path) as server:
        (_, hers), (_, his) = await people(server)
        mine, others = needles(of(server, hers)), needles(of(server, his))
        honest = ErasureKeys.account_key
        store, ring = server.services.config.database, server.services.erasure

        def closing(self: ErasureKeys, account_id: bytes) -> bytes:
            if account_id == hers:
                _delete(store, hers)  # as the server does it, between snapshot and sealing
                ring.destroy_account(hers)
            return honest(self, account_id)

        monkeypatch.setattr(ErasureKeys, "account_key", closing)
        back_up(server, file)
        now, left = server.clock.now(), living_keys(tmp_path / "data" / "keys")
    everything = opened(file, left) or b""
    assert (there(everything, mine), there(everything, others)) == (0, len(others))
    assert put_back(file, tmp_path / "fresh", now).left_out == 1


async def test_a_key_that_a_backup_made_between_is_destroyed_as_well(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        (anna, hers), (_, his) = await people(server)
        ring, honest = server.services.erasure, server.services.store.delete_account

        async def deleting(account_id: bytes) -> object:
            assert ring.account_key(hers)  # as a backup does it
            assert ring.account_key(his)
            return await honest(account_id)

        server.services.store.delete_account = deleting  # type: ignore[method-assign,assignment]
        assert (await close(server, anna)).status_code == 200
        assert ring.account_names() == {ring.account_name(his)}, "the control: his stays"


def _delete(database: Path, account_id: bytes) -> None:
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("DELETE FROM accounts WHERE account_id = ?", (account_id,))


# ---- what fails in the middle --------------------------------------------------------------------


async def test_a_crash_between_key_and_rows_fails_closed(tmp_path: Path) -> None:
    old, new = tmp_path / "old" / "b", tmp_path / "new" / "b"
    async with running(tmp_path) as server:
        (anna, hers), _ = await people(server)
        back_up(server, old)
        honest = server.services.store.delete_account

        async def away(_account: bytes) -> object:
            raise UnavailableError(Code.UNAVAILABLE, "the machine stops here")

        server.services.store.delete_account = away  # type: ignore[method-assign,assignment]
        assert (await close(server, anna)).status_code == 503
        server.services.store.delete_account = honest  # type: ignore[method-assign]
        assert of(server, hers), "the account lives"
        back_up(server, new)
        now = server.clock.now()
    assert put_back(old, tmp_path / "a", now, erasure_keys=new.with_name("erasure-keys")).left_out
    report = put_back(new, tmp_path / "b", now)
    assert (report.accounts, report.left_out) == (2, 0), "and is in the next backup"


async def test_a_key_that_cannot_be_destroyed_keeps_the_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path) as server:
        (anna, hers), _ = await people(server)
        back_up(server, tmp_path / "out" / "b")
        before = of(server, hers)

        def broken(_path: Path) -> bool:
            raise OSError(5, "the disk does not write")

        with monkeypatch.context() as patch:
            patch.setattr("visavis.server.erasure_keys.wipe", broken)
            answer = await close(server, anna)
            assert answer.status_code == 503
            assert "receipt" not in answer.json()
            with pytest.raises(UnavailableError):
                await erasure.destroy(server.services, hers)
        assert of(server, hers) == before
        assert (await close(server, anna)).status_code == 200, "the control: and then it goes"
        assert of(server, hers) == {}


async def test_nothing_is_sealed_under_what_is_left_of_a_key(tmp_path: Path) -> None:
    """A crash between overwriting and removing leaves zeros, which everybody knows."""
    async with running(tmp_path) as server:
        (_, hers), _ = await people(server)
        ring = server.services.erasure
        first = ring.account_key(hers)
        (ring.folder / ring.account_name(hers)).write_bytes(bytes(32))
        again = ring.account_key(hers)
        assert again not in {first, bytes(32)}
        assert ring.account_key(hers) == again, "the control: a key is kept"
        assert bytes(32) not in ring.all().values()


async def test_a_failed_backup_leaves_no_key_and_no_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path) as server:
        await people(server)
        seen: list[Path] = []

        def full(stage: Path, *_args: object) -> None:
            seen.extend(path for path in stage.rglob("*") if path.is_file())
            for number, path in enumerate(list(seen)):
                os.link(path, tmp_path / f"block{number}")
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("visavis.server.backup._take_apart", full)
        with pytest.raises(UnavailableError):
            back_up(server, tmp_path / "out" / "b")
        assert list((tmp_path / "out").iterdir()) == []
        assert living_keys(tmp_path / "data" / "keys") == {}
        assert seen
        assert not any(path.exists() for path in seen)
        assert not (tmp_path / "block0").read_bytes().strip(b"\0"), "the copy was overwritten"


async def test_times_of_the_keys_tell_the_day(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        await people(server)
        back_up(server, tmp_path / "out" / "b")
        folder = server.services.erasure.folder
        files = [folder, *folder.iterdir()]
        assert len(files) == 4
        assert all(path.stat().st_mtime % DAY_S == 0 for path in files)
        assert all(path.stat().st_mode & 0o077 == 0 for path in files)
        assert PASSPHRASE not in bytes_below(tmp_path / "data")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
async def test_a_backup_by_root_leaves_keys_that_the_server_can_destroy(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        await people(server)
        ring = server.services.erasure
        shutil.rmtree(ring.folder)
        os.chown(ring.folder.parent, 12_345, 12_346)
        back_up(server, tmp_path / "out" / "b")
        owners = {(one.stat().st_uid, one.stat().st_gid) for one in ring.folder.iterdir()}
        assert owners == {(12_345, 12_346)}
        assert (ring.folder.stat().st_uid, len(list(ring.folder.iterdir()))) == (12_345, 3)
