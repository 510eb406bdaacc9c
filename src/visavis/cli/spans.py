"""Times as a person writes and reads them: "90d", "2026-11-01", "ever"."""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

from visavis.cli.told import MistakeError
from visavis.core.content_records import KEEP_EVER

EVER: Final = "ever"
OFF: Final = "off"
_HOURS: Final = {"h": 1, "d": 24, "w": 7 * 24, "y": 365 * 24}
_NAMES: Final = (("year", 365 * 24), ("day", 24), ("hour", 1))
_SPAN: Final = re.compile(r"(\d{1,5})([hdwy])")


def read_hours(text: str) -> int:
    """Return hours out of "1h", "7d", "2w", "1y", "ever" or "off".

    Raises:
        MistakeError: It is none of these.
    """
    word = text.strip().lower()
    if word == EVER:
        return KEEP_EVER
    if word == OFF:
        return 0
    found = _SPAN.fullmatch(word)
    hours = int(found[1]) * _HOURS[found[2]] if found else 0
    if not 1 <= hours < KEEP_EVER:
        raise MistakeError(
            f"{text} is no time to keep calls for. Write 1h, 7d, 2w, 1y, ever or off."
        )
    return hours


def show_hours(hours: int) -> str:
    """Return hours in words."""
    if hours >= KEEP_EVER:
        return "until you delete them"
    if not hours:
        return "not at all"
    name, size = next((name, size) for name, size in _NAMES if hours % size == 0)
    count = hours // size
    return f"{count} {name}" + ("" if count == 1 else "s")


def read_day(text: str) -> int:
    """Return unix seconds of the beginning of a day in local time, "2026-11-01" or "yesterday".

    Raises:
        MistakeError: It is no day.
    """
    today = dt.datetime.now().astimezone().date()
    words = {"today": today, "yesterday": today - dt.timedelta(days=1)}
    try:
        day = words.get(text.strip().lower()) or dt.date.fromisoformat(text.strip())
        return int(dt.datetime.combine(day, dt.time()).astimezone().timestamp())
    except (ValueError, OverflowError):
        raise MistakeError(
            f"{text} is no day. Write it as 2026-11-01, today or yesterday."
        ) from None


def show_time(at: int, form: str = "%d %b %Y %H:%M") -> str:
    """Return a time for a person; a clock that was wrong may name one that no calendar has."""
    try:
        return f"{dt.datetime.fromtimestamp(at).astimezone():{form}}"
    except (ValueError, OverflowError, OSError):
        return "at no time"


def show_seconds(seconds: int) -> str:
    """Return a duration as "1:02:03" or "2:03"."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def local_offset(at: int) -> int:
    """Return how many seconds local time is ahead of UTC then; as now for what no calendar has."""
    try:
        moment = dt.datetime.fromtimestamp(at).astimezone()
    except (ValueError, OverflowError, OSError):
        moment = dt.datetime.now().astimezone()
    offset = moment.utcoffset()
    return 0 if offset is None else int(offset.total_seconds())
