"""What consent to recordings of a call is made from, and what is known of it.

Not for: anything that happens (`recording_shell`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from visavis.core import recording_statements as s
from visavis.core import recording_types as t
from visavis.core.consent_record import Where
from visavis.core.ids import CallId, ConsentKey, Digest, Rng
from visavis.core.recording import step
from visavis.media.frame_tap import FrameTap
from visavis.sdk.consent_key import OwnConsent
from visavis.sdk.recording_means import RecordingMeans
from visavis.sdk.recording_shares import Spawn
from visavis.sdk.recording_speech import Say


class Gate(Protocol):
    """Where a call's frames are sealed and opened; `media.call_frames.CallFrames` is one.

    Attributes:
        tap: Takes what passes, for a recording.
    """

    tap: FrameTap | None

    def hold(self) -> None:
        """Seal and open nothing until `release`."""
        ...

    def release(self) -> None:
        """Seal and open again."""
        ...


class MayNotAsk(StrEnum):
    """Why the person cannot ask now."""

    NEVER = "never"
    """Somebody here is never to be recorded."""
    ALONE = "alone"
    ASKED = "asked"
    """They ask already."""
    TOO_OFTEN = "too_often"
    HELD = "held"
    """They came just now, and have not answered what is asked."""
    CONFIDENTIAL = "confidential"
    UNABLE = "unable"
    """Nothing can be recorded here, or the call is not connected."""


@dataclass(frozen=True, slots=True)
class Known:
    """A request that goes on."""

    id: Digest
    request: s.RecordingAsk = field(repr=False)
    ask: t.Ask = field(repr=False)


@dataclass(frozen=True, slots=True)
class Shown:
    """What may be recorded now, as the machine shows it."""

    id: Digest
    by: ConsentKey
    kinds: t.Kinds


@dataclass(frozen=True, slots=True)
class Over:
    """Something that is asked no longer.

    Attributes:
        id: The request.
        request: What it asked.
        reason: Why.
        by: By whose word it is over, if it was another member's.
    """

    id: Digest
    request: s.RecordingAsk = field(repr=False)
    reason: t.OverReason
    by: ConsentKey | None


@dataclass(frozen=True, slots=True)
class RecordingParts:
    """What a shell is made from. Never printed.

    Attributes:
        call: The call.
        own: Our consent key of this entry.
        means: What the calls of this device are given.
        rng: Random bytes.
        unix: Returns unix seconds.
        monotonic: Returns seconds that never go backwards.
        frames: Where frames are sealed and opened.
        say: Says something to all members.
        spawn: Runs what goes on beside the call, and may outlast it.
        confidential: Whether nobody may ask, here or there.
        title: Returns with whom the call is.
        where: In which conversation; None: in none.
        name: Returns what somebody in it is called.
        changed: Told that something may have changed.
    """

    call: CallId
    own: OwnConsent = field(repr=False)
    means: RecordingMeans = field(repr=False)
    rng: Rng = field(repr=False)
    unix: Callable[[], int] = field(repr=False)
    monotonic: Callable[[], float] = field(repr=False)
    frames: Gate = field(repr=False)
    say: Say = field(repr=False)
    spawn: Spawn = field(repr=False)
    confidential: Callable[[], bool] = field(default=lambda: False, repr=False)
    title: Callable[[], str] = field(default=str, repr=False)
    where: Where | None = field(default=None, repr=False)
    name: Callable[[ConsentKey], str] = field(default=lambda _: "", repr=False)
    changed: Callable[[], None] = field(default=lambda: None, repr=False)


def may_not_ask_in(state: t.InCall) -> MayNotAsk | None:
    """Return why the person cannot ask, as far as the machine knows."""
    if state.members == {state.own}:
        return MayNotAsk.ALONE
    if len(state.members) > s.MAX_MEMBERS:
        return MayNotAsk.UNABLE
    if state.held:
        return MayNotAsk.HELD
    if state.never:
        return MayNotAsk.NEVER
    if any(ask.by == state.own for ask in state.asks.values()):
        return MayNotAsk.ASKED
    too_often = state.counts.get(state.own, 0) >= t.MAX_ASKS
    return MayNotAsk.TOO_OFTEN if too_often else None


def all_refused(made: t.Step) -> t.Step:
    """In a confidential call whatever is asked is refused, and the person is not asked."""
    state, effects = made.state, list[t.Effect]()
    for effect in made.effects:
        if isinstance(effect, t.AskPerson):
            refused = step(state, t.PersonRefused(effect.ask))
            state = refused.state
            effects += refused.effects
        else:
            effects.append(effect)
    return t.Step(state, tuple(effects))
