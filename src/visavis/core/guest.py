"""Guests of a call: a credential for one visit, and the pass that lets it in (P15).

A guest has no account. Its leaf signs with a key made for this visit; its credential carries the
name that the guest chose and a *pass*: a signature by a device of the group, over call, key and
name. So everybody in the call, and whoever comes later, sees by the tree alone that a member let
this guest in under this name, and nobody else can let one in. The credential is seen by members
only: key packages, commits and Welcomes are sealed wherever the server has them.

Not for: accounts' devices (`credential`), or how a guest asks (`lobby`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Self

from visavis.core import cbor
from visavis.core.content_fields import Text
from visavis.core.content_lobby import MAX_GUEST_BYTES
from visavis.core.credential import Member
from visavis.core.errors import Code, PeerError
from visavis.core.identity import sign, verify
from visavis.core.ids import AccountId, CallId, DeviceId, Signature, SignatureKey

_LABEL: Final = b"visavis guest pass v1\0"
_TYPE: Final = "guest"
_NAME: Final = Text(MAX_GUEST_BYTES, line=True)


@dataclass(frozen=True, slots=True)
class Guest:
    """The credential of a guest, its form checked.

    Args:
        key: With which its leaf signs.
        name: What the guest chose to be called; verified by nobody.
        account: Whose device let it in, as it says.
        device: Which one.
        signature: The pass.
    """

    key: SignatureKey
    name: str = field(repr=False)
    account: AccountId
    device: DeviceId
    signature: Signature = field(repr=False)

    def to_identity(self) -> bytes:
        """Return the identity bytes for the MLS basic credential (RFC 9420, 5.3)."""
        return cbor.encode(
            {
                "type": _TYPE,
                "key": self.key,
                "name": _NAME.encode(self.name),
                "account": self.account,
                "device": self.device,
                "pass": self.signature,
            }
        )

    @classmethod
    def of(cls, member: Member) -> Self:
        """Read the credential of a leaf.

        Raises:
            PeerError: BAD_CREDENTIAL (CK-906), not of this form or not this leaf's.
        """
        try:
            match cbor.decode_map(member.identity):
                case {
                    "type": str(kind),
                    "key": bytes(key),
                    "name": str(name),
                    "account": bytes(account),
                    "device": bytes(device),
                    "pass": bytes(signature),
                    **rest,
                } if not rest and kind == _TYPE and key == member.signature_key:
                    return cls(
                        SignatureKey(key),
                        _NAME.decode(name),
                        AccountId(account),
                        DeviceId(device),
                        Signature(signature),
                    )
        except PeerError:
            pass
        # CK-906: with another's pass under a key of one's own anybody could be that guest.
        raise PeerError(Code.BAD_CREDENTIAL, "CK-906 no credential of a guest, or of another leaf")

    def require_pass(self, call: CallId, key: bytes | None) -> None:
        """Require that a device let this guest into this call under this name.

        Args:
            call: The call.
            key: The signature key of `device` of `account`; None: it may let nobody in.

        Raises:
            PeerError: BAD_CREDENTIAL (CK-907).
        """
        # CK-907: a pass of another call, of somebody who was refused, or of nobody.
        if key is not None:
            try:
                verify(key, _LABEL, _pass_bytes(call, self.key, self.name), self.signature)
            except PeerError:
                pass
            else:
                return
        raise PeerError(Code.BAD_CREDENTIAL, "CK-907 a guest whom no member let in")


def sign_pass(call: CallId, key: SignatureKey, name: str, private: bytes) -> Signature:
    """Let a guest into a call.

    Args:
        call: The call.
        key: The guest's, of this visit.
        name: What it is called.
        private: The signature key of our device, 32 bytes.
    """
    return sign(private, _LABEL, _pass_bytes(call, key, name))


def is_guest(member: Member) -> bool:
    """Say whether a leaf says of itself that it is a guest; nothing of it is checked."""
    try:
        return cbor.decode_map(member.identity).get("type") == _TYPE
    except PeerError:
        return False


Validator = Callable[[Member, Member | None], None]


def with_guests(members: Validator) -> Validator:
    """Return the validator of a call that may have guests.

    Args:
        members: The one for everybody else.

    Returns:
        A callable of (new leaf, leaf it replaces or None) that raises `PeerError` to refuse. That
        somebody let a guest in is judged apart (`Guest.require_pass`).
    """

    def validate(new: Member, replaces: Member | None) -> None:
        if not is_guest(new):
            # Whoever replaces a guest's leaf without being that guest is refused there: a guest's
            # credential is none of an account's.
            members(new, replaces)
            return
        Guest.of(new)
        # CK-909: else a guest could become another one, or a member a guest (RFC 9420, 5.3.1).
        if replaces is not None and replaces.identity != new.identity:
            raise PeerError(Code.BAD_CREDENTIAL, "CK-909 a leaf passes to a guest, or another one")

    return validate


def _pass_bytes(call: CallId, key: SignatureKey, name: str) -> bytes:
    return cbor.encode([call, key, name])
