"""How long calls stay in their owner's history, and the three presets to choose from (R-08, R-09).

Nothing is kept by chance: each setting is a field of `Settings`, and the table that a person sees
before choosing is made from the same fields (`changes`).

Pure. Not for: taking out what has been kept long enough (`call_log.CallLog.expire`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from visavis.core.call_entry import Entry, Quality, Via
from visavis.core.content import decode_record, encode_record
from visavis.core.content_records import KEEP_EVER, MAX_COUNT, Settings
from visavis.core.errors import UsageError
from visavis.core.ids import DeviceId

HOUR_S: Final = 3_600
DAY_H: Final = 24


class Preset(StrEnum):
    """Three answers for those who do not want to decide four times."""

    CONVENIENT = "convenient"
    BALANCED = "balanced"
    NOTHING_KEPT = "nothing kept"


PRESETS: Final = {
    Preset.CONVENIENT: Settings(keep=KEEP_EVER, details=True, sync=True, trace=True),
    Preset.BALANCED: Settings(keep=90 * DAY_H, details=True, sync=True, trace=True),
    Preset.NOTHING_KEPT: Settings(keep=0, details=False, sync=False, trace=False),
}
FIELDS: Final = ("keep", "details", "sync", "trace")
DEFAULT: Final = PRESETS[Preset.BALANCED]

WHY_NOT_LESS: Final = {
    "keep": "Last month's call is what a history is opened for; 90 days have it in them.",
    "details": "They tell how a call was protected, and nothing of whom it was with or when.",
    "sync": "Who has two devices asks either of them whether somebody called.",
    "trace": "A telephone that nobody hears and that leaves no missed call does not work.",
}
"""For each setting whose default is not its most private value: why (R-71)."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a preset would make of one setting."""

    name: str
    now: int | bool
    then: int | bool


def changes(now: Settings, preset: Preset) -> tuple[Change, ...]:
    """Return every setting, what it is and what a preset makes of it: none is left out."""
    then = PRESETS[preset]
    return tuple(Change(name, getattr(now, name), getattr(then, name)) for name in FIELDS)


def preset_of(settings: Settings) -> Preset | None:
    """Return which preset these settings are; None: the person's own choice."""
    for preset, wanted in PRESETS.items():
        if all(getattr(settings, name) == getattr(wanted, name) for name in FIELDS):
            return preset
    return None


def decided(
    now: Settings,
    device: DeviceId,
    *,
    keep: int | None = None,
    details: bool | None = None,
    sync: bool | None = None,
    trace: bool | None = None,
    never_record: bool | None = None,
) -> Settings:
    """Return the settings as changed on a device; what is not given stays.

    Args:
        now: As they are.
        device: Which device.
        keep: Hours, 0 for no history, `KEEP_EVER` for no end.
        details: Keep path, cipher suite and quality.
        sync: Our other devices get the history.
        trace: Whom we call in vain sees a missed call.
        never_record: We are never to be recorded; no preset says anything of it.

    Raises:
        UsageError: Out of bounds.
    """
    if keep is not None and not 0 <= keep <= KEEP_EVER:
        raise UsageError("a history is kept for 0 hours or more")
    return replace(
        now,
        keep=now.keep if keep is None else keep,
        details=now.details if details is None else details,
        sync=now.sync if sync is None else sync,
        trace=now.trace if trace is None else trace,
        count=min(now.count + 1, MAX_COUNT),
        device=device,
        never_record=now.never_record if never_record is None else never_record,
    )


def newer(one: Settings, other: Settings) -> Settings:
    """Return which of two stands, the same one on all devices (CK-702).

    Clocks decide nothing: they may be wrong by years. Of two that were decided without knowing of
    each other, the one that keeps less stands; and who said on either that they are never to be
    recorded is not.
    """
    stands = max(one, other, key=_order)
    if one.count == other.count and (one.never_record or other.never_record):
        return replace(stands, never_record=True)
    return stands


def _order(settings: Settings) -> tuple[int, int, bytes]:
    rest = replace(settings, never_record=False)
    return settings.count, -settings.keep, encode_record(rest)


def keeps_s(settings: Settings, of_contacts: Iterable[int | None]) -> int | None:
    """Return for how many seconds a call is kept after its end; None: until it is deleted.

    Args:
        settings: The account's.
        of_contacts: What the rules of each of its members say (`Rules.keeps`); the least counts.
    """
    hours = min(settings.keep if one is None else one for one in of_contacts)
    return None if hours >= KEEP_EVER else hours * HOUR_S


def as_kept(entry: Entry, settings: Settings) -> Entry:
    """Return an entry with no more in it than the settings let be kept."""
    if settings.details:
        return entry
    return replace(entry, via=Via.NONE, quality=Quality.UNKNOWN, suite=0)


def encode_settings(settings: Settings) -> bytes:
    """Return the settings' one encoding."""
    return encode_record(settings)


def decode_settings(data: bytes) -> Settings:
    """Decode what `encode_settings` made.

    Raises:
        PeerError: MALFORMED (CK-250, CK-271).
    """
    return decode_record(Settings, data)
