"""Becoming contacts by name, at the terminal: the same words whoever is asked for."""

from __future__ import annotations

import json

import pytest
from tests.cli.conftest import Terminal

from visavis.cli.told import COMPARE

UNKNOWN = "zenobia.00000"


def test_two_people_meet_by_name(terminal: Terminal) -> None:
    terminal.sign_up("greta")
    terminal.sign_up("henrik")
    greta, henrik = terminal.handles["greta"], terminal.handles["henrik"]
    off = terminal.run("greta", "findable")
    assert "No requests by name come to this device." in off.out
    assert terminal.ok("greta", "findable", "on") == {"ok": True, "findable": True, "handle": greta}
    said = terminal.run("greta", "findable")
    assert greta in said.out
    assert "visavis requests" in said.out
    asked = terminal.ok("henrik", "contact", "add", greta, "--wait", "0")
    assert asked == {"ok": True, "asked": greta, "accepted": False, "contact": None}
    waiting = terminal.run("greta", "requests")
    assert f"{henrik} asks to become your contact, by your name." in waiting.out
    assert "chose what they are called" in waiting.err
    assert terminal.ok("greta", "requests")["requests"] == [
        {"name": henrik, "by_name": True, "was": ""}
    ]
    approved = terminal.run("greta", "requests", "approve", "henrik")
    assert COMPARE in approved.out, approved.err
    assert f"visavis safety-number {henrik}" in approved.out
    # The limit is said to the other side as well, when the answer comes.
    told = terminal.run("henrik", "contacts")
    assert f"{greta} is now your contact, made by name. {COMPARE}" in told.err
    assert greta in told.out
    numbers = {
        terminal.ok(me, "safety-number", other)["safety_number"]
        for me, other in (("greta", "henrik"), ("henrik", "greta"))
    }
    assert len(numbers) == 1
    again = terminal.run("henrik", "contact", "add", greta)
    assert f"{greta} is your contact already." in again.out
    gone = terminal.run("greta", "findable", "off")
    assert "Nobody can ask for you by name." in gone.out
    assert terminal.ok("greta", "findable")["findable"] is False


def test_an_answer_at_once_comes_with_the_limit(terminal: Terminal) -> None:
    terminal.sign_up("ida")
    terminal.sign_up("jakob")
    ida, jakob = terminal.handles["ida"], terminal.handles["jakob"]
    terminal.ok("ida", "findable", "on")
    asking = terminal.start("jakob", "contact", "add", ida, "--wait", "60")
    while not terminal.ok("ida", "requests")["requests"]:
        pass
    terminal.ok("ida", "requests", "approve", jakob)
    asked = asking.finish()
    assert asked.status == 0, asked.err
    assert f"{ida} is now your contact." in asked.out
    assert COMPARE in asked.out


@pytest.mark.long
def test_a_person_a_hidden_person_and_nobody_read_alike(terminal: Terminal) -> None:
    for name in ("kurt", "lina", "mona"):
        terminal.sign_up(name)
    kurt, lina = terminal.handles["kurt"], terminal.handles["lina"]
    terminal.ok("kurt", "findable", "on")
    seen = []
    for handle in (kurt, lina, UNKNOWN):
        ran = terminal.run("mona", "contact", "add", handle, "--wait", "0.5")
        said = terminal.run("mona", "contact", "add", handle, "--wait", "0.5", "--json")
        seen.append(
            (
                ran.status,
                ran.out.replace(handle, "NAME"),
                ran.err.replace(handle, "NAME"),
                json.loads(said.out.replace(handle, "NAME")),
                said.err.replace(handle, "NAME"),
            )
        )
    assert seen[0] == seen[1] == seen[2]
    assert seen[0][0] == 0
    assert seen[0][3] == {"ok": True, "asked": "NAME", "accepted": False, "contact": None}
    # The control: the first was a person.
    assert len(terminal.ok("kurt", "requests")["requests"]) == 1
    assert terminal.ok("lina", "requests")["requests"] == []


def test_mistakes_in_words(terminal: Terminal) -> None:
    half = terminal.refused("anna", "contact", "add", "bert")
    assert (half["code"], "five digits" in half["error"]) == ("mistyped", True)
    own = terminal.refused("anna", "contact", "add", terminal.handles["anna"])
    assert "your own name" in own["error"]
