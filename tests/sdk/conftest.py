"""One server, and people on it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from visavis.sdk.client import Client, Contact
from visavis.sdk.unlock import insecure_for_tests_cheap_kdf
from visavis.testing.server import RunningServer, loopback_config, running_server

PASSWORD = "seven purple otters juggle"
MANY = 1_000_000
"""Logins that cost no work: all tests come from one address, on one day."""


class People:
    """Makes people and devices, and closes what is left open."""

    def __init__(
        self, server: RunningServer, folder: Path, *, allow_loopback: bool = False
    ) -> None:
        self.server = server
        self._allow_loopback = allow_loopback
        self.folder = folder
        self._open: list[Client] = []

    def profile(self, name: str) -> Path:
        return self.folder / name

    async def sign_up(self, name: str, password: str = PASSWORD) -> Client:
        client = await Client.signup(
            self.profile(name),
            self.server.origin,
            self.server.signup_link(),
            name,
            password,
            kdf=insecure_for_tests_cheap_kdf(),
            allow_loopback=self._allow_loopback,
        )
        self._open.append(client)
        return client

    async def open(self, name: str, password: str = PASSWORD) -> Client:
        client = await Client.open(self.profile(name), password)
        self._open.append(client)
        return client

    async def login(self, name: str, handle: str, **kwargs: Any) -> Client:
        client = await Client.login(
            self.profile(name),
            self.server.origin,
            handle,
            kwargs.pop("password", PASSWORD),
            kdf=insecure_for_tests_cheap_kdf(),
            **kwargs,
        )
        self._open.append(client)
        return client

    async def pair(self, one: str = "anna", other: str = "bob") -> tuple[Client, Client]:
        first, second = await self.sign_up(one), await self.sign_up(other)
        await self.befriend(first, second)
        return first, second

    async def befriend(self, inviter: Client, requester: Client) -> Contact:
        contact = await requester.accept_invite(await inviter.create_invite(), wait_s=10)
        assert contact is not None, (state_of(inviter), state_of(requester))
        await settle(inviter, requester)
        return contact

    async def close(self, *clients: Client) -> None:
        for client in clients or list(self._open):
            if client in self._open:
                self._open.remove(client)
                await client.close()


def state_of(client: Client) -> dict[str, Any]:
    """What to look at when something did not come."""
    session = client._session
    return {
        "dropped": session.books.counters.dropped,
        "outbox": session.outbox.waiting(),
        "kept": session.inbox.kept,
        "connected": session.receiver.connected,
        "stopped": session.receiver.stopped,
        "failed": session.housekeeping.failed or session.inbox.failed,
        "dirty": len(session.membership.dirty),
    }


async def settle(*clients: Client, rounds: int = 3) -> None:
    """Let every device read and answer until nothing is under way."""
    for _ in range(rounds):
        for client in clients:
            await client.sync()


def texts(messages: list[Any]) -> list[str]:
    return [message.text for message in messages]


def drops(client: Client) -> dict[str, int]:
    return client._session.books.counters.dropped


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Give the server that tests share: nobody kills it, or looks at everything it holds."""
    folder = tmp_path_factory.mktemp("server")
    running = RunningServer(loopback_config(folder / "data", free_attempts=MANY))
    asyncio.run(running.start())
    try:
        yield running
    finally:
        asyncio.run(running.stop())


@pytest_asyncio.fixture
async def people(server: RunningServer, tmp_path: Path) -> AsyncIterator[People]:
    made = People(server, tmp_path)
    try:
        yield made
    finally:
        await made.close()


@pytest_asyncio.fixture
async def own(tmp_path: Path) -> AsyncIterator[People]:
    """Give people on a server of their own, which a test may kill or look through."""
    async with running_server(tmp_path, free_attempts=MANY) as server:
        made = People(server, tmp_path)
        try:
            yield made
        finally:
            await made.close()


def folder_bytes(folder: Path) -> bytes:
    """Everything in a folder, names included."""
    found = []
    for where, _, names in os.walk(folder):
        for name in names:
            found.append(name.encode())
            found.append((Path(where) / name).read_bytes())
    return b"\n".join(found)
