"""Rules for contacts: their bytes, and what a call may do under each, every day at every edge."""

from __future__ import annotations

from core_vector_kit import Json, plain

from visavis.core.contact_rules import DAYS, Decision, Ring, decide, encode_rules, hours_on
from visavis.core.content_records import Hours, MayAdd, MayCall, MayGo, MaySee, Media, Rules

WORK, NIGHT, WHOLE_DAY = hours_on(range(5), 540, 1080), hours_on((5, 6), 1320, 120), 1440
SPANS: tuple[tuple[Hours, ...] | None, ...] = (
    None,
    (WORK,),
    (NIGHT,),
    (WORK, NIGHT),
    (hours_on(range(DAYS), 0, WHOLE_DAY),),
    (hours_on((6,), 600, 600),),  # From ten on Sunday until ten on Monday.
    (hours_on((0,), 1439, 1),),
    tuple(hours_on((day % DAYS,), 60 * day, 60 * day + 1) for day in range(16)),
)
SEES: tuple[MaySee | None, ...] = (None, MaySee.RINGING)
PATHS: tuple[MayGo | None, ...] = (None, MayGo.DIRECT)


def minutes(spans: tuple[Hours, ...] | None) -> list[int]:
    """Return the minutes at and beside every edge, and the day's own."""
    edges = {edge for hours in spans or () for edge in (hours.start, hours.end)}
    beside = {edge + off for edge in edges for off in (-1, 0, 1)} | {0, 719, WHOLE_DAY - 1}
    return sorted(minute for minute in beside if 0 <= minute < WHOLE_DAY)


def said(decision: Decision) -> str:
    """Return a decision as a word: what rings, or why nothing does."""
    if isinstance(decision, Ring):
        return f"ring {decision.media.value}"
    return f"quiet {decision.why.value}"


def rules_vectors() -> Json:
    """Every rule under every media, day and edge: [rules, media, [[minute, a word a day]]]."""
    every = [Rules(calls, spans) for calls in MayCall for spans in SPANS]
    # What is granted beyond ringing says nothing about what rings.
    every += [Rules(MayCall.VOICE, (WORK,), sees, path) for sees in SEES for path in PATHS]
    every += [Rules(adds=adds) for adds in MayAdd]
    every += [Rules(never_record=True), Rules(MayCall.VOICE, (WORK,), never_record=True)]
    return {
        "rules": [[plain(rules), encode_rules(rules).hex()] for rules in every],
        "decisions": [
            [
                number,
                media.value,
                [
                    [minute, [said(decide(rules, media, day, minute)) for day in range(DAYS)]]
                    for minute in minutes(rules.hours)
                ],
            ]
            for number, rules in enumerate(every)
            for media in Media
        ],
    }
