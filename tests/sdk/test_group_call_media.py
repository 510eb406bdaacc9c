"""The media of a group call without a network: which way it goes, and what is never shown."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

import pytest
import pytest_asyncio
from tests.sdk.group_call_ends import Ears

from visavis.core import content_room as room
from visavis.core.content_group_call import GroupCallAnswer, GroupCallOffer
from visavis.core.content_room_fields import Feed, OfferedSection, Refusal, WatchedFeed
from visavis.core.errors import Code, PeerError, UnavailableError
from visavis.core.frame_keys import FrameKind
from visavis.core.ids import FeedId
from visavis.media.call_frames import CallFrames
from visavis.media.fan import Fan
from visavis.media.interfaces import TurnServer
from visavis.media.sfu_link import FromOne, _Place
from visavis.media.silence import SilenceSource
from visavis.sdk import group_call_media
from visavis.sdk.group_call_media import GroupCallMedia

KEY = bytes(range(32))
FEEDS = [FeedId(bytes([number]) * 16) for number in range(6)]


def keyed(leaf: int) -> CallFrames:
    frames = CallFrames()
    frames.install(1, KEY, set(range(8)) - {leaf})
    frames.send_in(1, KEY, leaf)
    return frames


def test_a_frame_in_anothers_place_is_refused() -> None:
    """CK-870: nothing is shown as another's, nor where nobody announced a feed."""
    places: list[int | None] = [1, 2, None]
    opened: list[int] = []
    told: list[FrameKind] = []
    here = keyed(0)
    views = [
        FromOne(
            here,
            lambda leaf, place=place: leaf == place,  # type: ignore[misc]
            lambda leaf, _: opened.append(leaf),
            told.append,
        )
        for place in places
    ]
    sender = keyed(1).new_context("audio")
    for view in views[1:]:
        with pytest.raises(PeerError) as refused:
            view.decrypt(sender.encrypt(b"sound", "audio"), "audio")
        assert refused.value.code is Code.DECRYPTION
    assert (opened, told) == ([], [])  # it is sealed as it should be
    assert views[0].decrypt(sender.encrypt(b"sound", "audio"), "audio") == b"sound"
    assert (opened, told) == ([1], [])


def test_who_is_late_is_not_accused() -> None:
    """Only what is not sealed with the call's keys tells against a member."""
    told: list[FrameKind] = []
    here, slow, liar = keyed(0), keyed(1), keyed(1)
    liar.send_in(2, bytes(32), 1)
    view = FromOne(here, lambda _: True, lambda *_: None, told.append)
    early = keyed(1)
    early.send_in(3, KEY, 1)
    once = slow.new_context("audio").encrypt(b"sound", "audio")
    stranger = keyed(9).new_context("audio").encrypt(b"sound", "audio")  # a leaf that is none
    assert view.decrypt(once, "audio") == b"sound"
    ahead = early.new_context("audio").encrypt(b"sound", "audio")
    for frame in (once, stranger, ahead):
        with pytest.raises(PeerError):
            view.decrypt(frame, "audio")
    assert told == []
    here.install(2, KEY, set(range(1, 8)))
    for frame in (liar.new_context("audio").encrypt(b"sound", "audio"), b"\x78 in the clear"):
        with pytest.raises(PeerError):
            view.decrypt(frame, "audio")
    assert told == ["audio", "audio"]


@pytest.mark.parametrize(("source", "kind"), [("1", "video"), ("2", "screen")])
def test_a_screen_is_not_shown_as_a_camera_nor_a_camera_as_a_screen(
    source: str, kind: FrameKind
) -> None:
    """CK-894: whatever a server calls a section; and nobody is accused of what the server did."""
    told: list[FrameKind] = []
    here = keyed(0)
    section = OfferedSection("1", FEEDS[1], source)
    place = _Place(lambda: section, lambda feed: {FEEDS.index(feed)}, lambda *_: None)
    view = FromOne(here, place.may, place.opened, told.append, place.fits)
    sender = keyed(1).new_context("video")
    frame = b"\x10" + bytes(20)
    assert view.decrypt(sender.encrypt(frame, kind), "video") == frame  # the control
    assert place.now() is not None
    other: FrameKind = "screen" if kind == "video" else "video"
    with pytest.raises(PeerError, match="CK-894"):
        view.decrypt(sender.encrypt(frame, other), "video")
    assert told == []
    assert view.decrypt(sender.encrypt(frame, kind), "video") == frame


def test_what_is_in_a_section_is_what_its_name_says() -> None:
    """CK-894: and nothing of what was in it before is taken for what is in it now."""
    here: list[OfferedSection] = [OfferedSection("1", FEEDS[1], "1")]
    place = _Place(lambda: here[-1], lambda feed: {FEEDS.index(feed)}, lambda *_: None)
    assert place.now() is None
    place.opened(1, "video")
    assert place.now() == (1, "camera")
    for source, role in (("2", "screen"), ("0", "audio"), ("3", None), ("", None)):
        here.append(OfferedSection("1", FEEDS[1], source))
        assert place.now() is None  # nothing of it opened yet
        place.opened(1, "video")
        assert place.now() == (None if role is None else (1, role))
    here.append(OfferedSection("1", FEEDS[2], "1"))
    place.opened(1, "video")  # not whose it is now
    assert place.now() is None


