"""A call of two people over the relay, with accounts, keys and connections of the product.

A wiretap stands before the relay: the people know no other address of it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final, cast

from visavis.core.errors import Code, FatalError
from visavis.media.interfaces import MediaSource
from visavis.media.sinks import NullSink
from visavis.sdk.calls import Call
from visavis.sdk.client import Client
from visavis.testing.group_bench.clip import Clip, EncodedSource
from visavis.testing.recording_audit.unsealed import UnsealedClient
from visavis.testing.server import RunningServer

PATIENCE_S: Final = 60.0
PASSWORD: Final = "correct horse battery staple, twice"  # noqa: S105 - of accounts that live a minute


@contextlib.asynccontextmanager
async def relay_call(
    server: RunningServer, folder: Path, played: Clip, *, sealed: bool
) -> AsyncIterator[tuple[Call, Call]]:
    """Have two people talk while the block lasts; both have seen and heard the other by then.

    Args:
        server: With a relay.
        folder: Where their profiles are made.
        played: What both send.
        sealed: Whether the call is encrypted; False only for the control.

    Raises:
        FatalError: UNEXPECTED: no call came about, or not over the relay.
    """
    kind: type[Client] = Client if sealed else UnsealedClient
    clients: list[Client] = []
    try:
        try:
            async with asyncio.timeout(PATIENCE_S):
                for name in ("anna", "bert"):
                    link = server.signup_link()
                    client = await kind.signup(
                        folder / name, server.origin, link, name, PASSWORD, allow_loopback=True
                    )
                    clients.append(client)
                calls = await _call(clients[0], clients[1], played)
        except TimeoutError:
            raise FatalError(Code.UNEXPECTED, "no call over the relay came about") from None
        yield calls
        await calls[0].hang_up()
    finally:
        await asyncio.gather(*(client.close() for client in clients))


async def _call(anna: Client, bert: Client, played: Clip) -> tuple[Call, Call]:
    if await bert.accept_invite(await anna.create_invite(), wait_s=PATIENCE_S) is None:
        raise FatalError(Code.UNEXPECTED, "they did not become contacts")
    while not (contacts := await anna.contacts()):
        await asyncio.sleep(0.05)
    ringing = asyncio.ensure_future(anext(bert.incoming()))
    outgoing = await anna.call(contacts[0], "video", source=_source(played), sink=NullSink())
    incoming = await (await ringing).accept(source=_source(played), sink=NullSink())
    for call in (outgoing, incoming):
        await call.connected()
        await call.first_frame()
        if call.path != "relayed":
            raise FatalError(Code.UNEXPECTED, "the call did not go over the relay")
    return outgoing, incoming


def _source(played: Clip) -> MediaSource:
    return cast("MediaSource", EncodedSource(played))  # aiortc sends packets as they are
