"""The inventory is the schema: nothing unlisted boots, nothing is endless (R-61, R-72, R-73)."""

from __future__ import annotations

import ast
import fnmatch
import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import tomlkit
from sqlalchemy import Column, Integer, MetaData, Table
from tests.server.people import running

from visavis.core.errors import FatalError
from visavis.server import app, inventory
from visavis.server.config import ServerConfig
from visavis.store.schema import metadata

SERVER = Path(app.__file__).parent


def shipped() -> dict[str, Any]:
    return tomlkit.parse(inventory.find()).unwrap()


def parse(raw: dict[str, Any]) -> inventory.Inventory:
    return inventory.parse(tomlkit.dumps(raw))


# ---- the build check ---------------------------------------------------------------------------


def schema_of(tables: MetaData) -> dict[str, tuple[str, ...]]:
    found = {name: tuple(c.name for c in table.columns) for name, table in tables.tables.items()}
    return {**found, "alembic_version": ("version_num",)}


def test_every_column_of_the_code_is_listed_and_nothing_else() -> None:
    inventory.check_schema(inventory.load(), schema_of(metadata))


@pytest.mark.parametrize("change", ["column", "table"])
def test_a_mutation_of_the_schema_fails_the_build(change: str) -> None:
    changed = MetaData()
    for table in metadata.tables.values():
        table.to_metadata(changed)
    if change == "column":
        changed.tables["accounts"].append_column(Column("email", Integer))
    else:
        Table("calls", changed, Column("started", Integer))
    with pytest.raises(FatalError, match=r"CK-421.*(accounts\.email|calls\.started)"):
        inventory.check_schema(inventory.load(), schema_of(changed))


def test_a_listed_column_that_is_gone_fails_too() -> None:
    schema = schema_of(metadata)
    schema["devices"] = schema["devices"][:-1]
    with pytest.raises(FatalError, match="CK-421: listed but not in the database"):
        inventory.check_schema(inventory.load(), schema)


def test_a_new_entry_without_retention_is_refused() -> None:
    raw = shipped()
    entry = {**raw["column"][0], "column": "email"}
    raw["column"].append(entry)
    assert ("accounts", "email") in parse(raw).columns, "the control: complete, it parses"
    for key in ("retention", "purpose", "legal_basis", "at_rest", "visible_to"):
        broken = shipped()
        broken["column"].append({name: value for name, value in entry.items() if name != key})
        with pytest.raises(FatalError, match=f"CK-420.*no {key}"):
            parse(broken)


@pytest.mark.parametrize("kind", ["column", "file", "log", "header", "memory"])
@pytest.mark.parametrize("value", ["", "indefinite", "no such schedule"])
def test_no_entry_of_any_kind_goes_without_a_known_retention(kind: str, value: str) -> None:
    raw = shipped()
    raw[kind][0]["retention"] = value
    with pytest.raises(FatalError, match="CK-420"):
        parse(raw)


@pytest.mark.parametrize(
    "days", [None, "indefinite", "30", -1, 1e9, 1.5, True, 1_101, float("inf")]
)
def test_a_schedule_is_a_finite_number_of_days(days: object) -> None:
    raw = shipped()
    if days is None:
        del raw["retention"]["envelope"]["days"]
    else:
        raw["retention"]["envelope"]["days"] = days
    with pytest.raises(FatalError, match="CK-420"):
        parse(raw)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("retention", "envelope", "after"), "envelopes.body"),
        (("retention", "envelope", "after"), "envelopes"),
        (("retention", "envelope", "after"), "nothing.arrival_day"),
        (("retention", "envelope", "after"), "accounts.last_seen_day"),
        (("retention", "envelope", "days"), 0),
        (("retention", "envelope", "until"), "envelopes.arrival_day"),
        (("retention", "share", "until"), "shares.share"),
        (("retention", "share", "until"), "nothing.expires_day"),
        (("retention", "share", "until"), "accounts.last_seen_day"),
        (("retention", "share", "days"), 0),
        (("retention", "backup", "days"), 0),
        (("column", 0, "legal_basis"), "we felt like it"),
        (("column", 0, "at_rest"), "somehow"),
        (("column", 0, "visible_to"), ["partners"]),
        (("column", 0, "column"), "handle_tag"),
        (("column", 0, "table"), ""),
        (("cookie",), [{"name": "session"}]),
        (("metric",), [{"name": "requests"}]),
    ],
)
def test_other_faults_are_refused(path: tuple[Any, ...], value: object) -> None:
    raw = shipped()
    place: Any = raw
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(FatalError):
        parse(raw)


def test_what_is_not_toml_is_refused() -> None:
    with pytest.raises(FatalError, match="not TOML"):
        inventory.parse("= nothing")


