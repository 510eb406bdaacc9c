"""Contact address: where and how one contact may reach one device (docs/protocol/envelope.md).

It is (server origin, mailbox id, capability, seal key), minted afresh for each contact, so that
blocking somebody is revoking one capability, and no two contacts hold anything in common.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final, Self

from visavis.core.errors import Code, PeerError
from visavis.core.ids import Capability, MailboxId, SealKey

MAX_ORIGIN_BYTES: Final = 255
_ORIGIN: Final = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9.-]+|\[[0-9a-f:]+\])(?::(?P<port>[1-9][0-9]{0,4}))?",
    re.ASCII,
)
_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_DEFAULT_PORTS: Final = {"http": "80", "https": "443"}


def check_origin(origin: str) -> str:
    """Return the origin if it is one, in the one spelling we use (RFC 6454, 6.1; lower case).

    Args:
        origin: `https://host[:port]` or, for a server on this machine or network, `http://...`.

    Raises:
        PeerError: `MALFORMED` for user names, paths, queries, upper case, a port that goes without
            saying, or a host that is none (CK-251). Different spellings of one origin would let a
            foreign server pass for ours, or ours for a foreign one.
    """
    match = _ORIGIN.fullmatch(origin)
    if match is None or len(origin) > MAX_ORIGIN_BYTES:
        raise PeerError(Code.MALFORMED, "CK-251 not an origin")
    scheme, host, port = match["scheme"], match["host"], match["port"]
    if port is not None and (port == _DEFAULT_PORTS[scheme] or int(port) > 65535):
        raise PeerError(Code.MALFORMED, "CK-251 not an origin: port")
    if not _is_host(host):
        raise PeerError(Code.MALFORMED, "CK-251 not an origin: host")
    return origin


def _is_host(host: str) -> bool:
    if host.startswith("["):
        try:
            return f"[{ipaddress.IPv6Address(host[1:-1])}]" == host
        except ValueError:
            return False
    labels = host.split(".")
    if all(label.isdigit() for label in labels):
        try:
            return str(ipaddress.IPv4Address(host)) == host
        except ValueError:
            return False
    return all(_LABEL.fullmatch(label) for label in labels)


@dataclass(frozen=True, slots=True)
class ContactAddress:
    """Where to put envelopes for one device, and the key to seal them under.

    Args:
        origin: The server's origin, as `check_origin` spells it.
        mailbox: The device's mailbox.
        capability: Shown to the server with each envelope.
        seal_key: AES-256 key for `envelope.seal`; the server never sees it.
    """

    origin: str
    mailbox: MailboxId
    capability: Capability
    seal_key: SealKey

    def to_cbor(self) -> dict[str, object]:
        """Return the map that goes into sealed content."""
        return {"o": self.origin, "m": self.mailbox, "c": self.capability, "s": self.seal_key}

    @classmethod
    def from_cbor(cls, value: object) -> Self:
        """Read the map of `to_cbor`, strictly.

        Raises:
            PeerError: `MALFORMED`.
        """
        match value:
            case {"o": str(origin), "m": bytes(m), "c": bytes(c), "s": bytes(s), **rest} if (
                not rest
            ):
                return cls(check_origin(origin), MailboxId(m), Capability(c), SealKey(s))
            case _:
                raise PeerError(Code.MALFORMED, "CK-251 not a contact address")

    def require_server(self, own_origin: str) -> Self:
        """Return self if it lies on our own server.

        Raises:
            PeerError: `REFUSED`, the address points elsewhere (CK-252). Sending to an origin that a
                contact chose would show that contact our IP address, and let it aim our requests
                at hosts of its choice. Until servers relay for one another, only our own is used.
        """
        if self.origin != own_origin:
            raise PeerError(Code.REFUSED, "CK-252 address on another server")
        return self
