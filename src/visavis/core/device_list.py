"""Signed device lists: which devices an account has (docs/protocol/identity.md).

An account's identity key signs the *device list*: the MLS signature key of each of the account's
devices, a version that only rises, and the hash of the list before. The list is the authority: a
leaf in a group is accepted only if its device stands, with that very key, on the newest list we
know of its account (protocol.md P3; `credential.py`).

Unverified and verified are different types: nothing reads a device out of a list whose signature
has not been checked.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Self

from visavis.core import cbor
from visavis.core.errors import Code, PeerError, UsageError
from visavis.core.identity import identity_public_key, sign, verify
from visavis.core.ids import AccountId, DeviceId, Digest, IdentityKey, Signature, SignatureKey

MAX_DEVICES: Final = 16
"""Devices of one account. Higher makes credentials longer: the list travels in each of them."""

MAX_LIST_BYTES: Final = 4096
MAX_VERSION: Final = 2**32 - 1
NO_PREVIOUS: Final = Digest(bytes(32))

ERA_VERSIONS: Final = 2**16
"""Versions from one era to the next: an account that moves to another server begins the next era
(`sign_moved`). Fewer leave less room for changes at the old server that the new one has not heard
of, more leave room for fewer moves."""

_LIST_LABEL: Final = b"visavis device list v1\0"


@dataclass(frozen=True, slots=True, order=True)
class ListedDevice:
    """One device on a device list.

    Args:
        device_id: Its id.
        signature_key: Its MLS signature key (public).
    """

    device_id: DeviceId
    signature_key: SignatureKey


@dataclass(frozen=True, slots=True)
class DeviceList:
    """A device list whose signature was checked, or that we signed.

    Made by `sign_first`, `sign_successor` or `UnverifiedDeviceList.verify`, never by hand.

    Args:
        account_id: Whose devices.
        identity_key: What signed it.
        version: 1 for the first, then rising.
        previous: SHA-256 of the list before, zeros for the first.
        devices: In order of their ids; 1 to `MAX_DEVICES`.
        data: The signed bytes.
    """

    account_id: AccountId
    identity_key: IdentityKey
    version: int
    previous: Digest
    devices: tuple[ListedDevice, ...]
    data: bytes = field(repr=False)

    @property
    def era(self) -> int:
        """How often the account moved to another server."""
        return era_of(self.version)

    @property
    def digest(self) -> Digest:
        """SHA-256 of the signed bytes: what the successor names as `previous`."""
        return Digest.sha256(self.data)

    def find(self, device_id: DeviceId) -> ListedDevice | None:
        """Return the device with this id, or None."""
        return next((d for d in self.devices if d.device_id == device_id), None)


def sign_first(
    account_id: AccountId, identity_private: bytes, devices: Iterable[ListedDevice]
) -> DeviceList:
    """Sign an account's first device list.

    Raises:
        UsageError: No device, more than `MAX_DEVICES`, or an id or key twice.
    """
    return _sign(account_id, identity_private, 1, NO_PREVIOUS, devices)


def sign_successor(
    previous: DeviceList, identity_private: bytes, devices: Iterable[ListedDevice]
) -> DeviceList:
    """Sign the list that follows `previous`: add or revoke devices.

    Raises:
        UsageError: As for `sign_first`, or the key is not the one that signed `previous`.
    """
    if identity_public_key(identity_private) != previous.identity_key:
        raise UsageError("another identity key than the list before")
    return _sign(
        previous.account_id, identity_private, previous.version + 1, previous.digest, devices
    )


def era_of(version: int) -> int:
    """Return in which era a list of this version was signed."""
    return version // ERA_VERSIONS


def sign_moved(
    previous: DeviceList, identity_private: bytes, devices: Iterable[ListedDevice]
) -> DeviceList:
    """Sign the list with which an account begins at another server.

    It follows `previous`, and is ahead of whatever the devices of before sign until their account
    is closed: who knows both keeps this one, and no two lists have one version.

    Raises:
        UsageError: As for `sign_successor`, or the account has moved too often.
    """
    if identity_public_key(identity_private) != previous.identity_key:
        raise UsageError("another identity key than the list before")
    version = (previous.era + 1) * ERA_VERSIONS
    return _sign(previous.account_id, identity_private, version, previous.digest, devices)


def _sign(
    account_id: AccountId,
    identity_private: bytes,
    version: int,
    previous: Digest,
    devices: Iterable[ListedDevice],
) -> DeviceList:
    body = cbor.encode(
        {
            "v": 1,
            "account": account_id,
            "identity": identity_public_key(identity_private),
            "version": version,
            "previous": previous,
            "devices": [[d.device_id, d.signature_key] for d in sorted(devices)],
        }
    )
    signature = sign(identity_private, _LIST_LABEL, body)
    try:
        return UnverifiedDeviceList.parse(cbor.encode([body, signature])).verify()
    except PeerError as error:
        raise UsageError(f"would sign a list that others refuse: {error.detail}") from None


@dataclass(frozen=True, slots=True)
class UnverifiedDeviceList:
    """A device list as it arrived; only `verify` gives access to what it says."""

    _body: bytes = field(repr=False)
    _signature: Signature
    _data: bytes = field(repr=False)

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read the outer form: an array of signed body and signature.

        Raises:
            PeerError: `MALFORMED`, also beyond `MAX_LIST_BYTES`.
        """
        if len(data) > MAX_LIST_BYTES:
            raise _malformed("too long")
        match cbor.decode(data):
            case [bytes(body), bytes(signature)]:
                return cls(body, Signature(signature), bytes(data))
            case _:
                raise _malformed("outer form")

    def verify(self) -> DeviceList:
        """Check signature and content.

        The identity key is the one inside: this proves that the list is whole and that *that* key
        signed it. Whether it is the right person's key the caller compares (`accept_list`).

        Raises:
            PeerError: `BAD_SIGNATURE` (CK-261); `MALFORMED` for content, order, repetition or
                bounds (CK-260).
        """
        match cbor.decode_versioned(self._body):
            case {
                "account": bytes(account),
                "identity": bytes(identity),
                "version": int(version),
                "previous": bytes(previous),
                "devices": list(devices),
                **rest,
            } if not rest and not isinstance(version, bool):
                pass
            case _:
                raise _malformed("body")
        identity_key = IdentityKey(identity)
        # CK-261: without it whoever carries the list could add a device of their own.
        verify(identity_key, _LIST_LABEL, self._body, self._signature)
        listed = tuple(_listed_device(entry) for entry in devices)
        # CK-260: one order and no repetition, so that a list has one form and a device one key.
        ids = [d.device_id for d in listed]
        if not 1 <= len(ids) <= MAX_DEVICES or ids != sorted(set(ids)):
            raise _malformed("devices out of order, repeated, none or too many")
        if len({d.signature_key for d in listed}) != len(listed):
            raise _malformed("one key for two devices")
        if not 1 <= version <= MAX_VERSION or (version == 1) != (previous == NO_PREVIOUS):
            raise _malformed("version")
        return DeviceList(
            AccountId(account), identity_key, version, Digest(previous), listed, self._data
        )


