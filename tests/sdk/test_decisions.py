"""Block, rules, verified: decided on one device, held by all of them, and by the next one."""

from __future__ import annotations

import asyncio
import itertools
import time
from dataclasses import replace
from typing import Any

import pytest
from tests.sdk.conftest import People, drops, settle, texts
from tests.sdk.test_devices import link_device

from visavis.core.contact_rules import hours_on
from visavis.core.content_records import ContactRecord, Decided, MayCall, Media, Rules, Standing
from visavis.core.errors import AuthorizationError, Code, UsageError
from visavis.core.ids import AccountId, IdentityKey
from visavis.media.silence import SilenceSource
from visavis.media.sinks import NullSink
from visavis.sdk.addresses import Purpose
from visavis.sdk.client import Client, Contact
from visavis.sdk.decisions import UNTOLD_KIND, take_decision

VOICE = Rules(MayCall.VOICE, (hours_on(range(5), 540, 1080),))


async def contact_of(client: Client) -> Contact:
    (contact,) = await client.contacts()
    return contact


def capability(client: Client) -> bytes | None:
    """Return the capability that the one contact may use."""
    books = client._session.books
    (known,) = books.contacts.all()
    given = books.addresses.current(Purpose.CONTACT, known.account)
    return None if given is None else bytes(given.capability)


async def refused(client: Client, text: str) -> bool:
    try:
        await client.send_message(await contact_of(client), text)
    except AuthorizationError as error:
        return error.code is Code.REFUSED
    return False


# Blocking


async def test_a_blocked_contact_is_refused_by_the_server_and_comes_back(people: People) -> None:
    """R-86: alike to somebody unknown, who gets this very answer."""
    anna, bob = await people.pair()
    before = capability(anna)
    await anna.block(await contact_of(anna))
    await settle(anna, bob)
    assert (await contact_of(anna)).state == "blocked"
    assert capability(anna) is None
    assert await refused(bob, "are you there?")
    with pytest.raises(AuthorizationError) as ours:
        await anna.send_message(await contact_of(anna), "no")
    assert ours.value.code is Code.REFUSED
    await anna.block(await contact_of(anna))  # Harmless when repeated.
    assert (await anna.unblock(await contact_of(anna))).state == "contact"
    await settle(anna, bob)
    assert capability(anna) not in {None, before}
    assert not await refused(bob, "hello again")
    await settle(bob, anna)
    await anna.send_message(await contact_of(anna), "and to you")
    await settle(anna, bob)
    said = ["hello again", "and to you"]
    for client in (anna, bob):
        assert texts(await client.history(await contact_of(client))) == said


async def test_what_came_before_the_block_and_was_not_read_is_dropped(people: People) -> None:
    """The envelope is at the server already; its sender is blocked when it is opened."""
    anna, bob = await people.pair()
    await people.close(anna)
    await bob.send_message(await contact_of(bob), "too late")
    anna = await people.open("anna")
    known = anna._session.books.contacts.all()[0]
    known.standing = Standing.BLOCKED
    anna._session.books.contacts.save(known)
    await settle(anna)
    assert await anna.history(await contact_of(anna)) == []
    assert anna._session.may_ring(known.account) is None


async def test_a_block_holds_back_what_waits_for_the_contact(people: People) -> None:
    """CK-599: nothing leaves for a blocked contact; what was written before goes on after it."""
    anna, bob = await people.pair()
    session = anna._session
    addresses = session.books.contacts.all()[0].addresses
    sent: list[Any] = []
    send = session.outbox._send

    async def away(address: Any, content: bytes) -> None:
        sent.append(address)
        await send(address, content)

    session.outbox._send = away
    theirs = await contact_of(anna)
    with session.books.store.transaction():
        device = next(iter(addresses))
        session.outbox.put(theirs.account, device, b"\xa0")
        await session.decisions.set_standing(theirs.account, Standing.BLOCKED)
    await settle(anna)
    assert not [address for address in sent if address in addresses.values()]
    assert session.outbox.waiting() == 1
    await anna.unblock(theirs)
    await settle(anna, bob)
    assert [address for address in sent if address in addresses.values()]  # The control.
    assert session.outbox.waiting() == 0


