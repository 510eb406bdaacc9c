"""Devices with real credentials, one account each, that know each other; no server.

For benchmarks of group calls. Not for a person's device: nothing is kept.
"""

from __future__ import annotations

import os

from visavis.core.credential import credential_identity, make_validator
from visavis.core.device_list import DeviceList, ListedDevice, sign_first
from visavis.core.identity import generate_identity_key
from visavis.core.ids import AccountId, DeviceId, SignatureKey
from visavis.core.mls import (
    SUITE_ID,
    KeyPackageBundle,
    MemberInfo,
    generate_signature_key,
    new_key_package,
    signature_public_key,
)
from visavis.sdk.consent_key import OwnConsent
from visavis.sdk.seam import KeyMaterial


class People:
    """Accounts with one device each; each judges the others by their device lists."""

    def __init__(self) -> None:
        self._lists: dict[AccountId, DeviceList] = {}
        self._validator = make_validator(self._lists.get)

    def another(self) -> KeyMaterial:
        """Return what one more device signs with."""
        account, device = AccountId.random(os.urandom), DeviceId.random(os.urandom)
        private = generate_signature_key(SUITE_ID, os.urandom)
        listed = ListedDevice(device, SignatureKey(signature_public_key(SUITE_ID, private)))
        known = sign_first(account, generate_identity_key(os.urandom), [listed])
        self._lists[account] = known
        credential = credential_identity(device, known)
        return KeyMaterial(account, device, credential, private, self._validator)


def key_package(keys: KeyMaterial, consent: OwnConsent, now: int) -> KeyPackageBundle:
    """Return a fresh key package of a device, good for an hour.

    Args:
        keys: The device's.
        consent: Its consent key of this entry.
        now: Unix seconds.
    """
    return new_key_package(
        identity=keys.credential,
        signature_private=keys.signature_private,
        not_before=now - 3_600,
        not_after=now + 3_600,
        rng=os.urandom,
        leaf_extensions=[consent.extension()],
    )


def anybody(member: MemberInfo) -> None:
    """Let everybody be in the call (`MayBeIn`)."""
    del member
