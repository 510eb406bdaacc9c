"""What is kept of a consent: one form, nobody else's answers, one outcome of two versions."""

from __future__ import annotations

import itertools
from dataclasses import replace
from functools import reduce
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.consent_examples import OTHER_SHARE, RECORDS, SHARE, record
from tests.core.receipt_examples import AGAIN, BACK, NO, YES, signed
from tests.core.recording_examples import ASK, GRANT, PRIVATE

from visavis.core import cbor
from visavis.core import recording_statements as s
from visavis.core.consent_record import (
    AFTER_CALL,
    IN_VAULT,
    ConsentRecord,
    OwnShare,
    Where,
    decode_consent,
    encode_consent,
    merged,
    vault_form,
    with_answer,
)
from visavis.core.content_fields import VERSION, encode_fields
from visavis.core.errors import PeerError, UsageError
from visavis.core.ids import AccountId, CallId, ConsentKey, Digest, GroupId, Secret32, ShareKey
from visavis.core.ids import ShareSlot as Slot
from visavis.core.recording_consent import MAX_ANSWERS, State

GIVEN = RECORDS["given"]


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_comes_back_as_it_was(name: str) -> None:
    one = RECORDS[name]
    data = encode_consent(one)
    assert decode_consent(data) == one
    assert encode_consent(decode_consent(data)) == data


def test_a_record_prints_no_secret() -> None:
    assert repr(GIVEN) == "ConsentRecord(~)"


