"""Receipts of a call (R-14): who signed, what is disclosed, who shows themselves."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from tests.core import call_receipt_examples as e

from visavis.core import base64url
from visavis.core.call_receipt import (
    Facts,
    Field,
    Media,
    check_members,
    check_opened,
    check_times,
    commitment,
    encode_field,
    make_terms,
    open_fields,
    read_field,
    read_terms,
    sign_binding,
    verify_signature,
)
from visavis.core.call_receipt_file import make_file, show_self, verify_file
from visavis.core.errors import Code, PeerError, UsageError
from visavis.core.identity import identity_public_key, sign
from visavis.core.ids import CallId, IdentityKey
from visavis.core.safety_number import Party, half_of, safety_number

TERMS = read_terms(e.TERMS)


def refused(check: str, code: Code = Code.MALFORMED) -> pytest.RaisesExc[PeerError]:
    return pytest.RaisesExc(
        PeerError, match=re.escape(check), check=lambda error: error.code is code
    )


def test_what_all_signed_is_a_receipt() -> None:
    assert (TERMS.members, check_opened(TERMS, e.OPENED)) == (e.MEMBERS, e.FACTS)
    check_members(TERMS, e.CALL, e.MEMBERS, e.KEYS[1])
    check_times(e.FACTS, e.FACTS.at + 120, e.FACTS.since - 120)
    found = verify_file(e.FILES["all fields"])
    assert found.terms == TERMS
    assert found.disclosed == {"at": e.FACTS.at, "media": "video", "since": e.FACTS.since}
    assert not found.shown


def test_who_is_not_there_is_not_signed_for() -> None:
    for members in (e.MEMBERS - {e.KEYS[0]}, e.MEMBERS | {type(e.KEYS[0])(bytes(32))}):
        with refused("CK-1001"):
            check_members(TERMS, e.CALL, members, e.KEYS[1])
    with refused("CK-1001"):
        check_members(TERMS, CallId(bytes(16)), e.MEMBERS, e.KEYS[1])


def test_nobody_signs_for_a_time_that_is_not_theirs() -> None:
    for now, together in ((121, 0), (-121, 0), (0, 121), (0, -121)):
        with refused("CK-1003"):
            check_times(e.FACTS, e.FACTS.at + now, e.FACTS.since + together)
    with pytest.raises(UsageError):
        open_fields(Facts(1, Media.VOICE, 2), e.rng())


def test_people_see_what_they_sign() -> None:
    other = encode_field(Field.AT, bytes(16), e.FACTS.at)
    with refused("CK-1002"):
        check_opened(TERMS, (other, *e.OPENED[1:]))


@pytest.mark.parametrize("members", [e.MEMBERS - set(e.KEYS[1:]), frozenset()])
def test_a_call_is_of_two_or_more(members: frozenset[object]) -> None:
    with pytest.raises(UsageError):
        make_terms(e.CALL, members, e.OPENED)  # type: ignore[arg-type]


def test_a_signature_is_only_its_owners() -> None:
    with refused("CK-1004", Code.BAD_SIGNATURE):
        verify_signature(e.TERMS, e.KEYS[1], e.RECEIPT.signatures[0])


def test_an_incomplete_receipt_is_none() -> None:
    with pytest.raises(UsageError, match="CK-1007"):
        make_file(replace(e.RECEIPT, signatures=e.RECEIPT.signatures[:2]))


def test_what_is_not_disclosed_is_not_in_the_file() -> None:
    """Every value is tried: without its salt none of them gives the commitment."""
    whole = json.loads(e.FILES["media"])
    assert list(whole["disclosed"]) == ["media"]
    text = e.FILES["media"].decode()
    for opened in (e.OPENED[0], e.OPENED[2]):
        salt = base64url.encode(read_field(opened)[1])
        assert salt not in text
        assert salt in e.ALL.decode()
    other = base64url.decode(whole["disclosed"]["media"][0])
    tried = {
        commitment(encode_field(Field.AT, other, at))
        for at in range(e.FACTS.at - 99, e.FACTS.at + 99)
    }
    assert not tried & set(TERMS.fields)


def test_whoever_shows_themselves_is_who_contacts_know() -> None:
    party = verify_file(e.FILES["only who"]).shown[e.KEYS[0]]
    assert party == Party(e.ACCOUNT, IdentityKey(identity_public_key(e.IDENTITY)))
    friend = Party(type(e.ACCOUNT)(bytes(16)), IdentityKey(identity_public_key(bytes(32))))
    groups = safety_number(friend, party).groups
    assert half_of(party) in (groups[:6], groups[6:])


def test_nobody_shows_themselves_as_another() -> None:
    """A key that is another's, or a device that is another's: one of the two does not sign."""
    own = sign_binding(e.TERMS, e.PRIVATE[e.KEYS[1]], e.DEVICE)
    for key, binding, private in (
        (e.KEYS[0], own, e.DEVICE_PRIVATE),  # Another's key of the call.
        (e.KEYS[1], own, bytes(32)),  # Another's device.
        (e.KEYS[0], sign(e.DEVICE_PRIVATE, b"visavis x\0", b""), e.DEVICE_PRIVATE),
    ):
        with pytest.raises(UsageError, match="CK-1009"):
            show_self(e.TERMS, key, binding, e.CREDENTIAL, e.DEVICE, private)


def test_a_proof_is_of_one_receipt() -> None:
    terms = make_terms(e.CALL, e.MEMBERS, open_fields(replace(e.FACTS, at=e.FACTS.at + 1), e.rng()))
    with pytest.raises(UsageError, match="CK-1009"):
        show_self(terms, e.KEYS[0], e.SHOWN.binding, e.CREDENTIAL, e.DEVICE, e.DEVICE_PRIVATE)


def test_whatever_is_changed_is_refused() -> None:
    for at in range(0, len(e.ALL), 11):
        data = e.ALL[:at] + bytes([e.ALL[at] ^ 1]) + e.ALL[at + 1 :]
        with pytest.raises(PeerError, match=r"CK-10\d\d"):
            verify_file(data)
