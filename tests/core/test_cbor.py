"""Deterministic CBOR: one encoding for each value, and nothing else decodes (CK-250)."""

from __future__ import annotations

import datetime as dt
import tracemalloc

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visavis.core import cbor
from visavis.core.errors import PeerError, UsageError

nfc_text = st.text(st.characters(codec="utf-8", categories=["L", "Nd", "Zs", "P"])).filter(
    lambda text: cbor.unicodedata.is_normalized("NFC", text)
)
leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**64 - 1)
    | st.binary(max_size=300)
    | nfc_text
)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(nfc_text, inner, max_size=5),
    max_leaves=20,
)


@settings(deadline=None)  # a busy machine is no failure
@given(values)
def test_round_trip_and_agreement_with_cbor2(value: object) -> None:
    data = cbor.encode(value)
    assert cbor.decode(data) == value
    assert cbor2.loads(data) == value


@settings(deadline=None)  # a busy machine is no failure
@given(st.binary(max_size=60))
def test_whatever_decodes_is_what_encode_gives(data: bytes) -> None:
    try:
        value = cbor.decode(data)
    except PeerError:
        return
    assert cbor.encode(value) == data


@settings(deadline=None)  # a busy machine is no failure
@given(values, st.data())
def test_whatever_decodes_after_a_change_is_what_encode_gives(
    value: object, data: st.DataObject
) -> None:
    raw = bytearray(cbor.encode(value))
    raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        decoded = cbor.decode(bytes(raw))
    except PeerError:
        return
    assert cbor.encode(decoded) == raw


@pytest.mark.parametrize(
    ("hexed", "why"),
    [
        ("", "ends early"),
        ("1817", "shortest"),  # 23 in two bytes
        ("1900ff", "shortest"),
        ("1a0000ffff", "shortest"),
        ("1b00000000ffffffff", "shortest"),
        ("18", "ends early"),
        ("5803aabb", "shortest"),
        ("43aabb", "longer than the input"),
        ("5bffffffffffffffff", "longer than the input"),
        ("9bffffffffffffffff", "longer than the input"),
        ("bbffffffffffffffff", "longer than the input"),
        ("830102", "longer than the input"),
        ("a2616101", "longer than the input"),
        ("5f41aaff", "indefinite"),
        ("9f01ff", "indefinite"),
        ("bf616101ff", "indefinite"),
        ("1c", "reserved"),
        ("c11a00000000", "a tag"),
        ("d9d9f700", "a tag"),
        ("c249010000000000000000", "a tag"),
        ("f90000", "shortest"),
        ("f93e00", "a float"),
        ("fa47c35000", "a float"),
        ("fb3ff199999999999a", "a float"),
        ("f7", "another simple"),
        ("f0", "another simple"),
        ("f820", "another simple"),
        ("f818", "shortest|simple"),
        ("0000", "bytes after"),
        ("61ff", "not UTF-8"),
        ("63eda080", "not UTF-8"),  # half a surrogate pair
        ("6365cc81", "not NFC"),  # e and a combining accent
        ("a10101", "key is not text"),
        ("a1416101", "key is not text"),
        ("a2616201616102", "out of order"),
        ("a2616101616102", "repeated"),
        ("a262616101616202", "out of order"),  # longer key first
        ("81" * 17 + "00", "too deep"),
        ("81" * 16 + "a0", "too deep"),
        ("81" * 16 + "80", "too deep"),
    ],
)
def test_refused(hexed: str, why: str) -> None:
    with pytest.raises(PeerError, match=f"CK-250.*({why})"):
        cbor.decode(bytes.fromhex(hexed))


@pytest.mark.parametrize(
    ("hexed", "value"),
    [
        ("1818", 24),
        ("190100", 256),
        ("1a00010000", 65536),
        ("1b0000000100000000", 2**32),
        ("3bffffffffffffffff", -(2**64)),
        ("a2616101626161f6", {"a": 1, "aa": None}),
        ("80", []),
        ("a0", {}),
        ("f4", False),
        ("81" * 16 + "00", [[[[[[[[[[[[[[[[0]]]]]]]]]]]]]]]]),
    ],
)
def test_accepted(hexed: str, value: object) -> None:
    """The controls beside `test_refused`, on the near side of each bound."""
    assert cbor.decode(bytes.fromhex(hexed)) == value
    assert cbor.encode(value).hex() == hexed


@pytest.mark.parametrize(
    "value",
    [
        1.5,
        {1: 2},
        {b"k": 2},
        {"set": {1}},
        dt.datetime.now(tz=dt.UTC),
        object(),
        "e\u0301",
        "\ud800",
        {"e\u0301": 1},
        2**64,
        -(2**64) - 1,
        cbor2.CBORTag(1, 2),
    ],
    ids=repr,
)
def test_what_cannot_be_encoded_is_our_mistake(value: object) -> None:
    with pytest.raises(UsageError):
        cbor.encode(value)


def test_depth_is_bounded_both_ways() -> None:
    deep: object = 0
    for _ in range(cbor.MAX_DEPTH):
        deep = [deep]
    assert cbor.decode(cbor.encode(deep)) == deep
    with pytest.raises(UsageError, match="too deep"):
        cbor.encode([deep])
    with pytest.raises(UsageError, match="too deep"):
        cbor.encode({"a": deep})
    with pytest.raises(PeerError, match="too deep"):
        cbor.decode(b"\x81" + cbor.encode(deep))
    with pytest.raises(PeerError, match="too deep"):
        cbor.decode(b"\xa1\x61a" + cbor.encode(deep))


def test_a_map_is_required_where_asked_for() -> None:
    assert cbor.decode_map(b"\xa0") == {}
    with pytest.raises(PeerError, match="not a map"):
        cbor.decode_map(b"\x80")


def test_hostile_lengths_allocate_nothing() -> None:
    hostile = [
        b"\x9a\x00\xff\xff\xff" + b"\x00" * 50,
        b"\x5a\x7f\xff\xff\xff",
        b"\xba\x7f\xff\xff\xff",
    ]
    tracemalloc.start()
    try:
        for data in hostile:
            with pytest.raises(PeerError):
                cbor.decode(data)
        assert tracemalloc.get_traced_memory()[1] < 200_000
    finally:
        tracemalloc.stop()
