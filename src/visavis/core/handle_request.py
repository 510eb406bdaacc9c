"""Contact requests by exact handle: sealed to a public key, and paid for (protocol.md P2).

    envelope = encapsulation(1120) || HPKE ciphertext            one of the four sizes
    sealed   = HPKE (RFC 9180, base mode, single shot), X-Wing, HKDF-SHA-384, AES-256-GCM,
               info = label || mailbox id, of the padded paid content
    paid     = work(8) || content

A look-up answers for every handle alike, so an asker does the same for a person and for a decoy:
seals as many bytes and works as long. The work is inside the seal: outside it would show in a
stolen mailbox which envelope is a request.

Not for: proving whose sealing key it is. The server that answered the look-up could have put its
own there; only comparing safety numbers shows it.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Self, TypeAlias

from visavis.core import work
from visavis.core.address import ContactAddress, check_origin
from visavis.core.envelope import BUCKETS, TAG_BYTES, pad, unpad
from visavis.core.errors import Code, PeerError
from visavis.core.ids import Capability, MailboxId, Rng
from visavis.core.mls.suite import SUITE_ID, suite_of

MAX_WORK_BITS: Final = 24
"""Highest level done for a server that asks for it (CK-292): about half a minute."""

SEALING_KEY_BYTES: Final = 1_216
SEED_BYTES: Final = 32
ENCAPSULATION_BYTES: Final = 1_120

_INFO: Final = b"visavis handle request v1\0"
_WORK: Final = b"visavis handle work v1\0"


@dataclass(frozen=True, slots=True, repr=False)
class HandleAddress:
    """Where requests to a handle go, as a look-up gave it; perhaps a decoy.

    Args:
        origin: The server's origin.
        mailbox: A device's mailbox.
        capability: One that anybody who knows the handle has.
        sealing_key: X-Wing public key, 1,216 bytes.
    """

    origin: str
    mailbox: MailboxId
    capability: Capability
    sealing_key: bytes

    def to_cbor(self) -> dict[str, object]:
        """Return the form for our own store; it never travels."""
        return {"o": self.origin, "m": self.mailbox, "c": self.capability, "x": self.sealing_key}

    @classmethod
    def from_cbor(cls, value: object) -> Self:
        """Read the map of `to_cbor`, strictly.

        Raises:
            PeerError: `MALFORMED`.
        """
        match value:
            case {"o": str(origin), "m": bytes(m), "c": bytes(c), "x": bytes(x), **rest} if (
                not rest and len(x) == SEALING_KEY_BYTES
            ):
                return cls(check_origin(origin), MailboxId(m), Capability(c), x)
            case _:
                raise PeerError(Code.MALFORMED, "not an address of a handle")

    @property
    def destination(self) -> bytes:
        """What a request there is signed for; see `handle_destination`."""
        return handle_destination(self.mailbox, self.sealing_key)

    def require_server(self, own_origin: str) -> Self:
        """Return self if it lies on our own server (CK-252); raises as `ContactAddress` does."""
        if self.origin != own_origin:
            raise PeerError(Code.REFUSED, "CK-252 address on another server")
        return self


AnyAddress: TypeAlias = ContactAddress | HandleAddress


def any_address(value: object) -> AnyAddress:
    """Read the map of either kind of address.

    Raises:
        PeerError: `MALFORMED`.
    """
    if isinstance(value, dict) and "x" in value:
        return HandleAddress.from_cbor(value)
    return ContactAddress.from_cbor(value)


def handle_destination(mailbox: MailboxId, sealing_key: bytes) -> bytes:
    """Return what a request by handle is signed for (CK-273): mailbox and sealing key.

    The key too: a server that shows its own key with the right mailbox can open the request, but
    cannot pass the signed request on to the person who was meant, and read the answer.
    """
    return mailbox + sha256(sealing_key).digest()


def sealing_key_of(seed: bytes) -> bytes:
    """Return the X-Wing public key of a 32-byte seed."""
    return suite_of(SUITE_ID).hpke.kem.public_key(seed)


def pay(address: HandleAddress, content: bytes, bits: int) -> bytes:
    """Do the work for one content and one address; slow, about 2**bits hashes.

    Args:
        address: Whom it is for.
        content: A signed `ContactRequest`, encoded.
        bits: What the look-up asked for.

    Returns:
        What `seal_request` takes.

    Raises:
        UsageError: More bits than anyone should work for (CK-292 refuses such an answer).
    """
    return work.solve(_challenge(address.mailbox, address.sealing_key, content), bits) + content


def seal_request(address: HandleAddress, paid: bytes, rng: Rng) -> bytes:
    """Seal a paid request afresh.

    Returns:
        Exactly one of `BUCKETS` bytes.

    Raises:
        PeerError: `TOO_LARGE`; `MALFORMED` for a sealing key that is none (CK-011, CK-012).
    """
    for size in BUCKETS:
        room = size - ENCAPSULATION_BYTES - TAG_BYTES
        if len(paid) < room:
            hpke = suite_of(SUITE_ID).hpke
            info = _INFO + address.mailbox
            encapsulation, sealed = hpke.seal(address.sealing_key, info, pad(paid, room), rng)
            return encapsulation + sealed
    raise PeerError(Code.TOO_LARGE, "a request beyond the largest envelope")


def open_request(mailbox: MailboxId, seed: bytes, envelope: bytes) -> bytes:
    """Open a request that came by our handle, and check that it was paid for.

    Args:
        mailbox: Our mailbox that it was taken from.
        seed: The private sealing key.
        envelope: As it arrived.

    Returns:
        The content.

    Raises:
        PeerError: `DECRYPTION`, it is not sealed to this key for this mailbox (CK-290), so that a
            request to somebody else cannot be passed on to us; `REFUSED` (CK-288), the work was
            not done for this content, mailbox and key. Without it a stranger could fill anybody's
            queue for nothing, and one piece of work would open every handle.
    """
    sealed = envelope[:ENCAPSULATION_BYTES], envelope[ENCAPSULATION_BYTES:]
    try:
        padded = suite_of(SUITE_ID).hpke.open(seed, sealed[0], _INFO + mailbox, sealed[1])
    except PeerError:
        raise PeerError(Code.DECRYPTION, "CK-290 not sealed to our handle") from None
    paid = unpad(padded)
    nonce, content = paid[: work.NONCE_BYTES], paid[work.NONCE_BYTES :]
    challenge = _challenge(mailbox, sealing_key_of(seed), content)
    if not work.check(challenge, nonce, work.REQUEST_BITS):
        raise PeerError(Code.REFUSED, "CK-288 a request by handle without its work")
    return content


def _challenge(mailbox: MailboxId, sealing_key: bytes, content: bytes) -> bytes:
    # Hashed to one length, so that a try costs the same whatever the request holds.
    return sha256(_WORK + handle_destination(mailbox, sealing_key) + content).digest()
