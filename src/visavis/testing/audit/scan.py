"""Find any of many byte patterns in large files: tens of thousands of disguises at once.

The first eight bytes of every pattern go into a table; every eight-byte window of a file is looked
up in it, and what remains is compared whole.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np

PREFIX: Final = 8
"""Bytes of a pattern that are looked up. Longer leaves out more patterns (they are searched one by
one), shorter gives more false candidates."""

_CHUNK: Final = 1 << 22
_TABLE_BITS: Final = 22
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)


class Scanner:
    """A set of patterns to look for.

    Args:
        patterns: At least one byte each.
    """

    def __init__(self, patterns: Iterable[bytes]) -> None:
        self._by_prefix: defaultdict[int, list[bytes]] = defaultdict(list)
        self._short: list[bytes] = []
        for pattern in set(patterns):
            if len(pattern) < PREFIX:
                self._short.append(pattern)
            else:
                self._by_prefix[int.from_bytes(pattern[:PREFIX], "little")].append(pattern)
        self._prefixes = np.array(sorted(self._by_prefix), dtype=np.uint64)
        self._table = np.zeros(1 << _TABLE_BITS, dtype=bool)
        self._table[_slots(self._prefixes)] = True

    def find(self, content: bytes) -> Iterator[bytes]:
        """Yield each pattern that occurs in `content`, once."""
        seen: set[bytes] = set()
        for pattern in self._short:
            if pattern in content:
                yield pattern
        for _, pattern in self.places(content):
            if pattern not in seen:
                seen.add(pattern)
                yield pattern

    def places(self, content: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield (offset, pattern) wherever a pattern of `PREFIX` bytes or more stands, in order."""
        for start in range(0, max(0, len(content) - PREFIX + 1), _CHUNK):
            for at in self._candidates(content, start):
                window = int.from_bytes(content[at : at + PREFIX], "little")
                for pattern in self._by_prefix[window]:
                    if content.startswith(pattern, at):
                        yield at, pattern

    def _candidates(self, content: bytes, start: int) -> list[int]:
        chunk = np.frombuffer(content[start : start + _CHUNK + PREFIX - 1], dtype=np.uint8)
        windows = len(chunk) - PREFIX + 1
        values = np.zeros(windows, dtype=np.uint64)
        for offset in range(PREFIX):
            values |= chunk[offset : offset + windows].astype(np.uint64) << np.uint64(8 * offset)
        likely = np.flatnonzero(self._table[_slots(values)])
        if not len(likely) or not len(self._prefixes):
            return []
        wanted = values[likely]
        index = np.minimum(np.searchsorted(self._prefixes, wanted), len(self._prefixes) - 1)
        return [start + int(at) for at in likely[self._prefixes[index] == wanted]]


def _slots(
    values: np.ndarray[tuple[int], np.dtype[np.uint64]],
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return ((values * _MIX) >> np.uint64(64 - _TABLE_BITS)).astype(np.int64)
