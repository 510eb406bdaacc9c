"""Time travel through every retention of the inventory (R-72).

The list comes from `privacy/inventory.toml`. For each schedule of a table: on its last day the row
is still returned, a day later every query hides it although no job has run, and after the job it is
in no row and no byte of the file. A schedule without a table names what proves it. A new schedule
without either fails `test_every_schedule_has_a_proof`.
"""

from __future__ import annotations

import ast
import os
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from visavis.ports.blobs import BLOB_DAYS, BLOB_SIZES
from visavis.ports.passkeys import NewPasskey
from visavis.ports.push import PushSubscription
from visavis.ports.shares import MAX_SHARE_DAYS, StoredShare
from visavis.ports.stored import (
    CommitResult,
    NewAccount,
    NewCommit,
    NewDevice,
    NewEnvelope,
    Purged,
    RequestAddress,
    VaultWrite,
)
from visavis.server import inventory
from visavis.server.inventory import Schedule
from visavis.store.base import Base
from visavis.store.blobs_folder import FolderBlobs
from visavis.store.sqlite import SqliteStore

ROOT = Path(__file__).resolve().parents[2]
BORN = 20_000
LISTED = inventory.load()
OF_TABLES = {name: one for name, one in LISTED.schedules.items() if one.table}


@dataclass(frozen=True)
class Row:
    """Something stored on the day `BORN`.

    Args:
        found: By query: whether it is returned on a day.
        needle: Bytes of it.
    """

    found: dict[str, Callable[[int], Awaitable[bool]]]
    needle: bytes


def new_device() -> NewDevice:
    return NewDevice(os.urandom(16), os.urandom(32), os.urandom(16), (os.urandom(32),))


async def make(store: SqliteStore, *, seen: int = BORN) -> NewAccount:
    """Make an account that was last seen on a day; its device on the day `BORN`."""
    one = NewAccount(
        account_id=os.urandom(16),
        handle_tag=os.urandom(32),
        opaque_record=os.urandom(192),
        recovery_key=os.urandom(32),
        keystore=os.urandom(4096),
        device=new_device(),
    )
    await store.create_account(one, os.urandom(32), BORN)
    await store.touch_account(one.account_id, seen)
    return one


# ---- one row for each schedule -------------------------------------------------------------------


async def account(store: SqliteStore) -> Row:
    one = await make(store)
    passkey = NewPasskey(os.urandom(32), os.urandom(77), os.urandom(156))
    await store.add_passkey(one.account_id, passkey, BORN)
    device = one.device
    address = RequestAddress(device.mailbox_id, os.urandom(32), os.urandom(1216))
    await store.set_request_address(one.account_id, address)
    write = VaultWrite(0, os.urandom(4096), {os.urandom(16): os.urandom(4096)}, ())
    await store.vault_write(one.account_id, write, 9)

    async def by_handle(day: int) -> bool:
        return await store.account_by_handle(one.handle_tag, day) is not None

    async def by_id(day: int) -> bool:
        return await store.account(one.account_id, day) is not None

    async def by_passkey(day: int) -> bool:
        return await store.passkey(passkey.credential_id, day) is not None

    async def passkeys(day: int) -> bool:
        return await store.passkeys(one.account_id, day) != ()

    async def request_address(day: int) -> bool:
        return await store.request_address(one.handle_tag, day) is not None

    found = (by_handle, by_id, by_passkey, passkeys, request_address)
    return Row({each.__name__: each for each in found}, one.handle_tag)


async def device(store: SqliteStore) -> Row:
    one = await make(store, seen=BORN + 400)

    async def by_id(day: int) -> bool:
        return await store.device(one.device.device_id, day) is not None

    async def of_account(day: int) -> bool:
        return await store.devices(one.account_id, day) != ()

    return Row({"by_id": by_id, "of_account": of_account}, one.device.token_hash)


async def envelope(store: SqliteStore) -> Row:
    mailbox, body = (await make(store)).device.mailbox_id, os.urandom(200)
    await store.write_envelopes([NewEnvelope(os.urandom(16), mailbox, BORN, body)], [])

    async def waiting(day: int) -> bool:
        return await store.stored_envelopes(mailbox, day, limit=9) != ()

    async def counted(day: int) -> bool:
        return mailbox in await store.stored_bytes(day)

    return Row({"waiting": waiting, "counted": counted}, body)


