"""Commits that the room has and we do not, and one of them that we refuse.

Not for: applying them (`group_call_shell`).
"""

from __future__ import annotations

from enum import Enum, auto

from visavis.core.content_room import RoomPull
from visavis.sdk.group_call_seam import CallRoom


class AfterPull(Enum):
    """What is to be done once the room has said all that it has."""

    NOTHING = auto()
    """Nothing was lacking."""
    BACK = auto()
    """We lack nothing any more."""
    AGAIN = auto()
    """More came meanwhile, and is asked for."""
    REMOVED = auto()
    """This call goes on without us."""


class Pulling:
    """Asks the room for what we lack.

    Args:
        room: The call room.
    """

    def __init__(self, room: CallRoom) -> None:
        self._room = room
        self._lacking: int | None = None  # the epoch whose commits we wait for
        self._doubted: int | None = None  # the epoch after which a commit came that we refuse

    def entered(self, n: int, epoch: int) -> bool:
        """We are in the room, which stands at `n`, and know commits up to `epoch`; are we back?"""
        self._lacking = n if n > epoch else None
        if self._lacking is not None:
            self._pull(epoch)
        return self._lacking is None

    def refused(self, epoch: int) -> None:
        """A commit after this epoch is refused.

        If the room has really taken it, the others are in the next epoch, and nobody hears us in
        this one any more.
        """
        if self._doubted != epoch:
            self._doubted = epoch
            self._pull(epoch)

    def pulled(self, n: int, epoch: int) -> AfterPull:
        """The room, which stands at `n`, has said all that it has, and we are in `epoch`."""
        doubted, self._doubted = self._doubted, None
        if doubted == epoch and n > epoch:
            return AfterPull.REMOVED  # and come in again
        if self._lacking is None:
            return AfterPull.NOTHING
        if epoch >= self._lacking:
            self._lacking = None
            return AfterPull.BACK
        if n > epoch:  # a commit that the room has and we could not apply
            return AfterPull.REMOVED
        self._pull(epoch)
        return AfterPull.AGAIN

    def _pull(self, first: int) -> None:
        self._room.send(RoomPull(first))
