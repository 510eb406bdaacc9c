"""Shows that the scope of the group call machine has teeth, and the rules written by hand too.

Every effect, update, condition and guard left out, comparison and operator turned, constant, code
and reason exchanged makes one mutant. The table over the scope, which the twin in TypeScript is
held to, notices each; and so does `test_group_call.py`.
"""

from __future__ import annotations

import ast
import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

import pytest
from tests.core import test_group_call
from tests.core.mutants import COMPARISONS, OPERATORS, answers, mutants, run
from tests.core.scopes_group_call import SMALL_EVENTS, SMALL_STATES

from visavis.core import group_call
from visavis.core.errors import Code
from visavis.core.group_call_types import LeftReason

Step = Callable[[Any, Any], Any]

TURNED = COMPARISONS | {ast.Lt: ast.LtE, ast.Gt: ast.GtE}
BROKEN: dict[type[ast.operator], type[ast.operator]] = {
    **OPERATORS,
    ast.BitAnd: ast.BitOr,
    ast.Mult: ast.Add,
}
SWAPPED = {"min": "max", "all": "any", "sorted": "list"}
EXCHANGED = {
    "Code": list(Code.__members__),
    "LeftReason": list(LeftReason.__members__),
    "t": ["ASK_AGAIN_S", "GATHER_S", "TAKE_OVER_S", "MAX_ADDS", "MAX_WISHES", "SWITCH_S"],
}


def is_effect(node: ast.expr) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="t"))) | ast.Starred():
            return True
        case _:
            return False


def changes(node: ast.AST) -> Iterator[Callable[[], None]]:
    """Yield each way to change this one node in place."""
    match node:
        case ast.Tuple(elts=items) | ast.List(elts=items):
            yield from (lambda i=i: items.pop(i) for i, e in enumerate(items) if is_effect(e))
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr="append"))):
            yield lambda: setattr(node, "value", ast.Constant(None))
        case ast.Call(func=ast.Name(id="replace"), keywords=updates):
            yield from (lambda i=i: updates.pop(i) for i in range(len(updates)))
        case ast.Call(func=ast.Name(id=called) as name) if called in SWAPPED:
            yield lambda: setattr(name, "id", SWAPPED[called])
        case ast.Compare(ops=[op]) if type(op) in TURNED:
            yield lambda: setattr(node, "ops", [TURNED[type(op)]()])
        case ast.BoolOp(op=ast.And()):
            yield lambda: setattr(node, "op", ast.Or())
        case ast.BoolOp(op=ast.Or()):
            yield lambda: setattr(node, "op", ast.And())
        case ast.BinOp(op=op) if type(op) in BROKEN:
            yield lambda: setattr(node, "op", BROKEN[type(op)]())
        case ast.UnaryOp(op=ast.USub()):
            yield lambda: setattr(node, "op", ast.UAdd())
        case ast.If() | ast.IfExp():
            yield lambda: setattr(node, "test", ast.Constant(True))
            yield lambda: setattr(node, "test", ast.Constant(False))
        case ast.comprehension(ifs=[_, *_] as conditions):
            yield conditions.clear
        case ast.match_case(guard=guard) if guard is not None:
            yield lambda: setattr(node, "guard", None)
        case ast.Attribute(value=ast.Name(id=owner), attr=attr) if attr in EXCHANGED.get(owner, []):
            names = EXCHANGED[owner]
            other = names[(names.index(attr) + 1) % len(names)]
            yield lambda: setattr(node, "attr", other)
        case ast.Constant(value=bool() as value):
            yield lambda: setattr(node, "value", not value)
        case ast.Raise(exc=ast.Call(func=ast.Name(id="UsageError"))):
            yield lambda: setattr(node, "exc", ast.parse("KeyError()", mode="eval").body)
        case _:
            pass


def built(tree: ast.Module) -> Step:
    """Return the `step` of a changed machine."""
    code = compile(ast.fix_missing_locations(tree), group_call.__name__, "exec")
    step: Step = run(group_call.__name__, {}, code)["step"]
    return step


@functools.cache
def table() -> list[object]:
    """Return what `vectors/machine-group-call.json` holds (`test_machine_vectors.py`)."""
    return list(answers(group_call.step, SMALL_STATES, SMALL_EVENTS))


def table_agrees(step: Step) -> bool:
    found = answers(step, SMALL_STATES, SMALL_EVENTS)
    return all(one == told for one, told in zip(found, table(), strict=True))


@functools.cache
def rules() -> list[Callable[[], None]]:
    """Return every test of `test_group_call.py`, with each of its parameters."""
    found = []
    for name, test in vars(test_group_call).items():
        if not name.startswith("test_"):
            continue
        marks = [mark for mark in getattr(test, "pytestmark", []) if mark.name == "parametrize"]
        if not marks:
            found.append(test)
            continue
        ((names, values),) = [mark.args for mark in marks]
        for value in values:
            given = (
                {names: value} if isinstance(names, str) else dict(zip(names, value, strict=True))
            )
            found.append(functools.partial(test, **given))
    return found


def rules_agree(step: Step) -> bool:
    with patch.object(test_group_call, "step", step):
        try:
            for rule in rules():
                rule()
        except (Exception, pytest.fail.Exception):
            return False
    return True


CHECKS: dict[str, Callable[[Step], bool]] = {"table": table_agrees, "rules": rules_agree}


@pytest.mark.parametrize("check", CHECKS)
def test_unchanged_code_agrees(check: str) -> None:
    """The positive control: built the same way, without a change, nothing disagrees."""
    assert len(rules()) > 40
    assert CHECKS[check](built(ast.parse(inspect.getsource(group_call))))


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize(
    "every", [pytest.param(6, id="sixth"), pytest.param(1, id="one", marks=pytest.mark.long)]
)
def test_every_mutant_is_noticed(every: int, check: str) -> None:
    made = list(mutants(group_call, changes))
    assert len(made) > 180  # The generator has found the code.
    survivors = [name for name, tree in made[::every] if CHECKS[check](built(tree))]
    assert survivors == []
