"""The control: the same calls without encryption. It is here, and nowhere in the product.

The product cannot be told to send in the clear: its connections take the call's keys, and without
keys they send nothing. So this replaces the keys by something that seals nothing, and takes SRTP
away between the two ends, for under SRTP alone a relay sees nothing either. An SFU ends SRTP
itself; what members send to it is left unsealed as in `visavis bench group` (`Wire.plain`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aiortc import RTCPeerConnection

from visavis.core.frame_keys import FrameKind
from visavis.media import aiortc_private
from visavis.media.connection import MediaConnection
from visavis.media.interfaces import (
    FrameCrypto,
    FrameEncryptor,
    MediaSink,
    MediaSource,
    TurnServer,
)
from visavis.sdk.calls import CallService
from visavis.sdk.client import Client


class UnsealedFrames:
    """Keys of a call that seal nothing (`FrameCrypto`)."""

    steady = False
    held = False

    def new_context(self, kind: FrameKind) -> FrameEncryptor:
        """Return what hands frames back as they are."""
        del kind
        return _AsItIs()

    def decrypt(self, frame: bytes, kind: FrameKind) -> bytes:
        """Return the frame as it is."""
        del kind
        return frame

    def took(self, timestamp: int, data: bytes) -> bool:
        """Record nothing."""
        del timestamp, data
        return False


class UnsealedConnection(MediaConnection):
    """A connection of the product whose packets are in the clear, between two of its kind."""

    async def gather(
        self, ice_servers: Sequence[TurnServer] | None = None, *, timeout_s: float = 6.0
    ) -> list[str]:
        """Take SRTP away, and go on; see `MediaConnection.gather`."""
        _take_srtp_away(self._transport.pc)
        return await super().gather(ice_servers, timeout_s=timeout_s)


def unsealed_media(
    *, video: bool, frames: FrameCrypto, source: MediaSource, sink: MediaSink
) -> UnsealedConnection:
    """Return a connection that seals nothing (`call_media.MediaFactory`)."""
    del frames
    return UnsealedConnection(
        ice_servers=(),
        relay_only=True,
        video=video,
        frames=UnsealedFrames(),
        source=source,
        sink=sink,
        allow_loopback=True,
    )


class UnsealedClient(Client):
    """A client of the product whose calls are in the clear."""

    async def _call_service(self) -> CallService:
        if self._calls is None:
            self._calls = CallService(self._session, make_media=unsealed_media)
            await self._calls.start()
        return self._calls


def _take_srtp_away(pc: RTCPeerConnection) -> None:
    """Have a connection's RTP go as it is, once its DTLS stands; before it begins to connect."""
    transport: Any = aiortc_private.dtls_of(pc)
    set_up = transport._setup_srtp  # noqa: SLF001 - aiortc has no other place for it

    def without() -> None:
        set_up()
        transport._rx_srtp = transport._tx_srtp = _NoSrtp()  # noqa: SLF001 - as above

    transport._setup_srtp = without  # noqa: SLF001 - as above


class _NoSrtp:
    """What aiortc asks of an SRTP session, doing nothing."""

    def protect(self, packet: bytes) -> bytes:
        return packet

    unprotect = protect_rtcp = unprotect_rtcp = protect


class _AsItIs:
    wants_key_frame = False

    def encrypt(self, frame: bytes, kind: FrameKind) -> bytes:
        del kind
        return frame
