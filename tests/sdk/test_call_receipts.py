"""Signed receipts of calls through the SDK: in calls of two and of many, and kept (R-14)."""

from __future__ import annotations

import pytest
from tests.scenario.call_world import World
from tests.scenario.test_confidential import place
from tests.sdk.conftest import People
from tests.sdk.group_call_ends import ends
from tests.sdk.groups import group_of
from tests.sdk.guests import all_hear, let_in, until

from visavis.core.call_receipt_file import verify_file
from visavis.core.errors import PeerError, UnavailableError, UsageError
from visavis.sdk.call_receipt_objects import CallReceiptTalk, Ending, MayNotAsk
from visavis.sdk.client import Client
from visavis.sdk.group_call_objects import GroupCall
from visavis.testing.virtual_clock import run


async def choir(people: People, *names: str) -> tuple[list[Client], list[GroupCall]]:
    group, clients = await group_of(people, "Choir", *names)
    calls = [await client.call_group(group, "voice", **ends()) for client in clients]
    await all_hear(*calls, count=len(names))
    await until(lambda: all(call.receipts.may_not_ask is None for call in calls))
    return list(clients), calls


async def asked(*talks: CallReceiptTalk) -> None:
    await until(lambda: all(talk.asked is not None for talk in talks))


async def over(why: Ending, *talks: CallReceiptTalk) -> None:
    await until(lambda: all(talk.ended for talk in talks))
    assert [talk.ended[-1].why for talk in talks] == [why] * len(talks)


async def signed(*calls: GroupCall) -> None:
    """Have the first ask, and all sign."""
    first, *others = (call.receipts for call in calls)
    which = first.ask()
    await asked(*others)
    for one in others:
        one.sign(which)
    await over(Ending.COMPLETE, first, *others)


# In a call of many


async def test_three_sign_and_each_can_show_it_alone(people: People) -> None:
    clients, calls = await choir(people, "anna", "bob", "carl")
    anna, bob, carl = clients
    annas, bobs, carls = (call.receipts for call in calls)
    which = annas.ask()
    await asked(bobs, carls)
    found = bobs.asked
    assert found is not None
    assert (found.id, found.by, found.own, found.media) == (which, anna.handle, False, "voice")
    assert (found.signed, found.missing) == ((anna.handle,), (carl.handle,))
    bobs.sign(which)
    await until(lambda: carls.asked and bob.handle in carls.asked.signed)
    assert [client.call_receipts.all() for client in clients] == [[], [], []]
    carls.sign(which)
    await over(Ending.COMPLETE, annas, bobs, carls)
    for client in clients:
        (kept,) = client.call_receipts.all()
        assert (kept.id, kept.title, kept.facts.media) == (which, "Choir", "voice")
        assert sorted(kept.names) == sorted(
            ["", *(other.handle for other in clients if other is not client)]
        )
        checked = verify_file(client.call_receipts.file(which, ["at"], show_me=True))
        assert checked.disclosed == {"at": kept.facts.at}
        ((key, party),) = checked.shown.items()
        assert key == kept.own
        assert party.account_id == client._session.books.account
    for call in calls:
        await call.leave()


async def test_one_refuses_and_nobody_keeps_anything(people: People) -> None:
    clients, calls = await choir(people, "anna", "bob", "carl")
    annas, bobs, carls = (call.receipts for call in calls)
    which = annas.ask()
    await asked(bobs, carls)
    bobs.sign(which)
    carls.refuse(which)
    await over(Ending.REFUSED, annas, bobs, carls)
    assert annas.ended[-1].by == clients[2].handle
    assert all(client.call_receipts.all() == [] for client in clients)
    assert all(len(call.members) == 3 for call in calls), "the call goes on"
    for call in calls:
        await call.leave()


async def test_who_comes_in_the_middle_ends_it(people: People) -> None:
    group, clients = await group_of(people, "Choir", "anna", "bob", "carl")
    calls = [await client.call_group(group, "voice", **ends()) for client in clients[:2]]
    await all_hear(*calls, count=2)
    annas, bobs = (call.receipts for call in calls)
    await until(lambda: annas.may_not_ask is None)
    annas.ask()
    await asked(bobs)
    calls.append(await clients[2].call_group(group, "voice", **ends()))
    await over(Ending.CHANGED, annas, bobs)
    await all_hear(*calls, count=3)
    await signed(*calls)
    assert [len(client.call_receipts.all()) for client in clients] == [1, 1, 1]
    for call in calls:
        await call.leave()


