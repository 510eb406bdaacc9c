"""How the local store key is wrapped by the person's password: Argon2id, AES-256-GCM (P4).

History opens with the server away, and nothing on disk tells the password. Not for: the account's
own wraps (`visavis.core.keywrap`), which hang on OPAQUE and the recovery code.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Self

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from visavis.core import cbor
from visavis.core.errors import Code, FatalError

_AAD: Final = b"visavis local store wrap v1"


def normalise(password: str) -> str:
    """Return the password in the one form that is hashed (NFKC, NIST SP 800-63B 3.1.1.2)."""
    return unicodedata.normalize("NFKC", password)


@dataclass(frozen=True, slots=True)
class Kdf:
    """Argon2id parameters (RFC 9106).

    Higher costs a thief of the profile more per guess, and the person more time per start:
    three passes over 64 MiB take 0.2 to 0.5 s on a small machine (RFC 9106, 4, second choice).
    """

    passes: int = 3
    memory_kib: int = 64 * 1024
    lanes: int = 1

    def derive(self, password: str, salt: bytes) -> bytes:
        """Return 32 bytes of key."""
        return hash_secret_raw(
            normalise(password).encode(),
            salt,
            time_cost=self.passes,
            memory_cost=self.memory_kib,
            parallelism=self.lanes,
            hash_len=32,
            type=Type.ID,
        )


def insecure_for_tests_cheap_kdf() -> Kdf:
    """Return parameters that anybody can guess through; for tests only."""
    return Kdf(passes=1, memory_kib=8, lanes=1)


@dataclass(frozen=True, slots=True)
class KeyWrap:
    """The store key under one password."""

    kdf: Kdf
    salt: bytes
    sealed: bytes = field(repr=False)

    @classmethod
    def make(cls, password: str, key: bytes, rng: Callable[[int], bytes], kdf: Kdf) -> Self:
        """Wrap a key under a password. Blocks for the time of the hash."""
        salt = rng(16)
        # The key-encryption key is fresh (new salt), so the nonce may be constant.
        sealed = AESGCM(kdf.derive(password, salt)).encrypt(bytes(12), key, _aad(kdf, salt))
        return cls(kdf, salt, sealed)

    def unwrap(self, password: str) -> bytes | None:
        """Return the key, or None if the password is another. Blocks as `make` does."""
        key = AESGCM(self.kdf.derive(password, self.salt))
        try:
            return key.decrypt(bytes(12), self.sealed, _aad(self.kdf, self.salt))
        except InvalidTag:
            return None

    def to_bytes(self) -> bytes:
        """Return the stored form."""
        kdf = [self.kdf.passes, self.kdf.memory_kib, self.kdf.lanes]
        return cbor.encode([1, kdf, self.salt, self.sealed])

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read the stored form.

        Raises:
            FatalError: MALFORMED.
        """
        match cbor.decode(data):
            case [1, [int(passes), int(memory), int(lanes)], bytes(salt), bytes(sealed)]:
                return cls(Kdf(passes, memory, lanes), salt, sealed)
            case _:
                raise FatalError(Code.MALFORMED, "the profile's key wrap cannot be read")


def _aad(kdf: Kdf, salt: bytes) -> bytes:
    return _AAD + cbor.encode([kdf.passes, kdf.memory_kib, kdf.lanes, salt])
