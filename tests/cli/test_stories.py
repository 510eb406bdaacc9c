"""Two and three people at their terminals, each command a process, against a real server."""

from __future__ import annotations

import asyncio
import re
import signal
from dataclasses import replace

import pytest
from tests.cli.conftest import PASSWORD, Terminal

from visavis.core.invite import Invite

CLEAR = "\x1b[2Jgone"
STYLED = "[red]not red[/] :smile:"


def test_text_for_people_says_what_to_do_next(terminal: Terminal) -> None:
    link = terminal.server.signup_link()
    ran = terminal.run("emil", "signup", link, "--name", "emil")
    assert ran.status == 0, ran.err
    assert re.search(r"You are emil\.\d{5}\.", ran.out)
    assert re.search(r"Your recovery code: (\w{4}-){6}\w{4}", ran.out)
    assert "visavis invite" in ran.out
    ran = terminal.run("emil", "contacts")
    assert "No contacts yet. visavis invite makes a link" in ran.out
    ran = terminal.run("emil", "invite")
    assert ran.out.startswith(f"{terminal.server.origin}/i#")
    assert "█" in ran.err, "the QR code is for people, the link for scripts"
    assert "visavis accept 'LINK'" in ran.err


def test_sign_up_refuses_in_words(terminal: Terminal) -> None:
    used = terminal.server.signup_link()
    terminal.ok("frida", "signup", used, "--name", "frida")
    again = terminal.refused("gerda", "signup", used, "--name", "gerda")
    assert again["code"] == "signup_link"
    fresh = terminal.server.signup_link()
    weak = terminal.refused("gerda", "signup", fresh, "--name", "gerda", password="short")
    assert weak["code"] == "weak_password"
    assert "It is too short." in weak["error"]
    known = terminal.refused("gerda", "signup", fresh, "--name", "gerda", password="password" * 2)
    assert "attackers try first" in known["error"]
    named = terminal.refused("gerda", "signup", fresh, "--name", "Gerda Groß")
    assert "small letters a to z" in named["error"]
    torn = terminal.refused("gerda", "signup", "gerda.example", "--name", "gerda")
    assert torn["code"] == "mistyped"
    other = "http://127.0.0.1:9"
    wrong = terminal.refused("gerda", "--server", other, "signup", fresh, "--name", "gerda")
    assert f"not of {other}" in wrong["error"]
    taken = terminal.refused("anna", "signup", fresh, "--name", "gerda")
    assert "There is a profile in" in taken["error"]
    assert not (terminal.home / "gerda").exists() or not list((terminal.home / "gerda").iterdir())
    # The link was good all along.
    assert terminal.ok("gerda", "signup", fresh, "--name", "gerda")["handle"].startswith("gerda.")


def test_wrong_and_missing_passwords(terminal: Terminal) -> None:
    wrong = terminal.refused("anna", "contacts", password=PASSWORD + "x")
    assert (wrong["code"], wrong["error"]) == (
        "store_locked",
        "The password is wrong for this profile. Nothing was changed.",
    )
    none = terminal.refused("anna", "contacts", password=None)
    assert "VISAVIS_PASSWORD_FILE" in none["error"]
    unreadable = terminal.refused("anna", "contacts", VISAVIS_PASSWORD_FILE="/no/such/file")
    assert "cannot be read" in unreadable["error"]
    nobody = terminal.refused("nobody", "contacts")
    assert "There is no profile in" in nobody["error"]
    assert terminal.ok("anna", "contacts")["fresh"] is True


def test_messages_cannot_style_or_move_the_terminal(terminal: Terminal) -> None:
    terminal.ok("anna", "message", "bert", CLEAR)
    terminal.ok("anna", "message", "bert", STYLED)
    read = terminal.run("bert", "messages", "anna", FORCE_COLOR="1", TERM="xterm-256color")
    assert "\x1b[" in read.out, "the control: this run does print styles of our own"
    assert "\x1b[2J" not in read.out
    assert "�[2Jgone" in read.out
    assert STYLED in read.out
    kept = terminal.ok("bert", "messages", "anna")["messages"][-2:]
    assert [m["text"] for m in kept] == [CLEAR, STYLED], "nothing is lost: only shown with care"
    assert {m["kind"] for m in kept} == {"text"}


