"""The media side of one call: the connection, what it tells, and the steps of negotiation.

What may take seconds (TURN, gathering, ICE restarts) runs in tasks of its own and comes back as an
event of the call machine. One negotiation at a time: a newer one takes the older one's place.

Not for: deciding (the call machine), keys (`call_group`), or ICE itself (`visavis.media`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, Final, Protocol, assert_never

from visavis.core import call_events as on
from visavis.core.call_types import Media, Path, Reconnecting, State
from visavis.core.content_call import CallAnswer, CallOffer, InCall
from visavis.core.errors import Code, PeerError, UsageError, VisavisError
from visavis.core.ids import Digest
from visavis.core.meter import Meter
from visavis.media.call_frames import CallFrames
from visavis.media.interfaces import MediaEvent, MediaSink, MediaSource, MediaStats, TurnServer
from visavis.sdk.call_media import LentSink, LentSource, MediaFactory, MediaPort, relay
from visavis.sdk.seam import CallSeam

MAX_EARLY: Final = 64
"""Candidates that may wait for a transport that is being made; a relayed call needs one."""

STATS_EVERY_S: Final = 0.5
"""Between two looks at the figures. Higher: older figures; lower: more work for nothing."""


class Owner(Protocol):
    """What the media side needs of the call's shell."""

    state: State
    frames: CallFrames

    @property
    def meter(self) -> Meter:
        """What counts for this call."""

    def feed(self, event: on.Event) -> None:
        """Take what happened."""

    def note(self, code: Code) -> None:
        """Remember a breach."""

    def show_stats(self, stats: MediaStats) -> None:
        """Take fresh figures."""

    def show_first_frame(self) -> None:
        """Note that the first frame was decoded."""

    async def tell(self, content: InCall) -> None:
        """Say something in the call group."""

    async def prepare_transport(self) -> None:
        """Make sure that there are SFrame contexts for one more transport."""

    def next_text_block(self) -> bytes | None:
        """Return the block of real-time text to send now."""

    def take_text_block(self, block: bytes) -> None:
        """Take one. PeerError MALFORMED."""


