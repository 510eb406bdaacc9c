"""What a person at the terminal is told of a yes taken back, and where there is none."""

from __future__ import annotations

import asyncio
import contextlib
import io
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager

import pytest
from rich.console import Console
from tests.core.recorder import BOTH
from tests.sdk.recording_room import Person, Room, asked, story

from visavis.cli.keys import Keys
from visavis.cli.output import Output
from visavis.cli.recording_talk import RecordingTalk
from visavis.cli.recording_wish import NO_WISH
from visavis.core.recording_types import OverReason
from visavis.sdk.recording_objects import CallRecording

NOTHING = "There is no yes of yours to take back now"
TAKEN = "Taken back at once."


class NoPicture:
    def banner(self, text: str) -> None:
        del text

    def giving_way(self) -> AbstractContextManager[None]:
        return contextlib.nullcontext()


class Seat:
    """Somebody's terminal in a call: what it said, and its keys."""

    def __init__(self, one: Person, *, guest: bool) -> None:
        self._told = io.StringIO()
        self.keys = Keys()
        out = Output(stderr=Console(file=self._told, width=300, soft_wrap=True, highlight=False))
        face = CallRecording()
        face.bind(one.shell)
        one.on_changed = face.changed
        self.talk = RecordingTalk(out, face, NoPicture(), NO_WISH, picture=True, guest=guest)

    def heard(self) -> str:
        """Return what it said since it was asked last."""
        told = self._told.getvalue()
        self._told.seek(0)
        self._told.truncate()
        return told

    async def press(self, keys: str) -> str:
        """Press some keys; return what is said then."""
        await asyncio.sleep(1)
        self.heard()
        self.keys.take(keys.encode())
        await asyncio.sleep(1)
        return self.heard()


@contextlib.asynccontextmanager
async def seated(one: Person, *, guest: bool = False) -> AsyncIterator[Seat]:
    seat = Seat(one, guest=guest)
    async with seat.talk.during(seat.keys):
        yield seat


def test_a_key_that_takes_nothing_back_says_so() -> None:
    @story("anna", "bob")
    async def _(room: Room) -> None:
        bob = room["bob"]
        async with seated(bob) as seat:
            assert await seat.press("w") == "", "nobody has told them of it yet"
            await asked(room)
            told = await seat.press("w")
            assert NOTHING in told
            assert "Nothing was changed." in told
            assert bob.words() == [], "the question still stands"
            await seat.press("y")
            await seat.press("y")
            await seat.press("y")
            assert bob.words() == ["Grant"]
            # Pressed twice in a breath: it is taken back once.
            told = await seat.press("ww")
            assert told.count(TAKEN) == 1
            assert "took it back already" in told
            assert bob.words() == ["Grant", "Withdrawal"]
            told = await seat.press("w")
            assert NOTHING in told
            assert TAKEN not in told
            assert bob.words() == ["Grant", "Withdrawal"]


@pytest.mark.parametrize("guest", [False, True])
def test_what_is_over_is_not_taken_back_by_the_key(guest: bool) -> None:
    """Nor would anybody expect it: it says where that is done."""

    @story("anna", "bob")
    async def _(room: Room) -> None:
        bob = room["bob"]
        async with seated(bob, guest=guest) as seat:
            ask = await asked(room)
            await bob.shell.agree(ask, BOTH)
            await room.settle()
            room["anna"].shell.stop()
            await room.settle()
            assert bob.shell.over[0].reason is OverReason.STOPPED
            told = await seat.press("w")
            assert NOTHING in told
            assert ("visavis consents withdraw ID" in told) is not guest
            assert bob.words() == ["Grant"]
            assert len(bob.laid) == 1


def test_a_no_is_no_yes() -> None:
    @story("anna", "bob")
    async def _(room: Room) -> None:
        bob = room["bob"]
        async with seated(bob) as seat:
            await asked(room)
            await seat.press("n")
            assert bob.words() == ["Refusal"]
            assert NOTHING in await seat.press("w")
            assert bob.words() == ["Refusal"]
