"""Identifiers and secrets of fixed length that guard their own printing.

Each is `bytes` with a length and a name: it compares, hashes, concatenates and encodes as bytes,
but printing one shows three bytes at most, and printing a secret shows none. So a log line, a
traceback or a `repr` of a whole state cannot carry an identifier out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import ClassVar, Self, TypeAlias

from visavis.core.errors import Code, PeerError

Rng: TypeAlias = Callable[[int], bytes]
"""Source of randomness, an argument everywhere in core: number of bytes -> that many bytes."""


class FixedBytes(bytes):
    """Bytes of one exact length; the base of every identifier and secret.

    Raises:
        PeerError: `MALFORMED`, the length is wrong (on construction).
    """

    __slots__ = ()
    LENGTH: ClassVar[int] = 16
    SHOWN: ClassVar[int] = 3
    """Bytes shown by `repr`: enough to tell two apart in a test, too few to search a log for."""

    def __new__(cls, data: bytes) -> Self:
        """Take exactly `LENGTH` bytes."""
        if len(data) != cls.LENGTH:
            raise PeerError(
                Code.MALFORMED, f"{cls.__name__} has {len(data)} bytes, not {cls.LENGTH}"
            )
        return super().__new__(cls, data)

    @classmethod
    def random(cls, rng: Rng) -> Self:
        """Make a fresh one from `rng`."""
        return cls(rng(cls.LENGTH))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({bytes(self[: self.SHOWN]).hex()}~)"

    __str__ = __repr__


class AccountId(FixedBytes):
    """16 random bytes made by the account's first device; contacts know it, the server does not."""

    __slots__ = ()


class DeviceId(FixedBytes):
    """16 random bytes for one device of an account."""

    __slots__ = ()


class MailboxId(FixedBytes):
    """16 random bytes that name a device's mailbox on its server."""

    __slots__ = ()


class CallId(FixedBytes):
    """16 random bytes for one call; also the call group's id. The lower one stands in a glare."""

    __slots__ = ()


class GroupId(FixedBytes):
    """16 random bytes: the MLS group id of a conversation or self group."""

    __slots__ = ()


class MessageId(FixedBytes):
    """16 random bytes for one message in a conversation, to drop a repeated one."""

    __slots__ = ()


class RequestToken(FixedBytes):
    """16 random bytes that pair a contact request with its answer."""

    __slots__ = ()


class IdentityKey(FixedBytes):
    """An account's public identity key: Ed25519, 32 bytes (RFC 8032)."""

    __slots__ = ()
    LENGTH = 32


class SignatureKey(FixedBytes):
    """A device's public MLS signature key: Ed25519, 32 bytes."""

    __slots__ = ()
    LENGTH = 32


class ConsentKey(FixedBytes):
    """The public key with which a device signs what concerns recording one call: Ed25519."""

    __slots__ = ()
    LENGTH = 32


class Digest(FixedBytes):
    """32 bytes of SHA-256."""

    __slots__ = ()
    LENGTH = 32

    @classmethod
    def sha256(cls, data: bytes | bytearray) -> Self:
        """Return the digest of some bytes (FIPS 180-4)."""
        return cls(hashlib.sha256(data).digest())


class Nonce32(FixedBytes):
    """32 random bytes of a commit-and-reveal exchange."""

    __slots__ = ()
    LENGTH = 32
    SHOWN = 0


class Secret32(FixedBytes):
    """32 secret bytes; printing shows nothing of them."""

    __slots__ = ()
    LENGTH = 32
    SHOWN = 0


class Capability(Secret32):
    """What lets its holder put envelopes into one mailbox; the server keeps only its SHA-256."""

    __slots__ = ()


class SealKey(Secret32):
    """AES-256 key of a contact address; no server ever sees it."""

    __slots__ = ()


class SequencerHandle(Secret32):
    """32 random bytes that name a sequencer; only the group's members know it."""

    __slots__ = ()


class FileKey(Secret32):
    """AES-256 key of one file; it travels only inside the message that names the file."""

    __slots__ = ()


class BlobId(FixedBytes):
    """16 random bytes that name a blob at the server: whoever has them may fetch it."""

    __slots__ = ()


class ShareSlot(FixedBytes):
    """16 random bytes that name where a share of a recording's key lies at the server (P16)."""

    __slots__ = ()


class ShareKey(Secret32):
    """What reads the share in one slot, or what deletes it; the server keeps only its SHA-256."""

    __slots__ = ()


class RoomId(FixedBytes):
    """16 random bytes that name a call room; only the call's members know them."""

    __slots__ = ()


class RoomKey(Secret32):
    """What lets its holder into a call room in one epoch; the server knows its SHA-256 before."""

    __slots__ = ()


class DoorKey(Secret32):
    """Seals what is said at the door of a call room, both ways; it goes with the room's id."""

    __slots__ = ()


class LinkSecret(Secret32):
    """What everybody who has a call link knows, and no server."""

    __slots__ = ()


class LobbyKey(FixedBytes):
    """The public key of a call link's lobby, or of a guest there: X25519, 32 bytes (RFC 7748)."""

    __slots__ = ()
    LENGTH = 32


class FeedId(FixedBytes):
    """16 random bytes that name what one member sends to the SFU."""

    __slots__ = ()


class Signature(FixedBytes):
    """An Ed25519 signature, 64 bytes."""

    __slots__ = ()
    LENGTH = 64
