"""R-41, CK-383: that a telephone rings is seen by whoever was granted it, and by nobody else.

On a virtual clock. The grant adds one live envelope, once for each device that rings; with it a
decline is still a call that nobody answers. Without it nothing is different from before
(`test_call_alike`).
"""

from __future__ import annotations

import asyncio

import pytest
from tests.scenario.call_world import Device, World, until
from tests.scenario.test_call_alike import record

from visavis.core.content import encode_inner
from visavis.core.content_inner import CallRinging
from visavis.core.content_records import MayCall, MaySee, Rules
from visavis.core.errors import Code
from visavis.core.ids import CallId, MessageId
from visavis.sdk.seam import InnerReceived
from visavis.testing.virtual_clock import now, run

SEES = Rules(sees=MaySee.RINGING)


def ringing_said(device: Device) -> int:
    return device.to_contact.count("call.ringing")


def test_a_contact_that_may_see_it_sees_it_and_waits_as_long() -> None:
    async def story() -> None:
        async with World() as w:
            anna, ben = w["anna1"], w["ben1"]
            ben.session.rules = SEES
            seen = record(anna)
            call = await anna.call()
            assert not call.rings
            began = now()
            await call.ringing()
            assert call.rings
            assert call.state == "calling"
            assert await call.ended() == "no_answer"
            assert now() - began == pytest.approx(45, abs=1)  # No deadline moved.
            assert not call.rings
            assert [name for _, name in seen].count("SetDeadline") == 1
            assert ben.to_contact == ["call.ringing"]

    run(story())


def test_without_the_grant_nothing_leaves() -> None:
    async def story() -> None:
        async with World() as w:
            call = await w["anna1"].call()
            await w["ben1"].rings()
            assert await call.ended() == "no_answer"
            assert not call.rings
            assert w["ben1"].to_contact == []

    run(story())


async def view(case: str) -> tuple[list[tuple[float, str]], list[tuple[str, int]], list[str], str]:
    """What the caller did and sent, what the callee sent, and how it ended."""
    async with World(bens=2) as w:
        anna, ben = w["anna1"], w["ben1"]
        ben.session.rules = w["ben2"].session.rules = SEES
        seen = record(anna)
        started = now()
        call = await anna.call()
        ringing = await ben.rings()
        await w["ben2"].rings()
        if case == "decline":
            await call.ringing()
            await ringing.decline()
        end = await call.ended()
        log = [(p.label, len(p.body)) for p in w.network.log if p.sender == "anna1"]
        said = ben.to_contact + w["ben2"].to_contact
        return [(round(at - started, 6), name) for at, name in seen], log, said, end


def test_with_the_grant_a_decline_looks_as_if_nobody_answered() -> None:
    declined, ignored = run(view("decline")), run(view("ignore"))
    assert declined == ignored
    assert declined[2] == ["call.ringing"] * 2  # Once for each device.


def test_a_repeated_invite_is_not_answered_again() -> None:
    async def story() -> None:
        async with World() as w:
            anna, ben = w["anna1"], w["ben1"]
            ben.session.rules = SEES
            call = await anna.call()
            await call.ringing()
            for _ in range(3):
                anna.session.disconnect()
                anna.session.connect()  # The caller comes back and repeats its invite.
                await asyncio.sleep(1)
            assert anna.to_contact.count("call.invite") == 4
            await call.hang_up()
            assert ringing_said(ben) == 1

    run(story())


@pytest.mark.parametrize("case", ["rules", "blocked", "glare", "busy"])
def test_what_does_not_ring_is_not_told(case: str) -> None:
    async def story() -> None:
        async with World(annas=2) as w:
            anna, ben = w["anna1"], w["ben1"]
            ben.session.rules = SEES
            if case == "rules":
                ben.session.rules = Rules(MayCall.NOTHING, sees=MaySee.RINGING)
            elif case == "blocked":
                ben.session.may = False
            elif case == "busy":
                other = await w["anna2"].call()
                await ben.accept(await ben.rings())
                await other.connected()
            before = ringing_said(ben)
            call = await anna.call()
            if case == "glare":
                theirs = await ben.call()
                await call.connected()
                await theirs.connected()
                await call.hang_up()
                assert ringing_said(anna) == ringing_said(ben) == 0
                return
            assert await call.ended() == "no_answer"
            assert not call.rings
            assert ringing_said(ben) == before

    run(story())


async def say(device: Device, call: CallId, *, durable: bool = False) -> None:
    """Let a device say that it rings, whatever it does."""
    rng = device.session.rng
    content = CallRinging(MessageId.random(rng), device.session.now(), call)
    await device.session.send_inner(device.session.contact, content, durable=durable)


def test_a_forged_late_or_doubled_word_changes_nothing() -> None:
    """Of another account or call, of one that is over, stored for later, or to whoever rings."""

    async def story() -> None:
        async with World(annas=2, bens=2) as w:
            anna, ben = w["anna1"], w["ben1"]
            call = await anna.call()
            await ben.rings()
            live = anna.service._board.live
            assert live is not None
            real = live.call
            await say(ben, CallId(b"another call id!"))
            await say(ben, real, durable=True)
            # A sibling of the caller, who is in the conversation and knows the id.
            await w["anna2"].session.send_inner(
                w["anna2"].session.contact,
                CallRinging(MessageId.random(ben.session.rng), ben.session.now(), real),
                durable=False,
            )
            await until(lambda: anna.service.dropped[Code.REFUSED] == 1)
            assert anna.service.dropped[Code.UNEXPECTED] >= 1
            assert not call.rings
            # To the device that rings itself.
            assert (ben.rung[0]._call.state, ben.rung[0]._call.rings) == ("ringing", False)
            theirs = await ben.accept(ben.rung[0])
            await call.connected()
            # Too late: both talk already. And twice.
            before = anna.service._board
            await say(w["ben2"], real)
            await say(w["ben2"], real)
            await asyncio.sleep(1)
            assert (call.state, call.rings) == ("in_call", False)
            assert anna.service._board == before
            await theirs.hang_up()
            await call.ended()
            await say(ben, real)
            assert call.state == "ended"

    run(story())


def test_another_contact_that_learned_the_call_id_says_nothing() -> None:
    """CK-361 holds for it as for the rest: the word is bound to the contact that is called."""

    async def story() -> None:
        async with World() as w:
            anna = w["anna1"]
            call = await anna.call()
            live = anna.service._board.live
            assert live is not None
            stranger = w["anna1"].session.account  # Any account but Ben's.
            ringing = CallRinging(MessageId.random(anna.session.rng), 0, live.call)
            forged = InnerReceived(stranger, w["ben1"].session.device, False, ringing, True)
            await anna.service._on_inner(forged)
            assert not call.rings
            assert anna.service.dropped[Code.UNEXPECTED] == 1
            await call.hang_up()

    run(story())


def test_the_word_is_one_small_envelope_like_the_others() -> None:
    """Its content fits the smallest bucket, as `call.cancel` does."""
    content = CallRinging(MessageId(bytes(16)), 2**40, CallId(bytes(16)))
    assert len(encode_inner(content)) < 100


@pytest.mark.parametrize("grants", [True, False])
def test_with_or_without_it_an_answered_call_is_the_same(grants: bool) -> None:
    async def story() -> None:
        async with World() as w:
            anna, ben = w["anna1"], w["ben1"]
            ben.session.rules = SEES if grants else Rules()
            call = await anna.call()
            theirs = await ben.accept(await ben.rings())
            await call.connected()
            await theirs.connected()
            assert not call.rings
            assert ringing_said(ben) == int(grants)
            await call.hang_up()

    run(story())
