"""All calls of one device: at most one is live; busy and glare are settled here.

Pure, in the style of `core/call.py`, which it runs. It routes by call id and contact, remembers
which calls are over (so that a late or doubled invite rings nobody), stays silent when busy, and
settles glare: both rang each other at once, the lower call id stands and is accepted without
another tap, with the lesser media (P9). It also lets a device come back whose page was reloaded in
the middle of a call: with a new call, which names the one that it was in (`again`).

Not for: what happens inside a call (`call`), or doing any of it (`sdk/calls.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, TypeAlias, assert_never

from visavis.core import call_effects as do
from visavis.core import call_events as on
from visavis.core.call import step
from visavis.core.call_types import (
    Accepting,
    Calling,
    Connecting,
    Ended,
    Idle,
    InCall,
    Media,
    Reconnecting,
    Ringing,
    State,
    Taken,
    Trace,
    Welcomed,
)
from visavis.core.content_records import MaySee
from visavis.core.errors import Code, UsageError
from visavis.core.ids import AccountId, CallId, DeviceId, Digest

REMEMBERED_CALLS: Final = 64
"""Ids of calls that are over. Higher: a later repeat is still known; lower: less is remembered of
whom we talked to. In memory only."""


@dataclass(frozen=True, slots=True)
class LiveCall:
    """The one call that is under way, and with whom."""

    contact: AccountId
    call: CallId
    state: State


@dataclass(frozen=True, slots=True)
class Board:
    """The calls of the device `own`."""

    own: DeviceId
    live: LiveCall | None = None
    over: tuple[CallId, ...] = ()


# Events


@dataclass(frozen=True, slots=True)
class CallWanted:
    """A person calls `contact`; `call` is a fresh random id."""

    now: float
    contact: AccountId
    call: CallId
    media: Media
    trace: Trace = Trace.KEEP


@dataclass(frozen=True, slots=True)
class InviteArrived:
    """A `call.invite` from `device` of `contact`, which may see this much.

    `again` is the call that it would go on with.
    """

    now: float
    contact: AccountId
    device: DeviceId
    call: CallId
    media: Media
    commitment: Digest
    again: CallId | None = None
    may_see: MaySee | None = None


@dataclass(frozen=True, slots=True)
class MissedArrived:
    """A durable `call.missed` from `device` of `contact`, perhaps days later."""

    contact: AccountId
    device: DeviceId
    call: CallId
    media: Media


@dataclass(frozen=True, slots=True)
class Happened:
    """Anything else that concerns `call`. `contact` is None for what comes from this account."""

    call: CallId
    contact: AccountId | None
    event: on.Event


BoardEvent: TypeAlias = CallWanted | InviteArrived | MissedArrived | Happened


# Effects


@dataclass(frozen=True, slots=True)
class Act:
    """Carry out one effect of one call's machine."""

    contact: AccountId
    call: CallId
    effect: do.Effect


class WhyMissed(StrEnum):
    """Why a call did not ring, or rang in vain."""

    BUSY = "busy"
    AWAY = "away"


@dataclass(frozen=True, slots=True)
class NoteMissed:
    """Tell the person, on this device only, that somebody called."""

    contact: AccountId
    call: CallId
    media: Media
    why: WhyMissed


@dataclass(frozen=True, slots=True)
class Exchange:
    """What the person did with `given_up` goes on as `standing`, without a new tap."""

    given_up: CallId
    standing: CallId


@dataclass(frozen=True, slots=True)
class Drop:
    """A message broke the rules or came too late; nothing was changed."""

    code: Code


BoardEffect: TypeAlias = Act | NoteMissed | Exchange | Drop


@dataclass(frozen=True, slots=True)
class BoardStep:
    """The next board, and effects to carry out in order."""

    board: Board
    effects: tuple[BoardEffect, ...] = ()


def board_step(board: Board, event: BoardEvent) -> BoardStep:
    """Advance this device's calls by one event.

    Args:
        board: What the previous step returned, or `Board(own)`.
        event: One thing that happened.

    Returns:
        The next board, and effects to carry out in order.

    Raises:
        UsageError: A second call was wanted, or our own code caused a senseless event.
    """
    match event:
        case CallWanted():
            return _wanted(board, event)
        case InviteArrived():
            return _invited(board, event)
        case MissedArrived():
            return _missed(board, event)
        case Happened():
            return _happened(board, event)
    assert_never(event)


def busy_step(board: Board, event: InviteArrived) -> BoardStep:
    """As `board_step`, while this device is in the call of a group: nothing rings."""
    if event.call in board.over:
        return BoardStep(board, (Drop(Code.REPLAYED),))
    if event.again is not None:
        return BoardStep(board, (Drop(Code.UNEXPECTED),))  # CK-380: it goes on with no call of ours
    return _busy(board, event)


def _busy(board: Board, event: InviteArrived) -> BoardStep:
    # Not a byte leaves, so it looks like nobody there (CK-350).
    noted = NoteMissed(event.contact, event.call, event.media, WhyMissed.BUSY)
    return BoardStep(_finish(board, event.call), (noted,))


