"""Keys of a group call on one device: `step(state, event) -> Step(state, effects)`.

Pure: no clock, randomness, socket or key. It decides who commits when, and when senders switch to
new keys; the rules and the drawing are in `docs/protocol/group-call.md`, the words in
`group_call_types`.

    wish to come or go -> 100 ms -> lowest active leaf commits -> (500 ms) -> the next one ...
    epoch begins -> receive keys at once, "ready" -> all ready, or 500 ms -> sending keys

A member's breach gives `Reject(code)` with the state unchanged; our own misuse raises `UsageError`.
What comes late, for a call that is over, is swallowed.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import assert_never

from visavis.core import group_call_types as t
from visavis.core.errors import Code, UsageError
from visavis.core.group_call_types import Inside, LeftReason, Step
from visavis.core.ids import Digest


def step(state: t.State, event: t.Event) -> Step:
    """Advance one device in one group call by one event.

    Args:
        state: What the previous step returned, or `Idle()`.
        event: One thing that happened.

    Raises:
        UsageError: The shell told of something that cannot be.
    """
    match state:
        case t.Idle():
            return _from_idle(event)
        case t.Asking():
            return _from_asking(state, event)
        case Inside():
            return _from_inside(state, event)
        case t.Outside():
            return Step(state)
    assert_never(state)


def _from_idle(event: t.Event) -> Step:
    match event:
        case t.JoinRequested(now, joiner, expires_at):
            asking = t.Asking(joiner, now + t.ASK_AGAIN_S, expires_at)
            return Step(asking, (t.AskToJoin(), _asking_deadline(asking)))
        case t.EpochBegan():
            return _begin(event)
        case _:
            raise UsageError("this call has not begun here")


def _from_asking(state: t.Asking, event: t.Event) -> Step:
    match event:
        case t.EpochBegan():
            # CK-860: a Welcome for another key package would put us where we did not ask to be.
            if state.joiner not in event.admitted:
                return Step(state, (t.Reject(Code.UNEXPECTED),))
            return _begin(event)
        case t.DeadlineReached(now) if now >= state.expires_at:
            return _outside(LeftReason.NOBODY)
        case t.DeadlineReached(now) if now >= state.again_at:
            again = replace(state, again_at=now + t.ASK_AGAIN_S)
            return Step(again, (t.AskToJoin(), _asking_deadline(again)))
        case t.RoomEntered(now):
            # Whoever was asked may not have heard it.
            again = replace(state, again_at=now + t.ASK_AGAIN_S)
            return Step(again, (t.AskToJoin(), _asking_deadline(again)))
        case t.LeaveRequested():
            return _outside(LeftReason.LEFT)
        case t.JoinRequested():
            raise UsageError("this device asks already")
        case _:
            return Step(state)


def _from_inside(state: Inside, event: t.Event) -> Step:
    match event:
        case t.EpochBegan():
            return _next_epoch(state, event)
        case t.JoinWished(now, joiner):
            return _join_wished(state, now, joiner)
        case t.JoinWithdrawn(now, joiner):
            rest = tuple(one for one in state.joiners if one != joiner)
            return _settled(replace(state, joiners=rest), now)
        case t.MemberGoing(now, leaf):
            return _member_going(state, now, leaf)
        case t.MemberBack(now, leaf):
            return _settled(replace(state, going=state.going - {leaf}), now)
        case t.CommitLost(_, epoch) if epoch != state.offered:
            # A late answer: what we offered since is still under way, and must be our only one.
            return Step(state)
        case t.CommitLost(now):
            # What won is on its way; if it was none, our turn comes again after a while.
            return _settled(replace(state, offered=None, wished_at=None), now)
        case t.ReadyReceived(now, leaf, epoch):
            return _ready_received(state, now, leaf, epoch)
        case t.RoomLost(now):
            return _settled(replace(state, in_room=False, offered=None), now)
        case t.RoomEntered(now):
            back = replace(state, in_room=True, wished_at=None)
            return _settled(back, now, (t.SendReady(state.epoch),))
        case t.LeaveRequested():
            return _outside(LeftReason.LEFT, (t.SayLeaving(),))
        case t.WasRemoved():
            return _outside(LeftReason.REMOVED)
        case t.DeadlineReached(now):
            return _settled(state, now)
        case t.JoinRequested():
            raise UsageError("this device is in the call already")
    assert_never(event)


def _begin(event: t.EpochBegan) -> Step:
    """Enter the call with its first epoch here."""
    if event.own not in event.leaves:
        raise UsageError("a member is one of the members")
    others = event.leaves - {event.own}
    state = Inside(event.own, event.epoch, event.leaves, switch_at=event.now + t.SWITCH_S)
    first = (t.InstallKeys(event.epoch), t.SendReady(event.epoch))
    came = (t.Announce(tuple(sorted(others)), ()),) if others else ()
    return _settled(state, event.now, (*first, *came))


def _next_epoch(state: Inside, event: t.EpochBegan) -> Step:
    if event.epoch != state.epoch + 1 or event.own != state.own or event.own not in event.leaves:
        raise UsageError("epochs begin one after the other, for the leaf that we have")
    now, went, came = event.now, event.went, event.came
    joiners = tuple(one for one in state.joiners if one not in event.admitted)
    # A leaf that went may be somebody else's already: what was said of it is void.
    going = (state.going & event.leaves) - went - came
    ready = {
        leaf: n for leaf, n in state.ready.items() if leaf in event.leaves and leaf not in went
    }
    ours = state.offered == state.epoch
    after = replace(
        state,
        epoch=event.epoch,
        leaves=event.leaves,
        going=going,
        joiners=joiners,
        wished_at=None,
        offered=None,
        ready=MappingProxyType(ready),
        switch_at=now + t.SWITCH_S if state.switch_at is None else state.switch_at,
    )
    effects: list[t.Effect] = []
    if went:
        # CK-861: first, so that no frame of theirs is shown that is still on its way.
        effects.append(t.DropLeaves(tuple(sorted(went))))
    effects += [t.InstallKeys(event.epoch), t.SendReady(event.epoch)]
    if went and (ours or state.own == min(after.leaves - going)):
        effects.append(t.Evict(tuple(sorted(went))))
    if came or went:
        effects.append(t.Announce(tuple(sorted(came)), tuple(sorted(went))))
    return _settled(after, now, tuple(effects))


def _join_wished(state: Inside, now: float, joiner: Digest) -> Step:
    if joiner in state.joiners:
        return Step(state)
    if len(state.joiners) >= t.MAX_WISHES:
        # CK-862: strangers cannot make a member remember any number of them.
        return Step(state, (t.Reject(Code.QUOTA),))
    return _settled(replace(state, joiners=(*state.joiners, joiner)), now)


def _member_going(state: Inside, now: float, leaf: int) -> Step:
    if leaf == state.own:
        raise UsageError("a device says of itself that it leaves with LeaveRequested")
    if leaf not in state.leaves:
        return Step(state)
    return _settled(replace(state, going=state.going | {leaf}), now)


def _ready_received(state: Inside, now: float, leaf: int, epoch: int) -> Step:
    # CK-863: nobody is ready for an epoch that does not exist, nor is who is not in it.
    if leaf == state.own or leaf not in state.leaves or epoch > state.epoch:
        return Step(state, (t.Reject(Code.UNEXPECTED),))
    if state.ready.get(leaf, -1) >= epoch:
        return Step(state)
    heard = MappingProxyType({**state.ready, leaf: epoch})
    return _settled(replace(state, ready=heard), now)


def _settled(state: Inside, now: float, effects: tuple[t.Effect, ...] = ()) -> Step:
    """Do whatever is due now, and say when to look again.

    Wishes without a time (`wished_at`) are gathered from now on.
    """
    if not (state.joiners or state.going):
        state = replace(state, wished_at=None)
    elif state.wished_at is None:
        state = replace(state, wished_at=now)
    if state.switch_at is not None and (now >= state.switch_at or _all_ready(state)):
        state = replace(state, sending=state.epoch, switch_at=None)
        effects = (*effects, t.SwitchSending(state.epoch))
    turn = _turn(state)
    if turn is not None and now >= turn:
        commit = t.Commit(state.joiners[: t.MAX_ADDS], tuple(sorted(state.going)))
        state = replace(state, offered=state.epoch)
        return Step(state, (*effects, commit, t.SetDeadline(state.switch_at)))
    times = [at for at in (turn, state.switch_at) if at is not None]
    return Step(state, (*effects, t.SetDeadline(min(times, default=None))))


def _all_ready(state: Inside) -> bool:
    """Say whether every other member that is still there can open the newest epoch."""
    awaited = state.leaves - state.going - {state.own}
    return all(state.ready.get(leaf, -1) >= state.epoch for leaf in awaited)


def _turn(state: Inside) -> float | None:
    """Return when we commit what is wished, if nobody else does before; None: not at all."""
    if state.wished_at is None or state.offered is not None or not state.in_room:
        return None
    # Whoever is on the way out commits nothing; that we are is what others say.
    before = sum(1 for leaf in state.leaves - state.going if leaf < state.own)
    return state.wished_at + t.GATHER_S + before * t.TAKE_OVER_S


def _asking_deadline(state: t.Asking) -> t.SetDeadline:
    return t.SetDeadline(min(state.again_at, state.expires_at))


def _outside(reason: LeftReason, last: tuple[t.Effect, ...] = ()) -> Step:
    """Tear down: the last word while the keys are there, then the keys, then the report."""
    return Step(
        t.Outside(reason),
        (*last, t.WipeKeys(), t.SetDeadline(None), t.ReportOutside(reason)),
    )
