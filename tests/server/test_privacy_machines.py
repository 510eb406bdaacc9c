"""The documents about privacy that programs read: twin, record, and what is under /.well-known/."""

from __future__ import annotations

import asyncio
import csv
import datetime as dt
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.server.people import ORIGIN, running
from typer.testing import CliRunner

from visavis.cli.doctor import run_checks
from visavis.cli.main import app
from visavis.ports.clock import DAY_S, day_of
from visavis.server import inventory
from visavis.server.config import ServerConfig
from visavis.server.privacy import record, twin, well_known, wording
from visavis.server.privacy.facts import Facts
from visavis.testing.server import local_server, running_server

NAMED = {"operator": "Anna's club", "contact": "mailto:anna@example.org"}
PUSH = {"push_services": ("push.example.org", "*.push.example.net")}


def facts_of(**changes: Any) -> Facts:
    listed = changes.pop("inventory", None) or inventory.load()
    values: dict[str, Any] = {
        "inventory": listed,
        "words": wording.load(listed),
        "origin": "https://calls.example.org",
        "operator": None,
        "contact": None,
        "hosts": (),
        "today": 20_000,
        "receipt_key": bytes(32),
    }
    return Facts(**values | changes)


# ---- the twin ------------------------------------------------------------------------------------


def nodes(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the nodes by id; an id that comes twice would be one thing with two meanings."""
    graph = document["@graph"]
    found = {node["@id"]: node for node in graph}
    assert len(found) == len(graph)
    return found


def references(value: Any) -> Iterator[str]:
    """Yield every id that something points to."""
    if isinstance(value, dict):
        if set(value) == {"@id"}:
            yield value["@id"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def terms(value: Any) -> Iterator[str]:
    """Yield every compact term that is used: keys, types, things pointed to."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            if key == "@type":
                yield from ([inner] if isinstance(inner, str) else inner)
            yield from terms(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from terms(inner)


def test_the_twin_uses_terms_that_dpv_has_and_no_other() -> None:
    document = twin.make(facts_of(hosts=("push.example.org",), **NAMED))
    graph = document["@graph"]
    used = {one for one in (*terms(graph), *references(graph)) if re.match("(dpv|eu-gdpr):", one)}
    assert used <= twin.TERMS
    # Traps: deprecated, or defined as something else (metadata in the public sphere).
    assert not {one for one in used if "WithinDevice" in one or "CommunicationsMetadata" in one}
    prefixes = {one.partition(":")[0] for one in terms(graph) if ":" in one}
    assert prefixes <= set(twin.CONTEXT), "every prefix is declared"


def test_everything_the_twin_points_to_is_there() -> None:
    found = nodes(twin.make(facts_of(hosts=("push.example.org",), **NAMED)))
    pointed = {one for node in found.values() for one in references(node)}
    ours = {one for one in pointed if one.startswith("#")}
    assert len(ours) > 130
    assert ours <= set(found)


def test_every_entry_and_every_schedule_is_in_the_twin() -> None:
    facts = facts_of()
    found = nodes(twin.make(facts))
    labels = [node["skos:prefLabel"] for node in found.values() if "skos:prefLabel" in node]
    assert sorted(labels) == sorted(one.name for one in facts.inventory.entries)
    for name, schedule in facts.inventory.schedules.items():
        process = found[f"#process-{name}"]
        storage = process["dpv:hasStorageCondition"][0]
        assert storage["@type"] == "dpv:StorageDuration"
        assert storage["dpv:hasDuration"]["@value"] == f"P{schedule.days}D"
        entries = facts.under(schedule)
        data = process.get("dpv:hasPersonalData") or process["dpv:hasData"]
        assert len(data) == len(entries)
        personal = any(one.personal for one in entries)
        assert ("dpv:hasPersonalData" in process) is personal
        assert ("dpv:hasLegalBasis" in process) is personal
    consent = found["#process-push_subscription"]["dpv:hasLegalBasis"]
    assert consent == [{"@id": "eu-gdpr:A6-1-a"}]


def test_the_twin_says_the_same_in_three_languages() -> None:
    for node in twin.make(facts_of())["@graph"]:
        for value in node.values():
            if isinstance(value, list) and value and "@language" in value[0]:
                assert [one["@language"] for one in value] == list(wording.LANGUAGES)
                assert not any("{" in one["@value"] for one in value)


def test_recipients_of_the_twin_are_those_of_consent() -> None:
    found = nodes(twin.make(facts_of(hosts=("push.example.org",))))
    having = {name for name, node in found.items() if "dpv:hasRecipient" in node}
    assert having == {"#process-push_subscription"}
    assert not any("dpv:hasRecipient" in node for node in twin.make(facts_of())["@graph"])


async def test_the_twin_is_served_and_is_the_made_one(tmp_path: Path) -> None:
    """R-58: regenerate = identical."""
    async with running(tmp_path, **NAMED, **PUSH) as server:
        answer = await server.get("/privacy/notice.jsonld")
        assert answer.headers["content-type"] == "application/ld+json"
        assert answer.json() == twin.make(Facts.of(server.services))
        assert answer.json()["@context"]["dpv"] == "https://w3id.org/dpv#"


# ---- the record of processing --------------------------------------------------------------------


async def test_the_record_has_what_article_30_asks_for(tmp_path: Path) -> None:
    async with running(tmp_path, **NAMED, **PUSH) as server:
        made = (await server.get("/privacy/record.json")).json()
        assert made == record.make(Facts.of(server.services), "en").model_dump()
    assert (made["controller"], made["reached_at"]) == (NAMED["operator"], NAMED["contact"])
    assert "push.example.org" in made["transfers"]
    listed = inventory.load()
    names = [item["name"] for one in made["activities"] for item in one["data"]]
    assert sorted(names) == sorted(one.name for one in listed.entries)
    for one in made["activities"]:
        assert one["purpose"].endswith(".")
        assert one["recipients"]
        assert isinstance(one["erasure_days"], int)
    ringing = next(one for one in made["activities"] if one["activity"] == "Ringing")
    assert ringing["recipients"][-2:] == list(PUSH["push_services"])
    assert made["data_subjects"]
    assert made["security_measures"]


async def test_the_record_as_a_table(tmp_path: Path) -> None:
    async with running(tmp_path, **NAMED) as server:
        answer = await server.get("/privacy/record.csv")
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
        assert tuple(rows[0]) == record.COLUMNS
        assert len(rows) == len(server.services.inventory.entries)
        assert {row["controller"] for row in rows} == {NAMED["operator"]}


def test_a_name_is_no_formula_in_a_spreadsheet() -> None:
    made = record.make(facts_of(operator='=HYPERLINK("x")', contact="mailto:a@b"), "en")
    row = next(csv.DictReader(io.StringIO(record.to_csv(made), newline="")))
    assert row["controller"] == '\'=HYPERLINK("x")'


async def test_admin_record_prints_what_the_server_says(tmp_path: Path) -> None:
    async with running_server(tmp_path, operator=NAMED["operator"], contact=NAMED["contact"]) as (
        server
    ):
        served = httpx.get(f"{server.origin}/privacy/record.json").json()
        table = httpx.get(f"{server.origin}/privacy/record.csv").text

        def run(*arguments: str) -> Any:
            return CliRunner().invoke(app, ["admin", "record", *arguments])

        printed = await asyncio.to_thread(run, "--data", str(server.data_dir))
        assert printed.exit_code == 0, printed.output
        assert json.loads(printed.stdout) == served
        printed = await asyncio.to_thread(run, "--data", str(server.data_dir), "--csv")
        assert printed.stdout == table.replace("\r\n", "\n")


# ---- /.well-known/ -------------------------------------------------------------------------------


async def test_the_index_leads_to_everything(tmp_path: Path) -> None:
    async with running(tmp_path, **NAMED) as server:
        index = (await server.get("/.well-known/privacy.json")).json()
        places = [
            *index["notice"].values(),
            *index["details"].values(),
            *index["record"].values(),
            *index["recipients"].values(),
            *(index[one] for one in ("twin", "gpc", "security")),
        ]
        assert len(places) == 14
        for place in places:
            assert place.startswith(ORIGIN)
            assert (await server.http.get(place)).status_code == 200, place
    listed = inventory.load()
    assert index["retention_days"] == {name: one.days for name, one in listed.schedules.items()}
    assert index["longest_retention_days"] <= inventory.MAX_DAYS
    assert index["last_changed"] == listed.changed.isoformat()
    assert index["controller"] == {"name": NAMED["operator"], "reached_at": NAMED["contact"]}
    assert index["sold_or_shared"] is False


async def test_the_index_begins_with_what_is_not_recorded(tmp_path: Path) -> None:
    """R-42: for programs, in the words of the notice."""
    async with running(tmp_path) as server:
        index = (await server.get("/.well-known/privacy.json")).json()
    assert next(iter(index.items())) == ("recording", "We do not record calls and cannot.")


async def test_global_privacy_control_is_declared(tmp_path: Path) -> None:
    """R-84: a JSON object with these members (GPC, 2.6)."""
    async with running(tmp_path) as server:
        answer = await server.get("/.well-known/gpc.json")
        assert answer.headers["content-type"] == "application/json"
        assert answer.json() == {"gpc": True, "lastUpdate": inventory.load().changed.isoformat()}
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", answer.json()["lastUpdate"])


def lines_of(text: str) -> dict[str, str]:
    return dict(line.split(": ", maxsplit=1) for line in text.splitlines())


def test_security_txt_has_what_rfc_9116_asks_for() -> None:
    text = well_known.security(facts_of(contact="mailto:anna@example.org"))
    assert text is not None
    assert text.endswith("\n")
    found = lines_of(text)
    assert list(found) == ["Contact", "Expires", "Preferred-Languages", "Canonical", "Policy"]
    assert found["Contact"] == "mailto:anna@example.org"
    assert found["Canonical"] == "https://calls.example.org/.well-known/security.txt"
    assert found["Policy"] == "https://calls.example.org/privacy/en/details#security"
    ends = dt.datetime.fromisoformat(found["Expires"])
    assert ends.utcoffset() == dt.timedelta(0)
    assert (ends.hour, ends.minute, ends.second) == (0, 0, 0), "no time finer than a day"
    today = dt.datetime.fromtimestamp(20_000 * DAY_S, tz=dt.UTC)
    assert dt.timedelta(days=30) < ends - today < dt.timedelta(days=365)


def test_security_txt_moves_on_by_the_day_and_names_no_http_page() -> None:
    values = {"contact": "https://example.org/contact", "origin": "http://localhost:8420"}
    today, later = (
        lines_of(well_known.security(facts_of(**values, today=day)) or "") for day in (0, 1)
    )
    assert (today["Expires"], later["Expires"]) == ("1970-06-30T00:00:00Z", "1970-07-01T00:00:00Z")
    assert "http://" not in "".join(today.values())


async def test_security_txt_is_served_where_there_is_a_contact_and_404_where_there_is_none(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, **NAMED) as server:
        answer = await server.get("/.well-known/security.txt")
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        ends = dt.datetime.fromisoformat(lines_of(answer.text)["Expires"])
        assert day_of(ends.timestamp()) == server.services.today() + well_known.SECURITY_DAYS
    async with running(tmp_path) as server:
        answer = await server.get("/.well-known/security.txt")
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
        assert (await server.get("/.well-known/privacy.json")).json()["security"] is None


@pytest.mark.parametrize("named", [True, False])
async def test_the_doctor_says_whether_there_is_a_contact(tmp_path: Path, named: bool) -> None:
    async with local_server(tmp_path, **(NAMED if named else {})) as server:
        checks = {one.name: one for one in await run_checks(server.origin, tmp_path / "none")}
    assert checks["contact"].ok is named
    assert not checks["contact"].required
    assert ("--contact" in checks["contact"].advice) is not named


def test_serve_has_the_options() -> None:
    shown = CliRunner().invoke(app, ["serve", "--help"], env={"COLUMNS": "200"}).output
    assert "--operator" in shown
    assert "--contact" in shown
    assert ServerConfig.__dataclass_fields__["contact"].default is None
