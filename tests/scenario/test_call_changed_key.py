"""R-24, CK-385: a contact's key that changes in a call ends it at once, and blocks the next one.

On a virtual clock. "At once" is before the last word went out, which a dead network may hold up: no
frame is sent and none is decoded from that moment on, at the side whose contact changed.
"""

from __future__ import annotations

import asyncio

import pytest
from tests.scenario.call_world import World, until

from visavis.core.errors import Code, UnavailableError
from visavis.testing.virtual_clock import now, run


@pytest.mark.parametrize("who", ["anna1", "ben1"])
@pytest.mark.parametrize("network", ["up", "down"])
def test_a_call_under_way_stops_at_once(who: str, network: str) -> None:
    async def story() -> None:
        async with World() as w:
            anna, ben = w["anna1"], w["ben1"]
            call = await anna.call()
            theirs = await ben.accept(await ben.rings())
            await call.connected()
            await theirs.connected()
            await until(lambda: all(end.decoded > 2 for end in w.relay.made))
            ours, index = (call, 0) if who == "anna1" else (theirs, 1)
            media = w.relay.made[index]
            if network == "down":
                w.network.stop()
            sent, decoded, began = media.sent, media.decoded, now()
            w[who].session.change_key()
            # Not one frame more, although nothing was awaited: the other side has its keys still.
            assert media._frames.current() is None  # type: ignore[attr-defined]
            await asyncio.sleep(0.7)
            assert (media.sent, media.decoded) == (sent, decoded)
            assert await ours.ended() == "key_changed"
            assert ours.end_code is Code.IDENTITY_CHANGED
            assert now() - began < 6.5
            assert media.closed
            other = theirs if who == "anna1" else call
            if network == "up":  # It is told that the call is over, and not why.
                assert await other.ended() == "hung_up_there"
            else:
                await other.hang_up()

    run(story())


def test_while_it_rings_there_it_is_given_up_and_cannot_be_called_again() -> None:
    async def story() -> None:
        async with World() as w:
            anna, ben = w["anna1"], w["ben1"]
            call = await anna.call()
            await ben.rings()
            anna.session.change_key()
            assert await call.ended() == "key_changed"
            again = await anna.call()
            with pytest.raises(UnavailableError) as caught:
                await again.answered()
            assert caught.value.code is Code.IDENTITY_CHANGED
            assert await again.ended() == "failed"
            # Ben's telephone rings on until its own deadline: nothing may be sent to him.
            assert await ben.rung[0].ended() == "expired"

    run(story())


def test_while_it_rings_here_it_stops_in_silence() -> None:
    async def story() -> None:
        async with World() as w:
            anna, ben = w["anna1"], w["ben1"]
            call = await anna.call()
            ringing = await ben.rings()
            ben.session.change_key()
            assert await ringing.ended() == "key_changed"
            assert ben.to_contact == []  # CK-350
            assert await call.ended() == "no_answer"
            await anna.call()  # And it does not ring again before the person has decided.
            await asyncio.sleep(3)
            assert len(ben.rung) == 1
            await anna.service.close()

    run(story())


@pytest.mark.parametrize("step", ["accept", "taken", "welcome"])
def test_while_it_is_being_connected_no_key_is_put_in_place(step: str) -> None:
    """Keys that come after the change are not used: what is in line is not carried out."""

    async def story() -> None:
        async with World() as w:
            anna, ben = w["anna1"], w["ben1"]
            call = await anna.call()
            ringing = await ben.rings()
            theirs = await ben.accept(ringing)
            seen = {"accept": "call.accept", "taken": "call.taken", "welcome": "welcome"}[step]
            await until(lambda: any(p.label == seen for p in w.network.log))
            ben.session.change_key()
            assert await theirs.ended() == "key_changed"
            await asyncio.sleep(3)
            assert all(end.decoded == 0 for end in w.relay.made)
            assert w.relay.made[1].sent == 0
            await call.hang_up()

    run(story())


def test_another_contacts_change_is_no_business_of_the_call() -> None:
    async def story() -> None:
        async with World() as w:
            anna, ben = w["anna1"], w["ben1"]
            call = await anna.call()
            theirs = await ben.accept(await ben.rings())
            await call.connected()
            for handler in anna.session._contact:
                handler(anna.session.account)  # Written, and not the one we talk with.
                handler(anna.session.contact)  # Written, and its key is the same.
            await asyncio.sleep(2)
            assert (call.state, theirs.state) == ("in_call", "in_call")
            await call.hang_up()

    run(story())
