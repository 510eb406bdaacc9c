"""Envelopes from anonymous senders to devices: what arrives, what is refused, what is alike."""

import asyncio
import contextlib
import os
import struct
import time
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, ConnectionClosedError

from visavis.core.envelope import BUCKETS
from visavis.server.frames import Status
from visavis.testing.raw_client import (
    RawDevice,
    RawSender,
    add_device,
    frame,
    receiver,
    sender,
)
from visavis.testing.server import LocalServer, local_server

CALL, DURABLE = 0, 1
SMALL = BUCKETS[0]


def envelope(size: int = SMALL) -> bytes:
    return os.urandom(size)


async def device_on(server: LocalServer, capabilities: int = 4) -> RawDevice:
    return await add_device(server.served.application.services.store, time.time(), capabilities)


@contextlib.asynccontextmanager
async def scene(
    folder: Path, **changes: object
) -> AsyncIterator[tuple[LocalServer, RawDevice, RawSender]]:
    async with local_server(folder, **changes) as server:
        device = await device_on(server)
        async with sender(server.origin) as out:
            yield server, device, out


async def stored(server: LocalServer, device: RawDevice) -> int:
    services = server.served.application.services
    found = await services.store.stored_envelopes(device.mailbox, services.today(), limit=100)
    return len(found)


@pytest.mark.parametrize("size", BUCKETS)
@pytest.mark.parametrize("envelope_class", [CALL, DURABLE])
async def test_arrives_at_a_connected_device(
    tmp_path: Path, envelope_class: int, size: int
) -> None:
    async with scene(tmp_path) as (server, device, out):
        async with receiver(server.origin, device.token) as inbox:
            sent = envelope(size)
            status = await out.send(envelope_class, device.mailbox, device.capabilities[0], sent)
            assert status is Status.ACCEPTED
            got = await inbox.next()
            assert (got.envelope_class, got.envelope) == (envelope_class, sent)


@pytest.mark.parametrize("envelope_class", [CALL, DURABLE])
async def test_waits_for_a_device_that_is_away(tmp_path: Path, envelope_class: int) -> None:
    async with scene(tmp_path) as (server, device, out):
        sent = {envelope() for _ in range(3)}
        for one in sent:
            status = await out.send(envelope_class, device.mailbox, device.capabilities[0], one)
            assert status is Status.ACCEPTED
        async with receiver(server.origin, device.token) as inbox:
            got = [await inbox.next() for _ in range(3)]
            assert {one.envelope for one in got} == sent
            await inbox.acknowledge(*got)
            assert await inbox.nothing(0.1)
        async with receiver(server.origin, device.token) as inbox:
            assert await inbox.nothing(), "acknowledged envelopes must not come again"


@pytest.mark.parametrize("envelope_class", [CALL, DURABLE])
async def test_unacknowledged_comes_again(tmp_path: Path, envelope_class: int) -> None:
    async with scene(tmp_path) as (server, device, out):
        await out.send(envelope_class, device.mailbox, device.capabilities[0], envelope())
        async with receiver(server.origin, device.token) as inbox:
            first = await inbox.next()
        async with receiver(server.origin, device.token) as inbox:
            assert await inbox.next() == first


async def test_acknowledged_durable_is_deleted(tmp_path: Path) -> None:
    async with scene(tmp_path) as (server, device, out):
        await out.send(DURABLE, device.mailbox, device.capabilities[0], envelope())
        assert await stored(server, device) == 1
        async with receiver(server.origin, device.token) as inbox:
            await inbox.acknowledge(await inbox.next())
            async with asyncio.timeout(5):
                while await stored(server, device):
                    await asyncio.sleep(0.01)


