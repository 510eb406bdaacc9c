"""A member's two connections to the SFU: one that sends, one that receives.

    Uplink     offer --room.publish-->   <--room.published--  answer
    Downlink   <--room.offer-- offer     answer --room.answer-->

Descriptions hold no candidate of ours (CK-814). Frames are sealed before they are packets and open
with the members' keys alone; of a section only frames are taken that the member sealed who
announced the feed in it, as what its name says (CK-870, CK-894). Not for: which feeds
are watched (`sdk/group_call_media`).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Container, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from aiortc import (
    MediaStreamTrack,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.exceptions import InvalidAccessError, InvalidStateError, OperationError
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame, VideoFrame

from visavis.core.content_room_fields import OfferedSection
from visavis.core.errors import Code, PeerError, UnavailableError
from visavis.core.frame_keys import FrameKind, is_out_of_time
from visavis.core.ids import FeedId
from visavis.media import aiortc_private, gathering
from visavis.media.call_frames import CallFrames
from visavis.media.encoders import SendCounts
from visavis.media.interfaces import (
    FrameEncryptor,
    GroupSink,
    Kind,
    MediaSource,
    TurnServer,
)
from visavis.media.peer_connection import keep_to_our_codecs, new_connection
from visavis.media.sections import Role, role_of
from visavis.media.sframe_hooks import ReceiveCounts, protect_receiver, protect_sender
from visavis.media.tracks import SourceTrack

GATHER_S: Final = 6.0
"""Seconds to reach the relay."""

STAND_S: Final = 10.0
"""Seconds for a connection to come to stand before more is added to it. Higher forgives a slower
machine, lower begins anew sooner."""

_DOES_NOT_FIT: Final = (
    ValueError,
    LookupError,
    AttributeError,
    AssertionError,
    RuntimeError,
    InvalidAccessError,
    InvalidStateError,
    OperationError,
)
"""What aiortc raises at descriptions that lack a line or hold a bad one; it checks few of them."""

_LEFT_OUT: Final = ("a=candidate", "a=end-of-candidates")

_KINDS: Final[Mapping[Role, FrameKind]] = MappingProxyType(
    {"audio": "audio", "camera": "video", "screen": "screen"}
)
"""As what the frames of a section are sealed."""


class FromOne:
    """The call's keys, for what is received in one place.

    Args:
        frames: The call's.
        may: Says whether a member's frames are taken here now.
        opened: Told of each frame that was taken.
        refused: Told of each frame that is not sealed with the call's keys.
        fits: Says whether what was sealed as a kind may be here: a camera, or a screen.
    """

    def __init__(
        self,
        frames: CallFrames,
        may: Callable[[int], bool],
        opened: Callable[[int, FrameKind], None],
        refused: Callable[[FrameKind], None],
        fits: Callable[[FrameKind], bool] = lambda _: True,
    ) -> None:
        self._fits = fits
        self._frames = frames
        self._may = may
        self._opened = opened
        self._refused = refused
        self.steady = frames.steady

    @property
    def held(self) -> bool:
        """Whether nothing is opened yet (`FrameCrypto.held`)."""
        return self._frames.held

    def new_context(self, kind: FrameKind) -> FrameEncryptor:
        """Return a context to send in (`FrameCrypto.new_context`)."""
        return self._frames.new_context(kind)

    def decrypt(self, frame: bytes, kind: FrameKind) -> bytes:
        """Open a frame of whoever belongs here (`FrameCrypto.decrypt`)."""
        try:
            leaf, sealed_as, plaintext = self._frames.decrypt_from(frame, kind)
        except PeerError as error:
            if not is_out_of_time(error):
                self._refused(kind)
            raise
        self._require_place(leaf, sealed_as)
        self._opened(leaf, kind)
        return plaintext

    def took(self, timestamp: int, data: bytes) -> bool:
        """Hand on the frame that was opened last (`FrameCrypto.took`)."""
        return self._frames.took(timestamp, data)

    def _require_place(self, leaf: int, sealed_as: FrameKind) -> None:
        # CK-870: whoever runs the SFU, or sends to it, may not put one member in another's place,
        # nor show a feed that nobody announced (P14).
        if not self._may(leaf):
            raise PeerError(Code.DECRYPTION, "CK-870: a frame in a place that is not its sender's")
        # CK-894: nor a screen as a camera, or a camera as a screen.
        if not self._fits(sealed_as):
            raise PeerError(Code.DECRYPTION, "CK-894: a frame that is not what its place says")


class Uplink:
    """What this member sends.

    Args:
        frames: The call's keys; asked for a context for each encoder.
        source: What is sent; an outlet of the call's source, closed with this.
        video: Whether pictures are sent.
        counts: Of the whole call.
    """

    def __init__(
        self, frames: CallFrames, source: MediaSource, *, video: bool, counts: SendCounts
    ) -> None:
        self._source = source
        self.pc = new_connection(relay_only=False)
        kinds: tuple[Kind, ...] = ("audio", "video") if video else ("audio",)
        for kind in kinds:
            transceiver = self.pc.addTransceiver(SourceTrack(source, kind), direction="sendonly")
            protect_sender(transceiver.sender, frames, counts)
            keep_to_our_codecs(transceiver)

    async def offer(self, servers: Sequence[TurnServer]) -> str:
        """Return what is sent, described without candidates."""
        offer = await self.pc.createOffer()
        await _gather(self.pc, servers)
        await self.pc.setLocalDescription(offer)
        return _bare(self.pc)

    async def accept(self, answer: str) -> None:
        """Take the SFU's answer, and send.

        Raises:
            PeerError: MALFORMED.
        """
        await _set_remote(self.pc, answer, "answer")

    async def close(self) -> None:
        """Stop sending."""
        self._source.close()
        await _close(self.pc)


class Downlink:
    """What this member gets of the others.

    Args:
        frames: The call's keys.
        sink: Where it goes.
        counts: Of the whole call.
        opened: Told of each frame: whose, and its kind.
        refused: Told of each frame that was not taken: of what it should have been, and its kind.
        whose: Tells who announced a feed.
    """

    def __init__(
        self,
        frames: CallFrames,
        sink: GroupSink,
        counts: ReceiveCounts,
        opened: Callable[[int, FrameKind], None],
        refused: Callable[[FeedId, FrameKind], None],
        whose: Callable[[FeedId], Container[int]],
    ) -> None:
        self._frames = frames
        self._sink = sink
        self._counts = counts
        self._opened = opened
        self._refused = refused
        self._whose = whose
        self._sections: dict[str, OfferedSection] = {}
        self._pumps: set[asyncio.Task[None]] = set()
        self.pc = new_connection(relay_only=False)
        self.pc.on("track", self._take)

    async def answer(
        self, offer: str, sections: Sequence[OfferedSection], servers: Sequence[TurnServer]
    ) -> str:
        """Return our answer to the SFU's offer.

        Args:
            offer: As the room passes it on.
            sections: What is in each section of it, as the room says.
            servers: Relays, for the first one.

        Raises:
            PeerError: MALFORMED.
        """
        self._sections = {one.mid: one for one in sections}
        is_first = not self.pc.getTransceivers()
        if not is_first:
            await self._stands()
        await _set_remote(self.pc, offer, "offer")
        if is_first:
            await _gather(self.pc, servers)
        await self.pc.setLocalDescription(await self.pc.createAnswer())
        aiortc_private.learn_sources(self.pc, offer)
        return _bare(self.pc)

    async def _stands(self) -> None:
        """Wait until the connection stands.

        Sections that come before it does are never begun by aiortc, or end the beginning of all.

        Raises:
            UnavailableError: UNAVAILABLE, it does not come to stand.
        """
        deadline = asyncio.get_running_loop().time() + STAND_S
        while self.pc.connectionState in {"new", "connecting"}:
            if asyncio.get_running_loop().time() > deadline:
                break
            await asyncio.sleep(0.02)
        if self.pc.connectionState != "connected":
            raise UnavailableError(Code.UNAVAILABLE, "a connection that does not stand")

    async def close(self) -> None:
        """Get nothing any more."""
        await _close(self.pc)
        for task in list(self._pumps):
            task.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    def _take(self, track: MediaStreamTrack) -> None:
        transceiver = next(t for t in self.pc.getTransceivers() if t.receiver.track is track)

        def section() -> OfferedSection | None:
            return self._sections.get(transceiver.mid or "")

        def refused(kind: FrameKind) -> None:
            here = section()
            if here is not None:
                self._refused(here.feed, kind)

        place = _Place(section, self._whose, self._opened)
        crypto = FromOne(self._frames, place.may, place.opened, refused, place.fits)
        protect_receiver(transceiver.receiver, crypto, self._counts)
        aiortc_private.send_feedback_whole(transceiver.receiver)
        task = asyncio.ensure_future(self._pump(track, place))
        self._pumps.add(task)
        task.add_done_callback(self._pumps.discard)

    async def _pump(self, track: MediaStreamTrack, place: _Place) -> None:
        with contextlib.suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                match place.now():
                    # CK-894: what is of another kind than its section's name says is not shown.
                    case leaf, "audio" if isinstance(frame, AudioFrame):
                        self._sink.on_audio(leaf, frame)
                    case leaf, "camera" if isinstance(frame, VideoFrame):
                        self._sink.on_video(leaf, frame)
                    case leaf, "screen" if isinstance(frame, VideoFrame):
                        self._sink.on_screen(leaf, frame)
                    case _:
                        pass


class _Place:
    """One section: what is in it now, and who sealed what came of it last."""

    def __init__(
        self,
        section: Callable[[], OfferedSection | None],
        whose: Callable[[FeedId], Container[int]],
        told: Callable[[int, FrameKind], None],
    ) -> None:
        self._section = section
        self._whose = whose
        self._told = told
        self._last: tuple[OfferedSection, int] | None = None

    def fits(self, sealed_as: FrameKind) -> bool:
        """Say whether frames of a kind belong here, by the section's name."""
        here = self._section()
        role = None if here is None else role_of(here.source)
        return role is not None and _KINDS[role] == sealed_as

    def may(self, leaf: int) -> bool:
        """Say whether a member announced the feed that is here now."""
        section = self._section()
        return section is not None and leaf in self._whose(section.feed)

    def opened(self, leaf: int, kind: FrameKind) -> None:
        """Note whose frame came."""
        section = self._section()
        if section is not None:
            self._last = section, leaf
        self._told(leaf, kind)

    def now(self) -> tuple[int, Role] | None:
        """Return whose it is, and what; None: of what is here now nothing opened yet.

        Asked again for each decoded frame: decoding takes a while, and it may be nobody's by then.
        """
        last = self._last
        if last is None or last[0] != self._section() or not self.may(last[1]):
            return None
        role = role_of(last[0].source)
        return None if role is None else (last[1], role)


async def _gather(pc: RTCPeerConnection, servers: Sequence[TurnServer]) -> None:
    """Find our own addresses, and one at the relay should the SFU not be reached from them.

    The SFU is our own server's, which sees where we are anyhow; other members are told nothing.
    """
    for targets in (servers, ()):
        try:
            await gathering.gather(
                pc, targets, relay_only=False, allow_loopback=False, timeout_s=GATHER_S
            )
        except UnavailableError:  # the relay does not answer: without it, then
            if not targets:
                raise
        else:
            return


async def _close(pc: RTCPeerConnection) -> None:
    # A description that did not fit may have left a section without its transport.
    with contextlib.suppress(AttributeError):
        await gathering.close(pc)


def _bare(pc: RTCPeerConnection) -> str:
    lines = pc.localDescription.sdp.splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(_LEFT_OUT))


async def _set_remote(pc: RTCPeerConnection, text: str, kind: str) -> None:
    try:
        await pc.setRemoteDescription(RTCSessionDescription(text, kind))
    except _DOES_NOT_FIT:
        raise PeerError(Code.MALFORMED, "CK-871: a description that does not fit") from None
