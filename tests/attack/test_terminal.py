"""What a contact may do to the terminal of somebody who reads its words: nothing."""

from __future__ import annotations

import pytest

from visavis.cli.output import plain
from visavis.cli.spans import show_time
from visavis.core.content_records import MAX_TIME


@pytest.mark.parametrize("at", [MAX_TIME, 253_402_300_800])
def test_a_time_that_no_calendar_has(at: int) -> None:
    """One message with such a time would make the whole conversation unreadable."""
    assert show_time(at) == "at no time"
    assert show_time(1_800_000_000).endswith(":00")


@pytest.mark.parametrize("text", ["\x1b]0;owned\x07", "\x9b2J", "a\u202eb", "a\rb", "a\nb", "\x00"])
def test_control_sequences_and_directions(text: str) -> None:
    shown = plain(text)
    assert not {"\x1b", "\x07", "\x9b", "\u202e", "\r", "\n", "\x00"} & set(shown)
    assert plain("[bold]x[/]") == "\\[bold]x\\[/]"
    assert plain("Grüße, 世界") == "Grüße, 世界"
