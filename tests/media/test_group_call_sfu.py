"""A group call, but for ringing: MLS keys, the room of a real server, frames through Janus."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.media.sfu_peers import Peer, network
from tests.sdk.group_call_crew import found, join, key_package
from tests.sdk.group_call_people import RoomPerson, ticket_of
from tests.server.room_kit import scene, until

from visavis.core import content_room as room
from visavis.core.content_room_fields import WatchedFeed
from visavis.core.errors import PeerError
from visavis.core.frame_keys import FrameKind, clear_bytes
from visavis.core.sframe import decode_header
from visavis.media.call_frames import CallFrames
from visavis.sdk.group_call_keys import GroupCallKeys
from visavis.transport.call_room import Ticket

pytestmark = pytest.mark.media


@pytest.fixture(autouse=True)
def address() -> Iterator[str]:
    with network() as ip:
        yield ip


class Person(RoomPerson):
    """One device in the call, with sound and a picture."""

    def __init__(self, number: int, keys: GroupCallKeys, origin: str, ticket: Ticket) -> None:
        self._heard: asyncio.Queue[room.FromRoom] = asyncio.Queue()
        super().__init__(number, keys, origin, ticket, self._heard.put_nowait)
        self.media = Peer(self.frames)
        self.feed: bytes | None = None
        self.feeds: dict[bytes, int] = {}
        self._listening = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        while True:
            match await self._heard.get():
                case room.RoomPublished(sdp, feed):
                    self.feed = bytes(feed)
                    await self.media.published(sdp)
                case room.RoomFeeds(feeds):
                    self.feeds = {bytes(one.feed): one.member for one in feeds}
                    others = [one.feed for one in feeds if bytes(one.feed) != self.feed]
                    self.room.send(room.RoomWatch(tuple(map(WatchedFeed, others))))
                case room.RoomOffer(sdp, _):
                    self.room.send(room.RoomAnswer(await self.media.answer(sdp)))

    async def publish(self) -> None:
        await until(lambda: self.state.in_room and self.state.sending is not None)
        self.room.send(room.RoomPublish(await self.media.offer()))
        await until(lambda: self.feed in self.feeds)

    async def close(self) -> None:
        self.shell.leave()
        await self.task
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)
        await self.media.close()


async def started(origin: str, ticket: Ticket, count: int) -> list[Person]:
    people = [Person(0, found(), origin, ticket)]
    for number in range(1, count):
        bundle = key_package(number)
        welcomes: asyncio.Queue[bytes] = asyncio.Queue()
        for person in people:
            person.shell.wish(bundle.key_package, welcomes.put_nowait)
        keys = join(number, await asyncio.wait_for(welcomes.get(), 30), bundle)
        people.append(Person(number, keys, origin, ticket))
    for person in people:
        await person.publish()
    return people


def hears_all(people: list[Person], least: int = 15) -> bool:
    """Say whether each opened so many frames of each other one, of both kinds."""
    return all(
        sum(one.media.by_leaf[leaf, kind] >= least for leaf in one.state.leaves) == len(people) - 1
        for one in people
        for kind in ("audio", "video")
    )


class Thief:
    """Whoever left, with all the keys it had, and every frame that comes to somebody who stayed.

    It also tries its keys under the number of the epoch that it is not in.
    """

    def __init__(self, keys: GroupCallKeys, victim: Person) -> None:
        kept = keys.frame_keys()
        everybody = set(kept.others) | {kept.own}
        self._epoch, self._own = kept.epoch, kept.own
        self._tries = [CallFrames(), CallFrames()]
        for number, frames in enumerate(self._tries):
            frames.install(kept.epoch + number, kept.base_key, everybody)
        self._receiver = victim.media.frames._receiver
        self._honest = self._receiver.decrypt
        self._receiver.decrypt = self._both  # type: ignore[method-assign]
        self.opened_before = self.opened_after = self.control = self.lost = 0
        self.last_before = 0.0

    def _both(self, frame: bytes, kind: FrameKind, now_s: float) -> tuple[int, bytes]:
        kid, _, _ = decode_header(frame[clear_bytes(kind, frame) :])
        try:
            result = self._honest(frame, kind, now_s)
        except PeerError:
            # What the leaver sent last is dropped; of those who stay nothing may be.
            self.lost += kid >> 8 & 0xFFF != self._own
            raise
        opened = any(self._opens(frames, frame, kind) for frames in self._tries)
        if kid & 0xFF == self._epoch:
            self.opened_before += opened
            self.last_before = now_s
        else:
            self.opened_after += opened
            self.control += 1
        return result

    def _opens(self, frames: CallFrames, frame: bytes, kind: FrameKind) -> bool:
        try:
            frames.decrypt(frame, kind)
        except PeerError:
            return False
        return True


async def test_four_talk_and_one_leaves_who_opens_nothing_more(tmp_path: Path) -> None:
    async with scene(tmp_path, sfu=True) as stage:
        people = await started(stage.server.origin, ticket_of(stage.device), 4)
        await until(lambda: hears_all(people), 60)

        leaver = people.pop(1)
        thief = Thief(leaver.keys, people[0])
        await until(lambda: thief.opened_before > 10)  # what was sealed while it was there
        epoch = people[0].state.epoch
        await leaver.close()
        await until(lambda: all(person.state.sending == epoch + 1 for person in people))
        # Until nothing sealed with the keys of before is on its way any more.
        await until(lambda: thief.control > 50 and time.monotonic() - thief.last_before > 1, 30)
        assert thief.opened_after == 0
        assert thief.lost == 0, "a gap"

        for person in people:
            person.media.by_leaf.clear()
        await until(lambda: hears_all(people), 60)
        for person in people:
            await person.close()