def test_safety_numbers_are_equal(terminal: Terminal) -> None:
    hers = terminal.ok("anna", "safety-number", "bert")["safety_number"]
    his = terminal.ok("bert", "safety-number", "anna")["safety_number"]
    assert hers == his
    assert re.fullmatch(r"(\d{5} ){11}\d{5}", hers)


def test_safety_numbers_are_compared_by_their_qr_codes(terminal: Terminal) -> None:
    def verified() -> list[bool]:
        return [c["verified"] for c in terminal.ok("anna", "contacts")["contacts"]]

    his = terminal.ok("bert", "safety-number", "anna", "--qr")["text"]
    hers = terminal.ok("anna", "safety-number", "bert", "--qr")["text"]
    before = verified()
    for wrong, said in ((hers, "do NOT match"), (his[:-4], "not what the QR code")):
        refused = terminal.refused("anna", "safety-number", "bert", "--scanned", wrong)
        assert said in refused["error"]
    assert verified() == before
    assert terminal.ok("anna", "safety-number", "bert", "--scanned", his)["verified"] is True
    assert True in verified()
    terminal.ok("anna", "contact", "verified", "bert", "--no")


def test_invites_that_were_used_or_have_expired(terminal: Terminal) -> None:
    link = terminal.ok("anna", "invite")["link"]
    terminal.sign_up("hugo")
    assert terminal.ok("hugo", "accept", link, "--wait", "0")["accepted"] is False
    terminal.ok("anna", "contacts")
    assert terminal.refused("bert", "accept", link)["code"] == "refused"
    invite = Invite.from_link(terminal.ok("anna", "invite")["link"])
    late = replace(invite, expires_at=invite.expires_at - 30 * 86_400).to_link()
    expired = terminal.refused("bert", "accept", late)
    assert expired["error"] == "This invite has expired. Nothing was sent. Ask for a new one."
    own = terminal.refused("anna", "accept", invite.to_link())
    assert "invite of your own" in own["error"]
    assert [c["name"] for c in terminal.ok("hugo", "contacts")["contacts"]] == [
        terminal.handles["anna"]
    ]
    terminal.ok("hugo", "contact", "forget", "anna", "--yes")
    assert terminal.ok("hugo", "contacts")["contacts"] == []


def test_a_link_for_many_waits_for_approval(terminal: Terminal) -> None:
    link = terminal.ok("anna", "invite", "--many")["link"]
    for name in ("ines", "jens"):
        terminal.sign_up(name)
        terminal.ok(name, "accept", link, "--wait", "0")
    said = terminal.run("anna", "contacts")
    assert "asks to become your contact. Next: visavis requests" in said.err
    waiting = [one["name"] for one in terminal.ok("anna", "requests")["requests"]]
    assert sorted(waiting) == sorted([terminal.handles["ines"], terminal.handles["jens"]])
    terminal.ok("anna", "requests", "approve", "ines")
    terminal.ok("anna", "requests", "decline", "jens")
    assert terminal.ok("anna", "requests")["requests"] == []
    assert len(terminal.ok("ines", "contacts")["contacts"]) == 1
    assert terminal.ok("jens", "contacts")["contacts"] == []


def test_listening_keeps_the_profile_prints_messages_and_ends_by_ctrl_c(
    terminal: Terminal,
) -> None:
    listening = terminal.start("bert", "listen", "--media", "unused", "--json")
    try:
        listening.wait_for("can be called now")
        busy = terminal.refused("bert", "contacts")
        assert busy["code"] == "store_busy"
        assert "Another visavis command is using this profile." in busy["error"]
        terminal.ok("anna", "message", "bert", f"Are you there? {CLEAR}")
        said = listening.wait_for("Are you there?")
        assert "�[2Jgone" in said
        assert "\x1b[2J" not in said
        ended = listening.finish(signal.SIGINT)
    finally:
        listening.stop()
    assert ended.status == 0, ended.err
    assert ended.json == {"ok": True, "calls": []}
    terminal.ok("bert", "contacts")


