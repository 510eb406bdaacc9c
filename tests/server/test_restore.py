"""What `visavis restore` refuses, in words; and that it then has changed nothing."""

from __future__ import annotations

import contextlib
import io
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.server.erasure_kit import PASSPHRASE, back_up, people, put_back
from tests.server.people import running

from visavis.core import cbor
from visavis.core.errors import AuthorizationError, Code, FatalError, PeerError, UsageError
from visavis.server.backup import backup
from visavis.server.backup_form import (
    KEYS_FILE,
    KEYS_MAGIC,
    BackupHeader,
    PartKey,
    RestoreError,
    Why,
    read_keys,
    write_keys,
)
from visavis.server.erasure_keys import ErasureKeys, backup_name
from visavis.server.scratch import BACKUP, scratch, wipe_leftovers
from visavis.server.sealed_stream import OpeningReader, SealingWriter, passphrase_key
from visavis.store.account_parts import opened_copy
from visavis.store.wiping import wipe

ACCOUNT = "account-" + "0" * 64


@pytest.fixture
async def made(tmp_path: Path) -> tuple[Path, float]:
    """Return a backup with its keys beside it, and the moment at which it was made."""
    async with running(tmp_path) as server:
        await people(server)
        back_up(server, tmp_path / "out" / "b")
        return tmp_path / "out" / "b", server.clock.now()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-20] ^= 1
    path.write_bytes(content)


def remove(path: Path) -> None:
    path.unlink()


def empty(path: Path) -> None:
    path.write_bytes(b"")


def no_keys(path: Path) -> None:
    with path.open("wb") as out:
        write_keys(out, {ACCOUNT: bytes(range(32))}, PASSPHRASE, os.urandom)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (remove, Why.NO_KEY),
        (no_keys, Why.NO_KEY),
        (empty, Why.KEYS_FILE),
        (lambda path: path.write_bytes(b"hello" * 100), Why.KEYS_FILE),
    ],
)
def test_without_the_right_copy_of_the_keys(
    tmp_path: Path, made: tuple[Path, float], change: Callable[[Path], None], why: Why
) -> None:
    file, now = made
    copy = file.with_name(KEYS_FILE)
    good = copy.read_bytes()
    change(copy)
    with pytest.raises(RestoreError) as refused:
        put_back(file, tmp_path / "new", now)
    assert refused.value.why is why
    assert "Nothing was changed." in refused.value.describe()
    assert {path.name for path in (tmp_path / "new").iterdir()} <= {"lock"}
    copy.write_bytes(good)
    report = put_back(file, tmp_path / "new", now)
    assert (report.accounts, report.keys_from) == (2, copy), "the control"
    keys = tmp_path / "new" / "keys"
    assert len(list((keys / "erasure").iterdir())) == 3
    assert all(path.stat().st_mode & 0o077 == 0 for path in (keys, *keys.rglob("*")))


@pytest.mark.parametrize("change", [cut, flip])
def test_a_damaged_copy_of_the_keys_changes_nothing(
    tmp_path: Path, made: tuple[Path, float], change: Callable[[Path], None]
) -> None:
    file, now = made
    change(file.with_name(KEYS_FILE))
    with pytest.raises((RestoreError, AuthorizationError)):
        put_back(file, tmp_path / "new", now)
    assert {path.name for path in (tmp_path / "new").iterdir()} <= {"lock"}


def test_another_passphrase_for_the_copy_of_the_keys(made: tuple[Path, float]) -> None:
    copy = made[0].with_name(KEYS_FILE)
    with pytest.raises(AuthorizationError) as refused:
        read_keys(copy, b"wrong")
    assert refused.value.code is Code.STORE_LOCKED
    assert len(read_keys(copy, PASSPHRASE)) == 3, "the control: two accounts and the backup"
    assert copy.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "contents",
    [
        {"v": 1, "keys": {"../../../etc/passwd": bytes(32)}},
        {"v": 1, "keys": {f"{ACCOUNT}\n": bytes(32)}},
        {"v": 1, "keys": {ACCOUNT: bytes(31)}},
        {"v": 1, "keys": {ACCOUNT: "text"}},
        {"v": 1, "keys": []},
        {"v": 1, "keys": {}, "more": 1},
        {"v": 2, "keys": {}},
        [],
    ],
)
def test_a_copy_of_the_keys_with_something_else_in_it(tmp_path: Path, contents: object) -> None:
    """CK-741: a name becomes a path."""
    path, salt = tmp_path / "k", bytes(16)
    with path.open("wb") as out:
        writer = SealingWriter(out, passphrase_key(PASSPHRASE, salt), KEYS_MAGIC + salt)
        writer.write(cbor.encode(contents))
        writer.finish()
    with pytest.raises(RestoreError) as refused:
        read_keys(path, PASSPHRASE)
    assert refused.value.why is Why.KEYS_FILE
    keys = ErasureKeys(tmp_path / "keys", bytes(32), os.urandom)
    with pytest.raises(UsageError, match="CK-741"):
        keys.put("../escaped", bytes(32))
    assert keys.put(ACCOUNT, b"k" * 32) == b"k" * 32, "the control"
    assert keys.put(ACCOUNT, b"l" * 32) == b"k" * 32, "the first one counts"


