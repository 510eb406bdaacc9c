"""A group call as an application sees it: who is in it, and one that rings here.

Not for: how it is carried on (`group_calls`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from visavis.core.content_group_call import GroupCallState, Reaction
from visavis.core.content_records import Media
from visavis.core.ids import AccountId, GroupId, SignatureKey
from visavis.media.interfaces import GroupSink, MediaSource
from visavis.sdk.call_receipt_objects import CallReceiptTalk
from visavis.sdk.group_call_book import GoingOn
from visavis.sdk.group_call_media import GroupCallMedia, GroupMediaStats
from visavis.sdk.recording_objects import CallRecording


class GroupCallEnd(StrEnum):
    """Why a group call is over for this device."""

    LEFT = "left"
    REMOVED = "removed"
    """Others removed us, from the call or from the group."""
    NOBODY = "nobody"
    """There was no such call any more."""
    UNREACHED = "unreached"
    """Nobody let us in: the server, or those inside, cannot be reached now."""
    REFUSED = "refused"
    """To a guest: the host let us in no more, or never."""
    CLOSED = "closed"
    """To a guest: the link was withdrawn, used up, or has expired."""
    IMPOSTOR = "impostor"
    """To a guest: who answered is not who made the link."""


@dataclass(frozen=True, slots=True)
class InCall:
    """A device in a group call.

    Attributes:
        leaf: Its place; what comes from it is sealed under it.
        account: Whose it is; None for a guest, who has none.
        name: What to show.
        own: It is this device.
        verified: A contact whose safety number was compared; never a guest.
        shows: What it says of itself: hand, microphone, camera, screen; None: nothing yet.
        guest: Somebody who came by a call link, under a name they chose themselves.
        key: With which it signs: a place may be another's later, this is never.
    """

    leaf: int
    account: AccountId | None
    name: str
    own: bool
    verified: bool
    shows: GroupCallState | None = None
    guest: bool = False
    key: SignatureKey = field(kw_only=True, repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class AtDoor:
    """Somebody who waits in the lobby of a call link of ours.

    Attributes:
        name: What they want to be called. Nobody has verified it, whoever has that name elsewhere.
        since: Unix seconds.
    """

    name: str
    since: int
    _admit: Callable[[], bool] = field(repr=False)
    _refuse: Callable[[], None] = field(repr=False)

    def admit(self) -> bool:
        """Let them into the call; False if they have gone, or the link is over."""
        return self._admit()

    def refuse(self) -> None:
        """Do not let them in; they are told so."""
        self._refuse()


@dataclass(frozen=True, slots=True)
class Change:
    """Something that a person should see of who is in a call.

    Attributes:
        came: Names of who came.
        went: Names of who went.
        unlisted: So many are in the room who are no members of the call: they hear nothing (R-25).
        hand: Name of who raised a hand.
        reaction: Who shows a reaction, by name, and which.
        asks: Name of who asks us to mute ourselves. Whether we do is for the person to say.
        knocks: Name of who came into a lobby of ours and asks to be let in (`GroupCall.waiting`).
    """

    came: tuple[str, ...] = ()
    went: tuple[str, ...] = ()
    unlisted: int | None = None
    hand: str | None = None
    reaction: tuple[str, Reaction] | None = None
    asks: str | None = None
    knocks: str | None = None


@dataclass(frozen=True, slots=True)
class Ends:
    """What we show and say in a call, and where the others' goes."""

    source: MediaSource
    sink: GroupSink

    def close(self) -> None:
        """Free both. Harmless when repeated."""
        self.source.close()
        self.sink.close()


class Steps(Protocol):
    """What anybody can do in a call."""

    def leave(self) -> None:
        """End it here."""
        ...

    def show(self, changes: Mapping[str, bool]) -> None:
        """Show something of ourselves, by the fields of `GroupCallState`."""
        ...

    def react(self, reaction: Reaction) -> None:
        """Show a reaction."""
        ...

    def ask_to_mute(self, member: InCall) -> None:
        """Ask a member to mute itself. UnavailableError: CONFLICT (CK-876)."""
        ...


class MemberSteps(Steps, Protocol):
    """What a member can do beside that; `group_call_stay.Stay` does it."""

    def remove(self, member: InCall) -> None:
        """Have a member removed. UnavailableError: CONFLICT (CK-876)."""
        ...


