"""What a guest's device believes of who lets it in, and what it does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.sdk.group_call_crew import CALL, NOW, Dice, key_package, people

from visavis.core.call_link import CallLink
from visavis.core.content_lobby import LobbyPass, Named
from visavis.core.content_records import Media
from visavis.core.credential import UnverifiedCredential
from visavis.core.device_list import DeviceList, ListedDevice, sign_first
from visavis.core.errors import Code, PeerError, UsageError
from visavis.core.guest import Guest, sign_pass, with_guests
from visavis.core.identity import generate_identity_key, identity_hash
from visavis.core.ids import (
    AccountId,
    CallId,
    Capability,
    DeviceId,
    LinkSecret,
    MailboxId,
    RoomId,
    SignatureKey,
)
from visavis.core.lobby import lobby_public_key
from visavis.core.mls import SUITE_ID, KeyPackageBundle, MemberInfo, signature_public_key
from visavis.sdk.consent_key import OwnConsent
from visavis.sdk.group_call_keys import GroupCallKeys
from visavis.sdk.guest_entry import Admission, GuestEntry
from visavis.sdk.seam import KeyMaterial

RNG = Dice(77)
HOST, OTHER = people()[0], people()[1]


def list_of(keys: KeyMaterial) -> DeviceList:
    key = signature_public_key(SUITE_ID, keys.signature_private)
    return UnverifiedCredential.parse(keys.credential).verify(key).device_list


LINK = CallLink(
    "https://x.org",
    LinkSecret(RNG(32)),
    lobby_public_key(RNG(32)),
    identity_hash(list_of(HOST).identity_key),
    NOW + 900,
)


def entry(name: str = "Dana") -> GuestEntry:
    return GuestEntry(LINK, name, lambda: NOW, lambda _: None, RNG)


def passed(
    guest: GuestEntry,
    keys: KeyMaterial = HOST,
    *,
    device_list: bytes | None = None,
    device: DeviceId | None = None,
    signed_by: bytes | None = None,
    name: str = "Dana",
    call: CallId = CALL,
) -> LobbyPass:
    """Return a pass, right unless something else is asked for."""
    signature = sign_pass(call, guest.key, name, signed_by or keys.signature_private)
    return LobbyPass(
        CALL,
        RoomId(RNG(16)),
        Media.VOICE,
        device or keys.device,
        device_list or bytes(list_of(keys).data),
        signature,
        (Named(HOST.account, "anna.48213"),),
        MailboxId(RNG(16)),
        Capability(RNG(32)),
    )


def test_a_pass_of_the_account_that_the_link_names() -> None:
    guest = entry()
    admission = guest._checked(passed(guest))
    assert (admission.call, admission.names) == (CALL, {HOST.account: "anna.48213"})
    assert admission.relay.origin == LINK.origin
    mine = Guest.of(MemberInfo(None, admission.identity, bytes(guest.key)))
    assert (mine.name, mine.account, mine.device) == ("Dana", HOST.account, HOST.device)


def forged_list(account: AccountId, keys: KeyMaterial) -> bytes:
    """Return a list of the host's account, signed by an identity of somebody else's."""
    key = SignatureKey(signature_public_key(SUITE_ID, keys.signature_private))
    listed = [ListedDevice(keys.device, key)]
    return bytes(sign_first(account, generate_identity_key(RNG), listed).data)


WRONG: dict[str, Callable[[GuestEntry], LobbyPass]] = {
    "another account": lambda one: passed(one, OTHER),
    "its own list": lambda one: passed(one, OTHER, device_list=forged_list(HOST.account, OTHER)),
    "a device that is not listed": lambda one: passed(one, device=OTHER.device),
    "another key": lambda one: passed(one, signed_by=OTHER.signature_private),
    "another name": lambda one: passed(one, name="Anna"),
    "another call": lambda one: passed(one, call=CallId(RNG(16))),
    "no list": lambda one: passed(one, device_list=b"x"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_pass_of_anybody_else_is_none(wrong: str) -> None:
    """CK-905, CK-907"""
    guest = entry()
    with pytest.raises(PeerError):
        guest._checked(WRONG[wrong](guest))


def begun_by(
    keys: KeyMaterial, guest: GuestEntry, admission: Admission
) -> tuple[bytes, KeyPackageBundle, OwnConsent]:
    """Return a Welcome of a call that somebody began with the guest in it, and what opens it."""
    material = replace(keys, validator=with_guests(keys.validator))
    first = GroupCallKeys.found(
        CALL, material, OwnConsent.make(RNG), lambda _: None, now=NOW, rng=RNG
    )
    consent = OwnConsent.make(RNG)
    bundle = guest._key_package(admission, consent)
    others = [key_package(4)] if keys is HOST else []
    packages = [bundle.key_package, *(one.key_package for one in others)]
    first.offer([first.note(one, now=NOW) for one in packages], (), now=NOW)
    welcome = first.won().welcome
    assert welcome is not None
    return welcome, bundle, consent


def test_a_call_without_the_host_is_not_entered() -> None:
    """CK-912"""
    guest = entry()
    admission = guest._checked(passed(guest))
    welcome, bundle, consent = begun_by(OTHER, guest, admission)
    with pytest.raises(PeerError, match="CK-912") as refused:
        guest._joined(welcome, bundle, consent, admission)
    assert refused.value.code is Code.IDENTITY_CHANGED
    welcome, bundle, consent = begun_by(HOST, guest, admission)  # the control
    keys = guest._joined(welcome, bundle, consent, admission)
    assert [guest.is_host(one) for one in keys.members().values()].count(True) == 1
    assert len(keys.members()) == 3


@pytest.mark.parametrize("name", ["", "   ", "a\nb", "x" * 65, "\u202eanna", "\ud800"])
def test_a_name_is_one_line(name: str) -> None:
    with pytest.raises(UsageError):
        entry(name)
    assert entry("  Da\u0301na ").name == "D\u00e1na"