class Table:
    """The call's media at a table: what it says to the room and to members is written down."""

    def __init__(self) -> None:
        self.said: list[room.ToRoom] = []
        self.told: list[tuple[int, GroupCallOffer | GroupCallAnswer]] = []
        self.feed: FeedId | None = None
        self.ears = Ears()
        self.asked = 0
        self.media = GroupCallMedia(
            keyed(0),
            Fan(SilenceSource(), video=False),
            self.ears,
            video=False,
            turn=self.turn,
            send=self.said.append,
            seat=self,
        )
        self.media.start()

    async def turn(self) -> Sequence[TurnServer]:
        self.asked += 1
        raise UnavailableError(Code.NO_RELAY, "none at this table")

    def announce(self, feed: FeedId | None) -> None:
        self.feed = feed

    def tell(self, leaf: int, content: GroupCallOffer | GroupCallAnswer) -> bool:
        self.told.append((leaf, content))
        return True

    def enter(self, *, has_sfu: bool) -> None:
        self.media.room_says(room.RoomEntered(0, (), 1, has_sfu=has_sfu, most=200))

    def words(self, kind: type[room.ToRoom]) -> list[room.ToRoom]:
        return [one for one in self.said if isinstance(one, kind)]


@pytest_asyncio.fixture
async def table() -> AsyncIterator[Table]:
    made = Table()
    try:
        yield made
    finally:
        await made.media.close()


async def until(condition: Callable[[], object], timeout_s: float = 10) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.02)


async def test_only_announced_feeds_of_members_are_watched(table: Table) -> None:
    """P14"""
    table.enter(has_sfu=True)
    table.media.members(0, frozenset({1, 2, 3}))
    await until(lambda: table.words(room.RoomPublish))
    for leaf in (1, 2):
        table.media.announced(leaf, FEEDS[leaf])
    table.media.announced(5, FEEDS[5])  # no member
    everything = tuple(Feed(feed, number) for number, feed in enumerate(FEEDS))
    table.media.room_says(room.RoomFeeds(everything))
    await until(lambda: table.words(room.RoomWatch))
    watched = table.words(room.RoomWatch)[-1]
    assert isinstance(watched, room.RoomWatch)
    assert [one.feed for one in watched.feeds] == [FEEDS[1], FEEDS[2]]
    # Whoever goes is watched no more; whoever announces later is.
    table.media.members(0, frozenset({2, 3}))
    table.media.announced(3, FEEDS[3])
    await until(
        lambda: (
            [one.feed for one in table.words(room.RoomWatch)[-1].feeds]  # type: ignore[union-attr]
            == [FEEDS[2], FEEDS[3]]
        )
    )
    assert table.ears.went == [1]


async def test_what_is_sent_may_have_a_screen_later(table: Table) -> None:
    """The same feeds are listed once more: watched anew, so that the room takes up its section."""
    table.enter(has_sfu=True)
    table.media.announced(1, FEEDS[1])
    table.media.members(0, frozenset({1}))
    await until(lambda: table.words(room.RoomPublish))
    table.media.watch({})
    for times in (1, 2):
        table.media.room_says(room.RoomFeeds((Feed(FEEDS[1], 1),)))
        await until(lambda: len(table.words(room.RoomWatch)) == times)  # noqa: B023
    await asyncio.sleep(0.5)
    always = WatchedFeed(FEEDS[1], ("0", "2"))
    assert table.words(room.RoomWatch) == [room.RoomWatch((always,))] * 2


async def test_no_candidate_is_told_to_the_room(table: Table) -> None:
    """CK-814, R-32"""
    table.enter(has_sfu=True)
    table.media.members(0, frozenset({1, 2, 3}))
    await until(lambda: table.words(room.RoomPublish))
    (offer,) = table.words(room.RoomPublish)
    assert isinstance(offer, room.RoomPublish)
    assert "m=audio" in offer.sdp
    assert "a=candidate" not in offer.sdp
    own = table.media._up
    assert own is not None
    assert "a=candidate" in own.pc.localDescription.sdp  # the control: there are some


async def test_three_need_no_sfu_and_four_do(table: Table) -> None:
    table.enter(has_sfu=True)
    table.media.members(0, frozenset({1, 2}))
    await until(lambda: table.asked)  # for the mesh: only a relay will do
    await asyncio.sleep(0.5)
    assert not table.words(room.RoomPublish)
    table.media.members(0, frozenset({1, 2, 3}))
    await until(lambda: table.words(room.RoomPublish))
    assert not table.media.stats().lacks_sfu


async def test_a_third_comes_where_the_others_are(table: Table) -> None:
    """Calls that were larger stay with the SFU: who comes sends there, too."""
    table.enter(has_sfu=True)
    table.media.announced(1, FEEDS[1])
    table.media.members(0, frozenset({1, 2}))
    await until(lambda: table.words(room.RoomPublish))


