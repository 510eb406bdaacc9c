"""Descriptions for the SFU: what a browser says comes through small, what is dangerous does not."""

from __future__ import annotations

import random

import pytest

from visavis.core.errors import Code, FatalError, PeerError
from visavis.media import sfu_sdp
from visavis.media.sfu_sdp import SfuDescription, SfuSection, check_answer, check_own, read

PRINT = ":".join(["AB"] * 32)
TRANSPORT = f"""a=ice-ufrag:abcd
a=ice-pwd:{"p" * 24}
a=ice-options:trickle
a=fingerprint:sha-256 {PRINT}
a=setup:actpass
"""
HEAD = """v=0
o=- 4611731400430051336 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
a=extmap-allow-mixed
a=msid-semantic: WMS 1f2e3d
"""
AUDIO = f"""m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
{TRANSPORT}a=mid:0
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=sendonly
a=msid:secret-stream secret-track
a=rtcp-mux
a=rtpmap:111 opus/48000/2
a=rtcp-fb:111 transport-cc
a=fmtp:111 minptime=10;useinbandfec=1
a=rtpmap:63 red/48000/2
a=rtpmap:9 G722/8000
a=rtpmap:0 PCMU/8000
a=ssrc:1001 cname:secret-cname
a=ssrc:1001 msid:secret-stream secret-track
"""
VIDEO = f"""m=video 9 UDP/TLS/RTP/SAVPF 96 97 103 45
c=IN IP4 0.0.0.0
{TRANSPORT}a=mid:1
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id
a=extmap:13 urn:3gpp:video-orientation
a=sendonly
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:96 VP8/90000
a=rtcp-fb:96 nack pli
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
a=rtpmap:103 H264/90000
a=rtpmap:45 AV1/90000
a=ssrc-group:FID 2001 2002
a=ssrc:2001 cname:secret-cname
a=ssrc:2002 cname:secret-cname
"""
LAYERS = """a=rid:h send
a=rid:m send
a=rid:l send
a=simulcast:send h;m;l
"""


def text(*parts: str) -> str:
    return "".join(parts).replace("\n", "\r\n")


BROWSER = text(HEAD, AUDIO, VIDEO)


def test_a_browsers_offer_comes_through_small() -> None:
    found = read(BROWSER, "offer")
    audio, video = found.sections
    assert (audio.payload_type, audio.rtx, audio.sources) == (111, None, (1001,))
    assert (video.payload_type, video.rtx, video.sources) == (96, 97, (2001, 2002))
    assert video.group
    said = found.encode()
    for left_out in ("audio-level", "H264", "AV1", "red", "secret", "127.0.0.1", "orientation"):
        assert left_out in BROWSER
        assert left_out not in said
    assert sfu_sdp.EXTENSIONS[0] in said
    assert "usedtx=0" in said


def test_what_is_written_reads_back() -> None:
    for parts in ((AUDIO,), (AUDIO, VIDEO), (AUDIO, VIDEO.partition("a=ssrc-group")[0], LAYERS)):
        found = read(text(HEAD, *parts), "offer")
        assert read(found.encode(), "offer") == found


def test_simulcast_comes_through() -> None:
    found = read(text(HEAD, AUDIO, VIDEO, LAYERS), "offer")
    assert found.sections[1].rids == ("h", "m", "l")
    assert found.sections[1].sources == ()
    assert "a=simulcast:send h;m;l\r\n" in found.encode()


def test_the_transport_may_stand_before_the_sections() -> None:
    parts = [part.replace(TRANSPORT, "") for part in (AUDIO, VIDEO)]
    assert read(text(HEAD, TRANSPORT, *parts), "offer") == read(BROWSER, "offer")


@pytest.mark.parametrize(
    "candidate",
    [
        "a=candidate:1 1 udp 2122260223 192.0.2.7 50000 typ host\r\n",
        "a=candidate:1 1 udp 1 x.local 9 typ host\r\n",
        "a=remote-candidates:1 192.0.2.7 9\r\n",
    ],
)
def test_candidates_are_refused(candidate: str) -> None:
    """CK-814: wherever they stand."""
    for at in (0, BROWSER.index("m=audio"), len(BROWSER)):
        with pytest.raises(PeerError, match="CK-814"):
            read(BROWSER[:at] + candidate + BROWSER[at:], "offer")


