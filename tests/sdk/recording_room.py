"""A call without a server in which people ask to record, for tests: see `Room`.

Each person has a real shell. What they say goes to the others in order from each, and in any order
among them; the shares lie in `FakeShares`; whatever records is a `FakeRecorder`, which notes what
it is told and, if it has a tape, writes that down as a client does.
"""

from __future__ import annotations

import asyncio
import io
import random
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import replace
from typing import Any, Final

import pytest
from tests.core.recorder import BOTH, SECRET
from tests.scenario.call_world import Dice

from visavis.core import recording_statements as s
from visavis.core.consent_record import Where
from visavis.core.content import decode_in_call, encode_in_call
from visavis.core.content_recording import RecordingSaid
from visavis.core.errors import AuthorizationError, Code, UnavailableError
from visavis.core.ids import CallId, ConsentKey, Digest, Secret32, ShareKey, ShareSlot
from visavis.core.recording_proof import Proof, prove
from visavis.core.recording_statements import DAY_S
from visavis.core.recording_tape import Tape
from visavis.core.recording_types import Kind, Kinds, Members
from visavis.core.vvrec import Part, read
from visavis.media.frame_tap import FrameTap
from visavis.sdk.consent_key import OwnConsent
from visavis.sdk.recording_means import Answered, Laid, RecordingMeans, SaidStatement, Wanted
from visavis.sdk.recording_parts import RecordingParts
from visavis.sdk.recording_shell import RecordingShell
from visavis.sdk.recordings_book import Way
from visavis.testing import virtual_clock

CALL: Final = CallId(b"a recorded call!")
UNIX: Final = 1_800_000_000
TODAY: Final = UNIX // DAY_S
WANTED: Final = Wanted(BOTH, "Minutes of the meeting", days=7)
DOWN: Final = UnavailableError(Code.UNAVAILABLE, "the server is away")
TITLE: Final = "Choir"
OPUS: Final = b"\x08sound"
NOTHING: Final[Kinds] = frozenset()
THREE: Final = ("anna", "bob", "carl")
ORDERS: Final = pytest.mark.parametrize("seed", range(5))


class FakeShares:
    """Shares in memory, at a server that may be in trouble.

    Attributes:
        lying: What lies there.
        fails: What each of "lay", "read" and "delete" raises next, in order; None: nothing.
        loses: Answers to a "lay" that get lost: the share lies there all the same.
        gate: While it is not set, nothing is answered.
        log: What was done, in order.
    """

    def __init__(self, log: list[tuple[Any, ...]]) -> None:
        self.lying: dict[ShareSlot, Laid] = {}
        self.fails: dict[str, deque[Exception | None]] = {
            one: deque() for one in ("lay", "read", "delete")
        }
        self.loses = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.log = log

    async def lay(self, laid: Laid) -> None:
        await self._answer("lay", laid.slot)
        self.lying[laid.slot] = laid
        if self.loses:
            self.loses -= 1
            raise DOWN

    async def read(self, slot: ShareSlot, key: ShareKey) -> Secret32:
        await self._answer("read", slot)
        laid = self.lying.get(slot)
        if laid is None or laid.read != key:
            raise AuthorizationError(Code.REFUSED, "no such share")
        return laid.share

    async def delete(self, slot: ShareSlot, key: ShareKey) -> None:
        await self._answer("delete", slot)
        laid = self.lying.get(slot)
        if laid is not None and laid.delete != key:
            raise AuthorizationError(Code.REFUSED, "no such share")
        self.lying.pop(slot, None)

    async def _answer(self, what: str, slot: ShareSlot) -> None:
        self.log.append((what, slot, virtual_clock.now()))
        await asyncio.sleep(0)
        await self.gate.wait()
        error = self.fails[what].popleft() if self.fails[what] else None
        if error is not None:
            raise error


class FakeBook:
    """Notes what it is told."""

    def __init__(self, log: list[tuple[Any, ...]]) -> None:
        self.log = log

    def laying(self, call: CallId, laid: Laid) -> None:
        assert call == CALL
        self.log.append(("laying", laid.slot))

    def answered(self, answered: Answered) -> None:
        self.log.append(("answered", answered))

    def take_back(self, ask: Digest) -> tuple[()]:
        self.log.append(("take_back", ask))
        return ()

    def leaving(self, slot: ShareSlot) -> None:
        self.log.append(("leaving", slot))

    def gone(self, slot: ShareSlot) -> None:
        self.log.append(("gone", slot))


