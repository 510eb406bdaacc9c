"""A receipt says what one person signed, all of it and nothing else, until it was made."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from tests.core.receipt_examples import (
    AGAIN,
    BACK,
    BOB,
    BOBS,
    EXPORT,
    NO,
    RECEIPTS,
    SIGN,
    YES,
    about,
    receipt,
    signed,
)
from tests.core.recording_examples import ASK, BOTH, END, GRANT, KEY, PRIVATE, PROGRESS

from visavis.core import base64url
from visavis.core import recording_statements as s
from visavis.core.errors import Code, PeerError, UsageError
from visavis.core.identity import sign
from visavis.core.ids import CallId, ConsentKey, Digest
from visavis.core.recording_consent import MAX_ANSWERS, State, read_consent
from visavis.core.recording_jsonld import CONTEXT, TERMS, canonical, did_key, utc
from visavis.core.recording_receipt import LABEL, MAX_RECEIPT, make_receipt, verify_receipt
from visavis.core.recording_types import Kind


class TestWhatItSays:
    def test_a_yes(self) -> None:
        consent = verify_receipt(receipt(YES))
        assert (consent.ask, consent.answers, consent.key) == (ASK, (YES,), BOB)
        assert (consent.state, consent.given) == (State.GIVEN, YES)
        assert consent.until == ASK.at + 30 * 86_400

    def test_a_no(self) -> None:
        consent = verify_receipt(receipt(NO))
        assert (consent.state, consent.given, consent.exported) == (State.REFUSED, None, False)

    def test_a_yes_taken_back(self) -> None:
        consent = verify_receipt(receipt(about(EXPORT, YES, clear=True), about(EXPORT, BACK),
                                         ask=EXPORT))  # fmt: skip
        assert (consent.state, consent.given, consent.exported) == (State.WITHDRAWN, None, True)

    def test_the_last_answer_counts(self) -> None:
        consent = verify_receipt(receipt(YES, NO, AGAIN))
        assert [consent.state, consent.given] == [State.GIVEN, AGAIN]
        events = record(receipt(YES, NO, AGAIN))["dpv:hasConsentStatus"]
        assert [one["@type"] for one in events] == [
            ["dpv:ConsentRequested", "dpv:ConsentNotice"],
            ["dpv:ConsentGiven", "dpv:ExplicitlyExpressedConsent"],
            "dpv:ConsentRefused",
            ["dpv:RenewedConsentGiven", "dpv:ExplicitlyExpressedConsent"],
        ]
        assert [one["dpv:isAfter"]["@id"] for one in events[1:]] == [
            one["@id"] for one in events[:-1]
        ]

    def test_the_words_are_those_of_the_request(self) -> None:
        told = record(receipt(about(EXPORT, YES, clear=True), ask=EXPORT))
        recording, export = told["dpv:hasProcess"]
        assert recording["dpv:hasPurpose"]["dct:description"] == ASK.purpose
        kinds = [one["dct:identifier"] for one in recording["dpv:hasPersonalData"]]
        assert kinds == ["audio", "screen", "transcript", "video"]
        location, duration, _ = recording["dpv:hasStorageCondition"]
        assert len(location["dpv:hasLocation"]) == 2
        assert duration["dpv:hasDuration"]["@value"] == "P30D"
        assert recording["dpv:hasRecipient"] == [{"@id": did_key(KEY)}]
        assert export["dpv:hasRecipient"][1]["dct:description"] == "The court"
        given = told["dpv:hasConsentStatus"][1]
        assert given["dpv:hasProcess"] == [{"@id": "_:recording"}, {"@id": "_:export"}]

    def test_a_yes_to_the_recording_is_none_to_the_export(self) -> None:
        given = record(RECEIPTS["no export"])["dpv:hasConsentStatus"][1]
        assert given["dpv:hasProcess"] == [{"@id": "_:recording"}]

    def test_a_yes_to_sound_is_none_to_the_picture(self) -> None:
        told = record(RECEIPTS["some"])
        assert told["dpv:hasConsentStatus"][1]["dpv:hasPersonalData"] == [{"@id": "_:audio"}]

    def test_two_receipts_of_the_same_are_equal_bytes(self) -> None:
        statements = signed(ASK, YES, BACK)
        others = [s.sign_statement(one, PRIVATE) for one in (GRANT, PROGRESS, END)]
        one = make_receipt(statements, BOB, SIGN)
        another = make_receipt([*others, *reversed(statements), *statements], BOB, SIGN)
        assert one == another

    def test_it_is_another_receipt_of_the_same_record_when_more_was_said(self) -> None:
        before, after = (json.loads(one) for one in (receipt(YES), receipt(YES, BACK)))
        assert before["dct:identifier"] != after["dct:identifier"]
        names = {one["dpv:hasRecordOfActivity"]["dct:identifier"] for one in (before, after)}
        assert len(names) == 1

    def test_it_holds_the_statements_as_they_were_sent(self) -> None:
        events = record(receipt(YES, BACK))["dpv:hasConsentStatus"]
        statements = [base64url.decode(one["rdf:value"]) for one in events]
        assert statements == signed(ASK, YES, BACK)
        assert [one["@id"] for one in events] == [
            f"ni:///sha-256;{base64url.encode(Digest.sha256(one))}" for one in statements
        ]


def record(data: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(data)["dpv:hasRecordOfActivity"]
    return found


# ---- Altered -------------------------------------------------------------------------------------


def refused(data: bytes, *codes: Code) -> str:
    with pytest.raises(PeerError) as error:
        verify_receipt(data)
    assert error.value.code in codes
    return error.value.detail


def signed_anew(document: dict[str, Any], private: bytes = BOBS) -> bytes:
    """Return it as its owner could sign it."""
    document = deepcopy(document)
    proof = document.pop("sec:proof")
    signature = sign(private, LABEL, canonical(document))
    proof["sec:proofValue"] = f"u{base64url.encode(signature)}"
    return canonical({**document, "sec:proof": proof})


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of everything that stands in a document."""
    if path:
        yield path
    inner = node.items() if isinstance(node, dict) else enumerate(node)
    for name, value in inner if isinstance(node, dict | list) else ():
        yield from places(value, (*path, name))


