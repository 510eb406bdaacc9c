"""The core's vectors are what Python makes today; the browser twin is held to them."""

from __future__ import annotations

import importlib.util
import json
import pathlib
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from visavis.core.errors import Code

ROOT = pathlib.Path(__file__).resolve().parents[2]
VECTORS = ROOT / "vectors"


@pytest.fixture(scope="module")
def tool() -> Iterator[ModuleType]:
    path = ROOT / "tools/make_core_vectors.py"
    spec = importlib.util.spec_from_file_location("make_core_vectors", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before = list(sys.path)
    spec.loader.exec_module(module)
    yield module
    sys.path[:] = before


def read(name: str) -> Any:
    return json.loads((VECTORS / name).read_text())


def test_every_file_is_current(tool: ModuleType) -> None:
    """Among them requests by handle, whose envelopes were sealed once and must still open."""
    assert set(tool.FILES) == {path.name for path in VECTORS.glob("core-*")}
    assert tool.stale(VECTORS) == []


def test_a_changed_file_is_noticed(
    tool: ModuleType,
    tmp_path: pathlib.Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The positive control: one outcome, one byte, a missing file."""
    names = ("core-address.json", "core-keywrap.json", "core-links.json")
    monkeypatch.setattr(tool, "FILES", {name: tool.FILES[name] for name in names})
    monkeypatch.setattr(tool, "VECTORS", tmp_path)
    assert tool.main([]) == 0
    assert tool.main(["--check"]) == 0
    for name, old, new in zip(names, ('"ok"', '00"', '"ok"'), ('"o"', '01"', ""), strict=True):
        text = (tmp_path / name).read_text()
        (tmp_path / name).write_text(text.replace(old, new, 1))
    (tmp_path / "core-links.json").unlink()
    assert tool.stale(tmp_path) == list(names)
    assert tool.main(["--check"]) == 1
    assert "core-keywrap.json" in capsys.readouterr().out


def test_files_hold_as_many_elements_as_they_say() -> None:
    counts = {path.name: read(path.name)["count"] for path in VECTORS.glob("core-*")}
    assert all(counts.values()), counts
    assert sum(counts.values()) > 2000
    changes = [row for kind in ("contents", "records") for row in read("core-content.json")[kind]]
    assert sum(len(row["changes"]) for row in changes) > 4000


def test_both_outcomes_occur_wherever_something_is_tried() -> None:
    """Vectors that only accept, or only refuse, would hold nobody to anything."""
    tried = {
        "core-address.json": ("origins", "addresses"),
        "core-cbor.json": ("changed",),
        "core-envelope.json": ("opened", "padded"),
        "core-handle.json": ("opened",),
        "core-identity.json": ("signatures", "others", "credentials", "members"),
        "core-keywrap.json": ("unwrapped",),
        "core-guest.json": ("identities", "passes", "coming", "replacing"),
        "core-link.json": ("links", "fresh"),
        "core-links.json": ("links", "fresh", "inviters"),
        "core-lobby-seal.json": ("opened", "answered", "works", "no_keys"),
        "core-lobby.json": ("contents",),
        "core-recording.json": ("unsigned",),
        "core-vvrec.json": ("files", "opened", "chunks", "parts", "said", "among"),
        "core-signed.json": ("requests", "accepts", "rejoins"),
        "core-frames.json": ("arguments", "histories"),
        "core-consents.json": ("changes", "bad"),
        "core-content.json": ("contents", "records"),
    }
    for name, keys in tried.items():
        for key in keys:
            text = json.dumps(read(name)[key])
            assert '"ok"' in text, (name, key)
            assert any(f'"{code.value}' in text for code in Code), (name, key)
