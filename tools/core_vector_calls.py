"""Calls as they are shown and exported: what is found, and the files, by both languages alike."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from core_vector_history import NOW, call_id
from core_vector_kit import Json, plain

from visavis.core.call_entry import Direction, Entry, Mark, Outcome, Quality, Via
from visavis.core.call_export import local_time, to_csv, to_json
from visavis.core.call_page import Page, encode_page
from visavis.core.call_search import Wanted, find, fold
from visavis.core.content_records import MAX_TIME, Media
from visavis.core.ids import AccountId, DeviceId

NAMES: Final = (
    "Anna", "Ánna Müller", "=HYPERLINK(1)", "\N{CYRILLIC SMALL LETTER A}nna",
    "İpek IŞ\N{LATIN SMALL LETTER DOTLESS I}k",
    "Οδυσσεύς", "+1; =2;@3", '"quoted", and more', "ﬁn\N{COMBINING ACUTE ACCENT}", "田中 一郎",
)  # fmt: skip
NOTES: Final = (
    "", "roof", "-1+2", "@home", "a\nb", "\tcell", "\rcell", "ROOF; =A1", 'say "no"',
    "wié", "é\u2028\u007f\u0001", "' + '", "Straße 5",
)  # fmt: skip
TEXTS: Final = (
    "", " ", "ann", "ANNA", "anna mull", "muller anna", "odysseus", "ΟΔΥΣΣΕΎΣ", "οδυσσευς", "fin",
    "ipek", "isik", "田", "roof", "roof anna", "wie", "e", "strasse", "straße", "zzz", "\tan\nna ",
    "'", "é",
)  # fmt: skip
ZONES: Final = (0, 3_600, -12_600, 49_500, -2_670, 30, -30)


def account(number: int) -> AccountId:
    """Return the account of this number."""
    return AccountId(number.to_bytes(16, "big"))


def shown_entries() -> list[Entry]:
    """Return calls with every name and note, the newest first."""
    entries = []
    for number in range(60):
        members = {number % 11, (number * 7) % 11} if number % 3 == 0 else {number % 11}
        note = NOTES[number % len(NOTES)]
        entry = Entry(
            call_id(number),
            tuple(account(one) for one in sorted(members)),
            list(Direction)[number % 2],
            list(Media)[number // 2 % 2],
            list(Outcome)[number % 5],
            NOW - 40_000 * number,
            number * 3 % 7,
            number % 4 == 0,
            number % 9 == 0,
            list(Via)[number % 3],
            list(Quality)[number % 4],
            0xF04D if number % 2 else 0,
        )
        pinned = number % 5 == 0
        if note or pinned:
            entry = replace(entry, mark=Mark(1, DeviceId(b"\1" * 16), pinned, note))
        entries.append(entry)
    first = entries[0]
    return [
        replace(first, call=call_id(99), at=MAX_TIME),
        *entries,
        replace(first, call=call_id(98), at=0),
    ]


def _wanted() -> list[Wanted]:
    return [
        *(Wanted(text=text) for text in TEXTS),
        Wanted(missed=True),
        Wanted(pinned=True),
        *(Wanted(direction=one) for one in Direction),
        *(Wanted(media=one) for one in Media),
        Wanted(contact=account(3)),
        Wanted(contact=account(10)),
        Wanted(contact=account(77)),
        Wanted(since=NOW - 400_000, until=NOW),
        Wanted(since=0, until=1),
        Wanted(text="anna", missed=True, direction=Direction.OUTGOING, since=NOW - 2_000_000),
        Wanted(text="an", pinned=True, media=Media.VIDEO),
    ]


def shown_vectors() -> Json:
    """Texts as compared, what each search finds, moments in local time, and both files."""
    entries = shown_entries()
    # The eleventh account has no name.
    names = {account(number): name for number, name in enumerate(NAMES)}
    few = entries[:14]
    return {
        "names": [[key.hex(), name] for key, name in names.items()],
        "entries": [encode_page(Page(entries={one.call: one})).hex() for one in entries],
        "folded": [[text, fold(text)] for text in (*NAMES, *NOTES, *TEXTS)],
        "found": [
            [plain(wanted), [one.call.hex() for one in find(entries, wanted, names)]]
            for wanted in _wanted()
        ],
        "times": [
            [at, zone, local_time(at, zone)]
            for at in (0, 951_782_399, NOW, 253_402_300_799, 253_402_300_800, MAX_TIME)
            for zone in ZONES
        ],
        "files": [
            [zone, count, to_csv(few[:count], names, zone), to_json(few[:count], names, zone)]
            for zone, count in ((0, 0), (3_600, len(few)))
        ],
        "all": [to_csv(entries, names, -12_600)],
    }
