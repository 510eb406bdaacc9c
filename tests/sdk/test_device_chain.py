"""Several devices change one account at the same moment, or die half-way: one chain of lists."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.sdk.conftest import PASSWORD, People, drops, settle, texts
from tests.sdk.test_devices import kinds, link_device

from visavis.core import device_list
from visavis.core.content_outer import ContactRejoin
from visavis.core.device_list import DeviceList, UnverifiedDeviceList
from visavis.core.errors import (
    AuthorizationError,
    Code,
    PeerError,
    UnavailableError,
    VisavisError,
)
from visavis.core.recovery import RecoveryCode
from visavis.sdk import account, device_chain, devices, enrol
from visavis.sdk.account import Accounts
from visavis.sdk.addresses import Given
from visavis.sdk.client import Client
from visavis.sdk.history import NoticeKind
from visavis.sdk.login import ATTEMPTS, Login
from visavis.transport.api import AccountApi, LoggedIn, PublicApi

NEW = "eleven quiet lamps drift"


def code_of(client: Client) -> RecoveryCode:
    assert client.recovery_code is not None
    return RecoveryCode.from_text(client.recovery_code)


async def head(people: People, client: Client) -> DeviceList:
    """The newest list as the keystore has it."""
    async with Accounts(people.server.origin).recover(client.handle, code_of(client)) as login:
        return login.keys.head


def own_list(client: Client) -> DeviceList:
    return client._session.books.own_list


def ids(device_list: DeviceList) -> set[bytes]:
    return {bytes(entry.device_id) for entry in device_list.devices}


def device_of(client: Client) -> bytes:
    return bytes(client._session.books.device)


def together(monkeypatch: pytest.MonkeyPatch, *modules: Any, parties: int = 2) -> None:
    """Have everybody read the keystore before anybody signs on top of it."""
    barrier = asyncio.Barrier(parties)
    sign = device_chain.sign_next
    waited: set[int] = set()

    async def signing(login: Login, choose: Any) -> device_chain.Signed:
        if id(login) not in waited:
            waited.add(id(login))
            await barrier.wait()
        return await sign(login, choose)

    for module in modules:
        monkeypatch.setattr(module, "sign_next", signing)


def before_first(
    monkeypatch: pytest.MonkeyPatch, module: Any, name: str, act: Callable[[], Awaitable[Any]]
) -> None:
    """Have something happen just before the first call of a function."""
    honest = getattr(module, name)

    async def calling(*args: Any, **kwargs: Any) -> Any:
        monkeypatch.setattr(module, name, honest)
        await act()
        return await honest(*args, **kwargs)

    monkeypatch.setattr(module, name, calling)


def seen_by(monkeypatch: pytest.MonkeyPatch) -> list[DeviceList]:
    """Every list that is signed as a successor, in order, stored or not."""
    signed: list[DeviceList] = []
    sign = device_list.sign_successor

    def signing(*args: Any) -> DeviceList:
        signed.append(sign(*args))
        return signed[-1]

    monkeypatch.setattr(device_chain, "sign_successor", signing)
    return signed


async def test_two_devices_that_recover_at_once_stand_on_one_chain(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CK-681: else both sign version 2, and contacts refuse one of them for good (CK-263)."""
    anna, bob = await people.pair()
    await anna._session.vault.write()
    handle, code = anna.handle, anna.recovery_code
    await people.close(anna)
    signed = seen_by(monkeypatch)
    together(monkeypatch, enrol)
    one, two = await asyncio.gather(
        people.login("one", handle, recovery_code=code),
        people.login("two", handle, recovery_code=code),
    )
    versions = [one_list.version for one_list in signed]
    assert versions == [2, 2, 3], "the control: both signed the same version, one was not stored"
    await settle(bob, one, two, bob, one, two)
    newest = await head(people, anna)
    assert newest.version == 3
    assert ids(newest) == {device_of(anna), device_of(one), device_of(two)}
    for device in (one, two):
        assert own_list(device) == newest
        assert [c.state for c in await device.contacts()] == ["contact"]
        await device.send_message(await device.find_contact("bob"), device_of(device).hex())
    await settle(bob, one, two)
    at_bob = await bob.find_contact("anna")
    assert at_bob.devices == 3
    assert set(texts(await bob.history(at_bob))) == {hex_of(one), hex_of(two)}
    assert "bad_credential" not in drops(bob)
    # Anna's first device is let know, and knows both.
    anna = await people.open("anna")
    await settle(anna, one, two, anna, one, two)
    assert own_list(anna) == newest
    assert {d.short_id for d in await anna.devices()} == {i.hex()[:6] for i in ids(newest)}


