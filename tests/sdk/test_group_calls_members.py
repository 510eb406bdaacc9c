"""Who may be in a call of a group, on a real server: those in the group, and nobody else."""

from __future__ import annotations

import asyncio

import pytest
from tests.sdk.conftest import People, settle
from tests.sdk.group_call_ends import ends
from tests.sdk.group_call_ringing import frame_keys, hear, listening
from tests.sdk.groups import group_of, join, seen
from tests.sdk.guests import all_hear

from visavis.core.errors import AuthorizationError
from visavis.sdk import group_call_entry
from visavis.sdk.consent_key import OwnConsent
from visavis.sdk.group_call_keys import GroupCallKeys
from visavis.sdk.group_call_objects import GroupCallEnd
from visavis.sdk.group_call_stay import Stay


async def test_each_call_has_keys_of_its_own(people: People) -> None:
    """The same two devices of the same group: another call, room, door, and other frame keys."""
    group, (anna, bob) = await group_of(people, "Choir", "anna", "bob")
    (waiting,) = await listening(bob)
    annas = await anna.call_group(group, **ends())
    bobs = await (await waiting).accept(**ends())
    await all_hear(annas, bobs, count=2)
    before, kept = annas.going, frame_keys(annas)
    assert kept == frame_keys(bobs)  # the control: in one call they are the same
    await bobs.leave()
    await all_hear(annas, count=1)
    await annas.leave()
    await settle(anna, bob)
    (waiting,) = await listening(bob)
    annas = await anna.call_group(group, **ends())
    bobs = await (await waiting).accept(**ends())
    await all_hear(annas, bobs, count=2)
    assert frame_keys(annas) == frame_keys(bobs)
    assert frame_keys(annas) != kept
    after = annas.going
    for one, other in zip(
        (before.call, before.room, before.door), (after.call, after.room, after.door), strict=True
    ):
        assert one != other
    for call in (annas, bobs):
        await call.leave()


async def test_who_is_removed_from_the_group_is_out_of_its_call(people: People) -> None:
    """CK-851"""
    group, (anna, bob, carl) = await group_of(people, "Choir", "anna", "bob", "carl")
    ringing = await listening(bob, carl)
    begun = await anna.call_group(group, **ends())
    others = [await (await one).accept(**ends()) for one in ringing]
    await all_hear(begun, *others, count=3)
    member = next(one for one in (await seen(anna, group)).members if one.name == carl.handle)
    await anna.remove_from_group(group, member)
    async with asyncio.timeout(30):
        assert await others[1].ended() in {GroupCallEnd.LEFT, GroupCallEnd.REMOVED}
    await all_hear(begun, others[0], count=2)
    assert carl.handle not in hear(begun)
    with pytest.raises(AuthorizationError):
        await carl.call_group(group, **ends())


