"""One call with everything real but the server: MLS, SFrame, aiortc and coturn on loopback.

Includes a relay that is killed in the middle: the call stands again.
"""

from __future__ import annotations

import asyncio
import pathlib

import pytest
from tests.media.conftest import Relay
from tests.scenario.call_world import Device, FakeSession, World, until

from visavis.media.silence import SilenceSource
from visavis.media.sinks import NullSink
from visavis.sdk.calls import Call, CallService
from visavis.sdk.seam import TurnServer

pytestmark = pytest.mark.media


class RealWorld(World):
    """The same stage with real media connections."""

    def __init__(self, relay: Relay) -> None:
        super().__init__()
        self._turn = TurnServer(relay.server().urls, "test", "secret", 600)

    def make_service(self, session: FakeSession) -> CallService:
        async def turn(_: object) -> TurnServer:
            return self._turn

        session.turn = turn  # type: ignore[method-assign, assignment]
        return CallService(session, allow_loopback=True)


async def flowing(*calls: Call) -> None:
    """Wait until each call decodes more than it did."""
    before = [call.stats().frames_decoded for call in calls]
    async with asyncio.timeout(35):
        await until(
            lambda: all(
                call.stats().frames_decoded > count + 3
                for call, count in zip(calls, before, strict=True)
            )
        )


async def connect(w: RealWorld) -> tuple[Call, Call]:
    anna, ben = w["anna1"], w["ben1"]
    call = await anna.service.call(
        anna.session.contact, "video", source=SilenceSource(), sink=NullSink()
    )
    ringing = await ben.rings()
    theirs = await ringing.accept(source=SilenceSource(), sink=NullSink())
    async with asyncio.timeout(40):
        await asyncio.gather(call.connected(), theirs.connected())
        await asyncio.gather(call.first_frame(), theirs.first_frame())
    return call, theirs


def refused(device: Device) -> int:
    return sum(device.service.dropped.values())


async def test_a_call_over_a_real_relay_that_dies_and_comes_back(tmp_path: pathlib.Path) -> None:
    relay = Relay(tmp_path)
    await relay.start()
    try:
        async with RealWorld(relay) as w:
            call, theirs = await connect(w)
            assert call.path == theirs.path == "relayed"
            assert await call.sas() == await theirs.sas()
            await flowing(call, theirs)
            relay.kill()
            async with asyncio.timeout(30):
                await until(lambda: "reconnecting" in {call.state, theirs.state})
            await relay.start()
            async with asyncio.timeout(35):
                await until(lambda: call.state == theirs.state == "in_call")
            await flowing(call, theirs)
            assert call.stats().decrypt_failures == 0
            await call.hang_up()
            assert await theirs.ended() == "hung_up_there"
            assert refused(w["anna1"]) == refused(w["ben1"]) == 0
    finally:
        relay.kill()
