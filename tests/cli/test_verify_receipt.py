"""`visavis verify-receipt`: what it says to a person and to scripts, and its status."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from tests.cli import offline
from tests.core.receipt_examples import RECEIPTS, about, receipt
from tests.core.receipt_examples import YES as GIVEN
from tests.core.recording_examples import ASK, KEY, OTHER_KEY

run = partial(offline.run, "verify-receipt")
as_json = partial(offline.as_json, "verify-receipt")


def kept(data: bytes, folder: Path) -> Path:
    file = folder / "meeting.receipt.json"
    file.write_bytes(data)
    return file


@pytest.mark.parametrize(
    ("name", "said", "state"),
    [
        ("given", ("yes to audio, video", "stands"), "given"),
        ("refused", ("no", "did not agree."), "refused"),
        ("withdrawn", ("took it back", "has taken the yes back."), "withdrawn"),
    ],
)
def test_the_story(tmp_path: Path, name: str, said: tuple[str, ...], state: str) -> None:
    file = kept(RECEIPTS[name], tmp_path)
    done = run(file)
    anna, bob = (bytes(key[:8]).hex() for key in (KEY, OTHER_KEY))
    for words in (
        f"{anna} asked to record audio, video",
        "Minutes of the meeting",
        "Kept for 30 days, on the device of who asked.",
        "2027-01-15T08:00:00Z",
        bob,
        "Not altered.",
        *said,
    ):
        assert words in done.stdout, done.stdout
    assert done.returncode == 0
    status, told = as_json(file)
    assert (status, told["ok"], told["altered"], told["state"]) == (0, True, False, state)
    assert told["pseudonym"] == bytes(OTHER_KEY).hex()
    assert told["asked"]["pseudonym"] == bytes(KEY).hex()
    assert told["answers"][-1]["said"] == state
    assert told["granted"] == (["audio", "video"] if state == "given" else [])


def test_an_export_is_said_to_be_for_ever(tmp_path: Path) -> None:
    words = run(kept(RECEIPTS["export"], tmp_path)).stdout
    for said in ("for ever, was asked for", "To get the export: The court", "and to an export"):
        assert said in words, words


def test_an_altered_one(tmp_path: Path) -> None:
    file = kept(RECEIPTS["given"].replace(b"P30D", b"P31D"), tmp_path)
    status, told = as_json(file)
    assert (status, told["ok"], told["altered"]) == (1, False, True)
    assert told["problem"] == "a signature does not verify"
    words = run(file).stdout
    assert "Altered:" in words
    assert "Not altered" not in words
    # Nothing of it is told as if it were so.
    assert "Minutes of the meeting" not in words


def test_one_that_was_formatted_anew(tmp_path: Path) -> None:
    file = kept(json.dumps(json.loads(RECEIPTS["given"]), indent=1).encode(), tmp_path)
    done = run(file)
    assert done.returncode == 1
    assert "formatted it anew" in done.stdout


@pytest.mark.parametrize("data", [b"", b"{}", b"\x1a\x45\xdf\xa3 some webm", b" " * (1 << 20)])
def test_what_is_no_receipt_is_called_so(tmp_path: Path, data: bytes) -> None:
    file = kept(data, tmp_path)
    status, told = as_json(file)
    assert (status, told["ok"], told["altered"]) == (1, False, False)
    assert "This file is no receipt" in run(file).stdout


def test_words_of_others_move_no_cursor(tmp_path: Path) -> None:
    hostile = replace(ASK, purpose="Minutes\x1b[2J[bold]\u202e")
    file = kept(receipt(about(hostile, GIVEN), ask=hostile), tmp_path)
    words = run(file).stdout
    assert "\x1b" not in words
    assert "\u202e" not in words
    assert "Minutes\N{REPLACEMENT CHARACTER}[2J[bold]" in words
    view = run(file, "--kantara").stdout
    assert "\x1b" not in view
    assert "\u202e" not in view
    assert json.loads(view)["services"][0]["purposes"][0]["purpose"] == hostile.purpose


def test_in_kantaras_form(tmp_path: Path) -> None:
    file = kept(RECEIPTS["given"], tmp_path)
    done = run(file, "--kantara")
    assert done.returncode == 0
    view = json.loads(done.stdout)
    assert view["version"] == "KI-CR-v1.1.0"
    status, told = as_json(file, "--kantara")
    assert (status, told["kantara"]) == (0, view)


@pytest.mark.parametrize("name", ["refused", "withdrawn"])
def test_kantaras_form_has_no_no(tmp_path: Path, name: str) -> None:
    done = run(kept(RECEIPTS[name], tmp_path), "--kantara")
    assert done.returncode == 1
    assert done.stdout == ""
    assert "no place for a no" in " ".join(done.stderr.split())


def test_an_altered_one_has_no_view(tmp_path: Path) -> None:
    file = kept(RECEIPTS["given"].replace(b"Minutes", b"Seconds"), tmp_path)
    done = run(file, "--kantara")
    assert done.returncode == 1
    assert "KI-CR" not in done.stdout
