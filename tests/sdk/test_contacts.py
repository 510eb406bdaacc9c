"""Two people become contacts by a link and write to each other."""

from __future__ import annotations

import pytest
from tests.sdk.conftest import People, drops, settle, texts

from visavis.core.errors import AuthorizationError, Code, PeerError, VisavisError
from visavis.core.invite import Invite
from visavis.sdk.inbox import Inbox
from visavis.transport.socket import Delivery


async def test_two_people_write_to_each_other(people: People) -> None:
    anna, bob = await people.pair()
    at_bob, at_anna = await bob.find_contact("anna"), await anna.find_contact("bob")
    assert (at_bob.name, at_bob.state, at_bob.devices) == (anna.handle, "contact", 1)
    assert at_anna.name == bob.handle
    await bob.send_message(at_bob, "hello Anna")
    await anna.sync()
    await anna.send_message(at_anna, "hello Bob")
    await bob.sync()
    assert texts(await anna.history(at_anna)) == ["hello Anna", "hello Bob"]
    assert texts(await bob.history(at_bob)) == ["hello Anna", "hello Bob"]
    assert [m.outgoing for m in await bob.history(at_bob)] == [True, False]
    assert await anna.safety_number(at_anna) == await bob.safety_number(at_bob)
    assert len((await anna.safety_number(at_anna)).split()) == 12
    assert drops(anna) == drops(bob) == {}


async def test_messages_wait_for_who_is_away_and_both_restart(people: People) -> None:
    anna, bob = await people.pair()
    at_bob = await bob.find_contact("anna")
    await people.close(anna)
    for number in range(5):
        await bob.send_message(at_bob, f"note {number}")
    await people.close(bob)
    anna = await people.open("anna")
    await anna.sync()
    at_anna = await anna.find_contact("bob")
    assert texts(await anna.history(at_anna)) == [f"note {n}" for n in range(5)]
    await anna.send_message(at_anna, "read them all")
    await people.close(anna)
    bob = await people.open("bob")
    await bob.sync()
    assert texts(await bob.history(at_bob))[-1] == "read them all"


async def test_the_stream_of_messages(people: People) -> None:
    anna, bob = await people.pair()
    await bob.send_message(await bob.find_contact("anna"), "one")
    await bob.send_message(await bob.find_contact("anna"), "two")
    got = []
    async for message in anna.messages():
        got.append(message.text)
        if len(got) == 2:
            break
    assert sorted(got) == ["one", "two"]


async def test_a_single_use_link_is_good_once(people: People) -> None:
    anna, bob = await people.sign_up("anna"), await people.sign_up("bob")
    carol = await people.sign_up("carol")
    link = await anna.create_invite()
    assert await bob.accept_invite(link, wait_s=10) is not None
    await settle(anna, bob)
    with pytest.raises(AuthorizationError) as refused:
        await carol.accept_invite(link, wait_s=1)
    assert refused.value.code is Code.REFUSED
    assert [c.name for c in await anna.contacts()] == [bob.handle]
    assert await carol.contacts() == []


async def test_a_link_for_many_waits_for_a_tap(people: People) -> None:
    anna, bob = await people.sign_up("anna"), await people.sign_up("bob")
    carol = await people.sign_up("carol")
    link = await anna.create_invite(single_use=False)
    assert await bob.accept_invite(link) is None
    assert await carol.accept_invite(link) is None
    await anna.sync()
    waiting = {w.name: w for w in await anna.requests()}
    assert waiting.keys() == {bob.handle, carol.handle}
    assert await anna.contacts() == []
    await anna.approve_request(waiting[bob.handle])
    await anna.decline_request(waiting[carol.handle])
    await settle(anna, bob, carol)
    assert [c.name for c in await anna.contacts()] == [bob.handle]
    assert [c.name for c in await bob.contacts()] == [anna.handle]
    assert await carol.contacts() == []
    assert await anna.requests() == []


