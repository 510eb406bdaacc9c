"""One contract for the Store port, run on every implementation.

SQLite is run twice: kept open, and closed and opened again before every single call, so that
nothing can pass by living in memory only.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from visavis.core.errors import AuthorizationError, Code, PeerError, UnavailableError, VisavisError
from visavis.ports.push import PushSubscription
from visavis.ports.store import Store
from visavis.ports.stored import (
    CommitResult,
    NewAccount,
    NewCommit,
    NewDevice,
    NewEnvelope,
    RequestAddress,
    VaultWrite,
)
from visavis.server import inventory
from visavis.store.sqlite import SqliteStore

TODAY = 20_000


class Reopening:
    """A store that is closed and opened again before every call.

    One at a time, as the lock on the data folder has it (`server/data_lock.py`): SQLite does not
    wait when one connection opens while the last other one closes.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._alone = asyncio.Lock()

    def __getattr__(self, name: str) -> Any:
        async def call(*args: Any, **kwargs: Any) -> Any:
            async with self._alone:
                store = await open_sqlite(self._path)
                try:
                    return await getattr(store, name)(*args, **kwargs)
                finally:
                    await store.close(TODAY)

        return call


async def open_sqlite(path: Path) -> SqliteStore:
    return await SqliteStore.open(path, retention=inventory.load().retention)


