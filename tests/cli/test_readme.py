"""What README and docs tell people to type: every line parses, and the first call is made."""

from __future__ import annotations

import asyncio
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
from tests.cli.conftest import PASSWORD, PATIENCE_S, Terminal

from visavis.cli.main import app, globals_first
from visavis.testing.clip import clip_path
from visavis.testing.server import RunningServer, loopback_config

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs" / "operate").glob("*.md"))]
BLOCK = re.compile(r"^```(?:sh|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)
INVOKED = re.compile(r"^(?:\$ )?(?:sudo )?(?:\S*/)?visavis (.*)$")


def lines(text: str) -> Iterator[list[str]]:
    """Yield the arguments of every `visavis` line in a page's code blocks."""
    for block in BLOCK.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            found = INVOKED.match(line.strip())
            if found:
                yield shlex.split(found[1], comments=True)


def parse(words: list[str]) -> None:
    """Parse a command line as `visavis` would, and run nothing.

    Raises:
        typer.TyperException: A person who types it is told that it makes no sense.
    """
    front, rest = globals_first(words)
    command: Any = typer.main.get_command(app)
    context: Any = None
    rest = [*front, *rest]
    while True:
        context = command.make_context(command.name, rest, parent=context)
        if not getattr(command, "commands", None):
            return
        rest = [*context._protected_args, *context.args]
        if not rest:
            return
        _, command, rest = command.resolve_command(context, rest)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_line_parses(page: Path) -> None:
    for words in lines(page.read_text()):
        parse(words)


def test_the_check_finds_lines_and_refuses_wrong_ones() -> None:
    assert len(list(lines((ROOT / "README.md").read_text()))) >= 9
    for wrong in (["nonsense"], ["call"], ["call", "bert", "--nonsense"], ["device", "remove"]):
        with pytest.raises(typer.TyperException):
            parse(wrong)


@pytest.mark.media
@pytest.mark.long
def test_the_first_call_of_the_readme(tmp_path: Path) -> None:
    """Type the README's lines, with the clip for camera and microphone, and nobody to press keys.

    The server runs as `visavis serve` does, not as the demo does: its relay has this machine's
    own address, and loopback is refused. Two fresh profiles, installed command, real media.
    """
    section = (ROOT / "README.md").read_text().partition("## Your first call")[2]
    signup, signup2, invite, accept, listen, call = list(lines(section))[:6]
    assert [w[0] for w in (signup, invite, call)] == ["signup", "invite", "call"]
    config = loopback_config(tmp_path / "server", turn=True, allow_loopback_relay=False)
    server = RunningServer(config)
    asyncio.run(server.start())
    here = Terminal(tmp_path, server)
    media = ["--media", str(clip_path())]

    def words(line: list[str], *more: str, **replaced: str) -> list[str]:
        typed = [replaced.get(word, word).replace("~", str(tmp_path)) for word in line]
        return [str(Path(sys.executable).with_name("visavis")), *typed, *more]

    def type_(line: list[str], *more: str, **replaced: str) -> str:
        done = subprocess.run(
            words(line, *more, **replaced),
            env=here.environment(PASSWORD),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert done.returncode == 0, (line, done.stdout, done.stderr)
        return done.stdout

    try:
        type_(signup, LINK=server.signup_link())
        type_(signup2, LINK2=server.signup_link())
        link = type_(invite).strip()
        type_(accept, INVITE=link)
        with (tmp_path / "bert.err").open("wb") as err:
            bert = subprocess.Popen(
                words(listen, *media, "--auto-accept", "--once"),
                env=here.environment(PASSWORD),
                stdout=subprocess.PIPE,
                stderr=err,
                text=True,
            )
        try:
            said = type_(call, *media, "--seconds", "4")
            heard, _ = bert.communicate(timeout=PATIENCE_S)
        finally:
            bert.send_signal(signal.SIGKILL)
            bert.communicate()
    finally:
        asyncio.run(server.stop())
    assert bert.returncode == 0, heard
    for text in (said, heard):
        assert "Its keys are destroyed." in text
        figures = re.search(r"(\d+) seen; ([\d.]+) s of sound heard; relayed", text)
        assert figures is not None, text
        assert int(figures[1]) >= 12, text
        assert float(figures[2]) >= 1.0, text
        assert re.search(r"your server: \d+ sealed envelopes, \d+ KiB, not whom with", text), text
        assert re.search(r"the relay: \d.* up and \d.* down in 0:\d\d", text), text
