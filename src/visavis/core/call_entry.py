"""One call in its owner's history, and what becomes of two entries of it (R-05, P6).

Entries of one call that two devices wrote become one, whichever comes first: of the facts the
better outcome stands, then the longer duration, then the greater bytes; it was recorded if either
says so; of the person's marks (note, pin) the one that was made knowing of the others. Clocks
decide nothing: they may be wrong by years.

Pure. Not for: how entries stand in bytes (`call_page.py`), where one is put, or what becomes of a
page (`call_log.py`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from visavis.core import cbor
from visavis.core.content_fields import Text
from visavis.core.content_records import Media
from visavis.core.errors import UsageError
from visavis.core.ids import AccountId, CallId, DeviceId

MAX_NOTE_BYTES: Final = 500
MAX_MARKS: Final = 2**32 - 1
GONE_BYTES: Final = 16
VERIFIED, RECORDED = 1, 2
"""Flags of an entry, as a number."""
NO_DEVICE: Final = DeviceId(bytes(DeviceId.LENGTH))

_GONE_LABEL: Final = b"visavis call gone v1\0"
NOTE: Final = Text(MAX_NOTE_BYTES, shortest=0)


class Direction(StrEnum):
    """Who called."""

    OUTGOING = "outgoing"
    INCOMING = "incoming"


class Outcome(StrEnum):
    """What became of it. The later in this list, the more its writer knows."""

    MISSED = "missed"
    UNANSWERED = "unanswered"
    DECLINED = "declined"
    FAILED = "failed"
    ANSWERED = "answered"


class Via(StrEnum):
    """How its packets travelled at the end."""

    NONE = "none"
    RELAYED = "relayed"
    DIRECT = "direct"


class Quality(StrEnum):
    """How it went, by the round trip that this device measured last."""

    UNKNOWN = "unknown"
    POOR = "poor"
    FAIR = "fair"
    GOOD = "good"


FAIR_MS: Final = 300
"""A round trip above this is noticeably late."""
POOR_MS: Final = 700
"""Above this people talk into each other's sentences."""


def quality_of_trip(rtt_ms: float | None) -> Quality:
    """Return how well a call goes by its round trip in milliseconds."""
    if rtt_ms is None:
        return Quality.UNKNOWN
    if rtt_ms > POOR_MS:
        return Quality.POOR
    return Quality.FAIR if rtt_ms > FAIR_MS else Quality.GOOD


WORDS: Final[dict[type[StrEnum], tuple[StrEnum, ...]]] = {
    of: tuple(of) for of in (Direction, Media, Outcome, Via, Quality)
}
INDEX: Final = {word: at for words in WORDS.values() for at, word in enumerate(words)}
"""The number of each word. No two lists have a word in common."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What the person added to an entry.

    Args:
        count: One more than the count of the mark that it takes the place of; 0: none was made.
        device: Which of our devices made it.
        pinned: Kept in sight.
        note: At most 500 bytes of UTF-8.
    """

    count: int = 0
    device: DeviceId = NO_DEVICE
    pinned: bool = False
    note: str = field(default="", repr=False)


NO_MARK: Final = Mark()


@dataclass(frozen=True, slots=True)
class Entry:
    """One call.

    Args:
        call: Its id, the same on all devices.
        members: The others in it, ascending.
        direction: Who called.
        media: What it was offered as, or became.
        outcome: What became of it.
        at: Unix seconds when it began, by the clock of the device that wrote it.
        seconds: How long it was talked in; 0 unless it was answered.
        verified: The safety numbers of all members had been compared.
        recorded: Something of it was shown to be recorded, by whomever.
        via: How packets travelled; NONE where details are not kept.
        quality: How it went; UNKNOWN where details are not kept.
        suite: The MLS cipher suite; 0 where details are not kept.
        mark: The person's own.
    """

    call: CallId
    members: tuple[AccountId, ...] = field(repr=False)
    direction: Direction
    media: Media
    outcome: Outcome
    at: int
    seconds: int = 0
    verified: bool = False
    recorded: bool = False
    via: Via = Via.NONE
    quality: Quality = Quality.UNKNOWN
    suite: int = 0
    mark: Mark = NO_MARK

    @property
    def ended_at(self) -> int:
        """Unix seconds when it ended."""
        return self.at + self.seconds


@dataclass(frozen=True, slots=True, order=True)
class Cut:
    """Everything was deleted: what had begun by `at` and was not written knowing of it, is gone.

    Args:
        count: How often everything was deleted.
        at: Unix seconds, by the clock of the device where it was.
    """

    count: int = 0
    at: int = 0


NO_CUT: Final = Cut()


def gone_mark(call: CallId) -> bytes:
    """Return what is left of a deleted call: 16 bytes that do not tell its id."""
    return hashlib.sha256(_GONE_LABEL + call).digest()[:GONE_BYTES]


def merge_entries(one: Entry, other: Entry) -> Entry:
    """Make one entry of two of the same call; the same one in whatever order (CK-700).

    Raises:
        UsageError: They are of two calls.
    """
    if one.call != other.call:
        raise UsageError("two calls are not one")
    facts = max(one, other, key=_facts_rank)
    mark = max(one.mark, other.mark, key=_mark_rank)
    # A device may have left the call, or have come back into it, before or after the recording.
    return replace(facts, mark=mark, recorded=one.recorded or other.recorded)


def marked(entry: Entry, *, device: DeviceId, pinned: bool, note: str) -> Entry:
    """Return an entry with the person's newest pin and note.

    Raises:
        PeerError: TOO_LARGE, the note.
    """
    mark = Mark(min(entry.mark.count + 1, MAX_MARKS), device, pinned, NOTE.encode(note))
    return replace(entry, mark=mark)


def facts_of(entry: Entry) -> list[object]:
    """Return what is so of a call, but for whose it is: words as numbers."""
    return [
        INDEX[entry.direction],
        INDEX[entry.media],
        INDEX[entry.outcome],
        entry.at,
        entry.seconds,
        VERIFIED * entry.verified + RECORDED * entry.recorded,
        INDEX[entry.via],
        INDEX[entry.quality],
        entry.suite,
    ]


def _facts_rank(entry: Entry) -> tuple[int, int, bytes]:
    unflagged = replace(entry, recorded=False)  # that is no matter of rank
    facts = cbor.encode([list(entry.members), *facts_of(unflagged)])
    return (INDEX[entry.outcome], entry.seconds, facts)


def _mark_rank(mark: Mark) -> tuple[int, bytes]:
    return (mark.count, cbor.encode([mark.device, mark.pinned, mark.note]))