def changed(document: dict[str, Any], path: tuple[Any, ...]) -> Iterator[dict[str, Any]]:
    """Yield it without what stands there, and with something else there."""
    for change in (None, "x", {}, ["x"]):
        found = deepcopy(document)
        holder: Any = found
        for name in path[:-1]:
            holder = holder[name]
        if change is None:
            del holder[path[-1]]
        else:
            holder[path[-1]] = change
        yield found


@pytest.mark.parametrize("name", ["renewed", "export"])
def test_whatever_is_changed_is_refused(name: str) -> None:
    document = json.loads(RECEIPTS[name])
    assert signed_anew(document) == RECEIPTS[name], "the control"
    paths = list(places(document))
    assert len(paths) > 150
    for path in paths:
        for found in changed(document, path):
            refused(canonical(found), Code.MALFORMED, Code.BAD_SIGNATURE)
            if path[0] != "sec:proof":
                # Not even its owner can have it say something else than what was signed.
                refused(signed_anew(found), Code.MALFORMED, Code.BAD_SIGNATURE)


def test_whatever_is_added_is_refused() -> None:
    document = json.loads(receipt(YES))
    document["dpv:hasRecordOfActivity"]["dct:description"] = "And to all that follows."
    refused(canonical(document), Code.BAD_SIGNATURE)
    assert "CK-966" in refused(signed_anew(document), Code.MALFORMED)


def test_changed_bytes_are_refused() -> None:
    data = receipt(YES)
    for at in range(0, len(data), 5):
        refused(
            data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :], Code.MALFORMED, Code.BAD_SIGNATURE
        )


def test_a_yes_cannot_be_put_in_the_place_of_a_no() -> None:
    no, yes = json.loads(receipt(NO)), json.loads(receipt(replace(YES, number=2)))
    no["dpv:hasRecordOfActivity"] = yes["dpv:hasRecordOfActivity"]
    refused(canonical(no), Code.BAD_SIGNATURE)


def test_a_withdrawal_cannot_be_left_out_by_others() -> None:
    document = json.loads(receipt(YES, BACK))
    whole = json.loads(receipt(YES))
    whole["sec:proof"] = document["sec:proof"]
    refused(canonical(whole), Code.BAD_SIGNATURE)


def test_who_asked_cannot_write_it() -> None:
    document = json.loads(receipt(YES))
    refused(signed_anew(document, PRIVATE), Code.BAD_SIGNATURE)


