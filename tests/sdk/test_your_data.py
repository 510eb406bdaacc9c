"""The person's own data: seen, measured, closed."""

from __future__ import annotations

import asyncio
import hashlib
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.sdk.conftest import PASSWORD, People, folder_bytes, settle
from tests.server.full_account import projection

import visavis.sdk
from visavis.core.errors import AuthorizationError, Code, PeerError, UnavailableError
from visavis.sdk import server_data
from visavis.sdk.client import Client
from visavis.sdk.local_data import KINDS, MESSAGES
from visavis.sdk.server_data import CLASS_OF, DataClass, LongValue, ServerData
from visavis.server import inventory
from visavis.store.lifetimes import account_tables
from visavis.testing.audit.holdings import collect


def account_id_of(data: ServerData) -> bytes:
    (table,) = (one for one in data.tables if one.name == "accounts")
    value = table.rows[0].values["account_id"]
    assert isinstance(value, bytes)
    return value


def test_every_table_belongs_to_a_kind_of_data() -> None:
    assert {table.name for table in account_tables()} == set(CLASS_OF)


async def test_the_rows_are_those_of_the_database(own: People) -> None:
    anna, bob = await own.pair()
    await anna.send_message(await anna.find_contact("bob"), "hello")
    data = await anna.server_data()
    stored = projection(own.server.data_dir, account_id_of(data))
    shown: dict[str, list[dict[str, Any]]] = {}
    for table in data.tables:
        assert len(table.rows) == table.total_rows
        for row in table.rows:
            values = dict(row.values)
            for name, value in row.values.items():
                if isinstance(value, LongValue):
                    values[name] = await anna.server_value(table, row, name)
            shown.setdefault(table.name, []).append(values)
    order = lambda rows: sorted(rows, key=repr)  # noqa: E731
    assert {name: order(rows) for name, rows in shown.items()} == {
        name: order(rows) for name, rows in stored.items()
    }
    his = await bob.server_data()
    assert account_id_of(his) != account_id_of(data), "the control: bob has rows of his own"


async def test_the_footprint_is_the_sql_count(own: People) -> None:
    anna, _ = await own.pair()
    data = await anna.server_data()
    stored = projection(own.server.data_dir, account_id_of(data))
    for kind in DataClass:
        rows = [row for name, rows in stored.items() if CLASS_OF[name] is kind for row in rows]
        size = sum(8 if isinstance(v, int) else len(v) for row in rows for v in row.values())
        found = data.footprint.get(kind, server_data.Footprint())
        assert (found.rows, found.bytes) == (len(rows), size), kind
    assert data.total.rows == sum(len(rows) for rows in stored.values())
    later = await anna.server_data(in_days=100)
    assert 0 < later.total.rows < data.total.rows
    assert DataClass.KEY_PACKAGES not in {k for k, size in later.footprint.items() if size.rows}
    assert (await anna.server_data(in_days=731)).total.rows == 0


async def test_this_devices_own_footprint(people: People) -> None:
    anna, _ = await people.pair()
    before = await anna.local_data()
    await anna.send_message(await anna.find_contact("bob"), "hello")
    after = await anna.local_data()
    store = anna._session.books.store
    assert after.kinds[MESSAGES].rows > before.kinds.get(MESSAGES, server_data.Footprint()).rows
    assert after.kinds["contacts"].rows >= 1
    assert sum(size.rows for size in after.kinds.values()) == _rows(store), "none is left out"
    assert "other" not in after.kinds, after.kinds
    named = [name for names in KINDS.values() for name in names]
    assert len(named) == len(set(named))
    folder = people.profile("anna")
    assert after.files["store.db"] == (folder / "store.db").stat().st_size
    assert after.total_bytes == sum(after.files.values())
    store.put("a kind that nobody named", b"key", b"value")
    assert (await anna.local_data()).kinds["other"].rows == 1, "the control"


def _rows(store: Any) -> int:
    return int(store._db.execute("SELECT count(*) FROM items").fetchone()[0])


async def test_what_cannot_be_told_to_be_ours_is_said(people: People) -> None:
    anna = await people.sign_up("anna")
    data = await anna.server_data()
    kept = {one.name for one in data.elsewhere if one.kind in {"column", "file"}}
    assert {"sequencers.handle", "commits.body", "spent_links.link_hash", "blobs/*"} <= kept
    memory = {one.name for one in data.elsewhere if one.kind == "memory"}
    listed = {one.name for one in inventory.load().entries if one.kind == "memory"}
    assert memory == listed


