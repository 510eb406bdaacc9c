"""Finds calls by name and note, and by what became of them (R-06).

Texts are compared without case and accents, alike in every language and in the browser
(`web/core/call_search.ts`): compatibility decomposition (UAX #15), marks taken out, lower case.
Every word that is wanted must be in one of the names or in the note.

Pure. Not for: what is kept (`call_log.py`); what leaves the program (`call_export.py`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from visavis.core.call_entry import Direction, Entry, Outcome
from visavis.core.content_records import Media
from visavis.core.ids import AccountId

_BETWEEN: Final = re.compile(r"[ \t\r\n]")

Names = Mapping[AccountId, str]
"""Contacts' names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is wanted; None and False: whatever it is.

    Args:
        text: Words, each of which must be in a name or in the note.
        missed: Missed ones only.
        pinned: Pinned ones only.
        direction: Who called.
        media: Voice or video.
        contact: One of its members.
        since: Begun at this Unix second or later.
        until: Begun before this Unix second.
    """

    text: str = ""
    missed: bool = False
    pinned: bool = False
    direction: Direction | None = None
    media: Media | None = None
    contact: AccountId | None = None
    since: int | None = None
    until: int | None = None


def fold(text: str) -> str:
    """Return a text as it is compared."""
    decomposed = unicodedata.normalize("NFKD", text)
    bare = "".join(char for char in decomposed if not unicodedata.category(char).startswith("M"))
    # The one letter that has two lower cases.
    return bare.lower().replace(
        "\N{GREEK SMALL LETTER FINAL SIGMA}", "\N{GREEK SMALL LETTER SIGMA}"
    )


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a text as they are compared."""
    return tuple(word for word in _BETWEEN.split(fold(text)) if word)


def find(entries: Iterable[Entry], wanted: Wanted, names: Names) -> Iterator[Entry]:
    """Return the calls that are wanted, in the order in which they were given.

    An account without a name is found by its calls' notes only.
    """
    words = words_of(wanted.text)
    folded = {account: fold(name) for account, name in names.items()}
    for entry in entries:
        if _fits(entry, wanted) and _has(entry, words, folded):
            yield entry


def _fits(entry: Entry, wanted: Wanted) -> bool:
    return (
        (not wanted.missed or entry.outcome is Outcome.MISSED)
        and (not wanted.pinned or entry.mark.pinned)
        and wanted.direction in {None, entry.direction}
        and wanted.media in {None, entry.media}
        and (wanted.contact is None or wanted.contact in entry.members)
        and (wanted.since is None or entry.at >= wanted.since)
        and (wanted.until is None or entry.at < wanted.until)
    )


def _has(entry: Entry, words: tuple[str, ...], names: Names) -> bool:
    if not words:
        return True
    texts = [*(names.get(account, "") for account in entry.members), fold(entry.mark.note)]
    return all(any(word in text for text in texts) for word in words)
