"""`visavis call --leave-no-trace`: nobody answers, and no missed call is sent afterwards."""

from __future__ import annotations

import signal

import pytest
from tests.cli.conftest import Terminal

from visavis.testing.clip import clip_path


@pytest.mark.parametrize(("options", "entries"), [(["--leave-no-trace"], 0), ([], 1)])
def test_an_unanswered_call_is_in_their_thread_or_not(
    terminal: Terminal, options: list[str], entries: int
) -> None:
    """The second case is the control."""
    before = terminal.ok("bert", "messages", "anna")["messages"]
    words = ("call", "bert", "--media", str(clip_path()), *options, "--json")
    calling = terminal.start("anna", *words)
    try:
        calling.wait_for("Calling")
        ended = calling.finish(signal.SIGINT)
    finally:
        calling.stop()
    assert ended.json["reason"] == "cancelled"
    new = terminal.ok("bert", "messages", "anna")["messages"][len(before) :]
    assert [m["kind"] for m in new] == ["call.missed"] * entries
