"""The door of a call room: who stands outside and asks those inside to be let in.

Whoever knows a room's id may knock: what they say is sealed for those inside, and so is the answer.
The room passes both on, knows nobody, and lets nobody in: that takes its key (`call_room`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from visavis.core.content_room import RoomAnswered, RoomKnock, RoomKnocked, encode_from_room
from visavis.core.errors import Code, PeerError
from visavis.server.allowance import Allowance
from visavis.server.frames import Close

if TYPE_CHECKING:
    from visavis.server.call_room import Line, Room

WAIT_S: Final = 60.0
"""Seconds that somebody may stand at the door without knocking again. Members who are there answer
within a second; higher keeps connections for calls in which nobody answers."""

MAX_AT_DOOR: Final = 64
"""How many may stand there at once (CK-826)."""

MAX_KNOCKS: Final = 40
"""How often one of them may knock (CK-827): each time, everybody inside is told."""


BYTES_PER_S: Final = 64 * 1024
"""Bytes a second of knocks that are passed on, whoever knocks (CK-829): each goes to everybody
inside, and who reads slowly must not lose the call by it."""

BURST: Final = 1024 * 1024
"""Bytes at once: a hundred people who come in together."""


@dataclass(slots=True, eq=False)
class Knocker:
    """Somebody at the door of a room."""

    room: Room
    number: int
    line: Line
    knocks: int = 0


@dataclass(slots=True, eq=False)
class Door:
    """Who stands at the door of one room."""

    waiting: dict[int, Knocker] = field(default_factory=dict)
    next_number: int = 0
    allowance: Allowance = field(default_factory=lambda: Allowance(BYTES_PER_S, BURST))

    def come(self, room: Room, line: Line) -> Knocker:
        """Have somebody stand there.

        Raises:
            PeerError: QUOTA, CK-826.
        """
        if len(self.waiting) >= MAX_AT_DOOR:
            raise PeerError(Code.QUOTA, "CK-826: too many are at the door")
        knocker = Knocker(room, self.next_number, line)
        self.next_number += 1
        self.waiting[knocker.number] = knocker
        return knocker

    def go(self, knocker: Knocker) -> None:
        """Somebody stands there no longer; harmless when repeated."""
        if self.waiting.get(knocker.number) is knocker:
            del self.waiting[knocker.number]

    def answer(self, number: int, body: bytes) -> None:
        """Tell somebody at the door what a member answers; to who has gone it is said in vain."""
        knocker = self.waiting.get(number)
        if knocker is not None:
            knocker.line.put(encode_from_room(RoomAnswered(body)))

    def end(self) -> None:
        """There is no room any more."""
        for knocker in tuple(self.waiting.values()):
            knocker.line.close(Close.NORMAL)
        self.waiting.clear()


def knock(knocker: Knocker, message: RoomKnock, now: float) -> None:
    """Tell those inside of a knock.

    Raises:
        PeerError: QUOTA, CK-827, CK-829.
    """
    if not knocker.room.door.allowance.spend(len(message.body), now):
        raise PeerError(Code.QUOTA, "CK-829: too much knocking")
    if knocker.knocks >= MAX_KNOCKS:
        raise PeerError(Code.QUOTA, "CK-827: knocked often enough")
    knocker.knocks += 1
    knocker.room.tell_all(RoomKnocked(knocker.number, message.body))
