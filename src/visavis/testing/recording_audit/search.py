"""Which encoded frames stand in some bytes: any 32 bytes in a row of a frame, wherever they are.

Why 32: that is 256 bits of a compressed and so irregular frame, which no other bytes have by
chance. Why not whole frames: one cut into packets, or half overwritten, is found as well. What is
not found is a frame that was changed throughout (encoded anew, packed, in hexadecimal).

How: every eight bytes of every frame go into a table, and of the bytes that are searched each
eighth eight-byte word is looked up. Of 32 bytes in a row three such words at least lie wholly
inside; from a word that is known the run is followed both ways.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from visavis.media.interfaces import Kind

RUN: Final = 32
"""Bytes in a row of a frame that count as found."""

OVERLAP: Final = 64
"""Bytes that a piece shares with the one before, so that no run is cut: a run and a word, at least.
A multiple of a word."""

_WORD: Final = 8
_DULL: Final = 3
"""Words of at most so many different bytes are not looked up: zeros are everywhere."""

_TABLE_BITS: Final = 22
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)


@dataclass(slots=True)
class Hits:
    """What was found in one place.

    Attributes:
        frames: By kind, the numbers of the frames that were found.
        looked_at: Bytes.
    """

    frames: dict[Kind, set[int]] = field(default_factory=lambda: {"audio": set(), "video": set()})
    looked_at: int = 0


class FrameSearch:
    """Searches for the frames of a clip.

    Args:
        frames: By kind.
    """

    def __init__(self, frames: Mapping[Kind, Sequence[bytes]]) -> None:
        self._places: defaultdict[int, list[tuple[Kind, int, bytes, int]]] = defaultdict(list)
        for kind, some in frames.items():
            for number, frame in enumerate(some):
                for at in range(len(frame) - _WORD + 1):
                    word = frame[at : at + _WORD]
                    if len(set(word)) > _DULL:
                        place = kind, number, frame, at
                        self._places[int.from_bytes(word, "little")].append(place)
        self._table = np.zeros(1 << _TABLE_BITS, dtype=bool)
        self._table[_slots(np.array(list(self._places), dtype=np.uint64))] = True

    def look(self, pieces: Iterable[bytes], hits: Hits | None = None) -> Hits:
        """Search some pieces, one at a time.

        Args:
            pieces: Bytes; those of one place overlap by `OVERLAP` (`pieces_of`).
            hits: What was found in this place before; is added to.
        """
        found = Hits() if hits is None else hits
        for piece in pieces:
            found.looked_at += len(piece)
            for kind, number, frame, at, there in self._candidates(piece):
                if number not in found.frames[kind] and _run(piece, there, frame, at) >= RUN:
                    found.frames[kind].add(number)
        return found

    def _candidates(self, piece: bytes) -> Iterator[tuple[Kind, int, bytes, int, int]]:
        """Yield a frame, a place in it, and the place in the piece where the same word stands."""
        words = np.frombuffer(piece, dtype=np.uint64, count=len(piece) // _WORD)
        if not words.any():  # memory that was never used
            return
        for index in np.flatnonzero(self._table[_slots(words)]):
            for place in self._places.get(int(words[index]), ()):
                yield (*place, int(index) * _WORD)


def pieces_of(content: bytes, size: int) -> Iterator[bytes]:
    """Cut bytes into pieces that overlap.

    Args:
        content: Any.
        size: Of a piece; a multiple of eight, more than `OVERLAP`.
    """
    for begin in range(0, max(1, len(content) - OVERLAP), size - OVERLAP):
        yield content[begin : begin + size]


def _run(piece: bytes, there: int, frame: bytes, at: int) -> int:
    """Return how many bytes in a row are alike around a place of both, up to `RUN`."""
    before = 0
    for one, other in zip(
        reversed(piece[max(0, there - RUN) : there]),
        reversed(frame[max(0, at - RUN) : at]),
        strict=False,
    ):
        if one != other:
            break
        before += 1
    after = 0
    for one, other in zip(piece[there : there + RUN], frame[at : at + RUN], strict=False):
        if one != other:
            break
        after += 1
    return before + after


def _slots(words: NDArray[np.uint64]) -> NDArray[np.int64]:
    return ((words * _MIX) >> np.uint64(64 - _TABLE_BITS)).astype(np.int64)
