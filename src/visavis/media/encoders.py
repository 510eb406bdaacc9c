"""The two encoders of the product, each ending in SFrame: nothing unsealed comes out of them.

Opus at constant size (RFC 6716, 2.1.8; RFC 7587, 3.1.2): variable size lets whoever sees packet
lengths recognise spoken phrases. Audio payloads have one size over silence and speech, which a
test measures. VP8 (RFC 6386, 7741) keeps aiortc's encoder and seals the frame before it is cut
into packets.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final

from aiortc.codecs.base import Encoder
from aiortc.codecs.vpx import Vp8Encoder
from aiortc.mediastreams import VIDEO_TIME_BASE, convert_timebase
from av import AudioFrame, CodecContext, VideoFrame
from av.frame import Frame
from av.packet import Packet

from visavis.core.errors import UsageError
from visavis.media.interfaces import AUDIO_FRAME, AUDIO_RATE, FrameEncryptor, Kind
from visavis.media.picture_padding import STEADY_BIT_RATE, padded

OPUS_BIT_RATE: Final = 32_000
"""Bits per second, mono: 80 bytes each 20 ms. Higher sounds fuller; lower saves a narrow uplink."""


@dataclass(slots=True)
class SendCounts:
    """What left the encoders of one call; plain numbers, added to from worker threads."""

    frames: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    audio_sizes: Counter[int] = field(default_factory=Counter)
    picture_sizes: Counter[int] = field(default_factory=Counter)


class _Sealer:
    """Seals whole frames and swallows them when it cannot: fail closed."""

    def __init__(self, encryptor: FrameEncryptor, kind: Kind, counts: SendCounts) -> None:
        self._encryptor = encryptor
        self._kind: Kind = kind
        self._counts = counts

    @property
    def wants_key_frame(self) -> bool:
        """Whether the next picture is to be a key frame, for a recording of ours."""
        return self._encryptor.wants_key_frame

    def seal(self, frame: bytes) -> bytes | None:
        """Return the sealed frame, or None if there is no key or anything else goes wrong.

        An exception would end aiortc's sending loop for good, and passing the frame on would
        send it in the clear. So it is dropped, counted, and the next frame is tried afresh.
        """
        try:
            sealed = self._encryptor.encrypt(frame, self._kind)
        except Exception:  # noqa: BLE001 - CK-650: whatever went wrong, nothing is sent
            self._counts.refused[self._kind] += 1
            return None
        self._counts.frames[self._kind] += 1
        return sealed


class SealedOpusEncoder(Encoder):
    """Opus, mono, 20 ms, constant bit rate, no DTX, no FEC, sealed whole.

    Args:
        encryptor: Seals each frame; a fresh SFrame context.
        counts: Where what was sent and refused is counted.
    """

    def __init__(self, encryptor: FrameEncryptor, counts: SendCounts) -> None:
        self._sealer = _Sealer(encryptor, "audio", counts)
        self._sizes = counts.audio_sizes
        codec = CodecContext.create("libopus", "w")
        codec.bit_rate = OPUS_BIT_RATE
        codec.format = "s16"
        codec.layout = "mono"
        codec.sample_rate = AUDIO_RATE
        codec.time_base = Fraction(1, AUDIO_RATE)
        # `vbr=off` is hard CBR; libavcodec never turns on DTX or in-band FEC by itself.
        codec.options = {"application": "voip", "vbr": "off", "frame_duration": "20"}
        self._codec = codec

    def encode(self, frame: Frame, force_keyframe: bool = False) -> tuple[list[bytes], int]:  # noqa: FBT001, FBT002 - aiortc's signature
        """Encode and seal one frame of exactly 960 mono samples; no payload without a key."""
        del force_keyframe
        if (
            not isinstance(frame, AudioFrame)
            or frame.samples != AUDIO_FRAME
            or frame.sample_rate != AUDIO_RATE
            or frame.layout.name != "mono"
            or frame.format.name != "s16"
        ):
            raise UsageError("sound must come as 960 samples of 16-bit mono at 48 kHz")
        packets = [bytes(packet) for packet in self._codec.encode(frame)]
        return self._seal(packets), frame.pts or 0

    def pack(self, packet: Packet[Any]) -> tuple[list[bytes], int]:
        """Seal a frame that is encoded already."""
        timestamp = convert_timebase(packet.pts or 0, packet.time_base, Fraction(1, AUDIO_RATE))
        return self._seal([bytes(packet)]), timestamp

    def _seal(self, packets: list[bytes]) -> list[bytes]:
        payloads = [sealed for packet in packets if (sealed := self._sealer.seal(packet))]
        self._sizes.update(len(payload) for payload in payloads)
        return payloads


class SealedVp8Encoder(Vp8Encoder):
    """VP8, each frame sealed before it is cut into packets (RFC 7741).

    Args:
        encryptor: Seals each frame; a fresh SFrame context.
        counts: Where what was sent and refused is counted.
        steady: Make pictures of few sizes, as a confidential call wants them.
    """

    def __init__(
        self, encryptor: FrameEncryptor, counts: SendCounts, *, steady: bool = False
    ) -> None:
        super().__init__()
        self._sealer = _Sealer(encryptor, "video", counts)
        self._sizes = counts.picture_sizes
        self._steady = steady
        self._owe_key_frame = False

    def encode(self, frame: Frame, force_keyframe: bool = False) -> tuple[list[bytes], int]:  # noqa: FBT001, FBT002 - aiortc's signature
        """Encode and seal one picture; no payload without a key.

        After a picture that was dropped, the next one is a key frame: the receiver could not
        decode a difference to something it never got.
        """
        if not isinstance(frame, VideoFrame):
            raise UsageError("pictures must come as video frames")
        if self._steady:  # Whatever the receiver's estimate would allow.
            self.target_bitrate = min(self.target_bitrate, STEADY_BIT_RATE)
        force_keyframe = self._sealer.wants_key_frame or force_keyframe
        owed, self._owe_key_frame = self._owe_key_frame, False
        return super().encode(frame, force_keyframe or owed)

    def pack(self, packet: Packet[Any]) -> tuple[list[bytes], int]:
        """Seal a frame that is encoded already."""
        payloads = self._packetize(bytes(packet), self.picture_id)
        self.picture_id = (self.picture_id + 1) % (1 << 15)
        return payloads, convert_timebase(packet.pts or 0, packet.time_base, VIDEO_TIME_BASE)

    # aiortc's `encode` ends here with the whole frame; there it is a class method.
    def _packetize(self, buffer: bytes, picture_id: int) -> list[bytes]:  # type: ignore[override]
        if not buffer:
            return []
        sealed = self._sealer.seal(padded(buffer) if self._steady else buffer)
        if sealed is None:
            self._owe_key_frame = True
            return []
        self._sizes[len(sealed)] += 1
        return Vp8Encoder._packetize(sealed, picture_id)  # noqa: SLF001 - the method overridden
