"""How hard a text is to read, as a school grade, in English, German and Spanish (R-57).

::

    English   Flesch-Kincaid grade level             Kincaid, Fishburne, Rogers, Chissom 1975
    German    first Wiener Sachtextformel: a grade   Bamberger, Vanecek 1984
    Spanish   lecturabilidad, and the grade its      Fernandez Huerta 1959, with the second term as
              author's table gives                   corrected by Law 2011

Words are letters between anything else, numbers count as words. A sentence ends with a full stop, a
question or an exclamation mark, or with the line; not with a colon, so that long sentences stay
long. Syllables are counted by rules: exact for Spanish spelling, good to one in thirty for German
and English, with a list of exceptions for the latter.

Pure. A measure of words and sentences, not of sense: a text with a good grade can still be unclear.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

MAX_GRADE: Final = 8.0
"""What R-57 asks of the privacy notice."""

_WORD: Final = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*|\d+")
_SENTENCE_END: Final = re.compile(r"[.!?…]+(?:[)\"”»]*)(?:\s|$)|\n+")


@dataclass(frozen=True, slots=True)
class Counts:
    """What the formulas are fed with.

    Args:
        sentences: At least 1.
        words: At least 1.
        syllables: In all words.
        long_words: Words of three syllables or more.
        short_words: Words of one syllable.
        many_letters: Words of more than six letters.
    """

    sentences: int
    words: int
    syllables: int
    long_words: int
    short_words: int
    many_letters: int


def count(text: str, language: str) -> Counts:
    """Count a text.

    Args:
        text: With at least one word.
        language: "en", "de" or "es".

    Raises:
        ValueError: There is no word in it.
    """
    words = _WORD.findall(text)
    if not words:
        raise ValueError("a text without words has no grade")
    each = [syllables(word, language) for word in words]
    parts = [part for part in _SENTENCE_END.split(text) if _WORD.search(part)]
    return Counts(
        sentences=len(parts),
        words=len(words),
        syllables=sum(each),
        long_words=sum(one >= 3 for one in each),
        short_words=sum(one == 1 for one in each),
        many_letters=sum(len(word) > 6 for word in words),
    )


def grade(text: str, language: str) -> float:
    """Return the school grade in which a text is understood.

    Arguments and errors are those of `count`.
    """
    return _GRADES[language](count(text, language))


def flesch_kincaid(counts: Counts) -> float:
    """Return the Flesch-Kincaid grade level."""
    length, weight = counts.words / counts.sentences, counts.syllables / counts.words
    return 0.39 * length + 11.8 * weight - 15.59


def wiener_sachtextformel(counts: Counts) -> float:
    """Return the first Wiener Sachtextformel: a grade, from 4 (very easy) to 15 (very hard)."""
    per_cent = 100 / counts.words
    return (
        0.1935 * counts.long_words * per_cent
        + 0.1672 * counts.words / counts.sentences
        + 0.1297 * counts.many_letters * per_cent
        - 0.0327 * counts.short_words * per_cent
        - 0.875
    )


def lecturabilidad(counts: Counts) -> float:
    """Return Fernandez Huerta's measure: 0 (very hard) to 100 (very easy).

    His first term counts syllables in a hundred words, the second words in a sentence.
    """
    weight, length = 100 * counts.syllables / counts.words, counts.words / counts.sentences
    return 206.84 - 0.60 * weight - 1.02 * length


_LEVELS: Final = ((90, 4.0), (80, 5.0), (70, 6.0), (60, 8.0), (50, 12.0), (30, 14.0))
"""Fernandez Huerta's table: from this measure on, this grade (its upper one; from 50 on it says
"before university", from 30 on "selective courses")."""


def _spanish(counts: Counts) -> float:
    ease = lecturabilidad(counts)
    return next((school for least, school in _LEVELS if ease >= least), 16.0)


_GRADES: Final[Mapping[str, Callable[[Counts], float]]] = {
    "en": flesch_kincaid,
    "de": wiener_sachtextformel,
    "es": _spanish,
}


# ---- syllables -----------------------------------------------------------------------------------


def syllables(word: str, language: str) -> int:
    """Return how many syllables a word has; at least 1.

    Args:
        word: Letters, or a number: about as many as its name has.
        language: "en", "de" or "es".
    """
    if word.isdigit():
        return max(1, 2 * len(word) - 2)
    return max(1, _COUNTERS[language](word.lower().replace("\u2019", "'")))


_EXCEPTIONS: Final = {
    # What is spoken otherwise than it is spelt.
    "anyone": 3, "area": 3, "being": 2, "business": 2, "create": 2, "created": 3, "evening": 2,
    "idea": 3, "lion": 2, "naive": 2, "people": 2, "poem": 2, "quiet": 2, "reality": 4, "recipe": 3,
    "science": 2, "somebody": 3, "someone": 2, "something": 2, "sometimes": 2, "somewhere": 2,
    "themselves": 2, "whatever": 3,
}  # fmt: skip
_SILENT: Final = re.compile(r"[^aeiouy](?:e|es|ed|ely|eless|ement|eful)$")
_LOUD: Final = re.compile(r"[^aeiouyl]le[sd]?$|(?:s|z|x|ch|sh|c|g)es$|[td]ed$")
"""Not silent after all: "table", "passes", "wanted"."""
_APART: Final = re.compile(
    r"(?<![tscg])ia|(?<![tscgln])io(?!us)|(?<![tscgx])ious|uous|(?<![qg])ua(?!y)"
    r"|[aeiou]ing$|eo(?!us|n)|ier$|iety$|ium$"
)
"""Vowels in a row that are two syllables: "radio", not "nation"; "video", not "pigeon"."""


def _english(word: str) -> int:
    word = word.split("'", maxsplit=1)[0]
    if word in _EXCEPTIONS:
        return _EXCEPTIONS[word]
    groups = len(re.findall(r"[aeiouy]+", word)) + len(_APART.findall(word))
    if _SILENT.search(word) and not _LOUD.search(word):
        groups -= 1
    return groups - word.startswith("every")


_GERMAN_VOWELS: Final = re.compile(r"[aä]u|eu|[ae][iy]|oi|ie|aa|ee|oo|[aeiouyäöü]")


def _german(word: str) -> int:
    return len(_GERMAN_VOWELS.findall(word.replace("qu", "q")))


def _spanish_syllables(word: str) -> int:
    word = re.sub(r"(?:(?<=q)|(?<=g))u(?=[eiéí])", "", word)
    word = re.sub(r"y(?![aeiouáéíóú])", "i", word)
    total = 0
    for group in re.findall(r"[aeiouáéíóúü]+", word):
        # Open vowels and stressed close ones are syllables; close ones lean on them (RAE).
        total += max(1, len(re.findall(r"[aeoáéóíú]", group)))
    return total


_COUNTERS: Final[Mapping[str, Callable[[str], int]]] = {
    "en": _english,
    "de": _german,
    "es": _spanish_syllables,
}
