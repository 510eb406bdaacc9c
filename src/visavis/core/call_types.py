"""States, tuning constants and results of the call machine (`core/call.py`).

One machine is one call on one device; what happens is in `call_events`, what must be done in
`call_effects`. The drawing, made by running the machine, is in `docs/protocol/call.md`.

Not for: several calls on one device (`call_board`), keys, sockets or media (`sdk/calls.py`).
A state holds nothing secret: SDP, nonces and keys stay with the shell, which never writes any of
this to disk.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

from visavis.core.call_effects import Effect, EndReason, Media, Path, Reject
from visavis.core.errors import Code
from visavis.core.ids import CallId, DeviceId, Digest

RING_TIMEOUT_S: Final = 45.0
"""Caller: from the first invite. Callee: from receipt. Higher: more time to reach a telephone;
lower: a lost `call.cancel` rings for less long (P9)."""

WELCOME_TIMEOUT_S: Final = 5.0
"""Callee: from accepting until `taken` and Welcome are both there (P9). Higher: slower networks
still get through; lower: a caller that vanished is noticed sooner."""

CONNECT_TIMEOUT_S: Final = 20.0
"""From `taken` (caller) or Welcome (callee) until readiness, reveal and media are all there.
Higher: slow relays still get through; lower: a dead set-up is reported sooner."""

RECONNECT_TIMEOUT_S: Final = 30.0
"""From losing the media until the call ends. Higher: survives longer tunnels; lower: nobody
talks to a dead line for long."""

RESTART_INTERVAL_S: Final = 10.0
"""Between two ICE restarts that were sent but brought nothing. Lower: faster recovery, but each
costs two envelopes of the ten a minute that a capability has (P12)."""

RESTART_RETRY_S: Final = 2.0
"""After an ICE restart that failed on this side (no relay): nothing was sent, so it is cheap."""


class Trace(Enum):
    """Whether an unanswered call may leave a mark on the callee's devices."""

    KEEP = "keep"
    LEAVE_NONE = "leave_none"


class Missing(Enum):
    """What a call still needs before it counts as connected."""

    READY = "ready"
    REVEAL = "reveal"
    MEDIA = "media"


class Turn(Enum):
    """Whose ICE restart is under way."""

    OURS = "ours"
    THEIRS = "theirs"


@dataclass(frozen=True, slots=True)
class Invite:
    """What a callee knows of a call: `caller` is the one device that may speak for it."""

    call: CallId
    media: Media
    own: DeviceId
    caller: DeviceId
    commitment: Digest  # `sas.commit` of the caller's nonce (P11)


@dataclass(frozen=True, slots=True)
class CallerLink:
    """The caller's view of a call that was accepted by the device `other`."""

    call: CallId
    media: Media
    other: DeviceId


@dataclass(frozen=True, slots=True)
class CalleeLink:
    """The callee's view of a call that it accepted with `media`."""

    invite: Invite
    media: Media

    @property
    def call(self) -> CallId:
        """The call's id."""
        return self.invite.call

    @property
    def other(self) -> DeviceId:
        """The calling device."""
        return self.invite.caller


Link: TypeAlias = CallerLink | CalleeLink


@dataclass(frozen=True, slots=True)
class Paths:
    """Which path each side allows, and for which one the newest transport was made (CK-384)."""

    ours: Path = Path.RELAYED
    theirs: Path = Path.RELAYED
    taken: Path = Path.RELAYED

    @property
    def allowed(self) -> Path:
        """The direct path if both sides allow it, else the relay."""
        return Path.DIRECT if self.ours is self.theirs is Path.DIRECT else Path.RELAYED


@dataclass(frozen=True, slots=True)
class Idle:
    """Nothing has happened yet."""


@dataclass(frozen=True, slots=True)
class Calling:
    """Caller: the invite is out. Decline, ignore, busy, offline and expired all look like this."""

    call: CallId
    media: Media
    trace: Trace
    expires_at: float


@dataclass(frozen=True, slots=True)
class Ringing:
    """Callee: ringing. Nothing leaves this device until a person accepts."""

    invite: Invite
    expires_at: float


@dataclass(frozen=True, slots=True)
class Accepting:
    """Callee: the accept is out; the caller has not said whom it took."""

    invite: Invite
    media: Media
    deadline: float


@dataclass(frozen=True, slots=True)
class Welcomed:
    """Callee: the Welcome overtook `call.taken`; it is held, and nothing is sent (CK-356)."""

    invite: Invite
    media: Media
    deadline: float
    joined_at: float


@dataclass(frozen=True, slots=True)
class Taken:
    """Callee: the caller took this device; the Welcome is still to come.

    `candidates` are ours, waiting for the call group that carries them.
    """

    invite: Invite
    media: Media
    deadline: float
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Connecting:
    """Both sides are in the call group or on the way; `missing` says what is still awaited."""

    link: Link
    missing: frozenset[Missing]
    deadline: float
    paths: Paths = Paths()


@dataclass(frozen=True, slots=True)
class InCall:
    """Both hear each other."""

    link: Link
    paths: Paths = Paths()


@dataclass(frozen=True, slots=True)
class Reconnecting:
    """The media stopped; ICE restarts until it flows again or `deadline` passes."""

    link: Link
    turn: Turn
    deadline: float
    retry_at: float
    paths: Paths = Paths()


@dataclass(frozen=True, slots=True)
class Ended:
    """Terminal: everything was torn down."""

    call: CallId
    reason: EndReason


State: TypeAlias = (
    Idle
    | Calling
    | Ringing
    | Accepting
    | Welcomed
    | Taken
    | Connecting
    | InCall
    | Reconnecting
    | Ended
)

AwaitingWelcome: TypeAlias = Accepting | Welcomed | Taken


@dataclass(frozen=True, slots=True)
class Step:
    """The next state, and the effects to carry out in order."""

    state: State
    effects: tuple[Effect, ...] = ()


def reject(state: State, code: Code = Code.UNEXPECTED) -> Step:
    """Refuse what the other side did; nothing is changed and nothing is sent."""
    return Step(state, (Reject(code),))


__all__ = [
    "CONNECT_TIMEOUT_S",
    "RECONNECT_TIMEOUT_S",
    "RESTART_INTERVAL_S",
    "RESTART_RETRY_S",
    "RING_TIMEOUT_S",
    "WELCOME_TIMEOUT_S",
    "Accepting",
    "AwaitingWelcome",
    "CalleeLink",
    "CallerLink",
    "Calling",
    "Connecting",
    "EndReason",
    "Ended",
    "Idle",
    "InCall",
    "Invite",
    "Link",
    "Media",
    "Missing",
    "Path",
    "Paths",
    "Reconnecting",
    "Ringing",
    "State",
    "Step",
    "Taken",
    "Trace",
    "Turn",
    "Welcomed",
    "reject",
]
