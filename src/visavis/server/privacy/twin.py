"""The notice for machines: JSON-LD in the Data Privacy Vocabulary of the W3C (DPV 2; R-58).

Each retention schedule is a `dpv:Process`, each listed thing a concept of ours below one of DPV's.
DPV has none for what a server of sealed envelopes keeps: `pd:CommunicationsMetadata` is defined as
metadata *in the public sphere*, and there is nothing like a mailbox, a capability or a sequencer.
So those are declared here, with a definition, under `dpv:PersonalData` or `dpv:NonPersonalData`.
`TERMS` lists every term of DPV that is used; a test holds the document to it.

DPV is a report of a W3C Community Group, not a W3C standard.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from visavis.server.inventory import Entry, Schedule
from visavis.server.privacy.facts import Facts

MEDIA_TYPE: Final = "application/ld+json"

CONTEXT: Final[Mapping[str, Any]] = {
    "dpv": "https://w3id.org/dpv#",
    "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
    "dct": "http://purl.org/dc/terms/",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}

TERMS: Final = frozenset(
    {
        "dpv:PrivacyNotice", "dpv:LayeredNotice", "dpv:Process", "dpv:PersonalDataProcess",
        "dpv:NonPersonalDataProcess", "dpv:PersonalData", "dpv:NonPersonalData",
        "dpv:PseudonymisedData", "dpv:Purpose", "dpv:RequestedServiceProvision",
        "dpv:EnforceSecurity", "dpv:CommunicationManagement", "dpv:DataController",
        "dpv:Recipient", "dpv:Store", "dpv:Collect", "dpv:StorageDuration", "dpv:StorageDeletion",
        "dpv:EndToEndEncryption", "dpv:EncryptionAtRest", "dpv:EncryptionInTransfer",
        "dpv:HashFunctions", "dpv:HashMessageAuthenticationCode", "dpv:AsymmetricCryptography",
        "dpv:hasProcess", "dpv:hasPersonalData", "dpv:hasData", "dpv:hasPurpose",
        "dpv:hasProcessing", "dpv:hasLegalBasis", "dpv:hasStorageCondition", "dpv:hasDuration",
        "dpv:hasDataController", "dpv:hasRecipient", "dpv:hasTechnicalMeasure", "dpv:hasName",
        "dpv:hasContact",
        "eu-gdpr:A6-1-a", "eu-gdpr:A6-1-b", "eu-gdpr:A6-1-f",
    }
)  # fmt: skip
"""Of DPV 2.0 to 2.3."""

_BASES: Final = {
    "contract": "eu-gdpr:A6-1-b",
    "legitimate_interest": "eu-gdpr:A6-1-f",
    "consent": "eu-gdpr:A6-1-a",
}
_PURPOSES: Final = {
    "contract": "dpv:RequestedServiceProvision",
    "legitimate_interest": "dpv:EnforceSecurity",
    "consent": "dpv:CommunicationManagement",
    "not_personal": "dpv:RequestedServiceProvision",
}
_MEASURES: Final = {
    "ciphertext": "dpv:EndToEndEncryption",
    "sealed": "dpv:EncryptionAtRest",
    "hash": "dpv:HashFunctions",
    "keyed_hash": "dpv:HashMessageAuthenticationCode",
    "public_key": "dpv:AsymmetricCryptography",
    "signature": "dpv:AsymmetricCryptography",
    "transit": "dpv:EncryptionInTransfer",
}
"""What protects a form; forms that are not here are protected by being little."""

_PSEUDONYMS: Final = frozenset({"random_id", "hash", "keyed_hash"})


def make(facts: Facts) -> dict[str, Any]:
    """Return the document."""
    base = f"{facts.origin}/privacy/notice.jsonld"
    graph = [
        {
            "@id": base,
            "@type": ["dpv:PrivacyNotice", "dpv:LayeredNotice"],
            "dct:title": [
                _in(one.language, one.texts["page"]["title"].replace("{host}", facts.host))
                for one in facts.words.values()
            ],
            "dct:modified": {"@value": facts.changed, "@type": "xsd:date"},
            "dct:hasVersion": str(facts.inventory.version),
            "dct:hasFormat": [
                {"@id": f"{facts.origin}/privacy/{language}"} for language in facts.words
            ],
            "dpv:hasDataController": _ref("controller"),
            "dpv:hasProcess": [
                _ref(f"process-{name}") for name in facts.inventory.schedules
            ],
        },
        _controller(facts),
        *({"@id": f"#recipient-{host}", "@type": "dpv:Recipient", "dpv:hasName": host}
          for host in facts.hosts),
    ]  # fmt: skip
    for schedule in facts.inventory.schedules.values():
        graph += _process(facts, schedule)
    return {"@context": {**CONTEXT, "@base": base, "@vocab": f"{base}#"}, "@graph": graph}


def _controller(facts: Facts) -> dict[str, Any]:
    return {
        "@id": "#controller",
        "@type": "dpv:DataController",
        **({"dpv:hasName": facts.operator} if facts.operator else {}),
        **({"dpv:hasContact": facts.contact} if facts.contact else {}),
    }


def _process(facts: Facts, schedule: Schedule) -> list[dict[str, Any]]:
    entries = facts.under(schedule)
    personal = any(entry.personal for entry in entries)
    bases = sorted({one.legal_basis for one in entries})
    words = facts.words.values()
    process: dict[str, Any] = {
        "@id": f"#process-{schedule.name}",
        "@type": [
            "dpv:Process",
            "dpv:PersonalDataProcess" if personal else "dpv:NonPersonalDataProcess",
        ],
        "dct:title": [_in(one.language, one.about(schedule, "what")) for one in words],
        "dpv:hasDataController": _ref("controller"),
        "dpv:hasProcessing": [{"@id": "dpv:Collect"}, {"@id": "dpv:Store"}],
        "dpv:hasPurpose": _ref(f"purpose-{schedule.name}"),
        "dpv:hasPersonalData" if personal else "dpv:hasData": [_ref(_id(one)) for one in entries],
        "dpv:hasStorageCondition": [
            {
                "@type": "dpv:StorageDuration",
                "dct:description": [
                    _in(one.language, one.about(schedule, "long")) for one in words
                ],
                # A day is what the clock of the server knows (xsd:duration, PnD).
                "dpv:hasDuration": {"@value": f"P{schedule.days}D", "@type": "xsd:duration"},
            },
            {"@type": "dpv:StorageDeletion", "dct:description": _in("en", _deletion(schedule))},
        ],
    }
    if legal := [{"@id": _BASES[one]} for one in bases if one in _BASES]:
        process["dpv:hasLegalBasis"] = legal
    measures = sorted({_MEASURES[one.at_rest] for one in entries if one.at_rest in _MEASURES})
    if measures:
        process["dpv:hasTechnicalMeasure"] = [{"@id": one} for one in measures]
    if outside := facts.outside(schedule):
        process["dpv:hasRecipient"] = [_ref(f"recipient-{host}") for host in outside]
    purpose = {
        "@id": f"#purpose-{schedule.name}",
        "@type": "dpv:Purpose",
        "skos:broader": [{"@id": one} for one in sorted({_PURPOSES[base] for base in bases})],
        "skos:definition": [_in(one.language, one.about(schedule, "why")) for one in words],
    }
    return [process, purpose, *(_concept(facts, one) for one in entries)]


def _concept(facts: Facts, entry: Entry) -> dict[str, Any]:
    kind = "dpv:PersonalData" if entry.personal else "dpv:NonPersonalData"
    if entry.personal and entry.at_rest in _PSEUDONYMS:
        kind = "dpv:PseudonymisedData"
    return {
        "@id": f"#{_id(entry)}",
        "@type": "skos:Concept",
        "skos:broader": {"@id": kind},
        "skos:prefLabel": entry.name,
        "skos:definition": [
            _in(one.language, one.purpose(entry)) for one in facts.words.values()
        ],
        "visibleTo": list(entry.visible_to),
        "formAtRest": entry.at_rest,
    }  # fmt: skip


def _deletion(schedule: Schedule) -> str:
    if schedule.table:
        return "Hidden by every query and deleted by a daily job, counted from a stored day."
    return "Gone with the request, the connection, the process, or by a rule for whole files."


def _id(entry: Entry) -> str:
    safe = "".join(one if one.isascii() and one.isalnum() else "-" for one in entry.name)
    return f"{entry.kind}-{safe.strip('-').lower()}"


def _ref(name: str) -> dict[str, str]:
    return {"@id": f"#{name}"}


def _in(language: str, text: str) -> dict[str, str]:
    return {"@value": text, "@language": language}
