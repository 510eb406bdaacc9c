"""A server with its SFU and relay, and members of a call room without media, for tests in browsers.

One JSON request a line, one answer; `sfu_bench.ts` starts and steers it. The pages have the media.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.server.room_kit import RawMember, Scene, scene

from visavis.core import content_room as room
from visavis.core.content_room_fields import WatchedFeed
from visavis.core.ids import FeedId


class Bridge:
    def __init__(self, stage: Scene) -> None:
        self.stage = stage
        self.members: list[RawMember] = []

    async def join(self) -> int:
        """Return the new member's place in the list."""
        member = await (self.stage.joiner() if self.members else self.stage.maker())
        self.members.append(member)
        return len(self.members) - 1

    async def relay(self) -> list[dict[str, Any]]:
        assert self.stage.server.served.sfu_problem is None
        relay = self.stage.server.served.relay
        assert relay is not None
        minted = relay.mint(time.time())
        return [
            {
                "urls": list(minted.urls),
                "username": minted.username,
                "credential": minted.credential,
            }
        ]

    async def say(self, number: int, message: str) -> None:
        """Say something to the room, as a member's page encoded it."""
        await self.members[number].say(room.decode_to_room(bytes.fromhex(message)))

    async def hear(self, number: int) -> list[str]:
        """Take what the room said to a member since then."""
        member = self.members[number]
        heard: list[room.FromRoom] = []
        while not member._got.empty():
            message = member._got.get_nowait()
            assert message is not None, f"closed with {member.closed}"
            heard.append(message)
        return [room.encode_from_room(one).hex() for one in heard]

    async def kill_sfu(self) -> None:
        """Kill the SFU; the server starts another one."""
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                name = (entry / "comm").read_text().strip()
                if name == "janus" and int(fields[1]) == os.getpid():
                    os.kill(int(entry.name), signal.SIGKILL)
                    return
        raise AssertionError("no SFU runs")

    async def publish(self, number: int, sdp: str) -> dict[str, str]:
        member = self.members[number]
        await member.say(room.RoomPublish(sdp))
        published = await member.until(room.RoomPublished)
        return {"sdp": published.sdp, "feed": published.feed.hex()}

    async def feeds(self, number: int) -> list[str]:
        """Wait for the next list of feeds."""
        feeds = await self.members[number].until(room.RoomFeeds)
        return [one.feed.hex() for one in feeds.feeds]

    async def watch(self, number: int, feeds: list[str]) -> dict[str, Any]:
        member = self.members[number]
        wanted = tuple(WatchedFeed(FeedId.fromhex(feed)) for feed in feeds)
        await member.say(room.RoomWatch(wanted))
        offer = await member.until(room.RoomOffer)
        sections = [
            {"mid": one.mid, "feed": one.feed.hex(), "source": one.source} for one in offer.streams
        ]
        return {"sdp": offer.sdp, "sections": sections}

    async def answer(self, number: int, sdp: str) -> None:
        await self.members[number].say(room.RoomAnswer(sdp))

    async def layers(self, number: int, mid: str, substream: int, temporal: int) -> None:
        await self.members[number].say(room.RoomLayers(mid, substream, temporal))

    async def refused(self, number: int) -> list[str]:
        """What the room refused, of what is not read yet."""
        member = self.members[number]
        waiting: list[Any] = [*member._kept, *member._got._queue]  # type: ignore[attr-defined]
        return [one.code for one in waiting if isinstance(one, room.RoomRefused)]


async def main() -> None:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    with tempfile.TemporaryDirectory() as folder:
        async with scene(Path(folder), sfu=True, turn=True, allow_loopback_relay=False) as stage:
            bridge = Bridge(stage)
            while line := await reader.readline():
                method, *arguments = json.loads(line)
                try:
                    value = await getattr(bridge, method)(*arguments)
                    answer: dict[str, Any] = {"value": value}
                except Exception as error:
                    answer = {"value": None, "error": f"{type(error).__name__}: {error}"}
                sys.stdout.write(json.dumps(answer) + "\n")
                sys.stdout.flush()


asyncio.run(main())