@pytest.fixture(params=["sqlite", "sqlite reopened before every call"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Any]:
    path = tmp_path / "data" / "store.sqlite3"
    if request.param != "sqlite":
        yield Reopening(path)
        return
    opened = await open_sqlite(path)
    yield opened
    await opened.close()


def new_device(capabilities: int = 3) -> NewDevice:
    hashes = tuple(os.urandom(32) for _ in range(capabilities))
    return NewDevice(os.urandom(16), os.urandom(32), os.urandom(16), hashes)


def new_account(device: NewDevice | None = None) -> NewAccount:
    return NewAccount(
        account_id=os.urandom(16),
        handle_tag=os.urandom(32),
        opaque_record=os.urandom(192),
        recovery_key=os.urandom(32),
        keystore=os.urandom(4096),
        device=device or new_device(),
    )


async def make(store: Store, today: int = TODAY) -> NewAccount:
    account = new_account()
    await store.create_account(account, os.urandom(32), today)
    return account


# ---- accounts --------------------------------------------------------------------------------


async def test_an_account_is_found_by_handle_and_by_id(store: Store) -> None:
    new = await make(store)
    await make(store)
    by_handle = await store.account_by_handle(new.handle_tag, TODAY)
    assert by_handle is not None
    assert by_handle == await store.account(new.account_id, TODAY)
    assert (by_handle.account_id, by_handle.handle_tag) == (new.account_id, new.handle_tag)
    assert (by_handle.opaque_record, by_handle.recovery_key) == (
        new.opaque_record,
        new.recovery_key,
    )
    assert by_handle.created_day == by_handle.last_seen_day == TODAY
    assert await store.keystore(new.account_id) == new.keystore
    assert await store.account_by_handle(os.urandom(32), TODAY) is None
    assert await store.account(os.urandom(16), TODAY) is None
    assert await store.keystore(os.urandom(16)) is None


async def test_a_link_is_spent_once_and_a_second_use_changes_nothing(store: Store) -> None:
    link = os.urandom(32)
    first, second = new_account(), new_account()
    assert not await store.link_spent(link, TODAY)
    await store.create_account(first, link, TODAY)
    assert await store.link_spent(link, TODAY)
    with pytest.raises(PeerError, match="CK-400") as error:
        await store.create_account(second, link, TODAY)
    assert error.value.code is Code.SIGNUP_LINK
    assert await store.account(second.account_id, TODAY) is None
    assert await store.device(second.device.device_id, TODAY) is None


async def test_two_uses_of_a_link_at_once_make_one_account(store: Store) -> None:
    link = os.urandom(32)
    both = [new_account(), new_account()]
    results = await asyncio.gather(
        *(store.create_account(one, link, TODAY) for one in both), return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in results) == ["NoneType", "PeerError"], results
    found = [await store.account(one.account_id, TODAY) for one in both]
    assert sum(one is not None for one in found) == 1


async def test_a_handle_taken_in_the_meantime_spends_no_link(store: Store) -> None:
    first = await make(store)
    link = os.urandom(32)
    twin = new_account()
    clash = NewAccount(
        twin.account_id,
        first.handle_tag,
        twin.opaque_record,
        twin.recovery_key,
        twin.keystore,
        twin.device,
    )
    with pytest.raises(UnavailableError):
        await store.create_account(clash, link, TODAY)
    assert not await store.link_spent(link, TODAY)


@pytest.mark.parametrize("field", ["device_id", "mailbox_id"])
async def test_taken_device_ids_and_mailboxes_are_conflicts(store: Store, field: str) -> None:
    first = await make(store)
    device = new_device()
    values = {name: getattr(device, name) for name in NewDevice.__slots__}
    values[field] = getattr(first.device, field)
    for attempt in (
        lambda: store.create_account(new_account(NewDevice(**values)), os.urandom(32), TODAY),
        lambda: store.add_device(first.account_id, NewDevice(**values), TODAY),
    ):
        with pytest.raises(PeerError) as error:
            await attempt()
        assert error.value.code is Code.CONFLICT
    assert len(await store.devices(first.account_id, TODAY)) == 1


async def test_a_password_change_replaces_both_or_neither(store: Store) -> None:
    new = await make(store)
    present = sha256(new.keystore)
    with pytest.raises(PeerError) as stale:
        await store.replace_password(new.account_id, b"r" * 192, b"k" * 4096, sha256(b"other"))
    assert stale.value.code is Code.CONFLICT
    before = await store.account(new.account_id, TODAY)
    assert before is not None
    assert before.opaque_record == new.opaque_record
    assert await store.replace_password(new.account_id, b"r" * 192, b"k" * 4096, present)
    account = await store.account(new.account_id, TODAY)
    assert account is not None
    assert account.opaque_record == b"r" * 192
    assert await store.keystore(new.account_id) == b"k" * 4096
    assert not await store.replace_password(os.urandom(16), b"r" * 192, b"k" * 4096, present)


async def test_a_handle_is_replaced_with_record_and_keystore_or_not_at_all(store: Store) -> None:
    """CK-680, CK-761."""
    new, other = await make(store), await make(store)
    present, tag = sha256(new.keystore), os.urandom(32)

    async def change(tag: bytes, record: bytes, replaces: bytes) -> bool:
        return await store.replace_handle(new.account_id, tag, record, b"k" * 4096, replaces)

    for error, attempt in (
        (Code.CONFLICT, lambda: change(tag, b"r" * 192, sha256(b"other"))),
        (Code.MALFORMED, lambda: change(tag, b"", present)),
        (Code.UNAVAILABLE, lambda: change(other.handle_tag, b"r" * 192, present)),
    ):
        with pytest.raises(VisavisError) as refused:
            await attempt()
        assert refused.value.code is error
        account = await store.account_by_handle(new.handle_tag, TODAY)
        assert account is not None
        assert (account.account_id, account.opaque_record) == (new.account_id, new.opaque_record)
        assert await store.keystore(new.account_id) == new.keystore
    assert await change(tag, b"r" * 192, present)
    assert await store.account_by_handle(new.handle_tag, TODAY) is None
    account = await store.account_by_handle(tag, TODAY)
    assert account is not None
    assert (account.account_id, account.opaque_record) == (new.account_id, b"r" * 192)
    assert await store.keystore(new.account_id) == b"k" * 4096
    nobody = os.urandom(16)
    assert not await store.replace_handle(nobody, tag, b"r" * 192, b"k" * 4096, present)


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


async def test_the_keystore_is_replaced_by_compare_and_set(store: Store) -> None:
    """CK-680."""
    new = await make(store)
    present = sha256(new.keystore)
    assert await store.set_keystore(new.account_id, b"n" * 4096, present)
    assert await store.keystore(new.account_id) == b"n" * 4096
    with pytest.raises(PeerError) as stale:
        await store.set_keystore(new.account_id, b"m" * 4096, present)
    assert stale.value.code is Code.CONFLICT
    assert await store.keystore(new.account_id) == b"n" * 4096
    assert not await store.set_keystore(os.urandom(16), b"n" * 4096, present)


async def test_of_many_who_replace_one_keystore_one_wins(store: Store) -> None:
    """CK-680."""
    new = await make(store)
    bodies = [bytes([i]) * 4096 for i in range(8)]
    results = await asyncio.gather(
        *(store.set_keystore(new.account_id, body, sha256(new.keystore)) for body in bodies),
        return_exceptions=True,
    )
    assert [r for r in results if r is True] == [True]
    assert {type(r).__name__ for r in results} == {"bool", "PeerError"}
    assert await store.keystore(new.account_id) == bodies[results.index(True)]


async def test_days_move_forward_only(store: Store) -> None:
    new = await make(store)
    await store.touch_account(new.account_id, TODAY + 5)
    await store.touch_account(new.account_id, TODAY + 2)
    account = await store.account(new.account_id, TODAY + 5)
    assert account is not None
    assert (account.created_day, account.last_seen_day) == (TODAY, TODAY + 5)
    await store.touch_device(new.device.device_id, TODAY + 9)
    device = await store.device(new.device.device_id, TODAY + 9)
    account = await store.account(new.account_id, TODAY + 9)
    assert device is not None
    assert account is not None
    assert device.last_seen_day == account.last_seen_day == TODAY + 9


async def test_deleting_an_account_leaves_nothing_of_it_and_all_of_the_others(store: Store) -> None:
    gone, stays = await make(store), await make(store)
    second = new_device()
    await store.add_device(gone.account_id, second, TODAY)
    for account in (gone, stays):
        device = account.device
        await store.put_key_packages(device.device_id, [b"one"], b"last", TODAY)
        await store.vault_write(account.account_id, VaultWrite(0, b"m", {b"s" * 16: b"d"}, []), 9)
        address = RequestAddress(device.mailbox_id, b"c" * 32, b"k" * 1216)
        await store.set_request_address(account.account_id, address)
        await store.write_envelopes(
            [NewEnvelope(os.urandom(16), device.mailbox_id, TODAY, b"e")], []
        )
    removed = await store.delete_account(gone.account_id)
    assert {one.device_id for one in removed} == {gone.device.device_id, second.device_id}
    assert {one.mailbox_id for one in removed} == {gone.device.mailbox_id, second.mailbox_id}
    for account, there in ((gone, False), (stays, True)):
        device = account.device
        capability = device.capability_hashes[0]
        head = await store.vault_head(account.account_id)
        waiting = await store.stored_envelopes(device.mailbox_id, TODAY, limit=9)
        assert (await store.account(account.account_id, TODAY) is not None) is there
        assert (await store.keystore(account.account_id) is not None) is there
        assert (await store.device(device.device_id, TODAY) is not None) is there
        assert (await store.capability_mailbox(capability) is not None) is there
        assert (await store.take_key_package(device.mailbox_id, TODAY) is not None) is there
        assert (head.manifest is not None) is there
        assert bool(head.slots) is there
        assert bool(waiting) is there
        assert (await store.request_address(account.handle_tag, TODAY) is not None) is there
    assert await store.delete_account(gone.account_id) == ()


# ---- devices, capabilities, key packages, request addresses ----------------------------------


async def test_devices_are_listed_found_and_removed(store: Store) -> None:
    new, other = await make(store), await make(store)
    second = new_device()
    await store.add_device(new.account_id, second, TODAY + 1)
    listed = {one.device_id: one for one in await store.devices(new.account_id, TODAY + 1)}
    assert listed.keys() == {new.device.device_id, second.device_id}
    assert await store.device(second.device_id, TODAY + 1) == listed[second.device_id]
    assert listed[second.device_id].mailbox_id == second.mailbox_id
    assert listed[second.device_id].token_hash == second.token_hash
    assert listed[second.device_id].created_day == TODAY + 1
    assert await store.delete_device(other.account_id, second.device_id, bytes(64), TODAY) is None
    removed = await store.delete_device(new.account_id, second.device_id, bytes(64), TODAY)
    assert removed is not None
    assert (removed.device_id, removed.mailbox_id) == (second.device_id, second.mailbox_id)
    assert await store.device(second.device_id, TODAY + 1) is None
    assert await store.capability_mailbox(second.capability_hashes[0]) is None


async def test_a_farewell_waits_half_a_year_for_the_device_it_was_left_for(store: Store) -> None:
    new = await make(store)
    kept = {}
    for body in (b"1" * 64, b"2" * 64):
        second = new_device()
        await store.add_device(new.account_id, second, TODAY)
        assert await store.farewell(second.token_hash, TODAY) is None
        await store.delete_device(new.account_id, second.device_id, body, TODAY)
        kept[second.token_hash] = body
    end = TODAY + 180
    for token_hash, body in kept.items():
        assert await store.farewell(token_hash, end - 1) == body
        assert await store.farewell(token_hash, end) is None
    assert await store.farewell(new.device.token_hash, TODAY) is None
    assert (await store.purge(end - 1)).rows["farewells"] == 0
    assert (await store.purge(end)).rows["farewells"] == 2


async def test_a_device_needs_an_account(store: Store) -> None:
    with pytest.raises(PeerError) as error:
        await store.add_device(os.urandom(16), new_device(), TODAY)
    assert error.value.code is Code.REFUSED


async def test_capabilities_open_their_mailbox_until_revoked_by_its_owner(store: Store) -> None:
    new, other = await make(store), await make(store)
    mailbox, mine = new.device.mailbox_id, new.device.capability_hashes
    assert await store.capability_mailbox(mine[0]) == mailbox
    assert await store.capability_mailbox(os.urandom(32)) is None
    extra = os.urandom(32)
    await store.add_capabilities(mailbox, [extra, mine[0]])
    assert await store.count_capabilities(mailbox) == len(mine) + 1
    # Registering somebody else's hash must not draw it over.
    await store.add_capabilities(other.device.mailbox_id, [extra])
    assert await store.capability_mailbox(extra) == mailbox
    await store.revoke_capabilities(other.device.mailbox_id, [extra])
    assert await store.capability_mailbox(extra) == mailbox
    await store.revoke_capabilities(mailbox, [extra, os.urandom(32)])
    assert await store.capability_mailbox(extra) is None
    assert await store.capability_mailbox(mine[0]) == mailbox


async def test_one_time_key_packages_go_once_then_the_last_resort_stays(store: Store) -> None:
    new = await make(store)
    device, mailbox = new.device.device_id, new.device.mailbox_id
    assert await store.take_key_package(mailbox, TODAY) is None
    await store.put_key_packages(device, [b"one", b"two"], b"last", TODAY)
    await store.put_key_packages(device, [], b"newer last", TODAY)
    assert await store.count_key_packages(device, TODAY) == 2
    taken = {await store.take_key_package(mailbox, TODAY) for _ in range(2)}
    assert taken == {b"one", b"two"}, "CK-401"
    assert await store.count_key_packages(device, TODAY) == 0
    assert [await store.take_key_package(mailbox, TODAY) for _ in range(2)] == [b"newer last"] * 2
    assert await store.take_key_package(os.urandom(16), TODAY) is None


async def test_a_key_package_asked_for_by_many_at_once_goes_to_one(store: Store) -> None:
    new = await make(store)
    await store.put_key_packages(new.device.device_id, [b"one"], b"last", TODAY)
    taken = await asyncio.gather(
        *(store.take_key_package(new.device.mailbox_id, TODAY) for _ in range(5))
    )
    assert sorted(one or b"" for one in taken) == [b"last"] * 4 + [b"one"], "CK-401"


async def test_a_request_address_is_set_replaced_hidden(store: Store) -> None:
    new = await make(store)
    assert await store.request_address(new.handle_tag, TODAY) is None
    for capability in (b"a" * 32, b"b" * 32):
        address = RequestAddress(new.device.mailbox_id, capability, b"k" * 1216)
        await store.set_request_address(new.account_id, address)
        assert await store.request_address(new.handle_tag, TODAY) == address
        mailbox = new.device.mailbox_id
        assert await store.is_request_capability(mailbox, capability)
        assert not await store.is_request_capability(mailbox, b"x" * 32)
        assert not await store.is_request_capability(os.urandom(16), capability)
    await store.set_request_address(new.account_id, None)
    assert await store.request_address(new.handle_tag, TODAY) is None
    assert not await store.is_request_capability(new.device.mailbox_id, b"b" * 32)


# ---- envelopes and sequencers ----------------------------------------------------------------


async def test_envelopes_wait_until_deleted_by_their_mailbox(store: Store) -> None:
    new, other = await make(store), await make(store)
    mailbox = new.device.mailbox_id
    ids = sorted(os.urandom(16) for _ in range(5))
    batch = [NewEnvelope(one, mailbox, TODAY, b"e" * 10) for one in reversed(ids)]
    strange = NewEnvelope(os.urandom(16), os.urandom(16), TODAY, b"lost")
    assert await store.write_envelopes([*batch, strange], []) == {strange.delivery_id}
    first = await store.stored_envelopes(mailbox, TODAY, limit=3)
    rest = await store.stored_envelopes(mailbox, TODAY, limit=9, after=first[-1].delivery_id)
    assert [one.delivery_id for one in (*first, *rest)] == ids
    assert {one.body for one in first} == {b"e" * 10}
    assert await store.stored_bytes(TODAY) == {mailbox: 50}
    await store.write_envelopes([], [(other.device.mailbox_id, ids[0])])
    assert await store.stored_bytes(TODAY) == {mailbox: 50}, "only its own mailbox may delete it"
    assert await store.write_envelopes([], [(mailbox, one) for one in ids]) == frozenset()
    await store.write_envelopes([], [(mailbox, ids[0])])
    assert await store.stored_bytes(TODAY) == {}


async def test_a_sequencer_has_one_winner_per_number(store: Store) -> None:
    handle = os.urandom(32)
    key = [os.urandom(32) for _ in range(4)]
    assert await store.create_sequencer(handle, 1, key[1], TODAY)
    assert not await store.create_sequencer(handle, 7, key[3], TODAY)
    commits = [NewCommit(handle, 1, key[1], bytes([i]), key[2]) for i in range(3)]
    results = await asyncio.gather(*(store.append_commit(one, TODAY) for one in commits))
    assert sorted(one.name for one in results) == ["ACCEPTED", "CONFLICT", "CONFLICT"]
    winner = commits[results.index(CommitResult.ACCEPTED)]
    pulled = await store.pull_commits(handle, 0, TODAY, limit=9)
    assert pulled is not None
    assert (pulled.commits, pulled.next_n) == (((1, winner.body),), 2)


async def test_only_a_member_of_the_epoch_writes_it(store: Store) -> None:
    handle = os.urandom(32)
    await store.create_sequencer(handle, 1, b"1" * 32, TODAY)
    wrong = NewCommit(handle, 1, b"x" * 32, b"body", b"y" * 32)
    assert await store.append_commit(wrong, TODAY) is CommitResult.REFUSED, "CK-402"
    unknown = NewCommit(os.urandom(32), 1, b"1" * 32, b"body", b"y" * 32)
    assert await store.append_commit(unknown, TODAY) is CommitResult.REFUSED
    right = NewCommit(handle, 1, b"1" * 32, b"body", b"2" * 32)
    assert await store.append_commit(right, TODAY) is CommitResult.ACCEPTED


async def test_commits_are_pulled_in_order_and_in_portions(store: Store) -> None:
    handle = os.urandom(32)
    await store.create_sequencer(handle, 5, bytes([5]) * 32, TODAY)
    for n in range(5, 10):
        commit = NewCommit(handle, n, bytes([n]) * 32, bytes([n]), bytes([n + 1]) * 32)
        assert await store.append_commit(commit, TODAY) is CommitResult.ACCEPTED
    first = await store.pull_commits(handle, 5, TODAY, limit=2)
    rest = await store.pull_commits(handle, 7, TODAY, limit=9)
    assert first is not None
    assert rest is not None
    assert [n for n, _ in (*first.commits, *rest.commits)] == [6, 7, 8, 9]
    assert first.next_n == rest.next_n == 10
    assert await store.pull_commits(os.urandom(32), 0, TODAY, limit=9) is None


# ---- vault -----------------------------------------------------------------------------------


async def test_a_vault_is_compare_and_set(store: Store) -> None:
    account = (await make(store)).account_id
    empty = await store.vault_head(account)
    assert (empty.counter, empty.manifest, empty.slots) == (0, None, ())
    put = {b"a" * 16: b"one", b"b" * 16: b"two"}
    assert await store.vault_write(account, VaultWrite(0, b"m1", put, []), 9) is None
    late = VaultWrite(0, b"late", {b"c" * 16: b"x"}, [])
    assert await store.vault_write(account, late, 9) == 1, "CK-403"
    change = VaultWrite(1, b"m2", {b"a" * 16: b"new"}, [b"b" * 16])
    assert await store.vault_write(account, change, 9) is None
    head = await store.vault_head(account)
    assert (head.counter, head.manifest, head.slots) == (2, b"m2", (b"a" * 16,))
    assert await store.vault_read(account, [b"a" * 16, b"b" * 16]) == {b"a" * 16: b"new"}


async def test_a_full_vault_refuses_and_keeps_what_it_has(store: Store) -> None:
    account = (await make(store)).account_id
    await store.vault_write(account, VaultWrite(0, b"m1", {b"a" * 16: b"one"}, []), 2)
    many = {bytes([i]) * 16: b"x" for i in range(2)}
    with pytest.raises(PeerError) as error:
        await store.vault_write(account, VaultWrite(1, b"m2", many, []), 2)
    assert error.value.code is Code.QUOTA
    head = await store.vault_head(account)
    assert (head.counter, head.manifest, head.slots) == (1, b"m1", (b"a" * 16,))
    swap = VaultWrite(1, b"m2", many, [b"a" * 16])
    assert await store.vault_write(account, swap, 2) is None


async def test_vaults_are_apart(store: Store) -> None:
    mine, other = (await make(store)).account_id, (await make(store)).account_id
    await store.vault_write(mine, VaultWrite(0, b"m", {b"s" * 16: b"mine"}, []), 9)
    assert await store.vault_read(other, [b"s" * 16]) == {}
    assert (await store.vault_head(other)).counter == 0


async def test_a_vault_of_nobody_is_refused(store: Store) -> None:
    with pytest.raises(VisavisError) as error:
        await store.vault_write(os.urandom(16), VaultWrite(0, b"m", {}, []), 9)
    assert error.value.code is Code.REFUSED
    assert not isinstance(error.value, AuthorizationError)


# ---- push subscriptions --------------------------------------------------------------------------


async def test_a_device_has_one_push_subscription_until_it_or_the_device_goes(store: Store) -> None:
    new, other = await make(store), await make(store)
    device, mailbox = new.device.device_id, new.device.mailbox_id
    await store.put_push_subscription(PushSubscription(device, b"first"), TODAY)
    await store.put_push_subscription(PushSubscription(device, b"second"), TODAY)
    assert await store.push_subscription(mailbox, TODAY) == PushSubscription(device, b"second")
    assert await store.push_subscription(other.device.mailbox_id, TODAY) is None
    await store.delete_push_subscription(device, b"first")
    assert await store.push_subscription(mailbox, TODAY) is not None, "it was another one"
    await store.delete_push_subscription(device, b"second")
    await store.delete_push_subscription(device)
    assert await store.push_subscription(mailbox, TODAY) is None
    await store.put_push_subscription(PushSubscription(device, b"third"), TODAY)
    await store.delete_device(new.account_id, device, bytes(64), TODAY)
    assert await store.push_subscription(mailbox, TODAY) is None


async def test_a_push_subscription_ends_ninety_days_after_it_was_renewed(store: Store) -> None:
    new = await make(store)
    device, mailbox = new.device.device_id, new.device.mailbox_id
    await store.put_push_subscription(PushSubscription(device, b"s"), TODAY)
    await store.put_push_subscription(PushSubscription(device, b"s"), TODAY + 50)
    end = TODAY + 50 + 90
    assert await store.push_subscription(mailbox, end - 1) is not None
    assert await store.push_subscription(mailbox, end) is None
    purged = await store.purge(end)
    assert purged.rows["push_subscriptions"] == 1
    assert await store.push_subscription(mailbox, TODAY) is None


# ---- retention: by query and by job (R-72) -----------------------------------------------------


async def test_what_is_past_its_day_is_hidden_before_and_gone_after_the_job(store: Store) -> None:
    new = await make(store)
    device, mailbox = new.device.device_id, new.device.mailbox_id
    link, handle = os.urandom(32), os.urandom(32)
    await store.create_account(new_account(), link, TODAY)
    await store.write_envelopes([NewEnvelope(os.urandom(16), mailbox, TODAY, b"e")], [])
    await store.put_key_packages(device, [b"one"], b"last", TODAY)
    await store.create_sequencer(handle, 1, b"1" * 32, TODAY)
    await store.append_commit(NewCommit(handle, 1, b"1" * 32, b"c", b"2" * 32), TODAY)

    async def envelopes(day: int) -> bool:
        found = await store.stored_envelopes(mailbox, day, limit=9)
        assert bool(found) == bool(await store.stored_bytes(day))
        return bool(found)

    async def packages(day: int) -> bool:
        return await store.count_key_packages(device, day) > 0

    async def commits(day: int) -> bool:
        pulled = await store.pull_commits(handle, 0, day, limit=9)
        return bool(pulled and pulled.commits)

    async def spent(day: int) -> bool:
        return await store.link_spent(link, day)

    for days, queries in ((3, (spent,)), (30, (envelopes, commits)), (90, (packages,))):
        for query in queries:
            assert await query(TODAY + days - 1), f"{query.__name__} must still be there"
            assert not await query(TODAY + days), f"{query.__name__} must be hidden"
            assert await query(TODAY), "still stored: only the query hides it"
        await store.purge(TODAY + days)
        for query in queries:
            assert not await query(TODAY), f"{query.__name__} must be deleted"


async def test_accounts_devices_and_sequencers_end_two_years_after_their_last_use(
    store: Store,
) -> None:
    new = await make(store)
    second = new_device()
    await store.add_device(new.account_id, second, TODAY)
    handle = os.urandom(32)
    await store.create_sequencer(handle, 1, b"1" * 32, TODAY)
    seen = TODAY + 400
    await store.touch_device(new.device.device_id, seen)
    await store.pull_commits(handle, 0, seen, limit=1)
    end = TODAY + 730
    assert await store.device(second.device_id, end - 1) is not None
    assert await store.device(second.device_id, end) is None
    assert [one.device_id for one in await store.devices(new.account_id, end)] == [
        new.device.device_id
    ]
    await store.purge(end)
    assert await store.device(second.device_id, TODAY) is None
    assert await store.account(new.account_id, end) is not None
    end = seen + 730
    assert await store.account_by_handle(new.handle_tag, end - 1) is not None
    assert await store.account_by_handle(new.handle_tag, end) is None
    assert await store.pull_commits(handle, 0, end, limit=1) is None
    commit = NewCommit(handle, 1, b"1" * 32, b"c", b"2" * 32)
    assert await store.append_commit(commit, end) is CommitResult.REFUSED
    purged = await store.purge(end)
    assert purged.rows["accounts"] == 1
    assert purged.rows["sequencers"] == 1
    assert await store.account(new.account_id, TODAY) is None
    assert await store.keystore(new.account_id) is None


async def test_what_hangs_on_something_gone_is_refused(store: Store) -> None:
    new = await make(store)
    nobody = os.urandom(16)
    for attempt in (
        lambda: store.add_capabilities(nobody, [os.urandom(32)]),
        lambda: store.put_key_packages(nobody, [b"one"], None, TODAY),
        lambda: store.set_request_address(
            new.account_id, RequestAddress(nobody, b"c" * 32, b"k" * 1216)
        ),
        lambda: store.put_push_subscription(PushSubscription(nobody, b"s"), TODAY),
    ):
        with pytest.raises(PeerError) as error:
            await attempt()
        assert error.value.code is Code.REFUSED
