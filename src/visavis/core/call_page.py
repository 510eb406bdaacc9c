"""The page that many calls share: what the vault holds in one slot, and a store in one row (P6).

It has room for some 1,700 calls. A call that was deleted leaves a hash in it, so that no other
device brings it back.

Pure. Not for: what an entry is (`call_entry.py`), or what becomes of a page (`call_log.py`).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, TypeVar, cast

from visavis.core import cbor
from visavis.core.call_entry import (
    GONE_BYTES,
    MAX_MARKS,
    NO_CUT,
    NO_MARK,
    NOTE,
    RECORDED,
    VERIFIED,
    WORDS,
    Cut,
    Direction,
    Entry,
    Mark,
    Outcome,
    Quality,
    Via,
    facts_of,
)
from visavis.core.content_records import MAX_TIME, Media
from visavis.core.errors import Code, PeerError
from visavis.core.ids import AccountId, CallId, DeviceId
from visavis.core.keywrap import OVERHEAD

PAGE_BYTES: Final = 65_536 - OVERHEAD - 1
"""Longest encoding of a page: a slot of the vault, less its seal and the end of its padding."""
MAX_MEMBERS: Final = 32
MAX_SECONDS: Final = 2**32 - 1
EMPTY_ROOM: Final = 128
ROOM_FOR_ACCOUNT: Final = AccountId.LENGTH + 1
ROOM_FOR_GONE: Final = GONE_BYTES + 1
_KIND: Final = "calls"

Words = TypeVar("Words", bound=StrEnum)


@dataclass(slots=True)
class Page:
    """Calls that are written together."""

    cut: Cut = NO_CUT
    entries: dict[CallId, Entry] = field(default_factory=dict, repr=False)
    gone: set[bytes] = field(default_factory=set, repr=False)


def room_for(entry: Entry) -> int:
    """Return how many bytes an entry takes up in a page at most, but for its members' accounts.

    Reckoned, not encoded: a log of 200,000 calls asks for each.
    """
    many = len(entry.members)
    room = 1 + _string(CallId.LENGTH) + _uint_room(many) + 3 * many + 6
    room += sum(map(_uint_room, (entry.at, entry.seconds, entry.suite)))
    mark = entry.mark
    if mark.count:
        room += _uint_room(mark.count) + _string(DeviceId.LENGTH) + 1
        room += _string(len(mark.note.encode()))
    return room


def _uint_room(value: int) -> int:
    """Return how many bytes CBOR takes for an unsigned integer (RFC 8949, 3)."""
    return 1 if value < 24 else 1 + next(n for n in (1, 2, 4, 8) if value < 1 << 8 * n)


def _string(size: int) -> int:
    return _uint_room(size) + size


def room_of(page: Page) -> int:
    """Return how many bytes a page's encoding has at most."""
    rows = sum(map(room_for, page.entries.values()))
    accounts = {account for entry in page.entries.values() for account in entry.members}
    rest = ROOM_FOR_ACCOUNT * len(accounts) + ROOM_FOR_GONE * len(page.gone)
    return EMPTY_ROOM + rows + rest


def encode_page(page: Page) -> bytes:
    """Return a page's one encoding: calls by their beginning, everything else by its bytes.

    Raises:
        PeerError: TOO_LARGE.
    """
    entries = sorted(page.entries.values(), key=lambda entry: (entry.at, entry.call))
    who = sorted({account for entry in entries for account in entry.members})
    places = {account: at for at, account in enumerate(who)}
    data = cbor.encode(
        {
            "k": _KIND,
            "cut": [page.cut.count, page.cut.at],
            "who": who,
            "calls": [_row(entry, places) for entry in entries],
            "gone": sorted(page.gone),
        }
    )
    if len(data) > PAGE_BYTES:
        raise PeerError(Code.TOO_LARGE, "a page of calls beyond its slot")
    return data


def is_page(item: dict[str, object]) -> bool:
    """Say whether an item of the vault is a page of calls."""
    return item.get("k") == _KIND


