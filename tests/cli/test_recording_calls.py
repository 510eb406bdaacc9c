"""A call recorded from the command line: with everybody's yes, exported, and taken back."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import pytest
from tests.cli.conftest import PATIENCE_S, Terminal
from tests.cli.test_terminal import AtTheTerminal
from tests.media.sfu_peers import network
from tests.sdk.conftest import PASSWORD, People

from visavis.testing.clip import clip_path
from visavis.testing.server import RunningServer, loopback_config

pytestmark = pytest.mark.media

MEDIA = ("--media", str(clip_path()))


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Terminal]:
    """Give a terminal, a server with a relay, and anna and bob, who are contacts."""
    with network():
        config = loopback_config(tmp_path / "server", turn=True, allow_loopback_relay=False)
        server = RunningServer(config)
        asyncio.run(server.start())
        try:
            yield Terminal(tmp_path, server, asyncio.run(pair(server, tmp_path)))
        finally:
            asyncio.run(server.stop())


async def pair(server: RunningServer, folder: Path) -> dict[str, str]:
    people = People(server, folder)
    anna, bob = await people.pair()
    handles = {"anna": anna.handle, "bob": bob.handle}
    await people.close()
    return handles


Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(home: Terminal) -> Iterator[Start]:
    """Start a command that is not forked from a process in another network."""
    started: list[subprocess.Popen[str]] = []

    def begin(who: str, *words: str) -> subprocess.Popen[str]:
        program = subprocess.Popen(
            [sys.executable, "-m", "visavis.cli.main", "--profile", who, *words],
            env=home.environment(PASSWORD),
            cwd=home.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(program)
        return program

    yield begin
    for program in started:
        program.kill()
        program.communicate()


def done(program: subprocess.Popen[str]) -> tuple[dict[str, Any], str]:
    """Return the JSON that a command ends with, and what it said."""
    out, err = program.communicate(timeout=PATIENCE_S)
    assert "Traceback" not in err, err
    result = json.loads(out.splitlines()[-1])
    assert isinstance(result, dict)
    return result, err


def reads(program: subprocess.Popen[str], wanted: str) -> None:
    """Read what a program says until this was said."""
    assert program.stderr is not None
    for line in program.stderr:
        if wanted in line:
            return
    raise AssertionError(f"it ended, and never said: {wanted}")


def frames(path: Path) -> dict[int, int]:
    """Return how many frames of each track FFmpeg's decoders make of a file."""
    counts: dict[int, int] = {}
    with av.open(str(path)) as container:
        for packet in container.demux():
            for _ in packet.decode():
                counts[packet.stream_index] = counts.get(packet.stream_index, 0) + 1
    return counts


def test_a_call_is_recorded_exported_and_a_yes_taken_back(home: Terminal, start: Start) -> None:
    listen = ("listen", "--auto-accept", "--agree-to-recording", "--once", *MEDIA, "--json")
    listening = start("bob", *listen)
    reads(listening, "can be called now")
    words = ("--record", "Minutes of the [bold]rehearsal", "--record-export", "The choir")
    called, said = done(start("anna", "call", "bob", *MEDIA, *words, "--seconds", "14", "--json"))
    bob = home.handles["bob"]
    assert called["recording"]["recorded"] is True, (called, said)
    assert called["recording"]["agreed"] == {bob: ["audio", "video"]}
    assert f"{bob} agrees to sound and camera pictures." in said
    assert "RECORDED" in said
    _, heard = done(listening)
    for part in ("Minutes of the [bold]rehearsal", "The choir", "30 days", "film the screen"):
        assert part in heard
    assert heard.index("film the screen") < heard.index("You have agreed to")
    assert heard.index("You have agreed to") < heard.index("RECORDED")

    (kept,) = done(start("anna", "recordings", "--json"))[0]["recordings"]
    which = kept["recording"][:8]
    looked, _ = done(start("anna", "recordings", "look", which, "--json"))
    assert [one["playable"] for one in looked["members"]] == [True, True]
    proven, _ = done(start("anna", "verify-recording", looked["file"], "--json"))
    assert proven["ok"] is True, proven
    assert proven["ended"] is True
    for name in ("anna", "bob"):
        (call,) = done(start(name, "history", "--json"))[0]["calls"]
        assert call["recorded"] is True, name
    both = home.home / "both.webm"
    assert done(start("anna", "recordings", "export", which, str(both), "--json"))[0]["ok"]
    counts = frames(both)
    assert len(counts) == 4
    assert all(count > 50 for count in counts.values()), counts
    assert both.stat().st_mode & 0o077 == 0

    (given,) = done(start("bob", "consents", "--json"))[0]["consents"]
    assert (given["consent"], given["state"]) == (kept["recording"], "given")
    taken, _ = done(start("bob", "consents", "withdraw", which, "--json"))
    assert taken["deleted"] is True
    again = home.home / "again.webm"
    exported, _ = done(start("anna", "recordings", "export", which, str(again), "--json"))
    assert [(one["name"], one["playable"]) for one in exported["members"]] == [
        ("you", True),
        (bob, False),
    ]
    assert len(frames(again)) == 2


def test_a_person_at_a_terminal_is_asked_and_takes_it_back(home: Terminal, start: Start) -> None:
    at = AtTheTerminal(home, "--profile", "bob", "listen", *MEDIA, "--once")
    at.expect("Password: ")
    at.type(PASSWORD + "\n")
    at.expect("can be called now")
    words = ("--voice", "--record", "Minutes", "--record-export", "The choir")
    calling = start("anna", "call", "bob", *MEDIA, *words, "--seconds", "40", "--json")
    at.expect("Press a to accept")
    time.sleep(1)  # what is typed before it is read one by one is thrown away
    at.type("a")
    at.expect("asks to record this call")
    at.expect("Press y to say what you agree to, n if you agree to nothing.")
    at.type("y")
    at.expect("Do you agree to sound? Press y or n.")
    at.type("y")
    at.expect("Do you agree to an export that anybody can play, for ever? Press y or n.")
    at.type("n")
    at.expect("You have agreed to sound.")
    at.expect("RECORDED")
    at.type("w")
    at.expect("Taken back at once.")
    at.expect("NOT RECORDED")
    reads(calling, "has taken the yes back")
    at.type("\x03")
    at.end()
    called, _ = done(calling)
    assert called["recording"]["agreed"] == {home.handles["bob"]: ["audio"]}
    (given,) = done(start("bob", "consents", "--json"))[0]["consents"]
    assert given["state"] == "withdrawn"
