"""Group calls through the SDK, on a real server: begun, rung for, entered, left, over."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from tests.sdk.conftest import People, settle
from tests.sdk.group_call_ends import ends
from tests.sdk.group_call_ringing import hear, listening, rings, silent
from tests.sdk.groups import group_of, join
from tests.sdk.guests import all_hear, until

from visavis.core.content_group_call import GroupCallState, Reaction
from visavis.core.content_records import MayCall, Rules
from visavis.core.errors import AuthorizationError, Code, UnavailableError, UsageError
from visavis.core.ids import CallId
from visavis.media.silence import SilenceSource
from visavis.media.sinks import NullSink
from visavis.sdk import group_call_entry, group_call_ringing
from visavis.sdk.group_call_objects import GroupCall, GroupCallEnd
from visavis.sdk.history import NoticeKind


async def test_it_rings_and_people_come_and_go(people: People) -> None:
    group, (anna, bob, carl) = await group_of(people, "Choir", "anna", "bob", "carl")
    handles = sorted(one.handle for one in (anna, bob, carl))
    ringing = await listening(bob, carl)
    begun = await anna.call_group(group, "voice", **ends())
    assert await begun.inside()
    first = await ringing[0]
    assert (first.group_name, first.caller, first.media) == ("Choir", anna.handle, "voice")
    bobs = await first.accept(**ends())
    assert await bobs.inside()
    await all_hear(begun, bobs, count=2)
    await first.ended()
    carls = await (await ringing[1]).accept(**ends())
    await all_hear(begun, bobs, carls, count=3)
    assert hear(begun) == hear(bobs) == hear(carls) == handles
    assert [one.own for one in begun.members].count(True) == 1
    # Everybody is told who came and went.
    changes = begun.changes()
    assert (await anext(changes)).came == (bob.handle,)
    assert (await anext(changes)).came == (carl.handle,)
    await bobs.leave()
    assert await bobs.ended() is GroupCallEnd.LEFT
    await all_hear(begun, carls, count=2)
    assert (await anext(changes)).went == (bob.handle,)
    # Who left may come again, as long as it goes on.
    again = await bob.call_group(group, **ends())
    await all_hear(begun, carls, again, count=3)
    for count, call in ((3, begun), (2, carls), (1, again)):
        await all_hear(again, count=count)
        await call.leave()
    await settle(anna, bob, carl)
    for client in (anna, bob, carl):
        assert client._session.books.group_calls.get(group.group) is None
    kinds = [notice.kind for notice in await bob.all_notices()]
    assert kinds.count(NoticeKind.GROUP_CALL_BEGAN) == 1
    # It is one call in everybody's history, also if they were in it twice.
    accounts = [one._session.books.account for one in (anna, bob, carl)]
    for client, direction in ((anna, "outgoing"), (bob, "incoming"), (carl, "incoming")):
        (entry,) = await client.call_history()
        assert (entry.direction, entry.media, entry.outcome) == (direction, "voice", "answered")
        assert entry.members == tuple(sorted({*accounts} - {client._session.books.account}))
        assert not entry.verified


async def test_nothing_rings_for_a_stranger_or_against_the_rules(people: People) -> None:
    """CK-853: as the rules of whoever began it say; who is no contact rings nobody."""
    group, (anna, bob, carl) = await group_of(people, "Choir", "anna", "bob", "carl")
    anna_there, carl_there = await listening(anna, carl)
    # Carl does not know Bob; Anna does.
    begun = await bob.call_group(group, **ends())
    assert (await anna_there).caller == bob.handle
    assert await silent(carl_there)
    await settle(carl)
    assert NoticeKind.GROUP_CALL_BEGAN in [n.kind for n in await carl.all_notices()]
    carls = await carl.call_group(group, **ends())  # it can be entered all the same
    await all_hear(begun, carls, count=2)
    await begun.leave()
    await all_hear(carls, count=1)
    await carls.leave()
    await settle(anna, bob, carl)
    for rules, media in ((Rules(MayCall.VOICE), "voice"), (Rules(MayCall.NOTHING), None)):
        await carl.set_rules(await carl.find_contact(anna.handle), rules)
        (waiting,) = await listening(carl)
        call = await anna.call_group(group, "video", **ends())
        if media is None:
            assert await silent(waiting)
        else:
            assert (await waiting).media == media
        await call.leave()
        await settle(anna, carl)


async def test_a_call_that_nobody_is_in_any_more(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_call_entry, "GONE_PAUSE_S", 0.05)
    group, (anna, bob) = await group_of(people, "Choir", "anna", "bob")
    (waiting,) = await listening(bob)
    call = await anna.call_group(group, **ends())
    ringing = await waiting
    room = call.going
    await call.leave()
    await ringing.ended()
    with pytest.raises(AuthorizationError):
        await ringing.accept(**ends())
    # Bob was not told that it is over: he finds out at the door, and begins the next one himself.
    bob._session.books.group_calls.note(room)
    (waiting,) = await listening(anna)
    again = await bob.call_group(group, **ends())
    assert again.going.call == room.call
    assert await again.inside()
    assert again.going.call != room.call
    annas = await (await waiting).accept(**ends())
    await all_hear(again, annas, count=2)


async def test_a_call_after_one_of_which_nobody_said_that_it_is_over_rings(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last two left in the same moment. Within 45 s the lower id would stand (docs)."""
    monkeypatch.setattr(group_call_entry, "GONE_PAUSE_S", 0.05)
    group, (anna, bob) = await group_of(people, "Choir", "anna", "bob")
    call = await anna.call_group(group, **ends())
    assert await call.inside()
    await call.leave()
    await settle(anna, bob)
    unsaid = replace(call.going, call=CallId(bytes(16)))  # no other id is lower
    for client in (anna, bob):
        client._session.books.group_calls.note(unsaid)
    (waiting,) = await listening(anna)
    again = await bob.call_group(group, **ends())
    annas = await (await waiting).accept(**ends())
    await all_hear(again, annas, count=2)


