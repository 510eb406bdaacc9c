"""The tour names paths and symbols that exist."""

from __future__ import annotations

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = [ROOT / "docs/tour/life-of-a-call.md", ROOT / "docs/protocol/call.md"]
SOURCE = "\n".join(
    path.read_text(encoding="utf-8") for path in sorted((ROOT / "src").rglob("*.py"))
)


def ticks(page: pathlib.Path) -> list[str]:
    return re.findall(r"`([^`\n]+)`", page.read_text(encoding="utf-8"))


def missing(names: list[str]) -> list[str]:
    """Return what is neither a path of the repository nor a name in its source."""
    gone = []
    for name in names:
        if re.fullmatch(r"[\w./-]+\.(py|md|toml|cddl)", name):
            inside = (ROOT, ROOT / "src/visavis", ROOT / "src/visavis/core", ROOT / "docs/protocol")
            if not any((folder / name).exists() for folder in inside):
                gone.append(name)
        elif re.fullmatch(r"[A-Z]\w*\.\w+", name):
            owner, member = name.split(".")
            if not defined(owner, member):
                gone.append(name)
        elif re.fullmatch(r"[A-Za-z_]\w+", name) and not re.search(rf"\b{name}\b", SOURCE):
            gone.append(name)
    return gone


def defined(owner: str, member: str) -> bool:
    body = re.search(rf"^class {owner}\b.*?(?=^\S|\Z)", SOURCE, re.MULTILINE | re.DOTALL)
    return body is not None and re.search(rf"\bdef {member}\b|\b{member}:", body[0]) is not None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_everything_named_exists(page: pathlib.Path) -> None:
    assert len(ticks(page)) > 20
    assert missing(ticks(page)) == []


def test_the_control_what_does_not_exist_is_noticed() -> None:
    wrong = ["src/visavis/core/nowhere.py", "CallGroup.no_such_thing", "NoSuchName"]
    assert missing([*wrong, "CallGroup.join", "CallInvite"]) == wrong


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        for link in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), link


def test_every_check_of_the_page_is_in_the_code_and_in_a_test() -> None:
    """CK-350 to CK-368: spec, code and test carry the same ids."""
    spec = set(re.findall(r"CK-3[56]\d", PAGES[1].read_text(encoding="utf-8")))
    tests = "\n".join(
        path.read_text(encoding="utf-8")
        for folder in ("core", "sdk", "scenario")
        for path in (ROOT / "tests" / folder).glob("*call*.py")
    )
    in_code = set(re.findall(r"CK-3[56]\d", SOURCE))
    assert spec == in_code
    assert spec <= set(re.findall(r"CK-3[56]\d", tests))
