"""What this device is: its ids, keys and server, kept in the profile's store.

Of the account it holds the vault data key and no more: never the root, never the identity key
(P3, CK-560).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Self

from visavis.core import cbor
from visavis.core.errors import AuthorizationError, Code, FatalError
from visavis.core.ids import AccountId, DeviceId, MailboxId, SignatureKey
from visavis.core.mls import SUITE_ID, signature_public_key
from visavis.sdk.store import Store

KIND: Final = "profile"
_KEY: Final = b"device"


@dataclass(slots=True)
class Profile:
    """One device of one account.

    Args:
        origin: The account's server.
        handle: The account's handle there; also its name towards contacts.
        account_id: The account.
        device_id: This device.
        signature_private: This device's MLS signature key, private half.
        token: device id(16) || secret(32): what the server knows the hash of.
        mailbox: This device's mailbox.
        vault_keys: The vault data key (32 bytes), and after a rotation the one before (64).
        active: False until the server has the device; a crash in between is seen at the next start.
    """

    origin: str
    handle: str
    account_id: AccountId
    device_id: DeviceId
    signature_private: bytes = field(repr=False)
    token: bytes = field(repr=False)
    mailbox: MailboxId
    vault_keys: bytes = field(repr=False)
    active: bool = False

    @property
    def signature_key(self) -> SignatureKey:
        """This device's MLS signature key, public half."""
        return SignatureKey(signature_public_key(SUITE_ID, self.signature_private))

    def save(self, store: Store) -> None:
        """Write it to the store."""
        value = {
            "v": 1,
            "origin": self.origin,
            "handle": self.handle,
            "account": self.account_id,
            "device": self.device_id,
            "signature": self.signature_private,
            "token": self.token,
            "mailbox": self.mailbox,
            "vault": self.vault_keys,
            "active": self.active,
        }
        store.put(KIND, _KEY, cbor.encode(value))

    def activate(self, store: Store) -> None:
        """Note that the server has the device and others can learn of it."""
        self.active = True
        self.save(store)

    def require_active(self) -> None:
        """Refuse a profile whose making was cut short.

        Raises:
            AuthorizationError: STORE_LOCKED.
        """
        if not self.active:
            raise AuthorizationError(
                Code.STORE_LOCKED, "making this profile was cut short: remove it, start again"
            )

    @classmethod
    def load(cls, store: Store) -> Self:
        """Read it from the store.

        Raises:
            FatalError: MALFORMED, there is none or it cannot be read.
        """
        data = store.get(KIND, _KEY)
        match None if data is None else cbor.decode(data):
            case {
                "v": 1,
                "origin": str(origin),
                "handle": str(handle),
                "account": bytes(account),
                "device": bytes(device),
                "signature": bytes(signature),
                "token": bytes(token),
                "mailbox": bytes(mailbox),
                "vault": bytes(vault),
                "active": bool(active),
            }:
                return cls(
                    origin,
                    handle,
                    AccountId(account),
                    DeviceId(device),
                    signature,
                    token,
                    MailboxId(mailbox),
                    vault,
                    active,
                )
            case _:
                raise FatalError(Code.MALFORMED, "the profile holds no device")
