"""The account root under a passkey (WebAuthn Level 3, 10.1.4: the PRF extension).

    key  = PRF(passkey, "visavis passkey root v1"), 32 bytes, made inside the authenticator
    wrap = keywrap "root by passkey" of CBOR {v: 1, root, handle} || 0x80 || zeros, 128 bytes before

The salt is a constant, so that one passkey gives one key; the browser hashes it with a label of its
own and the authenticator keeps PRFs of other sites apart. The handle is in there because the server
does not store it, and a new browser that signs in with a passkey has to know it. It is the
handle of the day on which the passkey was made; one that the keystore names stands instead
(CK-767).

Not for: the ceremony with the authenticator. Only browsers hold that (`web/client/passkeys.ts`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from visavis.core import cbor
from visavis.core.errors import AuthorizationError, Code, UsageError
from visavis.core.handle import is_handle
from visavis.core.ids import AccountId, Rng
from visavis.core.keywrap import OVERHEAD, Purpose, unwrap, wrap

PRF_SALT: Final = b"visavis passkey root v1"
PRF_BYTES: Final = 32
ROOT_BYTES: Final = 32
PADDED: Final = 128
"""Bytes before wrapping, whatever the handle's length."""

ROOT_WRAP_BYTES: Final = PADDED + OVERHEAD
_PAD: Final = b"\x80"


@dataclass(frozen=True, slots=True)
class PasskeyRoot:
    """What a passkey opens.

    Args:
        root: The account root, 32 bytes.
        handle: The account's handle.
    """

    root: bytes = field(repr=False)
    handle: str


def wrap_root(prf: bytes, account: AccountId, opened: PasskeyRoot, rng: Rng) -> bytes:
    """Wrap the account root under a passkey's key.

    Args:
        prf: 32 bytes from the authenticator.
        account: Whose; the wrap opens for no other.
        opened: Root and handle.
        rng: For the nonce.

    Returns:
        `ROOT_WRAP_BYTES` bytes.

    Raises:
        UsageError: A length is wrong, or the handle is none.
    """
    if len(prf) != PRF_BYTES or len(opened.root) != ROOT_BYTES or not is_handle(opened.handle):
        raise UsageError("a passkey wraps a root and a handle under 32 bytes")
    body = cbor.encode({"v": 1, "root": opened.root, "handle": opened.handle})
    padded = (body + _PAD).ljust(PADDED, b"\0")
    return wrap(Purpose.ROOT_BY_PASSKEY, prf, padded, rng, context=bytes(account))


def open_root(prf: bytes, account: AccountId, wrapped: bytes) -> PasskeyRoot:
    """Unwrap the account root.

    Args:
        prf: 32 bytes from the authenticator.
        account: Whose.
        wrapped: From the server.

    Raises:
        AuthorizationError: LOGIN_FAILED (CK-446), it is not the wrap of this passkey and account,
            or not whole.
        UsageError: `prf` is too short.
    """
    padded = unwrap(Purpose.ROOT_BY_PASSKEY, prf, wrapped, context=bytes(account))
    match cbor.decode_versioned(padded.rstrip(b"\0").removesuffix(_PAD)):
        case {"root": bytes(root), "handle": str(handle), **rest} if (
            len(root) == ROOT_BYTES and is_handle(handle) and not rest
        ):
            return PasskeyRoot(root, handle)
        case _:
            raise AuthorizationError(Code.LOGIN_FAILED, "CK-446: the passkey's wrap is not whole")
