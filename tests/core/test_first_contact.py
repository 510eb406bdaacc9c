"""Invite links, pairing links, and the signatures on requests, answers and rejoins."""

from __future__ import annotations

import os
from dataclasses import fields, replace
from typing import Any

import pytest

from visavis.core import base64url, cbor, content_outer
from visavis.core.address import ContactAddress
from visavis.core.content_outer import ContactAccept, ContactRejoin, ContactRequest
from visavis.core.content_records import UNSIGNED, DeviceAddress, JoiningDevice
from visavis.core.content_signed import (
    sign_accept,
    sign_rejoin,
    sign_request,
    verify_accept,
    verify_late_rejoin,
    verify_rejoin,
    verify_request,
)
from visavis.core.device_list import ListedDevice, sign_first, sign_successor
from visavis.core.errors import Code, PeerError
from visavis.core.identity import identity_hash, identity_public_key
from visavis.core.ids import (
    AccountId,
    Capability,
    DeviceId,
    Digest,
    GroupId,
    MailboxId,
    RequestToken,
    SealKey,
    SequencerHandle,
    SignatureKey,
)
from visavis.core.invite import Invite, PairingLink

IDENTITY, DEVICE_PRIVATE, OTHER_PRIVATE = (os.urandom(32) for _ in range(3))
DEVICE, OTHER = DeviceId(b"d" * 16), DeviceId(b"o" * 16)
ACCOUNT, CONTACT = AccountId(b"a" * 16), AccountId(b"b" * 16)
LISTED = ListedDevice(DEVICE, SignatureKey(identity_public_key(DEVICE_PRIVATE)))
LISTED_2 = ListedDevice(OTHER, SignatureKey(identity_public_key(OTHER_PRIVATE)))
LIST = sign_first(ACCOUNT, IDENTITY, [LISTED])
LIST_2 = sign_successor(LIST, IDENTITY, [LISTED, LISTED_2])
MAILBOX, ELSEWHERE = MailboxId(b"m" * 16), MailboxId(b"e" * 16)
TOKEN = RequestToken(b"t" * 16)


def address() -> ContactAddress:
    return ContactAddress(
        "https://a.example", MAILBOX, Capability.random(os.urandom), SealKey.random(os.urandom)
    )


def refuses(code: Code, match: str = "") -> Any:
    return pytest.raises(PeerError, match=f"^{code}: .*{match}")


INVITE = Invite(address(), identity_hash(LIST.identity_key), 1000)
REQUEST = sign_request(
    ContactRequest(
        TOKEN, LIST.data, "anna.1", (JoiningDevice(DEVICE, b"kp", address()),), DEVICE, UNSIGNED
    ),
    DEVICE_PRIVATE,
    MAILBOX,
)
ACCEPT = sign_accept(
    ContactAccept(
        TOKEN,
        LIST.data,
        "anna.1",
        (DeviceAddress(DEVICE, address()),),
        b"welcome",
        GroupId(b"g" * 16),
        SequencerHandle(b"s" * 32),
        DEVICE,
        UNSIGNED,
    ),
    DEVICE_PRIVATE,
    MAILBOX,
)
REJOIN = sign_rejoin(
    ContactRejoin(LIST_2.data, (JoiningDevice(OTHER, b"kp", address()),), UNSIGNED),
    IDENTITY,
    CONTACT,
)


# Links


def test_an_invite_link_round_trips_with_white_space_around_it() -> None:
    link = INVITE.to_link()
    assert link.startswith("https://a.example/i#")
    assert Invite.from_link(f"  {link}\n") == INVITE
    assert len(link) < 250  # fits a small QR code


def test_a_pairing_link_round_trips_and_is_no_invite() -> None:
    pairing = PairingLink(address(), Digest(b"h" * 32))
    assert PairingLink.from_link(pairing.to_link()) == pairing
    with refuses(Code.MISTYPED):
        Invite.from_link(pairing.to_link())
    with refuses(Code.MISTYPED):
        PairingLink.from_link(INVITE.to_link())
    body = pairing.to_link().partition("#")[2]
    with refuses(Code.MISTYPED, "CK-268"):
        Invite.from_link("https://a.example/i#" + body)
    with refuses(Code.MISTYPED, "CK-268"):
        PairingLink.from_link("https://a.example/d#" + INVITE.to_link().partition("#")[2])


