"""Which slots of the vault a write takes: always as many, whatever has changed (P6).

Every write takes four small slots and one page of calls. More are taken only when the vault grows,
when its key changes, or when calls were deleted from several pages: then deletion comes first.

Pure but for chance. Not for: what is in the slots (`vault_read.py`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from visavis.core.ids import Rng
from visavis.sdk.vault_read import PAGE_ITEM, Slots

FIRST_SLOTS: Final = 16
"""Slots of a new vault, and by how many it grows. More hide small numbers of contacts better."""
SLOTS_PER_WRITE: Final = 4
"""Small slots rewritten by every write; more only when the vault grows or its key changes."""
PAGES_PER_WRITE: Final = 1
MOST_SLOTS: Final = 32
"""Small slots in one write at most, and pages as well: a request holds 64."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What is written.

    Args:
        slots: Id -> key of the item that goes into it (empty for none).
        more: Something is left for a later write.
    """

    slots: dict[bytes, bytes]
    more: bool


def choose(
    slots: Slots,
    items: Mapping[bytes, bytes],
    *,
    written: Mapping[bytes, bytes],
    gone: frozenset[bytes],
    stale: frozenset[bytes],
    rng: Rng,
) -> Choice:
    """Choose the small slots to write.

    Args:
        slots: All small ones there are.
        items: What shall be in the vault: payloads by item keys.
        written: Hash of what was written last of each item, by its key.
        gone: Keys of items that shall not be in the vault any more.
        stale: Slots that are to be written anew, under another key; all of these can be.
        rng: Chooses.
    """
    place = {name: slot for slot, (_, name) in slots.items() if name}
    free = [slot for slot, (_, name) in slots.items() if not name]
    dirty = [name for name in items if name not in place or _differs(name, items, written)]
    missing = sum(name not in place for name in dirty) - len(free)
    chosen: dict[bytes, bytes] = {}
    if missing > 0 or not slots:
        # Growing shows that there are more contacts than before, to the next sixteen.
        count = FIRST_SLOTS * max(1, min(-(-missing // FIRST_SLOTS), MOST_SLOTS // FIRST_SLOTS))
        grown = [rng(16) for _ in range(count)]
        chosen.update(dict.fromkeys(grown, b""))
        free += grown
    limit = MOST_SLOTS if chosen or stale else SLOTS_PER_WRITE
    left = 0
    for slot in [slot for slot, (_, name) in slots.items() if name in gone]:
        left += not _add(chosen, slot, b"", limit)
    for slot in sorted(stale - chosen.keys()):
        left += not _add(chosen, slot, slots[slot][1], limit)
    for name in dirty:
        at = place.get(name)
        if at is None and free:
            at = free.pop(int.from_bytes(rng(4), "big") % len(free))
        left += at is None or not _add(chosen, at, name, limit)
    rest = [
        slot
        for slot, (_, name) in slots.items()
        if slot not in chosen and (not name or name in items)
    ]
    while rest and len(chosen) < SLOTS_PER_WRITE:
        # Unchanged slots too, whose items are known: every write looks alike.
        slot = rest.pop(int.from_bytes(rng(4), "big") % len(rest))
        chosen[slot] = slots[slot][1]
    return Choice(chosen, more=left > 0)


def _add(chosen: dict[bytes, bytes], slot: bytes, name: bytes, limit: int) -> bool:
    if slot not in chosen and len(chosen) >= limit:
        return False
    chosen[slot] = name
    return True


def _differs(name: bytes, items: Mapping[bytes, bytes], written: Mapping[bytes, bytes]) -> bool:
    return written.get(name) != hashlib.sha256(items[name]).digest()


def choose_pages(
    held: frozenset[bytes],
    pages: Mapping[bytes, bytes],
    *,
    written: Mapping[bytes, bytes],
    urgent: frozenset[bytes],
    stale: frozenset[bytes],
    rng: Rng,
) -> Choice:
    """Choose the pages of calls to write: one, whether anything in them changed or not.

    Args:
        held: Ids of the pages that the vault has.
        pages: All there are on this device, by id; one at least.
        written: Hash of what was written last of each.
        urgent: Pages from which calls were deleted: all of them are written, as new ones are.
        stale: Pages that are to be written anew, under another key.
        rng: Chooses.
    """
    dirty = [page for page in sorted(pages) if page not in held or _differs(page, pages, written)]
    first = [page for page in dirty if page in urgent]
    # A new page shows that there are more calls than before, to the next some 1,700.
    first += sorted((stale | (pages.keys() - held)) - set(first))
    rest = [page for page in dirty if page not in first]
    wanted = first[:MOST_SLOTS] or rest[:PAGES_PER_WRITE]
    if not wanted:
        wanted = [sorted(pages)[int.from_bytes(rng(4), "big") % len(pages)]]
    return Choice(
        dict.fromkeys(wanted, PAGE_ITEM), more=bool((set(first) | set(rest)) - set(wanted))
    )
