"""The account's keys and its newest device list, sealed here and opaque on the server (P3, P4).

The account root is random. It is wrapped by the OPAQUE export key, if there is a password, and by
the recovery code (by passkeys too, beside the keystore). It seals the account's *state*: identity
key, vault data key, the newest device list and a revision that only rises. Root and identity key
exist in memory only between `open` and `wipe` of an `UnlockedAccount`: to add or revoke a device,
or to change a way in. A stolen device holds neither (CK-560).

The state is one ciphertext, so that a server cannot show the list of one keystore with the vault
key of another. Every part has one length: neither a rotation nor the number of devices shows.

Not for: who may replace a keystore when (`visavis.sdk.login`).
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Final, Self

from visavis.core import cbor
from visavis.core.device_list import DeviceList, UnverifiedDeviceList
from visavis.core.errors import AuthorizationError, Code, PeerError, UsageError
from visavis.core.handle import Renamed
from visavis.core.identity import identity_public_key
from visavis.core.ids import AccountId, Digest, IdentityKey
from visavis.core.keywrap import Purpose, unwrap, wrap
from visavis.core.recovery import RecoveryCode

SIZE: Final = 4096
"""Bytes of a stored keystore, whatever is in it: its length must not tell which wraps exist."""

STATE_BYTES: Final = 2048
"""Bytes of the state before it is sealed. A list of `MAX_DEVICES` takes about 1,100 of them; the
rest of the keystore is for more wraps of the root."""

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
    revision: int = 0
    own_list: DeviceList | None = None
    handle: Renamed | None = None
    """The account's handle, if it is not the one of its sign-up (R-82)."""

    @classmethod
    def generate(cls, account_id: AccountId) -> Self:
        """Make the keys of a new account; it has no device list yet."""
        root, identity = bytearray(os.urandom(32)), bytearray(os.urandom(32))
        return cls(account_id, root, identity, (os.urandom(32),))

    @property
    def identity_key(self) -> IdentityKey:
        """The account's public identity key."""
        return identity_public_key(bytes(self.identity_private))

    @property
    def head(self) -> DeviceList:
        """The newest device list, as the keystore has it: what a successor is signed on top of.

        Raises:
            UsageError: The account is being made and has none yet.
        """
        if self.own_list is None:
            raise UsageError("a new account has no device list yet")
        return self.own_list

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
    """The wrapped root and the sealed state, as stored on the server."""

    account_id: AccountId
    by_password: bytes = field(repr=False)
    """Empty if the account has no password; then it opens with none."""
    by_recovery: bytes = field(repr=False)
    state: bytes = field(repr=False)

    @classmethod
    def make(
        cls, keys: UnlockedAccount, own_list: DeviceList, export_key: bytes, recovery: RecoveryCode
    ) -> Self:
        """Seal the keys and the first device list of a new account."""
        root, context = bytes(keys.root), bytes(keys.account_id)
        first = replace(keys, own_list=own_list, revision=1)
        return cls(
            keys.account_id,
            wrap(Purpose.ROOT_BY_PASSWORD, export_key, root, os.urandom, context=context),
            wrap(Purpose.ROOT_BY_RECOVERY, recovery.wrap_key(), root, os.urandom, context=context),
            _seal_state(first),
        )

    @property
    def digest(self) -> Digest:
        """SHA-256 of the stored form: what a successor names as the one it replaces."""
        return Digest.sha256(self.to_bytes())

    def open_with_password(self, export_key: bytes) -> UnlockedAccount:
        """Unwrap with the OPAQUE export key of a login.

        Raises:
            AuthorizationError: LOGIN_FAILED; also when a server gave us a keystore that is not the
                one wrapped for this account (CK-561).
            PeerError: As `UnverifiedDeviceList.verify`, for the list in it.
        """
        return self._open(Purpose.ROOT_BY_PASSWORD, export_key, self.by_password)

    def open_with_recovery(self, recovery: RecoveryCode) -> UnlockedAccount:
        """Unwrap with the recovery code. Errors as in `open_with_password`."""
        return self._open(Purpose.ROOT_BY_RECOVERY, recovery.wrap_key(), self.by_recovery)

    def open_with_root(self, root: bytes) -> UnlockedAccount:
        """Open a newer keystore of an account whose root is unwrapped already.

        Errors as in `open_with_password`.
        """
        payload = unwrap(Purpose.ACCOUNT_BY_ROOT, root, self.state, context=bytes(self.account_id))
        return _read_state(self.account_id, root, payload)

    def successor(
        self,
        keys: UnlockedAccount,
        *,
        own_list: DeviceList | None = None,
        vault_key: bytes | None = None,
        export_key: bytes | None = None,
        handle: Renamed | None = None,
    ) -> Self:
        """Return the keystore that follows this one: what is not given stays.

        Args:
            keys: This keystore's, unwrapped.
            own_list: The successor of its device list.
            vault_key: Another vault data key (after a revocation).
            export_key: Of the new password, or of the same one under another handle.
            handle: Another handle.
        """
        vault_keys = keys.vault_keys if vault_key is None else (vault_key, keys.vault_keys[0])
        state = _seal_state(
            replace(
                keys,
                vault_keys=vault_keys,
                own_list=own_list or keys.head,
                handle=handle or keys.handle,
                revision=keys.revision + 1,
            )
        )
        by_password = self.by_password
        if export_key is not None:
            by_password = wrap(
                Purpose.ROOT_BY_PASSWORD,
                export_key,
                bytes(keys.root),
                os.urandom,
                context=bytes(self.account_id),
            )
        return replace(self, by_password=by_password, state=state)

    def to_bytes(self) -> bytes:
        """Return the stored form, `SIZE` bytes."""
        body = cbor.encode(
            {
                "v": 2,
                "account": self.account_id,
                "password": self.by_password,
                "recovery": self.by_recovery,
                "state": self.state,
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
        match cbor.decode_versioned(padded.removesuffix(_PAD), 2):
            case {
                "account": bytes(account),
                "password": bytes(by_password),
                "recovery": bytes(by_recovery),
                "state": bytes(state),
                **rest,
            } if not rest:
                return cls(AccountId(account), by_password, by_recovery, state)
            case _:
                raise PeerError(Code.MALFORMED, "keystore")

    def _open(self, purpose: Purpose, secret: bytes, wrapped: bytes) -> UnlockedAccount:
        root = unwrap(purpose, secret, wrapped, context=bytes(self.account_id))
        return self.open_with_root(root)


def _seal_state(keys: UnlockedAccount) -> bytes:
    state: dict[str, object] = {
        "v": 1,
        "identity": bytes(keys.identity_private),
        "vault": list(keys.vault_keys),
        "revision": keys.revision,
        "list": keys.head.data,
    }
    if keys.handle is not None:
        state["handle"] = keys.handle.to_cbor()
    payload = cbor.encode(state)
    if len(payload) >= STATE_BYTES:
        # `MAX_DEVICES` keeps it from growing so far; a longer one would show how many there are.
        raise UsageError("the account's state is longer than its one size")
    padded = (payload + _PAD).ljust(STATE_BYTES, b"\0")
    context = bytes(keys.account_id)
    return wrap(Purpose.ACCOUNT_BY_ROOT, bytes(keys.root), padded, os.urandom, context=context)


def _read_state(account: AccountId, root: bytes, padded: bytes) -> UnlockedAccount:
    match cbor.decode_versioned(padded.rstrip(b"\0").removesuffix(_PAD)):
        case {
            "identity": bytes(identity),
            "vault": list(vault),
            "revision": int(revision),
            "list": bytes(listed),
            **rest,
        } if not rest.keys() - {"handle"}:
            own_list = UnverifiedDeviceList.parse(listed).verify()
            handle = Renamed.from_cbor(rest["handle"]) if rest else None
        case _:
            raise AuthorizationError(Code.LOGIN_FAILED, "CK-561: the keystore is not whole")
    vault_keys = tuple(bytes(key) for key in vault)
    keys = UnlockedAccount(
        account, bytearray(root), bytearray(identity), vault_keys, revision, own_list, handle
    )
    whole = len(identity) == 32 and {len(key) for key in vault_keys} == {32}
    if not whole or own_list.account_id != account or own_list.identity_key != keys.identity_key:
        raise AuthorizationError(Code.LOGIN_FAILED, "CK-561: the keystore is not whole")
    return keys
