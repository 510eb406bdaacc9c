"""Keys at rest: one key wrapped by another, for one purpose only (protocol.md P3, P4).

    wrapping key = HKDF-SHA-384(secret, info = "visavis keywrap v1" || purpose)
    wrapped      = nonce(12) || AES-256-GCM(wrapping key, AAD = purpose and context, payload)

The purpose is in the derivation and in the associated data: a server that stores several wrapped
keys of one account cannot pass one off as another, nor one account's as another's (CK-257).

Not for: deriving keys from passwords. The secret must already be strong (an OPAQUE export key, the
root key, a recovery code's wrap key, the output of Argon2id).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from visavis.core import cbor
from visavis.core.errors import AuthorizationError, Code, UsageError
from visavis.core.ids import Rng

NONCE_BYTES: Final = 12
OVERHEAD: Final = NONCE_BYTES + 16
MIN_SECRET_BYTES: Final = 32
"""A shorter wrapping secret is a mistake of ours: 256 bits everywhere."""

_LABEL: Final = b"visavis keywrap v1 "


class Purpose(StrEnum):
    """What a wrapped payload is, and by what it is wrapped."""

    ROOT_BY_PASSWORD = "root by password"  # noqa: S105 -- a label; the OPAQUE export key wraps
    ROOT_BY_RECOVERY = "root by recovery"
    ROOT_BY_PASSKEY = "root by passkey"
    ACCOUNT_BY_ROOT = "account by root"
    VAULT_ITEM = "vault item"
    STORE_BY_PASSWORD = "store by password"  # noqa: S105 -- a label; Argon2id's output wraps
    STORE_VALUE = "store value"
    MOVE_FILE = "move file"


def derive_key(secret: bytes, purpose: Purpose) -> bytes:
    """Derive the 32-byte wrapping key for one purpose (RFC 5869).

    Args:
        secret: At least 32 bytes of full strength.
        purpose: What will be wrapped.

    Raises:
        UsageError: The secret is too short.
    """
    if len(secret) < MIN_SECRET_BYTES:
        raise UsageError("a wrapping secret has 32 bytes at least")
    info = _LABEL + purpose.encode()
    return HKDF(hashes.SHA384(), length=32, salt=None, info=info).derive(secret)


def wrap(
    purpose: Purpose, secret: bytes, payload: bytes, rng: Rng, *, context: bytes = b""
) -> bytes:
    """Wrap a payload under a secret.

    Args:
        purpose: What the payload is; must be given again to unwrap.
        secret: At least 32 bytes of full strength.
        payload: Any bytes.
        rng: For the nonce.
        context: Anything else it must stay with: an account id, a table and row.

    Returns:
        `len(payload) + OVERHEAD` bytes.

    Raises:
        UsageError: The secret is too short.
    """
    nonce = rng(NONCE_BYTES)
    cipher = AESGCM(derive_key(secret, purpose))
    return nonce + cipher.encrypt(nonce, payload, _associated_data(purpose, context))


def unwrap(purpose: Purpose, secret: bytes, wrapped: bytes, *, context: bytes = b"") -> bytes:
    """Return the payload.

    Raises:
        AuthorizationError: `LOGIN_FAILED`. Wrong secret, wrong purpose, wrong context and damage
            are one answer (CK-257).
        UsageError: The secret is too short.
    """
    nonce, ciphertext = wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:]
    cipher = AESGCM(derive_key(secret, purpose))
    if len(wrapped) >= OVERHEAD:
        try:
            return cipher.decrypt(nonce, ciphertext, _associated_data(purpose, context))
        except InvalidTag:
            pass
    raise AuthorizationError(Code.LOGIN_FAILED, "CK-257 a wrapped key does not open")


def _associated_data(purpose: Purpose, context: bytes) -> bytes:
    return cbor.encode(["visavis keywrap v1", purpose.value, context])