async def test_call_class_never_reaches_the_store(tmp_path: Path) -> None:
    """A call leaves nothing on disk, not even while it rings (R-28)."""
    async with scene(tmp_path) as (server, device, out):
        marked = b"\xa7canary-envelope\xa7" * 60
        assert len(marked) <= SMALL
        marked = marked.ljust(SMALL, b"\xa7")
        assert (
            await out.send(CALL, device.mailbox, device.capabilities[0], marked) is Status.ACCEPTED
        )
        assert await stored(server, device) == 0
        for path in server.data_dir.iterdir():
            if path.is_file():
                assert b"canary-envelope" not in path.read_bytes(), path.name
        # Positive control: a durable one is there.
        await out.send(DURABLE, device.mailbox, device.capabilities[0], marked)
        found = [p for p in server.data_dir.glob("*sqlite3*") if b"canary" in p.read_bytes()]
        assert found


async def test_another_devices_acknowledgement_deletes_nothing(tmp_path: Path) -> None:
    """CK-482: ids are matched within the acknowledging device's own mailbox."""
    async with scene(tmp_path) as (server, device, out):
        other = await device_on(server)
        await out.send(DURABLE, device.mailbox, device.capabilities[0], envelope())
        async with receiver(server.origin, device.token) as inbox:
            got = await inbox.next()
            async with receiver(server.origin, other.token) as thief:
                await thief.acknowledge(got)
                assert await thief.nothing(0.1)
            assert await stored(server, device) == 1
            await inbox.acknowledge(got)  # positive control
            async with asyncio.timeout(5):
                while await stored(server, device):
                    await asyncio.sleep(0.01)


async def test_refusals_are_one_answer(tmp_path: Path) -> None:
    """CK-475: unknown, revoked, removed and another mailbox's capability: the same bytes."""
    async with scene(tmp_path) as (server, device, out):
        services = server.served.application.services
        other = await device_on(server)
        removed = await device_on(server)
        revoked = device.capabilities[1]
        assert (
            await out.send(CALL, device.mailbox, revoked, envelope()) is Status.ACCEPTED
        )  # now it is in the cache
        await services.store.revoke_capabilities(device.mailbox, [sha256(revoked).digest()])
        services.listeners.revoked([sha256(revoked).digest()])
        assert (
            await out.send(CALL, removed.mailbox, removed.capabilities[0], envelope())
            is Status.ACCEPTED
        )
        gone = await services.store.delete_device(
            removed.account_id, removed.device_id, bytes(64), 1
        )
        assert gone is not None
        services.listeners.removed([gone])
        cases = {
            "unknown": (device.mailbox, os.urandom(32)),
            "unknown mailbox": (os.urandom(16), os.urandom(32)),
            "revoked": (device.mailbox, revoked),
            "removed device": (removed.mailbox, removed.capabilities[0]),
            "another mailbox": (device.mailbox, other.capabilities[0]),
        }
        for envelope_class in (CALL, DURABLE):
            for name, (mailbox, capability) in cases.items():
                await out.socket.send(frame(7, envelope_class, mailbox, capability, envelope()))
                assert await out.socket.recv() == struct.pack("!IB", 7, Status.REFUSED), name
        good = await out.send(CALL, device.mailbox, device.capabilities[0], envelope())
        assert good is Status.ACCEPTED  # positive control


@pytest.mark.parametrize("length", [5, 52, 53, 54, 53 + SMALL - 1, 53 + SMALL + 1, 53 + 4096])
async def test_wrong_length_is_malformed(tmp_path: Path, length: int) -> None:
    """CK-477"""
    async with scene(tmp_path) as (_, device, out):
        whole = frame(9, CALL, device.mailbox, device.capabilities[0], bytes(262_144))
        await out.socket.send(whole[:length])
        assert await out.socket.recv() == struct.pack("!IB", 9, Status.MALFORMED)


async def test_unknown_class_is_malformed(tmp_path: Path) -> None:
    """CK-477"""
    async with scene(tmp_path) as (_, device, out):
        for envelope_class in (2, 255):
            status = await out.send(
                envelope_class, device.mailbox, device.capabilities[0], envelope()
            )
            assert status is Status.MALFORMED


