"""`visavis data` and `visavis account close`, as a person and a script see them."""

from __future__ import annotations

import json
import stat

import pytest
from tests.cli.conftest import Terminal
from tests.server.full_account import projection

from visavis.cli.data_change import Deletable
from visavis.cli.data_words import (
    AT_REST,
    BASES,
    FOLLOWS,
    NAMES,
    OBJECTIONS,
    SENTENCES,
    WHO,
    countdown,
)
from visavis.core import base64url
from visavis.sdk.server_data import DataClass
from visavis.server import inventory
from visavis.store.lifetimes import account_tables


def test_there_are_words_for_everything() -> None:
    assert set(NAMES) == set(SENTENCES) == set(DataClass)
    assert set(FOLLOWS) == {DataClass(one.value) for one in Deletable}
    listed = inventory.load()
    tables = {table.name for table in account_tables()}
    mine = [entry for (table, _), entry in listed.columns.items() if table in tables]
    assert {entry.at_rest for entry in mine} <= set(AT_REST)
    assert set(WHO) == inventory.VIEWERS
    assert set(BASES) == inventory.LEGAL_BASES


@pytest.mark.parametrize(
    ("days", "words"),
    [
        ({"2026-12-29"}, "in 30 days (2026-12-29)"),
        ({"2026-12-29", "2026-12-01"}, "in 2 to 30 days (2026-12-01 to 2026-12-29)"),
        ({"2026-11-29"}, "due now (2026-11-29)"),
        ({"2026-11-20", "2026-11-30"}, "in 0 to 1 days (2026-11-20 to 2026-11-30)"),
        (set(), ""),
    ],
)
def test_countdowns(days: set[str], words: str) -> None:
    assert countdown(days, "2026-11-29") == words


def test_a_stranger_reads_what_is_kept_and_for_how_long(terminal: Terminal) -> None:
    terminal.sign_up("own-dora")
    ran = terminal.run("own-dora", "data")
    assert ran.status == 0, ran.err
    for words in (
        "Your account",
        "Your devices",
        "Your vault",
        "deleted in 730 days",
        "Sealed; the server cannot open" if "Envelopes" in ran.out else "Your account",
        "who runs the server",
        "kept because: needed for what you asked for (GDPR 6(1)(b))",
        "Kept, but the server cannot tell whose it is: commits, sequencers, shares, spent_links",
        "In memory only",
        "30 days later",
        "This device itself keeps",
    ):
        assert words in ran.out, (words, ran.out)
    later = terminal.run("own-dora", "data", "--in-days", "800")
    assert "if nothing else happened" in later.out
    assert "All" in later.out
    assert "0 rows, 0 bytes" in later.out


def test_json_and_file_have_every_row_as_it_is_stored(terminal: Terminal) -> None:
    terminal.sign_up("own-emil")
    file = terminal.home / "own-emil.json"
    said = terminal.ok("own-emil", "data", "--save", str(file))
    saved = json.loads(file.read_text())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    rows = {table["table"]: [row["values"] for row in table["rows"]] for table in saved["tables"]}
    account = base64url.decode(rows["accounts"][0]["account_id"])
    stored = projection(terminal.server.data_dir, account)
    as_saved = {
        name: [
            {k: v if isinstance(v, int) else base64url.decode(v) for k, v in row.items()}
            for row in found
        ]
        for name, found in rows.items()
        if found
    }
    assert {name: sorted(found, key=repr) for name, found in as_saved.items()} == {
        name: sorted(found, key=repr) for name, found in stored.items()
    }
    long = [row for table in said["tables"] if table["table"] == "keystores"
            for row in table["rows"]]  # fmt: skip
    assert long[0]["values"]["body"]["size"] == 4_096
    assert said["footprint"]["devices"]["rows"] == 258
    assert said["this_device"]["total_bytes"] > 0
    again = terminal.refused("own-emil", "data", "--save", str(file))
    assert again["code"] == "usage"
    assert json.loads(file.read_text()) == saved, "never over another file"


