"""Sealed contents: each decodes to what was encoded, only where it belongs, and prints nothing."""

from __future__ import annotations

from typing import get_args

import pytest
from tests.core.content_examples import (
    BARE_RECORD,
    DEVICE,
    EXAMPLE_NAMES,
    EXAMPLES,
    FAMILIES,
    ID,
    IN_CALL,
    IN_GROUP,
    IN_GROUP_CALL,
    INNER,
    NOW,
    RECORD,
    SIBLING,
    Family,
    rng,
)

from visavis.core import (
    cbor,
    content_call,
    content_group,
    content_group_call,
    content_inner,
    content_outer,
    content_self,
)
from visavis.core import content as codec
from visavis.core.content_fields import Content, schema
from visavis.core.content_inner import MAX_BODY_BYTES, MessageText
from visavis.core.content_receipt import ReceiptAsk, ReceiptRefused, ReceiptSigned
from visavis.core.content_recording import RecordingSaid
from visavis.core.content_records import MAX_MLS_BYTES, ContactRecord, DeviceAddress
from visavis.core.envelope import MAX_CONTENT
from visavis.core.errors import Code, PeerError, UsageError
from visavis.core.ids import ShareKey, ShareSlot

every = pytest.mark.parametrize(("family", "example"), EXAMPLES, ids=EXAMPLE_NAMES)


def refused(code: Code = Code.MALFORMED, match: str = "") -> pytest.RaisesExc[PeerError]:
    return pytest.raises(PeerError, match=f"{code}.*{match}")


def test_there_is_an_example_of_every_content() -> None:
    declared = {
        cls
        for union in (
            content_outer.Outer,
            content_inner.Inner,
            content_call.InCall,
            content_group_call.InGroupCall,
            content_self.Sibling,
            content_group.InGroup,
            content_group.GroupChange | content_group.GroupLeave,
        )
        for cls in get_args(union)
    }
    assert {type(example) for _, example in EXAMPLES} == declared
    assert len({tuple(cls.TYPE.items()) for cls in declared}) == len(declared)


@every
def test_round_trip(family: Family, example: Content) -> None:
    data = family.encode(example)
    assert family.decode(data) == example
    assert family.encode(family.decode(data)) == data


@every
def test_decodes_only_where_it_belongs(family: Family, example: Content) -> None:
    """CK-272: a content of one place is nothing in another."""
    data = family.encode(example)
    said = isinstance(
        example,
        content_inner.MessageText | content_inner.MessageFile | content_inner.RecordingWithdrawn,
    )
    in_any_call = isinstance(example, RecordingSaid | ReceiptAsk | ReceiptSigned | ReceiptRefused)
    for other in FAMILIES:
        if said and other in (INNER, IN_GROUP):
            assert other.decode(data) == example  # to one person, or to a group
        elif in_any_call and other in (IN_CALL, IN_GROUP_CALL):
            assert other.decode(data) == example  # in a call of two, or of many
        elif other is not family:
            with refused(match="CK-27[12]"):
                other.decode(data)
            with pytest.raises(UsageError):
                other.encode(example)


@every
def test_prints_nothing(family: Family, example: Content) -> None:
    assert repr(example) == f"{type(example).__name__}(~)"
    assert str(example) == repr(example)