async def test_an_expired_link(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    anna, bob = await people.sign_up("anna"), await people.sign_up("bob")
    link = await anna.create_invite(days=1)
    late = anna._session.books.now() + 86_401
    bob._session.books.now = lambda: late  # type: ignore[method-assign]
    with pytest.raises(PeerError) as expired:
        await bob.accept_invite(link)
    assert expired.value.code is Code.EXPIRED
    # A requester whose clock is behind still meets the inviter's own check (CK-281).
    bob._session.books.now = lambda: late - 86_400  # type: ignore[method-assign]
    anna._session.books.now = lambda: late  # type: ignore[method-assign]
    monkeypatch.setattr(anna._session.first_contact, "expire", lambda: None)
    assert await bob.accept_invite(link) is None
    await anna.sync()
    assert drops(anna) == {"expired": 1}
    assert await anna.contacts() == []


async def test_links_that_are_none(people: People) -> None:
    anna = await people.sign_up("anna")
    link = await anna.create_invite()
    with pytest.raises(PeerError) as own:
        await anna.accept_invite(link)
    assert own.value.code is Code.UNEXPECTED
    for bad in ("", "nonsense", link[:-5], link.replace("127.0.0.1", "127.0.0.2")):
        with pytest.raises(VisavisError) as wrong:
            await anna.accept_invite(bad)
        assert wrong.value.code in {Code.MISTYPED, Code.REFUSED}


async def test_an_answer_by_another_identity_is_refused(people: People) -> None:
    """CK-270: a server in the middle answers for the inviter with an identity of its own."""
    anna, bob, mallory = [await people.sign_up(name) for name in ("anna", "bob", "mallory")]
    to_anna = Invite.from_link(await anna.create_invite())
    to_mallory = Invite.from_link(await mallory.create_invite())
    forged = Invite(to_mallory.address, to_anna.inviter, to_anna.expires_at).to_link()
    assert await bob.accept_invite(forged, wait_s=0) is None
    await settle(mallory, bob)
    assert drops(bob) == {"identity_changed": 1}
    assert await bob.contacts() == []
    # The control: with the right hash a link of the same person works.
    assert await people.befriend(mallory, bob)


async def test_both_follow_each_others_link(people: People) -> None:
    anna, bob = await people.sign_up("anna"), await people.sign_up("bob")
    from_anna, from_bob = await anna.create_invite(), await bob.create_invite()
    await anna.accept_invite(from_bob)
    await bob.accept_invite(from_anna)
    await settle(anna, bob, rounds=4)
    at_anna, at_bob = await anna.find_contact("bob"), await bob.find_contact("anna")
    await anna.send_message(at_anna, "crossed")
    await bob.send_message(at_bob, "indeed")
    await settle(anna, bob)
    assert "crossed" in texts(await bob.history(at_bob))
    assert "indeed" in texts(await anna.history(at_anna))


async def test_finding_contacts(people: People) -> None:
    anna, _ = await people.pair("anna", "bob")
    bobby = await people.sign_up("bobby")
    await people.befriend(anna, bobby)
    assert (await anna.find_contact("bobby")).name == bobby.handle
    for name in ("bob", "zed"):
        with pytest.raises(AuthorizationError) as unknown:
            await anna.find_contact(name)
        assert unknown.value.code is Code.UNKNOWN_CONTACT


async def test_a_forgotten_contact_cannot_reach_us(people: People) -> None:
    anna, bob = await people.pair()
    at_bob = await bob.find_contact("anna")
    await anna.forget_contact(await anna.find_contact("bob"))
    await anna.sync()
    with pytest.raises(AuthorizationError) as refused:
        await bob.send_message(at_bob, "are you there?")
    assert refused.value.code is Code.REFUSED
    assert await anna.contacts() == []


async def test_contacts_come_back_by_a_new_link(people: People) -> None:
    """P5: when all state is lost, a new group goes on with the old thread."""
    anna, bob = await people.pair()
    at_bob = await bob.find_contact("anna")
    await bob.send_message(at_bob, "before")
    await settle(anna, bob)
    await people.befriend(anna, bob)
    await bob.send_message(at_bob, "after")
    await settle(anna, bob)
    at_anna = await anna.find_contact("bob")
    assert texts(await anna.history(at_anna)) == ["before", "after"]
    assert len(await anna.contacts()) == 1


@pytest.mark.parametrize("late", [True, False])
async def test_what_is_written_right_after_the_yes_is_not_lost(
    people: People, monkeypatch: pytest.MonkeyPatch, *, late: bool
) -> None:
    """What waited at the server comes in no order: the message may come before the answer."""
    anna, bob = await people.sign_up("anna"), await people.sign_up("bob")
    link = await anna.create_invite()
    await people.close(anna)
    assert await bob.accept_invite(link, wait_s=0.1) is None
    await people.close(bob)
    anna = await people.open("anna")
    await anna.sync()
    await anna.send_message(await anna.find_contact("bob"), "welcome")
    await anna.sync()

    waited: list[Delivery] = []
    put = Inbox.put

    async def in_an_order(inbox: Inbox, delivery: Delivery) -> None:
        """Hand on two that waited, the smaller (the message) first or last."""
        waited.append(delivery)
        if len(waited) == 2:
            for one in sorted(waited, key=lambda each: len(each.envelope), reverse=late):
                await put(inbox, one)
        elif len(waited) > 2:
            await put(inbox, delivery)

    monkeypatch.setattr(Inbox, "put", in_an_order)
    bob = await people.open("bob")
    await bob.sync()
    assert texts(await bob.history(await bob.find_contact("anna"))) == ["welcome"]
    assert drops(bob) == {}
