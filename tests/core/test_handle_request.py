"""Requests by handle: sealed to one key for one mailbox, with work that the asker paid."""

from __future__ import annotations

import os

import pytest

from visavis.core import handle_request, work
from visavis.core.address import ContactAddress
from visavis.core.content_outer import ContactRequest
from visavis.core.content_records import UNSIGNED, JoiningDevice
from visavis.core.content_signed import sign_request, verify_request
from visavis.core.device_list import ListedDevice, sign_first
from visavis.core.envelope import BUCKETS
from visavis.core.errors import Code, PeerError, UsageError
from visavis.core.handle import is_handle
from visavis.core.handle_request import (
    ENCAPSULATION_BYTES,
    HandleAddress,
    any_address,
    handle_destination,
    open_request,
    pay,
    seal_request,
    sealing_key_of,
)
from visavis.core.identity import identity_public_key
from visavis.core.ids import (
    AccountId,
    Capability,
    DeviceId,
    MailboxId,
    RequestToken,
    SealKey,
    SignatureKey,
)

SEED, OTHER_SEED = os.urandom(32), os.urandom(32)
MAILBOX, ELSEWHERE = MailboxId(b"m" * 16), MailboxId(b"e" * 16)
CAPABILITY = Capability(b"c" * 32)
ADDRESS = HandleAddress("https://a.example", MAILBOX, CAPABILITY, sealing_key_of(SEED))
BITS = 14
"""Low enough to be quick, high enough that wrong work does not pass by chance."""
LEVEL = work.REQUEST_BITS


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "REQUEST_BITS", BITS)


def sealed(content: bytes = b"content", address: HandleAddress = ADDRESS) -> bytes:
    return seal_request(address, pay(address, content, BITS), os.urandom)


def test_the_level_is_what_the_page_says() -> None:
    assert (LEVEL, handle_request.MAX_WORK_BITS) == (20, 24)


@pytest.mark.parametrize("size", [0, 1, 6_000, 8192 - ENCAPSULATION_BYTES - 16 - 9, 7_048, 200_000])
def test_what_is_sealed_opens_and_has_one_of_four_sizes(size: int) -> None:
    content = os.urandom(size)
    envelope = sealed(content)
    assert len(envelope) in BUCKETS
    assert open_request(MAILBOX, SEED, envelope) == content
    assert sealed(content) != envelope, "sealed afresh"


def test_the_edges_of_the_sizes() -> None:
    room = BUCKETS[1] - ENCAPSULATION_BYTES - 16 - 1 - work.NONCE_BYTES
    assert len(sealed(bytes(room))) == BUCKETS[1]
    assert len(sealed(bytes(room + 1))) == BUCKETS[2]
    with pytest.raises(PeerError) as large:
        sealed(bytes(BUCKETS[-1]))
    assert large.value.code is Code.TOO_LARGE


def test_another_key_mailbox_or_byte_does_not_open() -> None:
    """CK-290."""
    envelope = sealed()
    flipped = [bytearray(envelope) for _ in range(3)]
    for index, at in enumerate((5, 1100, -1)):
        flipped[index][at] ^= 1
    for mailbox, seed, data in [
        (MAILBOX, OTHER_SEED, envelope),
        (ELSEWHERE, SEED, envelope),
        (MAILBOX, SEED, envelope[:-1]),
        (MAILBOX, SEED, envelope[:500]),
        (MAILBOX, SEED, b""),
        *((MAILBOX, SEED, bytes(data)) for data in flipped),
    ]:
        with pytest.raises(PeerError) as refused:
            open_request(mailbox, seed, data)
        assert refused.value.code is Code.DECRYPTION
        assert "CK-290" in refused.value.detail
    assert open_request(MAILBOX, SEED, envelope) == b"content"  # the control


