"""Shows that the table of the contact machine has teeth: each small change of it is noticed.

A mutant turns one comparison, drops one guard of a `case`, leaves out one effect, or exchanges one
code, reason or amount. The table must disagree with every one.
"""

from __future__ import annotations

import ast
import copy
import inspect
import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from tests.core.scopes_contact import SMALL_EVENTS, SMALL_STATES
from tests.core.test_contact_table import MISUSE, TABLE

from visavis.core import contact
from visavis.core.errors import UsageError

TURNED: dict[type[ast.cmpop], ast.cmpop] = {
    ast.GtE: ast.Gt(),
    ast.Lt: ast.GtE(),
    ast.Eq: ast.NotEq(),
    ast.NotEq: ast.Eq(),
    ast.Is: ast.IsNot(),
    ast.IsNot: ast.Is(),
}
EXCHANGED = {"QUOTA": "EXPIRED", "EXPIRED": "REFUSED", "UNEXPECTED": "REFUSED"}
EXCHANGED |= {"REFUSED": "EXPIRED", "REPLAYED": "REFUSED", "BAD_CREDENTIAL": "REFUSED"}
EXCHANGED |= {"IDENTITY_CHANGED": "REFUSED", "WITHDRAWN": "REMOVED", "REMOVED": "DECLINED"}
EXCHANGED |= {"DECLINED": "REMOVED"}


def variants(node: ast.AST) -> Iterator[ast.AST]:
    """Yield each mutation of this one node."""
    match node:
        case ast.Compare(ops=[op]) if type(op) in TURNED:
            yield ast.Compare(node.left, [TURNED[type(op)]], node.comparators)
        case ast.match_case(guard=ast.expr()):
            yield ast.match_case(node.pattern, None, node.body)
        case ast.Attribute(value=ast.Name(id="Code") | ast.Attribute(attr="EndReason")) if (
            node.attr in EXCHANGED
        ):
            yield ast.Attribute(node.value, EXCHANGED[node.attr], node.ctx)
        case ast.Tuple(elts=[_, ast.Constant(value=value)]) if value is ...:
            return  # an annotation
        case ast.Tuple(elts=elements, ctx=ast.Load()):
            for at in range(len(elements)):
                yield ast.Tuple(elements[:at] + elements[at + 1 :], node.ctx)
        case ast.Call(func=ast.Name(id="_end"), args=[state, reason, *effects]):
            for at in range(len(effects)):
                rest = effects[:at] + effects[at + 1 :]
                yield ast.Call(node.func, [state, reason, *rest], node.keywords)
            if node.keywords:
                yield ast.Call(node.func, node.args, [])
        case ast.BinOp(op=ast.Add()):
            yield ast.BinOp(node.left, ast.Sub(), node.right)


def mutants(every: int) -> Iterator[tuple[str, Any]]:
    """Yield the name and the `step` of every so many of the mutants."""
    count = itertools.count()
    tree = ast.parse(inspect.getsource(contact))
    functions = [item for item in tree.body if isinstance(item, ast.FunctionDef)]
    for function in functions:
        for index, node in enumerate(ast.walk(function)):
            for number, _ in enumerate(variants(node)):
                if next(count) % every:
                    continue
                changed = copy.deepcopy(tree)
                twin = next(
                    item
                    for item in changed.body
                    if isinstance(item, ast.FunctionDef) and item.name == function.name
                )
                target = list(ast.walk(twin))[index]
                replacement = list(variants(target))[number]
                name = f"{function.name}:{getattr(node, 'lineno', '')} {ast.dump(replacement)[:90]}"
                target.__class__ = replacement.__class__  # type: ignore[assignment]
                target.__dict__.update(replacement.__dict__)
                namespace: dict[str, Any] = {"__name__": "mutant"}
                code = compile(ast.fix_missing_locations(changed), "mutant", "exec")
                exec(code, namespace)
                yield name, namespace["step"]


def agrees(step: Any) -> bool:
    """Return whether a `step` does what the table says for every pair."""
    for state, row in TABLE.items():
        for event, expected in row.items():
            try:
                result = step(SMALL_STATES[state], SMALL_EVENTS[event])
            except UsageError:
                result = MISUSE
            except Exception:
                return False
            if result != expected:
                return False
    return True


@pytest.mark.parametrize(
    "every", [pytest.param(6, id="sixth"), pytest.param(1, id="one", marks=pytest.mark.long)]
)
def test_every_mutant_is_noticed(every: int) -> None:
    assert agrees(contact.step)
    made = list(mutants(every))
    assert len(made) > 80 / every
    assert [name for name, step in made if agrees(step)] == []
