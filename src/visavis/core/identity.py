"""Who is who: account identity keys, signed device lists, credentials (docs/protocol/identity.md).

An *account* has an Ed25519 identity key. It signs the *device list*: the MLS signature key of each
of the account's devices, a version that only rises, and the hash of the list before. The list is
the authority: a leaf in a group is accepted only if its device stands, with that very key, on the
newest list we know of its account (protocol.md P3).

Unverified and verified are different types: nothing reads a device out of a list whose signature
has not been checked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, Protocol, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from visavis.core import cbor
from visavis.core.errors import Code, PeerError, UsageError
from visavis.core.ids import AccountId, DeviceId, Digest, IdentityKey, Rng, Signature, SignatureKey
from visavis.core.small_order import is_small_order

MAX_DEVICES: Final = 16
"""Devices of one account. Higher makes credentials longer: the list travels in each of them."""

MAX_LIST_BYTES: Final = 4096
MAX_VERSION: Final = 2**32 - 1
NO_PREVIOUS: Final = Digest(bytes(32))

_LIST_LABEL: Final = b"visavis device list v1\0"
_HASH_LABEL: Final = b"visavis identity v1\0"


def generate_identity_key(rng: Rng) -> bytes:
    """Make an account identity key: 32 private bytes (RFC 8032, 5.1.5)."""
    return rng(32)


def identity_public_key(private: bytes) -> IdentityKey:
    """Return the public half of an identity key."""
    return IdentityKey(_private_key(private).public_key().public_bytes_raw())


def identity_hash(identity_key: IdentityKey) -> Digest:
    """Return what an invite carries to pin the inviter's identity: SHA-256 with a label."""
    return Digest(hashlib.sha256(_HASH_LABEL + identity_key).digest())


def sign(private: bytes, label: bytes, message: bytes) -> Signature:
    """Sign with an Ed25519 key of ours, under a label.

    Device keys sign here and in MLS. The two never meet: what MLS signs starts with a length and
    "MLS 1.0 " (RFC 9420, 5.1.2), and read as that length our "vi" says 13,929 bytes of label.

    Args:
        private: 32 bytes.
        label: Starts with `visavis ` and ends with a zero byte.
        message: What is signed.

    Raises:
        UsageError: The label has not that form.
    """
    return Signature(_private_key(private).sign(_checked_label(label) + message))


def verify(public: bytes, label: bytes, message: bytes, signature: bytes) -> None:
    """Check a signature of `sign`.

    Raises:
        PeerError: `BAD_SIGNATURE`.
        UsageError: The label has not the form that `sign` asks for.
    """
    whole = len(public) == 32 and len(signature) == 64
    # Under a key of small order one signature fits every message.
    if not whole or is_small_order(public) or is_small_order(signature[:32]):
        raise PeerError(Code.BAD_SIGNATURE, "a signature does not verify")
    try:
        Ed25519PublicKey.from_public_bytes(bytes(public)).verify(
            signature, _checked_label(label) + message
        )
    except (InvalidSignature, ValueError):
        raise PeerError(Code.BAD_SIGNATURE, "a signature does not verify") from None


def _private_key(private: bytes) -> Ed25519PrivateKey:
    if len(private) != 32:
        raise UsageError("an Ed25519 private key has 32 bytes")
    return Ed25519PrivateKey.from_private_bytes(bytes(private))


def _checked_label(label: bytes) -> bytes:
    if not label.startswith(b"visavis ") or label.find(b"\0") != len(label) - 1:
        raise UsageError("a signature label starts with 'visavis ' and ends with its one zero byte")
    return label


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
    def digest(self) -> Digest:
        """SHA-256 of the signed bytes: what the successor names as `previous`."""
        return Digest(hashlib.sha256(self.data).digest())

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


# Credentials


@dataclass(frozen=True, slots=True)
class Credential:
    """The identity inside an MLS basic credential (RFC 9420, 5.3), checked against its own list.

    Args:
        device: The device, as its list shows it.
        device_list: The account's list that the device carried along.
    """

    device: ListedDevice
    device_list: DeviceList

    @property
    def account_id(self) -> AccountId:
        """The account the device belongs to."""
        return self.device_list.account_id

    @property
    def device_id(self) -> DeviceId:
        """The device's id."""
        return self.device.device_id


def credential_identity(device_id: DeviceId, device_list: DeviceList) -> bytes:
    """Return the identity bytes for the MLS basic credential of one listed device.

    Raises:
        UsageError: The device is not on the list.
    """
    if device_list.find(device_id) is None:
        raise UsageError("a credential is for a device on the list")
    return cbor.encode(
        {"account": device_list.account_id, "device": device_id, "list": device_list.data}
    )


