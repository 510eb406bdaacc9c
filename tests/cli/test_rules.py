"""What a contact may do, at the terminal: rules, block, verified, confidential calls."""

from __future__ import annotations

import pytest
from tests.cli.conftest import Terminal

from visavis.cli.rules import read_hours, show_hours
from visavis.cli.told import MistakeError
from visavis.core.contact_rules import hours_on
from visavis.core.content_records import MAX_HOURS


@pytest.mark.parametrize(
    ("text", "spans", "shown"),
    [
        ("mon-fri 9:00-18:00", [hours_on(range(5), 540, 1080)], "mon-fri 9:00-18:00"),
        (
            "Sat,Sun 10-12; daily 22:00-6:30",
            [hours_on((5, 6), 600, 720), hours_on(range(7), 1320, 390)],
            "sat-sun 10:00-12:00; daily 22:00-6:30",
        ),
        ("fri-mon 0:00-24:00", [hours_on((4, 5, 6, 0), 0, 1440)], "mon,fri-sun 0:00-24:00"),
        ("wed 18:00-0:00", [hours_on((2,), 1080, 1440)], "wed 18:00-24:00"),
        ("mon-fri,sun 7:05 - 8:00", [hours_on((0, 1, 2, 3, 4, 6), 425, 480)], None),
    ],
)
def test_hours_are_read_as_people_write_them(text: str, spans: list[object], shown: str) -> None:
    assert list(read_hours(text)) == spans
    said = show_hours(read_hours(text))
    assert shown in {said, None}
    assert list(read_hours(said)) == spans


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mon",
        "9:00-18:00",
        "mon 9:00",
        "mon 9:00-9:00",
        "mon 24:00-6:00",
        "mon 9:60-18:00",
        "mon 25:00-26:00",
        "mon 9:00-24:01",
        "mo 9:00-18:00",
        "mon- 9:00-18:00x",
        "mon 9:00-18:00;",
        "; ".join(["mon 9:00-10:00"] * (MAX_HOURS + 1)),
    ],
)
def test_what_is_no_hours_is_said_with_an_example(text: str) -> None:
    with pytest.raises(MistakeError) as wrong:
        read_hours(text)
    assert "Nothing was changed." in wrong.value.sentence


def test_rules_block_and_verified(terminal: Terminal) -> None:
    terminal.sign_up("klara")
    terminal.sign_up("lukas")
    link = terminal.ok("klara", "invite")["link"]
    terminal.ok("lukas", "accept", link, "--wait", "0")
    terminal.ok("klara", "contacts")
    lukas = terminal.ok("klara", "contacts")["contacts"][0]["name"]
    now = terminal.ok("klara", "contact", "rules", "lukas")
    assert (now["calls"], now["hours"]) == ("video", "always")
    words = ("--calls", "voice", "--hours", "mon-fri 9:00-18:00")
    said = terminal.run("klara", "contact", "rules", "lukas", *words)
    assert f"{lukas} may call you by voice only." in said.out
    assert "It rings: mon-fri 9:00-18:00." in said.out
    now = terminal.ok("klara", "contact", "rules", "lukas", "--calls", "nothing")
    assert (now["calls"], now["hours"]) == ("nothing", "mon-fri 9:00-18:00")
    now = terminal.ok("klara", "contact", "rules", "lukas", "--hours", "always")
    assert (now["calls"], now["hours"]) == ("nothing", "always")
    wrong = terminal.refused("klara", "contact", "rules", "lukas", "--hours", "at night")
    assert "For example" in wrong["error"]

    confidential = terminal.refused("klara", "call", "lukas", "--voice", "--confidential")
    assert confidential["code"] == "not_verified"
    assert terminal.ok("klara", "contact", "verified", "lukas")["verified"] is True
    assert terminal.ok("klara", "contacts")["contacts"][0]["verified"] is True
    assert "verified" in terminal.run("klara", "contacts").out
    assert terminal.ok("klara", "contact", "verified", "lukas", "--no")["verified"] is False
    assert terminal.ok("klara", "contacts")["contacts"][0]["verified"] is False

    said = terminal.run("klara", "contact", "block", "lukas")
    assert f"{lukas} is blocked. The server refuses what they send you." in said.out
    assert terminal.ok("klara", "contacts")["contacts"][0]["state"] == "blocked"
    assert terminal.refused("lukas", "message", "klara", "hello?")["code"] == "refused"
    back = terminal.ok("klara", "contact", "unblock", "lukas")
    assert back["state"] == "contact"
    terminal.ok("lukas", "contacts")  # It hears of the new address.
    assert terminal.ok("lukas", "message", "klara", "hello!")["sent"] is True
