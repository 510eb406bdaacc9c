"""The vault: contacts for the next device, in slots that tell nothing, rollback noticed."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import Any

import pytest
from tests.sdk.conftest import People, drops, settle

from visavis.core import cbor
from visavis.core.content import encode_record
from visavis.core.errors import Code, FatalError, PeerError
from visavis.core.ids import AccountId
from visavis.sdk.client import Client
from visavis.sdk.history import NoticeKind
from visavis.sdk.vault_read import BUCKETS, UNREADABLE, read_vault
from visavis.sdk.vault_slots import FIRST_SLOTS, PAGES_PER_WRITE, SLOTS_PER_WRITE
from visavis.transport.device_api import DeviceApi, VaultState


async def contents(client: Client) -> Any:
    session = client._session
    keys = session.books.profile.vault_keys
    _, found, _ = await read_vault(session.device_api, (keys[:32],), session.books.account)
    return found


async def test_a_contact_is_written_within_the_hour(people: People) -> None:
    """P6: a write right after each event would be evidence of who met whom."""
    anna, bob = await people.pair()
    session = anna._session
    now = session.books.now()
    assert now - 60 <= session.vault.due_at <= now + 3_600
    assert (await contents(anna)).contacts == ()
    due = session.vault.due_at
    session.books.now = lambda: due + 1  # type: ignore[method-assign]
    await anna.sync()
    (record,) = (await contents(anna)).contacts
    assert record.name == bob.handle
    assert session.vault.due_at == 0


async def test_every_write_looks_alike(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """P6: as many slots for one change as for none, and no more slots for more contacts."""
    anna, _ = await people.pair()
    sizes: list[tuple[int, set[int], int]] = []
    write = DeviceApi.write_vault

    async def watch(
        self: DeviceApi, counter: int, manifest: bytes, put: dict[bytes, bytes], delete: Any = ()
    ) -> None:
        sizes.append((len(put), {len(data) for data in put.values()}, len(manifest)))
        await write(self, counter, manifest, put, delete)

    monkeypatch.setattr(DeviceApi, "write_vault", watch)
    await anna._session.vault.write()
    await anna._session.vault.write()
    carol = await people.sign_up("carol")
    await people.befriend(anna, carol)
    await anna._session.vault.write()
    first = (FIRST_SLOTS + PAGES_PER_WRITE, set(BUCKETS), BUCKETS[0])
    like = (SLOTS_PER_WRITE + PAGES_PER_WRITE, set(BUCKETS), BUCKETS[0])
    assert [s for s in sizes if s != first] == [like] * 3
    state = await anna._session.device_api.vault()
    assert len(state.slots) == FIRST_SLOTS + PAGES_PER_WRITE
    assert len((await contents(anna)).contacts) == 2


async def test_a_rollback_is_noticed(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """CK-591: the server shows an older state than this device has seen."""
    anna, _ = await people.pair()
    api = anna._session.device_api
    old = await api.vault()
    old_slots = await api.read_vault(old.slots)
    await anna._session.vault.write()
    await anna._session.vault.refresh()  # the control: the honest server is believed

    async def rolled_back(self: DeviceApi) -> VaultState:
        return old

    async def old_contents(self: DeviceApi, slots: Any) -> dict[bytes, bytes]:
        return {slot: old_slots[slot] for slot in slots}

    monkeypatch.setattr(DeviceApi, "vault", rolled_back)
    monkeypatch.setattr(DeviceApi, "read_vault", old_contents)
    for attempt in (anna._session.vault.refresh, anna._session.vault.write):
        with pytest.raises(PeerError) as noticed:
            await attempt()
        assert noticed.value.code is Code.UNEXPECTED
        assert "CK-591" in noticed.value.detail
    assert NoticeKind.VAULT_ROLLED_BACK in {n.kind for n in await anna.all_notices()}


async def test_a_counter_cannot_be_relabelled(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CK-590: the counter is inside what is signed."""
    anna = await people.sign_up("anna")
    honest = await anna._session.device_api.vault()

    async def relabelled(self: DeviceApi) -> VaultState:
        return replace(honest, counter=honest.counter + 7)

    monkeypatch.setattr(DeviceApi, "vault", relabelled)
    with pytest.raises(PeerError) as refused:
        await anna._session.vault.refresh()
    assert refused.value.code is Code.DECRYPTION


