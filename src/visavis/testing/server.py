"""A real server for tests, demo and benchmarks: in a process of its own, or in this event loop.

::

    async with running_server(tmp_path) as server:
        client = await Client.signup(profile, server.origin, server.signup_link(), ...)
        await server.kill()      # kill -9
        await server.start()     # the same port and data

Ports are chosen by the system, the relay is off unless asked for (`turn=True`) and then relays to
loopback, the SFU is off unless asked for (`sfu=True`), quotas are the product's unless given.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import fields
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from visavis.core import base64url
from visavis.media.coturn import free_port
from visavis.ports.clock import Clock
from visavis.server.config import ServerConfig
from visavis.server.serve import Served, serving
from visavis.server.signup_links import make_link

START_TIMEOUT_S: Final = 30.0
STOP_TIMEOUT_S: Final = 15.0


def loopback_config(data_dir: Path, **changes: Any) -> ServerConfig:
    """Return a configuration for tests.

    Args:
        data_dir: The data folder.
        changes: Fields of `ServerConfig`; `turn=True` adds a loopback relay on a free port.
    """
    values: dict[str, Any] = {
        "data_dir": data_dir,
        "host": "127.0.0.1",
        "port": 0,
        "turn": False,
        "sfu": False,
        "allow_loopback_relay": True,
        **changes,
    }
    if values["turn"]:
        values.setdefault("turn_port", free_port())
        values.setdefault("relay_min_port", 20_000)
        values.setdefault("relay_max_port", 29_999)
    scheme = "https" if values.get("tls_cert") else "http"
    values.setdefault("origin", f"{scheme}://127.0.0.1:{values['port']}")
    return ServerConfig(**values)


class RunningServer:
    """A server in a process of its own.

    Args:
        config: What it runs; a port of 0 is replaced by a free one, so that it can be restarted.

    Attributes:
        origin: What clients connect to.
        data_dir: Its data folder.
        log: What it wrote on its output, as a file.
    """

    def __init__(self, config: ServerConfig) -> None:
        if config.port == 0:
            port = free_port()
            values = _as_dict(config) | {
                "port": port,
                "origin": f"{config.origin.removesuffix(':0')}:{port}",
            }
            config = ServerConfig(**values)
        self.config = config
        self.origin = config.origin
        self.data_dir = config.data_dir
        self.log = config.data_dir.parent / f"{config.data_dir.name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def process_id(self) -> int:
        """Process id of the server.

        Raises:
            RuntimeError: It is not running.
        """
        if self._process is None:
            raise RuntimeError("the server is not running")
        return self._process.pid

    def signup_link(self) -> str:
        """Return a fresh sign-up link."""
        return make_link(self.data_dir, self.origin, keys_dir=self.config.keys_dir)

    def signup_token(self) -> bytes:
        """Return the token of a fresh sign-up link."""
        return base64url.decode(self.signup_link().partition("#")[2])

    async def start(self, timeout_s: float = START_TIMEOUT_S) -> None:
        """Start it and return when it answers.

        Raises:
            RuntimeError: It ended or does not answer.
        """
        await asyncio.to_thread(self._start, timeout_s)

    async def stop(self) -> None:
        """End it by SIGTERM and wait; does nothing if it does not run."""
        await asyncio.to_thread(self._end, signal.SIGTERM)

    async def kill(self) -> None:
        """End it by SIGKILL, in the middle of whatever it does."""
        await asyncio.to_thread(self._end, signal.SIGKILL)

    def _start(self, timeout_s: float) -> None:
        self.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        settings = base64.b64encode(json.dumps(_as_dict(self.config), default=str).encode())
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter
                [sys.executable, "-m", "visavis.testing.server_process", settings.decode()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + timeout_s
        while not self._healthy():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._end(signal.SIGKILL)
                raise RuntimeError(f"the server did not start: {self.log.read_text()[-2000:]}")
            time.sleep(0.02)

    def _healthy(self) -> bool:
        where = urlsplit(self.origin)
        if where.scheme == "https":
            # Only that it accepts; its certificate is the test's business.
            with contextlib.suppress(OSError):
                socket.create_connection((where.hostname, where.port), 1).close()
                return True
            return False
        connection = http.client.HTTPConnection(str(where.hostname), where.port, timeout=2)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.asynccontextmanager
async def running_server(folder: Path, **changes: Any) -> AsyncIterator[RunningServer]:
    """Run a server in a process of its own.

    Args:
        folder: Its data goes to `folder/server`, its output to `folder/server.log`.
        changes: Fields of `ServerConfig`, see `loopback_config`.
    """
    server = RunningServer(loopback_config(folder / "server", **changes))
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


class LocalServer:
    """A server in this event loop: faster to start, and its parts can be looked into.

    Attributes:
        origin: What clients connect to.
        data_dir: Its data folder.
        served: Its parts.
    """

    def __init__(self, served: Served) -> None:
        self.served = served
        self.origin = served.config.origin
        self.data_dir = served.config.data_dir

    def signup_link(self) -> str:
        """Return a fresh sign-up link."""
        return make_link(self.data_dir, self.origin, keys_dir=self.served.config.keys_dir)

    def signup_token(self) -> bytes:
        """Return the token of a fresh sign-up link."""
        return base64url.decode(self.signup_link().partition("#")[2])


@contextlib.asynccontextmanager
async def local_server(
    folder: Path, clock: Clock | None = None, **changes: Any
) -> AsyncIterator[LocalServer]:
    """Run a server in this event loop, with a clock of one's own; see `running_server`."""
    config = loopback_config(folder / "server", **changes)
    async with serving(config, os.urandom, clock) as served:
        yield LocalServer(served)


def _as_dict(config: ServerConfig) -> dict[str, Any]:
    return {one.name: getattr(config, one.name) for one in fields(config) if one.init}
