"""Draws each state machine by running its `step` over its small scope.

    python tools/draw_machines.py            write the drawings into their pages
    python tools/draw_machines.py --check    exit 1 if a page is not current

A machine is whatever a file tests/core/scopes_*.py exports as

    MACHINE = (name, page, step, states, events)

with states and events as dictionaries of names or plain lists. Into the page go, between markers,
a Mermaid drawing of all moves and a table of all moves and effects.
"""

from __future__ import annotations

import importlib
import pathlib
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parent.parent


def words(name: str) -> str:
    """Turn `InviteReceived` into `invite received`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


def values(scope: Any) -> Iterable[Any]:
    return scope.values() if isinstance(scope, Mapping) else scope


def moves(step: Any, states: Any, events: Any) -> dict[tuple[str, str, str, str], None]:
    """Return (state, event, next state, effects), each once, in the scope's order."""
    found: dict[tuple[str, str, str, str], None] = {}
    for state in values(states):
        for event in values(events):
            try:
                result = step(state, event)
            except Exception as error:
                if type(error).__name__ != "UsageError":
                    raise
                continue
            effects = [type(effect).__name__ for effect in result.effects]
            if result.state == state and (not effects or effects == ["Reject"]):
                continue  # Ignored and refused ones are counted below, not drawn.
            before, after = type(state).__name__, type(result.state).__name__
            found[before, type(event).__name__, after, ", ".join(effects)] = None
    return found


def drawing(step: Any, states: Any, events: Any) -> str:
    """Return the Mermaid drawing: one arrow per pair of states."""
    arrows: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    for before, event, after, _ in moves(step, states, events):
        if before != after:
            arrows[before, after][words(event)] = None
    first = next(iter(values(states)))
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {type(first).__name__}"]
    lines += [
        f"    {before} --> {after}: {'<br/>'.join(names)}"
        for (before, after), names in arrows.items()
    ]
    return "\n".join([*lines, "```"])


def counts(step: Any, states: Any, events: Any) -> str:
    """Return one sentence on how many pairs there are and what becomes of them."""
    total = ignored = refused = misuse = 0
    for state in values(states):
        for event in values(events):
            total += 1
            try:
                result = step(state, event)
            except Exception as error:
                if type(error).__name__ != "UsageError":
                    raise
                misuse += 1
                continue
            same = result.state == state
            ignored += same and not result.effects
            refused += any(type(effect).__name__ == "Reject" for effect in result.effects)
    rest = total - ignored - refused - misuse
    return (
        f"{total} pairs of the small scope: {rest} do something (below), {ignored} are ignored, "
        f"{refused} are a peer's breach (`Reject`), {misuse} our own misuse (`UsageError`)."
    )


def table(step: Any, states: Any, events: Any) -> str:
    """Return the table of moves."""
    rows = ["| state | event | next | effects, in order |", "|---|---|---|---|"]
    rows += [
        f"| {before} | {words(event)} | {after if after != before else '='} | {effects or '-'} |"
        for before, event, after, effects in moves(step, states, events)
    ]
    return "\n".join([counts(step, states, events), "", *rows])


def put(text: str, mark: str, body: str) -> str:
    """Return `text` with `body` between the markers `mark`; they are added if missing."""
    begin, end = f"<!-- {mark}:begin -->", f"<!-- {mark}:end -->"
    if begin not in text or end not in text:
        text = text.rstrip() + f"\n\n{begin}\n{end}\n"
    head, rest = text.split(begin, 1)
    _, tail = rest.split(end, 1)
    return f"{head}{begin}\n{body}\n{end}{tail}"


def machines() -> list[tuple[str, pathlib.Path, Any, Any, Any]]:
    """Import every scope and return what it exports."""
    sys.path.insert(0, str(ROOT))
    found = []
    for path in sorted((ROOT / "tests" / "core").glob("scopes_*.py")):
        module = importlib.import_module(f"tests.core.{path.stem}")
        name, page, step, states, events = module.MACHINE
        found.append((name, ROOT / page, step, states, events))
    return found


def main(arguments: list[str]) -> int:
    """Write or check all pages; return 1 if a check fails."""
    stale = []
    for name, page, step, states, events in machines():
        before = page.read_text(encoding="utf-8") if page.exists() else f"# {name}\n"
        after = put(before, "drawing", drawing(step, states, events))
        after = put(after, "table", table(step, states, events))
        if not page.exists() or after != before:
            stale.append(name)
            if "--check" not in arguments:
                page.write_text(after, encoding="utf-8")
    if "--check" in arguments and stale:
        print(f"not current: {', '.join(stale)}; run python tools/draw_machines.py")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
