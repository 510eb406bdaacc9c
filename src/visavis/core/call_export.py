"""The history of calls as a file for other programs: CSV (RFC 4180) and JSON (RFC 8259).

The same fields in both, byte for byte as in the browser (`web/core/call_export.ts`). Names and
notes are others' words: what a spreadsheet would take for a formula gets a quote in front. Nothing
in the file names an account, a device or a call by its id.

Pure. Not for: which calls (`call_search.py`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from visavis.core.call_entry import Entry
from visavis.core.call_search import Names

EXPORT_VERSION: Final = 1
NAMELESS: Final = "unknown"
"""Stands for a member whom we have no name of."""

Zone = int | Callable[[int], int]
"""Seconds that local time is ahead of UTC, always or at a Unix second."""
Exported = dict[str, str | int | bool | list[str]]

FIELDS: Final = (
    "started", "with", "direction", "media", "outcome", "seconds", "verified", "recorded", "path",
    "quality", "suite", "pinned", "note",
)  # fmt: skip

_FORMULA: Final = re.compile(r"(^|; *)(?=[=+\-@\t\r])")
_QUOTED: Final = re.compile(r'[",;\r\n]')
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_CYCLE_Y: Final = 400
_CYCLE_S: Final = 146_097 * 86_400
"""After so many years, of so many seconds, the calendar repeats itself."""
_LAST_YEAR: Final = 9_999


def to_csv(entries: Iterable[Entry], names: Names, zone: Zone) -> str:
    """Return a table with a header, a call a row, lines ended by CR LF."""
    rows = [",".join(FIELDS)]
    for entry in entries:
        fields = _exported(entry, names, zone)
        rows.append(",".join(_cell(fields[name]) for name in FIELDS))
    return "".join(f"{row}\r\n" for row in rows)


def to_json(entries: Iterable[Entry], names: Names, zone: Zone) -> str:
    """Return an object with a version and the calls."""
    calls = [_exported(entry, names, zone) for entry in entries]
    whole = {"version": EXPORT_VERSION, "calls": calls}
    return json.dumps(whole, ensure_ascii=False, indent=2) + "\n"


def local_time(at: int, zone: Zone) -> str:
    """Return a Unix second in local time with its offset, ISO 8601; beyond 9999 with six digits."""
    offset = zone if isinstance(zone, int) else zone(at)
    sign, ahead = ("-" if offset <= -60 else "+"), abs(offset) // 60
    local = at + (-60 if sign == "-" else 60) * ahead
    # Python's calendar ends in 9999; a clock that was wrong may not.
    cycles, rest = divmod(local, _CYCLE_S)
    moment = _EPOCH + timedelta(seconds=rest)
    year = moment.year + _CYCLE_Y * cycles
    shown = f"{year:04d}" if year <= _LAST_YEAR else f"+{year:06d}"
    return f"{shown}-{moment:%m-%dT%H:%M:%S}{sign}{ahead // 60:02d}:{ahead % 60:02d}"


def _exported(entry: Entry, names: Names, zone: Zone) -> Exported:
    return {
        "started": local_time(entry.at, zone),
        "with": [names.get(account, NAMELESS) for account in entry.members],
        **facts_in_words(entry),
    }


def facts_in_words(entry: Entry) -> Exported:
    """Return what is so of a call and what its owner noted, but for when and with whom."""
    return {
        "direction": entry.direction.value,
        "media": entry.media.value,
        "outcome": entry.outcome.value,
        "seconds": entry.seconds,
        "verified": entry.verified,
        "recorded": entry.recorded,
        "path": entry.via.value,
        "quality": entry.quality.value,
        "suite": f"0x{entry.suite:04X}" if entry.suite else "",
        "pinned": entry.mark.pinned,
        "note": entry.mark.note,
    }


def _cell(value: str | int | bool | list[str]) -> str:  # noqa: FBT001
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value)
    text = value if isinstance(value, str) else "; ".join(value)
    # Spreadsheets take what begins so for a formula, and some begin a cell after a semicolon too.
    harmless = _FORMULA.sub(r"\1'", text)
    if not _QUOTED.search(harmless):
        return harmless
    return '"' + harmless.replace('"', '""') + '"'