async def test_without_an_sfu_it_is_said(table: Table) -> None:
    table.enter(has_sfu=False)
    table.media.members(0, frozenset({1, 2}))
    await until(lambda: table.asked)
    assert not table.media.stats().lacks_sfu
    table.media.members(0, frozenset({1, 2, 3}))
    assert table.media.stats().lacks_sfu
    assert not table.words(room.RoomPublish)


async def test_it_publishes_anew_after_the_sfu_or_the_room_was_lost(table: Table) -> None:
    table.enter(has_sfu=True)
    table.media.members(0, frozenset({1, 2, 3}))
    await until(lambda: len(table.words(room.RoomPublish)) == 1)
    table.media.room_says(room.RoomSfuLost())
    table.media.room_says(room.RoomSfuBack())
    await until(lambda: len(table.words(room.RoomPublish)) == 2)
    table.enter(has_sfu=True)
    await until(lambda: len(table.words(room.RoomPublish)) == 3)
    for offer in table.words(room.RoomPublish)[1:]:
        assert offer != table.words(room.RoomPublish)[0]


async def test_a_publication_that_was_refused_is_tried_again(table: Table) -> None:
    table.enter(has_sfu=True)
    table.media.members(0, frozenset({1, 2, 3}))
    await until(lambda: len(table.words(room.RoomPublish)) == 1)
    refusal = room.RoomRefused(Refusal.UNAVAILABLE, "room.publish")
    table.media.room_says(refusal)
    await until(lambda: len(table.words(room.RoomPublish)) == 2, 20)


async def test_what_is_refused_because_the_sfu_was_lost_holds_up_nothing(table: Table) -> None:
    table.enter(has_sfu=True)
    table.media.members(0, frozenset({1, 2, 3}))
    await until(lambda: len(table.words(room.RoomPublish)) == 1)
    table.media.room_says(room.RoomSfuLost())
    for asked in ("room.publish", "room.watch", "room.answer"):
        table.media.room_says(room.RoomRefused(Refusal.UNAVAILABLE, asked))
    table.media.room_says(room.RoomSfuBack())
    await until(lambda: len(table.words(room.RoomPublish)) == 2)
    assert table.media._watch_again == 0.0
    assert not table.words(room.RoomWatch)


async def test_a_watch_that_was_refused_is_asked_again(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_call_media, "AGAIN_S", 0.5)
    table.enter(has_sfu=True)
    table.media.announced(1, FEEDS[1])
    table.media.members(0, frozenset({1}))
    table.media.room_says(room.RoomFeeds((Feed(FEEDS[1], 1),)))
    await until(lambda: table.words(room.RoomWatch))
    await asyncio.sleep(0.7)
    assert len(table.words(room.RoomWatch)) == 1  # the control: without a word it is asked once
    table.media.room_says(room.RoomRefused(Refusal.UNAVAILABLE, "room.watch"))
    await until(lambda: len(table.words(room.RoomWatch)) == 2)
    # A refused answer: the connection is of no use, and another one begins.
    before = table.media._down
    table.media.room_says(room.RoomRefused(Refusal.UNEXPECTED, "room.answer"))
    await until(lambda: len(table.words(room.RoomWatch)) == 4)
    assert [len(one.feeds) for one in table.words(room.RoomWatch)] == [1, 1, 0, 1]  # type: ignore[union-attr]
    assert table.media._down is not before


@pytest.mark.parametrize("answer", ["nothing", "v=0\r\ns=-\r\nt=0 0\r\n"])
async def test_an_answer_that_does_not_fit(table: Table, answer: str) -> None:
    """CK-871: nothing is announced, and it is published anew."""
    table.enter(has_sfu=True)
    table.media.members(0, frozenset({1, 2, 3}))
    await until(lambda: len(table.words(room.RoomPublish)) == 1)
    table.media.room_says(room.RoomPublished(answer, FEEDS[0]))
    await until(lambda: len(table.words(room.RoomPublish)) == 2)
    assert table.feed is None


@pytest.mark.parametrize("left_out", ["a=setup", "m=audio", "a=mid", "a=ice-ufrag"])
async def test_an_answer_without_a_line(table: Table, left_out: str) -> None:
    """CK-871: whatever is missing in it, media goes on and is published anew."""
    table.enter(has_sfu=True)
    table.media.members(0, frozenset({1, 2, 3}))
    await until(lambda: len(table.words(room.RoomPublish)) == 1)
    (offered,) = table.words(room.RoomPublish)
    assert isinstance(offered, room.RoomPublish)
    answer = offered.sdp.replace("sendonly", "recvonly").replace("actpass", "active")
    lines = answer.splitlines(keepends=True)
    short = "".join(line for line in lines if not line.startswith(left_out))
    assert short != answer
    table.media.room_says(room.RoomPublished(short, FEEDS[0]))
    await until(lambda: len(table.words(room.RoomPublish)) == 2)
    assert table.feed is None
