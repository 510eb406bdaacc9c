"""Never record me (R-48), in what is kept and said: a mark that older devices did not write."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from visavis.core import cbor
from visavis.core.contact_rules import ALL_RING, decode_rules, encode_rules
from visavis.core.content import decode_inner, decode_record, encode_inner, encode_record
from visavis.core.content_inner import RecordingNever
from visavis.core.content_records import NeverSaid, Settings
from visavis.core.errors import Code, PeerError
from visavis.core.ids import DeviceId, MessageId
from visavis.core.keeping import (
    DEFAULT,
    PRESETS,
    decided,
    decode_settings,
    encode_settings,
    newer,
    preset_of,
)

DEVICE, OTHER = DeviceId(b"\1" * 16), DeviceId(b"\2" * 16)


def test_what_older_devices_wrote_says_no() -> None:
    settings = {"keep": 24, "details": True, "sync": True, "trace": True, "count": 0}
    assert not decode_settings(cbor.encode(settings)).never_record
    assert not decode_rules(cbor.encode({"calls": "video"})).never_record
    # And no is written as they wrote it, so that they can read it.
    assert cbor.decode_map(encode_settings(DEFAULT)).keys() == settings.keys()
    assert encode_rules(ALL_RING) == cbor.encode({"calls": "video"})


def test_yes_is_written_and_no_has_one_encoding() -> None:
    never = replace(DEFAULT, never_record=True)
    assert decode_settings(encode_settings(never)) == never
    rules = replace(ALL_RING, never_record=True)
    assert decode_rules(encode_rules(rules)) == rules
    for value in (False, 1, "true", None):
        for known in (encode_settings(never), encode_rules(rules)):
            raw = {**cbor.decode_map(known), "never_record": value}
            with pytest.raises(PeerError, match="CK-271") as refused:
                decode_settings(cbor.encode(raw)) if "keep" in raw else decode_rules(
                    cbor.encode(raw)
                )
            assert refused.value.code is Code.MALFORMED


@pytest.mark.parametrize("never", [True, False])
def test_contacts_are_told_either(never: bool) -> None:
    said = RecordingNever(MessageId(bytes(16)), 1_800_000_000, never=never)
    assert decode_inner(encode_inner(said)) == said
    kept = NeverSaid(never=never, at=7)
    assert decode_record(NeverSaid, encode_record(kept)) == kept


def test_no_preset_says_anything_of_it() -> None:
    for preset, wanted in PRESETS.items():
        never = replace(wanted, never_record=True)
        assert preset_of(never) is preset
        assert decided(never, DEVICE, keep=1).never_record
    assert decided(DEFAULT, DEVICE, never_record=True).never_record
    assert not decided(replace(DEFAULT, never_record=True), DEVICE, never_record=False).never_record


def test_said_on_one_device_while_another_decided_something_else_it_stands_on_both() -> None:
    never = decided(DEFAULT, DEVICE, never_record=True)
    less = decided(DEFAULT, OTHER, keep=0)
    both = newer(never, less)
    assert (both.keep, both.never_record) == (0, True)
    # Who knew of it and took it back is later.
    back = decided(both, OTHER, never_record=False)
    assert newer(never, back) == newer(back, never) == back


def test_of_any_settings_the_same_stand_in_whatever_order_they_come() -> None:
    some = [
        Settings(keep, True, True, True, count, DEVICE, never_record=never)
        for keep in (0, 24)
        for count in (1, 2)
        for never in (False, True)
    ]
    for one, other, third in itertools.product(some, repeat=3):
        assert newer(one, other) == newer(other, one)
        assert newer(newer(one, other), third) == newer(one, newer(other, third))
        assert newer(newer(one, other), one) == newer(one, other)
