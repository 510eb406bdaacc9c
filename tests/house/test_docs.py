"""Docs that name a path or a symbol name one that exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
PATH = re.compile(
    r"`((?:src|tests|docs|tools|bench|fuzz|vectors|privacy|deploy|requirements|core|ports|store|"
    r"transport|media|server|sdk|cli|testing|web)/[\w./*-]*)(?:::(\w+(?:\.\w+)*))?`"
)

MADE = {"web/dist"}
"""Folders that pages name and that a build makes."""


def names(page: Path) -> list[tuple[str, str | None]]:
    found = PATH.finditer(page.read_text(encoding="utf-8"))
    return [(m[1], m[2]) for m in found if m[1].rstrip("/") not in MADE]


def resolve(path: str) -> list[Path]:
    """Return what a path in a page means: from the root, or from the package."""
    wanted = path.rstrip("/")
    return [found for base in (ROOT, ROOT / "src" / "visavis") for found in base.glob(wanted)]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_paths_and_symbols_exist(page: Path) -> None:
    missing = []
    for path, symbol in names(page):
        found = resolve(path)
        if not found:
            missing.append(path)
        elif symbol is not None:
            text = found[0].read_text(encoding="utf-8")
            last = symbol.split(".")[-1]
            if not re.search(
                rf"^\s*(?:export )?(?:async )?(?:def|class|function) {last}\b"
                rf"|^\s*{last}\b\s*[:=]",
                text,
                re.MULTILINE,
            ):
                missing.append(f"{path}::{symbol}")
    assert not missing, f"{page.name} names what is not there: {missing}"


def test_the_check_can_fail(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("see `src/visavis/core/nowhere.py::Nothing` and `core/errors.py::VisavisError`")
    assert names(page) == [
        ("src/visavis/core/nowhere.py", "Nothing"),
        ("core/errors.py", "VisavisError"),
    ]
    assert resolve("src/visavis/core/nowhere.py") == []
    assert resolve("core/errors.py") == [ROOT / "src/visavis/core/errors.py"]
