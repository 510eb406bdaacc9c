"""The two sockets against a server of a few lines."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import struct
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from websockets.asyncio.server import Request, ServerConnection, serve

from visavis.core.address import ContactAddress
from visavis.core.errors import AuthorizationError, Code, PeerError, UnavailableError, VisavisError
from visavis.core.ids import Capability, MailboxId, SealKey
from visavis.transport import opening, socket
from visavis.transport.socket import Delivery, ReceiveSocket, SendSocket

Handler = Callable[[ServerConnection], Awaitable[None]]
TOKEN = b"t" * 48


@contextlib.asynccontextmanager
async def server(handler: Handler) -> AsyncIterator[str]:
    async with serve(handler, "127.0.0.1", 0) as running:
        port = next(iter(running.sockets)).getsockname()[1]
        yield f"http://127.0.0.1:{port}"


async def ignore(delivery: Delivery) -> None:
    """Take a delivery, and do nothing."""


def address(origin: str) -> ContactAddress:
    return ContactAddress(origin, MailboxId(b"m" * 16), Capability(b"c" * 32), SealKey(b"s" * 32))


async def test_sends_are_answered_by_their_number() -> None:
    frames: list[bytes] = []

    async def handler(connection: ServerConnection) -> None:
        assert "authorization" not in connection.request.headers  # type: ignore[union-attr]
        waiting: list[bytes] = []
        async for frame in connection:
            assert isinstance(frame, bytes)
            frames.append(frame)
            waiting.append(frame[:4])
            if len(waiting) == 3:  # answered together and in another order
                await connection.send(b"".join(n + b"\0" for n in reversed(waiting)))

    async with server(handler) as origin:
        sender = SendSocket(origin)
        envelopes = [bytes([n]) * 1024 for n in range(3)]
        await asyncio.gather(*(sender.send(address(origin), e, durable=True) for e in envelopes))
        await sender.close()
    assert [frame[4:5] for frame in frames] == [b"\1"] * 3
    assert {frame[5:53] for frame in frames} == {b"m" * 16 + b"c" * 32}
    assert sorted(frame[53:] for frame in frames) == envelopes
    assert not any(TOKEN in frame for frame in frames)


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (1, AuthorizationError, Code.REFUSED),
        (2, UnavailableError, Code.QUOTA),
        (3, PeerError, Code.MALFORMED),
        (4, UnavailableError, Code.UNAVAILABLE),
        (99, UnavailableError, Code.UNAVAILABLE),
    ],
)
async def test_refusals(status: int, kind: type[VisavisError], code: Code) -> None:
    async def handler(connection: ServerConnection) -> None:
        async for frame in connection:
            assert isinstance(frame, bytes)
            await connection.send(frame[:4] + bytes([status]))

    async with server(handler) as origin:
        sender = SendSocket(origin)
        with pytest.raises(kind) as refused:
            await sender.send(address(origin), bytes(1024), durable=False)
        assert refused.value.code is code
        await sender.close()


async def test_a_broken_sending_connection_is_made_again() -> None:
    connections = 0

    async def handler(connection: ServerConnection) -> None:
        nonlocal connections
        connections += 1
        async for frame in connection:
            assert isinstance(frame, bytes)
            if connections == 1:
                await connection.close()
            elif connections == 2:
                await connection.send(b"???")
            else:
                await connection.send(frame[:4] + b"\0")

    async with server(handler) as origin:
        sender = SendSocket(origin)
        for _ in range(2):
            with pytest.raises(UnavailableError):
                await sender.send(address(origin), bytes(1024), durable=True)
        await sender.send(address(origin), bytes(1024), durable=True)
        await sender.close()
    assert connections == 3
    sender = SendSocket("http://127.0.0.1:9")
    with pytest.raises(UnavailableError):
        await sender.send(address("http://127.0.0.1:9"), bytes(1024), durable=True)
    await sender.close()


async def test_an_idle_sending_connection_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "IDLE_S", 0.05)
    gone = asyncio.Event()

    async def handler(connection: ServerConnection) -> None:
        async for frame in connection:
            assert isinstance(frame, bytes)
            await connection.send(frame[:4] + b"\0")
        gone.set()

    async with server(handler) as origin:
        sender = SendSocket(origin)
        await sender.send(address(origin), bytes(1024), durable=True)
        async with asyncio.timeout(5):
            await gone.wait()
        await sender.send(address(origin), bytes(1024), durable=True)
        await sender.close()


async def test_receiving_acknowledging_and_coming_back() -> None:
    acks: list[bytes] = []
    tokens: list[bytes | str] = []
    rounds = 0

    async def handler(connection: ServerConnection) -> None:
        nonlocal rounds
        rounds += 1
        tokens.append(await connection.recv())
        await connection.send(b"\0")
        number = bytes([rounds]) * 16
        await connection.send(b"\x01\x01" + number + b"e" * 1024)
        await connection.send(b"\x01\x07" + number)  # no class of ours: passed over
        await connection.send(b"\x03")
        ack = await connection.recv()
        assert isinstance(ack, bytes)
        acks.append(ack)
        if rounds < 3:
            await connection.close(1013)  # a slow reader: it shall connect again
        else:
            await connection.wait_closed()

    got: list[Delivery] = []
    told: list[bool] = []
    async with server(handler) as origin:

        async def deliver(delivery: Delivery) -> None:
            got.append(delivery)
            await receiver.ack(delivery.delivery_id)

        receiver = ReceiveSocket(origin, TOKEN, deliver)
        receiver.on_connection(told.append)
        task = asyncio.create_task(receiver.run())
        async with asyncio.timeout(10):
            while rounds < 3 or not receiver.caught_up.is_set():
                await asyncio.sleep(0.01)
        await receiver.ping()
        assert receiver.connected
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert tokens == [TOKEN] * 3
    assert [d.delivery_id[0] for d in got] == [1, 2, 3]
    assert all(d.durable and d.envelope == b"e" * 1024 for d in got)
    assert acks == [b"\x02" + bytes([n]) * 16 for n in (1, 2, 3)]
    assert told == [True, False, True, False, True, False]
    with pytest.raises(UnavailableError):
        await receiver.ping()


@pytest.mark.parametrize(
    ("close", "kind", "code"),
    [(4401, AuthorizationError, Code.REFUSED), (4409, PeerError, Code.UNEXPECTED)],
)
async def test_receiving_ends_for_good(close: int, kind: type[VisavisError], code: Code) -> None:
    """CK-558: a copy of the profile receives elsewhere; or the device was revoked."""

    async def handler(connection: ServerConnection) -> None:
        await connection.recv()
        if close == 4409:
            await connection.send(b"\0")
        await connection.close(close)

    async def deliver(delivery: Delivery) -> None:
        raise AssertionError

    async with server(handler) as origin:
        receiver = ReceiveSocket(origin, TOKEN, deliver)
        async with asyncio.timeout(10):
            await receiver.run()
    assert isinstance(receiver.stopped, kind)
    assert receiver.stopped.code is code
    assert receiver.caught_up.is_set()


async def test_hurry_does_not_wait_for_the_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was sent shows that the server is there: an answer must find us (R-04)."""
    monkeypatch.setattr(socket, "FIRST_BACKOFF_S", 3600)
    monkeypatch.setattr(socket, "MAX_BACKOFF_S", 3600)
    told: list[bool] = []
    rounds = 0
    leave = asyncio.Event()

    async def handler(connection: ServerConnection) -> None:
        nonlocal rounds
        rounds += 1
        await connection.recv()
        await connection.send(b"\0")
        if rounds == 2:
            await leave.wait()
        await connection.close(1013)

    async with server(handler) as origin:
        receiver = ReceiveSocket(origin, TOKEN, ignore)
        receiver.on_connection(told.append)
        task = asyncio.create_task(receiver.run())
        async with asyncio.timeout(10):
            while told != [True, False]:
                await asyncio.sleep(0.01)
            receiver.hurry()
            while not receiver.connected:
                await asyncio.sleep(0.01)
            receiver.hurry()  # not kept for the next pause
            leave.set()
            while told != [True, False, True, False]:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.3)
        assert (rounds, receiver.connected) == (2, False)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_hurry_leaves_an_attempt_that_is_stuck() -> None:
    """Packets of a dead network are sent again after ever longer pauses; new ones go at once."""
    attempts = 0

    async def first_is_stuck(_: ServerConnection, __: Request) -> None:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            await asyncio.Event().wait()

    async def handler(connection: ServerConnection) -> None:
        async for frame in connection:
            assert isinstance(frame, bytes)
            await connection.send(frame[:4] + b"\0")

    async with serve(handler, "127.0.0.1", 0, process_request=first_is_stuck) as running:
        origin = f"http://127.0.0.1:{next(iter(running.sockets)).getsockname()[1]}"
        opened: list[bool] = []
        sender = SendSocket(origin, lambda: opened.append(True))
        sending = asyncio.create_task(sender.send(address(origin), bytes(1024), durable=True))
        async with asyncio.timeout(10):
            while attempts == 0:
                await asyncio.sleep(0.01)
            sender.hurry()  # it may yet come
            await asyncio.sleep(opening.STUCK_S + 0.2)
            assert (attempts, opened) == (1, [])
            sender.hurry()
            await sending
        assert (attempts, opened) == (2, [True])
        await sender.close()


async def test_frames_are_never_logged(caplog: pytest.LogCaptureFixture) -> None:
    """CK-557: websockets prints tokens and capabilities at DEBUG."""
    caplog.set_level(logging.DEBUG)

    async def handler(connection: ServerConnection) -> None:
        async for frame in connection:
            assert isinstance(frame, bytes)
            (number,) = struct.unpack(">I", frame[:4])
            await connection.send(struct.pack(">IB", number, 0))

    async with server(handler) as origin:
        caplog.clear()
        sender = SendSocket(origin)
        await sender.send(address(origin), b"canary" * 170 + b"abcd", durable=True)
        await sender.close()
        client_side = [r for r in caplog.records if r.name != "websockets.server"]
        assert not any("6e 61 72 79" in r.getMessage() for r in client_side)
        # The control: the server of this test, with the library's own logger, does print it.
        printed = [r.getMessage() for r in caplog.records if r.name == "websockets.server"]
        assert any("6e 61 72 79" in line for line in printed)
