"""How a profile comes to be: a new account, or one more device of an account.

The profile is on disk before the server learns of the device, and marked active after; what fails
in between is taken back on both sides. Root and identity key live in memory for the length of this
and are wiped (`keystore.UnlockedAccount`).
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from visavis.core import base64url
from visavis.core.content import encode_outer
from visavis.core.content_outer import ContactRejoin
from visavis.core.content_records import UNSIGNED, JoiningDevice
from visavis.core.content_signed import sign_rejoin
from visavis.core.device_list import (
    DeviceList,
    ListedDevice,
    UnverifiedDeviceList,
    sign_first,
)
from visavis.core.errors import AuthorizationError, Code, PeerError, VisavisError
from visavis.core.ids import AccountId, DeviceId, MailboxId
from visavis.core.mls import SUITE_ID, generate_signature_key
from visavis.core.recovery import RecoveryCode
from visavis.sdk.account import Accounts, register_password, signup_token
from visavis.sdk.addresses import Addresses
from visavis.sdk.contact_book import known_from_record
from visavis.sdk.device_chain import remember, require_room, sign_next
from visavis.sdk.keystore import Keystore, UnlockedAccount
from visavis.sdk.lists import DeviceLists
from visavis.sdk.login import Login, require_newer
from visavis.sdk.password_check import judge
from visavis.sdk.profile import Profile
from visavis.sdk.session import Session
from visavis.sdk.store import DATABASE_FILES, Store
from visavis.sdk.unlock import Kdf
from visavis.sdk.vault_read import UNREADABLE, Contents, read_vault
from visavis.transport.api import DeviceRegistration
from visavis.transport.device_api import DeviceApi
from visavis.transport.http import Http
from visavis.transport.origin import require_secure

REKEY_WAITS_S: Final = (0.0, 0.25, 0.5, 1.0)
"""Seconds to wait for a sibling that is changing the vault's key. More waits longer before an
altered vault is called one."""


def require_password(password: str, *context: str) -> None:
    """Refuse a password that is too short or known (R-91).

    Raises:
        AuthorizationError: WEAK_PASSWORD.
    """
    judge(password, context=context).verdict.require()


@dataclass(slots=True)
class NewDevice:
    """A device in the making: its profile in a store, and what the server is to be told."""

    store: Store
    profile: Profile
    registration: DeviceRegistration = field(repr=False)

    @property
    def listed(self) -> ListedDevice:
        """The entry for the device list."""
        return ListedDevice(self.profile.device_id, self.profile.signature_key)


async def make_device(
    folder: Path,
    password: str,
    kdf: Kdf | None,
    *,
    origin: str,
    handle: str,
    account: AccountId,
    vault_keys: bytes,
) -> NewDevice:
    """Make a device's keys and write them to a new store.

    Raises:
        AuthorizationError: STORE_LOCKED, the folder holds a profile already.
        UnavailableError: STORE_BUSY, DISK_FULL.
    """
    store = await asyncio.to_thread(Store.create, folder, password, kdf)
    device_id = DeviceId.random(os.urandom)
    profile = Profile(
        origin,
        handle,
        account,
        device_id,
        generate_signature_key(SUITE_ID, os.urandom),
        bytes(device_id) + os.urandom(32),
        MailboxId.random(os.urandom),
        vault_keys,
    )
    try:
        with store.transaction():
            profile.save(store)
            hashes = Addresses.make_pool(store)
    except BaseException:
        store.destroy()
        raise
    registration = DeviceRegistration(
        device_id, hashlib.sha256(profile.token).digest(), profile.mailbox, hashes
    )
    return NewDevice(store, profile, registration)


class Beginning:
    """How an account begins: as a new one. One that comes from another server is another kind."""

    def keys(self) -> UnlockedAccount:
        """Make the account's keys."""
        return UnlockedAccount.generate(AccountId.random(os.urandom))

    def sign(self, keys: UnlockedAccount, first: ListedDevice) -> DeviceList:
        """Sign the list with which it begins."""
        return sign_first(keys.account_id, bytes(keys.identity_private), [first])

    def fill(self, store: Store) -> None:
        """Write what the account brings along, before the server learns of it."""


