"""Who is in the call room, and which of them is which member of the call.

The room gives numbers and says which are there. Which number is which leaf, members say in the call
group. What does not fit is found by looking: a number that nobody is (R-25), a member without a
number, a removed member that is there still. Times are seconds of one clock, given as arguments.

Not for: what is done about it (`group_call_shell`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from visavis.core.errors import Code, PeerError

UNLISTED_S: Final = 5.0
"""How long a number in the room may be nobody. Lower: a stranger is seen sooner; higher: a member
whose word is late is not taken for one."""

ABSENT_S: Final = 10.0
"""How long a member may be in the call and not in the room."""

BACK_S: Final = 5.0
"""How long whoever is back in the room waits for those who were there when it was cut off."""

CUT_AGAIN_S: Final = 1.0
"""How long a removed member may be in the room still before every other one has it cut off."""


class Presence:
    """What one member knows of who is where.

    Attributes:
        own: Our number; None before we were in the room.
    """

    def __init__(self) -> None:
        self.own: int | None = None
        self._there: dict[int, float] = {}  # number -> since when
        self._numbers: dict[int, int] = {}  # leaf -> number
        self._members: dict[int, float] = {}  # leaf -> since when it is a member
        self._cut: dict[int, float] = {}  # number of a removed member -> when it was cut off

    def entered(self, own: int, others: Iterable[int], now: float) -> None:
        """We are in the room, with these others."""
        self.own = own
        self._there = {number: self._there.get(number, now) for number in others}

    def back(self, now: float) -> None:
        """Give those who are not there time: they may be on their way, as we were."""
        for leaf, number in tuple(self._numbers.items()):
            if number not in self._there:
                del self._numbers[leaf]
                self._members[leaf] = now - ABSENT_S + BACK_S

    def came(self, number: int, now: float) -> None:
        """Somebody entered."""
        self._there[number] = now

    def gone(self, number: int) -> list[int]:
        """Somebody is there no more; return the leaves that it was."""
        self._there.pop(number, None)
        self._cut.pop(number, None)
        leaves = [leaf for leaf, its in self._numbers.items() if its == number]
        for leaf in leaves:
            del self._numbers[leaf]
        return leaves

    def is_here(self, leaf: int, number: int, said_from: int) -> bool:
        """A member said its number; return whether it had another or none.

        Raises:
            PeerError: UNEXPECTED, it is another's number, or nobody's (CK-867).
        """
        # CK-867: who speaks for another's number would have them cut off in its place.
        if number != said_from or number not in self._there:
            raise PeerError(Code.UNEXPECTED, "CK-867 another's number in the room")
        changed = self._numbers.get(leaf) != number
        self._numbers[leaf] = number
        return changed

    def number_of(self, leaf: int) -> int | None:
        """Return a member's number, if it is known."""
        return self._numbers.get(leaf)

    def forget(self, leaf: int) -> None:
        """What a leaf's number was counts no more."""
        self._numbers.pop(leaf, None)

    def epoch(self, members: Iterable[int], went: Iterable[int], now: float) -> None:
        """An epoch began: these are its members, and these went. A leaf may be in both."""
        for leaf in went:
            self._members.pop(leaf, None)
            number = self._numbers.pop(leaf, None)
            if number is not None and number in self._there:
                self._cut[number] = now
        for leaf in members:
            self._members.setdefault(leaf, now)

    # Looking

    def strangers(self, now: float) -> int:
        """Return how many in the room are nobody."""
        known = set(self._numbers.values()) | self._cut.keys()
        return sum(
            number not in known and now - since >= UNLISTED_S
            for number, since in self._there.items()
        )

    def still_there(self, now: float) -> list[int]:
        """Return the numbers of removed members that must be cut off again."""
        self._cut = {number: at for number, at in self._cut.items() if number in self._there}
        found = [number for number, at in self._cut.items() if now - at >= CUT_AGAIN_S]
        for number in found:
            self._cut[number] = now
        return found

    def absent(self, now: float) -> list[int]:
        """Return the members, but for us, that are not in the room and had time to be."""
        return [
            leaf
            for leaf, since in self._members.items()
            if leaf not in self._numbers and now - since >= ABSENT_S
        ]