def hex_of(client: Client) -> str:
    return device_of(client).hex()


@pytest.mark.parametrize("newest_first", [True, False])
async def test_rejoins_that_overtake_each_other_are_both_heard(
    people: People, monkeypatch: pytest.MonkeyPatch, *, newest_first: bool
) -> None:
    """CK-686: mailboxes deliver in any order; the older list of the two is no replay."""
    anna, bob = await people.pair()
    await anna._session.vault.write()
    handle, code = anna.handle, anna.recovery_code
    await people.close(anna)
    welcomes = bob._session.welcomes
    held: list[tuple[Given, ContactRejoin]] = []
    receive = welcomes.receive_rejoin
    monkeypatch.setattr(welcomes, "receive_rejoin", lambda *args: held.append(args))
    one = await people.login("one", handle, recovery_code=code)
    two = await people.login("two", handle, recovery_code=code)
    await settle(one, two, bob)
    assert len(held) == 2
    held.sort(
        key=lambda args: UnverifiedDeviceList.parse(args[1].list).verify().version,
        reverse=newest_first,
    )
    monkeypatch.undo()
    for args in held:
        receive(*args)
    bob._session.housekeeping.kick()
    await settle(bob, one, two)
    for device in (one, two):
        assert [c.state for c in await device.contacts()] == ["contact"]
    # Repeated, the older one brings nothing back.
    with pytest.raises(PeerError) as repeated:
        receive(*held[newest_first])
    assert repeated.value.code is Code.REPLAYED


