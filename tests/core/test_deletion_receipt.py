"""R-76: a deletion receipt says one thing, and only its server can have said it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from visavis.core import cbor
from visavis.core.deletion_receipt import (
    LABEL,
    MAX_DAY,
    MAX_RECEIPT,
    DeletionReceipt,
    Erased,
    item_hash,
    join,
)
from visavis.core.errors import Code, PeerError, UsageError
from visavis.core.identity import identity_public_key, sign
from visavis.core.ids import Digest
from visavis.core.receipt_proof import UnverifiedReceipt

PRIVATE, SUBJECT, SALT = bytes(range(32)), b"the account's id", b"s" * 32
KEY = identity_public_key(PRIVATE)
ACCOUNT = DeletionReceipt(
    origin="https://calls.example.org",
    day=20_786,
    what=Erased.ACCOUNT,
    rows=1,
    salt=SALT,
    item=item_hash(Erased.ACCOUNT, SALT, SUBJECT),
)
ROWS = replace(
    ACCOUNT,
    what=Erased.KEY_PACKAGES,
    rows=65,
    item=item_hash(Erased.KEY_PACKAGES, SALT, SUBJECT),
    until=20_816,
)


def signed(says: DeletionReceipt, private: bytes = PRIVATE) -> bytes:
    body = says.to_body()
    return join(body, sign(private, LABEL, body))


def forged(**changes: object) -> bytes:
    """Return a receipt whose body was changed after it was signed; None removes a field."""
    body, signature = cbor.decode(signed(ROWS))  # type: ignore[misc,var-annotated]
    fields = {**cbor.decode_map(body), **changes}
    fields = {name: value for name, value in fields.items() if value is not None}
    return cbor.encode([cbor.encode(fields), signature])


@pytest.mark.parametrize("says", [ACCOUNT, ROWS, replace(ROWS, rows=0)])
def test_what_is_signed_comes_back(says: DeletionReceipt) -> None:
    data = signed(says)
    assert len(data) <= MAX_RECEIPT
    found = UnverifiedReceipt.parse(data)
    assert found.claimed_origin == says.origin
    assert found.verify(KEY) == says
    assert found.verify(KEY).key_destroyed is (says.what is Erased.ACCOUNT)
    assert join(says.to_body(), sign(PRIVATE, LABEL, says.to_body())) == data, "one encoding"


CHANGES: dict[str, object] = {
    "origin": "https://calls.example.net",
    "day": 20_785,
    "what": "envelopes",
    "rows": 66,
    "salt": b"t" * 32,
    "item": b"i" * 32,
    "until": 20_817,
}


def test_the_table_of_changes_has_every_field() -> None:
    assert set(CHANGES) == set(DeletionReceipt.__slots__)


@pytest.mark.parametrize("name", CHANGES)
def test_each_changed_field_fails(name: str) -> None:
    """CK-744"""
    assert UnverifiedReceipt.parse(forged()).verify(KEY) == ROWS, "the control"
    with pytest.raises(PeerError) as refused:
        UnverifiedReceipt.parse(forged(**{name: CHANGES[name]})).verify(KEY)
    assert refused.value.code is Code.BAD_SIGNATURE


def test_another_key_and_another_label_fail() -> None:
    body = ROWS.to_body()
    for data, key in (
        (signed(ROWS), identity_public_key(b"x" * 32)),
        (signed(ROWS, b"x" * 32), KEY),
        (join(body, sign(PRIVATE, b"visavis device list v1\0", body)), KEY),
    ):
        with pytest.raises(PeerError) as refused:
            UnverifiedReceipt.parse(data).verify(key)
        assert refused.value.code is Code.BAD_SIGNATURE


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        signed(ROWS)[:-1],
        signed(ROWS) + b"\0",
        cbor.encode([ROWS.to_body()]),
        cbor.encode([ROWS.to_body(), bytes(63)]),
        cbor.encode([bytes(MAX_RECEIPT), bytes(64)]),
        forged(v=2),
        forged(more=1),
        forged(rows=None),
        forged(rows=-1),
        forged(what="everything"),
        forged(what="account"),
        forged(until=None),
        forged(until=20_785),
        forged(day=MAX_DAY + 1),
        forged(salt=bytes(31)),
        forged(item=bytes(33)),
        forged(origin=""),
        forged(origin="https://a\n.example"),
        forged(origin="a" * 301),
    ],
)
def test_what_is_no_receipt_is_refused_before_its_signature(data: bytes) -> None:
    """CK-743"""
    with pytest.raises(PeerError) as refused:
        UnverifiedReceipt.parse(data)
    assert refused.value.code is Code.MALFORMED


@pytest.mark.parametrize(
    "says",
    [replace(ACCOUNT, until=20_816), replace(ROWS, until=None), replace(ROWS, until=1)],
)
def test_a_server_does_not_sign_what_others_refuse(says: DeletionReceipt) -> None:
    with pytest.raises(UsageError):
        says.to_body()


def test_it_is_about_one_subject_and_names_none() -> None:
    assert ROWS.is_about(SUBJECT)
    assert not ROWS.is_about(SUBJECT + b"\0")
    assert not replace(ROWS, item=ACCOUNT.item).is_about(SUBJECT), "of another kind"
    assert SUBJECT not in signed(ROWS)
    assert item_hash(Erased.PUSH, b"t" * 32, SUBJECT) != item_hash(Erased.PUSH, SALT, SUBJECT)
    assert isinstance(ROWS.item, Digest)
    assert "example" not in repr(ROWS)
