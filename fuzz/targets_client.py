"""What a hostile server may hand to a client: keystore, problem details, STUN answers."""

from __future__ import annotations

import random
from typing import Final

from fuzz.engine import Target
from visavis.core.errors import VisavisError
from visavis.core.ids import AccountId
from visavis.media.coturn_probe import parse_realm
from visavis.sdk.keystore import Keystore
from visavis.transport.http import problem


def _keystore_sample() -> bytes:
    rng = random.Random(1).randbytes
    return Keystore(AccountId(rng(16)), rng(60), rng(60), rng(2076)).to_bytes()


def _keystore(data: bytes) -> str:
    found = Keystore.from_bytes(data)
    # To the byte: what replaces it names the hash of what the server stores (CK-680).
    if found.to_bytes() != data:
        raise AssertionError("a keystore does not read back")
    return "keystore"


def _problem(data: bytes) -> str:
    error = problem(403, data)
    if not isinstance(error, VisavisError):
        raise AssertionError("a problem that is no error of ours")  # noqa: TRY004 - a property
    return f"{type(error).__name__} {error.code}"


def _realm(data: bytes) -> str:
    return str(len(parse_realm(data)).bit_length())


_BINDING: Final = bytes.fromhex("0101000c2112a442") + bytes(12)

TARGETS: Final = [
    Target("client.keystore", lambda: [_keystore_sample()], _keystore),
    Target("client.problem", lambda: [b'{"code":"refused","status":403}'], _problem),
    Target("client.stun", lambda: [_BINDING + b"\x00\x14\x00\x04real"], _realm),
]
