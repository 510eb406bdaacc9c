"""A call to a device that is away rings through its push service: with what, and no more."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
import pytest
from tests.server.people import bearer
from tests.server.push_endpoint import (
    Browser,
    PushEndpoint,
    check_vapid,
    point,
    push_endpoint,
)
from tests.server.test_faults import Counter

from visavis.core import base64url
from visavis.core.envelope import BUCKETS
from visavis.ports.clock import DAY_S, day_of
from visavis.ports.push import PushSubscription
from visavis.server import housekeeping
from visavis.server.frames import Status
from visavis.server.push_message import MESSAGE_BYTES
from visavis.server.push_services import parse_services
from visavis.server.push_subscriptions import SEALED_BYTES
from visavis.server.pusher import GAP_S, GRACE_S, PATIENCE_S, PER_MINUTE
from visavis.server.send import SendEndpoint
from visavis.server.services import Services
from visavis.testing.clock import VirtualClock
from visavis.testing.raw_client import RawDevice, RawSender, add_device, receiver, sender
from visavis.testing.server import LocalServer, local_server

CALL, DURABLE = 0, 1


@dataclass
class Scene:
    """A server that may push to one loopback endpoint, and somebody who sends."""

    server: LocalServer
    endpoint: PushEndpoint
    http: httpx.AsyncClient
    out: RawSender
    clock: VirtualClock

    async def device(
        self, *, on: bool = True, path: str = "/push/abc"
    ) -> tuple[RawDevice, Browser]:
        store = self.server.served.application.services.store
        device = await add_device(store, self.clock.now())
        browser = self.endpoint.browser(path)
        if on:
            answer = await self.put(device, browser.registration())
            assert answer.status_code == 200, answer.text
        return device, browser

    async def put(self, device: RawDevice, body: Any) -> httpx.Response:
        return await self.http.put("/v1/push", json=body, headers=bearer(device.token))

    async def is_on(self, device: RawDevice) -> bool:
        answer = await self.http.get("/v1/push", headers=bearer(device.token))
        return bool(answer.json()["on"])

    async def call(self, device: RawDevice, size: int = BUCKETS[0], kind: int = CALL) -> None:
        status = await self.out.send(kind, device.mailbox, device.capabilities[0], os.urandom(size))
        assert status is Status.ACCEPTED

    async def pass_time(self, seconds: float) -> None:
        """Let virtual time pass, and what it woke come to its end."""
        await settle()
        await self.clock.advance(seconds)
        await settle()

    async def rung(self, device: RawDevice) -> int:
        """Call, wait out the grace, and return how many pushes came for it."""
        before = len(self.endpoint.got)
        await self.call(device)
        await self.pass_time(GRACE_S + 0.01)
        return len(self.endpoint.got) - before


async def settle() -> None:
    for _ in range(30):  # the database's thread and two sockets have to have their turns
        await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def scene(folder: Path, **changes: Any) -> AsyncIterator[Scene]:
    clock, honest, first = VirtualClock(), housekeeping.daily, asyncio.Event()

    async def daily(services: Services) -> None:
        await honest(services)
        first.set()

    with mock.patch.object(housekeeping, "daily", daily):
        async with push_endpoint() as endpoint:
            changes.setdefault("push_services", [endpoint.host])
            async with (
                local_server(folder, clock, **changes) as server,
                httpx.AsyncClient(base_url=server.origin, trust_env=False) as http,
                sender(server.origin, proxy=None) as out,
            ):
                await first.wait()  # the run at the start is over: what comes now is our doing
                yield Scene(server, endpoint, http, out, clock)


async def test_a_call_to_a_device_that_is_away_pushes_one_constant_message(tmp_path: Path) -> None:
    async with scene(tmp_path) as world:
        device, browser = await world.device()
        await world.call(device)
        await settle()
        assert world.endpoint.got == [], "not within the second in which it may answer"
        await world.pass_time(GRACE_S + 0.01)
        [push] = world.endpoint.got
        assert push.path == "/push/abc"
        assert browser.open_message(push.body) == b"ring"
        claims, key = check_vapid(push.headers.pop("authorization"))
        assert claims["aud"] == f"http://{world.endpoint.host}"
        state = await world.http.get("/v1/push", headers=bearer(device.token))
        services = world.server.served.application.services
        assert key == point(services.keys.vapid().public_key())
        assert state.json()["public_key"] == base64url.encode(key)
        assert push.headers == {
            "host": world.endpoint.host,
            "user-agent": "visavis",
            "accept": "*/*",
            "accept-encoding": push.headers["accept-encoding"],
            "connection": "keep-alive",
            "content-encoding": "aes128gcm",
            "content-type": "application/octet-stream",
            "content-length": str(MESSAGE_BYTES),
            "ttl": "45",
            "urgency": "high",
        }


async def test_pushes_for_all_callers_calls_and_devices_are_alike(tmp_path: Path) -> None:
    """R-15: constant and nameless, whoever calls whom with how much."""
    async with scene(tmp_path) as world:
        plain = set()
        for size in BUCKETS:
            device, browser = await world.device(path="/same/length")
            await world.call(device, size)
            await world.pass_time(GRACE_S + 0.01)
            push = world.endpoint.got[-1]
            push.headers.pop("authorization")
            headers = tuple(sorted(push.headers.items()))
            plain.add((browser.open_message(push.body), len(push.body), headers))
            for secret in (device.account_id, device.mailbox, *device.capabilities):
                assert secret not in push.body
                assert secret.hex() not in str(push.headers)
        assert len(world.endpoint.got) == len(BUCKETS)
        assert len(plain) == 1


async def test_a_device_that_acknowledges_gets_no_push(tmp_path: Path) -> None:
    async with scene(tmp_path) as world:
        device, _ = await world.device()
        async with receiver(world.server.origin, device.token) as inbox:
            await world.call(device)
            await inbox.acknowledge(await inbox.next())
            await world.pass_time(GRACE_S * 2)
            await world.pass_time(PATIENCE_S)
            assert world.endpoint.got == []
            # Connected and slow: it has a few seconds more.
            assert await world.rung(device) == 0
            await inbox.acknowledge(await inbox.next())
            await world.pass_time(PATIENCE_S)
            assert world.endpoint.got == []
            # The control: connected, and frozen.
            assert await world.rung(device) == 0
            await world.pass_time(PATIENCE_S)
            assert len(world.endpoint.got) == 1


async def test_a_woken_device_still_gets_the_invite(tmp_path: Path) -> None:
    """The whole way: pushed, connected within the ring time, and the envelope is there."""
    async with scene(tmp_path) as world:
        device, _ = await world.device()
        sent = os.urandom(BUCKETS[0])
        await world.out.send(CALL, device.mailbox, device.capabilities[0], sent)
        await world.pass_time(GRACE_S + 0.01)
        assert len(world.endpoint.got) == 1
        await world.pass_time(40)
        async with receiver(world.server.origin, device.token) as inbox:
            got = await inbox.next()
            assert got.envelope == sent
            await inbox.acknowledge(got)
        await world.pass_time(25)
        async with receiver(world.server.origin, device.token) as inbox:
            assert await inbox.nothing()


async def test_messages_do_not_ring(tmp_path: Path) -> None:
    async with scene(tmp_path) as world:
        device, _ = await world.device()
        await world.call(device, kind=DURABLE)
        await world.pass_time(5)
        assert world.endpoint.got == []
        assert await world.rung(device) == 1  # the control


async def test_the_end_of_a_call_does_not_ring_again_and_the_next_call_does(tmp_path: Path) -> None:
    """CK-535: one push while a call rings; another once the device was there, or time is over."""
    async with scene(tmp_path) as world:
        device, _ = await world.device()
        assert await world.rung(device) == 1
        await world.pass_time(44)
        assert await world.rung(device) == 0, "the caller gave up: that is an envelope too"
        await world.pass_time(GAP_S - 44)
        assert await world.rung(device) == 1
        assert await world.rung(device) == 0
        async with receiver(world.server.origin, device.token) as inbox:
            await world.call(device)
            with pytest.raises(TimeoutError):
                while True:
                    await inbox.acknowledge(await inbox.next(1))
            assert not world.server.served.delivery.bus.waits(device.mailbox, 1e12)
            await world.pass_time(GRACE_S + 0.01)
        assert await world.rung(device) == 1, "it was there, so this is a new call"


@pytest.mark.long
async def test_no_device_is_pushed_more_than_a_few_times_a_minute(tmp_path: Path) -> None:
    async with scene(tmp_path) as world:
        device, _ = await world.device()
        pusher = world.server.served.delivery.pusher
        assert pusher is not None
        count = 0
        for _ in range(PER_MINUTE * 2):
            count += await world.rung(device)
            pusher._rung[device.mailbox].again = 0  # as if it had come in between
        assert count == PER_MINUTE
        await world.pass_time(60)
        assert await world.rung(device) == 1
        await world.pass_time(120)
        pusher.sweep(world.clock.monotonic())
        assert pusher._rung == {}


@pytest.mark.long
async def test_a_subscription_that_is_gone_is_deleted_and_no_other(tmp_path: Path) -> None:
    async with scene(tmp_path) as world:
        for status, ends in (
            ("404 Not Found", True),
            ("410 Gone", True),
            ("201 Created", False),
            ("403 Forbidden", False),
            ("429 Too Many Requests", False),
            ("400 Bad Request", False),
        ):
            device, _ = await world.device()
            world.endpoint.status = status
            assert await world.is_on(device)
            assert await world.rung(device) == 1
            assert await world.is_on(device) is not ends, status
            before = len(world.endpoint.got)
            await world.pass_time(10)
            assert len(world.endpoint.got) == before, "nor is it tried again"


async def test_a_newer_subscription_outlives_the_end_of_the_older(tmp_path: Path) -> None:
    async with scene(tmp_path) as world:
        device, _ = await world.device()
        store = world.server.served.application.services.store
        old = await store.push_subscription(device.mailbox, day_of(world.clock.now()))
        assert old is not None
        await world.put(device, world.endpoint.browser("/new").registration())
        await store.delete_push_subscription(device.device_id, old.sealed)
        assert await world.is_on(device)


async def test_what_may_pass_is_tried_once_more(tmp_path: Path) -> None:
    async with scene(tmp_path) as world:
        device, _ = await world.device()
        world.endpoint.status = "503 Service Unavailable"
        assert await world.rung(device) == 1
        await world.pass_time(3)
        assert len(world.endpoint.got) == 2
        await world.pass_time(10)
        assert len(world.endpoint.got) == 2


@pytest.mark.long
async def test_no_redirect_is_followed_and_no_answer_is_read(tmp_path: Path) -> None:
    """CK-534: an answer cannot send this server anywhere."""
    async with push_endpoint() as other, scene(tmp_path) as world:
        device, _ = await world.device()
        for status in ("301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent"):
            world.endpoint.status = status
            world.endpoint.more = f"Location: http://{other.host}/caught\r\n"
            assert await world.rung(device) == 1
            await world.pass_time(GAP_S + 20)
        assert other.got == []


async def test_no_proxy_of_the_environment_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with push_endpoint() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://{proxy.host}")
        async with scene(tmp_path) as world:
            device, _ = await world.device()
            assert await world.rung(device) == 1
            assert proxy.got == []
            async with httpx.AsyncClient() as one_that_would:
                await one_that_would.get(f"http://{world.endpoint.host}/")
            assert len(proxy.got) == 1  # the control


async def test_a_service_that_says_nothing_is_left_and_the_server_stops(tmp_path: Path) -> None:
    async with asyncio.timeout(30), scene(tmp_path) as world:
        device, _ = await world.device()
        world.endpoint.silent = True
        assert await world.rung(device) == 1
        await world.call(device)  # and everything else goes on


async def test_off_unless_the_operator_names_a_service(tmp_path: Path) -> None:
    async with scene(tmp_path, push_services=[]) as world:
        assert world.server.served.delivery.pusher is None
        device, browser = await world.device(on=False)
        state = await world.http.get("/v1/push", headers=bearer(device.token))
        assert state.json() == {"public_key": None, "on": False}
        refused = await world.put(device, browser.registration())
        assert (refused.status_code, refused.json()["code"]) == (403, "refused")
        assert (await world.http.get("/v1/recipients")).json() == []
        await world.call(device)
        await world.pass_time(5)
        assert world.endpoint.got == []
        assert (await world.http.delete("/v1/push", headers=bearer(device.token))).is_success


async def test_the_recipients_are_told_to_anybody(tmp_path: Path) -> None:
    async with scene(tmp_path) as world:
        answer = await world.http.get("/v1/recipients")
        assert answer.json() == [{"kind": "push", "host": world.endpoint.host}]


async def test_a_service_taken_off_the_list_is_contacted_no_more(tmp_path: Path) -> None:
    """CK-530 again, before each request: what was stored before the list changed stays unused."""
    async with scene(tmp_path) as world:
        device, _ = await world.device()
        config = world.server.served.application.services.config
        object.__setattr__(config, "push", parse_services(["push.example.org"], local=True))
        assert await world.rung(device) == 0
        pusher = world.server.served.delivery.pusher
        assert pusher is not None
        assert pusher.failing


async def test_only_a_device_itself_says_where_it_is_rung(tmp_path: Path) -> None:
    async with scene(tmp_path) as world:
        device, browser = await world.device(on=False)
        for token in (os.urandom(48), device.token[:16] + os.urandom(32), os.urandom(32)):
            for method in ("GET", "PUT", "DELETE"):
                body = browser.registration() if method == "PUT" else None
                refused = await world.http.request(
                    method, "/v1/push", json=body, headers=bearer(token)
                )
                assert refused.status_code == 401
        assert not await world.is_on(device)


async def test_refused_registrations_change_nothing(tmp_path: Path) -> None:
    async with scene(tmp_path) as world:
        device, browser = await world.device(on=False)
        changes: list[tuple[dict[str, Any], int]] = [
            ({"endpoint": "https://fcm.googleapis.com/x"}, 403),
            ({"endpoint": "http://127.0.0.1:1/x"}, 403),
            ({"endpoint": "http://user@127.0.0.1/x"}, 400),
            ({"endpoint": ""}, 400),
            ({"p256dh": "A" * 87}, 400),
            ({"auth": "AAAA"}, 400),
            ({"extra": 1}, 400),
        ]
        for change, status in changes:
            refused = await world.put(device, browser.registration() | change)
            assert refused.status_code == status, refused.text
            assert not await world.is_on(device)
        await world.put(device, browser.registration())
        assert await world.is_on(device)  # the control


async def test_off_and_shut_out_devices_are_not_rung(tmp_path: Path) -> None:
    async with scene(tmp_path) as world:
        device, _ = await world.device()
        await world.http.delete("/v1/push", headers=bearer(device.token))
        assert not await world.is_on(device)
        assert await world.rung(device) == 0
        gone, _ = await world.device()
        await world.call(gone)
        services = world.server.served.application.services
        await services.store.delete_device(gone.account_id, gone.device_id, bytes(64), 1)
        await world.pass_time(5)
        assert world.endpoint.got == []


async def test_what_is_kept_is_sealed_of_one_length_and_nothing_of_a_push(tmp_path: Path) -> None:
    async with scene(tmp_path) as world:
        services = world.server.served.application.services
        one, _ = await world.device(path="/a")
        two, browser = await world.device(path="/" + "b" * 900)
        sealed = [
            await services.store.push_subscription(device.mailbox, services.today())
            for device in (one, two)
        ]
        assert [len(row.sealed) for row in sealed if row] == [SEALED_BYTES] * 2

        def holds(needle: bytes) -> bool:
            files = [path for path in world.server.data_dir.rglob("*") if path.is_file()]
            return any(needle in path.read_bytes() for path in files)

        for needle in (b"127.0.0.1:" + str(world.endpoint.port).encode(), b"bbbb", browser.auth):
            assert not holds(needle)
        assert sealed[1] is not None
        assert holds(sealed[1].sealed[:64]), "the control"
        before = await services.store.schema(), sealed
        files = sorted(path.name for path in world.server.data_dir.rglob("*"))
        assert await world.rung(two) == 1
        after = [
            await services.store.push_subscription(device.mailbox, services.today())
            for device in (one, two)
        ]
        assert (await services.store.schema(), after) == before, "a push leaves nothing"
        assert files == sorted(path.name for path in world.server.data_dir.rglob("*"))


async def test_a_row_moved_to_another_device_does_not_open(tmp_path: Path) -> None:
    """CK-533: whoever writes the database cannot have one device rung for another."""
    async with scene(tmp_path) as world:
        one, _ = await world.device()
        two, _ = await world.device(on=False)
        services = world.server.served.application.services
        stored = await services.store.push_subscription(one.mailbox, services.today())
        assert stored is not None
        moved = PushSubscription(two.device_id, stored.sealed)
        await services.store.put_push_subscription(moved, services.today())
        assert await world.rung(two) == 0
        assert await world.rung(one) == 1  # the control


async def test_the_key_stays_with_the_keys_folder(tmp_path: Path) -> None:
    keys = []
    for _ in range(2):
        async with scene(tmp_path) as world:
            device, _ = await world.device()
            state = await world.http.get("/v1/push", headers=bearer(device.token))
            keys.append(state.json()["public_key"])
    async with scene(tmp_path / "other") as world:
        device, _ = await world.device()
        state = await world.http.get("/v1/push", headers=bearer(device.token))
        keys.append(state.json()["public_key"])
    assert keys[0] == keys[1] != keys[2]


@pytest.mark.long
async def test_answers_and_operations_are_the_same_with_and_without_push(tmp_path: Path) -> None:
    """CK-478: to a sender nothing shows: not whether push is on, not whether a device is there."""
    async with scene(tmp_path) as world:
        endpoint = world.server.served.delivery.asgi_routes["/v1/send"]
        assert isinstance(endpoint, SendEndpoint)
        parts = endpoint._parts
        seen = {}
        originals = {name: getattr(parts, name) for name in ("quotas", "bus", "commits", "backlog")}
        for state in ("no push", "push", "connected"):
            device, _ = await world.device(on=state != "no push")
            counts: dict[str, int] = {}
            async with contextlib.AsyncExitStack() as stack:
                if state == "connected":
                    await stack.enter_async_context(receiver(world.server.origin, device.token))
                for name, original in originals.items():
                    setattr(parts, name, Counter(original, counts, name))
                before = len(world.endpoint.got)
                await world.call(device)
                assert len(world.endpoint.got) == before, "the answer comes first"
                for name, original in originals.items():
                    setattr(parts, name, original)
                seen[state] = counts
                await world.pass_time(GRACE_S + 0.01)
                await world.pass_time(PATIENCE_S)
        assert seen["no push"] == seen["push"] == seen["connected"]
        assert seen["push"]["bus.publish"] == 1
        assert len(world.endpoint.got) == 2, "the two with push were rung: neither acknowledged"


async def test_what_happens_a_second_later_looks_at_everybody_alike(tmp_path: Path) -> None:
    """With push and without: the same looks at the bus, one look-up each."""
    async with scene(tmp_path) as world:
        pusher = world.server.served.delivery.pusher
        assert pusher is not None
        services = world.server.served.application.services
        seen = {}
        bus = pusher._bus
        for state in ("no push", "push"):
            device, _ = await world.device(on=state == "push")
            counts: dict[str, int] = {}
            pusher._bus = Counter(bus, counts, "bus")  # type: ignore[assignment]
            store = Counter(services.store, counts, "store")
            object.__setattr__(services, "store", store)
            await world.rung(device)
            object.__setattr__(services, "store", store._target)
            seen[state] = counts
        assert seen["no push"] == seen["push"] == {
            "bus.listens": 1, "bus.waits": 1, "store.push_subscription": 1,
        }  # fmt: skip


@pytest.mark.long
async def test_logs_say_once_a_day_at_most_that_it_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line at the time of a push would be a line at the time of a call."""
    async with scene(tmp_path) as world:
        device, _ = await world.device()
        world.endpoint.status = "403 Forbidden"
        capsys.readouterr()
        assert await world.rung(device) == 1
        assert capsys.readouterr().err == ""
        for _ in range(3):
            await world.pass_time(DAY_S / 2)
        lines = [line for line in capsys.readouterr().err.splitlines() if "push" in line]
        assert len(lines) == 1, lines
        assert '"event": "push_failing"' in lines[0]
        for secret in (world.endpoint.host, "403", "abc"):
            assert secret not in lines[0]
