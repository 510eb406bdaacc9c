"""SFrame (RFC 9605) on aiortc, failing closed in both directions.

Three locks, each enough by itself, so that one mistake does not send a call in the clear:

1. `protect_sender` presets an encoder that ends in SFrame; without a key it yields no packet.
2. `install_guards` replaces the function by which aiortc would make a plain encoder: it raises.
3. `install_guards` wraps `RTCRtpSender.send` and `RTCRtpReceiver.receive`: a sender or receiver
   that was never protected does not start. `packetsSent` stays 0.

Receiving: a frame that does not decrypt is dropped, never forwarded, and a key frame is asked
for. A receiver without a hook would hand ciphertext to the decoder, which plays noise.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from typing import Final, NoReturn, cast
from weakref import WeakSet

import aiortc.rtcrtpsender
import av
import av.logging
from aiortc import RTCRtpReceiver, RTCRtpSender
from aiortc.jitterbuffer import JitterFrame
from aiortc.rtcrtpparameters import (
    RTCRtpCodecParameters,
    RTCRtpReceiveParameters,
    RTCRtpSendParameters,
)
from aiortc.rtp import RtpPacket

from visavis.core.errors import Code, FatalError, UsageError
from visavis.media import aiortc_private
from visavis.media.encoders import SealedOpusEncoder, SealedVp8Encoder, SendCounts
from visavis.media.interfaces import FrameCrypto, Kind

KEY_FRAME_REQUEST_INTERVAL_S: Final = 0.3
"""Seconds between two requests for a key frame. Lower recovers sooner after a lost frame; higher
spares the sender's uplink when somebody holds a wrong key and can never be helped."""

GAP_S: Final = 0.5
"""Seconds for which pictures wait for a packet that misses. Higher waits for what is sent again on
slow lines; lower goes on sooner. Without it aiortc waits for 128 further packets: ten seconds and
more of a picture that is small, or comes slowly."""

_CODECS: Final = {"audio": "opus", "video": "vp8", "rtx": "rtx"}
_SPEECH_LEVEL: Final = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"

_protected_senders: WeakSet[RTCRtpSender] = WeakSet()
_protected_receivers: WeakSet[RTCRtpReceiver] = WeakSet()


@dataclass(slots=True)
class ReceiveCounts:
    """What became of whole frames that arrived."""

    decrypted: dict[str, int] = field(default_factory=lambda: {"audio": 0, "video": 0})
    failed: dict[str, int] = field(default_factory=lambda: {"audio": 0, "video": 0})


def protect_sender(sender: RTCRtpSender, frames: FrameCrypto, counts: SendCounts) -> None:
    """Give a sender an encoder that ends in SFrame, under a context of its own.

    Args:
        sender: A sender that has not started.
        frames: The call's keys; asked for one new context.
        counts: Where what was sent and refused is counted.

    Raises:
        UsageError: The sender is protected already; a second encoder would be a second context
            on one transport.
    """
    if sender in _protected_senders:
        raise UsageError("this sender has its SFrame encoder already")
    kind = cast("Kind", sender.kind)
    encryptor = frames.new_context(kind)
    encoder = (
        SealedOpusEncoder(encryptor, counts)
        if kind == "audio"
        else SealedVp8Encoder(encryptor, counts, steady=frames.steady)
    )
    aiortc_private.set_encoder(sender, encoder)
    _protected_senders.add(sender)


