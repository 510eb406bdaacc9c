"""One push message: encrypted for the browser (RFC 8291), signed by this server (RFC 8292).

There is one message, for everybody and every call: the word in `RING`. It names nobody, because it
is about nobody in particular, and its encryption has one length. The push service cannot read it;
even if it could, it would learn that it is the only message there is (R-15).

Our own and not a package: it is one record of one size, written once, and nothing here decrypts
(docs/adr/0015-web-push.md). Pure: keys, salt and time are arguments.
"""

from __future__ import annotations

import json
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from visavis.core import base64url
from visavis.core.errors import Code, PeerError

RING: Final = b"ring"
"""What every push says."""

TTL_S: Final = 45
"""Seconds a push service may keep a push for a browser that is away: as long as a call rings."""

TOKEN_LIFETIME_S: Final = 12 * 3600
"""How long a VAPID token is good; RFC 8292 allows 24 hours. Shorter breaks on wrong clocks."""

PUBLIC_KEY_BYTES: Final = 65
AUTH_BYTES: Final = 16
SALT_BYTES: Final = 16
RECORD_SIZE: Final = 4096
_LAST_RECORD: Final = b"\x02"

MESSAGE_BYTES: Final = SALT_BYTES + 4 + 1 + PUBLIC_KEY_BYTES + len(RING) + 1 + 16
"""Bytes of every push message."""


def public_bytes(key: ec.EllipticCurvePublicKey) -> bytes:
    """Return a P-256 public key as 65 bytes (SEC 1, 2.3.3: uncompressed)."""
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def check_public_key(data: bytes) -> ec.EllipticCurvePublicKey:
    """Return the key of 65 bytes.

    Raises:
        PeerError: MALFORMED: CK-531: no point on the curve.
    """
    try:
        if len(data) == PUBLIC_KEY_BYTES:
            return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), data)
    except ValueError:
        pass
    raise PeerError(Code.MALFORMED, "CK-531: no P-256 public key")


def encrypt(
    plaintext: bytes,
    receiver: bytes,
    auth: bytes,
    sender: ec.EllipticCurvePrivateKey,
    salt: bytes,
) -> bytes:
    """Return a message in one aes128gcm record (RFC 8291, 3.4; RFC 8188, 2).

    Args:
        plaintext: At most 3,993 bytes.
        receiver: The subscription's `p256dh`, 65 bytes.
        auth: The subscription's `auth`, 16 bytes.
        sender: A key made for this message only.
        salt: 16 random bytes.

    Raises:
        PeerError: MALFORMED: CK-531.
    """
    shared = sender.exchange(ec.ECDH(), check_public_key(receiver))
    own = public_bytes(sender.public_key())
    secret = _hkdf(shared, auth, b"WebPush: info\0" + receiver + own, 32)
    key = _hkdf(secret, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _hkdf(secret, salt, b"Content-Encoding: nonce\0", 12)
    header = salt + RECORD_SIZE.to_bytes(4, "big") + bytes([len(own)]) + own
    return header + AESGCM(key).encrypt(nonce, plaintext + _LAST_RECORD, None)


def ring_message(receiver: bytes, auth: bytes, salt: bytes) -> bytes:
    """Return the one message, encrypted anew: `MESSAGE_BYTES` bytes; see `encrypt`."""
    return encrypt(RING, receiver, auth, ec.generate_private_key(ec.SECP256R1()), salt)


def vapid_header(
    audience: str, now: float, contact: str | None, key: ec.EllipticCurvePrivateKey
) -> str:
    """Return the Authorization header that says which server asks (RFC 8292, 3).

    Args:
        audience: Origin of the push service.
        now: Unix seconds. The token's end is rounded to the hour: it needs no finer time.
        contact: `mailto:` or `https:` URL under which the operator is reached, or None.
        key: The server's VAPID key.
    """
    expires = int(now // 3600) * 3600 + TOKEN_LIFETIME_S
    claims: dict[str, str | int] = {"aud": audience, "exp": expires}
    if contact is not None:
        claims["sub"] = contact
    signed = f"{_json({'typ': 'JWT', 'alg': 'ES256'})}.{_json(claims)}"
    r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(SHA256())))
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    own = base64url.encode(public_bytes(key.public_key()))
    return f"vapid t={signed}.{base64url.encode(signature)}, k={own}"


def headers(authorization: str) -> dict[str, str]:
    """Return the headers of a push (RFC 8030, 5): the same for everybody, and no Topic."""
    return {
        "Authorization": authorization,
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(TTL_S),
        "Urgency": "high",
    }


def _hkdf(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=info).derive(secret)


def _json(value: object) -> str:
    return base64url.encode(json.dumps(value, separators=(",", ":")).encode())
