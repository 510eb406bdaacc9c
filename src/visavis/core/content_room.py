"""Messages between a member and a call room at the server (docs/protocol/call-room.md).

Map {"v": 1, "t": type, ...}, one in each WebSocket message. Two families, by direction:

    encode_to_room / decode_to_room        what a member says to the room
    encode_from_room / decode_from_room    what the room says to a member

Unlike sealed content, the server reads these. What people say to each other stands inside `body`,
sealed by the call group; descriptions (SDP) hold no address of a member (CK-814).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Final, TypeAlias

from visavis.core.content_family import Family
from visavis.core.content_fields import (
    Array,
    Content,
    Fixed,
    Flag,
    Maybe,
    Nested,
    Text,
    Uint,
    Word,
)
from visavis.core.content_room_fields import (
    MAX_LAYER,
    MAX_MEMBERS,
    MAX_NUMBER,
    MAX_PUBLISH_SDP,
    MAX_ROOM_MESSAGE,
    MAX_STREAMS,
    MAX_WATCH_SDP,
    CommitField,
    EpochField,
    Feed,
    FeedField,
    KeyHashField,
    KnockField,
    MemberField,
    MidField,
    OfferedSection,
    Refusal,
    RoomField,
    RoomKeyField,
    SaidField,
    WatchedFeed,
    Why,
)
from visavis.core.errors import Code, PeerError
from visavis.core.ids import Capability, MailboxId

# ---- To the room ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, repr=False)
class RoomCreate(Content):
    """Make a room and enter it; the only message that presents a capability (P12)."""

    TYPE: ClassVar = {"t": "room.create"}
    room: RoomField
    mailbox: Annotated[MailboxId, Fixed(MailboxId)]
    capability: Annotated[Capability, Fixed(Capability)]
    n: EpochField
    """Epoch of the call group that the first commit leads from."""
    key: KeyHashField
    """SHA-256 of that epoch's room key."""


@dataclass(frozen=True, slots=True, repr=False)
class RoomEnter(Content):
    """Enter a room with its present key."""

    TYPE: ClassVar = {"t": "room.enter"}
    room: RoomField
    key: RoomKeyField


@dataclass(frozen=True, slots=True, repr=False)
class RoomKnock(Content):
    """Ask those inside to be let in, from outside; again to ask again."""

    TYPE: ClassVar = {"t": "room.knock"}
    room: RoomField
    body: KnockField


@dataclass(frozen=True, slots=True, repr=False)
class RoomLetIn(Content):
    """Answer somebody at the door: with what lets them into the call group."""

    TYPE: ClassVar = {"t": "room.let_in"}
    knock: MemberField
    body: CommitField


@dataclass(frozen=True, slots=True, repr=False)
class RoomSay(Content):
    """Pass something on to all others, or to one."""

    TYPE: ClassVar = {"t": "room.say"}
    body: SaidField
    to: Annotated[int | None, Maybe(Uint(MAX_NUMBER))] = None


@dataclass(frozen=True, slots=True, repr=False)
class RoomCommit(Content):
    """Offer a commit that leads from epoch `n`; it rolls the room's key (P8)."""

    TYPE: ClassVar = {"t": "room.commit"}
    n: EpochField
    key: RoomKeyField
    body: CommitField
    next: KeyHashField


@dataclass(frozen=True, slots=True, repr=False)
class RoomPull(Content):
    """Ask for the commits numbered `first` and above."""

    TYPE: ClassVar = {"t": "room.pull"}
    first: EpochField


@dataclass(frozen=True, slots=True, repr=False)
class RoomEvict(Content):
    """Cut a member off; with the present key of the room."""

    TYPE: ClassVar = {"t": "room.evict"}
    member: MemberField
    key: RoomKeyField


@dataclass(frozen=True, slots=True, repr=False)
class RoomLeave(Content):
    """Leave."""

    TYPE: ClassVar = {"t": "room.leave"}


@dataclass(frozen=True, slots=True, repr=False)
class RoomPong(Content):
    """The answer to `RoomPing`."""

    TYPE: ClassVar = {"t": "room.pong"}


