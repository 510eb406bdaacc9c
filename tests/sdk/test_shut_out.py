"""A device that is shut out erases what it holds, on its account's signed word alone (R-10)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from tests.sdk.conftest import PASSWORD, People, settle, texts
from tests.sdk.test_devices import link_device

from visavis.core.errors import AuthorizationError, Code
from visavis.core.farewell import sign_farewell
from visavis.core.ids import AccountId, DeviceId
from visavis.sdk.client import Client

Signer = Callable[[bytes, AccountId, DeviceId], bytes]

FORGED: dict[str, Signer] = {
    "another key": lambda _, account, device: sign_farewell(bytes(32), account, device),
    "another device": lambda key, account, _: sign_farewell(key, account, DeviceId(bytes(16))),
    "another account": lambda key, _, device: sign_farewell(key, AccountId(bytes(16)), device),
    "no signature": lambda *_: bytes(64),
}


async def test_a_device_that_is_shut_out_erases_what_it_holds(people: People) -> None:
    """At once where it is at work, and when it next comes where it was off."""
    anna, bob = await people.pair()
    at_work = await link_device(people, anna, "tablet")
    in_a_drawer = await link_device(people, anna, "phone")
    await settle(anna, at_work, in_a_drawer, bob)
    await bob.send_message(await bob.find_contact("anna"), "a secret")
    await settle(anna, at_work, in_a_drawer)
    await people.close(in_a_drawer)
    copy = (people.profile("phone") / "store.db").open("rb")
    for device in [one for one in await anna.devices() if not one.current]:
        await anna.revoke(device.short_id, PASSWORD)
    async with asyncio.timeout(60):
        while people.profile("tablet").exists():
            await asyncio.sleep(0.05)
    with pytest.raises(AuthorizationError) as refused:
        await at_work.sync()
    assert refused.value.code is Code.SHUT_OUT

    assert any(copy.read()), "the control: until it is told, it has everything"
    in_a_drawer = await people.open("phone")
    with pytest.raises(AuthorizationError) as refused:
        await in_a_drawer.sync()
    assert refused.value.code is Code.SHUT_OUT
    await people.close(in_a_drawer)
    assert not people.profile("phone").exists()
    copy.seek(0)
    assert not any(copy.read()), "its blocks are overwritten, not only let go"
    copy.close()
    with pytest.raises(AuthorizationError) as gone:
        await people.open("phone")
    assert gone.value.code is Code.STORE_LOCKED

    await anna.sync()
    assert texts(await anna.history(await anna.find_contact("bob"))) == ["a secret"]


@pytest.mark.parametrize("forged", FORGED)
async def test_a_servers_word_alone_erases_nothing(
    people: People, monkeypatch: pytest.MonkeyPatch, forged: str
) -> None:
    """CK-750: it can refuse a device, and leave it any 64 bytes but those."""
    anna = await people.sign_up("anna")
    tablet = await link_device(people, anna, "tablet")
    await settle(anna, tablet)
    device = next(one for one in await anna.devices() if not one.current)
    monkeypatch.setattr("visavis.sdk.login.sign_farewell", FORGED[forged])
    await anna.revoke(device.short_id, PASSWORD)
    await _still_has_everything(people, tablet)


async def test_a_device_that_is_only_refused_erases_nothing(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CK-750: one whose row ended after two years of rest, say."""
    anna = await people.sign_up("anna")
    tablet = await link_device(people, anna, "tablet")
    await settle(anna, tablet)

    async def nothing(_api: object) -> None:
        return None

    monkeypatch.setattr("visavis.transport.device_api.DeviceApi.farewell", nothing)
    device = next(one for one in await anna.devices() if not one.current)
    await anna.revoke(device.short_id, PASSWORD)
    await _still_has_everything(people, tablet)


async def _still_has_everything(people: People, tablet: Client) -> None:
    """Say that the tablet is refused, and opens with what it held."""
    await tablet.set_settings(keep=77)
    with pytest.raises(AuthorizationError) as refused:
        await tablet.sync()
    assert refused.value.code is Code.REFUSED
    await people.close(tablet)
    again = await people.open("tablet")
    assert (await again.settings()).keep == 77
