"""Sequencers over HTTP: one winner per epoch, only members write, everybody pulls (P8)."""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from visavis.core import base64url
from visavis.core.envelope import BUCKETS
from visavis.ports.stored import CommitResult, NewCommit
from visavis.server import call_sequencers
from visavis.server.call_sequencers import IDLE_S, CallSequencers
from visavis.testing.raw_client import RawDevice, add_device
from visavis.testing.server import LocalServer, local_server

LIVES = ("conversation", "call")


class Web:
    def __init__(self, client: httpx.AsyncClient, device: RawDevice) -> None:
        self.client = client
        self.device = device

    async def post(self, path: str, **fields: Any) -> httpx.Response:
        body: dict[str, Any] = {
            "mailbox": self.device.mailbox,
            "capability": self.device.capabilities[0],
            **fields,
        }
        ready = {
            name: base64url.encode(value) if isinstance(value, bytes) else value
            for name, value in body.items()
        }
        return await self.client.post(f"/v1/sequencers{path}", json=ready)

    async def commit(self, handle: bytes, n: int, key: bytes, next_key: bytes) -> int:
        answer = await self.post(
            "/commit",
            handle=handle,
            n=n,
            write_key=key,
            commit=n.to_bytes(2, "big") + key + bytes(BUCKETS[0] - 34),
            next_write_key_hash=sha256(next_key).digest(),
        )
        return answer.status_code

    async def create(self, handle: bytes, key: bytes, life: str, first_n: int = 1) -> int:
        answer = await self.post(
            "",
            handle=handle,
            write_key_hash=sha256(key).digest(),
            first_n=first_n,
            life=life,
        )
        return answer.status_code

    async def pull(self, handle: bytes, after: int = -1) -> httpx.Response:
        return await self.post("/pull", handle=handle, after=after)


@contextlib.asynccontextmanager
async def web(folder: Path, **changes: Any) -> AsyncIterator[tuple[LocalServer, Web]]:
    async with (
        local_server(folder, **changes) as server,
        httpx.AsyncClient(base_url=server.origin) as client,
    ):
        store = server.served.application.services.store
        yield server, Web(client, await add_device(store, time.time()))


@pytest.mark.parametrize("life", LIVES)
async def test_commits_in_order_and_pulls(tmp_path: Path, life: str) -> None:
    async with web(tmp_path) as (_, api):
        handle, keys = os.urandom(32), [os.urandom(32) for _ in range(20)]
        assert await api.create(handle, keys[0], life, first_n=7) == 200
        for step in range(19):
            assert await api.commit(handle, 7 + step, keys[step], keys[step + 1]) == 200
        first = (await api.pull(handle)).json()
        assert [one["n"] for one in first["commits"]] == list(range(7, 23))
        assert first["next"] == 26
        rest = (await api.pull(handle, 22)).json()
        assert [one["n"] for one in rest["commits"]] == [23, 24, 25]
        assert base64url.decode(rest["commits"][0]["commit"])[2:34] == keys[16]
        assert (await api.pull(handle, 25)).json() == {"commits": [], "next": 26}


@pytest.mark.parametrize("life", LIVES)
async def test_one_of_many_wins(tmp_path: Path, life: str) -> None:
    async with web(tmp_path) as (_, api):
        handle, key = os.urandom(32), os.urandom(32)
        await api.create(handle, key, life)
        answers = await asyncio.gather(
            *(api.commit(handle, 1, key, os.urandom(32)) for _ in range(8))
        )
        assert sorted(answers) == [200] + [409] * 7
        pulled = (await api.pull(handle, 0)).json()
        assert len(pulled["commits"]) == 1
        assert pulled["next"] == 2


@pytest.mark.parametrize("life", LIVES)
async def test_a_removed_member_cannot_write(tmp_path: Path, life: str) -> None:
    """CK-402, CK-501: the old epoch's key does not open the next."""
    async with web(tmp_path) as (_, api):
        handle, old, new = os.urandom(32), os.urandom(32), os.urandom(32)
        await api.create(handle, old, life)
        assert await api.commit(handle, 1, old, new) == 200
        assert await api.commit(handle, 2, old, old) == 403
        assert await api.commit(handle, 2, os.urandom(32), old) == 403
        assert await api.commit(handle, 2, new, old) == 200  # positive control


