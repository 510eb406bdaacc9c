"""The file with which an account moves: what it is, and every way in which it is refused."""

from __future__ import annotations

import hashlib
import random
import tracemalloc
from collections.abc import Callable
from dataclasses import replace

import pytest

from visavis.core import cbor, move_file
from visavis.core.call_entry import Cut, Direction, Entry, Mark, Outcome
from visavis.core.call_page import Page, encode_page
from visavis.core.content import decode_record
from visavis.core.content_records import Decided, MayCall, Media, Rules, Settings, Standing
from visavis.core.device_list import (
    ERA_VERSIONS,
    MAX_VERSION,
    DeviceList,
    ListedDevice,
    accept_list,
    sign_first,
    sign_moved,
    sign_successor,
)
from visavis.core.errors import Code, PeerError, UsageError
from visavis.core.identity import identity_public_key
from visavis.core.ids import AccountId, CallId, DeviceId, IdentityKey, SignatureKey
from visavis.core.keywrap import OVERHEAD, Purpose, wrap
from visavis.core.move_file import (
    MAGIC,
    MAX_CONTACTS,
    MAX_MEMORY_KIB,
    SIZES,
    Moved,
    MovedContact,
    MoveFileError,
    Why,
    Work,
    open_move,
    pages_of,
    read_work,
    seal_move,
)

PRIVATE, OTHER = b"i" * 32, b"o" * 32
ACCOUNT = AccountId(b"a" * 16)
SECRET = b"s" * 32
WORK = Work(1, 8, 1, b"salt" * 4)
RNG = random.Random(7).randbytes


def device(number: int) -> ListedDevice:
    return ListedDevice(DeviceId(bytes([number]) * 16), SignatureKey(bytes([number]) * 32))


HEAD = sign_first(ACCOUNT, PRIVATE, [device(1)])


