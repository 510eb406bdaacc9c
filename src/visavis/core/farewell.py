"""The farewell: an account's word that one of its devices is shut out (R-10).

    signature = Ed25519(identity key, "visavis farewell v1" 0x00 || account id || device id)

A device that the server refuses cannot tell a revocation from a server that lies, and what it holds
must not be at a server's mercy. So whoever revokes a device leaves this with the server, and only a
device that reads it, signed with its own account's identity key, erases what it holds (CK-750).

A device id is drawn once and never listed again after a revocation, so there is nothing to replay.
The 64 bytes name nobody: without the identity key, which no server has, they cannot be tied to one.
"""

from __future__ import annotations

from typing import Final

from visavis.core.identity import sign, verify
from visavis.core.ids import AccountId, DeviceId, IdentityKey, Signature

FAREWELL_BYTES: Final = 64

_LABEL: Final = b"visavis farewell v1\0"


def sign_farewell(identity_private: bytes, account: AccountId, device: DeviceId) -> Signature:
    """Return the farewell to a device of ours.

    Args:
        identity_private: The account's identity key, 32 bytes.
        account: Ours.
        device: Whom to shut out.
    """
    return sign(identity_private, _LABEL, account + device)


def verify_farewell(
    identity_key: IdentityKey, account: AccountId, device: DeviceId, farewell: bytes
) -> None:
    """Return if the account has shut this device out.

    Raises:
        PeerError: BAD_SIGNATURE, or MALFORMED: it has said no such thing (CK-750).
    """
    verify(identity_key, _LABEL, account + device, farewell)
