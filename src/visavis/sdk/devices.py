"""The account's devices: listed, and shut out (P3, R-93).

Revoking: a new list without the device, signed with the identity key that the password unwraps;
the device is deleted at the server; its leaf goes from every group; contacts and our other devices
get fresh addresses; the vault goes over to a new data key. Each step may be repeated: what a crash
cut short, revoking again (or the next housekeeping) completes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from visavis.core.errors import AuthorizationError, Code, PeerError, VisavisError
from visavis.core.identity import sign_successor
from visavis.core.ids import DeviceId
from visavis.sdk.account import Accounts, Login
from visavis.sdk.history import NoticeKind
from visavis.sdk.membership import ROTATE_KIND
from visavis.sdk.session import Session

SHORT_BYTES: Final = 3


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


async def revoke(session: Session, short_id: str, password: str) -> None:
    """Shut a device out, everywhere.

    Raises:
        AuthorizationError: LOGIN_FAILED; UNKNOWN_DEVICE, also for this one.
        UnavailableError: What remains is done at the next start; revoking again is harmless.
    """
    books = session.books
    wanted = short_id.strip().lower()
    ids = {bytes(entry.device_id) for entry in books.own_list.devices}
    ids |= {row.device_id for row in await session.device_api.devices()}
    matches = [device_id for device_id in sorted(ids) if _short(device_id) == wanted]
    if len(matches) != 1 or matches[0] == books.device:
        raise AuthorizationError(Code.UNKNOWN_DEVICE, "no such other device of this account")
    device = DeviceId(matches[0])
    accounts = Accounts(books.profile.origin)
    async with accounts.login(books.profile.handle, password) as login:
        require_own(session, login)
        _unlist(session, device, login)
        await _delete(login, device)
        await session.membership.reconcile_all()
        await _rekey(session, login)
    await session.vault.rewrite()
    await session.sync()


def require_own(session: Session, login: Login) -> None:
    """Check that a login led into our own account.

    Raises:
        PeerError: IDENTITY_CHANGED (CK-594): the server answered with the record of somebody who
            has the same password, and we would have changed that account.
    """
    if login.keys.identity_key != session.books.own_list.identity_key:
        raise PeerError(Code.IDENTITY_CHANGED, "CK-594: the keystore is of another identity")


def _unlist(session: Session, device: DeviceId, login: Login) -> None:
    """Sign and learn the list without the device, and have everything else follow from it."""
    books = session.books
    remaining = [d for d in books.own_list.devices if d.device_id != device]
    with books.store.transaction():
        if len(remaining) < len(books.own_list.devices):
            identity = bytes(login.keys.identity_private)
            books.lists.learn(sign_successor(books.own_list, identity, remaining))
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


async def _delete(login: Login, device: DeviceId) -> None:
    try:
        await login.api.delete_device(device)
    except VisavisError as error:
        if error.code is not Code.REFUSED:  # it is gone already
            raise


async def _rekey(session: Session, login: Login) -> None:
    """Put the vault data key of the self group's new epoch into the keystore."""
    books = session.books
    newest = books.profile.vault_keys[:32]
    if newest == login.keys.vault_keys[0]:
        # There was no group to take it from (the device never got into one).
        newest = books.rng(32)
        books.profile.vault_keys = newest + books.profile.vault_keys[:32]
        books.profile.save(books.store)
    keystore = login.keystore.with_vault_key(login.keys, newest)
    await login.api.put_keystore(keystore.to_bytes())


def _short(device_id: bytes) -> str:
    return device_id[:SHORT_BYTES].hex()
