"""A device that lost its state comes back: whatever was replaced or written meanwhile."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.attack.test_membership import (
    account,
    conversation,
    deliver,
    group_with,
    members,
    welcome_of,
)
from tests.sdk.conftest import PASSWORD, People, drops, settle, texts
from tests.sdk.test_devices import link_device
from tests.sdk.test_vault import contents

from visavis.core.device_list import sign_successor
from visavis.core.errors import Code, UnavailableError
from visavis.core.ids import DeviceId, GroupId
from visavis.sdk.account import Accounts
from visavis.sdk.addresses import Purpose
from visavis.sdk.client import Client
from visavis.sdk.contact_book import Joining
from visavis.sdk.membership import QUOTA_S
from visavis.transport.anonymous import AnonymousApi
from visavis.transport.device_api import DeviceApi


async def unlist(client: Client, gone: Client) -> None:
    """Sign a list without a device and tell nobody: no commit, no vault, no server."""
    books = client._session.books
    async with Accounts(books.profile.origin).login(client.handle, PASSWORD) as login:
        left = [d for d in books.own_list.devices if d.device_id != gone._session.books.device]
        identity = bytes(login.keys.identity_private)
        books.lists.learn(sign_successor(books.own_list, identity, left))


async def test_recovering_moments_after_a_revocation(people: People) -> None:
    anna, bob = await people.pair()
    tablet = await link_device(people, anna, "tablet")
    await settle(anna, tablet, bob)
    other = next(d for d in await anna.devices() if not d.current)
    await anna.revoke(other, PASSWORD)
    await settle(anna, bob)
    again = await people.login("again", anna.handle, recovery_code=anna.recovery_code)
    async with asyncio.timeout(60):
        while [c.state for c in await again.contacts()] != ["contact"]:
            await settle(bob, anna, again)
            await asyncio.sleep(0.2)


async def test_what_is_wished_for_during_a_write_is_written_after_it(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A contact's new address that comes while the vault is on its way was once lost for good."""
    anna = await people.sign_up("anna")
    vault = anna._session.vault
    await vault.write()
    assert vault.due_at == 0  # the control: a write fulfils what was wished for before it
    write = DeviceApi.write_vault

    async def meanwhile(self: DeviceApi, *args: Any, **kwargs: Any) -> None:
        vault.write_soon()
        await write(self, *args, **kwargs)

    monkeypatch.setattr(DeviceApi, "write_vault", meanwhile)
    await vault.write()
    assert vault.due_at == 1
    monkeypatch.undo()
    await vault.write(if_due=True)
    assert vault.due_at == 0


async def test_the_vault_follows_the_address_of_the_device_that_revokes(people: People) -> None:
    """Else the next device of the account asks at a door that is closed."""
    anna = await people.sign_up("anna")
    tablet = await link_device(people, anna, "tablet")
    await settle(anna, tablet)
    books = anna._session.books
    before = books.sibling_address().name
    await anna.revoke(next(d for d in await anna.devices() if not d.current), PASSWORD)
    await settle(anna)
    assert books.sibling_address().name != before
    said = (await contents(anna)).siblings[books.device]
    assert said == books.addresses.address(books.sibling_address())


async def test_an_own_device_whose_address_changed_is_found_by_the_vault(people: People) -> None:
    """P5: the rejoin to a sibling is refused; a newer vault knows where it is reached now."""
    anna = await people.sign_up("anna")
    await anna._session.vault.write()
    books = anna._session.books
    # Replaced after the vault was written, and not told to anybody yet.
    books.addresses.revoke(books.sibling_address(), books.now())
    await books.addresses.flush(anna._session.device_api)
    again = await people.login("again", anna.handle, recovery_code=anna.recovery_code)
    await settle(again, anna)
    assert again._session.books.groups.self_group() is None  # the control: it was refused
    await anna._session.vault.write()
    later = again._session.books.now() + 7_200
    again._session.books.now = lambda: later  # type: ignore[method-assign]
    await settle(again, anna, again)
    assert again._session.books.groups.self_group() is not None
    assert again._session.books.device in anna._session.books.siblings.addresses()


async def test_every_device_of_a_contact_tells_a_new_one_its_address(people: People) -> None:
    """The Welcome carries the address of one of them only; the vault may know an older one."""
    anna, bob = await people.pair()
    tablet = await link_device(people, bob, "tablet")
    await settle(bob, tablet, anna)
    await anna._session.vault.write()
    await people.close(anna, bob, tablet)
    again = await people.login("again", anna.handle, recovery_code=anna.recovery_code)
    known = again._session.books.contacts.get(account(bob))
    assert known is not None
    assert known.addresses.pop(tablet._session.books.device)
    again._session.books.contacts.save(known)
    bob, tablet = await people.open("bob"), await people.open("tablet")
    await settle(bob, tablet, again)
    addresses = again._session.books.contacts.addresses(account(bob))
    for device in (bob, tablet):
        books = device._session.books
        given = books.contact_address(account(anna))
        assert addresses[books.device] == books.addresses.address(given)


