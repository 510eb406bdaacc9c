"""How the machines' vectors are written: states, events and effects as JSON, files as text.

What is written is read again as exactly the same, in Python and in TypeScript, or it is not
written: bytes are hex, a set is a list in the order of its members, a mapping a list of pairs in
the order of its keys, an instant the shortest decimal of its double.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, Final

from tests.core import scopes_recording

from visavis.core import (
    call_effects,
    call_events,
    call_types,
    contact_types,
    group_call_types,
    recording_types,
)
from visavis.core.call_board import BoardEffect, BoardEvent
from visavis.core.call_types import CalleeLink, CallerLink

Json = dict[str, Any]

_OF_A_CALL: Final = (call_types.State, call_types.Link, call_events.Event, call_effects.Effect)
UNIONS: Final[dict[str, tuple[Any, ...]]] = {
    "call": _OF_A_CALL,
    "call-board": (*_OF_A_CALL, BoardEvent, BoardEffect),
    "contact": (contact_types.State, contact_types.Event, contact_types.Effect),
    "group-call": (group_call_types.State, group_call_types.Event, group_call_types.Effect),
    "recording": (scopes_recording.State, scopes_recording.Event, recording_types.Effect),
}
RENAMED: Final = {CallerLink: "caller", CalleeLink: "callee"}


def camel(name: str) -> str:
    """Turn `InviteReceived` and `invite_received` into `inviteReceived`."""
    name = re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), name)
    return name[0].lower() + name[1:]


KINDS: Final = {
    member: RENAMED.get(member, camel(member.__name__))
    for unions in UNIONS.values()
    for union in unions
    for member in union.__args__
}
"""What is told apart by its kind; other records have their place only."""


def encode(value: Any) -> Any:
    """Return a value as JSON: exact, or not at all."""
    match value:
        case Enum():
            return value.value
        case None | str() | int():
            return value
        case float() if math.isfinite(value):
            return int(value) if value.is_integer() else value
        case bytes():
            return value.hex()
        case frozenset():
            return [encode(member) for member in ordered(value)]
        case Mapping():
            return [[encode(key), encode(value[key])] for key in ordered(frozenset(value))]
        case tuple():
            return [encode(item) for item in value]
    if not is_dataclass(value):
        raise TypeError(f"no encoding for {type(value).__name__}")
    kind = KINDS.get(type(value))
    record: Json = {} if kind is None else {"kind": kind}
    return record | {
        camel(field.name): encode(getattr(value, field.name)) for field in fields(value)
    }


def ordered(members: frozenset[Any]) -> list[Any]:
    """Return the members of a set in the order of their enum, of numbers, or of bytes."""
    for kind in (int, bytes):
        if all(isinstance(member, kind) for member in members):
            return sorted(members)
    kinds = {type(member) for member in members}
    if len(kinds) == 1 and issubclass(only := kinds.pop(), Enum):
        return [member for member in only if member in members]
    raise TypeError("no order for these members of a set")


def text(document: Mapping[str, Any]) -> str:
    """Return a file: one state, event, row or history a line."""

    def line(value: Any) -> str:
        return json.dumps(value, separators=(", ", ": "), ensure_ascii=True)

    parts = []
    for key, value in document.items():
        match value:
            case dict() if key in {"states", "events"}:
                entries = [f"{line(name)}: {line(entry)}" for name, entry in value.items()]
                parts.append(f"{line(key)}: {{\n  " + ",\n  ".join(entries) + "\n}")
            case list():
                parts.append(f"{line(key)}: [\n  " + ",\n  ".join(map(line, value)) + "\n]")
            case _:
                parts.append(f"{line(key)}: {line(value)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


class Names:
    """States by name: those of the scope, then those that were reached."""

    def __init__(self, scope: Mapping[str, Any]) -> None:
        self.entries = {name: encode(state) for name, state in scope.items()}
        self._names = {line_of(entry): name for name, entry in self.entries.items()}
        self._counts: dict[str, int] = {}

    def name(self, state: Any) -> str:
        entry = encode(state)
        line = line_of(entry)
        if line not in self._names:
            kind = entry.get("kind", "board")
            self._counts[kind] = self._counts.get(kind, 0) + 1
            name = f"{kind} {self._counts[kind]}"
            self._names[line] = name
            self.entries[name] = entry
        return self._names[line]


def line_of(entry: Any) -> str:
    """Return what two equal entries have in common."""
    return json.dumps(entry, sort_keys=True)


class Shared:
    """Values by number, each once."""

    def __init__(self) -> None:
        self.entries: list[Any] = []
        self._numbers: dict[str, int] = {}

    def number(self, value: Any) -> int:
        entry = encode(value)
        number = self._numbers.setdefault(line_of(entry), len(self.entries))
        if number == len(self.entries):
            self.entries.append(entry)
        return number
