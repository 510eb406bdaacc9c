"""The operator's list of requests: its clocks on fixed days, and that it names nobody (R-85)."""

from __future__ import annotations

import json
import os
import stat
from datetime import date, timedelta
from pathlib import Path

import pytest
from tests.server.people import running

from visavis.core.errors import FatalError, UsageError
from visavis.ports.clock import DAY_S
from visavis.server import housekeeping, inventory, request_desk
from visavis.server.request_clocks import (
    Kind,
    Law,
    add_months,
    business_days,
    clocks,
    extendable,
    workday,
)
from visavis.server.request_desk import FILE, KEPT_DAYS, Reason, RequestDesk


def day(text: str) -> date:
    return date.fromisoformat(text)


# ---- clocks on fixed days ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("received", "due", "extended"),
    [
        ("2026-03-05", "2026-04-06", "2026-06-05"),  # 5 April is a Sunday (Easter, but a Sunday)
        ("2026-11-30", "2026-12-30", "2027-03-01"),  # 28 February 2027 is a Sunday
        ("2026-01-31", "2026-03-02", "2026-04-30"),  # 28 February 2026 is a Saturday
        ("2027-01-31", "2027-03-01", "2027-04-30"),
        ("2024-01-31", "2024-02-29", "2024-04-30"),  # a leap year
        ("2028-01-30", "2028-02-29", "2028-05-01"),  # leap; 30 April 2028 is a Sunday
        ("2025-01-29", "2025-02-28", "2025-04-29"),  # no 29 February
        ("2024-02-29", "2024-03-29", "2024-05-29"),
        ("2026-08-31", "2026-09-30", "2026-11-30"),  # September has 30 days
        ("2026-12-15", "2027-01-15", "2027-03-15"),  # over the new year
        ("2027-12-31", "2028-01-31", "2028-03-31"),
        ("2026-11-29", "2026-12-29", "2027-03-01"),  # received on a Sunday; 28 Feb is one too
    ],
)
def test_gdpr_one_month_and_two_more(received: str, due: str, extended: str) -> None:
    for kind in Kind:
        (clock,) = clocks(Law.GDPR, kind, day(received))
        assert (clock.what, clock.due.isoformat(), clock.source) == ("answer", due, "GDPR 12(3)")
        (clock,) = clocks(Law.GDPR, kind, day(received), extended=True)
        assert clock.due.isoformat() == extended
        assert clock.due.weekday() < 5
        assert extendable(Law.GDPR, kind)


@pytest.mark.parametrize(
    ("received", "confirm", "answer", "extended"),
    [
        ("2026-11-30", "2026-12-14", "2027-01-14", "2027-02-28"),  # Monday; 28 Feb a Sunday stays
        ("2026-11-27", "2026-12-11", "2027-01-11", "2027-02-25"),  # a Friday
        ("2026-11-28", "2026-12-11", "2027-01-12", "2027-02-26"),  # a Saturday
        ("2026-11-29", "2026-12-11", "2027-01-13", "2027-02-27"),  # a Sunday
        ("2028-01-31", "2028-02-14", "2028-03-16", "2028-04-30"),  # over 29 February
        ("2026-12-31", "2027-01-14", "2027-02-14", "2027-03-31"),
    ],
)
def test_ccpa_ten_business_days_and_forty_five(
    received: str, confirm: str, answer: str, extended: str
) -> None:
    for kind in (Kind.ACCESS, Kind.ERASE, Kind.RECTIFY, Kind.PORT):
        first, second = clocks(Law.CCPA, kind, day(received))
        assert (first.what, first.due.isoformat()) == ("confirm", confirm)
        assert (second.what, second.due.isoformat()) == ("answer", answer)
        assert second.due - day(received) == timedelta(days=45)
        longer = clocks(Law.CCPA, kind, day(received), extended=True)
        assert longer[0] == first, "confirming is not extended"
        assert longer[1].due.isoformat() == extended
        assert longer[1].due - day(received) == timedelta(days=90)


@pytest.mark.parametrize(
    ("received", "due"),
    [
        ("2026-11-30", "2026-12-21"),
        ("2026-11-27", "2026-12-18"),
        ("2026-11-28", "2026-12-18"),
        ("2026-11-29", "2026-12-18"),
        ("2024-02-15", "2024-03-07"),  # over 29 February
    ],
)
def test_ccpa_opt_outs_fifteen_business_days_and_no_more(received: str, due: str) -> None:
    for kind, source in ((Kind.OBJECT, "11 CCR 7026"), (Kind.RESTRICT, "11 CCR 7027")):
        (clock,) = clocks(Law.CCPA, kind, day(received))
        assert (clock.what, clock.due.isoformat(), clock.source) == ("answer", due, source)
        assert not extendable(Law.CCPA, kind)