def protect_receiver(receiver: RTCRtpReceiver, frames: FrameCrypto, counts: ReceiveCounts) -> None:
    """Open each whole frame before the decoder sees it; drop what does not decrypt.

    Args:
        receiver: A receiver that has not started.
        frames: The call's keys.
        counts: Where decrypted and failed frames are counted.

    Raises:
        UsageError: The receiver is protected already.
    """
    if receiver in _protected_receivers:
        raise UsageError("this receiver has its SFrame hook already")
    buffer = aiortc_private.jitter_buffer_of(receiver)
    add_packet = buffer.add
    kind: Kind = "video" if buffer._is_video else "audio"  # noqa: SLF001 - set in its constructor
    next_request_at = 0.0
    begun: int | None = None  # the stream whose key frame has come
    waiting: float | None = None  # since when a packet misses

    def asks() -> bool:
        nonlocal next_request_at
        now = time.monotonic()
        if kind != "video" or now < next_request_at:
            return False
        next_request_at = now + KEY_FRAME_REQUEST_INTERVAL_S
        return True

    def is_stuck(frame: JitterFrame | None) -> bool:
        nonlocal waiting
        if frame is not None or kind != "video" or not aiortc_private.gap_of(buffer):
            waiting = None
            return False
        now = time.monotonic()
        waiting = now if waiting is None else waiting
        return now - waiting >= GAP_S

    def add(packet: RtpPacket) -> tuple[bool, JitterFrame | None]:
        nonlocal begun
        wants_key_frame, frame = add_packet(packet)
        if is_stuck(frame):
            # What comes after the gap is a difference to what was in it.
            frame, begun = aiortc_private.skip_gap(buffer), None
            wants_key_frame = asks() or wants_key_frame
        if frame is None or frames.held:
            return wants_key_frame, None
        try:
            frame.data = frames.decrypt(frame.data, kind)
        except Exception:  # noqa: BLE001 - CK-651: whatever went wrong, nothing is decoded
            counts.failed[kind] += 1
            return asks() or wants_key_frame, None
        counts.decrypted[kind] += 1
        if frames.took(frame.timestamp, frame.data):
            wants_key_frame = asks() or wants_key_frame
        if kind == "video" and begun != packet.ssrc:
            # A decoder that begins in the middle shows nothing, and nobody else would notice: the
            # key frame went by before this connection stood.
            if not frame.data[0] & 1:  # RFC 6386, 9.1: a key frame
                begun = packet.ssrc
            else:
                wants_key_frame = asks() or wants_key_frame
        return wants_key_frame, frame

    buffer.add = add  # type: ignore[method-assign]
    _protected_receivers.add(receiver)


def install_guards() -> None:
    """Make unprotected media impossible in this process. Harmless when repeated."""
    if getattr(RTCRtpSender.send, "visavis_guard", False):
        return
    send, receive = RTCRtpSender.send, RTCRtpReceiver.receive

    async def guarded_send(self: RTCRtpSender, parameters: RTCRtpSendParameters) -> None:
        # CK-652: no hook, another codec, or the speech level in the clear: it never starts.
        encoder = aiortc_private.encoder_of(self)
        if self not in _protected_senders or not isinstance(
            encoder, SealedOpusEncoder | SealedVp8Encoder
        ):
            return
        if not _codecs_allowed(parameters.codecs, self.kind):
            return
        if any(extension.uri == _SPEECH_LEVEL for extension in parameters.headerExtensions):
            return
        await send(self, parameters)

    async def guarded_receive(self: RTCRtpReceiver, parameters: RTCRtpReceiveParameters) -> None:
        # CK-653: no hook, no decoder.
        if self in _protected_receivers:
            await receive(self, parameters)

    def refuse_plain_encoder(codec: RTCRtpCodecParameters) -> NoReturn:
        # CK-654: aiortc asks for an encoder only if none was preset.
        del codec
        raise FatalError(Code.NOT_ENCRYPTED, "CK-654: a sender has no SFrame encoder")

    guarded_send.visavis_guard = True  # type: ignore[attr-defined]
    RTCRtpSender.send = guarded_send  # type: ignore[method-assign]
    RTCRtpReceiver.receive = guarded_receive  # type: ignore[method-assign]
    # By name, for mypy sees an import there and not an attribute to set.
    vars(aiortc.rtcrtpsender)["get_encoder"] = refuse_plain_encoder


def quieten() -> None:
    """Keep libraries from writing addresses, or FFmpeg's remarks, to a person's screen or log."""
    for name in ("aiortc", "aioice"):
        # Below warnings these two write addresses of relays and peers.
        logging.getLogger(name).setLevel(logging.WARNING)
    av.logging.set_level(av.logging.PANIC)


def _codecs_allowed(codecs: list[RTCRtpCodecParameters], kind: str) -> bool:
    return bool(codecs) and all(
        codec.name.lower() in {_CODECS[kind], _CODECS["rtx"]} for codec in codecs
    )


install_guards()
quieten()
