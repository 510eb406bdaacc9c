"""HKDF (RFC 5869) over the standard library's one-shot HMAC, which is OpenSSL's.

One-shot HMAC costs a third of `cryptography`'s HKDF objects, and MLS derives dozens of short
secrets per message. Not for passwords: those go through Argon2id elsewhere.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kdf:
    """HKDF with one hash.

    Attributes:
        name: The hash as `hashlib` calls it.
        kdf_id: Its HKDF id in the HPKE registry (RFC 9180, 7.2).
        nh: Bytes of its output.
    """

    name: str
    kdf_id: int
    nh: int

    def extract(self, salt: bytes, ikm: bytes) -> bytes:
        """HKDF-Extract; an empty salt means `nh` zeros."""
        return hmac.digest(salt or bytes(self.nh), ikm, self.name)

    def expand(self, prk: bytes, info: bytes, size: int) -> bytes:
        """HKDF-Expand to `size` bytes."""
        block = hmac.digest(prk, info + b"\1", self.name)
        if size <= self.nh:
            return block[:size]
        output = block
        counter = 1
        while len(output) < size:
            counter += 1
            block = hmac.digest(prk, block + info + counter.to_bytes(1, "big"), self.name)
            output += block
        return output[:size]

    def mac(self, key: bytes, data: bytes) -> bytes:
        """HMAC of `data`."""
        return hmac.digest(key, data, self.name)

    def hash(self, data: bytes) -> bytes:
        """Hash `data`."""
        return hashlib.new(self.name, data).digest()


SHA256 = Kdf("sha256", 1, 32)
SHA384 = Kdf("sha384", 2, 48)
SHA512 = Kdf("sha512", 3, 64)