@dataclass(frozen=True, slots=True, repr=False)
class RoomPublish(Content):
    """Send media to the SFU, or change what is sent: an offer without candidates."""

    TYPE: ClassVar = {"t": "room.publish"}
    sdp: Annotated[str, Text(MAX_PUBLISH_SDP)]


@dataclass(frozen=True, slots=True, repr=False)
class RoomWatch(Content):
    """Get these feeds and no others; none ends the connection for receiving."""

    TYPE: ClassVar = {"t": "room.watch"}
    feeds: Annotated[tuple[WatchedFeed, ...], Array(Nested(WatchedFeed), MAX_MEMBERS, 0)]


@dataclass(frozen=True, slots=True, repr=False)
class RoomAnswer(Content):
    """The answer to the newest `RoomOffer`, without candidates."""

    TYPE: ClassVar = {"t": "room.answer"}
    sdp: Annotated[str, Text(MAX_WATCH_SDP)]


@dataclass(frozen=True, slots=True, repr=False)
class RoomLayers(Content):
    """Choose which simulcast layer of a section is got: 0 is the smallest."""

    TYPE: ClassVar = {"t": "room.layers"}
    mid: MidField
    substream: Annotated[int, Uint(MAX_LAYER)]
    temporal: Annotated[int, Uint(MAX_LAYER)]


ToRoom: TypeAlias = (
    RoomCreate
    | RoomEnter
    | RoomKnock
    | RoomLetIn
    | RoomSay
    | RoomCommit
    | RoomPull
    | RoomEvict
    | RoomLeave
    | RoomPong
    | RoomPublish
    | RoomWatch
    | RoomAnswer
    | RoomLayers
)


# ---- From the room -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, repr=False)
class RoomEntered(Content):
    """You are in."""

    TYPE: ClassVar = {"t": "room.entered"}
    member: MemberField
    """Your number; the room gives none twice."""
    members: Annotated[tuple[int, ...], Array(Uint(MAX_NUMBER), MAX_MEMBERS, 0)]
    """The others'."""
    n: EpochField
    """Number that the next commit will have."""
    has_sfu: Annotated[bool, Flag()]
    """Whether there can be more than three."""
    most: Annotated[int, Uint(MAX_MEMBERS, 1)]
    """How many the room holds."""


@dataclass(frozen=True, slots=True, repr=False)
class RoomCame(Content):
    """Somebody came in."""

    TYPE: ClassVar = {"t": "room.came"}
    member: MemberField


@dataclass(frozen=True, slots=True, repr=False)
class RoomGone(Content):
    """Somebody is in no more; to yourself it is the last message."""

    TYPE: ClassVar = {"t": "room.gone"}
    member: MemberField
    why: Annotated[Why, Word(Why)]


@dataclass(frozen=True, slots=True, repr=False)
class RoomKnocked(Content):
    """Somebody is at the door; `knock` is its number there."""

    TYPE: ClassVar = {"t": "room.knocked"}
    knock: MemberField
    body: KnockField


@dataclass(frozen=True, slots=True, repr=False)
class RoomAnswered(Content):
    """To who is at the door: what a member answers."""

    TYPE: ClassVar = {"t": "room.answered"}
    body: CommitField


@dataclass(frozen=True, slots=True, repr=False)
class RoomSaid(Content):
    """What a member said."""

    TYPE: ClassVar = {"t": "room.said"}
    member: MemberField
    body: SaidField


@dataclass(frozen=True, slots=True, repr=False)
class RoomCommitted(Content):
    """What became of your commit; not accepted: another one won, and it comes or came."""

    TYPE: ClassVar = {"t": "room.committed"}
    n: EpochField
    accepted: Annotated[bool, Flag()]


@dataclass(frozen=True, slots=True, repr=False)
class RoomOrdered(Content):
    """The one commit that leads from epoch `n`."""

    TYPE: ClassVar = {"t": "room.ordered"}
    n: EpochField
    body: CommitField


