"""One device in one group call: begun or entered, cut off and back, until it is over here.

Not for: what rings, or which call (`group_calls`); media (`group_call_media`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from visavis.core.consent_record import Where
from visavis.core.content_group_call import Reaction
from visavis.core.errors import UnavailableError, VisavisError
from visavis.core.group_call_types import LeftReason
from visavis.core.guest import Guest, is_guest
from visavis.core.ids import SignatureKey
from visavis.core.mls import MemberInfo
from visavis.media.fan import Fan
from visavis.sdk.call_lobbies import CallLobbies
from visavis.sdk.consent_key import OwnConsent
from visavis.sdk.group_call_book import GoingOn
from visavis.sdk.group_call_entry import CallGoneError, Doorkeeper, Entering
from visavis.sdk.group_call_keys import GroupCallKeys
from visavis.sdk.group_call_notes import GroupCallNotes
from visavis.sdk.group_call_objects import Ends, GroupCall, GroupCallEnd, InCall
from visavis.sdk.group_call_shell import GroupCallShell
from visavis.sdk.group_call_view import View, require_there
from visavis.sdk.group_call_ways import Ways
from visavis.sdk.group_call_wiring import taking_part, wire
from visavis.sdk.groups import device_of
from visavis.sdk.recording_means import RecordingMeans

AGAIN_TRIES: Final = 3
"""How often a device that was cut off comes in again within `AGAIN_S`. Higher: worse networks are
borne; lower: a device that the others cannot keep in does not knock for ever."""
AGAIN_S: Final = 60.0


class Stay:
    """This device in one group call, however often it has to come in again.

    Args:
        ways: The session.
        going: The call.
        ends: What we show and say, and where the others' goes.
        instead: The call to begin, which may be `going`, if that one is over already and nobody
            could tell us; None: then it is over here, too.
        recording: What consenting to recordings takes.
        picture: The person wants to be seen, if it is a call with pictures.
        local: Let loopback relays pass; demo and tests only.
    """

    def __init__(
        self,
        ways: Ways,
        going: GoingOn,
        ends: Ends,
        instead: GoingOn | None,
        recording: RecordingMeans,
        *,
        picture: bool,
        local: bool,
    ) -> None:
        self._ways = ways
        self._ends = ends
        self._picture = picture
        self._fan = Fan(ends.source, video=picture)
        self._local = local
        self._instead = instead
        self._recording = recording
        self._new = instead is not None and instead.call == going.call
        self.call = GroupCall(going, self)
        self._shell: GroupCallShell | None = None
        self._entering: asyncio.Task[GroupCallKeys] | None = None
        self._left = False
        self._is_out = False
        self._devices = ways.devices(going.group).keys()
        self._moving: GoingOn | None = None
        self._why = LeftReason.LEFT
        self._notes = GroupCallNotes(ways)
        self._view = View(self.call, self, self._over, self._notes.show, camera=picture)
        self._lobbies = CallLobbies(ways, self.call)
        self._was_with_guests = False

    async def open(self) -> None:
        """Open what we show and hear with. UnavailableError: NO_DEVICE."""
        try:
            await self._fan.start()
            # Opening a window or a sound card takes a while; the event loop goes on meanwhile.
            await asyncio.to_thread(self._ends.sink.start)
        except BaseException:
            self._fan.close()
            self.call.end(GroupCallEnd.LEFT)
            raise

    async def run(self) -> None:
        """Be in the call until it is over here."""
        why = GroupCallEnd.LEFT
        try:
            why = await self._stays()
        except CallGoneError:
            self._ways.book.forget(self.call.group, self.call.going.call)
            why = GroupCallEnd.NOBODY
        except VisavisError:  # nobody lets us in, or we were thrown out of the group meanwhile
            member = self._ways.is_member(self.call.group)
            why = GroupCallEnd.UNREACHED if member else GroupCallEnd.REMOVED
        finally:
            self._fan.close()
            self._ends.sink.close()
            try:
                await self._lobbies.close()
            finally:
                self._notes.over(self.call.going, recorded=self.call.recording.was_recorded)
                self.call.show(())
                self.call.end(why)

    async def _stays(self) -> GroupCallEnd:
        cut_off: list[float] = []
        keys = self._begun() if self._new else await self._enter_or_begin()
        while keys is not None:
            was_last = await self._take_part(keys)
            if self._moving is not None:
                self._move()
            elif self._why is LeftReason.LEFT:
                # Before anything waits for the server: who has left is neither seen nor heard.
                self._fan.close()
                self._ends.sink.close()
                if was_last:
                    await self._ways.say_over(self.call.going)
                return GroupCallEnd.REMOVED if self._is_out else GroupCallEnd.LEFT
            else:
                # Cut off by the network, and the others went on without us; or they want us out,
                # and then whoever is in the group may come in again all the same.
                now = asyncio.get_running_loop().time()
                cut_off = [at for at in cut_off if at > now - AGAIN_S] + [now]
                if len(cut_off) > AGAIN_TRIES or not self._ways.is_member(self.call.group):
                    return GroupCallEnd.REMOVED
                if self._was_with_guests:
                    keys = self._begin_anew()
                    continue
            keys = await self._enter()
        return GroupCallEnd.LEFT

    def _begin_anew(self) -> GroupCallKeys:
        """Begin another call in its place: guests can let nobody in, and follow (P15)."""
        before = self.call.going
        self._ways.book.forget(before.group, before.call)
        self.call.going, self._new = self._ways.new_call(before.group, before.media), True
        return self._begun()

    def _begun(self) -> GroupCallKeys:
        going, ways = self.call.going, self._ways
        material = ways.key_material(going.group)
        may_be_in = ways.may_be_in(going.group, going.call)
        consent = self._new_consent()
        return GroupCallKeys.found(
            going.call, material, consent, may_be_in, now=ways.now(), rng=ways.rng
        )

    async def _enter_or_begin(self) -> GroupCallKeys | None:
        try:
            return await self._enter()
        except CallGoneError:
            if self._instead is None:
                raise
            # The last ones left in the same moment and said nothing: to others it still goes on.
            await self._ways.say_over(self.call.going, live=True)
            self.call.going, self._new = self._instead, True
            return self._begun()

    async def _enter(self) -> GroupCallKeys | None:
        """Come in, or into the call that stands in its place; None if the person left before."""
        while not self._left:
            self._entering = asyncio.create_task(self._knock())
            try:
                return await self._entering
            except asyncio.CancelledError:
                if not self._is_called_off():
                    raise
            except UnavailableError:
                # Whoever was in it has gone over to another one, which we were told of meanwhile.
                self._moving = self._another()
                if self._moving is None:
                    raise
            finally:
                self._entering = None
            self._move()
        return None

    async def _knock(self) -> GroupCallKeys:
        going, ways = self.call.going, self._ways
        consent = self._new_consent()
        entering = Entering(
            ways.origin,
            going.call,
            going.room,
            going.door,
            ways.key_material(going.group),
            consent,
            ways.may_be_in(going.group, going.call),
            ways.now,
            ways.rng,
        )
        bundle = ways.new_key_package(consent)
        try:
            return await entering.enter(bundle)
        finally:
            bundle.wipe()  # a Welcome is taken once

    def _new_consent(self) -> OwnConsent:
        others = self._ways.others(self.call.group)
        return OwnConsent.make(self._ways.rng, never=self._recording.never(others))

    def _is_called_off(self) -> bool:
        """Say whether we are wanted elsewhere than at this door."""
        return self._left or self._moving is not None

    def _another(self) -> GoingOn | None:
        """Return the call that stands, if it is not the one that we are in."""
        standing = self._ways.book.get(self.call.group)
        if standing is None or standing.call == self.call.going.call:
            return None
        return standing

    def _move(self) -> None:
        if self._moving is not None:
            self.call.going, self._moving = self._moving, None

    async def _take_part(self, keys: GroupCallKeys) -> bool:
        """Be in it until we are out; say whether we left and nobody stayed."""
        going, ways = self.call.going, self._ways
        wired = wire(
            keys,
            going.call,
            ways.origin,
            going.room,
            self._ends,
            self._fan,
            self._view,
            began=going.media,
            picture=self._picture,
            turn=ways.turn,
            unix=ways.now,
            recording=self._recording,
            spawn=ways.spawn,
            rng=ways.rng,
            face=self.call.recording,
            receipts=self.call.receipts,
            title=lambda: ways.group_name(going.group),
            where=Where(group=going.group),
            local=self._local,
            door=Doorkeeper(going.room, going.door, ways.rng),
            ticket=ways.ticket(),
            new=self._new,
        )
        shell = wired.shell
        self._view.begin(shell, is_new_here=not self._new)
        self._why, self._shell = LeftReason.LEFT, shell
        self.call.follow(wired.media)
        async with taking_part(wired) as running:
            try:
                self._view.show(keys.members())
                if self._new:
                    self._new = False
                    await ways.say_began(going)
                    self.another_began()
                if self._left:
                    shell.leave()
                self._lobbies.come_in(shell)
                await running
            finally:
                others = [one for one in self.call.members if not one.own]
                self._was_with_guests = bool(others) and all(one.guest for one in others)
                self._shell = None
                self._view.end()
                self._lobbies.go_out()
        return shell.was_last

    # What the person and others want

    def leave(self) -> None:
        """End it here."""
        self._left = True
        if self._shell is not None:
            self._shell.leave()
        if self._entering is not None:
            self._entering.cancel()

    def remove(self, member: InCall) -> None:
        """Have a member removed. UnavailableError: CONFLICT (CK-876)."""
        if self._shell is not None:
            self._lobbies.shut_out(require_there(self._shell.members(), member))
            self._shell.remove(member.leaf)

    def show(self, changes: Mapping[str, bool]) -> None:
        """Show something of ourselves."""
        self._view.show_own(changes)

    def react(self, reaction: Reaction) -> None:
        """Show a reaction."""
        self._view.react(reaction)

    def ask_to_mute(self, member: InCall) -> None:
        """Ask a member to mute itself. UnavailableError: CONFLICT (CK-876)."""
        self._view.ask_to_mute(member)

    def another_began(self) -> None:
        """Two calls were begun at once: whoever is alone goes over to the one that stands."""
        standing = self._another()
        if standing is None:
            return
        if self._entering is not None:
            self._moving = standing
            self._entering.cancel()
        elif self._shell is not None and len(self.call.members) < 2:
            self._moving = standing
            self._shell.leave()

    def group_changed(self) -> None:
        """Have removed from the call whoever is in the group no longer (CK-851)."""
        ways, group = self._ways, self.call.group
        if not ways.is_member(group):
            self._is_out = not ways.has_left(group)
            self.leave()
            return
        before, self._devices = self._devices, ways.devices(group).keys()
        # Whoever came into the group was not told; one of us tells them.
        if self._devices - before and self.call.members and self.call.members[0].own:
            ways.spawn(ways.say_again(self.call.going))
        shell = self._shell
        if shell is not None:
            for leaf, member in shell.members().items():
                if not self._ways.is_in(self.call.group, member):
                    shell.remove(leaf)

    # Who members are (`group_call_view.Known`)

    def name(self, member: MemberInfo) -> str:
        """Return what to call a member who is no guest."""
        return self._ways.name_of(self.call.group, device_of(member)[0])

    def in_call(self, leaf: int, member: MemberInfo) -> InCall:
        """Return a member as it is shown."""
        key = SignatureKey(member.signature_key)
        if is_guest(member):
            name = Guest.of(member).name
            return InCall(leaf, None, name, own=False, verified=False, guest=True, key=key)
        group, ways = self.call.group, self._ways
        account, device = device_of(member)
        own = (account, device) == (ways.account, ways.device)
        verified = ways.is_verified(group, account)
        return InCall(leaf, account, self.name(member), own, verified, key=key)

    def _over(self, reason: LeftReason) -> None:
        self._why = reason
