"""Identity keys of accounts, and signatures under a label (docs/protocol/identity.md).

An *account* has an Ed25519 identity key. It signs the *device list* (`device_list.py`), which a
device carries in its credential (`credential.py`).
"""

from __future__ import annotations

from typing import Final

from visavis.core.errors import Code, PeerError, UsageError
from visavis.core.ids import Digest, IdentityKey, Rng, Signature
from visavis.core.mls.signature import EdDsa

_ED25519: Final = EdDsa(32)
_HASH_LABEL: Final = b"visavis identity v1\0"


def generate_identity_key(rng: Rng) -> bytes:
    """Make an account identity key: 32 private bytes (RFC 8032, 5.1.5)."""
    return rng(32)


def identity_public_key(private: bytes) -> IdentityKey:
    """Return the public half of an identity key."""
    return IdentityKey(_ED25519.public_key(_checked_private(private)))


def identity_hash(identity_key: IdentityKey) -> Digest:
    """Return what an invite carries to pin the inviter's identity: SHA-256 with a label."""
    return Digest.sha256(_HASH_LABEL + identity_key)


def sign(private: bytes, label: bytes, message: bytes) -> Signature:
    """Sign with an Ed25519 key of ours, under a label.

    Device keys sign here and in MLS. The two never meet: what MLS signs starts with a length and
    "MLS 1.0 " (RFC 9420, 5.1.2), and read as that length our "vi" says 13,929 bytes of label.

    Args:
        private: 32 bytes.
        label: Starts with `visavis ` and ends with a zero byte.
        message: What is signed.

    Raises:
        UsageError: The label has not that form.
    """
    signed = _checked_label(label) + message
    return Signature(_ED25519.sign(_checked_private(private), signed))


def verify(public: bytes, label: bytes, message: bytes, signature: bytes) -> None:
    """Check a signature of `sign`.

    Raises:
        PeerError: `BAD_SIGNATURE`.
        UsageError: The label has not the form that `sign` asks for.
    """
    signed = _checked_label(label) + message
    try:
        _ED25519.verify(bytes(public), signed, bytes(signature))
    except PeerError:
        raise PeerError(Code.BAD_SIGNATURE, "a signature does not verify") from None


def _checked_private(private: bytes) -> bytes:
    if len(private) != 32:
        raise UsageError("an Ed25519 private key has 32 bytes")
    return bytes(private)


def _checked_label(label: bytes) -> bytes:
    if not label.startswith(b"visavis ") or label.find(b"\0") != len(label) - 1:
        raise UsageError("a signature label starts with 'visavis ' and ends with its one zero byte")
    return label
