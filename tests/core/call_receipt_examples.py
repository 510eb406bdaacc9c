"""A call of three, and the receipt of it that all signed."""

from __future__ import annotations

from random import Random
from typing import Final

from visavis.core.call_receipt import (
    Facts,
    Field,
    Media,
    Receipt,
    make_terms,
    open_fields,
    sign_binding,
    sign_terms,
)
from visavis.core.call_receipt_file import Shown, make_file, show_self
from visavis.core.credential import credential_identity
from visavis.core.device_list import ListedDevice, sign_first
from visavis.core.identity import identity_public_key
from visavis.core.ids import AccountId, CallId, ConsentKey, DeviceId, Rng, SignatureKey

CALL: Final = CallId(bytes(range(16)))
PRIVATE: Final = {
    ConsentKey(identity_public_key(bytes([at]) * 32)): bytes([at]) * 32 for at in (1, 2, 3)
}
KEYS: Final = tuple(sorted(PRIVATE))
MEMBERS: Final = frozenset(KEYS)
FACTS: Final = Facts(1_800_000_000, Media.VIDEO, 1_799_999_940)


def rng() -> Rng:
    """Return a source of bytes: the same ones each time."""
    return Random("visavis call receipts").randbytes


OPENED: Final = open_fields(FACTS, rng())
TERMS: Final = make_terms(CALL, MEMBERS, OPENED)
RECEIPT: Final = Receipt(TERMS, tuple(sign_terms(TERMS, PRIVATE[key]) for key in KEYS), OPENED)

IDENTITY: Final = bytes([6]) * 32
"""Private, of the account whose device shows itself."""
DEVICE_PRIVATE: Final = bytes([5]) * 32
DEVICE: Final = SignatureKey(identity_public_key(DEVICE_PRIVATE))
_ID: Final = DeviceId(bytes([7]) * 16)
ACCOUNT: Final = AccountId(bytes([8]) * 16)
CREDENTIAL: Final = credential_identity(
    _ID, sign_first(ACCOUNT, IDENTITY, [ListedDevice(_ID, DEVICE)])
)


def shown(key: ConsentKey = KEYS[0]) -> Shown:
    """Return the proof that a key is of the device above."""
    binding = sign_binding(TERMS, PRIVATE[key], DEVICE)
    return show_self(TERMS, key, binding, CREDENTIAL, DEVICE, DEVICE_PRIVATE)


SHOWN: Final = shown()
ALL: Final = make_file(RECEIPT, list(Field), [SHOWN])
FILES: Final = {
    "nothing": make_file(RECEIPT),
    "time": make_file(RECEIPT, [Field.AT]),
    "media": make_file(RECEIPT, [Field.MEDIA]),
    "all fields": make_file(RECEIPT, list(Field)),
    "only who": make_file(RECEIPT, (), [SHOWN]),
    "all": ALL,
}