def test_a_statement_that_somebody_else_wrote() -> None:
    document = json.loads(receipt(NO))
    forged = s.sign_statement(replace(YES, number=2), PRIVATE)
    event = document["dpv:hasRecordOfActivity"]["dpv:hasConsentStatus"][1]
    event["rdf:value"] = base64url.encode(forged)
    refused(signed_anew(document), Code.BAD_SIGNATURE)  # CK-963


@pytest.mark.parametrize(
    "spelt",
    [
        lambda data: data + b"\n",
        lambda data: b" " + data,
        lambda data: json.dumps(json.loads(data), indent=1).encode(),
        lambda data: json.dumps(
            dict(reversed(json.loads(data).items())), separators=(",", ":")
        ).encode(),
        lambda data: data.replace(b"Minutes", b"Minute\\u0073"),
        # The same name twice: readers differ in which one they take.
        lambda data: data.replace(b'"@type":', b'"@type":"dpv:ConsentRecord","@type":', 1),
    ],
)
def test_there_is_one_spelling(spelt: Callable[[bytes], bytes]) -> None:
    data = receipt(YES)
    other = spelt(data)
    assert other != data
    assert "CK-961" in refused(other, Code.MALFORMED)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"sec:proof":"u"}',
        b'{"sec:proof":{"sec:proofValue":1},"dpv:hasRecordOfActivity":{}}',
        b"1e999",
        b"9" * 5_000,
    ],
)
def test_what_is_no_receipt(data: bytes) -> None:
    assert "CK-960" in refused(data, Code.MALFORMED)


@pytest.mark.parametrize("value", ["1", "1.0", "1e3", "NaN", "true", "null", '{"\u00e9":"x"}'])
def test_what_others_would_spell_differently_is_no_receipt(value: str) -> None:
    document = receipt(YES).replace(b'"und"', value.encode())
    assert "CK-960" in refused(document, Code.MALFORMED)


@pytest.mark.parametrize("lists", [13, 5_000])
def test_what_is_nested_deep_is_no_receipt(lists: int) -> None:
    def nested(within: int) -> bytes:
        deep = b"[" * within + b'"und"' + b"]" * within
        return receipt(YES).replace(b'"und"', deep)

    # The language stands in the fourth object or list.
    refused(nested(12), Code.BAD_SIGNATURE)
    assert "CK-960" in refused(nested(lists), Code.MALFORMED)


@pytest.mark.parametrize(
    "change", [str.upper, lambda text: f" {text}", lambda text: f"{text[:2]} {text[2:]}"]
)
def test_whose_it_is_has_one_spelling(change: Callable[[str], str]) -> None:
    document = json.loads(receipt(YES))
    subject = document["dpv:hasRecordOfActivity"]["dpv:hasDataSubject"]
    subject["dct:identifier"] = change(subject["dct:identifier"])
    assert "CK-960" in refused(signed_anew(document), Code.MALFORMED)


@pytest.mark.parametrize("events", ["", {}, "x", {"x": "x"}, ["x"], [["x"]], [{}]])
def test_what_was_said_is_a_list(events: Any) -> None:
    document = json.loads(receipt(YES))
    document["dpv:hasRecordOfActivity"]["dpv:hasConsentStatus"] = events
    assert "CK-960" in refused(signed_anew(document), Code.MALFORMED)


def test_what_is_too_long_is_not_read() -> None:
    assert "CK-960" in refused(b" " * (MAX_RECEIPT + 1), Code.TOO_LARGE)


def test_half_a_character_is_refused() -> None:
    data = receipt(YES).replace(b"Minutes", b"\\ud800")
    assert "CK-960" in refused(data, Code.MALFORMED)


# ---- What makes a record -------------------------------------------------------------------------

SELF = replace(ASK, key=BOB)
OTHER_ASK = replace(ASK, number=7)


