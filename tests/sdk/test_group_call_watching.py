"""Whose feeds are watched, and how large; and what two who announce one feed can do."""

from __future__ import annotations

import pytest
from tests.sdk.test_group_call_media import FEEDS, keyed

from visavis.core.content_room import RoomLayers
from visavis.core.content_room_fields import OfferedSection, WatchedFeed
from visavis.media.call_frames import CallFrames
from visavis.media.sfu_link import FromOne
from visavis.sdk.group_call_watching import Watching

OTHERS = frozenset({1, 2, 3})


def three() -> Watching:
    book = Watching()
    for leaf in OTHERS:
        assert book.announced(leaf, FEEDS[leaf])
    book.feeds = frozenset(FEEDS)
    return book


def test_everybody_is_heard_and_whoever_is_looked_at_is_seen() -> None:
    """And screens are got of everybody: nobody says when one begins."""
    book = three()
    assert book.wanted(OTHERS) == tuple(WatchedFeed(FEEDS[leaf]) for leaf in (1, 2, 3))
    book.look({2: 90})
    always = ("0", "2")
    assert book.wanted(OTHERS) == (
        WatchedFeed(FEEDS[1], always),
        WatchedFeed(FEEDS[2]),
        WatchedFeed(FEEDS[3], always),
    )
    book.look({})
    assert {one.mids for one in book.wanted(OTHERS)} == {always}
    book.look(None)
    assert {one.mids for one in book.wanted(OTHERS)} == {None}


def test_a_small_tile_gets_a_small_picture() -> None:
    book = three()
    sections = [
        OfferedSection("4", FEEDS[1], "0"),
        OfferedSection("5", FEEDS[1], "1"),
        OfferedSection("6", FEEDS[2], "1"),
        OfferedSection("7", FEEDS[1], "2"),  # a screen is read: as large as it is sent
    ]
    assert book.layers(sections) == []  # as large as there is, as the SFU gives it
    book.look({1: 180, 2: 361})
    assert book.layers(sections) == [RoomLayers("5", 0, 2)]
    assert book.layers(sections) == []  # said once
    book.look({1: 181, 2: 361})
    assert book.layers(sections) == [RoomLayers("5", 1, 2)]
    # The section is another feed's: the SFU gives the largest layer of that one.
    assert book.layers([OfferedSection("5", FEEDS[2], "1")]) == []
    assert book.layers(sections) == [RoomLayers("5", 1, 2)]


def test_two_announce_one_feed() -> None:
    """CK-870: the liar gains nothing, and the one who is lied about loses nothing."""
    book = three()
    book.announced(3, FEEDS[1])
    assert book.wanted(OTHERS) == (WatchedFeed(FEEDS[1]), WatchedFeed(FEEDS[2]))
    assert book.whose(FEEDS[1]) == {1, 3}
    opened: list[int] = []
    here: CallFrames = keyed(0)
    view = FromOne(
        here,
        lambda leaf: leaf in book.whose(FEEDS[1]),
        lambda leaf, _: opened.append(leaf),
        pytest.fail,
    )
    sealed = keyed(1).new_context("audio").encrypt(b"sound", "audio")
    assert view.decrypt(sealed, "audio") == b"sound"
    assert opened == [1]  # it is shown as whose it is


def test_nobody_watches_themselves() -> None:
    book = three()
    book.own = FEEDS[0]
    book.announced(3, FEEDS[0])
    assert FEEDS[0] not in [one.feed for one in book.wanted(OTHERS)]
    book.own = None  # the control: it is for no other reason
    assert FEEDS[0] in [one.feed for one in book.wanted(OTHERS)]


def test_what_is_announced_ends() -> None:
    book = three()
    assert not book.announced(1, FEEDS[1])
    assert book.announced(1, None)
    book.gone(2)
    assert book.wanted(OTHERS) == (WatchedFeed(FEEDS[3]),)
    book.gone(3)
    assert not book
