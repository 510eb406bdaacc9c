"""The Relay port: a TURN server (RFC 8656) that strangers on both ends of a call send through.

The relay forwards encrypted packets between transport addresses. It is told no name, no account
and no call: a credential is an expiry and 96 random bits (protocol.md P12). What the port is *not*
for: choosing who may call whom (that is the capability, checked before a credential is minted).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from visavis.core.errors import Code, UnavailableError

CREDENTIAL_LIFETIME_S = 600
"""How long a TURN credential is good. Longer: a stolen one relays longer; shorter: a call that
renews late loses its allocation."""


@dataclass(frozen=True, slots=True)
class RelayCredential:
    """What a client needs to allocate a relay address.

    Attributes:
        username: `expiry:opaque`, as the TURN REST scheme needs it; opaque is 96 random bits.
        credential: base64 of HMAC-SHA1 over the username.
        ttl_s: Seconds until the relay stops accepting it.
        urls: `turn:` and `turns:` URIs (RFC 7065).
    """

    username: str
    credential: str
    ttl_s: int
    urls: tuple[str, ...]


class Relay(Protocol):
    """A TURN relay that the server can start, stop and mint credentials for."""

    @property
    def available(self) -> bool:
        """Whether the relay answers now."""
        ...

    async def start(self) -> None:
        """Start the relay and return when it answers.

        Raises:
            UnavailableError: It is not installed, or does not answer (NO_RELAY).
        """
        ...

    async def stop(self) -> None:
        """Stop the relay; a second call does nothing."""
        ...

    def mint(self, now: float) -> RelayCredential:
        """Return a fresh credential.

        Args:
            now: Unix seconds.

        Raises:
            UnavailableError: The relay is not running (NO_RELAY).
        """
        ...


class NoRelay:
    """The relay of a server that runs without one: it never has a credential."""

    @property
    def available(self) -> bool:
        """Whether the relay answers now: never."""
        return False

    async def start(self) -> None:
        """Do nothing."""

    async def stop(self) -> None:
        """Do nothing."""

    def mint(self, now: float) -> RelayCredential:
        """Refuse.

        Raises:
            UnavailableError: Always.
        """
        del now
        raise UnavailableError(Code.NO_RELAY, "this server runs without a relay")