@pytest.mark.parametrize("bad", [b"", b"abcd", "text"])
async def test_frames_that_cannot_be_answered_end_the_connection(
    tmp_path: Path, bad: bytes | str
) -> None:
    async with scene(tmp_path) as (_, _device, out):
        await out.socket.send(bad)
        with pytest.raises(ConnectionClosed) as closed:
            await out.socket.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code in {1003, 1008}


async def test_a_longer_message_is_cut_off_unread(tmp_path: Path) -> None:
    """CK-484: the length in the WebSocket header is enough; the payload is never sent."""
    async with local_server(tmp_path) as server:
        port = server.served.config.port
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            b"GET /v1/send HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"\x82\xff" + (2**40).to_bytes(8, "big") + b"mask")
        closing = await asyncio.wait_for(reader.read(), 5)
        assert closing[:1] == b"\x88"
        assert closing[2:4] == (1009).to_bytes(2, "big")
        writer.close()


async def test_many_refusals_end_the_connection(tmp_path: Path) -> None:
    """CK-479 and CK-472: guessing capabilities is bounded per connection and per address."""
    async with scene(tmp_path) as (server, device, out):
        answers = b""
        with pytest.raises(ConnectionClosed) as closed:
            for number in range(1000):
                await out.socket.send(
                    frame(number, CALL, device.mailbox, os.urandom(32), envelope())
                )
                answers += bytes(await out.socket.recv())
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1008
        statuses = answers[4::5]
        assert statuses.count(Status.REFUSED) == 60  # looked up; the rest was not
        assert statuses.count(Status.QUOTA) == len(statuses) - 60
        async with sender(server.origin) as again:
            # A capability that was good a moment ago still is, for everybody behind the address.
            capability = device.capabilities[0]
            await server.served.delivery.capabilities.require(device.mailbox, capability)
            status = await again.send(CALL, device.mailbox, capability, envelope())
            assert status is Status.ACCEPTED


@pytest.mark.parametrize("token", [b"", bytes(47), bytes(48), bytes(49), "text"])
async def test_wrong_token_is_refused(tmp_path: Path, token: bytes | str) -> None:
    """CK-481"""
    async with local_server(tmp_path) as server:
        url = f"{server.origin.replace('http', 'ws')}/v1/receive"
        async with connect(url) as socket:
            await socket.send(token)
            with pytest.raises(ConnectionClosedError) as closed:
                await socket.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 4401


async def test_right_device_wrong_secret_is_refused(tmp_path: Path) -> None:
    """CK-481"""
    async with scene(tmp_path) as (server, device, _):
        wrong = device.token[:-1] + bytes([device.token[-1] ^ 1])
        url = f"{server.origin.replace('http', 'ws')}/v1/receive"
        async with connect(url) as socket:
            await socket.send(wrong)
            with pytest.raises(ConnectionClosedError):
                await socket.recv()
        async with receiver(server.origin, device.token):
            pass  # positive control


async def test_no_token_in_time_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("visavis.server.receive.TOKEN_TIMEOUT_S", 0.05)
    async with local_server(tmp_path) as server:
        url = f"{server.origin.replace('http', 'ws')}/v1/receive"
        async with connect(url) as socket:
            with pytest.raises(ConnectionClosedError) as closed:
                await asyncio.wait_for(socket.recv(), 5)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 4401


@pytest.mark.parametrize("bad", [b"\x02", b"\x02" + bytes(15), b"\x03" + bytes(16), b"", "text"])
async def test_malformed_acknowledgement_ends_the_connection(
    tmp_path: Path, bad: bytes | str
) -> None:
    """CK-474"""
    async with scene(tmp_path) as (server, device, _):
        async with receiver(server.origin, device.token) as inbox:
            await inbox.socket.send(bad)
            with pytest.raises(ConnectionClosed) as closed:
                await inbox.next(5)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code in {1003, 1008}


