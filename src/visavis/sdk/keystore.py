"""The account's keys at rest on the server: wrapped here, opaque there (P3, P4).

The account root is random. It is wrapped twice, by the OPAQUE export key and by the recovery code,
and itself wraps the identity key and the vault data key. Root and identity key exist in memory
only between `open` and `wipe` of an `UnlockedAccount`: to add or revoke a device, or to change the
password. A stolen device holds neither (CK-560).
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Final, Self

from visavis.core import cbor
from visavis.core.errors import AuthorizationError, Code, PeerError
from visavis.core.identity import identity_public_key
from visavis.core.ids import AccountId, IdentityKey
from visavis.core.keywrap import Purpose, unwrap, wrap
from visavis.core.recovery import RecoveryCode

SIZE: Final = 4096
"""Bytes of a stored keystore, whatever is in it: its length must not tell which wraps exist."""

_PAD: Final = b"\x80"


@dataclass(slots=True)
class UnlockedAccount:
    """The account's own keys, unwrapped. Use as a context manager: they are wiped at its end."""

    account_id: AccountId
    root: bytearray = field(repr=False)
    identity_private: bytearray = field(repr=False)
    vault_keys: tuple[bytes, ...] = field(repr=False)
    """The vault data key, newest first: the one before stays readable, in case a rotation was cut
    short between keystore and vault."""

    @classmethod
    def generate(cls, account_id: AccountId) -> Self:
        """Make the keys of a new account."""
        root, identity = bytearray(os.urandom(32)), bytearray(os.urandom(32))
        return cls(account_id, root, identity, (os.urandom(32),))

    @property
    def identity_key(self) -> IdentityKey:
        """The account's public identity key."""
        return identity_public_key(bytes(self.identity_private))

    def wipe(self) -> None:
        """Overwrite root and identity key."""
        for secret in (self.root, self.identity_private):
            for i in range(len(secret)):
                secret[i] = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.wipe()


@dataclass(frozen=True, slots=True)
class Keystore:
    """The wrapped keys, as stored on the server."""

    account_id: AccountId
    by_password: bytes = field(repr=False)
    by_recovery: bytes = field(repr=False)
    account: bytes = field(repr=False)
    vault: bytes = field(repr=False)

    @classmethod
    def make(cls, keys: UnlockedAccount, export_key: bytes, recovery: RecoveryCode) -> Self:
        """Wrap the keys of a new account."""
        root, context = bytes(keys.root), bytes(keys.account_id)

        def by_root(purpose: Purpose, payload: bytes) -> bytes:
            return wrap(purpose, root, payload, os.urandom, context=context)

        return cls(
            keys.account_id,
            wrap(Purpose.ROOT_BY_PASSWORD, export_key, root, os.urandom, context=context),
            wrap(Purpose.ROOT_BY_RECOVERY, recovery.wrap_key(), root, os.urandom, context=context),
            by_root(Purpose.ACCOUNT_BY_ROOT, bytes(keys.identity_private)),
            by_root(Purpose.VAULT_BY_ROOT, b"".join(keys.vault_keys)),
        )

    def open_with_password(self, export_key: bytes) -> UnlockedAccount:
        """Unwrap with the OPAQUE export key of a login.

        Raises:
            AuthorizationError: LOGIN_FAILED; also when a server gave us a keystore that is not the
                one wrapped for this account (CK-561).
        """
        return self._open(Purpose.ROOT_BY_PASSWORD, export_key, self.by_password)

    def open_with_recovery(self, recovery: RecoveryCode) -> UnlockedAccount:
        """Unwrap with the recovery code. Errors as in `open_with_password`."""
        return self._open(Purpose.ROOT_BY_RECOVERY, recovery.wrap_key(), self.by_recovery)

    def with_password(self, keys: UnlockedAccount, export_key: bytes) -> Self:
        """Return the keystore after a change of password."""
        context = bytes(self.account_id)
        wrapped = wrap(
            Purpose.ROOT_BY_PASSWORD, export_key, bytes(keys.root), os.urandom, context=context
        )
        return replace(self, by_password=wrapped)

    def with_vault_key(self, keys: UnlockedAccount, vault_key: bytes) -> Self:
        """Return the keystore with another vault data key (after a revocation)."""
        context = bytes(self.account_id)
        wrapped = wrap(
            Purpose.VAULT_BY_ROOT,
            bytes(keys.root),
            vault_key + keys.vault_keys[0],
            os.urandom,
            context=context,
        )
        return replace(self, vault=wrapped)

    def to_bytes(self) -> bytes:
        """Return the stored form, `SIZE` bytes."""
        body = cbor.encode(
            {
                "v": 1,
                "account": self.account_id,
                "password": self.by_password,
                "recovery": self.by_recovery,
                "keys": self.account,
                "vault": self.vault,
            }
        )
        return (body + _PAD).ljust(SIZE, b"\0")

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read the stored form.

        Raises:
            PeerError: MALFORMED.
        """
        padded = data.rstrip(b"\0")
        if len(data) != SIZE or not padded.endswith(_PAD):
            raise PeerError(Code.MALFORMED, "keystore")
        match cbor.decode_versioned(padded.removesuffix(_PAD)):
            case {
                "account": bytes(account),
                "password": bytes(by_password),
                "recovery": bytes(by_recovery),
                "keys": bytes(keys),
                "vault": bytes(vault),
                **rest,
            } if not rest:
                return cls(AccountId(account), by_password, by_recovery, keys, vault)
            case _:
                raise PeerError(Code.MALFORMED, "keystore")

    def _open(self, purpose: Purpose, secret: bytes, wrapped: bytes) -> UnlockedAccount:
        context = bytes(self.account_id)
        root = unwrap(purpose, secret, wrapped, context=context)
        identity = unwrap(Purpose.ACCOUNT_BY_ROOT, root, self.account, context=context)
        vault = unwrap(Purpose.VAULT_BY_ROOT, root, self.vault, context=context)
        if len(identity) != 32 or len(vault) not in {32, 64}:
            raise AuthorizationError(Code.LOGIN_FAILED, "CK-561: the keystore is not whole")
        vault_keys = tuple(vault[at : at + 32] for at in range(0, len(vault), 32))
        return UnlockedAccount(self.account_id, bytearray(root), bytearray(identity), vault_keys)