@pytest.mark.parametrize("life", LIVES)
async def test_stale_and_future_epochs_conflict(tmp_path: Path, life: str) -> None:
    async with web(tmp_path) as (_, api):
        handle, key = os.urandom(32), os.urandom(32)
        await api.create(handle, key, life)
        assert await api.commit(handle, 0, key, key) == 409
        assert await api.commit(handle, 2, key, key) == 409
        assert await api.commit(handle, 1, key, key) == 200


async def test_a_handle_is_made_once(tmp_path: Path) -> None:
    async with web(tmp_path) as (_, api):
        for life in LIVES:
            handle = os.urandom(32)
            assert await api.create(handle, bytes(32), life) == 200
            assert await api.create(handle, bytes(32), life) == 409


async def test_unknown_handles_are_refused(tmp_path: Path) -> None:
    async with web(tmp_path) as (_, api):
        assert (await api.pull(os.urandom(32))).status_code == 403
        assert await api.commit(os.urandom(32), 1, bytes(32), bytes(32)) == 403


async def test_a_capability_is_needed(tmp_path: Path) -> None:
    async with web(tmp_path) as (server, api):
        handle, key = os.urandom(32), os.urandom(32)
        stranger = Web(api.client, RawDevice(b"", b"", api.device.mailbox, (os.urandom(32),)))
        assert await stranger.create(handle, key, "conversation") == 403
        assert await api.create(handle, key, "conversation") == 200
        assert await stranger.commit(handle, 1, key, key) == 403
        assert (await stranger.pull(handle)).status_code == 403
        del server


@pytest.mark.parametrize(
    "change",
    [
        {"n": -1},
        {"n": 2**53},
        {"n": 1.0},
        {"n": True},
        {"commit": bytes(BUCKETS[0] - 1)},
        {"commit": bytes(2000)},
        {"write_key": bytes(31)},
        {"handle": "not base64url!"},
        {"extra": 1},
    ],
)
async def test_malformed_offers_are_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    async with web(tmp_path) as (_, api):
        good: dict[str, Any] = {
            "handle": os.urandom(32),
            "n": 1,
            "write_key": bytes(32),
            "commit": bytes(BUCKETS[0]),
            "next_write_key_hash": bytes(32),
        }
        await api.create(good["handle"], good["write_key"], "conversation")
        assert (await api.post("/commit", **{**good, **change})).status_code == 400
        assert (await api.post("/commit", **good)).status_code == 200


async def test_conversations_survive_a_restart_and_calls_do_not(tmp_path: Path) -> None:
    handles = {life: os.urandom(32) for life in LIVES}
    key = os.urandom(32)
    async with web(tmp_path) as (_, api):
        device = api.device
        for life, handle in handles.items():
            await api.create(handle, key, life)
            assert await api.commit(handle, 1, key, key) == 200
    async with web(tmp_path) as (_, api):
        api.device = device
        assert len((await api.pull(handles["conversation"])).json()["commits"]) == 1
        assert (await api.pull(handles["call"])).status_code == 403


def offer(handle: bytes, n: int, size: int = 1) -> NewCommit:
    return NewCommit(handle, n, bytes(32), bytes(size), bytes(32))


def test_calls_end_a_day_after_they_were_last_used() -> None:
    sequencers = CallSequencers()
    sequencers.create(b"a", 1, bytes(32), 0)
    sequencers.create(b"b", 1, bytes(32), 0)
    assert sequencers.append(offer(b"a", 1), IDLE_S - 1) is CommitResult.ACCEPTED
    sequencers.sweep(IDLE_S)
    assert len(sequencers) == 1
    assert sequencers.pull(b"b", 0, IDLE_S, limit=1) is None
    assert sequencers.pull(b"a", 0, 3 * IDLE_S, limit=1) is None, "also before the sweep"
    assert sequencers._bytes == 0


def test_memory_of_calls_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_sequencers, "MAX_SEQUENCERS", 3)
    monkeypatch.setattr(call_sequencers, "MAX_BYTES", 10)
    sequencers = CallSequencers()
    for number in range(5):
        assert sequencers.create(bytes([number]), 1, bytes(32), number)
    assert len(sequencers) == 3
    assert sequencers.pull(b"\x00", 0, 5, limit=1) is None, "the oldest went"
    assert sequencers.append(offer(b"\x04", 1, 10), 5) is CommitResult.ACCEPTED
    assert sequencers.append(offer(b"\x03", 1, 1), 5) is CommitResult.CONFLICT
    sequencers._remove(b"\x04")
    assert sequencers.append(offer(b"\x03", 1, 1), 5) is CommitResult.ACCEPTED
