"""The account's devices: listed, and shut out (P3, R-93); and its password, changed.

Revoking: a new list without the device, signed with the identity key that the password unwraps;
the device is deleted at the server; its leaf goes from every group; contacts and our other devices
get fresh addresses; the vault goes over to a new data key. Each step may be repeated: what a crash
cut short, revoking again (or the next housekeeping) completes.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from visavis.core.device_list import DeviceList, ListedDevice
from visavis.core.errors import AuthorizationError, Code, UnavailableError, VisavisError
from visavis.core.ids import DeviceId
from visavis.core.recovery import RecoveryCode
from visavis.sdk.account import set_password
from visavis.sdk.addresses import ROTATE_KIND
from visavis.sdk.device_chain import catch_up, remember, require_standing, sign_next
from visavis.sdk.enrol import require_password
from visavis.sdk.history import NoticeKind
from visavis.sdk.keystore import Keystore
from visavis.sdk.login import Login
from visavis.sdk.own_handle import login_of_ours
from visavis.sdk.session import Session

SHORT_BYTES: Final = 3
REVOKING_KIND: Final = "revoking"
"""Devices whose revocation has begun here and has not come to its end."""


@dataclass(frozen=True, slots=True)
class Device:
    """One device of our account, for the person.

    Args:
        short_id: Six hex digits.
        current: It is this one.
        created: ISO day.
        last_seen: ISO day.
        listed: It is on the signed device list; a device at the server that is not can do nothing.
    """

    short_id: str
    current: bool
    created: str
    last_seen: str
    listed: bool


async def list_devices(session: Session) -> list[Device]:
    """Return our devices, as the signed list and the server know them.

    Raises:
        UnavailableError: The server cannot be reached.
    """
    books = session.books
    at_server = {row.device_id: row for row in await session.device_api.devices()}
    listed = {bytes(entry.device_id) for entry in books.own_list.devices}
    found = []
    for device_id in sorted(listed | at_server.keys()):
        row = at_server.get(device_id)
        found.append(
            Device(
                _short(device_id),
                device_id == books.device,
                row.created_day if row else "",
                row.last_seen_day if row else "",
                device_id in listed,
            )
        )
    return found


async def revoke(session: Session, short_id: str, proof: str | RecoveryCode) -> None:
    """Shut a device out, everywhere; when it next connects, it erases what it holds.

    Args:
        session: Ours.
        short_id: Six hex digits, of another device.
        proof: The account's password, or its recovery code.

    Raises:
        AuthorizationError: LOGIN_FAILED; UNKNOWN_DEVICE, also for this one; REFUSED, this device
            was shut out itself.
        PeerError: ROLLED_BACK, the server shows an old keystore.
        UnavailableError: What remains is done at the next start; revoking again is harmless.
    """
    books = session.books
    wanted = short_id.strip().lower()
    ids = {bytes(entry.device_id) for entry in books.own_list.devices}
    ids |= {row.device_id for row in await session.device_api.devices()}
    # One that died half-way can be repeated, when list and server know the device no more.
    ids |= {key for key, _ in books.store.items(REVOKING_KIND)}
    matches = [device_id for device_id in sorted(ids) if _short(device_id) == wanted]
    if len(matches) != 1 or matches[0] == books.device:
        raise AuthorizationError(Code.UNKNOWN_DEVICE, "no such other device of this account")
    device = DeviceId(matches[0])
    async with login_of_ours(books, proof) as login:
        refresh(session, login)
        await _unlist(session, device, login)
        await login.shut_out(device)
        await session.membership.reconcile_all()
        await _rekey(session, login)
    await session.vault.rewrite()
    books.store.delete(REVOKING_KIND, device)
    await session.sync()


async def change_password(session: Session, old: str, new: str) -> None:
    """Change the account's password, and the one that opens this profile.

    Raises:
        AuthorizationError: LOGIN_FAILED, the old one is wrong; WEAK_PASSWORD.
    """
    store, profile = session.books.store, session.books.profile
    require_password(new, profile.handle)
    async with login_of_ours(session.books, old) as login:
        refresh(session, login)
        # Both passwords open the profile until the server has answered: no moment without one.
        await asyncio.to_thread(store.add_password, new)
        try:
            await set_password(login, new)
        except VisavisError as error:
            if not isinstance(error, UnavailableError):
                store.drop_newest_password()
            raise
        store.keep_newest_password()
        remember(store, login)


def refresh(session: Session, login: Login) -> None:
    """Take over the newest device list with a fresh login; errors as in `catch_up`."""
    if catch_up(session.books, login):
        for record in session.books.groups.all():
            session.membership.mark(record)


async def _unlist(session: Session, device: DeviceId, login: Login) -> None:
    """Sign and learn the list without the device, and have everything else follow from it."""
    books = session.books

    def without(head: DeviceList) -> list[ListedDevice]:
        require_standing(head, books.device)
        return [entry for entry in head.devices if entry.device_id != device]

    signed = await sign_next(login, without)
    with books.store.transaction():
        books.lists.learn(signed.newest)
        remember(books.store, login)
        books.store.put(REVOKING_KIND, device, b"")
        books.siblings.remove(device)
        books.joining.forget(device)
        # What the device has seen of our addresses, and of our contacts', is replaced.
        books.store.put(ROTATE_KIND, books.account, b"")
        for known in books.contacts.all():
            books.store.put(ROTATE_KIND, known.account, b"")
        books.history.notice(NoticeKind.OWN_DEVICE_REMOVED, books.account, device, books.now())
    for record in books.groups.all():
        session.membership.mark(record)
    books.history.publish()


async def _rekey(session: Session, login: Login) -> None:
    """Put the vault data key of the self group's new epoch into the keystore."""
    books = session.books
    alone = len(books.own_list.devices) == 1
    if books.profile.vault_keys[:32] == login.keys.vault_keys[0] and alone:
        # There was no group to take it from (the device never got into one). Not while we have
        # other devices: nothing would tell them this key, and the vault would be shut to them.
        books.profile.vault_keys = books.rng(32) + books.profile.vault_keys[:32]
        books.profile.save(books.store)

    def change() -> Keystore | None:
        newest = books.profile.vault_keys[:32]
        if newest in login.keys.vault_keys:
            return None  # another device, which went through the same epoch, was first
        return login.keystore.successor(login.keys, vault_key=newest)

    await login.amend(change)
    with books.store.transaction():
        remember(books.store, login)


def _short(device_id: bytes) -> str:
    return device_id[:SHORT_BYTES].hex()
