"""An authenticator in software: real keys, real signatures, and WebAuthn's PRF (Level 3).

It answers as a browser would on a page of `origin`, for passkeys of `rp_id`; a test that wants a
liar changes one of its parts.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import encode_cbor

from visavis.core import base64url
from visavis.core.passkey import PRF_SALT

ORIGIN: Final = "http://localhost:8420"
RP_ID: Final = "localhost"

PRESENT: Final = 0x01
VERIFIED: Final = 0x04
ATTESTED: Final = 0x40


@dataclass
class Authenticator:
    """One passkey, and the browser around it.

    Args:
        origin: Of the page that asks.
        rp_id: As the authenticator knows the server.
        flags: User present, user verified.
        counter: The signature counter in its answers.
    """

    origin: str = ORIGIN
    rp_id: str = RP_ID
    flags: int = PRESENT | VERIFIED
    counter: int = 0
    framed: bool = False
    credential_id: bytes = field(default_factory=lambda: os.urandom(32))
    user_handle: bytes = b""
    _key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    _prf_key: bytes = field(default_factory=lambda: os.urandom(32))

    def prf(self) -> bytes:
        """Return what the page is given: never sent to a server."""
        salt = hashlib.sha256(b"WebAuthn PRF\0" + PRF_SALT).digest()
        return hmac.digest(self._prf_key, salt, "sha256")

    def create(self, challenge: bytes, user_handle: bytes, root_wrap: bytes) -> dict[str, str]:
        """Answer `navigator.credentials.create()`: the body of a CreatedPasskey."""
        self.user_handle = user_handle
        numbers = self._key.public_key().public_numbers()
        x, y = (value.to_bytes(32, "big") for value in (numbers.x, numbers.y))
        cose = encode_cbor({1: 2, 3: -7, -1: 1, -2: x, -3: y})
        attested = bytes(16) + len(self.credential_id).to_bytes(2, "big") + self.credential_id
        data = self._data(ATTESTED) + attested + cose
        return _text(
            credential_id=self.credential_id,
            client_data=self._client_data("webauthn.create", challenge),
            attestation_object=encode_cbor({"fmt": "none", "attStmt": {}, "authData": data}),
            root_wrap=root_wrap,
        )

    def get(self, challenge: bytes, kind: str = "webauthn.get") -> dict[str, str]:
        """Answer `navigator.credentials.get()`: the body of a PasskeyLoginFinish, sessionless."""
        client_data, data = self._client_data(kind, challenge), self._data(0)
        signed = data + hashlib.sha256(client_data).digest()
        return _text(
            credential_id=self.credential_id,
            client_data=client_data,
            authenticator_data=data,
            signature=self._key.sign(signed, ec.ECDSA(SHA256())),
            user_handle=self.user_handle,
        )

    def _client_data(self, kind: str, challenge: bytes) -> bytes:
        said: dict[str, Any] = {
            "type": kind,
            "challenge": base64url.encode(challenge),
            "origin": self.origin,
            "crossOrigin": self.framed,
        }
        return json.dumps(said, separators=(",", ":")).encode()

    def _data(self, more: int) -> bytes:
        rp_hash = hashlib.sha256(self.rp_id.encode()).digest()
        return rp_hash + bytes([self.flags | more]) + self.counter.to_bytes(4, "big")


def _text(**parts: bytes) -> dict[str, str]:
    return {name: base64url.encode(value) for name, value in parts.items()}