def test_work_is_for_one_content_mailbox_and_key() -> None:
    """CK-288: none, too little, and work done for something else are refused alike."""
    paid = pay(ADDRESS, b"content", BITS)
    other_key = HandleAddress(ADDRESS.origin, MAILBOX, CAPABILITY, sealing_key_of(OTHER_SEED))
    other_box = HandleAddress(ADDRESS.origin, ELSEWHERE, CAPABILITY, ADDRESS.sealing_key)
    challenge = handle_request._challenge(MAILBOX, ADDRESS.sealing_key, b"content")
    lazy = next(
        nonce
        for nonce in (number.to_bytes(8, "big") for number in range(1000))
        if not work.check(challenge, nonce, BITS)
    )
    unpaid = [b"", b"content", lazy + b"content"]
    unpaid += [
        pay(ADDRESS, b"another", BITS)[:8] + b"content",
        pay(other_key, b"content", BITS),
        pay(other_box, b"content", BITS),
    ]
    for wrong in unpaid:
        with pytest.raises(PeerError) as refused:
            open_request(MAILBOX, SEED, seal_request(ADDRESS, wrong, os.urandom))
        assert refused.value.code is Code.REFUSED
        assert "CK-288" in refused.value.detail
    assert open_request(MAILBOX, SEED, seal_request(ADDRESS, paid, os.urandom)) == b"content"


def test_the_challenge_names_everything_it_is_for() -> None:
    one = handle_request._challenge(MAILBOX, ADDRESS.sealing_key, b"content")
    others = {
        handle_request._challenge(ELSEWHERE, ADDRESS.sealing_key, b"content"),
        handle_request._challenge(MAILBOX, sealing_key_of(OTHER_SEED), b"content"),
        handle_request._challenge(MAILBOX, ADDRESS.sealing_key, b"contents"),
    }
    assert len(others | {one}) == 4


def test_nobody_works_without_end() -> None:
    with pytest.raises(UsageError):
        pay(ADDRESS, b"content", 33)


def test_a_server_with_its_own_key_cannot_pass_the_request_on() -> None:
    """CK-273: it may open what was sealed to its key, but the signature is for that key only."""
    private = os.urandom(32)
    device = DeviceId(b"d" * 16)
    listed = ListedDevice(device, SignatureKey(identity_public_key(private)))
    own = sign_first(AccountId(b"a" * 16), os.urandom(32), [listed])
    address = ContactAddress("https://a.example", ELSEWHERE, CAPABILITY, SealKey(b"s" * 32))
    request = ContactRequest(
        RequestToken(b"t" * 16),
        own.data,
        "anna.12345",
        (JoiningDevice(device, b"kp", address),),
        device,
        UNSIGNED,
    )
    shown = sealing_key_of(OTHER_SEED)  # the server's, with the right mailbox
    signed = sign_request(request, private, handle_destination(MAILBOX, shown))
    for meant in (ADDRESS.destination, MAILBOX):
        with pytest.raises(PeerError) as refused:
            verify_request(signed, meant)
        assert refused.value.code is Code.BAD_SIGNATURE
    assert verify_request(signed, handle_destination(MAILBOX, shown)) == own  # the control


def test_addresses_are_read_strictly() -> None:
    assert any_address(ADDRESS.to_cbor()) == ADDRESS
    link = ContactAddress("https://a.example", MAILBOX, CAPABILITY, SealKey(b"s" * 32))
    assert any_address(link.to_cbor()) == link
    good = ADDRESS.to_cbor()
    for bad in (
        good | {"x": b"short"},
        good | {"o": "HTTPS://A"},
        good | {"more": 1},
        {key: value for key, value in good.items() if key != "m"},
        {"x": b""},
        7,
    ):
        with pytest.raises(PeerError) as malformed:
            any_address(bad)
        assert malformed.value.code is Code.MALFORMED
    assert ADDRESS.require_server("https://a.example") is ADDRESS
    with pytest.raises(PeerError, match="CK-252"):
        ADDRESS.require_server("https://b.example")
    assert "c" * 8 not in repr(ADDRESS)


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("anna.48213", True),
        ("a_-9.00000", True),
        ("anna", False),
        ("Anna.48213", False),
        ("anna.4821", False),
        ("anna.482133", False),
        ("anna.4821٣", False),
        (" anna.48213", False),
        ("anna.48213\n", False),
        ("a.48213", False),
        ("../x.48213", False),
    ],
)
def test_a_whole_handle(text: str, whole: bool) -> None:
    assert is_handle(text) is whole
