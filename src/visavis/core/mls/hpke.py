"""HPKE base mode (RFC 9180), single shot: seal, open, and the secret export external joins need.

`cryptography` has HPKE too, but neither associated data nor the export interface; this is the key
schedule of RFC 9180, 5.1 over our KEMs. Not for streams: one message per encapsulation.
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

from visavis.core.mls.checks import refusal
from visavis.core.mls.kdf import Kdf
from visavis.core.mls.kem import Kem, Rng


@dataclass(frozen=True, slots=True)
class Aead:
    """An AEAD with a 12-byte nonce and a full 16-byte tag."""

    aead_id: int
    nk: int
    cipher: type[AESGCM | ChaCha20Poly1305]
    nn: int = 12

    def seal(self, key: bytes, nonce: bytes, aad: bytes, plaintext: bytes) -> bytes:
        """Encrypt and authenticate."""
        return self.cipher(key).encrypt(nonce, plaintext, aad)

    def open(self, key: bytes, nonce: bytes, aad: bytes, ciphertext: bytes) -> bytes:
        """Decrypt (CK-015)."""
        try:
            return self.cipher(key).decrypt(nonce, ciphertext, aad)
        except (InvalidTag, ValueError):
            raise refusal("CK-015") from None


AES128 = Aead(1, 16, AESGCM)
AES256 = Aead(2, 32, AESGCM)
CHACHA = Aead(3, 32, ChaCha20Poly1305)


@dataclass(frozen=True, slots=True)
class Hpke:
    """One HPKE suite: KEM, KDF and AEAD."""

    kem: Kem
    kdf: Kdf
    aead: Aead

    def _label(self) -> bytes:
        ids = (self.kem.kem_id, self.kdf.kdf_id, self.aead.aead_id)
        return b"HPKE-v1HPKE" + b"".join(i.to_bytes(2, "big") for i in ids)

    def _extract(self, salt: bytes, label: bytes, ikm: bytes) -> bytes:
        return self.kdf.extract(salt, self._label() + label + ikm)

    def _expand(self, prk: bytes, label: bytes, info: bytes, size: int) -> bytes:
        return self.kdf.expand(prk, size.to_bytes(2, "big") + self._label() + label + info, size)

    def _context(self, shared: bytes, info: bytes) -> tuple[bytes, bytes]:
        """Return (secret, key schedule context) of base mode (RFC 9180, 5.1)."""
        psk_hash = self._extract(b"", b"psk_id_hash", b"")
        context = b"\0" + psk_hash + self._extract(b"", b"info_hash", info)
        return self._extract(shared, b"secret", b""), context

    def _key(self, shared: bytes, info: bytes) -> tuple[bytes, bytes]:
        secret, context = self._context(shared, info)
        key = self._expand(secret, b"key", context, self.aead.nk)
        return key, self._expand(secret, b"base_nonce", context, self.aead.nn)

    def _exported(self, shared: bytes, info: bytes, label: bytes, size: int) -> bytes:
        secret, context = self._context(shared, info)
        exporter = self._expand(secret, b"exp", context, self.kdf.nh)
        return self._expand(exporter, b"sec", label, size)

    def seal(self, public: bytes, info: bytes, plaintext: bytes, rng: Rng) -> tuple[bytes, bytes]:
        """Encrypt to a public key; returns (encapsulation, ciphertext)."""
        shared, encapsulation = self.kem.encapsulate(public, rng)
        key, nonce = self._key(shared, info)
        return encapsulation, self.aead.seal(key, nonce, b"", plaintext)

    def open(self, private: bytes, encapsulation: bytes, info: bytes, ciphertext: bytes) -> bytes:
        """Decrypt (CK-015)."""
        key, nonce = self._key(self.kem.decapsulate(encapsulation, private), info)
        return self.aead.open(key, nonce, b"", ciphertext)

    def send_export(
        self, public: bytes, info: bytes, label: bytes, size: int, rng: Rng
    ) -> tuple[bytes, bytes]:
        """Make a secret shared with a public key's holder; returns (encapsulation, secret)."""
        shared, encapsulation = self.kem.encapsulate(public, rng)
        return encapsulation, self._exported(shared, info, label, size)

    def receive_export(
        self, private: bytes, encapsulation: bytes, info: bytes, label: bytes, size: int
    ) -> bytes:
        """Recover the secret of `send_export`."""
        shared = self.kem.decapsulate(encapsulation, private)
        return self._exported(shared, info, label, size)
