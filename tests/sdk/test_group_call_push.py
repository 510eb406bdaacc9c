"""Devices that are away are rung for calls of groups by the same push as for calls of two."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from tests.sdk.conftest import MANY, People, settle
from tests.sdk.group_call_ends import ends
from tests.sdk.groups import group_of
from tests.sdk.test_devices import link_device
from tests.sdk.test_group_calls import all_hear, listening
from tests.server.people import bearer
from tests.server.push_endpoint import Browser, PushEndpoint, push_endpoint

from visavis.sdk import group_call_ringing
from visavis.sdk.client import Client
from visavis.server.push_message import MESSAGE_BYTES
from visavis.server.pusher import GRACE_S
from visavis.testing.server import running_server


@contextlib.asynccontextmanager
async def rung_by_push(folder: Path) -> AsyncIterator[tuple[People, PushEndpoint]]:
    """Give people on a server that may push to one loopback endpoint."""
    async with (
        push_endpoint() as endpoint,
        running_server(folder, free_attempts=MANY, push_services=[endpoint.host]) as server,
    ):
        people = People(server, folder)
        try:
            yield people, endpoint
        finally:
            await people.close()


async def subscribe(client: Client, endpoint: PushEndpoint, path: str) -> Browser:
    """Have a device rung by push, as a browser asks for it."""
    browser = endpoint.browser(path)
    origin, token = client._session.books.profile.origin, client._session.books.profile.token
    async with httpx.AsyncClient(base_url=origin, trust_env=False) as http:
        answer = await http.put("/v1/push", json=browser.registration(), headers=bearer(token))
    assert answer.status_code == 200, answer.text
    return browser


async def test_a_call_of_a_group_rings_a_closed_device_by_the_one_message(tmp_path: Path) -> None:
    async with rung_by_push(tmp_path) as (people, endpoint):
        group, (anna, bob) = await group_of(people, "Choir", "anna", "bob")
        browser = await subscribe(bob, endpoint, "/push/bob")
        await people.close(bob)
        await anna.send_group_message(group, "who comes tonight?")
        await asyncio.sleep(GRACE_S + 1)
        assert endpoint.got == [], "a message does not ring"
        call = await anna.call_group(group, **ends())
        await endpoint.wait(1)
        [push] = endpoint.got
        assert browser.open_message(push.body) == b"ring"
        assert len(push.body) == MESSAGE_BYTES
        assert "topic" not in push.headers
        # The device that was woken finds what rings.
        bob = await people.open("bob")
        [waiting] = await listening(bob)
        bobs = await (await waiting).accept(**ends())
        await all_hear(call, bobs, count=2)
        await call.leave()
        await bobs.leave()


async def test_coming_in_later_rings_no_device_of_ones_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with rung_by_push(tmp_path) as (people, endpoint):
        group, (anna, bob) = await group_of(people, "Choir", "anna", "bob")
        other = await link_device(people, bob, "other")
        await settle(anna, bob, other)
        await subscribe(other, endpoint, "/push/other")
        call = await anna.call_group(group, **ends())
        await settle(bob, other)
        await people.close(other)
        # It rings no longer: nothing that is said then may wake what is closed.
        monkeypatch.setattr(group_call_ringing, "RING_S", 0)
        await asyncio.sleep(1.5)
        bobs = await bob.call_group(group, **ends())
        await all_hear(call, bobs, count=2)
        await asyncio.sleep(GRACE_S + 1)
        assert endpoint.got == []
        # The control: while it may still ring there, they are told, and that is a push.
        await bobs.leave()
        monkeypatch.setattr(group_call_ringing, "RING_S", 3600)
        bobs = await bob.call_group(group, **ends())
        await endpoint.wait(1)
        await bobs.leave()
        await call.leave()
