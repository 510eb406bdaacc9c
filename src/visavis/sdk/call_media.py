"""What the call shell needs of a media connection, and what goes between the two.

`MediaPort` is the part of `visavis.media.connection.MediaConnection` that the shell uses, so that
its tests can run without sockets. `LentSource` and `LentSink` let a picture and a voice outlive
one connection: in a glare they pass on to the call that stands.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

from av import AudioFrame, VideoFrame

from visavis.core.meter import Carried
from visavis.media.connection import MediaConnection
from visavis.media.interfaces import (
    FrameCrypto,
    MediaEvent,
    MediaSink,
    MediaSource,
    MediaStats,
    TurnServer,
)
from visavis.media.text_link import TextEnd
from visavis.sdk import seam


class MediaPort(Protocol):
    """The media of one call: `MediaConnection`, or a test's fake."""

    events: asyncio.Queue[MediaEvent]

    def carry_text(self, end: TextEnd) -> None:
        """Carry the real-time text of this end from the connection on."""

    async def create_offer(self) -> str:
        """Return an offer; sends nothing."""

    async def accept_offer(self, sdp: str) -> str:
        """Return an answer; sends nothing. PeerError MALFORMED."""

    def drop_video(self) -> None:
        """Make it a voice call for good: send, show and negotiate no picture (CK-369)."""

    async def accept_answer(self, sdp: str) -> None:
        """Take an answer. PeerError MALFORMED."""

    async def gather(self, ice_servers: Sequence[TurnServer] | None = None) -> list[str]:
        """Open devices, allocate, return candidates. UnavailableError NO_RELAY, NO_DEVICE."""

    async def add_remote_candidates(self, lines: Sequence[str]) -> None:
        """Take the other side's candidates. PeerError MALFORMED."""

    async def restart(
        self,
        ice_servers: Sequence[TurnServer] | None = None,
        *,
        relay_only: bool | None = None,
    ) -> None:
        """Drop the transport and make a new one, over relays only or for the direct path too."""

    async def stats(self) -> MediaStats:
        """Return the call's figures so far."""

    def carried(self) -> Carried:
        """Return what was carried, for the metadata meter."""

    async def close(self) -> None:
        """End it. Harmless when repeated."""


class MediaFactory(Protocol):
    """Makes the media of one call."""

    def __call__(
        self, *, video: bool, frames: FrameCrypto, source: MediaSource, sink: MediaSink
    ) -> MediaPort:
        """Return a connection that sends nothing yet."""


def relayed_media(*, allow_loopback: bool) -> MediaFactory:
    """Return the product's factory: relay-only connections over aiortc.

    Args:
        allow_loopback: Let loopback relays pass; demo and tests only.
    """

    def make(
        *, video: bool, frames: FrameCrypto, source: MediaSource, sink: MediaSink
    ) -> MediaPort:
        return MediaConnection(
            ice_servers=(),
            relay_only=True,
            video=video,
            frames=frames,
            source=source,
            sink=sink,
            allow_loopback=allow_loopback,
        )

    return make


def relay(server: seam.TurnServer) -> TurnServer:
    """Return TURN credentials as the media wants them."""
    return TurnServer(server.urls, server.username, server.credential)


class LentSource:
    """A source that a connection may close without ending it for the next one."""

    def __init__(self, source: MediaSource) -> None:
        self._source = source
        self._lent = True

    def keep(self) -> MediaSource:
        """Take the source back: this lender closes nothing any more."""
        self._lent = False
        return self._source

    async def start(self) -> None:
        """Open devices or files."""
        await self._source.start()

    async def next_audio(self) -> AudioFrame:
        """Return the next sound."""
        return await self._source.next_audio()

    async def next_video(self) -> VideoFrame:
        """Return the next picture."""
        return await self._source.next_video()

    def close_video(self) -> None:
        """Let the camera go."""
        self._source.close_video()

    def close(self) -> None:
        """Free the devices, unless they were kept."""
        if self._lent:
            self._source.close()


class LentSink:
    """A sink that a connection may close without ending it for the next one."""

    def __init__(self, sink: MediaSink) -> None:
        self._sink = sink
        self._lent = True

    def keep(self) -> MediaSink:
        """Take the sink back: this lender closes nothing any more."""
        self._lent = False
        return self._sink

    def start(self) -> None:
        """Open devices."""
        self._sink.start()

    def on_audio(self, frame: AudioFrame) -> None:
        """Take sound."""
        self._sink.on_audio(frame)

    def on_video(self, frame: VideoFrame) -> None:
        """Take a picture."""
        self._sink.on_video(frame)

    def close(self) -> None:
        """Free the devices, unless they were kept."""
        if self._lent:
            self._sink.close()