async def test_it_rings_for_who_begins_to_listen_a_moment_later(people: People) -> None:
    group, (anna, bob, carl) = await group_of(people, "Choir", "anna", "bob", "carl")
    begun = await anna.call_group(group, "voice", **ends())
    for client in (bob, carl):
        await until(lambda one=client: one._session.books.group_calls.get(group.group))
    assert (await rings(bob)).caller == anna.handle
    await begun.leave()
    await until(lambda: carl._session.books.group_calls.get(group.group) is None)
    assert await silent(asyncio.ensure_future(rings(carl))), "a call that is over rang"


async def test_ringing_ends(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_call_ringing, "RING_S", 0.5)
    group, (anna, bob) = await group_of(people, "Choir", "anna", "bob")
    (waiting,) = await listening(bob)
    call = await anna.call_group(group, **ends())
    ringing = await waiting
    await ringing.ended()
    with pytest.raises(AuthorizationError):
        await ringing.accept(**ends())
    assert [one.outcome for one in await bob.call_history()] == ["missed"]
    bobs = await bob.call_group(group, **ends())
    await all_hear(call, bobs, count=2)
    await bobs.leave()
    assert [one.outcome for one in await bob.call_history()] == ["answered"]


async def test_what_is_declined_and_what_nobody_takes(people: People) -> None:
    group, (anna, bob) = await group_of(people, "Choir", "anna", "bob")
    (waiting,) = await listening(bob)
    call = await anna.call_group(group, **ends())
    await (await waiting).decline()
    assert [one.outcome for one in await bob.call_history()] == ["declined"]
    await call.leave()
    assert [one.outcome for one in await anna.call_history()] == ["unanswered"]
    assert await bob.set_settings(keep=0)
    again = await anna.call_group(group, **ends())
    bobs = await bob.call_group(group, **ends())
    await all_hear(again, bobs, count=2)
    await bobs.leave()
    assert await bob.call_history() == []  # nothing is kept where nothing is to be kept


async def test_one_call_at_a_time(people: People) -> None:
    group, (anna, bob, carl) = await group_of(people, "Choir", "anna", "bob", "carl")
    other = await anna.create_group("Board")
    await join(anna, other, carl)
    (waiting,) = await listening(bob)
    call = await anna.call_group(group, **ends())
    bobs = await (await waiting).accept(**ends())
    await all_hear(call, bobs, count=2)
    with pytest.raises(UsageError):
        await anna.call_group(other, **ends())
    # In a call of the choir nothing rings from the board, nor from a single person.
    (waiting,) = await listening(anna)
    carls = await carl.call_group(other, **ends())
    assert await carls.inside()
    assert await silent(waiting)
    assert [one.outcome for one in await anna.call_history()] == ["missed"]
    await carls.leave()
    missed = asyncio.ensure_future(anext(anna.missed()))
    to_anna = await carl.find_contact(anna.handle)
    alone = await carl.call(to_anna, "voice", source=SilenceSource(), sink=NullSink())
    async with asyncio.timeout(30):
        assert (await missed).why == "busy"
    await alone.hang_up()
    # The control: once she has left, it rings.
    await call.leave()
    (waiting,) = await listening(anna)
    await carl.call_group(other, **ends())
    assert (await waiting).group_name == "Board"


