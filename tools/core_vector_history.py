"""The call log: pages, what is no page, how entries and logs of two devices become one, keeping."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from random import Random
from typing import Any, Final

from core_vector_kit import Json, outcome, plain
from tests.core.test_call_log import Counting, account, broken_pages, call_id

from visavis.core import cbor
from visavis.core.call_entry import (
    Cut,
    Direction,
    Entry,
    Outcome,
    Quality,
    Via,
    gone_mark,
    marked,
    merge_entries,
)
from visavis.core.call_log import CallLog
from visavis.core.call_page import Page, decode_page, encode_page
from visavis.core.content_records import KEEP_EVER, Media, Settings
from visavis.core.ids import DeviceId
from visavis.core.keeping import FIELDS, PRESETS, encode_settings, keeps_s, newer

NOW: Final = 1_800_000_000
STORIES: Final = 24
STEPS: Final = 40
MANY: Final = 2_000
WORDS: Final = ("add", "add", "add", "delete", "mark", "all", "expire", "merge", "merge")


def _entry(random: Random, number: int) -> Entry:
    members = sorted(random.sample(range(1, 9), random.randint(1, 3)))
    return Entry(
        call_id(number),
        tuple(account(one) for one in members),
        random.choice(list(Direction)),
        random.choice(list(Media)),
        random.choice(list(Outcome)),
        NOW + random.randint(-5, 5),
        random.randint(0, 3),
        random.random() < 0.5,
        random.random() < 0.2,
        random.choice(list(Via)),
        random.choice(list(Quality)),
        random.choice([0, 0xF04D]),
    )


def _pages(log: CallLog) -> list[list[str]]:
    return [[page_id.hex(), encode_page(page).hex()] for page_id, page in sorted(log.pages.items())]


def _story(seed: int) -> Json:
    """Three devices do things and exchange pages; what each has at the end."""
    random = Random(seed)
    logs = [CallLog() for _ in range(3)]
    rngs = [Counting(which + 1) for which in range(3)]
    steps: list[Any] = []
    for _ in range(STEPS):
        which, number = random.randrange(3), random.randint(1, 10)
        log, rng, call = logs[which], rngs[which], call_id(number)
        match random.choice(
            ["add", "add", "add", "delete", "mark", "all", "expire", "merge", "merge"]
        ):
            case "add":
                entry = _entry(random, number)
                log.add(entry, rng)
                page = encode_page(Page(entries={entry.call: entry}))
                steps.append(["add", which, page.hex()])
            case "delete":
                log.delete([call], rng)
                steps.append(["delete", which, call.hex()])
            case "mark" if log.get(call) is not None:
                note, pinned = random.choice(["", "roof", "wié"]), random.random() < 0.5
                device = DeviceId(bytes([which]) * 16)
                log.mark(call, device=device, pinned=pinned, note=note, rng=rng)
                steps.append(["mark", which, call.hex(), device.hex(), pinned, note])
            case "all":
                at = NOW + random.randint(-8, -2)
                log.delete_all(at, rng)
                steps.append(["all", which, at])
            case "expire":
                now = NOW + random.randint(80, 92)
                log.expire(lambda entry: 90 if entry.media is Media.VOICE else None, now)
                steps.append(["expire", which, now])
            case "merge":
                other = random.randrange(3)
                for page_id, page in sorted(logs[other].pages.items()):
                    log.merge(page_id, decode_page(encode_page(page)), rng)
                steps.append(["merge", which, other])
    return {"steps": steps, "pages": [_pages(log) for log in logs]}


def _full() -> Json:
    """Two devices that fill one page while they are apart."""
    logs, rngs = [CallLog(), CallLog()], [Counting(1), Counting(2)]
    logs[0].need_page(rngs[0])
    for page_id, page in logs[0].pages.items():
        logs[1].merge(page_id, page, rngs[1])
    random = Random(7)
    entries = [_entry(random, number) for number in range(MANY)]
    for number, entry in enumerate(entries):
        logs[number % 2].add(entry, rngs[number % 2])
    for _ in range(2):
        for which in (0, 1):
            for page_id, page in sorted(logs[1 - which].pages.items()):
                logs[which].merge(page_id, decode_page(encode_page(page)), rngs[which])
    return {
        "entries": encode_page_of(entries),
        "sha256": [
            hashlib.sha256(b"".join(bytes.fromhex(data) for _, data in _pages(log))).hexdigest()
            for log in logs
        ],
    }


def encode_page_of(entries: list[Entry]) -> list[str]:
    """Return entries in order, a few to a page, so that a reader of pages gets them."""
    chunks = [entries[at : at + 500] for at in range(0, len(entries), 500)]
    return [encode_page(Page(entries={one.call: one for one in chunk})).hex() for chunk in chunks]


def _pairs() -> list[list[str]]:
    random = Random(3)
    out = []
    for _ in range(60):
        one, other = (_entry(random, 1) for _ in range(2))
        if random.random() < 0.5:
            one = marked(one, device=DeviceId(b"\1" * 16), pinned=True, note="a")
            one = replace(other, mark=one.mark) if random.random() < 0.3 else one
        if random.random() < 0.5:
            other = marked(other, device=DeviceId(b"\2" * 16), pinned=False, note="b")
        both = merge_entries(one, other)
        out.append([encode_page(Page(entries={e.call: e})).hex() for e in (one, other, both)])
    return out


def history_vectors() -> Json:
    """Everything about the call log that the twin must do alike."""
    device = DeviceId(b"\3" * 16)
    settings = [
        *PRESETS.values(),
        Settings(24, details=True, sync=False, trace=True, count=2, device=device),
        Settings(48, details=True, sync=False, trace=True, count=2, device=device),
        Settings(48, details=False, sync=False, trace=True, count=2, device=None),
        Settings(KEEP_EVER, details=True, sync=True, trace=True, count=9, device=device),
    ]
    # Said on one device, while something else was decided on the other.
    settings += [replace(settings[at], never_record=True) for at in (1, 3, 6)]
    cut = Page(Cut(2, NOW), {}, {gone_mark(call_id(1))})
    refused = [cbor.encode(one) for one in broken_pages()]
    return {
        "gone": [call_id(5).hex(), gone_mark(call_id(5)).hex()],
        "cut": encode_page(cut).hex(),
        "refused": [[data.hex(), outcome(decode_page, data)] for data in refused],
        "pairs": _pairs(),
        "stories": [_story(seed) for seed in range(STORIES)],
        "full": _full(),
        "presets": {name.value: plain(one) for name, one in PRESETS.items()},
        "fields": list(FIELDS),
        "settings": [[plain(one), encode_settings(one).hex()] for one in settings],
        "newer": [
            [a, b, encode_settings(newer(settings[a], settings[b])).hex()]
            for a in range(len(settings))
            for b in range(len(settings))
        ],
        "keeps_s": [
            [of, keeps_s(replace(settings[0], keep=keep), of), keep]
            for keep in (0, 1, 24, KEEP_EVER)
            for of in ([None], [0], [1, None], [KEEP_EVER], [KEEP_EVER, 5])
        ],
    }
