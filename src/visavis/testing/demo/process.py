"""A demo peer's process as the harness sees it."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from visavis.core.errors import Code, FatalError
from visavis.testing.server import RunningServer

WAIT_S = 60.0
"""How long any one step may take; a busy machine is no failure."""


class PeerProcess:
    """Starts a peer, sends it commands, waits for its events.

    Args:
        name: What the person is called.
        folder: Where profile and errors go.
        password_file: Has the profile's password.
        program: The module that runs; another one may carry out more commands.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        password_file: Path,
        program: str = "visavis.testing.demo.peer",
    ) -> None:
        self.name = name
        self._program = program
        self._profile = folder / f"profile-{name}"
        self._password_file = password_file
        self._events: list[dict[str, Any]] = []
        self._news = asyncio.Condition()
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._errors = folder / f"{name}.stderr"

    async def start(self) -> None:
        """Start the process and wait until it listens."""
        with self._errors.open("wb") as errors:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                self._program,
                str(self._profile),
                str(self._password_file),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
                limit=1 << 22,
            )
        self._reader = asyncio.create_task(self._read())
        await self.event("ready")

    async def do(self, command: str, /, **values: object) -> None:
        """Send a command."""
        process = self._process
        if process is None or process.stdin is None:
            raise FatalError(Code.UNEXPECTED, f"{self.name} is not running")
        process.stdin.write(json.dumps({"do": command, **values}).encode() + b"\n")
        await process.stdin.drain()

    async def event(self, name: str, *, timeout_s: float = WAIT_S) -> dict[str, Any]:
        """Wait for an event and take it out.

        Raises:
            FatalError: The peer failed, ended, or took longer than `timeout_s`.
        """
        try:
            async with asyncio.timeout(timeout_s), self._news:
                while True:
                    for event in self._events:
                        if event["event"] == "failed":
                            raise FatalError(
                                Code.UNEXPECTED,
                                f"{self.name} failed to {event['doing']}: {event['error']}",
                            )
                        if event["event"] == name:
                            self._events.remove(event)
                            return event
                    if self._reader is not None and self._reader.done():
                        raise FatalError(
                            Code.UNEXPECTED, f"{self.name} ended: {self._last_words()}"
                        )
                    await self._news.wait()
        except TimeoutError:
            raise FatalError(
                Code.NO_ANSWER, f"{self.name}: no '{name}' in {timeout_s:.0f} s"
            ) from None

    async def close(self) -> None:
        """Let it end by itself, by process id if it does not."""
        process = self._process
        if process is None:
            return
        if process.returncode is None:
            try:
                await self.do("quit")
                async with asyncio.timeout(10):
                    await process.wait()
            except (TimeoutError, OSError):
                process.kill()
                await process.wait()
        if self._reader is not None:
            await asyncio.gather(self._reader, return_exceptions=True)

    def _last_words(self) -> str:
        lines = self._errors.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1] if lines else "no words"

    async def _read(self) -> None:
        process = self._process
        if process is None or process.stdout is None:
            return
        try:
            while line := await process.stdout.readline():
                event = json.loads(line)
                async with self._news:
                    self._events.append(event)
                    self._news.notify_all()
        finally:
            asyncio.get_running_loop().call_soon(self._wake)

    def _wake(self) -> None:
        async def wake() -> None:
            async with self._news:
                self._news.notify_all()

        self._waking = asyncio.ensure_future(wake())


async def become_contacts(server: RunningServer, anna: PeerProcess, bert: PeerProcess) -> list[str]:
    """Have two people sign up and become contacts by an invite link; return their handles."""
    for peer in (anna, bert):
        await peer.do("signup", server=server.origin, link=server.signup_link(), name=peer.name)
    handles = [(await peer.event("signed_up"))["handle"] for peer in (anna, bert)]
    await anna.do("invite")
    await bert.do("accept", link=(await anna.event("invited"))["link"])
    await anna.do("await_contact")
    await asyncio.gather(bert.event("contact"), anna.event("contact"))
    return handles
