"""`visavis backup` and `visavis restore`: one encrypted file, made while the server runs.

In it: the database (live rows only), blobs, the origin. Not in it, on purpose: the keys folder with
the OPAQUE setup (P4: a thief who has both a backup and the setup can guess passwords offline), so
keep a copy of that folder elsewhere. Times in the file are days.

Restoring decrypts and checks everything beside the data folder first; only then is anything
replaced, and never without being asked if there is something to replace (CK-511).
"""

from __future__ import annotations

import io
import os
import re
import shutil
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, cast

from visavis.core.errors import Code, FatalError, PeerError, UnavailableError, UsageError
from visavis.ports.clock import DAY_S
from visavis.ports.random import Rng
from visavis.server.config import database_path, remember_origin, remembered_origin
from visavis.server.data_lock import LOCK_FILE, locked
from visavis.server.keys import OPAQUE_SETUP_FILE
from visavis.server.sealed_stream import OpeningReader, SealingWriter
from visavis.store.snapshot import snapshot, verify

_DATABASE: Final = "database"
_ORIGIN: Final = "origin"
_BLOB: Final = re.compile(r"blobs/[0-9a-f]{32}", re.ASCII)
_KEPT: Final = frozenset({LOCK_FILE, "keys"})
_COPY_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class BackupReport:
    """What a backup holds.

    Attributes:
        bytes_written: Size of the file.
        blobs: Blobs in it.
        opaque_setup: What is not in it and must be kept elsewhere.
    """

    bytes_written: int
    blobs: int
    opaque_setup: Path


def backup(
    data_dir: Path,
    out_file: Path,
    passphrase: bytes,
    *,
    keys_dir: Path | None = None,
    rng: Rng = os.urandom,
    now: float | None = None,
) -> BackupReport:
    """Write an encrypted backup; the server may run.

    Args:
        data_dir: The server's data folder.
        out_file: Replaced only when the new backup is complete.
        passphrase: Content of a key file, or what a person typed, as bytes.
        keys_dir: The keys folder if it is not `data_dir/keys`.
        rng: Source of the salt.
        now: Unix seconds; None asks the clock.

    Raises:
        UsageError: There is no server in this folder, or the passphrase is empty.
        UnavailableError: DISK_FULL, or the database is locked.
    """
    if not passphrase:
        raise UsageError("a backup needs a passphrase")
    database = database_path(data_dir)
    if not database.is_file():
        raise UsageError("there is no server in this data folder")
    _remove_leftovers(data_dir)
    day_start = int((time.time() if now is None else now) // DAY_S) * DAY_S
    part = out_file.with_name(f".{out_file.name}.part")
    try:
        with (
            tempfile.TemporaryDirectory(prefix=".backup-", dir=data_dir) as folder,
            os.fdopen(os.open(part, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as out,
        ):
            copy = Path(folder) / _DATABASE
            snapshot(database, copy)
            writer = SealingWriter(out, passphrase, rng)
            blobs = _write_archive(writer, data_dir, copy, day_start)
            writer.finish()
            out.flush()
            os.fsync(out.fileno())
        os.utime(part, (day_start, day_start))
        part.replace(out_file)
    except OSError as error:
        raise UnavailableError(
            Code.DISK_FULL, f"the backup could not be written ({error.errno})"
        ) from None
    finally:
        part.unlink(missing_ok=True)
    setup = (keys_dir or data_dir / "keys") / OPAQUE_SETUP_FILE
    return BackupReport(writer.bytes_written, blobs, setup)


def _write_archive(writer: SealingWriter, data_dir: Path, copy: Path, day_start: int) -> int:
    blobs = 0
    with tarfile.open(fileobj=cast("IO[bytes]", writer), mode="w|") as archive:
        _add(archive, _ORIGIN, io.BytesIO(remembered_origin(data_dir).encode()), day_start)
        with copy.open("rb") as file:
            _add(archive, _DATABASE, file, day_start)
        for path in sorted((data_dir / "blobs").glob("*")):
            name = f"blobs/{path.name}"
            if _BLOB.fullmatch(name):
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


def restore(file: Path, data_dir: Path, passphrase: bytes, *, replace: bool = False) -> None:
    """Put a backup into a data folder after checking all of it; the server must not run.

    The keys folder is left as it is: copy the one that belongs to the backup there.

    Args:
        file: What `backup` wrote.
        data_dir: Empty or new, unless `replace`.
        passphrase: As when it was made.
        replace: Replace database and blobs that are there.

    Raises:
        UsageError: The folder holds a server and `replace` was not given (CK-511).
        PeerError: MALFORMED: damaged, incomplete, or not a backup. Nothing was changed.
        AuthorizationError: STORE_LOCKED: wrong passphrase. Nothing was changed.
        UnavailableError: A server runs on the folder, or the disk is full. Nothing was changed.
    """
    with locked(data_dir):
        _remove_leftovers(data_dir)
        present = {path.name for path in data_dir.iterdir()} - _KEPT
        if present and not replace:
            raise UsageError("CK-511: the data folder is not empty; say --replace to replace it")
        with _staging(data_dir) as stage, file.open("rb") as source:
            _unpack(OpeningReader(source, passphrase), stage)
            try:
                verify(stage / _DATABASE)
            except FatalError:
                raise PeerError(Code.MALFORMED, "the database in the backup is damaged") from None
            # From here on only renames on one file system.
            database = database_path(data_dir)
            for suffix in ("-wal", "-shm"):
                database.with_name(database.name + suffix).unlink(missing_ok=True)
            (stage / _DATABASE).replace(database)
            shutil.rmtree(data_dir / "blobs", ignore_errors=True)
            (stage / "blobs").replace(data_dir / "blobs")
            remember_origin(data_dir, (stage / _ORIGIN).read_text(encoding="utf-8"))


def _remove_leftovers(data_dir: Path) -> None:
    """Remove what a backup or restore that was killed left behind."""
    for pattern in (".backup-*", ".restore-*"):
        for path in data_dir.glob(pattern):
            shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _staging(data_dir: Path) -> Iterator[Path]:
    try:
        with tempfile.TemporaryDirectory(prefix=".restore-", dir=data_dir) as folder:
            yield Path(folder)
    except OSError as error:
        raise UnavailableError(
            Code.DISK_FULL, f"the backup could not be unpacked ({error.errno})"
        ) from None


def _unpack(reader: OpeningReader, stage: Path) -> None:
    (stage / "blobs").mkdir(mode=0o700)
    names = set()
    try:
        with tarfile.open(fileobj=cast("Any", reader), mode="r|") as archive:
            for entry in archive:
                # Names are ours or nothing: an archive must not write anywhere else.
                known = entry.name in {_DATABASE, _ORIGIN} or _BLOB.fullmatch(entry.name)
                content = archive.extractfile(entry) if entry.isreg() and known else None
                if content is None or entry.name in names:
                    raise PeerError(Code.MALFORMED, "unexpected content in the backup")
                names.add(entry.name)
                path = stage / entry.name
                flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY
                with os.fdopen(os.open(path, flags, 0o600), "wb") as out:
                    shutil.copyfileobj(content, out, _COPY_BYTES)
                    out.flush()
                    os.fsync(out.fileno())
                os.utime(path, (entry.mtime, entry.mtime))
    except tarfile.TarError:
        raise PeerError(Code.MALFORMED, "the archive in the backup is damaged") from None
    reader.expect_end()
    if not {_DATABASE, _ORIGIN} <= names:
        raise PeerError(Code.MALFORMED, "the backup is incomplete")