async def test_a_sibling_that_has_not_heard_puts_no_older_list_into_the_vault(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CK-590: else the next manifest's writer is not on the list that lies beside it."""
    anna = await people.sign_up("anna")
    await anna._session.vault.write()
    monkeypatch.setattr(anna._session.welcomes, "receive_rejoin", lambda *_: None)
    new = await people.login("new", anna.handle, recovery_code=anna.recovery_code)
    await settle(new, anna)
    assert own_list(anna).version == 1, "the control: she was not told"
    await anna._session.vault.rewrite()
    await new._session.vault.write()
    assert own_list(anna) == own_list(new)
    third = await people.login("third", anna.handle, recovery_code=anna.recovery_code)
    assert own_list(third).version == 3


async def test_adding_a_device_while_another_is_revoked(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, bob = await people.pair()
    tablet = await link_device(people, anna, "tablet")
    await settle(anna, tablet, bob)
    await anna._session.vault.write()
    other = next(d for d in await anna.devices() if not d.current)
    start = own_list(anna).version
    together(monkeypatch, enrol, devices)
    new, _ = await asyncio.gather(
        people.login("new", anna.handle, recovery_code=anna.recovery_code),
        anna.revoke(other, PASSWORD),
    )
    await settle(anna, new, bob, anna, new, bob)
    newest = await head(people, anna)
    assert newest.version == start + 2
    assert ids(newest) == {device_of(anna), device_of(new)}
    assert own_list(anna) == own_list(new) == newest
    assert (await bob.find_contact("anna")).devices == 2
    await bob.send_message(await bob.find_contact("anna"), "to both of you")
    await settle(anna, new)
    for device in (anna, new):
        assert texts(await device.history(await device.find_contact("bob"))) == ["to both of you"]


async def test_a_revocation_that_dies_before_the_new_key_is_kept_can_be_repeated(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the vault goes over to a key that no keystore holds, and the next device is shut out."""
    anna, bob = await people.pair()
    tablet = await link_device(people, anna, "tablet")
    await settle(anna, tablet, bob)
    short = device_of(tablet).hex()[:6]

    async def dies(*_: Any) -> None:
        raise UnavailableError(Code.UNAVAILABLE, "the power is gone")

    monkeypatch.setattr(devices, "_rekey", dies)
    with pytest.raises(UnavailableError):
        await anna.revoke(short, PASSWORD)
    monkeypatch.undo()
    await people.close(tablet)
    assert short not in {d.short_id for d in await anna.devices()}
    await anna.revoke(short, PASSWORD)
    await people.close(anna)
    again = await people.login("again", anna.handle, recovery_code=anna.recovery_code)
    assert [c.name for c in await again.contacts()] == [bob.handle]
    anna = await people.open("anna")
    with pytest.raises(AuthorizationError) as done:  # the control: once it is done it is done
        await anna.revoke(short, PASSWORD)
    assert done.value.code is Code.UNKNOWN_DEVICE


async def test_two_devices_that_revoke_each_other_at_once(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CK-684: one is first; the other is shut out by then and signs nothing."""
    anna = await people.sign_up("anna")
    tablet = await link_device(people, anna, "tablet")
    await settle(anna, tablet)
    together(monkeypatch, devices)
    results = await asyncio.gather(
        anna.revoke(device_of(tablet).hex()[:6], PASSWORD),
        tablet.revoke(device_of(anna).hex()[:6], PASSWORD),
        return_exceptions=True,
    )
    (refused,) = [r for r in results if r is not None]
    assert isinstance(refused, AuthorizationError)
    assert refused.code is Code.REFUSED
    assert "CK-684" in refused.detail
    winner = anna if results[0] is None else tablet
    assert ids(await head(people, anna)) == {device_of(winner)}


async def test_a_password_change_while_a_device_is_added(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CK-680: it ends the other login and replaces its keystore; the device comes in even so."""
    anna = await people.sign_up("anna")

    async def change() -> None:
        await anna.change_password(PASSWORD, NEW)

    before_first(monkeypatch, enrol, "sign_next", change)
    new = await people.login("new", anna.handle, recovery_code=anna.recovery_code)
    async with Accounts(people.server.origin).login(anna.handle, NEW) as login:
        assert ids(login.keys.head) == {device_of(anna), device_of(new)}
    with pytest.raises(AuthorizationError):
        async with Accounts(people.server.origin).login(anna.handle, PASSWORD):
            pass


async def test_a_device_added_while_the_password_is_changed(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CK-680: what the change writes holds the device that came meanwhile."""
    anna = await people.sign_up("anna")

    async def add() -> None:
        # With the password only, which stays as it is.
        async with Accounts(people.server.origin).login(anna.handle, PASSWORD) as login:
            monkeypatch.undo()
            joined = await enrol.register_device(
                people.profile("new"),
                PASSWORD,
                None,
                login,
                origin=people.server.origin,
                handle=anna.handle,
                alone=False,
            )
            joined.device.store.close()

    before_first(monkeypatch, account, "register_password", add)
    await anna.change_password(PASSWORD, NEW)
    async with Accounts(people.server.origin).login(anna.handle, NEW) as login:
        assert len(login.keys.head.devices) == 2
        assert device_of(anna) in ids(login.keys.head)


async def test_a_password_set_anew_between_the_halves_of_a_login(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recovery sets the very same password: who logs in with it at that moment is let in."""
    anna = await people.sign_up("anna")

    async def recover() -> None:
        accounts = Accounts(people.server.origin)
        async with accounts.recover(anna.handle, code_of(anna)) as login:
            await account.set_password(login, PASSWORD)

    before_first(monkeypatch, PublicApi, "login_finish", recover)
    async with Accounts(people.server.origin).login(anna.handle, PASSWORD) as login:
        assert login.keys.head == own_list(anna)


async def test_a_change_of_password_that_takes_the_password_away_stops_a_login(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P4: who logs in with the old one, and had not finished, does not finish."""
    anna = await people.sign_up("anna")

    async def change() -> None:
        await anna.change_password(PASSWORD, NEW)

    before_first(monkeypatch, enrol, "sign_next", change)
    with pytest.raises(AuthorizationError) as failed:
        await people.login("new", anna.handle, on_pairing=lambda link: None)
    assert failed.value.code is Code.LOGIN_FAILED
    assert ids(await head(people, anna)) == {device_of(anna)}
    assert not (people.profile("new") / "store.db").exists()


# ---- devices that die half-way -----------------------------------------------------------------


async def die_after_signing(people: People, monkeypatch: pytest.MonkeyPatch, anna: Client) -> bytes:
    """A device whose list is stored, and which then is gone without a word; returns its id."""
    born: list[bytes] = []

    def dying(store: Any, login: Login) -> None:
        born.extend(ids(login.keys.head) - {device_of(anna)})
        raise RuntimeError("power failure")

    async def nothing(*_: Any) -> None:
        pass

    with monkeypatch.context() as patched:
        patched.setattr(enrol, "remember", dying)
        patched.setattr(enrol, "take_back", nothing)
        with pytest.raises(RuntimeError):
            await people.login("dead", anna.handle, recovery_code=anna.recovery_code)
    (dead,) = born
    return dead


async def test_a_device_that_dies_before_it_writes_the_vault_forks_nothing(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CK-681: the vault still has the list before it; the next device follows the keystore's."""
    anna, bob = await people.pair()
    await anna._session.vault.write()
    dead = await die_after_signing(people, monkeypatch, anna)
    new = await people.login("new", anna.handle, recovery_code=anna.recovery_code)
    assert own_list(new).version == 3
    await settle(bob, anna, new, bob, anna, new)
    assert [c.state for c in await new.contacts()] == ["contact"]
    assert own_list(anna) == own_list(new) == await head(people, anna)
    # It is there to be seen, by both, and can be shut out.
    for device in (anna, new):
        assert dead.hex()[:6] in {d.short_id for d in await device.devices()}
    await anna.revoke(dead.hex()[:6], PASSWORD)
    await settle(anna, new, bob, anna, new, bob)
    assert ids(await head(people, anna)) == {device_of(anna), device_of(new)}
    assert dead.hex()[:6] not in {d.short_id for d in await anna.devices()}
    # The other device is not told of another vault key, and must not be shut out of the vault.
    await new._session.vault.write()
    await anna._session.vault.write()
    assert (await bob.find_contact("anna")).devices >= 2
    assert "bad_credential" not in drops(bob)


async def test_a_dead_device_is_revoked_before_anybody_else_comes(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next login by any device shows it; alone, revoking it changes the vault key too."""
    anna = await people.sign_up("anna")
    dead = await die_after_signing(people, monkeypatch, anna)
    shown = {d.short_id: d for d in await anna.devices()}
    assert not shown[dead.hex()[:6]].listed, "anna has not heard of the list"
    key = anna._session.books.profile.vault_keys[:32]
    await anna.revoke(dead.hex()[:6], PASSWORD)
    assert own_list(anna).version == 3
    assert ids(await head(people, anna)) == {device_of(anna)}
    assert [d.current for d in await anna.devices()] == [True]
    assert anna._session.books.profile.vault_keys[:32] != key


async def test_a_dead_device_shows_after_the_next_login(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = await people.sign_up("anna")
    dead = await die_after_signing(people, monkeypatch, anna)
    await anna.change_password(PASSWORD, NEW)
    shown = {d.short_id: d.listed for d in await anna.devices()}
    assert shown[dead.hex()[:6]]


async def test_a_login_that_fails_takes_its_device_off_the_list(people: People) -> None:
    """A person who closes the pairing, or says no, fills no place on the list."""
    anna = await people.sign_up("anna")
    links: asyncio.Queue[str] = asyncio.Queue()
    login = asyncio.ensure_future(people.login("tablet", anna.handle, on_pairing=links.put_nowait))
    await links.get()
    assert len((await head(people, anna)).devices) == 2  # the control: it was on it
    login.cancel()
    await asyncio.gather(login, return_exceptions=True)
    newest = await head(people, anna)
    assert (newest.version, ids(newest)) == (3, {device_of(anna)})
    assert len(await anna.devices()) == 1


async def test_a_recovery_without_other_devices_that_fails_puts_them_back(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list cannot be empty, and the person may yet find the device."""
    anna = await people.sign_up("anna")

    def failing(*_: Any) -> None:
        raise UnavailableError(Code.DISK_FULL, "injected")

    with monkeypatch.context() as patched:
        patched.setattr(enrol, "queue_rejoins", failing)
        with pytest.raises(UnavailableError):
            await people.login(
                "new", anna.handle, recovery_code=anna.recovery_code, lost_devices=True
            )
    newest = await head(people, anna)
    assert (newest.version, ids(newest)) == (3, {device_of(anna)})
    await anna.change_password(PASSWORD, NEW)
    assert own_list(anna) == newest


@pytest.mark.parametrize("stored", [True, False])
async def test_the_answer_to_a_new_keystore_is_lost(
    people: People, monkeypatch: pytest.MonkeyPatch, *, stored: bool
) -> None:
    """Stored: the keystore read again is ours. Not stored: the device is taken back, told so."""
    anna = await people.sign_up("anna")
    put = AccountApi.put_keystore
    failed: list[bytes] = []

    async def losing(self: AccountApi, keystore: bytes, replaces: bytes) -> None:
        if stored or failed:
            await put(self, keystore, replaces)
        if not failed:
            failed.append(keystore)
            raise UnavailableError(Code.UNAVAILABLE, "injected")

    monkeypatch.setattr(AccountApi, "put_keystore", losing)
    if stored:
        new = await people.login("new", anna.handle, recovery_code=anna.recovery_code)
        assert own_list(new) == await head(people, anna)
        assert own_list(new).version == 2
    else:
        with pytest.raises(UnavailableError):
            await people.login("new", anna.handle, recovery_code=anna.recovery_code)
        assert (await head(people, anna)).version == 1
        assert len(await anna.devices()) == 1


async def test_a_server_that_says_conflict_for_ever_is_given_up(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = await people.sign_up("anna")
    tries: list[bytes] = []

    async def conflict(_self: AccountApi, keystore: bytes, _replaces: bytes) -> None:
        tries.append(keystore)
        raise PeerError(Code.CONFLICT, "injected")

    monkeypatch.setattr(AccountApi, "put_keystore", conflict)
    with pytest.raises(UnavailableError):
        await people.login("new", anna.handle, recovery_code=anna.recovery_code)
    assert len(tries) == ATTEMPTS
    assert len(await anna.devices()) == 1


async def test_the_list_is_full(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """CK-685: said before anything is made, in words."""
    anna = await people.sign_up("anna")
    monkeypatch.setattr(device_chain, "MAX_DEVICES", 1)
    with pytest.raises(AuthorizationError) as full:
        await people.login("new", anna.handle, recovery_code=anna.recovery_code)
    assert full.value.code is Code.TOO_MANY_DEVICES
    assert "16" in full.value.describe()
    assert not (people.profile("new") / "store.db").exists()
    assert len(await anna.devices()) == 1
    # One that comes in the place of lost ones has room.
    await people.login("new", anna.handle, recovery_code=anna.recovery_code, lost_devices=True)


# ---- a server that shows an old keystore -------------------------------------------------------


def showing(monkeypatch: pytest.MonkeyPatch, old: bytes) -> None:
    """Have the server answer every login, and every look, with an old keystore."""
    for name in ("login_finish", "recovery_finish"):
        finish = getattr(PublicApi, name)

        async def logging_in(*args: Any, _finish: Any = finish) -> LoggedIn:
            done: LoggedIn = await _finish(*args)
            return replace(done, keystore=old)

        monkeypatch.setattr(PublicApi, name, logging_in)

    async def looking(_self: AccountApi) -> bytes:
        return old

    monkeypatch.setattr(AccountApi, "keystore", looking)


async def stored(people: People, client: Client) -> bytes:
    async with Accounts(people.server.origin).recover(client.handle, code_of(client)) as login:
        return login.keystore.to_bytes()


async def refused_as_old(work: Awaitable[Any], check: str) -> None:
    with pytest.raises(VisavisError) as refused:
        await work
    assert refused.value.code is Code.ROLLED_BACK
    assert check in refused.value.detail


async def test_an_old_list_in_the_keystore_is_noticed_by_a_device(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CK-682: signed on top of it, the next list would have a version that is out already."""
    anna = await people.sign_up("anna")
    old = await stored(people, anna)
    tablet = await link_device(people, anna, "tablet")
    await settle(anna, tablet)
    newest = await stored(people, anna)
    with monkeypatch.context() as patched:
        showing(patched, old)
        await refused_as_old(anna.revoke(device_of(tablet).hex()[:6], PASSWORD), "CK-682")
        await refused_as_old(anna.change_password(PASSWORD, NEW), "CK-682")
    assert await stored(people, anna) == newest, "nothing was signed"
    assert NoticeKind.KEYS_ROLLED_BACK in await kinds(anna)
    # The control.
    await anna.revoke(device_of(tablet).hex()[:6], PASSWORD)


async def test_an_old_vault_key_in_the_keystore_is_noticed_by_a_device(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CK-682: the list is the newest, and the key is the one that the revoked device knows."""
    anna = await people.sign_up("anna")
    tablet = await link_device(people, anna, "tablet")
    await settle(anna, tablet)
    between: list[bytes] = []
    rekey = devices._rekey

    async def watching(session: Any, login: Login) -> None:
        between.append(login.keystore.to_bytes())
        await rekey(session, login)

    monkeypatch.setattr(devices, "_rekey", watching)
    await anna.revoke(device_of(tablet).hex()[:6], PASSWORD)
    with monkeypatch.context() as patched:
        showing(patched, between[0])
        await refused_as_old(anna.change_password(PASSWORD, NEW), "CK-682")
    await anna.change_password(PASSWORD, NEW)


async def test_an_old_keystore_beside_a_newer_vault_is_noticed_by_a_new_device(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CK-683: it has nothing to remember, but each list is in the keystore before the vault."""
    anna = await people.sign_up("anna")
    old = await stored(people, anna)
    tablet = await link_device(people, anna, "tablet")
    await settle(anna, tablet)
    await tablet._session.vault.write()
    with monkeypatch.context() as patched:
        showing(patched, old)
        await refused_as_old(
            people.login("new", anna.handle, on_pairing=lambda link: None), "CK-683"
        )
    assert not (people.profile("new") / "store.db").exists()
    assert (await head(people, anna)).version == 2
    # The control.
    await people.login("new", anna.handle, recovery_code=anna.recovery_code)


async def test_within_one_login_the_keystore_never_goes_back(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CK-682."""
    anna = await people.sign_up("anna")
    old = await stored(people, anna)
    await anna.change_password(PASSWORD, NEW)
    async with Accounts(people.server.origin).login(anna.handle, NEW) as login:
        await login.reread()
        showing(monkeypatch, old)
        await refused_as_old(login.reread(), "CK-682")


async def test_a_keystore_of_another_account_is_not_gone_on_with(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CK-594: who logs in again must come back into the same account."""
    anna, bob = await people.sign_up("anna"), await people.sign_up("bob")
    accounts = Accounts(people.server.origin)
    async with (
        accounts.login(anna.handle, PASSWORD) as login,
        accounts.login(bob.handle, PASSWORD) as other,
    ):
        with pytest.raises(PeerError) as refused:
            login._take(other.keystore, other.keystore.open_with_root(bytes(other.keys.root)))
        assert refused.value.code is Code.IDENTITY_CHANGED
        assert login.keys.identity_key == own_list(anna).identity_key
