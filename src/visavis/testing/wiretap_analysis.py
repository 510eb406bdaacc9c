"""Trying to watch a call from captured datagrams: what an eavesdropper at the relay can do.

    datagrams -> out of TURN (RFC 8656) -> RTP streams (RFC 3550) -> frames (RFC 7741, 7587)
              -> a decoder -> pictures and sound

Two levels. `analyse` takes datagrams as they pass the relay. `analyse_frames` takes whole frames
with SRTP already removed, as an SFU would have them, so that SFrame alone stands in the way.

An analyser that finds nothing proves nothing unless it finds something where there is something:
`plain_call` makes the same call without encryption, and every use runs it as a control.

What counts as decodable: for pictures, whatever FFmpeg's own VP8 decoder turns into a picture (it
checks the bitstream, unlike libvpx, which paints noise from ciphertext). For sound, packets that
the decoder takes, in a stream whose packets say the duration that the RTP timestamps show
(RFC 6716, 3.1): the decoder alone would make noise from almost any bytes.
"""

from __future__ import annotations

import struct
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final, Literal

import av
from aiortc.codecs.vpx import Vp8Encoder, vp8_depayload
from aiortc.rtp import HeaderExtensionsMap, RtpPacket
from av import AudioFrame, VideoFrame

from visavis.testing.clip import clip_path, read_frame

_COOKIE: Final = b"\x21\x12\xa4\x42"
_DATA: Final = 0x0013
_SEND_INDICATION: Final = 0x0016
_DATA_INDICATION: Final = 0x0017
_OPUS_RATE: Final = 48_000
_MIN_AUDIO_PACKETS: Final = 10
_OPUS_SHARE: Final = 0.9
"""Of a stream's packets, how many must say the duration that the timestamps show. Real Opus: all;
random bytes: about a fifth."""


@dataclass(slots=True)
class Findings:
    """What the eavesdropper got.

    Attributes:
        datagrams: Datagrams looked at.
        relayed: Of these, how many came out of TURN framing.
        rtp_packets: RTP packets, each sequence number of a stream once.
        pictures: Decoded pictures.
        counters: Numbers of the clip read off them.
        sound_packets: Audio packets that decoded as Opus.
    """

    datagrams: int = 0
    relayed: int = 0
    rtp_packets: int = 0
    pictures: int = 0
    counters: list[int] = field(default_factory=list)
    sound_packets: int = 0

    @property
    def frames(self) -> int:
        """Decodable frames of either kind: `wiretap_frames` of the demo."""
        return self.pictures + self.sound_packets


def analyse(datagrams: Iterable[bytes]) -> Findings:
    """Try to watch and hear a call from what passed the relay."""
    findings = Findings()
    captured = list(datagrams)
    findings.datagrams = len(captured)
    findings.relayed = sum(out_of_turn(one) is not one for one in captured)
    for packets in rtp_streams(captured):
        findings.rtp_packets += len(packets)
        _watch(findings, vp8_frames(packets))
        _listen(findings, [packet.payload for packet in packets], _duration(packets))
    return findings


def rtp_streams(datagrams: Iterable[bytes]) -> list[list[RtpPacket]]:
    """Return the RTP packets of each stream, in order, each sequence number once.

    What is under SRTP is taken as it is: its payloads are ciphertext.
    """
    streams: dict[tuple[int, int], dict[int, RtpPacket]] = defaultdict(dict)
    for datagram in datagrams:
        packet = _as_rtp(out_of_turn(datagram))
        if packet is not None:
            streams[packet.ssrc, packet.payload_type].setdefault(packet.sequence_number, packet)
    return [list(_in_order(stream)) for stream in streams.values()]


