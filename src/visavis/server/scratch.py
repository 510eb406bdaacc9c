"""A folder below the data folder for the time of one backup or restore; wiped at its end.

A copy of the database lies in it. Were it only removed, what the live database overwrites when it
is deleted would stay in free blocks (P7). What a killed process left is wiped by the next one;
whose folder is still in use is told by a lock, which the kernel releases with the process.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from visavis.store.wiping import wipe_folder

BACKUP: Final = ".backup-"
RESTORE: Final = ".restore-"


@contextlib.contextmanager
def scratch(data_dir: Path, prefix: str) -> Iterator[Path]:
    """Make a folder for as long as the block lasts.

    Args:
        data_dir: The server's data folder.
        prefix: `BACKUP` or `RESTORE`.

    Raises:
        OSError: It cannot be made.
    """
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=data_dir))
    with _held(folder):
        try:
            yield folder
        finally:
            wipe_folder(folder)


def wipe_leftovers(data_dir: Path) -> None:
    """Wipe what a backup or restore that was killed left behind."""
    for prefix in (BACKUP, RESTORE):
        for path in data_dir.glob(f"{prefix}*"):
            with contextlib.suppress(OSError), _held(path):  # held by another: in use
                wipe_folder(path)


@contextlib.contextmanager
def _held(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)
