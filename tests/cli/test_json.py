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
    "group create": (["Chess", "nobody"], "unknown_contact"),
    "group list": ([], None),
    "group show": (["nowhere"], "usage"),
    "group invite": (["nowhere", "bert"], "usage"),
    "group invites": ([], None),
    "group accept": (["nowhere"], "usage"),
    "group decline": (["nowhere"], "usage"),
    "group rename": (["nowhere", "somewhere"], "usage"),
    "group picture": (["nowhere"], "usage"),
    "group remove": (["nowhere", "bert"], "usage"),
    "group keeper": (["nowhere", "bert"], "usage"),
    "group leave": (["nowhere", "--yes"], "usage"),
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
    "move out": (["anna.move"], "usage"),
    "move in": (["no-such-file", "--signup-link", f"{NOWHERE}/signup#YWJj"], "store_locked"),
    "move awaited": ([], None),
    "move invite": ([], None),
    "move tell": (["no link"], "mistyped"),
    "device list": ([], None),
    "device approve": (["not a link", "--yes"], "mistyped"),
    "device revoke": (["ffffff"], "unknown_device"),
    "history": (["--missed"], None),
    "history note": (["ffffffff", "roof"], "usage"),
    "history pin": (["ffffffff"], "usage"),
    "history unpin": (["ffffffff"], "usage"),
    "history export": (["calls.txt"], "usage"),
    "history delete": (["--all", "--yes"], None),
    "history keep": (["1y"], None),
    "history settings": (["--trace"], None),
    "history preset": (["balanced", "--yes"], None),
    "history receipts": ([], None),
    "history receipt": (["ffffffff", "call.vvcall"], "usage"),
    "recordings": ([], None),
    "recordings look": (["ffffffff"], "usage"),
    "recordings export": (["ffffffff", "call.webm"], "usage"),
    "recordings remove": (["ffffffff", "--yes"], "usage"),
    "consents": ([], None),
    "consents withdraw": (["ffffffff"], "usage"),
    "consents receipt": (["ffffffff", "consent.json"], "usage"),
    "consents never": ([], None),
    "history ask": (["nobody"], "unknown_contact"),
    "history wishes": ([], None),
    "data": (["--in-days", "7"], None),
    "data shorten": (["envelopes", "default"], None),
    "data delete": (["everything"], "usage"),
    "data restrict": (["--nonsense"], "usage"),
    "data unrestrict": (["--nonsense"], "usage"),
    "data object": ([], None),
    "data receipt": (["no-such-file"], "usage"),
    "account close": (["--confirm", "somebody.00000"], "usage"),
    "handle": ([], None),
    "handle change": (["Maria.12345"], "usage"),
    "verify-recording": (["no-such-file"], "usage"),
    "verify-receipt": (["no-such-file"], "usage"),
    "serve": (["--domain", "example.org"], "usage"),
    "admin signup-link": (["--data", "server"], None),
    "admin record": (["--server", NOWHERE], "unavailable"),
    "admin requests add": (["access", "--data", "server"], None),
    "admin requests list": (["--data", "server"], None),
    "admin requests confirm": (["22222222", "--data", "server"], "usage"),
    "admin requests extend": (["22222222", "--reason", "friends", "--data", "server"], "usage"),
    "admin requests done": (["22222222", "--data", "server"], "usage"),
    "backup": (["one.backup", "--data", "server"], None),
    "restore": (["no-such-file"], "usage"),
    "demo": (["--seconds", "0"], "usage"),
    "audit stored": (["--data", "nowhere"], "usage"),
    "audit recording": (["--seconds", "0"], "usage"),
    "bench group": (["--members", "1"], "usage"),
    "link": (["nowhere"], "unknown_contact"),
    "links": ([], None),
    "links list": ([], None),
    "links withdraw": (["no link"], "refused"),
    "join": (["no link", "--name", "Dana"], "mistyped"),
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
