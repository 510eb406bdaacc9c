"""Envelopes: content sealed afresh for one mailbox, in four sizes (docs/protocol/envelope.md).

    envelope = nonce(12) || AES-256-GCM(seal key, nonce, AAD = mailbox id, padded content)
    padded   = content || 0x80 || 0x00 ...                        (ISO/IEC 7816-4)

An envelope is exactly 1, 8, 64 or 256 KiB, seal included. A server that holds two envelopes with
the same content for two mailboxes sees unrelated bytes. Content larger than fits is not split here:
it goes as an encrypted blob, by reference.

Not for: naming the sender. Who sealed it is told by the key that opens it, and proven by the MLS
message inside.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from visavis.core.errors import Code, PeerError, UsageError
from visavis.core.ids import MailboxId, Rng

BUCKETS: Final = (1024, 8192, 65536, 262144)
"""Sizes of an envelope in bytes. More buckets waste less and tell an observer more."""

NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
OVERHEAD: Final = NONCE_BYTES + TAG_BYTES + 1
"""Seal and the one byte of padding that is always there."""

MAX_CONTENT: Final = BUCKETS[-1] - OVERHEAD
"""Bytes of content in the largest envelope."""

MAX_SEAL_KEYS: Final = 1024
"""Seal keys tried for one envelope. Higher serves more contacts per device; each costs one
decryption (about 0.1 ms for the largest envelope) for everything that arrives."""

_PAD: Final = b"\x80"

Name = TypeVar("Name")


@dataclass(frozen=True, slots=True)
class Opened(Generic[Name]):
    """What was inside an envelope, and the name of the key that opened it.

    Args:
        name: The caller's name for the seal key: which contact, or which invite.
        content: The plaintext without padding.
    """

    name: Name
    content: bytes = field(repr=False)


def seal(mailbox: MailboxId, seal_key: bytes, content: bytes, rng: Rng) -> bytes:
    """Seal content for one mailbox.

    Args:
        mailbox: Where it goes; authenticated, so that it opens in no other mailbox.
        seal_key: 32 bytes from the contact address.
        content: At most `MAX_CONTENT` bytes.
        rng: For the nonce. Random nonces of 96 bits hold for 2**32 envelopes per key.

    Returns:
        Exactly one of `BUCKETS` bytes, the smallest that fits.

    Raises:
        PeerError: `TOO_LARGE`.
    """
    return seal_bytes(seal_key, mailbox, content, rng)


def seal_bytes(key: bytes, associated_data: bytes, content: bytes, rng: Rng) -> bytes:
    """Seal and pad content as `seal` does, bound to any associated data (sequencer commits, blobs).

    Raises:
        PeerError: `TOO_LARGE`.
    """
    return seal_to_size(key, associated_data, content, bucket_for(len(content)), rng)


def seal_to_size(key: bytes, associated_data: bytes, content: bytes, size: int, rng: Rng) -> bytes:
    """Seal content and pad it, so that the whole has `size` bytes: `OVERHEAD` more, or longer."""
    padded = pad(content, size - NONCE_BYTES - TAG_BYTES)
    nonce = rng(NONCE_BYTES)
    return nonce + AESGCM(_key(key)).encrypt(nonce, padded, associated_data)


def bucket_for(content_bytes: int) -> int:
    """Return the size of the envelope that will hold so many bytes of content.

    Raises:
        PeerError: `TOO_LARGE`.
    """
    for size in BUCKETS:
        if content_bytes + OVERHEAD <= size:
            return size
    raise PeerError(Code.TOO_LARGE, "content beyond the largest envelope")


def open_envelope(
    mailbox: MailboxId, seal_keys: Mapping[Name, bytes], envelope: bytes
) -> Opened[Name]:
    """Open an envelope with whichever of our seal keys fits.

    Every key is tried, also after one fitted: the time taken tells how many keys there are and
    how large the envelope is, not which contact sent it, nor whether any did (CK-255).

    Args:
        mailbox: The mailbox it was taken from.
        seal_keys: Our name for each key we have given out -> 32 bytes; at most `MAX_SEAL_KEYS`.
        envelope: As it arrived.

    Raises:
        PeerError: `MALFORMED` for a size that is no bucket (CK-253); `DECRYPTION` if no key fits,
            if two do, or if the padding is wrong: one answer for all three.
        UsageError: More than `MAX_SEAL_KEYS` keys.
    """
    # CK-253: sizes between the buckets would let a sender mark envelopes for an observer.
    if len(envelope) not in BUCKETS:
        raise PeerError(Code.MALFORMED, "CK-253 envelope size is no bucket")
    if len(seal_keys) > MAX_SEAL_KEYS:
        raise UsageError("too many seal keys for one mailbox")
    found: list[Opened[Name]] = []
    for name, key in seal_keys.items():
        padded = _decrypt(key, mailbox, envelope)
        if padded is not None:
            found.append(Opened(name, padded))
    # CK-254: AES-GCM does not commit to its key, so somebody who holds two of our addresses can
    # make one envelope that opens under both keys. Which contact it counts for must not be theirs
    # to blur.
    if len(found) != 1:
        raise PeerError(Code.DECRYPTION, "CK-254 no seal key fits, or more than one")
    return Opened(found[0].name, unpad(found[0].content))


def open_bytes(key: bytes, associated_data: bytes, sealed: bytes) -> bytes:
    """Open what `seal_bytes` made.

    Raises:
        PeerError: `MALFORMED` for a size that is no bucket (CK-253), else `DECRYPTION`.
    """
    if len(sealed) not in BUCKETS:
        raise PeerError(Code.MALFORMED, "CK-253 sealed size is no bucket")
    return open_any_size(key, associated_data, sealed, "CK-254 the key does not fit")


def open_any_size(key: bytes, associated_data: bytes, sealed: bytes, refusal: str) -> bytes:
    """Open what `seal_to_size` made; which sizes there are its callers know.

    Raises:
        PeerError: `DECRYPTION`, with `refusal` as its detail if the key does not fit.
    """
    padded = _decrypt(key, associated_data, sealed)
    if padded is None:
        raise PeerError(Code.DECRYPTION, refusal)
    return unpad(padded)


def _decrypt(key: bytes, associated_data: bytes, sealed: bytes) -> bytes | None:
    try:
        return AESGCM(_key(key)).decrypt(
            sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], associated_data
        )
    except InvalidTag:
        return None


def pad(content: bytes, size: int) -> bytes:
    """Pad content to `size` bytes, which leave room for one more than it has."""
    return (content + _PAD).ljust(size, b"\0")


def unpad(padded: bytes) -> bytes:
    """Take the padding off what was decrypted.

    Raises:
        PeerError: `DECRYPTION` (CK-256), as for a key that does not fit.
    """
    # CK-256: only a holder of the key gets here, so this is no padding oracle; it stops content
    # whose end would be read differently by two decoders.
    content = padded.rstrip(b"\0")
    if not content.endswith(_PAD):
        raise PeerError(Code.DECRYPTION, "CK-256 padding")
    return content[:-1]


def _key(key: bytes) -> bytes:
    if len(key) != 32:
        raise UsageError("seal keys have 32 bytes")
    return bytes(key)
