"""The drawings of the machines are what the machines do today."""

from __future__ import annotations

import importlib.util
import pathlib
import sys
from types import ModuleType

import pytest
from tests.core.scopes_call import MACHINE

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(sys, "path", list(sys.path))
    spec = importlib.util.spec_from_file_location("draw_machines", ROOT / "tools/draw_machines.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_page_is_current(tool: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert tool.main(["--check"]) == 0, capsys.readouterr().out


def test_every_machine_of_core_is_drawn(tool: ModuleType) -> None:
    """A machine is a module of core with a public `step`; each has a scope."""
    core = ROOT / "src" / "visavis" / "core"
    with_step = {path.stem for path in core.glob("*.py") if "\ndef step(" in path.read_text()}
    assert "call" in with_step
    assert {name for name, *_ in tool.machines()} == with_step


def test_check_notices_a_changed_machine(tool: ModuleType) -> None:
    """The positive control: another machine gives another drawing and another table."""
    _, _, step, states, events = MACHINE
    fewer = dict(list(events.items())[1:])
    assert tool.drawing(step, states, events) != tool.drawing(step, states, fewer)
    assert tool.table(step, states, events) != tool.table(step, states, fewer)
    assert tool.put("a\n", "m", "x") != tool.put("a\n", "m", "y")
    assert tool.put(tool.put("a\n", "m", "x"), "m", "y") == tool.put("a\n", "m", "y")
