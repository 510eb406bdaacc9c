"""The words of the privacy pages, in English, German and Spanish: `privacy/notice.LANG.toml`.

Each language has the keys of the English file, a sentence for every retention schedule, and every
purpose of the inventory under the English sentence that stands there. So an entry that is new, or a
purpose that was reworded, has no translation until somebody writes one: the build and the server's
start fail (CK-430), and no page ever falls back to another language.

Not for facts. Numbers of days, hosts and names are filled in where a text has a placeholder.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from visavis.core.errors import Code, FatalError
from visavis.server import inventory
from visavis.server.inventory import Entry, Inventory, Schedule
from visavis.server.privacy import definite

LANGUAGES: Final = ("en", "de", "es")
"""English first: it is what the others are held against, and what is shown unasked."""

KINDS: Final = ("column", "file", "log", "request", "response", "memory")
"""Parts of the whole table, in its order."""

_SCHEDULE: Final = ("what", "why", "long")
_TEXTS: Final = ("page", "words", "record", "legal_basis", "at_rest", "visible_to", "kind")


@dataclass(frozen=True, slots=True)
class Wording:
    """One language.

    Args:
        language: BCP 47 tag.
        name: Of the language, in itself.
        texts: By section and key, placeholders not filled in.
        schedules: `what`, `why` and `long` by schedule.
        purposes: By the English purpose; empty for English.
    """

    language: str
    name: str
    texts: Mapping[str, Mapping[str, str]]
    schedules: Mapping[str, Mapping[str, str]]
    purposes: Mapping[str, str]

    def purpose(self, entry: Entry) -> str:
        """Return an entry's purpose, with its days."""
        text = self.purposes.get(entry.purpose, entry.purpose)
        return text.replace("{days}", str(entry.retention.days))

    def days(self, schedule: Schedule) -> str:
        """Return how long, in words that stay on one line: "30 days"."""
        words = self.texts["words"]
        match schedule.days:
            case 0:
                return words["no_day"]
            case 1:
                return words["one_day"]
            case many:
                return words["days"].replace("{days} ", f"{many}\u00a0")

    def about(self, schedule: Schedule, part: str) -> str:
        """Return `what`, `why` or `long` of a schedule, with its days."""
        return self.schedules[schedule.name][part].replace("{days}", str(schedule.days))

    def sentences(self) -> Iterator[str]:
        """Yield every text of this language, placeholders not filled in."""
        for part in (*self.texts.values(), *self.schedules.values()):
            yield from part.values()
        yield from self.purposes.values()

    def prose(self) -> str:
        """Return the sentences of the short page, a line each, names in place of fields.

        Without titles and labels, which are short and would make any text look easy.
        """
        page = [text for text in self.texts["page"].values() if text.endswith(".")]
        lines = [*page, *(one["why"] for one in self.schedules.values())]
        return definite.PLACEHOLDER.sub("Anna", "\n".join(lines))


def load(listed: Inventory) -> Mapping[str, Wording]:
    """Return the shipped words of all languages.

    Args:
        listed: What they must have words for.

    Raises:
        FatalError: Something is missing, left over or not definite: CK-430, CK-431.
    """
    return check(listed, {one: inventory.find(f"notice.{one}.toml") for one in LANGUAGES})


def check(listed: Inventory, files: Mapping[str, str]) -> Mapping[str, Wording]:
    """Return the words written in some files.

    Args:
        listed: What they must have words for.
        files: TOML by language.

    Raises:
        FatalError: See `load`.
    """
    found = {language: parse(language, text) for language, text in files.items()}
    english = found["en"]
    for wording in found.values():
        _same_keys(wording, english)
        _all_schedules(wording, listed)
        _all_purposes(wording, listed)
        _definite(wording)
    return found


def kind_of(entry: Entry) -> str:
    """Return which part of the whole table an entry stands in: one of `KINDS`."""
    return entry.name.split(".")[0] if entry.kind == "header" else entry.kind


def _refuse(language: str, sentence: str) -> FatalError:
    return FatalError(Code.UNAVAILABLE, f"privacy/notice.{language}.toml: {sentence}")


def parse(language: str, text: str) -> Wording:
    """Return the words written in TOML, not yet held against anything.

    Raises:
        FatalError: CK-430, a section is missing.
    """
    try:
        raw: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise _refuse(language, "is not TOML") from None
    try:
        return Wording(
            language=language,
            name=str(raw["name"]),
            texts={part: dict(raw[part]) for part in _TEXTS},
            schedules={name: dict(texts) for name, texts in raw["schedule"].items()},
            purposes=dict(raw.get("purpose", {})),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _refuse(language, f"CK-430: misses {error}") from None


def _same_keys(wording: Wording, english: Wording) -> None:
    for part in _TEXTS:
        have, wanted = wording.texts[part], english.texts[part]
        # CK-430: a page in two languages is worse than none.
        if have.keys() != wanted.keys():
            odd = sorted(have.keys() ^ wanted.keys())
            raise _refuse(wording.language, f"CK-430: [{part}] differs from English in {odd}")
        for key, text in have.items():
            if _fields(text) != _fields(wanted[key]):
                raise _refuse(
                    wording.language, f"CK-430: {part}.{key} has other fields than in English"
                )
    lists = {
        "legal_basis": inventory.LEGAL_BASES,
        "at_rest": inventory.AT_REST,
        "visible_to": inventory.VIEWERS,
        "kind": frozenset(KINDS),
    }
    for part, values in lists.items():
        if wording.texts[part].keys() != values:
            odd = sorted(wording.texts[part].keys() ^ values)
            raise _refuse(wording.language, f"CK-430: [{part}] and the inventory differ in {odd}")


def _all_schedules(wording: Wording, listed: Inventory) -> None:
    if odd := sorted(wording.schedules.keys() ^ listed.schedules.keys()):
        raise _refuse(wording.language, f"CK-430: words and inventory differ in schedules {odd}")
    for name, texts in wording.schedules.items():
        if texts.keys() != set(_SCHEDULE):
            raise _refuse(wording.language, f"CK-430: [schedule.{name}] needs what, why and long")
        # CK-430: what people read is the number that the job deletes by.
        if listed.schedules[name].days and "{days}" not in texts["long"]:
            raise _refuse(wording.language, f"CK-430: schedule.{name}.long does not say {{days}}")
        if any(_fields(text) - {"days"} for text in texts.values()):
            raise _refuse(wording.language, f"CK-430: [schedule.{name}] has an unknown field")


def _all_purposes(wording: Wording, listed: Inventory) -> None:
    wanted = set() if wording.language == "en" else {one.purpose for one in listed.entries}
    if missing := sorted(wanted - wording.purposes.keys()):
        raise _refuse(wording.language, f"CK-430: no translation of the purpose {missing[0]!r}")
    if left := sorted(wording.purposes.keys() - wanted):
        raise _refuse(wording.language, f"CK-430: no entry has the purpose {left[0]!r} any more")
    for english, text in wording.purposes.items():
        if _fields(english) != _fields(text):
            raise _refuse(wording.language, f"CK-430: other fields than in {english!r}")


def _definite(wording: Wording) -> None:
    for text in wording.sentences():
        for hedge in definite.hedges(text, wording.language):
            # CK-431: a hedge allows what the sentence seems to exclude.
            raise _refuse(wording.language, f"CK-431: not definite: {hedge}")
    for purpose in wording.purposes.values():
        for vague in definite.vagueness(purpose, wording.language):
            raise _refuse(wording.language, f"CK-431: not definite: {vague}")


def _fields(text: str) -> frozenset[str]:
    return frozenset(definite.PLACEHOLDER.findall(text))
