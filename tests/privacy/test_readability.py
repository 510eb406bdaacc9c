"""The measure of readability on texts whose grades are known, and on the notice (R-57)."""

from __future__ import annotations

import pytest

from visavis.server import inventory
from visavis.server.privacy import wording
from visavis.testing.readability import (
    MAX_GRADE,
    Counts,
    count,
    flesch_kincaid,
    grade,
    lecturabilidad,
    syllables,
    wiener_sachtextformel,
)

ENGLISH = """
server 2 message 2 messages 3 device 2 devices 3 kept 1 stored 1 deleted 3 opened 2
closed 1 locked 1 called 1 table 2 the 1 key 1 keys 1 account 2 password 2 network 2
address 2 addresses 3 operator 4 somebody 3 anyone 3 settings 2 complaint 2 authority 4
privacy 3 retention 3 pages 2 language 2 languages 3 machine 2 people 2 used 1 uses 2
value 2 writes 1 sides 1 seen 1 reading 2 going 2 being 2 video 3 radio 3 million 2
nation 2 previous 3 serious 3 idea 3 services 3 changes 2 sizes 2 quiet 2 easier 3
continuous 4 movement 2 useless 2 lately 2 agreement 3 needed 2 asked 1 decided 3 whole 1
bottles 2 handled 2 everybody 4 everything 3 signature 3 actual 3 created 3 theory 3
union 2 opinion 3 country 2 copied 2 tried 1 science 2 society 4 medium 3 special 2
"""

GERMAN = """
Server 2 Nachricht 2 Nachrichten 3 Anruf 2 Konto 2 Gerät 2 Geräte 3 Energie 3
Datenschutz 3 Aufsichtsbehörde 5 gelöscht 2 löschen 2 Schlüssel 2 verschlüsselt 3 Tage 2
niemand 2 geöffnet 3 Aktion 3 Reihe 2 Bauer 2 aus 1 euer 2 Häuser 2 Quelle 2 beachten 3
Theater 3 Information 5 See 1 Idee 2 System 2 Betreiber 3 Adresse 3
"""

SPANISH = """
servidor 3 mensaje 3 llamada 3 cuenta 2 día 2 días 2 país 2 ciudad 2 aéreo 4 guerra 2
queja 2 y 1 muy 1 buey 1 contraseña 4 autoridad 4 leer 2 leía 3 quien 1 agua 2 pingüino 3
dueño 2 idea 3 respuesta 3 construir 2 construía 3 averiguáis 4 ley 1 leyes 2 ayuda 3
huida 2 hielo 2
"""


@pytest.mark.parametrize(("language", "words"), [("en", ENGLISH), ("de", GERMAN), ("es", SPANISH)])
def test_syllables_of_known_words(language: str, words: str) -> None:
    pairs = words.split()
    wrong = [
        (word, syllables(word, language), known)
        for word, known in zip(pairs[::2], pairs[1::2], strict=True)
        if syllables(word, language) != int(known)
    ]
    assert wrong == []
    assert len(pairs) >= 60


def test_flesch_kincaid_on_the_sentence_everybody_quotes() -> None:
    """13 words, 24 syllables as its authors count them: grade 11.3."""
    counts = Counts(1, 13, 24, 0, 0, 0)
    assert round(flesch_kincaid(counts), 1) == 11.3


def test_the_cat_is_on_the_mat() -> None:
    counts = count("The cat sat on the mat.", "en")
    assert (counts.sentences, counts.words, counts.syllables) == (1, 6, 6)
    assert round(flesch_kincaid(counts), 2) == -1.45


def test_counts_are_by_words_and_sentences() -> None:
    text = "One. Two words? And then (with brackets)! A colon: no end\nA line of its own, 30 days."
    counts = count(text, "en")
    assert (counts.sentences, counts.words) == (5, 18)
    assert count("Don\u2019t.", "en").words == count("Don't.", "en").words == 1
    with pytest.raises(ValueError, match="no grade"):
        count("... !", "en")


def test_the_vienna_formula_by_hand() -> None:
    """Six words of one sentence: one with three syllables, two with more than six letters."""
    text = "Der Server behält deine Nachrichten kurz."
    counts = count(text, "de")
    assert (counts.words, counts.sentences) == (6, 1)
    assert (counts.long_words, counts.short_words, counts.many_letters) == (1, 2, 1)
    by_hand = 0.1935 * 100 / 6 + 0.1672 * 6 + 0.1297 * 100 / 6 - 0.0327 * 200 / 6 - 0.875
    assert wiener_sachtextformel(counts) == pytest.approx(by_hand)


def test_fernandez_huerta_by_hand() -> None:
    """The first sentence of Don Quijote: 33 words, 60 syllables, counted by hand."""
    text = (
        "En un lugar de la Mancha, de cuyo nombre no quiero acordarme, no ha mucho tiempo que "
        "vivía un hidalgo de los de lanza en astillero, adarga antigua, rocín flaco y galgo "
        "corredor."
    )
    counts = count(text, "es")
    assert (counts.sentences, counts.words, counts.syllables) == (1, 33, 60)
    assert lecturabilidad(counts) == pytest.approx(206.84 - 60 * 60 / 33 - 1.02 * 33)
    assert grade(text, "es") == 8.0, "60 to 70: seventh or eighth grade"


HARD = {
    "en": "Notwithstanding the aforementioned provisions, personally identifiable information "
    "collected pursuant to the applicable regulations is retained, processed and disclosed "
    "to affiliated organisations in accordance with legitimate operational requirements.",
    "de": "Unbeschadet der vorstehenden Bestimmungen werden personenbezogene Informationen nach "
    "Maßgabe der einschlägigen Datenschutzbestimmungen gespeichert, weiterverarbeitet und "
    "verbundenen Unternehmen zur Verfügung gestellt, soweit betriebliche Erfordernisse das "
    "rechtfertigen.",
    "es": "Sin perjuicio de las disposiciones anteriormente mencionadas, la información de "
    "carácter personal recopilada conforme a la normativa aplicable será conservada, "
    "tratada y comunicada a organizaciones vinculadas según necesidades operativas.",
}


@pytest.mark.parametrize("language", HARD)
def test_a_usual_policy_is_too_hard(language: str) -> None:
    """The control: the measure would notice."""
    assert grade(HARD[language], language) > MAX_GRADE + 3


@pytest.mark.parametrize("language", wording.LANGUAGES)
def test_the_notice_is_understood_in_grade_eight(language: str) -> None:
    words = wording.load(inventory.load())[language]
    assert count(words.prose(), language).words > 300, "all of it is measured"
    assert grade(words.prose(), language) <= MAX_GRADE
    for line in words.prose().splitlines():
        # One hard text does not hide among many easy ones. Below ten words a grade is chance.
        if count(line, language).words >= 10:
            assert grade(line, language) <= MAX_GRADE + 1, line
