"""What a contact was granted, and a key that changes, through everything that is real."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.scenario.real_people import people

from visavis.core.content_records import MayGo, MaySee, Rules
from visavis.core.errors import Code, VisavisError
from visavis.media.silence import SilenceSource
from visavis.media.sinks import NullSink
from visavis.sdk.calls import Call
from visavis.sdk.client import Client
from visavis.sdk.group_steps import note_identity_changed
from visavis.testing.server import running_server

pytestmark = pytest.mark.media


async def reaches(call: Call, path: str, within_s: float = 60) -> None:
    async with asyncio.timeout(within_s):
        while not (call.path == path and call.state == "in_call"):
            await asyncio.sleep(0.05)


async def ring(anna: Client, ben: Client) -> tuple[Call, Call]:
    """Call, and accept once it was seen to ring, if that may be seen."""
    ringing_task = asyncio.create_task(anext(ben.incoming()))
    (at_anna,), (at_ben,) = await anna.contacts(), await ben.contacts()
    call = await anna.call(at_anna, "video", source=SilenceSource(), sink=NullSink())
    async with asyncio.timeout(40):
        ringing = await ringing_task
        if at_ben.rules.sees:
            await call.ringing()
            assert call.rings
        theirs = await ringing.accept(source=SilenceSource(), sink=NullSink())
        await asyncio.gather(call.connected(), theirs.connected())
    return call, theirs


@pytest.mark.long
async def test_grants_are_followed_and_taken_back_and_a_changed_key_stops_all(
    tmp_path: Path,
) -> None:
    async with (
        running_server(tmp_path / "server", turn=True) as server,
        people(server, tmp_path, "anna", "ben") as (anna, ben),
    ):
        (at_anna,), (at_ben,) = await anna.contacts(), await ben.contacts()
        await anna.set_rules(at_anna, Rules(path=MayGo.DIRECT))
        await ben.set_rules(at_ben, Rules(sees=MaySee.RINGING))
        call, theirs = await ring(anna, ben)
        assert call.path == theirs.path == "relayed"
        # Ben allows it in the middle of the call, and takes it back again.
        for _ in range(4):  # The pair that answers first is used, and that may be the relay's.
            await ben.set_rules(at_ben, Rules(sees=MaySee.RINGING, path=MayGo.DIRECT))
            try:
                await asyncio.gather(reaches(call, "direct", 20), reaches(theirs, "direct", 20))
                break
            except TimeoutError:
                await ben.set_rules(at_ben, Rules(sees=MaySee.RINGING))
                await asyncio.gather(reaches(call, "relayed"), reaches(theirs, "relayed"))
        else:
            raise AssertionError("never direct")
        async with asyncio.timeout(20):
            while call.stats().rtt_ms is None:
                await asyncio.sleep(0.1)
        await ben.set_rules(at_ben, Rules(sees=MaySee.RINGING))
        await asyncio.gather(reaches(call, "relayed"), reaches(theirs, "relayed"))

        note_identity_changed(ben._session.books, at_ben.account)
        async with asyncio.timeout(20):
            assert await theirs.ended() == "key_changed"
            assert theirs.end_code is Code.IDENTITY_CHANGED
            assert await call.ended() == "hung_up_there"
        (now,) = await ben.contacts()
        assert now.state == "identity changed"
        again = await ben.call(now, "voice", source=SilenceSource(), sink=NullSink())
        with pytest.raises(VisavisError) as refused:
            await again.answered()
        assert refused.value.code is Code.IDENTITY_CHANGED
        # Once the person has decided, it goes on.
        await ben.keep_identity(now)
        call, theirs = await ring(anna, ben)
        await call.hang_up()
        await theirs.ended()
