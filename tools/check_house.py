"""House rules that no linter knows: file sizes, issue numbers on TODO, no machine names."""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys

MAX_LINES = 700
ROOT = pathlib.Path(__file__).resolve().parent.parent


def tracked() -> list[pathlib.Path]:
    """Return the files git knows or would add."""
    out = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [ROOT / line for line in out.splitlines() if (ROOT / line).is_file()]


def main() -> int:
    """Print each breach and return 1 if there is one."""
    problems: list[str] = []
    for path in tracked():
        if path.suffix not in {".py", ".ts", ".tsx", ".mjs", ".sh"}:
            continue
        text = path.read_text(encoding="utf-8")
        lines = text.count("\n")
        name = path.relative_to(ROOT)
        if lines > MAX_LINES:
            problems.append(f"{name}: {lines} lines; {MAX_LINES} is the limit: split it")
        problems += [
            f"{name}:{number}: a TODO needs an issue number"
            for number, line in enumerate(text.splitlines(), 1)
            if re.search(r"\b(TODO|FIXME|XXX)\b(?!\W*#\d)", line) and path.name != "check_house.py"
        ]
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
