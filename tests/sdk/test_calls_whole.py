"""A call through everything that is real: two SDK clients, a server process, coturn, aiortc."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from visavis.media.silence import SilenceSource
from visavis.media.sinks import NullSink
from visavis.sdk.client import Client
from visavis.sdk.unlock import insecure_for_tests_cheap_kdf
from visavis.testing.server import RunningServer, running_server

pytestmark = pytest.mark.media

PASSWORD = "seven purple otters juggle"


async def person(server: RunningServer, folder: Path, name: str) -> Client:
    return await Client.signup(
        folder / name,
        server.origin,
        server.signup_link(),
        name,
        PASSWORD,
        kdf=insecure_for_tests_cheap_kdf(),
        allow_loopback=True,
    )


async def test_two_people_meet_call_and_hang_up(tmp_path: Path) -> None:
    async with running_server(tmp_path / "server", turn=True) as server:
        anna, ben = [await person(server, tmp_path, name) for name in ("anna", "ben")]
        try:
            ringing_task = asyncio.create_task(anext(ben.incoming()))
            link = await anna.create_invite()
            async with asyncio.timeout(60):
                await ben.accept_invite(link)
                for client in (anna, ben):
                    while not await client.contacts():
                        await client.sync()
                contacts = await anna.contacts()
                call = await anna.call(
                    contacts[0], "video", source=SilenceSource(), sink=NullSink()
                )
                ringing = await ringing_task
                assert ringing.contact_name == anna.handle
                theirs = await ringing.accept(source=SilenceSource(), sink=NullSink())
                await asyncio.gather(call.connected(), theirs.connected())
                await asyncio.gather(call.first_frame(), theirs.first_frame())
                assert await call.sas() == await theirs.sas()
                assert call.path == theirs.path == "relayed"
                await call.hang_up()
                assert await theirs.ended() == "hung_up_there"
                assert call.stats().frames_decoded > 0
                assert theirs.stats().frames_decoded > 0
        finally:
            await asyncio.gather(anna.close(), ben.close())