class CallOfMany:
    """One call of many on this device, from the first knock to its end.

    Args:
        steps: What a person can do in it.

    Attributes:
        recording: Who asks to record it, who agreed, and what is recorded.
        receipts: Who asks for a signed receipt of it, and who has signed.
    """

    def __init__(self, steps: Steps) -> None:
        self.recording = CallRecording()
        self.receipts = CallReceiptTalk(self.recording.name)
        self._steps = steps
        self._members: tuple[InCall, ...] = ()
        self._inside = asyncio.Event()
        self._over: asyncio.Future[GroupCallEnd] = asyncio.get_running_loop().create_future()
        self._changes: asyncio.Queue[Change | None] = asyncio.Queue()
        self._figures: Callable[[], GroupMediaStats] = lambda: GroupMediaStats("none")
        self._speaking: Callable[[], list[int]] = list
        self._look: Callable[[Mapping[int, int] | None], None] = lambda _: None

    @property
    def members(self) -> tuple[InCall, ...]:
        """Everybody who can hear, by their places; us among them. Empty until we are in."""
        return self._members

    async def inside(self) -> bool:
        """Wait until we are in it; False if it ended before."""
        inside, over = (
            asyncio.ensure_future(self._inside.wait()),
            asyncio.ensure_future(self.ended()),
        )
        try:
            await asyncio.wait({inside, over}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            inside.cancel()
            over.cancel()
        return self._inside.is_set()

    async def changes(self) -> AsyncIterator[Change]:
        """Yield what changes of who is in it, until it is over."""
        while (change := await self._changes.get()) is not None:
            yield change

    async def leave(self) -> None:
        """Leave; the others go on. Returns once its keys are gone."""
        self._steps.leave()
        await self.ended()

    def show_own(
        self,
        *,
        hand: bool | None = None,
        microphone: bool | None = None,
        camera: bool | None = None,
        screen: bool | None = None,
    ) -> None:
        """Tell the others that our hand is up, or what we send; what is not named stays.

        It is a sign for people, and mutes nothing: that is the source's to do.
        """
        changes = {"hand": hand, "microphone": microphone, "camera": camera, "screen": screen}
        self._steps.show({name: on for name, on in changes.items() if on is not None})

    def react(self, reaction: Reaction) -> None:
        """Show everybody a reaction."""
        self._steps.react(reaction)

    def ask_to_mute(self, member: InCall) -> None:
        """Ask a member to mute itself. Nobody can be muted by others.

        Raises:
            UnavailableError: CONFLICT: they have gone, or their place is another's now.
        """
        self._steps.ask_to_mute(member)

    async def ended(self) -> GroupCallEnd:
        """Wait until it is over here; return why."""
        return await asyncio.shield(self._over)

    @property
    def lacks_sfu(self) -> bool:
        """Whether there are more in it than hear each other: the server has no SFU."""
        return self.stats().lacks_sfu

    @property
    def unopened(self) -> tuple[InCall, ...]:
        """Members of whom something comes without the call's keys; nobody hears or sees it."""
        leaves = self.stats().unopened
        return tuple(one for one in self._members if one.leaf in leaves)

    def speaking(self) -> list[int]:
        """Return the leaves of who speaks, the one to be shown large first; never our own.

        Measured here, from what this device decoded: nobody says how loud they are.
        """
        return self._speaking()

    def watch(self, tiles: Mapping[int, int] | None) -> None:
        """Get pictures of those alone who are looked at; sound comes of everybody.

        Args:
            tiles: Leaf -> lines of the tile that shows it; None: all, as large as there is, as it
                is at first, and again whenever we had to come in anew and leaves are others'.
        """
        self._look(tiles)

    def stats(self) -> GroupMediaStats:
        """Return the figures of the media since we came in last."""
        return self._figures()

    # From the service.

    def follow(self, media: GroupCallMedia) -> None:
        """Take figures and who speaks from other connections from here on; for the service."""
        self._figures, self._speaking, self._look = media.stats, media.speaking, media.watch

    def show(self, members: Sequence[InCall], change: Change | None = None) -> None:
        """Note who is in it now; for the service."""
        self._members = tuple(members)
        if any(one.own for one in members):
            self._inside.set()
        if change is not None:
            self._changes.put_nowait(change)

    def end(self, why: GroupCallEnd) -> None:
        """Note that it is over; for the service."""
        if not self._over.done():
            self.recording.over()
            self.receipts.over()
            self._over.set_result(why)
            self._changes.put_nowait(None)


class GroupCall(CallOfMany):
    """One call of a group on the device of a member.

    Args:
        going: The call.
        steps: What a person can do in it.
    """

    def __init__(self, going: GoingOn, steps: MemberSteps) -> None:
        super().__init__(steps)
        self.going = going
        self._may = steps
        self._waiting: tuple[AtDoor, ...] = ()
        self.lobby_taken = False
        """Whether somebody who has a link of ours sits in its lobby in our place: withdraw it."""

    @property
    def group(self) -> GroupId:
        """The group that it is a call of."""
        return self.going.group

    @property
    def media(self) -> Media:
        """As what it began."""
        return self.going.media

    @property
    def waiting(self) -> tuple[AtDoor, ...]:
        """Who asks to be let in as a guest, by a link that this device made; the longest first."""
        return self._waiting

    def remove(self, member: InCall) -> None:
        """Have a member removed from this call; everybody sees it. They may come in again.

        A guest may not, if it was this device that let them in.

        Raises:
            UnavailableError: CONFLICT: they have gone, or their place is another's now.
        """
        self._may.remove(member)

    # From the service.

    def waits(self, waiting: Sequence[AtDoor], new: AtDoor | None = None) -> None:
        """Note who asks to be let in, and who of them is new; for the service."""
        self._waiting = tuple(waiting)
        if new is not None:
            self._changes.put_nowait(Change(knocks=new.name))


@dataclass(slots=True, eq=False)
class IncomingGroupCall:
    """A group call that rings on this device.

    Attributes:
        group: The group.
        group_name: Its name.
        caller: Who began the call, by name.
        media: "video" or "voice": as what it may ring here.
    """

    group: GroupId
    group_name: str
    caller: str
    media: Media
    _accept: Callable[[Ends], Awaitable[GroupCall]] = field(repr=False)
    _decline: Callable[[], Awaitable[None]] = field(repr=False)
    _over: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    async def accept(self, *, source: MediaSource, sink: GroupSink) -> GroupCall:
        """Come in.

        Args:
            source: What we show and say. It is the call's from now on, and closed on an error too.
            sink: Where the others' goes. Likewise.

        Raises:
            AuthorizationError: REFUSED, it rings no longer.
            UsageError: This device is in a call.
            UnavailableError: NO_DEVICE.
        """
        ends = Ends(source, sink)
        try:
            return await self._accept(ends)
        except BaseException:
            ends.close()
            raise

    async def decline(self) -> None:
        """Stop ringing, on our other devices too; nobody else is told."""
        await self._decline()

    async def ended(self) -> None:
        """Wait until it rings no longer."""
        await self._over.wait()

    def stop(self) -> None:
        """It rings no longer; for the service."""
        self._over.set()
