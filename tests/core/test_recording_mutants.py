"""Shows that the scope of consent to a recording has teeth.

Each small change of the machine makes one mutant, as of the group call's machine. The table over
the scope, which the twin in TypeScript is held to, notices each but those that change nothing.
"""

from __future__ import annotations

import ast
import functools
import inspect
from collections.abc import Iterator
from typing import Final
from unittest.mock import patch

import pytest
from tests.core.mutants import answers, mutants, run
from tests.core.scopes_recording import SMALL_EVENTS, SMALL_STATES, step
from tests.core.test_group_call_mutants import EXCHANGED, changes

from visavis.core import recording
from visavis.core.errors import Code
from visavis.core.ids import ConsentKey
from visavis.core.recording_types import OverReason

NAMES: Final = {
    "Code": list(Code.__members__),
    "OverReason": list(OverReason.__members__),
    "t": ["HOLD_S", "MAX_ASKS"],
}
HARMLESS: Final = "named=state.named - {ask}"
"""When a request is over: what has come is not among what has not come yet."""


class Backwards(frozenset[ConsentKey]):
    """A set that is walked from its last member to its first; the order of others is chance."""

    def __iter__(self) -> Iterator[ConsentKey]:
        return iter(sorted(super().__iter__(), reverse=True))


THREE: Final = Backwards(ConsentKey(bytes([n]) * 32) for n in (3, 1, 2))


@functools.cache
def table() -> list[object]:
    """Return what `vectors/machine-recording.json` holds (`test_machine_vectors.py`)."""
    return list(answers(step, SMALL_STATES, SMALL_EVENTS))


def agrees(tree: ast.Module) -> bool:
    """Say whether a changed machine does the same for each pair."""
    told = table()
    code = compile(ast.fix_missing_locations(tree), recording.__name__, "exec")
    module = run(recording.__name__, {}, code)
    try:
        if module["members_hash"](THREE) != recording.members_hash(THREE):
            return False
    except Exception:  # A mutant may do anything.
        return False
    changed = {name: module[name] for name in ("begin", "step")}
    with patch.multiple(recording, **changed):
        found = answers(step, SMALL_STATES, SMALL_EVENTS)
        return all(one == known for one, known in zip(found, told, strict=True))


def changed_line(name: str) -> str:
    """Return the line of the code that a mutant's name says."""
    number = int(name.split(":")[1].split(maxsplit=1)[0])
    return inspect.getsource(recording).splitlines()[number - 1]


def test_unchanged_code_agrees() -> None:
    """The positive control: built the same way, without a change, nothing disagrees."""
    assert agrees(ast.parse(inspect.getsource(recording)))


@pytest.mark.parametrize(
    "every", [pytest.param(6, id="sixth"), pytest.param(1, id="one", marks=pytest.mark.long)]
)
def test_every_mutant_is_noticed(every: int) -> None:
    with patch.dict(EXCHANGED, NAMES, clear=True):
        made = list(mutants(recording, changes))
    assert len(made) > 240  # The generator has found the code.
    missed = [name for name, tree in made[::every] if agrees(tree)]
    assert [name for name in missed if HARMLESS not in changed_line(name)] == []
    assert len(missed) <= 1
