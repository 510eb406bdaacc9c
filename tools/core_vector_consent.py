"""Receipts of a consent to a recording: whole ones, their Kantara views, and what is none.

Both people's keys are given, so that the twin can make each receipt anew, to the same bytes, and
sign what it changed as its owner could.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from functools import partial
from typing import Any, Final

from core_vector_kit import Json, flipped, outcome, plain
from tests.core.receipt_examples import (
    AGAIN,
    BACK,
    BOB,
    BOBS,
    EXPORT,
    NO,
    SIGN,
    YES,
    about,
    receipts,
    signed,
)
from tests.core.recording_examples import ASK, BOTH, END, GRANT, KEY, PRIVATE, PROGRESS

from visavis.core import base64url
from visavis.core import recording_statements as s
from visavis.core.identity import sign
from visavis.core.ids import CallId, ConsentKey
from visavis.core.recording_consent import read_consent
from visavis.core.recording_jsonld import canonical, did_key, is_item, receipt_id, record_id, utc
from visavis.core.recording_kantara import kantara_view
from visavis.core.recording_receipt import LABEL, MAX_RECEIPT, make_receipt, verify_receipt
from visavis.core.recording_types import Kind

TEXTS: Final = (
    'She said "yes", \'no\' and \\ and \\" and \\u0041 and /',
    "".join(map(chr, range(0x20))) + "\x7f\x80\x85\x9f\xa0\xad",
    "\U0001f4f9 \U0001d4b1\U00010000\U0010ffff",
    "\u05e9\u05dc\u05d5\u05dd \u202egnidrocer\u202c \u0645\u0631\u062d\u0628\u0627 \u2067x\u2069",
    "\u2028\u2029\ufeff\ufffd\ufffe\uffff\ud7ff\ue000\u200b\u200d",
    "</script><!-- ]]> {}[]:, null true 1.0",
    "e\u0301 A\u030a \u1112\u1161\u11ab",  # Made one character each before it is signed.
    "\u00e9" * 300,
    "\U0001f4f9" * 150,
    " ",
)
"""What for, in the words of who asks, who may write anything."""

RICH: Final = "given, taken back, and given again"


def _whole() -> Iterator[tuple[str, bytes]]:
    """Yield receipts, each by its name."""
    yield from receipts()

    def one(ask: s.RecordingAsk, *answers: Any) -> bytes:
        return make_receipt(signed(ask, *(about(ask, each) for each in answers)), BOB, SIGN)

    clear = replace(YES, clear=True)
    yield RICH, one(EXPORT, clear, BACK, AGAIN)
    for text in TEXTS:
        name = f"in other words: {ascii(text)[:20]}"
        yield (
            name,
            one(replace(EXPORT, purpose=text, named=text[::-1].strip("\u0301\u030a")), clear),
        )
    for kind in Kind:
        ask = replace(ASK, kinds=frozenset({kind}), place=s.Place.UPLOADED)
        yield f"{kind}, refused", one(ask, NO)
        yes = replace(YES, kinds=ask.kinds)
        yield f"{kind}, given and taken back", one(ask, yes, BACK)
        yield f"{kind}, of all that was asked", one(EXPORT, replace(clear, kinds=ask.kinds))
    first = replace(ASK, at=0, number=s.MAX_NUMBER, days=1, recipients=s.Recipients.ASKER)
    yield "before there were clocks", one(first, replace(YES, at=0, number=1))
    last = replace(EXPORT, at=s.MAX_AT, days=30, kinds=BOTH)
    yield "by a clock that was wrong", one(last, replace(clear, at=s.MAX_AT, number=s.MAX_NUMBER))


WHOLE: Final = dict(_whole())


def _fields(statement: Any) -> Json:
    return {"kind": statement.TYPE["t"]} | plain(statement)


def _told(name: str, data: bytes) -> list[Any]:
    """Give [name, request and answers, what it says, text, Kantara's view if there is one]."""
    consent = verify_receipt(data)
    says = {
        "key": consent.key.hex(),
        "ask": _fields(consent.ask),
        "answers": [_fields(one) for one in consent.answers],
        "state": consent.state.value,
        "given": None if consent.given is None else consent.given.number,
        "exported": consent.exported,
        "until": consent.until,
        "receipt": receipt_id(consent),
        "record": record_id(consent),
    }
    view = None if consent.given is None else kantara_view(consent)
    return [name, plain(consent.signed), says, data.decode(), view]


# ---- Altered -------------------------------------------------------------------------------------

Path = tuple[Any, ...]
RECORD: Final = "dpv:hasRecordOfActivity"
READ: Final[tuple[Path, ...]] = (
    ("sec:proof",),
    ("sec:proof", "sec:proofValue"),
    (RECORD,),
    (RECORD, "dpv:hasDataSubject"),
    (RECORD, "dpv:hasDataSubject", "dct:identifier"),
    (RECORD, "dpv:hasConsentStatus"),
    (RECORD, "dpv:hasConsentStatus", 0),
    (RECORD, "dpv:hasConsentStatus", 1),
    (RECORD, "dpv:hasConsentStatus", 1, "rdf:value"),
)
"""Where the verifier looks before it has checked anything."""

GONE: Final = None
"""In place of a value: the thing is taken out. No receipt holds null."""


def _places(node: Any, path: Path = ()) -> Iterator[Path]:
    if path:
        yield path
    inner = node.items() if isinstance(node, dict) else enumerate(node)
    for name, value in inner if isinstance(node, dict | list) else ():
        yield from _places(value, (*path, name))


def _at(document: Any, path: Path) -> Any:
    for name in path:
        document = document[name]
    return document


def _changed(document: Json, path: Path, value: Any) -> Json:
    found = deepcopy(document)
    holder = _at(found, path[:-1])
    if value is GONE:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    return found


def _anew(document: Json, private: bytes = BOBS) -> bytes:
    """Return it as its owner could sign it; without a proof there is nothing to put that into."""
    if not isinstance(document.get("sec:proof"), dict):
        return canonical(document)
    body = {name: value for name, value in document.items() if name != "sec:proof"}
    value = f"u{base64url.encode(sign(private, LABEL, canonical(body)))}"
    return canonical({**body, "sec:proof": {**document["sec:proof"], "sec:proofValue": value}})


def _changes(document: Json) -> Iterator[tuple[Path, Any]]:
    for path in _places(document):
        yield from ((path, value) for value in (GONE, "x"))
    for path in READ:
        yield from ((path, value) for value in ("", {}, [], ["x"], [{}], {"rdf:value": "x"}))
    subject, proof = READ[4], READ[1]
    whose, value = _at(document, subject), _at(document, proof)
    for other in (whose.upper(), f" {whose}", whose[:-2], f"{whose}00", KEY.hex(), "0" * 64):
        yield subject, other
    for other in (
        value[1:],
        f"u{value}",
        value[:-1],
        f"{value}A",
        f"{value[:-1]}_",
        f"{value}=",
        "u",
    ):
        yield proof, other
    status = (RECORD, "dpv:hasConsentStatus")
    events = _at(document, status)
    for others in (events[:-1], events[1:], events[::-1], [*events, events[-1]], events[:1]):
        yield status, others
    yield (RECORD, "dct:description"), "And to all that follows."
    yield ("\u00e9",), "x"
    yield ("\x7f",), "x"


def _altered() -> Iterator[list[Any]]:
    """Give [path, what is put there, outcome, outcome when its owner signs that]."""
    document = json.loads(WHOLE[RICH])
    yield [[], None, outcome(verify_receipt, WHOLE[RICH]), outcome(verify_receipt, _anew(document))]
    for path, value in _changes(document):
        found = _changed(document, path, value)
        outcomes = [outcome(verify_receipt, data) for data in (canonical(found), _anew(found))]
        yield [list(path), value, *outcomes]


REPLACED: Final[tuple[tuple[str, str], ...]] = (
    ("Minutes", "Minute\\u0073"),
    ("Minutes", "\\ud800"),
    ("Minutes", "\\ude00\\ud83d"),
    ("Minutes", "\\ud83d\\ude00"),
    ("Minutes", "\\/"),
    ("Minutes", "\\u0001"),
    ("Minutes", "\x01"),
    ("Minutes", "\u2028"),
    ('{"@context"', ' {"@context"'),
    ('{"@context"', '\ufeff{"@context"'),
    ('"@type":', '"@type": '),
    ('"@type":', '"@type":"dpv:ConsentRecord","@type":'),
    *(
        ('"und"', value)
        for value in (
            *("1", "1.0", "0", "-0", "1e3", "1e999", "1.", "01", "+1", "9" * 5_000),
            *("NaN", "Infinity", "-Infinity", "true", "false", "null", "undefined", "'und'"),
            *('{"\u00e9":"x"}', '{"\uffff":"x","\U00010000":"x"}', '{"__proto__":"x"}'),
            *('{"b":"x","a":"x"}', '{"a":"x","b":"x"}', '{"10":"x","9":"x"}', '{"9":"x","10":"x"}'),
            *("[" * n + '"und"' + "]" * n for n in (1, 12, 13, 5_000)),
            *('{"a":' * n + '"und"' + "}" * n for n in (12, 13)),
            *('"und",', '["und",]', '"und"}', '"und" // no'),
        )
    ),
)
"""In the text of a receipt: what stands there first, and what instead."""

NONE: Final = (
    *(b"", b"null", b"[]", b"{}", b'"x"', b"1", b"true", b"\xff\xfe", b"\xef\xbb\xbf{}"),
    *(b"\xed\xa0\x80", b'"\xc0\x80"', b"[" * 100_000, b'{"sec:proof":"u"}', b"{}{}", b"nul"),
    *(b"1e999", b"9" * 5_000, b" " * MAX_RECEIPT, b" " * (MAX_RECEIPT + 1)),
)


def _forged() -> Iterator[list[str]]:
    """Give [name, text, outcome] of what people might try."""
    given, refused = json.loads(WHOLE["given"]), json.loads(WHOLE["refused"])
    yes = json.loads(make_receipt(signed(ASK, replace(YES, number=2)), BOB, SIGN))
    back = json.loads(WHOLE["withdrawn"])
    event = (RECORD, "dpv:hasConsentStatus", 1, "rdf:value")
    written = base64url.encode(s.sign_statement(replace(YES, number=2), PRIVATE))
    tried = {
        "a yes in the place of a no": canonical({**refused, RECORD: yes[RECORD]}),
        "a withdrawal that is left out": canonical({**given, "sec:proof": back["sec:proof"]}),
        "another record in it": canonical({**given, RECORD: back[RECORD]}),
        "written by who asked": _anew(given, PRIVATE),
        "a statement by who asked": _anew(_changed(refused, event, written)),
        "formatted anew": json.dumps(given, indent=1).encode(),
        "in another order": json.dumps(
            dict(reversed(given.items())), separators=(",", ":"), ensure_ascii=False
        ).encode(),
        "with a last line": WHOLE["given"] + b"\n",
    }
    for name, data in tried.items():
        yield [name, data.decode(), outcome(verify_receipt, data)]


# ---- What makes a record, and a receipt ----------------------------------------------------------

SELF: Final = replace(ASK, key=BOB)
OTHER_ASK: Final = replace(ASK, number=7)


def _records() -> Iterator[list[Any]]:
    """Give [statements, outcome of reading them as Bob's]."""
    screen = replace(YES, kinds=BOTH | {Kind.SCREEN})
    call = s.call_reference(CallId(bytes(16)))
    tried: tuple[tuple[Any, ...], ...] = (
        *((ASK, YES), (ASK, NO, AGAIN), (ASK, YES, BACK), (ASK,), ()),
        *((YES, NO), (SELF, about(SELF, YES)), (ASK, about(OTHER_ASK, YES))),
        *((ASK, replace(YES, call=call)), (ASK, replace(YES, key=KEY)), (ASK, NO, YES)),
        *((ASK, YES, replace(NO, number=YES.number)), (ASK, YES, replace(END, key=BOB, number=9))),
        *((ASK, YES, OTHER_ASK), (ASK, YES, replace(PROGRESS, key=BOB, number=9))),
        *((ASK, screen), (ASK, replace(YES, clear=True)), (ASK, BACK), (ASK, YES, NO, BACK)),
        *((ASK, YES, replace(BACK, number=2), BACK), (EXPORT, about(EXPORT, YES, clear=True))),
    )
    whose = {KEY: PRIVATE, BOB: BOBS}
    ask, yes = signed(ASK, YES)
    for statements in (
        *([s.sign_statement(one, whose[one.key]) for one in some] for some in tried),
        *([ask, flipped(yes, at)] for at in (0, 1, 30, -1, -64)),
        *([ask, yes, other] for other in (b"", b"\x80", bytes(s.MAX_SIGNED + 1))),
        [flipped(ask, -1), flipped(yes, 0)],
    ):
        yield [plain(statements), outcome(read_consent, statements, BOB)]


def _made() -> Iterator[list[Any]]:
    """Give [statements, key, what signs, outcome of making a receipt]."""
    statements = signed(ASK, YES)
    other = s.sign_statement(OTHER_ASK, PRIVATE)
    tried = (
        (statements, BOB, BOBS),
        ([*statements, other], BOB, BOBS),
        (statements[1:], BOB, BOBS),
        ([], BOB, BOBS),
        (statements, ConsentKey(bytes(32)), BOBS),
        (statements, KEY, PRIVATE),
        (statements, BOB, PRIVATE),
        ([*signed(ASK), s.sign_statement(YES, PRIVATE)], BOB, BOBS),
        ([*statements, b"\x80"], BOB, BOBS),
        (signed(ASK, BACK), BOB, BOBS),
    )
    for some, key, private in tried:
        found = outcome(make_receipt, some, key, partial(sign, private))
        yield [plain(some), key.hex(), private.hex(), found]


def _nested(depth: int) -> Iterator[Any]:
    lists: Any = "x"
    objects: Any = "x"
    for _ in range(depth):
        lists, objects = [lists], {"a": objects}
    yield from (lists, objects)


def _items() -> Iterator[list[Any]]:
    """Give [something, its one spelling; null: it may not stand in a receipt]."""
    borders = (0, 0x80, 0x100, 0x800, 0x2028, 0xD800, 0xDC00, 0xE000, 0xFEFF, 0x1_0000)
    points = {*range(0x101), *(at + by for at in borders for by in (-1, 0, 1) if at), 0x10_FFFF}
    names = ("b", "a", "B", "_", "", "a:b", "a-b", "a b", "10", "9", '"', "\\", "\n", "\x7f", "@id")
    values: list[Any] = [
        *(f"<{chr(point)}>" for point in sorted(points)),
        *TEXTS,
        *("\ude00\ud83d", "\ud83d", "\U0001f600", ""),
        *({name: name for name in names}, {"__proto__": "x", "constructor": {"toString": []}}),
        *({"\x80": "x"}, {"\uffff": "x", "\U00010000": "x"}, {}, [], [[], {}, ""], ["b", "a"]),
        *(1, 0, -1, 1.5, 2**53, 2**64, True, False, None, [1], {"a": [None]}),
        *(item for depth in (15, 16) for item in _nested(depth)),
    ]
    for value in values:
        node = {"a": value}
        yield [value, canonical(node).hex() if is_item(node) else None]


TIMES: Final = (
    *(0, 1, 59, 86_399, 86_400, 951_782_400, 1_800_000_000, 4_107_542_399, 4_107_542_400),
    *(253_402_300_799, 253_402_300_800, 2**32, s.MAX_AT - 1, s.MAX_AT),
)


def consent_vectors() -> Json:
    """Receipts, altered ones, forgeries; records and what is none; spellings, times and keys."""
    keys = [bytes(32), b"\xff" * 32, bytes([1, *bytes(31)]), bytes([*bytes(31), 1]), KEY, BOB]
    given = WHOLE["given"]
    return {
        "asker": [KEY.hex(), PRIVATE.hex()],
        "owner": [BOB.hex(), BOBS.hex()],
        "others": plain([s.sign_statement(one, PRIVATE) for one in (GRANT, PROGRESS, END)]),
        "receipts": [_told(name, data) for name, data in WHOLE.items()],
        "altered": list(_altered()),
        "flipped": [
            [at, outcome(verify_receipt, flipped(given, at))] for at in range(0, len(given), 5)
        ],
        "replaced": [
            [old, new, outcome(verify_receipt, given.replace(old.encode(), new.encode(), 1))]
            for old, new in REPLACED
        ],
        "none": [[*_repeated(data), outcome(verify_receipt, data)] for data in NONE],
        "forged": list(_forged()),
        "records": list(_records()),
        "made": list(_made()),
        "items": list(_items()),
        "times": [[at, utc(at)] for at in TIMES],
        "keys": [[key.hex(), did_key(ConsentKey(key))] for key in keys],
    }


def _repeated(data: bytes) -> tuple[str, int]:
    """Give hex, and how often it stands there: a long file need not stand here."""
    return (data[:1].hex(), len(data)) if len(set(data)) == 1 else (data.hex(), 1)
