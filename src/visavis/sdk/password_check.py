"""Judge a password on the client, offline (R-91): core's rules, the shipped list, an estimate.

The list of known passwords is a Bloom filter in `passwords_data` (made by
tools/make_password_filter.py): it never misses an entry, and refuses about 1 in 35,000 other
passwords by mistake; the person chooses another one. Nothing here asks the network.
"""

from __future__ import annotations

import functools
import importlib.resources
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import zxcvbn

from visavis.core.passwords import SENTENCES, Blocklist, Verdict, check, normalize

_ESTIMATED_CHARS: Final = 72
"""The estimator slows down with length, and beyond this a password is strong or a repetition."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict and what to show beside it.

    Args:
        verdict: core's verdict; `verdict.require()` refuses.
        strength: 0 to 4, zxcvbn's estimate, for a meter; it refuses nothing.
        sentences: Why it is refused, or advice if it is accepted.
    """

    verdict: Verdict
    strength: int
    sentences: tuple[str, ...]


@functools.cache
def blocklist() -> Blocklist:
    """Load the shipped list of known passwords."""
    folder = importlib.resources.files("visavis.sdk") / "passwords_data"
    return Blocklist((folder / "blocklist.bloom").read_bytes())


def judge(password: str, *, context: Iterable[str] = (), second_factor: bool = False) -> Judgement:
    """Judge a password as it is typed.

    Args:
        password: As typed.
        context: Handle, display name, server: what a guesser would try.
        second_factor: Whether something else is asked for too.
    """
    names = tuple(context)
    verdict = check(
        password, known=blocklist().__contains__, context=names, second_factor=second_factor
    )
    estimated = normalize(password)[:_ESTIMATED_CHARS]
    strength = int(zxcvbn.zxcvbn(estimated, user_inputs=list(names))["score"]) if estimated else 0
    reasons = tuple(SENTENCES[reason] for reason in verdict.reasons)
    return Judgement(verdict, strength, reasons or verdict.advice)
