"""Invite links (protocol.md P2, docs/protocol/contact.md).

    ORIGIN/i#BASE64URL(deterministic CBOR)

The secrets are in the fragment, which browsers do not send to the server. The link holds what a
stranger needs to put one request into the inviter's mailbox, and the hash that pins whose identity
must answer. It holds no name: a link that goes astray says nothing about anybody.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

from visavis.core import base64url, cbor
from visavis.core.address import ContactAddress, check_origin
from visavis.core.errors import Code, PeerError
from visavis.core.identity import identity_hash
from visavis.core.ids import Capability, Digest, IdentityKey, MailboxId, SealKey

LIFETIME_S: Final = 7 * 86_400
"""Seconds an invite is good for unless told otherwise. Longer is handier and leaks for longer."""

MAX_LIFETIME_S: Final = 30 * 86_400
MAX_LINK_CHARS: Final = 1024
_MARK: Final = "/i#"
_PAIR_MARK: Final = "/d#"
_MAX_TIME: Final = 2**40


@dataclass(frozen=True, slots=True)
class Invite:
    """What an invite link holds.

    Args:
        address: The inviter's request mailbox with a capability and seal key made for this link.
        inviter: `identity_hash` of the inviter's account identity key.
        expires_at: Unix seconds after which the inviter drops requests.
    """

    address: ContactAddress
    inviter: Digest
    expires_at: int

    def to_link(self) -> str:
        """Return the link to show, send or print as a QR code."""
        return _to_link(_MARK, self.address, {"h": self.inviter, "e": self.expires_at})

    @classmethod
    def from_link(cls, link: str) -> Self:
        """Read a link, with white space around it forgiven.

        Raises:
            PeerError: `MISTYPED`, it is not a whole invite link (CK-268).
        """
        address, fields = _from_link(_MARK, link)
        match fields:
            case {"h": bytes(inviter), "e": int(expires_at), **rest} if (
                not rest and 0 <= expires_at <= _MAX_TIME and not isinstance(expires_at, bool)
            ):
                return cls(address, _digest(inviter), expires_at)
            case _:
                raise _mistyped("fields")

    def require_fresh(self, now: float) -> Self:
        """Return self if it has not expired.

        Args:
            now: Unix seconds.

        Raises:
            PeerError: `EXPIRED`.
        """
        if now >= self.expires_at:
            raise PeerError(Code.EXPIRED, "CK-269 the invite has expired")
        return self

    def check_inviter(self, identity_key: IdentityKey) -> None:
        """Require the identity that the link pinned.

        Raises:
            PeerError: `IDENTITY_CHANGED` (CK-270): whoever answers is not who made the link. This
                is all that stands between a first contact and a server that answers in the middle.
        """
        if identity_hash(identity_key) != self.inviter:
            raise PeerError(Code.IDENTITY_CHANGED, "CK-270 another identity than the link pinned")


@dataclass(frozen=True, slots=True)
class PairingLink:
    """What a new device shows to be linked by an existing one (P3).

    Args:
        address: The new device's mailbox, with a capability and seal key made for this pairing.
        device_key_hash: SHA-256 of the new device's MLS signature key.
    """

    address: ContactAddress
    device_key_hash: Digest

    def to_link(self) -> str:
        """Return the link to show as a QR code."""
        return _to_link(_PAIR_MARK, self.address, {"h": self.device_key_hash})

    @classmethod
    def from_link(cls, link: str) -> Self:
        """Read a link, with white space around it forgiven.

        Raises:
            PeerError: `MISTYPED`, it is not a whole pairing link (CK-268).
        """
        address, fields = _from_link(_PAIR_MARK, link)
        match fields:
            case {"h": bytes(key_hash), **rest} if not rest:
                return cls(address, _digest(key_hash))
            case _:
                raise _mistyped("fields")


def _to_link(mark: str, address: ContactAddress, fields: dict[str, object]) -> str:
    body = cbor.encode(
        {
            "v": 1,
            "m": address.mailbox,
            "c": address.capability,
            "s": address.seal_key,
            **fields,
        }
    )
    return f"{address.origin}{mark}{base64url.encode(body)}"


def _from_link(mark: str, link: str) -> tuple[ContactAddress, dict[str, object]]:
    origin, found, fragment = link.strip().partition(mark)
    if not found or len(link) > MAX_LINK_CHARS:
        raise _mistyped("form")
    try:
        body = cbor.decode_versioned(base64url.decode(fragment))
        match body:
            case {"m": bytes(m), "c": bytes(c), "s": bytes(s), **rest}:
                address = ContactAddress(
                    check_origin(origin), MailboxId(m), Capability(c), SealKey(s)
                )
                return address, rest
            case _:
                raise _mistyped("fields")
    except PeerError as error:
        # A person pasted this: cut off, wrapped by a mail program, or from something else entirely.
        raise _mistyped(error.detail) from None


def _digest(value: bytes) -> Digest:
    try:
        return Digest(value)
    except PeerError:
        raise _mistyped("hash") from None


def _mistyped(why: str) -> PeerError:
    return PeerError(Code.MISTYPED, f"CK-268 not a whole link: {why}")