@dataclass(frozen=True, slots=True)
class UnverifiedCredential:
    """Identity bytes as they stood in a leaf."""

    _account_id: AccountId
    _device_id: DeviceId
    _list: UnverifiedDeviceList

    @classmethod
    def parse(cls, identity: bytes) -> Self:
        """Read the three fields.

        Raises:
            PeerError: `MALFORMED`.
        """
        match cbor.decode_map(identity):
            case {
                "account": bytes(account),
                "device": bytes(device),
                "list": bytes(signed),
                **rest,
            } if not rest:
                return cls(AccountId(account), DeviceId(device), UnverifiedDeviceList.parse(signed))
            case _:
                raise PeerError(Code.MALFORMED, "CK-260 credential")

    def verify(self, signature_key: bytes) -> Credential:
        """Check that the carried list shows this device with this leaf's signature key.

        Args:
            signature_key: The leaf's, whose possession MLS has proven.

        Raises:
            PeerError: `BAD_SIGNATURE` or `MALFORMED` for the list; `BAD_CREDENTIAL` if account,
                device or key are not on it (CK-264).
        """
        device_list = self._list.verify()
        listed = device_list.find(self._device_id)
        # CK-264: else a device could carry somebody's true list and sign with a key of its own.
        if (
            device_list.account_id != self._account_id
            or listed is None
            or listed.signature_key != signature_key
        ):
            raise PeerError(Code.BAD_CREDENTIAL, "CK-264 device is not on the list it carries")
        return Credential(listed, device_list)


class Member(Protocol):
    """What the validator reads of a member: `visavis.core.mls.MemberInfo` has these."""

    @property
    def identity(self) -> bytes:
        """Identity bytes of the basic credential."""
        ...

    @property
    def signature_key(self) -> bytes:
        """The leaf's public signature key."""
        ...


NewestList = Callable[[AccountId], DeviceList | None]
"""Look-up of the newest verified device list we hold of an account; None for a stranger."""


def check_member(newest: NewestList, member: Member, *, present: bool = False) -> Credential:
    """Check one leaf against what we know of its account (protocol.md P3).

    Args:
        newest: Our knowledge. Our own account must be in it too: own leaves are checked alike.
        member: The leaf.
        present: This device stands in the group already, with this key, and goes on there: it
            need not be on the newest list (CK-266 is for who comes in).

    Returns:
        Its credential. `device_list` in it may be newer than what we hold: keep it
        (`accept_list`) once the whole message was accepted.

    Raises:
        PeerError: As `UnverifiedCredential.verify` and `accept_list`; `BAD_CREDENTIAL` for an
            account we do not know (CK-265) or a device that the newest list does not show with
            this key (CK-266).
    """
    credential = UnverifiedCredential.parse(member.identity).verify(member.signature_key)
    known = newest(credential.account_id)
    # CK-265: nobody sits in a conversation whom we did not let in by name.
    if known is None:
        raise PeerError(Code.BAD_CREDENTIAL, "CK-265 member of an unknown account")
    # CK-266: a revoked device still carries the old list that shows it.
    listed = accept_list(known, credential.device_list).find(credential.device_id)
    if listed != credential.device and not present:
        raise PeerError(Code.BAD_CREDENTIAL, "CK-266 device is not on the newest list")
    return credential


def make_present_validator(newest: NewestList) -> Callable[[Member, Member | None], None]:
    """Return the validator for members that stand in a group which this device joins.

    As `make_validator`, but a device that its account has shut out is let pass: whoever joins
    removes it at once, while a Welcome that is refused is gone for good (CK-598 sees to it that
    such a device is not the one that invites).
    """

    def validate(new: Member, _replaces: Member | None) -> None:
        check_member(newest, new, present=True)

    return validate


def make_validator(newest: NewestList) -> Callable[[Member, Member | None], None]:
    """Return the credential validator that `visavis.core.mls` asks about each leaf.

    Args:
        newest: See `check_member`.

    Returns:
        A callable of (new leaf, leaf it replaces or None) that raises `PeerError` to refuse.
        Besides `check_member` it refuses a leaf that passes to another account or device (CK-267).
        A device that is in the group may commit on until it is removed, even if it was revoked:
        were its commits refused, the commit that removes it could never follow them, and a thief
        would only have to commit once to stay.
    """

    def validate(new: Member, replaces: Member | None) -> None:
        if replaces is None:
            check_member(newest, new)
            return
        goes_on = replaces.signature_key == new.signature_key
        credential = check_member(newest, new, present=goes_on)
        # The leaf that goes need not stand on the newest list any more, so only its names are read.
        old = UnverifiedCredential.parse(replaces.identity).verify(replaces.signature_key)
        # CK-267: else a member could turn its own leaf into somebody else's (RFC 9420, 5.3.1).
        if (old.account_id, old.device_id) != (credential.account_id, credential.device_id):
            raise PeerError(Code.BAD_CREDENTIAL, "CK-267 a leaf passes to another device")

    return validate
