"""The list of checks: current in the documentation, made in the code, proved in a test."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from visavis.core.errors import PeerError
from visavis.core.mls.checks import CHECKS, ensure, refusal

ROOT = Path(__file__).parents[3]
CODE = ROOT / "src" / "visavis" / "core" / "mls"
HERE = Path(__file__).parent


def tool() -> ModuleType:
    path = ROOT / "tools" / "make_mls_checks.py"
    spec = importlib.util.spec_from_file_location("make_mls_checks", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def ids_in(paths: list[Path], pattern: str) -> set[str]:
    text = "\n".join(path.read_text() for path in paths)
    return set(re.findall(pattern, text))


def test_the_page_is_current() -> None:
    module = tool()
    page = module.PAGE.read_text()
    assert page == module.rendered(page), "run tools/make_mls_checks.py"
    assert page.count("| CK-") == len(CHECKS)


def test_every_check_is_made_and_every_id_is_known() -> None:
    files = [path for path in CODE.glob("*.py") if path.name != "checks.py"]
    made = ids_in(files, r'(?:ensure|refusal|verify_mac)\(\s*"(CK-\d{3})"')
    assert made == set(CHECKS)


def test_every_check_is_proved() -> None:
    tests = [path for path in HERE.glob("test_*.py") if path.name != "test_checks.py"]
    assert set(CHECKS) <= ids_in(tests, r'"(CK-\d{3})"')


def test_the_pages_files_and_constants_exist() -> None:
    page = tool().PAGE.read_text()
    named = set(re.findall(r"`(\w+\.py)`", page))
    assert named == {p.name for p in CODE.glob("*.py")} - {"__init__.py"}
    for module, constant in re.findall(r"`(\w+)\.([A-Z_]+)`", page):
        assert f"{constant}: Final" in (CODE / f"{module}.py").read_text()


def test_an_error_names_rule_and_section_only() -> None:
    ensure("CK-001", ok=True)
    with pytest.raises(PeerError) as caught:
        ensure("CK-001", ok=False)
    assert caught.value.detail == refusal("CK-001").detail
    assert caught.value.detail.endswith("(RFC 9420, 2.1)")
