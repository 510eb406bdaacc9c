"""What promises nothing is refused: in inventory and notice, at the build and at the start."""

from __future__ import annotations

import datetime as dt
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tomlkit

from visavis.core.errors import FatalError
from visavis.server import app, inventory
from visavis.server.config import ServerConfig
from visavis.server.privacy import definite, wording

ROOT = Path(__file__).resolve().parents[2]
FILES = {one: f"notice.{one}.toml" for one in wording.LANGUAGES}

CHANGED_WITH = ("2026-11-30", "2341419ccc623f18")
"""The day in the inventory, and what it was said of. Whoever changes an entry or a retention sets
`changed` in `privacy/inventory.toml` to the day of the change, and writes both here."""


def shipped() -> dict[str, Any]:
    return tomlkit.parse(inventory.find()).unwrap()


def words(**changes: Callable[[dict[str, Any]], None]) -> dict[str, str]:
    """Return the shipped notice files, some of them changed."""
    out = {}
    for language, name in FILES.items():
        raw = tomlkit.parse(inventory.find(name)).unwrap()
        changes.get(language, lambda _raw: None)(raw)
        out[language] = tomlkit.dumps(raw)
    return out


# ---- hedges and vagueness ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "We may keep your address."),
        ("en", "We keep data such as your name."),
        ("en", "We keep data, for example your name."),
        ("en", "We use it to improve our services."),
        ("en", "It is shared with partners."),
        ("en", "It is shared with our business partners."),
        ("en", "Your address MAY be kept."),
        ("en", "May be kept: your address."),
        ("en", "Kept from time to time."),
        ("en", "Cookies, pixels, etc. are used."),
        ("en", "It may not be kept."),
        ("de", "Deine Adresse kann gespeichert werden."),
        ("de", "Wir können Daten weitergeben."),
        ("de", "Daten wie zum Beispiel dein Name."),
        ("de", "Daten, z. B. dein Name."),
        ("de", "Wir geben sie Partnern."),
        ("de", "Um unsere Dienste zu verbessern."),
        ("de", "Wir speichern gegebenenfalls deine Adresse."),
        ("es", "Tu dirección puede guardarse."),
        ("es", "Podemos compartir datos."),
        ("es", "Datos tales como tu nombre."),
        ("es", "Datos, por ejemplo tu nombre."),
        ("es", "Datos, p. ej. tu nombre."),
        ("es", "Se comparten con socios."),
        ("es", "Para mejorar nuestros servicios."),
    ],
)
def test_hedges_are_found(language: str, sentence: str) -> None:
    assert list(definite.hedges(sentence, language)) != []


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "Your address is not kept."),
        ("en", "It may be kept for {days} days."),
        ("en", "The dismay of a partnership."),
        ("de", "Dieser Server kann sie nicht lesen."),
        ("de", "Niemand kann sie lesen."),
        ("de", "Du kannst das abschalten."),
        ("de", "Das kann bis zu {days} Tage dauern."),
        ("es", "Este servidor no puede leerlos."),
        ("es", "Puedes apagarlo."),
        ("es", "Puede durar {days} días."),
    ],
)
def test_definite_sentences_and_those_bound_to_a_field_pass(language: str, sentence: str) -> None:
    assert list(definite.hedges(sentence, language)) == []


def test_a_hedge_is_bound_by_its_own_sentence_only() -> None:
    text = "It is kept for {days} days. It may be shared."
    assert [one.partition(":")[0] for one in definite.hedges(text, "en")] == ['"may"']


@pytest.mark.parametrize(
    ("language", "purpose"),
    [
        ("en", "Service."),
        ("en", "Service quality."),
        ("en", "Used for various business purposes."),
        ("en", "Keeps what is needed, as needed."),
        ("en", "Helps us with analytics of the service."),
        ("en", "Makes your experience personalised."),
        ("en", "No full stop at its end"),
        ("de", "Für sonstige Zwecke des Betreibers."),
        ("de", "Wird bei Bedarf benutzt."),
        ("es", "Para otros fines del servicio."),
        ("es", "Sirve para optimizar la aplicación."),
    ],
)
def test_vague_purposes_are_found(language: str, purpose: str) -> None:
    found = [*definite.hedges(purpose, language), *definite.vagueness(purpose, language)]
    assert found != []


