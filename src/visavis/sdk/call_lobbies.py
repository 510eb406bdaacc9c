"""The lobbies of all links of one call, while this device is in it (docs/protocol/call-link.md).

For each good link of the group that this device made there is a lobby room at the server, and we
are in it; a link that is made meanwhile gets one, one that ends loses it.

Not for: what is said in a lobby (`call_lobby`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from visavis.core.content_lobby import Named
from visavis.core.errors import VisavisError
from visavis.core.guest import Guest, is_guest
from visavis.core.ids import AccountId
from visavis.core.lobby import lobby_room, lobby_room_key
from visavis.core.mls import MemberInfo
from visavis.sdk.call_link_book import OwnLink
from visavis.sdk.call_lobby import Desk, Lobby, Meeting, Visit
from visavis.sdk.group_call_objects import AtDoor, GroupCall
from visavis.sdk.group_call_shell import GroupCallShell
from visavis.sdk.group_call_ways import Ways
from visavis.sdk.groups import device_of
from visavis.transport.call_room import CallRoomSocket, Place


class CallLobbies:
    """Lobbies of one call on this device; `visavis.sdk.call_lobby.Host`.

    Args:
        ways: The session.
        call: The call, as the person sees it.
    """

    def __init__(self, ways: Ways, call: GroupCall) -> None:
        self._ways = ways
        self._call = call
        self._shell: GroupCallShell | None = None
        self._lobbies: dict[bytes, tuple[Lobby, asyncio.Task[None]]] = {}
        self._at_door: dict[Visit, AtDoor] = {}
        self._forget: Callable[[], None] | None = None

    def come_in(self, shell: GroupCallShell) -> None:
        """We are in the call: hear who asks to be let in."""
        self._shell = shell
        if self._forget is None:
            loop = asyncio.get_running_loop()
            # By then the transaction in which a link was made or ended is over, or taken back.
            self._forget = self._ways.links.on_change(lambda: _soon(loop, self._look))
        self._look()

    def go_out(self) -> None:
        """We are in it no longer, perhaps to come in again: guests are asked to wait."""
        self._shell = None

    async def close(self) -> None:
        """Leave all lobbies."""
        if self._forget is not None:
            self._forget()
            self._forget = None
        for lobby, running in tuple(self._lobbies.values()):
            await self._end(lobby, running)
        self._lobbies.clear()

    def shut_out(self, member: MemberInfo) -> None:
        """A guest is removed by us: they are not let in again."""
        if is_guest(member):
            key = Guest.of(member).key
            for lobby, _ in self._lobbies.values():
                visit = lobby.guest(key)
                if visit is not None:
                    lobby.refuse(visit)

    def _look(self) -> None:
        """Have a lobby for each link that is good, and for no other."""
        if self._forget is None:
            return
        good = {one.name: one for one in self._ways.links.all() if one.group == self._call.group}
        for name, link in good.items():
            if name not in self._lobbies:
                self._try_to_open(link)
        for name, (lobby, running) in tuple(self._lobbies.items()):
            # Whoever was let in by a link for one may come in again while we are here.
            if name not in good and not lobby.is_used:
                del self._lobbies[name]
                self._ways.spawn(self._end(lobby, running))
        self.changed()

    def _try_to_open(self, link: OwnLink) -> None:
        try:
            self._open(link)
        except VisavisError:
            # No address is left to hand out, or we are out of the group: nobody is heard by this
            # link yet, and the call goes on. It is tried again with the next look.
            return

    def _open(self, link: OwnLink) -> None:
        ways = self._ways
        place = Place(0, lobby_room_key(link.private))
        room = CallRoomSocket(
            ways.origin, lobby_room(link.secret), lambda: place, ticket=ways.ticket(), new=True
        )
        keys = ways.key_material(link.group)
        desk = Desk(
            keys,
            ways.device_list(),
            keys.validator,
            ways.links.hold(link),
            ways.now,
            ways.rng,
        )
        lobby = Lobby(link, room, desk, self)
        room.start()
        self._lobbies[link.name] = lobby, asyncio.create_task(lobby.run())

    async def _end(self, lobby: Lobby, running: asyncio.Task[None]) -> None:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await lobby.end()
        self._ways.links.release(lobby.link)

    # For the lobbies

    def meeting(self) -> Meeting | None:
        """Return the call, while we are in it."""
        shell, going = self._shell, self._call.going
        if shell is None:
            return None
        accounts = {device_of(one)[0] for one in shell.members().values() if not is_guest(one)}
        names = tuple(self._named(account) for account in sorted(accounts))
        return Meeting(going.call, going.room, going.media, names, shell.wish)

    def _named(self, account: AccountId) -> Named:
        return Named(account, self._ways.said_name(self._call.group, account))

    def changed(self, came: Visit | None = None) -> None:
        """Who waits has changed."""
        self._call.lobby_taken = any(lobby.is_shut for lobby, _ in self._lobbies.values())
        before, self._at_door = self._at_door, {}
        for lobby, _ in self._lobbies.values():
            for visit in lobby.waiting():
                self._at_door[visit] = before.get(visit) or _at_door(lobby, visit)
        if before.keys() != self._at_door.keys():
            new = None if came is None else self._at_door.get(came)
            shown = sorted(self._at_door.values(), key=lambda one: one.since)
            self._call.waits(shown, new)

    def is_good(self, link: OwnLink) -> bool:
        """Say whether a link lets anybody in still."""
        return self._ways.links.is_good(link)

    def used(self, link: OwnLink) -> None:
        """A guest was let in."""
        if link.once:
            self._ways.links.use_up(link)


def _at_door(lobby: Lobby, visit: Visit) -> AtDoor:
    return AtDoor(visit.name, visit.since, lambda: lobby.admit(visit), lambda: lobby.refuse(visit))


def _soon(loop: asyncio.AbstractEventLoop, work: Callable[[], None]) -> None:
    loop.call_soon(work)