async def key_package(store: SqliteStore) -> Row:
    one, other = (await make(store)).device, (await make(store)).device
    body = os.urandom(300)
    await store.put_key_packages(one.device_id, [body], None, BORN)
    await store.put_key_packages(other.device_id, [], os.urandom(300), BORN)

    async def one_time(day: int) -> bool:
        return await store.count_key_packages(one.device_id, day) > 0

    async def last_resort(day: int) -> bool:
        return await store.take_key_package(other.mailbox_id, day) is not None

    return Row({"one_time": one_time, "last_resort": last_resort}, body)


async def push_subscription(store: SqliteStore) -> Row:
    mine, sealed = (await make(store)).device, os.urandom(1400)
    await store.put_push_subscription(PushSubscription(mine.device_id, sealed), BORN)

    async def of_mailbox(day: int) -> bool:
        return await store.push_subscription(mine.mailbox_id, day) is not None

    return Row({"of_mailbox": of_mailbox}, sealed[:64])  # the rest may lie on another page


async def sequencer(store: SqliteStore) -> Row:
    handle = os.urandom(32)
    await store.create_sequencer(handle, 1, b"1" * 32, BORN)

    async def answers(day: int) -> bool:
        # A commit out of turn: known or not shows, and nothing is touched, as a pull would.
        late = NewCommit(handle, 99, b"1" * 32, b"c", b"2" * 32)
        return await store.append_commit(late, day) is CommitResult.CONFLICT

    return Row({"answers": answers}, handle)


async def commit(store: SqliteStore) -> Row:
    handle, body = os.urandom(32), os.urandom(500)
    await store.create_sequencer(handle, 1, b"1" * 32, BORN)
    await store.append_commit(NewCommit(handle, 1, b"1" * 32, body, b"2" * 32), BORN)

    async def pulled(day: int) -> bool:
        found = await store.pull_commits(handle, 0, day, limit=9)
        assert found is not None, "the sequencer itself lives longer"
        return found.commits != ()

    return Row({"pulled": pulled}, body)


async def share(store: SqliteStore) -> Row:
    """A share that ends as late as it can; `test_a_share_ends_on_its_own_day` has shorter ones."""
    laid = new_share(MAX_SHARE_DAYS)
    assert await store.lay_share(laid, BORN)

    async def read(day: int) -> bool:
        return await store.read_share(laid.slot, laid.read_hash, day) is not None

    return Row({"read": read}, laid.share)


def new_share(days: int) -> StoredShare:
    return StoredShare(*(os.urandom(size) for size in (16, 32, 32, 32)), expires_day=BORN + days)


async def spent_link(store: SqliteStore) -> Row:
    one, link = await make(store), os.urandom(32)
    await store.delete_account(one.account_id)
    await store.create_account(
        NewAccount(
            one.account_id, one.handle_tag, b"", b"", one.keystore, new_device(),
            NewPasskey(os.urandom(32), os.urandom(77), os.urandom(156)),
        ),
        link, BORN,
    )  # fmt: skip

    async def known(day: int) -> bool:
        return await store.link_spent(link, day)

    return Row({"known": known}, link)


async def farewell(store: SqliteStore) -> Row:
    account, body = await make(store), os.urandom(64)
    gone = new_device()
    await store.add_device(account.account_id, gone, BORN)
    await store.delete_device(account.account_id, gone.device_id, body, BORN)

    async def for_device(day: int) -> bool:
        return await store.farewell(gone.token_hash, day) is not None

    return Row({"for_device": for_device}, body)


ROWS: dict[str, Callable[[SqliteStore], Awaitable[Row]]] = {
    each.__name__: each
    for each in (
        account, device, envelope, farewell, key_package, push_subscription, sequencer, commit,
        share, spent_link,
    )
}  # fmt: skip


# ---- the journey ---------------------------------------------------------------------------------


