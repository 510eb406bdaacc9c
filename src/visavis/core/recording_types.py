"""States, events, effects and tuning constants of consent to a recording (`core/recording.py`).

One machine is one device in one call. People are the consent keys of their devices, which stand in
the leaves of the call's group: whoever is in the group has one, and everybody knows whose it is.

Not for: how statements are signed (`recording_statements`), or what a recording is (`vvrec`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeAlias

from visavis.core.errors import Code
from visavis.core.ids import ConsentKey, Digest

HOLD_S: Final = 5.0
"""For how long a joiner waits to hear from each member whether anybody asks to record, before it
hears and is heard. Higher: a member that hangs holds a joiner up; lower: more joiners are asked
only after they were heard (and not recorded: nothing is, while somebody has not agreed)."""

MAX_ASKS: Final = 3
"""How often one member may ask in one call. Higher lets somebody be asked until they give in."""


class Kind(StrEnum):
    """What is recorded; each is agreed to by itself."""

    AUDIO = "audio"
    VIDEO = "video"
    SCREEN = "screen"
    TRANSCRIPT = "transcript"


Kinds: TypeAlias = frozenset[Kind]
Members: TypeAlias = frozenset[ConsentKey]


class OverReason(StrEnum):
    """Why nobody asks, or records, any more."""

    REFUSED = "refused"
    """Somebody does not agree. The call goes on."""
    WITHDRAWN = "withdrawn"
    """Somebody who had agreed does not any more."""
    STOPPED = "stopped"
    """Who asked has ended it."""
    GONE = "gone"
    """Who asked is in the call no longer."""
    CALL_OVER = "call_over"
    """The call is over here."""


# States


@dataclass(frozen=True, slots=True)
class Grant:
    """Somebody's yes.

    Attributes:
        kinds: To what.
        members: Among whom. It stands while members only leave (P17).
    """

    kinds: Kinds
    members: Members


@dataclass(frozen=True, slots=True)
class Ask:
    """A request to record that is neither refused nor over.

    Attributes:
        by: Who asks, and would record.
        kinds: What.
        grants: Who agreed; the newest of each.
        recorded: What is recorded, as who asks says; of our own, what we do record.
        shown: What the person here is shown to be recorded.
    """

    by: ConsentKey
    kinds: Kinds
    grants: Mapping[ConsentKey, Grant] = field(default_factory=lambda: MappingProxyType({}))
    recorded: Kinds = frozenset()
    shown: Kinds = frozenset()


@dataclass(frozen=True, slots=True)
class InCall:
    """This device is in the call.

    Attributes:
        own: Our consent key.
        members: Whose are in the call's group now, ours among them.
        never: Of these, who said that they are never to be recorded.
        sets: By its hash, each set of members among whom a yes that was said can still stand.
        asks: What is asked now, by the hash of the request.
        over: Requests that are over: what comes late of them is swallowed.
        numbers: The number of the last statement of each other member.
        said: The number of our own last one.
        counts: How often each member asked.
        waits: As a joiner: who has not told us yet what is asked.
        named: As a joiner: what somebody said is asked, and has not come yet.
        hold_until: Until when we wait for that; None: we do not.
        held: Whether we neither hear nor are heard yet.
    """

    own: ConsentKey
    members: Members
    never: Members = frozenset()
    sets: Mapping[Digest, Members] = field(default_factory=lambda: MappingProxyType({}))
    asks: Mapping[Digest, Ask] = field(default_factory=lambda: MappingProxyType({}))
    over: frozenset[Digest] = frozenset()
    numbers: Mapping[ConsentKey, int] = field(default_factory=lambda: MappingProxyType({}))
    said: int = 0
    counts: Mapping[ConsentKey, int] = field(default_factory=lambda: MappingProxyType({}))
    waits: Members = frozenset()
    named: frozenset[Digest] = frozenset()
    hold_until: float | None = None
    held: bool = False


@dataclass(frozen=True, slots=True)
class CallOver:
    """Terminal: nothing is recorded any more."""


State: TypeAlias = InCall | CallOver


# Events


@dataclass(frozen=True, slots=True)
class MembersChanged:
    """The call's group has a new epoch; told before any frame of it is opened or sealed."""

    members: Members
    never: Members


@dataclass(frozen=True, slots=True)
class MemberReady:
    """A member can open frames of the newest epoch, and says what it knows to be asked."""

    by: ConsentKey
    asks: frozenset[Digest]


@dataclass(frozen=True, slots=True)
class AskWanted:
    """The person here wants to record."""

    ask: Digest
    kinds: Kinds


@dataclass(frozen=True, slots=True)
class AskReceived:
    """A member wants to record; `ask` is the hash of its signed request."""

    by: ConsentKey
    number: int
    ask: Digest
    kinds: Kinds


