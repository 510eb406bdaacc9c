"""coturn as a child, calls between two ends of one process, and small fakes."""

from __future__ import annotations

import asyncio
import contextlib
import pathlib
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest

from visavis.media.call_frames import CallFrames
from visavis.media.connection import MediaConnection
from visavis.media.interfaces import MediaEvent, MediaSink, MediaSource, TurnServer
from visavis.media.silence import SilenceSource
from visavis.media.sinks import NullSink

KEY = bytes(range(32))


def free_port() -> int:
    """A port that is free for UDP and TCP just now."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
            udp.bind(("127.0.0.1", 0))
            port = udp.getsockname()[1]
            with contextlib.suppress(OSError):
                tcp.bind(("127.0.0.1", port))
                return int(port)


@dataclass
class Relay:
    """A turnserver on loopback that can be killed and started again on its port."""

    folder: pathlib.Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        low = 20_000 + (self.port % 300) * 100
        config = self.folder / "turn.conf"
        lines = [
            "listening-ip=127.0.0.1",
            "relay-ip=127.0.0.1",
            f"listening-port={self.port}",
            f"min-port={low}",
            f"max-port={low + 99}",
            "lt-cred-mech",
            "user=test:secret",
            "realm=test.invalid",
            "fingerprint",
            "no-cli",
            "no-tls",
            "no-dtls",
            "allow-loopback-peers",
            "no-rfc5780",
            "no-multicast-peers",
            f"userdb={self.folder / 'turndb'}",
            f"pidfile={self.folder / 'turn.pid'}",
            "log-file=/dev/null",
            "simple-log",
            "no-stdout-log",
        ]
        config.write_text("\n".join(lines) + "\n")
        self.process = subprocess.Popen(
            ["turnserver", "-c", str(config)],
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        async with asyncio.timeout(10):
            while True:
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                    writer.close()
                    await writer.wait_closed()
                    return
                await asyncio.sleep(0.05)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def server(self, transport: str = "udp", port: int | None = None) -> TurnServer:
        url = f"turn:127.0.0.1:{port or self.port}?transport={transport}"
        return TurnServer((url,), "test", "secret")


@contextlib.asynccontextmanager
async def running_relay(folder: pathlib.Path) -> AsyncIterator[Relay]:
    relay = Relay(folder)
    await relay.start()
    try:
        yield relay
    finally:
        relay.kill()


@pytest.fixture
async def relay(tmp_path: pathlib.Path) -> AsyncIterator[Relay]:
    async with running_relay(tmp_path) as relay:
        yield relay


def keyed(leaf: int, *, key: bytes = KEY, send_key: bytes | None = None) -> CallFrames:
    """The keys of one of two members, in epoch 1."""
    frames = CallFrames()
    frames.install(1, key, {1 - leaf})
    frames.send_in(1, send_key or key, leaf)
    return frames


class Pair:
    """Two ends of a call in one process, and the signalling between them."""

    def __init__(self, *servers: TurnServer) -> None:
        self.servers = servers
        self.ends: list[MediaConnection] = []

    def end(
        self,
        *,
        frames: CallFrames | None = None,
        source: MediaSource | None = None,
        sink: MediaSink | None = None,
        video: bool = True,
        server: TurnServer | None = None,
    ) -> MediaConnection:
        connection = MediaConnection(
            ice_servers=[server] if server else self.servers,
            video=video,
            frames=frames or keyed(len(self.ends)),
            source=source or SilenceSource(),
            sink=sink or NullSink(),
            allow_loopback=True,
        )
        self.ends.append(connection)
        return connection

    async def connect(self) -> None:
        caller, callee = self.ends
        await caller.accept_answer(await callee.accept_offer(await caller.create_offer()))
        ours, theirs = await asyncio.gather(caller.gather(), callee.gather())
        await caller.add_remote_candidates(theirs)
        await callee.add_remote_candidates(ours)

    async def expect(self, event: MediaEvent, *, timeout_s: float = 15) -> None:
        for end in self.ends:
            async with asyncio.timeout(timeout_s):
                while (got := await end.events.get()) is not event:
                    assert got in {MediaEvent.CONNECTED, MediaEvent.FIRST_FRAME}, got

    async def close(self) -> None:
        await asyncio.gather(*(end.close() for end in self.ends))


@pytest.fixture
async def pair(relay: Relay) -> AsyncIterator[Pair]:
    pair = Pair(relay.server())
    try:
        yield pair
    finally:
        await pair.close()


async def until(condition: Callable[[], object], *, timeout_s: float = 15) -> None:
    """Poll until something holds."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "did not come in time"
        await asyncio.sleep(0.02)


@pytest.fixture
def make_keys() -> Callable[..., CallFrames]:
    return keyed


@pytest.fixture
def wait_until() -> Callable[..., object]:
    return until


@pytest.fixture(scope="session")
def make_pair() -> type[Pair]:
    return Pair


@pytest.fixture(scope="session")
def start_relay() -> Callable[..., object]:
    return running_relay