async def travel(schedule: Schedule, folder: Path) -> None:
    """Go through the days of a schedule's row and see that it ends as promised."""
    path = folder / "data" / "store.sqlite3"
    store = await SqliteStore.open(path, retention=LISTED.retention)
    try:
        row = await ROWS[schedule.name](store)
        last = BORN + schedule.days - 1
        assert rows(path, schedule.table) > 0
        await store.purge(last)
        for name, found in row.found.items():
            assert await found(last), f"{name}: not returned on its last day"
            assert not await found(last + 1), f"{name}: not hidden a day after"
        assert rows(path, schedule.table) > 0, "the job has not run: only the query hides it"
        await store.tidy(last)
        assert row.needle in path.read_bytes()
        purged = await store.purge(last + 1)
        assert rows(path, schedule.table) == 0, "still in the database after the job"
        assert purged.rows[schedule.table] > 0
        for name, found in row.found.items():
            assert not await found(BORN), f"{name}: deleted, not hidden"
        if schedule.name == "account":
            for table in ("keystores", "passkeys", "devices", "mailboxes", "capabilities",
                          "request_addresses", "vault_manifests", "vault_slots"):  # fmt: skip
                assert rows(path, table) == 0, f"{table}: goes with the account"
        await store.vacuum(last + 1)
        assert row.needle not in path.read_bytes()
        assert row.needle not in path.with_name(f"{path.name}-wal").read_bytes()
    finally:
        await store.close()


def rows(path: Path, table: str) -> int:
    connection = sqlite3.connect(path)
    try:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
    finally:
        connection.close()


@pytest.mark.parametrize("schedule", OF_TABLES.values(), ids=OF_TABLES)
async def test_hidden_by_the_query_and_deleted_by_the_job(
    schedule: Schedule, tmp_path: Path
) -> None:
    await travel(schedule, tmp_path)


