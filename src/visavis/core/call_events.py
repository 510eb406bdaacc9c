"""What can happen to a call: past participles.

`Unverified` input never gets here: the shell has opened the envelope, decrypted the message,
checked the sender's leaf and, for a Welcome, joined the call group (`sdk/call_group.py`). A
sender is the device that MLS says it is. `now` is monotonic seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from visavis.core.call_effects import Handled, Media, Path
from visavis.core.call_types import Trace
from visavis.core.content_records import MaySee
from visavis.core.errors import Code
from visavis.core.ids import CallId, DeviceId, Digest, Nonce32

# A person did it, here.


@dataclass(frozen=True, slots=True)
class CallPlaced:
    """A person calls a contact."""

    now: float
    call: CallId
    media: Media
    trace: Trace = Trace.KEEP


@dataclass(frozen=True, slots=True)
class AcceptRequested:
    """A person accepts, with at most this media."""

    now: float
    media: Media


@dataclass(frozen=True, slots=True)
class DeclineRequested:
    """A person declines. Ignoring is no event at all."""


@dataclass(frozen=True, slots=True)
class HangUpRequested:
    """A person ends the call, or stops calling."""


@dataclass(frozen=True, slots=True)
class PathDecided:
    """Which path the person here allows, of a call that is connected; another than before."""

    now: float
    path: Path


@dataclass(frozen=True, slots=True)
class KeyChanged:
    """The contact has another identity key than before: the person has to decide (R-24)."""


@dataclass(frozen=True, slots=True)
class GaveWay:
    """Another call of the same two stands: glare (P9), or one that comes back after a reload."""


# From the conversation group.


@dataclass(frozen=True, slots=True)
class InviteReceived:
    """`call.invite` from `device`, which `may_see` this much; `own` is this device."""

    now: float
    call: CallId
    media: Media
    device: DeviceId
    own: DeviceId
    commitment: Digest
    may_see: MaySee | None = None


@dataclass(frozen=True, slots=True)
class RingingReceived:
    """`call.ringing` from a device of the contact: it rings there."""


@dataclass(frozen=True, slots=True)
class AcceptReceived:
    """`call.accept` from `device`, with a key package that is verified to be that device's."""

    now: float
    device: DeviceId
    media: Media


@dataclass(frozen=True, slots=True)
class TakenReceived:
    """`call.taken`: `sender` says that it took `device`."""

    sender: DeviceId
    device: DeviceId


@dataclass(frozen=True, slots=True)
class CancelReceived:
    """`call.cancel` from `sender`."""

    sender: DeviceId


@dataclass(frozen=True, slots=True)
class MissedReceived:
    """`call.missed` from `sender`: the durable word that it is over."""

    sender: DeviceId


@dataclass(frozen=True, slots=True)
class SiblingHandled:
    """`self.call_handled`: a person used another of our devices."""

    how: Handled


# From the call group.


@dataclass(frozen=True, slots=True)
class WelcomeReceived:
    """The Welcome was processed: the call group holds the caller's device and this one only."""

    now: float


@dataclass(frozen=True, slots=True)
class ReadyReceived:
    """The other side has its receive keys."""


@dataclass(frozen=True, slots=True)
class RevealReceived:
    """The other side's nonce."""

    nonce: Nonce32


@dataclass(frozen=True, slots=True)
class CandidatesReceived:
    """The other side's relay candidates."""

    candidates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PathReceived:
    """Which path the other side allows."""

    now: float
    path: Path


@dataclass(frozen=True, slots=True)
class OfferReceived:
    """The other side restarts ICE, for this path."""

    now: float
    sdp: str
    path: Path


@dataclass(frozen=True, slots=True)
class AnswerReceived:
    """The other side answers our restart."""

    sdp: str
    offer: Digest
    """SHA-256 of the offer that it answers."""


@dataclass(frozen=True, slots=True)
class HangupReceived:
    """The other side ended the call."""


# From this device's media, network and clock.


@dataclass(frozen=True, slots=True)
class CandidatesGathered:
    """Our relay candidates are known."""

    candidates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MediaConnected:
    """ICE and DTLS are through."""


@dataclass(frozen=True, slots=True)
class MediaLost:
    """Nothing arrives any more."""

    now: float


@dataclass(frozen=True, slots=True)
class RestartFailed:
    """Our ICE restart found no relay; nothing was sent."""

    now: float


@dataclass(frozen=True, slots=True)
class Failed:
    """It cannot go on: refused, no relay, hostile SDP, or it would not be encrypted."""

    code: Code


@dataclass(frozen=True, slots=True)
class NetworkRestored:
    """The connection to the server is back."""

    now: float


@dataclass(frozen=True, slots=True)
class DeadlineReached:
    """The time of some `SetDeadline` has come; a late one is harmless."""

    now: float


Event: TypeAlias = (
    CallPlaced
    | AcceptRequested
    | DeclineRequested
    | HangUpRequested
    | PathDecided
    | KeyChanged
    | GaveWay
    | InviteReceived
    | RingingReceived
    | AcceptReceived
    | TakenReceived
    | CancelReceived
    | MissedReceived
    | SiblingHandled
    | WelcomeReceived
    | ReadyReceived
    | RevealReceived
    | CandidatesReceived
    | PathReceived
    | OfferReceived
    | AnswerReceived
    | HangupReceived
    | CandidatesGathered
    | MediaConnected
    | MediaLost
    | RestartFailed
    | Failed
    | NetworkRestored
    | DeadlineReached
)

FromCaller: TypeAlias = TakenReceived | CancelReceived | MissedReceived
"""Events that only the calling device may cause on a callee's device."""
