"""What is signed about a recording: read as it was written, or refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.core.recording_examples import (
    ABOUT,
    ASK,
    CALL,
    GRANT,
    OTHER_KEY,
    OTHER_PRIVATE,
    PRIVATE,
    STATEMENTS,
)

from visavis.core import cbor
from visavis.core import recording_statements as s
from visavis.core.errors import Code, PeerError, UsageError
from visavis.core.ids import CallId, Digest
from visavis.core.recording_types import Kind


def signed(changes: dict[str, Any], of: Any = ASK) -> bytes:
    """Return a statement with another body, signed with the right key: what a peer could send."""
    raw = cbor.decode(s.sign_statement(of, PRIVATE))
    assert isinstance(raw, list)
    fields = cbor.decode(raw[0])
    assert isinstance(fields, dict)
    fields = {name: value for name, value in (fields | changes).items() if value is not None}
    body = cbor.encode(fields)
    return cbor.encode([body, s.sign(PRIVATE, b"visavis recording statement v1\0", body)])


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda one: type(one).__name__)
def test_they_come_back(statement: s.Statement) -> None:
    assert s.read_statement(s.sign_statement(statement, PRIVATE)) == statement


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda one: type(one).__name__)
def test_every_flipped_bit_is_refused(statement: s.Statement) -> None:
    data = s.sign_statement(statement, PRIVATE)
    for at in range(len(data)):
        with pytest.raises(PeerError):
            s.read_statement(data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :])


def test_anothers_key_signs_nothing() -> None:
    with pytest.raises(PeerError) as caught:
        s.read_statement(s.sign_statement(GRANT, OTHER_PRIVATE))
    assert caught.value.code is Code.BAD_SIGNATURE


@pytest.mark.parametrize(
    "field",
    ["kinds", "purpose", "place", "days", "recipients", "clear", "withdraw", "at", "key", "call"],
)
def test_a_request_leaves_nothing_open(field: str) -> None:
    """R-46: who asks for what, why, where it is kept, how long, for whom, how to take it back."""
    with pytest.raises(PeerError):
        s.read_statement(signed({field: None}))
    assert s.read_statement(signed({})) == ASK, "the control"


@pytest.mark.parametrize(
    "changes",
    [
        {"kinds": []},
        {"kinds": ["video", "audio"]},
        {"kinds": ["audio", "audio"]},
        {"kinds": ["everything"]},
        {"purpose": ""},
        {"purpose": "x" * 601},
        {"days": 31},
        {"days": 0},
        {"withdraw": "never"},
        {"named": "Everybody"},
        {"number": 0},
        {"v": 2},
        {"t": "recording.other"},
        {"more": 1},
    ],
)
def test_what_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(PeerError) as caught:
        s.read_statement(signed(changes))
    assert caught.value.code is Code.MALFORMED


@pytest.mark.parametrize("data", [b"", b"\x80", cbor.encode([b"x"]), cbor.encode([1, 2])])
def test_what_is_no_statement(data: bytes) -> None:
    with pytest.raises(PeerError):
        s.read_statement(data)


def test_a_long_one_is_not_even_read() -> None:
    with pytest.raises(PeerError) as caught:
        s.read_statement(bytes(10_000))
    assert caught.value.code is Code.TOO_LARGE


def test_we_sign_nothing_that_others_refuse() -> None:
    with pytest.raises((UsageError, PeerError)):
        s.sign_statement(replace(ASK, days=31), PRIVATE)
    with pytest.raises(PeerError):
        s.sign_statement(replace(ASK, named="The court"), PRIVATE)


def test_a_request_is_named_by_all_that_it_says() -> None:
    others = {
        s.ask_digest(replace(ASK, **{name: value}))
        for name, value in {
            "kinds": frozenset({Kind.AUDIO}),
            "purpose": "Something else",
            "days": 29,
            "clear": True,
            "number": 2,
            "key": OTHER_KEY,
            "call": Digest.sha256(b"another"),
        }.items()
    }
    assert len(others | {ABOUT}) == 8


def test_a_call_is_named_without_its_id() -> None:
    reference = s.call_reference(CALL)
    assert bytes(CALL) not in reference
    assert s.call_reference(CallId(b"\x08" * 16)) != reference


def test_printing_one_shows_nothing() -> None:
    assert "Minutes" not in repr(ASK)