def decode_page(data: bytes) -> Page:
    """Decode what `encode_page` made.

    Raises:
        PeerError: MALFORMED (CK-250, CK-701).
    """
    match cbor.decode_map(data):
        case {
            "k": "calls",
            "cut": [int(count), int(at)],
            "who": list(who),
            "calls": list(rows),
            "gone": list(gone),
            **rest,
        } if not rest:
            pass
        case _:
            raise _malformed("not a page of calls")
    accounts = [_account(one) for one in who]
    entries = [_entry(row, accounts) for row in rows]
    marks = [_gone(one) for one in gone]
    # CK-701: a page has one encoding, or two devices would write it by turns for ever.
    _require_rising(accounts)
    _require_rising([(entry.at, entry.call) for entry in entries])
    _require_rising(marks)
    if {account for entry in entries for account in entry.members} != set(accounts):
        raise _malformed("an account without a call")
    cut = Cut(_uint(count, MAX_MARKS), _uint(at, MAX_TIME))
    page = Page(cut, {entry.call: entry for entry in entries}, set(marks))
    if len(page.entries) != len(entries):
        raise _malformed("a call twice")
    return page


def _require_rising(items: Sequence[Any]) -> None:
    if any(one >= other for one, other in itertools.pairwise(items)):
        raise _malformed("not in the one order")


def _row(entry: Entry, places: dict[AccountId, int]) -> list[object]:
    row = [entry.call, [places[account] for account in entry.members], *facts_of(entry)]
    mark = entry.mark
    if mark.count:
        row += [mark.count, mark.device, mark.pinned, mark.note]
    return row


def _entry(row: object, accounts: list[AccountId]) -> Entry:
    match row:
        case [
            bytes(call), list(who), int(direction), int(media), int(outcome), int(at), int(seconds),
            int(flags), int(via), int(quality), int(suite), *rest,
        ]:  # fmt: skip
            pass
        case _:
            raise _malformed("a call's fields")
    return Entry(
        CallId(call),
        _members(who, accounts),
        _word(Direction, direction),
        _word(Media, media),
        _word(Outcome, outcome),
        _uint(at, MAX_TIME),
        _uint(seconds, MAX_SECONDS),
        bool(_uint(flags, VERIFIED | RECORDED) & VERIFIED),
        bool(flags & RECORDED),
        _word(Via, via),
        _word(Quality, quality),
        _uint(suite, 0xFFFF),
        _mark(rest),
    )


def _members(who: list[object], accounts: list[AccountId]) -> tuple[AccountId, ...]:
    if not 1 <= len(who) <= MAX_MEMBERS:
        raise _malformed("a call's members")
    members = tuple(accounts[_uint(at, len(accounts) - 1)] for at in who)
    _require_rising(members)
    return members


def _mark(rest: list[object]) -> Mark:
    match rest:
        case []:
            return NO_MARK
        case [int(count), bytes(device), bool(pinned), str(note)] if count >= 1:
            return Mark(_uint(count, MAX_MARKS), DeviceId(device), pinned, str(NOTE.decode(note)))
        case _:
            raise _malformed("a call's mark")


def _account(raw: object) -> AccountId:
    if not isinstance(raw, bytes):
        raise _malformed("an account")
    return AccountId(raw)


def _gone(raw: object) -> bytes:
    if not isinstance(raw, bytes) or len(raw) != GONE_BYTES:
        raise _malformed("a deleted call")
    return raw


def _uint(raw: object, highest: int) -> int:
    if not isinstance(raw, int) or isinstance(raw, bool) or not 0 <= raw <= highest:
        raise _malformed("a number out of bounds")
    return raw


def _word(of: type[Words], raw: int) -> Words:
    words = WORDS[of]
    return cast("Words", words[_uint(raw, len(words) - 1)])


def _malformed(why: str) -> PeerError:
    return PeerError(Code.MALFORMED, f"CK-701: {why}")
