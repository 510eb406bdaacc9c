"""Diffie-Hellman over the five curves of the suites, with the checks that keep it contributory.

Montgomery curves: a public key of small order gives a secret that everybody knows, so it is
refused when it is *received*, not when somebody first encrypts to it: a member who planted one in
the tree could otherwise stop everyone's commits. NIST curves: only the uncompressed form, only
points on the curve, only scalars in 1 .. order - 1 (RFC 9180, 7.1.2 to 7.1.4).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from cryptography.hazmat.primitives.asymmetric import ec, x448, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from visavis.core.mls.checks import ensure, refusal


class Curve(Protocol):
    """What DHKEM asks of a group."""

    @property
    def private_size(self) -> int:
        """Bytes of a private key."""

    @property
    def rejects_scalars(self) -> bool:
        """Whether not every string of `private_size` bytes is a private key."""

    def mask(self, candidate: bytes) -> bytes:
        """Clear the bits above the order's length."""

    def is_scalar(self, private: bytes) -> bool:
        """Tell whether this is a private key."""

    def public_key(self, private: bytes) -> bytes:
        """Compute the public key."""

    def check_public_key(self, public: bytes) -> None:
        """Refuse what is not a public key of full order."""

    def agree(self, private: bytes, public: bytes) -> tuple[bytes, bytes]:
        """Compute (our public key, shared secret)."""


_P25519: Final = 2**255 - 19
_SMALL_25519: Final = frozenset(
    {
        0,
        1,
        _P25519 - 1,
        # The two points of order 8.
        325606250916557431795983626356110631294008115727848805560023387167927233504,
        39382357235489614581723060781553021112529911719440698176882885853963445705823,
    }
)
_P448: Final = 2**448 - 2**224 - 1
_SMALL_448: Final = frozenset({0, 1, _P448 - 1})


@dataclass(frozen=True, slots=True)
class Montgomery:
    """X25519 or X448 (RFC 7748)."""

    private_size: int
    prime: int
    small: frozenset[int]
    rejects_scalars: bool = False

    def mask(self, candidate: bytes) -> bytes:
        """Return `candidate`: clamping is part of the function itself."""
        return candidate

    def is_scalar(self, private: bytes) -> bool:
        """Tell whether the length is right: every string of it is a key."""
        return len(private) == self.private_size

    def _load(self, private: bytes) -> x25519.X25519PrivateKey | x448.X448PrivateKey:
        ensure("CK-016", self.is_scalar(private))
        if self.private_size == 32:
            return x25519.X25519PrivateKey.from_private_bytes(private)
        return x448.X448PrivateKey.from_private_bytes(private)

    def public_key(self, private: bytes) -> bytes:
        """Compute the public key."""
        return self._load(private).public_key().public_bytes_raw()

    def check_public_key(self, public: bytes) -> None:
        """Refuse a wrong length (CK-011) and small order in any encoding (CK-012)."""
        ensure("CK-011", len(public) == self.private_size)
        u = int.from_bytes(public, "little")
        if self.private_size == 32:
            u &= 2**255 - 1  # the top bit is ignored by X25519 (RFC 7748, 5)
        ensure("CK-012", u % self.prime not in self.small)

    def agree(self, private: bytes, public: bytes) -> tuple[bytes, bytes]:
        """Compute (our public key, shared secret); small orders are refused (RFC 7748, 6)."""
        self.check_public_key(public)
        key = self._load(private)
        own = key.public_key().public_bytes_raw()
        if isinstance(key, x25519.X25519PrivateKey):
            return own, key.exchange(x25519.X25519PublicKey.from_public_bytes(public))
        return own, key.exchange(x448.X448PublicKey.from_public_bytes(public))


@dataclass(frozen=True, slots=True)
class Weierstrass:
    """P-256, P-384 or P-521."""

    curve: ec.EllipticCurve
    order: int
    private_size: int
    top_mask: int
    rejects_scalars: bool = True

    def mask(self, candidate: bytes) -> bytes:
        """Clear the bits above the order's length (P-521 has 7 of them)."""
        return bytes([candidate[0] & self.top_mask]) + candidate[1:]

    def is_scalar(self, private: bytes) -> bool:
        """Tell whether this is a scalar in 1 .. order - 1, in its fixed length."""
        return len(private) == self.private_size and 0 < int.from_bytes(private, "big") < self.order

    def load_private(self, private: bytes) -> ec.EllipticCurvePrivateKey:
        """Load a private key (CK-016)."""
        ensure("CK-016", self.is_scalar(private))
        return ec.derive_private_key(int.from_bytes(private, "big"), self.curve)

    def load_public(self, public: bytes) -> ec.EllipticCurvePublicKey:
        """Load an uncompressed point; the library checks that it is on the curve (CK-011)."""
        ensure("CK-011", len(public) == 1 + 2 * self.private_size and public[0] == 4)
        try:
            return ec.EllipticCurvePublicKey.from_encoded_point(self.curve, public)
        except ValueError:
            raise refusal("CK-011") from None

    def _public(self, key: ec.EllipticCurvePrivateKey) -> bytes:
        return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def public_key(self, private: bytes) -> bytes:
        """Compute the public key, uncompressed."""
        return self._public(self.load_private(private))

    def check_public_key(self, public: bytes) -> None:
        """Refuse what is not a point of the curve."""
        self.load_public(public)

    def agree(self, private: bytes, public: bytes) -> tuple[bytes, bytes]:
        """Compute (our public key, x coordinate of the shared point)."""
        key = self.load_private(private)
        return self._public(key), key.exchange(ec.ECDH(), self.load_public(public))


X25519: Final = Montgomery(32, _P25519, _SMALL_25519)
X448: Final = Montgomery(56, _P448, _SMALL_448)
P256: Final = Weierstrass(
    ec.SECP256R1(), 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551, 32, 0xFF
)
P384: Final = Weierstrass(
    ec.SECP384R1(),
    int(
        "ffffffffffffffffffffffffffffffffffffffffffffffff"
        "c7634d81f4372ddf581a0db248b0a77aecec196accc52973",
        16,
    ),
    48,
    0xFF,
)
P521: Final = Weierstrass(
    ec.SECP521R1(),
    int(
        "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa"
        "51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
        16,
    ),
    66,
    0x01,
)
