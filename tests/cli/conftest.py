"""One server for all tests of the command, two people on it, and a way to run the command.

Each command is a process of its own, forked from one that has imported everything: what a person
waits for half a second at each start, a hundred tests would wait for a minute. The processes'
arguments, environment, output and exit status are those of `visavis` itself; `test_readme.py`
and `test_terminal.py` run the installed program.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import pytest

from visavis.cli.main import main
from visavis.sdk.client import Client
from visavis.sdk.unlock import insecure_for_tests_cheap_kdf
from visavis.testing.server import RunningServer, loopback_config

PASSWORD = "seven purple otters juggle"
MANY = 1_000_000
"""Logins that cost no work: all tests come from one address, on one day."""
PRELOAD = ["visavis.cli.main", "visavis.cli.playing", "visavis.cli.talk", "visavis.sdk.calls"]
PRELOAD += [
    "visavis.server.backup",
    "visavis.server.restore",
    "visavis.sdk.client",
    "visavis.cli.notices",
    __name__,
]
FORKS = multiprocessing.get_context("forkserver")
PATIENCE_S = 120.0
"""For one command; a busy machine is no failure."""


@dataclass
class Ran:
    """What a command left behind."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The last line of stdout."""
        result = json.loads(self.out.splitlines()[-1])
        assert isinstance(result, dict)
        return result


@dataclass
class Terminal:
    """Runs `visavis` as a stranger would, each time as a process of its own."""

    home: Path
    server: RunningServer
    handles: dict[str, str] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    _count: int = 0

    def environment(self, password: str | None = PASSWORD, **more: str) -> dict[str, str]:
        env = {k: v for k, v in os.environ.items() if not k.startswith(("VISAVIS", "XDG"))}
        env |= {"HOME": str(self.home), "COLUMNS": "200"}
        if password is not None:
            path = self.home / f"password-{abs(hash(password))}"
            path.write_text(password + "\n")
            env["VISAVIS_PASSWORD_FILE"] = str(path)
        return env | more

    def run(
        self, profile: str | None, *words: str, password: str | None = PASSWORD, **env: str
    ) -> Ran:
        ran = self.start(profile, *words, password=password, **env).finish()
        assert "Traceback" not in ran.err, ran.err
        return ran

    def ok(self, profile: str | None, *words: str, **more: Any) -> dict[str, Any]:
        ran = self.run(profile, *words, "--json", **more)
        assert ran.status == 0, (ran.out, ran.err)
        assert ran.json["ok"] is True
        return ran.json

    def refused(self, profile: str | None, *words: str, **more: Any) -> dict[str, Any]:
        ran = self.run(profile, *words, "--json", **more)
        assert ran.status != 0, (ran.out, ran.err)
        assert ran.json["ok"] is False
        return ran.json

    def start(
        self, profile: str | None, *words: str, password: str | None = PASSWORD, **env: str
    ) -> Running:
        self._count += 1
        out, err = (self.home / f"{self._count}.{stream}" for stream in ("out", "err"))
        arguments = [*(() if profile is None else ("--profile", profile)), *words]
        process = FORKS.Process(
            target=_command,
            args=(arguments, self.environment(password, **env), self.home, out, err),
        )
        process.start()
        return Running(process, out, err)

    def sign_up(self, name: str) -> str:
        """Make an account with a store that opens fast; the command itself is tested elsewhere."""

        async def work() -> tuple[str, str | None]:
            client = await Client.signup(
                self.home / name,
                self.server.origin,
                self.server.signup_link(),
                name,
                PASSWORD,
                kdf=insecure_for_tests_cheap_kdf(),
            )
            async with client:
                return client.handle, client.recovery_code

        handle, code = asyncio.run(work())
        assert code is not None
        self.handles[name], self.codes[name] = handle, code
        return handle

    def befriend(self, inviter: str, requester: str) -> None:
        link = self.ok(inviter, "invite")["link"]
        self.ok(requester, "accept", link, "--wait", "0")
        assert self.ok(inviter, "contacts")["contacts"]
        assert self.ok(requester, "contacts")["contacts"]


@dataclass
class Running:
    """A command at work."""

    process: ForkServerProcess
    out: Path
    err: Path

    def wait_for(self, text: str) -> str:
        """Return what it said so far, once `text` is in it."""
        deadline = time.monotonic() + PATIENCE_S
        while text not in (said := self._said()):
            assert self.process.is_alive(), said
            assert time.monotonic() < deadline, said
            time.sleep(0.02)
        return said

    def _said(self) -> str:
        """Return what it said so far; the last character may be half written."""
        return self.err.read_text(errors="replace") if self.err.exists() else ""

    def finish(self, number: int | None = None) -> Ran:
        """Let it end, by a signal if given."""
        pid = self.process.pid
        assert pid is not None
        if number is not None:
            os.kill(pid, number)
        self.process.join(PATIENCE_S)
        if self.process.exitcode is None:
            os.kill(pid, signal.SIGKILL)
            self.process.join()
        status = self.process.exitcode
        assert status is not None
        return Ran(status, self.out.read_text(), self.err.read_text())

    def stop(self) -> None:
        """End it, however it stands."""
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


def _command(
    words: list[str], environment: dict[str, str], folder: Path, out: Path, err: Path
) -> None:
    """Be `visavis` with these arguments: runs in a process of its own."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for number, path in ((0, Path(os.devnull)), (1, out), (2, err)):
        flags = os.O_RDONLY if number == 0 else os.O_CREAT | os.O_WRONLY
        descriptor = os.open(path, flags, 0o600)
        os.dup2(descriptor, number)
        os.close(descriptor)
    sys.stdin = os.fdopen(0, closefd=False)
    main(words)


@pytest.fixture(scope="session")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """Give a terminal, a server without relay, and anna and bert, who are contacts."""
    FORKS.set_forkserver_preload(PRELOAD)
    home = tmp_path_factory.mktemp("cli")
    server = RunningServer(loopback_config(home / "server", free_attempts=MANY))
    asyncio.run(server.start())
    try:
        stage = Terminal(home, server)
        stage.sign_up("anna")
        stage.sign_up("bert")
        stage.befriend("anna", "bert")
        yield stage
    finally:
        asyncio.run(server.stop())
