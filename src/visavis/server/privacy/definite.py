"""The policy linter: refuses sentences that promise nothing (R-59).

A *hedge* leaves open what happens ("we may share", "such as", "with partners"). A *vague* purpose
says that there is one and not which ("various purposes", "as needed"). Both are refused in the
texts of the notice and in the inventory's purposes, in the three languages they are written in.

A sentence that is bound to a field is definite, whatever its words: it holds a placeholder, such as
`{days}`, in whose place stands a value of the inventory or of the running configuration. "Puede"
and "kann" also say that something can *not* happen, which is a promise; with a denial in the same
sentence they pass. "May not" does not: it has two readings.

Pure. Not a style checker, and no proof that a sentence is true: that is what tests are for.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

PLACEHOLDER: Final = re.compile(r"\{([a-z_]*)\}")
"""A field whose value is filled in."""

MIN_WORDS: Final = 3
"""Words of a purpose. Two are a label ("Service quality."); higher refuses "Whose vault it is."."""

_SENTENCE_END: Final = re.compile(r"(?<=[^\s.][^\s.][.!?:;])\s+|\n+")
"""After two letters at least: "z. B." and "p. ej." are no ends."""


@dataclass(frozen=True, slots=True)
class Words:
    """What one language may not say.

    Args:
        hedges: Patterns of hedges.
        deniable: Patterns that are hedges unless the sentence denies.
        denials: What makes a denial.
        vague: Patterns of vague purposes.
    """

    hedges: tuple[str, ...]
    deniable: tuple[str, ...]
    denials: str
    vague: tuple[str, ...]


LANGUAGES: Final[Mapping[str, Words]] = {
    "en": Words(
        hedges=(
            "may", "might", "could", "perhaps", "possibly", "such as", "for example",
            "for instance", r"e\.g\.", r"etc\b", "and so on", "and the like", "or similar",
            r"includ(?:es?|ing) but", "among (?:other|others)", r"(?:business )?partners?",
            "affiliates?", r"improv\w+ (?:our|the) services?", "from time to time",
            "where (?:appropriate|applicable)", "as (?:appropriate|applicable)", "reasonabl[ey]",
            "generally", "typically", "usually", "normally", "sometimes", "certain", "various",
            "selected third", "trusted third",
        ),
        deniable=(),
        denials=r"(?!)",
        vague=(
            r"(?:business|internal|operational|other|several|security|legal|technical) purposes?",
            "legitimate interests?", "user experience", "customer experience", "analytics",
            "marketing", "service quality", "quality of (?:our|the) service", r"optimi[sz]\w+",
            r"personali[sz]\w+", r"improv\w+", r"enhanc\w+", "as (?:needed|necessary|required)",
            "when(?:ever)? (?:needed|necessary)", "miscellaneous", "general use", "future use",
            "other data", "some data", "stuff", "research", "to provide (?:our|the) services?",
        ),
    ),
    "de": Words(
        hedges=(
            r"könnte\w*", "möglicherweise", "eventuell", "unter Umständen", "gegebenenfalls",
            r"ggf\.", "vielleicht", "zum Beispiel", r"z\. ?B\.", "beispielsweise", "wie etwa",
            "unter anderem", r"u\. ?a\.", r"usw\.", "und so weiter", r"etc\b", "und ähnliche[sn]?",
            r"(?:Geschäfts)?[Pp]artner(?:n|s|innen)?", "verbundene Unternehmen",
            r"(?:unsere|die) Dienste? (?:zu )?verbessern", r"Verbesserung (?:unserer|der) Dienste",
            "von Zeit zu Zeit", "in der Regel", "üblicherweise", "normalerweise", "manchmal",
            r"gewisse[rsn]?", r"bestimmte[rsn]?", r"verschiedene[rsn]?", "soweit (?:möglich|nötig)",
            "angemessen(?:e[rsn]?)?",
        ),
        deniable=("kann", "können", "darf", "dürfen", "mag", "mögen"),
        denials=r"nicht|nie|niemals|niemand(?:em|en)?|nichts|kein\w*|nur",
        vague=(
            r"(?:geschäftliche|interne|betriebliche|sonstige|andere|rechtliche) Zwecke?n?",
            r"berechtigte[sn]? Interessen?", "Nutzererlebnis", r"Analysen?", "Marketing",
            "Werbung", r"Dienstqualität", r"[Oo]ptimier\w+", r"[Pp]ersonalisier\w+",
            r"[Vv]erbesser\w+", "(?:bei|nach) Bedarf", "falls (?:nötig|erforderlich)",
            r"[Ss]onstige[rsn]?", "Forschung",
        ),
    ),
    "es": Words(
        hedges=(
            r"podría\w*", r"podrá\w*", "tal vez", r"quizás?", "posiblemente", "por ejemplo",
            r"p\. ?ej\.", "tales? como", r"entre otr[ao]s", r"etc\b", "y similares",
            r"socios?(?: comerciales)?", "empresas afiliadas",
            r"mejor\w+ (?:nuestros|los) servicios",
            "de vez en cuando", "en su caso", "cuando proceda", "por lo general", "generalmente",
            "normalmente", "a veces", r"ciert[ao]s?", r"determinad[ao]s", r"divers[ao]s",
            r"vari[ao]s", "razonable(?:mente)?",
        ),
        deniable=("puede", "pueden", "podemos"),
        denials=r"no|nadie|nunca|jamás|nada|ningun[ao]?|ningún|ni|solo|sólo",
        vague=(
            r"(?:otros|demás) fines", r"fines (?:comerciales|internos|operativos|legales)",
            r"interés legítimo", "experiencia de(?:l)? usuario", r"análisis", "marketing",
            "publicidad", "calidad del servicio", r"optimiz\w+", r"personaliz\w+", r"mejor\w+",
            "según (?:sea necesario|convenga)", "cuando sea necesario", "investigación",
        ),
    ),
}  # fmt: skip


def hedges(text: str, language: str) -> Iterator[str]:
    """Yield what is open in a text: the words, and the sentence they stand in.

    Args:
        text: Plain text, placeholders not filled in.
        language: Of `LANGUAGES`.
    """
    words = LANGUAGES[language]
    for sentence in sentences(text):
        if PLACEHOLDER.search(sentence):
            continue
        yield from _found(words.hedges, sentence)
        if not _search(words.denials, sentence):
            yield from _found(words.deniable, sentence)


def vagueness(purpose: str, language: str) -> Iterator[str]:
    """Yield what makes a purpose say nothing; hedges are looked for by `hedges`.

    Args:
        purpose: One or a few sentences.
        language: Of `LANGUAGES`.
    """
    if len(re.findall(r"[\w{}]+", purpose)) < MIN_WORDS:
        yield f"says too little: {purpose}"
    if not purpose.rstrip().endswith("."):
        yield f"is no sentence, it has no full stop: {purpose}"
    for sentence in sentences(purpose):
        yield from _found(LANGUAGES[language].vague, sentence)


def sentences(text: str) -> list[str]:
    """Return the sentences of a text, without the space around them."""
    return [one.strip() for one in _SENTENCE_END.split(text) if one.strip()]


@functools.cache
def _whole(pattern: str) -> re.Pattern[str]:
    # A hyphen joins words: "one-day" is not "day".
    return re.compile(rf"(?<![\w-])(?:{pattern})(?![\w-])", re.IGNORECASE)


def _search(pattern: str, sentence: str) -> re.Match[str] | None:
    return _whole(pattern).search(sentence)


def _found(patterns: tuple[str, ...], sentence: str) -> Iterator[str]:
    # Almost every sentence has none, and a server looks at all of them before it starts.
    if not _search("|".join(patterns), sentence):
        return
    for pattern in patterns:
        if match := _search(pattern, sentence):
            yield f'"{match[0]}": {sentence}'