class FakeRecorder:
    """Notes what it is told, and writes it onto a tape for each request.

    Attributes:
        log: What it was told: ("said", type, whose), ("share", whose), ("among", whom),
            ("record", kinds), ("over",).
        recorded: What it was told to record.
        cannot_write: What to tell if nothing can be written any more.
        files: What was written, of each request.
    """

    def __init__(self, room: Room, own: OwnConsent, cannot_write: Callable[[], None]) -> None:
        self.log: list[tuple[Any, ...]] = []
        self.recorded: Kinds = frozenset()
        self.files: dict[Digest, io.BytesIO] = {}
        self.shares: dict[ConsentKey, Secret32] = {}
        self.cannot_write = cannot_write
        self._room = room
        self._own = own
        self._tapes: dict[Digest, Tape] = {}
        self._now: Tape | None = None
        self._frames = 0

    def record(self, ask: Digest, kinds: Kinds) -> None:
        assert ask in self._tapes
        self.log.append(("record", kinds))
        self.recorded = kinds

    def said(self, said: SaidStatement) -> None:
        statement = said.statement
        assert s.read_statement(said.signed) == statement
        self.log.append(("said", type(statement).__name__, self._room.name(statement.key)))
        if isinstance(statement, s.RecordingAsk):
            ask = s.ask_digest(statement)
            file = self.files[ask] = io.BytesIO()
            tape = Tape(file, said.signed, secret=SECRET, private=bytes(self._own.private))
            self._tapes[ask] = self._now = tape
        else:
            self._tapes[statement.ask].said(said.signed, self._room.ms)

    def share(self, ask: Digest, key: ConsentKey, share: Secret32, way: Way) -> None:
        name = self._room.name(key)
        self.log.append(("share", name))
        laid = self._room.lying[way.slot]
        assert (way.name, way.read) == ("" if key == self._own.key else name, laid.read)
        self.shares[key] = share
        self._tapes[ask].share(key, share)

    def among(self, ask: Digest, members: Members) -> None:
        self.log.append(("among", self._room.names(members)))
        self._tapes[ask].among(members)

    def frame(self, key: ConsentKey, kind: Kind, at: float, data: bytes) -> bool:
        if self._now is None:
            return False
        self._now.frame(key, kind, round(1_000 * at), data)
        return (key, kind) in self._now.waits_for

    def over(self, ask: Digest) -> None:
        assert ask in self._tapes
        self.log.append(("over",))

    def hear(self, keys: Iterable[ConsentKey], seconds: int) -> None:
        """Take frames of sound of all of these, from now on."""
        assert self._now is not None
        began = max(self._frames, self._room.ms)
        self._frames = began + 1_000 * seconds
        for at in range(began, self._frames, 20):
            for key in keys:
                self._now.frame(key, Kind.AUDIO, at, OPUS)

    def proof(self, ask: Digest) -> Proof:
        """Sign what is written, and return what that proves."""
        self._tapes[ask].pause(max(self._frames, self._room.ms))
        self._tapes[ask].mark()
        return prove(io.BytesIO(self.files[ask].getvalue()))

    def parts(self, ask: Digest) -> list[Part]:
        chunks = [chunk for chunk, _ in read(io.BytesIO(self.files[ask].getvalue()))]
        return [chunk for chunk in chunks if isinstance(chunk, Part)]


class FakeGate:
    """Where frames are sealed and opened."""

    def __init__(self) -> None:
        self.is_held = False
        self.tap: FrameTap | None = None
        self.holds = self.releases = 0

    def hold(self) -> None:
        self.is_held = True
        self.holds += 1

    def release(self) -> None:
        self.is_held = False
        self.releases += 1


