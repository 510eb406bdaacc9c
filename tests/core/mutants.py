"""Mutants of the machines: small changes of their code, each built and run in a module of its own.

What may be changed is said by each test (`changes`): a node of the code in, ways to change it out.
"""

from __future__ import annotations

import ast
import functools
import inspect
import itertools
from collections.abc import Callable, Iterator, Mapping
from types import CodeType, ModuleType
from typing import Any

from visavis.core.errors import UsageError

Changes = Callable[[ast.AST], Iterator[Callable[[], None]]]
"""Yields each way to change one node in place."""

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.BitOr,
    ast.BitOr: ast.Sub,
}


def functions(tree: ast.Module) -> list[ast.AST]:
    """Return every node of the bodies of functions, always in the same order."""
    return [
        node
        for definition in tree.body
        if isinstance(definition, ast.FunctionDef)
        for statement in definition.body
        for node in ast.walk(statement)
    ]


def mutants(module: ModuleType, changes: Changes) -> Iterator[tuple[str, ast.Module]]:
    """Yield each mutant of a module, with its name."""
    source = inspect.getsource(module)
    original = ast.parse(source)
    for index, node in enumerate(functions(original)):
        for number in range(len(list(changes(node)))):
            tree = ast.parse(source)  # Several times as fast as a deep copy.
            target = functions(tree)[index]
            list(changes(target))[number]()
            line = getattr(node, "lineno", getattr(getattr(node, "pattern", None), "lineno", 0))
            yield f"{module.__name__}:{line} {type(node).__name__} #{number}", tree


@functools.cache
def code_of(module: ModuleType) -> CodeType:
    """Return a module as it is, compiled."""
    return compile(inspect.getsource(module), module.__name__, "exec")


def run(name: str, parts: dict[str, Any], code: CodeType) -> dict[str, Any]:
    """Execute one module, with what earlier modules of the machine defined."""
    space: dict[str, Any] = {"__name__": f"mutant_of_{name}"}
    exec(code, space)  # Our own code, changed.
    space.update(parts)
    return space


def answers(
    step: Callable[[Any, Any], object], states: Mapping[str, Any], events: Mapping[str, Any]
) -> Iterator[object]:
    """Yield what a machine does for each pair of a scope; a text is a misuse or a crash."""
    for state, event in itertools.product(states.values(), events.values()):
        try:
            yield step(state, event)
        except UsageError as error:
            yield error.detail
        except Exception as error:  # A mutant may do anything.
            yield type(error).__name__
