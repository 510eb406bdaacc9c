"""The KEMs of the suites: DHKEM of RFC 9180 over five curves, and X-Wing.

X-Wing (draft-connolly-cfrg-xwing-kem) joins ML-KEM-768 and X25519 so that either one alone keeps
the secret. All randomness comes from the caller, with one exception that OpenSSL leaves no choice
in: the encapsulation coins of ML-KEM are drawn inside it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from cryptography.hazmat.primitives.asymmetric import mlkem

from visavis.core.errors import UsageError
from visavis.core.mls.checks import ensure, refusal
from visavis.core.mls.curves import X25519, Curve
from visavis.core.mls.kdf import Kdf

Rng = Callable[[int], bytes]
"""A source of randomness: the number of bytes wanted in, that many unpredictable bytes out."""


class Kem(Protocol):
    """What HPKE asks of a key encapsulation mechanism (RFC 9180, 4)."""

    @property
    def kem_id(self) -> int:
        """Id in the HPKE registry."""

    @property
    def nsk(self) -> int:
        """Bytes of a private key, and of the input to `derive_key_pair`."""

    def derive_key_pair(self, ikm: bytes) -> tuple[bytes, bytes]:
        """Derive (private, public) deterministically."""

    def public_key(self, private: bytes) -> bytes:
        """Compute the public key of a private one."""

    def check_public_key(self, public: bytes) -> None:
        """Refuse a public key nobody could safely encrypt to (CK-011, CK-012)."""

    def encapsulate(self, public: bytes, rng: Rng) -> tuple[bytes, bytes]:
        """Make (shared secret, encapsulation) for the holder of `public`."""

    def decapsulate(self, encapsulation: bytes, private: bytes) -> bytes:
        """Recover the shared secret."""


@dataclass(frozen=True, slots=True)
class DhKem:
    """DHKEM(curve, HKDF) of RFC 9180, 4.1 and 7.1."""

    kem_id: int
    kdf: Kdf
    curve: Curve

    @property
    def nsk(self) -> int:
        """Bytes of a private key."""
        return self.curve.private_size

    def _label(self) -> bytes:
        return b"HPKE-v1KEM" + self.kem_id.to_bytes(2, "big")

    def _extract(self, label: bytes, ikm: bytes) -> bytes:
        return self.kdf.extract(b"", self._label() + label + ikm)

    def _expand(self, prk: bytes, label: bytes, info: bytes, size: int) -> bytes:
        return self.kdf.expand(prk, size.to_bytes(2, "big") + self._label() + label + info, size)

    def derive_key_pair(self, ikm: bytes) -> tuple[bytes, bytes]:
        """Derive (private, public) from `ikm` (RFC 9180, 7.1.3)."""
        private = self._derive_private(ikm)
        return private, self.public_key(private)

    def _derive_private(self, ikm: bytes) -> bytes:
        prk = self._extract(b"dkp_prk", ikm)
        if not self.curve.rejects_scalars:
            return self._expand(prk, b"sk", b"", self.nsk)
        for counter in range(256):
            candidate = self._expand(prk, b"candidate", bytes([counter]), self.nsk)
            private = self.curve.mask(candidate)
            if self.curve.is_scalar(private):
                return private
        raise UsageError("no scalar in 256 candidates: the hash is broken")

    def public_key(self, private: bytes) -> bytes:
        """Compute the public key."""
        return self.curve.public_key(private)

    def check_public_key(self, public: bytes) -> None:
        """Refuse a malformed or small-order public key."""
        self.curve.check_public_key(public)

    def _shared(self, dh: bytes, context: bytes) -> bytes:
        prk = self._extract(b"eae_prk", dh)
        return self._expand(prk, b"shared_secret", context, self.kdf.nh)

    def encapsulate(self, public: bytes, rng: Rng) -> tuple[bytes, bytes]:
        """Make (shared secret, encapsulation) with a fresh ephemeral key."""
        ephemeral = self._derive_private(rng(self.nsk))
        encapsulation, dh = self.curve.agree(ephemeral, public)
        return self._shared(dh, encapsulation + public), encapsulation

    def decapsulate(self, encapsulation: bytes, private: bytes) -> bytes:
        """Recover the shared secret."""
        own, dh = self.curve.agree(private, encapsulation)
        return self._shared(dh, encapsulation + own)


_MLKEM_PUBLIC: Final = 1184
_MLKEM_CIPHERTEXT: Final = 1088
_XWING_LABEL: Final = b"\\.//^\\"


@dataclass(frozen=True, slots=True)
class XWing:
    """X-Wing: ML-KEM-768 and X25519 under SHA3-256.

    A private key is the 32-byte seed from which both private keys are expanded; a public key is
    1184 + 32 bytes, an encapsulation 1088 + 32.
    """

    kem_id: int = 0x647A
    nsk: int = 32

    @staticmethod
    def _expand(seed: bytes) -> tuple[mlkem.MLKEM768PrivateKey, bytes]:
        ensure("CK-016", len(seed) == 32)
        expanded = hashlib.shake_256(seed).digest(96)
        return mlkem.MLKEM768PrivateKey.from_seed_bytes(expanded[:64]), expanded[64:]

    @staticmethod
    def _combine(ss_m: bytes, ss_x: bytes, ct_x: bytes, pk_x: bytes) -> bytes:
        return hashlib.sha3_256(ss_m + ss_x + ct_x + pk_x + _XWING_LABEL).digest()

    @staticmethod
    def _parse(public: bytes) -> tuple[mlkem.MLKEM768PublicKey, bytes]:
        ensure("CK-011", len(public) == _MLKEM_PUBLIC + 32)
        try:
            pk_m = mlkem.MLKEM768PublicKey.from_public_bytes(public[:_MLKEM_PUBLIC])
        except ValueError:
            raise refusal("CK-011") from None
        return pk_m, public[_MLKEM_PUBLIC:]

    def derive_key_pair(self, ikm: bytes) -> tuple[bytes, bytes]:
        """Derive (seed, public): HPKE's DeriveKeyPair is SHAKE256 to 32 bytes."""
        seed = hashlib.shake_256(ikm).digest(32)
        return seed, self.public_key(seed)

    def public_key(self, private: bytes) -> bytes:
        """Compute the public key of a seed."""
        sk_m, sk_x = self._expand(private)
        return sk_m.public_key().public_bytes_raw() + X25519.public_key(sk_x)

    def check_public_key(self, public: bytes) -> None:
        """Refuse a malformed ML-KEM part (FIPS 203, 7.2) or a small-order X25519 part."""
        _, pk_x = self._parse(public)
        X25519.check_public_key(pk_x)

    def encapsulate(self, public: bytes, rng: Rng) -> tuple[bytes, bytes]:
        """Make (shared secret, encapsulation)."""
        pk_m, pk_x = self._parse(public)
        ss_m, ct_m = pk_m.encapsulate()
        ct_x, ss_x = X25519.agree(rng(32), pk_x)
        return self._combine(ss_m, ss_x, ct_x, pk_x), ct_m + ct_x

    def decapsulate(self, encapsulation: bytes, private: bytes) -> bytes:
        """Recover the shared secret; a wrong ML-KEM ciphertext gives a random one (FIPS 203)."""
        ensure("CK-011", len(encapsulation) == _MLKEM_CIPHERTEXT + 32)
        sk_m, sk_x = self._expand(private)
        ct_x = encapsulation[_MLKEM_CIPHERTEXT:]
        ss_m = sk_m.decapsulate(encapsulation[:_MLKEM_CIPHERTEXT])
        pk_x, ss_x = X25519.agree(sk_x, ct_x)
        return self._combine(ss_m, ss_x, ct_x, pk_x)
