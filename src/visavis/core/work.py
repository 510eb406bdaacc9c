"""Proof of work: a price in time instead of an identity, asked from whoever asks often (R-40).

A solution is a 64-bit nonce for which SHA-256(challenge || nonce) starts with `bits` zero bits.
Checking costs one hash, solving about 2**bits. It slows guessing down; it stops nobody for good.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from visavis.core.errors import UsageError

NONCE_BYTES: Final = 8
REQUEST_BITS: Final = 20
"""Work that a contact request by handle must carry: one or two seconds for whoever asks. Higher
keeps more strangers from filling somebody's queue, and makes slow telephones wait. One value for
everybody: a level of one's own would tell real handles from decoys (P2)."""
MAX_BITS: Final = 32
"""More than this is hours on a phone: a server that asks for it is not worth an answer."""


def solve(challenge: bytes, bits: int) -> bytes:
    """Return a nonce that `check` accepts.

    Args:
        challenge: Any bytes, from the server.
        bits: Leading zero bits asked for, 0 to 32.

    Raises:
        UsageError: More bits than anyone should work for.
    """
    if not 0 <= bits <= MAX_BITS:
        raise UsageError("no work of this size is done")
    # The challenge is hashed once. An attempt is made a million times: nothing is looked up in
    # it or converted, for bytes of one length compare as the numbers that they stand for.
    begin = sha256(challenge).copy
    highest = (2 ** (256 - bits) - 1).to_bytes(32, "big")
    number = 0
    while True:
        nonce = number.to_bytes(NONCE_BYTES, "big")
        attempt = begin()
        attempt.update(nonce)
        if attempt.digest() <= highest:
            return nonce
        number += 1


def check(challenge: bytes, nonce: bytes, bits: int) -> bool:
    """Return whether the nonce solves the challenge (constant cost: one hash)."""
    if len(nonce) != NONCE_BYTES:
        return False
    return int.from_bytes(sha256(challenge + nonce).digest(), "big") >> (256 - bits) == 0
