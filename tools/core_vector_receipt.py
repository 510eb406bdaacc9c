"""Deletion receipts: true ones with what they say, and every way in which one is none."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from core_vector_kit import Json, flipped, outcome, plain

from visavis.core import cbor
from visavis.core.deletion_receipt import (
    LABEL,
    MAX_DAY,
    DeletionReceipt,
    Erased,
    item_hash,
    join,
)
from visavis.core.identity import identity_public_key, sign
from visavis.core.receipt_proof import UnverifiedReceipt

PRIVATE: Final = bytes(range(32))
KEY: Final = bytes(identity_public_key(PRIVATE))
OTHER_KEY: Final = bytes(identity_public_key(bytes(range(1, 33))))
SUBJECT: Final = bytes(range(64, 80))
OTHER_SUBJECT: Final = bytes(range(65, 81))
SALT: Final = bytes(range(128, 160))
ORIGIN: Final = "https://calls.example.org"
DAY: Final = 20_786

CHANGES: Final[tuple[dict[str, object], ...]] = (
    {"v": 2},
    {"more": 1},
    {"origin": "https://calls.example.net"},
    {"origin": ""},
    {"origin": "a" * 301},
    {"origin": "https://a\n.example"},
    {"day": DAY - 1},
    {"day": MAX_DAY + 1},
    {"day": True},
    {"what": "envelopes"},
    {"what": "account"},
    {"what": "everything"},
    {"rows": 66},
    {"rows": -1},
    {"salt": bytes(32)},
    {"salt": bytes(31)},
    {"item": bytes(32)},
    {"item": bytes(33)},
    {"until": DAY + 31},
    {"until": DAY - 1},
    {"until": None},
)
"""Of the body of a receipt for rows, after it was signed; None takes a field out."""


def says(what: Erased) -> DeletionReceipt:
    """Return what a receipt for a kind says."""
    account = what is Erased.ACCOUNT
    return DeletionReceipt(
        origin=ORIGIN,
        day=DAY,
        what=what,
        rows=1 if account else 65,
        salt=SALT,
        item=item_hash(what, SALT, SUBJECT),
        until=None if account else DAY + 30,
    )


def signed(receipt: DeletionReceipt) -> bytes:
    """Return a receipt signed with `PRIVATE`."""
    body = receipt.to_body()
    return join(body, sign(PRIVATE, LABEL, body))


def checked(data: bytes, key: bytes) -> str:
    """Return the outcome of reading and checking."""
    return outcome(lambda: UnverifiedReceipt.parse(data).verify(key))


def _changed(data: bytes, change: dict[str, object]) -> bytes:
    match cbor.decode(data):
        case [bytes(body), bytes(signature)]:
            fields = {**cbor.decode_map(body), **change}
            kept = {name: value for name, value in fields.items() if value is not None}
            return join(cbor.encode(kept), signature)
    raise AssertionError


def receipt_vectors() -> Json:
    """True receipts: [fields, bytes, outcome with another key, about ours, about another].

    And changed ones: [bytes, outcome].
    """
    every = [says(what) for what in Erased]
    every += [replace(says(Erased.PUSH), rows=0), replace(says(Erased.HANDLE), until=DAY)]
    rows = signed(says(Erased.KEY_PACKAGES))
    body = says(Erased.KEY_PACKAGES).to_body()
    wrong = [
        *(_changed(rows, change) for change in CHANGES),
        *(flipped(rows, at) for at in (0, 1, 5, -1, -32, -64)),
        rows[:-1],
        rows + b"\0",
        b"",
        cbor.encode([body]),
        cbor.encode([body, bytes(63)]),
        cbor.encode([body, bytes(64)]),
        cbor.encode([bytes(1_024), bytes(64)]),
        join(body, sign(PRIVATE, b"visavis device list v1\0", body)),
    ]
    return {
        "key": KEY.hex(),
        "other_key": OTHER_KEY.hex(),
        "subject": SUBJECT.hex(),
        "other_subject": OTHER_SUBJECT.hex(),
        "receipts": [
            [
                plain(one),
                signed(one).hex(),
                checked(signed(one), OTHER_KEY),
                one.is_about(SUBJECT),
                one.is_about(OTHER_SUBJECT),
            ]
            for one in every
        ],
        "refused": [[data.hex(), checked(data, KEY)] for data in wrong],
    }
