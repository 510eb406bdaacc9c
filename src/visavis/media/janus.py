"""Janus as a supervised child process: the SFU of a server that is one machine.

* It is started with a generated configuration (`janus_config.py`) in a private folder, and the
  files are deleted once it has read them: what remains there is its socket.
* Its API is reached through that socket by this process alone (CK-820). It writes nothing (CK-822).
* It is ready when a session stands. If it dies everybody is told at once (`listen`), and it is
  started again after a moment (`BACKOFF_S`); its rooms are gone and made anew by the call rooms.
* It ends with the server: by SIGTERM when the server stops, by the kernel's parent-death signal
  when the server is killed.

Tested with Debian 12's janus 1.1.2.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Final

from visavis.core.errors import Code, UnavailableError
from visavis.media.child import Child, keep_running
from visavis.media.janus_config import Modules, Secrets, SfuSettings, render
from visavis.media.janus_link import JanusLink, open_link
from visavis.media.janus_seat import JanusSeat
from visavis.ports.random import Rng
from visavis.ports.sfu import SfuEvent, SfuRoom, SfuSeat

BACKOFF_S: Final = (0.1, 0.2, 0.5, 1.0, 2.0)
"""Pauses before each restart in a row. Shorter spins if it cannot start, longer leaves people
without pictures."""

START_TIMEOUT_S: Final = 10.0

INSTALL_HINT: Final = (
    "janus is not installed, and calls of more than three people need it. "
    "Install it with: sudo apt-get install --no-install-recommends janus"
)

MODULES: Final = (
    *(f"/usr/lib/{kind}/janus" for kind in ("x86_64-linux-gnu", "aarch64-linux-gnu")),
    "/usr/lib/janus",
    "/usr/lib64/janus",
    "/usr/local/lib/janus",
)
"""Where distributions keep plugins and transports."""

MAX_VIDEO_BITS: Final = 2_500_000
"""Bits per second that a sender is asked to keep to, all simulcast layers together."""


class Janus:
    """Runs Janus and keeps it running; see `visavis.ports.sfu.Sfu`.

    Args:
        settings: How it runs.
        rng: Source of its secrets, of names of rooms and feeds.
        program: Path of janus; None looks for it.

    Raises:
        UnavailableError: NO_SFU: it is not installed.
    """

    def __init__(self, settings: SfuSettings, rng: Rng, program: str | None = None) -> None:
        self._settings = settings
        self._rng = rng
        self._program = program or find_janus()
        self._modules = find_modules()
        self._folder: Path | None = None
        self._child = Child()
        self._link: JanusLink | None = None
        self._secrets = Secrets("", "")
        self._supervisor: asyncio.Task[None] | None = None
        self._listeners: list[Callable[[bool], None]] = []
        self._gone = asyncio.Event()
        self.restarts = 0

    @property
    def available(self) -> bool:
        """Whether it answers now."""
        return self._link is not None

    @property
    def process_id(self) -> int | None:
        """The child's process id while it runs."""
        return self._child.process_id

    @property
    def folder(self) -> Path | None:
        """Where its socket is, while it runs."""
        return self._folder

    async def start(self) -> None:
        """Start Janus and return when it answers.

        Raises:
            UnavailableError: NO_SFU: it ended, or does not answer.
        """
        # mkdtemp makes it for this user only (mode 0700); the name is short, as sockets' must be.
        self._folder = Path(tempfile.mkdtemp(prefix="visavis-sfu-"))
        try:
            await self._spawn()
        except BaseException:
            await self._end()
            raise
        self._supervisor = asyncio.get_running_loop().create_task(
            keep_running(self._until_gone, self._again, BACKOFF_S), name="janus supervisor"
        )

    async def stop(self) -> None:
        """End Janus; a second call does nothing."""
        if self._supervisor is not None:
            self._supervisor.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._supervisor
            self._supervisor = None
        await self._end()

    def listen(self, changed: Callable[[bool], None]) -> None:
        """Have `changed` told when the SFU is lost or back; see `Sfu.listen`."""
        self._listeners.append(changed)

    async def open_room(self, most: int) -> SfuRoom:
        """Make a room; see `Sfu.open_room`."""
        link = self._link
        if link is None:
            raise UnavailableError(Code.NO_SFU, "the SFU is not running")
        room = JanusRoom(link, self._settings.addresses(), self._rng)
        await room.make(self._secrets.room, most)
        return room

    async def _spawn(self) -> None:
        """Start the child and connect to it."""
        assert self._folder is not None
        folder, socket = self._folder, self._folder / "socket"
        socket.unlink(missing_ok=True)
        self._gone.clear()
        self._secrets = Secrets(self._rng(32).hex(), self._rng(32).hex())
        files = render(self._settings, self._modules, self._secrets, folder=folder, socket=socket)
        try:
            for name, text in files.items():
                descriptor = os.open(folder / name, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
                with os.fdopen(descriptor, "w") as file:
                    file.write(text)
            await self._run(folder)
            self._link = await self._until_ready(socket)
        finally:
            for name in files:
                (folder / name).unlink(missing_ok=True)

    async def _run(self, folder: Path) -> None:
        command = [self._program, "-F", str(folder), "-C", str(folder / "janus.jcfg")]
        try:
            await self._child.run(command)
        except OSError:
            raise UnavailableError(Code.NO_SFU, INSTALL_HINT) from None

    async def _until_ready(self, socket: Path) -> JanusLink:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + START_TIMEOUT_S
        while loop.time() < deadline:
            if not self._child.running:
                raise UnavailableError(Code.NO_SFU, "janus ended while it started")
            link = await open_link(socket, self._secrets.api, self._lost)
            if link is not None:
                return link
            await asyncio.sleep(0.02)
        raise UnavailableError(Code.NO_SFU, "janus does not answer")

    def _lost(self) -> None:
        """The connection to the child ended: tell at once, and have it started anew."""
        if self._link is None:
            return  # it never stood, or we ended it
        self._link = None
        self._gone.set()
        self._tell(there=False)

    def _tell(self, *, there: bool) -> None:
        for listener in self._listeners:
            listener(there)

    async def _again(self) -> None:
        self.restarts += 1
        try:
            await self._spawn()
        except (UnavailableError, OSError):
            await self._child.end()
        else:
            self._tell(there=True)

    async def _until_gone(self) -> None:
        """Return when the child has ended; one that left our connection is made to."""
        waits = [asyncio.ensure_future(one) for one in (self._child.ended(), self._gone.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        if self._link is not None:
            await self._link.close()  # seen here first; it tells
        await self._child.end()

    async def _end(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            await link.close()
        await self._child.end()
        folder, self._folder = self._folder, None
        if folder is not None:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


class JanusRoom:
    """A room of the VideoRoom plugin; see `visavis.ports.sfu.SfuRoom`.

    Nobody is admitted to it but by a token of ours (CK-821), and it is in no list.

    Args:
        link: The connection it lives on; it ends with that.
        own: Addresses of the SFU.
        rng: Source of names and tokens.
    """

    def __init__(self, link: JanusLink, own: frozenset[str], rng: Rng) -> None:
        self.link = link
        self.own = own
        self.rng = rng
        self.sections: dict[bytes, tuple[str, ...]] = {}
        self.name = rng(16).hex()
        self._secret = rng(16).hex()
        self._control = 0

    async def make(self, key: str, most: int) -> None:
        """Make it.

        Args:
            key: What Janus wants to hear before it makes a room.
            most: How many may send.

        Raises:
            UnavailableError: NO_SFU, or refused.
        """
        self._control = await self.link.attach(lambda _event: None)
        request: dict[str, Any] = {
            "request": "create",
            "admin_key": key,
            "room": self.name,
            "secret": self._secret,
            "is_private": True,
            "permanent": False,
            "allowed": [],
            "publishers": most,
            "require_e2ee": True,
            "record": False,
            "lock_record": True,
            "notify_joining": False,
            "audiocodec": "opus",
            "videocodec": "vp8",
            "opus_fec": False,
            "opus_dtx": False,
            # It tells the relay when somebody speaks (CK-665).
            "audiolevel_ext": False,
            "videoorient_ext": False,
            "playoutdelay_ext": False,
            "transport_wide_cc_ext": False,
            "bitrate": MAX_VIDEO_BITS,
        }
        await self.link.ask(self._control, request)

    def seat(self, emit: Callable[[SfuEvent], None]) -> SfuSeat:
        """Return a seat for one member."""
        return JanusSeat(self, emit)

    @contextlib.asynccontextmanager
    async def token(self) -> AsyncIterator[str]:
        """Return a token that admits while the block lasts (CK-821)."""
        token = self.rng(16).hex()
        await self._allow("add", token)
        try:
            yield token
        finally:
            with contextlib.suppress(UnavailableError):
                await self._allow("remove", token)

    async def close(self) -> None:
        """End the room and whatever is left in it."""
        with contextlib.suppress(UnavailableError):
            await self.link.ask(
                self._control, {"request": "destroy", "room": self.name, "secret": self._secret}
            )
        await self.link.detach(self._control)

    async def _allow(self, action: str, token: str) -> None:
        request = {"request": "allowed", "action": action, "room": self.name}
        await self.link.ask(self._control, {**request, "secret": self._secret, "allowed": [token]})


def find_janus() -> str:
    """Return the path of janus.

    Raises:
        UnavailableError: NO_SFU, with the line that installs it.
    """
    path = os.pathsep.join((os.environ.get("PATH", ""), "/usr/bin", "/usr/local/bin"))
    found = shutil.which("janus", path=path)
    if found is None:
        raise UnavailableError(Code.NO_SFU, INSTALL_HINT)
    return found


def find_modules() -> Modules:
    """Return where the plugin and the transport are that we need.

    Raises:
        UnavailableError: NO_SFU: they are not installed.
    """
    for folder in MODULES:
        modules = Modules.look(Path(folder))
        if modules.complete():
            return modules
    raise UnavailableError(Code.NO_SFU, INSTALL_HINT)
