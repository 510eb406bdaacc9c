"""Files that are overwritten before they are removed, so that no free block keeps what they held.

Honest limit: this reaches the blocks in which the file lies. A drive that moves blocks (SSD) and a
file system that copies on write (btrfs, ZFS) may keep the old ones; there the disk should be
encrypted to begin with (docs/operate/backup.md).
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final

_PIECE: Final = bytes(1024 * 1024)


def wipe(path: Path) -> bool:
    """Overwrite a file with zeros, remove it, and return when both are on disk.

    Args:
        path: Of a regular file; a link is removed and what it leads to is left alone.

    Returns:
        Whether there was one.

    Raises:
        OSError: It is still there, or may be.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError:
        if not path.is_symlink():
            raise
    else:
        try:
            left = os.fstat(descriptor).st_size
            while left > 0:
                left -= os.write(descriptor, _PIECE[:left])
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    path.unlink(missing_ok=True)
    sync_folder(path.parent)
    return True


def wipe_folder(folder: Path) -> None:
    """Wipe a folder's files, and remove it with the folders in it.

    What cannot be wiped is left: the next run tries again.
    """
    for root, _, names in os.walk(folder, topdown=False):
        for name in names:
            with contextlib.suppress(OSError):
                wipe(Path(root) / name)
        with contextlib.suppress(OSError):
            Path(root).rmdir()


def sync_folder(folder: Path) -> None:
    """Return when the folder's entries are on disk: what was removed stays removed."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
