"""Two people become contacts by an exact handle; nobody is found who did not ask for it."""

from __future__ import annotations

import asyncio
import os
import time
from typing import Any

import pytest
from tests.sdk.conftest import PASSWORD, People, drops, settle, state_of, texts
from tests.sdk.handles import BITS, cheap_work, look_up, paid, stranger

from visavis.core import contact, handle_request
from visavis.core.content import decode_outer
from visavis.core.content_outer import ContactRequest
from visavis.core.errors import AuthorizationError, Code, PeerError, UnavailableError
from visavis.core.handle_request import HandleAddress
from visavis.sdk.addresses import Purpose
from visavis.sdk.client import Client
from visavis.sdk.contact_records import all_pending
from visavis.sdk.history import NoticeKind

__all__ = ["cheap_work"]
UNKNOWN = "zenobia.00000"


async def waiting(client: Client) -> list[str]:
    await client.sync()
    return sorted(one.name for one in await client.requests())


async def approve_only(client: Client) -> None:
    (one,) = await client.requests()
    await client.approve_request(one)


async def found(client: Client, asker: Client) -> None:
    """Have `asker` ask for `client` by handle and be let in."""
    await client.set_findable(True)
    await asker.request_contact(client.handle)
    assert asker.handle in await waiting(client)
    (one,) = [one for one in await client.requests() if one.name == asker.handle]
    await client.approve_request(one)
    await settle(client, asker)


async def send(client: Client, address: HandleAddress, content: bytes) -> None:
    await client._session._sending.durable(address, content)


def kinds(notices: list[Any]) -> list[NoticeKind]:
    return [notice.kind for notice in notices]


async def test_two_people_become_contacts_by_handle_with_the_work_that_is_asked(
    people: People,
) -> None:
    """The whole way, at the server's own level of work."""
    anna, bob = await people.sign_up("anna"), await people.sign_up("bob")
    await anna.set_findable(True)
    assert await anna.findable()

    async def tap() -> None:
        async for notice in anna.notices():
            assert notice.kind is NoticeKind.REQUEST_WAITING
            break
        (one,) = await anna.requests()
        assert (one.name, one.by_handle) == (bob.handle, True)
        await anna.approve_request(one)

    tapping = asyncio.ensure_future(tap())
    contact = await bob.request_contact(anna.handle, wait_s=60)
    await tapping
    assert contact is not None, (state_of(anna), state_of(bob))
    assert (contact.name, contact.state) == (anna.handle, "contact")
    await settle(anna, bob)
    at_anna = await anna.find_contact("bob")
    await bob.send_message(contact, "found you")
    await anna.sync()
    await anna.send_message(at_anna, "so you did")
    await bob.sync()
    assert texts(await bob.history(contact)) == ["found you", "so you did"]
    assert await anna.safety_number(at_anna) == await bob.safety_number(contact)
    # Both are told that this way of meeting proves nothing.
    for one in (anna, bob):
        assert NoticeKind.CONTACT_BY_HANDLE in kinds(await one.all_notices())
        assert NoticeKind.CONTACT_ADDED not in kinds(await one.all_notices())
        assert drops(one) == {}
    assert await anna.requests() == []
    assert all_pending(bob._session.books.store) == []


@pytest.mark.usefixtures("cheap_work")
async def test_an_account_is_hidden_until_its_owner_says_otherwise(people: People) -> None:
    anna, bob = await people.sign_up("anna"), await people.sign_up("bob")
    assert not await anna.findable()
    assert await bob.request_contact(anna.handle) is None
    (first,) = all_pending(bob._session.books.store)
    assert await waiting(anna) == []
    await anna.set_findable(True)
    await anna.set_findable(True)  # repeating it changes nothing
    assert len(anna._session.books.addresses.all(Purpose.HANDLE)) == 1
    pool = bob._session.books.store.count("pool")
    assert await bob.request_contact(anna.handle) is None
    # Asked again: the same request, the same capability; what was dropped before arrives now.
    (again,) = all_pending(bob._session.books.store)
    assert again.state.token == first.state.token
    assert bob._session.books.store.count("pool") == pool
    assert await waiting(anna) == [bob.handle]
    await approve_only(anna)
    await settle(anna, bob)
    assert [c.name for c in await bob.contacts()] == [anna.handle]


