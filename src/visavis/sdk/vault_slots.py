"""Which slots of the vault a write takes: always as many, whatever has changed (P6).

Pure but for chance. Not for: what is in the slots (`vault_read.py`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from visavis.core.ids import Rng
from visavis.sdk.vault_read import Slots

FIRST_SLOTS: Final = 16
"""Slots of a new vault, and by how many it grows. More hide small numbers of contacts better."""
SLOTS_PER_WRITE: Final = 4
"""Slots rewritten by every write; more only when the vault grows or its key changes."""


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
    items: dict[bytes, bytes],
    carried: dict[bytes, bytes],
    *,
    written: dict[bytes, bytes],
    gone: frozenset[bytes],
    rewrites: bool,
    rng: Rng,
) -> Choice:
    """Choose the slots to write.

    Args:
        slots: All there are.
        items: What shall be in the vault: payloads by item keys.
        carried: What is taken along as it is: payloads by slot ids.
        written: Hash of what was written last of each item, by its key.
        gone: Keys of items that shall not be in the vault any more.
        rewrites: Every slot is to be written.
        rng: Chooses.
    """
    place = {name: slot for slot, (_, name) in slots.items() if name}
    free = [slot for slot, (_, name) in slots.items() if not name]
    dirty = [
        name
        for name, payload in items.items()
        if name not in place or written.get(name) != hashlib.sha256(payload).digest()
    ]
    chosen: dict[bytes, bytes] = {}
    missing = sum(name not in place for name in dirty) - len(free)
    if missing > 0 or not slots:
        # Growing shows that there are more contacts than before, to the next sixteen.
        count = FIRST_SLOTS * max(1, -(-missing // FIRST_SLOTS))
        grown = [rng(16) for _ in range(count)]
        chosen.update(dict.fromkeys(grown, b""))
        free += grown
    everything = rewrites or bool(chosen)
    emptied = [slot for slot, (_, name) in slots.items() if name in gone]
    changes = len(emptied) + len(dirty)
    limit = changes if everything else SLOTS_PER_WRITE
    first = emptied[:limit]
    chosen.update(dict.fromkeys(first, b""))
    for name in dirty[: limit - len(first)]:
        slot = place.get(name)
        if slot is None:
            slot = free.pop(int.from_bytes(rng(4), "big") % len(free))
        chosen[slot] = name
    known = {slot for slot, (_, name) in slots.items() if not name or name in items}
    _fill(chosen, slots, known | carried.keys(), everything=everything, rng=rng)
    return Choice(chosen, more=changes > limit)


def _fill(
    chosen: dict[bytes, bytes],
    slots: Slots,
    known: set[bytes],
    *,
    everything: bool,
    rng: Rng,
) -> None:
    """Rewrite unchanged slots too, whose items are known: every write looks alike."""
    rest = [
        (slot, name) for slot, (_, name) in slots.items() if slot not in chosen and slot in known
    ]
    while rest and (everything or len(chosen) < SLOTS_PER_WRITE):
        slot, name = rest.pop(int.from_bytes(rng(4), "big") % len(rest))
        chosen[slot] = name