def test_a_backup_needs_its_passphrase_and_its_own_key(
    tmp_path: Path, made: tuple[Path, float]
) -> None:
    """Either alone opens nothing: a destroyed key shuts it for whoever has the passphrase."""
    keys = read_keys(made[0].with_name(KEYS_FILE), PASSPHRASE)
    with made[0].open("rb") as source:
        header = BackupHeader.read(source)
        rest = source.read()
    right = keys[backup_name(header.day, header.backup_id)]
    others = [key for key in keys.values() if key != right]
    assert len(others) == 2

    def opened(passphrase: bytes, key: bytes) -> OpeningReader:
        return OpeningReader(io.BytesIO(rest), header.key(passphrase, key), header.to_bytes())

    for passphrase, key in ((PASSPHRASE, bytes(32)), (b"wrong", right), (PASSPHRASE, others[0])):
        with pytest.raises(AuthorizationError):
            opened(passphrase, key)
    assert b"ustar" in opened(PASSPHRASE, right).read(1024), "the control"


def test_a_backup_of_the_form_before_says_so(tmp_path: Path, made: tuple[Path, float]) -> None:
    file, now = made
    content = bytearray(file.read_bytes())
    content[len(b"visavis backup")] = 1
    file.write_bytes(content)
    with pytest.raises(RestoreError) as refused:
        put_back(file, tmp_path / "new", now)
    assert refused.value.why is Why.OLDER
    assert "no longer read" in refused.value.describe()


def test_a_damaged_key_is_named_and_nothing_is_changed(
    tmp_path: Path, made: tuple[Path, float]
) -> None:
    file, now = made
    put_back(file, tmp_path / "new", now)
    database = (tmp_path / "new" / "visavis.sqlite3").read_bytes()
    key = next((tmp_path / "new" / "keys" / "erasure").glob("account-*"))
    key.write_bytes(b"short")
    with pytest.raises(FatalError, match=f"{key.name} is damaged"):
        put_back(file, tmp_path / "new", now, replace=True)
    assert (tmp_path / "new" / "visavis.sqlite3").read_bytes() == database
    key.unlink()
    assert put_back(file, tmp_path / "new", now, replace=True).left_out == 1, "the control"


