"""The Sfu port: a selective forwarding unit (RFC 7667, 3.7) for calls of more than three.

Each member sends its sealed frames once and gets those of the others; the SFU copies packets and
opens nothing. It is told no name, no account and no call: a room is a place in its memory, a feed
an id of random bytes. What the port is *not* for: deciding who may be in a room (that is the call
room's key, checked before any of this is asked for), nor keys.

::

    Sfu.open_room -> SfuRoom.seat -> SfuSeat.publish(offer) -> answer, feed
                                             watch(feeds)   -> event Offered, then answer(sdp)
                                             leave

Descriptions are SDP (RFC 8866). A seat takes them from its member as text that nobody has checked,
and refuses what `visavis.media.sfu_sdp` does not know.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from visavis.core.errors import Code, UnavailableError

FEED_BYTES = 16
"""A feed's id: random, made for each time that a member begins to send."""

MAX_LAYER = 2
"""Highest number of a simulcast or temporal layer."""


@dataclass(frozen=True, slots=True)
class FeedUp:
    """The seat's own feed stands: others may watch it. Emitted anew when its sections change."""

    feed: bytes


@dataclass(frozen=True, slots=True)
class FeedGone:
    """The seat's own feed ended: its connection was hung up, or another feed took its place."""

    feed: bytes


@dataclass(frozen=True, slots=True)
class MediaFlows:
    """Whether anything comes on the seat's feed, each time that changes.

    False after a second or two without anything: its member may be gone.
    """

    flows: bool


@dataclass(frozen=True, slots=True)
class OfferedStream:
    """One section of an offer to a seat: whose media it carries.

    Attributes:
        mid: The section's identification in the offer (RFC 5888).
        feed: 16 bytes.
        source: The section's identification in the description of whoever sends.
    """

    mid: str
    feed: bytes
    source: str


@dataclass(frozen=True, slots=True)
class Offered:
    """A new description of what the seat gets; `SfuSeat.answer` takes the answer to it."""

    sdp: str
    streams: tuple[OfferedStream, ...]


SfuEvent: TypeAlias = FeedUp | FeedGone | MediaFlows | Offered


@dataclass(frozen=True, slots=True)
class Published:
    """The answer to an offer, and under which id the others get what is sent."""

    sdp: str
    feed: bytes


@dataclass(frozen=True, slots=True)
class Wanted:
    """A feed that a seat wants to get.

    Attributes:
        feed: 16 bytes.
        mids: Which of its sections, as its sender named them; empty for all. One that it does not
            have is left out.
    """

    feed: bytes
    mids: tuple[str, ...] = ()


class SfuSeat(Protocol):
    """One member's place in a room. Requests of one seat are made one after the other."""

    async def publish(self, offer: str) -> Published:
        """Begin to send, or change what is sent.

        An offer with the certificate of the one before changes that connection (more or fewer
        sections, ICE restart); one with another certificate begins a new feed.

        Raises:
            PeerError: MALFORMED: not a description that may be sent here.
            UnavailableError: NO_SFU, or it did not take the offer.
        """
        ...

    async def watch(self, wanted: Sequence[Wanted]) -> None:
        """Get these feeds and no others; nothing at all ends the connection for receiving.

        A feed without `mids` stands for the sections that it has now: ask again when it is emitted
        anew.

        Emits `Offered`, at once or after the answer to an offer that is on its way.

        Raises:
            UnavailableError: NO_SFU, or it does not know one of the feeds (any more).
        """
        ...

    async def answer(self, sdp: str) -> None:
        """Take the answer to the newest `Offered`.

        Raises:
            PeerError: MALFORMED, or UNEXPECTED: nothing was offered.
            UnavailableError: NO_SFU.
        """
        ...

    async def layers(self, mid: str, substream: int, temporal: int) -> None:
        """Choose the simulcast layer of one section that the seat gets.

        Args:
            mid: The section, as `Offered` names it.
            substream: 0 (smallest picture) to 2.
            temporal: 0 (fewest pictures a second) to 2.

        Raises:
            UnavailableError: NO_SFU, or the section is none.
        """
        ...

    async def ask_key_frame(self) -> None:
        """Have this seat's member asked for a key frame.

        Raises:
            UnavailableError: NO_SFU, or the seat sends nothing.
        """
        ...

    async def leave(self) -> None:
        """End both connections; a second call does nothing, and it never fails."""
        ...


class SfuRoom(Protocol):
    """A room of the SFU: its seats get each other's feeds, and nobody else's."""

    def seat(self, emit: Callable[[SfuEvent], None]) -> SfuSeat:
        """Return a seat for one member.

        Args:
            emit: Gets the seat's events; must not fail.
        """
        ...

    async def close(self) -> None:
        """End the room and whatever is left in it; it never fails."""
        ...


class Sfu(Protocol):
    """An SFU that the server can start, stop and open rooms in."""

    @property
    def available(self) -> bool:
        """Whether it answers now."""
        ...

    async def start(self) -> None:
        """Start it and return when it answers.

        Raises:
            UnavailableError: It is not installed, or does not answer (NO_SFU).
        """
        ...

    async def stop(self) -> None:
        """Stop it; a second call does nothing."""
        ...

    def listen(self, changed: Callable[[bool], None]) -> None:
        """Have `changed` told, at once, that the SFU was lost (False) or is back (True).

        When it was lost all rooms and seats are gone: they fail with NO_SFU, and new ones are made.
        """
        ...

    async def open_room(self, most: int) -> SfuRoom:
        """Make a room.

        Args:
            most: How many may send in it at one time.

        Raises:
            UnavailableError: NO_SFU.
        """
        ...


class NoSfu:
    """The SFU of a server that runs without one: calls of up to three need none."""

    @property
    def available(self) -> bool:
        """Whether it answers now: never."""
        return False

    async def start(self) -> None:
        """Do nothing."""

    async def stop(self) -> None:
        """Do nothing."""

    def listen(self, changed: Callable[[bool], None]) -> None:
        """Do nothing: what never comes is never lost."""
        del changed

    async def open_room(self, most: int) -> SfuRoom:
        """Refuse.

        Raises:
            UnavailableError: Always.
        """
        del most
        raise UnavailableError(Code.NO_SFU, "this server runs without an SFU")
