"""Sign-up, login, recovery and change of password: OPAQUE (RFC 9807) and the wrapped keys.

The server never sees the password nor anything it could be guessed from without the OPAQUE server
setup (R-95). A login gives an account token (15 minutes, memory only) and the keystore; root and
identity key are unwrapped for the moment they are needed and wiped (`keystore.UnlockedAccount`).

OPAQUE's client part stretches the password with Argon2id, so it runs in a thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

import opaque_ke_py as opaque

from visavis.core.errors import AuthorizationError, Code, PeerError
from visavis.core.recovery import RecoveryCode
from visavis.sdk.keystore import Keystore
from visavis.sdk.login import Login, Opened
from visavis.sdk.unlock import normalise
from visavis.transport.api import AccountApi, LoggedIn, PublicApi
from visavis.transport.http import Http

Exchange = Callable[[bytes], Awaitable[bytes]]

SIGNUP_MARK: Final = "/signup#"


def signup_token(link: str, origin: str) -> str:
    """Return the token of a sign-up link (`ORIGIN/signup#TOKEN`), or of a bare token.

    Raises:
        AuthorizationError: SIGNUP_LINK, it is a link for another server.
    """
    link = link.strip()
    if "://" not in link:
        return link
    where, mark, token = link.partition(SIGNUP_MARK)
    if not mark or where != origin or not token:
        raise AuthorizationError(Code.SIGNUP_LINK, "not a sign-up link of this server")
    return token


async def register_password(password: str, exchange: Exchange) -> tuple[bytes, bytes]:
    """Run OPAQUE registration (RFC 9807, 5); returns (record, export key).

    Args:
        password: As typed.
        exchange: Sends the registration request and returns the server's response.

    Raises:
        PeerError: MALFORMED, the server's response is none.
    """
    secret = normalise(password).encode()
    start = await asyncio.to_thread(opaque.client_registration_start, secret)
    response = await exchange(start.get_message())
    try:
        done = await asyncio.to_thread(
            opaque.client_registration_finish, secret, start.get_state(), response
        )
    except (ValueError, RuntimeError) as error:
        raise PeerError(Code.MALFORMED, f"OPAQUE registration ({type(error).__name__})") from None
    return done.get_message(), done.get_export_key()


class Accounts:
    """The account operations of one server.

    Args:
        origin: The server.
    """

    def __init__(self, origin: str) -> None:
        self._origin = origin

    @asynccontextmanager
    async def public(self) -> AsyncIterator[PublicApi]:
        """Give a public API on connections of its own, closed at the end."""
        http = Http(self._origin)
        try:
            api = PublicApi(http)
            await api.require_compatible()
            yield api
        finally:
            await http.close()

    @asynccontextmanager
    async def login(self, handle: str, password: str) -> AsyncIterator[Login]:
        """Log in with the password; the keys are wiped and the token forgotten at the end.

        Raises:
            AuthorizationError: LOGIN_FAILED: wrong handle, wrong password, or a server that does
                not know the password's record (CK-562: OPAQUE authenticates the server too).
        """

        async def attempt() -> tuple[LoggedIn, bytes]:
            async with self.public() as api:
                return await _opaque_login(api, handle, password)

        async def begin() -> Opened:
            try:
                return _open_with_password(*await attempt())
            except _PasswordSetAnewError:
                # The password was right, and set anew between the two halves of the login (a
                # recovery does so, and be it the same one). Once more; a server that swaps
                # keystores (CK-561) gains nothing by it.
                return _open_with_password(*await attempt())

        async with self._opened(begin) as login:
            yield login

    @asynccontextmanager
    async def recover(self, handle: str, code: RecoveryCode) -> AsyncIterator[Login]:
        """Log in with the recovery code. Errors as in `login`."""

        async def begin() -> Opened:
            async with self.public() as api:
                session, challenge = await api.recovery_start(handle)
                logged_in = await api.recovery_finish(session, code.sign_challenge(challenge))
            keystore = Keystore.from_bytes(logged_in.keystore)
            keys = keystore.open_with_recovery(code)
            return Opened(logged_in.account_token, keystore, keys)

        async with self._opened(begin) as login:
            yield login

    @asynccontextmanager
    async def _opened(self, begin: Callable[[], Awaitable[Opened]]) -> AsyncIterator[Login]:
        login = Login(self._origin, await begin(), begin)
        try:
            yield login
        finally:
            await login.close()


async def set_password(login: Login, password: str) -> None:
    """Make this the account's password: OPAQUE record and wrap in one transaction (P4).

    A device added or revoked meanwhile stays so: only the wrap is replaced, in the keystore as it
    is by then (CK-680).
    """

    async def exchange(request: bytes) -> bytes:
        return await login.ask(lambda api: api.password_start(request))

    record, export_key = await register_password(password, exchange)

    async def put(api: AccountApi, keystore: bytes, replaces: bytes) -> None:
        await api.password_finish(record, keystore, replaces)

    await login.amend(lambda: login.keystore.successor(login.keys, export_key=export_key), put=put)


class _PasswordSetAnewError(AuthorizationError):
    """OPAQUE finished here, and the server does not take it, or its keystore does not open."""


def _open_with_password(logged_in: LoggedIn, export_key: bytes) -> Opened:
    keystore = Keystore.from_bytes(logged_in.keystore)
    try:
        keys = keystore.open_with_password(export_key)
    except AuthorizationError as error:
        raise _PasswordSetAnewError(error.code, error.detail) from None
    return Opened(logged_in.account_token, keystore, keys)


async def _opaque_login(api: PublicApi, handle: str, password: str) -> tuple[LoggedIn, bytes]:
    secret = normalise(password).encode()
    start = await asyncio.to_thread(opaque.client_login_start, secret)
    began = await api.login_start(handle, start.get_message())
    try:
        done = await asyncio.to_thread(
            opaque.client_login_finish, secret, start.get_state(), began.opaque_response
        )
    except (ValueError, RuntimeError):
        # Wrong password, unknown handle (a decoy) and a lying server all end here, alike.
        raise AuthorizationError(Code.LOGIN_FAILED, "CK-562: OPAQUE did not finish") from None
    try:
        return await api.login_finish(began.session, done.get_message()), done.get_export_key()
    except AuthorizationError as error:
        if error.code is Code.LOGIN_FAILED:  # CK-687
            raise _PasswordSetAnewError(error.code, error.detail) from None
        raise
