"""Reads all writable memory of a process, from outside and while it runs (proc(5)).

Heap, stacks, writable data of programs and libraries, and what is shared, whether used or not.
Not what is only readable (programs, their constants), nor the kernel's own buffers.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from visavis.core.errors import Code, UnavailableError
from visavis.testing.recording_audit.search import OVERLAP

PIECE: Final = 1 << 20
"""Bytes that are read at once. Higher takes more memory here, lower more time."""

_WRITABLE: Final = re.compile(r"([0-9a-f]+)-([0-9a-f]+) .w")


def memory_of(process: int) -> Iterator[bytes]:
    """Yield the writable memory of a process, in pieces that overlap by `OVERLAP`.

    What it gives back to the system meanwhile is left out.

    Args:
        process: Its id.

    Raises:
        UnavailableError: It does not run, this process is not allowed to read it, or a part that
            is there cannot be read.
    """
    try:
        memory = os.open(f"/proc/{process}/mem", os.O_RDONLY)
    except OSError:
        raise _refused(process) from None
    try:
        for begin, end in _regions(process):
            yield from _region(process, memory, begin, end)
    finally:
        os.close(memory)


def _region(process: int, memory: int, begin: int, end: int) -> Iterator[bytes]:
    at = begin
    while at < end:
        try:
            piece = os.pread(memory, min(PIECE, end - at), at)
        except OSError:
            piece = b""
        if not piece:
            if any(first <= at < last for first, last in _regions(process)):
                raise _refused(process)
            return
        yield piece
        if at + len(piece) >= end:
            return
        at += max(1, len(piece) - OVERLAP)


def _regions(process: int) -> list[tuple[int, int]]:
    try:
        lines = Path(f"/proc/{process}/maps").read_text(encoding="utf-8").splitlines()
    except OSError:
        raise _refused(process) from None
    found = [(int(m[1], 16), int(m[2], 16)) for m in map(_WRITABLE.match, lines) if m]
    if not found:
        raise _refused(process)
    return found


def _refused(process: int) -> UnavailableError:
    return UnavailableError(
        Code.UNAVAILABLE,
        f"the memory of process {process} cannot be read here (ptrace(2), proc(5))",
    )
