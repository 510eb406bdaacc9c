"""Devices of a group call in the call room of a real server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from tests.sdk.group_call_crew import NOW

from visavis.core import content_room as room
from visavis.core import group_call_types as t
from visavis.core.content_group_call import GroupCallAnswer, GroupCallOffer
from visavis.core.group_call_types import LeftReason
from visavis.core.ids import Capability, FeedId, MailboxId, RoomId, RoomKey
from visavis.core.mls import MemberInfo
from visavis.media.call_frames import CallFrames
from visavis.sdk.group_call_keys import GroupCallKeys
from visavis.sdk.group_call_shell import GroupCallShell
from visavis.testing.raw_client import RawDevice
from visavis.transport.call_room import CallRoomSocket, Place, Ticket

ROOM = RoomId(b"a call room: 16.")


def ticket_of(device: RawDevice) -> Ticket:
    """Return with what a device makes a room."""
    return Ticket(MailboxId(device.mailbox), Capability(device.capabilities[0]))


class Overheard:
    """Hands on what the room says of the SFU, and nothing else of media."""

    def __init__(self, on_sfu: Callable[[room.FromRoom], None]) -> None:
        self.room_says = on_sfu

    def members(self, own: int, others: frozenset[int]) -> None:
        pass

    def announced(self, leaf: int, feed: FeedId | None) -> None:
        pass

    def told(self, leaf: int, content: GroupCallOffer | GroupCallAnswer) -> None:
        pass


class RoomPerson:
    """One device in the call; number 0 makes the room."""

    def __init__(
        self,
        number: int,
        keys: GroupCallKeys,
        origin: str,
        ticket: Ticket,
        on_sfu: Callable[[room.FromRoom], None] | None = None,
    ) -> None:
        self.keys = keys
        self.ended: list[LeftReason] = []
        self.frames = CallFrames()
        self.room = CallRoomSocket(origin, ROOM, self._place, ticket=ticket, new=number == 0)
        self.shell = GroupCallShell(keys, self.room, self.frames, self, unix=lambda: NOW)
        if on_sfu is not None:
            self.shell.attach(Overheard(on_sfu))
        self.room.start()
        self.task = asyncio.create_task(self.shell.run())

    def _place(self) -> Place:
        return Place(self.keys.epoch, RoomKey(self.keys.room_key()))

    def changed(self, came: Sequence[MemberInfo], went: Sequence[MemberInfo]) -> None:
        pass

    def unlisted(self, count: int) -> None:
        assert count == 0

    def over(self, reason: LeftReason) -> None:
        self.ended.append(reason)

    @property
    def state(self) -> t.Inside:
        assert isinstance(self.shell.state, t.Inside)
        return self.shell.state
