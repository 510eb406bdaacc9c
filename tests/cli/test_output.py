"""What scripts and people read: one JSON line last, nobody else's text as style or control."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import pytest
from rich.console import Console

from visavis.cli.account import origin_of
from visavis.cli.ask import PASSWORD_FILE
from visavis.cli.context import DEFAULT_SERVER, Context, server_named
from visavis.cli.main import globals_first, main
from visavis.cli.output import Output, plain
from visavis.cli.told import DEBUG, ToldError, explain
from visavis.core.errors import Code, UnavailableError, UsageError


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (["contacts", "--json"], (["--json"], ["contacts"])),
        (
            ["call", "bert", "--profile", "/p", "--voice"],
            (["--profile", "/p"], ["call", "bert", "--voice"]),
        ),
        (["call", "--profile=/p", "bert"], (["--profile=/p"], ["call", "bert"])),
        (["message", "bert", "--", "--json"], ([], ["message", "bert", "--", "--json"])),
        (["demo", "--seconds", "5"], ([], ["demo", "--seconds", "5"])),
        (["contacts", "--server"], ([], ["contacts", "--server"])),
    ],
)
def test_global_options_may_stand_anywhere(
    given: list[str], wanted: tuple[list[str], list[str]]
) -> None:
    assert globals_first(given) == wanted


@pytest.mark.parametrize(
    "hostile",
    ["\x1b[2Jgone", "a\rb", "[bold]x[/]", "[link=http://x]y[/link]", "a\nb", "\u202eevil"],
)
def test_text_of_others_cannot_style_or_move_the_cursor(hostile: str) -> None:
    stream = io.StringIO()
    Console(file=stream, force_terminal=True, highlight=False).print(plain(hostile), end="")
    shown = stream.getvalue()
    assert "\x1b" not in shown
    assert "\r" not in shown
    assert "\n" not in shown
    assert "\u202e" not in shown
    if "[" in hostile and "\x1b" not in hostile:
        assert shown == hostile, "brackets are shown, not obeyed"


def test_json_is_one_last_line_and_the_status_follows_ok(
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = Output(as_json=True)
    out.show("not shown")
    out.table("", ("a",), [("b",)])
    assert out.finish({"a": 1}) == 0
    assert json.loads(capsys.readouterr().out) == {"ok": True, "a": 1}
    assert out.finish({"ok": False}) == 1


def test_errors_become_a_sentence_and_a_code(capsys: pytest.CaptureFixture[str]) -> None:
    out = Output(as_json=True)
    assert explain(UnavailableError(Code.NO_RELAY, "CK-490: no allocation"), out) == 1
    captured = capsys.readouterr()
    assert json.loads(captured.out)["code"] == "no_relay"
    assert json.loads(captured.out)["detail"] == "no allocation"
    assert "relay cannot be reached" in captured.err


@pytest.mark.parametrize("error", [RuntimeError("secret words"), UsageError("wrong order")])
def test_a_bug_is_one_sentence_and_still_a_json_line(
    error: Exception, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert explain(error, Output(as_json=True)) == 1
    captured = capsys.readouterr()
    result = json.loads(captured.out)
    assert result["ok"] is False
    assert result["error"].startswith("This is a bug in Visavis")
    assert "Traceback" not in captured.err
    assert "secret words" not in captured.err
    monkeypatch.setenv(DEBUG, "1")
    explain(error, Output(as_json=True))
    assert type(error).__name__ in capsys.readouterr().err


def test_a_command_that_breaks_shows_no_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def broken(self: Context, work: object) -> int:
        raise RuntimeError(str(work))

    monkeypatch.setattr(Context, "run", broken)
    with pytest.raises(SystemExit) as leaving:
        main(["contacts", "--json", "--profile", str(tmp_path)])
    assert leaving.value.code == 1
    captured = capsys.readouterr()
    assert json.loads(captured.out)["code"] == "bug"
    assert "VISAVIS_DEBUG=1" in captured.err
    assert "Traceback" not in captured.err


def test_what_is_said_over_a_picture_comes_after_it(capsys: pytest.CaptureFixture[str]) -> None:
    out = Output()
    with out.held():
        out.say("a message")
        assert "a message" not in capsys.readouterr().err
    assert "a message" in capsys.readouterr().err


def test_the_password_comes_from_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "password").write_text("a long enough passphrase\n")
    monkeypatch.setenv(PASSWORD_FILE, str(tmp_path / "password"))
    assert Context().password() == "a long enough passphrase"
    monkeypatch.setenv(PASSWORD_FILE, str(tmp_path / "none"))
    with pytest.raises(ToldError, match=PASSWORD_FILE):
        Context().password()


def test_without_terminal_and_file_the_password_is_asked_for_clearly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(PASSWORD_FILE, raising=False)
    with Path(os.devnull).open() as nothing:
        monkeypatch.setattr("sys.stdin", nothing)
        with pytest.raises(ToldError, match=PASSWORD_FILE):
            Context().password()


def test_the_server_is_read_off_a_link() -> None:
    assert origin_of("https://calls.example.org/signup#abc") == "https://calls.example.org"
    assert origin_of("http://localhost:8420/signup#abc") == "http://localhost:8420"
    for wrong in ("calls.example.org", "ftp://x/y", "", "http://"):
        with pytest.raises(ToldError, match="Paste it whole"):
            origin_of(wrong)


def test_a_server_is_spelt_as_its_links_spell_it() -> None:
    assert server_named(None) is None
    assert server_named("https://calls.example.org/") == "https://calls.example.org"
    assert server_named("http://localhost:8420") == DEFAULT_SERVER
    assert server_named("http://127.0.0.1:8420/") == DEFAULT_SERVER
    assert server_named("http://127.0.0.1:9000") == "http://127.0.0.1:9000"