def contact(number: int, **changes: object) -> MovedContact:
    base = MovedContact(
        AccountId(bytes([number]) * 16),
        identity_public_key(bytes([number]) * 32),
        3,
        f"person{number}.12345",
        Standing.CONTACT,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def call(number: int) -> Entry:
    return Entry(
        CallId(number.to_bytes(16, "big")),
        (AccountId(b"\x01" * 16),),
        Direction.OUTGOING,
        Media.VOICE,
        Outcome.ANSWERED,
        1_700_000_000 + number,
        60,
        mark=Mark(1, DeviceId(b"d" * 16), pinned=True, note="about the roof"),
    )


def moved(**changes: object) -> Moved:
    key = identity_public_key(b"\x01" * 32)
    base = Moved(
        PRIVATE,
        HEAD.data,
        "anna.48213",
        (
            contact(1, verified=key, rules=Rules(MayCall.VOICE), decided=Decided(verified=9)),
            contact(2, standing=Standing.BLOCKED),
        ),
        pages_of([call(1), call(2)], RNG),
        Settings(keep=24, details=False, sync=True, trace=True, count=2),
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def why(work: Callable[[], object]) -> Why:
    with pytest.raises(MoveFileError) as refused:
        work()
    assert "Nothing was changed" in refused.value.describe() or "Nothing was" in (
        refused.value.describe()
    )
    return refused.value.why


def resealed(data: bytes) -> bytes:
    """Put the hash right after a change: what somebody does who changes a file on purpose."""
    return data[:-32] + hashlib.sha256(data[:-32]).digest()


def test_what_goes_in_comes_out() -> None:
    given = moved()
    data = seal_move(given, WORK, SECRET, RNG)
    assert read_work(data) == WORK
    assert open_move(data, SECRET) == given
    assert {one.call for one in given.calls()} == {call(1).call, call(2).call}
    assert given.calls()[0].mark.note == "about the roof"
    assert Moved.parse(given.to_bytes()).to_bytes() == given.to_bytes()


def test_its_size_says_little() -> None:
    one = seal_move(moved(contacts=(), pages=(), settings=None), WORK, SECRET, RNG)
    many = tuple(contact(number) for number in range(100, 250))
    some = seal_move(moved(contacts=many), WORK, SECRET, RNG)
    assert len(one) == len(some) == SIZES[0]
    full = pages_of([call(number) for number in range(3_000)], RNG)
    assert len(seal_move(moved(pages=full), WORK, SECRET, RNG)) == SIZES[1]
    with pytest.raises(PeerError) as large:
        seal_move(moved(pages=(b"x" * 65_000,) * 1_100), WORK, SECRET, RNG)
    assert large.value.code is Code.TOO_LARGE


def test_each_bad_file_is_refused_for_its_own_reason() -> None:
    """CK-730. A file that is good is taken (the control)."""
    data = seal_move(moved(), WORK, SECRET, RNG)
    assert open_move(data, SECRET)
    at = len(MAGIC)
    bad = {
        b"": Why.FOREIGN,
        b"PK\x03\x04" + bytes(65_532): Why.FOREIGN,
        data[:5]: Why.CUT,
        MAGIC: Why.CUT,
        data[: at + 3]: Why.CUT,
        data[:-1]: Why.CUT,
        data + b"\0": Why.CUT,
        data[: SIZES[0] // 2]: Why.CUT,
        data[:at] + b"\x00" + data[at + 1 :]: Why.OLDER,
        data[:at] + b"\x02" + data[at + 1 :]: Why.NEWER,
    }
    for position in (at + 2, at + 8, 60, 30_000, len(data) - 40, len(data) - 1):
        flipped = data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]
        bad[flipped] = Why.DAMAGED
    for file, reason in bad.items():
        assert why(lambda file=file: read_work(file)) is reason  # type: ignore[misc]
    assert why(lambda: open_move(data, b"t" * 32)) is Why.PASSPHRASE
    assert len({MoveFileError(one).describe() for one in Why}) == len(Why)


@pytest.mark.parametrize("position", [len(MAGIC) + 8, 60, 30_000, SIZES[0] - 33])
def test_a_change_on_purpose_does_not_open(position: int) -> None:
    """Whoever can put the hash right cannot change anything: salt, contents or seal."""
    data = bytearray(seal_move(moved(), WORK, SECRET, RNG))
    data[position] ^= 1
    file = resealed(bytes(data))
    read_work(file)
    assert why(lambda: open_move(file, SECRET)) is Why.PASSPHRASE


@pytest.mark.parametrize(
    ("passes", "memory", "lanes"),
    [
        (255, 8, 1),
        (0, 8, 1),
        (1, 2**32 - 1, 1),
        (1, MAX_MEMORY_KIB + 1, 1),
        (1, 7, 1),
        (1, 64, 255),
        (1, 16, 4),
    ],
)
def test_a_file_cannot_ask_for_gigabytes(passes: int, memory: int, lanes: int) -> None:
    """CK-731."""
    data = seal_move(moved(), Work(passes, memory, lanes, bytes(16)), SECRET, RNG)
    tracemalloc.start()
    try:
        assert why(lambda: read_work(data)) is Why.GREEDY
        assert tracemalloc.get_traced_memory()[1] < 2 * SIZES[0]
    finally:
        tracemalloc.stop()


def test_a_header_alone_is_read_with_the_same_care() -> None:
    header = WORK.to_header()
    assert Work.from_header(header + b"more") == WORK
    assert why(lambda: Work.from_header(header[:-1])) is Why.CUT
    assert why(lambda: Work.from_header(b"x" + header)) is Why.FOREIGN


def test_contents_without_the_end_of_their_padding() -> None:
    """Rightly sealed, by a program that is not ours."""
    header = WORK.to_header()
    room = SIZES[0] - len(header) - OVERHEAD - 32
    sealed = header + wrap(Purpose.MOVE_FILE, SECRET, bytes(room), RNG, context=header)
    file = resealed(sealed + bytes(32))
    read_work(file)
    assert why(lambda: open_move(file, SECRET)) is Why.CONTENTS


def test_more_than_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    full = pages_of([call(number) for number in range(3_000)], RNG)
    with monkeypatch.context() as patched:
        patched.setattr(move_file, "SIZES", SIZES[:1])
        with pytest.raises(PeerError) as large:
            seal_move(moved(pages=full), WORK, SECRET, RNG)
    assert large.value.code is Code.TOO_LARGE
    many = (contact(1),) * (MAX_CONTACTS + 1)
    with pytest.raises(PeerError) as large:
        seal_move(moved(contacts=many), WORK, SECRET, RNG)
    assert large.value.code is Code.TOO_LARGE


def fields(change: Callable[[dict[str, object]], object]) -> bytes:
    raw = cbor.decode_map(moved().to_bytes())
    change(raw)
    return cbor.encode(raw)


def test_contents_that_do_not_hold_together() -> None:
    """CK-732, with the control that the unchanged ones do."""
    other = sign_first(ACCOUNT, OTHER, [device(1)])
    page = Page(Cut(1, 1), {call(1).call: call(1)})
    gone = Page(gone={b"g" * 16})
    assert Moved.parse(fields(lambda raw: None))
    cases = {
        "another identity": {"identity": OTHER},
        "another's list": {"listed": other.data},
        "no list": {"listed": b"\x00"},
        "short key": {"identity": b"i" * 31},
        "not a page": {"pages": [b"x"]},
        "a cut": {"pages": [encode_page(page)]},
        "marks of deleted calls": {"pages": [encode_page(gone)]},
        "an unknown field": {"server": "https://old.example"},
    }
    for name, change in cases.items():
        data = fields(lambda raw, change=change: raw.update(change))  # type: ignore[misc]
        assert why(lambda data=data: Moved.parse(data)) is Why.CONTENTS, name  # type: ignore[misc]
    me = MovedContact(ACCOUNT, HEAD.identity_key, 1, "me.1", Standing.CONTACT)
    for contacts in ((contact(2), contact(1)), (contact(1), contact(1)), (me,)):
        data = moved(contacts=contacts).to_bytes()
        assert why(lambda data=data: Moved.parse(data)) is Why.CONTENTS  # type: ignore[misc]


def test_nothing_of_it_is_printed() -> None:
    assert "anna" not in repr(moved())
    assert PRIVATE.hex() not in repr(moved())
    assert "person1" not in repr(contact(1))


# The device list goes on


def moved_list(head: DeviceList, number: int) -> DeviceList:
    return sign_moved(head, PRIVATE, [device(number)])


def test_a_move_is_ahead_of_all_that_the_old_server_signs() -> None:
    here = moved_list(HEAD, 9)
    assert (here.era, here.version, here.previous) == (1, ERA_VERSIONS, HEAD.digest)
    assert accept_list(HEAD, here) is here
    later = HEAD
    for number in range(2, 6):
        later = sign_successor(later, PRIVATE, [device(number)])
        assert accept_list(later, here) is here
        assert accept_list(here, later) is here
    again = moved_list(here, 10)
    assert again.era == 2
    assert accept_list(here, again) is again


def test_two_lines_of_one_identity_are_refused_not_forked() -> None:
    """CK-263: a file brought in twice."""
    one, other = moved_list(HEAD, 8), moved_list(HEAD, 9)
    for known, offered in ((one, other), (other, one)):
        with pytest.raises(PeerError) as fork:
            accept_list(known, offered)
        assert fork.value.code is Code.BAD_CREDENTIAL
    assert accept_list(one, sign_successor(one, PRIVATE, [device(8), device(7)])).version == (
        one.version + 1
    )


def test_moves_come_to_an_end() -> None:
    last = HEAD
    object.__setattr__(last := replace(HEAD), "version", MAX_VERSION)
    with pytest.raises(UsageError):
        sign_moved(last, PRIVATE, [device(9)])
    with pytest.raises(UsageError):
        sign_moved(HEAD, OTHER, [device(9)])


def test_who_has_moved_with_us() -> None:
    """CK-733: the same account, the same key, a later era; a revoked device has the first two."""
    person = MovedContact(ACCOUNT, HEAD.identity_key, HEAD.version, "anna.1", Standing.CONTACT)
    assert person.has_moved_with(moved_list(HEAD, 9))
    assert not person.has_moved_with(HEAD)
    assert not person.has_moved_with(sign_successor(HEAD, PRIVATE, [device(2)]))
    assert not person.has_moved_with(
        sign_moved(sign_first(ACCOUNT, OTHER, [device(1)]), OTHER, [device(9)])
    )
    assert not replace(person, account=AccountId(b"b" * 16)).has_moved_with(moved_list(HEAD, 9))
    assert not replace(person, identity=IdentityKey(bytes(32))).has_moved_with(moved_list(HEAD, 9))
    assert decode_record(MovedContact, cbor.encode(cbor.decode(moved().to_bytes())["contacts"][0]))  # type: ignore[index]
