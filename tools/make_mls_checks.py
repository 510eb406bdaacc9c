"""Write the table of checks in docs/protocol/mls.md from the list in the code.

python tools/make_mls_checks.py
"""

from __future__ import annotations

from pathlib import Path

from visavis.core.mls.checks import CHECKS

PAGE = Path(__file__).parents[1] / "docs" / "protocol" / "mls.md"
BEGIN, END = "<!-- checks: begin -->\n", "<!-- checks: end -->\n"


def table() -> str:
    """Return the table in Markdown."""
    lines = ["| check | rule | RFC 9420 | code |", "| --- | --- | --- | --- |"]
    lines += [f"| {ck} | {c.rule} | {c.section} | `{c.code}` |" for ck, c in CHECKS.items()]
    return "\n".join(lines) + "\n"


def rendered(page: str) -> str:
    """Return the page with a fresh table."""
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    return before + BEGIN + table() + END + after


if __name__ == "__main__":
    PAGE.write_text(rendered(PAGE.read_text()))
