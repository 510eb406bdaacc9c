"""The call log: two devices' copies become one, whatever the order; what was deleted stays so."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visavis.core import cbor
from visavis.core.call_entry import (
    Cut,
    Direction,
    Entry,
    Mark,
    Outcome,
    Quality,
    Via,
    gone_mark,
    marked,
    merge_entries,
)
from visavis.core.call_log import AHEAD_S, CallLog
from visavis.core.call_page import PAGE_BYTES, Page, decode_page, encode_page, room_of
from visavis.core.content_records import Media
from visavis.core.errors import Code, PeerError, UsageError
from visavis.core.ids import AccountId, CallId, DeviceId

DAY = 86_400
NOW = 1_800_000_000
PHONE, LAPTOP = DeviceId(b"\1" * 16), DeviceId(b"\2" * 16)


class Counting:
    """Random bytes of a test: a counter, so that ids differ between devices."""

    def __init__(self, seed: int) -> None:
        self._next = itertools.count(seed << 64)

    def __call__(self, size: int) -> bytes:
        return next(self._next).to_bytes(size, "big")


def call_id(number: int) -> CallId:
    return CallId(b"call" + number.to_bytes(12, "big"))


def account(number: int) -> AccountId:
    return AccountId(number.to_bytes(16, "big"))


def entry(number: int = 1, **fields: object) -> Entry:
    base = Entry(
        call_id(number),
        (account(1),),
        Direction.INCOMING,
        Media.VOICE,
        Outcome.MISSED,
        NOW + number,
    )
    return replace(base, **fields)  # type: ignore[arg-type]


members = st.sets(st.integers(1, 9), min_size=1, max_size=3).map(
    lambda them: tuple(account(one) for one in sorted(them))
)
entries = st.builds(
    Entry,
    call=st.integers(1, 12).map(call_id),
    members=members,
    direction=st.sampled_from(Direction),
    media=st.sampled_from(Media),
    outcome=st.sampled_from(Outcome),
    at=st.integers(NOW - 5, NOW + 5),
    seconds=st.integers(0, 3),
    verified=st.booleans(),
    recorded=st.booleans(),
    via=st.sampled_from(Via),
    quality=st.sampled_from(Quality),
    suite=st.sampled_from([0, 0xF04D]),
)
same_call = entries.map(lambda one: replace(one, call=call_id(1)))


@given(same_call, same_call, same_call)
def test_merging_entries_does_not_depend_on_order(one: Entry, two: Entry, three: Entry) -> None:
    """CK-700: commutative, associative, idempotent."""
    assert merge_entries(one, two) == merge_entries(two, one)
    left = merge_entries(merge_entries(one, two), three)
    assert left == merge_entries(one, merge_entries(two, three))
    assert merge_entries(left, one) == left


def test_the_better_outcome_stands_then_the_longer_duration() -> None:
    missed, answered = entry(), entry(outcome=Outcome.ANSWERED, seconds=3)
    assert merge_entries(missed, answered) == answered
    longer = replace(answered, seconds=60)
    assert merge_entries(longer, answered) == longer


def test_it_was_recorded_if_either_says_so() -> None:
    short = entry(outcome=Outcome.ANSWERED, seconds=3, recorded=True)
    longer = replace(short, seconds=60, recorded=False)
    assert merge_entries(short, longer) == merge_entries(longer, short)
    assert merge_entries(longer, short) == replace(longer, recorded=True)
    assert not merge_entries(longer, replace(short, recorded=False)).recorded


def test_the_mark_made_knowing_of_the_other_stands_whatever_the_clocks_say() -> None:
    first = marked(entry(at=NOW + 10**9), device=PHONE, pinned=True, note="one")
    second = marked(replace(first, at=NOW), device=LAPTOP, pinned=False, note="two")
    assert merge_entries(first, second).mark.note == "two"
    with pytest.raises(PeerError) as caught:
        marked(first, device=PHONE, pinned=False, note="n" * 501)
    assert caught.value.code is Code.TOO_LARGE


def test_two_calls_are_not_one() -> None:
    with pytest.raises(UsageError):
        merge_entries(entry(1), entry(2))


@given(st.lists(entries, max_size=8), st.sets(st.binary(min_size=16, max_size=16), max_size=4))
def test_a_page_has_one_encoding_and_its_room_is_never_too_small(
    found: list[Entry], gone: set[bytes]
) -> None:
    """CK-701."""
    page = Page(Cut(3, NOW), {one.call: one for one in found}, gone)
    data = encode_page(page)
    assert decode_page(data) == page
    assert encode_page(decode_page(data)) == data
    assert len(data) <= room_of(page)


def _page() -> dict[str, object]:
    return {
        "k": "calls",
        "cut": [0, 0],
        "who": [account(1), account(2)],
        "calls": [
            [call_id(1), [0], 0, 0, 0, 5, 0, 0, 0, 0, 0],
            [call_id(2), [0, 1], 0, 0, 4, 6, 9, 0, 0, 0, 0],
        ],
        "gone": [b"\1" * 16, b"\2" * 16],
    }


def broken_pages() -> list[dict[str, object]]:
    row = [call_id(1), [0], 0, 0, 0, 5, 0, 0, 0, 0, 0]
    twin = [call_id(1), [0, 1], 0, 0, 0, 6, 0, 0, 0, 0, 0]
    both = [call_id(2), [0, 1], 0, 0, 4, 6, 9, 0, 0, 0, 0]
    rows: list[object] = [
        [*row, 1],
        [*row, 0, PHONE, True, ""],
        [*row, 1, b"\1", True, ""],
        [*row, 1, PHONE, 1, ""],
        [*row, 1, PHONE, True, "n" * 501],
        row[:-1],
        [b"\1", *row[1:]],
        [call_id(1), [], *row[2:]],
        [call_id(1), [2], *row[2:]],
        [call_id(1), [-1], *row[2:]],
        *([*row[:at], 99, *row[at + 1 :]] for at in (2, 3, 4, 7, 8, 9)),
        *([*row[:at], -1, *row[at + 1 :]] for at in range(2, 11)),
        *([*row[:at], True, *row[at + 1 :]] for at in range(2, 11)),
        [*row[:5], 2**40 + 1, *row[6:]],
        [*row[:10], 2**16],
        7,
    ]
    good = _page()
    return [
        *({**good, "calls": [one, both]} for one in rows),
        {**good, "calls": [both, row]},
        {**good, "calls": [row, twin]},
        {**good, "calls": [row, [*both[:1], [1, 0], *both[2:]]]},
        {**good, "calls": [row]},
        {**good, "who": [account(2), account(1)]},
        {**good, "who": [account(1), b"\2"]},
        {**good, "gone": [b"\2" * 16, b"\1" * 16]},
        {**good, "gone": [b"\1" * 16, b"\1" * 16]},
        {**good, "gone": [b"\1"]},
        {**good, "cut": [0]},
        {**good, "cut": [-1, 0]},
        {**good, "k": "contact"},
        {**good, "more": 1},
        {key: value for key, value in good.items() if key != "gone"},
    ]


def test_a_page_that_is_not_in_its_one_encoding_is_refused() -> None:
    """CK-701, with a positive control."""
    assert len(decode_page(cbor.encode(_page())).entries) == 2
    for broken in broken_pages():
        with pytest.raises(PeerError) as caught:
            decode_page(cbor.encode(broken))
        assert caught.value.code is Code.MALFORMED, broken


def test_a_deleted_call_stays_deleted_and_leaves_no_byte_of_its_id() -> None:
    log, rng = CallLog(), Counting(1)
    log.add(entry(1), rng)
    log.add(entry(2), rng)
    (page_id,) = log.pages
    assert log.delete([call_id(1)], rng) == {page_id}
    assert [one.call for one in log.entries()] == [call_id(2)]
    assert log.add(entry(1, outcome=Outcome.ANSWERED), rng) == set()
    assert bytes(call_id(1)) not in encode_page(log.pages[page_id])
    assert gone_mark(call_id(1)) in encode_page(log.pages[page_id])


def test_deleting_what_is_not_here_yet_deletes_it_when_it_comes() -> None:
    log, rng = CallLog(), Counting(1)
    log.bury([gone_mark(call_id(7))], rng)
    assert log.add(entry(7), rng) == set()
    assert len(log) == 0


def test_delete_all_takes_what_another_device_had_and_leaves_what_came_after() -> None:
    phone, laptop = CallLog(), CallLog()
    a, b = Counting(1), Counting(2)
    phone.add(entry(1, at=NOW - 10), a)
    phone.add(entry(3, at=NOW + 10**9), a)  # a clock that was wrong by years
    laptop.add(entry(2, at=NOW - 5), b)
    laptop.add(entry(4, at=NOW + 5), b)
    laptop.add(entry(3, at=NOW + 10**9), b)
    phone.delete_all(NOW, a)
    assert len(phone) == 0
    for page_id, page in list(phone.pages.items()):
        laptop.merge(page_id, page, b)
    assert [one.call for one in laptop.entries()] == [call_id(4)]


def test_a_clock_that_is_behind_the_cut_loses_no_call() -> None:
    log, rng = CallLog(), Counting(1)
    log.delete_all(NOW, rng)
    log.add(entry(1, at=NOW - 20 * 365 * DAY), rng)
    assert [one.at for one in log.entries()] == [NOW + 1]


def test_expiry_leaves_nothing_and_counts_from_the_end() -> None:
    log, rng = CallLog(), Counting(1)
    log.add(entry(1, at=NOW, seconds=600, outcome=Outcome.ANSWERED), rng)
    log.add(entry(2, at=NOW), rng)
    assert log.expire(lambda _: 3_600, NOW + 3_600, first_seen={})
    assert [one.call for one in log.entries()] == [call_id(1)]
    assert log.expire(lambda _: None, NOW + 10**9) == set()
    log.expire(lambda _: 3_600, NOW + 4_200)
    assert len(log) == 0
    (page,) = log.pages.values()
    assert page == Page(), "an expired call leaves no mark"


def test_a_call_of_the_far_future_is_kept_as_long_as_one_of_today() -> None:
    log, rng = CallLog(), Counting(1)
    log.add(entry(1, at=NOW + 20 * 365 * DAY), rng)
    seen = {call_id(1): NOW}
    assert log.expire(lambda _: DAY, NOW + DAY - 1, first_seen=seen) == set()
    assert log.expire(lambda _: DAY, NOW + DAY, first_seen=seen)
    log.add(entry(2, at=NOW + AHEAD_S), rng)
    assert log.expire(lambda _: DAY, NOW + DAY, first_seen={}) == set()


def test_notes_and_pins() -> None:
    log, rng = CallLog(), Counting(1)
    log.add(entry(1), rng)
    log.mark(call_id(1), device=PHONE, pinned=True, note="about the roof", rng=rng)
    found = log.get(call_id(1))
    assert found is not None
    assert (found.mark.pinned, found.mark.note) == (True, "about the roof")
    with pytest.raises(PeerError) as caught:
        log.mark(call_id(2), device=PHONE, pinned=True, note="", rng=rng)
    assert caught.value.code is Code.REFUSED


class Device:
    """One of a person's devices, and the vault as all see it."""

    def __init__(self, seed: int, vault: dict[bytes, bytes]) -> None:
        self.log, self.rng, self.vault = CallLog(), Counting(seed), vault

    def sync(self) -> bool:
        """Read, merge, write; say whether anything was written."""
        for page_id, data in list(self.vault.items()):
            self.log.merge(page_id, decode_page(data), self.rng)
        mine = {page_id: encode_page(page) for page_id, page in self.log.pages.items()}
        wrote = any(self.vault.get(page_id) != data for page_id, data in mine.items())
        self.vault.update(mine)
        return wrote


