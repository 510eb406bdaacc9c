"""Real-time text in a terminal: at a keyboard, from a pipe, and harmless to print."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest

from visavis.cli import ask
from visavis.cli.output import Output
from visavis.cli.writing import _ESCAPE, _end_of, _pieces, last_character, writing
from visavis.sdk.call_text import CallText


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("", 0),
        ("a", 1),
        ("ab", 1),
        ("é", 1),
        ("ae\u0301", 2),
        ("x👍🏽", 2),
        ("x👩\u200d👩\u200d👧", 5),
        ("x❤\ufe0f", 2),
        ("🇩🇪🇪🇸", 2),
        ("\u0301", 1),
    ],
)
def test_a_backspace_takes_what_a_person_calls_a_character(text: str, length: int) -> None:
    assert last_character(text) == length


def test_arrows_and_function_keys_are_nobodys_text() -> None:
    assert _ESCAPE.sub("", "a\x1b[Ab\x1b[1;5Cc\x1bOPd\x1b\x1b[15~e") == "abcde"


def test_keys_that_erase_stand_alone() -> None:
    assert list(_pieces("ab\x7f\x7fc\x15")) == ["ab", "\x7f", "\x7f", "c", "\x15"]


def test_the_live_line_is_harmless_and_fits() -> None:
    assert _end_of("ab\x1b[2Jc", 20) == "ab\N{REPLACEMENT CHARACTER}[2Jc"
    assert _end_of("x" * 30 + "end", 10) == "…" + "x" * 6 + "end"
    assert len(_end_of("日本語" * 10, 11)) <= 11


class FakeCall:
    contact_name = "bert\x1b[2J"

    def __init__(self) -> None:
        self.text = CallText()


class FakeScreen:
    in_terminal = False


def beat(one: FakeCall, other: FakeCall) -> None:
    for sender, receiver in ((one, other), (other, one)):
        block = sender.text.next_block()
        if block is not None:
            receiver.text.receive(block)


async def settle(one: FakeCall, other: FakeCall) -> None:
    for _ in range(6):
        await asyncio.sleep(0.01)
        beat(one, other)
    await asyncio.sleep(0.01)


def context() -> Any:
    return SimpleNamespace(out=Output())


async def test_at_a_keyboard_each_key_leaves_and_both_lines_are_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    keys: asyncio.Queue[bytes] = asyncio.Queue()

    async def typed() -> AsyncIterator[bytes]:
        while True:
            yield await keys.get()

    monkeypatch.setattr(ask, "interactive", lambda: True)
    monkeypatch.setattr(ask, "typed", typed)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    anna, bert = FakeCall(), FakeCall()
    async with writing(context(), anna, FakeScreen(), text=True, caption=""):  # type: ignore[arg-type]
        euro = "€".encode()
        for key in (b"I wnat", b"\x7f\x7f\x7fant ", euro[:1], euro[1:], b"\x1b[A"):
            keys.put_nowait(key)
        await settle(anna, bert)
        assert bert.text.theirs == "I want €"
        bert.text.type("I read\x1b[31m you")
        await settle(anna, bert)
        assert "I read[31m you" in capsys.readouterr().err
        keys.put_nowait(b"\x15new\r")
        bert.text.type("\nnext")
        await settle(anna, bert)
        assert [line.text for line in bert.text.lines() if line.who == "theirs"] == ["new"]
    shown = capsys.readouterr()
    assert "I read[31m you\n" in shown.out
    assert "\x1b[2J" not in shown.out + shown.err


async def test_from_a_pipe_whole_lines_are_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ask, "interactive", lambda: False)
    monkeypatch.setattr("sys.stdin", io.StringIO("one\ntwo\n" + "x" * 3000 + "\nlast\n"))
    anna, bert = FakeCall(), FakeCall()
    async with writing(context(), anna, FakeScreen(), text=True, caption=""):  # type: ignore[arg-type]
        for _ in range(30):
            await settle(anna, bert)
    lines = [line.text for line in bert.text.lines()]
    assert lines == ["one", "two", "x" * 1000, "x" * 1000, "x" * 1000, "last"]


async def test_without_the_option_nothing_is_opened_and_all_is_printed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    anna, bert = FakeCall(), FakeCall()
    async with writing(context(), anna, FakeScreen(), text=False, caption=""):  # type: ignore[arg-type]
        await settle(anna, bert)
        assert not anna.text.is_open
        assert bert.text.lines() == ()
        bert.text.type("are you there?\n")
        await settle(anna, bert)
        assert not anna.text.is_open
    shown = capsys.readouterr()
    assert "are you there?\n" in shown.out
    assert "writes while you talk" in shown.err
