"""Ciphersuites and MLS' labelled functions (RFC 9420, 5 and 8).

The product negotiates `SUITE_ID` only: X-Wing (ML-KEM-768 + X25519), AES-256-GCM, SHA-384,
Ed25519, under a private-use number because no post-quantum suite is registered. Suites 1 to 7 of
the RFC exist for its official vectors and for interop tests.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives import hashes

from visavis.core.mls import codec
from visavis.core.mls.checks import ensure
from visavis.core.mls.curves import P256, P384, P521, X448, X25519
from visavis.core.mls.hpke import AES128, AES256, CHACHA, Aead, Hpke
from visavis.core.mls.kdf import SHA256, SHA384, SHA512, Kdf
from visavis.core.mls.kem import DhKem, Kem, Rng, XWing
from visavis.core.mls.signature import Ecdsa, EdDsa, Signature

SUITE_ID: Final = 0xF04D
"""The only suite the product uses."""


@dataclass(frozen=True, slots=True)
class Suite:
    """One ciphersuite: its parts, and the functions MLS builds from them.

    Attributes:
        suite_id: Number of the suite.
        kem: Key encapsulation.
        kdf: Hash, HMAC and HKDF.
        aead: Authenticated encryption.
        signature: Signatures.
        hpke: The three first together.
    """

    suite_id: int
    kem: Kem
    kdf: Kdf
    aead: Aead
    signature: Signature
    hpke: Hpke

    @property
    def nh(self) -> int:
        """Bytes of a hash and of every secret of the key schedule."""
        return self.kdf.nh

    def expand_with_label(self, secret: bytes, label: bytes, context: bytes, size: int) -> bytes:
        """ExpandWithLabel (RFC 9420, 8)."""
        info = codec.u16(size) + codec.opaque(b"MLS 1.0 " + label) + codec.opaque(context)
        return self.kdf.expand(secret, info, size)

    def derive_secret(self, secret: bytes, label: bytes) -> bytes:
        """DeriveSecret (RFC 9420, 8)."""
        return self.expand_with_label(secret, label, b"", self.nh)

    def derive_tree_secret(self, secret: bytes, label: bytes, generation: int, size: int) -> bytes:
        """DeriveTreeSecret (RFC 9420, 9.1)."""
        return self.expand_with_label(secret, label, codec.u32(generation), size)

    def ref_hash(self, label: bytes, value: bytes) -> bytes:
        """RefHash (RFC 9420, 5.2)."""
        return self.kdf.hash(codec.opaque(label) + codec.opaque(value))

    def sign_with_label(self, private: bytes, label: bytes, content: bytes) -> bytes:
        """SignWithLabel (RFC 9420, 5.1.2)."""
        return self.signature.sign(private, self._labelled(label, content))

    def verify_with_label(
        self, public: bytes, label: bytes, content: bytes, signature: bytes
    ) -> None:
        """VerifyWithLabel (RFC 9420, 5.1.2); raises unless good (CK-014)."""
        self.signature.verify(public, self._labelled(label, content), signature)

    def encrypt_with_label(
        self, public: bytes, label: bytes, context: bytes, plaintext: bytes, rng: Rng
    ) -> tuple[bytes, bytes]:
        """EncryptWithLabel (RFC 9420, 5.1.3); returns (KEM output, ciphertext)."""
        return self.hpke.seal(public, self._labelled(label, context), plaintext, rng)

    def decrypt_with_label(
        self, private: bytes, label: bytes, context: bytes, sealed: tuple[bytes, bytes]
    ) -> bytes:
        """DecryptWithLabel (RFC 9420, 5.1.3) of (KEM output, ciphertext) (CK-015)."""
        return self.hpke.open(private, sealed[0], self._labelled(label, context), sealed[1])

    def verify_mac(self, ck: str, key: bytes, data: bytes, tag: bytes) -> None:
        """Check an HMAC tag in constant time, refusing with `ck`."""
        ensure(ck, hmac.compare_digest(self.kdf.mac(key, data), tag))

    @staticmethod
    def _labelled(label: bytes, content: bytes) -> bytes:
        return codec.opaque(b"MLS 1.0 " + label) + codec.opaque(content)


def _suite(suite_id: int, kem: Kem, kdf: Kdf, aead: Aead, signature: Signature) -> Suite:
    return Suite(suite_id, kem, kdf, aead, signature, Hpke(kem, kdf, aead))


_X25519: Final = DhKem(0x20, SHA256, X25519)
_X448: Final = DhKem(0x21, SHA512, X448)
_P256: Final = DhKem(0x10, SHA256, P256)
_P384: Final = DhKem(0x11, SHA384, P384)
_P521: Final = DhKem(0x12, SHA512, P521)

SUITES: Final[dict[int, Suite]] = {
    suite.suite_id: suite
    for suite in (
        _suite(1, _X25519, SHA256, AES128, EdDsa(32)),
        _suite(2, _P256, SHA256, AES128, Ecdsa(P256, hashes.SHA256())),
        _suite(3, _X25519, SHA256, CHACHA, EdDsa(32)),
        _suite(4, _X448, SHA512, AES256, EdDsa(57)),
        _suite(5, _P521, SHA512, AES256, Ecdsa(P521, hashes.SHA512())),
        _suite(6, _X448, SHA512, CHACHA, EdDsa(57)),
        _suite(7, _P384, SHA384, AES256, Ecdsa(P384, hashes.SHA384())),
        _suite(SUITE_ID, XWing(), SHA384, AES256, EdDsa(32)),
    )
}


def suite_of(suite_id: int) -> Suite:
    """Look a suite up.

    Raises:
        PeerError: It is not one of ours (CK-010).
    """
    ensure("CK-010", suite_id in SUITES)
    return SUITES[suite_id]


def generate_signature_key(suite_id: int, rng: Rng) -> bytes:
    """Make a private signature key for a suite.

    Args:
        suite_id: The suite.
        rng: Source of randomness.

    Returns:
        The private key (32 bytes for `SUITE_ID`).

    Raises:
        PeerError: Unknown suite (CK-010).
    """
    return suite_of(suite_id).signature.generate(rng)


def signature_public_key(suite_id: int, private: bytes) -> bytes:
    """Compute the public key of a private signature key.

    Args:
        suite_id: The suite.
        private: A key from `generate_signature_key`.

    Returns:
        The public key (32 bytes for `SUITE_ID`).

    Raises:
        PeerError: Unknown suite (CK-010) or not a private key of it (CK-016).
    """
    return suite_of(suite_id).signature.public_key(private)
