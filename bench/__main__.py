"""Runner; see the package."""

from __future__ import annotations

import datetime as dt
import importlib
import os
import pathlib
import platform
import re
import sys

from bench import NotHereError, Report

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "benchmarks.md"
HEAD = """# Benchmarks

Written by `make bench`; each section says when and where it was measured. Read the ratios: absolute
figures change with the machine and its load."""


def modules() -> list[str]:
    """Return the names of all benches."""
    found = pathlib.Path(__file__).parent.glob("bench_*.py")
    return sorted(path.stem.removeprefix("bench_") for path in found)


def machine() -> str:
    """Return processor model and number of cores."""
    try:
        text = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        text = ""
    found = re.search(r"model name\s*:\s*(.+)", text)
    model = found[1] if found else platform.processor() or platform.machine()
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}"


def section(name: str, report: Report) -> str:
    """Return a section between the marks by which it is replaced next time."""
    today = dt.datetime.now(tz=dt.UTC).date().isoformat()
    stamp = f"Measured {today} on {machine()}."
    return f"<!-- bench {name} -->\n\n{report.to_markdown()}\n\n{stamp}\n\n<!-- end {name} -->"


def update(page: str, name: str, text: str) -> str:
    """Return the page with one section replaced or, if it is new, put in by name."""
    marks = re.compile(r"<!-- bench (\S+) -->\n.*?<!-- end \1 -->", re.DOTALL)
    sections = {found[1]: found[0] for found in marks.finditer(page)}
    sections[name] = text
    return "\n\n".join([HEAD, *(sections[key] for key in sorted(sections))]) + "\n"


def main(names: list[str]) -> int:
    """Run the benches named, or all."""
    unknown = set(names) - set(modules())
    if unknown:
        print(f"no such bench: {', '.join(sorted(unknown))}; there are {', '.join(modules())}")
        return 2
    skipped = []
    for name in names or modules():
        print(f"running {name}", file=sys.stderr, flush=True)
        try:
            report = importlib.import_module(f"bench.bench_{name}").run()
        except NotHereError as error:
            print(f"{name} was not measured. {error}", file=sys.stderr, flush=True)
            skipped.append(name)
            continue
        print(report.to_markdown() + "\n", flush=True)
        page = PAGE.read_text(encoding="utf-8") if PAGE.is_file() else ""
        PAGE.write_text(update(page, name, section(name, report)), encoding="utf-8")
    return 1 if skipped else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
