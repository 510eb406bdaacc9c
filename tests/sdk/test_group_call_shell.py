"""Group calls with real keys on a virtual clock: devices, their shells and a room."""

from __future__ import annotations

import asyncio
from unittest.mock import AsyncMock

import pytest
from tests.sdk.group_call_crew import join, key_package
from tests.sdk.group_call_party import SOUND, Person, started
from tests.sdk.group_call_room import NOTICED_S, Room

from visavis.core import group_call_types as t
from visavis.core.content import encode_in_group_call
from visavis.core.content_group_call import (
    GroupCallPleaseMute,
    GroupCallReaction,
    GroupCallReady,
    GroupCallState,
    Reaction,
)
from visavis.core.content_room import (
    RoomCame,
    RoomCommitted,
    RoomEvict,
    RoomGone,
    RoomOrdered,
    RoomPulled,
    RoomRefused,
    RoomSaid,
    RoomSay,
    ToRoom,
)
from visavis.core.content_room_fields import Refusal, Why
from visavis.core.errors import Code, PeerError
from visavis.core.group_call_types import GATHER_S, SWITCH_S, LeftReason
from visavis.sdk.group_call_presence import ABSENT_S, CUT_AGAIN_S, UNLISTED_S
from visavis.sdk.group_call_shell import LOOK_S
from visavis.testing.virtual_clock import now, run


def test_people_come_and_everybody_hears_everybody() -> None:
    async def story() -> None:
        call = await started(4)
        assert len(call.hub.commits) <= 2
        assert sorted(n for came, _ in call.people[0].seen for n in came) == [1, 2, 3]

    run(story())


def test_what_members_show_reaches_all_and_whoever_comes_later() -> None:
    async def story() -> None:
        call = await started(3)
        anna, bob, carla = call.people
        state = GroupCallState(hand=True, microphone=False, camera=False, screen=False)
        anna.shell.show(state)
        bob.shell.react(Reaction.CLAP)
        assert bob.shell.tell(carla.state.own, GroupCallPleaseMute())
        await asyncio.sleep(1)
        at = {person.number: person.state.own for person in call.people}
        clapped = (at[1], GroupCallReaction(Reaction.CLAP))
        shown = (at[0], state)
        assert anna.signs == [clapped]
        assert bob.signs == [shown]
        # What was said to one alone nobody else is told.
        assert shown in carla.signs
        assert [one for one in carla.signs if one != shown] == [
            clapped,
            (at[1], GroupCallPleaseMute()),
        ]

        later = await call.join(3)
        await asyncio.sleep(1)
        assert later.signs == [shown]

    run(story())


def test_a_knock_that_is_repeated_after_its_joiner_left_brings_nobody() -> None:
    """CK-877: whoever passes knocks on keeps them, and could show as here who has gone."""

    async def story() -> None:
        call = await started(2)
        dora = await call.join(3)
        await asyncio.sleep(2)
        knock = key_package(3).key_package  # as she came in, under the eyes of both others
        dora.shell.leave()
        call.drop(dora)
        await asyncio.sleep(2)
        call.assert_one_call()
        answers: list[bytes] = []
        for one in call.people:
            one.shell.wish(knock, answers.append)
        await asyncio.sleep(5)
        call.assert_one_call()
        assert not answers
        # The control: she comes again herself, with another one.
        await call.join(3, seed=1)
        await asyncio.sleep(2)
        call.assert_one_call()
        assert len(call.people) == 3

    run(story())


def test_what_changed_while_one_was_away_is_said_again() -> None:
    async def story() -> None:
        call = await started(2)
        anna, bob = call.people
        anna.room.cut(1)
        state = GroupCallState(hand=False, microphone=True, camera=True, screen=False)
        anna.shell.show(state)
        await asyncio.sleep(0.5)
        assert bob.signs == []
        await asyncio.sleep(2)
        assert (anna.state.own, state) in bob.signs

    run(story())


