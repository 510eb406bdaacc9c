"""A group calls at the terminal: what is typed, what is read, and that people are heard."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.cli.conftest import PATIENCE_S, Terminal
from tests.media.sfu_peers import network
from tests.sdk.conftest import PASSWORD, People
from tests.sdk.groups import group_of

from visavis.testing.clip import clip_path
from visavis.testing.server import RunningServer, loopback_config

pytestmark = pytest.mark.media

MEDIA = ("--media", str(clip_path()))
NAMES = ("gesa", "hans", "imke", "jens")


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[RunningServer]:
    """Give a server with a relay and an SFU, in a network of its own."""
    with network():
        config = loopback_config(
            tmp_path / "server", turn=True, sfu=True, allow_loopback_relay=False
        )
        server = RunningServer(config)
        asyncio.run(server.start())
        try:
            yield server
        finally:
            asyncio.run(server.stop())


async def choir(server: RunningServer, folder: Path) -> list[str]:
    """Make four people who are in one group; return their handles."""
    people = People(server, folder)
    _, clients = await group_of(people, "Choir", *NAMES)
    handles = [client.handle for client in clients]
    await people.close()
    return handles


Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(hall: RunningServer, tmp_path: Path) -> Start:
    """Start somebody's program, not forked from a process that lives in another network."""
    here = Terminal(tmp_path, hall)

    def started(who: str, *words: str) -> subprocess.Popen[str]:
        visavis = str(Path(sys.executable).with_name("visavis"))
        return subprocess.Popen(
            [visavis, "--profile", str(tmp_path / who), *words],
            env=here.environment(PASSWORD),
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return started


def reads(program: subprocess.Popen[str], *wanted: str) -> str:
    """Read what a program says until all of this was said, in any order; return the last line."""
    assert program.stderr is not None
    missing = set(wanted)
    for line in program.stderr:
        missing = {words for words in missing if words not in line}
        if not missing:
            return line
    raise AssertionError(f"it ended, and never said: {missing}")


def test_four_people_in_a_call(hall: RunningServer, start: Start, tmp_path: Path) -> None:
    _, *others = asyncio.run(choir(hall, tmp_path))
    refused = start("gesa", "call", "Choir", "--confidential")
    assert "Nobody was called." in refused.communicate(timeout=PATIENCE_S)[1]
    assert refused.returncode != 0

    listen = ("listen", "--auto-accept", "--once", *MEDIA, "--seconds", "16", "--json")
    listening = [start(name, *listen) for name in NAMES[1:]]
    for one in listening:
        reads(one, "can be called now")
    calling = start("gesa", "call", "Choir", *MEDIA, "--seconds", "26")
    try:
        said, told = calling.communicate(timeout=PATIENCE_S)
        assert calling.returncode == 0, told
        for word in others:
            assert f"{word} has come in." in told
            assert f"{word} is gone." in told
        assert "In the call, end-to-end encrypted: you, " in told
        assert "Nobody else can hear." in told
        assert "You have left the call. Its keys are destroyed here." in said
        for one in listening:
            heard, err = one.communicate(timeout=PATIENCE_S)
            assert one.returncode == 0, (heard, err)
            (call,) = json.loads(heard.splitlines()[-1])["calls"]
            assert call["answered"], call
            assert (call["group"], call["reason"], call["path"]) == ("Choir", "left", "sfu")
            # Three others, two seconds of each at least.
            assert call["frames_opened"]["audio"] > 300, call
            assert call["frames_opened"]["video"] > 30, call
    finally:
        for one in (calling, *listening):
            one.kill()
            one.communicate()


def test_who_is_killed_is_gone_and_the_others_go_on(
    hall: RunningServer, start: Start, tmp_path: Path
) -> None:
    """`kill -9`: no word, no goodbye. The keys change, and the screen says who can hear."""
    gesa, hans, imke, _ = asyncio.run(choir(hall, tmp_path))
    listen = ("listen", "--auto-accept", "--once", *MEDIA, "--seconds", "60")
    listening = {name: start(name, *listen, "--json") for name in ("hans", "imke")}
    for one in listening.values():
        reads(one, "can be called now")
    calling = start("gesa", "call", "Choir", *MEDIA)
    try:
        reads(calling, f"{hans} has come in.", f"{imke} has come in.")
        while gesa not in reads(listening["imke"], "You hear"):
            pass
        listening["hans"].kill()
        reads(calling, f"{hans} is gone.")
        left = f"you, {imke} (not verified). Nobody else can hear."
        assert reads(calling, "In the call").strip() == f"In the call, end-to-end encrypted: {left}"
        time.sleep(3)  # Who go on say nothing of it: this is the sound that is counted below.
        calling.send_signal(signal.SIGINT)
        said, _ = calling.communicate(timeout=PATIENCE_S)
        assert "You have left the call. Its keys are destroyed here." in said
        listening["imke"].send_signal(signal.SIGINT)
        heard, told = listening["imke"].communicate(timeout=PATIENCE_S)
        assert f"{hans} is gone." in told
        (call,) = json.loads(heard.splitlines()[-1])["calls"]
        assert call["frames_opened"]["audio"] > 20, call
    finally:
        for one in (calling, *listening.values()):
            one.kill()
            one.communicate()
