"""Taking a yes back: all of one's own to a request, by whichever key; and where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.core.recorder import BOTH
from tests.sdk.recording_room import UNIX, Person, Room, asked, recorded, story

from visavis.core.consent_record import AFTER_CALL, Where, decode_consent, encode_consent
from visavis.core.errors import Code, UnavailableError
from visavis.core.ids import AccountId, Digest, ShareSlot
from visavis.core.recording_consent import State
from visavis.core.recording_statements import RecordingWithdrawal, read_statement
from visavis.sdk.consent_book import OwnConsents
from visavis.sdk.my_consents import MyConsents
from visavis.sdk.store import Store
from visavis.sdk.unlock import insecure_for_tests_cheap_kdf

THREE = ("anna", "bob", "carl")
WHERE = Where(contact=AccountId(b"an account of us"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.create(tmp_path / "bob", "a password of a test", insecure_for_tests_cheap_kdf())
    yield opened
    opened.close()


@pytest.fixture
def book(store: Store) -> OwnConsents:
    return OwnConsents(store, lambda: UNIX)


def states(book: OwnConsents) -> list[State]:
    return sorted(one.consent().state for one in book.all())


def laid(one: Person) -> set[ShareSlot]:
    """Return where shares of somebody lie."""
    return {entry[1] for entry in one.log if entry[0] == "lay"} & one.room.lying.keys()


async def comes(room: Room, name: str, book: OwnConsents) -> Person:
    person = room.comes(name, book=book, where=WHERE)
    await room.settle()
    return person


async def twice(room: Room, book: OwnConsents) -> Digest:
    """Bob says yes, leaves, and comes again, by another key; what is asked goes on."""
    bob = await comes(room, "bob", book)
    ask = await recorded(room)
    room.goes("bob")
    assert len(laid(bob)) == 1
    await comes(room, "bob again", book)
    assert states(book) == [State.GIVEN]
    return ask


def refused(person: Person, ask: Digest) -> None:
    """Require that there is nothing to take back: it is told, and nothing is said or changed."""
    said, did = person.words(), list(person.log)
    with pytest.raises(UnavailableError) as told:
        person.shell.withdraw(ask)
    assert told.value.code is Code.NO_YES
    assert person.words() == said
    assert [one for one in person.log[len(did) :] if one[0] != "take_back"] == []


# All of one's own


def test_in_the_call_that_of_an_entry_before_goes_too(book: OwnConsents) -> None:
    @story("anna", "carl")
    async def _(room: Room) -> None:
        ask = await twice(room, book)
        again = room["bob again"]
        for one in (again, room["carl"]):
            await one.shell.agree(ask, BOTH)
        await room.settle()
        assert room["anna"].shell.shown
        assert states(book) == [State.GIVEN] * 2
        again.shell.withdraw(ask)
        await room.settle()
        assert states(book) == [State.WITHDRAWN] * 2
        # That of now is said in the call; of the other who recorded is told later.
        assert again.words() == ["Grant", "Withdrawal"]
        ((record, statement),) = book.untold()
        assert record.key == room["bob"].key
        assert isinstance(read_statement(statement), RecordingWithdrawal)
        assert not laid(again)
        due = {share.slot for share in book.due()}
        assert due == laid(room["bob"]), "it is asked for until it is gone"
        refused(again, ask)


def test_in_the_call_that_of_an_entry_before_goes_alone(book: OwnConsents) -> None:
    @story("anna", "carl")
    async def _(room: Room) -> None:
        ask = await twice(room, book)
        again = room["bob again"]
        assert [one.id for one in again.shell.known] == [ask]
        again.shell.withdraw(ask)
        assert states(book) == [State.WITHDRAWN]
        assert again.words() == [], "to this one they have said nothing yet"
        refused(again, ask)
        await again.shell.agree(ask, BOTH)  # and still may
        assert states(book) == [State.GIVEN, State.WITHDRAWN]


def test_after_the_call_all_go(book: OwnConsents) -> None:
    @story("anna", "carl")
    async def _(room: Room) -> None:
        ask = await twice(room, book)
        bob, again = room["bob"], room["bob again"]
        await again.shell.agree(ask, BOTH)
        room.goes("bob again")
        assert states(book) == [State.GIVEN] * 2
        assert len(laid(bob)) == len(laid(again)) == 1
        mine = MyConsents(book, again.shares, lambda: UNIX)
        assert await mine.withdraw(ask)
        assert states(book) == [State.WITHDRAWN] * 2
        assert {record.key for record, _ in book.untold()} == {bob.key, again.key}
        assert not laid(bob) | laid(again)
        for what in (ask, Digest(bytes(32))):
            with pytest.raises(UnavailableError) as told:
                await mine.withdraw(what)
            assert told.value.code is Code.NO_YES


# There is none


def test_nothing_is_taken_back_where_no_yes_stands(book: OwnConsents) -> None:
    @story("anna", "carl")
    async def _(room: Room) -> None:
        bob = await comes(room, "bob", book)
        ask = await asked(room)
        refused(bob, ask)  # not answered
        refused(room["carl"], ask)  # nor here, whose book is another
        refused(room["anna"], ask)  # who asks
        refused(bob, Digest(bytes(32)))
        assert ask in bob.shell.asks
        assert book.all() == []
        await bob.shell.agree(ask, BOTH)
        bob.shell.withdraw(ask)  # the control
        refused(bob, ask)  # pressed twice
        await room.settle()
        refused(bob, ask)
        assert bob.words() == ["Grant", "Withdrawal"]
        assert (states(book), laid(bob)) == ([State.WITHDRAWN], set())
        again = await asked(room)
        bob.shell.refuse(again)
        refused(bob, again)
        assert states(book) == [State.REFUSED, State.WITHDRAWN]


def test_a_guest_is_told_so_too() -> None:
    @story("anna", "bob", book=None)
    async def _(room: Room) -> None:
        bob = room["bob"]
        ask = await asked(room)
        refused(bob, ask)
        await bob.shell.agree(ask, BOTH)
        bob.shell.withdraw(ask)
        refused(bob, ask)
        await room.settle()
        assert not laid(bob)


# On two devices at once


def test_a_yes_that_another_device_took_back_still_goes_in_the_call(
    book: OwnConsents, tmp_path: Path
) -> None:
    """It may say so while the call goes on; then its word has a higher number than all of ours."""
    elsewhere = Store.create(tmp_path / "2", "a password of a test", insecure_for_tests_cheap_kdf())
    other = OwnConsents(elsewhere, lambda: UNIX)

    @story("anna", "carl")
    async def _(room: Room) -> None:
        bob = await comes(room, "bob", book)
        ask = await recorded(room)
        other.take(decode_consent(encode_consent(book.all()[0])))
        assert other.take_back(ask)
        book.take(other.all()[0])
        assert states(book) == [State.WITHDRAWN]
        assert room["anna"].shell.shown, "nobody has said it in the call"
        bob.shell.withdraw(ask)
        await room.settle()
        assert not room["anna"].shell.shown
        assert not laid(bob)
        (record,) = book.all()  # it can be read
        numbers = [read_statement(one).number for one in record.signed[1:]]
        assert numbers == sorted(numbers)
        assert numbers[-1] >= AFTER_CALL
        assert record.consent().state is State.WITHDRAWN
        refused(bob, ask)

    elsewhere.close()
