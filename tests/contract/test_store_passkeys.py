"""The store's passkeys, and what erasure asks of a store (R-76); see `test_store.py`."""

from __future__ import annotations

import asyncio
import dataclasses
import os

import pytest
from tests.contract.test_store import TODAY, make, new_account, store

from visavis.core.errors import Code, PeerError
from visavis.ports.passkeys import NewPasskey
from visavis.ports.push import PushSubscription
from visavis.ports.store import Store
from visavis.ports.stored import RequestAddress

__all__ = ["store"]


def new_passkey() -> NewPasskey:
    return NewPasskey(os.urandom(40), os.urandom(77), os.urandom(156))


async def test_passkeys_are_found_by_their_id_and_by_their_account(store: Store) -> None:
    anna, bert = await make(store), await make(store)
    one, two = new_passkey(), new_passkey()
    await store.add_passkey(anna.account_id, one, TODAY)
    await store.add_passkey(anna.account_id, two, TODAY)
    found = await store.passkey(one.credential_id, TODAY)
    assert found is not None
    assert (found.account_id, found.public_key) == (anna.account_id, one.public_key)
    assert (found.root_wrap, found.created_day) == (one.root_wrap, TODAY)
    assert {p.credential_id for p in await store.passkeys(anna.account_id, TODAY)} == {
        one.credential_id,
        two.credential_id,
    }
    assert await store.passkeys(bert.account_id, TODAY) == ()
    assert await store.passkey(os.urandom(40), TODAY) is None
    # Nobody takes a known one over, and nobody adds one to an account that is not there.
    with pytest.raises(PeerError) as error:
        await store.add_passkey(bert.account_id, one, TODAY)
    assert error.value.code is Code.CONFLICT
    with pytest.raises(PeerError) as error:
        await store.add_passkey(os.urandom(16), new_passkey(), TODAY)
    assert error.value.code is Code.REFUSED
    # Somebody else's is not removed; ours is, as there is a password; all go with the account.
    assert not await store.remove_passkey(bert.account_id, one.credential_id)
    assert await store.remove_passkey(anna.account_id, one.credential_id)
    assert not await store.remove_passkey(anna.account_id, one.credential_id)
    assert await store.remove_passkey(anna.account_id, two.credential_id)
    await store.add_passkey(anna.account_id, two, TODAY)
    await store.delete_account(anna.account_id)
    assert await store.passkey(two.credential_id, TODAY) is None


async def test_two_removals_at_once_leave_the_last_way_in(store: Store) -> None:
    one, two = new_passkey(), new_passkey()
    anna = dataclasses.replace(new_account(), opaque_record=b"", passkey=one)
    await store.create_account(anna, os.urandom(32), TODAY)
    await store.add_passkey(anna.account_id, two, TODAY)
    results = await asyncio.gather(
        *(store.remove_passkey(anna.account_id, p.credential_id) for p in (one, two)),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in results) == ["PeerError", "bool"], "CK-444"
    assert len(await store.passkeys(anna.account_id, TODAY)) == 1


async def test_an_account_whose_passkey_is_known_is_not_made(store: Store) -> None:
    one, link = new_passkey(), os.urandom(32)
    anna = dataclasses.replace(new_account(), opaque_record=b"", passkey=one)
    await store.create_account(anna, os.urandom(32), TODAY)
    twin = dataclasses.replace(new_account(), opaque_record=b"", passkey=one)
    with pytest.raises(PeerError) as error:
        await store.create_account(twin, link, TODAY)
    assert error.value.code is Code.CONFLICT
    assert await store.account(twin.account_id, TODAY) is None
    assert not await store.link_spent(link, TODAY), "nothing of it was kept"


# ---- erasure (R-76) ----------------------------------------------------------------------------


async def test_the_accounts_that_are_stored_and_those_that_end(store: Store) -> None:
    used, idle = await make(store), await make(store)
    await store.touch_account(used.account_id, TODAY + 10)
    assert await store.account_ids() == {used.account_id, idle.account_id}
    end = TODAY + 730
    assert await store.ended_accounts(end - 1) == ()
    assert await store.ended_accounts(end) == (idle.account_id,)
    assert await store.account_ids() == {used.account_id, idle.account_id}, "as long as it is there"
    await store.purge(end)
    assert await store.account_ids() == {used.account_id}
    assert await store.ended_accounts(end) == ()


async def test_deletions_say_how_many_there_were(store: Store) -> None:
    new = await make(store)
    device, mailbox = new.device.device_id, new.device.mailbox_id
    address = RequestAddress(mailbox, os.urandom(32), os.urandom(1216))
    assert await store.set_request_address(new.account_id, address) == 0
    assert await store.set_request_address(new.account_id, None) == 1
    assert await store.set_request_address(new.account_id, None) == 0
    await store.put_push_subscription(PushSubscription(device, b"s"), TODAY)
    assert await store.delete_push_subscription(device, b"another") == 0
    assert await store.delete_push_subscription(device) == 1
    assert await store.delete_push_subscription(device) == 0
