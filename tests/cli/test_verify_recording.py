"""`visavis verify-recording`: the story of a file, its status, and what it says to a person."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from tests.cli import offline
from tests.core.recorder import KEY, Recorder, whole

run = partial(offline.run, "verify-recording")
as_json = partial(offline.as_json, "verify-recording")


def kept(recorder: Recorder, folder: Path) -> Path:
    file = folder / "meeting.vvrec"
    file.write_bytes(recorder.file.getvalue())
    return file


def test_a_whole_one(tmp_path: Path) -> None:
    recorder = whole()
    recorder.withdraws("bob")
    recorder.ends()
    recorder.mark()
    status, told = as_json(kept(recorder, tmp_path))
    assert (status, told["ok"], told["altered"]) == (0, True, False)
    anna, bob, carl = told["members"]
    assert bob["pseudonym"] == bytes(KEY["bob"]).hex()
    assert (bob["granted"], bob["playable"]) == (["audio", "video"], False)
    assert bob["withdrawn"] is not None
    assert (carl["withdrawn"], anna["withdrawn"]) == (None, None)
    words = run(kept(recorder, tmp_path)).stdout
    for said in (
        "asked for it",
        "took it back on 2027-01-15",
        "yes to audio, video",
        "Not altered",
    ):
        assert said in words, words


def test_an_altered_one(tmp_path: Path) -> None:
    recorder = whole()
    data = bytearray(recorder.file.getvalue())
    data[-200] ^= 1
    recorder.file.seek(0)
    recorder.file.write(data)
    file = kept(recorder, tmp_path)
    status, told = as_json(file)
    assert (status, told["ok"], told["altered"]) == (1, False, True)
    assert "Altered:" in run(file).stdout


@pytest.mark.parametrize("data", [b"", b"\x1a\x45\xdf\xa3 some webm"])
def test_a_file_without_proof_is_called_so(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "talk.webm"
    file.write_bytes(data)
    status, told = as_json(file)
    assert (status, told["ok"], told["altered"], told["members"]) == (1, False, False, [])
    assert "This file has no proof." in run(file).stdout


def test_words_of_others_move_no_cursor(tmp_path: Path) -> None:
    recorder = Recorder(purpose="Minutes\x1b[2J[bold]")
    recorder.mark()
    words = run(kept(recorder, tmp_path)).stdout
    assert "\x1b" not in words
    assert "Minutes\N{REPLACEMENT CHARACTER}[2J[bold]" in words
