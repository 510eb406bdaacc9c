"""The keystore: what the server keeps so that an account can open itself again (P3, P4).

The account *root* key is random. It is wrapped by the OPAQUE export key and by the recovery code's
wrap key, and itself wraps the *account secrets*: account id, identity key, vault key and the newest
device list. Devices keep the vault key; root and identity key they unwrap only to add or revoke a
device, and forget.

A keystore is always `KEYSTORE_BYTES` long, so that it tells nobody how many devices there are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Self

from visavis.core import cbor
from visavis.core.errors import AuthorizationError, Code, PeerError, UsageError
from visavis.core.identity import DeviceList, UnverifiedDeviceList, identity_public_key
from visavis.core.ids import AccountId, Rng
from visavis.core.keywrap import OVERHEAD, Purpose, unwrap, wrap

KEYSTORE_BYTES: Final = 4096
KEY_BYTES: Final = 32
_PAD: Final = b"\x80"


@dataclass(frozen=True, slots=True)
class AccountSecrets:
    """What the root key opens.

    Args:
        identity_private: 32 bytes; never stored on a device (P3).
        vault_key: 32 bytes; stored on devices, rotated when one is revoked.
        device_list: The newest list when this was written.
    """

    identity_private: bytes = field(repr=False)
    vault_key: bytes = field(repr=False)
    device_list: DeviceList

    @property
    def account_id(self) -> AccountId:
        """The account's id."""
        return self.device_list.account_id


@dataclass(frozen=True, slots=True)
class Keystore:
    """The wrapped keys as the server stores them.

    Args:
        by_password: Root under the OPAQUE export key.
        by_recovery: Root under the recovery code's wrap key.
        secrets: `AccountSecrets` under the root, padded.
    """

    by_password: bytes = field(repr=False)
    by_recovery: bytes = field(repr=False)
    secrets: bytes = field(repr=False)

    def to_bytes(self) -> bytes:
        """Return exactly `KEYSTORE_BYTES`."""
        return self.by_password + self.by_recovery + self.secrets

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Split the stored bytes.

        Raises:
            PeerError: `MALFORMED` for another length.
        """
        if len(data) != KEYSTORE_BYTES:
            raise PeerError(Code.MALFORMED, "CK-258 keystore length")
        return cls(data[:_WRAPPED], data[_WRAPPED : 2 * _WRAPPED], data[2 * _WRAPPED :])

    def open_by_password(self, export_key: bytes) -> bytes:
        """Return the root key.

        Raises:
            AuthorizationError: `LOGIN_FAILED`.
        """
        return unwrap(Purpose.ROOT_BY_PASSWORD, export_key, self.by_password)

    def open_by_recovery(self, wrap_key: bytes) -> bytes:
        """Return the root key.

        Raises:
            AuthorizationError: `LOGIN_FAILED`.
        """
        return unwrap(Purpose.ROOT_BY_RECOVERY, wrap_key, self.by_recovery)

    def open_secrets(self, root: bytes) -> AccountSecrets:
        """Return the account secrets.

        Raises:
            AuthorizationError: `LOGIN_FAILED`, the root does not open it, or what is inside does
                not hang together (CK-258): a keystore is ours or it is nothing.
        """
        padded = unwrap(Purpose.ACCOUNT_BY_ROOT, root, self.secrets)
        try:
            return _read(padded)
        except PeerError as error:
            raise AuthorizationError(Code.LOGIN_FAILED, f"CK-258 {error.detail}") from None

    def with_password(self, root: bytes, export_key: bytes, rng: Rng) -> Self:
        """Return the keystore after a password change: same root, another wrap."""
        wrapped = wrap(Purpose.ROOT_BY_PASSWORD, export_key, root, rng)
        return type(self)(wrapped, self.by_recovery, self.secrets)

    def with_secrets(self, root: bytes, secrets: AccountSecrets, rng: Rng) -> Self:
        """Return the keystore after a device was added or revoked."""
        return type(self)(self.by_password, self.by_recovery, _seal(root, secrets, rng))


_WRAPPED: Final = KEY_BYTES + OVERHEAD
_SECRETS: Final = KEYSTORE_BYTES - 2 * _WRAPPED - OVERHEAD


def make_keystore(
    root: bytes, secrets: AccountSecrets, *, export_key: bytes, recovery_wrap_key: bytes, rng: Rng
) -> Keystore:
    """Make an account's first keystore.

    Args:
        root: 32 fresh random bytes.
        secrets: The account's secrets.
        export_key: OPAQUE export key of the password.
        recovery_wrap_key: `RecoveryCode.wrap_key()`.
        rng: For nonces.

    Raises:
        UsageError: A key has another length.
    """
    if len(root) != KEY_BYTES:
        raise UsageError("a root key has 32 bytes")
    return Keystore(
        wrap(Purpose.ROOT_BY_PASSWORD, export_key, root, rng),
        wrap(Purpose.ROOT_BY_RECOVERY, recovery_wrap_key, root, rng),
        _seal(root, secrets, rng),
    )


def _seal(root: bytes, secrets: AccountSecrets, rng: Rng) -> bytes:
    if len(secrets.vault_key) != KEY_BYTES:
        raise UsageError("a vault key has 32 bytes")
    content = cbor.encode(
        {
            "v": 1,
            "identity": secrets.identity_private,
            "vault": secrets.vault_key,
            "list": secrets.device_list.data,
        }
    )
    padded = (content + _PAD).ljust(_SECRETS, b"\0")
    if len(padded) != _SECRETS:
        raise UsageError("account secrets do not fit the keystore")
    return wrap(Purpose.ACCOUNT_BY_ROOT, root, padded, rng)


def _read(padded: bytes) -> AccountSecrets:
    match cbor.decode_map(padded.rstrip(b"\0")[:-1]):
        case {
            "v": 1,
            "identity": bytes(identity),
            "vault": bytes(vault),
            "list": bytes(signed),
            **rest,
        } if not rest and len(identity) == len(vault) == KEY_BYTES:
            device_list = UnverifiedDeviceList.parse(signed).verify()
            if device_list.identity_key != identity_public_key(identity):
                raise PeerError(Code.BAD_CREDENTIAL, "list of another identity")
            return AccountSecrets(identity, vault, device_list)
        case _:
            raise PeerError(Code.MALFORMED, "account secrets")
