"""A consent to a recording in the words of ISO/IEC TS 27560 and W3C's DPV 2, as JSON-LD (R-51).

Which field of the standard is which term is said by the guide of DPV's group, "Consent Records and
Receipts as per ISO/IEC TS 27560:2023 using DPV"; docs/protocol/recording.md has the table, and
docs/protocol/recording-receipt.shacl.ttl the shapes. `TERMS` lists every term that is used; a test
holds the document to it. DPV is a report of a W3C Community Group, not a W3C standard.

Everything is made from what was signed: no clock, no name, nothing that two would make differently.
What nobody in a call knows (jurisdiction, address) is said to be not available, not left out.

Pure. Not for: signing and checking it (`recording_receipt`).
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from typing import Any, Final

from visavis.core import base64url, cbor
from visavis.core import recording_statements as s
from visavis.core.ids import ConsentKey, Digest
from visavis.core.recording_consent import Answer, Consent, State, state_of
from visavis.core.recording_types import Kind

CONTEXT: Final[Mapping[str, str]] = {
    "dct": "http://purl.org/dc/terms/",
    "dpv": "https://w3id.org/dpv#",
    "pd": "https://w3id.org/dpv/pd#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "sec": "https://w3id.org/security#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
"""Stands in each receipt: whoever reads one needs no network."""

TERMS: Final = frozenset(
    {
        "dpv:ConsentReceipt", "dpv:ConsentRecord", "dpv:ConsentNotice", "dpv:ConsentRequested",
        "dpv:ConsentGiven", "dpv:RenewedConsentGiven", "dpv:ConsentRefused", "dpv:ConsentWithdrawn",
        "dpv:ExplicitlyExpressedConsent", "dpv:WithdrawConsent", "dpv:DataSubjectRight",
        "dpv:DataSubject", "dpv:DataController", "dpv:Recipient", "dpv:ThirdParty", "dpv:Process",
        "dpv:Purpose", "dpv:PersonalData", "dpv:Jurisdiction", "dpv:Location",
        "dpv:LocalLocation", "dpv:RemoteLocation", "dpv:StorageLocation", "dpv:StorageDuration",
        "dpv:StorageDeletion", "dpv:UntilTimeDuration", "dpv:UntilEventDuration",
        "dpv:EndlessDuration", "dpv:NotAvailable", "dpv:Collect", "dpv:Store", "dpv:Share",
        "dpv:hasRecordOfActivity", "dpv:hasDataSubject", "dpv:hasDataController",
        "dpv:hasRecipient", "dpv:hasNotice", "dpv:hasProcess", "dpv:hasProcessing",
        "dpv:hasPurpose", "dpv:hasPersonalData", "dpv:hasStorageCondition", "dpv:hasLocation",
        "dpv:hasDuration", "dpv:hasJurisdiction", "dpv:hasApplicability", "dpv:hasLegalBasis",
        "dpv:hasConsentControl", "dpv:hasRight", "dpv:isExercisedAt", "dpv:hasConsentStatus",
        "dpv:hasStatus", "dpv:isIndicatedBy", "dpv:isIndicatedAtTime", "dpv:hasIndicationMethod",
        "dpv:isAfter", "dpv:hasName", "dpv:hasAddress", "dpv:hasContact", "dpv:hasIdentifier",
        "pd:Communication", "pd:VoiceCommunicationRecording",
    }
)  # fmt: skip
"""Of DPV 2.3 and its list of personal data."""

RECEIPT_SCHEMA: Final = "https://w3id.org/dpv/schema/dpv-27560#receipt"
RECORD_SCHEMA: Final = "https://w3id.org/dpv/schema/dpv-27560#record"

WITHDRAW: Final = "In the app: one tap, in the call and at any time after it."
NO_PLACE: Final = "Not stated: nobody says in a call where they are."
CONTACT: Final = "In the app. The key was made for one call; who was in it knows whose it is."
METHOD: Final = "A statement signed in the app, by this key."

_RECORD_LABEL: Final = b"visavis recording record v1\0"
_RECEIPT_LABEL: Final = b"visavis recording receipt id v1\0"
_NO_LANGUAGE: Final = "und"
"""BCP 47: the purpose is in the words of who asks, who does not say in which language."""

_KINDS: Final = {
    Kind.AUDIO: ("What this person says (sound).", "pd:VoiceCommunicationRecording"),
    Kind.VIDEO: ("The picture of this person's camera.", "pd:Communication"),
    Kind.SCREEN: ("The screen that this person shares.", "pd:Communication"),
    Kind.TRANSCRIPT: ("What this person says, written down.", "pd:Communication"),
}
_STATES: Final = {
    State.GIVEN: "dpv:ConsentGiven",
    State.REFUSED: "dpv:ConsentRefused",
    State.WITHDRAWN: "dpv:ConsentWithdrawn",
}
_RECORDING, _EXPORT = {"@id": "_:recording"}, {"@id": "_:export"}

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_CYCLE_Y: Final = 400
_CYCLE_S: Final = 146_097 * 86_400
"""After so many years, of so many seconds, the calendar repeats itself."""
_BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_ED25519_PUB: Final = b"\xed\x01"

_MAX_DEPTH: Final = 16
"""Objects and lists within each other; a receipt needs nine. Higher: hostile input goes deeper."""
_HALF: Final = re.compile("[\ud800-\udfff]")
"""Half a surrogate pair: no character, and UTF-8 has no bytes for it."""

Node = dict[str, Any]

_NOT_AVAILABLE: Final[Node] = {"dpv:hasApplicability": {"@id": "dpv:NotAvailable"}}


def document(consent: Consent) -> Node:
    """Return the receipt of a consent, but for its signature; equal for equal statements."""
    identifier = receipt_id(consent)
    return {
        "@context": dict(CONTEXT),
        "@id": identifier,
        "@type": "dpv:ConsentReceipt",
        "dct:identifier": identifier,
        "dct:conformsTo": {"@id": RECEIPT_SCHEMA},
        # No clock: a receipt is as old as the last thing that stands in it.
        "dct:created": _time(consent.answers[-1].at),
        "dpv:hasRecordOfActivity": _record(consent),
    }


def canonical(node: Node) -> bytes:
    """Return the one spelling of a document that is signed: RFC 8785, of what `is_item` allows.

    Its names are ASCII, so that sorting them by code point is sorting them as the RFC does.
    """
    return json.dumps(node, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def is_item(value: object, depth: int = _MAX_DEPTH) -> bool:
    """Tell whether parsed JSON is of what everybody spells alike.

    That is texts of whole characters, lists, and objects with ASCII names, none of them deep.
    Numbers, for one, are not: to Python 1.0 and 1 are two, to JavaScript they are one.
    """
    match value:
        case str():
            return not _HALF.search(value)
        case list():
            return depth > 0 and all(is_item(one, depth - 1) for one in value)
        case dict():
            return depth > 0 and all(
                name.isascii() and is_item(one, depth - 1) for name, one in value.items()
            )
        case _:
            return False


def receipt_id(consent: Consent) -> str:
    """Return the receipt's name: another one as soon as anything more was said."""
    return _name(Digest.sha256(_RECEIPT_LABEL + cbor.encode(list(consent.signed))))


