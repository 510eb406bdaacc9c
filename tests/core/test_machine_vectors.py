"""The machines' vectors are what the machines do today; the browser twin is held to them."""

from __future__ import annotations

import importlib.util
import json
import math
import pathlib
import sys
from collections.abc import Iterator
from types import MappingProxyType, ModuleType
from typing import Any

import pytest

from visavis.core import call_types

ROOT = pathlib.Path(__file__).resolve().parents[2]
MACHINES = ("call", "call-board", "contact", "group-call", "recording")


@pytest.fixture(scope="module")
def tool() -> Iterator[ModuleType]:
    path = ROOT / "tools/make_machine_vectors.py"
    spec = importlib.util.spec_from_file_location("make_machine_vectors", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before = list(sys.path)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    sys.path[:] = before
    del sys.modules[spec.name]


def read(name: str) -> Any:
    return json.loads((ROOT / "vectors" / name).read_text())


def kinds(value: Any) -> set[str]:
    """Return every kind in a JSON value, at any depth."""
    match value:
        case dict():
            own = {value["kind"]} if "kind" in value else set()
            return own.union(*map(kinds, value.values()))
        case list():
            return set().union(*map(kinds, value))
        case _:
            return set()


def test_every_file_is_current(tool: ModuleType) -> None:
    assert set(tool.FILES) == {path.name for path in (ROOT / "vectors").glob("machine-*")}
    assert tool.stale(ROOT / "vectors") == []


def test_a_changed_file_is_noticed(
    tool: ModuleType,
    tmp_path: pathlib.Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The positive control: one value of one row, one state, a missing file."""
    for name in tool.FILES:
        (tmp_path / name).write_text((ROOT / "vectors" / name).read_text())
    assert tool.stale(tmp_path) == []
    table = read("machine-call.json")
    row = next(row for row in table["rows"] if row.get("next") == "ringing")
    row["next"] = "idle"
    (tmp_path / "machine-call.json").write_text(tool.kit.text(table))
    board = (tmp_path / "machine-call-board.json").read_text()
    (tmp_path / "machine-call-board.json").write_text(board.replace("video", "voice", 1))
    (tmp_path / "machine-contact-histories.json").unlink()
    changed = ["machine-call.json", "machine-call-board.json", "machine-contact-histories.json"]
    assert tool.stale(tmp_path) == changed
    monkeypatch.setattr(tool, "VECTORS", tmp_path)
    assert tool.main(["--check"]) == 1
    assert "machine-call.json" in capsys.readouterr().out
    assert tool.main([]) == 0
    assert tool.main(["--check"]) == 0


@pytest.mark.parametrize("machine", MACHINES)
def test_a_table_has_every_pair_once(tool: ModuleType, machine: str) -> None:
    table = read(f"machine-{machine}.json")
    _, states, events = tool.MACHINES[machine]
    pairs = [(row["state"], row["event"]) for row in table["rows"]]
    assert pairs == [(state, event) for state in states for event in events]
    assert table["count"] == len(pairs) > 0
    assert list(table["states"])[: len(states)] == list(states)


@pytest.mark.parametrize("machine", MACHINES)
def test_histories_are_as_long_as_they_say(tool: ModuleType, machine: str) -> None:
    found = read(f"machine-{machine}-histories.json")
    assert {len(steps) for steps in found["histories"]} == {tool.LENGTH}
    assert len(found["histories"]) == tool.LIVES[machine].histories
    assert found["count"] == len(found["histories"]) * tool.LENGTH > 0


@pytest.mark.parametrize("machine", MACHINES)
def test_every_kind_occurs_in_the_tables(tool: ModuleType, machine: str) -> None:
    members = {member for union in tool.kit.UNIONS[machine] for member in union.__args__}
    assert kinds(read(f"machine-{machine}.json")) == {tool.kit.KINDS[member] for member in members}


@pytest.mark.parametrize("machine", MACHINES)
def test_histories_reach_every_state(tool: ModuleType, machine: str) -> None:
    states = read(f"machine-{machine}-histories.json")["states"]
    if machine == "call-board":  # On a board a call is live or forgotten.
        lived = {board["live"]["state"]["kind"] for board in states if board["live"]}
        assert lived | {"idle", "ended"} == {tool.kit.KINDS[m] for m in call_types.State.__args__}
        return
    reached = {state["kind"] for state in states}
    assert reached == {tool.kit.KINDS[member] for member in tool.kit.UNIONS[machine][0].__args__}


def test_what_is_exact_is_written(tool: ModuleType) -> None:
    """The control: each double is one decimal, each set and mapping has one order."""
    assert json.loads(json.dumps(tool.kit.encode(0.1 + 0.2))) == 0.1 + 0.2 != 0.3
    assert tool.kit.encode(100.0) == 100
    assert tool.kit.encode(frozenset()) == []
    assert tool.kit.encode(frozenset({16, 2, 10})) == [2, 10, 16]
    assert tool.kit.encode(frozenset({b"\x02", b"\x01\xff"})) == ["01ff", "02"]
    assert tool.kit.encode(frozenset(call_types.Missing)) == ["ready", "reveal", "media"]
    assert tool.kit.encode(MappingProxyType({16: 5, 2: 4})) == [[2, 4], [16, 5]]


def test_what_cannot_be_exact_is_refused(tool: ModuleType) -> None:
    inexact = (math.nan, math.inf, object(), {"a": 1}, [1], frozenset({"a"}), frozenset({1, b"a"}))
    for value in inexact:
        with pytest.raises(TypeError):
            tool.kit.encode(value)
