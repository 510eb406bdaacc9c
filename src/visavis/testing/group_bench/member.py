"""One member of the measured call: keys, room, door and media of the product, and what they did.

Not for: what is measured (`room`).
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from visavis.core import group_call_types as t
from visavis.core.content_group_call import Sign
from visavis.core.content_room import (
    RoomCommit,
    RoomEntered,
    RoomFeeds,
    RoomOffer,
    RoomPublished,
    RoomRefused,
    RoomSfuLost,
    ToRoom,
)
from visavis.core.errors import Code, FatalError
from visavis.core.ids import CallId, DoorKey, RoomId, RoomKey
from visavis.core.mls import MemberInfo
from visavis.sdk.consent_key import OwnConsent
from visavis.sdk.group_call_entry import Doorkeeper, Entering
from visavis.sdk.group_call_keys import GroupCallKeys
from visavis.sdk.group_call_shell import GroupCallShell
from visavis.sdk.seam import KeyMaterial
from visavis.testing.call_people import People, anybody, key_package
from visavis.testing.group_bench.clip import Clip
from visavis.testing.group_bench.frames import BenchFrames, TapFrames, Wire
from visavis.testing.group_bench.media import BenchMedia
from visavis.transport.call_room import CallRoomSocket, Place, RoomLost, RoomShut, Ticket


class CutOffError(FatalError):
    """A member lost its place, or something did not come: this machine stood still for seconds."""


@dataclass(frozen=True, slots=True)
class Call:
    """The call and where it is."""

    origin: str
    ticket: Ticket = field(repr=False)
    call: CallId = field(default_factory=lambda: CallId.random(os.urandom), repr=False)
    room: RoomId = field(default_factory=lambda: RoomId.random(os.urandom), repr=False)
    door: DoorKey = field(default_factory=lambda: DoorKey.random(os.urandom), repr=False)
    people: People = field(default_factory=People, repr=False)
    wire: Wire = field(default_factory=Wire, repr=False)
    commits: list[int] = field(default_factory=list)
    """Bytes of each commit that somebody made."""
    played: Clip | None = None
    """What members send; None: the bench's own."""


class Member:
    """One device in the call.

    Args:
        call: Which.
        keys: Its membership.
        sends: Kinds that it sends.
        gets: Whether it gets what others send.
        new: It makes the room.

    Attributes:
        frames: Its frame keys.
        media: Its connections; None: it sends and gets nothing, and takes part in everything else.
    """

    def __init__(
        self,
        call: Call,
        keys: GroupCallKeys,
        *,
        sends: frozenset[str],
        gets: bool,
        new: bool = False,
    ) -> None:
        self.sends = sends
        self._keys = keys
        self.frames = BenchFrames(call.wire)
        self._room = _Room(
            call.origin, call.room, self.place, ticket=call.ticket, new=new, commits=call.commits
        )
        door = Doorkeeper(call.room, call.door, os.urandom)
        self.shell = GroupCallShell(
            keys, self._room, self.frames, self, unix=lambda: int(time.time()), door=door
        )
        self.media: BenchMedia | None = None
        if sends or gets:
            self.media = BenchMedia(
                self.frames,
                call.wire,
                send=self._room.send,
                announce=self.shell.announce,
                sends=sends,
                played=call.played,
            )
            self.shell.attach(self.media)
        self.over_because: t.LeftReason | None = None
        self._room.start()
        self._task = asyncio.create_task(self.shell.run())

    @classmethod
    def begins(cls, call: Call, *, sends: frozenset[str], gets: bool) -> Member:
        """Begin the call."""
        now = int(time.time())
        consent = OwnConsent.make(os.urandom)
        keys = GroupCallKeys.found(
            call.call, call.people.another(), consent, anybody, now=now, rng=os.urandom
        )
        return cls(call, keys, sends=sends, gets=gets, new=True)

    @classmethod
    async def comes(cls, call: Call, *, sends: frozenset[str], gets: bool) -> Member:
        """Knock at the door until somebody lets us in.

        Raises:
            UnavailableError: Nobody does.
        """
        material: KeyMaterial = call.people.another()
        consent = OwnConsent.make(os.urandom)
        entering = Entering(
            call.origin,
            call.call,
            call.room,
            call.door,
            material,
            consent,
            anybody,
            lambda: int(time.time()),
            os.urandom,
        )
        keys = await entering.enter(key_package(material, consent, int(time.time())))
        return cls(call, keys, sends=sends, gets=gets)

    def place(self) -> Place:
        """Return where it is in the call's group, and what opens the room."""
        return Place(self._keys.epoch, RoomKey(self._keys.room_key()))

    @property
    def state(self) -> t.Inside:
        """Where its machine is.

        Raises:
            CutOffError: It is out of the call.
            FatalError: There is no SFU any more.
        """
        if self.media is not None and self.media.problem is not None:
            raise self.media.problem
        state = self.shell.state
        if not isinstance(state, t.Inside):
            raise CutOffError(Code.UNEXPECTED, "a member fell out of the call")
        return state

    @property
    def is_out(self) -> bool:
        """Whether it is out of the call, though it did not leave."""
        return isinstance(self.shell.state, t.Outside)

    @property
    def is_settled(self) -> bool:
        """Whether it is in the room, and sends with the keys of the newest epoch it knows."""
        if isinstance(self.shell.state, t.Idle):
            return False  # its first step is still to come
        state = self.state
        return state.in_room and state.sending == state.epoch

    async def leave(self) -> None:
        """Leave, and close what it has."""
        self.shell.leave()
        await self._task
        if self.media is not None:
            await self.media.close()

    # From the shell (`group_call_seam.Watcher`)

    def changed(self, came: Sequence[MemberInfo], went: Sequence[MemberInfo]) -> None:
        """Somebody came or went."""

    def said(self, leaf: int, sign: Sign) -> None:
        """A member shows something of itself."""

    def unlisted(self, count: int) -> None:
        """Somebody is in the room who is no member: the tap."""

    def over(self, reason: t.LeftReason) -> None:
        """It is in the call no longer."""
        self.over_because = reason


class Tap:
    """Somebody in the room who gets all frames as the SFU has them, and has no key.

    Args:
        call: Which.
        member: Whose place opens the room.
    """

    def __init__(self, call: Call, member: Member) -> None:
        self._room = CallRoomSocket(call.origin, call.room, member.place)
        self._media = BenchMedia(
            TapFrames(call.wire),
            call.wire,
            send=self._room.send,
            announce=lambda _: None,
            sends=frozenset(),
            everything=True,
        )
        self._room.start()
        self._task = asyncio.create_task(self._listen())

    async def close(self) -> None:
        """Go."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._room.leave()
        await self._media.close()

    async def _listen(self) -> None:
        while True:
            match await self._room.next():
                case RoomLost() | RoomShut():
                    return
                case (
                    RoomEntered()
                    | RoomFeeds()
                    | RoomOffer()
                    | RoomPublished()
                    | RoomRefused()
                    | RoomSfuLost()
                ) as said:
                    self._media.room_says(said)
                case _:
                    pass


class _Room(CallRoomSocket):
    """The product's connection to the room, which notes the sizes of commits."""

    def __init__(self, *place: object, commits: list[int], **more: object) -> None:
        super().__init__(*place, **more)  # type: ignore[arg-type]
        self._commits = commits

    def send(self, message: ToRoom) -> None:
        """Say something to the room."""
        if isinstance(message, RoomCommit):
            self._commits.append(len(message.body))
        super().send(message)