def analyse_frames(frames: Sequence[tuple[Literal["audio", "video"], bytes]]) -> Findings:
    """Try to watch and hear a call from whole frames, as an SFU has them after SRTP.

    Args:
        frames: Kind and bytes, in order.
    """
    findings = Findings()
    _watch(findings, [frame for kind, frame in frames if kind == "video"])
    _listen(findings, [frame for kind, frame in frames if kind == "audio"], _OPUS_RATE // 50)
    return findings


def out_of_turn(datagram: bytes) -> bytes:
    """Return what a TURN message carries, or the datagram itself if it is none (RFC 8656)."""
    if len(datagram) >= 4 and datagram[0] >> 6 == 1:
        length = struct.unpack_from("!H", datagram, 2)[0]
        return datagram[4 : 4 + length]
    if len(datagram) < 20 or datagram[0] >> 6 != 0 or datagram[4:8] != _COOKIE:
        return datagram
    if struct.unpack_from("!H", datagram)[0] in {_SEND_INDICATION, _DATA_INDICATION}:
        at = 20
        while at + 4 <= len(datagram):
            kind, length = struct.unpack_from("!HH", datagram, at)
            if kind == _DATA:
                return datagram[at + 4 : at + 4 + length]
            at += 4 + (length + 3) // 4 * 4
    return datagram


def plain_call(*, channel: int = 0x4000) -> list[bytes]:
    """Return the clip as a call without encryption would pass the relay, in ChannelData.

    The positive control: `analyse` of this must find every picture and the sound.
    """
    return [struct.pack("!HH", channel, len(packet)) + packet for packet in plain_rtp()]


def plain_rtp() -> Iterator[bytes]:
    """Yield the clip's own VP8 and Opus as unencrypted RTP packets."""
    with av.open(str(clip_path())) as container:
        streams = [container.streams.video[0], container.streams.audio[0]]
        sequence = Counter[str]()
        for packet in container.demux(*streams):
            if packet.size == 0 or packet.pts is None or packet.time_base is None:
                continue
            kind = packet.stream.type
            if kind == "video":
                payloads = Vp8Encoder._packetize(bytes(packet), sequence[kind] % 0x8000)  # noqa: SLF001 - the same packets as a call
            else:
                payloads = [bytes(packet)]
            clock = 90_000 if kind == "video" else _OPUS_RATE
            for index, payload in enumerate(payloads):
                rtp = RtpPacket(
                    payload_type=97 if kind == "video" else 96,
                    marker=int(index == len(payloads) - 1),
                    sequence_number=sequence[kind] % 0x10000,
                    timestamp=round(packet.pts * packet.time_base * clock) % (1 << 32),
                    ssrc=1 if kind == "video" else 2,
                    payload=payload,
                )
                sequence[kind] += 1
                yield rtp.serialize(HeaderExtensionsMap())


def _as_rtp(data: bytes) -> RtpPacket | None:
    # Version 2, and not RTCP, whose types lie at 64 to 95 here (RFC 5761, 4).
    if len(data) < 12 or data[0] >> 6 != 2 or 64 <= data[1] & 0x7F <= 95:
        return None
    try:
        return RtpPacket.parse(data, HeaderExtensionsMap())
    except ValueError:
        return None


def _in_order(stream: dict[int, RtpPacket]) -> Iterator[RtpPacket]:
    """Yield a stream's packets by sequence number, across a wrap."""
    numbers = sorted(stream)
    gaps = [
        (following - number, index) for index, (number, following) in enumerate(pairwise(numbers))
    ]
    widest, at = max(gaps, default=(0, 0))
    if widest > 0x8000:
        numbers = numbers[at + 1 :] + numbers[: at + 1]
    for number in numbers:
        yield stream[number]


def _duration(packets: Sequence[RtpPacket]) -> int:
    """Return the usual step between timestamps, in samples."""
    steps = Counter(
        (later.timestamp - earlier.timestamp) % (1 << 32)
        for earlier, later in pairwise(packets)
        if (later.sequence_number - earlier.sequence_number) % 0x10000 == 1
    )
    return steps.most_common(1)[0][0] if steps else 0


def vp8_frames(packets: Iterable[RtpPacket]) -> list[bytes]:
    """Return what stands in a stream's packets, put together as VP8 frames (RFC 7741)."""
    frames: dict[int, bytes] = {}
    for packet in packets:
        try:
            payload = vp8_depayload(packet.payload)
        except ValueError:
            continue
        frames[packet.timestamp] = frames.get(packet.timestamp, b"") + payload
    return list(frames.values())


def _watch(findings: Findings, frames: Iterable[bytes]) -> None:
    decoder: Any = av.CodecContext.create("vp8", "r")
    for frame in frames:
        try:
            pictures = decoder.decode(av.Packet(frame)) if frame else []
        except (av.FFmpegError, ValueError):
            continue
        for picture in pictures:
            if isinstance(picture, VideoFrame):
                findings.pictures += 1
                number = read_frame(picture)
                if number is not None:
                    findings.counters.append(number)


def _listen(findings: Findings, packets: Sequence[bytes], duration: int) -> None:
    fitting = [packet for packet in packets if packet and _opus_samples(packet) == duration]
    if len(packets) < _MIN_AUDIO_PACKETS or len(fitting) < _OPUS_SHARE * len(packets):
        return
    decoder: Any = av.CodecContext.create("libopus", "r")
    decoder.sample_rate = _OPUS_RATE
    for packet in fitting:
        try:
            decoded = decoder.decode(av.Packet(packet))
        except (av.FFmpegError, ValueError):
            continue
        findings.sound_packets += any(isinstance(frame, AudioFrame) for frame in decoded)


def _opus_samples(packet: bytes) -> int:
    """Return the samples an Opus packet says it holds (RFC 6716, 3.1), 0 if it is malformed."""
    config, code = packet[0] >> 3, packet[0] & 3
    if config < 12:
        frame = (480, 960, 1920, 2880)[config % 4]
    elif config < 16:
        frame = (480, 960)[config % 2]
    else:
        frame = (120, 240, 480, 960)[config % 4]
    if code == 3:
        return frame * (packet[1] & 0x3F) if len(packet) > 1 else 0
    return frame * (1 if code == 0 else 2)
