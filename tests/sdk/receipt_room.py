"""A call without a server in which people sign receipts, for tests: see `Room`.

Each person has a real `CallReceipting`. What they say passes through its wire form, and arrives in
order from each when the test says so.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final

from tests.scenario.call_world import Dice

from visavis.core.content import decode_in_group_call, encode_in_group_call
from visavis.core.content_receipt import AboutReceipt
from visavis.core.errors import Code
from visavis.core.ids import CallId, ConsentKey, SignatureKey
from visavis.core.recording_types import Members
from visavis.sdk.call_receipt_book import KeptReceipt
from visavis.sdk.call_receipting import CallReceipting, Ending, ReceiptParts
from visavis.sdk.consent_key import OwnConsent
from visavis.testing import virtual_clock

CALL: Final = CallId(b"a call to be sig")
UNIX: Final = 1_800_000_000
THREE: Final = ("anna", "bob", "carl")


class FakeBook:
    """Notes what it is to keep."""

    def __init__(self, device: SignatureKey) -> None:
        self.device = device
        self.kept: list[KeptReceipt] = []

    def keep(self, kept: KeptReceipt) -> None:
        self.kept.append(kept)


class Person:
    """One device in the call.

    Attributes:
        said: What it said, in order.
        clock_s: By how much its clock is ahead.
        confidential: Whether it takes the call for a confidential one.
    """

    def __init__(self, room: Room, name: str, *, call: CallId = CALL) -> None:
        self.name = name
        self.own = OwnConsent.make(room.rng)
        self.book = FakeBook(SignatureKey(room.rng(32)))
        self.said: list[AboutReceipt] = []
        self.clock_s = 0
        self.confidential = False
        self.on_changed: Callable[[], None] = lambda: None
        self._room = room
        self.receipting = CallReceipting(
            ReceiptParts(
                call,
                self.own,
                self.book,
                room.rng,
                lambda: room.unix() + self.clock_s,
                self._say,
                lambda: "video",
                lambda: self.confidential,
                lambda: "Choir",
                room.name,
                self._changed,
            )
        )

    @property
    def key(self) -> ConsentKey:
        return self.own.key

    @property
    def kept(self) -> list[KeptReceipt]:
        return self.book.kept

    @property
    def endings(self) -> list[Ending]:
        return [one.why for one in self.receipting.over]

    @property
    def dropped(self) -> dict[Code, int]:
        return dict(self.receipting.dropped)

    def hear(self, by: Person, said: Any) -> None:
        """Hear something now, whatever is on its way."""
        self.receipting.hear(by.key, said)

    def _say(self, said: AboutReceipt) -> None:
        again = decode_in_group_call(encode_in_group_call(said))
        assert again == said
        self.said.append(said)
        self._room.put(self, said)

    def _changed(self) -> None:
        self.on_changed()


class Room:
    """A call: who is in it, and what is on its way between them."""

    def __init__(self) -> None:
        self.rng = Dice(14)
        self.here: list[Person] = []
        self.people: dict[str, Person] = {}
        self._ways: dict[tuple[str, str], deque[tuple[Person, AboutReceipt]]] = {}

    def __getitem__(self, name: str) -> Person:
        return self.people[name]

    def unix(self) -> int:
        return UNIX + round(virtual_clock.now() - virtual_clock.START_S)

    def name(self, key: ConsentKey) -> str:
        return next(one.name for one in self.people.values() if one.key == key)

    @property
    def members(self) -> Members:
        return frozenset(one.key for one in self.here)

    def comes(self, *names: str) -> None:
        """Have some come, at the same moment."""
        for name in names:
            person = self.people[name] = Person(self, name)
            self.here.append(person)
        self.tell()

    def goes(self, name: str) -> None:
        """Have somebody leave."""
        self.here.remove(self[name])
        self[name].receipting.ended()
        self.tell()

    def tell(self) -> None:
        """Tell everybody who is there."""
        for one in self.here:
            one.receipting.follow(self.members)

    def put(self, one: Person, said: AboutReceipt) -> None:
        """Send what somebody says to all who are there."""
        for to in self.here:
            if to is not one:
                self._ways.setdefault((one.name, to.name), deque()).append((one, said))

    def deliver(self, pairs: Iterable[tuple[str, str]] | None = None) -> None:
        """Have what is on its way arrive; from one to another, or all of it."""
        for pair in list(self._ways) if pairs is None else pairs:
            way = self._ways.get(pair, deque())
            while way:
                by, said = way.popleft()
                self[pair[1]].receipting.hear(by.key, said)
        if pairs is None and any(self._ways.values()):
            self.deliver()

    def lose(self) -> None:
        """Have all that is on its way get lost."""
        self._ways.clear()


def story(*names: str) -> Callable[[Callable[[Room], Awaitable[None]]], None]:
    """Run a story in a call of these people, on a virtual clock."""

    def decorate(tell: Callable[[Room], Awaitable[None]]) -> None:
        async def whole() -> None:
            room = Room()
            room.comes(*names)
            await tell(room)
            for one in room.people.values():
                one.receipting.ended()

        virtual_clock.run(whole())

    return decorate