@dataclass(frozen=True, slots=True, repr=False)
class RoomPulled(Content):
    """The end of what `RoomPull` asked for: the next commit wanted from here is `n`."""

    TYPE: ClassVar = {"t": "room.pulled"}
    n: EpochField


@dataclass(frozen=True, slots=True, repr=False)
class RoomPing(Content):
    """Are you there? Answer with `RoomPong`."""

    TYPE: ClassVar = {"t": "room.ping"}


@dataclass(frozen=True, slots=True, repr=False)
class RoomPublished(Content):
    """The SFU's answer to your offer, and the id by which the others get it."""

    TYPE: ClassVar = {"t": "room.published"}
    sdp: Annotated[str, Text(MAX_PUBLISH_SDP)]
    feed: FeedField


@dataclass(frozen=True, slots=True, repr=False)
class RoomFeeds(Content):
    """All feeds that can be watched now. A hint: which feed is whose is said in the call group."""

    TYPE: ClassVar = {"t": "room.feeds"}
    feeds: Annotated[tuple[Feed, ...], Array(Nested(Feed), MAX_MEMBERS, 0)]


@dataclass(frozen=True, slots=True, repr=False)
class RoomOffer(Content):
    """The SFU's description of what you get now."""

    TYPE: ClassVar = {"t": "room.offer"}
    sdp: Annotated[str, Text(MAX_WATCH_SDP)]
    streams: Annotated[tuple[OfferedSection, ...], Array(Nested(OfferedSection), MAX_STREAMS, 0)]


@dataclass(frozen=True, slots=True, repr=False)
class RoomSfuLost(Content):
    """The SFU died; all feeds are gone with it."""

    TYPE: ClassVar = {"t": "room.sfu_lost"}


@dataclass(frozen=True, slots=True, repr=False)
class RoomSfuBack(Content):
    """The SFU is there again: publish and watch anew."""

    TYPE: ClassVar = {"t": "room.sfu_back"}


@dataclass(frozen=True, slots=True, repr=False)
class RoomRefused(Content):
    """Something that you asked for was not done, and changed nothing."""

    TYPE: ClassVar = {"t": "room.refused"}
    code: Annotated[Refusal, Word(Refusal)]
    asked: Annotated[str, Text(16, line=True)]
    """The `t` of what you asked for."""


FromRoom: TypeAlias = (
    RoomEntered
    | RoomCame
    | RoomGone
    | RoomKnocked
    | RoomAnswered
    | RoomSaid
    | RoomCommitted
    | RoomOrdered
    | RoomPulled
    | RoomPing
    | RoomPublished
    | RoomFeeds
    | RoomOffer
    | RoomSfuLost
    | RoomSfuBack
    | RoomRefused
)

# CK-801: one type of this direction, exactly its fields, within their bounds.
_UNKNOWN: Final = "CK-801: no such message to a room, or from one"
_TO: Final = Family[ToRoom](ToRoom, most=MAX_ROOM_MESSAGE, unknown=_UNKNOWN)
_FROM: Final = Family[FromRoom](FromRoom, most=MAX_ROOM_MESSAGE, unknown=_UNKNOWN)


def encode_to_room(message: ToRoom) -> bytes:
    """Encode what a member says.

    Raises:
        PeerError: `TOO_LARGE`.
        UsageError: The room would refuse it.
    """
    return _TO.encode(message)


def decode_to_room(data: bytes) -> ToRoom:
    """Decode what a member said.

    Raises:
        PeerError: `MALFORMED` (CK-250, CK-271, CK-801).
    """
    return _TO.decode(_bounded(data))


def encode_from_room(message: FromRoom) -> bytes:
    """Encode what the room says; raises as `encode_to_room`."""
    return _FROM.encode(message)


def decode_from_room(data: bytes) -> FromRoom:
    """Decode what the room said; raises as `decode_to_room`."""
    return _FROM.decode(_bounded(data))


def _bounded(data: bytes) -> bytes:
    if len(data) > MAX_ROOM_MESSAGE:
        raise PeerError(Code.MALFORMED, "CK-801: a room message beyond the largest")
    return data
