"""`visavis handle`: another name, as a person sees it."""

from __future__ import annotations

from tests.cli.conftest import Terminal


def test_a_person_changes_their_name_and_the_contact_reads_which_took_whose_place(
    terminal: Terminal,
) -> None:
    terminal.sign_up("nora")
    terminal.sign_up("otto")
    was = terminal.handles["nora"]
    link = terminal.ok("nora", "invite")["link"]
    terminal.ok("otto", "accept", link)
    shown = terminal.run("nora", "handle")
    assert was in shown.out
    changed = terminal.run("nora", "handle", "change", "maria")
    assert changed.status == 0, changed.err
    (line,) = [one for one in changed.out.splitlines() if one.startswith("You are now ")]
    handle = line.removeprefix("You are now ").partition(". ")[0]
    assert handle.startswith("maria.")
    assert "Your contacts are told" in changed.out
    assert f"{was} is free" in changed.out
    assert terminal.ok("nora", "handle")["handle"] == handle
    terminal.ok("nora", "contacts")
    read = terminal.run("otto", "contacts")
    assert handle in read.out
    assert f"{was} is now called {handle}." in read.err
    called = terminal.ok("nora", "messages", terminal.handles["otto"])
    assert called is not None
    again = terminal.ok("nora", "handle", "change", "marie")
    assert (again["was"], again["handle"][:6]) == (handle, "marie.")


def test_mistakes_in_words(terminal: Terminal) -> None:
    terminal.sign_up("paula")
    whole = terminal.refused("paula", "handle", "change", "paula.12345")
    assert (whole["code"], "the server adds them" in whole["error"]) == ("usage", True)
    for _ in range(5):
        terminal.ok("paula", "handle", "change", "pia")
    often = terminal.refused("paula", "handle", "change", "pia")
    assert (often["code"], "try again tomorrow" in often["error"]) == ("quota", True)
