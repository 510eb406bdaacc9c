"""A contact of whom no device address is known, between the one that went and the word of another.

Nothing of it may be unreadable afterwards (CK-271 wants an address in a record), and nothing that
is said meanwhile may look as if it had been told.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from tests.attack.test_membership import account, conversation, deliver, group_with, welcome_of
from tests.sdk.conftest import PASSWORD, People, drops, settle, texts
from tests.sdk.test_devices import link_device, replace_address
from tests.sdk.test_vault import contents

from visavis.core import cbor
from visavis.core.content import encode_record
from visavis.core.content_records import DeviceAddress
from visavis.core.errors import Code, UnavailableError
from visavis.core.ids import DeviceId, GroupId
from visavis.sdk.addresses import ROTATE_KIND
from visavis.sdk.client import Client
from visavis.sdk.contact_book import CONTACT_KIND, Known
from visavis.sdk.conversation import Conversations


def known_to(client: Client, other: Client) -> Known:
    known = client._session.books.contacts.get(account(other))
    assert known is not None
    return known


def lose_the_address(client: Client, other: Client) -> None:
    """Have the only device that we know of a contact go."""
    known = known_to(client, other)
    known.forget_devices(lambda _: True)
    client._session.books.contacts.save(known)


async def test_the_device_we_know_goes_before_the_other_is_heard(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bob got a tablet and shut his first device out while we were away; hints come first."""
    anna, bob = await people.pair()
    await people.close(anna)
    tablet = await link_device(people, bob, "tablet")
    await settle(bob, tablet)
    await tablet.revoke(next(d for d in await tablet.devices() if not d.current), PASSWORD)
    await settle(tablet)

    async def later(*_: object, **__: object) -> None:
        raise UnavailableError(Code.UNAVAILABLE, "envelopes come in any order")

    monkeypatch.setattr(Conversations, "receive", later)
    anna = await people.open("anna")
    await anna.sync()
    assert anna._session.inbox.kept > 0  # the word of the tablet's address is among them
    assert known_to(anna, bob).addresses == {}
    # Nothing is said that would reach nobody, and nothing is tried over and over.
    assert anna._session.membership.dirty == set()
    with pytest.raises(UnavailableError):
        await anna.send_message(await anna.find_contact("bob"), "to whom?")
    assert await anna.history(await anna.find_contact("bob")) == []
    # The profile opens again, and so does the vault: the address that went stands for none.
    await people.close(anna)
    anna = await people.open("anna")
    assert [c.state for c in await anna.contacts()] == ["contact"]
    assert known_to(anna, bob).addresses == {}
    await anna._session.vault.write()
    (record,) = (await contents(anna)).contacts
    assert [entry.device for entry in record.devices] == [bob._session.books.device]
    # It has not told its own new address to anybody, and does when there is somebody.
    monkeypatch.undo()
    await settle(anna, tablet, anna)
    assert known_to(anna, bob).addresses.keys() == {tablet._session.books.device}
    await anna.send_message(await anna.find_contact("bob"), "there you are")
    await settle(tablet)
    at_anna = await tablet.find_contact("anna")
    assert texts(await tablet.history(at_anna)) == ["there you are"]
    await tablet.send_message(at_anna, "here I am")
    await settle(anna)
    assert texts(await anna.history(await anna.find_contact("bob")))[-1] == "here I am"
    (record,) = (await contents(anna)).contacts  # which followed at once
    assert [entry.device for entry in record.devices] == [tablet._session.books.device]


async def test_our_address_stands_until_somebody_can_be_told_another(people: People) -> None:
    """Else the device that is left finds it revoked, and neither side knows the other any more."""
    anna, bob = await people.pair()
    books = anna._session.books
    lose_the_address(anna, bob)
    books.store.put(ROTATE_KIND, account(bob), b"")  # as when a device of theirs was removed
    given = books.contact_address(account(bob)).name
    await settle(anna)
    assert books.contact_address(account(bob)).name == given
    await replace_address(bob, anna)  # which bob announces over the address that he has
    await settle(anna, bob)
    assert books.contact_address(account(bob)).name != given
    await bob.send_message(await bob.find_contact("anna"), "still here")
    await anna.send_message(await anna.find_contact("bob"), "so are we")
    await settle(anna, bob)
    for client, other in ((anna, "bob"), (bob, "anna")):
        said = texts(await client.history(await client.find_contact(other)))
        assert sorted(said) == ["so are we", "still here"]


