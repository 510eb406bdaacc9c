"""Blobs as files in one folder: the solo profile's Blobs port.

A file's name is its random id, its modification time the start of the day it came, its content
ciphertext. Nothing else is kept: no owner, no counter, no index. What a file system notes by itself
is levelled: access times are not updated by reading, modification times of files and folder are
set to the day, and `sweep` touches every file, so that change times older than the last sweep are
all the same (a file system does not let anybody set them: an honest limit).
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import IO, Final

from visavis.core.errors import Code, PeerError, UnavailableError
from visavis.ports.blobs import BLOB_DAYS, BLOB_ID_BYTES, BLOB_SIZES
from visavis.ports.clock import DAY_S
from visavis.ports.random import Rng

RESERVE_BYTES: Final = 256 * 1024 * 1024
"""Free space that blobs leave to the database. Higher refuses blobs sooner; lower lets blobs take
the room in which durable envelopes are stored."""

READ_BYTES: Final = 256 * 1024
_PART: Final = ".part"
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class FolderBlobs:
    """Keeps blobs in a folder.

    Args:
        folder: Made with mode 0700 if missing; nothing else may lie in it.
        rng: Source of ids.
        reserve: See `RESERVE_BYTES`.
    """

    def __init__(self, folder: Path, rng: Rng, reserve: int = RESERVE_BYTES) -> None:
        self._folder = folder
        self._rng = rng
        self._reserve = reserve
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # What a crash left half written was never acknowledged.
        for part in folder.glob(f"*{_PART}"):
            part.unlink()

    async def put(self, size: int, chunks: AsyncIterator[bytes], *, day: int) -> bytes:
        """Store a blob; see `Blobs.put`."""
        if size not in BLOB_SIZES:
            raise PeerError(Code.MALFORMED, "CK-500: not one of the sizes of a blob")
        blob_id = self._rng(BLOB_ID_BYTES)
        part = self._path(blob_id).with_suffix(_PART)
        with _disk_errors():
            await asyncio.to_thread(self._require_room, size)
            file = await asyncio.to_thread(_create, part)
        try:
            with _disk_errors():
                left = size
                async for chunk in chunks:
                    left -= len(chunk)
                    if left < 0:
                        break
                    await asyncio.to_thread(file.write, chunk)
                if left:
                    raise PeerError(Code.MALFORMED, "CK-500: not as long as announced")
                await asyncio.to_thread(self._finish, file, part, blob_id, day)
        finally:
            file.close()
            part.unlink(missing_ok=True)
        return blob_id

    async def get(self, blob_id: bytes, *, day: int) -> AsyncIterator[bytes] | None:
        """Return a blob's chunks; see `Blobs.get`."""
        file = await asyncio.to_thread(self._open, blob_id, day)
        return None if file is None else _chunks(file)

    async def sweep(self, *, day: int) -> int:
        """Delete what is expired and level the times of the rest; see `Blobs.sweep`."""
        return await asyncio.to_thread(self._sweep, day)

    def _path(self, blob_id: bytes) -> Path:
        return self._folder / blob_id.hex()

    def _require_room(self, size: int) -> None:
        state = os.statvfs(self._folder)
        if state.f_bavail * state.f_frsize < size + self._reserve:
            raise OSError(errno.ENOSPC, "blobs leave this room to the database")

    def _finish(self, file: IO[bytes], part: Path, blob_id: bytes, day: int) -> None:
        file.flush()
        os.fsync(file.fileno())
        os.utime(part, (day * DAY_S, day * DAY_S))
        part.rename(self._path(blob_id))
        self._level_folder(day)
        descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)  # the name, too, must survive a crash
        finally:
            os.close(descriptor)

    def _level_folder(self, day: int) -> None:
        os.utime(self._folder, (day * DAY_S, day * DAY_S))

    def _open(self, blob_id: bytes, day: int) -> IO[bytes] | None:
        try:
            # Reading must not leave a time behind; only the owner may ask for that.
            descriptor = os.open(self._path(blob_id), os.O_RDONLY | os.O_NOATIME | os.O_NOFOLLOW)
        except OSError:
            return None
        file = os.fdopen(descriptor, "rb")
        if _expired(os.fstat(descriptor), day):  # the query filters, too: R-72
            file.close()
            return None
        return file

    def _sweep(self, day: int) -> int:
        gone = 0
        for path in self._folder.iterdir():
            if path.suffix == _PART:
                continue  # being written now
            state = path.stat()
            if _expired(state, day):
                path.unlink(missing_ok=True)
                gone += 1
            else:
                os.utime(path, (state.st_mtime, state.st_mtime))
        self._level_folder(day)
        return gone


def _expired(state: os.stat_result, day: int) -> bool:
    return day - int(state.st_mtime // DAY_S) >= BLOB_DAYS


def _create(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


async def _chunks(file: IO[bytes]) -> AsyncIterator[bytes]:
    try:
        while chunk := await asyncio.to_thread(file.read, READ_BYTES):
            yield chunk
    finally:
        file.close()


@contextlib.contextmanager
def _disk_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise UnavailableError(Code.DISK_FULL, "no room for a blob") from None
        raise UnavailableError(Code.UNAVAILABLE, "cannot write a blob") from None