async def sign_up(
    folder: Path,
    origin: str,
    link: str,
    name: str,
    password: str,
    kdf: Kdf | None,
    beginning: Beginning | None = None,
) -> tuple[Store, RecoveryCode]:
    """Make an account with this folder as its first device.

    Args:
        folder: For the profile.
        origin: The server.
        link: A sign-up link of it.
        name: The server adds digits to make the handle.
        password: The account's, and the store's.
        kdf: For tests.
        beginning: As what it begins; a new account if left out.

    Raises:
        AuthorizationError: SIGNUP_LINK; WEAK_PASSWORD; STORE_LOCKED; NOT_ENCRYPTED.
        UnavailableError: The server cannot be reached. Nothing was made.
    """
    require_secure(origin)
    require_password(password, name, urlsplit(origin).hostname or "")
    token = signup_token(link, origin)
    if Store.exists(folder):
        raise AuthorizationError(Code.STORE_LOCKED, "this folder holds a profile already")
    recovery = RecoveryCode.generate(os.urandom)
    begins = beginning or Beginning()
    async with Accounts(origin).public() as api:
        started: list[tuple[str, str]] = []

        async def exchange(request: bytes) -> bytes:
            answer = await api.signup_start(token, name, request)
            started.append((answer.handle, answer.session))
            return answer.opaque_response

        record, export_key = await register_password(password, exchange)
        handle, session = started[0]
        with begins.keys() as keys:
            device = await make_device(
                folder,
                password,
                kdf,
                origin=origin,
                handle=handle,
                account=keys.account_id,
                vault_keys=keys.vault_keys[0],
            )
            try:
                own = begins.sign(keys, device.listed)
                keystore = Keystore.make(keys, own, export_key, recovery)
                _learn_own(device.store, own)
                begins.fill(device.store)
                await api.signup_finish(
                    session,
                    record,
                    keystore.to_bytes(),
                    recovery.login_public_key(),
                    device.registration,
                )
                device.profile.activate(device.store)
            except BaseException:
                device.store.destroy()
                raise
    return device.store, recovery


def _learn_own(store: Store, own: DeviceList) -> None:
    DeviceLists(store).learn(own)


@dataclass(slots=True)
class Joined:
    """A device that is registered, has read the vault and stands on the newest device list.

    Args:
        device: The device.
        before: The list before it came.
        own_list: The list it stands on: in the keystore, and not yet shown to anybody.
        contents: The vault; None if sign-up was cut short before the first write.
        lost: The devices that were shut out.
    """

    device: NewDevice
    before: DeviceList
    own_list: DeviceList
    contents: Contents | None
    lost: tuple[DeviceId, ...] = ()


async def register_device(
    folder: Path,
    password: str,
    kdf: Kdf | None,
    login: Login,
    *,
    origin: str,
    handle: str,
    alone: bool,
) -> Joined:
    """Register this folder as a device of the account that was logged in to.

    Args:
        folder: For the profile.
        password: Locks the store.
        kdf: For tests.
        login: A fresh login.
        origin: The server.
        handle: The account's handle.
        alone: All other devices are lost: the new list holds this one only (P5).

    Raises:
        AuthorizationError: TOO_MANY_DEVICES.
        PeerError: DECRYPTION, BAD_SIGNATURE or ROLLED_BACK, the server showed an altered or an old
            account (R-18).
    """
    keys = login.keys
    require_room(1 if alone else len(keys.head.devices) + 1)
    device = await make_device(
        folder,
        password,
        kdf,
        origin=origin,
        handle=handle,
        account=keys.account_id,
        vault_keys=b"".join(keys.vault_keys),
    )
    try:
        await login.ask(lambda api: api.add_device(device.registration))
    except BaseException:
        device.store.destroy()
        raise
    before = keys.head
    http = Http(origin, base64url.encode(device.profile.token))
    try:
        return await _read_and_sign(device, login, DeviceApi(http), alone=alone)
    except BaseException:
        device.store.destroy()
        await take_back(login, device.profile.device_id, before)
        raise
    finally:
        await http.close()


async def take_back(login: Login, device: DeviceId, before: DeviceList) -> None:
    """Undo a registration that did not come to an end, as far as the server can be reached.

    What cannot be undone stays on the list with no device behind it, and can be revoked.

    Args:
        login: Still open.
        device: The device that is not to be.
        before: The list before it, for when nobody else is on the list (`alone`).
    """

    def without(head: DeviceList) -> tuple[ListedDevice, ...]:
        if head.find(device) is None:
            return head.devices
        rest = tuple(entry for entry in head.devices if entry.device_id != device)
        return rest or before.devices

    # Nothing here may hide the error that brought us here.
    with contextlib.suppress(VisavisError):
        await login.reread()  # the list may have been stored although we were told nothing
        await sign_next(login, without)
    with contextlib.suppress(VisavisError):
        await login.shut_out(device)


