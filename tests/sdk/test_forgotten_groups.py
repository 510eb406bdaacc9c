"""A contact that is removed while the server is asked about its conversation: nothing stops."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.attack.test_membership import account, conversation
from tests.sdk.conftest import People, drops, settle

from visavis.core.errors import AuthorizationError, Code, PeerError, UnavailableError
from visavis.core.ids import DeviceId
from visavis.sdk.addresses import Purpose
from visavis.sdk.client import Client
from visavis.sdk.groups import ANNOUNCED_KIND, PENDING_KIND, RECORD_KIND, STATE_KIND
from visavis.sdk.sequencer import Plan


def forget_during(
    client: Client, other: Client, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Have the person remove a contact while a request to the server is on its way."""
    api = client._session.anonymous
    real = getattr(api, name)

    async def meanwhile(*args: Any, **kwargs: Any) -> Any:
        client._session.forget_contact(account(other))
        return await real(*args, **kwargs)

    monkeypatch.setattr(api, name, meanwhile)


def is_alive(client: Client) -> bool:
    session = client._session
    return session.inbox.failed is None and session.housekeeping.failed is None


async def commit_nothing(client: Client) -> None:
    record = conversation(client)
    async with client._session.books.groups.lock(record):
        await client._session.sequencers.commit(record, lambda _: Plan())


async def test_while_a_hint_is_followed(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    anna, bob = await people.pair()
    forget_during(anna, bob, "pull", monkeypatch)
    await commit_nothing(bob)
    await settle(bob, anna)
    assert await anna.contacts() == []
    assert drops(anna) == {Code.WRONG_GROUP: 1}
    assert is_alive(anna)
    carol = await people.sign_up("carol")
    await people.befriend(anna, carol)  # and everything goes on


async def test_while_a_group_is_looked_after(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, bob = await people.pair()
    membership = anna._session.membership

    async def meanwhile(_: Any) -> dict[DeviceId, bytes]:
        anna._session.forget_contact(account(bob))
        return {}

    monkeypatch.setattr(membership, "_key_packages", meanwhile)
    membership.mark(conversation(anna))
    await settle(anna)
    assert await anna.contacts() == []
    assert drops(anna) == {f"group {Code.WRONG_GROUP}": 1}
    assert is_alive(anna)


@pytest.mark.parametrize("name", ["create_sequencer", "pull", "commit"])
async def test_nothing_of_it_comes_back(
    people: People, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    anna, bob = await people.pair()
    store = anna._session.books.store
    record = conversation(anna)
    record.sequenced = name != "create_sequencer"
    forget_during(anna, bob, name, monkeypatch)
    with pytest.raises(PeerError) as stopped:
        await commit_nothing(anna)
    assert stopped.value.code is Code.WRONG_GROUP
    kinds = (RECORD_KIND, STATE_KIND, PENDING_KIND, ANNOUNCED_KIND)
    assert [store.count(kind) for kind in kinds] == [0] * 4
    assert anna._session.books.addresses.all(Purpose.CONTACT) == []


async def test_its_rows_go_with_it(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """A commit that waits and announcements that were heard, and those of nobody else."""
    anna, bob = await people.pair()
    carol = await people.sign_up("carol")
    await people.befriend(anna, carol)
    books = anna._session.books
    device = DeviceId.random(books.rng)
    theirs = conversation(anna, account(carol)).group_id + device
    books.store.put(ANNOUNCED_KIND, theirs, bytes(8))
    record = conversation(anna, account(bob))
    books.store.put(ANNOUNCED_KIND, record.group_id + device, bytes(8))

    async def away(*_: Any, **__: Any) -> None:
        raise UnavailableError(Code.UNAVAILABLE, "the server is away")

    monkeypatch.setattr(anna._session.anonymous, "commit", away)
    async with books.groups.lock(record):
        with pytest.raises(UnavailableError):
            await anna._session.sequencers.commit(record, lambda _: Plan())
    assert books.store.count(PENDING_KIND) == 1  # the control
    await anna.forget_contact(await anna.find_contact("bob"))
    assert books.store.count(PENDING_KIND) == 0
    assert [key for key, _ in books.store.items(ANNOUNCED_KIND)] == [theirs]


async def test_what_waits_for_its_turn_is_not_said(people: People) -> None:
    anna, _ = await people.pair()
    contact = await anna.find_contact("bob")
    async with anna._session.books.groups.lock(conversation(anna)):
        sending = asyncio.ensure_future(anna.send_message(contact, "too late"))
        await asyncio.sleep(0)
        await anna.forget_contact(contact)
    with pytest.raises(AuthorizationError) as refused:
        await sending
    assert refused.value.code is Code.REFUSED
    assert await anna.history(contact) == []