def test_who_leaves_is_out_in_under_a_second_and_opens_nothing_more() -> None:
    async def story() -> None:
        call = await started(4)
        leaver = call.people[2]
        kept = leaver.kept()
        before = call.people[0].sealed()
        assert kept.decrypt(before, "audio") == SOUND  # the control
        call.drop(leaver)
        leaver.shell.leave()
        epoch = call.people[0].state.epoch
        left_at = now()
        while any(person.state.sending == epoch for person in call.people):
            await asyncio.sleep(0.005)
        assert now() - left_at <= GATHER_S + SWITCH_S + 0.2
        assert leaver.ended == [LeftReason.LEFT]
        assert call.people[0].seen[-1] == ([], [2])
        for person in call.people:
            with pytest.raises(PeerError):
                kept.decrypt(person.sealed(), "audio")
        call.assert_one_call()

    run(story())


def test_who_vanishes_is_removed_and_cut_off() -> None:
    async def story() -> None:
        call = await started(4)
        gone = call.people[0]  # whose turn it would have been
        call.drop(gone)
        gone.vanish()
        await asyncio.sleep(NOTICED_S + 2)
        call.assert_one_call()
        assert call.people[0].seen[-1] == ([], [0])

    run(story())


def test_a_short_cut_removes_nobody() -> None:
    async def story() -> None:
        call = await started(3)
        before = len(call.hub.commits)
        call.people[1].room.cut(1)
        await asyncio.sleep(3)
        call.assert_one_call()
        # Its old number went and it has another: it was back before its turn was over.
        assert len(call.hub.commits) == before

    run(story())


def test_who_was_away_too_long_is_told_and_comes_back_as_another_member() -> None:
    async def story() -> None:
        call = await started(3)
        away = call.people[1]
        away.room.cut(8)
        await asyncio.sleep(10)
        assert away.ended == [LeftReason.REMOVED]
        call.drop(away)
        call.assert_one_call()
        await call.join(1, seed=1)
        await asyncio.sleep(2)
        call.assert_one_call()

    run(story())


def test_who_lost_its_state_takes_its_own_old_place() -> None:
    async def story() -> None:
        call = await started(3)
        old = call.people[2]
        call.drop(old)
        old.task.cancel()
        old.room.connected = False  # the server has not noticed
        await call.join(2, seed=1)
        await asyncio.sleep(2)
        call.assert_one_call()
        for person in call.people[:2]:
            assert person.seen[-1] == ([2], [2])
            # Connections with whoever had the leaf end before there are others.
            (before, after) = person.wires.told_of[-2:]
            assert after - before == {old.state.own}

    run(story())


def test_who_is_removed_at_once_is_not_kept_by_its_first_word() -> None:
    async def story() -> None:
        call = await started(2)
        anna = call.people[0]
        carla = await call.join(2)
        # Known as a member, and not yet by its number in the room.
        anna.shell.remove(max(anna.state.leaves))
        await asyncio.sleep(1)
        call.drop(carla)
        assert carla.ended == [LeftReason.REMOVED]
        call.assert_one_call()

    run(story())


def test_a_stranger_in_the_room_is_seen() -> None:
    """R-25: the server lets somebody in whom no member added."""

    async def story() -> None:
        call = await started(3)
        room = Room(call.hub, call.people[0].keys.room_key)  # the server knows the hash's key
        await asyncio.sleep(UNLISTED_S + 2 * LOOK_S + 0.5)
        assert [person.strangers for person in call.people] == [[1]] * 3
        await room.leave()
        await asyncio.sleep(2 * LOOK_S)
        assert [person.strangers for person in call.people] == [[1, 0]] * 3

    run(story())


def test_a_member_who_never_enters_the_room_is_removed() -> None:
    async def story() -> None:
        call = await started(2)
        bundle = key_package(5)
        for person in call.people:
            person.shell.wish(bundle.key_package, lambda welcome: None)
        await asyncio.sleep(2)
        assert len(call.people[0].state.leaves) == 3
        await asyncio.sleep(ABSENT_S + 2)
        call.assert_one_call()

    run(story())