async def test_both_devices_block_and_unblock(people: People) -> None:
    anna, bob = await people.pair()
    tablet = await link_device(people, anna, "tablet")
    await settle(anna, tablet, bob)
    before = {capability(anna), capability(tablet)}
    await tablet.block(await contact_of(tablet))
    await settle(tablet, anna, bob)
    assert [(await contact_of(c)).state for c in (anna, tablet)] == ["blocked"] * 2
    assert (capability(anna), capability(tablet)) == (None, None)
    assert await refused(bob, "neither of you")
    await anna.unblock(await contact_of(anna))
    await settle(anna, tablet, bob)
    assert [(await contact_of(c)).state for c in (anna, tablet)] == ["contact"] * 2
    assert not {capability(anna), capability(tablet), None} & before
    await bob.send_message(await contact_of(bob), "both of you")
    await settle(bob, anna, tablet)
    for client in (anna, tablet):
        assert texts(await client.history(await contact_of(client))) == ["both of you"]


async def test_a_device_that_comes_during_a_block_says_nothing_and_joins_after_it(
    people: People,
) -> None:
    """What it asks of the contact waits on the device; the control is the same device later."""
    anna, bob = await people.pair()
    await anna.block(await contact_of(anna))
    await settle(anna, bob)
    heard = len(drops(bob))
    lists = bob._session.books.lists
    version = _version(lists.newest(anna._session.books.account))
    again = await people.login("again", anna.handle, recovery_code=anna.recovery_code)
    await settle(again, anna, bob, again)
    assert (await contact_of(again)).state == "blocked"
    assert _version(lists.newest(anna._session.books.account)) == version
    assert len(drops(bob)) == heard
    assert (await again.unblock(await contact_of(again))).state == "rejoining"
    async with asyncio.timeout(60):
        while (await contact_of(again)).state != "contact":
            await settle(again, anna, bob)
    assert _version(lists.newest(anna._session.books.account)) > version
    await bob.send_message(await contact_of(bob), "there you are")
    await settle(bob, again, anna)
    for client in (anna, again):
        assert texts(await client.history(await contact_of(client))) == ["there you are"]


def _version(found: Any) -> int:
    assert found is not None
    return int(found.version)


async def test_a_new_link_brings_back_whom_nothing_else_does(people: People) -> None:
    """Both changed their address: neither can say so to the other. The thread goes on."""
    anna, bob = await people.pair()
    await anna.send_message(await contact_of(anna), "before")
    await settle(anna, bob)
    await anna.block(await contact_of(anna))
    await bob.block(await contact_of(bob))
    await settle(anna, bob)
    await anna.unblock(await contact_of(anna))
    await bob.unblock(await contact_of(bob))
    await settle(anna, bob)
    assert await refused(bob, "nobody hears this")
    await people.befriend(anna, bob)
    await bob.send_message(await contact_of(bob), "after")
    await settle(anna, bob)
    assert texts(await anna.history(await contact_of(anna))) == ["before", "after"]


async def test_a_link_does_not_unblock(people: People) -> None:
    anna, bob = await people.pair()
    await anna.block(await contact_of(anna))
    await bob.accept_invite(await anna.create_invite(), wait_s=0)
    await settle(anna, bob)
    assert (await contact_of(anna)).state == "blocked"
    assert capability(anna) is None


async def test_blocking_ends_a_call(people: People) -> None:
    anna, bob = await people.pair()
    await anna._call_service()  # It listens.
    call = await bob.call(await contact_of(bob), "voice", source=SilenceSource(), sink=NullSink())
    async with asyncio.timeout(30):
        ringing = await anext(anna.incoming())
        await anna.block(await contact_of(anna))
        assert await ringing.ended() == "declined"
    await call.hang_up()
    assert (await contact_of(anna)).state == "blocked"


# Rules


async def test_rules_hold_on_both_devices_and_after_a_restart(people: People) -> None:
    anna, bob = await people.pair()
    tablet = await link_device(people, anna, "tablet")
    await settle(anna, tablet, bob)
    assert await anna.rules(await contact_of(anna)) == Rules()
    await anna.set_rules(await contact_of(anna), VOICE)
    await settle(anna, tablet)
    for client in (anna, tablet):
        assert (await contact_of(client)).rules == VOICE
    await people.close(tablet)
    tablet = await people.open("tablet")
    assert await tablet.rules(await contact_of(tablet)) == VOICE
    await tablet.set_rules(await contact_of(tablet), Rules())
    await settle(tablet, anna)
    assert await anna.rules(await contact_of(anna)) == Rules()
    with pytest.raises(UsageError):
        await anna.set_rules(await contact_of(anna), Rules(MayCall.VIDEO, ()))