async def test_a_backup_cannot_take_the_name_of_the_keys(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        with pytest.raises(UsageError, match="erasure-keys is the name"):
            back_up(server, tmp_path / "out" / KEYS_FILE)


# ---- parts ---------------------------------------------------------------------------------------


def some_database(path: Path) -> Path:
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE accounts (account_id BLOB PRIMARY KEY) WITHOUT ROWID")
        database.execute(
            "CREATE TABLE things (thing BLOB PRIMARY KEY, account_id BLOB "
            "REFERENCES accounts(account_id)) WITHOUT ROWID"
        )
        database.execute(
            "CREATE TABLE inner (inner_id BLOB PRIMARY KEY, thing BLOB REFERENCES things(thing), "
            "n INTEGER) WITHOUT ROWID"
        )
        database.execute("CREATE TABLE of_nobody (x BLOB PRIMARY KEY) WITHOUT ROWID")
        for one in (b"a", b"b"):
            database.execute("INSERT INTO accounts VALUES (?)", (one,))
            database.execute("INSERT INTO things VALUES (?, ?)", (one * 2, one))
            database.execute("INSERT INTO inner VALUES (?, ?, ?)", (one * 3, one * 2, 2**40))
        database.execute("INSERT INTO of_nobody VALUES (?)", (b"x",))
    return path


def rows(path: Path) -> dict[str, list[tuple[object, ...]]]:
    with contextlib.closing(sqlite3.connect(path)) as database:
        names = ("accounts", "things", "inner", "of_nobody")
        return {name: database.execute(f"SELECT * FROM {name}").fetchall() for name in names}


def test_a_database_is_taken_apart_by_its_own_foreign_keys(tmp_path: Path) -> None:
    path = some_database(tmp_path / "d")
    before, parts = rows(path), {}
    with opened_copy(path) as copy:
        for one in copy.accounts():
            out = io.BytesIO()
            copy.write_part(one, out.write)
            parts[one] = out.getvalue()
        copy.empty_accounts()
    assert rows(path) == {"accounts": [], "things": [], "inner": [], "of_nobody": [(b"x",)]}
    assert b"bb" not in parts[b"a"]
    with opened_copy(path) as copy, copy.writing():
        copy.read_part(io.BytesIO(parts[b"b"]).read)
    assert rows(path)["inner"] == [(b"bbb", b"bb", 2**40)]
    with opened_copy(path) as copy, copy.writing():
        copy.read_part(io.BytesIO(parts[b"a"]).read)
    assert rows(path) == before


def frame(value: object) -> bytes:
    body = cbor.encode(value)
    return len(body).to_bytes(4, "big") + body


@pytest.mark.parametrize(
    "part",
    [
        frame(["of_nobody", {"x": b"y"}]),
        frame(["no_such_table", {"x": b"y"}]),
        frame(["sqlite_master", {}]),
        frame(["things", {"thing": b"c"}]),
        frame(["things", {"thing": b"c", "account_id": b"a", "more": 1}]),
        frame(["things", {"thing": b"aa", "account_id": b"a"}]),
        frame(["things", {"thing": [1], "account_id": b"a"}]),
        frame(["inner", {"inner_id": b"c", "thing": b"aa", "n": 2**64 - 1}]),
        frame(["things"]),
        frame({}),
        b"\0\0",
        b"\0\0\0\0",
        b"\xff\xff\xff\xff",
        frame(["things", {"thing": b"c", "account_id": b"a"}])[:-1],
        b"\0\0\0\1\xff",
    ],
)
def test_a_part_that_is_none_changes_nothing(tmp_path: Path, part: bytes) -> None:
    """CK-742"""
    path = some_database(tmp_path / "d")
    before = rows(path)
    good = frame(["things", {"thing": b"new", "account_id": b"a"}])
    with opened_copy(path) as copy:
        with pytest.raises(PeerError) as refused, copy.writing():
            copy.read_part(io.BytesIO(good + part).read)
        assert refused.value.code is Code.MALFORMED
        assert rows(path) == before
        with copy.writing():
            copy.read_part(io.BytesIO(good).read)
    assert (b"new", b"a") in rows(path)["things"], "the control"


def test_a_part_opens_with_its_own_key_only() -> None:
    part, out = PartKey.of(bytes(32), bytes(16)), io.BytesIO()
    writer = part.writer(out)
    writer.write(b"rows")
    writer.finish()
    assert part.reader(io.BytesIO(out.getvalue())).read() == b"rows"
    for other in (PartKey.of(b"k" * 32, bytes(16)), PartKey.of(bytes(32), b"i" * 16)):
        assert other.name != part.name
        with pytest.raises(AuthorizationError):
            other.reader(io.BytesIO(out.getvalue()))
    with pytest.raises(PeerError, match="CK-742"):
        part.reader(io.BytesIO(b"something else" * 9))


# ---- what is left on the disk --------------------------------------------------------------------


def test_a_wiped_file_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_bytes(b"secret" * 500_000)
    os.link(path, tmp_path / "block")
    assert wipe(path)
    assert not path.exists()
    assert (tmp_path / "block").read_bytes() == bytes(3_000_000)
    assert not wipe(path), "gone already"


def test_a_link_is_removed_and_what_it_leads_to_stays(tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"not ours")
    (tmp_path / "link").symlink_to(tmp_path / "other")
    assert wipe(tmp_path / "link")
    assert not (tmp_path / "link").is_symlink()
    assert (tmp_path / "other").read_bytes() == b"not ours"


def test_a_scratch_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    with scratch(tmp_path, BACKUP) as folder:
        (folder / "copy").write_bytes(b"rows")
        wipe_leftovers(tmp_path)
        assert (folder / "copy").read_bytes() == b"rows"
    assert not folder.exists()
    left = tmp_path / f"{BACKUP}killed"
    left.mkdir()
    (left / "copy").write_bytes(b"rows")
    wipe_leftovers(tmp_path)
    assert not left.exists(), "the control: what nobody holds is wiped"


async def test_two_backups_into_one_folder_need_one_copy_of_the_keys(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        await people(server)
        for name in ("monday", "tuesday"):
            back_up(server, tmp_path / "out" / name)
        now = server.clock.now()
        backup(tmp_path / "data", tmp_path / "elsewhere", PASSPHRASE, now=now)
    for name in ("monday", "tuesday"):
        assert put_back(tmp_path / "out" / name, tmp_path / name, now).accounts == 2
