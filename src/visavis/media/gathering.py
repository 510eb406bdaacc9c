"""Getting a relayed candidate (RFC 8656) and giving it back, around what aioice leaves open.

aioice takes one TURN server and one transport, and waits five seconds for it. Here the URLs are
tried in turn, UDP first, again until a deadline: a relay that is being restarted is found as soon
as it answers. In relay-only calls no socket towards anything but the relay is ever opened.

For the direct path (docs/adr/0017) there are this machine's own addresses besides, and what they
look like from outside (RFC 8445, 5.1.1.2), which the relay is asked for and nobody else.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from typing import Final, cast

from aioice import Candidate as IceCandidate
from aioice import Connection
from aioice.ice import get_host_addresses
from aiortc import RTCPeerConnection

from visavis.core.errors import Code, UnavailableError, UsageError
from visavis.media import aiortc_private
from visavis.media.candidates import MAX_CANDIDATES, Candidate, CandidateType
from visavis.media.interfaces import TurnServer

ATTEMPT_S: Final = 2
"""Seconds for one allocation over one URL, whole. Higher helps on slow links, lower reaches the
next URL (TCP, TLS) sooner where UDP is blocked."""

ABANDON_S: Final = 1.0
"""Seconds a relay has to confirm that an allocation is deleted, before we close the socket."""

_NO_TARGET: Final = (None, ("", 0, "", False))

_URL: Final = re.compile(
    r"(?P<scheme>turns?):(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]{1,253})"
    r"(?::(?P<port>[0-9]{1,5}))?(?:\?transport=(?P<transport>udp|tcp))?"
)


async def gather(
    pc: RTCPeerConnection,
    servers: Sequence[TurnServer],
    *,
    relay_only: bool,
    allow_loopback: bool,
    timeout_s: float,
    is_wanted: Callable[[], bool] = lambda: True,
) -> list[Candidate]:
    """Allocate at a relay, and find our own addresses if not relay-only; relayed ones come first.

    Args:
        pc: A connection that has not gathered; aioice is left marked as gathered.
        servers: Relays, tried in order.
        relay_only: Gather nothing but relayed candidates.
        allow_loopback: Without `relay_only`: gather 127.0.0.1 alone, for tests.
        timeout_s: How long to go on trying.
        is_wanted: Asked between attempts; once it says no, nothing more is tried.

    Raises:
        UnavailableError: `NO_RELAY`: no relay answered in time. May be tried again.
        UsageError: A server's URL is no TURN URL.
    """
    ice = aiortc_private.ice_of(pc)
    addresses: list[str] = []
    if not relay_only:
        addresses = ["127.0.0.1"] if allow_loopback else get_host_addresses(True, True)
    targets: list[tuple[TurnServer | None, tuple[str, int, str, bool]]] = [
        (server, _parse_url(url)) for server in servers for url in server.urls
    ]
    if relay_only and not targets:
        raise UnavailableError(Code.NO_RELAY, "no relay is configured")
    found: list[IceCandidate] = []
    deadline = time.monotonic() + timeout_s
    while True:
        for server, (host, port, transport, tls) in targets or [_NO_TARGET]:
            ice.turn_server = ice.stun_server = None
            if server is not None:
                aiortc_private.set_turn(ice, host, port, transport=transport, tls=tls)
                ice.turn_username, ice.turn_password = server.username, server.credential
                if addresses and transport == "udp":
                    ice.stun_server = (host, port)  # CK-670: the relay itself, no third party.
            started = time.monotonic()
            found += await ice.get_component_candidates(1, addresses, timeout=ATTEMPT_S)
            addresses = []  # Our own sockets are opened once.
            if _is_relayed(found) or not is_wanted():
                break
            # A refused TCP connection returns at once; do not spin on it.
            await asyncio.sleep(max(0.0, 0.2 - (time.monotonic() - started)))
        # Also for the direct path: where it does not stand, the call goes on over the relay.
        if _is_relayed(found) or not targets:
            break
        if time.monotonic() >= deadline or not is_wanted():
            raise UnavailableError(Code.NO_RELAY, "no relay answered")
    found.sort(key=lambda candidate: candidate.type != "relay")
    aiortc_private.set_gathered(ice, found)
    return list(dict.fromkeys(_our_candidate(candidate) for candidate in found))[:MAX_CANDIDATES]


async def close(pc: RTCPeerConnection) -> None:
    """Close a connection within about a second, whether its relay still answers or not."""
    ice = aiortc_private.ice_of(pc) if pc.getTransceivers() else None
    task = asyncio.ensure_future(pc.close())
    done, _ = await asyncio.wait({task}, timeout=ABANDON_S)
    if not done and ice is not None:
        aiortc_private.abandon_turn(ice)
    await task


def path_of(ice: Connection) -> str:
    """Return "relayed", "direct" or "none"."""
    types = aiortc_private.nominated_types(ice)
    if types is None:
        return "none"
    return "relayed" if "relay" in types else "direct"


def _is_relayed(candidates: Sequence[IceCandidate]) -> bool:
    return any(candidate.type == "relay" for candidate in candidates)


def _parse_url(url: str) -> tuple[str, int, str, bool]:
    """Return host, port, transport and whether to use TLS (RFC 7065, 3.1)."""
    match = _URL.fullmatch(url)
    if match is None:
        raise UsageError("not a TURN URL")
    tls = match["scheme"] == "turns"
    transport = match["transport"] or ("tcp" if tls else "udp")
    if tls and transport == "udp":
        raise UsageError("TURN over DTLS is not supported")
    return match["host"].strip("[]"), int(match["port"] or (5349 if tls else 3478)), transport, tls


def _our_candidate(candidate: IceCandidate) -> Candidate:
    # The related address of a relayed candidate is our own address: `Candidate` cannot hold it.
    return Candidate(
        foundation=candidate.foundation,
        priority=candidate.priority,
        address=candidate.host,
        port=candidate.port,
        type=cast("CandidateType", candidate.type),
    )
