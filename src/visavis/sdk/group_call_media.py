"""The media of one stay in a group call: over the mesh, or over the SFU (P14).

    up to three        mesh, if nobody sends to the SFU
    the fourth comes   everybody sends to the SFU and gets the others there; the mesh stays until
                       frames of all of them opened there, or five seconds; then it ends
    fewer again        it stays with the SFU

What a member sends to the SFU it announces inside the call group; feeds that nobody announced are
not watched. Not for: keys (`group_call_shell`), one connection (`media/sfu_link`).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from visavis.core.content_group_call import GroupCallAnswer, GroupCallOffer
from visavis.core.content_room import (
    FromRoom,
    RoomAnswer,
    RoomEntered,
    RoomFeeds,
    RoomOffer,
    RoomPublish,
    RoomPublished,
    RoomRefused,
    RoomSfuBack,
    RoomSfuLost,
    RoomWatch,
    ToRoom,
)
from visavis.core.content_room_fields import OfferedSection, WatchedFeed
from visavis.core.errors import PeerError, VisavisError
from visavis.core.frame_keys import FrameKind
from visavis.core.ids import FeedId
from visavis.media.call_frames import CallFrames
from visavis.media.encoders import SendCounts
from visavis.media.fan import Fan
from visavis.media.interfaces import GroupSink, TurnServer
from visavis.media.sframe_hooks import ReceiveCounts
from visavis.media.sfu_link import Downlink, Uplink
from visavis.sdk.group_call_mesh import Mesh
from visavis.sdk.group_call_sink import Chosen
from visavis.sdk.group_call_unopened import Unopened
from visavis.sdk.group_call_watching import Watching

MESH_MOST: Final = 3
"""Members of a mesh. One more and each would send its picture four times."""

CHANGE_S: Final = 5.0
"""Seconds for which the mesh stays while the SFU does not bring everybody yet."""

AGAIN_S: Final = 2.0
"""Seconds until a connection to the SFU that came to nothing is tried again."""


_BROKEN: Final = frozenset({"failed", "closed"})


class Seat(Protocol):
    """What media needs of the member's place in the call; `GroupCallShell` and its room."""

    def announce(self, feed: FeedId | None) -> None:
        """Tell all members what we send to the SFU."""
        ...

    def tell(self, leaf: int, content: GroupCallOffer | GroupCallAnswer) -> bool:
        """Say something to one member."""
        ...


@dataclass(frozen=True, slots=True)
class GroupMediaStats:
    """Figures of one stay.

    Attributes:
        path: "mesh", "sfu", or "none" while nothing stands.
        opened: Frames opened: by leaf and kind.
        refused: Frames that did not open, or were in a place that is not their sender's.
        unopened: Members of whom sound or pictures come that do not open: they send them without
            the call's keys. Nobody hears or sees that.
        sent: Frames sealed and sent, by kind, of all connections together.
        lacks_sfu: There are more members than a mesh has, and the server has no SFU.
    """

    path: str
    opened: dict[tuple[int, str], int] = field(default_factory=dict)
    refused: int = 0
    unopened: frozenset[int] = frozenset()
    sent: dict[str, int] = field(default_factory=dict)
    lacks_sfu: bool = False


