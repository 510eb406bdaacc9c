"""Callers in a call room with a real Janus, for tests."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path

from tests.media.sfu_peers import KEY, Peer, keyed
from tests.server.room_kit import RawMember, Scene, scene, until

from visavis.core import content_room as room
from visavis.core import content_room_fields as room_fields
from visavis.core.content_room_fields import WatchedFeed
from visavis.core.ids import FeedId
from visavis.media.janus import Janus
from visavis.ports.relay import RelayCredential


class Stopwatch:
    """Seconds since it was made, less those in which this process was not let run."""

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._stalled = 0.0
        self._task = asyncio.ensure_future(self._run())

    async def _run(self) -> None:
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.02)
            self._stalled += max(0.0, time.monotonic() - before - 0.025)

    def check(self) -> None:
        """Twice the three seconds that there should be: Janus waits too where others are busy."""
        self._task.cancel()
        taken = time.monotonic() - self._begun - self._stalled
        assert taken < 6.0, f"{taken:.1f} s"


class Caller:
    """A member of the room with media: answers offers by itself, notes feeds."""

    def __init__(self, line: RawMember, peer: Peer) -> None:
        self.line, self.peer = line, peer
        self.feed: FeedId | None = None
        self.feeds: dict[FeedId, int] = {}
        self.seen: list[tuple[str, float]] = []
        self.gone: list[room.RoomGone] = []
        self.refused: list[room.RoomRefused] = []
        self.sections: tuple[room_fields.OfferedSection, ...] = ()
        self.problem: BaseException | None = None
        self._task = asyncio.ensure_future(self._run())

    async def _run(self) -> None:
        try:
            while True:
                await self._take(await self.line.next(3_600))
        except AssertionError:
            pass  # closed
        except Exception as error:
            self.problem = error
            raise

    async def _take(self, message: room.FromRoom) -> None:
        self.seen.append((message.TYPE["t"], time.monotonic()))
        match message:
            case room.RoomPublished(sdp, feed):
                self.feed = feed
                await self.peer.published(sdp)
            case room.RoomFeeds(feeds):
                self.feeds = {one.feed: one.member for one in feeds}
            case room.RoomOffer(sdp, sections):
                self.sections = sections
                await self.line.say(room.RoomAnswer(await self.peer.answer(sdp)))
            case room.RoomGone():
                self.gone.append(message)
            case room.RoomRefused():
                self.refused.append(message)
            case _:
                pass

    def when(self, kind: str) -> float | None:
        return next((at for seen, at in self.seen if seen == kind), None)

    async def publish(self) -> None:
        await self.line.say(room.RoomPublish(await self.peer.offer()))
        await until(lambda: self.feed in self.feeds or self.refused)
        assert not self.refused, self.refused[0].code

    async def watch_others(self) -> None:
        wanted = tuple(WatchedFeed(feed) for feed in self.feeds if feed != self.feed)
        await self.line.say(room.RoomWatch(wanted))

    async def close(self) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        await self.peer.close()


class Party:
    """Some callers in one room."""

    def __init__(self, stage: Scene) -> None:
        self.stage = stage
        self.callers: list[Caller] = []
        self.leaves = 0

    @property
    def janus(self) -> Janus:
        found = self.stage.server.served.sfu
        assert isinstance(found, Janus)
        return found

    async def add(
        self, count: int, *, key: bytes = KEY, relay: RelayCredential | None = None
    ) -> None:
        for _ in range(count):
            leaf, self.leaves = self.leaves, self.leaves + 1
            line = await (self.stage.joiner() if leaf else self.stage.maker())
            others = set(range(8)) - {leaf}
            self.callers.append(Caller(line, Peer(keyed(leaf, others, key), relay=relay)))

    async def connect(self) -> None:
        """All publish, all watch all others."""
        for caller in self.callers:
            await caller.publish()
        count = len(self.callers)
        await until(lambda: all(len(caller.feeds) == count for caller in self.callers))
        for caller in self.callers:
            await caller.watch_others()

    async def flows(self, least: int = 20) -> None:
        """Frames of every other member are opened at each."""
        for caller in self.callers:
            caller.peer.by_leaf.clear()
        wanted = len(self.callers) - 1
        await until(lambda: all(self._hears(one, wanted, least) for one in self.callers), 30)

    def _hears(self, caller: Caller, wanted: int, least: int) -> bool:
        counts = caller.peer.by_leaf
        return all(
            sum(counts[leaf, kind] >= least for leaf in range(8)) == wanted
            for kind in ("audio", "video")
        )


@contextlib.asynccontextmanager
async def party(folder: Path, count: int = 4) -> AsyncIterator[Party]:
    async with scene(folder, sfu=True) as stage:
        assert stage.server.served.sfu_problem is None
        made = Party(stage)
        try:
            await made.add(count)
            yield made
        finally:
            await asyncio.gather(*(caller.close() for caller in made.callers))
