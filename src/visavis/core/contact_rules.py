"""What a call of one contact may do here: ring, ring as a voice call, or ring nobody (R-87).

And what was granted to that contact beyond it: to see that it rings here (R-41), and a direct path
(R-32). Both are off until the person says otherwise. Whether it may bring us into groups stands
beside them (`Rules.adds`): it asks, unless the person says at once, or never.

Pure: the rules (`content_records.Rules`), the media that was offered and the local time go in, what
may ring comes out. Towards the caller a call that rings nobody is one that nobody answers: nothing
is sent (CK-370), and their own word of it puts it into the thread as a missed call.

Not for whether somebody may call at all: that is a contact's standing (`sdk/decisions.py`). The
time of day is the device's own; two devices in two time zones may decide differently.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from visavis.core.content import decode_record, encode_record
from visavis.core.content_records import Hours, MayCall, MayGo, Media, Path, Rules
from visavis.core.errors import PeerError, UsageError

DAYS: Final = 7
ALL_RING: Final = Rules()
"""Every call rings, at any time, and nothing beyond it is granted: what holds until the person says
otherwise."""


@dataclass(frozen=True, slots=True)
class Ring:
    """It rings, as a call with this media: the lesser of what was offered and what is allowed."""

    media: Media


class WhyQuiet(StrEnum):
    """Why nothing rings."""

    NOTHING = "nothing"
    HOURS = "hours"


@dataclass(frozen=True, slots=True)
class Quiet:
    """Nothing rings, and nothing is sent."""

    why: WhyQuiet


Decision: TypeAlias = Ring | Quiet


def decide(rules: Rules, media: Media, weekday: int, minute: int) -> Decision:
    """Say what a call may do.

    Args:
        rules: For the contact that calls.
        media: What it offers.
        weekday: Today, in local time: 0 is Monday.
        minute: Of the day, in local time, 0 to 1439.
    """
    if rules.calls is MayCall.NOTHING:
        return Quiet(WhyQuiet.NOTHING)
    if rules.hours is not None and not any(_holds(h, weekday, minute) for h in rules.hours):
        return Quiet(WhyQuiet.HOURS)
    return Ring(Media.VOICE if rules.calls is MayCall.VOICE else media)


def _holds(hours: Hours, weekday: int, minute: int) -> bool:
    begins_today = bool(hours.days >> weekday & 1)
    began_yesterday = bool(hours.days >> (weekday - 1) % DAYS & 1)
    if hours.start < hours.end:
        return begins_today and hours.start <= minute < hours.end
    return (begins_today and minute >= hours.start) or (began_yesterday and minute < hours.end)


def path_of(rules: Rules) -> Path:
    """Return the path that a call with this contact may take, as far as our side goes (CK-384)."""
    return Path.DIRECT if rules.path is MayGo.DIRECT else Path.RELAYED


def hours_on(weekdays: Iterable[int], start: int, end: int) -> Hours:
    """Return a span that begins on these days, 0 being Monday."""
    return Hours(sum(1 << day for day in set(weekdays)), start, end)


def weekdays(hours: Hours) -> tuple[int, ...]:
    """Return the days on which a span begins, in their order."""
    return tuple(day for day in range(DAYS) if hours.days >> day & 1)


def encode_rules(rules: Rules) -> bytes:
    """Return the rules' one encoding.

    Raises:
        UsageError: They are out of bounds; an empty tuple of hours is `MayCall.NOTHING`.
    """
    data = encode_record(rules)
    try:
        decode_rules(data)
    except PeerError as error:
        raise UsageError(f"rules out of bounds: {error.detail}") from None
    return data


def decode_rules(data: bytes) -> Rules:
    """Decode what `encode_rules` made.

    Raises:
        PeerError: `MALFORMED` (CK-250, CK-271).
    """
    return decode_record(Rules, data)
