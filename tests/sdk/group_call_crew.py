"""Devices with real credentials for tests of group calls: one account each, no server."""

from __future__ import annotations

from functools import cache

from tests.scenario.call_world import NOW, Dice

from visavis.core.credential import credential_identity, make_validator
from visavis.core.device_list import DeviceList, ListedDevice, sign_first
from visavis.core.identity import generate_identity_key
from visavis.core.ids import AccountId, CallId, DeviceId, Digest, SignatureKey
from visavis.core.mls import (
    SUITE_ID,
    KeyPackageBundle,
    MemberInfo,
    generate_signature_key,
    new_key_package,
    signature_public_key,
)
from visavis.sdk.consent_key import OwnConsent
from visavis.sdk.group_call_keys import Began, GroupCallKeys, Offer
from visavis.sdk.seam import KeyMaterial

CALL = CallId(b"a group call, 16")
MOST = 8
TABLET = MOST
"""The number of the second device of the account that has the first one (0)."""

_consents: dict[bytes, OwnConsent] = {}
"""The consent keys in our key packages, by the reference of the package."""


def anybody(member: MemberInfo) -> None:
    """Let everybody be in the call."""
    del member


@cache
def people() -> tuple[KeyMaterial, ...]:
    """Return devices of as many accounts as a test may want, and last a second one of the first."""
    rng = Dice(7)
    lists: dict[AccountId, DeviceList] = {}
    validator = make_validator(lists.get)
    found: list[KeyMaterial] = []
    for _ in range(MOST):
        account = AccountId.random(rng)
        own = [
            (DeviceId.random(rng), generate_signature_key(SUITE_ID, rng))
            for _ in range(1 if found else 2)
        ]
        listed = [
            ListedDevice(device, SignatureKey(signature_public_key(SUITE_ID, private)))
            for device, private in own
        ]
        lists[account] = sign_first(account, generate_identity_key(rng), listed)
        found += [
            KeyMaterial(
                account, device, credential_identity(device, lists[account]), private, validator
            )
            for device, private in own
        ]
    found.append(found.pop(1))
    return tuple(found)


def key_package(number: int, seed: int = 0) -> KeyPackageBundle:
    """Return a fresh key package of one of the people."""
    keys = people()[number]
    consent = OwnConsent.make(Dice(500 + number + 1000 * seed))
    bundle = new_key_package(
        identity=keys.credential,
        signature_private=keys.signature_private,
        not_before=NOW - 9,
        not_after=NOW + 9_000,
        rng=Dice(100 + number + 1000 * seed),
        leaf_extensions=[consent.extension()],
    )
    _consents[bundle.reference] = consent
    return bundle


def found(number: int = 0) -> GroupCallKeys:
    """Return the call as one of the people begins it."""
    consent = OwnConsent.make(Dice(400 + number))
    return GroupCallKeys.found(CALL, people()[number], consent, anybody, now=NOW, rng=Dice(number))


def join(number: int, welcome: bytes, bundle: KeyPackageBundle) -> GroupCallKeys:
    """Return the call as one of the people comes into it."""
    return GroupCallKeys.join(
        welcome,
        bundle,
        consent_in(bundle),
        CALL,
        people()[number],
        anybody,
        now=NOW,
        rng=Dice(number),
    )


def consent_in(bundle: KeyPackageBundle) -> OwnConsent:
    """Return the consent key that was made for a key package."""
    return _consents[bundle.reference]


def note_all(members: list[GroupCallKeys], package: KeyPackageBundle) -> Digest:
    """Have all members know of a joiner."""
    (joiner,) = {one.note(package.key_package, now=NOW) for one in members}
    return joiner


def commit(
    author: GroupCallKeys, others: list[GroupCallKeys], offer: Offer
) -> tuple[Began, list[Began | None]]:
    """Have the room take a commit."""
    began = author.won()
    return began, [other.apply(offer.commit, now=NOW) for other in others]


def crew(count: int) -> list[GroupCallKeys]:
    """Return a call with as many members, in the order of their leaves."""
    members = [found()]
    bundles = [key_package(number) for number in range(1, count)]
    joiners = [note_all(members, bundle) for bundle in bundles]
    members[0].offer(joiners, (), now=NOW)
    began = members[0].won()
    assert began.welcome is not None
    members += [join(n, began.welcome, bundle) for n, bundle in enumerate(bundles, start=1)]
    return members
