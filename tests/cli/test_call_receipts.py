"""A signed receipt of a call at the terminal: asked for, signed, refused, shown and removed."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Running, Terminal
from tests.cli.offline import as_json
from tests.cli.test_terminal import AtTheTerminal
from tests.sdk.conftest import PASSWORD, People
from tests.sdk.groups import group_of

from visavis.testing.clip import clip_path

MEDIA = ("--media", str(clip_path()))


@pytest.fixture
def pair(terminal: Terminal) -> tuple[str, str]:
    """Give two people who are in one group, which calls need no relay for."""
    names = [f"{name}{time.monotonic_ns()}" for name in ("rosa", "rolf")]

    async def make() -> None:
        people = People(terminal.server, terminal.home)
        _, clients = await group_of(people, "Choir", *names)
        for name, client in zip(names, clients, strict=True):
            terminal.handles[name] = client.handle
        await people.close()

    asyncio.run(make())
    return names[0], names[1]


@pytest.fixture
def start(terminal: Terminal) -> Iterator[Any]:
    started: list[Running] = []

    def begin(who: str, *words: str) -> Running:
        started.append(terminal.start(who, *words, "--json"))
        return started[-1]

    yield begin
    for one in started:
        one.stop()


def test_asked_signed_shown_and_removed(
    terminal: Terminal, pair: tuple[str, str], start: Any, tmp_path: Path
) -> None:
    rosa, rolf = pair
    assert terminal.ok(rosa, "history", "receipts")["receipts"] == []
    listening = start(
        rolf, "listen", "--auto-accept", "--sign-receipts", "--once", *MEDIA, "--seconds", "12"
    )
    listening.wait_for("can be called now")
    ran = terminal.run(
        rosa, "call", "Choir", "--voice", *MEDIA, "--receipt", "--seconds", "10", "--json"
    )
    assert "Everybody here is asked to sign a receipt of this call" in ran.err
    assert "All have signed" in ran.err
    (which,) = ran.json["receipts"]
    heard = listening.finish()
    for words in ("asks everybody here to sign a receipt", "a signature is for good", "no names"):
        assert words in heard.err, heard.err
    assert heard.json["calls"][0]["receipts"] == [which]

    (kept,) = terminal.ok(rosa, "history", "receipts")["receipts"]
    assert (kept["receipt"], kept["with"], kept["media"]) == (which, "Choir", "voice")
    assert kept["signed_by"] == ["you", terminal.handles[rolf]]
    assert kept["since"] <= kept["at"]
    listed = terminal.run(rosa, "history", "receipts")
    assert which[:8] in listed.out

    files = [tmp_path / f"{number}.vvcall" for number in range(3)]
    short = which[:8]
    terminal.ok(rosa, "history", "receipt", short, str(files[0]))
    terminal.ok(rosa, "history", "receipt", short, str(files[1]), "--show", "media, at")
    shown = terminal.ok(rosa, "history", "receipt", short, str(files[2]), "--show-me")
    assert (shown["shown"], shown["shown_me"]) == ([], True)
    assert files[0].stat().st_mode & 0o077 == 0
    found = []
    for file in files:
        status, checked = as_json("verify-receipt", file)
        assert (status, checked["ok"], checked["kind"]) == (0, True, "call")
        found.append(checked)
    assert [(one["at"], one["since"], one["media"]) for one in found] == [
        (None, None, None),
        (kept["at"], None, "voice"),
        (None, None, None),
    ]
    assert [sum(one["shown"] is not None for one in each["members"]) for each in found] == [0, 0, 1]

    for words in (
        ("receipt", short),
        ("receipt", short, str(tmp_path / "no"), "--show", "where"),
        ("receipt", short, "--remove", "--show-me"),
        ("receipt", "ffffffffffff", str(tmp_path / "no")),
        ("receipt", short, str(files[0])),
    ):
        assert terminal.refused(rosa, "history", *words)
    assert not (tmp_path / "no").exists()
    assert terminal.ok(rosa, "history", "receipt", short, "--remove")["removed"] == which
    assert terminal.ok(rosa, "history", "receipts")["receipts"] == []
    assert len(terminal.ok(rolf, "history", "receipts")["receipts"]) == 1


def test_without_anybody_to_ask_it_is_a_no(
    terminal: Terminal, pair: tuple[str, str], start: Any
) -> None:
    rosa, rolf = pair
    refused = terminal.refused(rosa, "listen", "--sign-receipts")
    assert "--auto-accept" in refused["error"]
    listening = start(rolf, "listen", "--auto-accept", "--once", *MEDIA, "--seconds", "8")
    listening.wait_for("can be called now")
    ran = terminal.run(
        rosa, "call", "Choir", "--voice", *MEDIA, "--receipt", "--seconds", "6", "--json"
    )
    assert ran.json["receipts"] == []
    assert "There is no terminal to ask in, so nobody was asked." in listening.finish().err
    for who in pair:
        assert terminal.ok(who, "history", "receipts")["receipts"] == []


@pytest.mark.parametrize(("key", "said"), [("y", "All have signed"), ("n", "You do not sign")])
def test_a_person_at_a_terminal_answers(
    terminal: Terminal, pair: tuple[str, str], start: Any, key: str, said: str
) -> None:
    rosa, rolf = pair
    at = AtTheTerminal(terminal, "--profile", rolf, "listen", *MEDIA, "--once")
    at.expect("Password: ")
    at.type(PASSWORD + "\n")
    at.expect("can be called now")
    calling = start(rosa, "call", "Choir", "--voice", *MEDIA, "--receipt", "--seconds", "25")
    at.expect("Press a to come in")
    time.sleep(1)  # what is typed before it is read one by one is thrown away
    at.type("a")
    at.expect("asks everybody here to sign a receipt of this call")
    at.expect("a signature is for good")
    at.expect("Press y to sign it, n if you do not.")
    at.type(key)
    at.expect(said)
    at.type("\x03")
    at.end()
    ran = calling.finish(signal.SIGINT)
    assert len(ran.json["receipts"]) == (key == "y")
    for who in pair:
        kept = terminal.ok(who, "history", "receipts")["receipts"]
        assert len(kept) == (key == "y")


def test_a_person_asks_by_a_key_and_takes_it_back(
    terminal: Terminal, pair: tuple[str, str], start: Any
) -> None:
    rosa, rolf = pair
    listening = start(rolf, "listen", "--auto-accept", "--once", *MEDIA, "--seconds", "40")
    listening.wait_for("can be called now")
    at = AtTheTerminal(terminal, "--profile", rosa, "call", "Choir", "--voice", *MEDIA)
    at.expect("Password: ")
    at.type(PASSWORD + "\n")
    at.expect("Press s to ask for a signed receipt of this call.")
    at.type("s")
    at.expect("Press y to sign it and ask the others")
    at.type("y")
    at.expect("Press s to take it back")
    listening.wait_for("asks everybody here to sign a receipt")
    at.type("s")
    at.expect("nobody keeps anything of it")
    at.type("\x03")
    at.end()
    assert "does not sign what" in listening.finish(signal.SIGINT).err
