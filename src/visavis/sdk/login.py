"""A login: the account's keys, unwrapped, and the one way to change its keystore.

Several devices of an account may log in at once. Each change of the keystore (password, vault key,
device list) is made from the one before and stored by compare-and-set (CK-680): who comes second
reads what the first one wrote and makes the change again, on top of it. So nothing is overwritten
unseen, and what is in the keystore has one order that every device agrees on.

A change of password ends the account tokens of all other logins (P4). One that is still at work
logs in again with what it has (`ask`).

Not for: how the keys are unwrapped (`visavis.sdk.account`), what a change may be
(`visavis.sdk.device_chain`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar

from visavis.core.device_list import DeviceList, accept_list
from visavis.core.errors import Code, PeerError, UnavailableError, VisavisError
from visavis.core.farewell import sign_farewell
from visavis.core.ids import DeviceId
from visavis.sdk.keystore import Keystore, UnlockedAccount
from visavis.transport.api import AccountApi
from visavis.transport.http import Http, TokenEndedError

ATTEMPTS: Final = 8
"""How often a change is made again after another device was first. More lets more devices change
the account at the same moment; a server that answers "conflict" for ever is given up sooner."""

RENEWALS: Final = 4
"""How often one question logs in again. Each change of password elsewhere costs one."""

Answer = TypeVar("Answer")
Change = Callable[[], Keystore | None]
"""Makes the successor of the login's present keystore; None if there is nothing to change."""

Put = Callable[[AccountApi, bytes, bytes], Awaitable[None]]
"""Stores (new keystore, SHA-256 of the one it replaces)."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What a server gave for password or recovery code, opened with it."""

    token: str = field(repr=False)
    keystore: Keystore
    keys: UnlockedAccount


class Login:
    """A fresh login. `account.Accounts` makes it, and closes it when the work is done.

    Args:
        origin: The server.
        opened: Token, keystore and keys.
        again: Logs in once more, with what the person typed.
    """

    def __init__(self, origin: str, opened: Opened, again: Callable[[], Awaitable[Opened]]) -> None:
        self.keys = opened.keys
        self.keystore = opened.keystore
        self._origin = origin
        self._again = again
        self._http = Http(origin, opened.token)

    async def close(self) -> None:
        """Wipe the keys and forget the token."""
        self.keys.wipe()
        await self._http.close()

    async def ask(self, question: Callable[[AccountApi], Awaitable[Answer]]) -> Answer:
        """Ask the server with the account token; log in again if the token has ended.

        Raises:
            AuthorizationError: LOGIN_FAILED, the password was changed meanwhile.
        """
        for _ in range(RENEWALS):
            try:
                return await question(AccountApi(self._http))
            except TokenEndedError:
                await self._renew()
        return await question(AccountApi(self._http))

    async def shut_out(self, device: DeviceId) -> None:
        """Delete a device's rows, and leave it the farewell on which it erases itself (R-10).

        One that is gone already is no error.
        """
        farewell = sign_farewell(bytes(self.keys.identity_private), self.keys.account_id, device)
        try:
            await self.ask(lambda api: api.revoke_device(device, farewell))
        except VisavisError as error:
            if error.code is not Code.REFUSED:
                raise

    async def reread(self) -> None:
        """Read the keystore that is stored now.

        Raises:
            PeerError: ROLLED_BACK or IDENTITY_CHANGED, see `_take`.
        """
        stored = Keystore.from_bytes(await self.ask(lambda api: api.keystore()))
        self._take(stored, stored.open_with_root(bytes(self.keys.root)))

    async def amend(self, change: Change, put: Put | None = None) -> None:
        """Change the keystore, on top of whatever others have written by then.

        Args:
            change: Called again, with the keystore read anew, each time another device was first.
            put: Stores it, if something else must be stored together with it.

        Raises:
            UnavailableError: It is not known to be stored.
        """
        for _ in range(ATTEMPTS):
            made = change()
            if made is None:
                return
            # Taken now: to log in again on the way reads a newer keystore, and `made` is not its
            # successor.
            replaces = bytes(self.keystore.digest)
            try:
                await self._store(made, replaces, put)
            except VisavisError as error:
                if not isinstance(error, UnavailableError) and error.code is not Code.CONFLICT:
                    raise
                # The answer to a change that *was* stored may have been lost: then it is ours.
                await self.reread()
                if self.keystore != made:
                    if isinstance(error, UnavailableError):
                        raise
                    continue
            else:
                self._take(made, made.open_with_root(bytes(self.keys.root)))
            return
        raise UnavailableError(Code.UNAVAILABLE, "the account keeps changing")

    async def _store(self, made: Keystore, replaces: bytes, put: Put | None) -> None:
        data = made.to_bytes()
        if put is None:
            await self.ask(lambda api: api.put_keystore(data, replaces))
        else:
            await self.ask(lambda api: put(api, data, replaces))

    async def _renew(self) -> None:
        opened = await self._again()
        self._take(opened.keystore, opened.keys)
        await self._http.close()
        self._http = Http(self._origin, opened.token)

    def _take(self, keystore: Keystore, fresh: UnlockedAccount) -> None:
        """Go on with a keystore that was read later.

        Raises:
            PeerError: IDENTITY_CHANGED, it is another account's (CK-594); ROLLED_BACK, it is older
                than the one before, or not of its line (CK-682).
        """
        keys = self.keys
        with fresh:
            if (fresh.root, fresh.identity_private) != (keys.root, keys.identity_private):
                raise PeerError(Code.IDENTITY_CHANGED, "CK-594: the keystore is of another account")
            require_newer(keys.head, fresh.head)
            if fresh.revision < keys.revision:
                raise PeerError(Code.ROLLED_BACK, "CK-682: the server shows an older keystore")
            keys.vault_keys = fresh.vault_keys
            keys.own_list = fresh.own_list
            keys.handle = fresh.handle
            keys.revision = fresh.revision
            self.keystore = keystore


def require_newer(known: DeviceList, head: DeviceList, check: str = "CK-682") -> None:
    """Check that the keystore's list is `known` or follows it.

    CK-682: every list is in the keystore before anybody sees it. One that we know and the keystore
    does not means that the server shows an old keystore; a successor signed on top of that would be
    a second list with a version that is out already.

    Args:
        known: A list of the account, from anywhere.
        head: The keystore's, read after `known`.
        check: Whose check it is.

    Raises:
        PeerError: ROLLED_BACK; IDENTITY_CHANGED as `accept_list`.
    """
    try:
        newest = accept_list(known, head)
    except PeerError as error:
        if error.code is not Code.BAD_CREDENTIAL:
            raise
        raise PeerError(Code.ROLLED_BACK, f"{check}: the keystore's list forks") from None
    if newest.version > head.version:
        raise PeerError(Code.ROLLED_BACK, f"{check}: the keystore's list is older than one we know")
