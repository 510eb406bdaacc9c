"""Another handle for our account (R-82, GDPR 16).

    fresh login -> start: the server chooses the digits -> note the handle that was offered
      -> finish: handle, OPAQUE record and keystore in one transaction (CK-680)
      -> profile, our other devices, contacts

OPAQUE's record hangs on the handle, so the password is registered anew; a password that the person
has not typed cannot be. Whether a change whose answer never came was made, the next login finds
out: it tries the handle that was offered too (`login_of_ours`), and the keystore says which holds.

Not for: who is told, and when (`visavis.sdk.own_handle`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from visavis.core.errors import AuthorizationError, Code, PeerError
from visavis.core.handle import Renamed, is_name, name_of
from visavis.core.recovery import RecoveryCode
from visavis.sdk.account import register_password
from visavis.sdk.device_chain import remember
from visavis.sdk.devices import refresh
from visavis.sdk.enrol import require_password
from visavis.sdk.keystore import Keystore
from visavis.sdk.login import Login
from visavis.sdk.own_handle import have_all_told, login_of_ours
from visavis.sdk.session import Session
from visavis.transport.api import AccountApi


@dataclass(frozen=True, slots=True)
class _Begun:
    """What `start` gave: the session, and with a password its record and export key."""

    handle: str
    session: str = field(repr=False)
    record: bytes | None = field(default=None, repr=False)
    export_key: bytes | None = field(default=None, repr=False)


async def rename(session: Session, name: str, password: str, code: RecoveryCode | None) -> str:
    """Change our handle; see `Client.rename`.

    Args:
        session: Ours.
        name: The wished name, without digits.
        password: The account's; with a recovery code it becomes that. "" for one that has none.
        code: In the password's place as proof.
    """
    books = session.books
    if not is_name(name):
        raise PeerError(Code.MISTYPED, "not a name that a server gives out")
    if code is not None and password:
        require_password(password, books.profile.handle, name)
    proof = password if code is None else code
    offered = books.own_handle.offered
    async with login_of_ours(books, proof) as login:
        refresh(session, login)
        holds = login.keys.handle
        if holds is None or holds.handle != offered or name_of(offered) != name:
            await _change(session, login, name, password)
        # Else this very change was made before, and its answer did not come.
        with books.store.transaction():
            books.own_handle.take(login.keys.handle, notice=False)
            have_all_told(books)
            books.own_handle.offer(None)
            remember(books.store, login)
    session.vault.write_soon()
    await session.handle_telling.tell()
    session.housekeeping.kick()
    return books.profile.handle


async def _change(session: Session, login: Login, name: str, password: str) -> None:
    begun = await _begin(login, name, password)
    # CK-768: a server that hands out another name would have contacts read it as our choice.
    if name_of(begun.handle) != name:
        raise PeerError(Code.MALFORMED, "CK-768: the server offers a handle of another name")
    with session.books.store.transaction():
        session.books.own_handle.offer(begun.handle)

    def change() -> Keystore:
        before = login.keys.handle
        count = 1 if before is None else before.count + 1
        handle = Renamed(begun.handle, count).require()
        return login.keystore.successor(login.keys, handle=handle, export_key=begun.export_key)

    async def put(api: AccountApi, keystore: bytes, replaces: bytes) -> None:
        await api.handle_finish(begun.session, begun.record, keystore, replaces)

    await login.amend(change, put=put)


async def _begin(login: Login, name: str, password: str) -> _Begun:
    """Have the server choose a handle; register the password under it, if there is one."""
    begun: list[_Begun] = []

    async def exchange(request: bytes | None) -> bytes:
        answer = await login.ask(lambda api: api.handle_start(name, request))
        begun.append(_Begun(answer.handle, answer.session))
        return answer.opaque_response

    if not login.keystore.by_password:
        await exchange(None)
        return begun[0]
    if not password:
        raise AuthorizationError(Code.LOGIN_FAILED, "the account's password is needed as well")
    record, export_key = await register_password(password, exchange)
    return _Begun(begun[0].handle, begun[0].session, record, export_key)
