"""A program that ended in the middle of a call comes back to it (CK-380, CK-381)."""

from __future__ import annotations

import asyncio

import pytest
from tests.scenario.call_world import World, until

from visavis.core.call_types import InCall, Path, Paths
from visavis.core.content_records import MayGo, Rules
from visavis.core.errors import Code
from visavis.sdk.call_objects import Call
from visavis.testing.virtual_clock import run


async def talk(w: World, placed: str, answers: str) -> Call:
    """Let one device call another; return the call as the one that answered has it."""
    call = await w[placed].call()
    theirs = await w[answers].accept(await w[answers].rings())
    await asyncio.gather(call.connected(), theirs.connected())
    return theirs


@pytest.mark.parametrize(("placed", "answers"), [("anna1", "ben1"), ("ben1", "anna1")])
@pytest.mark.parametrize("wait", [1, 8], ids=["at once", "after the silence was noticed"])
def test_it_goes_on_and_nobody_dials_again(placed: str, answers: str, wait: float) -> None:
    async def story() -> None:
        async with World() as w:
            theirs = await talk(w, placed, answers)
            words, old = await theirs.sas(), theirs.id
            device = await w.restart(placed)
            await asyncio.sleep(wait)
            call = await device.call(again=old)
            await call.connected()
            await until(lambda: theirs.state == "in_call")
            decoded = theirs.stats().frames_decoded
            await asyncio.sleep(5)
            assert theirs.stats().frames_decoded > decoded + 5
            assert await call.sas() == await theirs.sas() != words
            assert call.media == theirs.media == "video"
            assert theirs.id == call.id != old
            assert len(w[answers].rung) == 1  # That of the first time.
            assert len(w[answers].ends) == 1  # No camera was opened anew.
            await theirs.hang_up()
            assert await call.ended() == "hung_up_there"

    run(story())


@pytest.mark.parametrize(("placed", "answers"), [("anna1", "ben1"), ("ben1", "anna1")])
def test_it_begins_over_the_relay_again(placed: str, answers: str) -> None:
    """CK-384: what was allowed and said in the old call counts for nothing in the new one."""

    async def story() -> None:
        async with World() as w:
            w["anna1"].session.rules = w["ben1"].session.rules = Rules(path=MayGo.DIRECT)
            theirs = await talk(w, placed, answers)
            await until(lambda: theirs.path == "direct")
            assert not any(end.relay_only for end in w.relay.made)
            made = len(w.relay.made)
            device = await w.restart(placed)
            device.session.rules = Rules()  # Taken back meanwhile.
            call = await device.call(again=theirs.id)
            await call.connected()
            await until(lambda: theirs.state == "in_call")
            await asyncio.sleep(6)
            fresh = w.relay.made[made:]
            assert [end.relay_only for end in fresh] == [True, True]
            assert call.path == theirs.path == "relayed"
            states = [w[name].service._shells[call.id].state for name in (placed, answers)]
            assert all(isinstance(state, InCall) for state in states)
            assert [state.paths for state in states] == [  # type: ignore[union-attr]
                Paths(theirs=Path.DIRECT),
                Paths(ours=Path.DIRECT),
            ]
            # Allowed anew, it goes direct as any other call.
            device.session.decide(Rules(path=MayGo.DIRECT))
            await until(lambda: call.path == theirs.path == "direct")
            await call.hang_up()

    run(story())


def test_it_rings_no_sibling() -> None:
    async def story() -> None:
        async with World(annas=2, bens=2) as w:
            theirs = await talk(w, "anna1", "ben1")
            call = await (await w.restart("anna1")).call(again=theirs.id)
            await call.connected()
            await asyncio.sleep(2)
            assert len(w["ben2"].rung) == 1  # That of the first time.
            assert w["anna2"].rung == []
            await call.hang_up()

    run(story())


def test_who_hung_up_meanwhile_is_not_rung() -> None:
    async def story() -> None:
        async with World() as w:
            theirs = await talk(w, "anna1", "ben1")
            old, ben = theirs.id, w["ben1"]
            device = await w.restart("anna1")
            await theirs.hang_up()
            sent = list(ben.to_contact)
            call = await device.call(again=old)
            assert await call.ended() == "no_answer"
            assert ben.to_contact == sent
            assert (len(ben.rung), ben.missed) == (1, [])

    run(story())


def test_another_device_of_theirs_does_not_get_into_the_call() -> None:
    async def story() -> None:
        async with World(annas=2) as w:
            theirs = await talk(w, "anna1", "ben1")
            sent = list(w["ben1"].to_contact)
            call = await w["anna2"].call(again=theirs.id)
            assert await call.ended() == "no_answer"
            assert theirs.state == "in_call"
            assert (len(w["ben1"].rung), w["ben1"].missed) == (1, [])
            assert w["ben1"].to_contact == sent
            assert w["ben1"].service.dropped[Code.UNEXPECTED] > 0
            await theirs.hang_up()

    run(story())