def test_every_day_of_five_years() -> None:
    """Against counting by hand, one day at a time."""
    one = day("2024-01-01")
    while one < day("2029-01-01"):
        later = add_months(one, 1)
        assert (later.year * 12 + later.month) - (one.year * 12 + one.month) == 1
        assert later.day == one.day or (later + timedelta(days=1)).day == 1
        assert workday(one) in {one, one + timedelta(days=1), one + timedelta(days=2)}
        assert workday(one).weekday() < 5
        for count in (1, 10, 15):
            due = business_days(one, count)
            between = [one + timedelta(days=n) for n in range(1, (due - one).days + 1)]
            assert sum(each.weekday() < 5 for each in between) == count
            assert due.weekday() < 5
        one += timedelta(days=1)


# ---- the list ---------------------------------------------------------------------------------


def test_a_request_from_its_day_to_its_end(tmp_path: Path) -> None:
    desk = RequestDesk(tmp_path)
    assert desk.all() == ()
    came, today = day("2026-11-30"), day("2026-12-02")
    first = desk.add(Kind.ACCESS, Law.CCPA, came, today, os.urandom)
    second = desk.add(Kind.ERASE, Law.GDPR, today, today, os.urandom)
    assert [one.reference for one in desk.all()] == [first.reference, second.reference]
    assert [clock.what for clock in first.clocks] == ["confirm", "answer"]
    desk.confirm(first.reference, today)
    assert [clock.what for clock in desk.all()[-1].clocks] == ["answer"]
    assert desk.confirm(first.reference, day("2026-12-09")).confirmed == today, "the first counts"
    desk.extend(second.reference.lower(), Reason.MANY, today)
    (extended,) = (one for one in desk.all() if one.reference == second.reference)
    assert (extended.extended, extended.reason) == (today, Reason.MANY)
    assert extended.clocks[0].due == day("2027-03-02")
    done = desk.done(second.reference, day("2027-01-04"))
    assert done.clocks == ()
    assert done.gone_on == day("2027-01-04") + timedelta(days=KEPT_DAYS)
    assert [one.reference for one in desk.all()] == [first.reference, second.reference]
    for again in (desk.done, desk.confirm):
        with pytest.raises(UsageError, match="done already"):
            again(second.reference, today)
    with pytest.raises(UsageError, match="no request"):
        desk.done("22222222", today)


@pytest.mark.parametrize("law", Law)
def test_more_time_is_told_within_the_first_and_once(tmp_path: Path, law: Law) -> None:
    desk = RequestDesk(tmp_path)
    came = day("2026-11-30")
    due = clocks(law, Kind.ACCESS, came)[-1].due
    late = desk.add(Kind.ACCESS, law, came, came, os.urandom)
    with pytest.raises(UsageError, match="over"):
        desk.extend(late.reference, Reason.COMPLEX, due + timedelta(days=1))
    desk.extend(late.reference, Reason.COMPLEX, due)
    with pytest.raises(UsageError, match="before"):
        desk.extend(late.reference, Reason.COMPLEX, due)


def test_an_opt_out_is_not_extended(tmp_path: Path) -> None:
    desk = RequestDesk(tmp_path)
    today = day("2026-11-30")
    made = desk.add(Kind.OBJECT, Law.CCPA, today, today, os.urandom)
    with pytest.raises(UsageError, match="no longer time"):
        desk.extend(made.reference, Reason.MANY, today)
    assert desk.all() == (made,), "nothing was changed"


def test_days_to_come_and_of_long_ago_are_refused(tmp_path: Path) -> None:
    desk = RequestDesk(tmp_path)
    today = day("2026-11-30")
    for wrong in ("2026-12-01", "2023-11-01"):
        with pytest.raises(UsageError):
            desk.add(Kind.ACCESS, Law.GDPR, day(wrong), today, os.urandom)
    assert not (tmp_path / FILE).exists()
    with pytest.raises(UsageError, match="no folder"):
        RequestDesk(tmp_path / "nowhere").add(Kind.ACCESS, Law.GDPR, today, today, os.urandom)


