"""Backup and restore: complete, encrypted, checked before anything is replaced."""

import contextlib
import os
import shutil
import sqlite3
import time
from pathlib import Path

import httpx
import pytest

from visavis.core.errors import AuthorizationError, Code, PeerError, UnavailableError, UsageError
from visavis.ports.blobs import BLOB_SIZES
from visavis.server.backup import backup
from visavis.server.backup_form import HEADER_BYTES, BackupHeader
from visavis.server.data_lock import locked
from visavis.server.erasure_keys import backup_name
from visavis.server.restore import restore
from visavis.server.sealed_stream import CHUNK_BYTES, OpeningReader, SealingWriter
from visavis.testing.raw_client import RawDevice, receiver, sender
from visavis.testing.raw_client import add_device as add
from visavis.testing.server import local_server

PASSPHRASE = b"correct horse battery staple"
CANARY = b"canary-envelope-" * 64


async def server_with_data(folder: Path, backup_to: Path) -> tuple[RawDevice, bytes, bytes]:
    """Run a server, store an envelope and a blob, back it up while it runs."""
    async with local_server(folder) as server, sender(server.origin) as out:
        services = server.served.application.services
        device = await add(services.store, time.time())
        await out.send(1, device.mailbox, device.capabilities[0], CANARY)
        data = os.urandom(min(BLOB_SIZES))

        async def chunks():
            yield data

        blob_id = await server.served.delivery._blobs.put(len(data), chunks(), day=services.today())
        report = backup(server.data_dir, backup_to, PASSPHRASE)
        assert report.bytes_written == backup_to.stat().st_size
        assert report.blobs == 1
        assert {path.name for path in report.keep_elsewhere} == {"opaque-setup", "root-key"}
        assert all(path.is_file() for path in report.keep_elsewhere)
    return device, blob_id, data


def inside_of(file: Path, keys: Path) -> bytes:
    """Return what a backup's own key and passphrase open."""
    with file.open("rb") as source:
        header = BackupHeader.read(source)
        key = (keys / "erasure" / backup_name(header.day, header.backup_id)).read_bytes()
        return OpeningReader(source, header.key(PASSPHRASE, key), header.to_bytes()).read()


async def test_a_restored_server_works(tmp_path: Path) -> None:
    file = tmp_path / "b.visavis"
    device, blob_id, data = await server_with_data(tmp_path / "old", file)
    target = tmp_path / "new" / "server"
    restore(file, target, PASSPHRASE)
    for name in ("opaque-setup", "root-key"):
        shutil.copy(tmp_path / "old" / "server" / "keys" / name, target / "keys" / name)
    async with local_server(tmp_path / "new") as server:
        async with receiver(server.origin, device.token) as inbox:
            assert (await inbox.next()).envelope == CANARY
        from visavis.core import base64url

        async with httpx.AsyncClient(base_url=server.origin) as client:
            got = await client.get(f"/v1/blobs/{base64url.encode(blob_id)}")
            assert got.content == data
        async with sender(server.origin) as out:
            status = await out.send(0, device.mailbox, device.capabilities[0], CANARY)
            assert status == 0


async def test_nothing_readable_and_no_keys_in_it(tmp_path: Path) -> None:
    """P4: the OPAQUE setup is not in a backup; nor is anything in the clear."""
    file = tmp_path / "b"
    device, _, data = await server_with_data(tmp_path, file)
    content = file.read_bytes()
    keys = tmp_path / "server" / "keys"
    secrets = [path.read_bytes() for path in keys.rglob("*") if path.is_file()]
    assert len(secrets) >= 4, "OPAQUE setup, root key, one for the account, one for the backup"
    for needle in (CANARY[:32], data[:32], device.mailbox, b"SQLite format", b"ustar", *secrets):
        assert needle not in content
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.stat().st_mtime % 86_400 == 0
    inside = inside_of(file, keys)
    assert data[:32] in inside, "positive control"
    assert CANARY[:64] not in inside, "the account's rows are sealed once more"
    assert not any(secret in inside for secret in secrets)


async def test_deleted_rows_are_not_in_it(tmp_path: Path) -> None:
    async with local_server(tmp_path) as server, sender(server.origin) as out:
        device = await add(server.served.application.services.store, time.time())
        await out.send(1, device.mailbox, device.capabilities[0], CANARY)
        async with receiver(server.origin, device.token) as inbox:
            await inbox.acknowledge(await inbox.next())
            await inbox.nothing(0.3)
        backup(server.data_dir, tmp_path / "b", PASSPHRASE)
    restore(tmp_path / "b", tmp_path / "new", PASSPHRASE)
    content = b"".join(path.read_bytes() for path in (tmp_path / "new").iterdir() if path.is_file())
    assert device.mailbox in content, "positive control"
    assert CANARY[:16] not in content


def listing(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "lock"
    }


