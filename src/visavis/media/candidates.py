"""ICE candidates (RFC 8445, 8839) as text between the two ends of a call: one spelling.

    candidate:FOUNDATION 1 udp PRIORITY ADDRESS PORT typ relay raddr 0.0.0.0 rport 9

The related address, which on a relayed candidate is the person's own, is always blanked. Pure.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final, Literal

from visavis.core.errors import Code, PeerError

MAX_CANDIDATES: Final = 16
"""Candidates one side may send for one transport. Each costs a few checks; a flood of them would
make us knock on many doors at a stranger's wish."""

CandidateType = Literal["relay", "srflx", "host"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """One candidate; component 1, UDP.

    Attributes:
        foundation: 1 to 32 ICE characters (RFC 8839, 5.1).
        priority: 1 to 2^31 - 1 (RFC 8445, 5.1.2).
        address: Canonical IPv4 or IPv6 literal, never a name.
        port: 1 to 65535.
        type: How the address was got.
    """

    foundation: str
    priority: int
    address: str
    port: int
    type: CandidateType

    def __repr__(self) -> str:
        # Addresses do not end in logs.
        return f"Candidate({self.type})"

    def encode(self) -> str:
        """Return the one text of this candidate."""
        text = f"candidate:{self.foundation} 1 udp {self.priority} {self.address} {self.port}"
        text += f" typ {self.type}"
        if self.type == "host":
            return text
        blank = "0.0.0.0" if ipaddress.ip_address(self.address).version == 4 else "::"  # noqa: S104
        return f"{text} raddr {blank} rport 9"


_TEXT: Final = re.compile(
    r"candidate:(?P<foundation>[A-Za-z0-9+/]{1,32}) 1 udp (?P<priority>[0-9]{1,10}) "
    r"(?P<address>[0-9A-Fa-f.:]{2,45}) (?P<port>[0-9]{1,5}) typ (?P<type>relay|srflx|host)"
    r"(?: raddr [0-9.:]{2,15} rport 9)?",
    re.ASCII,
)


def parse(text: str, *, relay_only: bool = True, allow_loopback: bool = False) -> Candidate:
    """Read one candidate that came from the other side.

    Args:
        text: One line, without `a=`.
        relay_only: Refuse all but relayed candidates.
        allow_loopback: Let loopback addresses pass: demo and tests only.

    Raises:
        PeerError: `MALFORMED`. CK-667: not in our spelling. CK-668: a type that this call does
            not use. CK-669: an address nobody can be called at, by which a stranger would make
            us knock on this machine's own or everybody's door.
    """
    match = _TEXT.fullmatch(text) if len(text) <= 256 else None
    if match is None:
        raise PeerError(Code.MALFORMED, "CK-667: a candidate in another spelling than ours")
    try:
        address = ipaddress.ip_address(match["address"])
    except ValueError:
        raise PeerError(Code.MALFORMED, "CK-667: a candidate without an address") from None
    kind: CandidateType = match["type"]  # type: ignore[assignment]
    candidate = Candidate(
        match["foundation"], int(match["priority"]), str(address), int(match["port"]), kind
    )
    if (
        candidate.encode() != text
        or not 0 < candidate.priority < 2**31
        or not 0 < candidate.port < 2**16
    ):
        raise PeerError(Code.MALFORMED, "CK-667: a candidate in another spelling than ours")
    if relay_only and kind != "relay":
        raise PeerError(Code.MALFORMED, "CK-668: a candidate that is not relayed")
    mapped = getattr(address, "ipv4_mapped", None)
    plain = mapped or address
    if (
        plain.is_unspecified
        or plain.is_multicast
        or plain == ipaddress.ip_address("255.255.255.255")
        or (plain.is_link_local and relay_only)
        or (plain.is_loopback and not allow_loopback)
    ):
        raise PeerError(Code.MALFORMED, "CK-669: a candidate's address is nobody's")
    return candidate