@pytest.mark.usefixtures("cheap_work")
async def test_hiding_again(people: People) -> None:
    anna, bob = await people.sign_up("anna"), await people.sign_up("bob")
    await anna.set_findable(True)
    before = await look_up(bob, anna.handle)
    old = paid(before)
    await send(bob, before, old)
    assert await waiting(anna) == ["mallory.12345"]
    await anna.decline_request((await anna.requests())[0])
    # On its way when the handle is hidden: the key is gone, nothing opens it.
    await people.close(anna)
    await send(bob, before, paid(before))
    anna = await people.open("anna")
    anna._session.inbox.process = _hold(anna, anna._session.inbox.process)  # type: ignore[method-assign]
    await anna.set_findable(False)
    assert await waiting(anna) == []
    assert drops(anna) == {"decryption": 1}
    after = await look_up(bob, anna.handle)
    assert (after.mailbox, after.capability) != (before.mailbox, before.capability)
    with pytest.raises(AuthorizationError) as refused:
        await send(bob, before, paid(before))
    assert refused.value.code is Code.REFUSED
    assert not await anna.findable()
    # Links and whoever is a contact are not touched.
    assert await people.befriend(anna, bob)


def _hold(client: Client, process: Any) -> Any:
    """Let what arrives wait until the handle is hidden."""

    async def held(delivery: Any) -> bool:
        while client._session.books.addresses.all(Purpose.HANDLE):
            await asyncio.sleep(0.01)
        return bool(await process(delivery))

    return held


@pytest.mark.usefixtures("cheap_work")
async def test_a_refusal_is_not_told(people: People) -> None:
    """CK-293: hidden between look-up and sending. For a decoy there would be no refusal."""
    anna, bob = await people.sign_up("anna"), await people.sign_up("bob")
    await anna.set_findable(True)
    gone = await look_up(bob, anna.handle)
    await anna.set_findable(False)
    with pytest.raises(AuthorizationError):
        await send(bob, gone, paid(gone))  # the control: the server does refuse it

    async def as_before(_handle: str) -> tuple[HandleAddress, int]:
        return gone, BITS

    bob._session.by_handle._look_up = as_before  # type: ignore[method-assign]
    assert await bob.request_contact(anna.handle) is None
    assert bob._session.outbox.waiting() == 0
    assert len(all_pending(bob._session.books.store)) == 1


@pytest.mark.usefixtures("cheap_work")
async def test_a_request_without_its_work_is_refused(people: People) -> None:
    """CK-288."""
    anna, bob = await people.sign_up("anna"), await people.sign_up("bob")
    await anna.set_findable(True)
    address = await look_up(bob, anna.handle)
    request = stranger(address)
    challenge = handle_request._challenge(address.mailbox, address.sealing_key, request)
    numbers = (number.to_bytes(8, "big") for number in range(10_000))
    lazy = next(n for n in numbers if not handle_request.work.check(challenge, n, BITS))
    await send(bob, address, lazy + request)
    await send(bob, address, paid(address)[:8] + request)
    await send(bob, address, request)
    assert await waiting(anna) == []
    assert drops(anna) == {"refused": 3}
    await send(bob, address, handle_request.pay(address, request, BITS))
    assert await waiting(anna) == ["mallory.12345"]


@pytest.mark.usefixtures("cheap_work")
@pytest.mark.long
async def test_a_flood_is_bounded(people: People) -> None:
    """CK-280: fifty wait. Beyond the capability's daily quota the server takes no more."""
    anna, bob = await people.sign_up("anna"), await people.sign_up("bob")
    await anna.set_findable(True)
    address = await look_up(bob, anna.handle)
    for number in range(contact.MAX_WAITING + 3):
        await send(bob, address, paid(address, f"mallory.{number:05}"))
    assert len(await waiting(anna)) == contact.MAX_WAITING
    assert drops(anna) == {"quota": 3}
    assert all(one.by_handle for one in await anna.requests())
    await anna.decline_request((await anna.requests())[0])
    assert await bob.request_contact(anna.handle) is None
    assert bob.handle in await waiting(anna), "there is room for one again"
    with pytest.raises(UnavailableError) as full:
        for _ in range(200):
            await send(bob, address, os.urandom(7000))
    assert full.value.code is Code.QUOTA
    # An honest stranger meets the same quiet answer, and links go on working.
    carol = await people.sign_up("carol")
    assert await carol.request_contact(anna.handle) is None
    assert await people.befriend(anna, carol)