async def test_a_guest_signs_and_holds_it_in_memory_alone(people: People) -> None:
    anna = await people.sign_up("anna")
    made = await anna.create_call_link()
    call = await anna.call_group(made.group, "voice", **ends())
    assert await call.inside()
    guest = await let_in(call, made.link, "Dana")
    await all_hear(call, guest, count=2)
    await until(lambda: call.receipts.may_not_ask is None)
    which = call.receipts.ask()
    await asked(guest.receipts)
    assert guest.receipts.asked is not None
    assert guest.receipts.asked.by == anna.handle
    guest.receipts.sign(which)
    await over(Ending.COMPLETE, call.receipts, guest.receipts)
    kept = guest.receipts.ended[-1].receipt
    assert kept is not None
    checked = verify_file(kept.file(kept.fields))
    assert checked.disclosed["media"] == "voice"
    assert len(anna.call_receipts.all()) == 1
    await guest.leave()
    await call.leave()


# What is kept


async def test_it_stays_until_it_is_removed(people: People) -> None:
    (anna, bob), calls = await choir(people, "anna", "bob")
    for client in (anna, bob):
        await client.set_settings(keep=0)  # a history that is off is no no
    await signed(*calls)
    for call in calls:
        await call.leave()
    (kept,) = anna.call_receipts.all()
    file = anna.call_receipts.file(kept.id, ["at", "since", "media"])
    assert (await anna.local_data()).kinds["signed receipts of calls"].rows == 1
    await people.close(anna)
    anna = await people.open("anna")
    assert anna.call_receipts.all() == [kept]
    assert anna.call_receipts.file(kept.id, ["at", "since", "media"]) == file
    with pytest.raises(UsageError):
        anna.call_receipts.file(kept.id, ["where"])
    anna.call_receipts.remove(kept.id)
    assert anna.call_receipts.all() == []
    assert "signed receipts of calls" not in (await anna.local_data()).kinds
    with pytest.raises(PeerError):
        anna.call_receipts.file(kept.id, [])
    with pytest.raises(PeerError):
        anna.call_receipts.remove(kept.id)
    assert len(bob.call_receipts.all()) == 1


# In a call of two


def test_two_sign_in_a_call_of_two() -> None:
    async def story() -> None:
        async with World() as w:
            ours = await w["anna1"].call("video")
            theirs = await w["ben1"].accept(await w["ben1"].rings())
            await ours.connected()
            await theirs.connected()
            await until(lambda: ours.receipts.may_not_ask is None)
            which = ours.receipts.ask()
            await asked(theirs.receipts)
            found = theirs.receipts.asked
            assert found is not None
            assert (found.by, found.media, found.own) == ("anna", "video", False)
            assert found.have_signed is False
            theirs.receipts.sign(which)
            await over(Ending.COMPLETE, ours.receipts, theirs.receipts)
            files = set()
            for call in (ours, theirs):
                kept = call.receipts.ended[-1].receipt
                assert kept is not None
                assert kept.call == ours.id
                files.add(kept.file(kept.fields))
            (file,) = files
            assert verify_file(file).disclosed["media"] == "video"
            await ours.hang_up()
            await theirs.ended()
            assert ours.receipts.may_not_ask is MayNotAsk.UNABLE

    run(story())


def test_one_of_two_refuses_and_the_call_goes_on() -> None:
    async def story() -> None:
        async with World() as w:
            ours = await w["anna1"].call("voice")
            theirs = await w["ben1"].accept(await w["ben1"].rings())
            await ours.connected()
            await theirs.connected()
            which = theirs.receipts.ask()
            await asked(ours.receipts)
            ours.receipts.refuse(which)
            await over(Ending.REFUSED, ours.receipts, theirs.receipts)
            assert theirs.receipts.ended[-1].by == "anna"
            assert theirs.receipts.ended[-1].receipt is None
            assert (ours.state, theirs.state) == ("in_call", "in_call")
            await ours.hang_up()

    run(story())


def test_in_a_confidential_call_nobody_asks() -> None:
    async def story() -> None:
        async with World() as w:
            ours = await place(w["anna1"])
            theirs = await w["ben1"].accept(await w["ben1"].rings())
            await ours.connected()
            await theirs.connected()
            for call in (ours, theirs):
                assert call.receipts.may_not_ask is MayNotAsk.CONFIDENTIAL
                with pytest.raises(UnavailableError):
                    call.receipts.ask()
            await ours.hang_up()

    run(story())
