"""A group call on one device: carries out what the machine says, in the order of the room.

Everything that happens stands in one queue and is done one by one: what the room says, what the
person wants, and deadlines. So a commit is applied before whatever was said after it, and our own
commit counts at the place that the room gave it.

Who is in the room and who of them is which member is `group_call_presence`'s to know. A stranger
there is told to the person: they can open nothing, but they are there (R-25).

Not for: ringing, media, or how a joiner reaches the members (`wish` is told of it).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

from visavis.core import group_call_types as t
from visavis.core.content_group_call import GroupCallState, Reaction, ToOne
from visavis.core.content_room import (
    FromRoom,
    RoomCame,
    RoomCommit,
    RoomCommitted,
    RoomEntered,
    RoomGone,
    RoomKnocked,
    RoomOrdered,
    RoomPulled,
    RoomRefused,
    RoomSaid,
)
from visavis.core.errors import PeerError, VisavisError
from visavis.core.group_call import step
from visavis.core.ids import FeedId
from visavis.core.mls import MemberInfo
from visavis.sdk import call_receipting as rc
from visavis.sdk import group_call_seam as seam
from visavis.sdk.group_call_admitting import Admitting
from visavis.sdk.group_call_ears import Ears
from visavis.sdk.group_call_eyes import Eyes
from visavis.sdk.group_call_hands import Hands
from visavis.sdk.group_call_happenings import CannotAdd, Happening, Leave, Remove, Wish
from visavis.sdk.group_call_joiners import Joiners, Reply
from visavis.sdk.group_call_keys import Began, GroupCallKeys
from visavis.sdk.group_call_presence import Presence
from visavis.sdk.group_call_pulling import AfterPull, Pulling
from visavis.sdk.group_call_recording import GroupRecording
from visavis.sdk.group_call_voice import Voice
from visavis.sdk.recording_shell import RecordingShell
from visavis.sdk.recording_speech import Say
from visavis.transport.call_room import RoomLost, RoomShut

LOOK_S: Final = 1.0
"""Between two looks at who is where."""


class GroupCallShell:
    """One device in one group call.

    Args:
        keys: Our membership.
        room: Entered, or on the way.
        frames: Where frame keys go.
        watcher: Told what a person should see.
        unix: Unix seconds.
        door: Reads who knocks at the room's door, and answers; without it nobody does.
        recording: Makes what has a say in recording, given what sends its words; without it
            nobody here asks or is asked.
        receipting: Makes what signs receipts, likewise.
    """

    def __init__(
        self,
        keys: GroupCallKeys,
        room: seam.CallRoom,
        frames: seam.Frames,
        watcher: seam.Watcher,
        *,
        unix: Callable[[], int],
        door: seam.Door | None = None,
        recording: Callable[[Say], RecordingShell] | None = None,
        receipting: Callable[[rc.Say], rc.CallReceipting] | None = None,
    ) -> None:
        self._keys = keys
        self._room = room
        self._frames = frames
        self._watcher = watcher
        self._unix = unix
        self._state: t.State = t.Idle()
        self._queue: asyncio.Queue[Happening] = asyncio.Queue()
        self._presence = Presence()
        self._voice = Voice(keys, room, self._presence)
        self.recording = GroupRecording(self._voice, recording, receipting)
        self._ears = Ears(keys, self._presence, watcher, self.recording, unix)
        self._hands = Hands(
            keys, room, frames, watcher, self._presence, self._voice, unix, self._queue.put_nowait
        )
        self._eyes = Eyes(self._presence, self._hands, watcher)
        self._joiners = Joiners()
        self._admitting = Admitting(keys, room, self._presence, self._joiners, door, unix)
        self._unwanted: set[int] = set()  # whom the person wants out
        self._pulling = Pulling(room)
        self.was_last = False
        """Whether nobody but guests stayed when we left, as far as we knew."""

    @property
    def state(self) -> t.State:
        """Where the machine is."""
        return self._state

    def members(self) -> dict[int, MemberInfo]:
        """Return who is in the call, by leaf."""
        return dict(self._hands.members)

    def attach(self, media: seam.Media) -> None:
        """Have media sent and got; before `run`."""
        self._ears.media = media

    def announce(self, feed: FeedId | None) -> None:
        """Tell all members what we send to the SFU."""
        self._voice.feed = feed
        if isinstance(self._state, t.Inside):
            self._voice.ready(self._state.epoch)

    def tell(self, leaf: int, content: ToOne) -> bool:
        """Say something to one member; False if it is not in the room, as far as we know."""
        return isinstance(self._state, t.Inside) and self._voice.tell(leaf, content)

    def show(self, state: GroupCallState) -> None:
        """Tell all members what we show of ourselves, now and whoever comes later."""
        self._voice.state = state
        if isinstance(self._state, t.Inside):
            self._voice.shows()

    def react(self, reaction: Reaction) -> None:
        """Show all members a reaction."""
        if isinstance(self._state, t.Inside):
            self._voice.react(reaction)

    def wish(self, key_package: bytes, reply: Reply) -> None:
        """Tell of somebody who wants to come in; `reply` is used if our commit lets them in."""
        self._queue.put_nowait(Wish(key_package, reply))

    def leave(self) -> None:
        """Leave the call; `run` ends."""
        self._queue.put_nowait(Leave())

    def remove(self, leaf: int) -> None:
        """Have another member removed; everybody sees that it went."""
        self._queue.put_nowait(Remove(leaf))

    async def run(self) -> None:
        """Take part until the person leaves or we are removed; all keys are wiped then."""
        listening = asyncio.create_task(self._listen())
        try:
            self._begin(self._keys.began())
            self._feed(t.RoomLost(_now()))  # until it says that we are in it
            while not isinstance(self._state, t.Outside):
                await self._one()
        finally:
            listening.cancel()
            self.recording.ended()
            self._frames.wipe()
            self._keys.wipe()
            await self._room.leave()

    async def _listen(self) -> None:
        while True:
            self._queue.put_nowait(await self._room.next())

    async def _one(self) -> None:
        now = _now()
        deadline = self._hands.deadline
        due = now + LOOK_S if deadline is None else min(deadline, now + LOOK_S)
        try:
            async with asyncio.timeout_at(due):
                happened = await self._queue.get()
        except TimeoutError:
            self._look_around()
            deadline = self._hands.deadline
            if deadline is not None and _now() >= deadline:
                self._feed(t.DeadlineReached(_now()))
            return
        try:
            self._handle(happened)
        except VisavisError:
            # What a member or the room did wrong is dropped: it must not end the call for others.
            return

    # What happens

    def _handle(self, happened: Happening) -> None:
        match happened:
            case RoomLost():
                self._feed(t.RoomLost(_now()))
            case RoomShut():
                self._feed(t.WasRemoved())
            case Wish():
                self._wished(happened)
            case Leave():
                self.was_last = self._hands.is_last(self._state)
                self._feed(t.LeaveRequested())
            case Remove(leaf):
                if leaf in self._hands.members:
                    self._unwanted.add(leaf)
                    self._feed(t.MemberGoing(_now(), leaf))
            case CannotAdd(n, joiners):
                self._feed_each(self._admitting.cannot_add(joiners, _now()))
                self._feed(t.CommitLost(_now(), n))
            case _:
                self._room_says(happened)

    def _room_says(self, message: FromRoom) -> None:
        match message:
            case RoomEntered(member, members, n):
                self._voice.feed = None  # it was the feed of who we were in the room before
                self._entered(member, frozenset(members), n)
                self._tell_media(message)
            case RoomCame(member):
                self._came(member)
            case RoomGone(member):
                self._gone(member)
            case RoomKnocked(knock, body):
                self._wished(self._admitting.knocked(knock, body))
            case RoomSaid(member, body):
                self._said(member, body)
            case RoomOrdered(n, commit):
                self._committed(n, commit)
            case RoomCommitted(n, accepted):
                self._answered(n, accepted=accepted)
            case RoomPulled(n):
                self._pulled(n)
            case RoomRefused(_, asked) if asked == RoomCommit.TYPE["t"]:
                self._refused_commit()
            case _:
                self._tell_media(message)

    def _tell_media(self, message: FromRoom) -> None:
        if self._ears.media is not None:
            self._ears.media.room_says(message)

    def _entered(self, member: int, present: frozenset[int], n: int) -> None:
        state = self._state
        if not isinstance(state, t.Inside):
            return
        self._presence.entered(member, present, _now())
        if self._pulling.entered(n, state.epoch):
            self._back()

    def _pulled(self, n: int) -> None:
        state = self._state
        if not isinstance(state, t.Inside):
            return
        match self._pulling.pulled(n, state.epoch):
            case AfterPull.BACK:
                self._back()
            case AfterPull.REMOVED:
                self._feed(t.WasRemoved())
            case AfterPull.NOTHING | AfterPull.AGAIN:
                pass

    def _back(self) -> None:
        """We are in the room and lack nothing."""
        self._presence.back(_now())
        self._feed(t.RoomEntered(_now()))
        self._repeats()  # whoever came meanwhile has not heard

    def _came(self, number: int) -> None:
        self._presence.came(number, _now())
        # Whatever was said before they were here they have not heard.
        if isinstance(self._state, t.Inside):
            self._voice.ready(self._state.epoch, to=number)
            self._repeats(to=number)

    def _repeats(self, to: int | None = None) -> None:
        """Say what still is so, for who was not there when it was said first."""
        self._voice.shows(to)
        self.recording.repeat(to)

    def _gone(self, number: int) -> None:
        for leaf in self._presence.gone(number):
            self._feed(t.MemberGoing(_now(), leaf))

    def _said(self, number: int, body: bytes) -> None:
        for event in self._ears.hear(number, body, self._hands.members, _now()):
            if isinstance(event, t.ReadyReceived):
                self._joiners.is_here(event.leaf)
            # Whoever is to go is not spared because its first word comes late.
            if not (isinstance(event, t.MemberBack) and event.leaf in self._unwanted):
                self._feed(event)

    def _committed(self, n: int, commit: bytes) -> None:
        state = self._state
        if not isinstance(state, t.Inside) or n != state.epoch:
            return
        try:
            began = self._keys.apply(commit, now=self._unix())
        except PeerError:
            self._pulling.refused(n)
            raise
        if began is None:
            self._feed(t.WasRemoved())
        else:
            self._begin(began)

    def _answered(self, n: int, *, accepted: bool) -> None:
        state = self._state
        if not isinstance(state, t.Inside) or state.offered != n or state.epoch != n:
            return
        if not accepted:
            self._keys.lost()
            self._feed(t.CommitLost(_now(), n))
            return
        self._begin(self._keys.won())

    def _refused_commit(self) -> None:
        state = self._state
        if isinstance(state, t.Inside) and state.offered is not None:
            self._answered(state.offered, accepted=False)

    def _wished(self, wish: Wish | None) -> None:
        if wish is not None and isinstance(self._state, t.Inside):
            self._feed_each(self._admitting.wished(wish, _now()))

    def _begin(self, began: Began) -> None:
        # Before any key of this epoch is in place: nothing of it is recorded unasked.
        self.recording.epoch(self._keys.members().values())
        self._feed(
            t.EpochBegan(
                _now(),
                began.epoch,
                began.own,
                began.leaves,
                began.came,
                began.went,
                frozenset(began.admitted),
            )
        )
        self._hands.members = self._keys.members()
        self._unwanted -= began.went
        self._presence.epoch(self._hands.members, began.went, _now())
        if self._ears.media is not None:
            others = began.leaves - {began.own}
            if began.went & others:  # somebody else's now: first whoever had it goes
                self._ears.media.members(began.own, others - began.went)
            self._ears.media.members(began.own, others)
        self._joiners.epoch(began)

    def _look_around(self) -> None:
        state = self._state
        if isinstance(state, t.Inside) and state.in_room:
            self._feed_each(self._eyes.look(state, _now()))

    # What is to be done

    def _feed(self, event: t.Event) -> None:
        result = step(self._state, event)
        self._state = result.state
        for effect in result.effects:
            self._hands.carry_out(effect)

    def _feed_each(self, events: Iterable[t.Event]) -> None:
        for event in events:
            self._feed(event)


def _now() -> float:
    return asyncio.get_running_loop().time()
