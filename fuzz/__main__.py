"""Command line of the fuzzer; see the package."""

from __future__ import annotations

import argparse
import pathlib
import sys
import time
import tracemalloc

from fuzz import targets
from fuzz.engine import PropertyError, file_name, fuzz, run_one

FOUND = pathlib.Path("build/fuzz")


def main(arguments: list[str]) -> int:
    """Fuzz the targets named, or all, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description="Fuzz every decoder.")
    parser.add_argument("--seconds", type=float, default=20.0, help="for each target")
    parser.add_argument("--seed", type=int, default=time.time_ns() // 1_000_000)
    parser.add_argument("--list", action="store_true", help="list the targets")
    parser.add_argument("--input", type=pathlib.Path, help="run one saved input on one target")
    parser.add_argument("target", nargs="*")
    options = parser.parse_args(arguments)
    known = targets.all_targets()
    unknown = set(options.target) - set(known)
    if unknown:
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    chosen = [known[name] for name in options.target or known]
    if options.list:
        print("\n".join(known))
        return 0
    if options.input:
        return _replay(chosen, options.input)
    print(f"seed {options.seed}")
    bad = 0
    for target in chosen:
        try:
            report = fuzz(target, options.seed, seconds=options.seconds)
        except PropertyError as finding:
            bad += 1
            FOUND.mkdir(parents=True, exist_ok=True)
            path = FOUND / f"{target.name}-{file_name(finding)}.bin"
            path.write_bytes(finding.data)
            print(f"FOUND {finding}\n      saved as {path}", flush=True)
            continue
        print(
            f"{target.name:24} {report.runs:8} runs  {report.accepted:7} accepted "
            f"{len(report.behaviours):5} behaviours  {report.peak // 1024:5} KiB at most",
            flush=True,
        )
    print(f"{len(chosen) - bad} held, {bad} did not")
    return 1 if bad else 0


def _replay(chosen: list[targets.Target], path: pathlib.Path) -> int:
    if len(chosen) != 1:
        print("name one target for --input")
        return 2
    tracemalloc.start()
    try:
        print(run_one(chosen[0], path.read_bytes()))
    except PropertyError as finding:
        print(f"FOUND {finding}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
