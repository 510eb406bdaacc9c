"""`--json` on every command: the last line of stdout is one object, and `ok` is the status."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import typer.main
from tests.cli.conftest import Terminal

from visavis.cli.main import app

NOWHERE = "http://127.0.0.1:9"

COMMANDS: dict[str, tuple[list[str], str | None]] = {
    # command -> (arguments, the code it must fail with, or None if it must succeed)
    "signup": (["http://127.0.0.1:9/signup#YWJj", "--name", "anna"], "store_locked"),
    "login": (["anna.12345", "--server", NOWHERE], "store_locked"),
    "password": (["--new-password-file", "short"], "weak_password"),
    "invite": (["--days", "3"], None),
    "accept": (["http://127.0.0.1:9/i#AAAA"], "mistyped"),
    "requests list": ([], None),
    "requests approve": (["nobody"], "unknown_contact"),
    "requests decline": (["nobody"], "unknown_contact"),
    "requests": ([], None),
    "contacts": ([], None),
    "contact add": (["bert"], "mistyped"),
    "contact rules": (["nobody"], "unknown_contact"),
    "contact block": (["nobody"], "unknown_contact"),
    "contact unblock": (["nobody"], "unknown_contact"),
    "contact verified": (["nobody"], "unknown_contact"),
    "findable": ([], None),
    "findable on": ([], None),
    "findable off": ([], None),
    "contact keep": (["bert"], None),
    "contact forget": (["bert"], "usage"),
    "message": (["bert", "Hello"], None),
    "messages": (["bert"], None),
    "send-file": (["bert", "no-such-file"], "usage"),
    "save": (["bert", "99"], "usage"),
    "safety-number": (["bert"], None),
    "call": (["bert", "--media", "no-such-file"], "no_media"),
    "listen": (["--nonsense"], "usage"),
    "device list": ([], None),
    "device approve": (["not a link", "--yes"], "mistyped"),
    "device revoke": (["ffffff"], "unknown_device"),
    "serve": (["--domain", "example.org"], "usage"),
    "admin signup-link": (["--data", "server"], None),
    "backup": (["one.backup", "--data", "server"], None),
    "restore": (["no-such-file"], "usage"),
    "demo": (["--seconds", "0"], "usage"),
    "audit stored": (["--data", "nowhere"], "usage"),
    "doctor": (["--server", NOWHERE], ""),
}


def leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield every command that does something, by its full name."""
    nested = getattr(command, "commands", None)
    if path and (nested is None or command.invoke_without_command):
        yield " ".join(path)
    for name, inner in (nested or {}).items():
        yield from leaves(inner, (*path, name))


def test_every_command_is_in_the_table() -> None:
    assert sorted(COMMANDS) == sorted(leaves(typer.main.get_command(app)))


@pytest.mark.parametrize("command", COMMANDS)
def test_the_last_line_is_one_object_and_ok_is_the_status(command: str, terminal: Terminal) -> None:
    (terminal.home / "short").write_text("short\n")
    arguments, code = COMMANDS[command]
    ran = terminal.run("anna", *command.split(), *arguments, "--json")
    result = ran.json
    assert result["ok"] is (ran.status == 0)
    assert len(ran.out.splitlines()) == 1, "everything else goes to stderr"
    if code is None:
        assert ran.status == 0, (ran.out, ran.err)
    else:
        assert ran.status != 0, (ran.out, ran.err)
        assert result.get("code", "") == code
        assert bool(code) is ("error" in result), "a sentence with every code"