steps = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(0, 2), entries),
        st.tuples(st.just("delete"), st.integers(0, 2), st.integers(1, 12).map(call_id)),
        st.tuples(st.just("mark"), st.integers(0, 2), st.integers(1, 12).map(call_id)),
        st.tuples(st.just("all"), st.integers(0, 2), st.integers(NOW - 5, NOW + 5)),
        st.tuples(st.just("sync"), st.integers(0, 2), st.none()),
    ),
    max_size=30,
)


@settings(max_examples=120, deadline=None)
@given(steps)
def test_devices_that_were_offline_end_with_the_same_calls(done: list[tuple]) -> None:  # type: ignore[type-arg]
    """CK-700: and nobody goes on writing when nothing is new."""
    vault: dict[bytes, bytes] = {}
    devices = [Device(seed, vault) for seed in (1, 2, 3)]
    deleted: set[CallId] = set()
    for what, which, value in done:
        device = devices[which]
        if what == "add":
            device.log.add(value, device.rng)
        elif what == "delete":
            device.log.delete([value], device.rng)
            deleted.add(value)
        elif what == "mark" and device.log.get(value) is not None:
            device.log.mark(value, device=PHONE, pinned=True, note=str(which), rng=device.rng)
        elif what == "all":
            device.log.delete_all(value, device.rng)
        elif what == "sync":
            device.sync()
    for _ in range(3):
        for device in devices:
            device.sync()
    assert not any(device.sync() for device in devices)
    first, *others = devices
    assert all(other.log.entries() == first.log.entries() for other in others)
    assert not deleted & {one.call for one in first.log.entries()}


