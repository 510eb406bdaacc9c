"""States, events, effects and tuning constants of the keys of a group call (`core/group_call.py`).

One machine is one device in one group call. A member is a leaf of the call group; who that is, the
shell knows. A leaf that was removed may be given to somebody else by the same commit, so who came
and who went is said with each epoch and never worked out from two sets of leaves.

Not for: ringing (`core/call.py`), the MLS group itself, media, or the call room's frames.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeAlias

from visavis.core.errors import Code
from visavis.core.ids import Digest

GATHER_S: Final = 0.1
"""From the first wish to come or to go until it is committed. Higher: more wishes share one change
of keys; lower: a leaver's keys end, and a joiner hears, sooner."""

TAKE_OVER_S: Final = 0.5
"""How long each member waits for the one before it to commit. Higher: fewer commits at once on slow
networks; lower: a member that vanished holds up less."""

SWITCH_S: Final = 0.5
"""From the first epoch that senders do not use yet until they do, ready or not. Higher: slow
members lose fewer frames; lower: frames are sealed with keys that a leaver had for less long."""

ASK_AGAIN_S: Final = 3.0
"""Between two requests of a joiner that nobody let in."""

MAX_ADDS: Final = 8
"""Joiners in one commit. Higher: fewer changes of keys when many come at once; lower: smaller
messages (a key package takes 3 KiB)."""

MAX_WISHES: Final = 64
"""Joiners who wait at once. Beyond it they are refused, and ask again."""


class LeftReason(StrEnum):
    """Why this device is in the call no longer."""

    LEFT = "left"
    REMOVED = "removed"
    NOBODY = "nobody"
    """Nobody let it in before the time was over."""


# States


@dataclass(frozen=True, slots=True)
class Idle:
    """Nothing has happened yet."""


@dataclass(frozen=True, slots=True)
class Asking:
    """A joiner that waits to be let in; it holds no key of the call."""

    joiner: Digest
    again_at: float
    expires_at: float


@dataclass(frozen=True, slots=True)
class Inside:
    """A member of the call group.

    Attributes:
        own: Our leaf.
        epoch: The newest epoch here, whose frames we can open.
        leaves: Its members.
        sending: The epoch that our frames are sealed with; None: nothing is sent yet.
        going: Members who said that they leave, whose connection ended, or who are to be removed.
        joiners: Who wants to come, oldest first.
        wished_at: When the first wish that is not committed yet came up.
        offered: The epoch that our own commit leads from, while the room has not answered it.
        ready: The newest epoch that each other member said it can open.
        switch_at: When senders switch, ready or not; None: they have.
        in_room: Whether the room can be reached.
    """

    own: int
    epoch: int
    leaves: frozenset[int]
    sending: int | None = None
    going: frozenset[int] = frozenset()
    joiners: tuple[Digest, ...] = ()
    wished_at: float | None = None
    offered: int | None = None
    ready: Mapping[int, int] = field(default_factory=lambda: MappingProxyType({}))
    switch_at: float | None = None
    in_room: bool = True


@dataclass(frozen=True, slots=True)
class Outside:
    """Terminal: the keys are gone."""

    reason: LeftReason


State: TypeAlias = Idle | Asking | Inside | Outside


# Events


@dataclass(frozen=True, slots=True)
class JoinRequested:
    """A person wants to come into the call; `joiner` is the reference of our key package."""

    now: float
    joiner: Digest
    expires_at: float


@dataclass(frozen=True, slots=True)
class EpochBegan:
    """A commit was applied here, or a Welcome, or we made the group.

    Attributes:
        now: Monotonic seconds.
        epoch: The epoch it leads to.
        own: Our leaf.
        leaves: All members.
        came: Leaves that were added.
        went: Leaves that were removed.
        admitted: Key packages that were added.
    """

    now: float
    epoch: int
    own: int
    leaves: frozenset[int]
    came: frozenset[int] = frozenset()
    went: frozenset[int] = frozenset()
    admitted: frozenset[Digest] = frozenset()


