"""Bounds, words and records that the messages of a call room have in common (`content_room`)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final, TypeAlias

from visavis.core.content_fields import Array, Blob, Fixed, Maybe, Record, Text, Uint
from visavis.core.ids import Digest, FeedId, RoomId, RoomKey

MAX_ROOM_MESSAGE: Final = 262_144
"""Bytes of one message in either direction."""

MAX_SAID: Final = 65_536
MAX_COMMIT: Final = 250_000
"""Bytes of a commit; as an MLS message in an envelope."""

MAX_KNOCK: Final = 24_576
"""Bytes of what somebody at the door says: a key package, sealed."""

MAX_MEMBERS: Final = 200
MAX_NUMBER: Final = 2**32 - 1
MAX_EPOCH: Final = 2**53 - 1
MAX_PUBLISH_SDP: Final = 65_536
MAX_WATCH_SDP: Final = 240_000
MAX_MIDS: Final = 3
MAX_STREAMS: Final = 400
MAX_LAYER: Final = 2

RoomField: TypeAlias = Annotated[RoomId, Fixed(RoomId)]
RoomKeyField: TypeAlias = Annotated[RoomKey, Fixed(RoomKey)]
KeyHashField: TypeAlias = Annotated[Digest, Fixed(Digest)]
FeedField: TypeAlias = Annotated[FeedId, Fixed(FeedId)]
MemberField: TypeAlias = Annotated[int, Uint(MAX_NUMBER)]
EpochField: TypeAlias = Annotated[int, Uint(MAX_EPOCH)]
SaidField: TypeAlias = Annotated[bytes, Blob(MAX_SAID)]
CommitField: TypeAlias = Annotated[bytes, Blob(MAX_COMMIT)]
KnockField: TypeAlias = Annotated[bytes, Blob(MAX_KNOCK)]
MidField: TypeAlias = Annotated[str, Text(16, line=True)]


class Why(StrEnum):
    """Why a member is no longer in the room."""

    LEFT = "left"
    LOST = "lost"
    EVICTED = "evicted"


class Refusal(StrEnum):
    """Why the room did not do something; the words of `visavis.core.errors.Code`."""

    REFUSED = "refused"
    MALFORMED = "malformed"
    QUOTA = "quota"
    CONFLICT = "conflict"
    UNEXPECTED = "unexpected"
    UNAVAILABLE = "unavailable"
    NO_SFU = "no_sfu"


@dataclass(frozen=True, slots=True, repr=False)
class Feed(Record):
    """What one member sends to the SFU."""

    feed: FeedField
    member: MemberField


@dataclass(frozen=True, slots=True, repr=False)
class WatchedFeed(Record):
    """A feed that a member wants to get; without `mids`, all of it."""

    feed: FeedField
    mids: Annotated[tuple[str, ...] | None, Maybe(Array(Text(16, line=True), MAX_MIDS))] = None


@dataclass(frozen=True, slots=True, repr=False)
class OfferedSection(Record):
    """Whose media a section of an offer carries: `source` is its name where it is sent."""

    mid: MidField
    feed: FeedField
    source: MidField
