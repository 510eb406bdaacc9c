"""Real people for whole stories: SDK clients with real media, on a server process of their own."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from visavis.media.interfaces import MediaSink, MediaSource
from visavis.media.silence import SilenceSource
from visavis.media.sinks import NullSink
from visavis.sdk.call_shell import CallShell
from visavis.sdk.calls import Call, IncomingCall
from visavis.sdk.client import Client, Contact
from visavis.sdk.unlock import insecure_for_tests_cheap_kdf
from visavis.testing.server import RunningServer

PASSWORD = "seven purple otters juggle"
PATIENCE_S = 60.0
"""Nothing here should take that long; a busy machine may."""


async def sign_up(server: RunningServer, profile: Path, origin: str | None = None) -> Client:
    """Sign somebody up under the name of their profile folder.

    Args:
        server: Where.
        profile: An empty folder's path.
        origin: How the server is reached, if not directly.
    """
    at = origin or server.origin
    return await Client.signup(
        profile,
        at,
        server.signup_link().replace(server.origin, at),
        profile.name,
        PASSWORD,
        kdf=insecure_for_tests_cheap_kdf(),
        allow_loopback=True,
    )


async def open_again(profile: Path) -> Client:
    """Open a profile."""
    return await Client.open(profile, PASSWORD, allow_loopback=True)


@contextlib.asynccontextmanager
async def people(
    server: RunningServer, folder: Path, *names: str, origin: str | None = None
) -> AsyncIterator[list[Client]]:
    """Sign people up, close them at the end; the first two are contacts."""
    clients: list[Client] = []
    try:
        for name in names:
            # One by one: who is signed up is closed, whatever happens to the next.
            clients.append(await sign_up(server, folder / name, origin))  # noqa: PERF401
        await befriend(clients[0], clients[1])
        yield clients
    finally:
        await asyncio.gather(*(client.close() for client in clients), return_exceptions=True)


async def befriend(one: Client, other: Client) -> None:
    """Make two people contacts, and let both settle."""
    async with asyncio.timeout(PATIENCE_S):
        assert await other.accept_invite(await one.create_invite(), wait_s=30) is not None
        for _ in range(3):
            await one.sync()
            await other.sync()


async def only_contact(client: Client) -> Contact:
    """Return the one contact somebody has."""
    (contact,) = await client.contacts()
    return contact


async def place(
    client: Client,
    media: str = "video",
    source: MediaSource | None = None,
    sink: MediaSink | None = None,
) -> Call:
    """Call somebody's only contact."""
    return await client.call(
        await only_contact(client), media, source=source or SilenceSource(), sink=sink or NullSink()
    )


async def pick_up(ringing: IncomingCall, sink: MediaSink | None = None) -> Call:
    """Accept what rings."""
    return await ringing.accept(source=SilenceSource(), sink=sink or NullSink())


async def rings(client: Client) -> IncomingCall:
    """Wait for the next call that rings; begins to listen if that was not done."""
    async with asyncio.timeout(PATIENCE_S):
        return await anext(client.incoming())


async def talk(
    caller: Client,
    callee: Client,
    media: str = "video",
    *,
    source: MediaSource | None = None,
    sink: MediaSink | None = None,
) -> tuple[Call, Call]:
    """Have one call another and both see and hear: (caller's call, callee's call)."""
    ringing = asyncio.ensure_future(rings(callee))
    call = await place(caller, media, source)
    theirs = await pick_up(await ringing, sink)
    await connected(call, theirs)
    return call, theirs


async def connected(*calls: Call) -> None:
    """Wait until each is connected and has decoded something."""
    async with asyncio.timeout(PATIENCE_S):
        await asyncio.gather(*(call.connected() for call in calls))
        await asyncio.gather(*(call.first_frame() for call in calls))


async def until(reached: Callable[[], object], timeout_s: float = PATIENCE_S) -> None:
    """Poll until something holds."""
    async with asyncio.timeout(timeout_s):
        while not reached():
            await asyncio.sleep(0.02)


def shell_of(client: Client) -> CallShell:
    """Return the one call that somebody is in."""
    assert client._calls is not None
    (shell,) = client._calls._shells.values()
    return shell


async def more_frames(*calls: Call, timeout_s: float = PATIENCE_S) -> None:
    """Wait until each call has decoded more than it had."""
    before = [call.stats().frames_decoded for call in calls]
    await until(
        lambda: all(
            call.stats().frames_decoded > count + 3
            for call, count in zip(calls, before, strict=True)
        ),
        timeout_s,
    )


def forms(secret: bytes) -> set[bytes]:
    """A secret as raw bytes, hex, and base64 (both alphabets) at its three alignments."""
    found = {secret, secret[::-1], secret.hex().encode(), secret.hex().upper().encode()}
    for shift in range(3):
        body = base64.b64encode(bytes(shift) + secret)[4 if shift else 0 :]
        core = body[: (len(secret) + shift) // 3 * 4 - (4 if shift else 0)]
        found |= {core, core.translate(bytes.maketrans(b"+/", b"-_"))}
    return {form for form in found if len(form) >= 6}


def found_in(haystack: bytes, secrets: dict[str, bytes]) -> set[str]:
    """Return the names of the secrets that occur, in any form."""
    return {name for name, secret in secrets.items() if any(f in haystack for f in forms(secret))}


def mailbox_of(client: Client) -> bytes:
    """Return where somebody's device receives."""
    return bytes(client._session.books.profile.mailbox)