async def test_hands_reactions_and_a_request_to_mute(people: People) -> None:
    group, (anna, bob) = await group_of(people, "Choir", "anna", "bob")
    (waiting,) = await listening(bob)
    annas = await anna.call_group(group, "voice", **ends())
    bobs = await (await waiting).accept(**ends())
    await all_hear(annas, bobs, count=2)

    def shown(call: GroupCall, name: str) -> GroupCallState | None:
        return next(one.shows for one in call.members if one.name == name)

    # Whoever comes in is told how things are, and says so.
    for call in (annas, bobs):
        for name in (anna.handle, bob.handle):
            await until(lambda call=call, name=name: shown(call, name) is not None)
    before = shown(annas, bob.handle)
    assert before == GroupCallState(hand=False, microphone=True, camera=False, screen=False)

    changes = annas.changes()
    assert (await anext(changes)).came == (bob.handle,)
    bobs.show_own(hand=True, microphone=False)
    assert (await anext(changes)).hand == bob.handle
    assert shown(annas, bob.handle) == replace(before, hand=True, microphone=False)
    assert shown(bobs, bob.handle) == shown(annas, bob.handle)
    bobs.show_own(hand=False)  # is seen, and not told
    bobs.react(Reaction.CLAP)
    assert (await anext(changes)).reaction == (bob.handle, Reaction.CLAP)
    assert shown(annas, bob.handle) == replace(before, microphone=False)
    bobs.ask_to_mute(annas.members[0])
    assert (await anext(changes)).asks == bob.handle
    # It was asked, and nothing else happened.
    assert shown(bobs, anna.handle) == before
    for call in (annas, bobs):
        await call.leave()


async def test_two_begin_at_once(people: People) -> None:
    group, (anna, bob) = await group_of(people, "Choir", "anna", "bob")
    await listening(anna, bob)
    calls = await asyncio.gather(anna.call_group(group, **ends()), bob.call_group(group, **ends()))
    await all_hear(*calls, count=2)
    assert calls[0].going.call == calls[1].going.call
    for call in calls:
        await call.leave()
        assert await call.ended() is GroupCallEnd.LEFT


async def test_without_a_way_to_the_server_the_call_is_not_taken_for_over(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_call_entry, "ENTER_S", 1.0)
    group, (anna, bob) = await group_of(people, "Choir", "anna", "bob")
    (waiting,) = await listening(bob)
    call = await anna.call_group(group, **ends())
    await (await waiting).decline()
    going = bob._session.books.group_calls.get(group.group)
    assert going is not None

    async def unreachable(*_: object) -> None:
        raise UnavailableError(Code.UNAVAILABLE, "no network")

    with monkeypatch.context() as context:
        context.setattr(group_call_entry.CallDoor, "knock", unreachable)
        late = await bob.call_group(group, **ends())
        assert await late.ended() is GroupCallEnd.UNREACHED
    assert bob._session.books.group_calls.get(group.group) == going
    bobs = await bob.call_group(group, **ends())  # the control
    await all_hear(call, bobs, count=2)


async def test_our_other_device_stops_ringing(people: People) -> None:
    group, (anna, bob) = await group_of(people, "Choir", "anna", "bob")
    second = await people.login("bob2", bob.handle, recovery_code=bob.recovery_code)
    await settle(anna, bob, second, rounds=4)
    assert any(one.group == group.group for one in await second.groups())
    ringing = await listening(bob, second)
    call = await anna.call_group(group, **ends())
    here, there = [await one for one in ringing]
    bobs = await here.accept(**ends())
    async with asyncio.timeout(30):
        await there.ended()
    with pytest.raises(AuthorizationError):
        await there.accept(**ends())
    await all_hear(call, bobs, count=2)
