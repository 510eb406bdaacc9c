"""What the server says it has of an account is what its database has (R-67, R-79, R-80)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sqlalchemy import Column, ForeignKey, LargeBinary, MetaData, Table, insert
from tests.server.full_account import fill, ordered, owned_tables, projection, shown
from tests.server.people import b, running, unb

from visavis.ports.clock import DAY_S, day_text
from visavis.ports.stored import NewEnvelope
from visavis.server import account_data, inventory
from visavis.store import lifetimes
from visavis.store.schema import sequencers, spent_links


async def test_it_is_the_database_byte_for_byte_and_nobody_elses(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        anna, bert = await server.sign_up("anna"), await server.sign_up("bert")
        mine, his = await fill(server, anna), await fill(server, bert)
        said, _ = await shown(server, anna.token)
        stored = projection(tmp_path / "data", mine)
        assert set(stored) == owned_tables(tmp_path / "data"), "a table has no row in this test"
        assert ordered(said) == ordered(stored)
        assert len(said["capabilities"]) == 256
        # The control: the same comparison sees one row too many, one too few, one changed byte.
        others = projection(tmp_path / "data", his)
        assert ordered(said) != ordered(others)
        everything = repr(said)
        for row in others["devices"] + others["mailboxes"] + others["key_packages"]:
            assert all(repr(value) not in everything for value in row.values()
                       if isinstance(value, bytes))  # fmt: skip
        said["envelopes"][0]["arrival_day"] += 1  # type: ignore[operator]
        assert ordered(said) != ordered(stored)


def test_a_table_that_is_added_is_shown_without_anybody_remembering(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    changed = MetaData()
    for table in lifetimes.metadata.tables.values():
        table.to_metadata(changed)
    devices = changed.tables["devices"]
    key = devices.c.device_id
    Table("calls", changed, Column("device_id", LargeBinary, primary_key=True))
    monkeypatch.setattr(lifetimes, "metadata", changed)
    monkeypatch.setattr(lifetimes, "accounts", changed.tables["accounts"])
    assert "calls" not in {table.name for table in lifetimes.account_tables()}, "hangs on nobody"
    Table("rings", changed, Column("device_id", LargeBinary, ForeignKey(key), primary_key=True))
    assert "rings" in {table.name for table in lifetimes.account_tables()}


async def test_every_column_has_its_entry_of_the_inventory(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        anna = await server.sign_up()
        await fill(server, anna)
        _, pages = await shown(server, anna.token, whole=False)
        listed = inventory.load()
        for table in pages[0]["tables"]:
            columns = {one["column"]: one for one in table["columns"]}
            for row in table["rows"]:
                assert row["values"].keys() == columns.keys()
            for name, said in columns.items():
                entry = listed.columns[table["table"], name]
                assert said["purpose"] == entry.purpose
                assert said["legal_basis"] == entry.legal_basis
                assert said["retention_days"] == entry.retention.days
                assert said["at_rest"] == entry.at_rest
                assert said["visible_to"] == list(entry.visible_to)
        elsewhere = {(one["kind"], one["name"]) for one in pages[0]["elsewhere"]}
        owned = {table["table"] for table in pages[0]["tables"]}
        assert elsewhere == {
            (entry.kind, entry.name)
            for entry in listed.entries
            if entry.kind != "column" or entry.name.split(".")[0] not in owned
        }
        for name in ("sequencers.handle", "spent_links.link_hash"):
            assert ("column", name) in elsewhere, "kept, and nobody's to tell"
        assert ("file", "blobs/*") in elsewhere
        assert ("memory", "account tokens") in elsewhere


async def test_what_hangs_on_nobody_is_in_no_row(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        anna = await server.sign_up()
        handle = os.urandom(32)
        store = server.services.store
        await store.create_sequencer(handle, 1, os.urandom(32), server.services.today())
        said, _ = await shown(server, anna.token)
        assert not {sequencers.name, spent_links.name} & said.keys()
        on_disk = [one.read_bytes() for one in (tmp_path / "data").glob("visavis.sqlite3*")]
        assert any(handle in content for content in on_disk), "the control"
        assert repr(handle) not in repr(said)


async def test_pages_are_whole_and_totals_are_sql_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account_data, "PAGE_ROWS", 100)
    async with running(tmp_path) as server:
        anna = await server.sign_up()
        account = await fill(server, anna)
        said, pages = await shown(server, anna.token)
        assert len(pages) > 2
        stored = projection(tmp_path / "data", account)
        assert ordered(said) == ordered(stored)
        for page in pages:
            for table in page["tables"]:
                rows = stored[table["table"]]
                size = sum(
                    8 if isinstance(value, int) else len(value)
                    for row in rows
                    for value in row.values()
                )
                assert (table["total_rows"], table["total_bytes"]) == (len(rows), size)


async def test_rows_come_in_no_order(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        anna = await server.sign_up()
        first, _ = await shown(server, anna.token)
        second, _ = await shown(server, anna.token)
        assert first["capabilities"] != second["capabilities"]
        assert ordered(first) == ordered(second)


@pytest.mark.parametrize("days", [1, 19, 20, 21, 29, 30, 31, 89, 90, 91, 729, 730, 731])
async def test_the_preview_is_what_the_real_run_leaves(tmp_path: Path, days: int) -> None:
    async with running(tmp_path) as server:
        store = server.services.store
        anna = await server.sign_up()
        account = await fill(server, anna)
        await server.clock.advance(5 * DAY_S)
        late = NewEnvelope(os.urandom(16), anna.mailbox_id, server.services.today(), bytes(1_024))
        await store.write_envelopes([late], [])
        said, pages = await shown(server, anna.token, days)
        before = projection(tmp_path / "data", account)
        today = server.services.today()
        assert pages[0]["day"] == day_text(today + days)
        await store.purge(today + days)
        assert ordered(said) == ordered(projection(tmp_path / "data", account))
        gone = {name for name, rows in before.items() if len(rows) > len(said.get(name, ()))}
        expected = {1: set(), 20: {"envelopes"}, 90: {"envelopes", "key_packages",
                    "push_subscriptions"}, 730: set(before)}  # fmt: skip
        if days in expected:
            assert gone == expected[days], "and the preview is not just what is there now"


async def test_each_row_says_the_day_on_which_the_run_deletes_it(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        anna = await server.sign_up()
        account = await fill(server, anna)
        _, pages = await shown(server, anna.token, whole=False)
        today = server.services.today()
        ends = {
            table["table"]: {row["deleted_on"] for row in table["rows"]}
            for table in pages[0]["tables"]
        }
        assert ends["envelopes"] == {day_text(today + 20)}, "the owner's 20, not the operator's 30"
        assert ends["key_packages"] == ends["push_subscriptions"] == {day_text(today + 90)}
        for name in ("accounts", "capabilities", "request_addresses", "vault_slots"):
            assert ends[name] == {day_text(today + 730)}
        for offset in (19, 20):
            await server.services.store.purge(today + offset)
            left = projection(tmp_path / "data", account).get("envelopes", [])
            assert bool(left) is (offset < 20)


async def test_an_overdue_row_is_shown_while_it_is_there(tmp_path: Path) -> None:
    """Query filters hide what is past its day; what is on disk is said all the same."""
    async with running(tmp_path) as server:
        anna = await server.sign_up()
        account = await fill(server, anna)
        today = server.services.today()
        old = NewEnvelope(os.urandom(16), anna.mailbox_id, today - 400, bytes(1_024))
        await server.services.store.write_envelopes([old], [])
        assert not [
            one
            for one in await server.services.store.stored_envelopes(anna.mailbox_id, today, limit=9)
            if one.delivery_id == old.delivery_id
        ]
        said, _ = await shown(server, anna.token)
        assert old.delivery_id in [row["delivery_id"] for row in said["envelopes"]]
        assert ordered(said) == ordered(projection(tmp_path / "data", account))


async def test_somebody_elses_value_and_none_are_one_refusal(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        anna, bert = await server.sign_up("anna"), await server.sign_up("bert")
        await fill(server, anna)
        his = await fill(server, bert)
        theirs = projection(tmp_path / "data", his)["key_packages"][0]["key_package_id"]
        assert isinstance(theirs, bytes)
        questions = [
            {"table": "key_packages", "column": "body", "key": [b(theirs)]},
            {"table": "key_packages", "column": "body", "key": [b(os.urandom(16))]},
            {"table": "key_packages", "column": "nothing", "key": [b(theirs)]},
            {"table": "key_packages", "column": "arrival_day", "key": [b(theirs)]},
            {"table": "sequencers", "column": "handle", "key": [b(theirs)]},
            {"table": "sqlite_master", "column": "sql", "key": [b(theirs)]},
            {"table": "vault_slots", "column": "body", "key": [b(theirs)]},
        ]
        path = "/v1/account/data/value"
        answers = [await server.post(path, question, anna.token) for question in questions]
        assert {one.status_code for one in answers} == {403}, "CK-710"
        assert len({one.content for one in answers}) == 1
        owner = await server.post(path, questions[0], bert.token)
        assert unb(owner.json()["value"]), "the control"


async def test_looking_stores_nothing_and_needs_the_device(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        anna = await server.sign_up()
        account = await fill(server, anna)
        before = projection(tmp_path / "data", account)
        await shown(server, anna.token)
        assert projection(tmp_path / "data", account) == before
        for token in (None, anna.token[:47], await server.account_token(anna.handle)):
            assert (await server.get("/v1/account/data", token)).status_code == 401
        assert "account" not in server.log.getvalue()
        assert (await server.get("/v1/account/data?in_days=1101", anna.token)).status_code == 400
        assert (await server.get("/v1/account/data?skip=-1", anna.token)).status_code == 400


async def test_a_look_that_is_given_up_leaves_no_old_snapshot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were a reader returned with its transaction open, others would read the past for ever."""
    async with running(tmp_path) as server:
        anna = await server.sign_up()
        store = server.services.store

        async def broken(*_: object, **__: object) -> object:
            raise RuntimeError("given up")

        for _ in range(5):
            with monkeypatch.context() as patch:
                patch.setattr(type(store), "_rows", broken)
                with pytest.raises(RuntimeError):
                    await store.account_data(  # type: ignore[attr-defined]
                        (await store.device(anna.token[:16], server.services.today())).account_id,  # type: ignore[union-attr]
                        None, skip=0, limit=9, longest=9,
                    )  # fmt: skip
        async with store.db.write() as connection:  # type: ignore[attr-defined]
            await connection.execute(insert(spent_links).values(link_hash=b"x" * 32, spent_day=1))
        async with store.db.read() as connection:  # type: ignore[attr-defined]
            found = await connection.scalars(spent_links.select())
            assert b"x" * 32 in list(found)
        assert await store.tidy(server.services.today()), "and no reader holds the log"
