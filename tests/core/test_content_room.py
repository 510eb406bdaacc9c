"""Messages of a call room: what is encoded decodes, only in its direction; nothing else does."""

from __future__ import annotations

from typing import get_args

import pytest
from tests.core.content_examples import FAMILIES, Family
from tests.core.room_examples import ROOM_EXAMPLES, ROOM_FAMILIES, ROOM_NAMES

from visavis.core import cbor, content_records, content_room
from visavis.core import content_room_fields as room_fields
from visavis.core.content_fields import Content
from visavis.core.errors import Code, PeerError, UsageError

every = pytest.mark.parametrize(("family", "example"), ROOM_EXAMPLES, ids=ROOM_NAMES)


def test_there_is_an_example_of_every_message() -> None:
    declared = {*get_args(content_room.ToRoom), *get_args(content_room.FromRoom)}
    assert {type(example) for _, example in ROOM_EXAMPLES} == declared
    assert len({cls.TYPE["t"] for cls in declared}) == len(declared)


@every
def test_round_trip(family: Family, example: Content) -> None:
    data = family.encode(example)
    assert family.decode(data) == example
    assert family.encode(family.decode(data)) == data


@every
def test_goes_one_way_only(family: Family, example: Content) -> None:
    """CK-801: what a room says is nothing to a room, and no sealed content is either."""
    data = family.encode(example)
    for other in (*ROOM_FAMILIES, *FAMILIES):
        if other is not family:
            with pytest.raises(PeerError):
                other.decode(data)
    other = next(one for one in ROOM_FAMILIES if one is not family)
    with pytest.raises(UsageError):
        other.encode(example)


@every
def test_prints_nothing(family: Family, example: Content) -> None:
    assert repr(example) == f"{type(example).__name__}(~)"


@every
def test_every_truncation_is_refused(family: Family, example: Content) -> None:
    data = family.encode(example)
    for length in range(len(data)):
        with pytest.raises(PeerError):
            family.decode(data[:length])
    with pytest.raises(PeerError):
        family.decode(data + b"\0")


@pytest.mark.parametrize("t", ["room.shout", "", 1, None, ["room.leave"]])
def test_unknown_types_are_refused(t: object) -> None:
    """CK-801"""
    raw: dict[str, object] = {"v": 1} if t is None else {"v": 1, "t": t}
    for family in ROOM_FAMILIES:
        with pytest.raises(PeerError, match="CK-801"):
            family.decode(cbor.encode(raw))


@pytest.mark.parametrize("version", [0, 2, True, "1"])
def test_other_versions_are_refused(version: object) -> None:
    with pytest.raises(PeerError, match="version"):
        content_room.decode_to_room(cbor.encode({"v": version, "t": "room.leave"}))


def test_longer_messages_are_refused_unread() -> None:
    """CK-801"""
    with pytest.raises(PeerError, match="CK-801"):
        content_room.decode_to_room(bytes(room_fields.MAX_ROOM_MESSAGE + 1))


def test_a_body_beyond_the_bound_is_not_encoded() -> None:
    with pytest.raises(PeerError):
        content_room.encode_to_room(content_room.RoomSay(bytes(room_fields.MAX_SAID + 1)))
    assert content_room.encode_to_room(content_room.RoomSay(bytes(room_fields.MAX_SAID)))


def test_words_and_bounds_are_those_of_their_homes() -> None:
    codes = {code.value for code in Code}
    assert {word.value for word in room_fields.Refusal} <= codes
    assert room_fields.MAX_PUBLISH_SDP == content_records.MAX_SDP_BYTES
    assert room_fields.MAX_COMMIT == content_records.MAX_MLS_BYTES
