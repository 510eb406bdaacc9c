"""Random: randomness as an argument, and the two things made from it outside cryptography."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

Rng = Callable[[int], bytes]
"""`rng(n)` returns n fresh random bytes; shells pass `os.urandom`."""

_T = TypeVar("_T")


def below(limit: int, rng: Rng) -> int:
    """Return a uniform integer in `0 <= x < limit`.

    Args:
        limit: At least 1.
        rng: Source of random bytes.
    """
    size = (limit.bit_length() + 7) // 8
    ceiling = (256**size // limit) * limit  # above it the remainder would be biased
    while True:
        value = int.from_bytes(rng(size), "big")
        if value < ceiling:
            return value % limit


def shuffled(items: Iterable[_T], rng: Rng) -> list[_T]:
    """Return the items in random order (P7: the order of an answer must say nothing).

    Args:
        items: Anything iterable; consumed once.
        rng: Source of random bytes.
    """
    out = list(items)
    for last in range(len(out) - 1, 0, -1):
        other = below(last + 1, rng)
        out[last], out[other] = out[other], out[last]
    return out
