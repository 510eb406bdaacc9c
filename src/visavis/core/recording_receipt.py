r"""A receipt of one's own consent to a recording (R-51, docs/protocol/recording.md, "Receipts").

    receipt   = canonical JSON (RFC 8785) of the JSON-LD document (`recording_jsonld`), with
                "sec:proof": {..., "sec:proofValue": "u" || base64url(signature)}
    signature = Ed25519 by the consent key over "visavis recording receipt v1\0" || canonical JSON
                of the document without "sec:proof"

The statements themselves stand in it, as they were signed. Whoever checks a receipt makes the
document anew from them: so what it says in words is what was said, and nothing else. The signature
of its owner says that this was all, until then.

Pure. Not for: keeping receipts, or whose a key is (the leaf of the call's group).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final, Self, TypeAlias

from visavis.core import base64url
from visavis.core import recording_statements as s
from visavis.core.errors import Code, PeerError, UsageError
from visavis.core.identity import verify
from visavis.core.ids import ConsentKey
from visavis.core.recording_consent import Answer, Consent, malformed, read_consent
from visavis.core.recording_jsonld import canonical, did_key, document, is_item, pseudonym

MAX_RECEIPT: Final = 1 << 20
"""Bytes. A request and 256 answers need less."""

LABEL: Final = b"visavis recording receipt v1\0"
SUITE: Final = "visavis-recording-receipt-v1"
"""Names this signature among those of W3C's Data Integrity: it is none of the standard ones."""

_PROOF: Final = "sec:proof"
_BASE64URL: Final = "u"
"""Multibase's letter for base64url."""

Sign: TypeAlias = Callable[[bytes, bytes], bytes]
"""Signs with the person's consent key: a label, a message -> 64 bytes (`identity.sign`)."""


def make_receipt(statements: Iterable[bytes], key: ConsentKey, sign: Sign) -> bytes:
    """Make the receipt of what one person said about one request. Equal for equal statements.

    Args:
        statements: As they were sent: the request, and that person's answers, in any order; what
            others said, and what was recorded, may be among them and is left out.
        key: Whose receipt it is.
        sign: With the private half of `key`.

    Returns:
        The file.

    Raises:
        UsageError: There is not one request, or no answer of this person, or what there is does not
            fit together; or `sign` signs with another key.
        PeerError: BAD_SIGNATURE, MALFORMED, TOO_LARGE: one of the statements.
    """
    asks: set[bytes] = set()
    answers: dict[bytes, int] = {}
    for one in statements:
        said = s.read_statement(one)
        if isinstance(said, s.RecordingAsk):
            asks.add(one)
        elif isinstance(said, Answer) and said.key == key:
            answers[one] = said.number
    if len(asks) != 1:
        raise UsageError("a receipt is about one request")
    try:
        consent = read_consent([*asks, *sorted(answers, key=answers.__getitem__)], key)
    except PeerError as error:
        raise UsageError(f"would sign what others refuse: {error.detail}") from None
    body = document(consent)
    signature = sign(LABEL, canonical(body))
    try:
        verify(key, LABEL, canonical(body), signature)
    except PeerError:
        raise UsageError("a receipt is signed by whose it is") from None
    return canonical({**body, _PROOF: _proof(key, signature)})


def verify_receipt(data: bytes) -> Consent:
    """Check a receipt, and return what its owner said.

    Raises:
        PeerError: TOO_LARGE, MALFORMED (CK-960 to CK-966), BAD_SIGNATURE (CK-962, CK-963).
    """
    return UnverifiedConsentReceipt.parse(data).verify()


@dataclass(frozen=True, slots=True)
class UnverifiedConsentReceipt:
    """What looks like a receipt, whoever wrote it."""

    _data: bytes = field(repr=False)
    _body: dict[str, Any] = field(repr=False)
    _key: ConsentKey = field(repr=False)
    _signed: tuple[bytes, ...] = field(repr=False)
    _signature: bytes = field(repr=False)

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Find in a file whose receipt it is, its statements and its signature.

        Raises:
            PeerError: TOO_LARGE, MALFORMED (CK-960).
        """
        # CK-960: its length is judged before it is read.
        if len(data) > MAX_RECEIPT:
            raise PeerError(Code.TOO_LARGE, "CK-960 receipt: too long")
        try:
            whole = json.loads(data.decode())
            key, signed, signature = _find(whole)
        # CK-960: whatever else it is, it is no receipt.
        except (ValueError, RecursionError, PeerError):
            raise malformed("CK-960 receipt: none, or not whole") from None
        body = {name: value for name, value in whole.items() if name != _PROOF}
        return cls(data, body, key, signed, signature)

    def verify(self) -> Consent:
        """Check that it was written by whose it is, and says what was signed.

        Raises:
            PeerError: MALFORMED, TOO_LARGE (CK-961, CK-963 to CK-966), BAD_SIGNATURE (CK-962,
                CK-963).
        """
        body = canonical(self._body)
        whole = canonical({**self._body, _PROOF: _proof(self._key, self._signature)})
        # CK-961: one spelling. A name that stands twice would be read by some as the one, and by
        # others as the other.
        if whole != self._data:
            raise malformed("CK-961 receipt: another spelling")
        # CK-962: nobody but its owner can say that this was all that they said.
        verify(self._key, LABEL, body, self._signature)
        consent = read_consent(self._signed, self._key)
        # CK-966: what it says in words, even its owner cannot make another than what was signed.
        if canonical(document(consent)) != body:
            raise malformed("CK-966 receipt: it says something else than what was signed")
        return consent


def _find(whole: object) -> tuple[ConsentKey, tuple[bytes, ...], bytes]:
    """Find whose a receipt is, its statements and its signature.

    Raises:
        ValueError: One of them is missing, or something in it is not spelt alike by everybody.
        PeerError: A text is not that of bytes, or not of so many.
    """
    match whole:
        case {
            "sec:proof": {"sec:proofValue": str(value)},
            "dpv:hasRecordOfActivity": {
                "dpv:hasDataSubject": {"dct:identifier": str(whose)},
                "dpv:hasConsentStatus": [*events],
            },
        } if is_item(whole):
            key = ConsentKey(bytes.fromhex(whose))
            # `fromhex` takes capitals and spaces too, and another reader may not.
            if whose != pseudonym(key):
                raise ValueError
            signature = base64url.decode(value.removeprefix(_BASE64URL))
            return key, tuple(_statement(event) for event in events), signature
        case _:
            raise ValueError


def _statement(event: object) -> bytes:
    match event:
        case {"rdf:value": str(value)}:
            return base64url.decode(value)
        case _:
            raise ValueError


def _proof(key: ConsentKey, signature: bytes) -> dict[str, Any]:
    did = did_key(key)
    return {
        "@type": "sec:DataIntegrityProof",
        "sec:cryptosuite": SUITE,
        "sec:proofPurpose": {"@id": "sec:assertionMethod"},
        "sec:proofValue": _BASE64URL + base64url.encode(signature),
        "sec:verificationMethod": {"@id": f"{did}#{did.removeprefix('did:key:')}"},
    }
