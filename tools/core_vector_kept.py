"""Consents as their owner keeps them: forms, what is none, versions merged, the vault's form."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from core_vector_contents import changes
from core_vector_kit import Json, flipped, outcome, plain
from tests.core.consent_examples import OTHER_SHARE, RECORDS, SHARE, record
from tests.core.receipt_examples import AGAIN, BACK, BOBS, NO, YES, signed
from tests.core.recording_examples import ASK, GRANT, KEY, PRIVATE, PROGRESS

from visavis.core import cbor
from visavis.core import recording_statements as s
from visavis.core.consent_record import (
    IN_VAULT,
    ConsentRecord,
    Where,
    decode_consent,
    encode_consent,
    merged,
    vault_form,
)
from visavis.core.content_fields import VERSION, encode_fields
from visavis.core.ids import AccountId, CallId, ConsentKey, Digest, GroupId, Secret32


def _form(name: str, one: ConsentRecord) -> list[Any]:
    """Give [name, fields, bytes, state, number of the next answer, share is to go]."""
    state = one.consent().state.value
    data = encode_consent(one).hex()
    return [name, plain(one), data, state, one.next_number, one.is_leaving]


def _raw(one: ConsentRecord) -> bytes:
    return cbor.encode({"v": VERSION, **encode_fields(one)})


def _bad() -> Iterator[tuple[str, bytes]]:
    """Yield what is no consent, each by its name."""
    good = RECORDS["given"]
    request, yes = good.signed
    no = signed(ASK, replace(NO, number=YES.number))[1]
    other = s.sign_statement(replace(ASK, number=7), PRIVATE)
    theirs = s.sign_statement(GRANT, PRIVATE)
    call = s.call_reference(CallId(bytes(16)))
    elsewhere = signed(ASK, replace(YES, call=call))[1]
    both = Where(contact=AccountId(bytes(16)), group=GroupId(bytes(16)))
    progress = s.sign_statement(replace(PROGRESS, key=good.key), BOBS)
    unasked = signed(ASK, replace(YES, clear=True))[1]
    for name, changed in {
        "whole": good,
        "of another request": replace(good, ask=Digest(bytes(32))),
        "of another call": replace(good, call=CallId(bytes(16))),
        "by another key": replace(good, key=ConsentKey(bytes(32))),
        "with another private half": replace(good, private=Secret32(PRIVATE)),
        "by who asks": replace(good, key=KEY, private=Secret32(PRIVATE), signed=(request, theirs)),
        "in two conversations": replace(good, where=both),
        "in no conversation": replace(good, where=Where()),
        "without a request": replace(good, signed=(yes, yes)),
        "with another request": replace(good, signed=(other, yes)),
        "with an answer of who asks": replace(good, signed=(request, theirs)),
        "with an answer in another call": replace(good, signed=(request, elsewhere)),
        "with something else": replace(good, signed=(request, progress)),
        "with a yes to what nobody asked": replace(good, signed=(request, unasked)),
        "twice the same": replace(good, signed=(request, yes, yes)),
        "two of one number": replace(good, signed=(request, yes, no)),
        "out of order": replace(good, signed=tuple(signed(ASK, AGAIN, YES))),
        "nothing but taken back": replace(good, signed=tuple(signed(ASK, BACK))),
        "with an altered answer": replace(good, signed=(request, flipped(yes, -1))),
        "with an altered request": replace(good, signed=(flipped(request, -1), yes)),
    }.items():
        yield name, _raw(changed)
    yield "of another version", cbor.encode({"v": 2, **encode_fields(good)})
    yield "of no version", cbor.encode(encode_fields(good))


NUMBERED: Final = tuple(signed(ASK, *(replace(YES, number=n) for n in range(1, 201)))[1:])


def _long() -> Iterator[ConsentRecord]:
    """Yield consents around the size of the vault's form, and two that together have too many."""
    one = record(YES, share=SHARE)
    request = one.signed[0]
    fit = (IN_VAULT - len(request)) // len(NUMBERED[-1])
    for count in (fit, fit + 1):
        yield replace(one, signed=(request, *NUMBERED[:count]))
    yield record(*(replace(YES, number=n) for n in range(150, 350)), share=OTHER_SHARE)


def _short(one: ConsentRecord) -> list[str]:
    """Return the ends of what was signed: who has the whole can tell by them which it is."""
    return [data[-8:].hex() for data in one.signed]


def kept_vectors() -> Json:
    """Forms; changes; what is none; each two versions merged, as SHA-256; the vault's form."""
    names = list(RECORDS)
    long = list(_long())
    return {
        "forms": [_form(name, one) for name, one in RECORDS.items()],
        "changes": changes(
            cbor.decode_map(encode_consent(RECORDS["given"])), ConsentRecord, decode_consent
        ),
        "bad": [[name, data.hex(), outcome(decode_consent, data)] for name, data in _bad()],
        "merged": [
            [a, b, Digest.sha256(encode_consent(merged(RECORDS[a], RECORDS[b]))).hex()]
            for a, b in itertools.product(names, names)
        ],
        "long": [[encode_consent(one).hex(), _short(vault_form(one))] for one in long],
        "joined": [_short(merged(a, b)) for a, b in itertools.permutations(long[-2:])],
    }
