r"""Session descriptions as this product sends and accepts them: one spelling, nothing optional.

SDP (RFC 8866) as browsers speak it is a large language, and every reader understands it a little
differently. A call needs a dozen values of it. So both ends send these values in one fixed text,
and `parse` refuses every text that is not, to the byte, what `Description.encode` would write.
What a stranger sends is thereby never shown to the large parser of the media stack: that one only
ever sees our own text. Pure: no sockets, no aiortc; fuzzed.

    v=0 ... a=group:BUNDLE 0 1 2
    m=audio 9 UDP/TLS/RTP/SAVPF <pt>          Opus, constant size (RFC 7587)
    m=video 9 UDP/TLS/RTP/SAVPF <pt> [<rtx>]  VP8 (RFC 7741), retransmission (RFC 4588)
    m=application 9 UDP/DTLS/SCTP ...         real-time text (RFC 8841), always, last

What is refused, and why:

- CK-660: more than 64 KiB, or bytes that are not ASCII: nothing here needs them.
- CK-661: other codecs, other fmtp: variable-size Opus shows what is said, AV1 and H264 cannot be
  sealed frame by frame.
- CK-662: addresses and candidates: they would tell the other side where we are before a tap, or
  make us send packets to a host of their choice. Candidates travel apart; see `candidates`.
- CK-663: a missing, doubled or short fingerprint: DTLS would accept any certificate.
- CK-664: sections beyond one audio, one video and one of data channels, simulcast, ICE lite. Which
  channel there is stands in no description: both ends make it (`text_channel`).
- CK-665: header extensions other than mid and send time: the audio level (RFC 6464) travels
  outside SRTP's encryption and tells the relay when somebody speaks.
- CK-666: an answer that does not fit our offer.
- CK-369: an answer with a picture in a call that was accepted as a voice call.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from visavis.core.errors import Code, PeerError

MAX_DESCRIPTION: Final = 65_536
"""Bytes. The longest description `encode` can write is under 2 KiB."""

OPUS_PARAMETERS: Final = "cbr=1;usedtx=0;useinbandfec=0"

DescriptionType = Literal["offer", "answer"]
Direction = Literal["sendrecv", "sendonly", "recvonly", "inactive"]

_MID_URI: Final = "urn:ietf:params:rtp-hdrext:sdes:mid"
_TIME_URI: Final = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
SCTP_PORT: Final = 5000
MAX_MESSAGE: Final = 65_536
"""Bytes that an end says it takes in one message (RFC 8841, 6); ours have 152."""

_FEEDBACK: Final = ("nack", "nack pli", "goog-remb")


@dataclass(frozen=True, slots=True)
class Section:
    """One media section.

    Attributes:
        direction: From the point of view of whoever wrote the description (RFC 3264, 5.1).
        payload_type: 96 to 127.
        ssrc: Present exactly if the writer would send.
        mid_extension: Header extension id 1 to 14 of `mid` (RFC 8843, 15).
        rtx_payload_type: Video only, None if retransmission is off.
        rtx_ssrc: Present exactly if `ssrc` and `rtx_payload_type` are.
        time_extension: Video only: header extension id of the send time, None if unused.
    """

    direction: Direction
    payload_type: int
    ssrc: int | None
    mid_extension: int
    rtx_payload_type: int | None = None
    rtx_ssrc: int | None = None
    time_extension: int | None = None

    @property
    def sends(self) -> bool:
        """Whether the writer of the description would send."""
        return self.direction in {"sendrecv", "sendonly"}


@dataclass(frozen=True, slots=True)
class Description:
    """One whole offer or answer.

    Attributes:
        kind: Offer or answer; not part of the text.
        ufrag: ICE user name fragment, 4 to 32 characters (RFC 8839, 5.4).
        password: ICE password, 22 to 128 characters; kept out of `repr`.
        fingerprint: SHA-256 of the DTLS certificate, 32 bytes (RFC 8122, 5).
        setup: DTLS role (RFC 8842, 5).
        audio: The audio section.
        video: The video section, None in a voice call.
    """

    kind: DescriptionType
    ufrag: str
    password: str
    fingerprint: bytes
    setup: Literal["actpass", "active", "passive"]
    audio: Section
    video: Section | None

    def __repr__(self) -> str:
        return f"Description({self.kind}, {'video' if self.video else 'voice'})"

    def encode(self) -> str:
        """Return the one text of this description."""
        lines = [
            "v=0",
            "o=- 0 0 IN IP4 0.0.0.0",
            "s=-",
            "t=0 0",
            f"a=group:BUNDLE 0 1{' 2' if self.video else ''}",
            "a=msid-semantic:WMS *",
            *self._section("audio", "0", self.audio),
        ]
        if self.video:
            lines += self._section("video", "1", self.video)
        lines += self._data("2" if self.video else "1")
        return "".join(f"{line}\r\n" for line in lines)

    def _section(self, kind: str, mid: str, section: Section) -> list[str]:
        payload, rtx = section.payload_type, section.rtx_payload_type
        lines = [
            f"m={kind} 9 UDP/TLS/RTP/SAVPF {payload}{'' if rtx is None else f' {rtx}'}",
            "c=IN IP4 0.0.0.0",
            f"a={section.direction}",
            f"a=extmap:{section.mid_extension} {_MID_URI}",
        ]
        if section.time_extension is not None:
            lines.append(f"a=extmap:{section.time_extension} {_TIME_URI}")
        lines += [f"a=mid:{mid}", f"a=msid:visavis {kind}", "a=rtcp-mux"]
        if section.rtx_ssrc is not None:
            lines.append(f"a=ssrc-group:FID {section.ssrc} {section.rtx_ssrc}")
        lines += [
            f"a=ssrc:{ssrc} cname:visavis"
            for ssrc in (section.ssrc, section.rtx_ssrc)
            if ssrc is not None
        ]
        if kind == "audio":
            lines += [f"a=rtpmap:{payload} opus/48000/2", f"a=fmtp:{payload} {OPUS_PARAMETERS}"]
        else:
            lines.append(f"a=rtpmap:{payload} VP8/90000")
            lines += [f"a=rtcp-fb:{payload} {feedback}" for feedback in _FEEDBACK]
        if rtx is not None:
            lines += [f"a=rtpmap:{rtx} rtx/90000", f"a=fmtp:{rtx} apt={payload}"]
        return [*lines, *self._transport()]

    def _data(self, mid: str) -> list[str]:
        return [
            "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
            "c=IN IP4 0.0.0.0",
            f"a=mid:{mid}",
            f"a=sctp-port:{SCTP_PORT}",
            f"a=max-message-size:{MAX_MESSAGE}",
            *self._transport(),
        ]

    def _transport(self) -> list[str]:
        fingerprint = ":".join(f"{octet:02X}" for octet in self.fingerprint)
        return [
            f"a=ice-ufrag:{self.ufrag}",
            f"a=ice-pwd:{self.password}",
            "a=ice-options:trickle",
            f"a=fingerprint:sha-256 {fingerprint}",
            f"a=setup:{self.setup}",
        ]


def parse(text: str | bytes, kind: DescriptionType) -> Description:
    """Read a description that came from the other side.

    Args:
        text: The description as it was received.
        kind: Which of the two it has to be.

    Returns:
        The values; `parse(text, kind).encode() == text`.

    Raises:
        PeerError: `MALFORMED`, for any of CK-660 to CK-665.
    """
    if len(text) > MAX_DESCRIPTION:
        raise _malformed("CK-660: a description over 64 KiB")
    try:
        text = text.decode("ascii") if isinstance(text, bytes) else text
        text.encode("ascii")
    except UnicodeError:
        raise _malformed("CK-660: a description that is not ASCII") from None
    match = _TEXT.fullmatch(text)
    if match is None:
        raise _malformed(_likely_reason(text))
    values = match.groupdict()
    description = Description(
        kind=kind,
        ufrag=values["ufrag"],
        password=values["password"],
        fingerprint=bytes.fromhex(values["fingerprint"].replace(":", "")),
        setup=values["setup"],  # type: ignore[arg-type]
        audio=_read_section(values, "a_"),
        video=_read_section(values, "v_") if values["v_pt"] else None,
    )
    _check_values(description)
    # Leading zeros, two sections with different passwords, a BUNDLE that does not fit: whatever
    # the grammar left open, there is one spelling.
    if description.encode() != text:
        raise _malformed("CK-664: a description in another spelling than ours")
    return description


def check_answer(offer: Description, answer: Description, *, video: bool) -> None:
    """Check that an answer fits the offer (RFC 3264, 6) and what was agreed.

    Args:
        offer: Ours.
        answer: Theirs.
        video: Whether the two people agreed on a picture.

    Raises:
        PeerError: `MALFORMED`, CK-666, CK-369.
    """
    if not video and answer.video and answer.video.direction != "inactive":
        raise _malformed("CK-369: the answer of a voice call has a picture")
    pairs = [(offer.audio, answer.audio)]
    if (offer.video is None) != (answer.video is None):
        raise _malformed("CK-666: the answer has other sections than the offer")
    if offer.video and answer.video:
        pairs.append((offer.video, answer.video))
    for ours, theirs in pairs:
        if theirs.payload_type != ours.payload_type or theirs.rtx_payload_type not in {
            None,
            ours.rtx_payload_type,
        }:
            raise _malformed("CK-666: the answer has other payload types than the offer")
        if theirs.mid_extension != ours.mid_extension or theirs.time_extension not in {
            None,
            ours.time_extension,
        }:
            raise _malformed("CK-666: the answer has other header extensions than the offer")
        if theirs.sends and ours.direction not in {"sendrecv", "recvonly"}:
            raise _malformed("CK-666: the answer sends what was not asked for")


def _pattern() -> re.Pattern[str]:
    """Build the grammar. Every repetition is bounded, so matching is linear in the text."""
    number, token = r"[0-9]{1,10}", r"[A-Za-z0-9+/]"

    def lines(*parts: str) -> str:
        return "".join(f"{part}\r\n" for part in parts)

    def section(kind: str, prefix: str, *, first: bool) -> str:
        def name(group: str, pattern: str) -> str:
            return f"(?P<{prefix}{group}>{pattern})"

        direction = name("direction", "sendrecv|sendonly|recvonly|inactive")
        head = lines(
            f"m={kind} 9 UDP/TLS/RTP/SAVPF {name('pt', number)}"
            + ("" if first else f"(?: {name('rtx', number)})?"),
            r"c=IN IP4 0\.0\.0\.0",
            f"a={direction}",
            f"a=extmap:{name('mid', number)} {re.escape(_MID_URI)}",
        )
        if not first:
            head += f"(?:a=extmap:{name('time', number)} {re.escape(_TIME_URI)}\r\n)?"
        head += lines(f"a=mid:{'0' if first else '1'}", f"a=msid:visavis {kind}", "a=rtcp-mux")
        if first:
            head += f"(?:a=ssrc:{name('ssrc', number)} cname:visavis\r\n)?"
            body = lines(
                rf"a=rtpmap:(?P={prefix}pt) opus/48000/2",
                rf"a=fmtp:(?P={prefix}pt) {re.escape(OPUS_PARAMETERS)}",
            )
        else:
            head += f"(?:a=ssrc-group:FID {number} {name('rtx_ssrc', number)}\r\n)?"
            head += f"(?:a=ssrc:{name('ssrc', number)} cname:visavis\r\n)?"
            head += f"(?:a=ssrc:{number} cname:visavis\r\n)?"
            body = lines(
                f"a=rtpmap:(?P={prefix}pt) VP8/90000",
                *(f"a=rtcp-fb:(?P={prefix}pt) {re.escape(value)}" for value in _FEEDBACK),
            )
            body += f"(?:a=rtpmap:{number} rtx/90000\r\na=fmtp:{number} apt={number}\r\n)?"
        return head + body + transport(first=first)

    def transport(*, first: bool) -> str:
        def once(group: str, pattern: str) -> str:
            return f"(?P<{group}>{pattern})" if first else f"(?P={group})"

        return lines(
            f"a=ice-ufrag:{once('ufrag', token + '{4,32}')}",
            f"a=ice-pwd:{once('password', token + '{22,128}')}",
            "a=ice-options:trickle",
            f"a=fingerprint:sha-256 {once('fingerprint', '[0-9A-F]{2}(?::[0-9A-F]{2}){31}')}",
            f"a=setup:{once('setup', 'actpass|active|passive')}",
        )

    head = lines(
        "v=0",
        r"o=- 0 0 IN IP4 0\.0\.0\.0",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE 0 1(?: 2)?",
        r"a=msid-semantic:WMS \*",
    )
    audio = section("audio", "a_", first=True)
    video = section("video", "v_", first=False)
    data = lines(
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
        r"c=IN IP4 0\.0\.0\.0",
        "a=mid:[12]",
        f"a=sctp-port:{SCTP_PORT}",
        f"a=max-message-size:{MAX_MESSAGE}",
    )
    return re.compile(f"{head}{audio}(?:{video})?{data}{transport(first=False)}", re.ASCII)


_TEXT: Final = _pattern()


def _read_section(values: dict[str, str | None], prefix: str) -> Section:
    def number(name: str) -> int | None:
        value = values.get(prefix + name)
        return None if value is None else int(value)

    direction: Direction = values[f"{prefix}direction"]  # type: ignore[assignment]
    return Section(
        direction=direction,
        payload_type=number("pt") or 0,
        ssrc=number("ssrc"),
        mid_extension=number("mid") or 0,
        rtx_payload_type=number("rtx"),
        rtx_ssrc=number("rtx_ssrc"),
        time_extension=number("time"),
    )


def _check_values(description: Description) -> None:
    """Check ranges and that no number is used twice."""
    sections = [section for section in (description.audio, description.video) if section]
    payloads = [
        payload
        for section in sections
        for payload in (section.payload_type, section.rtx_payload_type)
        if payload is not None
    ]
    sources = [
        source
        for section in sections
        for source in (section.ssrc, section.rtx_ssrc)
        if source is not None
    ]
    extensions = {section.mid_extension for section in sections}
    times = {section.time_extension for section in sections} - {None}
    if not all(96 <= payload <= 127 for payload in payloads):
        raise _malformed("CK-661: a payload type that is not dynamic")
    if not all(0 < source < 2**32 for source in sources):
        raise _malformed("CK-664: an SSRC out of range")
    if len(set(payloads)) != len(payloads) or len(set(sources)) != len(sources):
        raise _malformed("CK-664: one number used twice")
    # Bundled sections share one table of extension ids (RFC 8843, 7.1.3).
    if len(extensions) != 1 or extensions & times:
        raise _malformed("CK-665: header extension ids that clash")
    if not all(0 < (identifier or 0) < 15 for identifier in extensions | times):
        raise _malformed("CK-665: a header extension id out of range")
    for section in sections:
        if section.sends != (section.ssrc is not None):
            raise _malformed("CK-664: an SSRC without sending, or sending without an SSRC")
        has_rtx = section.ssrc is not None and section.rtx_payload_type is not None
        if has_rtx != (section.rtx_ssrc is not None):
            raise _malformed("CK-664: retransmission half described")
    if (description.setup == "actpass") != (description.kind == "offer"):
        raise _malformed("CK-663: a DTLS role that does not fit an offer or an answer")


_REASONS: Final = (
    ("a=candidate:", "CK-662: a candidate inside a description"),
    ("a=remote-candidates:", "CK-662: a candidate inside a description"),
    ("a=simulcast", "CK-664: simulcast"),
    ("a=rid", "CK-664: simulcast"),
    ("a=ice-lite", "CK-664: ICE lite"),
    ("ssrc-audio-level", "CK-665: the audio level in the clear"),
)
"""For the developer's detail only; the grammar has refused the text already."""


def _likely_reason(text: str) -> str:
    for needle, reason in _REASONS:
        if needle in text:
            return reason
    if text.count("\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n") != 1:
        return "CK-664: not one section for data channels"
    if text.count("a=fingerprint:") != text.count("\nm="):
        return "CK-663: not one fingerprint for each section"
    if any(
        line.split(" ")[-1] != "0.0.0.0"  # noqa: S104 - the address that is none
        for line in text.splitlines()
        if line.startswith(("c=", "o="))
    ):
        return "CK-662: an address inside a description"
    return "CK-661: codecs, parameters or attributes beyond Opus and VP8 as we use them"


def _malformed(detail: str) -> PeerError:
    return PeerError(Code.MALFORMED, detail)
