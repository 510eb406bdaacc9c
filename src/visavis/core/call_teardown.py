"""How a call ends, written once: the teardown cascade of the call machine."""

from __future__ import annotations

from typing import TypeAlias, assert_never

from visavis.core import call_effects as do
from visavis.core.call_effects import Effect, EndReason
from visavis.core.call_types import (
    Accepting,
    Calling,
    Connecting,
    Ended,
    InCall,
    Reconnecting,
    Ringing,
    Step,
    Taken,
    Welcomed,
)
from visavis.core.errors import Code
from visavis.core.ids import CallId

Live: TypeAlias = (
    Calling | Ringing | Accepting | Welcomed | Taken | Connecting | InCall | Reconnecting
)


def call_of(state: Live) -> CallId:
    """Return the id of the call that `state` is about."""
    match state:
        case Calling():
            return state.call
        case Ringing() | Accepting() | Welcomed() | Taken():
            return state.invite.call
        case Connecting() | InCall() | Reconnecting():
            return state.link.call
    assert_never(state)


def end(state: Live, reason: EndReason, *last_words: Effect, code: Code | None = None) -> Step:
    """Tear a call down.

    1. `last_words` to the other side, while the keys that seal them exist;
    2. the ringing, or the media with its sockets and TURN allocations;
    3. the keys (a call's capture must stay closed afterwards: R-22);
    4. the report to the person.

    Args:
        state: Where the call is.
        reason: Why it ends.
        last_words: What the other side is told; empty for whatever must look like silence.
        code: What failed, if something did.

    Returns:
        `Ended`, and the effects in that order.
    """
    cascade: tuple[Effect, ...]
    match state:
        case Ringing():  # No media, no key has been made for it.
            cascade = (do.StopRinging(),)
        case Calling() | Accepting() | Welcomed() | Taken():
            cascade = (do.StopMedia(), do.EraseKeys())
        case Connecting() | InCall() | Reconnecting():
            cascade = (do.StopMedia(), do.EraseKeys())
        case _:
            assert_never(state)
    return Step(Ended(call_of(state), reason), (*last_words, *cascade, do.ReportEnd(reason, code)))


def end_changed(state: Live, *last_words: Effect) -> Step:
    """Tear a call down because the contact's identity key is another one now (CK-385, R-24).

    No frame passes from the first effect on: the last words may wait for a slow network, and
    whoever has the other key must hear and show nothing meanwhile.
    """
    code = Code.IDENTITY_CHANGED
    ended = end(state, EndReason.KEY_CHANGED, *last_words, code=code)
    if isinstance(state, Ringing | Calling):
        return ended  # There are no frames yet.
    return Step(ended.state, (do.StopFrames(), *ended.effects))
