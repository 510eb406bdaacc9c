"""What the anonymous HTTP resources share: a capability instead of an account (protocol.md P12).

TURN credentials, key packages, blobs, shares and sequencers are asked for without any credential of
the person. The request presents a live capability, which pays from its quota, or what opens one
thing that is there; then failing too often is what is bounded. No cookie, no token.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from visavis.core.errors import AuthorizationError, Code, PeerError
from visavis.ports.blobs import Blobs
from visavis.ports.clock import Clock, day_of
from visavis.ports.relay import Relay
from visavis.ports.store import Store
from visavis.server.call_sequencers import CallSequencers
from visavis.server.capabilities import Capabilities
from visavis.server.limits import AddressLimits
from visavis.server.quotas import Quotas, Spend
from visavis.server.wire import Bytes16, Bytes32, Message


@dataclass(frozen=True, slots=True)
class Anonymous:
    """What the anonymous resources need of the server."""

    store: Store
    blobs: Blobs
    relay: Relay
    capabilities: Capabilities
    quotas: Quotas
    limits: AddressLimits
    call_sequencers: CallSequencers
    clock: Clock

    def today(self) -> int:
        """Return the day."""
        return day_of(self.clock.now())

    async def pay(
        self, request: Request, kind: Spend, mailbox: bytes, capability: bytes, amount: int = 1
    ) -> None:
        """Check a capability and take from its quota.

        Args:
            request: For its address, hashed, which pays for failures.
            kind: What is asked for.
            mailbox: 16 bytes.
            capability: 32 bytes.
            amount: Requests or bytes.

        Raises:
            AuthorizationError: REFUSED, whatever the reason (CK-475).
            PeerError: QUOTA: the capability's (CK-470), or the address failed too often (CK-472).
        """
        address = self.address_of(request)
        try:
            key = await self.capabilities.require(mailbox, capability)
        except AuthorizationError:
            self.failed(address)
            raise
        if not self.quotas.spend(kind, key, amount, self.clock.monotonic()):
            raise PeerError(Code.QUOTA, "CK-470: the capability's quota is used up")

    def address_of(self, request: Request) -> bytes:
        """Return today's name of the address that a request comes from.

        Raises:
            PeerError: QUOTA (CK-472): it failed too often.
        """
        now = self.clock.monotonic()
        client = request.client
        address = self.limits.hash_of(client.host if client else "", now)
        if self.limits.too_many_failures(address, now):
            raise PeerError(Code.QUOTA, "CK-472: too many failures")
        return address

    def failed(self, address: bytes) -> None:
        """Note that what came from an address was refused."""
        self.limits.failed(address, self.clock.monotonic())


def anonymous_of(request: Request) -> Anonymous:
    """Return the parts of the server that got this request."""
    parts: Anonymous = request.app.state.delivery.anonymous
    return parts


WithAnonymous = Annotated[Anonymous, Depends(anonymous_of)]


class Presented(Message):
    """A mailbox and a capability that opens it."""

    mailbox: Bytes16
    capability: Bytes32
