"""Call links at the terminal: made, listed, withdrawn; a guest joins and is let in."""

from __future__ import annotations

import signal

from tests.cli.conftest import Terminal

from visavis.testing.clip import clip_path

MEDIA = ("--media", str(clip_path()))


def test_links_are_made_listed_and_withdrawn(terminal: Terminal) -> None:
    terminal.sign_up("lena")
    assert terminal.ok("lena", "links")["links"] == []
    made = terminal.ok("lena", "link", "--hours", "3")
    assert made["link"].startswith(f"{terminal.server.origin}/#call=")
    assert (made["group"], made["single_use"]) == ("Call by link", False)
    once = terminal.ok("lena", "link", "Call by link", "--once")
    assert (once["group"], once["single_use"]) == ("Call by link", True)
    listed = terminal.ok("lena", "links")["links"]
    assert [{**one, "ok": True} for one in listed] == [made, once]
    shown = terminal.run("lena", "links")
    assert "1  into the call of Call by link, for guests, good for 3 more hours" in shown.out
    assert "2  into the call of Call by link, for one guest, good for 24 more hours" in shown.out
    assert terminal.ok("lena", "links", "withdraw", "1")["withdrawn"] == made["link"]
    assert terminal.refused("lena", "links", "withdraw", made["link"])["code"] == "refused"
    assert terminal.ok("lena", "links", "withdraw", once["link"])["withdrawn"] == once["link"]
    assert terminal.ok("lena", "links")["links"] == []


def test_who_joins_by_nothing_is_told_so(terminal: Terminal) -> None:
    terminal.sign_up("mina")
    link = terminal.ok("mina", "link")["link"]
    cut = terminal.refused(None, "join", link[:-9], "--name", "Dana", *MEDIA)
    assert cut["code"] == "mistyped"
    nameless = terminal.refused(None, "join", link, "--name", " ", *MEDIA)
    assert nameless["code"] == "usage"
    waiting = terminal.start(None, "join", link, "--name", "Dana", *MEDIA, "--json")
    said = waiting.wait_for("Nobody is here yet.")
    assert "You ask to come in as Dana." in said
    ran = waiting.finish(signal.SIGINT)
    assert ran.json["ok"] is False
    assert ran.json["reason"] == "left"


def test_a_guest_at_the_terminal(terminal: Terminal) -> None:
    terminal.sign_up("yara")
    link = terminal.ok("yara", "link", "--once")["link"]
    guest = terminal.start(None, "join", link, "--name", "Dana", *MEDIA, "--json")
    guest.wait_for("Nobody is here yet.")
    call = ("call", "Call by link", *MEDIA, "--json")
    host = terminal.start("yara", *call, "--admit-all")
    try:
        host.wait_for("asks to come in, by your link. Nobody has verified this name.")
        assert "Dana (guest) has come in." in host.wait_for("has come in.")
        said = guest.wait_for("Nobody else can hear.")
        assert "You are let in." in said
        assert f"you, {terminal.handles['yara']} (not verified)" in said
        ran = guest.finish(signal.SIGINT)
        assert (ran.status, ran.json["reason"], ran.json["ok"]) == (0, "left", True)
        host.wait_for("is gone.")
        ended = host.finish(signal.SIGINT)
        assert (ended.status, ended.json["reason"]) == (0, "left")
        assert "Dana (guest, not verified)" in ended.err
    finally:
        guest.stop()
        host.stop()