@pytest.mark.parametrize("schedule", OF_TABLES.values(), ids=OF_TABLES)
async def test_the_control_a_query_without_its_filter_is_noticed(
    schedule: Schedule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = Base.alive

    def forgetful(self: Base, table: object, _today: int) -> object:
        return honest(self, table, 0)  # type: ignore[arg-type]

    monkeypatch.setattr(Base, "alive", forgetful)
    with pytest.raises(AssertionError, match="not hidden a day after"):
        await travel(schedule, tmp_path)


@pytest.mark.parametrize("schedule", OF_TABLES.values(), ids=OF_TABLES)
async def test_the_control_a_job_that_deletes_nothing_is_noticed(
    schedule: Schedule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def idle(_self: SqliteStore, _today: int) -> Purged:
        return Purged()

    monkeypatch.setattr(SqliteStore, "purge", idle)
    with pytest.raises(AssertionError, match="still in the database after the job"):
        await travel(schedule, tmp_path)


@pytest.mark.parametrize("days", [1, 2, 30])
async def test_a_share_ends_on_its_own_day(tmp_path: Path, days: int) -> None:
    assert LISTED.schedules["share"].days == MAX_SHARE_DAYS
    path = tmp_path / "data" / "store.sqlite3"
    store = await SqliteStore.open(path, retention=LISTED.retention)
    try:
        laid, other = new_share(days), new_share(MAX_SHARE_DAYS)
        assert await store.lay_share(laid, BORN)
        assert await store.lay_share(other, BORN)
        last = BORN + days - 1
        assert (await store.purge(last)).rows["shares"] == 0
        assert await store.read_share(laid.slot, laid.read_hash, last) == laid.share
        assert await store.read_share(laid.slot, laid.read_hash, last + 1) is None
        assert (await store.purge(last + 1)).rows["shares"] == 1
        assert await store.read_share(laid.slot, laid.read_hash, BORN) is None
        assert await store.read_share(other.slot, other.read_hash, last + 1) == other.share
    finally:
        await store.close()


# ---- what is in no table -------------------------------------------------------------------------


async def test_files_end_as_the_inventory_says(tmp_path: Path) -> None:
    """`retention.blob`: hidden by the reader, then removed by the sweep."""
    assert LISTED.schedules["blob"].days == BLOB_DAYS
    blobs = FolderBlobs(tmp_path / "blobs", os.urandom, reserve=0)
    size = min(BLOB_SIZES)

    async def whole() -> object:
        yield bytes(size)

    blob = await blobs.put(size, whole(), day=BORN)  # type: ignore[arg-type]
    path = tmp_path / "blobs" / blob.hex()
    last = BORN + LISTED.schedules["blob"].days - 1
    assert await blobs.sweep(day=last) == 0
    found = await blobs.get(blob, day=last)
    assert found is not None
    assert b"".join([chunk async for chunk in found]) == bytes(size)
    assert await blobs.get(blob, day=last + 1) is None
    assert path.exists(), "only the reader hides it"
    assert await blobs.sweep(day=last + 1) == 1
    assert not path.exists()


PROVEN: dict[str, dict[str, str]] = {
    # schedule -> entry -> the test that fails if it stays longer
    "request": {"requests.json": "tests/server/test_request_desk.py::test_entries_go_on_their_day"},
    "blob": {"blobs/*": "tests/store/test_retention.py::test_files_end_as_the_inventory_says"},
    "log": dict.fromkeys(
        LISTED.log_fields, "tests/server/test_deploy.py::test_the_journal_keeps_one_week"
    ),
    "day": {
        "visavis.sqlite3-wal": "tests/server/test_housekeeping.py"
        "::test_a_deleted_account_is_wiped_from_disk_within_a_minute",
        "visavis.sqlite3-shm": "tests/server/test_housekeeping.py"
        "::test_a_deleted_account_is_wiped_from_disk_within_a_minute",
        "attempts by address": "tests/server/test_guard.py"
        "::test_addresses_are_known_by_a_hash_that_changes_every_day",
        "attempts by handle": "tests/server/test_opaque.py"
        "::test_work_grows_to_a_bound_gets_old_and_is_forgotten_overnight",
        "changes of handle": "tests/server/test_handles.py"
        "::test_some_changes_a_day_and_no_more_and_none_are_remembered_longer",
        "capability quotas": "tests/server/test_quota.py::test_what_is_left_and_when_it_returns",
    },
    "backup": {
        "keys/erasure/backup-*": "tests/server/test_erasure.py"
        "::test_a_backup_opens_for_its_days_and_no_longer",
        "erasure-keys": "tests/server/test_erasure.py"
        "::test_a_backup_opens_for_its_days_and_no_longer",
    },
    "process": {
        "peer address": "tests/scenario/test_requirements_calls.py"
        "::test_a_call_from_a_marked_address_leaves_no_trace_of_it",
        "account tokens": "tests/server/test_accounts.py"
        "::test_an_account_token_lasts_fifteen_minutes_and_not_over_a_restart",
        "connected devices": "tests/server/test_guard.py::test_connections_give_their_tickets_back",
        "call envelopes": "tests/server/test_send_receive.py"
        "::test_call_class_never_reaches_the_store",
        "pushes": "tests/server/test_push.py"
        "::test_what_is_kept_is_sealed_of_one_length_and_nothing_of_a_push",
        "relay credentials": "tests/server/test_coturn.py"
        "::test_credentials_are_opaque_and_short_lived",
        "call rooms": "tests/server/test_call_room_bounds.py"
        "::test_an_empty_room_ends_after_a_minute",
        "call sequencers": "tests/server/test_sequencer.py"
        "::test_conversations_survive_a_restart_and_calls_do_not",
    },
}
"""What is in no table, and what proves its end. Headers are not here: they end with the request;
`tests/server/test_logging.py::test_no_canary_sings` looks for what a request said in all files."""


def test_every_schedule_has_a_proof() -> None:
    without_tables = set(LISTED.schedules) - set(OF_TABLES)
    assert set(ROWS) == set(OF_TABLES), "a schedule of a table needs a row above"
    assert without_tables == {*PROVEN, "installation"}


@pytest.mark.parametrize("name", PROVEN)
def test_every_entry_without_a_table_has_a_proof_that_exists(name: str) -> None:
    entries = {
        one.name for one in LISTED.entries if one.retention.name == name and one.kind != "header"
    }
    assert set(PROVEN[name]) == entries, "a new entry needs a proof"
    for proof in PROVEN[name].values():
        path, _, test = proof.partition("::")
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        assert test in {getattr(node, "name", "") for node in tree.body}, proof


def test_what_stays_with_the_installation_is_about_nobody() -> None:
    """No job ends these: they are the server's own, written anew by upgrades and its operator."""
    entries = [one for one in LISTED.entries if one.retention.name == "installation"]
    assert len(entries) >= 5
    assert [one.name for one in entries if one.personal] == []
    assert not any(one.visible_to != ("operator",) for one in entries)


def test_the_days_of_the_log_are_those_of_the_journal() -> None:
    assert LISTED.schedules["log"].days == 7, "1week in deploy/journald@visavis.conf"


def test_what_is_read_from_a_request_is_never_on_disk() -> None:
    headers = [one for one in LISTED.entries if one.kind == "header"]
    assert {(one.retention.days, one.at_rest) for one in headers} == {(0, "transit")}
