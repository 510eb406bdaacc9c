"""Less kept, one thing deleted, processing frozen: as an application does it."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from tests.sdk.conftest import PASSWORD, People, settle, texts

from visavis.core.errors import AuthorizationError, Code, PeerError, UsageError
from visavis.sdk.client import Client
from visavis.sdk.history import NoticeKind
from visavis.sdk.server_data import DataClass, Footprint


async def rows(client: Client, kind: DataClass) -> int:
    return (await client.server_data()).footprint.get(kind, Footprint()).rows


async def test_days_are_made_fewer_and_never_more(people: People) -> None:
    anna = await people.sign_up("anna")
    before = await anna.choices()
    assert (before.account_days, before.envelope_days, before.restricted) == (None, None, False)
    assert (await anna.set_envelope_days(7)).envelope_days == 7
    after = await anna.set_account_days(30)
    assert (after.account_days, after.envelope_days) == (30, 7), "one choice leaves the other"
    for attempt in (
        anna.set_envelope_days(before.most_envelope_days + 1),
        anna.set_account_days(before.most_account_days + 1),
        anna.set_account_days(6),
    ):
        with pytest.raises(PeerError) as refused:
            await attempt
        assert refused.value.code is Code.MALFORMED
    assert (await anna.server_data()).choices == after
    assert (await anna.server_data(in_days=29)).total.rows > 0
    assert (await anna.server_data(in_days=30)).total.rows == 0
    assert await anna.set_account_days(None)
    assert await anna.set_envelope_days(None) == before


async def test_one_thing_is_deleted_and_nothing_else(people: People) -> None:
    anna = await people.sign_up("anna")
    await anna.set_findable(True)
    before = {kind: await rows(anna, kind) for kind in DataClass}
    assert before[DataClass.HANDLE] == 1
    assert before[DataClass.KEY_PACKAGES] > 1
    for kind in (DataClass.HANDLE, DataClass.KEY_PACKAGES):
        assert (await anna.delete_from_server(kind)).rows == before[kind]
        before[kind] = 0
        assert {one: await rows(anna, one) for one in DataClass} == before
        assert (await anna.delete_from_server(kind)).rows == 0
    assert await anna.findable() is False
    assert (await anna.delete_from_server(DataClass.PUSH)).rows == 0
    for kind in (DataClass.ACCOUNT, DataClass.DEVICES, DataClass.OTHER):
        with pytest.raises(UsageError):
            await anna.delete_from_server(kind)


async def test_an_emptied_vault_starts_a_new_device_without_contacts_until_it_is_written_anew(
    own: People,
) -> None:
    anna, _ = await own.pair()
    code = anna.recovery_code
    await anna._session.vault.write()
    first = await own.login("first", anna.handle, recovery_code=code)
    assert len(await first.contacts()) == 1, "the control"
    await settle(anna, first)
    before = await anna._session.device_api.vault()

    assert (await anna.delete_from_server(DataClass.VAULT)).rows == len(before.slots)

    after = await anna._session.device_api.vault()
    assert after.counter > before.counter
    assert not set(after.slots) & set(before.slots), "no slot of before is left"
    assert len(after.slots) == 17
    contents = await anna._session.vault.refresh(whole=True)
    assert contents.contacts == ()
    # Our other device takes it as what it is: no alarm, no error, nothing lost.
    assert (await first._session.vault.refresh(whole=True)).contacts == ()
    assert len(await first.contacts()) == 1
    notices = {one.kind for one in await first.all_notices()}
    assert NoticeKind.VAULT_ROLLED_BACK not in notices
    # Whichever device writes next puts all that it knows there again.
    await first._session.vault.write()
    assert len((await anna._session.vault.refresh(whole=True)).contacts) == 1
    await anna._session.vault.write()
    second = await own.login("second", anna.handle, recovery_code=code)
    assert len(await second.contacts()) == 1


async def test_an_emptied_vault_survives_a_restart_and_a_lost_answer(own: People) -> None:
    """A device that wrote and does not remember would be taken for an old copy of itself."""
    anna, _ = await own.pair()
    api = anna._session.device_api
    honest = api.write_vault

    async def lost(*arguments: object) -> None:
        await honest(*arguments)  # type: ignore[arg-type]
        raise asyncio.CancelledError

    api.write_vault = lost  # type: ignore[method-assign]
    with pytest.raises(asyncio.CancelledError):
        await anna.delete_from_server(DataClass.VAULT)
    await own.close(anna)
    anna = await own.open("anna")
    await anna.sync()
    await anna._session.vault.write()
    assert len((await anna._session.vault.refresh(whole=True)).contacts) == 1


async def test_large_vaults_are_emptied_in_steps(own: People) -> None:
    anna = await own.sign_up("anna")
    api, vault = anna._session.device_api, anna._session.vault
    state = await api.vault()
    # Slots that no manifest speaks of, as an older or broken device could leave them.
    rest = [bytes([number]) * 16 for number in range(150)]
    counter = state.counter
    for at in range(0, len(rest), 50):
        put = {slot: bytes(4_096) for slot in rest[at : at + 50]}
        keys = anna._session.books
        manifest = vault._manifest(counter + 1, vault._kept(), keys.profile.vault_keys[:32])
        vault.intend(counter + 1)
        await api.write_vault(counter, manifest, put)
        counter += 1
        vault.seen(counter)
    assert len((await api.vault()).slots) == 167
    assert (await anna.delete_from_server(DataClass.VAULT)).rows == 167
    after = await api.vault()
    assert len(after.slots) == 17
    assert not set(rest) & set(after.slots)
    assert (await vault.refresh(whole=True)).contacts == ()


async def test_restricted_nobody_reaches_us_and_afterwards_everybody_does(own: People) -> None:
    anna, bob = await own.pair()
    to_anna = await bob.find_contact("anna")
    await bob.send_message(to_anna, "before")
    await settle(anna, bob)
    held, code = await rows(anna, DataClass.DEVICES), anna.recovery_code

    assert (await anna.set_restricted(True)).restricted
    with pytest.raises(AuthorizationError) as refused:
        await bob.send_message(to_anna, "meanwhile")
    assert refused.value.code is Code.REFUSED, "as with anybody who removed him"
    await bob.sync()
    await anna.sync()  # her own receiving works
    assert texts(await anna.history(await anna.find_contact("bob"))) == ["before"]
    assert (await anna.server_data()).choices.restricted
    assert await rows(anna, DataClass.DEVICES) == held, "nothing is deleted by it"
    assert (await bob.contacts())[0].state == "contact"
    await own.close(anna)
    anna = await own.open("anna", PASSWORD)
    tablet = await own.login("tablet", anna.handle, recovery_code=code)
    assert tablet.handle == anna.handle, "logging in works"
    await own.close(tablet)

    assert not (await anna.set_restricted(False)).restricted
    async with asyncio.timeout(60):
        while texts(await anna.history(await anna.find_contact("bob"))) != ["before", "after"]:
            await settle(anna, bob, rounds=1)
            with contextlib.suppress(AuthorizationError):  # her new address is on its way
                if "after" not in texts(await bob.history(to_anna)):
                    await bob.send_message(to_anna, "after")
            await asyncio.sleep(0.1)


async def test_restricted_nobody_finds_us(people: People) -> None:
    anna, carol = await people.sign_up("anna"), await people.sign_up("carol")
    await anna.set_findable(True)
    await anna.set_restricted(True)
    assert await carol.request_contact(anna.handle) is None
    await anna.sync()
    assert await anna.requests() == []
    assert await anna.findable() is False, "and what she needs for it afterwards is not given up"
    await anna.set_restricted(False)
    assert await anna.findable() is True
    await carol.request_contact(anna.handle)
    await anna.sync()
    assert [one.name for one in await anna.requests()] == [carol.handle], "the control"


async def test_what_can_be_objected_to_is_what_has_that_ground(people: People) -> None:
    anna = await people.sign_up("anna")
    data = await anna.server_data()
    found = {(one.kind, one.name) for one in data.objectable}
    assert ("memory", "pushes") in found
    assert ("memory", "attempts by address") in found
    on_disk = {name for kind, name in found if kind not in {"memory", "log"}}
    assert on_disk == {"requests.json"}, "and no row of the database is kept on this ground"
    for table in data.tables:
        assert all(one.legal_basis in {"contract", "consent"} for one in table.columns)
