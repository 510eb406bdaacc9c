"""A contact that was removed leaves the vault, and does not come back with the next recovery."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.sdk.conftest import People, settle
from tests.sdk.test_vault import change_key, contents

from visavis.core.ids import AccountId
from visavis.sdk.client import Client
from visavis.sdk.vault_slots import FIRST_SLOTS, PAGES_PER_WRITE, SLOTS_PER_WRITE
from visavis.transport.device_api import DeviceApi


async def forget(client: Client, name: str) -> None:
    await client.forget_contact(await client.find_contact(name))


def removed(client: Client) -> int:
    return client._session.books.store.count("vault.removed")


async def test_a_removed_contact_does_not_come_back(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It leaves the vault within the hour, in a write like every other."""
    anna, _ = await people.pair()
    carol = await people.sign_up("carol")
    await people.befriend(anna, carol)
    await anna._session.vault.write()
    sizes: list[int] = []
    write = DeviceApi.write_vault

    async def watch(
        self: DeviceApi, counter: int, manifest: bytes, put: dict[bytes, bytes], delete: Any = ()
    ) -> None:
        sizes.append(len(put))
        await write(self, counter, manifest, put, delete)

    monkeypatch.setattr(DeviceApi, "write_vault", watch)
    await forget(anna, "bob")
    session = anna._session
    now = session.books.now()
    assert now - 60 <= session.vault.due_at <= now + 3_600
    session.books.now = lambda: now + 3_601  # type: ignore[method-assign]
    await anna.sync()
    assert [r.name for r in (await contents(anna)).contacts] == [carol.handle]
    assert (sizes, removed(anna)) == ([SLOTS_PER_WRITE + PAGES_PER_WRITE], 0)
    handle, code = anna.handle, anna.recovery_code
    await people.close(anna)
    again = await people.login("again", handle, recovery_code=code)
    assert [c.name for c in await again.contacts()] == [carol.handle]


@pytest.mark.parametrize("changes", [1, 3])
async def test_a_removed_contact_is_not_carried_to_a_new_key(people: People, changes: int) -> None:
    anna, _ = await people.pair()
    await anna._session.vault.write()
    await forget(anna, "bob")
    for _ in range(changes):
        await change_key(anna)
    assert (await contents(anna)).contacts == ()


async def test_a_removed_contact_stays_while_another_device_has_it(people: People) -> None:
    """A device keeps what the person did not remove there; once taken out is enough."""
    anna, bob = await people.pair()
    await anna._session.vault.write()
    handle, code = anna.handle, anna.recovery_code
    other = await people.login("other", handle, recovery_code=code)
    await settle(anna, other, bob)
    await forget(anna, "bob")
    await anna._session.vault.write()
    assert (await contents(anna)).contacts == ()
    await other._session.vault.write()
    for _ in range(2):
        assert [r.name for r in (await contents(anna)).contacts] == [bob.handle]
        await anna._session.vault.write()
    await forget(other, "bob")
    await other._session.vault.write()
    await anna._session.vault.write()
    assert (await contents(anna)).contacts == ()


async def test_a_contact_that_is_back_before_the_write_stays(people: People) -> None:
    anna, bob = await people.pair()
    await anna._session.vault.write()
    await forget(anna, "bob")
    await forget(bob, "anna")
    await people.befriend(anna, bob)
    assert removed(anna) == 1
    await anna._session.vault.write()
    assert [r.name for r in (await contents(anna)).contacts] == [bob.handle]
    assert removed(anna) == 0


async def test_what_is_removed_during_a_write_goes_with_the_next(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, bob = await people.pair()
    write = DeviceApi.write_vault

    async def meanwhile(*args: Any, **kwargs: Any) -> None:
        monkeypatch.setattr(DeviceApi, "write_vault", write)
        await forget(anna, "bob")
        await write(*args, **kwargs)

    monkeypatch.setattr(DeviceApi, "write_vault", meanwhile)
    await anna._session.vault.write()
    assert [r.name for r in (await contents(anna)).contacts] == [bob.handle]
    assert anna._session.vault.due_at > 0
    await anna._session.vault.write()
    assert (await contents(anna)).contacts == ()


async def test_more_removed_ones_than_fit_a_write_go_with_the_next(people: People) -> None:
    anna, _ = await people.pair()
    vault = anna._session.vault
    books = anna._session.books
    real = vault._items
    strangers = [bytes([n]) * 16 for n in range(6)]

    def many() -> dict[bytes, bytes]:
        items = real()
        (template,) = [item for key, item in items.items() if key != b"account"]
        return items | dict.fromkeys(strangers, template)

    vault._items = many  # type: ignore[method-assign]
    for _ in range(2):
        await vault.write()
    vault._items = real  # type: ignore[method-assign]
    for stranger in strangers:
        vault.removed(AccountId(stranger))

    def held() -> set[bytes]:
        return {data[32:] for _, data in books.store.items("vault.slot")}

    await vault.write()
    assert len(held().intersection(strangers)) == len(strangers) - SLOTS_PER_WRITE
    assert vault.due_at > 0
    await vault.write()
    assert not held().intersection(strangers)
    assert removed(anna) == 0


async def test_a_key_that_changes_during_a_write_is_not_forgotten(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P3: the write under way has not rewritten every slot."""
    anna, _ = await people.pair()
    await anna._session.vault.write()
    sizes: list[int] = []
    write = DeviceApi.write_vault
    changing: list[asyncio.Future[None]] = []

    async def meanwhile(
        self: DeviceApi, counter: int, manifest: bytes, put: dict[bytes, bytes], delete: Any = ()
    ) -> None:
        sizes.append(len(put))
        if not changing:
            changing.append(asyncio.ensure_future(change_key(anna)))
            await asyncio.sleep(0)  # it has said what it wants, and waits for its turn
        await write(self, counter, manifest, put, delete)

    monkeypatch.setattr(DeviceApi, "write_vault", meanwhile)
    await anna._session.vault.write()
    await changing[0]
    assert sizes == [
        SLOTS_PER_WRITE + PAGES_PER_WRITE,
        FIRST_SLOTS + PAGES_PER_WRITE,
    ]