def changed(old: str, new: str, count: int = -1) -> str:
    assert old.replace("\n", "\r\n") in BROWSER
    return BROWSER.replace(old.replace("\n", "\r\n"), new.replace("\n", "\r\n"), count)


BAD = {
    "CK-813 long": ("CK-813", BROWSER + "a=x\r\n" * 20_000),
    "CK-813 line": ("CK-813", BROWSER + "a=" + "x" * 5_000),
    "CK-813 ascii": ("CK-813", BROWSER + "a=é\r\n"),
    "CK-815 data": (
        "CK-815",
        BROWSER + text("m=application 9 UDP/DTLS/SCTP webrtc-datachannel\n", TRANSPORT),
    ),
    "CK-815 text": ("CK-815", BROWSER + text("m=text 9 UDP/TLS/RTP/SAVPF 99\n", TRANSPORT)),
    "CK-815 plain": ("CK-815", changed("UDP/TLS/RTP/SAVPF 111", "RTP/AVP 111")),
    "CK-815 none": ("CK-815", text(HEAD, TRANSPORT)),
    "CK-815 many": ("CK-815", text(HEAD, AUDIO * 4)),
    "CK-815 codec": ("CK-815", changed("VP8/90000", "VP9/90000")),
    "CK-815 sound": ("CK-815", changed("opus/48000/2", "PCMA/8000")),
    "CK-815 names": ("CK-815", changed("a=mid:1", "a=mid:0")),
    "CK-815 no name": ("CK-815", changed("a=mid:1\n", "")),
    "CK-815 ssrc": ("CK-815", changed("2001", "1001")),
    "CK-815 ssrc range": ("CK-815", changed("a=ssrc:1001 cname", "a=ssrc:4294967296 cname")),
    "CK-815 payload": ("CK-815", changed("111", "11")),
    "CK-815 clash": ("CK-815", changed("a=extmap:10 ", "a=extmap:4 ")),
    "CK-815 id": ("CK-815", changed("a=extmap:10 ", "a=extmap:15 ")),
    "CK-815 lite": ("CK-815", changed("t=0 0\n", "t=0 0\na=ice-lite\n")),
    "CK-815 layers": ("CK-815", text(HEAD, AUDIO, VIDEO, "a=simulcast:send h\n")),
    "CK-815 four": (
        "CK-815",
        text(HEAD, AUDIO, VIDEO, LAYERS, "a=rid:z send\n").replace("h;m;l", "h;m;l;z"),
    ),
    "CK-815 three pictures": (
        "CK-815",
        text(
            HEAD,
            *(VIDEO.replace("a=mid:1", f"a=mid:{n}").replace("200", f"2{n}0") for n in range(3)),
        ),
    ),
    "CK-816 print": ("CK-816", changed(f"a=fingerprint:sha-256 {PRINT}\n", "")),
    "CK-816 one print": ("CK-816", changed(f"a=fingerprint:sha-256 {PRINT}\n", "", 1)),
    "CK-816 two prints": ("CK-816", changed(PRINT, PRINT.replace("AB", "CD"), 1)),
    "CK-816 weak print": ("CK-816", changed(f"sha-256 {PRINT}", f"sha-1 {PRINT[:59]}")),
    "CK-816 ufrag": ("CK-816", changed("a=ice-ufrag:abcd", "a=ice-ufrag:abce", 1)),
    "CK-816 password": ("CK-816", changed("p" * 24, "p" * 8)),
    "CK-816 role": ("CK-816", changed("actpass", "active")),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_dangerous_is_refused(name: str) -> None:
    check, bad = BAD[name]
    with pytest.raises(PeerError, match=check) as refused:
        read(bad, "offer")
    assert refused.value.code is Code.MALFORMED


def answering(*mids: str) -> SfuDescription:
    sections = tuple(SfuSection("audio", mid, payload_type=111) for mid in mids)
    return SfuDescription("answer", "abcd", "p" * 24, PRINT, "active", sections)


def test_an_answer_fits_its_offer() -> None:
    """CK-817"""
    offered = sfu_sdp.sections_of(
        text("v=0\n", "m=audio 9 X 111\n", "a=mid:0\n", "m=audio 9 X 111\n", "a=mid:1\n")
    )
    assert offered == [("audio", "0"), ("audio", "1")]
    check_answer(offered, read(answering("0", "1").encode(), "answer"))
    for wrong in (("0",), ("1", "0"), ("0", "1", "2"), ("0", "x")):
        with pytest.raises(PeerError, match="CK-817"):
            check_answer(offered, answering(*wrong))


def test_answers_receive_and_have_no_sources() -> None:
    said = text(HEAD, AUDIO.replace("sendonly", "recvonly").replace("actpass", "active"))
    found = read(said, "answer")
    assert found.sections[0].flows
    assert found.sections[0].sources == ()
    assert "a=recvonly\r\n" in found.encode()
    for idle in (said.replace("recvonly", "inactive"), said.replace("m=audio 9", "m=audio 0")):
        assert "a=inactive\r\n" in read(idle, "answer").encode()
    with pytest.raises(PeerError, match="CK-816"):
        read(BROWSER, "answer")


def test_the_sfus_own_text_names_its_own_address_only() -> None:
    """CK-818, with the control: its own is let through."""
    own = frozenset({"10.99.0.1", "203.0.113.9"})
    good = text(
        "o=- 1 1 IN IP4 10.99.0.1\n",
        "c=IN IP4 203.0.113.9\n",
        "a=rtcp:9 IN IP4 0.0.0.0\n",
        "a=candidate:1 1 udp 2015363327 10.99.0.1 50363 typ host\n",
    )
    assert check_own(good, own) == good
    for bad in (
        good.replace("10.99.0.1 50363", "192.0.2.7 50363"),
        good.replace("c=IN IP4 203.0.113.9", "c=IN IP6 2001:db8::7"),
        good.replace("typ host", "typ srflx raddr 192.0.2.7 rport 9"),
    ):
        with pytest.raises(FatalError, match="CK-818"):
            check_own(bad, own)


def test_it_prints_no_password() -> None:
    assert "pppp" not in repr(read(BROWSER, "offer"))
    assert "pppp" in read(BROWSER, "offer").encode()


def test_no_mutation_gets_anything_but_our_lines_through() -> None:
    """Lines dropped, doubled, swapped and mixed: what is accepted has only lines that we write."""
    source = random.Random(8)
    lines = BROWSER.splitlines()
    allowed = ("v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "t=0 0", "m=", "c=IN IP4 0.0.0.0")
    attributes = {
        *("group", "mid", "sendonly", "inactive", "rtcp-mux", "extmap", "rtpmap", "fmtp"),
        *("rtcp-fb", "ssrc", "ssrc-group", "rid", "simulcast", "ice-ufrag", "ice-pwd"),
        *("fingerprint", "setup"),
    }
    accepted = 0
    for _ in range(3_000):
        mixed = list(lines)
        for _ in range(source.randrange(1, 5)):
            at = source.randrange(len(mixed))
            match source.randrange(4):
                case 0:
                    del mixed[at]
                case 1:
                    mixed.insert(at, source.choice(lines))
                case 2:
                    mixed[at] = mixed[at] + source.choice((" x", "\t", "\x00", ";a=1", "1"))
                case _:
                    mixed[at] = source.choice(lines)
        try:
            said = read("\r\n".join(mixed), "offer").encode()
        except PeerError:
            continue
        accepted += 1
        for line in said.splitlines():
            known = line.startswith(allowed)
            assert known or line.removeprefix("a=").partition(":")[0] in attributes, line
            assert line.isprintable()
    assert accepted