async def test_a_new_device_of_ours_hears_of_such_a_contact(people: People) -> None:
    """Its Welcome has to name an address, too."""
    anna, bob = await people.pair()
    lose_the_address(anna, bob)
    tablet = await link_device(people, anna, "tablet")
    await settle(anna, tablet, bob)
    assert [c.state for c in await tablet.contacts()] == ["contact"]
    assert drops(tablet) == {}


async def test_the_address_stays_gone_over_a_restart(people: People) -> None:
    anna, bob = await people.pair()
    before = known_to(anna, bob).devices
    lose_the_address(anna, bob)
    await people.close(anna)
    anna = await people.open("anna")
    known = known_to(anna, bob)
    assert (known.addresses, known.devices) == ({}, before)
    known.addresses[before[0].device] = before[0].address
    anna._session.books.contacts.save(known)
    await people.close(anna)
    anna = await people.open("anna")
    assert (known_to(anna, bob).devices, known_to(anna, bob).last) == (before, None)


async def test_a_contact_that_changes_its_devices_again_and_again(people: People) -> None:
    """CK-271: more addresses than a record holds would shut the profile and the vault."""
    anna, bob = await people.pair()
    books = anna._session.books
    known = known_to(anna, bob)
    before = dict(known.addresses)
    (address,) = before.values()
    for _ in range(20):
        known.addresses[DeviceId.random(books.rng)] = address
    books.contacts.save(known)
    await people.close(anna)
    anna = await people.open("anna")
    assert known_to(anna, bob).addresses == before


async def test_a_profile_from_before_opens(people: People) -> None:
    """Written without an address: it is read, told to nobody, and not put into the vault."""
    anna, bob = await people.pair()
    books = anna._session.books
    record = replace(books.contacts.record(known_to(anna, bob)), devices=())
    row = cbor.encode([encode_record(record), True, False])
    books.store.put(CONTACT_KIND, account(bob), row)
    await people.close(anna)
    anna = await people.open("anna")
    contact = await anna.find_contact("bob")
    with pytest.raises(UnavailableError):
        await anna.send_message(contact, "to whom?")
    await anna._session.vault.write()
    found = await contents(anna)
    assert (found.contacts, found.unreadable) == ((), 0)
    # A new device of ours comes into our own group; it hears of the contact with the address.
    tablet = await link_device(people, anna, "tablet")
    await settle(anna, tablet)
    await anna.set_verified(contact)
    assert await tablet.contacts() == []
    given = bob._session.books.contact_address(account(anna))
    bob._session.books.addresses.revoke(given, bob._session.books.now())
    bob._session.membership.mark(conversation(bob))
    await settle(bob, anna, tablet)
    await anna._session.decisions.tell()
    await settle(anna, tablet)
    assert [(c.state, c.verified) for c in await tablet.contacts()] == [("contact", True)]


async def test_a_welcome_brings_no_contact_without_an_address(people: People) -> None:
    """CK-576: it could neither be answered nor told to our other devices."""
    anna = await people.sign_up("anna")
    carol = await people.sign_up("carol")
    books = anna._session.books
    given = books.sibling_address()
    made = group_with(carol, GroupId.random(books.rng), books.keep_key_package())
    honest = welcome_of(carol, made)
    elsewhere = DeviceAddress(DeviceId.random(books.rng), honest.devices[0].address)
    await deliver(anna, given, replace(honest, devices=(elsewhere,)))
    assert drops(anna) == {Code.BAD_CREDENTIAL: 1}
    assert await anna.contacts() == []
    # The control: with the address of the device that made it.
    await deliver(anna, given, honest)
    assert [c.name for c in await anna.contacts()] == [carol.handle]


async def test_what_changes_while_a_message_waits_for_its_turn(people: People) -> None:
    """The conversation is asked for again under its lock."""
    anna, bob = await people.pair()
    contact = await anna.find_contact("bob")
    async with anna._session.books.groups.lock(conversation(anna)):
        sending = asyncio.ensure_future(anna.send_message(contact, "too late"))
        await asyncio.sleep(0)
        lose_the_address(anna, bob)
    with pytest.raises(UnavailableError):
        await sending
    assert await anna.history(contact) == []
