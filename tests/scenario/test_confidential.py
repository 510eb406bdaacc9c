"""A confidential call is one at both ends, whoever placed it (CK-371)."""

from __future__ import annotations

import asyncio

from tests.scenario.call_world import Device, World

from visavis.sdk.calls import Call
from visavis.testing.virtual_clock import run


async def place(device: Device, media: str = "video") -> Call:
    """Place a confidential call to the contact, whose safety number was compared."""
    device.session.verified = True
    source, sink = device.media()
    return await device.service.call(
        device.session.contact,  # type: ignore[arg-type]
        media,
        source=source,
        sink=sink,
        confidential=True,
    )


def steady(call: Call) -> bool:
    return call._need_shell().frames.steady


def test_both_ends_know_and_keep_to_it() -> None:
    async def story() -> None:
        async with World() as w:
            anna, ben = w["anna1"], w["ben1"]
            ours = await place(anna)
            ringing = await ben.rings()
            assert ringing.confidential
            theirs = await ben.accept(ringing)
            await asyncio.gather(ours.connected(), theirs.connected())
            assert (ours.confidential, theirs.confidential) == (True, True)
            assert (steady(ours), steady(theirs)) == (True, True)
            await ours.hang_up()
            await theirs.ended()
            # The control.
            plain = await anna.call()
            ringing = await ben.rings(2)
            assert not ringing.confidential
            answered = await ben.accept(ringing)
            await answered.connected()
            assert (plain.confidential, answered.confidential) == (False, False)
            assert (steady(plain), steady(answered)) == (False, False)
            await plain.hang_up()

    run(story())


def test_who_was_busy_keeps_no_note_of_it() -> None:
    async def story() -> None:
        async with World(annas=2) as w:
            first, second, ben = w["anna1"], w["anna2"], w["ben1"]
            under_way = await first.call()
            theirs = await ben.accept(await ben.rings())
            await theirs.connected()
            vain = await place(second)
            await vain.ended()
            assert ben.missed == []
            await (await second.call()).ended()  # The control.
            assert "busy" in [missed.why for missed in ben.missed]
            await under_way.hang_up()

    run(story())


def test_in_a_glare_what_either_promised_holds() -> None:
    async def story() -> None:
        async with World() as w:
            anna, ben = w["anna1"], w["ben1"]
            ours, theirs = await place(anna), await ben.call()
            await asyncio.gather(ours.connected(), theirs.connected())
            assert ours.confidential
            assert steady(ours)
            await ours.hang_up()
            await theirs.ended()

    run(story())
