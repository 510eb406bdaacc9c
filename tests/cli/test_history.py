"""`visavis history` at the terminal: see, mark, keep, delete, export."""

from __future__ import annotations

import errno
import json
import os
import signal
from pathlib import Path

import pytest
from tests.cli.conftest import Terminal

from visavis.cli.new_file import write_new
from visavis.cli.spans import read_hours, show_hours
from visavis.cli.told import MistakeError, ToldError
from visavis.core.content_records import KEEP_EVER
from visavis.core.errors import Code
from visavis.testing.clip import clip_path


@pytest.mark.parametrize(
    ("text", "hours", "shown"),
    [
        ("1h", 1, "1 hour"),
        ("36h", 36, "36 hours"),
        (" 7D ", 168, "7 days"),
        ("2w", 336, "14 days"),
        ("1y", 8_760, "1 year"),
        ("ever", KEEP_EVER, "until you delete them"),
        ("off", 0, "not at all"),
    ],
)
def test_times_are_read_as_people_write_them(text: str, hours: int, shown: str) -> None:
    assert read_hours(text) == hours
    assert show_hours(hours) == shown


@pytest.mark.parametrize("text", ["", "0h", "-1d", "7", "d", "1m", "99999y", "1h 2h"])
def test_what_is_no_time_is_said_with_an_example(text: str) -> None:
    with pytest.raises(MistakeError) as wrong:
        read_hours(text)
    assert "1h, 7d" in wrong.value.sentence


def call_in_vain(terminal: Terminal, caller: str, callee: str, *options: str) -> None:
    words = ("call", callee, "--media", str(clip_path()), *options, "--json")
    calling = terminal.start(caller, *words)
    try:
        calling.wait_for("Calling")
        calling.finish(signal.SIGINT)
    finally:
        calling.stop()


def test_a_history_from_the_first_call_to_the_last_byte(terminal: Terminal, tmp_path: Path) -> None:
    terminal.sign_up("hilde")
    terminal.sign_up("hasso")
    terminal.befriend("hilde", "hasso")
    assert terminal.ok("hilde", "history")["calls"] == []
    call_in_vain(terminal, "hilde", "hasso", "--voice")
    call_in_vain(terminal, "hilde", "hasso", "--leave-no-trace")
    (call,) = terminal.ok("hilde", "history", "--with", "hasso", "--since", "yesterday")["calls"]
    facts = (call["direction"], call["media"], call["outcome"], call["seconds"])
    assert facts == ("outgoing", "voice", "unanswered", 0)
    (theirs,) = terminal.ok("hasso", "history", "--missed")["calls"]
    assert theirs["call"] == call["call"]

    short = call["call"][:6]
    terminal.ok("hilde", "history", "note", short, "about the roof")
    terminal.ok("hilde", "history", "pin", short)
    (found,) = terminal.ok("hilde", "history", "--find", "ROOF has")["calls"]
    assert (found["note"], found["pinned"]) == ("about the roof", True)
    assert terminal.ok("hilde", "history", "--find", "cellar")["calls"] == []

    file = tmp_path / "calls.json"
    terminal.ok("hilde", "history", "export", str(file))
    assert json.loads(file.read_text())["calls"][0]["note"] == "about the roof"
    assert file.stat().st_mode & 0o077 == 0
    again = terminal.refused("hilde", "history", "export", str(file))
    assert "already" in again["error"]
    terminal.ok("hilde", "history", "export", str(tmp_path / "calls.csv"))
    assert "about the roof" in (tmp_path / "calls.csv").read_text()

    terminal.ok("hilde", "history", "ask", "hasso")
    assert terminal.ok("hasso", "history", "wishes")["wishes"] == [
        {"contact": found_name(terminal)}
    ]
    terminal.ok("hasso", "history", "wishes", "hilde", "--delete")
    assert terminal.ok("hasso", "history")["calls"] == []

    refused = terminal.refused("hilde", "history", "delete", "--all")
    assert "--yes" in refused["error"], "nobody was there to ask"
    assert terminal.ok("hilde", "history", "delete", short)["deleted"] == 1
    assert terminal.ok("hilde", "history")["calls"] == []


def found_name(terminal: Terminal) -> str:
    (contact,) = terminal.ok("hasso", "contacts")["contacts"]
    return str(contact["name"])


@pytest.mark.long
def test_what_is_kept_is_decided_and_shown(terminal: Terminal) -> None:
    terminal.sign_up("ilse")
    terminal.sign_up("ivan")
    terminal.befriend("ilse", "ivan")
    assert terminal.ok("ilse", "history", "keep")["keep_hours"] == 90 * 24
    assert terminal.ok("ilse", "history", "keep", "1y")["keep_hours"] == 8_760
    assert "--yes" in terminal.refused("ilse", "history", "keep", "off")["error"]
    own = terminal.ok("ilse", "history", "keep", "1h", "--with", "ivan")
    assert (own["keep_hours"], own["usual"]) == (1, False)
    assert terminal.ok("ilse", "contact", "rules", "ivan", "--calls", "voice")["calls"] == "voice"
    assert terminal.ok("ilse", "history", "keep", "--with", "ivan")["keep_hours"] == 1
    assert terminal.ok("ilse", "history", "keep", "--with", "ivan", "--usual")["usual"] is True
    shown = terminal.ok("ilse", "history", "preset", "nothing kept", "--yes")
    assert shown == {"ok": True, "keep": 0, "details": False, "sync": False, "trace": False}
    call_in_vain(terminal, "ivan", "ilse")
    assert terminal.ok("ilse", "history")["calls"] == []


@pytest.mark.parametrize(
    "words", [(), ("--all", "abc"), ("--all", "--with", "x"), ("ab", "--since", "today")]
)
def test_what_to_delete_must_be_said(terminal: Terminal, words: tuple[str, ...]) -> None:
    if "jo" not in terminal.handles:
        terminal.sign_up("jo")
    wrong = terminal.refused("jo", "history", "delete", *words)
    assert "Say what to delete" in wrong["error"]


def test_a_disk_that_is_full_leaves_no_half_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "calls.csv"
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ToldError) as told:
        write_new(path, b"calls")
    assert told.value.code is Code.DISK_FULL
    assert not path.exists()
    monkeypatch.undo()
    write_new(path, b"calls")
    assert path.read_bytes() == b"calls", "the control"
