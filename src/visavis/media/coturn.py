"""coturn as a supervised child process: the Relay of a server that is one machine.

* It is started with a generated configuration (`coturn_config.py`) that lies in memory only: an
  anonymous file, passed by descriptor. The shared secret is fresh for each start of the server and
  appears on no command line and no disk (CK-491).
* It is ready when it answers a STUN request with *our* realm, which is random for each start, so
  another relay on the same port is noticed instead of mistaken for ours (CK-492).
* If it dies it is started again after a moment (`BACKOFF_S`); calls go on by an ICE restart.
* It ends with the server: by its process id when the server stops, by the kernel's parent-death
  signal when the server is killed.

Standard: RFC 8656 (TURN); credentials as in draft-uberti-behave-turn-rest-00.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hmac
import os
import shutil
import socket
from typing import Final

from visavis.core.errors import Code, UnavailableError
from visavis.media.child import Child, keep_running
from visavis.media.coturn_config import RelaySettings, render
from visavis.media.coturn_probe import realm_of
from visavis.ports.random import Rng
from visavis.ports.relay import CREDENTIAL_LIFETIME_S, RelayCredential

BACKOFF_S: Final = (0.1, 0.2, 0.5, 1.0, 1.5)
"""Pauses before each restart in a row. Shorter spins if it cannot start, longer drops calls."""

START_TIMEOUT_S: Final = 5.0

INSTALL_HINT: Final = (
    "turnserver (coturn) is not installed, and calls need it. "
    "Install it with: sudo apt-get install coturn"
)

_OPAQUE_BYTES: Final = 12
"""96 random bits name a credential (P12); the name is all the relay knows."""


class Coturn:
    """Runs turnserver and keeps it running.

    Args:
        settings: How the relay runs.
        rng: Source of the secret, the realm and the names of credentials.
        program: Path of turnserver; None looks for it.
    """

    def __init__(self, settings: RelaySettings, rng: Rng, program: str | None = None) -> None:
        self._settings = settings
        self._rng = rng
        self._program = program or find_turnserver()
        self._secret = rng(32).hex()
        self._realm = f"visavis-{rng(6).hex()}"
        self._child = Child()
        self._supervisor: asyncio.Task[None] | None = None
        self._ready = False
        self.restarts = 0

    @property
    def available(self) -> bool:
        """Whether it answers now."""
        return self._ready

    @property
    def port(self) -> int:
        """The UDP and TCP port it listens on."""
        return self._settings.port

    @property
    def process_id(self) -> int | None:
        """The child's process id while it runs."""
        return self._child.process_id

    async def start(self) -> None:
        """Start turnserver and return when it answers.

        Raises:
            UnavailableError: NO_RELAY: not installed, its port is taken, or it does not answer.
        """
        await self._spawn()
        try:
            await self._until_ready()
        except UnavailableError:
            await self._child.end()
            raise
        self._supervisor = asyncio.get_running_loop().create_task(
            keep_running(self._gone, self._again, BACKOFF_S), name="coturn supervisor"
        )

    async def stop(self) -> None:
        """End turnserver; a second call does nothing."""
        self._ready = False
        if self._supervisor is not None:
            self._supervisor.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._supervisor
            self._supervisor = None
        await self._child.end()

    def mint(self, now: float) -> RelayCredential:
        """Return a fresh credential; see `Relay.mint`.

        Credentials stay good while coturn restarts, because the secret is this object's.
        """
        if self._supervisor is None:
            raise UnavailableError(Code.NO_RELAY, "the relay is not running")
        username = f"{int(now) + CREDENTIAL_LIFETIME_S}:{self._rng(_OPAQUE_BYTES).hex()}"
        digest = hmac.digest(self._secret.encode(), username.encode(), "sha1")
        return RelayCredential(
            username=username,
            credential=base64.b64encode(digest).decode(),
            ttl_s=CREDENTIAL_LIFETIME_S,
            urls=self._settings.urls(),
        )

    async def _spawn(self) -> None:
        text = render(self._settings, secret=self._secret, realm=self._realm)
        descriptor = os.memfd_create("turnserver.conf", os.MFD_CLOEXEC)
        try:
            os.write(descriptor, text.encode())
            command = [self._program, "-c", f"/proc/self/fd/{descriptor}"]
            await self._child.run(command, pass_fds=[descriptor])
        except OSError:
            raise UnavailableError(Code.NO_RELAY, INSTALL_HINT) from None
        finally:
            os.close(descriptor)

    async def _until_ready(self) -> None:
        host = next(iter(self._settings.listen_ips), self._settings.relay_ip)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + START_TIMEOUT_S
        while loop.time() < deadline:
            if not self._child.running:
                raise UnavailableError(Code.NO_RELAY, "turnserver ended while it started")
            realm = await realm_of(host, self._settings.port, self._rng)
            if realm == self._realm:
                self._ready = True
                return
            if realm is not None:
                raise UnavailableError(
                    Code.NO_RELAY,
                    f"CK-492: another relay uses port {self._settings.port}",
                )
            await asyncio.sleep(0.02)
        raise UnavailableError(Code.NO_RELAY, "turnserver does not answer")

    async def _gone(self) -> None:
        await self._child.ended()
        self._ready = False

    async def _again(self) -> None:
        self.restarts += 1
        try:
            await self._spawn()
            await self._until_ready()
        except UnavailableError:
            await self._child.end()


def find_turnserver() -> str:
    """Return the path of turnserver.

    Raises:
        UnavailableError: NO_RELAY, with the line that installs it.
    """
    # Debian keeps it in /usr/bin; other systems in sbin, which a user's PATH often lacks.
    path = os.pathsep.join((os.environ.get("PATH", ""), "/usr/bin", "/usr/sbin", "/usr/local/sbin"))
    found = shutil.which("turnserver", path=path)
    if found is None:
        raise UnavailableError(Code.NO_RELAY, INSTALL_HINT)
    return found


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Return whether nobody uses a port now, for UDP or TCP."""
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            if kind == socket.SOCK_STREAM:  # a connection that ended a moment ago is no user
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                return False
    return True


def free_port(host: str = "127.0.0.1") -> int:
    """Return a port that is free for UDP and TCP now; for servers of one machine, and tests."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.bind((host, 0))
            port = int(probe.getsockname()[1])
        if is_free(port, host):
            return port
