"""The signature schemes of the suites: Ed25519, Ed448 (RFC 8032) and ECDSA with a P-curve.

Private keys are the 32 or 57 byte seed, or the scalar in the curve's fixed length; public keys are
raw, or the uncompressed point; ECDSA signatures are DER (RFC 9420, 5.1.2). Not called directly:
everything MLS signs goes through `Suite.sign_with_label`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519

from visavis.core.mls.checks import ensure, refusal
from visavis.core.mls.curves import Weierstrass
from visavis.core.mls.kem import Rng
from visavis.core.small_order import is_small_order


class Signature(Protocol):
    """What a suite asks of a signature scheme."""

    def generate(self, rng: Rng) -> bytes:
        """Make a private key."""

    def public_key(self, private: bytes) -> bytes:
        """Compute the public key."""

    def sign(self, private: bytes, message: bytes) -> bytes:
        """Sign."""

    def verify(self, public: bytes, message: bytes, signature: bytes) -> None:
        """Raise unless the signature is good."""


@dataclass(frozen=True, slots=True)
class EdDsa:
    """Ed25519 (`size` 32) or Ed448 (`size` 57)."""

    size: int

    def generate(self, rng: Rng) -> bytes:
        """Make a private key: a seed."""
        return rng(self.size)

    def _load(self, private: bytes) -> ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey:
        ensure("CK-016", len(private) == self.size)
        if self.size == 32:
            return ed25519.Ed25519PrivateKey.from_private_bytes(private)
        return ed448.Ed448PrivateKey.from_private_bytes(private)

    def public_key(self, private: bytes) -> bytes:
        """Compute the public key."""
        return self._load(private).public_key().public_bytes_raw()

    def sign(self, private: bytes, message: bytes) -> bytes:
        """Sign; deterministic."""
        return self._load(private).sign(message)

    def verify(self, public: bytes, message: bytes, signature: bytes) -> None:
        """Raise unless the signature is good (CK-011, CK-014)."""
        ensure("CK-011", len(public) == self.size)
        ensure("CK-014", len(signature) == 2 * self.size)
        # Under a key of small order a signature fits every message; libraries differ about it.
        small = is_small_order(public) or is_small_order(signature[: self.size])
        ensure("CK-014", not small)
        key: ed25519.Ed25519PublicKey | ed448.Ed448PublicKey
        try:
            if self.size == 32:
                key = ed25519.Ed25519PublicKey.from_public_bytes(public)
            else:
                key = ed448.Ed448PublicKey.from_public_bytes(public)
            key.verify(signature, message)
        except (InvalidSignature, ValueError):
            raise refusal("CK-014") from None


@dataclass(frozen=True, slots=True)
class Ecdsa:
    """ECDSA with a P-curve; the nonce is drawn inside OpenSSL."""

    curve: Weierstrass
    hash: hashes.HashAlgorithm

    def generate(self, rng: Rng) -> bytes:
        """Make a private key by rejection (each try succeeds with at least 1/2)."""
        while True:
            private = self.curve.mask(rng(self.curve.private_size))
            if self.curve.is_scalar(private):
                return private

    def public_key(self, private: bytes) -> bytes:
        """Compute the public key."""
        return self.curve.public_key(private)

    def sign(self, private: bytes, message: bytes) -> bytes:
        """Sign."""
        return self.curve.load_private(private).sign(message, ec.ECDSA(self.hash))

    def verify(self, public: bytes, message: bytes, signature: bytes) -> None:
        """Raise unless the signature is good (CK-011, CK-014)."""
        key = self.curve.load_public(public)
        try:
            key.verify(signature, message, ec.ECDSA(self.hash))
        except InvalidSignature:
            raise refusal("CK-014") from None
