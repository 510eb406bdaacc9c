"""Whose feeds this device gets from the SFU, and how large: a pure book (P14).

    sound, screens   of everybody who announced a feed
    cameras          of those who are looked at, in the smallest layer that fills the tile

Only what members announced inside the call group is watched. Two may announce the same feed, and
one of them lies: the feed is watched once, and each frame is shown as its sealer's (CK-870). A
screen is got whoever looks: nobody says when one begins (twin: `web/media/group_watching.ts`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from visavis.core.content_room import RoomLayers
from visavis.core.content_room_fields import MAX_LAYER, OfferedSection, WatchedFeed
from visavis.core.ids import FeedId
from visavis.media.sections import SECTIONS, role_of

ALWAYS: Final = (SECTIONS["audio"], SECTIONS["screen"])
"""The sections that are got of everybody; the room leaves out what a feed does not have."""

TILES: Final = (180, 360)
"""Lines of a tile up to which layer 0 is enough, and layer 1. Higher saves traffic, lower is
sharper."""


class Watching:
    """What members announced, what there is, and what is looked at."""

    def __init__(self) -> None:
        self._announced: dict[int, FeedId] = {}
        self._tiles: Mapping[int, int] | None = None
        self._layers: dict[tuple[str, FeedId], int] = {}
        self.own: FeedId | None = None
        """Our own feed; never watched, whoever announces it."""
        self.feeds: frozenset[FeedId] = frozenset()
        """What can be watched now."""

    def __bool__(self) -> bool:
        """Say whether anybody sends to the SFU."""
        return bool(self._announced)

    def announced(self, leaf: int, feed: FeedId | None) -> bool:
        """Note what a member sends; say whether that is new."""
        if self._announced.get(leaf) == feed:
            return False
        self.gone(leaf)
        if feed is not None:
            self._announced[leaf] = feed
        return True

    def gone(self, leaf: int) -> None:
        """A member is gone."""
        self._announced.pop(leaf, None)

    def look(self, tiles: Mapping[int, int] | None) -> None:
        """Get pictures of these leaves alone, for tiles of so many lines; None: of all."""
        self._tiles = None if tiles is None else dict(tiles)

    def whose(self, feed: FeedId) -> frozenset[int]:
        """Return who announced a feed."""
        return frozenset(leaf for leaf, one in self._announced.items() if one == feed)

    def wanted(self, others: Collection[int]) -> tuple[WatchedFeed, ...]:
        """Return what is to be watched of these members."""
        feeds = dict.fromkeys(
            feed
            for leaf, feed in sorted(self._announced.items())
            if leaf in others and feed in self.feeds and feed != self.own
        )
        return tuple(WatchedFeed(feed, None if self._is_seen(feed) else ALWAYS) for feed in feeds)

    def began(self) -> None:
        """A new connection to the SFU: it gives the largest layer of everything."""
        self._layers.clear()

    def layers(self, sections: Collection[OfferedSection]) -> list[RoomLayers]:
        """Return what is to be said of layers now, and count it as said."""
        said = []
        before, self._layers = self._layers, {}
        for one in sections:
            if role_of(one.source) != "camera":
                continue  # a screen is read: as it is sent, in one layer
            key, layer = (one.mid, one.feed), self._layer(one.feed)
            if before.get(key, MAX_LAYER) != layer:
                said.append(RoomLayers(one.mid, layer, MAX_LAYER))
            self._layers[key] = layer
        return said

    def _is_seen(self, feed: FeedId) -> bool:
        return self._tiles is None or any(leaf in self._tiles for leaf in self.whose(feed))

    def _layer(self, feed: FeedId) -> int:
        if self._tiles is None:
            return MAX_LAYER
        lines = max((self._tiles.get(leaf, 0) for leaf in self.whose(feed)), default=0)
        return sum(lines > most for most in TILES)
