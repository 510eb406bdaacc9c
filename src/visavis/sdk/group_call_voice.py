"""What one member says in the group of a call, over its room.

Not for: when it is said (`group_call_shell`).
"""

from __future__ import annotations

from collections.abc import Callable

from visavis.core.content import encode_in_group_call
from visavis.core.content_group_call import (
    MAX_ASKED,
    GroupCallLeaving,
    GroupCallReaction,
    GroupCallReady,
    GroupCallState,
    InGroupCall,
    Reaction,
    ToOne,
)
from visavis.core.content_receipt import AboutReceipt
from visavis.core.content_recording import RecordingSaid
from visavis.core.content_room import RoomSay
from visavis.core.ids import Digest, FeedId
from visavis.sdk.group_call_keys import GroupCallKeys
from visavis.sdk.group_call_presence import Presence
from visavis.sdk.group_call_seam import CallRoom


class Voice:
    """Seals what a member says for all the others, or for one.

    Args:
        keys: Our membership.
        room: Passes it on.
        presence: Knows our number, and those of the others.

    Attributes:
        feed: What we send to the SFU.
        state: What we show of ourselves; None: nothing was said of it yet.
        asks: Returns the requests to record that we know to go on.
    """

    def __init__(self, keys: GroupCallKeys, room: CallRoom, presence: Presence) -> None:
        self._keys = keys
        self._room = room
        self._presence = presence
        self.feed: FeedId | None = None
        self.state: GroupCallState | None = None
        self.asks: Callable[[], tuple[Digest, ...]] = tuple

    def ready(self, epoch: int, to: int | None = None) -> None:
        """Say that we can open frames of an epoch; nothing before the room gave us a number."""
        if self._presence.own is not None:
            ready = GroupCallReady(epoch, self._presence.own, self.feed, self.asks()[:MAX_ASKED])
            self._say(ready, to)

    def leaving(self) -> None:
        """Say that we leave."""
        self._say(GroupCallLeaving())

    def shows(self, to: int | None = None) -> None:
        """Say what we show of ourselves, if there is anything to say."""
        if self.state is not None:
            self._say(self.state, to)

    def react(self, reaction: Reaction) -> None:
        """Show all a reaction."""
        self._say(GroupCallReaction(reaction))

    def about_recording(self, said: RecordingSaid, to: int | None = None) -> None:
        """Say what we signed about recording."""
        self._say(said, to)

    def about_receipt(self, said: AboutReceipt, to: int | None = None) -> None:
        """Say something of a signed receipt."""
        self._say(said, to)

    def tell(self, leaf: int, content: ToOne) -> bool:
        """Say something to one member; False if it is not in the room, as far as we know."""
        number = self._presence.number_of(leaf)
        if number is not None:
            self._say(content, to=number)
        return number is not None

    def _say(self, content: InGroupCall, to: int | None = None) -> None:
        self._room.send(RoomSay(self._keys.encrypt(encode_in_group_call(content)), to))
