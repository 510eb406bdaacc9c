"""R-87: what a call of a contact may do, in every combination of media, rule, day and hour.

The oracle counts minutes of the week; the code under test never does. The same matrix is in
vectors/core-rules.json for the browser twin.
"""

from __future__ import annotations

import itertools
import json
import pathlib

import pytest

from visavis.core import cbor
from visavis.core.contact_rules import (
    DAYS,
    Quiet,
    Ring,
    WhyQuiet,
    decide,
    decode_rules,
    encode_rules,
    hours_on,
    weekdays,
)
from visavis.core.content_records import MAX_HOURS, Hours, MayCall, Media, Rules
from visavis.core.errors import PeerError, UsageError

WEEK, DAY = 7 * 1440, 1440
VECTORS = pathlib.Path(__file__).resolve().parents[2] / "vectors" / "core-rules.json"
SPANS = {
    "always": None,
    "office": (hours_on(range(5), 540, 1080),),
    "nights": (hours_on((5, 6), 1320, 120),),
    "both": (hours_on(range(5), 540, 1080), hours_on((5, 6), 1320, 120)),
    "whole days": (hours_on((2,), 0, DAY),),
    "a day and a night": (hours_on((6,), 600, 600),),
    "over Sunday's midnight": (hours_on((6,), 1439, 1),),
}


def open_minutes(spans: tuple[Hours, ...] | None) -> set[int]:
    """Which minutes of the week are open, counted one by one."""
    if spans is None:
        return set(range(WEEK))
    found: set[int] = set()
    for span in spans:
        length = (span.end - span.start) % DAY or DAY
        for day in weekdays(span):
            found |= {(day * DAY + span.start + i) % WEEK for i in range(length)}
    return found


@pytest.mark.parametrize("name", SPANS)
@pytest.mark.parametrize("calls", MayCall)
@pytest.mark.parametrize("media", Media)
def test_every_minute_of_the_week(name: str, calls: MayCall, media: Media) -> None:
    rules = Rules(calls, SPANS[name])
    minutes = open_minutes(SPANS[name])
    assert minutes
    lesser = Media.VOICE if MayCall.VOICE in {calls, media.value} else Media.VIDEO
    for day, minute in itertools.product(range(DAYS), range(DAY)):
        found = decide(rules, media, day, minute)
        if calls is MayCall.NOTHING:
            assert found == Quiet(WhyQuiet.NOTHING)
        elif day * DAY + minute in minutes:
            assert found == Ring(lesser)
        else:
            assert found == Quiet(WhyQuiet.HOURS)


def test_until_told_otherwise_everything_rings() -> None:
    assert decide(Rules(), Media.VIDEO, 6, 0) == Ring(Media.VIDEO)


def test_rules_have_one_encoding() -> None:
    for calls, spans in itertools.product(MayCall, SPANS.values()):
        rules = Rules(calls, spans)
        data = encode_rules(rules)
        assert decode_rules(data) == rules
        assert cbor.encode(cbor.decode(data)) == data
    assert weekdays(hours_on((6, 0, 0), 1, 2)) == (0, 6)


@pytest.mark.parametrize(
    "rules",
    [
        Rules(MayCall.VIDEO, ()),
        Rules(MayCall.VIDEO, (hours_on((), 1, 2),)),
        Rules(MayCall.VIDEO, (hours_on((7,), 1, 2),)),
        Rules(MayCall.VIDEO, (hours_on((0,), 1440, 2),)),
        Rules(MayCall.VIDEO, (hours_on((0,), 1, 0),)),
        Rules(MayCall.VIDEO, (hours_on((0,), 1, 1441),)),
        Rules(MayCall.VIDEO, (hours_on((0,), -1, 5),)),
        Rules(MayCall.VIDEO, (hours_on((0,), 1, 2),) * (MAX_HOURS + 1)),
    ],
)
def test_rules_out_of_bounds_are_our_own_mistake(rules: Rules) -> None:
    with pytest.raises(UsageError):
        encode_rules(rules)
    assert encode_rules(Rules(MayCall.VIDEO, (hours_on((0,), 1, 2),) * MAX_HOURS))  # The control.


@pytest.mark.parametrize(
    "raw",
    [
        {},
        {"calls": "all"},
        {"calls": "video", "hours": None},
        {"calls": "video", "zz": 1},
        {"calls": "video", "hours": [{"days": 1, "start": 0}]},
    ],
)
def test_other_maps_are_refused(raw: dict[str, object]) -> None:
    with pytest.raises(PeerError, match="CK-271"):
        decode_rules(cbor.encode(raw))
    assert decode_rules(cbor.encode({"calls": "video"})) == Rules()  # The control.


def test_the_vectors_hold_every_outcome() -> None:
    found = json.loads(VECTORS.read_text())
    words = {word for _, _, minutes in found["decisions"] for _, days in minutes for word in days}
    assert words == {"ring video", "ring voice", "quiet nothing", "quiet hours"}
    assert len(found["rules"]) * len(Media) == len(found["decisions"])