@pytest.mark.parametrize("damage", ["flip", "cut", "append", "swap", "header", "empty", "text"])
async def test_a_damaged_backup_changes_nothing(tmp_path: Path, damage: str) -> None:
    """CK-510, CK-511"""
    file = tmp_path / "b"
    await server_with_data(tmp_path, file)
    before = listing(tmp_path / "server")
    content = bytearray(file.read_bytes())
    chunk, start = CHUNK_BYTES + 16, HEADER_BYTES
    assert len(content) > start + 3 * chunk
    match damage:
        case "flip":
            content[start + chunk + 5] ^= 1
        case "cut":
            del content[start + 2 * chunk :]
        case "append":
            content += bytes(chunk)
        case "swap":
            one = slice(start + chunk, start + 2 * chunk)
            two = slice(start + 2 * chunk, start + 3 * chunk)
            content[one], content[two] = content[two], content[one]
        case "header":
            content[3] ^= 1
        case "empty":
            content.clear()
        case "text":
            content[:] = b"hello" * 1000
    file.write_bytes(content)
    with pytest.raises(PeerError) as refused:
        restore(file, tmp_path / "server", PASSPHRASE, replace=True)
    assert refused.value.code is Code.MALFORMED
    assert listing(tmp_path / "server") == before


async def test_a_wrong_passphrase_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "b"
    await server_with_data(tmp_path, file)
    before = listing(tmp_path / "server")
    with pytest.raises(AuthorizationError) as refused:
        restore(file, tmp_path / "server", b"wrong", replace=True)
    assert refused.value.code is Code.STORE_LOCKED
    assert listing(tmp_path / "server") == before
    restore(file, tmp_path / "server", PASSPHRASE, replace=True)  # positive control


async def test_a_server_is_replaced_only_when_told(tmp_path: Path) -> None:
    """CK-511"""
    file = tmp_path / "b"
    device, _, _ = await server_with_data(tmp_path, file)
    async with local_server(tmp_path) as server, sender(server.origin) as out:
        await out.send(1, device.mailbox, device.capabilities[0], bytes(1024))
    before = listing(tmp_path / "server")
    with pytest.raises(UsageError, match="CK-511"):
        restore(file, tmp_path / "server", PASSPHRASE)
    assert listing(tmp_path / "server") == before
    restore(file, tmp_path / "server", PASSPHRASE, replace=True)
    with contextlib.closing(sqlite3.connect(tmp_path / "server" / "visavis.sqlite3")) as database:
        assert database.execute("select body from envelopes").fetchall() == [(CANARY,)]
    assert (tmp_path / "server" / "keys" / "opaque-setup").is_file(), "keys stay"


async def test_not_under_a_running_server(tmp_path: Path) -> None:
    file = tmp_path / "b"
    await server_with_data(tmp_path, file)
    with locked(tmp_path / "server"), pytest.raises(UnavailableError):
        restore(file, tmp_path / "server", PASSPHRASE, replace=True)


async def test_an_older_backup_stays_until_the_new_one_is_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "b"
    await server_with_data(tmp_path, file)
    before = file.read_bytes()

    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("visavis.server.backup.os.fsync", full)
    with pytest.raises(UnavailableError) as refused:
        backup(tmp_path / "server", file, PASSPHRASE)
    assert refused.value.code is Code.DISK_FULL
    assert file.read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {"b", "erasure-keys", "server"}
    assert not list((tmp_path / "server").glob(".backup-*"))


def test_refuses_an_empty_folder_and_an_empty_passphrase(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no server"):
        backup(tmp_path, tmp_path / "b", PASSPHRASE)
    with pytest.raises(UsageError, match="passphrase"):
        backup(tmp_path, tmp_path / "b", b"")


def test_a_file_in_a_folder_that_is_not_there_is_no_full_disk(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no folder"):
        backup(tmp_path, tmp_path / "nowhere" / "file", b"pass")


def test_leftovers_of_a_killed_backup_are_removed(tmp_path: Path) -> None:
    (tmp_path / ".backup-x").mkdir()
    (tmp_path / ".backup-x" / "database").write_bytes(b"copy")
    (tmp_path / "visavis.sqlite3").touch()
    with pytest.raises(UsageError):  # no origin: never started
        backup(tmp_path, tmp_path / "b", PASSPHRASE)
    assert not list(tmp_path.glob(".backup-*"))


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 200_000])
def test_stream_round_trip(tmp_path: Path, size: int) -> None:
    data = os.urandom(size)
    path = tmp_path / "s"
    with path.open("wb") as out:
        writer = SealingWriter(out, bytes(32), b"head")
        for start in range(0, size, 777):
            writer.write(data[start : start + 777])
        writer.finish()
    assert writer.bytes_written == path.stat().st_size
    with path.open("rb") as source:
        reader = OpeningReader(source, bytes(32), source.read(4))
        assert b"".join(iter(lambda: reader.read(1000), b"")) == data
        reader.expect_end()
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    with path.open("rb") as source, pytest.raises((PeerError, AuthorizationError)):
        OpeningReader(source, bytes(32), source.read(4)).expect_end()
