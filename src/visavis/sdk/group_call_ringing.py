"""Group calls that ring on this device: which may, for how long, and who makes them stop.

Not for: being in one (`group_calls`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from visavis.core.call_types import RING_TIMEOUT_S
from visavis.core.content_records import Media
from visavis.core.content_self import Handled
from visavis.core.errors import AuthorizationError, Code
from visavis.core.ids import CallId, GroupId
from visavis.sdk.calls import CLOCKS_DIFFER_S
from visavis.sdk.group_call_book import GoingOn
from visavis.sdk.group_call_notes import GroupCallNotes
from visavis.sdk.group_call_objects import Ends, GroupCall, IncomingGroupCall
from visavis.sdk.group_call_ways import Ways

RING_S: Final = RING_TIMEOUT_S
"""Seconds for which it rings, as a call of two does."""


@dataclass(frozen=True, slots=True)
class _Rings:
    """What rings, and what to note if nobody comes."""

    shown: IncomingGroupCall
    missed: Callable[[], None]


class Ringing:
    """What rings.

    Args:
        ways: The session.
        is_live: Whether this device is in a call.
        accept: Comes into a call.
    """

    def __init__(
        self,
        ways: Ways,
        is_live: Callable[[], bool],
        accept: Callable[[GoingOn, Media, Ends], Awaitable[GroupCall]],
    ) -> None:
        self._ways = ways
        self._is_live = is_live
        self._accept = accept
        self._ringing: dict[CallId, _Rings] = {}
        self._new: asyncio.Queue[IncomingGroupCall] = asyncio.Queue()

    def start(self) -> None:
        """Begin to listen to our other devices."""
        self._ways.on_handled(self._handled)

    async def next(self) -> IncomingGroupCall:
        """Return the next one that rings."""
        return await self._new.get()

    def begins(self, going: GoingOn) -> None:
        """A call was begun just now: let it ring, if it may."""
        ways = self._ways
        media = ways.may_ring(going)
        # CK-852: the server says what is live; when it began, a member says under MLS.
        held_back = abs(ways.now() - going.at) > CLOCKS_DIFFER_S
        known = ways.book.get(going.group)
        stands = known is not None and known.call == going.call
        if media is None or held_back or not stands:
            return
        if going.call in self._ringing or going.by == ways.account:
            return
        notes = GroupCallNotes(ways)
        if self._is_live():
            notes.missed(going)
            return

        async def accept(ends: Ends) -> GroupCall:
            if going.call not in self._ringing:
                raise AuthorizationError(Code.REFUSED, "it rings no longer")
            call = await self._accept(going, media, ends)
            await self.answered(going)
            return call

        async def decline() -> None:
            if self._stop(going.call):
                notes.declined(going)
            await ways.say_handled(going.call, Handled.DECLINED)

        name, caller = ways.group_name(going.group), ways.name_of(going.group, going.by)
        rings = IncomingGroupCall(going.group, name, caller, media, accept, decline)
        self._ringing[going.call] = _Rings(rings, lambda: notes.missed(going))
        asyncio.get_running_loop().call_later(RING_S, self._expire, going.call)
        self._new.put_nowait(rings)

    async def answered(self, going: GoingOn) -> None:
        """The person comes into a call: it rings no longer, on our other devices neither."""
        rang = self._stop(going.call)
        # Whatever is said live wakes a closed page of ours that is rung by push: only if it may
        # ring there.
        if rang or self._ways.now() - going.at <= RING_S:
            await self._ways.say_handled(going.call, Handled.ACCEPTED)

    def _handled(self, call: CallId) -> None:
        """Another device of ours deals with it."""
        self._stop(call)

    def over(self, group: GroupId, call: CallId) -> None:
        """A call is over."""
        del group
        self._expire(call)

    def _expire(self, call: CallId) -> None:
        """It rings no longer, and nobody came: that is a missed call."""
        rings = self._ringing.get(call)
        if rings is not None:
            self._stop(call)
            rings.missed()

    def _stop(self, call: CallId) -> bool:
        """Let it ring no longer; say whether it did."""
        rings = self._ringing.pop(call, None)
        if rings is not None:
            rings.shown.stop()
        return rings is not None
