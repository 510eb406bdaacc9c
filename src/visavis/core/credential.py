"""Credentials: who a leaf of a group is, by the device list that it carries (RFC 9420, 5.3).

Not for: what a list says and which of two is newer (`device_list.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, Self

from visavis.core import cbor
from visavis.core.device_list import DeviceList, ListedDevice, UnverifiedDeviceList, accept_list
from visavis.core.errors import Code, PeerError, UsageError
from visavis.core.ids import AccountId, DeviceId


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


def make_tree_validator(newest: NewestList) -> Callable[[Member, Member | None], None]:
    """Return the validator for a group of people, whose members need not know each other (ADR 24).

    As `make_validator`, with two differences. `newest` knows what stands in the group's tree and
    nothing else, so that all members judge alike (CK-831); and an account that is not in the tree
    may come in: whether it said yes is the business of whoever adds it.
    """
    among = make_validator(newest)

    def validate(new: Member, replaces: Member | None) -> None:
        credential = check_alone(new)
        if replaces is not None or newest(credential.account_id) is not None:
            among(new, replaces)

    return validate


def check_alone(member: Member, _replaces: Member | None = None) -> Credential:
    """Check one leaf by itself: its list shows its device with its key, whoever it is of."""
    return UnverifiedCredential.parse(member.identity).verify(member.signature_key)


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
