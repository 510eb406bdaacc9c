"""One member's two connections to the SFU, and the tap's: the product's, without decoders.

A frame is opened as in any call, noted, and dropped before it would be decoded. What was encoded
once cannot give a key frame on demand, so none is asked for.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final, cast

from aiortc import MediaStreamTrack
from aiortc.jitterbuffer import JitterFrame
from aiortc.rtp import RtpPacket
from av import AudioFrame, VideoFrame

from visavis.core import content_room as room
from visavis.core.content_group_call import GroupCallAnswer, GroupCallOffer
from visavis.core.content_room_fields import WatchedFeed
from visavis.core.errors import Code, FatalError, VisavisError
from visavis.core.frame_keys import FrameKind
from visavis.core.ids import FeedId
from visavis.media import aiortc_private
from visavis.media.call_frames import CallFrames
from visavis.media.encoders import SendCounts
from visavis.media.interfaces import MediaSource
from visavis.media.sframe_hooks import ReceiveCounts
from visavis.media.sfu_link import Downlink, Uplink
from visavis.sdk.group_call_watching import Watching
from visavis.testing.group_bench.clip import Clip, EncodedSource
from visavis.testing.group_bench.frames import Wire
from visavis.testing.group_bench.heard import Heard

LOOK_S: Final = 0.2
AGAIN_S: Final = 2.0
BROKEN: Final = frozenset({"failed", "closed"})


class BenchMedia:
    """Media of one member (`group_call_seam.Media`), over the SFU whatever the number of members.

    Args:
        frames: The member's keys.
        wire: What goes over the SFU.
        send: Says something to the room.
        announce: Tells all members what we send.
        sends: Kinds that it sends.
        everything: Watch all feeds, whoever announced them or not: the tap does.
        played: What it sends; None: the bench's own.

    Attributes:
        source: What it sends.
        heard: What it heard of the others.
        problem: Why it cannot go on, or None.
        renewed: Connections that broke and were begun anew.
    """

    def __init__(
        self,
        frames: CallFrames,
        wire: Wire,
        *,
        send: Callable[[room.ToRoom], None],
        announce: Callable[[FeedId | None], None],
        sends: frozenset[str],
        everything: bool = False,
        played: Clip | None = None,
    ) -> None:
        self._frames = frames
        self._wire = wire
        self._send = send
        self._announce = announce
        self._sends = sends
        self._everything = everything
        self._others: frozenset[int] = frozenset()
        self._watching = Watching()
        self._watched: tuple[WatchedFeed, ...] = ()
        self._up: Uplink | None = None
        self._down: Downlink | None = None
        self._events: asyncio.Queue[room.FromRoom | None] = asyncio.Queue()
        self._is_in = False
        self._publish_again = 0.0
        self._last: tuple[int, FrameKind] = (0, "audio")
        self.source = EncodedSource(played)
        self.heard = Heard()
        self.problem: FatalError | None = None
        self.renewed = 0
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """End both connections."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._end()

    def room_says(self, message: room.FromRoom) -> None:
        """Take what the room says of the SFU."""
        self._events.put_nowait(message)

    def members(self, own: int, others: frozenset[int]) -> None:
        """Take who is in the call now."""
        del own
        for leaf in self._others - others:
            self._watching.gone(leaf)
            self.heard.gone(leaf)
        self._others = others
        self._events.put_nowait(None)

    def announced(self, leaf: int, feed: FeedId | None) -> None:
        """Note what a member sends."""
        if self._watching.announced(leaf, feed):
            self._events.put_nowait(None)

    def told(self, leaf: int, content: GroupCallOffer | GroupCallAnswer) -> None:
        """Do nothing: there is no mesh here."""

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            event: room.FromRoom | None = None
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    event = await self._events.get()
            try:
                await self._said(event)
                await self._keep()
            except FatalError as error:
                self.problem = error
                return
            except VisavisError:  # as in a call: what came to nothing is begun anew
                self._publish_again = loop.time() + AGAIN_S

    async def _said(self, message: room.FromRoom | None) -> None:
        match message:
            case room.RoomEntered(has_sfu=has_sfu):
                if not has_sfu:
                    raise FatalError(Code.NO_SFU, "the room has no SFU")
                self._is_in = True
                await self._end()
            case room.RoomPublished(sdp, feed) if self._up is not None:
                await self._up.accept(sdp)
                self._watching.own = feed
                self._announce(feed)
            case room.RoomFeeds(feeds):
                self._watching.feeds = frozenset(one.feed for one in feeds)
            case room.RoomOffer(sdp, sections) if self._down is not None:
                try:
                    answer = await self._down.answer(sdp, sections, ())
                except VisavisError:
                    await self._watch_anew()
                    raise
                self._send(room.RoomAnswer(answer))
            case room.RoomSfuLost():
                raise FatalError(Code.NO_SFU, "the SFU was lost")
            case room.RoomRefused(_, asked) if asked == room.RoomPublish.TYPE["t"]:
                await self._end_up()
                self._publish_again = asyncio.get_running_loop().time() + AGAIN_S
            case _:
                pass

    async def _keep(self) -> None:
        """Have both connections, and watch what there is; see `GroupCallMedia`."""
        if not self._is_in:
            return
        now = asyncio.get_running_loop().time()
        if self._up is not None and self._up.pc.connectionState in BROKEN:
            self.renewed += 1
            await self._end_up()
        if self._down is not None and self._down.pc.connectionState in BROKEN:
            await self._watch_anew()
        if self._sends and self._up is None and now >= self._publish_again:
            await self._publish()
        wanted = self._wanted()
        if wanted != self._watched:
            if self._down is None:
                self._down = self._listening()
            self._watched = wanted
            self._send(room.RoomWatch(wanted))
            if not wanted:  # the room ends its side, too; the next wish begins a new connection
                await self._end_down()

    def _wanted(self) -> tuple[WatchedFeed, ...]:
        if self._everything:
            return tuple(WatchedFeed(feed) for feed in sorted(self._watching.feeds))
        return self._watching.wanted(self._others)

    async def _publish(self) -> None:
        source = cast("MediaSource", self.source)  # aiortc sends packets as they are
        video = "video" in self._sends
        self._up = Uplink(self._frames, source, video=video, counts=SendCounts())
        self._send(room.RoomPublish(await self._up.offer(())))

    async def _watch_anew(self) -> None:
        self.renewed += 1
        await self._end_down()
        self._send(room.RoomWatch(()))
        self._watched = ()

    async def _end(self) -> None:
        await self._end_up()
        await self._end_down()
        self._watched = ()

    async def _end_up(self) -> None:
        up, self._up = self._up, None
        if up is not None:
            await up.close()

    async def _end_down(self) -> None:
        down, self._down = self._down, None
        if down is not None:
            await down.close()

    def _listening(self) -> Downlink:
        down = Downlink(
            self._frames,
            _Nowhere(),
            ReceiveCounts(),
            self._opened,
            lambda *_: None,
            self._watching.whose,
        )
        down.pc.on("track", lambda track: self._listen(down, track))
        return down

    def _opened(self, leaf: int, kind: FrameKind) -> None:
        self._last = leaf, kind

    def _listen(self, down: Downlink, track: MediaStreamTrack) -> None:
        """Drop frames once they were opened: after the product's hook, before the decoder."""
        receiver = next(one for one in down.pc.getReceivers() if one.track is track)
        buffer = aiortc_private.jitter_buffer_of(receiver)
        product, unprotected = buffer.add, type(buffer).add

        def add(packet: RtpPacket) -> tuple[bool, JitterFrame | None]:
            if self._wire.weighing:
                unprotected(buffer, packet)
                return False, None
            _, frame = product(packet)
            if frame is not None:
                leaf, kind = self._last
                self.heard.opened(leaf, kind, frame.timestamp)
            return False, None

        buffer.add = add  # type: ignore[method-assign]


class _Nowhere:
    """A `GroupSink` to which nothing comes."""

    def start(self) -> None:
        """Do nothing."""

    def on_audio(self, leaf: int, frame: AudioFrame) -> None:
        """Do nothing."""

    def on_video(self, leaf: int, frame: VideoFrame) -> None:
        """Do nothing."""

    def on_screen(self, leaf: int, frame: VideoFrame) -> None:
        """Do nothing."""

    def gone(self, leaf: int) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""
