"""Call links: who has one may ask to come into a call as a guest (docs/protocol/call-link.md, P15).

    ORIGIN/#call=BASE64URL(deterministic CBOR)

All of it is in the fragment, which browsers do not send to the server. The link names no call and
no person: it holds the secret from which the lobby's place at the server and its seal come, the
lobby's public key, the hash that pins whose account lets guests in, and when that account will
let nobody in any more. What ends a link (expiry, one use, withdrawing) its maker's device sees to;
the time in it only spares a guest the asking.

Not for: what is said in the lobby (`lobby`), or invite links between people (`invite`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Self

from visavis.core import base64url, cbor
from visavis.core.address import check_origin
from visavis.core.errors import Code, PeerError
from visavis.core.identity import identity_hash
from visavis.core.ids import Digest, IdentityKey, LinkSecret, LobbyKey

MAX_LIFETIME_S: Final = 30 * 86_400
"""Seconds a link is good for at most."""

MAX_LINK_CHARS: Final = 1024
_MARK: Final = "/#call="
_MAX_TIME: Final = 2**40


@dataclass(frozen=True, slots=True)
class CallLink:
    """What a call link holds.

    Args:
        origin: The server.
        secret: Known to whoever has the link, and to no server.
        lobby: The lobby's public key (X25519); what guests say there only its maker can read.
        host: `identity_hash` of the account whose device lets guests in.
        expires_at: Unix seconds after which nobody is let in.
    """

    origin: str
    secret: LinkSecret
    lobby: LobbyKey = field(repr=False)
    host: Digest
    expires_at: int

    def to_link(self) -> str:
        """Return the link to show or send."""
        body = cbor.encode(
            {
                "v": 1,
                "s": self.secret,
                "k": self.lobby,
                "h": self.host,
                "e": self.expires_at,
            }
        )
        return f"{self.origin}{_MARK}{base64url.encode(body)}"

    @classmethod
    def from_link(cls, link: str) -> Self:
        """Read a link, with white space around it forgiven.

        Raises:
            PeerError: `MISTYPED`, it is not a whole call link (CK-900).
        """
        origin, found, fragment = link.strip().partition(_MARK)
        if not found or len(link) > MAX_LINK_CHARS:
            raise _mistyped("form")
        try:
            match cbor.decode_versioned(base64url.decode(fragment)):
                case {
                    "s": bytes(secret),
                    "k": bytes(lobby),
                    "h": bytes(host),
                    "e": int(expires_at),
                    **rest,
                } if not rest and not isinstance(expires_at, bool) and 0 <= expires_at <= _MAX_TIME:
                    return cls(
                        check_origin(origin),
                        LinkSecret(secret),
                        LobbyKey(lobby),
                        Digest(host),
                        expires_at,
                    )
                case _:
                    raise _mistyped("fields")
        except PeerError as error:
            # A person pasted this: cut off, wrapped by a mail program, or something else entirely.
            raise _mistyped(error.detail) from None

    def require_fresh(self, now: float) -> Self:
        """Return self if it has not expired.

        Args:
            now: Unix seconds.

        Raises:
            PeerError: `EXPIRED` (CK-901).
        """
        if now >= self.expires_at:
            raise PeerError(Code.EXPIRED, "CK-901 the call link has expired")
        return self

    def is_host(self, identity_key: IdentityKey) -> bool:
        """Say whether an account is the one that made the link."""
        return identity_hash(identity_key) == self.host


def _mistyped(why: str) -> PeerError:
    return PeerError(Code.MISTYPED, f"CK-900 not a whole call link: {why}")
