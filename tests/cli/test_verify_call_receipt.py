"""`visavis verify-receipt` of a receipt of a call: what it says to a person and to scripts."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from tests.cli import offline
from tests.core.call_receipt_examples import ALL, FACTS, FILES, KEYS

from visavis.core.call_receipt_file import verify_file
from visavis.core.safety_number import half_of

run = partial(offline.run, "verify-receipt")
as_json = partial(offline.as_json, "verify-receipt")
HALF = " ".join(half_of(verify_file(ALL).shown[KEYS[0]]))


def kept(data: bytes, folder: Path) -> Path:
    file = folder / "call.vvcall"
    file.write_bytes(data)
    return file


def test_all_that_is_disclosed_is_said(tmp_path: Path) -> None:
    done = run(kept(ALL, tmp_path))
    assert done.returncode == 0
    for said in ("a call of 3", "2027-01-15T08:00:00Z", "2027-01-15T07:59:00Z", "video", HALF):
        assert said in done.stdout, done.stdout
    assert "Not altered." in done.stdout
    assert "Names are not proven" in done.stdout
    status, told = as_json(kept(ALL, tmp_path))
    assert status == 0
    assert {name: told[name] for name in ("ok", "altered", "kind", "at", "since", "media")} == {
        "ok": True,
        "altered": False,
        "kind": "call",
        "at": FACTS.at,
        "since": FACTS.since,
        "media": "video",
    }
    shown = [HALF, None, None]
    assert told["members"] == [
        {"pseudonym": key.hex(), "shown": one} for key, one in zip(KEYS, shown, strict=True)
    ]


def test_nothing_is_said_of_what_is_not_disclosed(tmp_path: Path) -> None:
    status, told = as_json(kept(FILES["nothing"], tmp_path))
    assert (status, told["ok"], told["at"], told["since"], told["media"]) == (0, True, *[None] * 3)
    assert [one["shown"] for one in told["members"]] == [None] * 3
    words = run(kept(FILES["nothing"], tmp_path)).stdout
    assert words.count("not disclosed") == 3


@pytest.mark.parametrize(
    ("data", "altered", "words"),
    [
        (ALL.replace(b"1800000000", b"1800000001"), True, "Altered:"),
        (ALL + b"\n", True, "formatted it anew"),
        (b'{"visavis":"call receipt v2"}', False, "no receipt"),
    ],
)
def test_what_was_altered_is_refused(
    tmp_path: Path, data: bytes, words: str, *, altered: bool
) -> None:
    done = run(kept(data, tmp_path))
    assert (done.returncode, words in done.stdout) == (1, True), done.stdout
    status, told = as_json(kept(data, tmp_path))
    assert (status, told["ok"], told["altered"], told["kind"]) == (1, False, altered, "call")
    assert "CK-" not in told["problem"]


def test_it_has_no_view_in_kantaras_form(tmp_path: Path) -> None:
    done = run(kept(ALL, tmp_path), "--kantara")
    assert done.returncode != 0
    assert "for consents alone" in done.stdout + done.stderr
