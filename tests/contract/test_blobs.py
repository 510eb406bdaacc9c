"""The contract of the Blobs port, run on every implementation."""

import errno
import os
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from visavis.core.errors import Code, PeerError, UnavailableError
from visavis.ports.blobs import BLOB_DAYS, BLOB_SIZES, MAX_BLOB_BYTES, Blobs
from visavis.store.blobs_folder import FolderBlobs

MakeBlobs = Callable[[Path], Blobs]
KINDS: dict[str, MakeBlobs] = {
    "folder": lambda path: FolderBlobs(path / "blobs", os.urandom, reserve=0)
}
SMALL = min(BLOB_SIZES)
TODAY = 20_000


@pytest.fixture(params=KINDS)
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    return KINDS[request.param](tmp_path)


async def chunks(data: bytes, size: int = 65_536) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def content(blobs: Blobs, blob_id: bytes, day: int = TODAY) -> bytes | None:
    found = await blobs.get(blob_id, day=day)
    return None if found is None else b"".join([chunk async for chunk in found])


@pytest.mark.parametrize("size", sorted(BLOB_SIZES))
async def test_comes_back_whole(blobs: Blobs, size: int) -> None:
    data = os.urandom(64) * (size // 64) + bytes(size % 64)
    blob_id = await blobs.put(size, chunks(data), day=TODAY)
    assert len(blob_id) == 16
    assert await content(blobs, blob_id) == data


async def test_ids_are_new_each_time(blobs: Blobs) -> None:
    data = bytes(SMALL)
    ids = {await blobs.put(SMALL, chunks(data), day=TODAY) for _ in range(3)}
    assert len(ids) == 3


@pytest.mark.parametrize("size", [0, 1, SMALL - 1, SMALL + 1, MAX_BLOB_BYTES + 1])
async def test_other_sizes_are_refused(blobs: Blobs, size: int) -> None:
    """CK-500"""
    with pytest.raises(PeerError) as refused:
        await blobs.put(size, chunks(b""), day=TODAY)
    assert refused.value.code is Code.MALFORMED


@pytest.mark.parametrize("length", [0, SMALL - 1, SMALL + 1])
async def test_not_as_long_as_announced_is_refused_and_not_kept(
    blobs: Blobs, length: int, tmp_path: Path
) -> None:
    """CK-500"""
    with pytest.raises(PeerError):
        await blobs.put(SMALL, chunks(bytes(length)), day=TODAY)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


async def test_a_broken_upload_leaves_nothing(blobs: Blobs, tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield bytes(1000)
        raise ConnectionResetError

    with pytest.raises((ConnectionResetError, UnavailableError)):
        await blobs.put(SMALL, broken(), day=TODAY)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


async def test_unknown_is_none(blobs: Blobs) -> None:
    assert await content(blobs, bytes(16)) is None


async def test_expires_by_filter_and_by_sweep(blobs: Blobs) -> None:
    """R-72: gone for readers on the day, whether or not the clean-up ran."""
    blob_id = await blobs.put(SMALL, chunks(bytes(SMALL)), day=TODAY)
    last = TODAY + BLOB_DAYS - 1
    assert await content(blobs, blob_id, last) is not None
    assert await content(blobs, blob_id, last + 1) is None
    assert await blobs.sweep(day=last) == 0
    assert await content(blobs, blob_id, last) is not None
    assert await blobs.sweep(day=last + 1) == 1
    assert await content(blobs, blob_id, last) is None


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_folder_keeps_no_time_finer_than_a_day(tmp_path: Path) -> None:
    """R-30: modification and access times, of files and of the folder."""
    blobs = FolderBlobs(tmp_path / "blobs", os.urandom, reserve=0)
    today = int(time.time() // 86_400)
    blob_id = await blobs.put(SMALL, chunks(bytes(SMALL)), day=today)
    assert await content(blobs, blob_id, today) is not None
    (path,) = files(tmp_path)
    for state in (path.stat(), (tmp_path / "blobs").stat()):
        assert state.st_mtime == today * 86_400
    assert path.stat().st_atime == today * 86_400
    before = path.stat().st_ctime_ns
    await blobs.sweep(day=today)
    assert path.stat().st_ctime_ns > before, "the sweep must level change times"
    assert path.stat().st_mtime == today * 86_400


async def test_folder_is_for_its_owner_only(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path / "blobs", os.urandom, reserve=0)
    await blobs.put(SMALL, chunks(bytes(SMALL)), day=TODAY)
    (path,) = files(tmp_path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "blobs").stat().st_mode & 0o777 == 0o700


async def test_half_written_files_of_a_crash_are_removed(tmp_path: Path) -> None:
    folder = tmp_path / "blobs"
    folder.mkdir()
    (folder / f"{bytes(16).hex()}.part").write_bytes(b"half")
    FolderBlobs(folder, os.urandom)
    assert files(tmp_path) == []


async def test_room_is_left_for_the_database(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path / "blobs", os.urandom, reserve=1 << 60)
    with pytest.raises(UnavailableError) as full:
        await blobs.put(SMALL, chunks(bytes(SMALL)), day=TODAY)
    assert full.value.code is Code.DISK_FULL
    assert files(tmp_path) == []


async def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blobs = FolderBlobs(tmp_path / "blobs", os.urandom, reserve=0)

    def no_space(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", no_space)
        with pytest.raises(UnavailableError) as full:
            await blobs.put(SMALL, chunks(bytes(SMALL)), day=TODAY)
    assert full.value.code is Code.DISK_FULL
    assert files(tmp_path) == []
    await blobs.put(SMALL, chunks(bytes(SMALL)), day=TODAY)  # room again
    assert len(files(tmp_path)) == 1