def test_a_link_that_is_not_whole_is_mistyped() -> None:
    """CK-268: cut off anywhere, wrapped by a mail program, or something else entirely."""
    link = INVITE.to_link()
    for length in range(len(link)):
        with refuses(Code.MISTYPED, "CK-268"):
            Invite.from_link(link[:length])
    others = ["", "hello", "https://a.example", link + "x", link[:60] + "\n" + link[60:], link * 6]
    for other in [*others, link.replace("https://a.example", "https://a.example/x")]:
        with refuses(Code.MISTYPED, "CK-268"):
            Invite.from_link(other)


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"x": 1},
        {"h": b"short"},
        {"e": -1},
        {"e": True},
        {"e": 2**41},
        {"e": "soon"},
        {"m": b"short"},
        {"c": None},
    ],
)
def test_a_link_with_other_fields_is_mistyped(change: dict[str, object]) -> None:
    raw = cbor.decode_map(base64url.decode(INVITE.to_link().partition("#")[2]))
    bad = "https://a.example/i#" + base64url.encode(cbor.encode(raw | change))
    with refuses(Code.MISTYPED, "CK-268"):
        Invite.from_link(bad)
    key = PairingLink(address(), Digest(b"h" * 32))
    raw = cbor.decode_map(base64url.decode(key.to_link().partition("#")[2]))
    with refuses(Code.MISTYPED):
        PairingLink.from_link(
            "https://a.example/d#" + base64url.encode(cbor.encode(raw | {"h": b"x"}))
        )


def test_an_invite_expires_and_pins_its_maker() -> None:
    assert INVITE.require_fresh(999.9) is INVITE
    with refuses(Code.EXPIRED, "CK-269"):
        INVITE.require_fresh(1000)
    INVITE.check_inviter(LIST.identity_key)
    with refuses(Code.IDENTITY_CHANGED, "CK-270"):
        INVITE.check_inviter(identity_public_key(os.urandom(32)))


def test_a_link_prints_no_secret() -> None:
    assert INVITE.address.capability.hex() not in repr(INVITE)
    assert INVITE.address.seal_key.hex() not in repr(INVITE)


# Signed contents


def test_good_ones_verify() -> None:
    assert verify_request(REQUEST, MAILBOX) == LIST
    assert verify_accept(ACCEPT, INVITE, TOKEN, MAILBOX) == LIST
    assert verify_rejoin(REJOIN, LIST, CONTACT) == LIST_2


def test_bound_to_where_they_were_meant_to_go() -> None:
    """CK-273: else a contact could pass Anna's request on to a stranger under Anna's name."""
    with refuses(Code.BAD_SIGNATURE):
        verify_request(REQUEST, ELSEWHERE)
    with refuses(Code.BAD_SIGNATURE):
        verify_accept(ACCEPT, INVITE, TOKEN, ELSEWHERE)
    with refuses(Code.BAD_SIGNATURE):
        verify_rejoin(REJOIN, LIST, ACCOUNT)


OTHER_VALUES: dict[str, object] = {
    "token": RequestToken(b"x" * 16),
    "name": "mallory.1",
    "message": b"other",
    "group": GroupId(b"x" * 16),
    "sequencer": SequencerHandle(b"x" * 32),
    "signature": UNSIGNED,
}


@pytest.mark.parametrize("content", [REQUEST, ACCEPT, REJOIN], ids=lambda c: type(c).__name__)
def test_every_field_is_signed(content: Any) -> None:
    """CK-273."""
    verifiers: dict[type, Any] = {
        ContactRequest: lambda c: verify_request(c, MAILBOX),
        ContactAccept: lambda c: verify_accept(c, INVITE, c.token, MAILBOX),
        ContactRejoin: lambda c: verify_rejoin(c, LIST, CONTACT),
    }
    verified = verifiers[type(content)]
    assert verified(content)
    changed = 0
    for field in fields(content):
        if field.name == "devices":
            entry = content.devices[0]
            other: object = (replace(entry, address=address()),)
        elif field.name in OTHER_VALUES:
            other = OTHER_VALUES[field.name]
        else:
            continue
        with refuses(Code.BAD_SIGNATURE):
            verified(replace(content, **{field.name: other}))
        changed += 1
    assert changed >= 2


def test_signed_by_a_device_that_is_on_the_list() -> None:
    """CK-274."""
    forged = sign_request(replace(REQUEST, device=OTHER), OTHER_PRIVATE, MAILBOX)
    with refuses(Code.BAD_CREDENTIAL, "CK-274"):
        verify_request(forged, MAILBOX)
    with refuses(Code.BAD_SIGNATURE):
        verify_request(sign_request(REQUEST, OTHER_PRIVATE, MAILBOX), MAILBOX)


