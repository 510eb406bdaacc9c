"""ICE restarts of a call that stands: who begins one, and for which path (ADR 17).

Part of `core/call_talk.py`. A call begins over the relay. Each side says which path its person
allows; once both allow the direct one, the caller restarts for it. Whatever else makes a restart
necessary makes one for the relay: a direct path that broke is not tried again until somebody
allows it anew, so that a bad network does not make a call jump to and fro.

CK-384: a transport is made for the direct path only if both sides said that they allow it. Only
such a one gathers, sends and takes candidates that are not relayed (CK-668, `media/candidates.py`).
"""

from __future__ import annotations

from dataclasses import replace

from visavis.core import call_effects as do
from visavis.core import call_events as on
from visavis.core.call_types import (
    RESTART_INTERVAL_S,
    CallerLink,
    InCall,
    Link,
    Path,
    Paths,
    Reconnecting,
    Step,
    Turn,
)


def restart(
    link: Link, paths: Paths, now: float, deadline: float, path: Path = Path.RELAYED
) -> Step:
    """Begin a restart of ours."""
    retry_at = now + RESTART_INTERVAL_S
    return Step(
        Reconnecting(link, Turn.OURS, deadline, retry_at, replace(paths, taken=path)),
        (do.SetDeadline(min(retry_at, deadline)), do.RestartIce(path)),
    )


def answer(link: Link, paths: Paths, deadline: float, offer: on.OfferReceived) -> Step:
    """Answer a restart of theirs, for the path it asks for or the relay."""
    if offer.path is Path.DIRECT:
        paths = replace(paths, theirs=Path.DIRECT)  # Who asks for it allows it.
    # CK-384: their asking does not make up for our not allowing it.
    path = Path.DIRECT if offer.path is paths.allowed is Path.DIRECT else Path.RELAYED
    retry_at = offer.now + RESTART_INTERVAL_S
    return Step(
        Reconnecting(link, Turn.THEIRS, deadline, retry_at, replace(paths, taken=path)),
        (do.SetDeadline(min(retry_at, deadline)), do.AnswerRestart(offer.sdp, path)),
    )


def follow(
    state: InCall | Reconnecting, event: on.PathDecided | on.PathReceived, deadline: float
) -> Step:
    """Take what one side allows from now on, and restart if the path is another one for it.

    Args:
        state: Where the call is.
        event: What which side allows.
        deadline: By when a restart must have come to stand.
    """
    before = state.paths
    say: tuple[do.Effect, ...] = ()
    match event:
        case on.PathDecided(now, path):
            if path is before.ours:
                return Step(state)
            paths, say = replace(before, ours=path), (do.SendPath(path),)
        case on.PathReceived(now, path):
            if path is before.theirs:
                return Step(state)  # Nobody makes us restart by saying the same again.
            paths = replace(before, theirs=path)
    if paths.allowed is Path.DIRECT:
        # One side begins, or both would at once: the caller, as in a glare of two restarts.
        begins = isinstance(state.link, CallerLink)
    else:
        # Taken back, by either side: whoever is on the direct path, or on the way to it, leaves.
        begins = before.taken is Path.DIRECT
    if not begins:
        return Step(replace(state, paths=paths), say)
    made = restart(state.link, paths, now, deadline, paths.allowed)
    return Step(made.state, (*say, *made.effects))