@pytest.mark.usefixtures("cheap_work")
async def test_several_who_claim_one_name_can_be_told_apart(people: People) -> None:
    """CK-587: else a stranger who claims Bob's name keeps Bob from being approved."""
    anna, bob = await people.sign_up("anna"), await people.sign_up("bob")
    await anna.set_findable(True)
    address = await look_up(bob, anna.handle)
    await send(bob, address, paid(address, bob.handle))
    await bob.request_contact(anna.handle)
    names = await waiting(anna)
    assert len(set(names)) == 2
    assert all(name.startswith(f"{bob.handle}~") for name in names)
    own = bob._session.books.account
    (real,) = [one for one in await anna.requests() if one.account == own]
    await anna.approve_request(real)
    await settle(anna, bob)
    assert [c.name for c in await anna.contacts()] == [bob.handle]
    assert len(await bob.contacts()) == 1


@pytest.mark.usefixtures("cheap_work")
async def test_a_contact_who_asks_by_handle_waits_for_a_tap_too(people: People) -> None:
    """CK-291, with its control: over a link a contact that lost all comes back by itself."""
    anna, bob = await people.sign_up("anna"), await people.sign_up("bob")
    sent: list[bytes] = []
    send_on = bob._session.outbox._send

    async def watch(address: Any, content: bytes) -> None:
        if isinstance(address, HandleAddress):
            sent.append(content)
        await send_on(address, content)

    bob._session.outbox._send = watch
    await found(anna, bob)
    at_anna, at_bob = await anna.find_contact("bob"), await bob.find_contact("anna")
    await bob.send_message(at_bob, "before")
    await settle(anna, bob)
    group = anna._session.books.contacts.all()[0].group
    # The server brings the request that made the contact once more: nothing happens.
    address = await look_up(bob, anna.handle)
    await send(bob, address, sent[0])
    assert await waiting(anna) == []
    # A new one, and it is Bob's own: still it waits, and the conversation goes on meanwhile.
    await bob.request_contact(anna.handle)
    assert len(await waiting(anna)) == 1
    assert anna._session.books.contacts.all()[0].group == group
    await bob.send_message(at_bob, "meanwhile")
    await settle(anna, bob)
    await approve_only(anna)
    await settle(anna, bob)
    assert anna._session.books.contacts.all()[0].group != group
    await bob.send_message(at_bob, "after")
    await settle(anna, bob)
    await anna.send_message(at_anna, "yes")
    await settle(anna, bob)
    assert texts(await anna.history(at_anna)) == ["before", "meanwhile", "after", "yes"]
    assert texts(await bob.history(at_bob)) == ["before", "meanwhile", "after", "yes"]
    group = anna._session.books.contacts.all()[0].group
    await people.befriend(anna, bob)  # the control
    assert anna._session.books.contacts.all()[0].group != group


@pytest.mark.usefixtures("cheap_work")
async def test_a_stranger_cannot_ask_in_a_contacts_name(people: People) -> None:
    """CK-284: another identity for a contact's account is refused without a word."""
    anna, bob = await people.pair()
    await anna.set_findable(True)
    address = await look_up(bob, anna.handle)
    request = decode_outer(stranger(address))
    assert isinstance(request, ContactRequest)
    theirs = bob._session.books
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.sdk.handles.AccountId.random", lambda _rng: theirs.account)
        forged = paid(address)
    await send(bob, address, forged)
    assert await waiting(anna) == []
    assert drops(anna) == {"identity_changed": 1}
    assert (await anna.find_contact("bob")).state == "contact"


@pytest.mark.usefixtures("cheap_work")
async def test_both_ask_each_other(people: People) -> None:
    """One tap is enough: what the other asked for is granted with it."""
    anna, bob = await people.sign_up("anna"), await people.sign_up("bob")
    for one in (anna, bob):
        await one.set_findable(True)
    await anna.request_contact(bob.handle)
    await bob.request_contact(anna.handle)
    assert await waiting(anna) == [bob.handle]
    assert await waiting(bob) == [anna.handle]
    await approve_only(anna)
    await settle(anna, bob)
    assert await bob.requests() == []
    await _they_talk(anna, bob)


@pytest.mark.usefixtures("cheap_work")
async def test_both_ask_and_both_tap_at_once(people: People) -> None:
    """The group of the lower identity hash stands on both sides, and so do its addresses."""
    for round_ in range(2):  # whoever has the lower hash, each order of reading is gone through
        anna, bob = [await people.sign_up(f"{name}{'ab'[round_]}") for name in ("anna", "bob")]
        for one in (anna, bob):
            await one.set_findable(True)
        await anna.request_contact(bob.handle)
        await bob.request_contact(anna.handle)
        await waiting(anna)
        await waiting(bob)
        # Neither reads before both have tapped.
        await approve_only(anna)
        await approve_only(bob)
        await settle(*((anna, bob) if round_ else (bob, anna)), rounds=4)
        groups = {c._session.books.contacts.all()[0].group for c in (anna, bob)}
        assert len(groups) == 1
        await _they_talk(anna, bob)
        await people.close(anna, bob)


