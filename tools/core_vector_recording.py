"""What is signed about a recording: statements of each type, what names them, and what is none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from core_vector_kit import Json, flipped, outcome, plain
from tests.core.recording_examples import (
    ASK,
    CALL,
    CLEAR,
    GRANT,
    KEY,
    MEMBERS,
    OTHER_KEY,
    OTHER_PRIVATE,
    PRIVATE,
    PROGRESS,
    STATEMENTS,
)

from visavis.core import cbor
from visavis.core import recording_statements as s
from visavis.core.identity import sign
from visavis.core.ids import CallId, ConsentKey
from visavis.core.mls import Extension, MemberInfo
from visavis.core.recording import members_hash
from visavis.core.recording_leaf import EXTENSION, ConsentLeaf, consent_extension, consent_of

LABEL: Final = b"visavis recording statement v1\0"

CHANGES: Final[tuple[tuple[Any, Json], ...]] = (
    *((ASK, {name: None}) for name in ("call", "key", "number", "at", "kinds", "purpose")),
    *((ASK, {name: None}) for name in ("place", "days", "recipients", "clear", "withdraw")),
    *((ASK, {"v": value}) for value in (None, 2, True)),
    *((ASK, {"t": value}) for value in (None, "recording.other", "recording.end", 1)),
    *((ASK, {"number": value}) for value in (0, -1, True, s.MAX_NUMBER + 1)),
    *((ASK, {"at": value}) for value in (-1, s.MAX_AT + 1, "now")),
    *((ASK, {"call": value}) for value in (bytes(31), "x")),
    *((ASK, {"kinds": value}) for value in ([], ["video", "audio"], ["audio", "audio"], "audio")),
    *((ASK, {"kinds": value}) for value in (["everything"], [1], ["audio"] * 5)),
    *((ASK, {"purpose": value}) for value in ("", "x" * 601, "\u00e9" * 301, b"x")),
    *((ASK, {"days": value}) for value in (0, 31, "30")),
    (ASK, {"place": "cloud"}),
    (ASK, {"recipients": "everybody"}),
    (ASK, {"clear": 1}),
    (ASK, {"withdraw": "never"}),
    (ASK, {"named": "The court"}),
    *((CLEAR, {"named": value}) for value in ("", "x" * 601)),
    (ASK, {"ask": bytes(32)}),
    *((one, {"more": 1}) for one in STATEMENTS),
    *((one, {"ask": None}) for one in STATEMENTS[3:]),
    *((GRANT, {name: None}) for name in ("kinds", "members", "clear", "share")),
    *((GRANT, {"kinds": value}) for value in ([], ["video", "audio"])),
    *((GRANT, {"share": value}) for value in (bytes(33), 1)),
    *((PROGRESS, {name: None}) for name in ("kinds", "members")),
    *((PROGRESS, {"members": value}) for value in ([], [KEY, KEY], [bytes(31)], KEY)),
    (PROGRESS, {"members": sorted([bytes(KEY), bytes(OTHER_KEY)], reverse=True)}),
    (PROGRESS, {"members": [n.to_bytes(32, "big") for n in range(65)]}),
    (PROGRESS, {"kinds": ["screen", "audio"]}),
)
"""Of a body, which is then signed as it should be; None takes a field out."""

UNSIGNED: Final[tuple[Json, ...]] = (
    {"days": 31},
    {"days": 0},
    {"number": 0},
    {"purpose": ""},
    {"purpose": "x" * 601},
    {"named": "The court"},
    {"named": ""},
    {"named": "The court", "clear": True},
)
"""What we would say, and others refuse; the last is the control."""


LEAVES: Final[tuple[bytes | None, ...]] = (
    None,
    *(consent_extension(ConsentLeaf(KEY, never)).data for never in (False, True)),
    cbor.encode({"v": 2, "key": KEY, "never": True}),
    cbor.encode({"v": 1, "key": KEY}),
    cbor.encode({"v": 1, "never": False}),
    cbor.encode({"v": 1, "key": bytes(31), "never": False}),
    cbor.encode({"v": 1, "key": KEY, "never": 0}),
    cbor.encode({"v": 1, "key": KEY, "never": False, "more": 1}),
    b"",
    b"\xa0",
)
"""What a leaf's extension holds; None: it has none."""


def _member(data: bytes | None) -> MemberInfo:
    extensions = [Extension(0xF0A1, b"another's")]
    if data is not None:
        extensions.append(Extension(EXTENSION, data))
    return MemberInfo(0, b"somebody", bytes(32), tuple(extensions))


def _body(statement: Any) -> bytes:
    match cbor.decode(s.sign_statement(statement, PRIVATE)):
        case [bytes(body), bytes()]:
            return body
    raise AssertionError


def _joined(body: bytes, private: bytes = PRIVATE, label: bytes = LABEL) -> bytes:
    return cbor.encode([body, bytes(sign(private, label, body))])


def _changed(statement: Any, change: Json) -> bytes:
    fields = {**cbor.decode_map(_body(statement)), **change}
    return _joined(cbor.encode({name: of for name, of in fields.items() if of is not None}))


def recording_vectors() -> Json:
    """Statements: [fields, bytes, digest of a request]. Names of calls and members. Refusals."""
    good, body = s.sign_statement(ASK, PRIVATE), _body(ASK)
    tried = [
        *(_changed(statement, change) for statement, change in CHANGES),
        *(flipped(good, at) for at in (0, 1, 3, 10, -1, -32, -64, -66)),
        *(good[:-1], good + b"\0", b"", b"\x80", bytes(4_224), bytes(4_225)),
        *(cbor.encode(raw) for raw in ([b"x"], [1, 2], [body], [body, bytes(64), b""])),
        *(cbor.encode([body, bytes(size)]) for size in (0, 63, 64, 65)),
        *(cbor.encode([b"x", bytes(64)]), cbor.encode({"a": body})),
        _joined(body, OTHER_PRIVATE),
        _joined(body, label=b"visavis device list v1\0"),
        _joined(_body(replace(ASK, key=OTHER_KEY))),
    ]
    calls = [CALL, CallId(bytes(16))]
    sets = [MEMBERS, frozenset({KEY}), frozenset({OTHER_KEY, KEY}), frozenset[ConsentKey]()]
    return {
        "private": PRIVATE.hex(),
        "statements": [
            [
                {"kind": one.TYPE["t"]} | plain(one),
                s.sign_statement(one, PRIVATE).hex(),
                s.ask_digest(one).hex() if isinstance(one, s.RecordingAsk) else None,
            ]
            for one in STATEMENTS
        ],
        "calls": [[call.hex(), s.call_reference(call).hex()] for call in calls],
        "members": [[plain(those), members_hash(those).hex()] for those in sets],
        "refused": [[data.hex(), outcome(s.read_statement, data)] for data in tried],
        "leaves": [
            [None if data is None else data.hex(), outcome(consent_of, _member(data))]
            for data in LEAVES
        ],
        "unsigned": [
            [change, outcome(s.sign_statement, replace(ASK, **change), PRIVATE)]
            for change in UNSIGNED
        ],
    }
