"""The verifier of receipts: of files, of what their owner signs anew, of statements in them."""

from __future__ import annotations

import json
from typing import Any, Final

from tests.core.receipt_examples import BOB, RECEIPTS, SIGN

from fuzz.engine import Target
from visavis.core import base64url, cbor
from visavis.core.recording_consent import Consent, malformed, read_consent
from visavis.core.recording_jsonld import canonical, document, is_item
from visavis.core.recording_receipt import LABEL, make_receipt, verify_receipt

PROOF: Final = "sec:proof"


def _told(consent: Consent) -> str:
    return f"{consent.state} {consent.exported} {len(consent.answers)}"


def _verify(data: bytes) -> str:
    """Only what its owner signed is a receipt, in the one spelling."""
    consent = verify_receipt(data)
    if make_receipt(consent.signed, consent.key, SIGN) != data:
        raise AssertionError("a receipt that would be made differently")
    return _told(consent)


def _bodies() -> list[bytes]:
    found: list[dict[str, Any]] = [json.loads(data) for data in RECEIPTS.values()]
    return [canonical({name: of for name, of in one.items() if name != PROOF}) for one in found]


def _verify_signed(data: bytes) -> str:
    """Sign whatever it is, as its owner can: they can make it say nothing but what was signed."""
    try:
        body = json.loads(data)
    except (ValueError, RecursionError):
        raise malformed("no JSON") from None
    if not isinstance(body, dict) or not is_item(body):
        raise malformed("not what a receipt is made of")
    value = f"u{base64url.encode(SIGN(LABEL, canonical(body)))}"
    return _verify(canonical({**body, PROOF: _PROOF | {"sec:proofValue": value}}))


def _statements() -> list[bytes]:
    return [cbor.encode(list(verify_receipt(data).signed)) for data in RECEIPTS.values()]


def _read(data: bytes) -> str:
    """Whatever statements are a record, a document can be made of it."""
    found = cbor.decode(data)
    signed = [one for one in found if isinstance(one, bytes)] if isinstance(found, list) else []
    consent = read_consent(signed, BOB)
    if not is_item(document(consent)):
        raise AssertionError("a document that cannot stand in a receipt")
    return _told(consent)


_PROOF: Final[dict[str, Any]] = json.loads(RECEIPTS["given"])[PROOF]

TARGETS: Final = [
    Target("recording.receipt", lambda: list(RECEIPTS.values()), _verify),
    Target("recording.receipt_signed", _bodies, _verify_signed),
    Target("recording.consent", _statements, _read),
]
