"""Processor time and memory of a process, from outside (proc(5), clock_getcpuclockid(3))."""

from __future__ import annotations

import ctypes
import os
import time
from dataclasses import dataclass
from pathlib import Path

from visavis.core.errors import Code, UnavailableError


@dataclass(frozen=True, slots=True)
class Process:
    """A process that runs.

    Attributes:
        number: Its process id.
    """

    number: int

    def cpu_s(self) -> float:
        """Return the seconds of processor time that all its threads used so far.

        Raises:
            UnavailableError: It does not run any more.
        """
        clock = ctypes.c_int()
        libc = ctypes.CDLL(None, use_errno=True)
        failed = libc.clock_getcpuclockid(self.number, ctypes.byref(clock))
        if failed:
            raise UnavailableError(Code.UNAVAILABLE, f"process {self.number} is gone")
        return time.clock_gettime(clock.value)

    def memory_kb(self) -> int:
        """Return the kilobytes of memory that it has now (resident set).

        Raises:
            UnavailableError: It does not run any more.
        """
        try:
            text = Path(f"/proc/{self.number}/status").read_text(encoding="ascii")
        except OSError:
            raise UnavailableError(Code.UNAVAILABLE, f"process {self.number} is gone") from None
        line = next(line for line in text.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1])


def child_named(parent: int, name: str) -> Process:
    """Return the child of a process by its name.

    Raises:
        UnavailableError: NO_SFU: it has none of that name.
    """
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            # "1234 (janus) S 1233 ...": the name may hold spaces and brackets.
            text = (entry / "stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue  # ended meanwhile
        found, rest = text[text.index("(") + 1 : text.rindex(")")], text[text.rindex(")") + 2 :]
        if found == name and int(rest.split()[1]) == parent:
            return Process(int(entry.name))
    raise UnavailableError(Code.NO_SFU, f"no process {name} of the server")


def own_process() -> Process:
    """Return this process."""
    return Process(os.getpid())
