"""Looks into a process that a test started: which of some byte strings are in its memory."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

_REGION = re.compile(r"([0-9a-f]+)-([0-9a-f]+) rw")
_CHUNK = 1 << 22
_OVERLAP = 256


def children_of(process: int) -> list[tuple[int, str]]:
    """Return the living children of a process, with their command lines."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                status = (folder / "stat").read_text().rpartition(")")[2].split()
                if int(status[1]) == process and status[0] != "Z":
                    command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                    found.append((int(folder.name), command))
    return found


def find_in_memory(process: int, wanted: Mapping[str, bytes]) -> set[str]:
    """Return the names of the byte strings that are anywhere in a process's writable memory.

    As raw bytes and as hex. The searching process must be allowed to trace the other.
    """
    found: set[str] = set()
    for chunk in _memory(process):
        for name, value in wanted.items():
            if name not in found and (value in chunk or value.hex().encode() in chunk):
                found.add(name)
    return found


def _memory(process: int) -> Iterator[bytes]:
    maps = Path(f"/proc/{process}/maps").read_text()
    regions = [(int(m[1], 16), int(m[2], 16)) for m in map(_REGION.match, maps.splitlines()) if m]
    descriptor = os.open(f"/proc/{process}/mem", os.O_RDONLY)
    try:
        for start, end in regions:
            for at in range(start, end, _CHUNK - _OVERLAP):
                with contextlib.suppress(OSError, OverflowError):  # Guard pages, the vdso.
                    yield os.pread(descriptor, min(_CHUNK, end - at), at)
    finally:
        os.close(descriptor)
