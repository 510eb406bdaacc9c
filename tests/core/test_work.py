"""Proof of work: the first nonce that solves it, whatever the search does to be quick."""

from __future__ import annotations

from hashlib import sha256

import pytest

from visavis.core import work
from visavis.core.errors import UsageError


def first(challenge: bytes, bits: int) -> bytes:
    """Search as the definition says."""
    number = 0
    while True:
        nonce = number.to_bytes(8, "big")
        if f"{int(sha256(challenge + nonce).hexdigest(), 16):0256b}"[:bits].strip("0") == "":
            return nonce
        number += 1


@pytest.mark.parametrize("challenge", [b"", b"a", bytes(32), bytes(range(64)), b"long" * 500])
@pytest.mark.parametrize("bits", [0, 1, 3, 7, 8, 9, 11])
def test_the_first_nonce_is_found(challenge: bytes, bits: int) -> None:
    nonce = work.solve(challenge, bits)
    assert nonce == first(challenge, bits)
    assert work.check(challenge, nonce, bits)


@pytest.mark.parametrize("bits", [-1, work.MAX_BITS + 1])
def test_no_work_of_another_size_is_done(bits: int) -> None:
    with pytest.raises(UsageError):
        work.solve(b"", bits)


def test_a_nonce_of_another_length_solves_nothing() -> None:
    assert work.check(b"", bytes(8), 0)  # the control
    assert not work.check(b"", bytes(9), 0)
