"""Calls that go on in our groups, as far as this device was told: who is called may come in later.

One for each group. It is forgotten when it is over, as soon as somebody says so or its room is not
there any more. Not for: calls that this device is in (`group_calls`), or what stays of them in
the history.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Self

from visavis.core import cbor
from visavis.core.content_group import GroupCallBegan
from visavis.core.content_records import Media
from visavis.core.errors import Code, FatalError
from visavis.core.ids import AccountId, CallId, DoorKey, GroupId, RoomId
from visavis.sdk.store import Store

GOING_ON_KIND: Final = "group.call"

AT_ONCE_S: Final = 45
"""Two calls of one group that begin within this many seconds were begun at once (P9): the one with
the lower id stands. Of others the later one: the one before is over, and nobody could say so."""


@dataclass(frozen=True, slots=True)
class GoingOn:
    """A call that goes on in a group.

    Attributes:
        group: Which group.
        call: The call.
        room: Its room at the server.
        door: Seals what is said at the room's door.
        media: As what it began.
        by: Who began it.
        at: When, unix seconds.
    """

    group: GroupId
    call: CallId
    room: RoomId = field(repr=False)
    door: DoorKey = field(repr=False)
    media: Media
    by: AccountId
    at: int

    @classmethod
    def of(cls, group: GroupId, by: AccountId, said: GroupCallBegan) -> Self:
        """Return the call that a member says it began."""
        return cls(group, said.call, said.room, said.door, said.media, by, said.at)

    def to_bytes(self) -> bytes:
        """Return the stored form."""
        whole = [self.call, self.room, self.door, self.by]
        return cbor.encode([*(bytes(one) for one in whole), self.media.value, self.at])

    @classmethod
    def from_bytes(cls, group: bytes, data: bytes) -> Self:
        """Read the stored form."""
        match cbor.decode(data):
            case [bytes(call), bytes(room), bytes(door), bytes(by), str(media), int(at)]:
                return cls(
                    GroupId(group),
                    CallId(call),
                    RoomId(room),
                    DoorKey(door),
                    Media(media),
                    AccountId(by),
                    at,
                )
            case _:
                raise FatalError(Code.MALFORMED, "a call of a group cannot be read")


class GroupCallBook:
    """What is kept of calls that go on.

    Args:
        store: The profile's.
        now: Unix seconds.
    """

    def __init__(self, store: Store, now: Callable[[], int]) -> None:
        self._store = store
        self._now = now
        self._heard: list[Callable[[GoingOn, bool], None]] = []
        self._unheard: list[tuple[GoingOn, int]] = []
        self._dropped: list[Callable[[GroupId], None]] = []
        self._over: list[Callable[[GroupId, CallId], None]] = []

    def on_began(self, listener: Callable[[GoingOn, bool], None]) -> None:
        """Register who is told of a call that a member began, and whether we hear it live."""
        self._heard.append(listener)
        unheard, self._unheard = self._unheard, []
        for call, until in unheard:
            if self._now() < until:
                listener(call, True)

    def on_over(self, listener: Callable[[GroupId, CallId], None]) -> None:
        """Register who is told that a member said that a call is over."""
        self._over.append(listener)

    def on_dropped(self, listener: Callable[[GroupId], None]) -> None:
        """Register who is told that we are out of a group."""
        self._dropped.append(listener)

    def get(self, group: GroupId) -> GoingOn | None:
        """Return the call that goes on in a group."""
        data = self._store.get(GOING_ON_KIND, group)
        return None if data is None else GoingOn.from_bytes(group, data)

    def note(self, call: GoingOn) -> bool:
        """Keep a call, if it is the one that stands in its group; say whether it does."""
        known = self.get(call.group)
        if known is not None and not _stands(call, known):
            return known.call == call.call
        self._store.put(GOING_ON_KIND, call.group, call.to_bytes())
        return True

    def began(self, call: GoingOn, *, live: bool) -> bool:
        """Keep a call that a member says it began; say whether that is news and it stands."""
        known = self.get(call.group)
        stands = self.note(call)
        if live and not self._heard:
            # Whoever begins to listen because it rings does so a moment later.
            self._unheard.append((call, self._now() + AT_ONCE_S))
        for listener in self._heard:
            listener(call, live)
        return stands and (known is None or known.call != call.call)

    def over(self, group: GroupId, call: CallId) -> None:
        """Forget a call that a member says is over."""
        self.forget(group, call)
        self._unheard = [one for one in self._unheard if one[0].call != call]
        for listener in self._over:
            listener(group, call)

    def forget(self, group: GroupId, call: CallId) -> None:
        """Forget a call, if it is the one that goes on."""
        known = self.get(group)
        if known is not None and known.call == call:
            self._store.delete(GOING_ON_KIND, group)

    def drop(self, group: GroupId) -> None:
        """Forget what goes on in a group that we are out of."""
        self._store.delete(GOING_ON_KIND, group)
        for listener in self._dropped:
            listener(group)


def _stands(new: GoingOn, known: GoingOn) -> bool:
    if abs(new.at - known.at) <= AT_ONCE_S:
        return new.call < known.call
    return new.at > known.at
