"""Group calls of the SDK with sound and pictures: mesh, SFU, and the change between them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from av import VideoFrame
from tests.media.sfu_peers import network
from tests.sdk.conftest import People
from tests.sdk.group_call_ends import Ears
from tests.sdk.groups import group_of

import visavis.testing
from visavis.media.interfaces import MediaSource
from visavis.media.silence import SilenceSource
from visavis.media.sources import FileSource
from visavis.sdk.client import Client
from visavis.sdk.group_actions import PeopleGroup
from visavis.sdk.group_call_objects import GroupCall
from visavis.testing.server import RunningServer, running_server

pytestmark = pytest.mark.media

CLIP = Path(visavis.testing.__file__).parent / "data" / "clip.webm"
NAMES = ("anna", "bob", "carl", "dora")


@pytest.fixture(autouse=True)
def address() -> Iterator[str]:
    with network() as ip:
        yield ip


async def until(condition: Callable[[], object], timeout_s: float = 60) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.05)


class SmallPictures(SilenceSource):
    """No sound, and a picture that costs nearly nothing."""

    async def next_video(self) -> VideoFrame:
        still = await super().next_video()
        frame = VideoFrame(64, 48, "yuv420p")
        for plane in frame.planes:
            plane.update(os.urandom(plane.buffer_size))
        frame.pts, frame.time_base = still.pts, still.time_base
        return frame


class Talker:
    """One person in the call."""

    def __init__(self, server: RunningServer, client: Client, group: PeopleGroup) -> None:
        self.server, self.client, self.group = server, client, group
        self.media = "video"
        self.source: Callable[[], MediaSource] = lambda: FileSource(CLIP, loop=True)
        self.ears = Ears()
        self.call: GroupCall | None = None

    async def come(self) -> GroupCall:
        self.call = await self.client.call_group(
            self.group, self.media, source=self.source(), sink=self.ears
        )
        assert await self.call.inside()
        return self.call

    def hears(self, others: int, *, pictures: bool = True, seconds: float = 1.0) -> bool:
        """Say whether sound that is no silence, and pictures, came of so many."""
        loud = [
            leaf
            for leaf, samples in self.ears.samples.items()
            if samples > seconds * 48_000 and self.ears.energy[leaf] > samples
        ]
        seen = [leaf for leaf in loud if not pictures or self.ears.pictures[leaf] > 5]
        return len(seen) == others

    @property
    def path(self) -> str:
        assert self.call is not None
        return self.call.stats().path


@contextlib.asynccontextmanager
async def crowd(folder: Path, count: int, *, sfu: bool) -> AsyncIterator[list[Talker]]:
    async with running_server(folder, turn=True, sfu=sfu) as server:
        people = People(server, folder, allow_loopback=True)
        try:
            group, clients = await group_of(people, "Choir", *NAMES[:count])
            for client in clients:
                await client._group_call_service()
            yield [Talker(server, client, group) for client in clients]
        finally:
            await people.close()


async def test_three_by_mesh_a_fourth_and_all_are_on_the_sfu(tmp_path: Path) -> None:
    async with crowd(tmp_path, 4, sfu=True) as people:
        for number, talker in enumerate(people[:3]):
            await talker.come()
            await until(lambda: all(one.hears(number) for one in people[: number + 1]))  # noqa: B023
        assert {one.path for one in people[:3]} == {"mesh"}
        for one in people[:3]:
            one.ears.forget()
        await people[3].come()
        await until(lambda: all(one.hears(3) for one in people))
        await until(lambda: all(one.path == "sfu" for one in people))
        # Whoever leaves is heard no more, and the others go on as they are.
        assert people[1].call is not None
        await people[1].call.leave()
        rest = [people[0], people[2], people[3]]
        await until(lambda: all(one.ears.went for one in rest))
        for one in rest:
            one.ears.forget()
        await until(lambda: all(one.hears(2) for one in rest))
        assert {one.path for one in rest} == {"sfu"}


async def test_without_an_sfu_the_first_three_hear_each_other(tmp_path: Path) -> None:
    async with crowd(tmp_path, 4, sfu=False) as people:
        for talker in people:
            talker.media = "voice"
            await talker.come()
        await until(lambda: all(one.hears(2, pictures=False) for one in people[:3]))
        assert not people[3].ears.samples
        for one in people:
            assert one.call is not None
            assert one.call.lacks_sfu


async def all_talk(people: list[Talker]) -> None:
    """Have four people talk over the SFU."""
    for talker in people:
        talker.media = "voice"  # pictures of four in one process are more than two cores do
        await talker.come()
    await until(lambda: all(one.path == "sfu" and one.hears(3, pictures=False) for one in people))


def janus_of(server: RunningServer) -> int:
    """Return the process id of a server's SFU."""
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            if (entry / "comm").read_text().strip() == "janus" and int(
                fields[1]
            ) == server.process_id:
                return int(entry.name)
    raise AssertionError("no SFU runs")


async def test_janus_is_killed_and_everybody_is_back(tmp_path: Path) -> None:
    async with crowd(tmp_path, 4, sfu=True) as people:
        await all_talk(people)
        os.kill(janus_of(people[0].server), signal.SIGKILL)
        await asyncio.sleep(0.5)  # what is still on its way counts for nothing

        for one in people:
            one.ears.forget()
        await until(lambda: all(one.hears(3, pictures=False) for one in people))


async def test_janus_is_killed_and_pictures_are_back(tmp_path: Path) -> None:
    """Small ones: four people in one process do not get far with others."""

    def all_seen(people: list[Talker]) -> bool:
        return all(sum(one.ears.pictures[n] > 5 for n in range(4)) == 3 for one in people)

    async with crowd(tmp_path, 4, sfu=True) as people:
        for talker in people:
            talker.source = SmallPictures
            await talker.come()
        await until(lambda: all(one.path == "sfu" for one in people) and all_seen(people), 90)
        os.kill(janus_of(people[0].server), signal.SIGKILL)
        await asyncio.sleep(0.5)
        for one in people:
            one.ears.forget()
        await until(lambda: all_seen(people))


async def test_a_server_that_is_started_anew_has_everybody_back(tmp_path: Path) -> None:
    async with crowd(tmp_path, 4, sfu=True) as people:
        await all_talk(people)
        await people[0].server.kill()
        await people[0].server.start()
        for one in people:
            one.ears.forget()
        await until(lambda: all(one.hears(3, pictures=False) for one in people), 90)
