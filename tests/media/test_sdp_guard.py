"""Descriptions have one spelling; every other text is refused and never reaches aiortc."""

from __future__ import annotations

import dataclasses

import pytest
from aiortc import RTCPeerConnection
from hypothesis import given, settings
from hypothesis import strategies as st

from visavis.core.errors import Code, PeerError, UsageError
from visavis.media import sdp_guard
from visavis.media.local_description import minimise
from visavis.media.sdp_guard import Description, Direction, Section, check_answer, parse

AUDIO = Section("sendrecv", 96, 1001, 1)
VIDEO = Section("sendrecv", 97, 1002, 1, 98, 1003, 3)
OFFER = Description("offer", "abcd", "x" * 22, bytes(range(32)), "actpass", AUDIO, VIDEO)
VOICE = dataclasses.replace(OFFER, video=None)
ANSWER = dataclasses.replace(OFFER, kind="answer", setup="active")


@pytest.mark.parametrize("description", [OFFER, VOICE, ANSWER])
def test_what_is_encoded_parses_to_the_same(description: Description) -> None:
    text = description.encode()
    assert parse(text, description.kind) == description
    assert parse(text.encode(), description.kind) == description


GOOD = OFFER.encode()
PRINT = OFFER.encode().split("a=fingerprint:sha-256 ")[1].split("\r\n")[0]

AV, DATA = GOOD[: GOOD.index("m=application")], GOOD[GOOD.index("m=application") :]

