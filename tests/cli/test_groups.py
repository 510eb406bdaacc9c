"""Groups at the terminal: what a stranger types, and what they read."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Terminal
from tests.sdk.test_groups import png


def rows(terminal: Terminal, who: str, group: str) -> dict[str, dict[str, object]]:
    shown = terminal.ok(who, "group", "show", group)
    return {member["name"]: member for member in shown["members"]}


def test_a_group_is_begun_joined_and_talked_in(terminal: Terminal, tmp_path: Path) -> None:
    gesa, hans, imke = (terminal.sign_up(name) for name in ("gesa", "hans", "imke"))
    terminal.befriend("gesa", "hans")
    terminal.befriend("gesa", "imke")

    assert "No groups yet" in terminal.run("gesa", "group", "list").out
    said = terminal.run("gesa", "group", "create", "Sunday hikes", "hans", "imke")
    assert "You have begun the group Sunday hikes." in said.out
    assert f"Asked: {hans}, {imke}. Whoever says yes within a week" in said.out
    assert terminal.ok("gesa", "group", "show", "Sun")["asked"] == sorted([hans, imke])

    said = terminal.run("hans", "group", "invites")
    assert f"{gesa} asks you into the group Sunday hikes (1 person)." in said.out
    assert "asks you into" not in said.err  # once is enough
    said = terminal.run("hans", "group", "accept", "Sunday hikes")
    assert f"You said yes. {gesa}'s device lets you into Sunday hikes when it is on." in said.out
    terminal.ok("imke", "group", "accept", "Sunday")
    for who in ("gesa", "hans", "imke", "gesa"):
        terminal.ok(who, "group", "list")
    members = rows(terminal, "hans", "Sunday hikes")
    assert set(members) == {gesa, hans, imke}
    assert members[gesa]["keeper"] is True
    assert members[imke]["contact"] is False
    shown = terminal.run("hans", "group", "show", "Sunday hikes")
    assert "not a contact" in shown.out
    assert "nobody verified it" in shown.err

    # Talk: the commands for a contact take a group's name.
    sent = terminal.run("hans", "message", "Sunday hikes", "At nine?")
    assert "Sent to Sunday hikes, end-to-end encrypted." in sent.out
    terminal.ok("gesa", "message", "Sun", "Ten.")
    notes = tmp_path / "route.txt"
    notes.write_text("up and down")
    terminal.ok("gesa", "send-file", "Sunday hikes", str(notes), "--yes")
    heard = terminal.run("imke", "contacts")
    assert "3 new messages in Sunday hikes. Next: visavis messages 'Sunday hikes'" in heard.err
    found = terminal.ok("imke", "messages", "Sunday hikes")
    assert {(m["by"], m["text"]) for m in found["messages"]} == {
        (hans, "At nine?"),
        (gesa, "Ten."),
        (gesa, "route.txt"),
    }
    saved = terminal.ok("imke", "save", "Sunday hikes", "--folder", str(tmp_path))
    assert Path(saved["path"]).read_text() == "up and down"
    assert saved["path"] != str(notes)


def test_a_group_is_named_kept_and_left(terminal: Terminal, tmp_path: Path) -> None:
    nele, ortwin, petra = (terminal.sign_up(name) for name in ("nele", "ortwin", "petra"))
    terminal.befriend("nele", "ortwin")
    terminal.befriend("nele", "petra")
    terminal.ok("nele", "group", "create", "Sunday hikes", "ortwin", "petra")
    for who in ("ortwin", "petra"):
        terminal.ok(who, "group", "accept", "Sunday hikes")
    for who in ("nele", "ortwin", "petra"):
        terminal.ok(who, "group", "list")

    terminal.ok("ortwin", "message", "Sunday hikes", "At nine?")

    # Named, and given a face.
    said = terminal.run("petra", "group", "rename", "Sunday hikes", "Saturday hikes")
    assert "Sunday hikes is now called Saturday hikes." in said.out
    heard = terminal.run("ortwin", "contacts")
    assert f"{petra} has named a group: it is now called Saturday hikes." in heard.err
    face, words = tmp_path / "face.png", tmp_path / "words.txt"
    words.write_text("no picture")
    face.write_bytes(png(b"grey"))
    assert terminal.ok("ortwin", "group", "picture", "Saturday hikes", str(face))["picture"] is True
    copy = tmp_path / "copy.png"
    terminal.ok("nele", "group", "list")
    terminal.ok("nele", "group", "picture", "Saturday hikes", "--save", str(copy))
    assert copy.read_bytes().startswith(b"\x89PNG")
    wrong = terminal.refused("ortwin", "group", "picture", "Saturday hikes", str(words))
    assert "no JPEG, PNG or WebP" in wrong["error"]
    assert terminal.ok("ortwin", "group", "picture", "Saturday hikes", "--none")["picture"] is False

    # Keepers, and who is removed.
    wrong = terminal.refused("ortwin", "group", "remove", "Saturday hikes", "petra", "--yes")
    assert "Only a keeper" in wrong["error"]
    assert "--yes" in terminal.refused("nele", "group", "remove", "Sat", "petra")["error"]
    said = terminal.run("nele", "group", "keeper", "Sat", "ortwin")
    assert f"{ortwin} is a keeper of Saturday hikes." in said.out
    said = terminal.run("ortwin", "group", "remove", "Saturday hikes", "petra", "--yes")
    assert f"{petra} is no longer in Saturday hikes." in said.out
    said = terminal.run("petra", "group", "list")
    assert "you were removed" in said.out
    assert f"{ortwin} has removed you from the group Saturday hikes." in said.err
    assert len(terminal.ok("petra", "messages", "Saturday hikes")["messages"]) == 1
    wrong = terminal.refused("petra", "message", "Saturday hikes", "Hello?")
    assert "not in this group any more" in wrong["error"]

    # And left.
    said = terminal.run("nele", "group", "leave", "Saturday hikes", "--yes")
    assert "You have left Saturday hikes. What was said is still here." in said.out
    heard = terminal.run("ortwin", "group", "list")
    assert f"{nele} has left the group Saturday hikes." in heard.err
    assert set(rows(terminal, "ortwin", "Saturday hikes")) == {ortwin}


def test_who_may_add_and_what_is_declined(terminal: Terminal) -> None:
    jule, knut = terminal.sign_up("jule"), terminal.sign_up("knut")
    terminal.befriend("jule", "knut")
    assert terminal.ok("knut", "contact", "rules", "jule")["groups"] == "ask"
    said = terminal.run("knut", "contact", "rules", "jule", "--groups", "never")
    assert "Into groups they cannot bring you, and hear nothing when they try." in said.out
    terminal.ok("jule", "group", "create", "Chess", "knut")
    assert terminal.ok("knut", "group", "invites")["invites"] == []
    terminal.ok("knut", "contact", "rules", "jule", "--groups", "ask")
    # Said of the calls of a contact, it stays.
    terminal.ok("knut", "contact", "rules", "jule", "--calls", "voice")
    assert terminal.ok("knut", "contact", "rules", "jule")["groups"] == "ask"
    terminal.ok("jule", "group", "invite", "Chess", "knut")
    assert "asks you into the group Chess" in terminal.run("knut", "contacts").err
    (waiting,) = terminal.ok("knut", "group", "invites")["invites"]
    assert waiting == {"group": "Chess", "by": jule, "people": 1}
    assert "is told nothing" in terminal.run("knut", "group", "decline", "Chess").out
    assert terminal.ok("knut", "group", "invites")["invites"] == []
    assert "not asked into" in terminal.refused("knut", "group", "accept", "Chess")["error"]
    terminal.ok("knut", "contact", "rules", "jule", "--groups", "at-once")
    terminal.ok("jule", "group", "invite", "Chess", "knut")
    for who in ("knut", "jule", "knut"):
        terminal.ok(who, "group", "list")
    assert set(rows(terminal, "knut", "Chess")) == {jule, knut}
    assert (
        "in this group already"
        in terminal.refused("jule", "group", "invite", "Chess", "knut")["error"]
    )
    assert "There is no group" in terminal.refused("jule", "group", "show", "Bridge")["error"]
    assert "one line" in terminal.refused("jule", "group", "create", "")["error"]


def test_a_name_may_be_a_contacts_or_a_groups(terminal: Terminal) -> None:
    terminal.sign_up("lotte")
    mats = terminal.sign_up("mats")
    terminal.befriend("lotte", "mats")
    terminal.ok("lotte", "group", "create", "mats and friends")
    assert (
        "A contact and a group begin with mat"
        in terminal.refused("lotte", "message", "mat", "x")["error"]
    )
    assert terminal.ok("lotte", "message", mats, "for one")["to"] == mats
    assert (
        terminal.ok("lotte", "message", "mats and friends", "for all")["to"] == "mats and friends"
    )
    assert [m["text"] for m in terminal.ok("mats", "messages", "lotte")["messages"]] == ["for one"]
    refused = terminal.refused("lotte", "message", "nobody", "x")
    assert refused["code"] == "unknown_contact"