def test_the_file_holds_references_kinds_laws_and_days_and_nothing_else(tmp_path: Path) -> None:
    desk = RequestDesk(tmp_path)
    today = day("2026-11-30")
    for kind in Kind:
        made = desk.add(kind, Law.GDPR, today, today, os.urandom)
        desk.extend(made.reference, Reason.COMPLEX, today)
        desk.confirm(made.reference, today)
    desk.done(made.reference, today)
    path = tmp_path / FILE
    raw = json.loads(path.read_text())
    assert {key for one in raw["requests"] for key in one} == {
        "reference", "kind", "law", "received", "confirmed", "extended", "reason", "done"
    }  # fmt: skip
    for one in raw["requests"]:
        assert len(one["reference"]) == 8
        for name in ("received", "confirmed", "extended"):
            assert day(one[name]) == today, "days, and nothing finer"
    assert len({one["reference"] for one in raw["requests"]}) == len(Kind)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.stat().st_mtime % DAY_S == 0
    assert {one.name for one in tmp_path.iterdir()} == {FILE}
    listed = inventory.load()
    assert FILE in listed.files
    (entry,) = (one for one in listed.entries if (one.kind, one.name) == ("file", FILE))
    assert entry.retention.days == KEPT_DAYS


@pytest.mark.parametrize(
    "damage",
    ["", "[]", "{}", '{"v": 2, "requests": []}', '{"v": 1, "requests": [{}]}',
     ('{"v": 1, "requests": [{"reference": "A", "kind": "gossip", "law": "gdpr",'
     ' "received": "2026-11-30"}]}')],
)  # fmt: skip
def test_a_damaged_file_is_said_to_be_and_left(tmp_path: Path, damage: str) -> None:
    (tmp_path / FILE).write_text(damage)
    desk, today = RequestDesk(tmp_path), day("2026-11-30")
    for attempt in (
        desk.all,
        lambda: desk.add(Kind.ACCESS, Law.GDPR, today, today, os.urandom),
        lambda: desk.sweep(today),
    ):
        with pytest.raises(FatalError, match="damaged"):
            attempt()
    assert (tmp_path / FILE).read_text() == damage


def test_a_write_that_is_cut_short_leaves_the_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, today = RequestDesk(tmp_path), day("2026-11-30")
    made = desk.add(Kind.ACCESS, Law.GDPR, today, today, os.urandom)

    def cut(*_: object, **__: object) -> None:
        raise OSError(28, "no room")

    with monkeypatch.context() as patch:
        patch.setattr(request_desk.json, "dump", cut)
        with pytest.raises(OSError, match="no room"):
            desk.done(made.reference, today)
    assert desk.all() == (made,)


# ---- the daily run ----------------------------------------------------------------------------


def test_entries_go_on_their_day(tmp_path: Path) -> None:
    desk = RequestDesk(tmp_path)
    today = day("2026-11-30")
    done = desk.add(Kind.ACCESS, Law.GDPR, today, today, os.urandom)
    forgotten = desk.add(Kind.ERASE, Law.GDPR, today, today, os.urandom)
    desk.done(done.reference, today + timedelta(days=5))
    end = today + timedelta(days=KEPT_DAYS)
    assert desk.sweep(end - timedelta(days=1)) == 0
    assert desk.sweep(end) == 1, "what was never done goes too"
    assert [one.reference for one in desk.all()] == [done.reference]
    assert forgotten.reference not in (tmp_path / FILE).read_text()
    assert desk.sweep(end + timedelta(days=5)) == 1
    assert desk.all() == ()


async def test_the_server_sweeps_daily_and_a_damaged_list_stops_nothing(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        folder = tmp_path / "data"
        desk = RequestDesk(folder)
        today = date(1970, 1, 1) + timedelta(days=server.services.today())
        desk.add(Kind.ACCESS, Law.GDPR, today, today, os.urandom)
        await housekeeping.daily(server.services)
        assert len(desk.all()) == 1
        await server.clock.advance(KEPT_DAYS * DAY_S)
        await housekeeping.daily(server.services)
        assert desk.all() == ()
        (folder / FILE).write_text("not a list")
        before = server.log.getvalue().count("housekeeping_done")
        await housekeeping.daily(server.services)
        log = server.log.getvalue()
        assert log.count("housekeeping_done") > before, "the rest is done all the same"
        assert "housekeeping_failed" in log
        assert "not a list" not in log
