"""A consent to a recording as a Kantara Consent Receipt (v1.1.0, 2018-02-20): a view, for export.

It is not signed and proves nothing; the receipt it was made of does (`recording_receipt`). That
specification knows a yes, and no way to say that one was refused or taken back: so there is a view
only while a yes stands. Fields for what nobody in a call says (postal address, email and telephone
of who records) are left out and not filled with something; jurisdiction and policy have to be
texts that are not empty, and say that there is none.

Pure.
"""

from __future__ import annotations

from typing import Any, Final

from visavis.core import recording_statements as s
from visavis.core.errors import UsageError
from visavis.core.recording_consent import Consent
from visavis.core.recording_jsonld import CONTACT, METHOD, NO_PLACE, WITHDRAW, pseudonym, receipt_id
from visavis.core.recording_types import Kinds

VERSION: Final = "KI-CR-v1.1.0"
"""Section 4.3.1."""

_SERVICE: Final = "Recording of a call by one of its members"
_POLICY: Final = "None: all that was promised is what is said here."
_EXPORT: Final = "An export that anybody can play, for ever"
_NAMELESS: Final = "Whomever who asked gives it to"


def kantara_view(consent: Consent) -> dict[str, Any]:
    """Return the view of a consent that was given, stands, and was verified.

    Raises:
        UsageError: No yes stands.
    """
    grant, ask = consent.given, consent.ask
    if grant is None:
        raise UsageError("Kantara's form has no place for a no, nor for a yes taken back")
    return {
        "version": VERSION,
        "jurisdiction": NO_PLACE,
        "consentTimestamp": grant.at,
        "collectionMethod": METHOD,
        "consentReceiptID": receipt_id(consent),
        "publicKey": pseudonym(ask.key),
        "piiPrincipalId": pseudonym(consent.key),
        "piiControllers": [
            {"piiController": pseudonym(ask.key), "onBehalf": False, "contact": CONTACT}
        ],
        "policyUrl": _POLICY,
        "services": [
            {
                "service": _SERVICE,
                "purposes": [
                    _recording(ask, grant.kinds),
                    *([_export(ask, grant.kinds)] if grant.clear else []),
                ],
            }
        ],
        # Nobody knows beforehand that nothing sensitive will be said.
        "sensitive": True,
        "spiCat": ["Whatever is said or shown in the call"],
    }


def _recording(ask: s.RecordingAsk, kinds: Kinds) -> dict[str, Any]:
    third = ask.recipients is s.Recipients.MEMBERS
    name = {"thirdPartyName": "Everybody in the call who was asked and agreed"} if third else {}
    return {
        "purpose": ask.purpose,
        "purposeCategory": ["Recording"],
        "consentType": "EXPLICIT",
        "piiCategory": sorted(kinds),
        "primaryPurpose": True,
        "termination": f"{ask.days} days after it was asked for. {WITHDRAW}",
        "thirdPartyDisclosure": third,
        **name,
    }


def _export(ask: s.RecordingAsk, kinds: Kinds) -> dict[str, Any]:
    return {
        "purpose": _EXPORT,
        "purposeCategory": ["Recording"],
        "consentType": "EXPLICIT",
        "piiCategory": sorted(kinds),
        "primaryPurpose": False,
        "termination": "None: it cannot be taken back.",
        "thirdPartyDisclosure": True,
        "thirdPartyName": ask.named or _NAMELESS,
    }
