"""Safety number: what two people compare to know that nobody sits between them (R-23).

Over both accounts' ids and identity keys, the same on both sides: 60 digits in twelve groups, each
side's half of 30 computed apart and the halves put in order.

    h(0)   = SHA-512(label || identity key || account id)
    h(n)   = SHA-512(h(n-1) || identity key)                   ROUNDS times
    half   = six numbers of five digits, each five bytes of h modulo 100,000

Odds: somebody in the middle needs an identity key of their own whose half is the victim's: 10**30
keys to try (99.7 bits), each `ROUNDS` hashes of work (12.3 bits more): 112 bits. Comparing only the
first n groups of a half leaves 10**(5n). The QR payload holds both hashes in full, 256 bits each:

    payload = "VVSN" || 1 || 32 bytes of the shower's h || 32 bytes of the other's
    text    = "visavis-number:" || base64url(payload)         what the QR code says
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Final

from visavis.core import base64url
from visavis.core.errors import Code, PeerError
from visavis.core.ids import AccountId, IdentityKey

ROUNDS: Final = 5200
"""Hashes per half. Higher makes each try of an attacker dearer, and showing the number slower (3 ms
a half where this was written)."""

_LABEL: Final = b"visavis safety number v1\0"
_QR_MAGIC: Final = b"VVSN\x01"
_SCHEME: Final = "visavis-number:"
_HASH_BYTES: Final = 32
_GROUPS_PER_HALF: Final = 6


@dataclass(frozen=True, slots=True)
class Party:
    """One of the two accounts.

    Args:
        account_id: 16 bytes.
        identity_key: The account identity key (public).
    """

    account_id: AccountId
    identity_key: IdentityKey


@dataclass(frozen=True, slots=True)
class SafetyNumber:
    """The safety number of two accounts as one of them shows it.

    Args:
        groups: Twelve groups of five digits; the same on both sides.
        qr: Bytes for a QR code; read by the other side with `check_qr`.
    """

    groups: tuple[str, ...]
    qr: bytes = field(repr=False)

    @property
    def digits(self) -> str:
        """The 60 digits without spaces."""
        return "".join(self.groups)

    @property
    def text(self) -> str:
        """What the QR code says; read by the other side with `check_text`."""
        return _SCHEME + base64url.encode(self.qr)


def safety_number(own: Party, contact: Party) -> SafetyNumber:
    """Compute the safety number between our account and a contact's.

    Args:
        own: Our account.
        contact: Theirs, as pinned.
    """
    own_hash, contact_hash = _fingerprint(own), _fingerprint(contact)
    halves = sorted((_half(own_hash), _half(contact_hash)))
    qr = _QR_MAGIC + own_hash[:_HASH_BYTES] + contact_hash[:_HASH_BYTES]
    return SafetyNumber((*halves[0], *halves[1]), qr)


def half_of(party: Party) -> tuple[str, ...]:
    """Return an account's half of every safety number that it is in: six groups of five digits."""
    return _half(_fingerprint(party))


def check_qr(own: Party, contact: Party, scanned: bytes) -> None:
    """Compare a QR code on the contact's screen with what we hold.

    Args:
        own: Our account.
        contact: Theirs, as pinned.
        scanned: The payload of the code.

    Raises:
        PeerError: `MALFORMED`, not a safety number's code; `IDENTITY_CHANGED`, it is one and does
            not match (CK-278): somebody may sit between the two, or it is another contact's.
    """
    expected = _QR_MAGIC + _fingerprint(contact)[:_HASH_BYTES] + _fingerprint(own)[:_HASH_BYTES]
    if not scanned.startswith(_QR_MAGIC) or len(scanned) != len(expected):
        raise PeerError(Code.MALFORMED, "not a safety number's QR code")
    if not hmac.compare_digest(scanned, expected):
        raise PeerError(Code.IDENTITY_CHANGED, "CK-278 safety numbers differ")


def check_text(own: Party, contact: Party, text: str) -> None:
    """Compare what a QR code on the contact's screen says with what we hold.

    Args:
        own: Our account.
        contact: Theirs, as pinned.
        text: `SafetyNumber.text` of theirs, scanned or pasted.

    Raises:
        PeerError: As `check_qr`.
    """
    said = text.strip()
    if not said.startswith(_SCHEME):
        raise PeerError(Code.MALFORMED, "not a safety number's text")
    check_qr(own, contact, base64url.decode(said.removeprefix(_SCHEME)))


def _fingerprint(party: Party) -> bytes:
    digest = hashlib.sha512(_LABEL + party.identity_key + party.account_id).digest()
    for _ in range(ROUNDS):
        digest = hashlib.sha512(digest + party.identity_key).digest()
    return digest


def _half(fingerprint: bytes) -> tuple[str, ...]:
    chunks = (fingerprint[5 * i : 5 * i + 5] for i in range(_GROUPS_PER_HALF))
    return tuple(f"{int.from_bytes(chunk, 'big') % 100_000:05d}" for chunk in chunks)
