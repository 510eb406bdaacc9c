"""R-05: fifty mixed calls; each side's history has exactly the right rows, and both tell alike."""

from __future__ import annotations

import asyncio
import itertools

from tests.scenario.call_world import Device, World

from visavis.core.call_entry import Direction, Outcome, Via
from visavis.core.call_log import CallLog
from visavis.core.mls import SUITE_ID
from visavis.sdk.calls import IncomingCall
from visavis.testing.virtual_clock import run

CALLS = 50
TALK_S = 20


async def _next(callee: Device) -> IncomingCall:
    return await callee.rings(len(callee.rung) + 1)


async def _talk(caller: Device, callee: Device, media: str) -> tuple[Outcome, Outcome]:
    ringing = asyncio.ensure_future(_next(callee))
    await asyncio.sleep(0)
    call = await caller.call(media)
    theirs = await callee.accept(await ringing)
    await asyncio.gather(call.connected(), theirs.connected())
    await asyncio.sleep(TALK_S)
    await call.hang_up()
    await theirs.ended()
    return Outcome.ANSWERED, Outcome.ANSWERED


async def _decline(caller: Device, callee: Device, media: str) -> tuple[Outcome, Outcome]:
    rings = asyncio.ensure_future(_next(callee))
    await asyncio.sleep(0)
    call = await caller.call(media)
    ringing = await rings
    await ringing.decline()
    await call.ended()
    return Outcome.UNANSWERED, Outcome.DECLINED


async def _cancel(caller: Device, callee: Device, media: str) -> tuple[Outcome, Outcome]:
    rings = asyncio.ensure_future(_next(callee))
    await asyncio.sleep(0)
    call = await caller.call(media)
    ringing = await rings
    await call.hang_up()
    await ringing.ended()
    return Outcome.UNANSWERED, Outcome.MISSED


async def _wait(caller: Device, callee: Device, media: str) -> tuple[Outcome, Outcome]:
    rings = asyncio.ensure_future(_next(callee))
    await asyncio.sleep(0)
    call = await caller.call(media)
    ringing = await rings
    await asyncio.gather(call.ended(), ringing.ended())
    return Outcome.UNANSWERED, Outcome.MISSED


def test_fifty_mixed_calls_are_fifty_right_rows() -> None:
    async def story() -> None:
        async with World() as w:
            anna, ben = w["anna1"], w["ben1"]
            expected: list[tuple[Direction, str, Outcome, Outcome]] = []
            kinds = itertools.cycle((_talk, _decline, _cancel, _talk, _wait))
            for number, kind in zip(range(CALLS), kinds, strict=False):
                media = "video" if number % 3 else "voice"
                caller, callee = (anna, ben) if number % 2 == 0 else (ben, anna)
                before = len(anna.session.noted)
                mine, theirs = await kind(caller, callee, media)
                await asyncio.sleep(1)
                assert len(anna.session.noted) == before + 1, (number, kind)
                if caller is anna:
                    expected.append((Direction.OUTGOING, media, mine, theirs))
                else:
                    expected.append((Direction.INCOMING, media, theirs, mine))
            here = [entry for entry, _ in anna.session.noted]
            there = [entry for entry, _ in ben.session.noted]
            assert len({entry.call for entry in here}) == len(here) == CALLS
            assert [entry.call for entry in here] == [entry.call for entry in there]
            for entry, other, (direction, media, outcome, theirs) in zip(
                here, there, expected, strict=True
            ):
                assert (entry.direction, entry.media, entry.outcome) == (direction, media, outcome)
                assert other.direction is not direction
                assert other.outcome is theirs
                assert entry.members == (anna.session.contact,)
                assert not entry.verified
                if outcome is Outcome.ANSWERED:
                    assert TALK_S <= entry.seconds <= TALK_S + 3
                    assert (entry.via, entry.suite) == (Via.RELAYED, SUITE_ID)
                else:
                    assert (entry.seconds, entry.via, entry.suite) == (0, Via.NONE, 0)
            log = CallLog()
            for one in (*here, *here):
                log.add(one, anna.session.rng)
            assert len(log) == CALLS

    run(story())


