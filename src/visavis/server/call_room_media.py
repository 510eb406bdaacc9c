"""A call room's part at the SFU: seats of its members, feeds, and what to tell of them.

Requests to the SFU take their time, so each runs as a task of its own, in the order of its member;
meanwhile the member's line is read on. A room of the SFU is made with the first that publishes:
calls of two or three, which are a mesh, never make one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Final, TypeAlias, assert_never

from visavis.core.content_room import (
    FromRoom,
    RoomAnswer,
    RoomFeeds,
    RoomLayers,
    RoomOffer,
    RoomPublish,
    RoomPublished,
    RoomRefused,
    RoomWatch,
)
from visavis.core.content_room_fields import MAX_MEMBERS, Feed, OfferedSection, Refusal
from visavis.core.errors import Code, FatalError, UnavailableError, VisavisError
from visavis.core.ids import FeedId
from visavis.ports.sfu import (
    FeedGone,
    FeedUp,
    MediaFlows,
    Offered,
    Sfu,
    SfuEvent,
    SfuRoom,
    SfuSeat,
    Wanted,
)
from visavis.server import logging
from visavis.server.call_room import Member

MAX_WAITING: Final = 16
"""Requests of one member that may wait for the SFU."""

ForSfu: TypeAlias = RoomPublish | RoomWatch | RoomAnswer | RoomLayers


class RoomMedia:
    """The SFU's part of one room.

    Args:
        sfu: The server's.
        tell_all: Tells everybody in the room.
        stopped: Told of a member whose media has stopped.
    """

    def __init__(
        self,
        sfu: Sfu,
        tell_all: Callable[[FromRoom], None],
        stopped: Callable[[Member], None],
    ) -> None:
        self._sfu = sfu
        self._tell_all = tell_all
        self._stopped = stopped
        self._room: SfuRoom | None = None
        self._opening = asyncio.Lock()
        self._seats: dict[Member, SfuSeat] = {}
        self._feeds: dict[bytes, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False
        self._losses = 0

    @property
    def feeds(self) -> RoomFeeds:
        """What can be watched now."""
        feeds = tuple(Feed(FeedId(feed), number) for feed, number in self._feeds.items())
        return RoomFeeds(feeds[:MAX_MEMBERS])

    def ask(self, member: Member, message: ForSfu) -> None:
        """Do what a member asks of the SFU, soon; the member is told what came of it."""
        if member.waiting >= MAX_WAITING:
            member.tell(RoomRefused(Refusal.QUOTA, message.TYPE["t"]))
            return
        member.waiting += 1
        self._soon(self._answer(member, message))

    def gone(self, member: Member) -> None:
        """Take back what a member has at the SFU."""
        seat = self._seats.pop(member, None)
        if seat is not None:
            self._soon(seat.leave())
        mine = [feed for feed, number in self._feeds.items() if number == member.number]
        for feed in mine:
            del self._feeds[feed]
        if mine:
            self._tell_all(self.feeds)

    def lost(self) -> None:
        """The SFU died, and everything of ours with it."""
        self._losses += 1
        self._room = None
        for member in self._seats:
            member.sends = False
        self._seats.clear()
        self._feeds.clear()

    async def close(self) -> None:
        """End the room at the SFU."""
        self._closed = True
        if self._tasks:
            await asyncio.wait(self._tasks)
        room, self._room = self._room, None
        if room is not None:
            await room.close()

    async def _answer(self, member: Member, message: ForSfu) -> None:
        try:
            await self._do(member, message, await self._seat_of(member))
        except (FatalError, LookupError, TypeError, ValueError) as error:
            # CK-818, or an answer that the SFU never gave before: worth an operator's look.
            logging.failure("request_failed", error)
            self._refuse(member, message, Code.UNAVAILABLE)
        except VisavisError as error:
            self._refuse(member, message, error.code)
        finally:
            member.waiting -= 1

    async def _do(self, member: Member, message: ForSfu, seat: SfuSeat) -> None:
        match message:
            case RoomPublish():
                published = await seat.publish(message.sdp)
                member.tell(RoomPublished(published.sdp, FeedId(published.feed)))
            case RoomWatch():
                # CK-823: what is not of this room, or is no more, is left out.
                wanted = [
                    Wanted(bytes(one.feed), one.mids or ())
                    for one in message.feeds
                    if bytes(one.feed) in self._feeds
                ]
                await seat.watch(wanted)
            case RoomAnswer():
                await seat.answer(message.sdp)
            case RoomLayers():
                await seat.layers(message.mid, message.substream, message.temporal)
            case _:
                assert_never(message)

    async def _seat_of(self, member: Member) -> SfuSeat:
        async with self._opening:
            seat = self._seats.get(member)
            if seat is not None:
                return seat
            losses = self._losses
            room = self._room or await self._sfu.open_room(MAX_MEMBERS)
            if self._losses != losses:
                raise UnavailableError(Code.NO_SFU, "the SFU was lost meanwhile")
            self._room = room
            if self._closed or not member.here:
                raise UnavailableError(Code.UNAVAILABLE, "gone meanwhile")
            seat = self._seats[member] = room.seat(partial(self._happened, member))
            return seat

    def _happened(self, member: Member, event: SfuEvent) -> None:
        if member not in self._seats:
            return  # gone: its feeds went with it
        match event:
            case FeedUp(feed):
                self._feeds[feed] = member.number
                self._tell_all(self.feeds)
            case FeedGone(feed):
                member.sends = False
                if self._feeds.pop(feed, None) is not None:
                    self._tell_all(self.feeds)
            case MediaFlows(flows):
                member.sends = flows
                if not flows:
                    self._stopped(member)
            case Offered(sdp, streams):
                sections = tuple(
                    OfferedSection(one.mid, FeedId(one.feed), one.source) for one in streams
                )
                member.tell(RoomOffer(sdp, sections))
            case _:
                assert_never(event)

    def _refuse(self, member: Member, message: ForSfu, code: Code) -> None:
        known = {word.value for word in Refusal}
        refusal = Refusal(code.value) if code.value in known else Refusal.UNAVAILABLE
        member.tell(RoomRefused(refusal, message.TYPE["t"]))

    def _soon(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
