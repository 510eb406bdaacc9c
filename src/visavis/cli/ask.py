"""Asking a person: passwords unseen, lines and single keys, without stopping the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import os
import signal
import sys
import termios
import tty
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Annotated, Final

import typer

from visavis.cli.told import ToldError
from visavis.core.errors import Code

PASSWORD_FILE: Final = "VISAVIS_PASSWORD_FILE"  # noqa: S105 - the name of a variable, no password

YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask first.")]


def interactive() -> bool:
    """Return whether somebody can answer: stdin is a terminal."""
    return sys.stdin.isatty()


def password_from_file() -> str | None:
    """Return the content of the file that VISAVIS_PASSWORD_FILE names, None if it names none.

    Raises:
        ToldError: It cannot be read.
    """
    name = os.environ.get(PASSWORD_FILE)
    return secret_from_file(Path(name), f"{PASSWORD_FILE} names") if name else None


def secret_from_file(path: Path, what: str) -> str:
    """Return a file's text without the line end.

    Raises:
        ToldError: It cannot be read; the sentence begins with "The file that" and `what`.
    """
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError):
        raise ToldError(
            Code.STORE_LOCKED, f"The file that {what} cannot be read. Nothing was changed."
        ) from None


def recovery_code(path: Path | None) -> str | None:
    """Return the code in the file that --recovery-code-file names, None if it was not given.

    Raises:
        ToldError: It cannot be read.
    """
    return None if path is None else secret_from_file(path, "--recovery-code-file names")


def secret(prompt: str) -> str:
    """Ask for something typed unseen.

    Raises:
        ToldError: There is no terminal to type in.
        KeyboardInterrupt: Ctrl-C.
    """
    if not interactive():
        raise ToldError(
            Code.STORE_LOCKED,
            f"There is no terminal to ask for the password: set {PASSWORD_FILE} to the name of a "
            "file that holds it. Nothing was changed.",
        )
    with _ctrl_c_raises():
        return getpass.getpass(prompt, stream=sys.stderr)


async def line() -> str:
    """Return the next line typed, "" at the end of input. May be cancelled."""
    return (await _next_bytes(4096)).decode(errors="replace").strip()


async def yes() -> bool:
    """Return whether the next line typed says yes. Anything else, and the end of input, is a no."""
    return (await line()).lower() in {"y", "yes"}


async def key(known: str) -> str:
    """Return the next of the `known` keys that is pressed, "" at the end of input."""
    with unechoed():
        while True:
            typed = (await _next_bytes(1)).decode(errors="replace").lower()
            if not typed or typed in known:
                return typed


async def typed() -> AsyncIterator[bytes]:
    """Yield what is typed, as it comes, until the end of input. See `unechoed`."""
    while data := await _next_bytes(4096):
        yield data


@contextlib.contextmanager
def unechoed() -> Iterator[None]:
    """Let keys come one by one and unseen, as long as the block lasts; Ctrl-C still works.

    What was typed before is thrown away: a stray key must not accept a call.
    """
    if not interactive():
        yield
        return
    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin, termios.TCSAFLUSH)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSAFLUSH, before)


async def _next_bytes(limit: int) -> bytes:
    loop = asyncio.get_running_loop()
    arrived: asyncio.Future[bytes] = loop.create_future()
    stdin = sys.stdin.fileno()

    def read() -> None:
        if not arrived.done():
            arrived.set_result(os.read(stdin, limit))

    loop.add_reader(stdin, read)
    try:
        return await arrived
    finally:
        loop.remove_reader(stdin)


@contextlib.contextmanager
def _ctrl_c_raises() -> Iterator[None]:
    """Let Ctrl-C end a prompt: inside an event loop it would wait for the loop's next turn."""
    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
