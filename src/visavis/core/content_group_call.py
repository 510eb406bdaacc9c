"""Contents of application messages in the group of a group call (docs/protocol/group-call.md).

Map {"v": 1, "t": type, ...}. No id and no time: the group lives as long as the call. They go
through the call room to all members at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar, Final, TypeAlias

from visavis.core.content_call import CandidatesField
from visavis.core.content_fields import Array, Content, Fixed, Flag, Maybe, Uint, Word
from visavis.core.content_receipt import AboutReceipt
from visavis.core.content_recording import RecordingSaid
from visavis.core.content_records import SdpField
from visavis.core.ids import Digest, FeedId

MAX_EPOCH: Final = 2**32 - 1
MAX_ROOM_MEMBER: Final = 2**32 - 1

MAX_ASKED: Final = 64
"""Requests that one member can know: each member has one at a time."""

FlagField: TypeAlias = Annotated[bool, Flag()]
AttemptField: TypeAlias = Annotated[int, Uint(2**16 - 1)]


@dataclass(frozen=True, slots=True, repr=False)
class GroupCallReady(Content):
    """The sender can open frames of this epoch; its number in the room, its feed, what is asked."""

    TYPE: ClassVar = {"t": "groupcall.ready"}
    epoch: Annotated[int, Uint(MAX_EPOCH)]
    member: Annotated[int, Uint(MAX_ROOM_MEMBER)]
    feed: Annotated[FeedId | None, Maybe(Fixed(FeedId))] = None
    """Its feed at the SFU, once it has one: frames of any other are shown to nobody (P14)."""
    asks: Annotated[tuple[Digest, ...], Array(Fixed(Digest), MAX_ASKED, 0)] = ()
    """Requests to record that it knows to go on (`ask_digest`): whoever comes waits for them."""


@dataclass(frozen=True, slots=True, repr=False)
class GroupCallLeaving(Content):
    """The sender leaves the call; whoever commits next removes it."""

    TYPE: ClassVar = {"t": "groupcall.leaving"}


@dataclass(frozen=True, slots=True, repr=False)
class GroupCallOffer(Content):
    """To one member of a small call: a connection between the two of them."""

    TYPE: ClassVar = {"t": "groupcall.offer"}
    attempt: AttemptField
    """The sender's count of its offers to this member; an answer names it."""
    sdp: SdpField
    """Without candidates."""
    candidates: CandidatesField
    """Relayed ones."""


@dataclass(frozen=True, slots=True, repr=False)
class GroupCallAnswer(Content):
    """The answer to `GroupCallOffer`."""

    TYPE: ClassVar = {"t": "groupcall.answer"}
    attempt: AttemptField
    sdp: SdpField
    candidates: CandidatesField


@dataclass(frozen=True, slots=True, repr=False)
class GroupCallState(Content):
    """What the sender shows of itself; the newest counts.

    Nobody is heard or seen by it: who says to be muted and is not is heard all the same.
    """

    TYPE: ClassVar = {"t": "groupcall.state"}
    hand: FlagField
    """It would like to say something."""
    microphone: FlagField
    camera: FlagField
    screen: FlagField
    """It shares a screen; in a mesh it goes in the camera's place."""


class Reaction(StrEnum):
    """What a member shows everybody for some seconds."""

    THUMBS_UP = "thumbs_up"
    CLAP = "clap"
    HEART = "heart"
    LAUGH = "laugh"
    SURPRISED = "surprised"
    CELEBRATE = "celebrate"


@dataclass(frozen=True, slots=True, repr=False)
class GroupCallReaction(Content):
    """The sender shows everybody a reaction, once."""

    TYPE: ClassVar = {"t": "groupcall.reaction"}
    reaction: Annotated[Reaction, Word(Reaction)]


@dataclass(frozen=True, slots=True, repr=False)
class GroupCallPleaseMute(Content):
    """To one member: the sender asks it to mute itself. Nothing happens but that it is asked."""

    TYPE: ClassVar = {"t": "groupcall.please_mute"}


InGroupCall: TypeAlias = (
    GroupCallReady
    | GroupCallLeaving
    | GroupCallOffer
    | GroupCallAnswer
    | GroupCallState
    | GroupCallReaction
    | GroupCallPleaseMute
    | RecordingSaid
    | AboutReceipt
)

ToOne: TypeAlias = GroupCallOffer | GroupCallAnswer | GroupCallPleaseMute
"""What is said to one member alone."""

Sign: TypeAlias = GroupCallState | GroupCallReaction | GroupCallPleaseMute
"""What a member shows, or asks for: it concerns people alone."""
