"""The part of the Store contract about an account's own data, on every implementation."""

from __future__ import annotations

import hashlib
import os
from typing import Any

import pytest
from tests.contract.test_store import TODAY, make, store

from visavis.core.errors import Code, PeerError
from visavis.ports.account_data import AccountSettings, Digest, KeptTable
from visavis.ports.store import Store
from visavis.ports.stored import NewAccount, NewEnvelope

__all__ = ["store"]


async def look(one: Store, account: NewAccount, day: int | None = None) -> dict[str, KeptTable]:
    found = await one.account_data(account.account_id, day, skip=0, limit=10_000, longest=64)
    return {table.name: table for table in found}


async def test_every_row_comes_with_its_end(store: Store) -> None:
    anna, _ = await make(store), await make(store)
    tables = await look(store, anna)
    (row,) = tables["accounts"].rows
    assert row.values["account_id"] == anna.account_id
    assert row.values["handle_tag"] == anna.handle_tag
    assert row.values["created_day"] == TODAY
    assert row.values["opaque_record"] == Digest(192, hashlib.sha256(anna.opaque_record).digest())
    assert row.deleted_day == TODAY + 730
    assert tables["accounts"].key == ("account_id",)
    assert tables["keystores"].total_bytes == 16 + 4_096
    hashes = {one.values["capability_hash"] for one in tables["capabilities"].rows}
    assert hashes == set(anna.device.capability_hashes)
    assert tables["envelopes"].rows == ()
    assert tables["envelopes"].total_rows == 0


async def test_nobody_has_nothing(store: Store) -> None:
    await make(store)
    for table in await store.account_data(os.urandom(16), None, skip=0, limit=99, longest=64):
        assert (table.total_rows, table.total_bytes, table.rows) == (0, 0, ())


@pytest.mark.parametrize("limit", [1, 2, 5])
async def test_pages_are_parts_of_one_whole(store: Store, limit: int) -> None:
    anna = await make(store)
    whole = await look(store, anna)
    total = sum(table.total_rows for table in whole.values())
    seen: list[Any] = []
    for skip in range(0, total + limit, limit):
        page = await store.account_data(anna.account_id, None, skip=skip, limit=limit, longest=64)
        shown = [(table.name, row) for table in page for row in table.rows]
        assert len(shown) == max(0, min(limit, total - skip))
        seen += shown
    assert seen == [(name, row) for name, table in whole.items() for row in table.rows]


async def test_a_day_to_come_shows_what_its_run_leaves(store: Store) -> None:
    anna = await make(store)
    old = NewEnvelope(os.urandom(16), anna.device.mailbox_id, TODAY - 20, os.urandom(100))
    await store.write_envelopes([old], [])
    for day, left in ((TODAY, 1), (TODAY + 9, 1), (TODAY + 10, 0)):
        assert (await look(store, anna, day))["envelopes"].total_rows == left
    (row,) = (await look(store, anna))["envelopes"].rows
    assert row.deleted_day == TODAY + 10
    await store.purge(TODAY + 10)
    assert (await look(store, anna))["envelopes"].total_rows == 0


async def test_one_value_is_read_whole_by_its_owner_only(store: Store) -> None:
    anna, bert = await make(store), await make(store)
    key = [anna.account_id]
    mine = await store.account_value(anna.account_id, "keystores", "body", key)
    assert mine == anna.keystore
    for account, table, column, parts in (
        (bert.account_id, "keystores", "body", key),
        (anna.account_id, "keystores", "nothing", key),
        (anna.account_id, "accounts", "created_day", key),
        (anna.account_id, "spent_links", "link_hash", key),
        (anna.account_id, "nothing", "body", key),
        (anna.account_id, "keystores", "body", [*key, *key]),
        (anna.account_id, "keystores", "body", [os.urandom(16)]),
    ):
        assert await store.account_value(account, table, column, parts) is None


async def test_choices_are_kept_shorten_and_go_again(store: Store) -> None:
    anna, bert = await make(store), await make(store)
    assert await store.account_settings(anna.account_id) == AccountSettings()
    chosen = AccountSettings(account_days=30, envelope_days=3)
    await store.set_account_settings(anna.account_id, chosen)
    await store.set_account_settings(anna.account_id, chosen)
    assert await store.account_settings(anna.account_id) == chosen
    assert await store.account_settings(bert.account_id) == AccountSettings()
    assert await store.account(anna.account_id, TODAY + 29) is not None
    assert await store.account(anna.account_id, TODAY + 30) is None
    assert await store.account(bert.account_id, TODAY + 729) is not None
    # More than the operator's counts for nothing.
    await store.set_account_settings(anna.account_id, AccountSettings(account_days=9_999))
    assert await store.account(anna.account_id, TODAY + 729) is not None
    assert await store.account(anna.account_id, TODAY + 730) is None
    await store.set_account_settings(anna.account_id, AccountSettings())
    assert (await look(store, anna))["account_settings"].total_rows == 0
    with pytest.raises(PeerError) as refused:
        await store.set_account_settings(os.urandom(16), chosen)
    assert refused.value.code is Code.REFUSED


async def test_frozen_nothing_of_it_opens(store: Store) -> None:
    anna, bert = await make(store), await make(store)
    await store.put_key_packages(anna.device.device_id, [b"one"], b"last", TODAY)

    async def opens(one: NewAccount) -> tuple[bool, bool]:
        found = await store.capability_mailbox(one.device.capability_hashes[0])
        envelope = NewEnvelope(os.urandom(16), one.device.mailbox_id, TODAY, b"body")
        missed = await store.write_envelopes([envelope], [])
        return found == one.device.mailbox_id, not missed

    assert await opens(anna) == await opens(bert) == (True, True)
    await store.set_account_settings(anna.account_id, AccountSettings(restricted=True))
    assert await opens(anna) == (False, False)
    assert await opens(bert) == (True, True)
    assert await store.take_key_package(anna.device.mailbox_id, TODAY) is None
    assert await store.count_key_packages(anna.device.device_id, TODAY) == 1, "kept"
    stored = await store.stored_envelopes(anna.device.mailbox_id, TODAY, limit=9)
    assert len(stored) == 1, "what came before is there for its owner"
    assert await store.device(anna.device.device_id, TODAY) is not None
    await store.set_account_settings(anna.account_id, AccountSettings())
    assert await opens(anna) == (True, True)
    assert await store.take_key_package(anna.device.mailbox_id, TODAY) == b"one"


async def test_one_thing_is_deleted_whole(store: Store) -> None:
    anna, bert = await make(store), await make(store)
    for one in (anna, bert):
        await store.put_key_packages(one.device.device_id, [b"one", b"two"], b"last", TODAY)
        await store.write_envelopes(
            [NewEnvelope(os.urandom(16), one.device.mailbox_id, TODAY, b"body")], []
        )
    assert await store.delete_key_packages(anna.device.device_id) == 3
    assert await store.delete_waiting_envelopes(anna.device.mailbox_id) == 1
    assert await store.delete_key_packages(anna.device.device_id) == 0
    assert await store.count_key_packages(bert.device.device_id, TODAY) == 2
    assert len(await store.stored_envelopes(bert.device.mailbox_id, TODAY, limit=9)) == 1
