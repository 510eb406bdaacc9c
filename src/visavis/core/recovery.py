"""The recovery code: 128 random bits on paper that open the account again (protocol.md P4).

Written as seven groups of four in Crockford's base 32 (no I, L, O, U). The last 12 bits are a
checksum: a code with a typing mistake passes for another with odds of 1 in 4,096, and then
opens nothing. HKDF makes two things of it that say nothing about each other: a key that wraps the
account root, and the seed of the Ed25519 key that logs in, whose public half the server knows.
"""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass, field
from typing import Final, Self

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from visavis.core.errors import Code, PeerError, UsageError
from visavis.core.ids import Rng

ENTROPY_BYTES: Final = 16
CHECKSUM_BITS: Final = 12
GROUPS: Final = 7
GROUP_CHARS: Final = 4

LOGIN_LABEL: Final = b"visavis recovery v1"
"""Put before the server's challenge when it is signed (contract of POST /v1/recovery/finish)."""

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CHARS: Final = GROUPS * GROUP_CHARS
_READ_AS: Final = str.maketrans({"O": "0", "I": "1", "L": "1"})
_SKIPPED: Final = frozenset({"Zs", "Pd", "Pc", "Cc", "Cf"})
"""Unicode categories a person may put between characters: spaces, dashes, line ends."""


@dataclass(frozen=True, slots=True)
class RecoveryCode:
    """A recovery code; printing it shows nothing, `to_text` is what the person writes down.

    Args:
        entropy: 16 random bytes.
    """

    entropy: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.entropy) != ENTROPY_BYTES:
            raise UsageError("a recovery code has 16 bytes of entropy")

    @classmethod
    def generate(cls, rng: Rng) -> Self:
        """Make a fresh code."""
        return cls(rng(ENTROPY_BYTES))

    def to_text(self) -> str:
        """Return the code in seven groups of four characters with hyphens between."""
        number = int.from_bytes(self.entropy, "big") << CHECKSUM_BITS | _checksum(self.entropy)
        chars = [_ALPHABET[number >> 5 * i & 31] for i in reversed(range(_CHARS))]
        groups = ("".join(chars[i : i + GROUP_CHARS]) for i in range(0, _CHARS, GROUP_CHARS))
        return "-".join(groups)

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read what a person typed: any case, any spaces and dashes, O for 0, I and L for 1.

        Raises:
            PeerError: `MISTYPED`: another length, another character, or the checksum is wrong.
        """
        plain = unicodedata.normalize("NFKC", text)
        chars = [c for c in plain.upper() if unicodedata.category(c) not in _SKIPPED]
        if len(chars) != _CHARS:
            raise PeerError(Code.MISTYPED, f"a recovery code has {_CHARS} characters")
        number = 0
        for char in "".join(chars).translate(_READ_AS):
            value = _ALPHABET.find(char)
            if value < 0:
                raise PeerError(Code.MISTYPED, "a character that recovery codes do not have")
            number = number << 5 | value
        entropy = (number >> CHECKSUM_BITS).to_bytes(ENTROPY_BYTES, "big")
        if number & (1 << CHECKSUM_BITS) - 1 != _checksum(entropy):
            raise PeerError(Code.MISTYPED, "the checksum of a recovery code is wrong")
        return cls(entropy)

    def wrap_key(self) -> bytes:
        """Return the 32-byte secret for `keywrap` with `ROOT_BY_RECOVERY`."""
        return self._derive(b"visavis recovery wrap v1")

    def login_private_key(self) -> bytes:
        """Return the 32-byte Ed25519 private key that answers the server's challenge."""
        return self._derive(b"visavis recovery login v1")

    def login_public_key(self) -> bytes:
        """Return the 32-byte public key that the server keeps."""
        key = Ed25519PrivateKey.from_private_bytes(self.login_private_key())
        return key.public_key().public_bytes_raw()

    def sign_challenge(self, challenge: bytes) -> bytes:
        """Sign a login challenge of the server.

        Returns:
            64 bytes of Ed25519 signature over `LOGIN_LABEL` and the challenge.
        """
        key = Ed25519PrivateKey.from_private_bytes(self.login_private_key())
        return key.sign(LOGIN_LABEL + challenge)

    def _derive(self, info: bytes) -> bytes:
        return HKDF(hashes.SHA384(), length=32, salt=None, info=info).derive(self.entropy)


def _checksum(entropy: bytes) -> int:
    digest = hashlib.sha256(b"visavis recovery checksum v1" + entropy).digest()
    return int.from_bytes(digest[:2], "big") >> (16 - CHECKSUM_BITS)
