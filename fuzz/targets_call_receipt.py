"""Decoders of receipts of a call: files, terms, opened fields. Contents: `targets_content`."""

from __future__ import annotations

from typing import Final

from tests.core import call_receipt_examples as e

from fuzz.engine import Target
from visavis.core import cbor
from visavis.core.call_receipt import encode_field, read_field, read_terms
from visavis.core.call_receipt_file import verify_file


def _verify(data: bytes) -> str:
    """Only what all signed has a receipt: nobody can change a call, or who was in it."""
    found = verify_file(data)
    if found.terms != read_terms(e.TERMS):
        raise AssertionError("a receipt that nobody signed")
    told = {"at": e.FACTS.at, "media": e.FACTS.media.value, "since": e.FACTS.since}
    if not {str(name): value for name, value in found.disclosed.items()}.items() <= told.items():
        raise AssertionError("a field that nobody signed")
    return f"{sorted(found.disclosed)} {len(found.shown)}"


def _terms(data: bytes) -> str:
    terms = read_terms(data)
    again = {
        "v": 1,
        "t": "call.receipt",
        "call": bytes(terms.call),
        "members": [bytes(key) for key in sorted(terms.members)],
        "fields": [bytes(one) for one in terms.fields],
    }
    if cbor.encode(again) != data:
        raise AssertionError("terms re-encode to other bytes")
    return str(len(terms.members))


def _field(data: bytes) -> str:
    name, salt, value = read_field(data)
    if encode_field(name, salt, value) != data:
        raise AssertionError("a field re-encodes to other bytes")
    return name.value


TARGETS: Final = [
    Target("call_receipt.file", lambda: list(e.FILES.values()), _verify),
    Target("call_receipt.terms", lambda: [e.TERMS], _terms),
    Target("call_receipt.field", lambda: list(e.OPENED), _field),
]