# ---- a server that means harm ---------------------------------------------------------------


class Lying:
    """Stands in for the API: gives prepared pages."""

    def __init__(self, *pages: Any) -> None:
        self.pages = list(pages)
        self.asked: list[int] = []

    async def page(self, in_days: int, skip: int) -> Any:
        self.asked.append(skip)
        return self.pages[min(len(self.asked), len(self.pages)) - 1]

    async def value(self, *_: object) -> bytes:
        return b"something else"


def page(next_skip: int | None = None, rows: int = 0) -> dict[str, Any]:
    return {
        "day": "2026-11-29",
        "in_days": 0,
        "settings": {
            "account_days": None,
            "envelope_days": None,
            "restricted": False,
            "most_account_days": 730,
            "most_envelope_days": 30,
        },
        "tables": [
            {
                "table": "envelopes",
                "key": ["delivery_id"],
                "columns": [],
                "total_rows": rows,
                "total_bytes": 0,
                "rows": [
                    {
                        "values": {
                            "delivery_id": "AAAA",
                            "body": {"size": 14, "sha256": "A" * 43},
                        },
                        "deleted_on": "2026-12-29",
                    }
                ],
            }
        ],
        "next_skip": next_skip,
        "elsewhere": [],
    }


async def test_an_answer_without_end_is_given_up() -> None:
    endless = Lying()
    endless.pages = [page(skip + 1) for skip in range(server_data.MAX_PAGES + 2)]
    with pytest.raises(PeerError, match="CK-713") as refused:
        await server_data.read_server_data(endless, 0)  # type: ignore[arg-type]
    assert refused.value.code is Code.TOO_LARGE
    with pytest.raises(PeerError, match="CK-713"):
        await server_data.read_server_data(Lying(page(5), page(5)), 0)  # type: ignore[arg-type]


async def test_rows_that_come_and_go_begin_it_again() -> None:
    once = Lying(page(1, 2), page(None, 3), page(1, 3), page(None, 3))
    assert (await server_data.read_server_data(once, 0)).total.rows == 3  # type: ignore[arg-type]
    assert once.asked == [0, 1, 0, 1]
    always = Lying(*(page(1 if n % 2 == 0 else None, n) for n in range(20)))
    with pytest.raises(UnavailableError):
        await server_data.read_server_data(always, 0)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "damage",
    [
        {"tables": "none"},
        {"tables": [{"table": "x"}]},
        {"settings": None},
        {"settings": {"restricted": 1}},
        {"next_skip": "more"},
        {"day": 5},
        {"day": "[bold]tomorrow"},
        {"day": "2026-13-01"},
        {"elsewhere": [{}]},
    ],
)
async def test_an_answer_that_is_none_is_refused(damage: dict[str, Any]) -> None:
    with pytest.raises(PeerError) as refused:
        await server_data.read_server_data(Lying({**page(), **damage}), 0)  # type: ignore[arg-type]
    assert refused.value.code is Code.MALFORMED
    with pytest.raises(PeerError):
        await server_data.read_server_data(Lying([]), 0)  # type: ignore[arg-type]


async def test_bytes_that_are_not_those_of_the_hash_are_refused() -> None:
    api = Lying(page())
    data = await server_data.read_server_data(api, 0)  # type: ignore[arg-type]
    table = data.tables[0]
    with pytest.raises(PeerError, match="CK-714"):
        await server_data.read_value(api, table, table.rows[0], "body")  # type: ignore[arg-type]
    right = LongValue(14, hashlib.sha256(b"something else").digest())
    row = replace(table.rows[0], values={**table.rows[0].values, "body": right})
    assert await server_data.read_value(api, table, row, "body") == b"something else"  # type: ignore[arg-type]


# ---- the end of an account ------------------------------------------------------------------


def needles(stored: dict[str, list[dict[str, Any]]]) -> dict[str, bytes]:
    """Return every stored value of an account that is long enough to be nobody else's."""
    return {
        f"{table}.{column}[{number}]": value[:64]
        for table, rows in stored.items()
        for number, row in enumerate(rows)
        for column, value in row.items()
        if isinstance(value, bytes) and len(value) >= 16
    }


