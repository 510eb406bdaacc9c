"""Contents of application messages in a call group: everything after the answer (P9).

Map {"v": 1, "t": type, ...}. No id and no time: the group lives as long as the call.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar, Final, TypeAlias

from visavis.core.content_fields import Array, Content, Fixed, Text, Word
from visavis.core.content_receipt import AboutReceipt
from visavis.core.content_recording import RecordingSaid
from visavis.core.content_records import NonceField, Path, SdpField
from visavis.core.ids import Digest

MAX_CANDIDATES: Final = 32
MAX_CANDIDATE_BYTES: Final = 512


PathField: TypeAlias = Annotated[Path, Word(Path)]
CandidatesField: TypeAlias = Annotated[
    tuple[str, ...], Array(Text(MAX_CANDIDATE_BYTES, line=True), MAX_CANDIDATES)
]


class HangupReason(StrEnum):
    """Why a call ends, as far as the other side is told."""

    ENDED = "ended"
    FAILED = "failed"
    LOST = "lost"
    REPLACED = "replaced"
    NOT_ENCRYPTED = "not_encrypted"


@dataclass(frozen=True, slots=True, repr=False)
class CallReveal(Content):
    """The caller's nonce, once the call group stands (P11)."""

    TYPE: ClassVar = {"t": "call.reveal"}
    nonce: NonceField


@dataclass(frozen=True, slots=True, repr=False)
class CallCandidates(Content):
    """ICE candidates (RFC 8838), relayed ones unless both sides granted direct."""

    TYPE: ClassVar = {"t": "call.candidates"}
    mid: Annotated[str, Text(16, shortest=0, line=True)]
    """Media stream identification tag (RFC 5888); empty for the bundle."""
    candidates: CandidatesField


@dataclass(frozen=True, slots=True, repr=False)
class CallReady(Content):
    """The sender holds the receive keys of this epoch."""

    TYPE: ClassVar = {"t": "call.ready"}


@dataclass(frozen=True, slots=True, repr=False)
class CallHangup(Content):
    """The sender leaves the call; keys are erased on both sides."""

    TYPE: ClassVar = {"t": "call.hangup"}
    reason: Annotated[HangupReason, Word(HangupReason)]


@dataclass(frozen=True, slots=True, repr=False)
class CallPath(Content):
    """Which path the sender allows for this call, from now on; before it, the relay only."""

    TYPE: ClassVar = {"t": "call.path"}
    path: PathField


@dataclass(frozen=True, slots=True, repr=False)
class CallOffer(Content):
    """A new SDP offer: an ICE restart, or media added or dropped."""

    TYPE: ClassVar = {"t": "call.offer"}
    sdp: SdpField
    path: PathField
    """For which path it is made."""


@dataclass(frozen=True, slots=True, repr=False)
class CallAnswer(Content):
    """The answer to `CallOffer`."""

    TYPE: ClassVar = {"t": "call.answer"}
    sdp: SdpField
    offer: Annotated[Digest, Fixed(Digest)]
    """SHA-256 of the offer that it answers (CK-386)."""


OfCall: TypeAlias = (
    CallReveal | CallCandidates | CallReady | CallHangup | CallPath | CallOffer | CallAnswer
)
"""What the call itself is made of."""

InCall: TypeAlias = OfCall | RecordingSaid | AboutReceipt
