"""All call rooms of a server: made, entered, watched over, ended (docs/protocol/call-room.md).

They live in memory only and end 60 seconds after the last member (CK-812). Nothing of them is
stored or logged, not even how many there are.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from math import inf
from typing import Final, assert_never

from visavis.core.content_room import (
    RoomAnswer,
    RoomCommit,
    RoomCreate,
    RoomEnter,
    RoomEntered,
    RoomEvict,
    RoomKnock,
    RoomLayers,
    RoomLeave,
    RoomLetIn,
    RoomPong,
    RoomPublish,
    RoomPull,
    RoomSay,
    RoomSfuBack,
    RoomSfuLost,
    RoomWatch,
    ToRoom,
)
from visavis.core.content_room_fields import MAX_MEMBERS, Why
from visavis.core.errors import AuthorizationError, Code, PeerError, UnavailableError
from visavis.ports.clock import Clock
from visavis.ports.random import Rng
from visavis.ports.sfu import Sfu
from visavis.server.call_room import LOST_S, PROBE_S, Line, Member, Room
from visavis.server.call_room_door import Knocker, knock
from visavis.server.call_room_media import RoomMedia
from visavis.server.call_sequencers import CallSequencers
from visavis.server.frames import Close

EMPTY_S: Final = 60.0
"""Seconds that a room waits for somebody once nobody is in it: all may have lost their network
together. Higher keeps memory for calls that are over."""

MAX_ROOMS: Final = 1_000

TICK_S: Final = 0.25
"""Seconds between two looks for silent members."""

LATE_S: Final = 1.0
"""A look that comes this much late was kept from coming: then nobody was silent, we were deaf."""

_CLOSES: Final = {
    Why.LEFT: Close.NORMAL,
    Why.LOST: Close.TRY_AGAIN,
    Why.EVICTED: Close.EVICTED,
}


@dataclass(slots=True, eq=False)
class Entrance:
    """A member in its room, as a connection holds it."""

    room: Room
    media: RoomMedia
    member: Member


class CallRooms:
    """Keeps the rooms.

    Args:
        sfu: The server's; `NoSfu` if it has none.
        clock: The time.
        rng: Source of what only this object knows.
    """

    def __init__(self, sfu: Sfu, clock: Clock, rng: Rng) -> None:
        self._sfu = sfu
        self._clock = clock
        self._rng = rng
        self._rooms: dict[bytes, tuple[Room, RoomMedia]] = {}
        self._order = CallSequencers(idle_s=inf, rolling=True)
        # Nobody's key: compared with where there is none, which costs what any comparison costs.
        self._nobody = rng(32)
        self._no_room = Room(self._order, b"", 0, self._nobody, self._nobody)
        self._watch: asyncio.Task[None] | None = None
        self._ending: set[asyncio.Task[None]] = set()
        sfu.listen(self._sfu_changed)

    def __len__(self) -> int:
        return len(self._rooms)

    def start(self) -> None:
        """Begin to look for silent members and empty rooms."""
        self._watch = asyncio.get_running_loop().create_task(self._look(), name="call rooms")

    async def stop(self) -> None:
        """End all rooms."""
        if self._watch is not None:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch
            self._watch = None
        for room_id in tuple(self._rooms):
            self._end(room_id)
        if self._ending:
            await asyncio.wait(self._ending)

    def create(self, message: RoomCreate, line: Line) -> Entrance:
        """Make a room and let its maker in; that they may was decided before.

        Raises:
            PeerError: CONFLICT: there is a room of this id.
            UnavailableError: There are as many rooms as there may be.
        """
        if bytes(message.room) in self._rooms:
            raise PeerError(Code.CONFLICT, "there is a room of this id")
        if len(self._rooms) >= MAX_ROOMS:
            raise UnavailableError(Code.UNAVAILABLE, "CK-807: too many rooms")
        now = self._clock.monotonic()
        handle = self._rng(32)
        self._order.create(handle, message.n, bytes(message.key), now)
        room = Room(self._order, handle, message.n, bytes(message.key), self._nobody)
        media = RoomMedia(self._sfu, room.tell_all, self._probe)
        self._rooms[bytes(message.room)] = (room, media)
        return self._let_in(room, media, line)

    def enter(self, message: RoomEnter, line: Line) -> Entrance:
        """Let somebody in who has the room's key.

        Raises:
            AuthorizationError: REFUSED: no such room, or not its key: one answer, after the same
                operations (CK-803).
            PeerError: QUOTA: the room is full (CK-808).
        """
        found = self._rooms.get(bytes(message.room))
        room = self._no_room if found is None else found[0]
        opens = room.opens(bytes(message.key), self._clock.monotonic())
        if not opens or found is None:
            raise AuthorizationError(Code.REFUSED, "CK-803: no such room, or not its key")
        if room.full:
            raise PeerError(Code.QUOTA, "CK-808: the room is full")
        return self._let_in(room, found[1], line)

    def knock(self, message: RoomKnock, line: Line) -> Knocker:
        """Have somebody stand at a room's door, and tell those inside.

        Raises:
            AuthorizationError: REFUSED: no such room (CK-825).
            UnavailableError: Nobody is inside (CK-828).
            PeerError: QUOTA: too many are there (CK-826).
        """
        found = self._rooms.get(bytes(message.room))
        if found is None:
            raise AuthorizationError(Code.REFUSED, "CK-825: no such room")
        if not found[0].members:
            raise UnavailableError(Code.UNAVAILABLE, "CK-828: nobody is inside")
        knocker = found[0].door.come(found[0], line)
        try:
            knock(knocker, message, self._clock.monotonic())
        except PeerError:
            found[0].door.go(knocker)
            raise
        return knocker

    def take(self, entrance: Entrance, message: ToRoom) -> int:
        """Do what a member says.

        Returns:
            Bytes that it made us send to itself, which its quota pays for.

        Raises:
            AuthorizationError: REFUSED: not the key that this takes (CK-805, CK-806).
            PeerError: UNEXPECTED: it is in a room already (CK-800).
        """
        room, member = entrance.room, entrance.member
        now = self._clock.monotonic()
        match message:
            case RoomSay():
                room.say(member, message)
            case RoomLetIn(number, body):
                room.door.answer(number, body)
            case RoomCommit():
                room.commit(member, message, now)
            case RoomPull():
                return room.pull(member, message, now)
            case RoomEvict():
                evicted = room.evict(message, now)
                if evicted is not None:
                    self._gone(room, entrance.media, evicted, Why.EVICTED)
            case RoomLeave():
                self.leave(entrance, Why.LEFT)
            case RoomPong():
                pass  # that it was heard is noted with every message
            case RoomPublish() | RoomWatch() | RoomAnswer() | RoomLayers():
                entrance.media.ask(member, message)
            case RoomCreate() | RoomEnter() | RoomKnock():
                raise PeerError(Code.UNEXPECTED, "CK-800: in a room already")
            case _:
                assert_never(message)
        return 0

    def heard(self, entrance: Entrance) -> None:
        """Note that something came from a member."""
        entrance.member.heard(self._clock.monotonic())

    def leave(self, entrance: Entrance, why: Why) -> None:
        """Take a member out; harmless when it is out."""
        self._gone(entrance.room, entrance.media, entrance.member, why)

    def _let_in(self, room: Room, media: RoomMedia, line: Line) -> Entrance:
        others = tuple(room.members)
        member = room.enter(line, self._clock.monotonic())
        member.tell(
            RoomEntered(
                member.number, others, room.n, has_sfu=self._sfu.available, most=MAX_MEMBERS
            )
        )
        feeds = media.feeds
        if feeds.feeds:
            member.tell(feeds)
        return Entrance(room, media, member)

    def _gone(self, room: Room, media: RoomMedia, member: Member, why: Why) -> None:
        if room.remove(member, why, self._clock.monotonic()):
            media.gone(member)
            member.line.close(_CLOSES[why])

    def _probe(self, member: Member) -> None:
        """Its media has stopped: is it still there? (CK-811)."""
        now = self._clock.monotonic()
        member.deadline = min(member.deadline, now + PROBE_S)
        member.ping(now)

    def _sfu_changed(self, there: bool) -> None:  # noqa: FBT001 - the shape of a listener
        for room, media in self._rooms.values():
            if there:
                room.tell_all(RoomSfuBack())
            else:
                media.lost()
                room.tell_all(RoomSfuLost())

    async def _look(self) -> None:
        last = self._clock.monotonic()
        while True:
            await self._clock.sleep(TICK_S)
            now = self._clock.monotonic()
            late, last = now - last - TICK_S, now
            for room_id, (room, media) in tuple(self._rooms.items()):
                for member in tuple(room.members.values()):
                    if late > LATE_S:
                        member.deadline = max(member.deadline, now + LOST_S)
                        member.ping(now)
                    elif member.is_lost(now):
                        self._gone(room, media, member, Why.LOST)
                    elif now >= member.quiet_at:
                        member.ping(now)
                if room.empty_since is not None and now >= room.empty_since + EMPTY_S:
                    self._end(room_id)

    def _end(self, room_id: bytes) -> None:
        room, media = self._rooms.pop(room_id)
        self._order.end(room.handle)
        room.door.end()
        task = asyncio.get_running_loop().create_task(media.close())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
