"""Calls: the part of the facade (`client.py`) that calls people and groups, and is called.

The services behind it load the media libraries, and so only once they are needed. Not for: the
history of calls (`client_calls.py`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from visavis.core.content_records import Media
from visavis.sdk.client_links import Linking
from visavis.sdk.client_shown import Contact
from visavis.sdk.group_actions import PeopleGroup

if TYPE_CHECKING:
    from visavis.sdk.calls import Call, CallService, IncomingCall, MissedCall
    from visavis.sdk.group_call_objects import GroupCall, IncomingGroupCall
    from visavis.sdk.group_calls import GroupCallService


@dataclass(slots=True)
class Calling(Linking):
    """The part of `Client` that has calls."""

    _allow_loopback: bool = False
    _calls: CallService | None = field(default=None, repr=False)
    _group_calls: GroupCallService | None = field(default=None, repr=False)

    # With one contact

    async def call(
        self,
        contact: Contact,
        media: str = "video",
        *,
        source: Any,
        sink: Any,
        leave_no_trace: bool = False,
        confidential: bool = False,
    ) -> Call:
        """Call a contact.

        Args:
            contact: Whom.
            media: "video" or "voice".
            source: Where our picture and sound come from.
            sink: Where theirs go.
            leave_no_trace: Do not tell them of the call if nobody answers it, and keep nothing of
                it here.
            confidential: Only to a verified contact, through a relay, and keeping nothing of it.

        Raises:
            AuthorizationError: NOT_VERIFIED, `confidential` and the safety number was not compared.
        """
        calls = await self._call_service()
        return await calls.call(
            contact.account,
            media,
            source=source,
            sink=sink,
            leave_no_trace=leave_no_trace,
            confidential=confidential,
        )

    async def incoming(self) -> AsyncIterator[IncomingCall]:
        """Yield calls that ring on this device."""
        calls = await self._call_service()
        async for call in calls.incoming():
            yield call

    async def missed(self) -> AsyncIterator[MissedCall]:
        """Yield calls that could not ring here, or rang while we were away."""
        calls = await self._call_service()
        async for call in calls.missed():
            yield call

    async def _call_service(self) -> CallService:
        if self._calls is None:
            from visavis.sdk.calls import CallService  # noqa: PLC0415 - aiortc loads late

            self._calls = CallService(
                self._session,
                allow_loopback=self._allow_loopback,
                recording=self._session.recording,
            )
            await self._calls.start()
        return self._calls

    # With a group

    async def call_group(
        self, group: PeopleGroup, media: str = "video", *, source: Any, sink: Any
    ) -> GroupCall:
        """Come into the call that goes on in a group, or begin one, which rings at the others.

        Args:
            group: Which group.
            media: "video" or "voice", if it is begun.
            source: Where our picture and sound come from.
            sink: Where the others' go, by their leaf (`visavis.media.interfaces.GroupSink`).

        Raises:
            UsageError: This device is in a call.
            AuthorizationError: REFUSED, we are in no such group.
            UnavailableError: NO_DEVICE.
        """
        from visavis.sdk.group_call_objects import Ends  # noqa: PLC0415 - aiortc loads late

        calls = await self._group_call_service()
        return await calls.call(group.group, Media(media), Ends(source, sink))

    async def incoming_group_calls(self) -> AsyncIterator[IncomingGroupCall]:
        """Yield group calls that ring on this device."""
        calls = await self._group_call_service()
        async for call in calls.incoming():
            yield call

    async def _group_call_service(self) -> GroupCallService:
        if self._group_calls is None:
            from visavis.sdk.group_calls import GroupCallService  # noqa: PLC0415 - aiortc loads late

            calls = await self._call_service()
            self._group_calls = GroupCallService(
                self._session,
                calls.is_live,
                self._session.recording,
                allow_loopback=self._allow_loopback,
            )
            self._group_calls.start()
            calls.elsewhere = self._group_calls.is_in_call
        return self._group_calls

    async def _leave_call_with(self, contact: Contact) -> None:
        """End the call with a contact, if there is one."""
        if self._calls is not None:
            await self._calls.leave(contact.account)

    async def _end_calls(self) -> None:
        """End whatever call there is."""
        if self._calls is not None:
            await self._calls.close()
            self._calls = None
        if self._group_calls is not None:
            await self._group_calls.close()
            self._group_calls = None
