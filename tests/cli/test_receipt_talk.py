"""What a person at the terminal is told of a signed receipt, and what their keys do."""

from __future__ import annotations

import asyncio
import contextlib
import io
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from rich.console import Console
from tests.sdk.receipt_room import Person, Room

from visavis.cli.keys import Keys
from visavis.cli.output import Output
from visavis.cli.receipt_talk import ReceiptTalk
from visavis.cli.recording_wish import NO_WISH, RecordingWish
from visavis.core.call_receipt_file import verify_file
from visavis.sdk.call_receipt_objects import CallReceiptTalk


class NoPicture:
    def banner(self, text: str) -> None:
        del text

    def giving_way(self) -> AbstractContextManager[None]:
        return contextlib.nullcontext()


class Seat:
    """One person's terminal in a room: what it said, and its keys."""

    def __init__(self, room: Room, one: Person, wish: RecordingWish, *, guest: bool) -> None:
        self._told = io.StringIO()
        self.keys = Keys()
        out = Output(stderr=Console(file=self._told, width=300, soft_wrap=True, highlight=False))
        face = CallReceiptTalk(room.name)
        face.bind(one.receipting)
        one.on_changed = face.changed
        self.talk = ReceiptTalk(out, face, NoPicture(), wish, guest=guest)

    @property
    def said(self) -> str:
        return self._told.getvalue()

    async def hears(self, words: str) -> None:
        async with asyncio.timeout(10):
            while words not in self.said:
                await asyncio.sleep(0.01)

    async def press(self, key: str) -> None:
        await asyncio.sleep(0.05)  # a key that nobody waits for yet is dropped
        self.keys.take(key.encode())


async def seated(
    tell: Callable[[Room, Seat], Awaitable[None]],
    wish: RecordingWish = NO_WISH,
    *,
    guest: bool = False,
) -> Seat:
    """Have anna sit at a terminal, in a call with bob and carl."""
    room = Room()
    room.comes("anna", "bob", "carl")
    seat = Seat(room, room["anna"], wish, guest=guest)
    async with seat.talk.during(seat.keys):
        await tell(room, seat)
    for one in room.people.values():
        one.receipting.ended()
    return seat


async def test_a_guest_saves_it_as_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    async def tell(room: Room, seat: Seat) -> None:
        which = room["bob"].receipting.ask()
        room.deliver()
        await seat.hears("Press y to sign it")
        assert "bob" in seat.said
        await seat.press("y")
        await seat.hears("Not yet: carl")
        room.deliver()
        room["carl"].receipting.sign(which)
        room.deliver()
        await seat.hears("press f to save it")
        await seat.press("f")
        await seat.hears("Written to")
        await seat.press("f")
        await seat.hears("already")

    seat = await seated(tell, guest=True)
    (file,) = tmp_path.glob("*.vvcall")
    assert verify_file(file.read_bytes()).disclosed["media"] == "video"
    assert file.stat().st_mode & 0o077 == 0
    assert len(seat.talk.result()["receipts"]) == 1
    assert "history receipts" not in seat.said


async def test_what_it_says_stands_there_before_an_answer() -> None:
    async def tell(room: Room, seat: Seat) -> None:
        room["bob"].receipting.ask()
        room.deliver()
        await seat.hears("Press y to sign it")
        whole = seat.said
        for words in (
            "a video call",
            "were together in it since",
            "no names",
            "you, bob, carl",
            "anybody",
            "you cannot: a signature is for good",
            "doing nothing is a no",
        ):
            assert words in whole
        await seat.press("n")
        await seat.hears("You do not sign what bob asked for")
        room.deliver()
        assert room["bob"].receipting.going is None

    await seated(tell)


async def test_a_question_that_is_over_is_not_answered_by_a_late_key() -> None:
    async def tell(room: Room, seat: Seat) -> None:
        which = room["bob"].receipting.ask()
        room.deliver()
        await seat.hears("Press y to sign it")
        room["bob"].receipting.refuse(which)
        room.deliver()
        await seat.hears("This is asked no longer.")
        await seat.press("y")
        assert room["anna"].said == []

    await seated(tell)


async def test_who_wished_for_one_asks_again_when_somebody_comes() -> None:
    async def tell(room: Room, seat: Seat) -> None:
        await seat.hears("Everybody here is asked to sign")
        room.comes("dora")
        await seat.hears("Somebody came or left")
        async with asyncio.timeout(10):
            while room["anna"].receipting.going is None:
                await asyncio.sleep(0.01)
        going = room["anna"].receipting.going
        assert going is not None
        assert going.members == room.members

    seat = await seated(tell, RecordingWish(receipt=True))
    assert seat.talk.result() == {"receipts": []}


async def test_a_confidential_call_is_said_to_have_none() -> None:
    room = Room()
    room.comes("anna", "bob")
    room["anna"].confidential = True
    seat = Seat(room, room["anna"], RecordingWish(receipt=True), guest=False)
    async with seat.talk.during(seat.keys):
        await seat.hears("the call is confidential")
        assert "s" not in seat.keys.always
    assert room["anna"].said == []
