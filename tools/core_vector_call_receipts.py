"""Receipts of a call: made, altered, and what others refuse.

All private keys are given, so that the twin can make everything anew, to the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from core_vector_kit import Json, flipped, outcome, plain
from tests.core import call_receipt_examples as e

from visavis.core import base64url, cbor
from visavis.core.call_receipt import (
    MAX_TERMS,
    Facts,
    Media,
    check_members,
    check_opened,
    check_times,
    commitment,
    read_field,
    read_terms,
    sign_binding,
)
from visavis.core.call_receipt_file import MAX_FILE, verify_file
from visavis.core.ids import CallId, ConsentKey
from visavis.core.recording_jsonld import canonical
from visavis.core.safety_number import Party, half_of

_TERMS: Final = read_terms(e.TERMS)


def _terms() -> Iterator[bytes]:
    whole = cbor.decode_map(e.TERMS)
    keys = [bytes(key) for key in e.KEYS]
    many = sorted(bytes([at]) * 32 for at in range(65))
    yield e.TERMS
    for changed in (
        {"members": keys[:1]},
        {"members": keys[::-1]},
        {"members": [*keys, keys[-1]]},
        {"members": many[:64]},
        {"members": many},
        {"fields": whole["fields"][:2]},  # type: ignore[index]
        {"call": bytes(31)},
        {"t": "receipt.ask"},
        {"v": 2},
        {"more": 1},
    ):
        yield cbor.encode({**whole, **changed})  # type: ignore[dict-item]
    yield cbor.encode({name: one for name, one in whole.items() if name != "call"})
    yield from (b"", e.TERMS + b"\0", bytes(MAX_TERMS + 1))


def _fields() -> Iterator[bytes]:
    salt = bytes(16)
    yield from e.OPENED
    for one in (
        ["at", salt, 0],
        ["at", salt, 2**40],
        ["at", salt, 2**40 + 1],
        ["at", salt, 2**64 - 1],
        ["at", salt, -1],
        ["at", salt, True],
        ["at", salt, "1"],
        ["at", salt[1:], 1],
        ["media", salt, "voice"],
        ["media", salt, "sign"],
        ["media", salt, 1],
        ["since", salt],
        ["name", salt, 1],
        {"at": 1},
        "at",
    ):
        yield cbor.encode(one)
    yield from (b"", bytes(65))


def _altered() -> Iterator[bytes]:
    """Yield files of which something was changed, in the one spelling."""
    whole: dict[str, Any] = json.loads(e.ALL)
    signatures: list[str] = whole["signatures"]
    at, media = whole["disclosed"]["at"], whole["disclosed"]["media"]
    one: dict[str, str] = whole["shown"][0]
    other = base64url.encode(e.KEYS[1])
    bound = base64url.encode(sign_binding(e.TERMS, e.PRIVATE[e.KEYS[1]], e.DEVICE))
    shown = base64url.encode(e.shown(e.KEYS[1]).signature)
    for changed in (
        {"visavis": "call receipt v2"},
        {"more": "x"},
        {"terms": ""},
        {"terms": base64url.encode(e.TERMS + b"\0")},
        {"terms": [whole["terms"]]},
        {"signatures": signatures[:2]},
        {"signatures": []},
        {"signatures": signatures[::-1]},
        {"signatures": [*signatures, signatures[0]]},
        {"signatures": ["AA", *signatures[1:]]},
        {"disclosed": {"at": [at[0], "1800000001"]}},
        {"disclosed": {"at": [media[0], at[1]]}},
        {"disclosed": {"since": at}},
        {"disclosed": {"name": at}},
        {"disclosed": {"at": [at[0], "01800000000"]}},
        {"disclosed": {"at": [at[0], "18000000000000"]}},
        {"disclosed": {"at": [at[0], "\u0661"]}},
        {"disclosed": {"at": [at[0], "-1"]}},
        {"disclosed": {"at": [*at, "x"]}},
        {"disclosed": {"at": "x"}},
        {"disclosed": {"media": [media[0], "voice"]}},
        {"disclosed": {"media": [media[0], "e\u0301"]}},
        {"disclosed": []},
        {"disclosed": {"__proto__": at}},
        {"shown": []},
        {"shown": "x"},
        {"shown": ["x"]},
        {"shown": [one, one]},
        {"shown": [{**one, "more": "x"}]},
        {"shown": [{**one, "key": base64url.encode(bytes(32))}]},
        {"shown": [{**one, "key": other}]},
        {"shown": [{**one, "key": other, "binding": bound}]},
        {"shown": [{**one, "key": other, "signature": shown}]},
        {"shown": [{**one, "key": other, "binding": bound, "signature": shown}]},
        {"shown": [{**one, "device": other}]},
        {"shown": [{**one, "credential": ""}]},
        {"shown": [{**one, "signature": one["binding"]}]},
        {"shown": [{name: of for name, of in one.items() if name != "binding"}]},
    ):
        yield canonical({**whole, **changed})
    for missing in ("visavis", "terms", "signatures", "disclosed", "shown"):
        yield canonical({name: of for name, of in whole.items() if name != missing})
    yield json.dumps(whole, indent=1).encode()
    yield e.ALL.replace(b'{"disclosed"', b'{"terms":"x","disclosed"', 1)
    yield from (
        b"",
        b"{}",
        b"[]",
        b"1",
        b"\xef\xbb\xbf" + e.ALL,
        e.ALL + b"\n",
        b"\xff",
        b"[" * 999,
    )


def _times() -> Iterator[list[Any]]:
    for facts, now, together in (
        (e.FACTS, e.FACTS.at, e.FACTS.since),
        (e.FACTS, e.FACTS.at + 120, e.FACTS.since - 120),
        (e.FACTS, e.FACTS.at + 121, e.FACTS.since),
        (e.FACTS, e.FACTS.at - 121, e.FACTS.since),
        (e.FACTS, e.FACTS.at, e.FACTS.since + 121),
        (Facts(5, Media.VOICE, 0), 5, 125),
    ):
        yield [plain(facts), now, together, outcome(check_times, facts, now, together)]


def _members() -> Iterator[list[Any]]:
    stranger = ConsentKey(bytes(32))
    for call, members, asker in (
        (e.CALL, e.MEMBERS, e.KEYS[0]),
        (CallId(bytes(16)), e.MEMBERS, e.KEYS[0]),
        (e.CALL, e.MEMBERS - {e.KEYS[2]}, e.KEYS[0]),
        (e.CALL, e.MEMBERS | {stranger}, e.KEYS[0]),
        (e.CALL, e.MEMBERS, stranger),
    ):
        judged = outcome(check_members, _TERMS, call, members, asker)
        yield [call.hex(), plain(members), asker.hex(), judged]


def _opened() -> Iterator[list[Any]]:
    salt = bytes(16)
    later = tuple(
        cbor.encode(one) for one in (["at", salt, 1], ["media", salt, "voice"], ["since", salt, 2])
    )
    for committed, opened in (
        (e.OPENED, e.OPENED),
        (e.OPENED, e.OPENED[::-1]),
        (e.OPENED[::-1], e.OPENED[::-1]),
        (e.OPENED, e.OPENED[:2]),
        (e.OPENED, later),
        (later, later),
    ):
        terms = replace(_TERMS, fields=tuple(commitment(one) for one in committed))
        yield [plain(committed), plain(opened), outcome(check_opened, terms, opened)]


def call_receipt_vectors() -> Json:
    """Receipts of a call, and what is refused of terms, fields, times, members and files."""
    rng = e.rng()
    return {
        "private": [[key.hex(), e.PRIVATE[key].hex()] for key in e.KEYS],
        "call": e.CALL.hex(),
        "facts": plain(e.FACTS),
        "salts": [rng(16).hex() for _ in range(3)],
        "opened": plain(e.OPENED),
        "terms": e.TERMS.hex(),
        "signatures": plain(e.RECEIPT.signatures),
        "device": [e.DEVICE.hex(), e.DEVICE_PRIVATE.hex(), e.CREDENTIAL.hex()],
        "shown": plain(e.SHOWN),
        "halves": [_half(name) for name in ("all", "only who")],
        "files": [[name, _told(data), data.decode()] for name, data in e.FILES.items()],
        "altered": [[data.hex(), outcome(verify_file, data)] for data in _altered()],
        "long": [MAX_FILE + 1, outcome(verify_file, b"x" * (MAX_FILE + 1))],
        "flipped": [
            [at, outcome(verify_file, flipped(e.ALL, at))] for at in range(0, len(e.ALL), 7)
        ],
        "read": [[data.hex(), outcome(read_terms, data)] for data in _terms()],
        "fields": [[data.hex(), outcome(read_field, data)] for data in _fields()],
        "times": list(_times()),
        "members": list(_members()),
        "checked": list(_opened()),
    }


def _told(data: bytes) -> dict[str, Any]:
    found = verify_file(data)
    return {
        "disclosed": {name.value: value for name, value in found.disclosed.items()},
        "shown": {key.hex(): half_of(party) for key, party in found.shown.items()},
    }


def _half(name: str) -> list[str]:
    party: Party = next(iter(verify_file(e.FILES[name]).shown.values()))
    return [party.account_id.hex(), party.identity_key.hex(), *half_of(party)]
