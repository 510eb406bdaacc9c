"""`visavis restore`: a backup back into a data folder, as far as its keys still exist.

Decrypts and checks everything beside the data folder first; only then is anything replaced, and
never without being asked if there is something to replace (CK-511).

The keys come from the folder's own `keys/erasure` if that has the backup's key: then it knows which
accounts were closed since. Else from the copy beside the backup, which fills the folder. An account
whose key is gone stays out; a backup whose key is gone stays shut (CK-740).
"""

from __future__ import annotations

import os
import shutil
import tarfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, cast

from visavis.core.errors import (
    AuthorizationError,
    Code,
    FatalError,
    PeerError,
    UnavailableError,
    UsageError,
)
from visavis.ports.clock import DAY_S
from visavis.server import inventory
from visavis.server.archive import BLOB, BLOBS, DATABASE, ORIGIN, PART, PARTS
from visavis.server.backup_form import (
    KEYS_FILE,
    BackupHeader,
    PartKey,
    RestoreError,
    Why,
    read_keys,
)
from visavis.server.config import database_path, remember_origin
from visavis.server.data_lock import LOCK_FILE, locked
from visavis.server.erasure_keys import ErasureKeys, backup_name
from visavis.server.scratch import RESTORE, scratch, wipe_leftovers
from visavis.server.sealed_stream import OpeningReader
from visavis.store.account_parts import opened_copy
from visavis.store.snapshot import verify

_KEPT: Final = frozenset({LOCK_FILE, "keys"})
_COPY_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """What came back.

    Attributes:
        accounts: Accounts that are there again.
        left_out: Accounts whose key is destroyed: closed since the backup was made.
        keys_from: The copy of the erasure keys that was used; None: the folder's own.
    """

    accounts: int
    left_out: int
    keys_from: Path | None