def test_closing_asks_for_the_name_and_leaves_nothing(terminal: Terminal) -> None:
    handle = terminal.sign_up("own-frieda")
    for wrong in ("own-frieda", "anna.00000", ""):
        assert (
            terminal.refused("own-frieda", "account", "close", "--confirm", wrong)["code"]
            == "usage"
        )
    no_answer = terminal.refused("own-frieda", "account", "close")
    assert no_answer["code"] == "usage", "nobody is there to type it"
    assert terminal.ok("own-frieda", "data")["tables"]
    there = terminal.home / "there"
    there.write_text("mine")
    kept = ("--receipt", str(there))
    over = terminal.refused("own-frieda", "account", "close", "--confirm", handle, *kept)
    assert over["code"] == "usage"
    assert there.read_text() == "mine", "refused before anything was deleted"
    closing = ("account", "close", "--confirm", handle, "--receipt", "frieda.receipt")
    closed = terminal.ok("own-frieda", *closing)
    assert (closed["closed"], closed["saved"]) == (handle, "frieda.receipt")
    assert not (terminal.home / "own-frieda").exists()
    # Checked without any profile: it is gone.
    checked = terminal.ok(None, "data", "receipt", "frieda.receipt", password=None)
    assert (checked["what"], checked["key_destroyed"]) == ("account", True)
    assert checked["origin"] == terminal.server.origin
    key = closed["receipt_key"]
    offline = ("data", "receipt", "frieda.receipt", "--key")
    assert terminal.ok(None, *offline, key, password=None)["day"] == checked["day"]
    assert "NOT signed" in terminal.refused(None, *offline, "A" * 43, password=None)["error"]
    assert terminal.refused(None, *offline, "no key", password=None)["code"] == "usage"
    (terminal.home / "forged").write_text(closed["receipt"][:-8] + "AAAAAAAA")
    forged = terminal.refused(None, "data", "receipt", "forged", password=None)
    assert forged["code"] in {"bad_signature", "malformed"}
    (terminal.home / "bare").write_text(closed["receipt"] + "\n")
    assert terminal.ok(None, "data", "receipt", "bare", password=None)["rows"] == 1
    gone = terminal.refused("own-frieda", "data")
    assert gone["code"] == "store_locked"


def test_days_are_shortened_and_given_back(terminal: Terminal) -> None:
    terminal.sign_up("own-gerd")
    said = terminal.ok("own-gerd", "data", "shorten", "envelopes", "7")
    assert said == {"ok": True, "what": "envelopes", "days": 7, "most": 30}
    assert terminal.ok("own-gerd", "data", "shorten", "account", "90")["days"] == 90
    for what, days in (("envelopes", "31"), ("envelopes", "0"), ("account", "731"),
                       ("account", "6"), ("account", "soon"), ("account", "-7")):  # fmt: skip
        assert terminal.refused("own-gerd", "data", "shorten", what, days)["code"] == "usage"
    shown = terminal.ok("own-gerd", "data")["settings"]
    assert (shown["account_days"], shown["envelope_days"]) == (90, 7)
    assert "deleted in 90 days" in terminal.run("own-gerd", "data").out
    assert terminal.ok("own-gerd", "data", "shorten", "envelopes", "default")["days"] == 30
    assert terminal.ok("own-gerd", "data")["settings"]["envelope_days"] is None


def test_one_thing_is_deleted_and_what_follows_is_said(terminal: Terminal) -> None:
    terminal.sign_up("own-hana")
    terminal.ok("own-hana", "findable", "on")
    for what in Deletable:
        ran = terminal.run("own-hana", "data", "delete", what.value)
        assert ran.status == 0, ran.err
        kind = DataClass(what.value)
        there = what.value in {"handle", "key-packages", "vault"}
        assert ("deleted" in ran.out) is there, ran.out
        assert (FOLLOWS[kind] in ran.out) is there, "words follow only what was done"
    kept = ("--receipt", "hana.receipt")
    done = terminal.ok("own-hana", "data", "delete", "key-packages", *kept)
    assert done["saved"] == "hana.receipt"
    checked = terminal.run(None, "data", "receipt", "hana.receipt", password=None)
    assert checked.status == 0, checked.err
    assert "the keys with which contacts let one device in" in checked.out
    assert "A backup from before holds it until" in checked.out
    vault = terminal.ok("own-hana", "data", "delete", "vault")
    assert (vault["receipt"], vault["no_receipt"]) == (None, "none")
    left = terminal.ok("own-hana", "data")["footprint"]
    assert "key-packages" not in left or left["key-packages"]["rows"] == 0
    assert terminal.ok("own-hana", "findable")["findable"] is False
    assert terminal.run("own-hana", "data", "delete", "account").status != 0


def test_restricting_shows_and_is_taken_back(terminal: Terminal) -> None:
    terminal.sign_up("own-ines")
    assert terminal.ok("own-ines", "data", "restrict")["restricted"] is True
    assert "Restricted by you" in terminal.run("own-ines", "data").out
    assert terminal.ok("own-ines", "data")["settings"]["restricted"] is True
    assert terminal.ok("own-ines", "data", "unrestrict")["restricted"] is False
    assert "Restricted by you" not in terminal.run("own-ines", "data").out


def test_objections_have_an_outcome_each(terminal: Terminal) -> None:
    terminal.sign_up("own-juri")
    found = terminal.ok("own-juri", "data", "object")["objectable"]
    listed = inventory.load().entries
    expected = {(e.kind, e.name) for e in listed if e.legal_basis == "legitimate_interest"}
    assert {(one["kind"], one["name"]) for one in found} == expected
    outcomes = {one["name"]: one["outcome"] for one in found}
    assert {name: outcomes[name] for name in OBJECTIONS} == OBJECTIONS
    memory = {one["name"] for one in found if one["kind"] == "memory"}
    assert memory < set(OBJECTIONS), "nothing in memory goes without an answer"
    assert "visavis data restrict" in terminal.run("own-juri", "data", "object").out
