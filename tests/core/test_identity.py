"""Device lists, credentials and the validator: who may stand in a group (CK-260 to CK-267)."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from visavis.core import cbor
from visavis.core.credential import (
    UnverifiedCredential,
    check_alone,
    check_member,
    credential_identity,
    make_tree_validator,
    make_validator,
)
from visavis.core.device_list import (
    MAX_DEVICES,
    DeviceList,
    ListedDevice,
    UnverifiedDeviceList,
    accept_list,
    sign_first,
    sign_successor,
)
from visavis.core.errors import Code, PeerError, UsageError
from visavis.core.identity import (
    generate_identity_key,
    identity_hash,
    identity_public_key,
    sign,
    verify,
)
from visavis.core.ids import AccountId, DeviceId, IdentityKey, SignatureKey

IDENTITY = b"i" * 32
EVIL = b"e" * 32
ACCOUNT = AccountId(b"a" * 16)


def device(name: str) -> ListedDevice:
    return ListedDevice(
        DeviceId(name.encode().ljust(16, b".")), SignatureKey(name.encode().ljust(32, b"!"))
    )


PHONE, LAPTOP, TABLET = device("phone"), device("laptop"), device("tablet")
FIRST = sign_first(ACCOUNT, IDENTITY, [PHONE])
SECOND = sign_successor(FIRST, IDENTITY, [PHONE, LAPTOP])
THIRD = sign_successor(SECOND, IDENTITY, [LAPTOP])


@dataclass(frozen=True)
class Leaf:
    """Stands in for MemberInfo: the validator asks for no more than this."""

    identity: bytes
    signature_key: bytes


def leaf(listed: ListedDevice, device_list: DeviceList) -> Leaf:
    return Leaf(credential_identity(listed.device_id, device_list), listed.signature_key)


def refuses(code: Code, match: str = "") -> pytest.RaisesExc[PeerError]:
    return pytest.raises(PeerError, match=f"^{code}: .*{match}")


def test_a_key_of_small_order_identifies_nobody() -> None:
    """Under the neutral element one signature fits every list."""
    neutral = (1).to_bytes(32, "little")
    with refuses(Code.BAD_SIGNATURE):
        verify(IdentityKey(neutral), b"visavis test\0", b"anything", neutral + bytes(32))


def test_a_list_round_trips() -> None:
    again = UnverifiedDeviceList.parse(SECOND.data).verify()
    assert again == SECOND
    assert [d.device_id for d in again.devices] == sorted([PHONE.device_id, LAPTOP.device_id])
    assert again.find(PHONE.device_id) == PHONE
    assert again.find(TABLET.device_id) is None
    assert (FIRST.version, SECOND.version, THIRD.version) == (1, 2, 3)
    assert SECOND.previous == FIRST.digest
    assert FIRST.identity_key == identity_public_key(IDENTITY)


def _resigned(change: Callable[[dict[str, object]], object], private: bytes = IDENTITY) -> bytes:
    body = cbor.decode(SECOND.data)
    assert isinstance(body, list)
    fields = cbor.decode_map(body[0])
    fields = dict(fields)
    result = change(fields)
    encoded = cbor.encode(result if result is not None else fields)
    return cbor.encode([encoded, sign(private, b"visavis device list v1\0", encoded)])


def _set(**changes: object) -> Callable[[dict[str, object]], None]:
    return lambda fields: fields.update(changes)


PAIR_A, PAIR_B = [b"a" * 16, b"A" * 32], [b"b" * 16, b"B" * 32]


@pytest.mark.parametrize(
    "change",
    [
        _set(v=2),
        _set(extra=1),
        _set(version=0),
        _set(version=True),
        _set(version=1),  # a first list with a predecessor
        _set(version=2, previous=bytes(32)),
        _set(version=2**32),
        _set(devices=[]),
        _set(devices=[PAIR_B, PAIR_A]),
        _set(devices=[PAIR_A, PAIR_A]),
        _set(devices=[PAIR_A, [b"b" * 16, b"A" * 32]]),
        _set(devices=[[n.to_bytes(16, "big"), n.to_bytes(32, "big")] for n in range(17)]),
        _set(devices=[[b"short", b"A" * 32]]),
        _set(devices=[[b"a" * 16, b"A" * 32, 1]]),
        _set(devices=[1]),
        _set(devices={}),
        _set(account=b"x"),
        lambda fields: fields.pop("previous") and None,
        lambda _: [1],
    ],
)
def test_a_signed_list_that_breaks_the_form_is_refused(
    change: Callable[[dict[str, object]], object],
) -> None:
    """CK-260: signed or not, one list has one form."""
    assert UnverifiedDeviceList.parse(_resigned(lambda _: None)).verify() == SECOND  # the control
    with refuses(Code.MALFORMED):
        UnverifiedDeviceList.parse(_resigned(change)).verify()


def test_every_flipped_bit_of_a_list_is_noticed() -> None:
    """CK-261."""
    for at in range(len(SECOND.data)):
        bad = SECOND.data[:at] + bytes([SECOND.data[at] ^ 1]) + SECOND.data[at + 1 :]
        with pytest.raises(PeerError, match=r"malformed|bad_signature"):
            UnverifiedDeviceList.parse(bad).verify()


def test_a_list_signed_by_another_key_than_it_names_is_refused() -> None:
    """CK-261."""
    with refuses(Code.BAD_SIGNATURE):
        UnverifiedDeviceList.parse(_resigned(lambda _: None, EVIL)).verify()


@pytest.mark.parametrize(
    "data", [b"", b"\x80", cbor.encode([b"x", b"y"]), cbor.encode([b"x"]), bytes(5000)]
)
def test_what_is_no_list(data: bytes) -> None:
    with refuses(Code.MALFORMED):
        UnverifiedDeviceList.parse(data)


def test_our_own_mistakes_are_usage_errors() -> None:
    with pytest.raises(UsageError):
        sign_first(ACCOUNT, IDENTITY, [])
    with pytest.raises(UsageError):
        sign_first(ACCOUNT, IDENTITY, [device(f"d{n}") for n in range(MAX_DEVICES + 1)])
    with pytest.raises(UsageError):
        sign_first(ACCOUNT, IDENTITY, [PHONE, PHONE])
    with pytest.raises(UsageError):
        sign_successor(FIRST, EVIL, [PHONE])
    with pytest.raises(UsageError):
        credential_identity(LAPTOP.device_id, FIRST)
    with pytest.raises(UsageError):
        identity_public_key(b"short")
    for label in (b"other\0", b"visavis x", b"visavis \0x\0", b"visavis x\0y"):
        with pytest.raises(UsageError):
            sign(IDENTITY, label, b"")


def test_signatures_are_bound_to_their_label() -> None:
    public = identity_public_key(IDENTITY)
    signature = sign(IDENTITY, b"visavis a\0", b"message")
    verify(public, b"visavis a\0", b"message", signature)
    for label, message in ((b"visavis b\0", b"message"), (b"visavis a\0", b"messagf")):
        with refuses(Code.BAD_SIGNATURE):
            verify(public, label, message, signature)
    with refuses(Code.BAD_SIGNATURE):
        verify(b"short", b"visavis a\0", b"message", signature)


def test_what_we_sign_never_reads_as_what_mls_signs() -> None:
    """RFC 9420, 5.1.2: SignContent starts with a variable-length label "MLS 1.0 ...".

    Ours starts with "vi": as a length that is 13,929 bytes of label, which MLS has nowhere.
    """
    assert int.from_bytes(b"vi", "big") >> 14 == 0b01
    assert int.from_bytes(b"vi", "big") & 0x3FFF == 13929


def test_lists_only_move_forward() -> None:
    assert accept_list(FIRST, FIRST) is FIRST
    assert accept_list(FIRST, SECOND) is SECOND
    assert accept_list(SECOND, FIRST) is SECOND
    assert accept_list(FIRST, THIRD) is THIRD  # away for the one between
    assert accept_list(THIRD, SECOND) is THIRD


def test_another_identity_is_never_followed() -> None:
    """CK-262."""
    evil = sign_first(ACCOUNT, EVIL, [PHONE])
    for offered in (evil, sign_successor(evil, EVIL, [PHONE, TABLET])):
        with refuses(Code.IDENTITY_CHANGED, "CK-262"):
            accept_list(FIRST, offered)


def test_a_fork_and_a_stranger_are_refused() -> None:
    """CK-263."""
    fork = sign_successor(FIRST, IDENTITY, [TABLET])
    with refuses(Code.BAD_CREDENTIAL, "CK-263"):
        accept_list(SECOND, fork)
    with refuses(Code.BAD_CREDENTIAL, "CK-263"):
        accept_list(SECOND, sign_successor(fork, IDENTITY, [TABLET, PHONE]))
    other = sign_first(AccountId(b"b" * 16), IDENTITY, [PHONE])
    with refuses(Code.BAD_CREDENTIAL, "CK-263"):
        accept_list(FIRST, other)


def test_a_credential_is_checked_against_the_list_it_carries() -> None:
    """CK-264."""
    identity = credential_identity(PHONE.device_id, SECOND)
    credential = UnverifiedCredential.parse(identity).verify(PHONE.signature_key)
    assert (credential.account_id, credential.device_id) == (ACCOUNT, PHONE.device_id)
    assert credential.device_list == SECOND
    fields = cbor.decode_map(identity)
    for bad, key in (
        (identity, LAPTOP.signature_key),
        (cbor.encode(fields | {"device": TABLET.device_id}), TABLET.signature_key),
        (cbor.encode(fields | {"account": b"b" * 16}), PHONE.signature_key),
        (cbor.encode(fields | {"list": THIRD.data}), PHONE.signature_key),
    ):
        with refuses(Code.BAD_CREDENTIAL, "CK-264"):
            UnverifiedCredential.parse(bad).verify(key)
    for bad in (b"", cbor.encode(fields | {"x": 1}), cbor.encode({"account": ACCOUNT})):
        with refuses(Code.MALFORMED):
            UnverifiedCredential.parse(bad)


def test_the_validator_accepts_the_newest_list_only() -> None:
    known: dict[AccountId, DeviceList] = {ACCOUNT: SECOND}
    validate = make_validator(known.get)
    validate(leaf(PHONE, SECOND), None)
    validate(leaf(PHONE, FIRST), None)  # an old credential of a device that still stands
    validate(leaf(LAPTOP, THIRD), None)  # news to us, and in line
    assert check_member(known.get, leaf(LAPTOP, THIRD)).device_list == THIRD
    known[ACCOUNT] = THIRD
    for revoked in (leaf(PHONE, SECOND), leaf(PHONE, FIRST)):  # CK-266
        with refuses(Code.BAD_CREDENTIAL, "CK-266"):
            validate(revoked, None)


def test_the_validator_refuses_a_key_that_replaced_the_listed_one() -> None:
    """CK-266: same device id, other key, on an older list."""
    rekeyed = ListedDevice(PHONE.device_id, SignatureKey(b"n" * 32))
    newer = sign_successor(SECOND, IDENTITY, [rekeyed])
    with refuses(Code.BAD_CREDENTIAL, "CK-266"):
        make_validator({ACCOUNT: newer}.get)(leaf(PHONE, SECOND), None)
    make_validator({ACCOUNT: newer}.get)(leaf(rekeyed, newer), None)


def test_the_validator_refuses_strangers_and_changed_identities() -> None:
    with refuses(Code.BAD_CREDENTIAL, "CK-265"):
        make_validator({}.get)(leaf(PHONE, FIRST), None)
    evil = sign_first(ACCOUNT, EVIL, [PHONE])
    with refuses(Code.IDENTITY_CHANGED, "CK-262"):
        make_validator({ACCOUNT: FIRST}.get)(leaf(PHONE, evil), None)


def test_a_leaf_does_not_pass_to_another_device() -> None:
    """CK-267."""
    bob = AccountId(b"b" * 16)
    bobs = sign_first(bob, b"B" * 32, [TABLET])
    validate = make_validator({ACCOUNT: SECOND, bob: bobs}.get)
    validate(leaf(PHONE, SECOND), leaf(PHONE, FIRST))
    for other in (leaf(LAPTOP, SECOND), leaf(TABLET, bobs)):
        with refuses(Code.BAD_CREDENTIAL, "CK-267"):
            validate(leaf(PHONE, SECOND), other)


def test_in_a_group_of_people_the_tree_alone_decides() -> None:
    """CK-831: who is in it is judged by the newest list in it; who comes in brings their own."""
    validate = make_tree_validator({ACCOUNT: SECOND}.get)
    validate(leaf(PHONE, SECOND), None)
    validate(leaf(PHONE, SECOND), leaf(PHONE, FIRST))
    bobs = sign_first(AccountId(b"b" * 16), b"B" * 32, [TABLET])
    validate(leaf(TABLET, bobs), None)
    with refuses(Code.IDENTITY_CHANGED, "CK-262"):
        validate(leaf(PHONE, sign_first(ACCOUNT, EVIL, [PHONE])), None)
    with refuses(Code.BAD_CREDENTIAL, "CK-267"):
        validate(leaf(LAPTOP, SECOND), leaf(PHONE, FIRST))
    with refuses(Code.BAD_CREDENTIAL, "CK-266"):
        make_tree_validator({ACCOUNT: THIRD}.get)(leaf(PHONE, SECOND), None)
    with refuses(Code.BAD_CREDENTIAL, "CK-265"):  # nobody's leaf becomes a newcomer's
        validate(leaf(TABLET, bobs), leaf(PHONE, SECOND))
    with refuses(Code.BAD_CREDENTIAL, "CK-264"):
        validate(replace(leaf(TABLET, bobs), signature_key=PHONE.signature_key), None)
    assert check_alone(leaf(TABLET, bobs)).device_list == bobs


def test_the_largest_list_fits_its_bound() -> None:
    devices = [
        ListedDevice(DeviceId.random(os.urandom), SignatureKey.random(os.urandom))
        for _ in range(MAX_DEVICES)
    ]
    largest = sign_first(ACCOUNT, IDENTITY, devices)
    assert UnverifiedDeviceList.parse(largest.data).verify() == largest


def test_a_generated_key_is_what_rng_gave() -> None:
    assert generate_identity_key(lambda n: b"r" * n) == b"r" * 32


def test_the_identity_hash_is_labelled() -> None:
    import hashlib

    key = IdentityKey(b"k" * 32)
    assert identity_hash(key) != hashlib.sha256(key).digest()
    assert identity_hash(key) == identity_hash(IdentityKey(bytes(key)))