def record_id(consent: Consent) -> str:
    """Return the record's name: one for each request and person."""
    return _name(Digest.sha256(_RECORD_LABEL + s.ask_digest(consent.ask) + consent.key))


def did_key(key: ConsentKey) -> str:
    """Return an Ed25519 key as an IRI that holds it: `did:key` (W3C CCG, did:key method)."""
    number, digits = int.from_bytes(_ED25519_PUB + key, "big"), ""
    while number:
        number, rest = divmod(number, len(_BASE58))
        digits = _BASE58[rest] + digits
    return f"did:key:z{digits}"


def pseudonym(key: ConsentKey) -> str:
    """Return a key in the letters in which `visavis verify-recording` shows it."""
    return bytes(key).hex()


def utc(at: int) -> str:
    """Return a Unix second as xsd:dateTime; of a clock that was wrong by ages, too."""
    # Python's calendar ends in 9999; a clock that was wrong may not.
    cycles, rest = divmod(at, _CYCLE_S)
    moment = _EPOCH + dt.timedelta(seconds=rest)
    return f"{moment.year + _CYCLE_Y * cycles:04d}-{moment:%m-%dT%H:%M:%SZ}"


def _record(consent: Consent) -> Node:
    ask, identifier = consent.ask, record_id(consent)
    return {
        "@id": identifier,
        "@type": "dpv:ConsentRecord",
        "dct:identifier": identifier,
        "dct:conformsTo": {"@id": RECORD_SCHEMA},
        "dpv:hasDataSubject": _party(consent.key, "dpv:DataSubject"),
        "dpv:hasDataController": _party(ask.key, "dpv:DataController"),
        "dpv:hasNotice": {"@id": _name_of(consent.signed[0])},
        "dpv:hasLegalBasis": {"@id": "dpv:ExplicitlyExpressedConsent"},
        "dpv:hasJurisdiction": {
            "@type": "dpv:Jurisdiction",
            "dct:description": _en(NO_PLACE),
            **_NOT_AVAILABLE,
        },
        "dpv:hasProcess": [_recording(ask), *([_export(ask)] if ask.clear else [])],
        "dpv:hasConsentControl": {
            "@type": "dpv:WithdrawConsent",
            "dpv:isExercisedAt": _en(WITHDRAW),
        },
        "dpv:hasRight": {
            "@type": "dpv:DataSubjectRight",
            "dct:title": _en("To withdraw consent"),
            "dpv:isExercisedAt": _en(WITHDRAW),
        },
        "dpv:hasConsentStatus": _events(consent),
        "dpv:hasStatus": {"@id": _STATES[consent.state]},
    }


