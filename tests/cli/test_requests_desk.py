"""`visavis admin requests`: what an operator types and reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from visavis.cli.main import main
from visavis.server.request_clocks import Kind


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    def command(*words: str, as_json: bool = True) -> Any:
        with pytest.raises(SystemExit) as ended:
            main(["admin", "requests", *words, "--data", str(tmp_path),
                  *(["--json"] if as_json else [])])  # fmt: skip
        out = capsys.readouterr().out
        return json.loads(out) | {"status": ended.value.code} if as_json else out

    return command


def test_a_request_from_letter_to_answer(run: Any) -> None:
    assert run("list")["requests"] == []
    made = run("add", "access", "--law", "ccpa", "--received", "2026-11-27")
    reference = made["reference"]
    assert [clock["due"] for clock in made["clocks"]] == ["2026-12-11", "2027-01-11"]
    assert [one["what"] for one in run("confirm", reference)["clocks"]] == ["answer"]
    said = run("extend", reference, "--reason", "complex")
    assert said["clocks"][0]["due"] == "2027-02-25"
    assert run("done", reference)["clocks"] == []
    (left,) = run("list")["requests"]
    assert left["done"]
    assert left["kept_until"] > "2029-01-01"


def test_mistakes_are_said_and_change_nothing(run: Any) -> None:
    for words in (
        ("add", "access", "--received", "yesterday"),
        ("add", "access", "--received", "2999-01-01"),
        ("add", "gossip"),
        ("done", "nothing"),
        ("extend", "nothing", "--reason", "Anna asked nicely"),
    ):
        said = run(*words)
        assert (said["ok"], said["code"]) == (False, "usage")
        assert said["status"] != 0
    assert run("list")["requests"] == []


@pytest.mark.parametrize("kind", Kind)
def test_the_operator_reads_what_the_person_can_do_alone(run: Any, kind: Kind) -> None:
    out = run("add", kind.value, as_json=False)
    assert "What they can do themselves" in out
    assert "ask for no other proof" in out
    assert "GDPR 12(3)" in out
    listed = run("list", as_json=False)
    assert kind.value in listed
    assert "answer by 20" in " ".join(listed.split())