def test_the_shipped_purposes_are_definite() -> None:
    """The control: the same look at sentences that say something."""
    purposes = {one.purpose for one in inventory.load().entries}
    assert len(purposes) > 90
    for one in purposes:
        assert [*definite.hedges(one, "en"), *definite.vagueness(one, "en")] == []


# ---- the build and the start ---------------------------------------------------------------------


def vague(raw: dict[str, Any]) -> None:
    raw["column"][0]["purpose"] = "Helps to improve our services."


def hedged(raw: dict[str, Any]) -> None:
    raw["header"][0]["purpose"] = "May be used by partners."


def endless(raw: dict[str, Any]) -> None:
    raw["retention"]["account"]["days"] = "indefinite"


def unknown_field(raw: dict[str, Any]) -> None:
    raw["column"][0]["purpose"] = "Kept for {weeks} weeks and then deleted."


def new_column(raw: dict[str, Any]) -> None:
    raw["column"].append(
        {**raw["column"][0], "column": "email", "purpose": "Sends letters to the owner."}
    )


def new_schedule(raw: dict[str, Any]) -> None:
    raw["retention"]["letters"] = {"days": 30}


def reworded(raw: dict[str, Any]) -> None:
    raw["column"][0]["purpose"] = "Names the rows of one account, and nobody else's."


def no_day_of_change(raw: dict[str, Any]) -> None:
    del raw["changed"]


def no_such_day(raw: dict[str, Any]) -> None:
    raw["changed"] = "2026-13-01"


MUTATIONS = {
    vague: "CK-429",
    hedged: "CK-429",
    unknown_field: "CK-429",
    endless: "CK-420",
    new_column: "CK-430",
    new_schedule: "CK-430",
    reworded: "CK-430",
    no_day_of_change: "the day of the last change",
    no_such_day: "no day",
}


