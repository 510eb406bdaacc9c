"""One example of each message of a call room."""

from __future__ import annotations

from typing import Final

from tests.core.content_examples import Family, rng

from visavis.core import content_room as room
from visavis.core import content_room_fields as room_fields
from visavis.core.ids import Capability, Digest, FeedId, MailboxId, RoomId, RoomKey

ROOM, KEY, HASH, FEED = RoomId(rng(16)), RoomKey(rng(32)), Digest(rng(32)), FeedId(rng(16))

TO_ROOM: Final = Family(
    "to-room",
    room.encode_to_room,
    room.decode_to_room,
    (
        room.RoomCreate(ROOM, MailboxId(rng(16)), Capability(rng(32)), 7, HASH),
        room.RoomEnter(ROOM, KEY),
        room.RoomKnock(ROOM, b"a key package, sealed"),
        room.RoomLetIn(4, b"a Welcome, sealed"),
        room.RoomSay(b"sealed"),
        room.RoomSay(b"sealed", 3),
        room.RoomCommit(7, KEY, b"sealed commit", HASH),
        room.RoomPull(3),
        room.RoomEvict(2, KEY),
        room.RoomLeave(),
        room.RoomPong(),
        room.RoomPublish("v=0\r\n"),
        room.RoomWatch((room_fields.WatchedFeed(FEED), room_fields.WatchedFeed(FEED, ("0", "1")))),
        room.RoomAnswer("v=0\r\n"),
        room.RoomLayers("1", 2, 0),
    ),
)
FROM_ROOM: Final = Family(
    "from-room",
    room.encode_from_room,
    room.decode_from_room,
    (
        room.RoomEntered(2, (0, 1), 7, has_sfu=True, most=200),
        room.RoomCame(3),
        room.RoomGone(3, room_fields.Why.EVICTED),
        room.RoomKnocked(4, b"a key package, sealed"),
        room.RoomAnswered(b"a Welcome, sealed"),
        room.RoomSaid(3, b"sealed"),
        room.RoomCommitted(7, accepted=False),
        room.RoomOrdered(7, b"sealed commit"),
        room.RoomPulled(8),
        room.RoomPing(),
        room.RoomPublished("v=0\r\n", FEED),
        room.RoomFeeds((room_fields.Feed(FEED, 3),)),
        room.RoomOffer("v=0\r\n", (room_fields.OfferedSection("0", FEED, "1"),)),
        room.RoomSfuLost(),
        room.RoomSfuBack(),
        room.RoomRefused(room_fields.Refusal.NO_SFU, "room.publish"),
    ),
)
ROOM_FAMILIES: Final = (TO_ROOM, FROM_ROOM)
ROOM_EXAMPLES: Final = [(family, one) for family in ROOM_FAMILIES for one in family.examples]
ROOM_NAMES: Final = [
    f"{family.rule}-{type(one).__name__}-{number}"
    for number, (family, one) in enumerate(ROOM_EXAMPLES)
]
