"""Recordings: whole files and what they prove, parts that open or do not, and what is no chunk.

Everybody's keys are given, so that the twin can write each good file anew, to the same bytes.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from core_vector_kit import Json, flipped, outcome, plain
from core_vector_vvrec_files import files
from tests.core.recorder import AT, KEY, PRIVATE, SECRET, SHARE

from visavis.core import cbor
from visavis.core import recording_statements as s
from visavis.core.errors import PeerError
from visavis.core.ids import ConsentKey, Digest, Secret32
from visavis.core.recording_proof import prove
from visavis.core.recording_statements import DAY_S
from visavis.core.recording_types import Kind
from visavis.core.vvrec import (
    HEAD,
    MAX_MS,
    Among,
    Part,
    Said,
    Writer,
    open_part,
    read,
    seal_part,
)

TIMES: Final = (AT, AT + 30 * DAY_S - 1, AT + 30 * DAY_S)
"""When it is asked what may be played: in time, in the last second, too late."""


def _read_all(data: bytes) -> None:
    for _ in read(io.BytesIO(data)):
        pass


def _proven(data: bytes) -> Json:
    proof = prove(io.BytesIO(data))
    return {
        "ask": None if proof.ask is None else s.ask_digest(proof.ask).hex(),
        "ok": proof.ok,
        "altered": proof.altered,
        "problems": proof.problems,
        "truncated": proof.truncated,
        "unproven": proof.unproven,
        "ended": proof.ended,
        "members": [
            plain(member) | {"playable": [proof.is_playable(member, now) for now in TIMES]}
            for member in proof.members
        ],
    }


PART: Final = Part(3, KEY["bob"], Kind.AUDIO, 4_000, 2_000, b"some webm")
ABOUT: Final = Digest.sha256(b"ask")


def _opened() -> Iterator[list[Any]]:
    """Give [part, ask, secret, share, outcome, WebM]."""
    sealed = seal_part(PART, ABOUT, SECRET, SHARE["bob"])
    last = replace(PART, number=2**32 - 1, at=MAX_MS, length=MAX_MS, sealed=b"")
    halves = (ABOUT, SECRET, SHARE["bob"])
    tried: list[tuple[Part, Digest, Secret32, Secret32]] = [
        (sealed, *halves),
        (seal_part(last, *halves), *halves),
        (sealed, Digest.sha256(b"other"), SECRET, SHARE["bob"]),
        (sealed, ABOUT, SHARE["bob"], SHARE["bob"]),
        (sealed, ABOUT, SHARE["bob"], SECRET),
        (sealed, ABOUT, SECRET, SHARE["carl"]),
        (replace(sealed, number=4), *halves),
        (replace(sealed, key=KEY["carl"]), *halves),
        (replace(sealed, kind=Kind.VIDEO), *halves),
        (replace(sealed, at=4_001), *halves),
        (replace(sealed, length=2_001), *halves),
        *((replace(sealed, sealed=flipped(sealed.sealed, at)), *halves) for at in (0, -1)),
        *((replace(sealed, sealed=sealed.sealed[:size]), *halves) for size in (0, 15, 16)),
    ]
    for part, *keys in tried:
        try:
            webm = open_part(part, *keys).hex()
        except PeerError:
            webm = None
        yield [plain(part), *plain(keys), outcome(open_part, part, *keys), webm]


SET: Final[list[bytes]] = sorted(bytes(key) for key in KEY.values())
RAW: Final[tuple[Any, ...]] = (
    "part",
    0,
    bytes(KEY["bob"]),
    "audio",
    0,
    2_000,
    bytes(16),
)


def _with(at: int, *values: Any) -> list[list[Any]]:
    return [[*RAW[:at], value, *RAW[at + 1 :]] for value in values]


CHUNKS: Final[tuple[Any, ...]] = (
    list(RAW),
    *([*RAW, 1], RAW[:-1], RAW[1:], ["more", *RAW[1:]]),
    *_with(1, -1, 2**32 - 1, 2**32, 2**64 - 1, True, False, "0", None),
    *_with(2, bytes(31), bytes(33), "key", None),
    *_with(3, *(kind.value for kind in Kind), "everything", "", "AUDIO", 1, b"audio"),
    *_with(4, -1, MAX_MS, MAX_MS + 1, True, "0"),
    *_with(5, -1, 0, MAX_MS, MAX_MS + 1, False, None),
    *_with(6, b"", bytes(15), bytes(17), "webm", 1),
    *(["said", value] for value in (b"", b"x", bytes(4_224), bytes(4_225), "x", 1, None)),
    *(["said"], ["said", b"x", b"x"], ["said", b"x", None], ["more", b"x"], [b"said", b"x"]),
    *(["among", value] for value in (SET, SET[:1], [], SET[::-1], [SET[0], SET[0]], SET[0])),
    *(["among", value] for value in ([bytes(31)], [1], ["x"], {"a": 1}, None)),
    *(["among", [n.to_bytes(32, "big") for n in range(size)]] for size in (64, 65)),
    *(["among"], ["among", SET, SET]),
    *(["mark", value] for value in (bytes(64), bytes(63), bytes(65), "x", 1)),
    *(["mark"], ["mark", bytes(64), 0], []),
    *({}, {"mark": bytes(64)}, "mark", b"mark", None, 1, True, [[]], [["mark", bytes(64)]]),
)


def _chunks() -> Iterator[list[str]]:
    """Give [chunk, outcome of reading a file of it]."""
    good = cbor.encode(list(RAW))
    raw = [good + b"\0", good[:-1], b"\x87\x78\x04part" + good[6:], b"\x9f" + good[1:] + b"\xff"]
    for data in [
        *(cbor.encode(list(one) if isinstance(one, tuple) else one) for one in CHUNKS),
        *raw,
    ]:
        file = HEAD + len(data).to_bytes(4, "big") + data
        yield [data.hex(), outcome(_read_all, file)]


UNWRITTEN: Final[tuple[Json, ...]] = (
    {},
    {"number": 1},
    {"number": -1},
    {"at": -1},
    {"at": MAX_MS + 1},
    {"length": -1},
    {"length": MAX_MS + 1},
    {"sealed": bytes(15)},
)
"""What is changed of a part, to one that readers refuse; the first is the control."""


def _json(fields: Json) -> Json:
    return {name: plain(value) for name, value in fields.items()}


def _put(chunk: Said | Among | Part) -> str:
    return outcome(Writer(io.BytesIO()).put, chunk)


def vvrec_vectors() -> Json:
    """Files: [name, bytes, outcome of reading it, what it proves]; parts; chunks."""
    part = replace(PART, number=0, sealed=bytes(16))
    sets: list[frozenset[ConsentKey]] = [
        frozenset(KEY.values()),
        frozenset(),
        frozenset(ConsentKey(n.to_bytes(32, "big")) for n in range(65)),
    ]
    return {
        "secret": SECRET.hex(),
        "people": [
            [KEY[name].hex(), private.hex(), SHARE[name].hex()] for name, private in PRIVATE.items()
        ],
        "times": list(TIMES),
        "files": [
            [name, data.hex(), outcome(_read_all, data), _proven(data)] for name, data in files()
        ],
        "opened": list(_opened()),
        "chunks": list(_chunks()),
        "parts": [[_json(change), _put(replace(part, **change))] for change in UNWRITTEN],
        "said": [
            [size, _put(Said(bytes(size)))] for size in (0, 1, s.MAX_SIGNED, s.MAX_SIGNED + 1)
        ],
        "among": [[plain(those), _put(Among(those))] for those in sets],
    }
