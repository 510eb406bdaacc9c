"""Bounds that hold from the first byte: connections, request heads, addresses."""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from visavis.server.delivery import Delivery
from visavis.server.limits import FAILURES_PER_MINUTE, AddressLimits
from visavis.testing.raw_client import add_device, receiver, sender
from visavis.testing.server import LocalServer, local_server

HEAD = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loopback connections count like any other; deadlines are short."""

    def limits(services: Any) -> AddressLimits:
        return AddressLimits(
            os.urandom,
            per_address=services.config.connections_per_address,
            total=services.config.max_connections,
            exempt_loopback=False,
        )

    monkeypatch.setattr("visavis.server.serve.address_limits", limits)
    monkeypatch.setattr("visavis.server.guard.GuardedHttp.head_timeout_s", 0.2)
    monkeypatch.setattr("visavis.server.guard.GuardedHttp.body_timeout_s", 0.2)


@contextlib.asynccontextmanager
async def raw(
    server: LocalServer,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.served.config.port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def ended(reader: asyncio.StreamReader) -> bytes:
    """Return what came before the other side closed."""
    out = b""
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(5):
            while chunk := await reader.read(65_536):
                out += chunk
    return out


@pytest.mark.usefixtures("strict")
async def test_connections_of_an_address_are_bounded(tmp_path: Path) -> None:
    """CK-471: a flood from one address is closed at once, and ends with the connections."""
    async with local_server(tmp_path, connections_per_address=3) as server:
        async with contextlib.AsyncExitStack() as stack:
            for _ in range(3):
                await stack.enter_async_context(sender(server.origin))
            for _ in range(10):
                async with raw(server) as (reader, writer):
                    writer.write(HEAD + b"\r\n")
                    assert await ended(reader) == b""
        async with asyncio.timeout(5):
            while server.served.delivery.limits.open_total:
                await asyncio.sleep(0.01)
        async with httpx.AsyncClient() as client:  # positive control
            assert (await client.get(f"{server.origin}/healthz")).status_code == 200


@pytest.mark.usefixtures("strict")
async def test_connections_in_all_are_bounded(tmp_path: Path) -> None:
    """CK-471"""
    async with (
        local_server(tmp_path, max_connections=2) as server,
        sender(server.origin),
        sender(server.origin),
        raw(server) as (reader, writer),
    ):
        writer.write(HEAD + b"\r\n")
        assert await ended(reader) == b""


@pytest.mark.usefixtures("strict")
@pytest.mark.parametrize("sent", [b"", HEAD, b"GET"])
async def test_a_slow_head_is_cut_off(tmp_path: Path, sent: bytes) -> None:
    """CK-473"""
    async with local_server(tmp_path) as server, raw(server) as (reader, writer):
        writer.write(sent)
        assert await ended(reader) == b""


@pytest.mark.usefixtures("strict")
async def test_a_slow_body_is_cut_off(tmp_path: Path) -> None:
    """CK-473"""
    async with local_server(tmp_path) as server, raw(server) as (reader, writer):
        writer.write(
            b"POST /v1/turn HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: 100\r\n\r\n{"
        )
        assert await ended(reader) == b""


async def test_a_head_without_end_is_cut_off(tmp_path: Path) -> None:
    """CK-473: memory for headers is bounded."""
    async with local_server(tmp_path) as server, raw(server) as (reader, writer):
        writer.write(HEAD)
        sent = 0
        with contextlib.suppress(ConnectionError):
            while sent < 1 << 24:
                writer.write(b"X-Header: " + b"x" * 1000 + b"\r\n")
                await writer.drain()
                await asyncio.sleep(0)
                sent += 1012
        assert await ended(reader) == b""
        assert sent < 1 << 24


async def test_idle_sockets_do_not_outlive_their_deadline(tmp_path: Path) -> None:
    """The deadline of the head must not end a WebSocket that stands."""
    async with local_server(tmp_path) as server:
        device = await add_device(server.served.application.services.store, time.time())
        async with receiver(server.origin, device.token) as inbox, sender(server.origin) as out:
            await asyncio.sleep(0.5)
            await out.send(0, device.mailbox, device.capabilities[0], bytes(1024))
            assert (await inbox.next()).envelope == bytes(1024)


async def test_connections_give_their_tickets_back(tmp_path: Path) -> None:
    async with local_server(tmp_path) as server:
        delivery: Delivery = server.served.delivery
        async with sender(server.origin):
            async with httpx.AsyncClient() as client:
                await client.get(f"{server.origin}/healthz")
                assert delivery.limits.open_total == 2
        async with asyncio.timeout(5):
            while delivery.limits.open_total:
                await asyncio.sleep(0.01)


def limits(**changes: Any) -> AddressLimits:
    return AddressLimits(os.urandom, **{"per_address": 2, "total": 10, **changes})


def test_addresses_are_known_by_a_hash_that_changes_every_day() -> None:
    """R-31"""
    one = limits()
    today = one.hash_of("192.0.2.7", 0)
    assert one.hash_of("192.0.2.7", 86_399) == today
    assert one.hash_of("192.0.2.7", 86_400) != today
    assert limits().hash_of("192.0.2.7", 0) != today, "and with every start"
    assert b"\xc0\x00\x02\x07" not in today


def test_an_ipv6_network_counts_as_one_and_mapped_addresses_as_ipv4() -> None:
    one = limits()
    assert one.hash_of("2001:db8::1", 0) == one.hash_of("2001:db8::ffff:2", 0)
    assert one.hash_of("2001:db8::1", 0) != one.hash_of("2001:db8:0:1::1", 0)
    assert one.hash_of("::ffff:192.0.2.7", 0) == one.hash_of("192.0.2.7", 0)
    assert one.hash_of("", 0) == one.hash_of("not an address", 0)


def test_admits_until_full_and_after_release() -> None:
    """CK-471"""
    one = limits()
    tickets = [one.admit("192.0.2.1", 0) for _ in range(3)]
    assert tickets[2] is None
    assert tickets[0] is not None
    one.release(tickets[0])
    assert one.admit("192.0.2.1", 0) is not None
    assert one.admit("192.0.2.2", 0) is not None
    others = [one.admit(f"198.51.100.{number}", 0) for number in range(20)]
    assert sum(ticket is not None for ticket in others) == 7


def test_loopback_counts_only_in_the_total() -> None:
    one = limits()
    assert all(one.admit("127.0.0.1", 0) for _ in range(10))
    assert one.admit("::1", 0) is None


def test_failures_are_counted_for_a_minute() -> None:
    """CK-472"""
    one = limits()
    name = one.hash_of("192.0.2.1", 0)
    for _ in range(FAILURES_PER_MINUTE):
        assert not one.too_many_failures(name, 0)
        one.failed(name, 0)
    assert one.too_many_failures(name, 59)
    assert not one.too_many_failures(one.hash_of("192.0.2.2", 0), 59)
    assert not one.too_many_failures(name, 60)


def test_memory_for_failures_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("visavis.server.limits._MAX_ADDRESSES", 10)
    one = limits()
    for number in range(100):
        one.failed(number.to_bytes(16, "big"), 0)
        assert len(one._failures) <= 10
