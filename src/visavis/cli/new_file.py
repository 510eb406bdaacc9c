"""A new file that a command writes: whole or not at all, and never over another one."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from visavis.cli.told import ToldError
from visavis.core.errors import Code


def write_new(path: Path, data: bytes) -> None:
    """Write a file that only its owner can read.

    Raises:
        ToldError: USAGE, there is one of this name, or it cannot be made; DISK_FULL. What was
            there is as it was, and no half file is left.
    """
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ToldError(
            Code.USAGE, f"There is a file {path} already. Nothing was written; choose another name."
        ) from None
    except OSError as error:
        raise ToldError(
            Code.USAGE, f"{path} cannot be written: {error.strerror}. Nothing was written."
        ) from None
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        with contextlib.suppress(OSError):
            path.unlink()
        raise ToldError(
            Code.DISK_FULL,
            f"{path} could not be written whole: {error.strerror}. Nothing was left there, and "
            "nothing else was changed.",
        ) from None
