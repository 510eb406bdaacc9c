"""`visavis backup`: one encrypted file, made while the server runs.

In it: the database (live rows only), the rows of each account sealed by themselves; blobs; the
origin. Not in it, on purpose: shares of recording keys (CK-974: what a member deleted would come
back), and the keys folder. OPAQUE setup and root key are to be kept elsewhere (P4: a thief who has
both a backup and the setup can guess passwords offline); the erasure keys are what is destroyed
when an account is closed or the backup's days are over (R-76). A copy of those that live is written
beside the backup, in place of the one before. Times in the file are days.

Not for: putting one back (`restore.py`), the forms of the files (`backup_form.py`).
"""

from __future__ import annotations

import io
import os
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from visavis.core.errors import Code, UnavailableError, UsageError
from visavis.ports.clock import DAY_S
from visavis.ports.random import Rng
from visavis.server import inventory
from visavis.server.archive import BLOB, BLOBS, DATABASE, ORIGIN, PARTS
from visavis.server.backup_form import KEYS_FILE, BackupHeader, PartKey, write_keys
from visavis.server.config import database_path, remembered_origin
from visavis.server.erasure_keys import ErasureKeys, backup_name
from visavis.server.keys import OPAQUE_SETUP_FILE, ROOT_FILE, ServerKeys
from visavis.server.scratch import BACKUP, scratch, wipe_leftovers
from visavis.server.sealed_stream import SALT_BYTES, SealingWriter
from visavis.store.account_parts import opened_copy
from visavis.store.snapshot import account_ids, snapshot


@dataclass(frozen=True, slots=True)
class BackupReport:
    """What a backup holds.

    Attributes:
        bytes_written: Size of the file.
        blobs: Blobs in it.
        accounts: Accounts in it.
        days: For how many days it can be restored.
        erasure_keys: The copy of the erasure keys that was written beside it.
        keep_elsewhere: What is in neither and must be kept elsewhere.
    """

    bytes_written: int
    blobs: int
    accounts: int
    days: int
    erasure_keys: Path
    keep_elsewhere: tuple[Path, ...]