@pytest.mark.parametrize("how", ["altered", "missing", "swapped"])
async def test_slots_are_bound_to_the_manifest(
    people: People, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """CK-592."""
    anna = await people.sign_up("anna")
    read = DeviceApi.read_vault

    async def hostile(self: DeviceApi, slots: Any) -> dict[bytes, bytes]:
        found = await read(self, slots)
        first, second = sorted(found)[:2]
        if how == "altered":
            found[first] = found[first][:-1] + bytes([found[first][-1] ^ 1])
        elif how == "missing":
            del found[first]
        else:
            found[first], found[second] = found[second], found[first]
        return found

    monkeypatch.setattr(DeviceApi, "read_vault", hostile)
    with pytest.raises(PeerError) as refused:
        await anna._session.vault.refresh(whole=True)
    assert refused.value.code is Code.DECRYPTION
    assert "CK-592" in refused.value.detail
    assert NoticeKind.VAULT_ALTERED in {n.kind for n in await anna.all_notices()}


async def test_another_accounts_vault_is_none_of_ours(people: People) -> None:
    anna, bob = await people.sign_up("anna"), await people.sign_up("bob")
    keys = (anna._session.books.profile.vault_keys,)
    with pytest.raises(PeerError):
        await read_vault(bob._session.device_api, keys, anna._session.books.account)
    with pytest.raises(PeerError):
        await read_vault(anna._session.device_api, keys, AccountId(bytes(16)))


async def test_an_older_copy_of_the_profile_stops(people: People) -> None:
    """CK-593, P5: a restored profile would use MLS keys twice."""
    anna, bob = await people.pair()
    await people.close(anna)
    shutil.copytree(people.profile("anna"), people.profile("copy"))
    anna = await people.open("anna")
    await anna._session.vault.write()
    await people.close(anna)
    copy = await people.open("copy")
    with pytest.raises(FatalError) as stopped:
        await copy._session.vault.write()
    assert "CK-593" in stopped.value.detail
    # The control: the profile that remembers goes on.
    await people.close(copy)
    anna = await people.open("anna")
    await anna._session.vault.write()
    await settle(bob, anna)


async def change_key(client: Client) -> None:
    """Rewrite the vault under another key, as after a revocation."""
    books = client._session.books
    books.profile.vault_keys = books.rng(32) + books.profile.vault_keys[:32]
    books.profile.save(books.store)
    await client._session.vault.rewrite()


async def spoil(client: Client, other: Client) -> None:
    """Have a device write an item of a contact that nobody can read."""
    vault, books = client._session.vault, client._session.books
    real = vault._items
    known = books.contacts.get(other._session.books.account)
    assert known is not None
    record = replace(books.contacts.record(known), devices=())

    def spoilt() -> dict[bytes, bytes]:
        item = cbor.encode({"k": "contact", "r": encode_record(record)})
        return real() | {bytes(known.account): item}

    vault._items = spoilt  # type: ignore[method-assign]
    await vault.write()
    vault._items = real  # type: ignore[method-assign]


async def test_one_bad_item_does_not_shut_the_vault(people: People) -> None:
    """A contact that a faulty or a newer device wrote: the others are read."""
    anna, bob = await people.pair()
    carol = await people.sign_up("carol")
    await people.befriend(anna, carol)
    await spoil(anna, bob)
    found = await contents(anna)
    assert ([r.name for r in found.contacts], found.unreadable) == ([carol.handle], 1)
    # The next device comes in, and says what it could not read.
    handle, code = anna.handle, anna.recovery_code
    await people.close(anna)  # who would tell it of the contact
    again = await people.login("again", handle, recovery_code=code)
    assert [c.name for c in await again.contacts()] == [carol.handle]
    assert drops(again)[UNREADABLE] >= 1
    # It leaves the item to a device that can read it, whatever it writes itself...
    for _ in range(8):
        await again._session.vault.write()
    assert (await contents(again)).unreadable == 1
    # ... and takes it over to another key, and to one more: else nobody could open the vault.
    for _ in range(3):
        await change_key(again)
    found = await contents(again)
    assert ([r.name for r in found.contacts], found.unreadable) == ([carol.handle], 1)


async def test_a_device_that_knows_the_contact_writes_it_again(people: People) -> None:
    anna, bob = await people.pair()
    await spoil(anna, bob)
    await anna._session.vault.refresh()
    await anna._session.vault.write()
    assert [r.name for r in (await contents(anna)).contacts] == [bob.handle]


@pytest.mark.parametrize("changes", [1, 2, 3])
async def test_a_contact_that_we_do_not_know_goes_over_to_the_new_key(
    people: People, changes: int
) -> None:
    """P3: two keys are kept; what was under a third shut the whole vault."""
    anna, bob = await people.pair()
    await anna._session.vault.write()
    anna._session.books.contacts.remove(bob._session.books.account)
    for _ in range(changes):
        await change_key(anna)
    await anna._session.vault.write()
    # Opens with the newest key alone.
    assert [r.name for r in (await contents(anna)).contacts] == [bob.handle]


async def test_a_vault_grows(people: People) -> None:
    """More contacts than slots: it grows by sixteen, whatever the number."""
    anna = await people.sign_up("anna")
    vault = anna._session.vault
    real = vault._items

    def many() -> dict[bytes, bytes]:
        items = real()
        template = items[b"account"]
        return items | {bytes([n]) * 16: template for n in range(20)}

    vault._items = many  # type: ignore[method-assign]
    await vault.write()
    assert len((await anna._session.device_api.vault()).slots) == 2 * FIRST_SLOTS + PAGES_PER_WRITE
