"""docs/requirements.md names, for each requirement and each bad input, tests that exist."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

import pytest

from visavis.core.errors import MEANINGS, Code

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "requirements.md"

BUILT = "1-37 40-59 61 67-69 71-76 78-89 91-95 102-106 111-112 "


def spans(text: str) -> list[int]:
    """Return the numbers of "1 3-5"."""
    ends = [part.split("-") for part in text.split()]
    return [number for part in ends for number in range(int(part[0]), int(part[-1]) + 1)]


REQUIRED = [
    *(f"R-{number:02}" for number in spans(BUILT)),
    *("X-01", "X-02", "X-03", "X-04"),
]
"""What issues 2 to 6 name and is built."""

BAD_INPUT = (
    "truncated", "oversized", "replayed", "reordered", "wrong epoch", "wrong suite",
    "wrong, unknown, expired or revoked capability", "malformed cbor", "malformed mls",
    "hostile sdp", "expired invite", "used-up key packages", "full quota",
    "flood of anonymous sends", "server restarted in the middle of ringing",
    "coturn killed in the middle of a call", "full disk", "kill -9", "schemathesis",
)  # fmt: skip
"""What its paragraph "Bad input" names."""

NAMED = re.compile(r"`((?:tests/[\w/]+\.py)|(?:web/tests/[\w/.]+\.ts))::([^`|]+)`")
"""A test in Python by its name, one in TypeScript (Vitest, Node, the media runner) by its title."""

TITLE = re.compile(
    r"""(?:\b(?:test|it)(?:\.\w+(?:\([^)]*\))?)?\(\s*|\bstory\(\w+,\s*|^\s*)(?P<q>["`'])(?P<title>(?:(?!(?P=q)).)+)(?P=q)\s*[,:]""",
    re.MULTILINE,
)
"""`test("..."`, `story(stage, "..."`, `it(\n  "..."`, and `"...": async (bench) =>`."""


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def rows(text: str, heading: str) -> list[list[str]]:
    """Return the rows of the table under a heading, without its head."""
    part = text.split(f"\n## {heading}\n")[1].split("\n## ", maxsplit=1)[0]
    lines = [line for line in part.splitlines() if line.startswith("|")]
    return [cells(line) for line in lines[2:]]


@functools.cache
def defined_in(path: Path) -> frozenset[str]:
    """Return the names of the tests that a file defines."""
    if not path.is_file():
        return frozenset()
    if path.suffix == ".ts":
        text = path.read_text(encoding="utf-8")
        return frozenset(found["title"] for found in TITLE.finditer(text))
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(
        node.name
        for node in tree.body
        if isinstance(node, functions) and node.name.startswith("test_")
    )


def missing(text: str) -> list[str]:
    """Return what is named and not there, or not named in the form that is checked."""
    gone = [f"{path}::{name}" for path, name in NAMED.findall(text)
            if name not in defined_in(ROOT / path)]  # fmt: skip
    odd = [
        span
        for span in re.findall(r"`[^`]*(?:test_|\.ts::|\.test\.|\.e2e\.)[^`]*`", text)
        if not NAMED.fullmatch(span)
    ]
    return gone + [span for span in odd if span != "`tests/house/test_requirements.py`"]


def without_tests(table: list[list[str]], column: int) -> list[str]:
    return [row[0] for row in table if not NAMED.search(row[column])]


@pytest.fixture(scope="module")
def page() -> str:
    return PAGE.read_text(encoding="utf-8")


def test_every_named_test_exists(page: str) -> None:
    assert len(NAMED.findall(page)) > 150
    assert missing(page) == []


def test_every_requirement_of_the_issue_has_tests_and_a_control(page: str) -> None:
    table = rows(page, "Requirements")
    assert [row[0] for row in table] == REQUIRED
    assert {len(row) for row in table} == {4}
    assert without_tests(table, 2) == []
    for row in table:
        words = row[3].startswith(("in the same test", "positive itself"))
        assert words or NAMED.search(row[3]), f"{row[0]} has no control"


def test_every_bad_input_has_a_code_a_sentence_and_tests(page: str) -> None:
    table = rows(page, "Bad input")
    cases = " ; ".join(row[0].lower().replace("`", "") for row in table)
    assert [case for case in BAD_INPUT if case not in cases] == []
    assert without_tests(table, 3) == []
    for case, code, sentence, _ in table:
        assert sentence == MEANINGS[Code(code.strip("`"))].person, case


def test_the_check_can_fail() -> None:
    good = "`tests/house/test_requirements.py::test_the_check_can_fail`"
    assert missing(good) == []
    assert missing(good.replace("can_fail", "cannot_fail")) != []
    assert missing("`tests/nowhere/test_gone.py::test_it`") == [
        "tests/nowhere/test_gone.py::test_it"
    ]
    assert missing("`test_gone.py::test_it`") == ["`test_gone.py::test_it`"]
    for good in (
        "`web/tests/app/names.test.ts::has no towers of accents`",
        "`web/tests/client/calls.test.ts::busy is local`",
        "`web/tests/e2e/hostile.e2e.ts::a server that lies`",
        "`web/tests/media/browser/browsers.e2e.ts::without a transform nothing leaves`",
    ):
        assert missing(good) == []
        assert missing(good.replace("::", "::never ")) != []
    assert missing("`names.test.ts::has no towers of accents`") != []
    assert without_tests([["R-99", "something", "none"]], 2) == ["R-99"]
    text = "x\n## T\n| a | b |\n|---|---|\n| 1 | 2 |\n\n## U\n| c |\n"
    assert rows(text, "T") == [["1", "2"]]