def backup(
    data_dir: Path,
    out_file: Path,
    passphrase: bytes,
    *,
    keys_dir: Path | None = None,
    rng: Rng = os.urandom,
    now: float | None = None,
) -> BackupReport:
    """Write an encrypted backup and the erasure keys beside it; the server may run.

    Args:
        data_dir: The server's data folder.
        out_file: Replaced only when the new backup is complete.
        passphrase: Content of a key file, or what a person typed, as bytes.
        keys_dir: The keys folder if it is not `data_dir/keys`.
        rng: Source of salt, ids and keys.
        now: Unix seconds; None asks the clock.

    Raises:
        UsageError: There is no server in this folder, no folder for the file, the passphrase is
            empty, or the file has the name of the erasure keys.
        UnavailableError: DISK_FULL, or the database is locked.
        FatalError: A key is damaged.
    """
    if not passphrase:
        raise UsageError("a backup needs a passphrase")
    if out_file.name == KEYS_FILE:
        raise UsageError(f"{KEYS_FILE} is the name of the file beside it; choose another one")
    if not out_file.absolute().parent.is_dir():
        raise UsageError(f"there is no folder {out_file.absolute().parent}; make it first")
    database = database_path(data_dir)
    if not database.is_file():
        raise UsageError("there is no server in this data folder")
    wipe_leftovers(data_dir)
    origin = remembered_origin(data_dir)
    today = int((time.time() if now is None else now) // DAY_S)
    folder = keys_dir or data_dir / "keys"
    days = inventory.backup_days()
    keys = ErasureKeys(folder, ServerKeys.load(folder, rng).erasure_name_key, rng)
    beside = out_file.with_name(KEYS_FILE)
    try:
        keys.expire(today, days)
        with _new_key(keys, today) as (backup_id, backup_key), _part(out_file, today) as out:
            header = BackupHeader(rng(SALT_BYTES), backup_id, today)
            writer = SealingWriter(out, header.key(passphrase, backup_key), header.to_bytes())
            with scratch(data_dir, BACKUP) as stage:
                snapshot(database, stage / DATABASE)
                (stage / PARTS).mkdir(mode=0o700)
                ids = _take_apart(stage, keys, backup_id)
                blobs = _write_archive(writer, data_dir, stage, origin, today * DAY_S)
            writer.finish()
            _forget_closed(keys, ids, database)
            with _part(beside, today) as copy:
                write_keys(copy, keys.all(), passphrase, rng)
    except OSError as error:
        raise UnavailableError(
            Code.DISK_FULL, f"the backup could not be written ({error.errno})"
        ) from None
    elsewhere = (folder / ROOT_FILE, folder / OPAQUE_SETUP_FILE)
    return BackupReport(writer.bytes_written, blobs, len(ids), days, beside, elsewhere)


@contextmanager
def _new_key(keys: ErasureKeys, today: int) -> Iterator[tuple[bytes, bytes]]:
    """Make the backup's key; of a backup that fails, none is left."""
    backup_id, key = keys.new_backup(today)
    try:
        yield backup_id, key
    except BaseException:
        keys.destroy([backup_name(today, backup_id)])
        raise


@contextmanager
def _part(path: Path, today: int) -> Iterator[IO[bytes]]:
    """Write a file that takes its place, whole and synced, at the end of the block."""
    part = path.with_name(f".{path.name}.part")
    try:
        flags = os.O_CREAT | os.O_TRUNC | os.O_WRONLY
        with os.fdopen(os.open(part, flags, 0o600), "wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        os.utime(part, (today * DAY_S, today * DAY_S))
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _take_apart(stage: Path, keys: ErasureKeys, backup_id: bytes) -> list[bytes]:
    """Seal the rows of each account into a file of its own, and leave the rest in the copy.

    Returns:
        The accounts.
    """
    whole = stage / "whole"
    (stage / DATABASE).rename(whole)
    with opened_copy(whole) as copy:
        ids = copy.accounts()
        for account_id in ids:
            part = PartKey.of(keys.account_key(account_id), backup_id)
            with (stage / PARTS / part.name).open("xb") as out:
                writer = part.writer(out)
                copy.write_part(account_id, writer.write)
                writer.finish()
        copy.empty_accounts()
        copy.leave_out()
    # Once more, so that no free page holds a row that was deleted here.
    snapshot(whole, stage / DATABASE)
    return ids


def _forget_closed(keys: ErasureKeys, ids: list[bytes], database: Path) -> None:
    """Destroy the keys of accounts that were closed while their rows were sealed.

    The server destroys a key before and after it deletes the rows: one that was made for the
    backup later than that belongs to an account that is not in the database any more.
    """
    living = account_ids(database)
    keys.destroy(keys.account_name(one) for one in ids if one not in living)


def _write_archive(
    writer: SealingWriter, data_dir: Path, stage: Path, origin: str, day_start: int
) -> int:
    blobs = 0
    with tarfile.open(fileobj=cast("IO[bytes]", writer), mode="w|") as archive:
        _add(archive, ORIGIN, io.BytesIO(origin.encode()), day_start)
        with (stage / DATABASE).open("rb") as file:
            _add(archive, DATABASE, file, day_start)
        for path in sorted((stage / PARTS).iterdir()):  # by name, which is random
            with path.open("rb") as file:
                _add(archive, f"{PARTS}/{path.name}", file, day_start)
        for path in sorted((data_dir / BLOBS).glob("*")):
            name = f"{BLOBS}/{path.name}"
            if BLOB.fullmatch(name):
                with path.open("rb") as file:
                    _add(archive, name, file, int(os.fstat(file.fileno()).st_mtime))
                blobs += 1
    return blobs


def _add(archive: tarfile.TarFile, name: str, content: IO[bytes], mtime: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = content.seek(0, os.SEEK_END)
    content.seek(0)
    entry.mtime = mtime
    entry.mode = 0o600
    archive.addfile(entry, content)
