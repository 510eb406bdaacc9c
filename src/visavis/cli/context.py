"""What every command needs: which profile, which server, which password, how to print."""

from __future__ import annotations

import asyncio
import getpass
import os
import sys
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from visavis.cli.output import Output
from visavis.core.errors import AuthorizationError, Code, VisavisError

if TYPE_CHECKING:
    from visavis.sdk.client import Client

T = TypeVar("T")

DEFAULT_SERVER: Final = "http://localhost:8420"
PASSWORD_FILE: Final = "VISAVIS_PASSWORD_FILE"  # noqa: S105 - the name of a variable, no password


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

    def password(self, prompt: str = "Password: ", *, confirm: bool = False) -> str:
        """Return the password: from VISAVIS_PASSWORD_FILE, else typed unseen.

        Raises:
            AuthorizationError: There is neither a file nor a terminal to type in.
        """
        path = os.environ.get(PASSWORD_FILE)
        if path:
            try:
                return Path(path).read_text(encoding="utf-8").rstrip("\r\n")
            except OSError as error:
                raise AuthorizationError(
                    Code.STORE_LOCKED, f"{PASSWORD_FILE} cannot be read"
                ) from error
        if not sys.stdin.isatty():
            raise AuthorizationError(
                Code.STORE_LOCKED, f"no terminal to ask for the password: set {PASSWORD_FILE}"
            )
        typed = getpass.getpass(prompt, stream=sys.stderr)
        if confirm and getpass.getpass("The same again: ", stream=sys.stderr) != typed:
            raise AuthorizationError(Code.LOGIN_FAILED, "the two passwords differ")
        return typed

    def run(self, work: Callable[[], Coroutine[Any, Any, dict[str, Any]]]) -> int:
        """Run one command's coroutine and turn its result or error into output and a status."""
        try:
            return self.out.finish(asyncio.run(work()))
        except VisavisError as error:
            return self.fail(error)
        except KeyboardInterrupt:
            self.out.say("Stopped.")
            return self.out.finish({"ok": False, "code": "stopped"})

    def fail(self, error: VisavisError) -> int:
        """Print what happened, whether anything was lost, and what to do."""
        self.out.say(f"[bold red]{error.describe()}[/]")
        if error.detail:
            self.out.say(f"[dim]({error.code}: {error.detail})[/]")
        return self.out.finish({"ok": False, "code": str(error.code), "error": error.describe()})

    async def with_client(self, work: Callable[[Client], Awaitable[T]]) -> T:
        """Open this profile's client, do the work, and close it."""
        from visavis.sdk.client import Client

        client = await Client.open(self.profile, self.password())
        async with client:
            return await work(client)