async def test_a_group_that_still_holds_a_revoked_device_is_joined_and_cleared(
    people: People,
) -> None:
    """A Welcome that is refused is gone for good, so the joiner removes who has no place there."""
    anna, bob = await people.pair()
    tablet = await link_device(people, bob, "tablet")
    await settle(bob, tablet, anna)
    await anna._session.vault.write()
    await unlist(bob, tablet)  # anna has not heard of it
    newest = bob._session.books.own_list
    await people.close(anna, bob, tablet)
    again = await people.login("again", anna.handle, recovery_code=anna.recovery_code)
    again._session.books.lists.learn(newest)
    anna = await people.open("anna")  # only now: she lets it in at once
    await settle(anna, again)
    assert [c.state for c in await again.contacts()] == ["contact"]
    gone = {(newest.account_id, bytes(tablet._session.books.device))}
    assert not gone & members(again, conversation(again))
    await settle(anna)
    assert not gone & members(anna, conversation(anna))
    bob = await people.open("bob")
    await again.send_message(await again.find_contact("bob"), "just us")
    await settle(bob)
    assert texts(await bob.history(await bob.find_contact("anna"))) == ["just us"]


async def test_a_revoked_device_invites_nobody(people: People) -> None:
    """CK-598: who made the Welcome must stand on the newest list."""
    anna, bob = await people.pair()
    tablet = await link_device(people, bob, "tablet")
    await settle(bob, tablet, anna)
    books = anna._session.books
    before = books.contacts.get(account(bob))
    assert before is not None
    group = before.group
    given = books.contact_address(account(bob))
    made = group_with(tablet, GroupId.random(books.rng), books.keep_key_package())
    await unlist(bob, tablet)
    books.lists.learn(bob._session.books.own_list)
    await deliver(anna, given, welcome_of(tablet, made))
    assert drops(anna) == {Code.BAD_CREDENTIAL: 1}
    known = books.contacts.get(account(bob))
    assert known is not None
    assert known.group == group
    # The control: the same by a device that stands.
    made = group_with(bob, GroupId.random(books.rng), books.keep_key_package())
    await deliver(anna, given, welcome_of(bob, made))
    known = books.contacts.get(account(bob))
    assert known is not None
    assert known.group == made.group.group_id


async def test_a_key_package_is_for_one_group_only(people: People) -> None:
    """A commit that hangs half-way may have used it; a second Welcome for it opens nothing."""
    anna = await people.sign_up("anna")
    books = anna._session.books
    device = DeviceId.random(books.rng)
    books.joining.put(device, Joining(books.account, (b"one", b"two")))
    first, second, third = (GroupId.random(books.rng) for _ in range(3))
    assert books.joining.take(device, books.account, first) == b"one"
    assert books.joining.take(device, books.account, second) == b"two"
    assert books.joining.take(device, books.account, first) == b"one"
    assert books.joining.take(device, books.account, third) is None
    books.joining.spend(device, b"one")
    assert books.joining.take(device, books.account, first) is None
    assert books.joining.take(device, books.account, second) == b"two"


async def test_key_packages_that_ran_out_for_today_are_fetched_later(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P12 gives ten a day for one capability; a person may have more contacts than that."""
    anna, bob = await people.pair()
    await people.close(bob)  # who would let the new device in as well
    await anna._session.vault.write()

    async def none_left(self: AnonymousApi, address: Any) -> bytes:
        raise UnavailableError(Code.QUOTA, "ten a day")

    monkeypatch.setattr(AnonymousApi, "fetch_key_package", none_left)
    again = await people.login("again", anna.handle, recovery_code=anna.recovery_code)
    await settle(anna, again)
    # The control: the key package of its rejoin went to one group, the other got none.
    own = (account(anna), bytes(again._session.books.device))
    own_group = anna._session.books.groups.self_group()
    assert own_group is not None
    groups = [own_group, conversation(anna)]
    assert sum(own in members(anna, group) for group in groups) == 1
    monkeypatch.undo()
    await settle(anna, again)
    assert sum(own in members(anna, group) for group in groups) == 1
    later = anna._session.books.now() + QUOTA_S + 1
    anna._session.books.now = lambda: later  # type: ignore[method-assign]
    await settle(anna, again)
    assert all(own in members(anna, group) for group in groups)
    # It is a sibling in full: it has an address for our other devices, too.
    assert again._session.books.addresses.all(Purpose.SIBLING)