HOSTILE = {
    "CK-660 oversize": GOOD + "a=x\r\n" * 20_000,
    "CK-660 not ASCII": GOOD.replace("s=-", "s=é"),
    "CK-660 bad UTF-8": GOOD.encode().replace(b"s=-", b"s=\xff\xfe"),
    "CK-661 H264": GOOD.replace("VP8/90000", "H264/90000"),
    "CK-661 another codec beside": GOOD.replace("SAVPF 97 98", "SAVPF 97 98 99").replace(
        "a=rtpmap:97", "a=rtpmap:99 AV1/90000\r\na=rtpmap:97"
    ),
    "CK-661 PCMU": GOOD.replace("opus/48000/2", "PCMU/8000"),
    "CK-661 variable-size Opus": GOOD.replace("cbr=1", "cbr=0"),
    "CK-661 DTX": GOOD.replace("usedtx=0", "usedtx=1"),
    "CK-661 static payload type": GOOD.replace("SAVPF 96", "SAVPF 0")
    .replace("rtpmap:96", "rtpmap:0")
    .replace("fmtp:96", "fmtp:0"),
    "CK-661 unencrypted RTP": GOOD.replace("UDP/TLS/RTP/SAVPF", "RTP/AVP"),
    "CK-662 host candidate": GOOD + "a=candidate:1 1 udp 2130706431 192.0.2.7 4444 typ host\r\n",
    "CK-662 srflx candidate": GOOD
    + "a=candidate:1 1 udp 1 192.0.2.7 4 typ srflx raddr 10.0.0.1 rport 9\r\n",
    "CK-662 connection address": GOOD.replace("c=IN IP4 0.0.0.0", "c=IN IP4 192.0.2.7"),
    "CK-662 origin address": GOOD.replace("o=- 0 0 IN IP4 0.0.0.0", "o=- 0 0 IN IP4 192.0.2.7"),
    "CK-662 name": GOOD.replace("c=IN IP4 0.0.0.0", "c=IN IP4 example.invalid"),
    "CK-662 port": GOOD.replace("m=audio 9 ", "m=audio 4444 "),
    "CK-663 no fingerprint": GOOD.replace(f"a=fingerprint:sha-256 {PRINT}\r\n", ""),
    "CK-663 two fingerprints": GOOD.replace(
        f"a=fingerprint:sha-256 {PRINT}\r\n", f"a=fingerprint:sha-256 {PRINT}\r\n" * 2
    ),
    "CK-663 different fingerprints": GOOD.replace(PRINT, "AA" + PRINT[2:], 1),
    "CK-663 short fingerprint": GOOD.replace(PRINT, PRINT[:-3]),
    "CK-663 weak hash": GOOD.replace("sha-256", "sha-1"),
    "CK-663 wrong role": GOOD.replace("actpass", "active"),
    "CK-664 second video": AV + AV[AV.index("m=video") :].replace("a=mid:1", "a=mid:2") + DATA,
    "CK-664 only video": GOOD[: GOOD.index("m=audio")] + GOOD[GOOD.index("m=video") :],
    "CK-664 no text": AV.replace("BUNDLE 0 1 2", "BUNDLE 0 1"),
    "CK-664 no text, but announced": AV,
    "CK-664 text twice": GOOD + DATA.replace("a=mid:2", "a=mid:3"),
    "CK-664 text twice under one mid": GOOD + DATA,
    "CK-664 text first": GOOD[: GOOD.index("m=audio")] + DATA + AV[AV.index("m=audio") :],
    "CK-664 text alone": GOOD[: GOOD.index("m=audio")] + DATA,
    "CK-664 text outside the bundle": GOOD.replace("BUNDLE 0 1 2", "BUNDLE 0 1"),
    "CK-664 the mid of the picture": GOOD.replace("a=mid:2", "a=mid:1"),
    "CK-664 another mid": GOOD.replace("a=mid:2", "a=mid:7"),
    "CK-664 another SCTP port": GOOD.replace("sctp-port:5000", "sctp-port:5001"),
    "CK-664 long messages": GOOD.replace("message-size:65536", "message-size:1073741823"),
    "CK-664 messages of any length": GOOD.replace("message-size:65536", "message-size:0"),
    "CK-664 no length": GOOD.replace("a=max-message-size:65536\r\n", ""),
    "CK-664 old SCTP": GOOD.replace(
        "UDP/DTLS/SCTP webrtc-datachannel", "DTLS/SCTP 5000\r\na=sctpmap:5000 webrtc-datachannel 9"
    ),
    "CK-664 TCP": GOOD.replace("UDP/DTLS/SCTP", "TCP/DTLS/SCTP"),
    "CK-664 channels of their choice": GOOD.replace(
        "a=sctp-port", 'a=dcmap:2 label="files"\r\na=sctp-port'
    ),
    "CK-664 another ICE password for text": AV + DATA.replace("x" * 22, "y" * 22),
    "CK-664 another fingerprint for text": AV + DATA.replace(PRINT, "AA" + PRINT[2:]),
    "CK-664 simulcast": GOOD + "a=rid:h send\r\na=simulcast:send h\r\n",
    "CK-664 ICE lite": GOOD.replace("a=group", "a=ice-lite\r\na=group"),
    "CK-664 another spelling": GOOD.replace("a=ssrc:1001", "a=ssrc:01001"),
    "CK-664 bare line ends": GOOD.replace("\r\n", "\n"),
    "CK-664 SSRC twice": GOOD.replace("1002", "1001"),
    "CK-664 SSRC too large": GOOD.replace("1001", "4294967296"),
    "CK-664 two passwords": GOOD.replace("x" * 22, "y" * 22, 1),
    "CK-665 audio level": GOOD.replace(
        "a=mid:0", "a=extmap:2 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\na=mid:0"
    ),
    "CK-665 clashing ids": GOOD.replace("a=extmap:3", "a=extmap:1"),
    "CK-665 id out of range": GOOD.replace("a=extmap:3", "a=extmap:15"),
    "CK-660 empty": "",
    "CK-660 a number too many": GOOD.replace("1001", "9" * 4000),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_descriptions_are_malformed(case: str) -> None:
    assert HOSTILE[case] != GOOD
    with pytest.raises(PeerError) as caught:
        parse(HOSTILE[case], "offer")
    assert caught.value.code is Code.MALFORMED


def test_an_answer_is_no_offer() -> None:
    with pytest.raises(PeerError):
        parse(ANSWER.encode(), "offer")


@pytest.mark.parametrize(
    "answer",
    [
        dataclasses.replace(ANSWER, video=None),
        dataclasses.replace(ANSWER, audio=dataclasses.replace(AUDIO, payload_type=100)),
        dataclasses.replace(ANSWER, video=dataclasses.replace(VIDEO, rtx_payload_type=99)),
        dataclasses.replace(ANSWER, audio=dataclasses.replace(AUDIO, mid_extension=4)),
        dataclasses.replace(ANSWER, video=dataclasses.replace(VIDEO, time_extension=5)),
    ],
)
def test_an_answer_must_fit_the_offer_ck_666(answer: Description) -> None:
    check_answer(OFFER, ANSWER, video=True)
    with pytest.raises(PeerError, match="CK-666"):
        check_answer(OFFER, answer, video=True)


def test_an_answer_must_not_send_what_was_not_asked_ck_666() -> None:
    offer = dataclasses.replace(OFFER, video=dataclasses.replace(VIDEO, direction="sendonly"))
    with pytest.raises(PeerError, match="CK-666"):
        check_answer(offer, ANSWER, video=True)


@pytest.mark.parametrize("direction", ["sendrecv", "sendonly", "recvonly"])
def test_the_answer_of_a_voice_call_has_no_picture_ck_369(direction: Direction) -> None:
    """Not ours that they would receive, nor theirs that they would send."""
    sends = direction in {"sendrecv", "sendonly"}
    video = dataclasses.replace(VIDEO, direction=direction)
    if not sends:
        video = dataclasses.replace(video, ssrc=None, rtx_ssrc=None)
    answer = dataclasses.replace(ANSWER, video=video)
    with pytest.raises(PeerError, match="CK-369"):
        check_answer(OFFER, answer, video=False)
    # The controls: the same answer in a video call, and an honest answer in a voice call.
    check_answer(OFFER, answer, video=True)
    none = dataclasses.replace(video, direction="inactive", ssrc=None, rtx_ssrc=None)
    check_answer(OFFER, dataclasses.replace(ANSWER, video=none), video=False)


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_whatever_parses_encodes_to_the_same_bytes(data: st.DataObject) -> None:
    text = bytearray(GOOD.encode())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text) - 1))
        match data.draw(st.sampled_from(["flip", "cut", "double"])):
            case "flip":
                text[at] = data.draw(st.integers(0, 255))
            case "cut":
                del text[at : at + data.draw(st.integers(1, 40))]
            case _:
                text[at:at] = text[at : at + data.draw(st.integers(1, 80))]
        if not text:
            break
    try:
        description = parse(bytes(text), "offer")
    except PeerError as error:
        code = error.code
    else:
        code = Code.MALFORMED
        assert description.encode().encode() == bytes(text)
    assert code is Code.MALFORMED


async def test_aiortc_offers_are_reduced_to_ours() -> None:
    pc = RTCPeerConnection()
    try:
        pc.addTransceiver("audio")
        theirs = (await pc.createOffer()).sdp
        # Of all that aiortc would offer, G722 and the audio level among it, nothing gets out.
        assert "ssrc-audio-level" in theirs
        with pytest.raises(UsageError):
            minimise(theirs, "offer")
        pc.getTransceivers()[0].setCodecPreferences(
            [
                codec
                for codec in pc.getTransceivers()[0].sender.getCapabilities("audio").codecs
                if codec.name == "opus"
            ]
        )
        with pytest.raises(UsageError):  # without text
            minimise((await pc.createOffer()).sdp, "offer")
        pc.createDataChannel("t140", negotiated=True, id=0)
        ours = minimise((await pc.createOffer()).sdp, "offer").encode()
        assert parse(ours, "offer").audio.payload_type == 96
        assert "audio-level" not in ours
        assert "candidate" not in ours
    finally:
        await pc.close()


def test_descriptions_do_not_print_their_password() -> None:
    assert "x" * 22 not in repr(OFFER)
    assert sdp_guard.MAX_DESCRIPTION == 65_536
