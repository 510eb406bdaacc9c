"""The metadata meter in words: six lines at most, or every fact; every fact has words."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from visavis.cli.meter_table import LIVES, OBSERVERS, WHATS, amount, show_meter, words
from visavis.cli.output import Output
from visavis.core.meter import Carried, Lives, Meter, Observer, Reading, Side, What


def meter() -> Meter:
    found = Meter(carried=Carried(1_500_000, 900_000, 75, sound_packets=3000, sound_sizes=1))
    for _ in range(4):
        found.left(1024, durable=False)
    found.arrived(8192, durable=False)
    found.left(1024, durable=True)
    found.asked_for_relay()
    return found


class Talked:
    contact_name = "[bold]Ben"

    def meter(self) -> Reading:
        return meter().read(Side.CALLED, video=True, seconds=74, answered=True)


def shown(*, whole: bool) -> tuple[str, list[dict[str, object]]]:
    out = Output(stdout=Console(file=io.StringIO(), width=200, soft_wrap=True))
    facts = show_meter(out, Talked(), whole=whole)  # type: ignore[arg-type]
    assert isinstance(out.stdout.file, io.StringIO)
    return out.stdout.file.getvalue(), facts


def test_by_default_it_is_a_line_for_each_observer() -> None:
    text, facts = shown(whole=False)
    sound = "3000 packets of sound, all of one size: speech or silence alike"
    packets = "encrypted packets to the relay: 1.4 MiB up, 879 KiB down, 1:15"
    assert text.splitlines() == [
        "What others could see of this call (all of it: --meter):",
        "  your server: 6 sealed envelopes, 13 KiB, not whom with; gone once delivered",
        "  the relay: 1.4 MiB up and 879 KiB down in 1:15, all of it encrypted",
        "  [bold]Ben: that you called; your voice and picture, 1:14; not your network address",
        f"  the network: {packets}; {sound}",
    ]
    assert len(facts) == len(Talked().meter())


def test_the_whole_table_has_every_fact() -> None:
    text, facts = shown(whole=True)
    for fact in Talked().meter():
        assert words(fact) in text
        assert LIVES[fact.lives] in text
    assert facts[0] == {
        "observer": "server",
        "what": "sent_live",
        "much": {"envelopes": 4, "size": 1024, "bytes": 4096},
        "lives": "delivery",
        "basis": "measured",
    }


def test_everything_has_words() -> None:
    assert set(WHATS) == set(What)
    assert set(LIVES) == set(Lives)
    assert set(OBSERVERS) == set(Observer)


@pytest.mark.parametrize(
    ("name", "number", "text"),
    [
        ("seconds", 61, "1:01"),
        ("sent", 900, "900 bytes"),
        ("size", 8192, "8 KiB"),
        ("bytes", 3 * 1024 * 1024, "3.0 MiB"),
        ("times", 2, "2"),
    ],
)
def test_amounts(name: str, number: int, text: str) -> None:
    assert amount(name, number) == text