@pytest.mark.parametrize("devices", [[OTHER], [DEVICE, OTHER], [DEVICE, DEVICE]], ids=len)
def test_every_named_device_is_on_the_list_once(devices: list[DeviceId]) -> None:
    """CK-274."""
    joining = tuple(JoiningDevice(d, b"kp", address()) for d in devices)
    reachable = tuple(DeviceAddress(d, address()) for d in devices)
    request = sign_request(replace(REQUEST, devices=joining), DEVICE_PRIVATE, MAILBOX)
    with refuses(Code.BAD_CREDENTIAL, "CK-274"):
        verify_request(request, MAILBOX)
    accept = sign_accept(replace(ACCEPT, devices=reachable), DEVICE_PRIVATE, MAILBOX)
    with refuses(Code.BAD_CREDENTIAL, "CK-274"):
        verify_accept(accept, INVITE, TOKEN, MAILBOX)


def test_an_answer_pairs_with_its_request_and_comes_from_whom_the_link_pinned() -> None:
    with refuses(Code.UNEXPECTED, "CK-275"):
        verify_accept(ACCEPT, INVITE, RequestToken(b"x" * 16), MAILBOX)
    evil_list = sign_first(ACCOUNT, os.urandom(32), [LISTED])
    evil = sign_accept(replace(ACCEPT, list=evil_list.data), DEVICE_PRIVATE, MAILBOX)
    with refuses(Code.IDENTITY_CHANGED, "CK-270"):
        verify_accept(evil, INVITE, TOKEN, MAILBOX)


def test_a_rejoin_brings_a_newer_list_of_the_same_identity() -> None:
    with refuses(Code.REPLAYED, "CK-276"):
        verify_rejoin(REJOIN, LIST_2, CONTACT)
    newer = sign_successor(LIST_2, IDENTITY, [LISTED_2])
    with refuses(Code.REPLAYED, "CK-276"):
        verify_rejoin(REJOIN, newer, CONTACT)
    evil_key = os.urandom(32)
    evil_list = sign_successor(sign_first(ACCOUNT, evil_key, [LISTED]), evil_key, [LISTED_2])
    evil = sign_rejoin(replace(REJOIN, list=evil_list.data), evil_key, CONTACT)
    with refuses(Code.IDENTITY_CHANGED, "CK-262"):
        verify_rejoin(evil, LIST, CONTACT)
    with refuses(Code.BAD_SIGNATURE):
        verify_rejoin(sign_rejoin(REJOIN, DEVICE_PRIVATE, CONTACT), LIST, CONTACT)


def test_a_rejoin_that_was_overtaken_is_heard_while_its_device_stands() -> None:
    """CK-686."""
    third = ListedDevice(DeviceId(b"t" * 16), SignatureKey(identity_public_key(os.urandom(32))))
    newer = sign_successor(LIST_2, IDENTITY, [LISTED, LISTED_2, third])
    verify_late_rejoin(REJOIN, newer, CONTACT)
    verify_late_rejoin(REJOIN, LIST_2, CONTACT)
    revoked = sign_successor(newer, IDENTITY, [LISTED, third])
    with refuses(Code.REPLAYED, "CK-686"):
        verify_late_rejoin(REJOIN, revoked, CONTACT)
    rekeyed = sign_successor(newer, IDENTITY, [replace(third, device_id=OTHER)])
    with refuses(Code.REPLAYED, "CK-686"):
        verify_late_rejoin(REJOIN, rekeyed, CONTACT)
    with refuses(Code.BAD_SIGNATURE):
        verify_late_rejoin(REJOIN, newer, ACCOUNT)
    with refuses(Code.BAD_SIGNATURE):
        verify_late_rejoin(sign_rejoin(REJOIN, DEVICE_PRIVATE, CONTACT), newer, CONTACT)
    with refuses(Code.IDENTITY_CHANGED, "CK-262"):
        verify_late_rejoin(REJOIN, sign_first(ACCOUNT, os.urandom(32), [LISTED]), CONTACT)
    unlisted = JoiningDevice(third.device_id, b"kp", address())
    forged = sign_rejoin(replace(REJOIN, devices=(unlisted,)), IDENTITY, CONTACT)
    with refuses(Code.BAD_CREDENTIAL, "CK-274"):
        verify_late_rejoin(forged, newer, CONTACT)


def test_one_kind_of_content_never_passes_for_another() -> None:
    """The label holds the kind: equal fields under another kind are another message."""
    kinds = {cls.TYPE["k"] for cls in (ContactRequest, ContactAccept, ContactRejoin)}
    assert len(kinds) == 3
    assert content_outer.ContactRequest.TYPE["k"] == "contact.request"
