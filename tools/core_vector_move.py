"""The file with which an account moves: what it is, and every way in which it is refused.

A file of 64 KiB is not written out: the twin makes it from what is in it, to the same SHA-256, and
changes it as the edits say. An edit is ["cut", length], ["add", hex], ["xor", position] (one bit;
negative counts from the end), ["put", position, hex], or ["hash"]: the hash at its end put right.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any, Final

from core_vector_kit import Json, flipped, outcome, plain, randbytes
from tests.core.test_call_log import Counting
from tests.core.test_move_file import (
    ACCOUNT,
    HEAD,
    OTHER,
    PRIVATE,
    call,
    contact,
    device,
    moved,
    resealed,
)

from visavis.core import cbor
from visavis.core.call_entry import Cut, gone_mark
from visavis.core.call_page import Page, encode_page
from visavis.core.content_records import Settings, Standing
from visavis.core.device_list import (
    DeviceList,
    accept_list,
    sign_first,
    sign_moved,
    sign_successor,
)
from visavis.core.errors import PeerError
from visavis.core.ids import DeviceId
from visavis.core.keywrap import OVERHEAD, Purpose, wrap
from visavis.core.move_file import (
    MAGIC,
    MAX_LANES,
    MAX_MEMORY_KIB,
    MAX_PASSES,
    SIZES,
    Moved,
    MovedContact,
    MoveFileError,
    Work,
    open_move,
    pages_of,
    read_work,
    seal_move,
)
from visavis.sdk.unlock import Kdf

CHEAP: Final = Work(1, 8, 1, b"salt" * 4)
PHRASES: Final = (
    "six-words-of-two-thousand-here",
    "Caf\u00e9 au lait im Garten",
    "\ufb01ne \u2163",
)
AT: Final = len(MAGIC)
Edit = list[Any]


def _examples() -> list[tuple[Moved, Work]]:
    many = tuple(contact(number) for number in range(100, 120))
    settings = Settings(
        *(48, True, False, False, 3, DeviceId(b"x" * 16)),  # keep, details, sync, trace
        never_record=True,
    )
    return [
        (replace(moved(), pages=pages_of([call(1), call(2)], Counting(1))), CHEAP),
        (moved(contacts=(), pages=(), settings=None), Work(8, 64, 4, bytes(16))),
        (moved(contacts=many, pages=(), settings=settings, handle="wi\u00e9.00001"), CHEAP),
    ]


def _file(given: Moved, work: Work, seed: str) -> Json:
    secret, nonce = randbytes(f"{seed} secret")(32), randbytes(f"{seed} nonce")(12)
    data = seal_move(given, work, secret, lambda _: nonce)
    return {
        "contents": given.to_bytes().hex(),
        "work": [work.passes, work.memory_kib, work.lanes, work.salt.hex()],
        "secret": secret.hex(),
        "nonce": nonce.hex(),
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
    }


def _changed(data: bytes, edits: list[Edit]) -> bytes:
    for edit in edits:
        match edit:
            case ["cut", int(length)]:
                data = data[:length]
            case ["add", str(more)]:
                data += bytes.fromhex(more)
            case ["xor", int(at)]:
                data = flipped(data, at)
            case ["put", int(at), str(put)]:
                there = bytes.fromhex(put)
                data = data[:at] + there + data[at + len(there) :]
            case ["hash"]:
                data = resealed(data)
            case _:
                raise ValueError(edit)
    return data


def _why(data: bytes, secret: bytes) -> str:
    try:
        read_work(data)
        open_move(data, secret)
    except MoveFileError as error:
        return error.why.value
    return "ok"


def _numbers(passes: int, memory: int, lanes: int) -> list[Edit]:
    numbers = bytes([passes]) + memory.to_bytes(4, "big") + bytes([lanes])
    return [["put", AT + 1, numbers.hex()], ["hash"]]


def _refused(data: bytes, secret: bytes) -> list[list[Any]]:
    """Edits of a good file, and the reason."""
    inside = (AT + 8, 60, 30_000, SIZES[0] - 33)
    edits: list[list[Edit]] = [
        [],
        [["cut", 0]],
        [["put", 0, b"PK\x03\x04".hex()]],
        [["cut", 5], ["xor", 4]],
        *([["cut", length]] for length in (5, AT, AT + 1, AT + 3, SIZES[0] // 2, SIZES[0] - 1)),
        [["add", "00"]],
        [["cut", AT + 1], ["put", AT, "02"]],
        *([["put", AT, version]] for version in ("00", "02", "ff")),
        *([["xor", at]] for at in (AT + 2, *inside, -32, -1)),
        *([["xor", at], ["hash"]] for at in inside),
        *(
            _numbers(*asked)
            for asked in (
                (0, 8, 1),
                (MAX_PASSES + 1, 8, 1),
                (255, 8, 1),
                (1, MAX_MEMORY_KIB + 1, 1),
                (1, 2**32 - 1, 1),
                (1, 7, 1),
                (1, 8, 0),
                (1, 64, MAX_LANES + 1),
                (1, 8 * MAX_LANES - 1, MAX_LANES),
                # Within the bounds, so only the seal tells.
                (MAX_PASSES, MAX_MEMORY_KIB, MAX_LANES),
            )
        ),
    ]
    return [[one, _why(_changed(data, one), secret)] for one in edits]


def _unpadded() -> Json:
    """Contents without the end of their padding, rightly sealed by a program that is not ours."""
    header, secret, nonce = CHEAP.to_header(), bytes(32), bytes(12)
    room = SIZES[0] - len(header) - OVERHEAD - 32
    sealed = header + wrap(Purpose.MOVE_FILE, secret, bytes(room), lambda _: nonce, context=header)
    file = resealed(sealed + bytes(32))
    return {"secret": secret.hex(), "room": room, "why": _why(file, secret)}


def _contents() -> list[list[str]]:
    """Contents that hold together or do not (CK-732)."""
    raw = cbor.decode_map(replace(moved(), pages=()).to_bytes())
    page = Page(Cut(1, 1), {call(1).call: call(1)})
    cases: list[dict[str, object]] = [
        {},
        {"identity": OTHER},
        {"listed": sign_first(ACCOUNT, OTHER, [device(1)]).data},
        {"listed": flipped(HEAD.data, -1)},
        {"listed": b"\x00"},
        {"identity": b"i" * 31},
        {"handle": ""},
        {"handle": "a\u202eb"},
        {"handle": "h" * 129},
        {"pages": [b"x"]},
        {"pages": [encode_page(Page())]},
        {"pages": [encode_page(page)]},
        {"pages": [encode_page(Page(Cut(0, 1)))]},
        {"pages": [encode_page(Page(gone={gone_mark(call(1).call)}))]},
        {"server": "https://old.example"},
        {"settings": 1},
    ]
    found = [cbor.encode(raw | change) for change in cases]
    found += [
        cbor.encode({key: value for key, value in raw.items() if key != left}) for left in raw
    ]
    me = MovedContact(ACCOUNT, HEAD.identity_key, 1, "me.1", Standing.CONTACT)
    orders = ((contact(2), contact(1)), (contact(1), contact(1)), (me,), (contact(1), contact(2)))
    found += [moved(contacts=contacts, pages=()).to_bytes() for contacts in orders]
    entry = cbor.decode_map(cbor.encode(plain_contact()))
    for change in ({"version": 0}, {"version": 2**32}, {"account": b"a"}, {"standing": "friend"}):
        found.append(cbor.encode(raw | {"contacts": [entry | change]}))
    return [[data.hex(), outcome(Moved.parse, data)] for data in (*found, b"", b"\x00")]


def plain_contact() -> dict[str, object]:
    """Return a contact as it stands in the contents."""
    return cbor.decode_map(moved().to_bytes())["contacts"][0]  # type: ignore[index,no-any-return]


def _lists() -> Json:
    """The device list goes on in the next era, and which of two lists is held."""
    moved_here = sign_moved(HEAD, PRIVATE, [device(9)])
    lists: list[DeviceList] = [
        HEAD,
        sign_successor(HEAD, PRIVATE, [device(2)]),
        moved_here,
        sign_moved(HEAD, PRIVATE, [device(8)]),
        sign_successor(moved_here, PRIVATE, [device(9), device(8)]),
        sign_moved(moved_here, PRIVATE, [device(10)]),
        sign_moved(sign_first(ACCOUNT, OTHER, [device(1)]), OTHER, [device(9)]),
    ]
    person = MovedContact(ACCOUNT, HEAD.identity_key, HEAD.version, "anna.1", Standing.CONTACT)

    def held(known: DeviceList, offered: DeviceList) -> str | int:
        try:
            return lists.index(accept_list(known, offered))
        except PeerError:
            return outcome(accept_list, known, offered)

    return {
        "private": PRIVATE.hex(),
        "lists": [[one.data.hex(), one.version, one.era] for one in lists],
        "moved": [[0, 2, 9], [0, 3, 8], [2, 5, 10]],
        "held": [
            [a, b, held(lists[a], lists[b])] for a in range(len(lists)) for b in range(len(lists))
        ],
        "person": {name: value for name, value in plain(person).items() if value is not None},
        "has_moved": [person.has_moved_with(one) for one in lists],
    }


def move_vectors() -> Json:
    """Everything about the file and the lists that the twin must do alike."""
    examples = _examples()
    given, work = examples[0]
    first = _file(given, work, "0")
    secret, nonce = bytes.fromhex(first["secret"]), bytes.fromhex(first["nonce"])
    data = seal_move(given, work, secret, lambda _: nonce)
    calls = [call(number) for number in (3, 1, 2)]
    return {
        "derived": [
            [phrase, kdf.passes, kdf.memory_kib, kdf.lanes, kdf.derive(phrase, CHEAP.salt).hex()]
            for phrase in PHRASES
            for kdf in (Kdf(1, 8, 1), Kdf(3, 64, 4))
        ]
        + [["x", 1, 8, 1, Kdf(1, 8, 1).derive("x", CHEAP.salt).hex()]],
        "salt": CHEAP.salt.hex(),
        "files": [_file(one, how, str(at)) for at, (one, how) in enumerate(examples)],
        "shown": [plain(one) | {"calls": len(one.calls())} for one, _ in examples],
        "refused": _refused(data, secret),
        "wrong_secret": _why(data, bytes(32)),
        "unpadded": _unpadded(),
        "contents": _contents(),
        "packed": {
            "calls": [encode_page(Page(entries={one.call: one})).hex() for one in calls],
            "pages": [page.hex() for page in pages_of(calls, Counting(1))],
        },
        **{f"list_{name}": value for name, value in _lists().items()},
    }