def test_every_schedule_of_a_column_is_its_tables_own_or_an_owners() -> None:
    """What the notice says is what the job does: the schedule reaches the row by cascade."""
    listed = inventory.load()

    def owners(name: str) -> set[str]:
        if name not in metadata.tables:
            return {""}  # alembic_version: not about a person
        parents = {key.column.table.name for key in metadata.tables[name].foreign_keys}
        return {name} | {one for parent in parents for one in owners(parent)}

    for (table, column), entry in listed.columns.items():
        assert entry.retention.table in owners(table), f"{table}.{column}"
        if table in listed.retention:
            assert entry.retention.table == table, f"{table}.{column} has a rule of its own"
        assert entry.retention.table or entry.legal_basis == "not_personal"


def test_a_missing_inventory_stops_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inventory, "__file__", "/nowhere/src/visavis/server/inventory.py")
    monkeypatch.setattr(inventory.resources, "files", lambda _name: Path("/nowhere"))
    with pytest.raises(FatalError, match="missing from this installation"):
        inventory.find()


def test_an_installed_copy_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "inventory.toml").write_text("installed")
    monkeypatch.setattr(inventory.resources, "files", lambda _name: tmp_path)
    assert inventory.find() == "installed"


# ---- the boot check ----------------------------------------------------------------------------


async def test_a_server_boots_and_says_so(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        assert (await server.get("/healthz")).json() == {"ok": True}


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE accounts ADD COLUMN email TEXT",
        "CREATE TABLE calls (caller BLOB PRIMARY KEY, callee BLOB) WITHOUT ROWID",
    ],
)
async def test_a_database_with_something_unlisted_does_not_boot(
    tmp_path: Path, statement: str
) -> None:
    async with running(tmp_path):
        pass
    connection = sqlite3.connect(tmp_path / "data" / "visavis.sqlite3")
    connection.execute(statement)
    connection.commit()
    connection.close()
    config = ServerConfig(data_dir=tmp_path / "data", origin="http://127.0.0.1:1")
    with pytest.raises(FatalError, match="CK-421"):
        await app.open_services(config)


async def test_an_inventory_without_retention_does_not_boot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = shipped()
    del raw["retention"]["envelope"]["days"]
    text = tomlkit.dumps(raw)
    monkeypatch.setattr(inventory, "find", lambda: text)
    config = ServerConfig(data_dir=tmp_path / "data", origin="http://127.0.0.1:1")
    with pytest.raises(FatalError, match="CK-420"):
        await app.open_services(config)
    assert not (tmp_path / "data").exists(), "refused before anything was made"


async def test_every_file_in_the_data_folder_is_listed(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        await server.sign_up()
        patterns = server.services.inventory.files

        def unlisted() -> list[str]:
            root = tmp_path / "data"
            names = [str(f.relative_to(root)) for f in root.rglob("*") if f.is_file()]
            assert len(names) >= 5
            return [n for n in names if not any(fnmatch.fnmatch(n, p) for p in patterns)]

        assert unlisted() == []
        (tmp_path / "data" / "access.log").touch()
        assert unlisted() == ["access.log"], "the control"


# ---- what the source does is listed ------------------------------------------------------------


def sources() -> list[tuple[str, ast.Module]]:
    found = [(path.name, ast.parse(path.read_text())) for path in SERVER.rglob("*.py")]
    assert len(found) > 15
    return found


def test_every_log_call_in_the_source_uses_listed_events_and_fields() -> None:
    listed = inventory.load()
    calls = 0
    for name, tree in sources():
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            if ast.unparse(node.func) not in {"logging.event", "logging.failure"}:
                continue
            calls += 1
            first = node.args[0]
            for event in [first.body, first.orelse] if isinstance(first, ast.IfExp) else [first]:
                assert isinstance(event, ast.Constant), f"{name}:{node.lineno}: not a literal"
                assert event.value in listed.log_events, f"{name}:{node.lineno}: {event.value}"
            for keyword in node.keywords:
                assert keyword.arg in listed.log_fields, f"{name}:{node.lineno}: {keyword.arg}"
    assert calls >= 4


def test_no_other_way_out_of_the_server_is_used() -> None:
    """No print, no logger of its own, no cookie, no metric in server code."""
    banned = re.compile(
        r"\bprint\(|getLogger\((?!\)|name\)|\"uvicorn)|set_cookie|prometheus|statsd|sentry"
    )
    for path in SERVER.rglob("*.py"):
        found = [line for line in path.read_text().splitlines() if banned.search(line)]
        # serve.py tells the operator address and sign-up link when it starts: on the terminal.
        if path.name not in {"serve.py", "announce.py"}:
            assert found == [], path.name
    assert banned.search("response.set_cookie('a', 'b')"), "the control"


def test_every_header_the_source_reads_is_listed() -> None:
    listed = inventory.load().headers["request"]
    aliases = set()
    for _, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Header":
                aliases |= {
                    str(k.value.value).lower()
                    for k in node.keywords
                    if k.arg == "alias" and isinstance(k.value, ast.Constant)
                }
    assert "visavis-work" in aliases
    assert aliases <= listed
