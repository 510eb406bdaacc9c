"""Never record me (R-48): contacts know before any call, our devices agree, and nobody can ask."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from tests.sdk.conftest import People, drops, settle
from tests.sdk.group_call_ends import ends
from tests.sdk.groups import group_of
from tests.sdk.guests import all_hear
from tests.sdk.test_devices import link_device

from visavis.core.content_inner import RecordingNever
from visavis.core.errors import UnavailableError
from visavis.core.ids import MessageId
from visavis.core.recording_types import Kind
from visavis.sdk.client import Client, Contact
from visavis.sdk.recording_objects import MayNotAsk, Wanted


async def contact_of(client: Client) -> Contact:
    (contact,) = await client.contacts()
    return contact


async def test_contacts_are_told_for_all_calls_and_once(people: People) -> None:
    anna, bob = await people.pair()
    assert not (await contact_of(bob)).never_recorded
    await anna.set_settings(never_record=True)
    await settle(anna, bob)
    assert (await contact_of(bob)).never_recorded
    assert anna._session.recording.never([(await contact_of(anna)).account])
    # It was said, and nothing is due any more.
    assert not anna._session.books.store.items("never.due")
    await anna.set_settings(never_record=False)
    await settle(anna, bob)
    assert not (await contact_of(bob)).never_recorded
    assert not anna._session.recording.never([(await contact_of(anna)).account])


async def test_one_contact_alone_is_told(people: People) -> None:
    anna, bob = await people.pair()
    carl = await people.sign_up("carl")
    await people.befriend(anna, carl)
    to_bob = await anna.find_contact(bob.handle)
    await anna.set_rules(to_bob, replace(await anna.rules(to_bob), never_record=True))
    await settle(anna, bob, carl)
    assert (await contact_of(bob)).never_recorded
    assert not (await contact_of(carl)).never_recorded
    to_carl = await anna.find_contact(carl.handle)
    never = anna._session.recording.never
    assert never([to_bob.account])
    assert never([to_carl.account, to_bob.account])
    assert not never([to_carl.account])


async def test_a_new_contact_and_another_device_know_it(people: People) -> None:
    anna = await people.sign_up("anna")
    await anna.set_settings(never_record=True)
    bob = await people.sign_up("bob")
    await people.befriend(anna, bob)
    await settle(anna, bob)
    assert (await contact_of(bob)).never_recorded
    tablet = await link_device(people, bob, "tablet")
    await settle(anna, bob, tablet)
    assert (await contact_of(tablet)).never_recorded


async def test_an_older_word_and_anothers_change_nothing(people: People) -> None:
    """CK-991: the newest stands; what is said again later, with an older time, is swallowed."""
    anna, bob = await people.pair()
    await anna.set_settings(never_record=True)
    await settle(anna, bob)
    books = anna._session.books
    (known,) = books.contacts.all()
    old = RecordingNever(MessageId.random(books.rng), 1, never=False)
    await anna._session.send_inner(known.account, old, durable=True)
    await settle(anna, bob)
    assert (await contact_of(bob)).never_recorded
    assert not drops(bob)


async def test_nobody_can_ask_where_one_is_never_recorded(people: People) -> None:
    group, clients = await group_of(people, "Choir", "anna", "bob")
    anna = clients[0]
    await anna.set_settings(never_record=True)
    calls = [await client.call_group(group, "voice", **ends()) for client in clients]
    await all_hear(*calls, count=2)
    bobs = calls[1].recording
    async with asyncio.timeout(20):
        async for _ in bobs.changes():
            if bobs.may_not_ask is MayNotAsk.NEVER:
                break
    assert bobs.never_names == (anna.handle,)
    with pytest.raises(UnavailableError):
        await bobs.ask(Wanted(frozenset({Kind.AUDIO}), "Minutes"))
    for call in calls:
        await call.leave()