def found(folder: Path, wanted: dict[str, bytes]) -> set[str]:
    """Return which needles are anywhere in a folder: database, log, free pages, all files."""
    content = folder_bytes(folder)
    return {name for name, value in wanted.items() if value in content}


async def closed_within_a_minute(folder: Path, wanted: dict[str, bytes]) -> set[str]:
    for _ in range(60):
        left = found(folder, wanted)
        if not left:
            break
        await asyncio.sleep(1)
    return left


@pytest.mark.long
async def test_closing_leaves_no_byte_of_the_account(own: People) -> None:
    anna, bob = await own.pair()
    tablet = await own.login("tablet", anna.handle, recovery_code=anna.recovery_code)
    await anna.set_findable(True)
    await settle(anna, bob, tablet)
    await own.close(tablet)
    await bob.send_message(await bob.find_contact("anna"), "are you there?")
    data = await anna.server_data()
    mine = needles(projection(own.server.data_dir, account_id_of(data)))
    his = needles(projection(own.server.data_dir, account_id_of(await bob.server_data())))
    columns = {name.split("[")[0] for name in mine}
    assert {
        "accounts.account_id", "accounts.handle_tag", "accounts.opaque_record",
        "devices.device_id", "devices.token_hash", "mailboxes.mailbox_id",
        "capabilities.capability_hash", "key_packages.body", "keystores.body",
        "vault_slots.body", "request_addresses.capability", "envelopes.body",
    } <= columns  # fmt: skip
    assert found(own.server.data_dir, mine) == set(mine), "the control: the search finds each"

    await anna.close_account(PASSWORD)

    assert not projection(own.server.data_dir, bytes(16))
    assert await closed_within_a_minute(own.server.data_dir, mine) == set()
    assert found(own.server.data_dir, his) == set(his), "bob has everything still"
    rows = collect(own.server.data_dir).rows
    assert len([row for row in rows if row.table == "accounts"]) == 1
    assert not own.profile("anna").exists(), "and the profile is gone too"
    own._open.remove(anna)
    with pytest.raises(AuthorizationError):
        await Client.open(own.profile("anna"), PASSWORD)
    # The other device is cut off; contacts were told nothing.
    tablet = await own.open("tablet")
    with pytest.raises(AuthorizationError) as refused:
        await tablet.sync()
    assert refused.value.code is Code.REFUSED
    await bob.sync()
    assert [contact.state for contact in await bob.contacts()] == ["contact"]


async def test_a_wrong_password_closes_nothing(people: People) -> None:
    anna = await people.sign_up("anna")
    for attempt in (
        anna.close_account("seven wrong otters juggle"),
        anna.close_account(recovery_code="not a code"),
    ):
        with pytest.raises((AuthorizationError, PeerError)):
            await attempt
    assert (await anna.server_data()).total.rows > 0
    assert people.profile("anna").exists()


async def test_the_recovery_code_closes_too_and_leaves_the_persons_own_files(
    people: People,
) -> None:
    anna = await people.sign_up("anna")
    letter = people.profile("anna") / "letter.txt"
    letter.write_text("mine")
    await anna.close_account(recovery_code=anna.recovery_code)
    people._open.remove(anna)
    assert [one.name for one in people.profile("anna").iterdir()] == ["letter.txt"]


@pytest.mark.long
async def test_a_server_that_is_away_leaves_the_profile(own: People) -> None:
    anna = await own.sign_up("anna")
    await own.server.stop()
    with pytest.raises(UnavailableError):
        await anna.close_account(PASSWORD)
    assert own.profile("anna").exists()
    await own.server.start()
    await anna.close_account(PASSWORD)
    own._open.remove(anna)
    assert not own.profile("anna").exists()


def test_every_kind_of_row_that_this_program_keeps_is_named() -> None:
    """The kinds that stand in the SDK's sources, as constants."""
    folder = Path(visavis.sdk.__file__).parent
    kept = {
        found
        for source in folder.glob("*.py")
        for found in re.findall(r'KIND: Final = "([a-z.]+)"', source.read_text())
    }
    assert "consent.share" in kept, "the control"
    named = {name for names in KINDS.values() for name in names}
    assert kept - named == set()
