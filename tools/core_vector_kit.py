"""What the makers of core vectors share: outcomes, hex, and how a file looks."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from random import Random
from typing import Any, Final

from visavis.core.errors import VisavisError

Json = dict[str, Any]
Maker = Callable[[], Json]

OK: Final = "ok"
_CHECK: Final = re.compile(r"CK-\d+")


def outcome(attempt: Callable[..., object], *arguments: object, **keywords: object) -> str:
    """Call it; return "ok", or the wire code and the check that refused: "malformed CK-250"."""
    try:
        attempt(*arguments, **keywords)
    except VisavisError as error:
        check = _CHECK.match(error.detail)
        return f"{error.code.value} {check[0]}" if check else error.code.value
    return OK


def plain(value: Any) -> Any:
    """Return a value as JSON: bytes in hex, sets in order, records as objects of their fields."""
    match value:
        case bytes():
            return value.hex()
        case Enum():
            return value.value
        case str() | int() | None:
            return value
        case list() | tuple():
            return [plain(item) for item in value]
        case frozenset():
            return [plain(item) for item in sorted(value)]
        case _ if is_dataclass(value):
            return {item.name: plain(getattr(value, item.name)) for item in fields(value)}
    raise TypeError(type(value).__name__)


def flipped(data: bytes, at: int) -> bytes:
    """Return the bytes with one bit of one byte changed; negative counts from the end."""
    at %= len(data)
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def words(listed: str) -> list[str]:
    """Return the words of a text; "-" stands for the empty one."""
    return ["" if word == "-" else word for word in listed.split()]


def randbytes(seed: str) -> Callable[[int], bytes]:
    """Return a source of bytes: the same ones for the same seed."""
    return Random(f"visavis {seed}").randbytes


def _lists(value: Any) -> Iterator[list[Any]]:
    match value:
        case dict():
            for inner in value.values():
                yield from _lists(inner)
        case list():
            yield value


def count(document: Mapping[str, Any]) -> int:
    """Return how many elements a document holds: the items of its lists."""
    return sum(len(items) for items in _lists(dict(document)))


def text(document: Mapping[str, Any]) -> str:
    """Return a file: one element a line, so that a change shows where it is."""

    def line(value: Any) -> str:
        return json.dumps(value, separators=(",", ":"), ensure_ascii=True)

    parts = [f'"count":{count(document)}']
    for key, value in document.items():
        is_long = isinstance(value, list) and value
        body = "[\n" + ",\n".join(map(line, value)) + "\n]" if is_long else line(value)
        parts.append(f"{line(key)}:{body}")
    return "{\n" + ",\n".join(parts) + "\n}\n"
