"""Bytes of one call's media where they leave and arrive: at the sockets, not at the encoders.

To the relay that is everything on its socket, TURN framing and its messages included; on the direct
path, everything on our own sockets. Not counted: the four messages of an allocation and the look
for our own address, which are over before there is an object to count at; UDP, IP and TLS headers.

Not for: figures of quality (`connection.stats`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from aiortc import RTCPeerConnection

from visavis.media import aiortc_private


@dataclass(slots=True)
class Traffic:
    """Counts of a whole call, over all its transports.

    Attributes:
        relay_sent: Bytes to relays.
        relay_received: Bytes from relays.
        direct_sent: Bytes from our own sockets.
        direct_received: Bytes to our own sockets.
        address_told: Candidates with addresses of our own were made.
        relay_s: Seconds with an allocation, of transports that are closed.
    """

    relay_sent: int = 0
    relay_received: int = 0
    direct_sent: int = 0
    direct_received: int = 0
    address_told: bool = False
    relay_s: float = 0.0

    def add_relay(self, sent: int, received: int) -> None:
        """Count bytes to and from a relay."""
        self.relay_sent += sent
        self.relay_received += received

    def add_direct(self, sent: int, received: int) -> None:
        """Count bytes to and from our own sockets."""
        self.direct_sent += sent
        self.direct_received += received

    def watch(self, pc: RTCPeerConnection) -> Callable[[], None]:
        """Count what a connection that has just gathered sends and receives.

        Returns:
            Ends the count of the allocation's time; call it once, at the end.
        """
        relayed, own = aiortc_private.count_bytes(pc, self.add_relay, self.add_direct)
        self.address_told |= own > 0
        began = time.monotonic()

        def end() -> None:
            if relayed:
                self.relay_s += time.monotonic() - began

        return end
