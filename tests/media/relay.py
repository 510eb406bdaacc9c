"""coturn as a child process of the tests: loopback only, one user, ports of its own."""

from __future__ import annotations

import asyncio
import contextlib
import pathlib
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from visavis.media.interfaces import TurnServer


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
    """A running turnserver that can be killed and started again on its port."""

    folder: pathlib.Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        low = 20_000 + (self.port % 300) * 100
        config = self.folder / "turn.conf"
        config.write_text(
            "\n".join(
                [
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
            )
            + "\n"
        )
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
async def running_relay() -> AsyncIterator[Relay]:
    with tempfile.TemporaryDirectory() as folder:
        relay = Relay(pathlib.Path(folder))
        await relay.start()
        try:
            yield relay
        finally:
            relay.kill()