def _wanted(board: Board, event: CallWanted) -> BoardStep:
    live = board.live
    if live is None:
        placed = on.CallPlaced(event.now, event.call, event.media, event.trace)
        return _run(board, LiveCall(event.contact, event.call, Idle()), placed)
    if isinstance(live.state, Ringing) and live.contact == event.contact:
        # Their call is already here, and the person just said that they want to talk.
        stepped = _run(board, live, on.AcceptRequested(event.now, event.media))
        exchange = Exchange(event.call, live.call)
        return replace(stepped, effects=(exchange, *stepped.effects))
    raise UsageError("one call at a time: hang up first")


def _invited(board: Board, event: InviteArrived) -> BoardStep:
    live = board.live
    if event.call in board.over:
        # CK-360: doubled, late, or repeated after we declined: it rings no second time.
        return BoardStep(board, (Drop(Code.REPLAYED),))
    received = on.InviteReceived(
        event.now,
        event.call,
        event.media,
        event.device,
        board.own,
        event.commitment,
        event.may_see,
    )
    if live is not None and live.call == event.call:
        return _happened(board, Happened(event.call, event.contact, received))
    if event.again is not None:
        return _came_back(board, event, received)
    if live is None:
        return _run(board, LiveCall(event.contact, event.call, Idle()), received)
    match live.state:
        case Calling(_, media, _, _) if live.contact == event.contact:
            return _glare(board, live, media, event, received)
        case (
            Calling()
            | Ringing()
            | Accepting()
            | Welcomed()
            | Taken()
            | Connecting()
            | InCall()
            | Reconnecting()
        ):
            return _busy(board, event)
        case Idle() | Ended():
            raise UsageError("a call is live from its first event to its last")
    assert_never(live.state)


def _glare(
    board: Board, live: LiveCall, media: Media, event: InviteArrived, received: on.InviteReceived
) -> BoardStep:
    """Settle that both rang each other: both sides compare the same two ids (P9)."""
    if live.call < event.call:
        # Ours stands. The other side does the same sum and answers it.
        return BoardStep(_finish(board, event.call))
    return _go_on(board, live, media, event, received)


def _came_back(board: Board, event: InviteArrived, received: on.InviteReceived) -> BoardStep:
    """Go on with a device that lost its call to a reload; an invite of this kind rings nobody."""
    match board.live:
        # CK-380: it names the call that is live here, and comes from the device at its other end.
        # CK-381: with the media that was agreed, or less.
        case LiveCall(contact, call, InCall(link) | Reconnecting(link)) as live if (
            contact == event.contact and call == event.again and link.other == event.device
        ):
            return _go_on(board, live, link.media, event, received)
        # Both reloaded.
        case LiveCall(contact, _, Calling(_, media, _, _)) as live if contact == event.contact:
            return _glare(board, live, media, event, received)
        case _:
            return BoardStep(board, (Drop(Code.UNEXPECTED),))


def _go_on(
    board: Board, live: LiveCall, media: Media, event: InviteArrived, received: on.InviteReceived
) -> BoardStep:
    """Answer another call of the same two in the place of the live one, with the lesser media."""
    gave_way = _run(board, live, on.GaveWay())
    rung = step(Idle(), received)
    taken = step(rung.state, on.AcceptRequested(event.now, do.lesser(media, event.media)))
    standing = LiveCall(event.contact, event.call, taken.state)
    silent = tuple(  # Nothing rings: the person already has the telephone in their hand.
        Act(event.contact, event.call, effect)
        for effect in (*rung.effects, *taken.effects)
        if not isinstance(effect, do.StartRinging | do.SendRinging | do.StopRinging)
    )
    return BoardStep(
        replace(gave_way.board, live=standing),
        (Exchange(live.call, event.call), *gave_way.effects, *silent),
    )


def _missed(board: Board, event: MissedArrived) -> BoardStep:
    live = board.live
    if live is not None and live.call == event.call:
        return _happened(
            board, Happened(event.call, event.contact, on.MissedReceived(event.device))
        )
    if event.call in board.over:
        return BoardStep(board)  # The person was there when it rang.
    away = NoteMissed(event.contact, event.call, event.media, WhyMissed.AWAY)
    return BoardStep(_finish(board, event.call), (away,))


def _happened(board: Board, event: Happened) -> BoardStep:
    live = board.live
    if live is None or live.call != event.call:
        return BoardStep(board, (Drop(Code.UNEXPECTED),))
    if event.contact is not None and event.contact != live.contact:
        # CK-361: a call id that leaked gives another contact no say in the call.
        return BoardStep(board, (Drop(Code.UNEXPECTED),))
    return _run(board, live, event.event)


def _run(board: Board, live: LiveCall, event: on.Event) -> BoardStep:
    result = step(live.state, event)
    acts = tuple(Act(live.contact, live.call, effect) for effect in result.effects)
    if isinstance(result.state, Ended):
        return BoardStep(replace(_finish(board, live.call), live=None), acts)
    return BoardStep(replace(board, live=replace(live, state=result.state)), acts)


def _finish(board: Board, call: CallId) -> Board:
    return replace(board, over=(*board.over, call)[-REMEMBERED_CALLS:])
