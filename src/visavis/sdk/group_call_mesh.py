"""The mesh of a small group call: one connection with each other member, over the relay.

    lower leaf:  offer + candidates --groupcall.offer-->   higher leaf
                 <--groupcall.answer-- answer + candidates

Sealed by the call's group, said to one member. What is lost is offered again after a while. Not
for: calls of more than three, which go over the SFU (`group_call_media`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from av import AudioFrame, VideoFrame

from visavis.core.content_group_call import GroupCallAnswer, GroupCallOffer
from visavis.core.errors import VisavisError
from visavis.core.frame_keys import FrameKind
from visavis.media.call_frames import CallFrames
from visavis.media.connection import MediaConnection
from visavis.media.fan import Fan
from visavis.media.interfaces import GroupSink, MediaEvent, TurnServer
from visavis.media.sfu_link import FromOne
from visavis.sdk.group_call_offers import AGAIN_S, Offers

STAND_S: Final = 20.0
"""Seconds until an offer that came to nothing is made again: the other one asks a relay, over UDP,
TCP and TLS in turn, and then both find each other."""

Tell = Callable[[int, GroupCallOffer | GroupCallAnswer], bool]


class _OneSink:
    """Hands one member's media to the call's sink, under its leaf."""

    def __init__(self, leaf: int, sink: GroupSink) -> None:
        self._leaf = leaf
        self._sink = sink

    def start(self) -> None:
        """Do nothing: the call's sink is started by whoever has it."""

    def on_audio(self, frame: AudioFrame) -> None:
        """Take sound."""
        self._sink.on_audio(self._leaf, frame)

    def on_video(self, frame: VideoFrame) -> None:
        """Take a picture."""
        self._sink.on_video(self._leaf, frame)

    def close(self) -> None:
        """Do nothing."""


@dataclass(slots=True)
class _Pair:
    """The connection with one other member."""

    leaf: int
    attempt: int = 0
    offers: Offers = field(default_factory=Offers)
    connection: MediaConnection | None = None
    tasks: set[asyncio.Task[None]] = field(default_factory=set)


class Mesh:
    """Connections with the others in a small call.

    Args:
        frames: The call's keys.
        fan: What is sent.
        sink: Where the others' goes.
        video: Whether pictures are sent.
        turn: Fetches fresh relay credentials.
        tell: Says something to one member.
        opened: Told of each frame that was opened: whose, and its kind.
        refused: Told of each frame that was not: from whom, and its kind.
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
        tell: Tell,
        opened: Callable[[int, FrameKind], None],
        refused: Callable[[int, FrameKind], None],
        allow_loopback: bool = False,
    ) -> None:
        self._frames = frames
        self._fan = fan
        self._sink = sink
        self._video = video
        self._turn = turn
        self._tell = tell
        self._opened = opened
        self._refused = refused
        self._allow_loopback = allow_loopback
        self._own = 0
        self._pairs: dict[int, _Pair] = {}
        self._attempts: dict[int, int] = {}
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def leaves(self) -> frozenset[int]:
        """With whom there is a connection, or one on the way."""
        return frozenset(self._pairs)

    def members(self, own: int, others: frozenset[int]) -> None:
        """Connect with these, and with nobody else."""
        self._own = own
        for leaf in self.leaves - others:
            self._drop(leaf)
        for leaf in others - self.leaves:
            self._pairs[leaf] = _Pair(leaf)
            if own < leaf:
                self._begin(self._pairs[leaf], self._offer(self._pairs[leaf]))

    def told(self, leaf: int, content: GroupCallOffer | GroupCallAnswer) -> None:
        """Take what another member says of the connection with it."""
        pair = self._pairs.get(leaf)
        if pair is None:
            return
        if isinstance(content, GroupCallOffer):
            # CK-872: the lower leaf offers, and nobody else. CK-874: and not without end.
            if self._own > leaf and pair.offers.takes(asyncio.get_running_loop().time()):
                for task in pair.tasks:
                    task.cancel()
                self._begin(pair, self._answer(pair, content))
        elif content.attempt == pair.attempt and pair.connection is not None and self._own < leaf:
            self._begin(pair, self._finish(pair.connection, content))

    async def close(self) -> None:
        """End all connections."""
        for leaf in tuple(self._pairs):
            self._drop(leaf)
        if self._closing:
            await asyncio.wait(self._closing)

    def _drop(self, leaf: int) -> None:
        pair = self._pairs.pop(leaf)
        for task in pair.tasks:
            task.cancel()
        self._end(pair)

    def _end(self, pair: _Pair) -> None:
        connection, pair.connection = pair.connection, None
        if connection is not None:
            task = asyncio.ensure_future(connection.close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    def _begin(self, pair: _Pair, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        pair.tasks.add(task)
        task.add_done_callback(pair.tasks.discard)

    def _connect(self, pair: _Pair) -> MediaConnection:
        self._end(pair)
        leaf = pair.leaf
        pair.connection = MediaConnection(
            ice_servers=(),
            video=self._video,
            frames=FromOne(
                self._frames, leaf.__eq__, self._opened, lambda kind: self._refused(leaf, kind)
            ),
            source=self._fan.outlet(),
            sink=_OneSink(leaf, self._sink),
            allow_loopback=self._allow_loopback,
        )
        return pair.connection

    async def _offer(self, pair: _Pair) -> None:
        """Offer until a connection stands; and again when it is lost."""
        while True:
            self._attempts[pair.leaf] = self._attempts.get(pair.leaf, 0) + 1 & 0xFFFF
            pair.attempt = self._attempts[pair.leaf]
            connection = self._connect(pair)
            try:
                sdp = await connection.create_offer()
                lines = await connection.gather(await self._turn())
                if self._tell(pair.leaf, GroupCallOffer(pair.attempt, sdp, tuple(lines))):
                    await self._stands(connection)
            except VisavisError:
                pass  # the relay cannot be reached now: again, later
            await asyncio.sleep(AGAIN_S)

    async def _stands(self, connection: MediaConnection) -> None:
        """Return once a connection did not come to stand, or stood and was lost."""
        stood = False
        while True:
            try:
                async with asyncio.timeout(None if stood else STAND_S):
                    event = await connection.events.get()
            except TimeoutError:
                return
            if event in {MediaEvent.LOST, MediaEvent.FAILED}:
                return
            stood = True

    async def _answer(self, pair: _Pair, offer: GroupCallOffer) -> None:
        connection = self._connect(pair)
        try:
            sdp = await connection.accept_offer(offer.sdp)
            lines = await connection.gather(await self._turn())
            await connection.add_remote_candidates(offer.candidates)
            self._tell(pair.leaf, GroupCallAnswer(offer.attempt, sdp, tuple(lines)))
        except VisavisError:
            return  # it is offered again

    async def _finish(self, connection: MediaConnection, answer: GroupCallAnswer) -> None:
        try:
            await connection.accept_answer(answer.sdp)
            await connection.add_remote_candidates(answer.candidates)
        except VisavisError:
            return