class GroupCallMedia:
    """Sends and gets media while this device is in the call.

    Args:
        frames: The call's keys.
        fan: What is sent; started and closed by whoever has it.
        sink: Where the others' goes; likewise.
        video: Whether pictures are sent.
        turn: Fetches fresh relay credentials.
        send: Says something to the room.
        seat: Says something to members.
        allow_loopback: Let loopback relays pass; demo and tests only.
    """

    def __init__(
        self,
        frames: CallFrames,
        fan: Fan,
        sink: GroupSink,
        *,
        video: bool,
        turn: Callable[[], Awaitable[Sequence[TurnServer]]],
        send: Callable[[ToRoom], None],
        seat: Seat,
        allow_loopback: bool = False,
    ) -> None:
        self._frames = frames
        self._fan = fan
        self._sink = Chosen(sink)
        self._video = video
        self._turn = turn
        self._send = send
        self._seat = seat
        self._own = 0
        self._others: frozenset[int] = frozenset()
        self._watching = Watching()
        self._is_in = False
        self._has_sfu = False
        self._wants_sfu = False
        self._changing_until: float | None = None
        self._sent, self._received = SendCounts(), ReceiveCounts()
        self._opened: Counter[tuple[int, str]] = Counter()
        self._by_sfu: set[int] = set()
        self._unopened = Unopened()
        self._mesh = Mesh(
            frames,
            fan,
            self._sink.of("mesh"),
            video=video,
            turn=turn,
            tell=seat.tell,
            opened=self._note_opened,
            refused=self._unopened.refused,
            allow_loopback=allow_loopback,
        )
        self._up: Uplink | None = None
        self._down: Downlink | None = None
        self._watched: tuple[WatchedFeed, ...] | None = None
        self._sections: tuple[OfferedSection, ...] = ()
        self._events: asyncio.Queue[FromRoom | None] = asyncio.Queue()
        self._publish_again: float | None = None
        self._watch_again = 0.0
        self._task: asyncio.Task[None] | None = None

    def stats(self) -> GroupMediaStats:
        """Return the figures so far."""
        return GroupMediaStats(
            self._sink.chosen if self._opened else "none",
            dict(self._opened),
            sum(self._received.failed.values()),
            self._unopened.leaves(),
            dict(self._sent.frames),
            self._is_in and len(self._others) >= MESH_MOST and not self._has_sfu,
        )

    def speaking(self) -> list[int]:
        """Return who speaks, by leaf, the one to be shown large first; not us."""
        return self._sink.levels.speaking()

    def watch(self, tiles: Mapping[int, int] | None) -> None:
        """Get pictures of those alone who are looked at; sound comes of everybody.

        Over the mesh nothing changes: its pictures come all the same.

        Args:
            tiles: Leaf -> lines of the tile that shows it; None: all, as large as there is.
        """
        self._watching.look(tiles)
        self._events.put_nowait(None)

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """End all connections."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._mesh.close()
        await self._end_sfu()

    # From the shell (`group_call_seam.Media`)

    def room_says(self, message: FromRoom) -> None:
        """Take what the room says of the SFU, and that we entered it."""
        self._events.put_nowait(message)

    def members(self, own: int, others: frozenset[int]) -> None:
        """Take who is in the call now, by leaf."""
        for leaf in self._others - others:
            self._watching.gone(leaf)
            self._by_sfu.discard(leaf)
            self._unopened.gone(leaf)
            self._sink.gone(leaf)
        self._own, self._others = own, others
        self._look()

    def announced(self, leaf: int, feed: FeedId | None) -> None:
        """A member says what it sends to the SFU."""
        if self._watching.announced(leaf, feed):
            self._look()

    def told(self, leaf: int, content: GroupCallOffer | GroupCallAnswer) -> None:
        """A member says something to us about the connection between us."""
        self._mesh.told(leaf, content)

    # Which way

    def _look(self) -> None:
        """Decide anew how media goes; the rest happens in order in `_run`."""
        if not self._is_in:
            return
        if self._has_sfu and (len(self._others) >= MESH_MOST or self._watching):
            if not self._wants_sfu:
                self._wants_sfu = True
                loop = asyncio.get_running_loop()
                self._changing_until = loop.time() + CHANGE_S
        elif not self._wants_sfu:
            # Without an SFU the first three hear each other; `lacks_sfu` says why no more.
            first = frozenset(sorted(self._others | {self._own})[:MESH_MOST])
            near = self._others & first if self._own in first else frozenset[int]()
            self._mesh.members(self._own, near)
        self._events.put_nowait(None)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            event: FromRoom | None = None
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.2):
                    event = await self._events.get()
            try:
                await self._room_said(event)
                if self._wants_sfu:
                    await self._keep_sfu(loop.time())
            except Exception:  # noqa: BLE001 - what a server sends may not end the call's media
                self._publish_again = loop.time() + AGAIN_S

    async def _room_said(self, event: FromRoom | None) -> None:
        match event:
            case RoomEntered(has_sfu=has_sfu):
                self._is_in, self._has_sfu = True, has_sfu
                await self._end_sfu()  # it was of whom we were in the room before
                if not has_sfu:  # a server that lost it for good: who fits into a mesh has one
                    self._wants_sfu, self._changing_until = False, None
                    self._sink.choose("mesh")
                self._look()
            case RoomSfuLost():
                await self._end_sfu()
                self._has_sfu = False
            case RoomSfuBack():
                self._has_sfu = True
                self._look()
            case RoomPublished(sdp, feed) if self._up is not None:
                try:
                    await self._up.accept(sdp)
                except PeerError:  # CK-871: it is published anew
                    await self._end_up()
                    raise
                self._watching.own = feed
                self._seat.announce(feed)
            case RoomFeeds(feeds):
                self._watching.feeds = frozenset(one.feed for one in feeds)
                # A feed may have a screen now: asked again, the room takes it up.
                self._watched = None
            case RoomOffer(sdp, sections) if self._down is not None:
                self._sections = sections
                try:
                    answer = await self._down.answer(sdp, sections, await self._relays())
                except Exception:
                    await self._watch_anew()
                    raise
                self._send(RoomAnswer(answer))
            # What is refused because the SFU was lost says nothing of the next one.
            case RoomRefused(_, asked) if asked == RoomPublish.TYPE["t"] and self._up is not None:
                await self._end_up()
                self._publish_again = asyncio.get_running_loop().time() + AGAIN_S
            case RoomRefused(_, asked) if asked == RoomWatch.TYPE["t"] and self._down is not None:
                self._watched = None  # a feed went in that moment, or the SFU has much to do
                self._watch_again = asyncio.get_running_loop().time() + AGAIN_S
            case RoomRefused(_, asked) if asked == RoomAnswer.TYPE["t"] and self._down is not None:
                await self._watch_anew()
            case _:
                pass

    async def _keep_sfu(self, now: float) -> None:
        """Publish, watch, and end the mesh once it has done its service."""
        if self._has_sfu:
            if self._up is not None and self._up.pc.connectionState in _BROKEN:
                await self._end_up()
                self._publish_again = now + AGAIN_S
            if self._down is not None and self._down.pc.connectionState in _BROKEN:
                await self._watch_anew()
            if self._up is None and now >= (self._publish_again or now):
                await self._publish()
            if now >= self._watch_again:
                self._watch()
        if self._changing_until is not None:
            everybody = self._by_sfu >= self._others
            if everybody or now >= self._changing_until:
                self._changing_until = None
                self._sink.choose("sfu")
                await self._mesh.close()

    async def _publish(self) -> None:
        self._publish_again = asyncio.get_running_loop().time() + CHANGE_S
        up = Uplink(self._frames, self._fan.outlet(), video=self._video, counts=self._sent)
        self._up = up
        try:
            offer = await up.offer(await self._relays())
        except Exception:
            await self._end_up()
            raise
        self._send(RoomPublish(offer))

    async def _relays(self) -> Sequence[TurnServer]:
        """Return relays, for networks from which the SFU cannot be reached otherwise."""
        try:
            return await self._turn()
        except VisavisError:
            return ()

    def _watch(self) -> None:
        wanted = self._watching.wanted(self._others)
        if self._down is None and wanted:
            self._down = Downlink(
                self._frames,
                self._sink.of("sfu"),
                self._received,
                self._note_sfu,
                self._refused_sfu,
                self._watching.whose,
            )
            self._watched = None
            self._watching.began()
        if self._down is not None and wanted != self._watched:
            self._watched = wanted
            self._send(RoomWatch(wanted))
        for layer in self._watching.layers(self._sections):
            self._send(layer)

    async def _end_up(self) -> None:
        up, self._up = self._up, None
        if up is not None:
            await up.close()

    async def _watch_anew(self) -> None:
        await self._end_down()
        self._send(RoomWatch(()))  # the room's end of it, too: then a new one begins
        # What the room still says of the old one has come by then.
        self._watch_again = asyncio.get_running_loop().time() + AGAIN_S

    async def _end_down(self) -> None:
        down, self._down = self._down, None
        self._sections = ()
        if down is not None:
            await down.close()

    async def _end_sfu(self) -> None:
        self._watching.feeds = frozenset()
        self._by_sfu.clear()
        self._publish_again, self._watch_again = None, 0.0
        await self._end_up()
        await self._end_down()

    def _note_opened(self, leaf: int, kind: FrameKind) -> None:
        self._opened[leaf, kind] += 1
        self._unopened.opened(leaf, kind)

    def _refused_sfu(self, feed: FeedId, kind: FrameKind) -> None:
        for leaf in self._watching.whose(feed):
            self._unopened.refused(leaf, kind)

    def _note_sfu(self, leaf: int, kind: FrameKind) -> None:
        self._note_opened(leaf, kind)
        self._by_sfu.add(leaf)