@dataclass(frozen=True, slots=True)
class PersonAgreed:
    """The person here agrees to these kinds."""

    ask: Digest
    kinds: Kinds


@dataclass(frozen=True, slots=True)
class PersonRefused:
    """The person here does not agree."""

    ask: Digest


@dataclass(frozen=True, slots=True)
class PersonWithdrew:
    """The person here agreed, and does not any more."""

    ask: Digest


@dataclass(frozen=True, slots=True)
class PersonStopped:
    """The person here asked, and ends it."""

    ask: Digest


@dataclass(frozen=True, slots=True)
class GrantReceived:
    """A member agrees; `members` is the hash of those among whom."""

    by: ConsentKey
    number: int
    ask: Digest
    kinds: Kinds
    members: Digest


@dataclass(frozen=True, slots=True)
class RefusalReceived:
    """A member does not agree."""

    by: ConsentKey
    number: int
    ask: Digest


@dataclass(frozen=True, slots=True)
class WithdrawalReceived:
    """A member does not agree any more."""

    by: ConsentKey
    number: int
    ask: Digest


@dataclass(frozen=True, slots=True)
class ProgressReceived:
    """Who asked says what is recorded from now on; nothing: it pauses."""

    by: ConsentKey
    number: int
    ask: Digest
    kinds: Kinds


@dataclass(frozen=True, slots=True)
class EndReceived:
    """Who asked ends it."""

    by: ConsentKey
    number: int
    ask: Digest


@dataclass(frozen=True, slots=True)
class HoldEnded:
    """The time of `HoldMedia` has come."""

    now: float


@dataclass(frozen=True, slots=True)
class CallEnded:
    """This device is in the call no longer."""


Event: TypeAlias = (
    MembersChanged
    | MemberReady
    | AskWanted
    | AskReceived
    | PersonAgreed
    | PersonRefused
    | PersonWithdrew
    | PersonStopped
    | GrantReceived
    | RefusalReceived
    | WithdrawalReceived
    | ProgressReceived
    | EndReceived
    | HoldEnded
    | CallEnded
)


# Effects


@dataclass(frozen=True, slots=True)
class HoldMedia:
    """Let nothing be heard, and send nothing, until `ReleaseMedia`; tell `HoldEnded` then."""

    until: float


@dataclass(frozen=True, slots=True)
class ReleaseMedia:
    """Hear, and be heard."""


@dataclass(frozen=True, slots=True)
class AskPerson:
    """Ask the person here, with equal buttons and nothing chosen."""

    ask: Digest


@dataclass(frozen=True, slots=True)
class SendAsk:
    """Sign our request under this number, and send it."""

    ask: Digest
    number: int


@dataclass(frozen=True, slots=True)
class SendAskAgain:
    """Send our request once more as it was, for who has come since."""

    ask: Digest


@dataclass(frozen=True, slots=True)
class SendGrant:
    """Sign a yes and send it."""

    ask: Digest
    number: int
    kinds: Kinds
    members: Digest


@dataclass(frozen=True, slots=True)
class SendRefusal:
    """Sign a no and send it."""

    ask: Digest
    number: int


@dataclass(frozen=True, slots=True)
class SendWithdrawal:
    """Sign that we do not agree any more, send it, and delete our share of the key."""

    ask: Digest
    number: int


@dataclass(frozen=True, slots=True)
class SendProgress:
    """Sign what is recorded from now on and who is there, and send it."""

    ask: Digest
    number: int
    kinds: Kinds


@dataclass(frozen=True, slots=True)
class SendEnd:
    """Sign that we have ended it, and send that."""

    ask: Digest
    number: int


@dataclass(frozen=True, slots=True)
class Record:
    """Record exactly these kinds of all members from now on; none: record nothing."""

    ask: Digest
    kinds: Kinds


@dataclass(frozen=True, slots=True)
class Show:
    """Show the person, unhideably and audibly, what is or may be recorded; none: nothing."""

    ask: Digest
    by: ConsentKey
    kinds: Kinds


@dataclass(frozen=True, slots=True)
class TellOver:
    """Say to the person that nobody asks or records any more, and why."""

    ask: Digest
    reason: OverReason


@dataclass(frozen=True, slots=True)
class Reject:
    """A member broke the protocol; the state is unchanged."""

    code: Code


Effect: TypeAlias = (
    HoldMedia
    | ReleaseMedia
    | AskPerson
    | SendAsk
    | SendAskAgain
    | SendGrant
    | SendRefusal
    | SendWithdrawal
    | SendProgress
    | SendEnd
    | Record
    | Show
    | TellOver
    | Reject
)


@dataclass(frozen=True, slots=True)
class Step:
    """The next state, and the effects to carry out in order."""

    state: State
    effects: tuple[Effect, ...] = ()
