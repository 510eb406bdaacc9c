"""When a person's request must be answered: pure arithmetic on days (R-85).

====================  =====================================================  ===================
law                   clock                                                  source
====================  =====================================================  ===================
GDPR                  one calendar month; three if extended                  12(3)
CCPA                  confirm in 10 business days                            11 CCR 7021(a)
CCPA                  answer in 45 calendar days; 90 if extended             11 CCR 7021(b)
CCPA, opt-out, limit  15 business days, not to be extended                   11 CCR 7026, 7027
====================  =====================================================  ===================

A month ends on the same date of the next one, or on its last day if it has no such date; an end on
a weekend moves to Monday (Regulation 1182/71, 3(2)(c) and 3(4)). Public holidays differ from place
to place and are not known here: a business day is Monday to Friday, and no end moves for a holiday.
Both make a date earlier than the law's, never later.

Not for: advice. What a law asks of a given operator is theirs to find out.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

SATURDAY: Final = 5
GDPR_MONTHS: Final = 1
GDPR_MONTHS_EXTENDED: Final = 3
CCPA_CONFIRM_BUSINESS_DAYS: Final = 10
CCPA_ANSWER_DAYS: Final = 45
CCPA_ANSWER_DAYS_EXTENDED: Final = 90
CCPA_OPT_OUT_BUSINESS_DAYS: Final = 15


class Law(StrEnum):
    """Which law a request names."""

    GDPR = "gdpr"
    CCPA = "ccpa"


class Kind(StrEnum):
    """What a request asks for."""

    ACCESS = "access"
    ERASE = "erase"
    RECTIFY = "rectify"
    RESTRICT = "restrict"
    OBJECT = "object"
    PORT = "port"


OPT_OUTS: Final = frozenset({Kind.OBJECT, Kind.RESTRICT})
"""Under the CCPA: to opt out of sale and sharing, and to limit use. The shorter clock."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Something that must be done.

    Args:
        what: "confirm" or "answer".
        due: The last day on which it is in time.
        source: Where the law says so.
    """

    what: str
    due: date
    source: str


def clocks(law: Law, kind: Kind, received: date, *, extended: bool = False) -> tuple[Clock, ...]:
    """Return the clocks of a request, soonest first.

    Args:
        law: Which it names.
        kind: What it asks for.
        received: The day it came, whether or not it was read.
        extended: The person was told of a longer time, in time.
    """
    if law is Law.GDPR:
        months = GDPR_MONTHS_EXTENDED if extended else GDPR_MONTHS
        return (Clock("answer", workday(add_months(received, months)), "GDPR 12(3)"),)
    if kind in OPT_OUTS:
        source = "11 CCR 7026" if kind is Kind.OBJECT else "11 CCR 7027"
        return (Clock("answer", business_days(received, CCPA_OPT_OUT_BUSINESS_DAYS), source),)
    days = CCPA_ANSWER_DAYS_EXTENDED if extended else CCPA_ANSWER_DAYS
    return (
        Clock("confirm", business_days(received, CCPA_CONFIRM_BUSINESS_DAYS), "11 CCR 7021(a)"),
        Clock("answer", received + timedelta(days=days), "11 CCR 7021(b)"),
    )


def extendable(law: Law, kind: Kind) -> bool:
    """Say whether a law lets the time for such a request be extended."""
    return law is Law.GDPR or kind not in OPT_OUTS


def add_months(day: date, months: int) -> date:
    """Return the same date so many months later, or the last day of a month without it."""
    number = day.month - 1 + months
    year, month = day.year + number // 12, number % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def workday(day: date) -> date:
    """Return the day, or the Monday after it if it is on a weekend."""
    over = day.weekday() - SATURDAY
    return day if over < 0 else day + timedelta(days=2 - over)


def business_days(day: date, count: int) -> date:
    """Return the last of so many business days after a day."""
    while count:
        day += timedelta(days=1)
        count -= day.weekday() < SATURDAY
    return day