async def _they_talk(anna: Client, bob: Client) -> None:
    at_anna, at_bob = await anna.find_contact("bob"), await bob.find_contact("anna")
    await anna.send_message(at_anna, "to Bob")
    await bob.send_message(at_bob, "to Anna")
    await settle(anna, bob)
    assert "to Bob" in texts(await bob.history(at_bob))
    assert "to Anna" in texts(await anna.history(at_anna))


@pytest.mark.usefixtures("cheap_work")
async def test_an_answer_under_another_handle_is_refused(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CK-289."""
    anna, bob = await people.sign_up("anna"), await people.sign_up("bob")
    await anna.set_findable(True)
    await bob.request_contact(anna.handle)
    assert await waiting(anna) == [bob.handle]
    own_handle = anna._session.books.own_handle
    monkeypatch.setattr(own_handle, "towards", lambda *_: "carol.12345")
    await approve_only(anna)
    await settle(anna, bob)
    assert drops(bob) == {"bad_credential": 1}
    assert await bob.contacts() == []


@pytest.mark.usefixtures("cheap_work")
async def test_the_device_that_said_so_last_receives(people: People) -> None:
    anna, bob = await people.sign_up("anna"), await people.sign_up("bob")
    code = anna.recovery_code
    await anna.set_findable(True)
    tablet = await people.login("tablet", anna.handle, recovery_code=code)
    assert not await tablet.findable()
    old = await look_up(bob, anna.handle)
    await tablet.set_findable(True)
    await bob.request_contact(anna.handle)
    assert await waiting(anna) == []
    assert await waiting(tablet) == [bob.handle]
    # The first device finds out when it looks, and gives up what strangers may still hold.
    await send(bob, old, paid(old))
    assert not await anna.findable()
    with pytest.raises(AuthorizationError):
        await send(bob, old, paid(old))
    assert await tablet.findable()
    await tablet.approve_request((await tablet.requests())[0])
    await settle(tablet, bob, anna)
    assert [c.name for c in await bob.contacts()] == [anna.handle]
    # With the device goes what it received: the handle is hidden again.
    shown = await look_up(bob, anna.handle)
    short = bytes(tablet._session.books.device)[:3].hex()
    await anna.revoke(short, PASSWORD)
    assert (await look_up(bob, anna.handle)).mailbox != shown.mailbox


async def test_a_server_cannot_keep_a_client_at_work(people: People) -> None:
    """CK-292."""
    bob = await people.sign_up("bob")

    async def asks_for(bits: int) -> Any:
        async def get(_self: Any, _path: str) -> Any:
            return {
                "mailbox_id": "A" * 22,
                "capability": "A" * 43,
                "sealing_key": "A" * 1622,
                "pow_bits": bits,
            }

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("visavis.transport.http.Http.get", get)
            return await look_up(bob, UNKNOWN)

    began = time.monotonic()
    for bits in (25, 255, 2**40, -1):
        with pytest.raises(PeerError, match="CK-292"):
            await asks_for(bits)
    assert time.monotonic() - began < 5
    assert isinstance(await asks_for(24), HandleAddress)  # the control


async def test_what_is_no_handle_or_our_own_is_not_asked_for(people: People) -> None:
    bob = await people.sign_up("bob")
    for text in ("", "anna", "anna.1234", "Anna.12345", "../v1/server", "anna.12345/x"):
        with pytest.raises(PeerError) as mistyped:
            await bob.request_contact(text)
        assert mistyped.value.code is Code.MISTYPED
    with pytest.raises(PeerError) as own:
        await bob.request_contact(bob.handle)
    assert own.value.code is Code.UNEXPECTED
    assert all_pending(bob._session.books.store) == []


@pytest.mark.usefixtures("cheap_work")
async def test_requests_by_handle_expire_and_survive_a_restart(people: People) -> None:
    anna, bob = await people.sign_up("anna"), await people.sign_up("bob")
    await anna.set_findable(True)
    await bob.request_contact(anna.handle)
    assert await waiting(anna) == [bob.handle]
    await people.close(anna, bob)
    anna, bob = await people.open("anna"), await people.open("bob")
    assert await anna.findable()
    (one,) = await anna.requests()
    assert one.by_handle
    late = anna._session.books.now() + contact.REQUEST_LIFETIME_S
    for client in (anna, bob):
        client._session.books.now = lambda: late  # type: ignore[method-assign]
        client._session.first_contact.expire()
    assert await anna.requests() == []
    assert all_pending(bob._session.books.store) == []
