"""Search and export of calls: what is found, and files that are harmless to spreadsheets (R-06)."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pytest
from tests.core.test_call_log import account, call_id, entry

from visavis.core.call_entry import Direction, Entry, Outcome, marked
from visavis.core.call_export import FIELDS, NAMELESS, local_time, to_csv, to_json
from visavis.core.call_search import Wanted, find, fold, words_of
from visavis.core.content_records import Media
from visavis.core.ids import DeviceId

PHONE = DeviceId(b"\1" * 16)
NAMES = {account(1): "Ánna Müller", account(2): "=1+1"}
CALLS = [
    entry(3, members=(account(1), account(2)), outcome=Outcome.ANSWERED, media=Media.VIDEO),
    marked(entry(2, members=(account(3),)), device=PHONE, pinned=True, note="the roof; =A1"),
    entry(1, direction=Direction.OUTGOING, outcome=Outcome.UNANSWERED),
]


def found(**wanted: object) -> list[int]:
    every = find(CALLS, Wanted(**wanted), NAMES)  # type: ignore[arg-type]
    return [3 - CALLS.index(one) for one in every]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [3, 2, 1]),
        ("ANNA", [3, 1]),
        ("muller an", [3, 1]),
        ("anna =1", [3]),
        ("roof", [2]),
        ("roof anna", []),
        (NAMELESS, []),
    ],
)
def test_every_word_is_in_a_name_or_in_the_note(text: str, expected: list[int]) -> None:
    assert found(text=text) == expected


def test_filters() -> None:
    assert found(missed=True) == [2]
    assert found(pinned=True) == [2]
    assert found(direction=Direction.OUTGOING) == [1]
    assert found(media=Media.VIDEO) == [3]
    assert found(contact=account(2)) == [3]
    assert found(since=CALLS[1].at) == [3, 2]
    assert found(until=CALLS[1].at) == [1]
    assert found(text="anna", missed=True) == []


def test_texts_are_compared_without_case_and_accents() -> None:
    assert fold("İ") == "i"
    assert fold("Οδυσσεύς") == fold("ΟΔΥΣΣΕΎΣ")
    assert fold("\N{LATIN SMALL LIGATURE FI}n") == "fin"
    assert words_of(" a\tB\n") == ("a", "b")


def test_a_table_reads_as_it_was_written_and_holds_no_formula() -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(CALLS, NAMES, 3_600), newline="")))
    assert tuple(rows[0]) == FIELDS
    assert [row["with"] for row in rows] == ["Ánna Müller; '=1+1", NAMELESS, "Ánna Müller"]
    assert rows[1]["note"] == "the roof; '=A1"
    assert (rows[1]["pinned"], rows[0]["pinned"]) == ("yes", "no")


@pytest.mark.parametrize("note", ["=1", "+1", "-1", "@a", "\ta", "\ra"])
def test_what_looks_like_a_formula_gets_a_quote(note: str) -> None:
    table = to_csv([marked(entry(), device=PHONE, pinned=False, note=note)], NAMES, 0)
    (row,) = csv.DictReader(io.StringIO(table, newline=""))
    assert row["note"] == "'" + note
    harmless = to_csv([marked(entry(), device=PHONE, pinned=False, note="a" + note)], NAMES, 0)
    assert "'" not in harmless  # The control.


def test_json_has_the_same_fields_and_no_ids() -> None:
    text = to_json(CALLS, NAMES, 0)
    whole = json.loads(text)
    assert whole["version"] == 1
    assert all(tuple(call) == FIELDS for call in whole["calls"])
    assert whole["calls"][0]["with"] == ["Ánna Müller", "=1+1"]
    both = text + to_csv(CALLS, NAMES, 0)
    ids: list[bytes] = [call_id(number) for number in range(1, 4)]
    assert not any(one.hex() in both for one in [*ids, *(account(n) for n in range(1, 4))])


@pytest.mark.parametrize(
    ("at", "zone", "shown"),
    [
        (0, 0, "1970-01-01T00:00:00+00:00"),
        (0, -3_600, "1969-12-31T23:00:00-01:00"),
        (951_782_399, 0, "2000-02-28T23:59:59+00:00"),
        (951_782_400, 19_800, "2000-02-29T05:30:00+05:30"),
        (253_402_300_800, 0, "+010000-01-01T00:00:00+00:00"),
    ],
)
def test_local_time(at: int, zone: int, shown: str) -> None:
    assert local_time(at, zone) == local_time(at, lambda _: zone) == shown


def test_the_suite_is_written_as_its_registry_does() -> None:
    one: Entry = replace(entry(), suite=0xF04D)
    assert json.loads(to_json([one], NAMES, 0))["calls"][0]["suite"] == "0xF04D"
    assert json.loads(to_json([entry()], NAMES, 0))["calls"][0]["suite"] == ""
