"""One server per data folder: a lock that ends with the process that holds it.

Two servers on one folder would each keep their own capability cache, quotas and bus: a revoked
capability would go on working in one of them, and a device connected to one would not be rung by
the other. The kernel releases the lock when the process ends, however it ends, so there is no
stale lock and no process id to be wrong about.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from visavis.core.errors import Code, UnavailableError

LOCK_FILE: Final = "lock"


@contextlib.contextmanager
def locked(data_dir: Path) -> Iterator[None]:
    """Hold the data folder's lock for as long as the block lasts.

    Args:
        data_dir: Made with mode 0700 if missing.

    Raises:
        UnavailableError: Another server or a restore has the lock.
    """
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(data_dir / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UnavailableError(
                Code.UNAVAILABLE, "another visavis server uses this data folder"
            ) from None
        os.utime(descriptor, (0, 0))  # when it was made is nobody's business
        yield
    finally:
        os.close(descriptor)