@pytest.mark.parametrize(
    ("ask", "answers", "check"),
    [
        (ASK, [], "CK-964"),
        (ASK, [replace(NO, number=n + 1) for n in range(MAX_ANSWERS + 1)], "CK-964"),
        (YES, [NO], "CK-964"),
        (SELF, [about(SELF, YES)], "CK-964"),
        (ASK, [about(OTHER_ASK, YES)], "CK-964"),
        (ASK, [replace(YES, call=s.call_reference(CallId(bytes(16))))], "CK-964"),
        (ASK, [replace(YES, key=KEY)], "CK-964"),
        (ASK, [YES, replace(NO, number=YES.number)], "CK-964"),
        (ASK, [NO, YES], "CK-964"),
        (ASK, [YES, replace(END, key=BOB, number=9)], "CK-964"),
        (ASK, [YES, OTHER_ASK], "CK-964"),
        (ASK, [replace(YES, kinds=BOTH | {Kind.SCREEN})], "CK-965"),
        (ASK, [replace(YES, clear=True)], "CK-965"),
        (ASK, [BACK], "CK-965"),
        (ASK, [YES, NO, BACK], "CK-965"),
        (ASK, [YES, replace(BACK, number=2), BACK], "CK-965"),
    ],
)
def test_what_is_no_record(ask: Any, answers: list[Any], check: str) -> None:
    whose = {KEY: PRIVATE, BOB: BOBS}
    statements = [s.sign_statement(one, whose[one.key]) for one in (ask, *answers)]
    with pytest.raises(PeerError, match=check) as error:
        read_consent(statements, BOB)
    assert error.value.code is Code.MALFORMED


def test_as_many_answers_as_a_call_can_have() -> None:
    answers = [replace(YES, number=n + 1, at=s.MAX_AT) for n in range(MAX_ANSWERS)]
    largest = replace(EXPORT, purpose="\x01" * s.MAX_PURPOSE, named="\x01" * s.MAX_NAMED)
    data = receipt(*(about(largest, one, kinds=frozenset(Kind)) for one in answers), ask=largest)
    assert len(data) < MAX_RECEIPT
    assert len(verify_receipt(data).answers) == MAX_ANSWERS


class TestMisuse:
    def test_two_requests(self) -> None:
        statements = [*signed(ASK, YES), s.sign_statement(OTHER_ASK, PRIVATE)]
        with pytest.raises(UsageError, match="one request"):
            make_receipt(statements, BOB, SIGN)

    def test_no_request(self) -> None:
        with pytest.raises(UsageError, match="one request"):
            make_receipt(signed(ASK, YES)[1:], BOB, SIGN)

    def test_who_said_nothing_has_no_receipt(self) -> None:
        with pytest.raises(UsageError, match="CK-964"):
            make_receipt(signed(ASK, YES), ConsentKey(bytes(32)), SIGN)

    def test_who_asked_has_none(self) -> None:
        with pytest.raises(UsageError, match="CK-964"):
            make_receipt(signed(ASK, YES), KEY, partial(sign, PRIVATE))

    def test_another_signs_it(self) -> None:
        with pytest.raises(UsageError, match="signed by whose it is"):
            make_receipt(signed(ASK, YES), BOB, partial(sign, PRIVATE))

    def test_a_statement_that_nobody_signed(self) -> None:
        forged = s.sign_statement(YES, PRIVATE)
        with pytest.raises(PeerError):
            make_receipt([*signed(ASK), forged], BOB, SIGN)


# ---- The words of the standard -------------------------------------------------------------------


def terms(value: Any) -> Iterator[str]:
    """Yield every compact term that is used: names, types, things pointed to."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            if name in {"@type", "@id"}:
                yield from ([inner] if isinstance(inner, str) else inner)
            yield from terms(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from terms(inner)


def test_it_uses_terms_that_dpv_has_and_no_other() -> None:
    used = {one for data in RECEIPTS.values() for one in terms(json.loads(data))}
    assert {one for one in used if re.match("(dpv|pd):", one)} == TERMS
    # Traps: deprecated, or defined as something else (metadata in the public sphere).
    assert not {one for one in TERMS if "WithinDevice" in one or "CommunicationsMetadata" in one}
    prefixes = {one.partition(":")[0] for one in used if re.match("[a-z]+:[A-Za-z]", one)}
    assert prefixes - {"did"} <= set(CONTEXT), "every prefix is declared, in the receipt itself"


@pytest.mark.parametrize(
    ("key", "did"),
    [  # Of the did:key method's own text.
        (
            "2e6fcce36701dc791488e0d0b1745cc1e33a4c1c9fcc41c63bd343dbbe0970e6",
            "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK",
        ),
    ],
)
def test_a_key_as_an_iri(key: str, did: str) -> None:
    assert did_key(ConsentKey(bytes.fromhex(key))) == did


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_800_000_000, "2027-01-15T08:00:00Z"),
        (253_402_300_799, "9999-12-31T23:59:59Z"),
        (253_402_300_800, "10000-01-01T00:00:00Z"),
        (s.MAX_AT, "36812-02-20T00:36:16Z"),
    ],
)
def test_times_of_any_clock(at: int, shown: str) -> None:
    assert utc(at) == shown
