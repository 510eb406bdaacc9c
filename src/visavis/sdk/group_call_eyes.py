"""What one member sees in the call room: who is there and not in the call, and the other way round.

Not for: when it looks, or what the machine makes of it (`group_call_shell`).
"""

from __future__ import annotations

from collections.abc import Iterator

from visavis.core import group_call_types as t
from visavis.sdk.group_call_hands import Hands
from visavis.sdk.group_call_presence import Presence
from visavis.sdk.group_call_seam import Watcher


class Eyes:
    """Looks around.

    Args:
        presence: Who is in the room.
        hands: Cut off who should be gone.
        watcher: Told of strangers (R-25).
    """

    def __init__(self, presence: Presence, hands: Hands, watcher: Watcher) -> None:
        self._presence = presence
        self._hands = hands
        self._watcher = watcher
        self._strangers = 0

    def look(self, state: t.Inside, now: float) -> Iterator[t.Event]:
        """Do about the room what is to be done; yield what the machine has to know, in order."""
        for number in self._presence.still_there(now):
            # Whoever should have had them cut off did not: it may be gone itself.
            self._hands.evict(number)
        strangers = self._presence.strangers(now)
        if strangers != self._strangers:
            self._strangers = strangers
            self._watcher.unlisted(strangers)
        for leaf in self._presence.absent(now):
            if leaf != state.own and leaf not in state.going:
                yield t.MemberGoing(now, leaf)
