"""What every command needs: which profile, which server, which password, how to stop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from visavis.cli import ask
from visavis.cli.output import Output
from visavis.cli.told import ToldError
from visavis.core.errors import AuthorizationError, Code, UnavailableError

if TYPE_CHECKING:
    from visavis.sdk.client import Client
    from visavis.sdk.history import NoticeKind

T = TypeVar("T")

DEFAULT_SERVER: Final = "http://localhost:8420"
_BY_NUMBER: Final = "http://127.0.0.1:8420"
TRIES: Final = 3
"""How often a mistyped password may be typed again."""


def server_named(text: str | None) -> str | None:
    """Return a server's address as its links spell it.

    `visavis serve` on one machine calls itself localhost, and an address is compared as text.
    """
    if text is None:
        return None
    named = text.rstrip("/")
    return DEFAULT_SERVER if named == _BY_NUMBER else named


def default_profile() -> Path:
    """Return the profile folder of a person who did not choose one."""
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "visavis"


@dataclass(slots=True)
class Context:
    """The global options of one run of the command."""

    profile: Path = field(default_factory=default_profile)
    server: str | None = None
    out: Output = field(default_factory=Output)
    _stops: list[asyncio.Event] = field(default_factory=list, repr=False)

    def password(self, prompt: str = "Password: ") -> str:
        """Return the password: from the file VISAVIS_PASSWORD_FILE names, else typed unseen.

        Raises:
            ToldError: STORE_LOCKED: the file cannot be read, or there is no terminal to type in.
        """
        given = ask.password_from_file()
        return ask.secret(prompt) if given is None else given

    def run(self, work: Callable[[], Coroutine[Any, Any, dict[str, Any]]]) -> int:
        """Run one command's coroutine and print its result.

        Raises:
            KeyboardInterrupt: It was stopped by Ctrl-C or SIGTERM.
        """
        result = asyncio.run(self._supervised(work))
        if result is None:
            raise KeyboardInterrupt
        return self.out.finish(result)

    def run_with_client(
        self,
        work: Callable[[Client], Awaitable[dict[str, Any]]],
        *,
        reads_messages: bool = False,
        expected: Collection[NoticeKind] = (),
    ) -> int:
        """Run a command that is all work of the profile's client; see `with_client`, `run`."""

        async def whole() -> dict[str, Any]:
            return await self.with_client(work, reads_messages=reads_messages, expected=expected)

        return self.run(whole)

    async def _supervised(
        self, work: Callable[[], Coroutine[Any, Any, dict[str, Any]]]
    ) -> dict[str, Any] | None:
        """Let Ctrl-C and SIGTERM end what `stoppable` names, else the command."""
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        assert task is not None

        def interrupted() -> None:
            if self._stops and not self._stops[-1].is_set():
                self._stops[-1].set()
            else:
                task.cancel()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, interrupted)
        try:
            return await work()
        except (asyncio.CancelledError, KeyboardInterrupt):
            return None

    @contextlib.contextmanager
    def stoppable(self) -> Iterator[asyncio.Event]:
        """Give an event that the next Ctrl-C sets; a second one ends the command."""
        stop = asyncio.Event()
        self._stops.append(stop)
        try:
            yield stop
        finally:
            self._stops.remove(stop)

    async def open(self) -> tuple[Client, str]:
        """Open this profile; returns the client and the password that opened it.

        Raises:
            ToldError: STORE_LOCKED: there is no profile, or the password is wrong.
            UnavailableError: STORE_BUSY.
        """
        from visavis.sdk.client import Client
        from visavis.sdk.store import Store

        if not Store.exists(self.profile):
            raise ToldError(
                Code.STORE_LOCKED,
                f"There is no profile in {self.profile}. Make one with visavis signup or visavis "
                "login, or choose another with --profile DIR.",
            )
        given = ask.password_from_file()
        for _ in range(TRIES):
            password = ask.secret("Password: ") if given is None else given
            try:
                return await Client.open(self.profile, password), password
            except AuthorizationError as error:
                if error.code is not Code.STORE_LOCKED or "cut short" in error.detail:
                    raise
                if given is not None:
                    break
                self.out.say("This password does not open the profile.")
        raise ToldError(
            Code.STORE_LOCKED, "The password is wrong for this profile. Nothing was changed."
        )

    async def with_client(
        self,
        work: Callable[[Client], Awaitable[T]],
        *,
        reads_messages: bool = False,
        expected: Collection[NoticeKind] = (),
    ) -> T:
        """Open this profile's client, do the work, say what else a person should know, close it.

        Args:
            work: The command.
            reads_messages: It shows messages itself.
            expected: Notices that it causes and tells about itself.
        """
        from visavis.cli.notices import telling

        client, _ = await self.open()
        async with client, telling(client, self.out, messages=not reads_messages, skip=expected):
            return await work(client)


async def synced(client: Client, out: Output | None = None, *, within_s: float = 30.0) -> bool:
    """Read all that is waiting; say whether the server was there.

    Args:
        client: Whose.
        out: Where to say that it was not; without it that is an error.
        within_s: How long to wait for it.

    Raises:
        ToldError: REFUSED, this device is no longer one of the account's.
        UnavailableError: The server cannot be reached, and `out` is not given.
    """
    try:
        await client.sync(within_s)
    except AuthorizationError as error:
        if error.code is not Code.REFUSED:
            raise
        raise ToldError(
            error.code,
            "The server does not know this device any more: it was shut out of your account, or "
            "the account is gone. If that is wrong: visavis login in an empty --profile DIR.",
        ) from error
    except UnavailableError as error:
        if out is None or error.code is not Code.UNAVAILABLE:
            raise
        out.say("The server cannot be reached: this is as this device last knew it.")
        return False
    return True
