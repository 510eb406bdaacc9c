"""One transport of a call: one `RTCPeerConnection` from its making to its end.

aiortc cannot restart ICE, so `connection.MediaConnection` makes a new transport instead and drops
the old one. This file knows one of them and no more.

    made -> described (offer or answer) -> gathered -> connected -> closed

Nothing is sent before `gather`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from aiortc import (
    MediaStreamTrack,
    RTCIceCandidate,
    RTCSessionDescription,
)
from aiortc.exceptions import InvalidStateError, OperationError

from visavis.core.errors import Code, PeerError, UnavailableError, UsageError
from visavis.media import gathering, sdp_guard
from visavis.media.candidates import Candidate
from visavis.media.encoders import SendCounts
from visavis.media.interfaces import FrameCrypto, Kind, MediaSource, TurnServer
from visavis.media.local_description import minimise
from visavis.media.peer_connection import keep_to_our_codecs, new_connection
from visavis.media.sframe_hooks import ReceiveCounts, protect_receiver, protect_sender
from visavis.media.text_link import TextLink, open_channel
from visavis.media.tracks import SinkPump, SourceTrack
from visavis.media.traffic import Traffic


class Transport:
    """A peer connection with SFrame on every sender and receiver.

    Args:
        frames: The call's keys; asked for a fresh context for each encoder.
        source: What is sent.
        pump: Where what is received goes.
        text: The call's text; gets a channel of this transport.
        relay_only: Use nothing but relayed candidates.
        sent: Counts of the whole call.
        received: Counts of the whole call.
        traffic: Bytes of the whole call.
    """

    def __init__(
        self,
        *,
        frames: FrameCrypto,
        source: MediaSource,
        pump: SinkPump,
        text: TextLink,
        relay_only: bool,
        sent: SendCounts,
        received: ReceiveCounts,
        traffic: Traffic,
    ) -> None:
        self._frames = frames
        self._source = source
        self._pump = pump
        self._text = text
        self._relay_only = relay_only
        self._sent = sent
        self._received = received
        self._traffic = traffic
        self._end_traffic: Callable[[], None] = lambda: None
        self.pc = new_connection(relay_only=relay_only)
        self._local: RTCSessionDescription | None = None
        self._offer: sdp_guard.Description | None = None
        self._answer: sdp_guard.Description | None = None
        self._gathered = False
        self._has_remote = False
        self._waiting: list[Candidate] = []
        self._tracks: list[SourceTrack] = []
        self._closed = False
        self._gathering: asyncio.Task[list[Candidate]] | None = None
        self._pumps: set[asyncio.Task[None]] = set()

        @self.pc.on("track")
        def start_pump(track: MediaStreamTrack) -> None:
            task = asyncio.ensure_future(self._pump.run(track))
            self._pumps.add(task)
            task.add_done_callback(self._pumps.discard)

    @property
    def is_described(self) -> bool:
        """Whether an offer was made or answered."""
        return self._local is not None

    @property
    def may_connect(self) -> bool:
        """Whether both descriptions are in force, so that checks run."""
        return self._gathered and self._has_remote

    async def create_offer(self, *, video: bool) -> str:
        """Return our offer."""
        self._add("audio", sends=True)
        if video:
            self._add("video", sends=True)
        self._text.use(open_channel(self.pc))
        self._local = await self.pc.createOffer()
        self._offer = minimise(self._local.sdp, "offer")
        return self._offer.encode()

    async def accept_offer(self, text: str, *, video: bool) -> str:
        """Return our answer to an offer; `PeerError` if it is not one of ours."""
        offer = sdp_guard.parse(text, "offer")
        self._add("audio", sends=True)
        if offer.video:
            # The lesser media of the two sides: a voice call answers pictures with "inactive".
            self._add("video", sends=video)
        self._text.use(open_channel(self.pc))
        await self._set_remote(offer)
        self._local = await self.pc.createAnswer()
        return minimise(self._local.sdp, "answer").encode()

    def drop_video(self) -> None:
        """Let go of the source's picture for good, whatever is or was negotiated (CK-369)."""
        for track in self._tracks:
            if track.kind == "video":
                track.stop()

    async def accept_answer(self, text: str, *, video: bool) -> None:
        """Take the answer to our offer; kept until `gather` if that has not run."""
        if self._offer is None or self._answer is not None:
            raise UsageError("an answer without an open offer")
        answer = sdp_guard.parse(text, "answer")
        sdp_guard.check_answer(self._offer, answer, video=video)
        self._answer = answer
        if self._gathered:
            await self._set_remote(answer)

    async def gather(
        self, servers: Sequence[TurnServer], *, allow_loopback: bool, timeout_s: float
    ) -> list[str]:
        """Allocate at a relay, begin to connect, and return our candidates."""
        if self._local is None or self._gathered or self._gathering is not None:
            raise UsageError("gathering needs a description, once")
        # A task of its own, which `close` waits for: an allocation that is given up half way must
        # not leave a socket behind, whoever cancels us.
        self._gathering = asyncio.ensure_future(
            gathering.gather(
                self.pc,
                servers,
                relay_only=self._relay_only,
                allow_loopback=allow_loopback,
                timeout_s=timeout_s,
                is_wanted=lambda: not self._closed,
            )
        )
        try:
            candidates = await asyncio.shield(self._gathering)
        finally:
            if self._gathering.done():
                self._gathering = None
        if self._closed:
            raise UnavailableError(Code.UNAVAILABLE, "this transport was dropped meanwhile")
        self._end_traffic = self._traffic.watch(self.pc)
        await self.pc.setLocalDescription(self._local)
        self._gathered = True
        if self._answer is not None:
            await self._set_remote(self._answer)
        return [candidate.encode() for candidate in candidates]

    async def add_candidates(self, candidates: Sequence[Candidate]) -> None:
        """Take checked candidates, before or after the remote description."""
        self._waiting += candidates
        if self._has_remote:
            await self._flush()

    def stop_sending(self) -> None:
        """Let go of the source at once."""
        for track in self._tracks:
            track.stop()

    async def close(self) -> None:
        """Close everything, in about a second at most."""
        self._closed = True
        self.stop_sending()
        if self._gathering is not None:
            await asyncio.gather(self._gathering, return_exceptions=True)
        await gathering.close(self.pc)
        self._end_traffic()
        for task in list(self._pumps):
            task.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    def _add(self, kind: Kind, *, sends: bool) -> None:
        """Make a transceiver and protect both its ends before anything else can happen."""
        if self.is_described:
            raise UsageError("this transport is described already")
        if sends:
            track = SourceTrack(self._source, kind)
            self._tracks.append(track)
            transceiver = self.pc.addTransceiver(track)
        else:
            transceiver = self.pc.addTransceiver(kind, direction="inactive")
        protect_sender(transceiver.sender, self._frames, self._sent)
        protect_receiver(transceiver.receiver, self._frames, self._received)
        keep_to_our_codecs(transceiver)

    async def _set_remote(self, description: sdp_guard.Description) -> None:
        try:
            await self.pc.setRemoteDescription(
                RTCSessionDescription(description.encode(), description.kind)
            )
        except (ValueError, InvalidStateError, OperationError):
            raise PeerError(Code.MALFORMED, "CK-666: a description that does not fit") from None
        self._has_remote = True
        await self._flush()

    async def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        for candidate in waiting:
            await self.pc.addIceCandidate(
                RTCIceCandidate(
                    component=1,
                    foundation=candidate.foundation,
                    ip=candidate.address,
                    port=candidate.port,
                    priority=candidate.priority,
                    protocol="udp",
                    type=candidate.type,
                    sdpMid="0",
                    sdpMLineIndex=0,
                )
            )
