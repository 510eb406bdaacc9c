"""What recordings and consents are called for people, the same everywhere."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence
from typing import Final, TypeVar

from visavis.cli.told import MistakeError
from visavis.core.recording_statements import DAY_S
from visavis.core.recording_types import Kind

T = TypeVar("T")

WORDS: Final = {
    Kind.AUDIO: "sound",
    Kind.VIDEO: "camera pictures",
    Kind.SCREEN: "shared screens",
    Kind.TRANSCRIPT: "a transcript of what is said",
}
"""In the order in which they are named, and asked about."""

ID_DIGITS: Final = 8
"""Hex digits of a request's id that tell it from others of this device."""

DAY: Final = "%d %b %Y"


def in_words(kinds: Iterable[Kind]) -> str:
    """Return "sound and camera pictures"; "nothing" for none."""
    found = set(kinds)
    return listed([words for kind, words in WORDS.items() if kind in found]) or "nothing"


def listed(words: Sequence[str]) -> str:
    """Return "a, b and c"."""
    *front, last = words or [""]
    return f"{', '.join(front)} and {last}" if front else last


def days(count: int) -> str:
    """Return "1 day" or "2 days"."""
    return f"{count} day" + ("" if count == 1 else "s")


def days_left(until: int) -> int:
    """Return how many days are left until a time, a begun one as a whole one; 0: none."""
    return max(0, math.ceil((until - time.time()) / DAY_S))


def short(ask: bytes) -> str:
    """Return what a recording, or a consent, is called at the command line."""
    return ask.hex()[:ID_DIGITS]


def named(found: Iterable[tuple[bytes, T]], word: str, what: str, command: str) -> T:
    """Return the one whose id begins so.

    Args:
        found: Ids, and what they are of.
        word: What was typed.
        what: "recording" or "consent".
        command: What lists them.

    Raises:
        MistakeError: There is none, or more than one.
    """
    typed = word.strip().lower()
    hits = [one for ask, one in found if typed and ask.hex().startswith(typed)]
    if len(hits) != 1:
        which = f"More than one {what}" if hits else f"No {what} of this device"
        raise MistakeError(
            f"{which} begins with {word}. Nothing was changed; {command} lists them."
        )
    return hits[0]