def _party(key: ConsentKey, role: str) -> Node:
    return {
        "@id": did_key(key),
        "@type": role,
        "dct:identifier": pseudonym(key),
        "dpv:hasIdentifier": {"@id": did_key(key)},
        "dpv:hasName": pseudonym(key),
        "dpv:hasAddress": dict(_NOT_AVAILABLE),
        "dpv:hasContact": _en(CONTACT),
    }


def _recording(ask: s.RecordingAsk) -> Node:
    recipients: list[Node] = [{"@id": did_key(ask.key)}]
    if ask.recipients is s.Recipients.MEMBERS:
        recipients.append(
            {
                "@type": "dpv:Recipient",
                "dct:description": _en("Everybody in the call who was asked and agreed."),
            }
        )
    return {
        **_RECORDING,
        "@type": "dpv:Process",
        "dpv:hasPurpose": {"@type": "dpv:Purpose", "dct:description": ask.purpose},
        "dpv:hasProcessing": [{"@id": "dpv:Collect"}, {"@id": "dpv:Store"}],
        "dpv:hasPersonalData": [_data(kind) for kind in sorted(ask.kinds)],
        "dpv:hasRecipient": recipients,
        "dpv:hasStorageCondition": [
            {"@type": "dpv:StorageLocation", "dpv:hasLocation": _locations(ask.place)},
            {
                "@type": "dpv:StorageDuration",
                "dpv:hasDuration": {"@value": f"P{ask.days}D", "@type": "xsd:duration"},
            },
            {
                "@type": "dpv:StorageDeletion",
                "dct:description": _en(
                    "The shares of its key are deleted: by each person at any time, of all after "
                    "these days. Without them it cannot be played."
                ),
            },
        ],
    }


