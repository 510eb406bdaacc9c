"""A story of five devices: two people, lost and found, over restarts and a killed server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from tests.sdk.conftest import PASSWORD, People, settle, texts
from tests.sdk.test_devices import link_device

from visavis.sdk.client import Client
from visavis.testing.server import RunningServer, loopback_config


@pytest_asyncio.fixture
async def people(tmp_path: Path) -> AsyncIterator[People]:
    server = RunningServer(loopback_config(tmp_path / "data"))
    await server.start()
    made = People(server, tmp_path)
    try:
        yield made
    finally:
        await made.close()
        await server.stop()


async def said_to(client: Client, prefix: str) -> list[str]:
    return texts(await client.history(await client.find_contact(prefix)))


async def say(client: Client, prefix: str, text: str) -> None:
    await client.send_message(await client.find_contact(prefix), text)


async def test_two_homes(people: People) -> None:
    # Anna and Bob meet by a link while Anna's laptop sleeps.
    laptop = await people.sign_up("anna")
    link, code, handle = await laptop.create_invite(), laptop.recovery_code, laptop.handle
    await people.close(laptop)
    bob = await people.sign_up("bob")
    assert await bob.accept_invite(link, wait_s=0) is None
    laptop = await people.open("anna")
    await settle(laptop, bob)
    await say(bob, "anna", "1 found you")
    number = await bob.safety_number(await bob.find_contact("anna"))

    # Each gets a second device; the server is killed in between.
    phone = await link_device(people, laptop, "phone")
    await people.server.kill()
    await say(bob, "anna", "2 is it down?")
    await people.server.start()
    desk = await link_device(people, bob, "desk")
    everybody = [laptop, phone, bob, desk]
    await settle(*everybody)
    await say(desk, "anna", "3 from my desk")
    await settle(*everybody)
    for device in (laptop, bob):
        other = "bob" if device is laptop else "anna"
        assert await said_to(device, other) == ["1 found you", "2 is it down?", "3 from my desk"]
    # A device reads what was said since it came, not before.
    assert "3 from my desk" in await said_to(phone, "bob")

    # Anna's laptop falls into the sea; the phone shuts it out.
    await people.close(laptop)
    lost = next(d for d in await phone.devices() if not d.current)
    await phone.revoke(lost, PASSWORD)
    await settle(phone, bob, desk)
    assert (await bob.find_contact("anna")).devices == 1
    await say(phone, "bob", "4 the laptop is gone")

    # Then the phone is lost too: only the recovery code is left.
    await phone._session.vault.write()
    await people.close(phone)
    tablet = await people.login("tablet", handle, recovery_code=code, lost_devices=True)
    await settle(bob, desk, tablet)
    await say(tablet, "bob", "5 back again")
    await settle(bob, desk)
    await say(desk, "anna", "6 good to hear")
    await settle(bob, desk, tablet)
    assert await said_to(bob, "anna") == [
        "1 found you",
        "2 is it down?",
        "3 from my desk",
        "4 the laptop is gone",
        "5 back again",
        "6 good to hear",
    ]
    assert (await said_to(tablet, "bob"))[-1] == "6 good to hear"
    assert await bob.safety_number(await bob.find_contact("anna")) == number
    assert await tablet.safety_number(await tablet.find_contact("bob")) == number
    groups = [client._session.books.groups for client in (bob, desk, tablet)]
    tokens = set()
    for books in groups:
        record = next(r for r in books.all() if r.kind == "conversation")
        tokens.add(books.state(record).epoch_authenticator)
        assert len(books.members(record)) == 3
    assert len(tokens) == 1