async def test_who_is_removed_from_the_group_and_stays_is_removed_by_the_others(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CK-851: a device that does not go by itself, and keeps all it has."""
    group, (anna, bob, carl) = await group_of(people, "Choir", "anna", "bob", "carl")
    ringing = await listening(bob, carl)
    begun = await anna.call_group(group, **ends())
    bobs, carls = [await (await one).accept(**ends()) for one in ringing]
    await all_hear(begun, bobs, carls, count=3)
    assert frame_keys(carls) == frame_keys(begun)  # the control
    stay = carls._steps
    assert isinstance(stay, Stay)
    kept = frame_keys(carls)
    monkeypatch.setattr(stay, "group_changed", lambda: None)
    member = next(one for one in (await seen(anna, group)).members if one.name == carl.handle)
    await anna.remove_from_group(group, member)
    await all_hear(begun, bobs, count=2)
    assert carl.handle not in hear(begun) + hear(bobs)
    assert frame_keys(begun) == frame_keys(bobs) != kept
    await asyncio.sleep(4)  # it asks to come in again, in vain
    assert len(begun.members) == len(bobs.members) == 2
    for call in (carls, bobs, begun):
        await call.leave()
        async with asyncio.timeout(30):
            await call.ended()


async def test_a_person_is_in_it_with_two_devices_and_goes_with_both(people: People) -> None:
    group, (anna, bob) = await group_of(people, "Choir", "anna", "bob")
    tablet = await people.login("tablet", bob.handle, recovery_code=bob.recovery_code)
    await settle(anna, bob, tablet, rounds=4)
    await listening(bob, tablet)
    annas = await anna.call_group(group, **ends())
    assert await annas.inside()
    await settle(bob, tablet)
    both = [await client.call_group(group, **ends()) for client in (bob, tablet)]
    await all_hear(annas, *both, count=3)
    assert hear(annas).count(bob.handle) == 2
    assert len({frame_keys(call) for call in (annas, *both)}) == 1
    member = next(one for one in (await seen(anna, group)).members if one.name == bob.handle)
    await anna.remove_from_group(group, member)
    async with asyncio.timeout(60):
        for call in both:
            assert await call.ended() in {GroupCallEnd.LEFT, GroupCallEnd.REMOVED}
    await all_hear(annas, count=1)


async def test_who_leaves_the_group_leaves_its_call(people: People) -> None:
    group, (anna, bob) = await group_of(people, "Choir", "anna", "bob")
    (waiting,) = await listening(bob)
    call = await anna.call_group(group, **ends())
    bobs = await (await waiting).accept(**ends())
    await all_hear(call, bobs, count=2)
    await bob.leave_group(group)
    async with asyncio.timeout(30):
        assert await bobs.ended() is GroupCallEnd.LEFT
    await settle(anna)
    await all_hear(call, count=1)


async def test_who_comes_into_the_group_can_come_into_its_call(people: People) -> None:
    group, (anna, bob) = await group_of(people, "Choir", "anna", "bob")
    carl = await people.sign_up("carl")
    await people.befriend(anna, carl)
    (waiting,) = await listening(bob)
    call = await anna.call_group(group, **ends())
    bobs = await (await waiting).accept(**ends())
    await all_hear(call, bobs, count=2)
    await join(anna, group, carl)
    await settle(anna, carl)
    carls = await carl.call_group(group, **ends())
    await all_hear(call, bobs, carls, count=3)
    assert carls.going.call == call.going.call


async def test_who_was_removed_cannot_knock(people: People, server: object) -> None:
    """CK-851: knowing the room and its door key is not enough."""
    del server
    group, (anna, bob, carl) = await group_of(people, "Choir", "anna", "bob", "carl")
    ringing = await listening(bob, carl)
    begun = await anna.call_group(group, **ends())
    bobs = await (await ringing[0]).accept(**ends())
    await ringing[1]
    await all_hear(begun, bobs, count=2)
    ways = (await carl._group_call_service())._ways

    def knock() -> asyncio.Future[GroupCallKeys]:
        going, keys = begun.going, ways.key_material(group.group)
        consent = OwnConsent.make(ways.rng)
        entering = group_call_entry.Entering(
            ways.origin,
            going.call,
            going.room,
            going.door,
            keys,
            consent,
            lambda _: None,
            ways.now,
            ways.rng,
        )
        return asyncio.ensure_future(entering.enter(ways.new_key_package(consent)))

    member = next(one for one in (await seen(anna, group)).members if one.name == carl.handle)
    await anna.remove_from_group(group, member)
    await settle(anna, bob)
    knocking = knock()
    done, _ = await asyncio.wait([knocking], timeout=5)
    assert not done
    knocking.cancel()
    assert len(begun.members) == len(bobs.members) == 2
    # The control: put back into the group he is let in by the same knock.
    await join(anna, group, carl)
    keys = await asyncio.wait_for(knock(), 30)
    assert len(keys.members()) == 3
    keys.wipe()