def test_who_is_removed_is_cut_off_though_the_one_that_did_it_vanished() -> None:
    async def story() -> None:
        call = await started(4)
        author = min(call.people, key=lambda person: person.state.own)
        removed = next(person for person in call.people if person is not author)
        number = removed.room.number
        send = author.room.send

        def without_evictions(message: ToRoom) -> None:
            if not isinstance(message, RoomEvict):
                send(message)

        author.room.send = without_evictions  # type: ignore[method-assign]
        removed.room.leave = AsyncMock()  # type: ignore[method-assign]  # a hostile one stays
        author.shell.remove(removed.state.own)
        call.drop(removed)
        await asyncio.sleep(0.3)
        assert removed.ended == [LeftReason.REMOVED]
        author.vanish()
        call.drop(author)
        assert number in call.hub.inside
        await asyncio.sleep(CUT_AGAIN_S + 2 * LOOK_S + 0.5)
        assert number not in call.hub.inside
        await asyncio.sleep(NOTICED_S)
        call.assert_one_call()

    run(story())


def test_who_asks_again_before_it_has_read_its_welcome_is_not_added_twice() -> None:
    async def story() -> None:
        call = await started(2)
        bundle = key_package(5)
        welcomes: list[bytes] = []
        for person in call.people:
            person.shell.wish(bundle.key_package, welcomes.append)
        await asyncio.sleep(1)
        before = len(call.hub.commits)
        for person in call.people:
            person.shell.wish(bundle.key_package, welcomes.append)
        await asyncio.sleep(1)
        assert len(call.hub.commits) == before
        assert len(welcomes) == 2
        assert welcomes[0] == welcomes[1]
        call.people.append(Person(5, join(5, welcomes[1], bundle), call.hub))
        await asyncio.sleep(2)
        call.assert_one_call()

    run(story())


def test_nobody_speaks_for_anothers_number() -> None:
    """CK-867"""

    async def story() -> None:
        call = await started(3)
        liar, victim = call.people[1], call.people[2]
        claim = GroupCallReady(liar.state.epoch, victim.room.number)
        liar.room.send(RoomSay(liar.keys.encrypt(encode_in_group_call(claim))))
        await asyncio.sleep(1)
        call.drop(liar)
        liar.shell.leave()
        await asyncio.sleep(2)
        call.assert_one_call()
        assert victim.room.number not in call.hub.evicted

    run(story())


def test_a_bad_key_package_holds_up_nobody() -> None:
    async def story() -> None:
        call = await started(2)
        data = bytearray(key_package(5).key_package)
        data[-1] ^= 1
        for person in call.people:
            person.shell.wish(bytes(data), lambda welcome: None)
        await call.join(3)
        await asyncio.sleep(2)
        call.assert_one_call()

    run(story())


def test_who_refuses_what_the_room_has_taken_is_out_and_knows_it() -> None:
    """Nobody would hear it in the epoch of before: it comes in again, which is for others to do."""

    async def story() -> None:
        call = await started(3)
        stubborn = call.people.pop()

        def refuse(commit: bytes, *, now: int) -> None:
            raise PeerError(Code.BAD_CREDENTIAL, "not in the group of this call")

        stubborn.keys.apply = refuse  # type: ignore[assignment, method-assign]
        await call.join(3)
        await asyncio.sleep(2)
        assert stubborn.shell.state == t.Outside(LeftReason.REMOVED)
        await asyncio.sleep(15)  # it is not in the room any more either
        call.assert_one_call()

    run(story())


def test_rubbish_from_the_room_ends_nothing() -> None:
    async def story() -> None:
        call = await started(3)
        for person in call.people:
            for event in (
                RoomSaid(1, b"rubbish"),
                RoomPulled(person.state.epoch + 5),
                RoomOrdered(person.state.epoch, b"rubbish"),
                RoomCommitted(person.state.epoch, accepted=True),
                RoomCommitted(person.state.epoch, accepted=False),
                RoomRefused(Refusal.QUOTA, "room.commit"),
                RoomGone(77, Why.LOST),
                RoomCame(78),
                RoomGone(78, Why.EVICTED),
            ):
                person.room.hear(event)
        await asyncio.sleep(2)
        call.assert_one_call()

    run(story())