def test_a_second_device_by_pairing_and_its_end(terminal: Terminal) -> None:
    origin = terminal.server.origin
    new = terminal.start("anna2", "login", terminal.handles["anna"], "--server", origin, "--json")
    try:
        link = re.search(r"approve '(.+)'", new.wait_for("device approve"))
        assert link is not None
        device = terminal.ok("anna", "device", "approve", link[1], "--yes")["device"]
        assert new.finish().json == {
            "ok": True,
            "handle": terminal.handles["anna"],
            "server": origin,
        }
    finally:
        new.stop()
    devices = terminal.ok("anna", "device", "list")["devices"]
    assert {d["device"] for d in devices if not d["current"]} == {device}
    terminal.ok("bert", "contacts")
    terminal.ok("anna2", "message", "bert", "from my other device")
    texts = [m["text"] for m in terminal.ok("bert", "messages", "anna")["messages"]]
    assert texts[-1] == "from my other device"
    terminal.ok("anna", "device", "revoke", device)
    out = terminal.refused("anna2", "contacts")
    assert "was shut out of your account" in out["error"]
    assert len(terminal.ok("anna", "device", "list")["devices"]) == 1
    # Those who stay reach each other as before, over fresh addresses.
    said = terminal.run("bert", "contacts")
    assert "has shut a device out." in said.err
    assert terminal.ok("anna", "message", "bert", "only me now")["sent"] is True
    assert terminal.ok("bert", "message", "anna", "good")["sent"] is True
    assert terminal.ok("anna", "messages", "bert")["messages"][-1]["text"] == "good"


def test_recovery_code_and_change_of_password(terminal: Terminal) -> None:
    terminal.sign_up("kaja")
    origin, new = terminal.server.origin, "nine quiet lamps on a shelf"
    (terminal.home / "new").write_text(new)
    (terminal.home / "code").write_text(terminal.codes["kaja"] + "\n")
    terminal.ok("kaja", "password", "--new-password-file", "new")
    assert terminal.refused("kaja", "contacts")["code"] == "store_locked"
    terminal.ok("kaja", "contacts", password=new)
    login = ("login", terminal.handles["kaja"], "--server", origin)
    wrong = terminal.refused(
        "kaja2", *login, "--recovery-code-file", "new", password="yet another fine one"
    )
    assert wrong["code"] == "mistyped"
    again = terminal.ok(
        "kaja2", *login, "--recovery-code-file", "code", password="yet another fine one"
    )
    assert again["handle"] == terminal.handles["kaja"]


def test_backup_and_restore(terminal: Terminal) -> None:
    (terminal.home / "phrase").write_text("for the safe")
    words = ("--key-file", "phrase", "--data")
    made = terminal.ok(None, "backup", "night.backup", *words, "server", password=None)
    assert made["bytes"] == (terminal.home / "night.backup").stat().st_size
    assert made["keep_elsewhere"] == ["server/keys/root-key", "server/keys/opaque-setup"]
    assert (made["erasure_keys"], made["days"]) == ("erasure-keys", 30)
    assert (terminal.home / "erasure-keys").stat().st_mode & 0o777 == 0o600
    over = terminal.refused(None, "restore", "night.backup", *words, "server", password=None)
    assert "A server runs on this data folder." in over["error"]
    wrong = terminal.refused(None, "restore", "night.backup", "--data", "copy")
    assert wrong["error"].startswith("The passphrase is wrong")
    absent = ("--erasure-keys", "nowhere")
    missing = terminal.refused(
        None, "restore", "night.backup", *words, "copy", *absent, password=None
    )
    assert "There is no file nowhere." in missing["error"]
    (terminal.home / "erasure-keys").rename(terminal.home / "newest")
    without = terminal.refused(None, "restore", "night.backup", *words, "copy", password=None)
    assert "--erasure-keys FILE" in without["error"]
    beside = ("--erasure-keys", "newest")
    back = terminal.ok(None, "restore", "night.backup", *words, "copy", *beside, password=None)
    assert (back["accounts"], back["left_out"]) == (made["accounts"], 0)
    assert back["accounts"] > 0
    twice = terminal.refused(None, "restore", "night.backup", *words, "copy", password=None)
    assert "--replace" in twice["error"]


@pytest.mark.long
def test_without_the_server_the_rest_works_on(terminal: Terminal) -> None:
    asyncio.run(terminal.server.stop())
    try:
        ran = terminal.run("anna", "message", "bert", "see you at nine", "--json")
        assert (ran.status, ran.json["sent"]) == (0, False), ran.err
        assert "as this device last knew it" in ran.err
        early = terminal.refused(
            "lotte", "signup", terminal.server.signup_link(), "--name", "lotte"
        )
        assert early["code"] == "unavailable"
    finally:
        asyncio.run(terminal.server.start())
    terminal.ok("anna", "contacts")
    texts = [m["text"] for m in terminal.ok("bert", "messages", "anna")["messages"]]
    assert texts[-1] == "see you at nine"