class Person:
    """One device in the call.

    Attributes:
        log: What it said, laid, read, deleted and kept, in order.
        said: What it said.
        changes: How often something changed.
        on_changed: Told of that.
    """

    def __init__(
        self,
        room: Room,
        name: str,
        *,
        never: bool = False,
        confidential: bool = False,
        where: Where | None = None,
        **means: Any,
    ) -> None:
        self.room, self.name = room, name
        self.own = OwnConsent.make(room.rng, never=never)
        self.log: list[tuple[Any, ...]] = []
        self.said: list[RecordingSaid] = []
        self.gate = FakeGate()
        self.recorder: FakeRecorder | None = None
        self.recorders_made = 0
        self.changes = 0
        self.on_changed: Callable[[], None] = lambda: None
        self.shares = FakeShares(self.log)
        self.shares.lying = room.lying  # one server
        self._tasks: set[asyncio.Task[None]] = set()
        given: dict[str, Any] = {
            "shares": self.shares,
            "book": FakeBook(self.log),
            "recorder": self._record,
        }
        self.parts = RecordingParts(
            CALL,
            self.own,
            RecordingMeans(**given | means),
            room.rng,
            room.unix,
            virtual_clock.now,
            self.gate,
            self._say,
            self._spawn,
            confidential=lambda: confidential,
            title=lambda: TITLE,
            where=where,
            name=room.name,
            changed=self._changed,
        )
        self.shell = RecordingShell(self.parts)

    @property
    def key(self) -> ConsentKey:
        return self.own.key

    def told(self) -> list[tuple[Any, ...]]:
        """Return what the recorder was told since it was asked last."""
        assert self.recorder is not None
        told, self.recorder.log = self.recorder.log, []
        return told

    def statements(self) -> list[s.Statement]:
        return [s.read_statement(one.statement) for one in self.said]

    def words(self) -> list[str]:
        """Return the types of what was said, without the prefix."""
        return [type(one).__name__.removeprefix("Recording") for one in self.statements()]

    @property
    def laid(self) -> list[Laid]:
        """Return those of our shares that lie at the server."""
        ours = {entry[1] for entry in self.log if entry[0] == "laying"}
        return [laid for slot, laid in self.room.lying.items() if slot in ours]

    def did(self, *what: str) -> list[str]:
        """Return which of these were done, in order."""
        return [entry[0] for entry in self.log if entry[0] in what]

    @property
    def dropped(self) -> dict[Code, int]:
        return dict(self.shell.dropped)

    async def _end(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _record(
        self, own: OwnConsent, title: str, cannot_write: Callable[[], None]
    ) -> FakeRecorder:
        assert (own, title) == (self.own, TITLE)
        self.recorders_made += 1
        self.recorder = FakeRecorder(self.room, own, cannot_write)
        return self.recorder

    def _say(self, said: RecordingSaid) -> None:
        said = decode_in_call(encode_in_call(said))  # type: ignore[assignment]
        self.said.append(said)
        self.log.append(("say", type(s.read_statement(said.statement)).__name__))
        self.room.put(self, said)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self.room.failures.append(task.exception())

    def _changed(self) -> None:
        self.changes += 1
        self.on_changed()


class Room:
    """A call: who is in it, and what is on its way between them.

    Args:
        seed: Of the order in which what is on its way arrives.

    Attributes:
        people: Everybody who ever was in it, by name.
        here: Who is in it now.
        failures: What went wrong beside the call.
    """

    def __init__(self, seed: int = 0) -> None:
        self.rng = Dice(seed)
        self.lying: dict[ShareSlot, Laid] = {}
        self.people: dict[str, Person] = {}
        self.here: list[Person] = []
        self.failures: list[BaseException | None] = []
        self._order = random.Random(seed)
        self._ways: dict[tuple[str, str], deque[Callable[[], None]]] = {}

    def __getitem__(self, name: str) -> Person:
        return self.people[name]

    @property
    def ms(self) -> int:
        return round(1_000 * (virtual_clock.now() - virtual_clock.START_S))

    def unix(self) -> int:
        return UNIX + self.ms // 1_000

    def name(self, key: ConsentKey) -> str:
        return next(one.name for one in self.people.values() if one.key == key)

    def names(self, keys: Iterable[ConsentKey]) -> frozenset[str]:
        return frozenset(self.name(key) for key in keys)

    def keys(self, *names: str) -> Members:
        return frozenset(self[name].key for name in names)

    @property
    def members(self) -> Members:
        return frozenset(one.key for one in self.here)

    @property
    def never(self) -> Members:
        return frozenset(one.key for one in self.here if one.own.never)

    # Who is there

    def comes(self, name: str, *, silent: Iterable[str] = (), **how: Any) -> Person:
        """Have somebody come; all are told before anything is said by or to them.

        Args:
            name: Who.
            silent: Who does not tell them what is asked.
            how: Of `Person`.
        """
        person = self.people[name] = Person(self, name, **how)
        self.here.append(person)
        for one in self.here:
            self.enter(one)
        for one in self.here:
            if one is not person and one.name not in silent:
                self.ready(one, person)
                self.ready(person, one)
        return person

    def enter(self, one: Person) -> None:
        """Have somebody enter the newest epoch."""
        if one.shell.state is None:
            one.shell.begin(self.members, self.never)
        else:
            one.shell.members(self.members, self.never)

    def goes(self, name: str) -> None:
        """Have somebody leave."""
        person = self[name]
        person.shell.ended()
        self.here.remove(person)
        for one in self.here:
            one.shell.members(self.members, self.never)

    def ready(self, one: Person, to: Person) -> None:
        """Have somebody tell another what it knows to be asked, behind what it said before."""
        self._way(one, to).append(lambda: to.shell.ready(one.key, one.shell.asks))

    # What is on its way

    def put(self, one: Person, said: RecordingSaid) -> None:
        """Send what somebody says to all who are there."""
        for to in self.here:
            if to is not one:
                self._way(one, to).append(lambda to=to: to.shell.hear(one.key, said))  # type: ignore[misc]

    def _way(self, one: Person, to: Person) -> deque[Callable[[], None]]:
        return self._ways.setdefault((one.name, to.name), deque())

    def deliver(self, one: str, to: str) -> None:
        """Have all arrive that is on its way from one to another."""
        way = self._ways.get((one, to), deque())
        while way:
            way.popleft()()

    def lose(self, one: str, to: str) -> None:
        """Have it get lost."""
        self._ways.get((one, to), deque()).clear()

    async def settle(self) -> None:
        """Let everything arrive, in an order of the room's, and let tasks run that wait for none.

        What waits for a while, as a share that is asked for again, does not come to pass.
        """
        for _ in range(12):
            while ways := [way for way in self._ways.values() if way]:
                self._order.choice(ways).popleft()()
            await asyncio.sleep(0)
        assert self.failures == []

    async def end(self) -> None:
        """End what still goes on beside the call."""
        for person in self.people.values():
            await person._end()
        assert self.failures == []


async def room_of(*names: str, seed: int = 0, **how: Any) -> Room:
    """Return a call in which all have come and hear each other."""
    room = Room(seed)
    for name in names:
        room.comes(name, **how)
    await room.settle()
    assert not any(one.gate.is_held for one in room.here)
    return room


async def asked(room: Room, by: str = "anna", wanted: Wanted = WANTED) -> Digest:
    """Have somebody ask, and all hear it."""
    ask = await room[by].shell.ask(wanted)
    await room.settle()
    return ask


async def recorded(room: Room, by: str = "anna", kinds: Kinds = BOTH) -> Digest:
    """Have somebody ask, and all agree."""
    ask = await asked(room, by, replace(WANTED, kinds=kinds))
    for one in room.here:
        if one.name != by:
            await one.shell.agree(ask, kinds)
    await room.settle()
    return ask


def signed(one: Person, statement: s.Statement, way: bool = False) -> RecordingSaid:
    """Return a statement as somebody signs it, whatever it says."""
    data = s.sign_statement(statement, one.own.private)
    slot, read = (ShareSlot(bytes(16)), ShareKey(bytes(32))) if way else (None, None)
    return RecordingSaid(data, slot, read)


def story(*names: str, seed: int = 0, **how: Any) -> Callable[..., None]:
    """Run a story in a call of these people, on a virtual clock."""

    def decorate(tell: Callable[[Room], Awaitable[None]]) -> None:
        async def whole() -> None:
            room = await room_of(*names, seed=seed, **how)
            try:
                await tell(room)
            finally:
                await room.end()

        virtual_clock.run(whole())

    return decorate
