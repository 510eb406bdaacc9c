r"""Descriptions between members and the SFU: read strictly, written anew, checked on the way back.

A member's SDP (RFC 8866) is text of a stranger, and Janus has a large parser for it. So `read`
takes the two dozen values that a call needs, refuses what is dangerous, leaves the rest, and what
the SFU gets is `SfuDescription.encode`: our own text, in which nothing is a member's but numbers,
short tokens and a fingerprint. Browsers' descriptions can be sent as they are, without candidates.
Pure: no sockets, no aiortc; fuzzed.

    m=audio  Opus (RFC 7587)
    m=video  VP8 (RFC 7741), retransmission (RFC 4588), simulcast by rid (RFC 8853); two at most

What is refused, and why:

- CK-813: more than 64 KiB (an answer: 240,000 bytes), a line over 4 KiB, or bytes that are not
  ASCII: nothing here needs them.
- CK-814: candidates. The SFU stands at an address that everybody can reach and learns the way back
  from the packets that come; a candidate would tell it where else a member is, or make it send
  packets to a host of the member's choice.
- CK-815: other sections than audio and video, more than there may be, no Opus or VP8 in one, ICE
  lite, numbers out of range or used twice.
- CK-816: not one SHA-256 fingerprint and one pair of ICE credentials for all sections.
- CK-817: an answer that does not fit the offer.
- CK-818: text of the SFU that names any address but its own.

Left out of what goes on, so that it is never agreed on: other codecs, the audio level (RFC 6464),
every header extension but four, data channels' options, stream names.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from visavis.core.errors import Code, FatalError, PeerError

MAX_SDP: Final = {"offer": 65_536, "answer": 240_000}
"""Bytes. An answer has a section for each that is got, of some 600 bytes."""

MAX_LINE: Final = 4_096
MAX_SENT: Final = 3
"""Sections a member may send: a microphone, a camera, a screen."""

MAX_SENT_VIDEOS: Final = 2
MAX_GOT: Final = 300
"""Sections a member may get at one time: sound of 200, and 100 pictures."""

Kind = Literal["audio", "video"]

EXTENSIONS: Final = (
    "urn:ietf:params:rtp-hdrext:sdes:mid",
    "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
    "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
    "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
)
"""Header extensions that may be agreed on: which section, which layer, when sent."""

_CODECS: Final = {"audio": "opus/48000/2", "video": "VP8/90000"}
_FEEDBACK: Final = ("ccm fir", "nack", "nack pli", "goog-remb")
_FMTP: Final = "useinbandfec=0;usedtx=0"

_MID: Final = r"[A-Za-z0-9]{1,16}"
_SECTION: Final = re.compile(
    r"m=(audio|video) ([0-9]{1,5}) UDP/TLS/RTP/SAVPF((?: [0-9]{1,3}){1,64})", re.ASCII
)
_VALUES: Final = {
    "ufrag": re.compile(r"a=ice-ufrag:([A-Za-z0-9+/]{4,32})", re.ASCII),
    "password": re.compile(r"a=ice-pwd:([A-Za-z0-9+/]{22,128})", re.ASCII),
    "fingerprint": re.compile(
        r"a=fingerprint:sha-256 ([0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){31})", re.ASCII
    ),
    "setup": re.compile(r"a=setup:(actpass|active|passive)", re.ASCII),
}
"""Of the transport: the same in every section, or once before all of them."""

_MID_LINE: Final = re.compile(f"a=mid:({_MID})", re.ASCII)
_RTPMAP: Final = re.compile(r"a=rtpmap:([0-9]{1,3}) ([A-Za-z0-9/-]{1,32})", re.ASCII)
_APT: Final = re.compile(r"a=fmtp:([0-9]{1,3}) apt=([0-9]{1,3})", re.ASCII)
_EXTMAP: Final = re.compile(r"a=extmap:([0-9]{1,2})(?:/[a-z]{8,8})? (\S{1,128})", re.ASCII)
_SSRC: Final = re.compile(r"a=ssrc:([0-9]{1,10})(?: .*)?", re.ASCII)
_GROUP: Final = re.compile(r"a=ssrc-group:FID ([0-9]{1,10}) ([0-9]{1,10})", re.ASCII)
_RID: Final = re.compile(r"a=rid:([A-Za-z0-9]{1,8}) send(?: .*)?", re.ASCII)
_SIMULCAST: Final = re.compile(r"a=simulcast:send ([A-Za-z0-9~;]{1,32})", re.ASCII)
_DIRECTIONS: Final = ("a=sendrecv", "a=sendonly", "a=recvonly", "a=inactive")


@dataclass(slots=True)
class SfuSection:
    """One media section.

    Attributes:
        kind: Audio or video.
        mid: 1 to 16 letters and digits (RFC 5888).
        flows: Whether media flows at all in its one direction.
        payload_type: Of Opus or VP8.
        rtx: Payload type of the retransmission, or None.
        extensions: Ids by URI, of `EXTENSIONS` only.
        sources: SSRCs that are announced; none with simulcast by rid.
        group: Whether the two sources are a stream and its retransmission.
        rids: Names of simulcast layers in order.
    """

    kind: Kind
    mid: str = ""
    flows: bool = True
    payload_type: int = -1
    rtx: int | None = None
    extensions: dict[str, int] = field(default_factory=dict)
    sources: tuple[int, ...] = ()
    group: bool = False
    rids: tuple[str, ...] = ()

    def lines(self, *, sends: bool) -> Iterator[str]:
        """Yield the section's own lines; `sends` is the direction, if it flows."""
        payload, rtx = self.payload_type, self.rtx
        yield f"m={self.kind} 9 UDP/TLS/RTP/SAVPF {payload}{'' if rtx is None else f' {rtx}'}"
        yield "c=IN IP4 0.0.0.0"
        yield f"a=mid:{self.mid}"
        yield f"a={('sendonly' if sends else 'recvonly') if self.flows else 'inactive'}"
        yield "a=rtcp-mux"
        for uri, number in sorted(self.extensions.items(), key=lambda pair: pair[1]):
            yield f"a=extmap:{number} {uri}"
        yield f"a=rtpmap:{payload} {_CODECS[self.kind]}"
        if self.kind == "audio":
            yield f"a=fmtp:{payload} {_FMTP}"
        else:
            yield from (f"a=rtcp-fb:{payload} {feedback}" for feedback in _FEEDBACK)
        if rtx is not None:
            yield f"a=rtpmap:{rtx} rtx/90000"
            yield f"a=fmtp:{rtx} apt={payload}"
        if self.group:
            yield f"a=ssrc-group:FID {self.sources[0]} {self.sources[1]}"
        yield from (f"a=ssrc:{source} cname:visavis" for source in self.sources)
        if self.rids:
            yield from (f"a=rid:{rid} send" for rid in self.rids)
            yield f"a=simulcast:send {';'.join(self.rids)}"


