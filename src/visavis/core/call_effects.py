"""What the call machine asks its shell to do: imperatives, each safe to repeat.

The shell carries them out in order. Sending goes to the conversation group (invite, accept,
taken, cancel, missed: P9), to the own devices (`TellSiblings`), or to the call group (the rest).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from visavis.core.content_call import HangupReason
from visavis.core.content_records import Media, Path
from visavis.core.content_self import Handled
from visavis.core.errors import Code
from visavis.core.ids import DeviceId, Digest, Nonce32


def lesser(one: Media, other: Media) -> Media:
    """Return what both wanted: a picture only if both did."""
    return Media.VIDEO if one is other is Media.VIDEO else Media.VOICE


class EndReason(StrEnum):
    """Why a call ended, as this device knows it."""

    HUNG_UP = "hung_up"
    HUNG_UP_THERE = "hung_up_there"
    CANCELLED = "cancelled"
    CANCELLED_THERE = "cancelled_there"
    NO_ANSWER = "no_answer"
    DECLINED = "declined"
    EXPIRED = "expired"
    ANSWERED_ELSEWHERE = "answered_elsewhere"
    DECLINED_ELSEWHERE = "declined_elsewhere"
    GAVE_WAY = "gave_way"
    WITHDRAWN = "withdrawn"
    NO_WELCOME = "no_welcome"
    NOT_CONNECTED = "not_connected"
    LOST = "lost"
    FAILED = "failed"
    KEY_CHANGED = "key_changed"


# To the conversation group.


@dataclass(frozen=True, slots=True)
class SendInvite:
    """Seal `call.invite` to each device of the callee; the first time, make offer and nonce."""


@dataclass(frozen=True, slots=True)
class SendRinging:
    """Seal `call.ringing`: this contact may see that it rings here (CK-383)."""


@dataclass(frozen=True, slots=True)
class SendAccept:
    """Seal `call.accept`; the first time, make the answer, key package and nonce."""

    media: Media


@dataclass(frozen=True, slots=True)
class SendTaken:
    """Seal `call.taken` to all the callee's devices."""

    device: DeviceId


@dataclass(frozen=True, slots=True)
class SendCancel:
    """Seal `call.cancel`: a caller stops the ringing, a callee takes its accept back."""


@dataclass(frozen=True, slots=True)
class SendMissed:
    """Seal a durable `call.missed`."""


@dataclass(frozen=True, slots=True)
class TellSiblings:
    """Seal `self.call_handled` to the own other devices. Never to the caller."""

    how: Handled


# To the call group.


@dataclass(frozen=True, slots=True)
class SendWelcome:
    """Make the call group with this device's key package (once) and send it the Welcome."""

    device: DeviceId


@dataclass(frozen=True, slots=True)
class SendReady:
    """Say that the receive keys are in place."""


@dataclass(frozen=True, slots=True)
class SendReveal:
    """Reveal this side's nonce (P11)."""


@dataclass(frozen=True, slots=True)
class SendCandidates:
    """Send our relay candidates."""

    candidates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SendPath:
    """Say which path this side allows (CK-384)."""

    path: Path


@dataclass(frozen=True, slots=True)
class SendHangup:
    """Tell the other side that the call is over."""

    reason: HangupReason


# On this device.


@dataclass(frozen=True, slots=True)
class StartRinging:
    """Show and sound an incoming call."""

    media: Media


@dataclass(frozen=True, slots=True)
class ShowRinging:
    """Show that it rings at the other side."""


@dataclass(frozen=True, slots=True)
class StopRinging:
    """Stop showing and sounding it."""


@dataclass(frozen=True, slots=True)
class ApplyAnswer:
    """Hold the media connection to `media`, then give it the accepter's SDP answer (CK-369)."""

    media: Media


@dataclass(frozen=True, slots=True)
class GatherCandidates:
    """Fetch TURN credentials and gather: the first packets that leave for this call."""


@dataclass(frozen=True, slots=True)
class AddCandidates:
    """Give the other side's candidates to the media connection."""

    candidates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InstallFrameKeys:
    """Derive the SFrame keys from the call group and be ready to receive."""


@dataclass(frozen=True, slots=True)
class StartFrames:
    """Open the gate for our own frames."""


@dataclass(frozen=True, slots=True)
class StopFrames:
    """Let no frame pass any more, either way, at once: before anything that is in line (CK-385)."""


@dataclass(frozen=True, slots=True)
class ShowSas:
    """Compute the short authentication string with the other side's revealed nonce."""

    nonce: Nonce32


@dataclass(frozen=True, slots=True)
class RestartIce:
    """Fetch fresh TURN credentials, make a new offer for this path and send it."""

    path: Path


@dataclass(frozen=True, slots=True)
class AnswerRestart:
    """Fetch fresh TURN credentials, answer this restart offer, gather for this path."""

    sdp: str
    path: Path


@dataclass(frozen=True, slots=True)
class ApplyRestartAnswer:
    """Give the answer to this restart offer of ours, if it is the open one, to the media."""

    sdp: str
    offer: Digest
    """SHA-256 of the offer."""


@dataclass(frozen=True, slots=True)
class SetDeadline:
    """Feed `DeadlineReached` at this monotonic second; replaces the deadline set before."""

    at: float


@dataclass(frozen=True, slots=True)
class StopMedia:
    """Close the media connection and its TURN allocations."""


@dataclass(frozen=True, slots=True)
class EraseKeys:
    """Wipe the call group, frame keys, key package and nonces of this call."""


@dataclass(frozen=True, slots=True)
class ReportEnd:
    """Tell the person that and why it is over; `code` says more where something failed."""

    reason: EndReason
    code: Code | None = None


@dataclass(frozen=True, slots=True)
class Reject:
    """The other side or the server broke the protocol; the state is unchanged."""

    code: Code


Sending: TypeAlias = (
    SendInvite
    | SendRinging
    | SendAccept
    | SendTaken
    | SendCancel
    | SendMissed
    | TellSiblings
    | SendWelcome
    | SendReady
    | SendReveal
    | SendCandidates
    | SendPath
    | SendHangup
)
"""What is nothing but an envelope."""

Local: TypeAlias = (
    StartRinging
    | ShowRinging
    | StopRinging
    | ApplyAnswer
    | GatherCandidates
    | AddCandidates
    | InstallFrameKeys
    | StartFrames
    | StopFrames
    | ShowSas
    | RestartIce
    | AnswerRestart
    | ApplyRestartAnswer
    | SetDeadline
    | StopMedia
    | EraseKeys
    | ReportEnd
    | Reject
)
"""What is done on this device; the two restarts send once they have found a relay."""

Effect: TypeAlias = Sending | Local

__all__ = [
    "AddCandidates",
    "AnswerRestart",
    "ApplyAnswer",
    "ApplyRestartAnswer",
    "Effect",
    "EndReason",
    "EraseKeys",
    "GatherCandidates",
    "Handled",
    "HangupReason",
    "InstallFrameKeys",
    "Local",
    "Media",
    "Path",
    "Reject",
    "ReportEnd",
    "RestartIce",
    "SendAccept",
    "SendCancel",
    "SendCandidates",
    "SendHangup",
    "SendInvite",
    "SendMissed",
    "SendPath",
    "SendReady",
    "SendReveal",
    "SendRinging",
    "SendTaken",
    "SendWelcome",
    "Sending",
    "SetDeadline",
    "ShowRinging",
    "ShowSas",
    "StartFrames",
    "StartRinging",
    "StopFrames",
    "StopMedia",
    "StopRinging",
    "TellSiblings",
    "lesser",
]