@dataclass(frozen=True, slots=True)
class JoinWished:
    """Somebody who may come wants to; the shell has checked their key package."""

    now: float
    joiner: Digest


@dataclass(frozen=True, slots=True)
class JoinWithdrawn:
    """A joiner does not want to any more, or its key package is no good."""

    now: float
    joiner: Digest


@dataclass(frozen=True, slots=True)
class MemberGoing:
    """A member said that it leaves, its connection ended, or it is to be removed."""

    now: float
    leaf: int


@dataclass(frozen=True, slots=True)
class MemberBack:
    """A member whose connection ended is there again, before it was removed."""

    now: float
    leaf: int


@dataclass(frozen=True, slots=True)
class CommitLost:
    """Our commit of this epoch was not the first of it, or the room did not take it."""

    now: float
    epoch: int


@dataclass(frozen=True, slots=True)
class ReadyReceived:
    """A member can open frames of this epoch."""

    now: float
    leaf: int
    epoch: int


@dataclass(frozen=True, slots=True)
class RoomLost:
    """The connection to the call room ended."""

    now: float


@dataclass(frozen=True, slots=True)
class RoomEntered:
    """The call room is there again, and every commit we lacked was applied."""

    now: float


@dataclass(frozen=True, slots=True)
class LeaveRequested:
    """A person leaves the call."""


@dataclass(frozen=True, slots=True)
class WasRemoved:
    """A commit removed us."""


@dataclass(frozen=True, slots=True)
class DeadlineReached:
    """The time of the last `SetDeadline`, or an earlier one, has come."""

    now: float


Event: TypeAlias = (
    JoinRequested
    | EpochBegan
    | JoinWished
    | JoinWithdrawn
    | MemberGoing
    | MemberBack
    | CommitLost
    | ReadyReceived
    | RoomLost
    | RoomEntered
    | LeaveRequested
    | WasRemoved
    | DeadlineReached
)


# Effects


@dataclass(frozen=True, slots=True)
class AskToJoin:
    """Send our key package to the members."""


@dataclass(frozen=True, slots=True)
class Commit:
    """Make a commit of the present epoch and offer it to the room."""

    add: tuple[Digest, ...]
    remove: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class DropLeaves:
    """Open no frame of these leaves any more, in any epoch so far; before `InstallKeys`."""

    leaves: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class InstallKeys:
    """Open frames of this epoch from now on."""

    epoch: int


@dataclass(frozen=True, slots=True)
class SendReady:
    """Say to the members that frames of this epoch can be opened here."""

    epoch: int


@dataclass(frozen=True, slots=True)
class SwitchSending:
    """Seal frames with the keys of this epoch, and wipe the sending keys of the one before."""

    epoch: int


@dataclass(frozen=True, slots=True)
class Evict:
    """Have the room cut these leaves off; the shell knows their numbers there."""

    leaves: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Announce:
    """Say to the person, visibly and audibly, who came and who went (R-25)."""

    came: tuple[int, ...]
    went: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SayLeaving:
    """Say to the members that we leave."""


@dataclass(frozen=True, slots=True)
class WipeKeys:
    """Drop every key of the call, and leave the room."""


@dataclass(frozen=True, slots=True)
class ReportOutside:
    """Say to the person why this device is in the call no longer."""

    reason: LeftReason


@dataclass(frozen=True, slots=True)
class SetDeadline:
    """Tell `DeadlineReached` at this time, and not at any time set before; None: at no time."""

    at: float | None


@dataclass(frozen=True, slots=True)
class Reject:
    """A member or the room broke the protocol; the state is unchanged."""

    code: Code


Effect: TypeAlias = (
    AskToJoin
    | Commit
    | DropLeaves
    | InstallKeys
    | SendReady
    | SwitchSending
    | Evict
    | Announce
    | SayLeaving
    | WipeKeys
    | ReportOutside
    | SetDeadline
    | Reject
)


@dataclass(frozen=True, slots=True)
class Step:
    """The next state, and the effects to carry out in order."""

    state: State
    effects: tuple[Effect, ...] = ()
