"""All files that a process could have kept something in: its folders, and what it holds open.

Of the folders that it was started with, everything below. Of the one it works in (the server's
children: the root folder), the files directly in it that changed since the audit began. What a
process holds open is read through proc(5), so that a file which was deleted, or has no name, is
read as well. Not found: a file elsewhere that was closed again.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from visavis.core.errors import Code, UnavailableError
from visavis.testing.recording_audit.memory import PIECE
from visavis.testing.recording_audit.search import OVERLAP


def files_of(process: int, since: float) -> list[Path]:
    """Return the files of a process, each as a path that opens it.

    Args:
        process: Its id.
        since: When the audit began, unix seconds.

    Raises:
        UnavailableError: It does not run, or this process is not allowed to look.
    """
    at = Path(f"/proc/{process}")
    try:
        words = (at / "cmdline").read_bytes().split(b"\0")
        beside = list((at / "cwd").readlink().iterdir())
    except OSError:
        raise _refused(process) from None
    if not words[0]:  # it has ended, or is not what it will be yet
        raise _refused(process)
    named = {Path(os.fsdecode(word)) for word in words if word.startswith(b"/")}
    changed = [path for path in beside if _is_file(path) and path.stat().st_ctime >= since]
    return [
        *files_below(path for path in named if path.is_dir()),
        *changed,
        *open_files_of(process),
    ]


def open_files_of(process: int) -> list[Path]:
    """Return what opens the regular files that a process holds open.

    Raises:
        UnavailableError: See `folders_of`.
    """
    found = []
    try:
        for path in Path(f"/proc/{process}/fd").iterdir():
            try:
                mode = path.stat().st_mode
            except FileNotFoundError:
                continue  # closed meanwhile
            if stat.S_ISREG(mode):
                found.append(path)
    except OSError:
        raise _refused(process) from None
    return found


def files_below(folders: Iterable[Path]) -> list[Path]:
    """Return the regular files below some folders."""
    return sorted({path for folder in folders for path in folder.rglob("*") if _is_file(path)})


def content_of(path: Path) -> Iterator[bytes]:
    """Yield a file, in pieces that overlap by `OVERLAP`; nothing if it is gone.

    Raises:
        UnavailableError: It is there and cannot be read.
    """
    try:
        with path.open("rb") as file:
            tail = b""
            while piece := file.read(PIECE):
                yield tail + piece
                # A whole number of words, so that a piece begins where a word could.
                tail = piece[-OVERLAP:]
    except FileNotFoundError:
        return
    except OSError:
        raise UnavailableError(Code.UNAVAILABLE, f"{path} cannot be read here") from None


def _is_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _refused(process: int) -> UnavailableError:
    return UnavailableError(
        Code.UNAVAILABLE, f"the files of process {process} cannot be looked at here (proc(5))"
    )
