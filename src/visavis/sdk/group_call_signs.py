"""What members of a group call show of themselves: hands, muted or not, reactions, requests.

All of it is said by members, for people; nothing is sent, heard or muted by it. Times are seconds
of one clock. Not for: how it is said (`group_call_voice`), who is in the call.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from visavis.core.content_group_call import (
    GroupCallPleaseMute,
    GroupCallReaction,
    GroupCallState,
    Sign,
)

REACTION_S: Final = 0.5
"""Between two reactions of one member that are shown. Lower: one member fills the screen."""

ASKS_S: Final = 15.0
"""Between two requests of one member to mute that are shown. Lower: they can be used to pester."""


class Signs:
    """What each member shows now.

    Attributes:
        own: What we show.
    """

    def __init__(self, *, camera: bool) -> None:
        self.own = GroupCallState(hand=False, microphone=True, camera=camera, screen=False)
        self._states: dict[int, GroupCallState] = {}
        self._last: dict[tuple[int, type[Sign]], float] = {}

    def of(self, leaf: int) -> GroupCallState | None:
        """Return what a member shows; None: it has not said."""
        return self._states.get(leaf)

    def anew(self) -> None:
        """Forget what all others show: we come in again, and places are others'."""
        self._states.clear()
        self._last.clear()

    def gone(self, leaves: Iterable[int]) -> None:
        """Forget who went: their places may be others' now."""
        for leaf in leaves:
            self._states.pop(leaf, None)
            for key in [key for key in self._last if key[0] == leaf]:
                del self._last[key]

    def took(self, leaf: int, sign: Sign, now: float) -> bool:
        """Take what a member says; return whether it is to be shown."""
        match sign:
            case GroupCallState():
                changed = self._states.get(leaf) != sign
                self._states[leaf] = sign
                return changed
            case GroupCallReaction():
                return self._is_slow(leaf, sign, now, REACTION_S)
            case GroupCallPleaseMute():
                return self._is_slow(leaf, sign, now, ASKS_S)

    def _is_slow(self, leaf: int, sign: Sign, now: float, least: float) -> bool:
        # CK-873: faster than a person makes them they are dropped.
        key = leaf, type(sign)
        if now - self._last.get(key, -least) < least:
            return False
        self._last[key] = now
        return True
