"""What the shell of a group call needs from around it: the call room, frames, people.

`group_call_shell` is built on these and knows nothing else of the SDK.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from visavis.core.content_group_call import GroupCallAnswer, GroupCallOffer, Sign
from visavis.core.content_room import FromRoom, ToRoom
from visavis.core.group_call_types import LeftReason
from visavis.core.ids import FeedId
from visavis.core.mls import MemberInfo
from visavis.transport.call_room import RoomEvent


class CallRoom(Protocol):
    """A call room; `transport.call_room.CallRoomSocket` is one.

    What comes is in the order in which the room had it. What is sent while the connection is away
    is dropped.
    """

    async def next(self) -> RoomEvent:
        """Return what comes next."""
        ...

    def send(self, message: ToRoom) -> None:
        """Say something to the room."""
        ...

    async def leave(self) -> None:
        """Leave and close the connection."""
        ...


class Door(Protocol):
    """What is said at the room's door; `group_call_entry.Doorkeeper` is one."""

    def key_package(self, knock: bytes) -> bytes:
        """Return the key package of somebody who knocks. PeerError: it is none for us."""
        ...

    def answer(self, key_package: bytes, welcome: bytes) -> bytes:
        """Seal a Welcome for who knocked with this key package. PeerError: TOO_LARGE."""
        ...


class Frames(Protocol):
    """Frame keys; `media.call_frames.CallFrames` is one."""

    def install(self, epoch: int, base_key: bytes, leaves: set[int]) -> None:
        """Open the others' frames of an epoch."""
        ...

    def remove_leaf(self, leaf: int) -> None:
        """Open no frame of a leaf any more, in any epoch so far."""
        ...

    def send_in(self, epoch: int, base_key: bytes, leaf: int) -> None:
        """Seal frames with an epoch's keys from now on."""
        ...

    def wipe(self) -> None:
        """Drop every key."""
        ...


class Media(Protocol):
    """Whoever sends and gets media; `group_call_media.GroupCallMedia` is one."""

    def room_says(self, message: FromRoom) -> None:
        """Take what the room says of the SFU, and that we entered it, anew perhaps."""
        ...

    def members(self, own: int, others: frozenset[int]) -> None:
        """Take who is in the call now, by leaf; told with each epoch."""
        ...

    def announced(self, leaf: int, feed: FeedId | None) -> None:
        """A member says what it sends to the SFU."""
        ...

    def told(self, leaf: int, content: GroupCallOffer | GroupCallAnswer) -> None:
        """A member says something to us about the connection between us."""
        ...


class Watcher(Protocol):
    """Whoever shows the call to a person."""

    def changed(self, came: Sequence[MemberInfo], went: Sequence[MemberInfo]) -> None:
        """Somebody came or went."""
        ...

    def said(self, leaf: int, sign: Sign) -> None:
        """A member shows something of itself, or asks us for something."""
        ...

    def unlisted(self, count: int) -> None:
        """So many are in the room who are no members of the call: they hear nothing (R-25)."""
        ...

    def over(self, reason: LeftReason) -> None:
        """This device is in the call no longer."""
        ...
