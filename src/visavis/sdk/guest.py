"""A guest in a call: somebody without an account who has a call link (P15).

    call = await Guest.join(link, "Dana", source=..., sink=...)
    async for state in call.states(): ...    # nobody, waiting, coming, inside, over

Nothing of a guest is stored, here or anywhere: its keys are made for the visit and end with it.
It knows that the account which made the link is in the call, and of everybody else what that
account's device says. Not for: people with an account (`visavis.sdk.client`).
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final

from visavis.core.call_link import CallLink
from visavis.core.content_group_call import Reaction
from visavis.core.content_lobby import LobbyEnd
from visavis.core.content_records import Media
from visavis.core.errors import PeerError, VisavisError
from visavis.core.group_call_types import LeftReason
from visavis.core.guest import Guest as GuestCredential
from visavis.core.guest import is_guest
from visavis.core.ids import AccountId, SignatureKey
from visavis.core.mls import MemberInfo
from visavis.media.fan import Fan
from visavis.media.interfaces import GroupSink, MediaSource, TurnServer
from visavis.sdk.group_call_keys import GroupCallKeys
from visavis.sdk.group_call_objects import CallOfMany, Ends, GroupCallEnd, InCall
from visavis.sdk.group_call_shell import GroupCallShell
from visavis.sdk.group_call_view import View
from visavis.sdk.group_call_wiring import taking_part, wire
from visavis.sdk.group_names import UNNAMED
from visavis.sdk.groups import device_of
from visavis.sdk.guest_entry import Admission, GuestEntry, GuestState, TurnedAwayError
from visavis.sdk.recording_means import RecordingMeans
from visavis.sdk.server_shares import ServerShares
from visavis.sdk.tasks import Tasks
from visavis.transport.anonymous import AnonymousApi
from visavis.transport.http import Http

AGAIN_TRIES: Final = 3
"""How often a guest that was cut off comes in again within `AGAIN_S`."""
AGAIN_S: Final = 60.0
BACK_S: Final = 30.0
"""Seconds for which a guest who was in the call looks for its members again. Higher: a host with a
bad network is waited for; lower: a call that is over is known to be."""
RELAY_S: Final = 60.0
"""Seconds for which all connections use the same relay credentials: a link's guests share sixty
requests a day."""

_ENDS: Final = {
    LobbyEnd.REFUSED: GroupCallEnd.REFUSED,
    LobbyEnd.CLOSED: GroupCallEnd.CLOSED,
    LobbyEnd.FULL: GroupCallEnd.UNREACHED,
}


class GuestCall(CallOfMany):
    """A call, as a guest sees it, from the first knock to its end."""

    def __init__(self, visit: Visit) -> None:
        super().__init__(visit)
        self._state = GuestState.NOBODY
        self._states: asyncio.Queue[GuestState | None] = asyncio.Queue()
        self.media = Media.VOICE
        """As what the call began; known once we are in it."""

    @property
    def state(self) -> GuestState:
        """How far we have come."""
        return self._state

    async def states(self) -> AsyncIterator[GuestState]:
        """Yield each state that follows, until it is over."""
        while (state := await self._states.get()) is not None:
            yield state

    # From the visit.

    def now_is(self, state: GuestState) -> None:
        """Note how far we have come; for the visit."""
        if state is not self._state:
            self._state = state
            self._states.put_nowait(state)
            if state is GuestState.OVER:
                self._states.put_nowait(None)


class Guest:
    """How a guest comes into a call."""

    @staticmethod
    async def join(
        link: str,
        name: str,
        *,
        source: MediaSource,
        sink: GroupSink,
        picture: bool = True,
        allow_loopback: bool = False,
    ) -> GuestCall:
        """Ask to be let into the call of a link; returns at once, with somebody who waits.

        Args:
            link: As it was given.
            name: What we want to be called; everybody sees that nobody has verified it.
            source: What we show and say. It is the call's from now on, and closed on an error too.
            sink: Where the others' goes. Likewise.
            picture: Show ours, if it is a call with pictures.
            allow_loopback: Calls may use relays on this machine (demo and tests).

        Raises:
            PeerError: MISTYPED, EXPIRED.
            UsageError: The name is none.
            UnavailableError: NO_DEVICE.
        """
        ends = Ends(source, sink)
        try:
            parsed = CallLink.from_link(link).require_fresh(_now())
            visit = Visit(parsed, name, ends, picture=picture, local=allow_loopback)
            await visit.open()
        except BaseException:
            ends.close()
            raise
        visit.begin()
        return visit.call


class Visit:
    """One guest's stay, however often it has to come in again.

    Args:
        link: The link.
        name: What the guest wants to be called.
        ends: What we show and say, and where the others' goes.
        picture: The person wants to be seen.
        local: Let loopback relays pass; demo and tests only.
    """

    def __init__(
        self, link: CallLink, name: str, ends: Ends, *, picture: bool, local: bool
    ) -> None:
        self.call = GuestCall(self)
        self._entry = GuestEntry(link, name, _now, self.call.now_is)
        self._api = AnonymousApi(Http(link.origin))
        self._origin = link.origin
        self._ends = ends
        self._picture = picture
        self._local = local
        self._fan = Fan(ends.source, video=picture)
        self._shell: GroupCallShell | None = None
        self._admission: Admission | None = None
        self._names: dict[AccountId, str] = {}
        self._asked: set[AccountId] = set()
        self._naming: asyncio.Task[None] | None = None
        self._relay: tuple[float, TurnServer] | None = None
        self._task: asyncio.Task[None] | None = None
        self._left = False
        self._tasks = Tasks(self._died)
        self._view = View(self.call, self, self._over, self._shown, camera=picture)

    async def open(self) -> None:
        """Open what we show and hear with. UnavailableError: NO_DEVICE."""
        try:
            await self._fan.start()
            await asyncio.to_thread(self._ends.sink.start)
        except BaseException:
            self._fan.close()
            await self._api.close()
            raise

    def begin(self) -> None:
        """Ask, and go on by itself until it is over."""
        self._task = asyncio.create_task(self._run())

    def leave(self) -> None:
        """End it, wherever it is."""
        self._left = True
        if self._shell is not None:
            self._shell.leave()
        elif self._task is not None:
            self._task.cancel()

    def show(self, changes: Mapping[str, bool]) -> None:
        """Show something of ourselves."""
        self._view.show_own(changes)

    def react(self, reaction: Reaction) -> None:
        """Show a reaction."""
        self._view.react(reaction)

    def ask_to_mute(self, member: InCall) -> None:
        """Ask a member to mute itself. UnavailableError: CONFLICT (CK-876)."""
        self._view.ask_to_mute(member)

    async def _run(self) -> None:
        why = GroupCallEnd.LEFT
        try:
            why = await self._stays()
        except TurnedAwayError as turned:
            why = _ENDS[turned.why]
        except PeerError:
            why = GroupCallEnd.IMPOSTOR
        except VisavisError:
            why = GroupCallEnd.UNREACHED
        finally:
            if self._naming is not None:
                self._naming.cancel()
            self._fan.close()
            self._ends.sink.close()
            await self._tasks.end()
            await self._api.close()
            self.call.show(())
            self.call.now_is(GuestState.OVER)
            self.call.end(why)

    async def _stays(self) -> GroupCallEnd:
        cut_off: list[float] = []
        back_s: float | None = None
        while not self._left:
            try:
                async with asyncio.timeout(back_s):
                    self._admission, keys = await self._entry.enter()
            except TimeoutError:
                return GroupCallEnd.NOBODY
            back_s = BACK_S
            self._names |= self._admission.names
            await self._take_part(self._admission, keys)
            if self._left:
                break
            now = asyncio.get_running_loop().time()
            cut_off = [at for at in cut_off if at > now - AGAIN_S] + [now]
            if len(cut_off) > AGAIN_TRIES:
                return GroupCallEnd.REMOVED
        return GroupCallEnd.LEFT

    async def _take_part(self, admission: Admission, keys: GroupCallKeys) -> None:
        """Be in it until we are out."""
        self.call.media = admission.media
        wired = wire(
            keys,
            admission.call,
            self._origin,
            admission.room,
            self._ends,
            self._fan,
            self._view,
            began=admission.media,
            picture=self._picture,
            turn=self._turn,
            unix=_now,
            recording=RecordingMeans(ServerShares(self._api, lambda: admission.relay)),
            spawn=self._tasks.spawn,
            rng=os.urandom,
            face=self.call.recording,
            receipts=self.call.receipts,
            title=str,
            where=None,
            local=self._local,
        )
        shell = wired.shell
        self._view.begin(shell, is_new_here=True)
        self._shell = shell
        self.call.follow(wired.media)
        async with taking_part(wired) as running:
            try:
                self._view.show(keys.members())
                self.call.now_is(GuestState.INSIDE)
                if self._left:
                    shell.leave()
                await running
            finally:
                self._shell = None
                self._view.end()

    async def _turn(self) -> Sequence[TurnServer]:
        """Fetch relay credentials (P12). UnavailableError: NO_RELAY, UNAVAILABLE, QUOTA."""
        now = asyncio.get_running_loop().time()
        if self._relay is None or now >= self._relay[0]:
            assert self._admission is not None  # there is media in a call only
            given = await self._api.turn(self._admission.relay)
            server = TurnServer(given.urls, given.username, given.credential)
            self._relay = now + min(RELAY_S, given.ttl_s / 2), server
        return [self._relay[1]]

    def _died(self, error: BaseException) -> None:
        del error  # a share of ours stays until its day, and nothing can be done about it here

    # Who members are (`group_call_view.Known`)

    def name(self, member: MemberInfo) -> str:
        """Return what the host calls a member who is no guest."""
        account = device_of(member)[0]
        return self._names.get(account, f"{UNNAMED} {bytes(account[:2]).hex()}")

    def in_call(self, leaf: int, member: MemberInfo) -> InCall:
        """Return a member as it is shown."""
        key = SignatureKey(member.signature_key)
        if not is_guest(member):
            account = device_of(member)[0]
            return InCall(leaf, account, self.name(member), own=False, verified=False, key=key)
        guest = GuestCredential.of(member)
        own = guest.key == self._entry.key
        return InCall(leaf, None, guest.name, own, verified=False, guest=True, key=key)

    def _over(self, reason: LeftReason) -> None:
        del reason  # whoever is out and has not left asks in the lobby what became of the call

    def _shown(self, members: Sequence[InCall]) -> None:
        # Guests among themselves are in nobody's call. If the host was cut off, it begins another.
        if self._shell is not None and all(one.guest for one in members):
            self._shell.leave()
        accounts = {one.account for one in members if one.account is not None}
        unnamed = accounts - self._names.keys() - self._asked
        if unnamed:
            self._asked |= unnamed  # whom the host does not name is asked about once
            self._naming = asyncio.create_task(self._learn_names())

    async def _learn_names(self) -> None:
        """Ask the host what those are called who came in after us."""
        self._names |= await self._entry.names()
        if self._shell is not None:
            self._view.show(self._shell.members())


def _now() -> int:
    return int(time.time())
