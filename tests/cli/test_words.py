"""The words of the command: help that is whole sentences, an answer to each ending and notice."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from visavis.cli.doctor import Check, clock, run_checks
from visavis.cli.main import app, main
from visavis.cli.notices import SENTENCES
from visavis.cli.playing import Screen, open_source
from visavis.cli.talk import ENDINGS, ending
from visavis.core.call_effects import EndReason
from visavis.core.errors import MEANINGS, Code, UnavailableError
from visavis.media.sinks import NullSink
from visavis.sdk.history import NoticeKind
from visavis.testing.clip import clip_path
from visavis.testing.server import local_server


def commands(command: Any, path: str = "visavis") -> Iterator[tuple[str, Any]]:
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, f"{path} {name}")


EVERY = dict(commands(typer.main.get_command(app)))


@pytest.mark.parametrize("path", EVERY)
def test_every_help_line_is_a_plain_sentence(path: str) -> None:
    command = EVERY[path]
    assert command.help, path
    assert command.help.strip().endswith("."), command.help
    for parameter in command.params:
        words = getattr(parameter, "help", None)
        assert words, (path, parameter.name)
        assert words[0].isupper(), words
        assert words.endswith("."), words


def test_help_shows_no_type_names(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["call", "--help"])
    shown = capsys.readouterr().out
    assert "--media" in shown
    assert "FILE" in shown
    for noise in ("<path>", "<bool>", "<str>", "<float"):
        assert noise not in shown


def test_every_ending_and_notice_has_words() -> None:
    for reason in EndReason:
        assert ending(reason.value).endswith(".")
    assert set(SENTENCES) == set(NoticeKind)


def test_declined_busy_and_away_read_alike_to_the_caller() -> None:
    """The caller's machine knows one end for all of them (P9), and it has one sentence."""
    assert ENDINGS[EndReason.NO_ANSWER] == MEANINGS[Code.NO_ANSWER].person == "No answer."


class NoDevice(NullSink):
    def start(self) -> None:
        raise UnavailableError(Code.NO_DEVICE, "none")


class Counting(NullSink):
    def __init__(self) -> None:
        self.closed = 0

    def close(self) -> None:
        self.closed += 1


def test_a_call_goes_on_without_speakers_or_display() -> None:
    there = Counting()
    screen = Screen("anna", picture=True, quiet=True, sinks=(NoDevice(), there))
    screen.start()
    screen.start()  # once more after a restart of the transport
    screen.close()
    screen.close()
    assert there.closed == 1
    assert not screen.in_terminal


async def test_what_is_played_is_opened_before_it_rings(tmp_path: Path) -> None:
    said: list[str] = []
    source = await open_source(clip_path(), picture=True, say=said.append)
    assert (await source.next_video()).width > 0
    source.close()
    (tmp_path / "noise").write_bytes(b"no media in here")
    with pytest.raises(UnavailableError) as error:
        await open_source(tmp_path / "noise", picture=True, say=said.append)
    assert error.value.code is Code.NO_MEDIA
    assert said == []


async def test_the_doctor_says_what_to_do(tmp_path: Path) -> None:
    open_to_all = tmp_path / "profile"
    open_to_all.mkdir(mode=0o755)
    open_to_all.chmod(0o755)
    checks = {c.name: c for c in await run_checks("http://127.0.0.1:9", open_to_all)}
    assert not checks["profile"].ok
    assert "chmod" in checks["profile"].advice
    assert not checks["server"].ok
    assert "visavis serve" in checks["server"].advice
    assert checks["janus"].ok == (shutil.which("janus", path="/usr/bin:/usr/local/bin") is not None)
    open_to_all.chmod(0o700)
    checks = {c.name: c for c in await run_checks("http://127.0.0.1:9", open_to_all)}
    assert checks["profile"].ok


async def test_the_doctor_says_what_a_server_without_an_sfu_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("visavis.cli.doctor.find_janus", _no_janus)
    async with local_server(tmp_path) as server:
        checks = {c.name: c for c in await run_checks(server.origin, tmp_path / "profile")}
    assert checks["group calls"].verdict == "note"
    assert "up to three people" in checks["group calls"].advice
    assert checks["janus"].verdict == "note"
    assert "apt-get install janus" in checks["janus"].advice


def _no_janus() -> str:
    raise UnavailableError(Code.NO_SFU, "not installed")


def test_a_clock_from_the_past_is_bad(monkeypatch: pytest.MonkeyPatch) -> None:
    assert clock().verdict in {"good", "note"}
    monkeypatch.setattr("visavis.cli.doctor.time.time", lambda: 1.0)
    assert clock().verdict == "BAD"


def test_a_verdict_is_one_word() -> None:
    assert Check("x", ok=False, advice="").verdict == "BAD"
    assert Check("x", ok=False, advice="", required=False).verdict == "note"