@pytest.mark.parametrize("mutate", MUTATIONS, ids=lambda one: one.__name__)
async def test_a_mutated_inventory_fails_the_build_and_the_start(
    mutate: Callable[[dict[str, Any]], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = shipped()
    mutate(raw)
    for name in FILES.values():
        shutil.copy(ROOT / "privacy" / name, tmp_path / name)
    (tmp_path / "inventory.toml").write_text(tomlkit.dumps(raw))
    ran = lint(tmp_path)
    assert ran.returncode == 1
    assert MUTATIONS[mutate] in ran.stdout

    monkeypatch.setattr(
        inventory, "find", lambda name="inventory.toml": (tmp_path / name).read_text()
    )
    config = ServerConfig(data_dir=tmp_path / "data", origin="http://127.0.0.1:1")
    with pytest.raises(FatalError, match=MUTATIONS[mutate]):
        await app.open_services(config)
    assert not (tmp_path / "data").exists(), "refused before anything was made"


def lint(*arguments: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "tools" / "check_policy.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_make_lint_runs_the_linter_and_it_is_content() -> None:
    assert "tools/check_policy.py" in (ROOT / "Makefile").read_text()
    ran = lint()
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_the_linter_says_all_of_it_at_once(tmp_path: Path) -> None:
    for name in ("inventory.toml", *FILES.values()):
        shutil.copy(ROOT / "privacy" / name, tmp_path / name)
    for name, old, new in (
        ("notice.en.toml", "This server tells no one", "This server may tell no one"),
        ("notice.de.toml", "Er schreibt sie nicht auf.", "Er gibt sie Partnern."),
    ):
        text = (tmp_path / name).read_text()
        assert old in text
        (tmp_path / name).write_text(text.replace(old, new))
    ran = lint(tmp_path)
    assert ran.returncode == 1
    assert '"may": This server may tell' in ran.stdout
    assert '"Partnern": Er gibt sie Partnern.' in ran.stdout


def test_a_text_that_is_too_hard_fails_the_build(tmp_path: Path) -> None:
    for name in ("inventory.toml", *FILES.values()):
        shutil.copy(ROOT / "privacy" / name, tmp_path / name)
    text = (tmp_path / "notice.en.toml").read_text()
    hard = "Notwithstanding aforementioned considerations, organisational responsibilities apply. "
    (tmp_path / "notice.en.toml").write_text(text.replace('lead = "', f'lead = "{hard * 30}'))
    ran = lint(tmp_path)
    assert ran.returncode == 1
    assert "8.0 is the limit" in ran.stdout


# ---- the words -----------------------------------------------------------------------------------


def test_the_shipped_words_fit_the_inventory() -> None:
    listed = inventory.load()
    found = wording.load(listed)
    assert set(found) == {"en", "de", "es"}
    for one in listed.entries:
        sentences = {language.purpose(one) for language in found.values()}
        assert len(sentences) == 3, f"{one.name} is not translated"
        assert not any("{" in sentence for sentence in sentences)


def drop(*path: str) -> Callable[[dict[str, Any]], None]:
    def change(raw: dict[str, Any]) -> None:
        place = raw
        for step in path[:-1]:
            place = place[step]
        del place[path[-1]]

    return change


def put(value: str, *path: str) -> Callable[[dict[str, Any]], None]:
    def change(raw: dict[str, Any]) -> None:
        place = raw
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value

    return change


PURPOSE = "Names the rows of one account; known to the server only."
ENDS = "Ends the account {days} days after its last use, or sooner if its owner chose so."


@pytest.mark.parametrize(
    ("language", "change", "why"),
    [
        ("de", drop("purpose", PURPOSE), "CK-430: no translation"),
        ("es", drop("purpose", PURPOSE), "CK-430: no translation"),
        ("de", put("Etwas, das niemand mehr hat.", "purpose", "Gone."), "CK-430: no entry"),
        ("de", put("Beendet das Konto nach 30 Tagen.", "purpose", ENDS), "CK-430: other fields"),
        ("de", put("Für sonstige Zwecke.", "purpose", PURPOSE), "CK-431"),
        ("de", put("Kann verkauft werden.", "purpose", PURPOSE), "CK-431"),
        ("en", put("It may be sold.", "page", "lead"), "CK-431"),
        ("es", drop("page", "lead"), "CK-430"),
        ("es", put("x", "page", "more"), "CK-430"),
        ("es", put("Hola.", "page", "who_contact"), "CK-430: page.who_contact has other fields"),
        ("es", drop("page"), "CK-430: misses"),
        ("de", drop("name"), "CK-430: misses"),
        ("de", drop("schedule", "log"), "CK-430"),
        ("de", drop("schedule", "log", "why"), "CK-430"),
        ("de", put("30 Tage", "schedule", "envelope", "long"), "does not say {days}"),
        ("de", put("{weeks} {days}", "schedule", "envelope", "long"), "unknown field"),
        ("de", drop("at_rest", "hash"), "CK-430"),
    ],
)
def test_incomplete_words_are_refused(
    language: str, change: Callable[[dict[str, Any]], None], why: str
) -> None:
    listed = inventory.load()
    wording.check(listed, words())
    with pytest.raises(FatalError) as refused:
        wording.check(listed, words(**{language: change}))
    assert why in refused.value.detail
    assert f"notice.{language}.toml" in refused.value.detail


def test_words_and_the_lists_of_the_inventory_are_one() -> None:
    """A value that English has no word for has none in any language."""
    changes = {one: drop("at_rest", "hash") for one in wording.LANGUAGES}
    with pytest.raises(FatalError, match="CK-430.*differ in"):
        wording.check(inventory.load(), words(**changes))


def test_what_is_not_toml_is_refused() -> None:
    with pytest.raises(FatalError, match="is not TOML"):
        wording.check(inventory.load(), {"en": "= nothing"})


def test_the_notice_files_are_packaged_beside_the_inventory() -> None:
    project = tomlkit.parse((ROOT / "pyproject.toml").read_text()).unwrap()
    targets = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert targets == {
        f"privacy/{one.name}": f"visavis/server/{one.name}"
        for one in sorted((ROOT / "privacy").glob("*.toml"))
    }


def test_a_changed_inventory_has_a_new_day() -> None:
    listed = inventory.load()
    said = sorted(
        (one.kind, one.name, one.purpose, one.legal_basis, one.retention.days, one.at_rest,
         sorted(one.visible_to))
        for one in listed.entries
    )  # fmt: skip
    digest = hashlib.sha256(repr(said).encode()).hexdigest()[:16]
    now = (listed.changed.isoformat(), digest)
    assert now == CHANGED_WITH, f"set `changed` to today, then CHANGED_WITH to what is said: {now}"
    assert listed.changed <= dt.datetime.now(tz=dt.UTC).date()