@every
def test_every_truncation_is_refused(family: Family, example: Content) -> None:
    data = family.encode(example)
    for length in {0, 1, len(data) // 2, len(data) - 1}:
        with refused():
            family.decode(data[:length])
    with refused():
        family.decode(data + b"\0")


@pytest.mark.parametrize("version", [0, 2, True, 1.0, "1", None])
@every
def test_other_versions_are_refused(family: Family, example: Content, version: object) -> None:
    raw = cbor.decode_map(family.encode(example))
    if version is None:
        del raw["v"]
    elif isinstance(version, float):
        return  # cannot be encoded; test_cbor shows that floats are refused
    else:
        raw["v"] = version
    with refused(match="version"):
        family.decode(cbor.encode(raw))


def test_type_fields_are_checked() -> None:
    welcome = {"v": 1, "k": "welcome", "w": "call", "message": b"x"}
    assert isinstance(codec.decode_outer(cbor.encode(welcome)), content_outer.CallWelcome)
    for change in (
        {"w": "party"},
        {"w": 1},
        {"k": "mls"},
        {"k": ["welcome"]},
        {"t": "call.ready"},
        {"k": "contact.request"},
    ):
        with refused(match="CK-27[12]"):
            codec.decode_outer(cbor.encode(welcome | change))
    with refused(match="CK-272"):
        codec.decode_outer(cbor.encode({"v": 1}))


def test_text_is_sent_in_nfc_and_bounded_in_bytes() -> None:
    decomposed = MessageText(ID, NOW, "e\u0301")
    decoded = codec.decode_inner(codec.encode_inner(decomposed))
    assert isinstance(decoded, MessageText)
    assert decoded.body == "\u00e9"
    assert codec.encode_inner(MessageText(ID, NOW, "x" * MAX_BODY_BYTES))
    for body in ("x" * (MAX_BODY_BYTES + 1), "é" * (MAX_BODY_BYTES // 2 + 1)):
        with refused(Code.TOO_LARGE):
            codec.encode_inner(MessageText(ID, NOW, body))
    with pytest.raises(UsageError):
        codec.encode_inner(MessageText(ID, NOW, ""))


@pytest.mark.parametrize(
    "char", ["\n", "\x00", "\x1b", "\x7f", "\x85", "\u2028", "\u202e", "\u2067", "\u200f", "\u061c"]
)
def test_names_cannot_hide_or_turn_text(char: str) -> None:
    """A name with U+202E shows backwards and passes for another one."""
    good = content_self.SelfDeviceAdded(DEVICE, "Ann\u200da's 📱 \u05d0")
    assert SIBLING.decode(SIBLING.encode(good)) == good
    raw = cbor.decode_map(SIBLING.encode(good))
    with refused(match="CK-271"):
        SIBLING.decode(cbor.encode(raw | {"name": f"Ann{char}a"}))
    with pytest.raises(UsageError):
        SIBLING.encode(content_self.SelfDeviceAdded(DEVICE, f"Ann{char}a"))


def test_too_large() -> None:
    assert len(codec.encode_outer(content_outer.Mls(rng(MAX_MLS_BYTES)))) <= MAX_CONTENT
    with refused(Code.TOO_LARGE):
        codec.encode_outer(content_outer.Mls(rng(MAX_MLS_BYTES + 1)))
    package = rng(16_000)
    request = content_outer.PairRequest(b"l", RECORD.devices[0].address, (package,) * 20)
    with refused(Code.TOO_LARGE):
        codec.encode_outer(request)


def test_records_alone() -> None:
    for record in (RECORD, BARE_RECORD):
        assert codec.decode_record(ContactRecord, codec.encode_record(record)) == record
    with refused(match="CK-271"):
        codec.decode_record(ContactRecord, codec.encode_record(RECORD.devices[0]))
    assert isinstance(
        codec.decode_record(DeviceAddress, codec.encode_record(RECORD.devices[0])), DeviceAddress
    )


def test_optional_fields_are_absent_not_null() -> None:
    raw = cbor.decode_map(codec.encode_record(BARE_RECORD))
    assert "verified" not in raw
    with refused(match="CK-271"):
        codec.decode_record(ContactRecord, cbor.encode(raw | {"verified": None}))


def test_a_record_without_codec_is_our_mistake() -> None:
    import dataclasses

    @dataclasses.dataclass(frozen=True)
    class Bare(Content):
        field: int

    with pytest.raises(UsageError, match="has no codec"):
        schema(Bare)


def test_half_of_the_way_to_a_share_is_refused() -> None:
    """CK-980."""
    whole = cbor.decode_map(
        codec.encode_in_call(RecordingSaid(b"s", ShareSlot(rng(16)), ShareKey(rng(32))))
    )
    for field in ("slot", "read"):
        half = {name: value for name, value in whole.items() if name != field}
        with refused(match="CK-980"):
            codec.decode_in_call(cbor.encode(half))