@pytest.mark.parametrize(
    ("day", "hour", "rings"), [(2, 10, Media.VOICE), (2, 18, None), (6, 10, None)]
)
async def test_rules_are_read_by_the_local_clock(
    people: People, monkeypatch: pytest.MonkeyPatch, day: int, hour: int, rings: Media | None
) -> None:
    anna, _ = await people.pair()
    contact = await contact_of(anna)
    at = int(time.mktime((2026, 11, 23 + day, hour, 0, 0, 0, 0, -1)))  # 23 November: a Monday.
    monkeypatch.setattr(anna._session.books, "now", lambda: at)
    assert anna._session.may_ring(contact.account, Media.VIDEO) is Media.VIDEO
    await anna.set_rules(contact, VOICE)
    assert anna._session.may_ring(contact.account, Media.VIDEO) is rings
    # Whom we are calling ourselves is met, unless they are blocked.
    assert anna._session.may_ring(contact.account, Media.VIDEO, called=True) is Media.VIDEO
    await anna.block(contact)
    assert anna._session.may_ring(contact.account, Media.VIDEO, called=True) is None
    assert anna._session.may_ring(AccountId(bytes(16)), Media.VIDEO, called=True) is None


async def test_a_call_that_may_not_ring_is_a_missed_call_and_nothing_is_sent(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted at the one socket that everything leaves by; the control rings and is answered."""
    anna, bob = await people.pair()
    await bob._call_service()
    await settle(anna, bob)
    sent: list[bool] = []
    send = bob._session._send_socket.send

    async def counted(address: Any, envelope: bytes, *, durable: bool, **more: Any) -> None:
        sent.append(durable)
        await send(address, envelope, durable=durable, **more)

    monkeypatch.setattr(bob._session._send_socket, "send", counted)
    await bob.set_rules(await contact_of(bob), Rules(MayCall.NOTHING))
    rung = asyncio.ensure_future(anext(bob.incoming()))

    async def ring() -> Any:
        to = await contact_of(anna)
        return await anna.call(to, "voice", source=SilenceSource(), sink=NullSink())

    call = await ring()
    async with asyncio.timeout(30):
        while not (await bob._call_service()).dropped[Code.REFUSED]:
            await asyncio.sleep(0.05)
    await call.hang_up()
    await settle(anna, bob)
    assert (sent, rung.done()) == ([], False)
    assert texts(await bob.history(await contact_of(bob))) == ["Missed voice call"]
    await bob.set_rules(await contact_of(bob), Rules())
    call = await ring()
    async with asyncio.timeout(30):
        ringing = await rung
        await ringing.accept(source=SilenceSource(), sink=NullSink())
        while not sent:
            await asyncio.sleep(0.05)
    await call.hang_up()


# Verified, and confidential calls


async def test_verified_is_bound_to_the_key_and_told_to_the_others(people: People) -> None:
    anna, bob = await people.pair()
    tablet = await link_device(people, anna, "tablet")
    await settle(anna, tablet, bob)
    assert not (await contact_of(anna)).verified
    await anna.set_verified(await contact_of(anna))
    await settle(anna, tablet)
    assert [(await contact_of(c)).verified for c in (anna, tablet)] == [True, True]
    known = anna._session.books.contacts.all()[0]
    newest = anna._session.books.lists.newest(known.account)
    assert newest is not None
    assert known.verified == newest.identity_key
    known.identity_changed = True
    assert not (await contact_of(anna)).verified
    known.identity_changed, known.verified = False, IdentityKey(bytes(32))
    assert not (await contact_of(anna)).verified
    await tablet.set_verified(await contact_of(tablet), verified=False)
    await settle(tablet, anna)
    assert not (await contact_of(anna)).verified


async def test_a_confidential_call_is_refused_before_anything_is_sent(people: People) -> None:
    anna, bob = await people.pair()
    to = await contact_of(anna)
    with pytest.raises(AuthorizationError) as error:
        await anna.call(to, "voice", source=SilenceSource(), sink=NullSink(), confidential=True)
    assert error.value.code is Code.NOT_VERIFIED
    await anna.set_verified(to)
    call = await anna.call(to, "voice", source=SilenceSource(), sink=NullSink(), confidential=True)
    assert call.confidential
    await asyncio.sleep(0.2)
    await call.hang_up()
    await settle(anna, bob)
    for client in (anna, bob):
        assert await client.history(await contact_of(client)) == []


# Several devices at once


async def test_the_newest_decision_stands_in_whatever_order_they_come(people: People) -> None:
    """CK-688. Of two of one second the same one stands everywhere."""
    anna, _ = await people.pair()
    books = anna._session.books
    known = books.contacts.all()[0]
    bare = books.contacts.record(known)
    key = IdentityKey(bytes(32))
    said = [
        replace(bare, rules=VOICE, decided=Decided(rules=5)),
        replace(bare, verified=key, decided=Decided(verified=6)),
        replace(bare, standing=Standing.BLOCKED, decided=Decided(standing=7)),
        replace(bare, rules=Rules(MayCall.NOTHING), decided=Decided(standing=7, rules=8)),
        replace(bare, rules=VOICE, decided=Decided(standing=6, rules=3)),
        replace(bare, verified=key, standing=Standing.BLOCKED, decided=None),
    ]
    found = set()
    for order in itertools.permutations(said):
        known = books.contacts.all()[0]
        known.standing, known.verified = Standing.CONTACT, None
        known.rules, known.decided = Rules(), Decided()
        books.contacts.save(known)
        for record in order:
            with books.store.transaction():
                take_decision(books, record)
        found.add((known.standing, known.verified, known.rules.calls, known.decided))
    # Each by itself, and of one second the block.
    assert found == {(Standing.BLOCKED, key, MayCall.NOTHING, Decided(7, 6, 8))}


async def test_each_decision_is_later_than_all_that_it_knew_of(people: People) -> None:
    """A clock that is behind does not take what it decides back."""
    anna, _ = await people.pair()
    books, contact = anna._session.books, await contact_of(anna)
    ahead = books.now() + 500_000
    bare = books.contacts.record(books.contacts.all()[0])
    record = replace(bare, rules=VOICE, decided=Decided(0, ahead, ahead))
    with books.store.transaction():
        take_decision(books, record)
    assert (await contact_of(anna)).rules == VOICE
    await anna.set_verified(contact)
    known = books.contacts.all()[0]
    assert known.decided == Decided(0, ahead + 1, ahead)
    await anna.set_verified(contact)  # Nothing new: nothing is said.
    assert known.decided == Decided(0, ahead + 1, ahead)
    await anna.block(contact)
    assert 0 < known.decided.standing < ahead


async def test_only_the_decision_of_a_contact_of_ours_is_taken(people: People) -> None:
    anna, bob = await people.pair()
    books = anna._session.books
    known = books.contacts.all()[0]
    record = books.contacts.record(known)
    other = replace(record, name="mallory.1", devices=(), decided=Decided(rules=9), rules=VOICE)
    stranger = replace(
        record, list=bob._session.books.lists.newest(anna_of(bob)).data, decided=Decided(9, 9, 9)
    )
    before = (known.name, dict(known.addresses), known.group)
    with books.store.transaction():
        take_decision(books, other)
        take_decision(books, stranger)
    assert (known.name, dict(known.addresses), known.group) == before
    assert known.rules == VOICE
    assert len(books.contacts.all()) == 1


def anna_of(bob: Client) -> AccountId:
    return bob._session.books.contacts.all()[0].account


class Died(BaseException):
    """The process ended here."""


async def test_a_decision_is_told_after_a_crash(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, bob = await people.pair()
    tablet = await link_device(people, anna, "tablet")
    await settle(anna, tablet, bob)
    session = anna._session

    async def died(*_: Any, **__: Any) -> None:
        raise Died

    monkeypatch.setattr(session.conversations, "send_self", died)
    with pytest.raises(Died):
        await anna.set_rules(await contact_of(anna), VOICE)
    assert session.books.store.count(UNTOLD_KIND) == 1
    await settle(tablet)
    assert (await contact_of(tablet)).rules == Rules()
    await people.close(anna)
    anna = await people.open("anna")
    await settle(anna, tablet)
    assert (await contact_of(tablet)).rules == VOICE
    assert anna._session.books.store.count(UNTOLD_KIND) == 0


async def test_the_vault_holds_decisions_for_the_next_device(people: People) -> None:
    anna, bob = await people.pair()
    await anna.set_rules(await contact_of(anna), VOICE)
    await anna.set_verified(await contact_of(anna))
    await settle(anna, bob)
    again = await people.login("again", anna.handle, recovery_code=anna.recovery_code)
    contact = await contact_of(again)
    assert (contact.rules, contact.verified) == (VOICE, True)


async def test_a_device_takes_a_decision_from_the_vault(people: People) -> None:
    """Of a sibling whose word never came: the next write of this device reads it first."""
    anna, bob = await people.pair()
    tablet = await link_device(people, anna, "tablet")
    await settle(anna, tablet, bob)
    books = tablet._session.books
    known = books.contacts.all()[0]
    known.standing, known.decided = Standing.BLOCKED, Decided(books.now() + 60)
    books.contacts.save(known)
    await tablet._session.vault.write()
    assert (await contact_of(anna)).state == "contact"
    await anna._session.vault.refresh()
    assert (await contact_of(anna)).state == "blocked"
    assert capability(anna) is None
    record: ContactRecord = anna._session.books.contacts.record(
        anna._session.books.contacts.all()[0]
    )
    assert record.standing is Standing.BLOCKED
