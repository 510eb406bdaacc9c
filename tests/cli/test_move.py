"""`visavis move` at the terminal: out of one server, into another."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.conftest import MANY, PASSWORD, Terminal

from visavis.core.move_file import SIZES
from visavis.testing.server import RunningServer, loopback_config


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Give another server."""
    folder = tmp_path_factory.mktemp("elsewhere")
    server = RunningServer(loopback_config(folder / "data", free_attempts=MANY))
    asyncio.run(server.start())
    try:
        yield server
    finally:
        asyncio.run(server.stop())


def secret(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text + "\n")
    return str(path)


def test_a_move_from_the_first_word_to_the_last(
    terminal: Terminal, elsewhere: RunningServer, tmp_path: Path
) -> None:
    for name in ("moira", "nils", "odette"):
        terminal.sign_up(name)
    terminal.befriend("moira", "nils")
    terminal.befriend("moira", "odette")
    terminal.ok("moira", "contact", "verified", "nils")
    file = tmp_path / "moira.move"

    # Before anything is written, it says who has to come along, and that messages stay.
    unasked = terminal.run("moira", "move", "out", str(file))
    said = unasked.err
    assert unasked.status != 0
    for needle in ("nils.", "(verified, contact)", "odette.", "Servers do not talk to each other"):
        assert needle in said
    assert "Messages and files do not" in said
    assert not file.exists()

    made = terminal.ok("moira", "move", "out", str(file), "--yes")
    assert (made["contacts"], made["calls"]) == (2, 0)
    assert len(made["passphrase"].split("-")) == 6
    assert file.stat().st_mode & 0o077 == 0
    assert file.stat().st_size == SIZES[0]
    again = terminal.refused("moira", "move", "out", str(file), "--yes")
    assert "already" in again["error"]

    passphrase = secret(tmp_path, "passphrase", made["passphrase"])
    words = ("move", "in", str(file), "--signup-link", elsewhere.signup_link())
    came = terminal.ok("moira-there", *words, "--passphrase-file", passphrase)
    assert came["handle"].startswith("moira.")
    assert came["server"] == elsewhere.origin
    assert {one.partition(".")[0] for one in came["awaited"]} == {"nils", "odette"}
    assert re.fullmatch(r"(\w{4}-){6}\w{4}", came["recovery_code"])
    waiting = terminal.ok("moira-there", "move", "awaited")["awaited"]
    assert [(one["name"].partition(".")[0], one["verified"]) for one in waiting] == [
        ("nils", True),
        ("odette", False),
    ]


@pytest.mark.long
def test_contacts_are_told_and_come_along(
    terminal: Terminal, elsewhere: RunningServer, tmp_path: Path
) -> None:
    """The link is made there and told here; it is shown as sent, and nothing more."""
    for name in ("pia", "quin", "rosa"):
        terminal.sign_up(name)
    terminal.befriend("pia", "quin")
    terminal.befriend("pia", "rosa")
    terminal.ok("pia", "contact", "verified", "quin")
    number = terminal.ok("pia", "safety-number", "quin")
    file = tmp_path / "pia.move"
    made = terminal.ok("pia", "move", "out", str(file), "--yes")
    passphrase = secret(tmp_path, "passphrase", made["passphrase"])
    words = ("move", "in", str(file), "--signup-link", elsewhere.signup_link())
    terminal.ok("pia-there", *words, "--passphrase-file", passphrase)

    link = terminal.ok("pia-there", "move", "invite")["link"]
    unasked = terminal.run("pia", "move", "tell", link)
    assert unasked.status != 0
    assert "To: quin." in unasked.err
    assert link in unasked.err
    told = terminal.run("pia", "move", "tell", link, "--only", "quin", "--yes")
    assert "Sent to 1. Whether they come is theirs to decide." in told.out
    messages = terminal.ok("quin", "history", "--with", "pia")
    assert messages["calls"] == []
    wrong = terminal.refused("pia", "move", "tell", terminal.ok("quin", "invite")["link"], "--yes")
    assert "somebody else" in wrong["error"]

    # Quin comes as well, in the same way.
    theirs = tmp_path / "quin.move"
    own = secret(tmp_path, "own", "nine slow herons wade ashore")
    made = terminal.ok("quin", "move", "out", str(theirs), "--passphrase-file", own, "--yes")
    assert "passphrase" not in made
    words = (
        "move",
        "in",
        str(theirs),
        "--signup-link",
        elsewhere.signup_link(),
        "--name",
        "quinn",
    )
    terminal.ok("quin-there", *words, "--passphrase-file", own)
    terminal.ok("quin-there", "accept", link, "--wait", "0")
    (request,) = terminal.ok("pia-there", "requests")["requests"]
    assert request["was"].startswith("quin.")
    terminal.ok("pia-there", "requests", "approve", "quinn")
    terminal.ok("quin-there", "contacts")
    there = terminal.ok("pia-there", "safety-number", "quinn")
    assert there["safety_number"] == number["safety_number"]
    (contact,) = terminal.ok("pia-there", "contacts")["contacts"]
    assert contact["verified"]
    terminal.ok("pia-there", "move", "awaited", "--forget", "rosa")
    assert terminal.ok("pia-there", "move", "awaited")["awaited"] == []


def test_what_cannot_be_moved_says_why(
    terminal: Terminal, elsewhere: RunningServer, tmp_path: Path
) -> None:
    file = tmp_path / "anna.move"
    made = terminal.ok("anna", "move", "out", str(file), "--yes")
    right = secret(tmp_path, "right", made["passphrase"])
    wrong = secret(tmp_path, "wrong", "some-other-words")
    link = elsewhere.signup_link()
    damaged, cut, foreign = (tmp_path / name for name in ("damaged", "cut", "foreign"))
    data = file.read_bytes()
    damaged.write_bytes(data[:9_000] + b"\0" + data[9_001:])
    cut.write_bytes(data[:9_000])
    foreign.write_bytes(b"BEGIN:VCARD")
    for path, passphrase, needle in (
        (file, wrong, "passphrase is wrong"),
        (damaged, right, "damaged"),
        (cut, right, "cut short"),
        (foreign, right, "no file that visavis move out has made"),
        (tmp_path / "nowhere", right, "cannot be read"),
        (tmp_path, right, "cannot be read"),
    ):
        words = ("move", "in", str(path), "--signup-link", link, "--passphrase-file", passphrase)
        refused = terminal.refused("nobody-there", *words)
        assert needle in refused["error"]
        assert "Nothing was changed" in refused["error"]
        assert not (terminal.home / "nobody-there").exists()
    words = ("move", "in", str(file), "--signup-link", link, "--passphrase-file", right)
    assert "already" in terminal.refused("bert", *words)["error"]
    weak = terminal.refused("anna-weak", *words, password="short")
    assert weak["code"] == "weak_password"
    poor = secret(tmp_path, "poor", "abc")
    words = ("move", "out", str(tmp_path / "x"), "--yes", "--passphrase-file", poor)
    assert "passphrase" in terminal.refused("anna", *words)["error"]
    assert not (tmp_path / "x").exists()
    # The control: the same file, rightly used, after all that; and PASSWORD is what it was.
    words = ("move", "in", str(file), "--signup-link", link, "--passphrase-file", right)
    assert terminal.ok("anna-there", *words, password=PASSWORD)["calls"] >= 0