OTHERS: dict[str, dict[str, Any]] = {
    "request": {"ask": Digest(bytes(32))},
    "call": {"call": CallId(bytes(16))},
    "key": {"key": ConsentKey(bytes(32))},
    "private half": {"private": Secret32(PRIVATE)},
    "two conversations": {"where": Where(AccountId(bytes(16)), GroupId(bytes(16)))},
    "no conversation": {"where": Where()},
    "no request": {"signed": (GIVEN.signed[1],) * 2},
    "an answer of another": {"signed": (GIVEN.signed[0], s.sign_statement(GRANT, PRIVATE))},
    "twice": {"signed": (*GIVEN.signed, GIVEN.signed[1])},
    "out of order": {"signed": tuple(signed(ASK, AGAIN, YES))},
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_not_of_one_request_and_key_is_refused(name: str) -> None:
    """CK-994."""
    changed = replace(GIVEN, **OTHERS[name])
    with pytest.raises(PeerError, match="CK-994"):
        decode_consent(cbor.encode({"v": VERSION, **encode_fields(changed)}))


def test_a_record_without_a_yes_to_take_back_is_refused() -> None:
    changed = replace(GIVEN, signed=tuple(signed(ASK, BACK)))
    with pytest.raises(PeerError, match="CK-964"):
        decode_consent(encode_consent(changed))


def test_two_devices_that_took_it_back_took_it_back_once() -> None:
    both = RECORDS["after the call, and in it"]
    assert both.consent().state is State.WITHDRAWN
    assert len(both.consent().answers) == 2
    assert len(both.signed) == 4


def test_what_is_said_after_the_call_is_the_last_word() -> None:
    assert GIVEN.next_number == AFTER_CALL
    assert RECORDS["taken back after the call"].next_number == AFTER_CALL + 1
    assert RECORDS["after the call, and given in it"].consent().state is State.WITHDRAWN


def test_a_share_goes_when_no_yes_stands() -> None:
    leaving = {name for name, one in RECORDS.items() if one.is_leaving}
    assert leaving == {
        "to be taken back",
        "taken back, share leaving",
        "after the call, and given in it",
    }


def test_an_answer_in_the_call_comes_before_what_was_said_for_after_it() -> None:
    """Another device may take a yes back while the one that said it is still in the call."""
    whole = RECORDS["after the call, and given in it"]
    request, *answers = whole.signed
    for order in itertools.permutations(answers):
        said = replace(whole, signed=(request, order[0]))
        assert reduce(with_answer, order[1:], said) == whole
    assert decode_consent(encode_consent(whole)) == whole


# ---- Two versions of one ------------------------------------------------------------------------


def test_what_is_gone_stays_gone() -> None:
    assert merged(GIVEN, RECORDS["taken back"]) == RECORDS["taken back"]
    leaving = RECORDS["taken back, share leaving"]
    assert merged(GIVEN, leaving) == leaving
    assert merged(leaving, RECORDS["taken back"]).share is None


def test_the_share_of_a_newer_yes_is_not_lost() -> None:
    again = RECORDS["taken back and given again"]
    both = merged(again, RECORDS["taken back after the call"])
    assert both.share == OTHER_SHARE
    assert both.is_leaving, "nobody else can delete it any more"


def test_of_two_answers_with_one_number_a_no_stands() -> None:
    """By their bytes: else a yes that one device takes back would stand on the other."""
    for at, number in ((0, 1), (s.MAX_AT, s.MAX_NUMBER)):
        yes = record(replace(YES, at=0, number=number, kinds=frozenset({min(YES.kinds)})))
        for no in (BACK, NO):
            other = record(replace(no, at=at, number=number))
            assert merged(yes, other).signed == merged(other, yes).signed == other.signed


def test_consents_of_two_requests_are_not_merged() -> None:
    with pytest.raises(UsageError):
        merged(GIVEN, replace(GIVEN, ask=Digest(bytes(32))))


def _history() -> st.SearchStrategy[tuple[bool, ...]]:
    return st.lists(st.booleans(), min_size=1, max_size=4).map(tuple)


@st.composite
def versions(draw: st.DrawFn) -> list[ConsentRecord]:
    """What devices hold of one consent: one was in the call, others may know of less of it."""
    told, shares = [], []
    share: OwnShare | None = None
    for number, is_yes in enumerate(draw(_history()), 1):
        if is_yes and share is None:
            share = OwnShare(Slot(bytes([number]) * 16), ShareKey(bytes(32)), 20_700 + number)
        told.append(replace(YES if is_yes else NO, number=number, at=number))
        shares.append(share)
        share = share if is_yes else None
    made = []
    for _ in range(draw(st.integers(2, 3))):
        knows = draw(st.integers(1, len(told)))
        held, late = shares[knows - 1], draw(st.lists(st.integers(0, 1), max_size=2))
        after = [replace(BACK, number=AFTER_CALL + n, at=900 + by) for n, by in enumerate(late)]
        stands = not after and told[knows - 1].TYPE == YES.TYPE
        if held is not None:
            held = replace(held, leaving=draw(st.booleans()))
            held = held if stands else draw(st.sampled_from([held, None]))
        where = draw(st.sampled_from([None, RECORDS["given"].where]))
        made.append(record(*told[:knows], *after, share=held, where=where))
    return made


@settings(deadline=None)  # each reading checks signatures
@given(versions())
def test_devices_come_to_one_whatever_the_order(held: list[ConsentRecord]) -> None:
    """Associative, commutative, and the same again: they write over each other in the vault."""
    outcomes = {encode_consent(reduce(merged, order)) for order in itertools.permutations(held)}
    if len(held) > 2:
        outcomes.add(encode_consent(merged(held[0], reduce(merged, held[1:]))))
    assert len(outcomes) == 1
    found = reduce(merged, held)
    assert merged(found, held[0]) == merged(found, found) == found
    assert decode_consent(encode_consent(found)) == found


@settings(deadline=None)  # each reading checks signatures
@given(versions())
def test_no_version_undoes_what_another_took_back(held: list[ConsentRecord]) -> None:
    found = reduce(merged, held)
    if any(one.next_number > AFTER_CALL for one in held):
        assert found.consent().given is None
        assert found.share is None or found.is_leaving


# ---- The vault's form ---------------------------------------------------------------------------


def _many(count: int, first: int = 1) -> ConsentRecord:
    return record(*(replace(YES, number=first + n) for n in range(count)), share=SHARE)


def test_the_vaults_form_fits_a_slot_and_loses_the_oldest() -> None:
    long = _many(200)
    short = vault_form(long)
    assert 50_000 > len(encode_consent(short)) > IN_VAULT - 1_000
    assert short.signed[1:] == long.signed[-len(short.signed) + 1 :]
    assert vault_form(short) == short
    assert merged(long, short) == long
    assert vault_form(GIVEN) == GIVEN


def test_more_answers_than_a_receipt_holds_leave_out_the_oldest() -> None:
    full = with_answer(_many(MAX_ANSWERS), signed(ASK, replace(NO, number=300))[1])
    assert decode_consent(encode_consent(full)) == full
    assert full.signed[1:-1] == _many(MAX_ANSWERS).signed[2:]
    both = merged(_many(200), _many(100, 190))
    assert len(both.signed) == 1 + MAX_ANSWERS
    assert decode_consent(encode_consent(both)) == both