async def test_a_newer_connection_replaces_the_older(tmp_path: Path) -> None:
    async with scene(tmp_path) as (server, device, out):
        async with receiver(server.origin, device.token) as old:
            async with receiver(server.origin, device.token) as new:
                with pytest.raises(ConnectionClosedError) as closed:
                    await old.next(5)
                assert closed.value.rcvd is not None
                assert closed.value.rcvd.code == 4409
                sent = envelope()
                await out.send(CALL, device.mailbox, device.capabilities[0], sent)
                assert (await new.next()).envelope == sent
        assert server.served.delivery.receive.connected() == 0


async def test_a_removed_device_is_cut_off(tmp_path: Path) -> None:
    async with scene(tmp_path) as (server, device, out):
        services = server.served.application.services
        async with receiver(server.origin, device.token) as inbox:
            gone = await services.store.delete_device(
                device.account_id, device.device_id, bytes(64), 1
            )
            assert gone is not None
            services.listeners.removed([gone])
            with pytest.raises(ConnectionClosedError) as closed:
                await inbox.next(5)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 4401
        status = await out.send(CALL, device.mailbox, device.capabilities[0], envelope())
        assert status is Status.REFUSED


async def test_answers_to_many_at_once_all_come(tmp_path: Path) -> None:
    """Answers are batched; none is lost and each names its request."""
    async with scene(tmp_path, call_per_minute=10_000, durable_bytes_per_day=1 << 30) as (
        server,
        device,
        out,
    ):
        async with receiver(server.origin, device.token) as inbox:
            sent = [envelope() for _ in range(300)]
            numbers = [
                await out.post(index % 2, device.mailbox, device.capabilities[0], one)
                for index, one in enumerate(sent)
            ]
            for number in numbers:
                assert await out.answer(number) is Status.ACCEPTED
            got = [await inbox.next() for _ in sent]
            assert {one.envelope for one in got} == set(sent)


async def test_a_reader_that_is_too_slow_is_dropped_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CK-480"""
    monkeypatch.setattr("visavis.server.receive.MAX_UNREAD_BYTES", 1 << 20)
    large = BUCKETS[-1]
    async with scene(tmp_path, durable_bytes_per_day=1 << 30) as (server, device, out):
        port = server.served.config.port
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        writer.write(
            b"GET /v1/receive HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"\x82" + bytes([0x80 | 48]) + bytes(4) + device.token)
        delivery = server.served.delivery
        async with asyncio.timeout(10):
            while not delivery.receive.connected():
                await asyncio.sleep(0.01)
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        count = 0
        async with asyncio.timeout(30):
            while delivery.receive.connected():
                status = await out.send(
                    DURABLE, device.mailbox, device.capabilities[0], os.urandom(large)
                )
                assert status is Status.ACCEPTED
                count += 1
        writer.close()
        assert await stored(server, device) == count
        async with receiver(server.origin, device.token) as inbox:
            got = {(await inbox.next()).delivery_id for _ in range(count)}
            assert len(got) == count


async def test_unknown_path_is_no_endpoint(tmp_path: Path) -> None:
    async with local_server(tmp_path) as server:
        with pytest.raises(Exception, match="403"):
            async with connect(f"{server.origin.replace('http', 'ws')}/v1/nothing"):
                pass


async def test_caught_up_is_said_once_after_what_waited(tmp_path: Path) -> None:
    """Devices know from it that nothing older is on its way; it is the same for everybody."""
    async with scene(tmp_path) as (server, device, out):
        for envelope_class in (CALL, DURABLE):
            await out.send(envelope_class, device.mailbox, device.capabilities[0], envelope())
        url = f"{server.origin.replace('http', 'ws')}/v1/receive"
        async with connect(url) as socket:
            await socket.send(device.token)
            frames = [bytes(await asyncio.wait_for(socket.recv(), 5)) for _ in range(4)]
            assert [frame[0] for frame in frames] == [0, 1, 1, 3]
            assert frames[3] == b"\x03"
            await out.send(CALL, device.mailbox, device.capabilities[0], envelope())
            assert bytes(await asyncio.wait_for(socket.recv(), 5))[0] == 1