def test_full_pages_of_two_devices_come_to_rest() -> None:
    """Two devices fill the same page while they are apart: everything is there, and it ends."""
    vault: dict[bytes, bytes] = {}
    phone, laptop = Device(1, vault), Device(2, vault)
    phone.log.need_page(phone.rng)
    phone.sync()
    laptop.sync()
    noted = Mark(1, PHONE, pinned=False, note="n" * 200)
    for number in range(1, 401):
        phone.log.add(entry(2 * number, mark=noted), phone.rng)
        laptop.log.add(entry(2 * number + 1, mark=noted), laptop.rng)
    laptop.log.delete([call_id(3), call_id(5)], laptop.rng)
    for _ in range(3):
        phone.sync()
        laptop.sync()
    assert not phone.sync()
    assert not laptop.sync()
    assert len(phone.log) == len(laptop.log) == 798
    assert all(len(data) <= PAGE_BYTES for data in vault.values())
    whole = sum(map(len, vault.values()))
    assert len(vault) <= whole // PAGE_BYTES + 2, "pages are filled before another one is begun"


def test_a_page_holds_more_than_a_thousand_calls() -> None:
    log, rng = CallLog(), Counting(1)
    for number in range(1, 1_201):
        log.add(entry(number, members=(account(number % 50 + 1),), suite=0xF04D), rng)
    assert len(log.pages) == 1
