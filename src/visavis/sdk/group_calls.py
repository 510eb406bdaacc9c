"""Group calls of one device: begun, entered, rung for, and carried on until they are over.

    begin: a room, a group with us alone in it, "groupcall.began" in the conversation
    come in: knock at the door (`group_call_entry`), be let in, take part (`group_call_shell`)
    cut off, or two calls begun at once: come in again; the last who leaves says that it is over

Members of the conversation may be in its calls, and nobody else: who is removed there is removed
here (CK-851). Not for: calls of two (`calls`), or media (`group_call_media`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

from visavis.core.content_records import Media
from visavis.core.errors import UsageError
from visavis.core.ids import GroupId
from visavis.sdk.group_call_book import GoingOn
from visavis.sdk.group_call_objects import Ends, GroupCall
from visavis.sdk.group_call_ringing import Ringing
from visavis.sdk.group_call_stay import Stay
from visavis.sdk.group_call_ways import Ways
from visavis.sdk.recording_means import RecordingMeans

if TYPE_CHECKING:
    from visavis.sdk.group_call_objects import IncomingGroupCall
    from visavis.sdk.session import Session


class GroupCallService:
    """All group calls of this device; it is in one at a time.

    Args:
        session: The session.
        busy: Whether there is a call of two.
        recording: What consenting to recordings takes.
        allow_loopback: Let loopback relays pass; demo and tests only.
    """

    def __init__(
        self,
        session: Session,
        busy: Callable[[], bool],
        recording: RecordingMeans,
        *,
        allow_loopback: bool = False,
    ) -> None:
        self._recording = recording
        self._ways = Ways(session)
        self._allow_loopback = allow_loopback
        self._busy = busy
        self._live: Stay | None = None
        self._ringing = Ringing(self._ways, self.is_live, self._accept)

    def start(self) -> None:
        """Begin to listen."""
        self._ways.on_began(self._heard)
        self._ways.on_over(self._ringing.over)
        self._ways.on_group(self._members_changed)
        self._ringing.start()

    def is_in_call(self) -> bool:
        """Say whether this device is in a group call."""
        return self._live is not None

    def is_live(self) -> bool:
        """Say whether this device is in a call, of two or of a group."""
        return self.is_in_call() or self._busy()

    async def incoming(self) -> AsyncIterator[IncomingGroupCall]:
        """Yield each group call that rings here."""
        while True:
            yield await self._ringing.next()

    async def close(self) -> None:
        """Leave the call that we are in."""
        if self._live is not None:
            await self._live.call.leave()

    async def call(self, group: GroupId, media: Media, ends: Ends) -> GroupCall:
        """Come into the call that goes on in a group, or begin one.

        Args:
            group: Which group.
            media: As what it is begun.
            ends: What we show and say, and where the others' goes. They are the call's from now
                on, and closed on an error too.

        Raises:
            UsageError: This device is in a call.
            AuthorizationError: REFUSED, we are in no such group.
            UnavailableError: NO_DEVICE.
        """
        try:
            self._ways.require(group)
            known = self._ways.book.get(group)
            new = self._ways.new_call(group, media)
            picture = media is Media.VIDEO
            call = await self._stay(known or new, ends, picture=picture, instead=new)
        except BaseException:
            ends.close()
            raise
        if known is not None:
            await self._ringing.answered(known)
        return call

    async def _accept(self, going: GoingOn, media: Media, ends: Ends) -> GroupCall:
        return await self._stay(going, ends, picture=media is Media.VIDEO)

    async def _stay(
        self, going: GoingOn, ends: Ends, *, picture: bool, instead: GoingOn | None = None
    ) -> GroupCall:
        if self.is_live():
            raise UsageError("there is a call already")
        stay = self._live = Stay(
            self._ways,
            going,
            ends,
            instead,
            self._recording,
            picture=picture,
            local=self._allow_loopback,
        )
        try:
            await stay.open()  # so that it never rings in vain
        except BaseException:
            self._live = None
            raise
        self._ways.spawn(self._run(stay))
        return stay.call

    async def _run(self, stay: Stay) -> None:
        try:
            await stay.run()
        finally:
            if self._live is stay:
                self._live = None

    def _heard(self, going: GoingOn, live: bool) -> None:  # noqa: FBT001 - a listener's arguments
        stay = self._live
        if stay is not None and stay.call.group == going.group:
            stay.another_began()
        elif live:
            self._ringing.begins(going)

    def _members_changed(self, group: GroupId) -> None:
        if self._live is not None and self._live.call.group == group:
            self._live.group_changed()
