"""How a client comes to be: by sign-up, by login on one more device, or by opening what is there.

Not for: what an application uses (`client.py`), or how a profile is made (`enrol.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

from visavis.core.errors import AuthorizationError, Code, PeerError, VisavisError
from visavis.core.recovery import RecoveryCode
from visavis.sdk import enrol, pairing
from visavis.sdk.account import Accounts, set_password
from visavis.sdk.login import Login
from visavis.sdk.profile import Profile
from visavis.sdk.session import Session
from visavis.sdk.store import Store
from visavis.sdk.unlock import Kdf
from visavis.transport.origin import require_secure

Pairing = Callable[[str], None]
"""Shows what a person carries between two devices: a link, or six digits."""


async def enter_by_signup(
    profile: Path,
    server: str,
    signup_link: str,
    name: str,
    password: str,
    kdf: Kdf | None,
    beginning: enrol.Beginning | None = None,
) -> tuple[Session, RecoveryCode]:
    """Make an account; see `Client.signup` and `Client.move_in`."""
    store, recovery = await enrol.sign_up(
        profile, server, signup_link, name, password, kdf, beginning
    )
    session = Session(store)
    await session.start()
    session.vault.write_soon()
    with contextlib.suppress(VisavisError):  # housekeeping does it later
        await session.housekeeping.upload_key_packages()
        await session.vault.write(if_due=True)
    return session, recovery


async def enter_by_login(
    profile: Path,
    server: str,
    handle: str,
    password: str,
    *,
    recovery_code: str | None,
    lost_devices: bool,
    on_pairing: Pairing | None,
    on_digits: Pairing | None,
    kdf: Kdf | None,
) -> Session:
    """Make this folder another device of an account; see `Client.login`."""
    require_secure(server)
    if Store.exists(profile):
        raise AuthorizationError(Code.STORE_LOCKED, "this folder holds a profile already")
    if recovery_code is None and on_pairing is None:
        raise AuthorizationError(Code.LOGIN_FAILED, "needs a recovery code or another device")
    accounts = Accounts(server)
    code = None if recovery_code is None else RecoveryCode.from_text(recovery_code)
    opened = accounts.login(handle, password) if code is None else accounts.recover(handle, code)
    async with opened as login:
        if code is not None:
            enrol.require_password(password, handle)
            await set_password(login, password)
        joined = await enrol.register_device(
            profile,
            password,
            kdf,
            login,
            origin=server,
            handle=handle,
            alone=lost_devices and code is not None,
        )
        try:
            session = Session(joined.device.store)
            try:
                await session.start()
                await _become_known(session, login, joined, on_pairing, on_digits, code)
            except BaseException:
                await session.close()
                raise
        except BaseException:
            await enrol.take_back(login, joined.device.profile.device_id, joined.before)
            enrol.remove_profile(profile)
            raise
    await _after_login(session)
    return session


async def enter_by_opening(profile: Path, password: str) -> Session:
    """Open a profile; see `Client.open`."""
    store = await asyncio.to_thread(Store.open, profile, password)
    try:
        Profile.load(store).require_active()
        session = Session(store)
    except BaseException:
        store.close()
        raise
    await session.start()
    return session


async def _after_login(session: Session) -> None:
    """Write the vault, and read what came meanwhile."""
    session.vault.write_soon()
    with contextlib.suppress(VisavisError):  # housekeeping does it later
        await session.vault.write(if_due=True)
        await session.sync()


async def _become_known(
    session: Session,
    login: Login,
    joined: enrol.Joined,
    on_pairing: Pairing | None,
    on_digits: Pairing | None,
    code: RecoveryCode | None,
) -> None:
    """Become a device that others know: by pairing, or by asking to be added again."""
    enrol.enter(session, joined)
    with session.books.store.transaction():
        session.books.own_handle.take(login.keys.handle, notice=False)  # CK-767
    # First, because who hears of us adds us at once, with the key packages found at the server.
    with contextlib.suppress(VisavisError):  # housekeeping does it later
        await session.housekeeping.upload_key_packages()
    if code is None and joined.contents is not None:
        if on_pairing is None:
            raise PeerError(Code.UNEXPECTED, "pairing without a way to show the link")
        side = pairing.NewSide(session, joined.own_list, joined.before)
        on_pairing(side.link)
        await side.run(on_digits or (lambda _: None))
        session.books.profile.activate(session.books.store)
        return
    with session.books.store.transaction():
        enrol.queue_rejoins(session, login)
        session.books.profile.activate(session.books.store)
    session.outbox.kick()
    for lost in joined.lost:
        await login.shut_out(lost)
