"""What is written into `web/` from Python is what Python says today."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_ts", ROOT / "tools" / "make_ts.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def words(text: str) -> list[str]:
    """The text without layout: Biome breaks lines as it likes."""
    return text.replace(",", " ").replace("(", " ").replace(")", " ").split()


FILES = generator().FILES


@pytest.mark.parametrize("path", sorted(FILES), ids=lambda path: path.name)
def test_generated_files_are_fresh(path: Path) -> None:
    assert words(path.read_text()) == words(FILES[path]()), "run tools/make_ts.py"


def test_a_stale_file_is_noticed() -> None:
    path, make = next(iter(sorted(FILES.items())))
    assert words(path.read_text().replace("refused", "refuse")) != words(make())