@dataclass(frozen=True, slots=True)
class SfuDescription:
    """One whole offer or answer of a member.

    Attributes:
        kind: An offer sends, an answer receives.
        ufrag: ICE user name fragment (RFC 8839, 5.4).
        password: ICE password; kept out of `repr`.
        fingerprint: SHA-256 of the DTLS certificate, as upper-case hex with colons.
        setup: DTLS role (RFC 8842, 5).
        sections: In order.
    """

    kind: Literal["offer", "answer"]
    ufrag: str
    password: str
    fingerprint: str
    setup: str
    sections: tuple[SfuSection, ...]

    def __repr__(self) -> str:
        return f"SfuDescription({self.kind}, {len(self.sections)} sections)"

    def encode(self) -> str:
        """Return the text that the SFU is given."""
        lines = ["v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "t=0 0"]
        lines.append(f"a=group:BUNDLE {' '.join(section.mid for section in self.sections)}")
        for section in self.sections:
            lines += section.lines(sends=self.kind == "offer")
            lines += (
                f"a=ice-ufrag:{self.ufrag}",
                f"a=ice-pwd:{self.password}",
                f"a=fingerprint:sha-256 {self.fingerprint}",
                f"a=setup:{self.setup}",
            )
        return "".join(f"{line}\r\n" for line in lines)


def read(text: str, kind: Literal["offer", "answer"]) -> SfuDescription:
    """Read a member's description.

    Args:
        text: As it was received.
        kind: An offer of what the member sends, or an answer to what it is offered.

    Raises:
        PeerError: `MALFORMED`: CK-813 to CK-816.
    """
    # CK-813: before anything is looked at.
    if len(text) > MAX_SDP[kind] or not text.isascii():
        raise _malformed("CK-813: a description that is too long or not ASCII")
    lines = text.splitlines()
    if any(len(line) > MAX_LINE for line in lines):
        raise _malformed("CK-813: a line that is too long")
    for line in lines:
        if line.startswith(("a=candidate", "a=remote-candidates")):
            raise _malformed("CK-814: a candidate inside a description")
        if line.startswith("a=ice-lite"):
            raise _malformed("CK-815: ICE lite")
    head, parts = _split(lines)
    most = MAX_SENT if kind == "offer" else MAX_GOT
    if not 1 <= len(parts) <= most:
        raise _malformed("CK-815: no section, or more than there may be")
    values = _transport(head, parts)
    if (values["setup"] == "actpass") != (kind == "offer"):
        raise _malformed("CK-816: a DTLS role that does not fit an offer or an answer")
    sections = tuple(_section(part, kind) for part in parts)
    _check(sections, kind)
    return SfuDescription(
        kind,
        values["ufrag"],
        values["password"],
        values["fingerprint"].upper(),
        values["setup"],
        sections,
    )


def check_answer(offered: Sequence[tuple[Kind, str]], answer: SfuDescription) -> None:
    """Check that a member's answer has the sections of the SFU's offer, in order.

    Args:
        offered: Kind and mid of each section, from `sections_of`.
        answer: The member's.

    Raises:
        PeerError: `MALFORMED` (CK-817).
    """
    if [(one.kind, one.mid) for one in answer.sections] != list(offered):
        raise _malformed("CK-817: the answer has other sections than the offer")


def sections_of(text: str) -> list[tuple[Kind, str]]:
    """Return kind and mid of each section of the SFU's own offer."""
    _, parts = _split(text.splitlines())
    found: list[tuple[Kind, str]] = []
    for part in parts:
        mids = [match[1] for line in part if (match := _MID_LINE.fullmatch(line))]
        kind: Kind = "audio" if part[0].startswith("m=audio") else "video"
        found.append((kind, mids[0] if mids else ""))
    return found


def check_own(text: str, own: frozenset[str]) -> str:
    """Return the SFU's description if it names no address but the SFU's own.

    There is no other to name, because no member tells one (CK-814). If that ever changed, no member
    shall learn another's address by it.

    Args:
        text: As the SFU wrote it.
        own: Its addresses.

    Raises:
        FatalError: CK-818.
    """
    for line in text.splitlines():
        if not line.startswith(("o=", "c=", "a=candidate", "a=rtcp:", "a=remote-candidates")):
            continue
        for word in line.split(" "):
            if _is_address(word) and word not in own and word != "0.0.0.0":  # noqa: S104
                raise FatalError(Code.USAGE, "CK-818: the SFU names an address that is not its own")
    return text


def _is_address(word: str) -> bool:
    try:
        ipaddress.ip_address(word.partition("%")[0])
    except ValueError:
        return False
    return "." in word or ":" in word


def _split(lines: Sequence[str]) -> tuple[list[str], list[list[str]]]:
    """Return what stands before the first section, and the lines of each section."""
    head: list[str] = []
    parts: list[list[str]] = []
    for line in lines:
        if line.startswith("m="):
            parts.append([])
        (parts[-1] if parts else head).append(line)
    return head, parts


def _transport(head: Sequence[str], parts: Sequence[Sequence[str]]) -> dict[str, str]:
    """Return the one value of each kind that all sections share."""
    values = {}
    for name, pattern in _VALUES.items():
        common = {match[1] for line in head if (match := pattern.fullmatch(line))}
        each = [
            {match[1] for line in part if (match := pattern.fullmatch(line))} or common
            for part in parts
        ]
        found = set().union(common, *each)
        # CK-816: DTLS would accept any certificate, or ICE another member's packets.
        if len(found) != 1 or not all(each):
            raise _malformed(f"CK-816: not one {name} for all sections")
        values[name] = found.pop()
    return values


def _section(lines: Sequence[str], kind: Literal["offer", "answer"]) -> SfuSection:
    match = _SECTION.fullmatch(lines[0])
    if match is None:
        raise _malformed("CK-815: a section that is neither audio nor video")
    media: Kind = "audio" if match[1] == "audio" else "video"
    section = SfuSection(media)
    listed = [int(number) for number in match[3].split()]
    names = {int(m[1]): m[2] for line in lines if (m := _RTPMAP.fullmatch(line))}
    repairs = {int(m[2]): int(m[1]) for line in lines if (m := _APT.fullmatch(line))}
    wanted = _CODECS[media].lower()
    found = [number for number in listed if names.get(number, "").lower() == wanted]
    if not found:
        raise _malformed("CK-815: a section without Opus or VP8")
    section.payload_type = found[0]
    rtx = repairs.get(found[0])
    if media == "video" and rtx in listed and names.get(rtx or 0, "").lower() == "rtx/90000":
        section.rtx = rtx
    mids = [m[1] for line in lines if (m := _MID_LINE.fullmatch(line))]
    if len(mids) != 1:
        raise _malformed("CK-815: a section without one name")
    section.mid = mids[0]
    directions = [line for line in lines if line in _DIRECTIONS]
    flows = {"a=sendrecv", "a=sendonly" if kind == "offer" else "a=recvonly"}
    # Without a word it is sendrecv (RFC 8866, 6.7); port 0 refuses the section (RFC 3264, 6).
    section.flows = (not directions or directions[0] in flows) and (
        match[2] != "0" or "a=bundle-only" in lines
    )
    for line in lines:
        extension = _EXTMAP.fullmatch(line)
        if extension and extension[2] in EXTENSIONS:
            section.extensions[extension[2]] = int(extension[1])
    if kind == "offer" and section.flows:
        _read_sources(section, lines)
    return section


def _read_sources(section: SfuSection, lines: Sequence[str]) -> None:
    offered = {m[1] for line in lines if (m := _RID.fullmatch(line))}
    order = [m[1] for line in lines if (m := _SIMULCAST.fullmatch(line))]
    if order:
        rids = tuple(rid.removeprefix("~") for rid in order[0].split(";"))
        if section.kind != "video" or not 1 <= len(rids) <= 3 or not set(rids) <= offered:
            raise _malformed("CK-815: simulcast that is none")
        section.rids = rids
        return
    sources = dict.fromkeys(int(m[1]) for line in lines if (m := _SSRC.fullmatch(line)))
    groups = [(int(m[1]), int(m[2])) for line in lines if (m := _GROUP.fullmatch(line))]
    if groups and section.rtx is not None:
        section.group, section.sources = True, groups[0]
    else:
        section.sources = tuple(sources)[:1]


def _check(sections: Sequence[SfuSection], kind: Literal["offer", "answer"]) -> None:
    """Check ranges and that no number is used twice."""
    mids = [section.mid for section in sections]
    sources = [source for section in sections for source in section.sources]
    if len(set(mids)) != len(mids) or len(set(sources)) != len(sources):
        raise _malformed("CK-815: one name or number used twice")
    if kind == "offer" and sum(one.kind == "video" for one in sections) > MAX_SENT_VIDEOS:
        raise _malformed("CK-815: more than two pictures")
    for section in sections:
        payloads = [section.payload_type, *([] if section.rtx is None else [section.rtx])]
        if not all(96 <= payload <= 127 or 35 <= payload <= 63 for payload in payloads):
            raise _malformed("CK-815: a payload type that is not dynamic")
        if len(set(payloads)) != len(payloads) or len(set(section.rids)) != len(section.rids):
            raise _malformed("CK-815: one name or number used twice")
        if not all(0 < source < 2**32 for source in section.sources):
            raise _malformed("CK-815: an SSRC out of range")
        ids = list(section.extensions.values())
        if not all(0 < number < 15 for number in ids) or len(set(ids)) != len(ids):
            raise _malformed("CK-815: header extension ids that clash")


def _malformed(detail: str) -> PeerError:
    return PeerError(Code.MALFORMED, detail)
