"""`visavis audit recording`: the installed command, with real calls; and what it says without them.

What it searches with is tested in `tests/privacy/test_recording_audit.py`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.media.sfu_peers import network

from visavis.cli.main import main
from visavis.core.errors import Code, FatalError, UnavailableError
from visavis.testing.recording_audit import harness, scene


@pytest.fixture
def address() -> Iterator[str]:
    with network() as ip:
        yield ip


@pytest.mark.media
@pytest.mark.usefixtures("address")
def test_the_installed_command(tmp_path: Path) -> None:
    """Nothing of the calls is found, and all of it where they are not encrypted."""
    ran = subprocess.run(
        [Path(sys.executable).with_name("visavis"), "audit", "recording", "--seconds=2", "--json"],
        env={**os.environ, "HOME": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        check=False,
        timeout=300,
        text=True,
    )
    (line,) = ran.stdout.splitlines()
    result = json.loads(line)
    assert ran.returncode == 0, (result, ran.stderr)
    assert result["ok"] is True
    assert result["found"] == result["control_missed"] == []
    found = {(one["what"], one["where"], one["how"]) for one in result["control_found"]}
    for what in ("sound", "picture"):
        for where in ("relay", "SFU"):
            assert {(what, where, "packets"), (what, where, "decoded")} <= found
        assert found & {(what, "relay", "memory"), (what, "SFU", "memory")}
        assert (what, "all files", "disk") in found
    # The same eight places in both halves, and none of them empty.
    for control in (False, True):
        looked = [one for one in result["looked_at"] if one["control"] is control]
        places = {(one["where"], one["how"]) for one in looked}
        assert len(looked) == len(places) == 8
        for one in looked:
            least = 4 << 20 if one["how"] == "memory" else 100
            assert one["amount"] > least, one
    assert result["planted"] == {"sound": 100, "pictures": 20}
    assert result["seconds"] < 300
    assert list(tmp_path.iterdir()) == [], "it leaves nothing behind"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UnavailableError(Code.NO_SFU, "janus is not installed"), "no_sfu"),
        (UnavailableError(Code.UNAVAILABLE, "the memory of process 7 cannot be read here"), None),
        (FatalError(Code.UNEXPECTED, "the calls carried too little"), None),
    ],
)
def test_what_could_not_be_searched_is_said_and_no_success(
    error: Exception,
    code: str | None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    async def fail(*_: object) -> None:
        raise error

    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(scene.Scene, "play", fail)
    for name in ("find_turnserver", "find_janus", "find_modules", "own_address"):
        monkeypatch.setattr(harness, name, lambda: None)
    with pytest.raises(SystemExit) as ended:
        main(["audit", "recording", "--json"])
    assert ended.value.code == 1
    result = json.loads(capsys.readouterr().out)
    assert result["ok"] is False
    assert result["code"] == code or code is None
    assert result["error"] == f"Nothing was proven: {error.detail}."  # type: ignore[attr-defined]
