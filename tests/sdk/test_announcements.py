"""Announcements of addresses that overtake each other on the way (CK-588)."""

from __future__ import annotations

import pytest
from tests.sdk.conftest import People, settle, texts

from visavis.core.content_inner import ContactDevices
from visavis.core.content_records import DeviceAddress
from visavis.core.content_self import SelfDevices
from visavis.core.ids import MessageId
from visavis.sdk.addresses import ROTATE_KIND, Purpose
from visavis.sdk.client import Client
from visavis.sdk.received import Said


def announcements(client: Client, purpose: Purpose) -> list[DeviceAddress]:
    """Return two addresses of a client, the older one first."""
    books = client._session.books
    given = [books.addresses.mint(purpose, bytes([n]) * 16) for n in (1, 2)]
    return [DeviceAddress(books.device, books.addresses.address(one)) for one in given]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["in order", "overtaken"])
async def test_the_newest_address_of_a_contact_stands(people: People, order: list[int]) -> None:
    anna, bob = await people.pair()
    told = announcements(anna, Purpose.CONTACT)
    theirs, ours = anna._session.books, bob._session.books
    known = ours.contacts.all()[0]
    record = ours.groups.get(known.group)
    assert record is not None
    for number in order:
        content = ContactDevices(
            MessageId.random(theirs.rng), theirs.now(), theirs.own_list.data, (told[number],)
        )
        said = Said(theirs.account, theirs.device, 100 + number)
        bob._session.conversations._contents._learn_devices(record, known, said, content)
    assert ours.contacts.addresses(known.account)[theirs.device] == told[1].address


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["in order", "overtaken"])
async def test_the_newest_address_of_our_other_device_stands(
    people: People, order: list[int]
) -> None:
    anna = await people.sign_up("anna")
    record = anna._session.books.groups.self_group()
    if record is None:
        anna._session.welcomes.ensure_self_group()
        record = anna._session.books.groups.self_group()
    assert record is not None
    books = anna._session.books
    told = announcements(anna, Purpose.SIBLING)
    for number in order:
        content = SelfDevices(books.own_list.data, (told[number],))
        said = Said(books.account, books.device, 100 + number)
        anna._session.conversations._contents.sibling(record, said, content)
    assert books.siblings.addresses()[books.device] == told[1].address


async def test_both_replace_their_addresses_at_once(people: People) -> None:
    """As when a device is shut out: the word to an address that stands no more is not lost."""
    anna, bob = await people.pair()
    ours, theirs = anna._session.books, bob._session.books
    given = theirs.addresses.current(Purpose.CONTACT, ours.account)
    assert given is not None
    theirs.addresses.revoke(given, theirs.now())
    await bob._session.housekeeping._revocations()
    ours.store.put(ROTATE_KIND, theirs.account, b"")
    await anna._session.membership.reconcile_all()
    # The control: it went to the address that bob has revoked, and waits.
    assert anna._session.outbox.waiting() == 1
    assert ours.counters.dropped == {}
    bob._session.membership.mark(theirs.groups.all()[0])
    await settle(bob, anna)
    assert anna._session.outbox.waiting() == 0
    await bob.send_message((await bob.contacts())[0], "at your new one")
    await settle(anna)
    assert texts(await anna.history((await anna.contacts())[0])) == ["at your new one"]


async def test_two_rotations_while_the_contact_is_away(people: People) -> None:
    """Six times over, for the order in which they arrive is the server's random ids'."""
    anna, bob = await people.pair()
    for round_ in range(6):
        await people.close(bob)
        for _ in range(2):
            books = anna._session.books
            books.store.put(ROTATE_KIND, books.contacts.all()[0].account, b"")
            await anna._session.membership.reconcile_all()
            await anna.sync()
        bob = await people.open("bob")
        await settle(bob, anna)
        await bob.send_message((await bob.contacts())[0], f"{round_} from bob")
        await anna.send_message((await anna.contacts())[0], f"{round_} from anna")
        await settle(bob, anna)
        mine = texts(await anna.history((await anna.contacts())[0]))
        assert mine[-2:] in (
            [f"{round_} from bob", f"{round_} from anna"],
            [f"{round_} from anna", f"{round_} from bob"],
        )