async def _read_and_sign(device: NewDevice, login: Login, api: DeviceApi, *, alone: bool) -> Joined:
    keys, profile = login.keys, device.profile
    contents = await _read_vault(api, login)
    # Read after the vault: what an honest server shows now is as new as the vault, or newer.
    await login.reread()
    if contents is not None:
        if contents.own_list.identity_key != keys.identity_key:
            raise PeerError(Code.IDENTITY_CHANGED, "CK-594: the vault is of another identity")
        # CK-683: this device has nothing to remember, but the vault's list was in the keystore
        # before it was in the vault. A server that rolls back only one of the two shows itself.
        require_newer(contents.own_list, keys.head, "CK-683")

    def with_device(head: DeviceList) -> list[ListedDevice]:
        others = () if alone else head.devices
        return [*(d for d in others if d.device_id != profile.device_id), device.listed]

    signed = await sign_next(login, with_device)
    profile.vault_keys = b"".join(keys.vault_keys)
    with device.store.transaction():
        profile.save(device.store)
        _learn_own(device.store, signed.before)
        remember(device.store, login)
    gone = {d.device_id for d in signed.before.devices} - {profile.device_id}
    lost = tuple(sorted(gone)) if alone else ()
    return Joined(device, signed.before, signed.newest, contents, lost)


async def _read_vault(api: DeviceApi, login: Login) -> Contents | None:
    """Read the vault; None if nothing was ever written.

    A sibling that revokes a device may have written it under its next key and be about to put that
    key into the keystore: then the keystore is read again, a little later.
    """
    if (await api.vault()).counter == 0:
        return None
    for wait_s in REKEY_WAITS_S:
        try:
            return await _contents(api, login)
        except PeerError as error:
            if error.code is not Code.DECRYPTION:
                raise
        await asyncio.sleep(wait_s)
        await login.reread()
    return await _contents(api, login)


async def _contents(api: DeviceApi, login: Login) -> Contents:
    _, contents, _ = await read_vault(api, login.keys.vault_keys, login.keys.account_id)
    return contents


def enter(session: Session, joined: Joined) -> None:
    """Write what the vault held into the new profile's books."""
    books = session.books
    with books.store.transaction():
        books.lists.learn(joined.own_list)
        if joined.contents is None:
            return
        for _ in range(joined.contents.unreadable):
            books.counters.drop(UNREADABLE)
        for record in joined.contents.contacts:
            known = known_from_record(record, member=False)
            known.thread = known.thread or known.group
            books.lists.learn(_verified(record.list))
            books.contacts.save(known)
        for device, address in joined.contents.siblings.items():
            if device != books.device and books.lists.stands(books.account, device):
                books.siblings.save(device, address.require_server(books.profile.origin))


def _verified(data: bytes) -> DeviceList:
    return UnverifiedDeviceList.parse(data).verify()


def queue_rejoins(session: Session, login: Login) -> None:
    """Ask every contact, and our other devices, to add this device (P5).

    Signed by the identity key, so it is done while the login is open.
    """
    books = session.books
    private = bytes(login.keys.identity_private)
    with books.store.transaction():
        for known in books.contacts.all():
            given = books.contact_address(known.account)
            entry = JoiningDevice(
                books.device, books.keep_key_package(), books.addresses.address(given)
            )
            rejoin = ContactRejoin(books.own_list.data, (entry,), UNSIGNED)
            content = encode_outer(sign_rejoin(rejoin, private, known.account))
            for device in books.contacts.addresses(known.account):
                session.outbox.put(known.account, device, content)
        siblings = session.sibling_devices()
        if siblings:
            given = books.sibling_address()
            entry = JoiningDevice(
                books.device, books.keep_key_package(), books.addresses.address(given)
            )
            rejoin = ContactRejoin(books.own_list.data, (entry,), UNSIGNED)
            content = encode_outer(sign_rejoin(rejoin, private, books.account))
            for device in siblings:
                session.outbox.put(books.account, device, content)


def remove_profile(folder: Path) -> None:
    """Remove the store of a profile that did not come to be; it is closed."""
    for name in DATABASE_FILES:
        (folder / name).unlink(missing_ok=True)
