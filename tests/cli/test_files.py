"""`visavis send-file` and `save`: what is told before sending, and what is saved."""

from __future__ import annotations

from tests.cli.conftest import Terminal
from tests.core import file_fixtures as fixtures


def test_a_photo_goes_and_is_saved(terminal: Terminal) -> None:
    photo = terminal.home / "IMG_1.jpg"
    photo.write_bytes(fixtures.JPEG_PHOTO)
    sent = terminal.ok("anna", "send-file", "bert", str(photo))
    assert (sent["sent"], sent["name"], sent["type"]) == (True, "IMG_1.jpg", "image/jpeg")
    assert sent["stripped"] == "all"
    told = terminal.run("anna", "send-file", "bert", str(photo))
    assert "place, time, device) was taken out" in told.err
    assert "fetched for thirty days" in told.out
    entries = terminal.ok("bert", "messages", "anna")["messages"]
    files = [entry["file"] for entry in entries if entry["kind"] == "file"]
    assert [file["number"] for file in files] == [1, 2]
    assert files[0]["name"] == "IMG_1.jpg"
    shown = terminal.run("bert", "messages", "anna").out
    assert f"IMG_1.jpg ({files[0]['size']} bytes, file 1: visavis save NAME 1)" in shown
    folder = terminal.home / "saved"
    folder.mkdir()
    for arguments, number, name in ((["1"], 1, "IMG_1.jpg"), ([], 2, "IMG_1 (2).jpg")):
        saved = terminal.ok("bert", "save", "anna", *arguments, "--folder", str(folder))
        assert (saved["number"], saved["path"]) == (number, str(folder / name))
        data = (folder / name).read_bytes()
        assert data.startswith(b"\xff\xd8\xff")
        assert fixtures.GPS_TEXT not in data
    assert terminal.refused("bert", "save", "anna", "3")["code"] == "usage"
    nowhere = terminal.refused("bert", "save", "anna", "--folder", str(folder / "nowhere"))
    assert "cannot be saved" in nowhere["error"]


def test_a_document_is_sent_only_when_the_person_has_said_so(terminal: Terminal) -> None:
    paper = terminal.home / "paper.pdf"
    paper.write_bytes(b"%PDF-1.7\n/Author (Anna)")
    refused = terminal.refused("anna", "send-file", "bert", str(paper))
    assert "Say --yes to send it as it is" in refused["error"]
    ran = terminal.run("anna", "send-file", "bert", str(paper), "--yes", "--json")
    assert "may say who made it" in ran.err
    assert ran.json["stripped"] == "not_possible"


def test_programs_and_what_is_no_file(terminal: Terminal) -> None:
    program = terminal.home / "run.sh"
    program.write_bytes(b"#!/bin/sh\n")
    refused = terminal.refused("anna", "send-file", "bert", str(program))
    assert refused["code"] == "unsafe_file"
    assert "Nothing was sent" in refused["error"]
    for bad in (terminal.home, terminal.home / "missing"):
        assert "cannot be read" in terminal.refused("anna", "send-file", "bert", str(bad))["error"]
