"""Consent to a recording on one device: `step(state, event) -> Step(state, effects)`.

Pure: no clock, randomness, socket or key. It decides what may be recorded, who is asked when, and
what the person is shown; the rules and the drawing are in `docs/protocol/recording.md`.

    asked -> each member says yes or no -> recorded while every present member's yes stands
    somebody comes -> nothing is recorded until all have said yes again, whoever came too
    a no, a yes taken back, the end -> over, and the call goes on

What is recorded follows the epochs of the call's group: an epoch is told before any frame of it is
opened, so no frame is ever recorded of which somebody present has not agreed (P17). Silence is no.
A member's breach gives `Reject(code)` with the state unchanged; our own misuse raises `UsageError`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final, TypeAlias, TypeVar, assert_never

from visavis.core import recording_types as t
from visavis.core.errors import Code, UsageError
from visavis.core.ids import ConsentKey, Digest
from visavis.core.recording_types import Ask, Grant, InCall, OverReason, Step

_LABEL: Final = b"visavis recording members v1\0"
_NOTHING: Final[t.Kinds] = frozenset()

K = TypeVar("K")
V = TypeVar("V")


def members_hash(members: t.Members) -> Digest:
    """Return by what a yes names those among whom it was said.

    SHA-256 over a label and the consent keys of all members, in the order of their bytes.
    """
    return Digest.sha256(_LABEL + b"".join(sorted(members)))


def allowed(ask: Ask, members: t.Members) -> t.Kinds:
    """Return what may be recorded among these members: what each of them agreed to, among them.

    Who asks is among them, and agrees by asking. A yes said among more people stands when some have
    left; one said before somebody came does not.
    """
    kinds = ask.kinds
    for member in members - {ask.by}:
        grant = ask.grants.get(member)
        if grant is None or not members <= grant.members:
            return _NOTHING
        kinds &= grant.kinds
    return kinds


def begin(own: ConsentKey, members: t.Members, never: t.Members, now: float) -> Step:
    """Begin at the first epoch of this device in a call.

    A joiner neither hears nor is heard until each member has said what is asked, and the person has
    answered that.

    Args:
        own: Our consent key.
        members: Of that epoch, with us.
        never: Who is never to be recorded.
        now: Monotonic seconds.

    Raises:
        UsageError: We are not among the members.
    """
    if own not in members:
        raise UsageError("we are not in this call")
    others = members - {own}
    sets = MappingProxyType({members_hash(members): members})
    state = InCall(own, members, never & members, sets)
    if not others:
        return Step(state)
    until = now + t.HOLD_S
    held = replace(state, waits=others, hold_until=until, held=True)
    return Step(held, (t.HoldMedia(until),))


def step(state: t.State, event: t.Event) -> Step:
    """Advance one device in one call by one event.

    Args:
        state: What `begin` or the previous step returned.
        event: One thing that happened; a member's statements already verified.

    Raises:
        UsageError: The shell told of something that cannot be.
    """
    match state:
        case t.CallOver():
            return Step(state)
        case InCall():
            return _in_call(state, event)
    assert_never(state)


def _in_call(state: InCall, event: t.Event) -> Step:
    match event:
        case t.MembersChanged(members, never):
            return _members_changed(state, members, never)
        case t.MemberReady(by, asks):
            return _member_ready(state, by, asks)
        case t.HoldEnded(now):
            late = state.hold_until is not None and now >= state.hold_until
            return _released(replace(state, hold_until=None)) if late else Step(state)
        case t.AskWanted(ask, kinds):
            return _ask_wanted(state, ask, kinds)
        case t.PersonAgreed(ask, kinds):
            return _person_agreed(state, ask, kinds)
        case t.PersonRefused(ask):
            if _require(state, ask).by == state.own:
                raise UsageError("who asks ends it")
            number = state.said + 1
            after = _over(replace(state, said=number), ask, OverReason.REFUSED)
            return _and(t.SendRefusal(ask, number), after=after)
        case t.PersonWithdrew(ask):
            if state.own not in _require(state, ask).grants:
                raise UsageError("nothing was agreed to")
            number = state.said + 1
            after = _over(replace(state, said=number), ask, OverReason.WITHDRAWN)
            return _and(t.SendWithdrawal(ask, number), after=after)
        case t.PersonStopped(ask):
            if _require(state, ask).by != state.own:
                raise UsageError("somebody else asked")
            number = state.said + 1
            after = _over(replace(state, said=number), ask, OverReason.STOPPED)
            return _and(t.SendEnd(ask, number), after=after)
        case t.CallEnded():
            return _call_ended(state)
        case (
            t.AskReceived()
            | t.GrantReceived()
            | t.RefusalReceived()
            | t.WithdrawalReceived()
            | t.ProgressReceived()
            | t.EndReceived()
        ):
            return _received(state, event)
    assert_never(event)


# Members


def _members_changed(state: InCall, members: t.Members, never: t.Members) -> Step:
    if state.own not in members:
        raise UsageError("we are in this call no longer")
    came = bool(members - state.members)
    sets = {name: those for name, those in state.sets.items() if members <= those}
    state = replace(
        state,
        members=members,
        never=never & members,
        sets=MappingProxyType({**sets, members_hash(members): members}),
        numbers=_only(state.numbers, members),
        counts=_only(state.counts, members),
        waits=state.waits & members,
    )
    effects: tuple[t.Effect, ...] = ()
    for ask, known in tuple(state.asks.items()):
        if known.by not in members or state.never:
            reason = OverReason.REFUSED if known.by in members else OverReason.GONE
            after = _ended_by_another(state, ask, reason)
            assert isinstance(after.state, InCall)
            state, effects = after.state, effects + after.effects
            continue
        grants = _only(known.grants, members)
        state = _with(state, ask, replace(known, grants=grants))
        state, more = _settled(state, ask)
        effects += more
        if came and known.by == state.own:
            effects += (t.SendAskAgain(ask),)
        elif came:
            effects += (t.AskPerson(ask),)
    return _and(*effects, after=_released(state))


def _member_ready(state: InCall, by: ConsentKey, asks: frozenset[Digest]) -> Step:
    if by not in state.waits:
        return Step(state)
    unknown = asks - state.asks.keys() - state.over
    waits, named = state.waits - {by}, state.named | unknown
    return _released(replace(state, waits=waits, named=named))


def _released(state: InCall) -> Step:
    """Let a joiner hear and be heard, if all that is asked is known and answered."""
    if not state.held:
        return Step(state)
    if state.hold_until is not None and (state.waits or state.named):
        return Step(state)
    if any(state.own not in ask.grants for ask in state.asks.values()):
        return Step(state)
    done = replace(state, held=False, hold_until=None, waits=frozenset(), named=frozenset())
    return Step(done, (t.ReleaseMedia(),))


# What the person here does


def _ask_wanted(state: InCall, ask: Digest, kinds: t.Kinds) -> Step:
    if not kinds:
        raise UsageError("nothing to record")
    if state.members == {state.own} or state.held:
        raise UsageError("nobody else is in this call")
    if state.never:
        raise UsageError("somebody here is never to be recorded")
    if any(known.by == state.own for known in state.asks.values()):
        raise UsageError("it was asked already")
    if state.counts.get(state.own, 0) >= t.MAX_ASKS:
        raise UsageError("it was asked too often in this call")
    number = state.said + 1
    counts = _put(state.counts, state.own, state.counts.get(state.own, 0) + 1)
    state = replace(state, said=number, counts=counts)
    return Step(_with(state, ask, Ask(state.own, kinds)), (t.SendAsk(ask, number),))


def _person_agreed(state: InCall, ask: Digest, kinds: t.Kinds) -> Step:
    known = _require(state, ask)
    if known.by == state.own:
        raise UsageError("who asks has agreed")
    if not kinds or not kinds <= known.kinds:
        raise UsageError("nobody asked for that")
    number = state.said + 1
    grants = _put(known.grants, state.own, Grant(kinds, state.members))
    state = _with(replace(state, said=number), ask, replace(known, grants=grants))
    state, effects = _settled(state, ask)
    sent = t.SendGrant(ask, number, kinds, members_hash(state.members))
    return _and(sent, *effects, after=_released(state))


# What members say


_FromMember: TypeAlias = (
    t.AskReceived
    | t.GrantReceived
    | t.RefusalReceived
    | t.WithdrawalReceived
    | t.ProgressReceived
    | t.EndReceived
)


def _received(state: InCall, event: _FromMember) -> Step:
    by, ask = event.by, event.ask
    if by not in state.members or by == state.own:
        return _reject(Code.UNEXPECTED, state)
    if isinstance(event, t.AskReceived) and ask in state.asks and state.asks[ask].by == by:
        return Step(state)  # said again, for somebody who came since
    # CK-930: nothing of a member counts twice, and nothing that is older than what it said since.
    if event.number <= state.numbers.get(by, 0):
        return _reject(Code.REPLAYED, state)
    heard = replace(state, numbers=_put(state.numbers, by, event.number))
    if ask in state.over:
        return Step(heard)  # on its way when it ended
    if isinstance(event, t.AskReceived):
        return _ask_received(state, heard, event)
    known = state.asks.get(ask)
    if known is None:
        return _reject(Code.UNEXPECTED, state)
    is_asker = by == known.by
    match event:
        case t.GrantReceived(_, _, _, kinds, members):
            # CK-931: a yes is to what was asked, and by somebody else than who asks.
            if is_asker or not kinds or not kinds <= known.kinds:
                return _reject(Code.UNEXPECTED, state)
            among = state.sets.get(members)
            # CK-934: a yes counts among those for whom it was said, and for nobody who came since.
            if among is None:
                return Step(heard)
            grants = _put(known.grants, by, Grant(kinds, among))
            state, effects = _settled(_with(heard, ask, replace(known, grants=grants)), ask)
            return Step(state, effects)
        case t.RefusalReceived() if not is_asker:
            return _ended_by_another(heard, ask, OverReason.REFUSED)
        case t.WithdrawalReceived() if by in known.grants:
            return _ended_by_another(heard, ask, OverReason.WITHDRAWN)
        case t.ProgressReceived(kinds=kinds) if is_asker and kinds <= known.kinds:
            state, effects = _settled(_with(heard, ask, replace(known, recorded=kinds)), ask)
            return Step(state, effects)
        case t.EndReceived() if is_asker:
            return _over(heard, ask, OverReason.STOPPED)
        case _:
            # CK-932: only who asks says what is recorded, and only the others agree or do not.
            return _reject(Code.UNEXPECTED, state)


def _ask_received(state: InCall, heard: InCall, event: t.AskReceived) -> Step:
    by, ask, kinds = event.by, event.ask, event.kinds
    count = state.counts.get(by, 0) + 1
    # CK-933: nobody is asked where somebody is never to be recorded, by one member twice at a time,
    # or so often that they give in.
    if not kinds or ask in state.asks or state.never:
        return _reject(Code.UNEXPECTED, state)
    if any(known.by == by for known in state.asks.values()):
        return _reject(Code.UNEXPECTED, state)
    if count > t.MAX_ASKS:
        return _reject(Code.QUOTA, state)
    counts, named = _put(state.counts, by, count), state.named - {ask}
    state = _with(replace(heard, counts=counts, named=named), ask, Ask(by, kinds))
    return Step(state, (t.AskPerson(ask),))


# Consequences


def _settled(state: InCall, ask: Digest) -> tuple[InCall, tuple[t.Effect, ...]]:
    """Record and show what follows from who is there and who agreed."""
    known = state.asks[ask]
    may = allowed(known, state.members)
    effects: tuple[t.Effect, ...] = ()
    if known.by == state.own and may != known.recorded:
        known = replace(known, recorded=may)
        state = replace(state, said=state.said + 1)
        effects += (t.Record(ask, may), t.SendProgress(ask, state.said, may))
    # What may be recorded is shown, whatever who asks says of it; and what they say, besides.
    shown = may | known.recorded
    if shown != known.shown:
        known = replace(known, shown=shown)
        effects += (t.Show(ask, known.by, shown),)
    return _with(state, ask, known), effects


def _ended_by_another(state: InCall, ask: Digest, reason: OverReason) -> Step:
    """End a request to which somebody else does not agree.

    Who asked says so too: what members say reaches others in any order, and one who got the no
    before the request knows nothing of it.
    """
    if state.asks[ask].by != state.own:
        return _over(state, ask, reason)
    state = replace(state, said=state.said + 1)
    return _and(t.SendEnd(ask, state.said), after=_over(state, ask, reason))


def _over(state: InCall, ask: Digest, reason: OverReason) -> Step:
    known = state.asks[ask]
    asks = MappingProxyType({one: of for one, of in state.asks.items() if one != ask})
    state = replace(state, asks=asks, over=state.over | {ask}, named=state.named - {ask})
    effects: tuple[t.Effect, ...] = ()
    if known.by == state.own and known.recorded:
        effects += (t.Record(ask, _NOTHING),)
    if known.shown:
        effects += (t.Show(ask, known.by, _NOTHING),)
    return _and(*effects, t.TellOver(ask, reason), after=_released(state))


def _call_ended(state: InCall) -> Step:
    effects: tuple[t.Effect, ...] = ()
    for ask in tuple(state.asks):
        after = _over(state, ask, OverReason.CALL_OVER)
        assert isinstance(after.state, InCall)
        state, effects = after.state, effects + after.effects
    return Step(t.CallOver(), tuple(e for e in effects if not isinstance(e, t.ReleaseMedia)))


# Kit


def _and(*effects: t.Effect, after: Step) -> Step:
    return Step(after.state, (*effects, *after.effects))


def _require(state: InCall, ask: Digest) -> Ask:
    if ask not in state.asks:
        raise UsageError("this is not asked")
    return state.asks[ask]


def _with(state: InCall, ask: Digest, known: Ask) -> InCall:
    return replace(state, asks=_put(state.asks, ask, known))


def _put(mapping: Mapping[K, V], key: K, value: V) -> Mapping[K, V]:
    return MappingProxyType({**mapping, key: value})


def _only(mapping: Mapping[K, V], keys: Iterable[K]) -> Mapping[K, V]:
    return MappingProxyType({key: mapping[key] for key in mapping.keys() & set(keys)})


def _reject(code: Code, state: InCall) -> Step:
    return Step(state, (t.Reject(code),))
