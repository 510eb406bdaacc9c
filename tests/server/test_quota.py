"""Quotas: of sends, per capability, in memory, bounded."""

import os
import time
from pathlib import Path

import httpx
import pytest

from visavis.core import base64url
from visavis.core.envelope import BUCKETS
from visavis.ports.blobs import MAX_BLOB_BYTES
from visavis.server.backlog import RECOUNT_S, Backlog
from visavis.server.frames import Status
from visavis.server.quotas import DAY_S, LIMITS, MINUTE_S, Limit, Quotas, Spend
from visavis.testing.clock import VirtualClock
from visavis.testing.raw_client import add_device, receiver, sender
from visavis.testing.server import local_server

CALL, DURABLE = 0, 1
KEY = bytes(32)


def test_four_of_the_largest_files_a_day() -> None:
    """CK-470: a blob is paid for with its seal, which must not cost the fourth."""
    quotas = Quotas()
    spent = [quotas.spend(Spend.BLOB, KEY, MAX_BLOB_BYTES, 0.0) for _ in range(5)]
    assert spent == [True, True, True, True, False]


def test_thirty_call_envelopes_a_minute_and_one_mebibyte_a_day() -> None:
    """CK-470: the numbers of docs/protocol/delivery.md; ADR 10 for the first."""
    assert LIMITS[Spend.CALL] == Limit(30, 60.0)
    assert LIMITS[Spend.DURABLE] == Limit(1 << 20, 86_400.0)
    assert LIMITS[Spend.KEY_PACKAGE] == Limit(10, 86_400.0)


@pytest.mark.parametrize("kind", list(Spend))
def test_what_is_left_and_when_it_returns(kind: Spend) -> None:
    """CK-470"""
    limit = LIMITS[kind]
    quotas = Quotas()
    assert quotas.spend(kind, KEY, limit.amount - 1, 0)
    assert not quotas.spend(kind, KEY, 2, 1)
    assert quotas.spend(kind, KEY, 1, 1), "a refused amount is not taken"
    assert not quotas.spend(kind, KEY, 1, limit.period_s - 1)
    assert quotas.spend(kind, KEY, limit.amount, limit.period_s)


def test_capabilities_and_kinds_do_not_share() -> None:
    quotas = Quotas({Spend.CALL: Limit(1, MINUTE_S), Spend.TURN: Limit(1, DAY_S)})
    assert quotas.spend(Spend.CALL, KEY, 1, 0)
    assert quotas.spend(Spend.CALL, bytes(31) + b"1", 1, 0)
    assert quotas.spend(Spend.TURN, KEY, 1, 0)
    assert not quotas.spend(Spend.CALL, KEY, 1, 0)


def test_given_back_can_be_spent_again() -> None:
    quotas = Quotas({Spend.DURABLE: Limit(10, DAY_S)})
    assert quotas.spend(Spend.DURABLE, KEY, 10, 0)
    quotas.give_back(Spend.DURABLE, KEY, 4)
    quotas.give_back(Spend.DURABLE, b"unknown", 4)
    assert not quotas.spend(Spend.DURABLE, KEY, 5, 0)
    assert quotas.spend(Spend.DURABLE, KEY, 4, 0)


def test_memory_is_bounded() -> None:
    quotas = Quotas(max_entries=100)
    for number in range(10_000):
        quotas.spend(Spend.CALL, number.to_bytes(32, "big"), 1, 0)
        assert len(quotas) <= 100
    quotas.sweep(MINUTE_S - 1)
    assert len(quotas) > 0
    quotas.sweep(MINUTE_S)
    assert len(quotas) == 0


def test_renewed_windows_are_not_swept_with_old_ones() -> None:
    quotas = Quotas()
    quotas.spend(Spend.CALL, KEY, 1, 0)
    quotas.spend(Spend.CALL, bytes(31) + b"1", 1, 30)
    quotas.spend(Spend.CALL, KEY, 30, 60)  # renewed: now younger than the other
    quotas.sweep(95)
    assert not quotas.spend(Spend.CALL, KEY, 1, 96)
    quotas.forget(KEY)
    assert quotas.spend(Spend.CALL, KEY, 10, 96)


@pytest.mark.long
async def test_the_thirty_first_call_envelope_is_refused_online_and_offline(tmp_path: Path) -> None:
    """CK-470: answers are alike whether or not the device is connected."""
    async with local_server(tmp_path) as server, sender(server.origin) as out:
        store = server.served.application.services.store
        device = await add_device(store, time.time())
        body = os.urandom(BUCKETS[0])
        answers = {}
        async with receiver(server.origin, device.token):
            answers["online"] = [
                await out.send(CALL, device.mailbox, device.capabilities[0], body)
                for _ in range(32)
            ]
        answers["offline"] = [
            await out.send(CALL, device.mailbox, device.capabilities[1], body) for _ in range(32)
        ]
        expected = [Status.ACCEPTED] * 30 + [Status.QUOTA] * 2
        assert answers == {"online": expected, "offline": expected}


