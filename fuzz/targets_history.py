"""Decoders of the history of calls: pages as the vault and the store hold them, and settings."""

from __future__ import annotations

from typing import Final

from fuzz.engine import Target, round_trip
from visavis.core.call_entry import Cut, Direction, Entry, Outcome, Via, gone_mark, marked
from visavis.core.call_page import Page, decode_page, encode_page
from visavis.core.content_records import Media
from visavis.core.ids import AccountId, CallId, DeviceId
from visavis.core.keeping import DEFAULT, decided, decode_settings, encode_settings

DEVICE: Final = DeviceId(bytes(range(16)))


def _entry(number: int) -> Entry:
    members = tuple(AccountId(bytes([one]) * 16) for one in range(1, 2 + number % 3))
    return Entry(
        CallId(bytes([number]) * 16),
        members,
        Direction.INCOMING,
        Media.VIDEO,
        Outcome.ANSWERED,
        1_800_000_000 + number,
        seconds=number,
        verified=True,
        via=Via.RELAYED,
        suite=0xF04D,
    )


def _pages() -> list[bytes]:
    entries = [_entry(number) for number in range(5)]
    noted = marked(_entry(9), device=DEVICE, pinned=True, note="roof")
    pages = [
        Page(),
        Page(entries={one.call: one for one in entries}),
        Page(Cut(2, 1_800_000_000), {noted.call: noted}, {gone_mark(entries[0].call)}),
    ]
    return [encode_page(page) for page in pages]


TARGETS: Final = [
    Target("history.page", _pages, round_trip(decode_page, encode_page)),
    Target(
        "history.settings",
        lambda: [encode_settings(one) for one in (DEFAULT, decided(DEFAULT, DEVICE, keep=1))],
        round_trip(decode_settings, encode_settings),
    ),
]