def _export(ask: s.RecordingAsk) -> Node:
    named = {} if ask.named is None else {"dct:description": ask.named}
    return {
        **_EXPORT,
        "@type": "dpv:Process",
        "dpv:hasPurpose": {
            "@type": "dpv:Purpose",
            "dct:description": _en(
                "An export that anybody can play, for ever. A yes to it cannot be taken back."
            ),
        },
        "dpv:hasProcessing": [{"@id": "dpv:Share"}],
        "dpv:hasPersonalData": [_data_id(kind) for kind in sorted(ask.kinds)],
        "dpv:hasRecipient": [{"@id": did_key(ask.key)}, {"@type": "dpv:ThirdParty", **named}],
        "dpv:hasStorageCondition": [
            {
                "@type": "dpv:StorageLocation",
                "dpv:hasLocation": [{"@type": "dpv:Location", **_NOT_AVAILABLE}],
            },
            {"@type": "dpv:StorageDuration", "dpv:hasDuration": {"@id": "dpv:EndlessDuration"}},
        ],
    }


def _data(kind: Kind) -> Node:
    words, broader = _KINDS[kind]
    return {
        **_data_id(kind),
        "@type": "dpv:PersonalData",
        "dct:identifier": kind.value,
        "dct:description": _en(words),
        "skos:broader": {"@id": broader},
    }


def _locations(place: s.Place) -> list[Node]:
    device = {
        "@type": "dpv:Location",
        "skos:broader": {"@id": "dpv:LocalLocation"},
        "dct:description": _en("The device of who asks."),
    }
    server = {
        "@type": "dpv:Location",
        "skos:broader": {"@id": "dpv:RemoteLocation"},
        "dct:description": _en("The server, sealed: it can open nothing of it."),
    }
    return [device] if place is s.Place.DEVICE else [device, server]


def _events(consent: Consent) -> list[Node]:
    names = [_name_of(one) for one in consent.signed]
    given = False
    events = [
        {
            **_said(consent.ask, consent.signed[0]),
            "@type": ["dpv:ConsentRequested", "dpv:ConsentNotice"],
            "dct:language": _NO_LANGUAGE,
            "dpv:hasDuration": {"@type": "dpv:UntilEventDuration", "rdf:value": "an answer"},
        }
    ]
    for answer, signed, before in zip(consent.answers, consent.signed[1:], names, strict=False):
        event = {**_said(answer, signed), "dpv:isAfter": {"@id": before}}
        if isinstance(answer, s.RecordingGrant):
            event |= _given(answer, consent, renewed=given)
            given = True
        else:
            event |= {
                "@type": _STATES[state_of(answer)],
                "dpv:hasDuration": {"@id": "dpv:EndlessDuration"},
            }
        events.append(event)
    return events


def _said(statement: s.RecordingAsk | Answer, signed: bytes) -> Node:
    return {
        "@id": _name_of(signed),
        "rdf:value": base64url.encode(signed),
        "dpv:isIndicatedBy": {"@id": did_key(statement.key)},
        "dpv:isIndicatedAtTime": _time(statement.at),
        "dpv:hasIndicationMethod": _en(METHOD),
    }


def _given(grant: s.RecordingGrant, consent: Consent, *, renewed: bool) -> Node:
    state = "dpv:RenewedConsentGiven" if renewed else "dpv:ConsentGiven"
    return {
        "@type": [state, "dpv:ExplicitlyExpressedConsent"],
        "dpv:hasProcess": [_RECORDING, *([_EXPORT] if grant.clear else [])],
        "dpv:hasPersonalData": [_data_id(kind) for kind in sorted(grant.kinds)],
        "dpv:hasDuration": {"@type": "dpv:UntilTimeDuration", "rdf:value": _time(consent.until)},
    }


def _data_id(kind: Kind) -> Node:
    return {"@id": f"_:{kind.value}"}


def _name(digest: Digest) -> str:
    """Return an IRI for a hash (RFC 6920, section 3)."""
    return f"ni:///sha-256;{base64url.encode(digest)}"


def _name_of(signed: bytes) -> str:
    return _name(Digest.sha256(signed))


def _time(at: int) -> Node:
    return {"@value": utc(at), "@type": "xsd:dateTime"}


def _en(words: str) -> Node:
    return {"@value": words, "@language": "en"}
