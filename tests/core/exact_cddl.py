"""An exact reader of the little CDDL (RFC 8610) that docs/protocol/sealed-content.cddl uses.

pycddl 0.6.4 reads all of CDDL, but lets through what it should not: unknown keys of maps inside
arrays, text in place of sized bytes, arrays in place of a choice. So the verdicts of the Python
decoders are held to this reader, which knows only: maps with literal keys, arrays, choices,
literals, ranges, bytes, tstr, bool, true, `.size`, and `?` and `n*m` for occurrence. Anything else
in the file makes it fail, so that it cannot pass over a construct in silence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

TOKEN: Final = re.compile(
    r'\s*(?:;[^\n]*\n\s*)*("[^"]*"|\d+\*\d+|\d+\.\.\d+|\d+|\.size|[a-z][a-z-]*|[=/{}\[\](),:?])'
)


@dataclass(frozen=True)
class Choice:
    options: tuple[Any, ...]

    def allows(self, value: object, rules: dict[str, Any]) -> bool:
        return any(option.allows(value, rules) for option in self.options)


@dataclass(frozen=True)
class Literal:
    held: str | int  # true is one of them

    def allows(self, value: object, _rules: dict[str, Any]) -> bool:
        return type(value) is type(self.held) and value == self.held


@dataclass(frozen=True)
class Range:
    lowest: int
    highest: int

    def allows(self, value: object, _rules: dict[str, Any]) -> bool:
        return type(value) is int and self.lowest <= value <= self.highest


@dataclass(frozen=True)
class Sized:
    kind: type
    size: Range

    def allows(self, value: object, rules: dict[str, Any]) -> bool:
        if type(value) is not self.kind:
            return False
        raw = value.encode() if isinstance(value, str) else value
        return self.size.allows(len(raw), rules)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Named:
    name: str

    def allows(self, value: object, rules: dict[str, Any]) -> bool:
        return bool(rules[self.name].allows(value, rules))


@dataclass(frozen=True)
class Boolean:
    def allows(self, value: object, rules: dict[str, Any]) -> bool:
        return isinstance(value, bool)


@dataclass(frozen=True)
class Map:
    needed: dict[str, Any]
    optional: dict[str, Any]

    def allows(self, value: object, rules: dict[str, Any]) -> bool:
        if not isinstance(value, dict) or not self.needed.keys() <= value.keys():
            return False
        known = self.needed | self.optional
        return all(key in known and known[key].allows(value[key], rules) for key in value)


@dataclass(frozen=True)
class Array:
    items: tuple[tuple[Range, Any], ...]

    def allows(self, value: object, rules: dict[str, Any]) -> bool:
        if not isinstance(value, list):
            return False
        if len(self.items) == 1:
            times, item = self.items[0]
            return times.allows(len(value), rules) and all(item.allows(v, rules) for v in value)
        fixed = all(times == Range(1, 1) for times, _ in self.items)
        assert fixed, "a sequence of items with occurrence is not known here"
        pairs = zip(self.items, value, strict=False)
        return len(value) == len(self.items) and all(i[1].allows(v, rules) for i, v in pairs)


class Parser:
    def __init__(self, text: str) -> None:
        self.tokens: list[str] = []
        at = 0
        text = text.rstrip() + "\n"
        while at < len(text) and text[at:].strip():
            match = TOKEN.match(text, at)
            assert match, f"unknown CDDL at {text[at : at + 40]!r}"
            self.tokens.append(match[1])
            at = match.end()
        self.at = 0

    def peek(self, ahead: int = 0) -> str:
        at = self.at + ahead
        return self.tokens[at] if at < len(self.tokens) else ""

    def take(self, expected: str = "") -> str:
        token = self.peek()
        assert token, "CDDL ends early"
        assert expected in {"", token}, f"expected {expected}, found {token}"
        self.at += 1
        return token

    def rules(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while self.peek():
            name = self.take()
            self.take("=")
            assert name not in found, f"{name} is defined twice"
            found[name] = self.type()
        return found

    def type(self) -> Any:
        options = [self.single()]
        while self.peek() == "/":
            self.take()
            options.append(self.single())
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def single(self) -> Any:
        token = self.take()
        if token == "{":
            return self.map()
        if token == "[":
            return self.array()
        if token.startswith('"'):
            return Literal(token[1:-1])
        if token[0].isdigit():
            return number(token) if ".." in token else Literal(int(token))
        if token in {"bytes", "tstr"}:
            self.take(".size")
            kind = bytes if token == "bytes" else str
            if self.peek() != "(":
                return Sized(kind, number(self.take()))
            self.take("(")
            size = number(self.take())
            self.take(")")
            return Sized(kind, size)
        if token == "bool":
            return Boolean()
        if token == "true":
            return Literal(True)
        assert re.fullmatch(r"[a-z][a-z-]*", token), f"unknown CDDL: {token}"
        return Named(token)

    def map(self) -> Map:
        needed: dict[str, Any] = {}
        optional: dict[str, Any] = {}
        while self.peek() != "}":
            target = needed
            if self.peek() == "?":
                self.take()
                target = optional
            key = self.take()
            assert key.startswith('"'), f"keys are quoted: {key}"
            assert key not in needed | optional
            self.take(":")
            target[key[1:-1]] = self.type()
            if self.peek() == ",":
                self.take()
        self.take("}")
        return Map(needed, optional)

    def array(self) -> Array:
        items = []
        while self.peek() != "]":
            times = Range(1, 1)
            if "*" in self.peek():
                fewest, most = self.take().split("*")
                times = Range(int(fewest), int(most))
            items.append((times, self.type()))
            if self.peek() == ",":
                self.take()
        self.take("]")
        return Array(tuple(items))


def number(token: str) -> Range:
    lowest, _, highest = token.partition("..")
    return Range(int(lowest), int(highest or lowest))


def parse(text: str) -> dict[str, Any]:
    """Return the rules of a CDDL text; every name that is used must be defined."""
    parser = Parser(text)
    rules = parser.rules()
    used = {token for token in parser.tokens if re.fullmatch(r"[a-z][a-z-]*", token)}
    assert used - {"bytes", "tstr", "bool", "true"} <= rules.keys(), used - rules.keys()
    return rules
