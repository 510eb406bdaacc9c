"""Shows that the table of the call machine has teeth: each small change of the code is noticed.

Every effect left out, comparison turned, guard dropped, reason or code exchanged, deadline moved
and event removed from a `case` makes one mutant; `disagreements` must find it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from types import CodeType, ModuleType
from typing import Any

import pytest
from tests.core.mutants import COMPARISONS, OPERATORS, code_of, mutants, run
from tests.core.test_call_table import disagreements

from visavis.core import call, call_accepted, call_restart, call_talk, call_teardown
from visavis.core.call_effects import EndReason, HangupReason
from visavis.core.errors import Code

MODULES: list[ModuleType] = [call_teardown, call_restart, call_talk, call_accepted, call]
EXCHANGED = {
    "EndReason": list(EndReason.__members__),
    "Code": list(Code.__members__),
    "Missing": ["READY", "REVEAL", "MEDIA"],
    "Turn": ["OURS", "THEIRS"],
    "Path": ["RELAYED", "DIRECT"],
    "Handled": ["ACCEPTED", "DECLINED"],
    "HangupReason": list(HangupReason.__members__),
}


def is_effect(node: ast.expr) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="do"))):
            return True
        case ast.Call(func=ast.Name(id="Reject")):
            return True
        case ast.Starred():
            return True
        case _:
            return False


def accept_silently(node: ast.Call, name: ast.Name) -> None:
    """Make of `reject(state, code)` a step without effects."""
    name.id, node.args = "Step", node.args[:1]


def changes(node: ast.AST) -> Iterator[Callable[[], None]]:
    """Yield each way to change this one node in place."""
    match node:
        case ast.Tuple(elts=items):
            yield from (lambda i=i: items.pop(i) for i, e in enumerate(items) if is_effect(e))
        case ast.Call(func=ast.Name(id="end" | "end_changed" | "_found"), args=items):
            yield from (lambda i=i: items.pop(i) for i, e in enumerate(items) if is_effect(e))
        case ast.Call(func=ast.Name(id="reject") as name):
            yield lambda: accept_silently(node, name)
        case ast.Compare(ops=[op]) if type(op) in COMPARISONS:
            yield lambda: setattr(node, "ops", [COMPARISONS[type(op)]()])
        case ast.BoolOp(op=ast.And()):
            yield lambda: setattr(node, "op", ast.Or())
        case ast.BoolOp(op=ast.Or()):
            yield lambda: setattr(node, "op", ast.And())
        case ast.BinOp(op=op) if type(op) in OPERATORS:
            yield lambda: setattr(node, "op", OPERATORS[type(op)]())
        case ast.Call(func=ast.Name(id="min") as name):
            yield lambda: setattr(name, "id", "max")
        case ast.Attribute(value=ast.Name(id=owner), attr=attr) if attr in EXCHANGED.get(owner, []):
            names = EXCHANGED[owner]
            other = names[(names.index(attr) + 1) % len(names)]
            yield lambda: setattr(node, "attr", other)
        case ast.match_case(guard=guard) if guard is not None:
            yield lambda: setattr(node, "guard", None)
        case ast.MatchOr(patterns=patterns):
            yield from (
                lambda i=i: patterns.__setitem__(i, patterns[i - 1]) for i in range(len(patterns))
            )
        case ast.Raise(exc=ast.Call(func=ast.Name(id="UsageError"))):
            yield lambda: setattr(node, "exc", ast.parse("KeyError()", mode="eval").body)
        case _:
            pass


def machine(changed: ModuleType, code: CodeType) -> Callable[..., Any]:
    """Build the whole machine with one module changed."""
    parts: dict[str, Any] = {}
    exported = (
        *("end", "end_changed", "call_of", "restart", "answer", "follow"),
        *("from_connecting", "from_in_call", "from_reconnecting"),
        *("from_awaiting_welcome", "repeats", "step"),
    )
    for module in MODULES:
        space = run(module.__name__, parts, code if module is changed else code_of(module))
        parts.update({name: space[name] for name in exported if name in space})
    step: Callable[..., Any] = parts["step"]
    return step


def test_unchanged_code_agrees_with_the_table() -> None:
    """The positive control: built the same way, without a change, nothing disagrees."""
    assert list(disagreements(machine(call, code_of(call)))) == []


@pytest.mark.parametrize(
    "every", [pytest.param(6, id="sixth"), pytest.param(1, id="one", marks=pytest.mark.long)]
)
def test_every_mutant_is_noticed(every: int) -> None:
    survivors: list[str] = []
    count = 0
    for module in MODULES:
        for name, tree in mutants(module, changes):
            count += 1
            if count % every:
                continue
            ast.fix_missing_locations(tree)
            code = compile(tree, module.__name__, "exec")
            if next(disagreements(machine(module, code)), None) is None:
                survivors.append(name)
    assert count > 300  # The generator has found the code.
    assert survivors == []
