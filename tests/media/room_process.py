"""A member of a call room in a process of its own, which a test can kill or stop.

Usage: python -m tests.media.room_process ORIGIN ROOM KEY (hexadecimal)
"""

from __future__ import annotations

import asyncio
import sys

from tests.server.room_kit import RawMember
from websockets.asyncio.client import connect

from visavis.core import content_room as room
from visavis.core.ids import RoomId, RoomKey


async def main(origin: str, room_id: str, key: str) -> None:
    url = f"{origin.replace('http', 'ws')}/v1/call-room"
    async with connect(url, compression=None, max_size=2**20, ping_interval=None) as socket:
        member = RawMember(socket)
        await member.say(room.RoomEnter(RoomId.fromhex(room_id), RoomKey.fromhex(key)))
        entered = await member.expect(room.RoomEntered)
        sys.stdout.write(f"{entered.member}\n")
        sys.stdout.flush()
        while True:
            await member.next(3_600)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
