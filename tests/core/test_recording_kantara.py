"""The view in Kantara's form: of a yes that stands, with nothing in it that nobody said."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.core.receipt_examples import BOB, EXPORT, RECEIPTS, YES
from tests.core.recording_examples import ASK, KEY

from visavis.core.errors import UsageError
from visavis.core.recording_kantara import kantara_view
from visavis.core.recording_receipt import verify_receipt


def view(name: str) -> dict[str, Any]:
    return kantara_view(verify_receipt(RECEIPTS[name]))


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from texts(inner)
    elif isinstance(value, str):
        yield value


def test_a_yes() -> None:
    found = view("given")
    assert found["version"] == "KI-CR-v1.1.0"
    assert found["consentTimestamp"] == YES.at
    assert found["piiPrincipalId"] == bytes(BOB).hex()
    [controller] = found["piiControllers"]
    assert controller["piiController"] == found["publicKey"] == bytes(KEY).hex()
    [service] = found["services"]
    [purpose] = service["purposes"]
    assert (purpose["purpose"], purpose["consentType"]) == (ASK.purpose, "EXPLICIT")
    assert purpose["piiCategory"] == ["audio", "video"]
    assert purpose["termination"].startswith("30 days")
    assert purpose["thirdPartyDisclosure"] is True
    assert purpose["thirdPartyName"]


def test_its_id_is_that_of_the_signed_receipt() -> None:
    assert view("given")["consentReceiptID"].encode() in RECEIPTS["given"]


def test_an_export_is_a_purpose_of_its_own_and_only_if_agreed_to() -> None:
    recording, export = view("export")["services"][0]["purposes"]
    assert (recording["primaryPurpose"], export["primaryPurpose"]) == (True, False)
    assert recording["thirdPartyDisclosure"] is False
    assert "thirdPartyName" not in recording
    assert export["thirdPartyName"] == EXPORT.named
    assert len(view("no export")["services"][0]["purposes"]) == 1


@pytest.mark.parametrize("name", ["given", "renewed", "some", "export", "no export"])
def test_no_text_is_empty_and_nothing_is_made_up(name: str) -> None:
    found = view(name)
    assert {
        "version", "jurisdiction", "consentTimestamp", "collectionMethod", "consentReceiptID",
        "piiPrincipalId", "piiControllers", "policyUrl", "services", "sensitive", "spiCat",
    } <= set(found)  # fmt: skip
    assert all(one.strip() for one in texts(found))
    [controller] = found["piiControllers"]
    assert not {"address", "email", "phone"} & set(controller)


@pytest.mark.parametrize("name", ["refused", "withdrawn"])
def test_there_is_none_of_a_no_nor_of_a_yes_taken_back(name: str) -> None:
    with pytest.raises(UsageError):
        view(name)