async def test_one_mebibyte_of_durable_a_day(tmp_path: Path) -> None:
    """CK-470: what was acknowledged counts too; sends count, not backlog."""
    async with local_server(tmp_path) as server, sender(server.origin) as out:
        store = server.served.application.services.store
        device = await add_device(store, time.time())
        body = os.urandom(BUCKETS[3])
        async with receiver(server.origin, device.token) as inbox:
            for _ in range(4):
                status = await out.send(DURABLE, device.mailbox, device.capabilities[0], body)
                assert status is Status.ACCEPTED
                await inbox.acknowledge(await inbox.next())
            small = os.urandom(BUCKETS[0])
            assert (
                await out.send(DURABLE, device.mailbox, device.capabilities[0], small)
                is Status.QUOTA
            )
            assert (
                await out.send(DURABLE, device.mailbox, device.capabilities[1], small)
                is Status.ACCEPTED
            )


async def test_a_full_mailbox_answers_quota_and_recovers(tmp_path: Path) -> None:
    """CK-476"""
    size = BUCKETS[0]
    async with (
        local_server(tmp_path, mailbox_backlog_bytes=3 * size) as server,
        sender(server.origin) as out,
    ):
        store = server.served.application.services.store
        device, other = [await add_device(store, time.time()) for _ in range(2)]

        async def send_to(target: object = device) -> Status:
            return await out.send(
                DURABLE,
                target.mailbox,  # type: ignore[attr-defined]
                target.capabilities[0],  # type: ignore[attr-defined]
                os.urandom(size),
            )

        assert [await send_to() for _ in range(4)] == [Status.ACCEPTED] * 3 + [Status.QUOTA]
        assert await send_to(other) is Status.ACCEPTED
        async with receiver(server.origin, device.token) as inbox:
            await inbox.acknowledge(*[await inbox.next() for _ in range(3)])
            await inbox.nothing(0.2)
        server.served.delivery._backlog._counted_at = float("-inf")  # a minute later
        assert await send_to() is Status.ACCEPTED


class CountingStore:
    """Only what Backlog asks for."""

    def __init__(self) -> None:
        self.bytes: dict[bytes, int] = {}
        self.asked = 0

    async def stored_bytes(self, today: int) -> dict[bytes, int]:
        self.asked += 1
        return dict(self.bytes)


async def test_backlog_asks_the_store_at_most_once_a_minute() -> None:
    store, clock = CountingStore(), VirtualClock()
    backlog = Backlog(store, clock, bound=10)  # type: ignore[arg-type]
    store.bytes = {KEY: 10}
    await backlog.recount()
    await clock.advance(RECOUNT_S)
    for _ in range(100):
        assert not await backlog.admit(KEY, 1)
    assert store.asked == 2
    store.bytes = {}
    assert not await backlog.admit(KEY, 1)
    await clock.advance(RECOUNT_S)
    assert await backlog.admit(KEY, 10)
    assert not await backlog.admit(KEY, 1)
    assert store.asked == 3


async def test_ten_key_packages_a_day_and_refusals_alike(tmp_path: Path) -> None:
    async with local_server(tmp_path) as server, httpx.AsyncClient(base_url=server.origin) as web:
        services = server.served.application.services
        device = await add_device(services.store, time.time())
        one_time = [os.urandom(100) for _ in range(2)]
        await services.store.put_key_packages(
            device.device_id, one_time, b"last resort", services.today()
        )

        async def fetch(mailbox: bytes, capability: bytes) -> httpx.Response:
            body = {
                "mailbox": base64url.encode(mailbox),
                "capability": base64url.encode(capability),
            }
            return await web.post("/v1/key-packages/fetch", json=body)

        got = []
        for _ in range(10):
            answer = await fetch(device.mailbox, device.capabilities[0])
            assert answer.status_code == 200
            got.append(base64url.decode(answer.json()["key_package"]))
        assert sorted(got[:2]) == sorted(one_time), "each one-time package is given out once"
        assert set(got[2:]) == {b"last resort"}
        assert (await fetch(device.mailbox, device.capabilities[0])).status_code == 429
        unknown = await fetch(device.mailbox, os.urandom(32))
        nowhere = await fetch(os.urandom(16), device.capabilities[0])
        assert unknown.status_code == nowhere.status_code == 403
        assert unknown.content == nowhere.content
        empty = await add_device(services.store, time.time())
        assert (await fetch(empty.mailbox, empty.capabilities[0])).status_code == 503