class CallTransport:
    """The media of one call, over any number of transports.

    Args:
        seam: The session.
        make_media: Makes the media connection.
        owner: The call's shell.
    """

    def __init__(self, seam: CallSeam, make_media: MediaFactory, owner: Owner) -> None:
        self._seam = seam
        self._make_media = make_media
        self._owner = owner
        self._lent: tuple[LentSource, LentSink] | None = None
        self._media: MediaPort | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._negotiation: asyncio.Task[None] | None = None
        self._early: list[str] | None = None
        self._offered: Digest | None = None
        """Which offer of ours was told and not answered."""

    def lend(self, source: MediaSource, sink: MediaSink) -> None:
        """Take what the person shows and hears with."""
        self._lent = (LentSource(source), LentSink(sink))

    def take_back(self) -> tuple[MediaSource, MediaSink]:
        """Return source and sink, for the call that stands in a glare."""
        if self._lent is None:
            raise UsageError("nothing was lent")
        source, sink = self._lent
        return source.keep(), sink.keep()

    def start(self, wanted: Media) -> MediaPort:
        """Make the connection; nothing is sent."""
        if self._lent is None:
            raise UsageError("a call needs a source and a sink")
        source, sink = self._lent
        self._media = self._make_media(
            video=wanted is Media.VIDEO, frames=self._owner.frames, source=source, sink=sink
        )
        self._media.carry_text(self._owner)
        self._begin(self._watch(self._media))
        return self._media

    @property
    def media(self) -> MediaPort:
        """The connection."""
        if self._media is None:
            raise UsageError("there is no media yet")
        return self._media

    async def apply_answer(self, agreed: Media, sdp: str) -> None:
        """Hold the call to what its two people agreed on, then take the answer.

        CK-369: `agreed` is what the machine made of `call.accept`, and what the person is shown.
        The answer is another text by the same hand, and has no say in it.

        Raises:
            PeerError: MALFORMED, also for a picture in the answer of a voice call.
        """
        if agreed is Media.VOICE:
            self.media.drop_video()
        await self.media.accept_answer(sdp)

    def gather(self) -> None:
        """Begin to gather; CandidatesGathered or Failed follows."""
        self._negotiate(self._gather())

    def restart(self, path: Path) -> None:
        """Begin an ICE restart of ours; CandidatesGathered or RestartFailed follows."""
        self._early = None
        self._offered = None
        self._negotiate(self._restart(path))

    def answer_restart(self, sdp: str, path: Path) -> None:
        """Begin to answer theirs; CandidatesGathered or RestartFailed follows."""
        # What follows their offer is for the transport that answers it, which is not there yet:
        # credentials are fetched first, and the old transport would swallow the candidates.
        self._early = []
        self._offered = None
        self._negotiate(self._answer_restart(sdp, path))

    async def accept_restart_answer(self, sdp: str, offer: Digest) -> None:
        """Take the answer to this restart offer of ours.

        One that answers no open offer is dropped: it was on its way when we began another restart,
        or somebody says it twice (CK-386).

        Raises:
            PeerError: MALFORMED.
        """
        if self._offered != offer:
            return
        self._offered = None
        await self.media.accept_answer(sdp)

    async def add_candidates(self, lines: Sequence[str]) -> None:
        """Take the other side's candidates, now or when their transport is there.

        Raises:
            PeerError: MALFORMED.
        """
        if self._early is None:
            await self.media.add_remote_candidates(lines)
        else:
            self._early += lines[: MAX_EARLY - len(self._early)]

    async def stop(self) -> None:
        """Close everything; the last figures are shown first."""
        for task in self._tasks:
            task.cancel()
        self._negotiation = None
        if self._media is not None:
            self._owner.show_stats(await self._media.stats())
            await self._media.close()
            self._owner.meter.carry(self._media.carried())
        elif self._lent is not None:  # It ended before there was a connection to close them.
            for lent in self._lent:
                lent.close()

    async def _watch(self, media: MediaPort) -> None:
        """Pass the media's events on, and fresh figures every half second."""
        owner = self._owner
        while True:
            try:
                async with asyncio.timeout(STATS_EVERY_S):
                    event = await media.events.get()
            except TimeoutError:
                owner.frames.tick()
                owner.show_stats(await media.stats())
                continue
            now = self._seam.monotonic()
            owner.show_stats(await media.stats())
            match event:
                case MediaEvent.CONNECTED:
                    owner.feed(on.MediaConnected())
                case MediaEvent.LOST:
                    owner.feed(on.MediaLost(now))
                case MediaEvent.FAILED if isinstance(owner.state, Reconnecting):
                    owner.feed(on.RestartFailed(now))
                case MediaEvent.FAILED:
                    owner.feed(on.MediaLost(now))
                case MediaEvent.FIRST_FRAME:
                    owner.show_first_frame()
                case _:
                    assert_never(event)

    async def _server(self) -> TurnServer:
        """Fetch fresh TURN credentials (P12)."""
        self._owner.meter.asked_for_relay()
        return relay(await self._seam.turn(self._seam.own_turn_address()))

    async def _gather(self) -> None:
        try:
            lines = await self.media.gather([await self._server()])
        except VisavisError as error:
            self._owner.feed(on.Failed(error.code))
            return
        self._owner.feed(on.CandidatesGathered(tuple(lines)))

    async def _restart(self, path: Path) -> None:
        """Restart ICE: the relay first, so that nothing is sent while there is none."""
        try:
            server = await self._server()
            await self._owner.prepare_transport()
            await self.media.restart([server], relay_only=path is Path.RELAYED)  # CK-384
            offer = await self.media.create_offer()
            lines = await self.media.gather([server])
            self._offered = Digest.sha256(offer.encode())
            await self._owner.tell(CallOffer(offer, path))
        except (VisavisError, TimeoutError):
            self._owner.feed(on.RestartFailed(self._seam.monotonic()))
            return
        self._owner.feed(on.CandidatesGathered(tuple(lines)))

    async def _answer_restart(self, sdp: str, path: Path) -> None:
        try:
            server = await self._server()
            await self._owner.prepare_transport()
            await self.media.restart([server], relay_only=path is Path.RELAYED)  # CK-384
            answer = await self.media.accept_offer(sdp)
            await self._add_early()
            await self._owner.tell(CallAnswer(answer, Digest.sha256(sdp.encode())))
            lines = await self.media.gather([server])
        except (VisavisError, TimeoutError) as error:
            self._early = None
            if isinstance(error, PeerError):
                self._owner.note(error.code)
            if isinstance(self._owner.state, Reconnecting):
                self._owner.feed(on.RestartFailed(self._seam.monotonic()))
            return
        self._owner.feed(on.CandidatesGathered(tuple(lines)))

    async def _add_early(self) -> None:
        early, self._early = self._early, None
        if early:
            try:
                await self.media.add_remote_candidates(early)
            except PeerError as error:  # Dropped, as late ones are; the offer was good.
                self._owner.note(error.code)

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._seam.spawn(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _negotiate(self, work: Coroutine[Any, Any, None]) -> None:
        if self._negotiation is not None:
            self._negotiation.cancel()
        self._negotiation = self._begin(work)
