"""Sealed contents: their fields, their bytes, and what every change of them is refused as."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Final

from core_vector_kit import Json, outcome, plain
from tests.core.content_examples import (
    BARE_RECORD,
    BARE_TERMS,
    FAMILIES,
    RECORD,
    RULES,
    TERMS,
    Family,
)
from tests.core.lobby_examples import LOBBY_EXAMPLES, LOBBY_FAMILIES
from tests.core.room_examples import ROOM_EXAMPLES, ROOM_FAMILIES

from visavis.core import cbor
from visavis.core.content import decode_record, encode_record
from visavis.core.content_fields import Array, Blob, Content, Maybe, Record, Text, Uint, schema
from visavis.core.content_group import GroupTerms
from visavis.core.content_records import ContactRecord, DeviceAddress, Rules

Path = tuple[str | int, ...]
DROPPED: Final = "-"


def _places(value: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the place of everything in a content; of an array, its first item stands for all."""
    items: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value[:1]))
    for key, inner in items:
        yield (*path, key)
        yield from _places(inner, (*path, key))


def _at(value: Any, path: Path) -> Any:
    for key in path:
        value = value[key]
    return value


def _others(value: Any) -> Iterator[Any]:
    """Yield what a field may be changed to: other types, and the edges of its own."""
    yield from (None, True, 1, "x", b"x", [], {})
    match value:
        case bytes():
            yield from (b"", value[:-1], value + b"\0")
        case str():
            yield from ("", "a\nb", "a\u202eb", "\u0085", "a\u2067", "\u061c", "\u200f", "\u200d")
        case int():
            yield from (0, -1, 2**32 - 1, 2**32, 2**40, 2**40 + 1, 2**53 - 1, 2**53, 2**64 - 1)
        case list():
            yield [*value, 7]
            yield value + value


def _bounds(of: type[Record]) -> Iterator[tuple[str, Json]]:
    """Yield values at and just beyond the bounds of a record's own fields, written short."""
    for name, codec in schema(of).items():
        match codec.of if isinstance(codec, Maybe) else codec:
            case Blob(longest):
                yield from ((name, {"bytes": longest + off}) for off in (0, 1))
            case Text(longest):
                yield from ((name, {"text": ["x", longest + off]}) for off in (0, 1))
                yield from ((name, {"text": ["\u00e9", longest // 2 + off]}) for off in (0, 1))
            case Uint(highest, lowest):
                edges = (lowest - 1, lowest, highest, highest + 1)
                yield from ((name, {"cbor": cbor.encode(edge).hex()}) for edge in edges)
            case Array(_, most):
                yield from ((name, {"items": most + off}) for off in (0, 1))


def _filled(spec: Json, present: Any) -> Any:
    """Return the value that a short form stands for."""
    match spec:
        case {"bytes": int(size)}:
            return bytes(size)
        case {"text": [str(char), int(times)]}:
            return char * times
        case {"items": int(times)}:
            return present[:1] * times
        case {"cbor": str(hexed)}:
            return cbor.decode(bytes.fromhex(hexed))
    raise TypeError(spec)


def _changed(raw: Json, path: Path, value: Any) -> bytes:
    mutant = copy.deepcopy(raw)
    inside = _at(mutant, path[:-1])
    if value == DROPPED:
        del inside[path[-1]]
    else:
        inside[path[-1]] = value
    return cbor.encode(mutant)


def changes(raw: Json, of: type[Record], decode: Callable[[bytes], object]) -> list[list[Any]]:
    rows: list[list[Any]] = []

    def row(path: Path, spec: Json | str, value: Any) -> None:
        data = _changed(raw, path, value)
        rows.append([list(path), spec, outcome(decode, data)])

    for path in _places(raw):
        if isinstance(path[-1], str):
            row(path, DROPPED, DROPPED)
        for other in _others(_at(raw, path)):
            row(path, {"cbor": cbor.encode(other).hex()}, other)
    for path in [(), *_places(raw)]:
        if isinstance(_at(raw, path), dict):
            row((*path, "zz"), {"cbor": "01"}, 1)
    for name in sorted({"k", "t", "w"} - raw.keys()) if "v" in raw else ():
        row((name,), {"cbor": cbor.encode("call").hex()}, "call")
    for name, spec in _bounds(of):
        row((name,), spec, _filled(spec, raw.get(name)))
    return rows


def _content(family: Family, example: Content, places: Sequence[Family]) -> Json:
    data = family.encode(example)
    return {
        "family": family.rule,
        "kind": ".".join(example.TYPE.values()),
        "fields": list(plain(example).items()),
        "encoded": data.hex(),
        "in": [outcome(other.decode, data) for other in places],
        "cut": [outcome(family.decode, data[:n]) for n in (0, 1, 9, len(data) - 1)],
        "changes": changes(cbor.decode_map(data), type(example), family.decode),
    }


def _record(of: type[ContactRecord | DeviceAddress | GroupTerms | Rules], record: Record) -> Json:
    data = encode_record(record)
    return {
        "record": of.__name__,
        "fields": list(plain(record).items()),
        "encoded": data.hex(),
        "changes": changes(cbor.decode_map(data), of, partial(decode_record, of)),
    }


def content_vectors() -> Json:
    """Each content and record: its fields, its bytes, and what every change of it is refused as."""
    return {
        "contents": [
            _content(family, example, FAMILIES)
            for family in FAMILIES
            for example in family.examples
        ],
        "records": [
            _record(ContactRecord, RECORD),
            _record(ContactRecord, BARE_RECORD),
            _record(DeviceAddress, RECORD.devices[0]),
            _record(Rules, RULES),
            _record(GroupTerms, TERMS),
            _record(GroupTerms, BARE_TERMS),
        ],
    }


def room_vectors() -> Json:
    """Each message to a call room and from one, as `content_vectors` has contents."""
    places = (*ROOM_FAMILIES, *FAMILIES)
    return {"contents": [_content(family, example, places) for family, example in ROOM_EXAMPLES]}


def lobby_vectors() -> Json:
    """Each message of a lobby, likewise."""
    places = (*LOBBY_FAMILIES, *ROOM_FAMILIES, *FAMILIES)
    return {"contents": [_content(family, example, places) for family, example in LOBBY_EXAMPLES]}