def _listed_device(entry: object) -> ListedDevice:
    match entry:
        case [bytes(device_id), bytes(key)]:
            return ListedDevice(DeviceId(device_id), SignatureKey(key))
        case _:
            raise _malformed("device entry")


def _malformed(why: str) -> PeerError:
    return PeerError(Code.MALFORMED, f"CK-260 device list: {why}")


def accept_list(known: DeviceList, offered: DeviceList) -> DeviceList:
    """Return the list to hold from now on: the newer of the two, if both are one account's line.

    Args:
        known: The newest list we know.
        offered: A verified list that arrived.

    Returns:
        `offered` if it is newer, `known` if `offered` is the same or an honest older one.

    Raises:
        PeerError: `IDENTITY_CHANGED` if another identity key signed it (CK-262);
            `BAD_CREDENTIAL` if it is another account's, or if it forks: the same version with other
            content, or a successor that does not name what we hold (CK-263).
    """
    if offered.account_id != known.account_id:
        raise PeerError(Code.BAD_CREDENTIAL, "CK-263 list of another account")
    # CK-262: a server or thief that makes its own identity key for an account must not get further
    # than this; a person decides, after comparing safety numbers.
    if offered.identity_key != known.identity_key:
        raise PeerError(Code.IDENTITY_CHANGED, "CK-262 list signed by another identity key")
    if offered.version == known.version and offered.data != known.data:
        raise PeerError(Code.BAD_CREDENTIAL, "CK-263 two lists with one version")
    # A gap in versions leaves nothing to compare: we were away for the lists between.
    if offered.version == known.version + 1 and offered.previous != known.digest:
        raise PeerError(Code.BAD_CREDENTIAL, "CK-263 list does not follow the one we hold")
    return offered if offered.version > known.version else known
