"""Decoders on the path of media: SFrame, session descriptions, candidates."""

from __future__ import annotations

from typing import Final

from fuzz.engine import Target
from visavis.core.frame_keys import FrameReceiver, FrameSender
from visavis.core.sframe import PRODUCT_SUITE, SframeKey, decode_header, encode_header
from visavis.media import candidates, sdp_guard, sfu_sdp
from visavis.media.sdp_guard import Description, Section

KEY: Final = bytes(range(32))
FRAME: Final = b"\x11" + bytes(range(40))


def _header(data: bytes) -> str:
    kid, ctr, length = decode_header(data)
    if encode_header(kid, ctr) != data[:length]:
        raise AssertionError("an SFrame header re-encodes to other bytes")
    return f"{length}"


def _headers() -> list[bytes]:
    values = (0, 7, 8, 255, 256, 2**24, 2**32, 2**63, 2**64 - 1)
    return [encode_header(kid, ctr) for kid in values for ctr in values]


def _sealed() -> list[bytes]:
    key = SframeKey.derive(PRODUCT_SUITE, 0x100001, KEY)
    return [key.encrypt(2**24 + i, b"", bytes(i)) for i in range(4)]


def _decrypt(data: bytes) -> str:
    key = SframeKey.derive(PRODUCT_SUITE, 0x100001, KEY)
    ctr, frame = key.decrypt(b"", data)
    if key.encrypt(ctr, b"", frame) != data:
        raise AssertionError("an SFrame frame re-encrypts to other bytes")
    return "frame"


def _wire() -> list[bytes]:
    sender = FrameSender(PRODUCT_SUITE, KEY, 1, 0, 1)
    return [sender.encrypt(FRAME, "video"), sender.encrypt(b"\x10" * 30, "video")]


def _receive(data: bytes) -> str:
    receiver = FrameReceiver()
    receiver.install(1, KEY, {0})
    leaf, frame = receiver.decrypt(data, "video", 0.0)
    if len(frame) != len(data) - 24:
        raise AssertionError("a frame changed its length")
    return f"leaf {leaf}"


def _descriptions() -> list[bytes]:
    audio = Section("sendrecv", 96, 1111, 1)
    video = Section("sendrecv", 97, 2222, 1, rtx_payload_type=98, rtx_ssrc=3333, time_extension=2)
    quiet = Section("recvonly", 96, None, 1)
    return [
        Description("offer", "abcd", "p" * 22, bytes(range(32)), "actpass", *sections)
        .encode()
        .encode()
        for sections in ((audio, None), (audio, video), (quiet, None))
    ]


def _describe(data: bytes) -> str:
    found = sdp_guard.parse(data, "offer")
    if found.encode().encode() != data:
        raise AssertionError("a description re-encodes to other text")
    return repr(found)


def _to_sfu() -> list[bytes]:
    audio = sfu_sdp.SfuSection("audio", "0", payload_type=111, sources=(7,))
    audio.extensions = {sfu_sdp.EXTENSIONS[0]: 4}
    camera = sfu_sdp.SfuSection("video", "1", payload_type=96, rtx=97, sources=(8, 9), group=True)
    layers = sfu_sdp.SfuSection("video", "2", payload_type=96, rids=("h", "m", "l"))
    layers.extensions = {uri: number for number, uri in enumerate(sfu_sdp.EXTENSIONS, 1)}
    print_of = ":".join(["AB"] * 32)
    return [
        sfu_sdp.SfuDescription("offer", "abcd", "p" * 22, print_of, "actpass", sections)
        .encode()
        .encode()
        for sections in ((audio,), (audio, camera), (audio, camera, layers))
    ]


def _to_sfu_check(data: bytes) -> str:
    """What is read is written anew, in a text that reads back as itself and holds no candidate."""
    found = sfu_sdp.read(data.decode("latin-1"), "offer")
    text = found.encode()
    if sfu_sdp.read(text, "offer").encode() != text or "candidate" in text:
        raise AssertionError("a description for the SFU does not read back")
    return f"{len(found.sections)} {[bool(one.rids) for one in found.sections]}"


def _candidates() -> list[bytes]:
    lines = (
        candidates.Candidate("abc1", 16777215, "192.0.2.7", 3478, "relay"),
        candidates.Candidate("2", 1, "2001:db8::7", 65535, "relay"),
    )
    return [line.encode().encode() for line in lines]


def _candidate(data: bytes) -> str:
    text = data.decode("utf-8", "surrogateescape")
    found = candidates.parse(text)
    if found.encode() != text:
        raise AssertionError("a candidate re-encodes to other text")
    return repr(found)


TARGETS: Final = [
    Target("sframe.header", _headers, _header),
    Target("sframe.frame", _sealed, _decrypt),
    Target("sframe.receiver", _wire, _receive),
    Target("sdp", _descriptions, _describe),
    Target("sdp.to_sfu", _to_sfu, _to_sfu_check),
    Target("candidate", _candidates, _candidate),
]
