"""Letting somebody into a group call, as far as one member's shell has to do with it.

Not for: whether they may come in (`group_call_keys`), when the commit is made
(`core/group_call.py`), or what they are answered (`group_call_joiners`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from visavis.core import group_call_types as t
from visavis.core.content_room import RoomLetIn
from visavis.core.ids import Digest
from visavis.sdk import group_call_seam as seam
from visavis.sdk.group_call_happenings import Wish
from visavis.sdk.group_call_joiners import Joiners
from visavis.sdk.group_call_keys import GroupCallKeys
from visavis.sdk.group_call_presence import Presence


class Admitting:
    """Turns who wants to come in into what the machine has to know of it.

    Args:
        keys: Our membership.
        room: The call room.
        presence: Who is in it.
        joiners: Who asks, and who was let in.
        door: Reads who knocks at the room's door, and answers; without it nobody does.
        unix: Unix seconds.
    """

    def __init__(
        self,
        keys: GroupCallKeys,
        room: seam.CallRoom,
        presence: Presence,
        joiners: Joiners,
        door: seam.Door | None,
        unix: Callable[[], int],
    ) -> None:
        self._keys = keys
        self._room = room
        self._presence = presence
        self._joiners = joiners
        self._door = door
        self._unix = unix

    def knocked(self, knock: int, body: bytes) -> Wish | None:
        """Return what who knocks wants; None: nobody here reads it. PeerError: it is no knock."""
        door = self._door
        if door is None:
            return None
        package = door.key_package(body)

        def reply(welcome: bytes) -> None:
            self._room.send(RoomLetIn(knock, door.answer(package, welcome)))

        return Wish(package, reply)

    def wished(self, wish: Wish, now: float) -> Iterator[t.Event]:
        """Somebody wants to come in; yield what the machine has to know of it, in order.

        Raises:
            PeerError: REPLAYED (CK-877); or what `GroupCallKeys.note` raises.
        """
        if self._joiners.is_in(wish.key_package, wish.reply):
            return
        joiner = self._keys.note(wish.key_package, now=self._unix())
        self._joiners.asks(joiner, wish.reply)
        # A device that comes back is another leaf; the old one goes in the same commit.
        for leaf in self._keys.leaves_of(joiner):
            self._presence.forget(leaf)
            yield t.MemberGoing(now, leaf)
        yield t.JoinWished(now, joiner)

    def cannot_add(self, joiners: Iterable[Digest], now: float) -> Iterator[t.Event]:
        """No commit can be made with these; yield what the machine has to know, in order."""
        for joiner in joiners:
            self._keys.forget(joiner)
            self._joiners.forget(joiner)
            yield t.JoinWithdrawn(now, joiner)