def test_a_verified_contact_is_noted_as_such() -> None:
    async def story() -> None:
        async with World() as w:
            w["anna1"].session.verified = True
            await _talk(w["anna1"], w["ben1"], "voice")
            await asyncio.sleep(1)
            ((here, _),) = w["anna1"].session.noted
            ((there, _),) = w["ben1"].session.noted
            assert (here.verified, there.verified) == (True, False)

    run(story())


def test_a_call_that_was_to_leave_no_trace_is_in_no_history_of_ours() -> None:
    """R-08: and none of a confidential call in either, with the control of a usual one."""

    async def story() -> None:
        async with World() as w:
            anna, ben = w["anna1"], w["ben1"]
            await _cancel(anna, ben, "voice")
            await asyncio.sleep(1)
            assert (len(anna.session.noted), len(ben.session.noted)) == (1, 1)
            source, sink = anna.media()
            contact = anna.session.contact
            ringing = asyncio.ensure_future(_next(ben))
            await asyncio.sleep(0)
            call = await anna.service.call(
                contact, "voice", source=source, sink=sink, leave_no_trace=True
            )
            theirs = await ben.accept(await ringing)
            await call.connected()
            await call.hang_up()
            await theirs.ended()
            await asyncio.sleep(1)
            assert len(anna.session.noted) == 1
            assert len(ben.session.noted) == 2, "theirs is theirs"
            anna.session.verified = ben.session.verified = True
            source, sink = anna.media()
            ringing = asyncio.ensure_future(_next(ben))
            await asyncio.sleep(0)
            call = await anna.service.call(
                contact, "voice", source=source, sink=sink, confidential=True
            )
            theirs = await ben.accept(await ringing)
            await call.connected()
            await call.hang_up()
            await theirs.ended()
            await asyncio.sleep(1)
            assert (len(anna.session.noted), len(ben.session.noted)) == (1, 2)

    run(story())


def test_answered_on_one_device_the_other_writes_nothing() -> None:
    async def story() -> None:
        async with World(bens=2) as w:
            call = await w["anna1"].call("voice")
            first, second = await w["ben1"].rings(), await w["ben2"].rings()
            theirs = await w["ben1"].accept(first)
            await asyncio.gather(call.connected(), theirs.connected(), second.ended())
            await theirs.hang_up()
            await call.ended()
            await asyncio.sleep(1)
            assert [len(w[name].session.noted) for name in ("anna1", "ben1", "ben2")] == [1, 1, 0]

    run(story())


def test_whom_we_call_in_vain_is_not_told_where_the_settings_say_so() -> None:
    async def story() -> None:
        async with World() as w:
            anna, ben = w["anna1"], w["ben1"]
            await _cancel(anna, ben, "voice")
            assert "call.missed" in anna.to_contact, "the control"
            told = anna.to_contact.count("call.missed")
            anna.session.tells = False
            await _cancel(anna, ben, "voice")
            await asyncio.sleep(5)
            assert anna.to_contact.count("call.missed") == told

    run(story())


def test_a_call_that_the_other_side_comes_back_to_is_one_entry_here() -> None:
    """The program of one side ends in the middle of it, and goes on; here nothing was dialled."""

    async def story() -> None:
        async with World() as w:
            anna, ben = w["anna1"], w["ben1"]
            ringing = asyncio.ensure_future(_next(ben))
            await asyncio.sleep(0)
            call = await anna.call("voice")
            theirs = await ben.accept(await ringing)
            await asyncio.gather(call.connected(), theirs.connected())
            began, first = ben.session.now(), theirs.id
            await asyncio.sleep(TALK_S)
            back = await w.restart("anna1")
            again = await back.call("voice", again=first)
            await again.connected()
            await asyncio.sleep(TALK_S)
            await again.hang_up()
            await theirs.ended()
            await asyncio.sleep(1)
            ((entry, goes_on),) = ben.session.noted
            assert (entry.call, goes_on) == (first, None)
            assert abs(entry.at - began) <= 3
            assert entry.seconds >= 2 * TALK_S

    run(story())
