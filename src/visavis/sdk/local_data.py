"""How much this device itself keeps: its profile folder, by kind (R-13).

Rows are sealed under hashed names, so they are counted by looking up the names we know; what is
left over is counted as "other", never left out.

Not for: what the server keeps (`visavis.sdk.server_data`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from visavis.sdk.books import Books
from visavis.sdk.history import thread_of
from visavis.sdk.server_data import Footprint

KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "this device": ("profile", "keystore", "housekeeping", "vault", "vault.slot", "vault.item",
                    "vault.removed", "vault.stale", "revoking", "sibling", "untold", "handle",
                    "handle.untold"),
    "calls": ("calls.page", "calls", "calls.urgent", "calls.seen", "calls.asked", "calls.untold",
              "vault.page"),
    "recordings and consents": (
        "recording",
        "consent",
        "consent.share",
        "consent.forgotten",
        "consent.untold",
    ),
    "signed receipts of calls": ("call.receipt",),
    "contacts": ("contact", "awaited", "list", "list.previous", "joining", "link", "request",
                 "asked", "accepted", "made", "handle.seed", "never.told", "never.due"),
    "keys of conversations": ("group", "group.state", "group.pending", "announced", "bundle",
                              "inner.pending"),
    "groups": ("group.member", "group.list", "group.left", "group.terms", "group.picture",
               "group.picture.due", "group.heard", "group.ending", "group.joiner", "group.past",
               "group.given", "group.asked", "group.joining", "group.unfit",
               "group.call", "call.link"),
    "addresses": ("pool", "pool.fresh", "address", "revoke", "rotate", "group.rotate",
                  "group.retire"),
    "notices": ("notice",),
    "waiting to be sent": ("outbox",),
}  # fmt: skip
"""Names of rows, by what a person calls them. Messages have a name for each contact and group."""

MESSAGES: Final = "messages"
OTHER: Final = "other"


@dataclass(frozen=True, slots=True)
class LocalData:
    """What this device keeps.

    Args:
        kinds: Rows and bytes by kind; bytes as sealed.
        files: Bytes of each file of the profile folder, by its name in there.
    """

    kinds: Mapping[str, Footprint]
    files: Mapping[str, int]

    @property
    def total_bytes(self) -> int:
        """Bytes of all files."""
        return sum(self.files.values())


def local_data(books: Books) -> LocalData:
    """Measure an open profile."""
    threads = [thread_of(known.account) for known in books.contacts.all()]
    threads += [thread_of(record.group_id) for record in books.groups.all()]
    threads += [thread_of(past.group) for past in books.group_book.past()]
    kinds = {
        **KINDS,
        MESSAGES: tuple(
            f"{prefix}{thread}" for prefix in ("message/", "message.seen/") for thread in threads
        ),
    }
    sizes = books.store.sizes([name for names in kinds.values() for name in names])
    found = {
        kind: sum((Footprint(*sizes[name]) for name in names), Footprint())
        for kind, names in kinds.items()
    }
    found[OTHER] = Footprint(*sizes[""])
    return LocalData(
        {kind: size for kind, size in found.items() if size.rows},
        _files(books.store.profile),
    )


def _files(folder: Path) -> dict[str, int]:
    return {
        str(path.relative_to(folder)): path.stat().st_size
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