def restore(
    file: Path,
    data_dir: Path,
    passphrase: bytes,
    *,
    replace: bool = False,
    erasure_keys: Path | None = None,
    now: float | None = None,
) -> RestoreReport:
    """Put a backup into a data folder after checking all of it; the server must not run.

    Of the keys folder only `erasure` is added to: copy root key and OPAQUE setup there.

    Args:
        file: What `backup` wrote.
        data_dir: Empty or new, unless `replace`.
        passphrase: As when it was made.
        replace: Replace database and blobs that are there.
        erasure_keys: The copy of the erasure keys, if it does not lie beside the file.
        now: Unix seconds; None asks the clock.

    Raises:
        UsageError: The folder holds a server and `replace` was not given (CK-511).
        RestoreError: Its days are over, its key is gone, or its form is not read (CK-740).
        PeerError: MALFORMED: damaged, incomplete, or not a backup. Nothing was changed.
        AuthorizationError: STORE_LOCKED: wrong passphrase. Nothing was changed.
        UnavailableError: A server runs on the folder, or the disk is full. Nothing was changed.
    """
    today = int((time.time() if now is None else now) // DAY_S)
    with locked(data_dir):
        wipe_leftovers(data_dir)
        present = {path.name for path in data_dir.iterdir()} - _KEPT
        if present and not replace:
            raise UsageError("CK-511: the data folder is not empty; say --replace to replace it")
        with _written(), file.open("rb") as source, scratch(data_dir, RESTORE) as stage:
            header = BackupHeader.read(source)
            header.require_time(today, inventory.backup_days())
            kept = ErasureKeys(data_dir / "keys", b"", os.urandom)  # it names no account here
            beside = erasure_keys or file.with_name(KEYS_FILE)
            keys, copied = _find_keys(header, kept, beside, passphrase)
            key = header.key(passphrase, keys[backup_name(header.day, header.backup_id)])
            names = _unpack(OpeningReader(source, key, header.to_bytes()), stage)
            found = _put_together(stage, keys, header.backup_id, names)
            try:
                verify(stage / DATABASE)
            except FatalError:
                raise PeerError(Code.MALFORMED, "the database in the backup is damaged") from None
            for name, secret in keys.items() if copied else ():
                kept.put(name, secret)
            kept.stamp(today)
            _move(stage, data_dir)
    return RestoreReport(found, len(names) - found, beside if copied else None)


def _find_keys(
    header: BackupHeader, kept: ErasureKeys, beside: Path, passphrase: bytes
) -> tuple[Mapping[str, bytes], bool]:
    """Return the keys, and whether they are from the copy."""
    wanted = backup_name(header.day, header.backup_id)
    own = kept.all()
    # CK-740: a folder that knows this backup also knows who was closed since. The copy beside the
    # backup may be an older one, in which they live.
    if wanted in own:
        return own, False
    copied = read_keys(beside, passphrase) if beside.is_file() else {}
    if wanted not in copied:
        raise RestoreError(
            Why.NO_KEY,
            "The key of this backup is neither in the keys folder nor in a copy of the erasure "
            f"keys at {beside}. Nothing was changed. If the copy that the newest backup wrote lies "
            "elsewhere, name it with --erasure-keys FILE; if it is in none, the key is destroyed "
            "and the backup's time is over.",
        )
    return copied, True


@contextmanager
def _written() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UnavailableError(
            Code.DISK_FULL, f"the backup could not be unpacked ({error.errno})"
        ) from None


def _unpack(reader: OpeningReader, stage: Path) -> frozenset[str]:
    """Write what is in the archive; returns the names of the accounts' parts."""
    for folder in (BLOBS, PARTS):
        (stage / folder).mkdir(mode=0o700)
    names: set[str] = set()
    try:
        with tarfile.open(fileobj=cast("Any", reader), mode="r|") as archive:
            for entry in archive:
                # Names are ours or nothing: an archive must not write anywhere else.
                known = entry.name in {DATABASE, ORIGIN} or any(
                    form.fullmatch(entry.name) for form in (BLOB, PART)
                )
                content = archive.extractfile(entry) if entry.isreg() and known else None
                if content is None or entry.name in names:
                    raise PeerError(Code.MALFORMED, "unexpected content in the backup")
                names.add(entry.name)
                _write(stage / entry.name, content, entry.mtime)
    except tarfile.TarError:
        raise PeerError(Code.MALFORMED, "the archive in the backup is damaged") from None
    reader.expect_end()
    if not {DATABASE, ORIGIN} <= names:
        raise PeerError(Code.MALFORMED, "the backup is incomplete")
    return frozenset(name.partition("/")[2] for name in names if PART.fullmatch(name))


def _write(path: Path, content: IO[bytes], mtime: float) -> None:
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY
    with os.fdopen(os.open(path, flags, 0o600), "wb") as out:
        shutil.copyfileobj(content, out, _COPY_BYTES)
        out.flush()
        os.fsync(out.fileno())
    os.utime(path, (mtime, mtime))


def _put_together(
    stage: Path, keys: Mapping[str, bytes], backup_id: bytes, names: frozenset[str]
) -> int:
    """Put the rows of every account back whose key exists; returns how many."""
    parts = (PartKey.of(key, backup_id) for key in keys.values())
    found = [part for part in parts if part.name in names]
    try:
        with opened_copy(stage / DATABASE) as database, database.writing():
            for part in found:
                with (stage / PARTS / part.name).open("rb") as source:
                    reader = part.reader(source)
                    database.read_part(reader.read)
    except AuthorizationError:  # the name is made from the key, so the key is the right one
        raise PeerError(Code.MALFORMED, "CK-742: a part of the backup is damaged") from None
    except FatalError:
        raise PeerError(Code.MALFORMED, "the database in the backup is damaged") from None
    return len(found)


def _move(stage: Path, data_dir: Path) -> None:
    """Put everything in its place: from here on only renames on one file system."""
    database = database_path(data_dir)
    for suffix in ("-wal", "-shm"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)
    (stage / DATABASE).replace(database)
    shutil.rmtree(data_dir / BLOBS, ignore_errors=True)
    (stage / BLOBS).replace(data_dir / BLOBS)
    remember_origin(data_dir, (stage / ORIGIN).read_text(encoding="utf-8"))
