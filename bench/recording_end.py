"""How soon a yes that is taken back counts: for who records, who is shown it, and the server."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from tests.sdk.conftest import People
from tests.sdk.group_call_ends import Ears
from tests.sdk.groups import group_of

from bench.recording_person import until
from visavis.core.errors import AuthorizationError
from visavis.core.ids import Digest
from visavis.core.recording_types import Kind
from visavis.core.vvrec import Part, read
from visavis.media.silence import SilenceSource
from visavis.sdk.client import Client
from visavis.sdk.consent_key import OwnConsent
from visavis.sdk.group_actions import PeopleGroup
from visavis.sdk.group_call_objects import GroupCall
from visavis.sdk.recorder import FileRecorder
from visavis.sdk.recording_means import Recorder, Shares
from visavis.sdk.recording_objects import CallRecording, Wanted
from visavis.sdk.recordings_book import RECORDINGS, Way
from visavis.testing.server import running_server

NAMES = ("anna", "bob", "carl")
CALLS = 3
ASKS = 3
"""Of each member in a call: nobody may ask more often."""

AUDIO = frozenset({Kind.AUDIO})
TALK_S = 1.0
LOOK_S = 0.002
BOUND_MS = 1_000.0


@dataclass(frozen=True)
class Taken:
    """One yes that was taken back; milliseconds from the press on.

    Attributes:
        written: Until who records had written the last of it.
        shown: Until all others were shown that it is over.
        gone: Until the server had no share.
    """

    written: float
    shown: float
    gone: float


class Watched(FileRecorder):
    """A recorder that knows when it wrote the last byte of a recording."""

    done: dict[Digest, float]

    def over(self, ask: Digest) -> None:
        super().over(ask)
        self.done[ask] = self._loop.time()


class Member:
    """One of the three."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.done: dict[Digest, float] = {}
        session = client._session

        def make(own: OwnConsent, title: str, failed: Callable[[], None]) -> Recorder:
            folder = session.books.store.profile / RECORDINGS
            made = Watched(folder, own, title, session.books.recordings, session.rng, failed)
            made.done = self.done
            return made

        session.recording = replace(session.recording, recorder=make)
        self.call: GroupCall | None = None

    async def come(self, group: PeopleGroup) -> None:
        self.ears = Ears()
        self.call = await self.client.call_group(
            group, "voice", source=SilenceSource(), sink=self.ears
        )
        assert await self.call.inside()

    async def hears(self) -> None:
        """Return when all others are heard."""
        async with asyncio.timeout(60):
            while len(self.ears.samples) < len(NAMES) - 1:
                await asyncio.sleep(0.05)

    @property
    def recording(self) -> CallRecording:
        assert self.call is not None
        return self.call.recording

    @property
    def shares(self) -> Shares:
        shares = self.client._session.recording.shares
        assert shares is not None
        return shares


def measure() -> list[Taken]:
    """Have three people talk; each records in turn, and one of the others takes a yes back."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(Path(folder)))


async def _measure(folder: Path) -> list[Taken]:
    taken: list[Taken] = []
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(
            running_server(folder, turn=True, free_attempts=10_000)
        )
        people = People(server, folder, allow_loopback=True)
        stack.push_async_callback(people.close)
        group, clients = await group_of(people, "Choir", *NAMES)
        members = [Member(client) for client in clients]
        for _ in range(CALLS):
            for member in members:
                await member.come(group)
            for member in members:
                await member.hears()
            for number in range(len(NAMES) * ASKS):
                asker, one, other = (members[(number + k) % len(NAMES)] for k in range(3))
                taken.append(await _take_back(asker, one, other))
            for member in members:
                assert member.call is not None
                await member.call.leave()
    return taken


async def _take_back(asker: Member, one: Member, other: Member) -> Taken:
    await until(asker.recording, lambda: asker.recording.may_not_ask is None)
    ask = await asker.recording.ask(Wanted(AUDIO, "How soon it ends"))
    for recording in (one.recording, other.recording):
        await until(recording, lambda shown=recording: shown.requests)
        await recording.agree(ask, AUDIO)
    for recording in (asker.recording, one.recording, other.recording):
        await until(recording, lambda shown=recording: shown.recorded)
    await asyncio.sleep(TALK_S)
    kept = asker.client.recordings.get(ask)
    assert kept is not None
    path = asker.client.recordings.path(kept)
    shell = one.recording._shell
    assert shell is not None
    way = kept.members[shell.own]
    loop = asyncio.get_running_loop()
    ended = [asyncio.create_task(_timed(_over(who.recording))) for who in (asker, other)]
    gone = asyncio.create_task(_timed(_gone(asker.shares, way)))
    await asyncio.sleep(0.02)  # all of them wait
    began = loop.time()
    one.recording.withdraw(ask)
    shown = max(await asyncio.gather(*ended)) - began
    at_server = await gone - began
    written = asker.done[ask] - began
    size = path.stat().st_size
    await asyncio.sleep(0.5)
    _check(path, size)
    return Taken(1_000 * written, 1_000 * shown, 1_000 * at_server)


async def _over(recording: CallRecording) -> None:
    await until(recording, lambda: not recording.recorded)


async def _timed(work: Awaitable[None]) -> float:
    await work
    return asyncio.get_running_loop().time()


async def _gone(shares: Shares, way: Way) -> None:
    """Return when a share cannot be read any more."""
    async with asyncio.timeout(60):
        while True:
            try:
                await shares.read(way.slot, way.read)
            except AuthorizationError:
                return
            await asyncio.sleep(LOOK_S)


def _check(path: Path, size: int) -> None:
    """See that each was recorded, and nothing was written since."""
    with path.open("rb") as file:
        of = {chunk.key for chunk, _ in read(file) if isinstance(chunk, Part)}
    if len(of) != len(NAMES) or path.stat().st_size != size:
        raise RuntimeError(f"{len(of)} were recorded, {path.stat().st_size - size} bytes too many")
