"""No order of events brings about a recording to which somebody present has not said yes (R-44).

Every order in which people press, members come and go, and statements arrive is tried, of devices
that each run the machine: A asks, B and C answer. Statements of one member arrive in their order,
none before its receiver is in the epoch it was sent in; each device comes into an epoch when it
likes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

import pytest

from visavis.core import recording as machine
from visavis.core import recording_types as t
from visavis.core.ids import ConsentKey, Digest
from visavis.core.recording_types import Kind

A, B, C = (ConsentKey(bytes([n]) * 32) for n in (1, 2, 3))
ASK = Digest(b"\x11" * 32)
SOUND, BOTH = frozenset({Kind.AUDIO}), frozenset({Kind.AUDIO, Kind.VIDEO})

Message = tuple[int, Any]
"""The epoch it was sent in, and what its receiver's machine is told."""


@dataclass(frozen=True)
class World:
    """Devices, what is on its way between them, and what people did.

    Attributes:
        epochs: Members of each epoch of the call's group.
        at: Device -> the epoch it is in, -1: it has not come yet.
        states: Device -> its machine.
        on_way: Sender, receiver -> statements.
        pressed: Everything that was pressed: who, what, among whom, of which kinds.
        heard: Who took back their yes, or said no, as far as A heard of it.
        left: What may still happen.
    """

    epochs: tuple[frozenset[ConsentKey], ...]
    at: dict[ConsentKey, int]
    states: dict[ConsentKey, t.State]
    on_way: dict[tuple[ConsentKey, ConsentKey], tuple[Message, ...]]
    pressed: tuple[tuple[ConsentKey, str, t.Members, t.Kinds], ...]
    heard: frozenset[ConsentKey]
    left: tuple[tuple[str, ConsentKey], ...]


def frozen(value: Any) -> Any:
    """Return something that can be a key, alike for equal worlds."""
    if is_dataclass(value):
        return (type(value).__name__, *(frozen(getattr(value, f.name)) for f in fields(value)))
    if hasattr(value, "items"):
        return frozenset((frozen(key), frozen(of)) for key, of in value.items())
    if isinstance(value, tuple):
        return tuple(map(frozen, value))
    return value


def start(members: frozenset[ConsentKey], left: tuple[tuple[str, ConsentKey], ...]) -> World:
    states: dict[ConsentKey, t.State] = {}
    for one in members:
        states[one] = machine.begin(one, members, frozenset(), 0.0).state
        for other in members - {one}:
            states[one] = machine.step(states[one], t.MemberReady(other, frozenset())).state
    return World((members,), dict.fromkeys(members, 0), states, {}, (), frozenset(), left)


def statement(of: ConsentKey, effect: t.Effect, asked: Callable[[], t.Ask]) -> Any:
    """Return what others' machines are told of something that one sent, or None."""
    match effect:
        case t.SendAsk(ask, number):
            return t.AskReceived(of, number, ask, asked().kinds)
        case t.SendAskAgain(ask):
            return t.AskReceived(of, 1, ask, asked().kinds)
        case t.SendGrant(ask, number, kinds, members):
            return t.GrantReceived(of, number, ask, kinds, members)
        case t.SendRefusal(ask, number):
            return t.RefusalReceived(of, number, ask)
        case t.SendWithdrawal(ask, number):
            return t.WithdrawalReceived(of, number, ask)
        case t.SendProgress(ask, number, kinds):
            return t.ProgressReceived(of, number, ask, kinds)
        case t.SendEnd(ask, number):
            return t.EndReceived(of, number, ask)
    return None


def does(world: World, one: ConsentKey, result: t.Step) -> World:
    """Put a step's outcome into the world."""
    state = result.state
    on_way = dict(world.on_way)
    others = world.epochs[world.at[one]] - {one}
    for effect in result.effects:
        said = statement(one, effect, lambda: state.asks[ASK])  # type: ignore[union-attr]
        if said is not None:
            for other in others:
                on_way[one, other] = (*on_way.get((one, other), ()), (world.at[one], said))
    return replace(world, states={**world.states, one: state}, on_way=on_way)


def moves(world: World) -> Iterator[World]:
    """Yield every world that one event leads to."""
    for (sender, receiver), messages in world.on_way.items():
        if messages and world.at.get(receiver, -1) >= messages[0][0]:
            rest = {**world.on_way, (sender, receiver): messages[1:]}
            event = messages[0][1]
            heard = world.heard
            if receiver == A and isinstance(event, t.RefusalReceived | t.WithdrawalReceived):
                heard |= {sender}
            after = replace(world, on_way=rest, heard=heard)
            if isinstance(event, t.MemberReady) or receiver in world.epochs[world.at[receiver]]:
                yield does(after, receiver, machine.step(world.states[receiver], event))
    newest = len(world.epochs) - 1
    for one in world.epochs[newest] | world.at.keys():
        if world.at.get(one, -1) < newest:
            yield from comes_into(world, one)
    for number, (what, one) in enumerate(world.left):
        left = world.left[:number] + world.left[number + 1 :]
        yield from presses(replace(world, left=left), what, one)


def comes_into(world: World, one: ConsentKey) -> Iterator[World]:
    """Yield the world in which a device has come into its next epoch."""
    epoch = world.at.get(one, -1) + 1
    while one not in world.epochs[epoch] and one not in world.at:
        epoch += 1
    members = world.epochs[epoch]
    moved = replace(world, at={**world.at, one: epoch})
    if one not in members:
        yield does(moved, one, machine.step(world.states[one], t.CallEnded()))
        return
    if one in world.states:
        state = world.states[one]
        moved = does(moved, one, machine.step(state, t.MembersChanged(members, frozenset())))
    else:
        moved = does(moved, one, machine.begin(one, members, frozenset(), 0.0))
    state = moved.states[one]
    assert isinstance(state, t.InCall)
    ready = (epoch, t.MemberReady(one, frozenset(state.asks)))
    on_way = dict(moved.on_way)
    for other in members - {one} - moved.epochs[0]:  # nobody else waits for it
        on_way[one, other] = (*on_way.get((one, other), ()), ready)
    yield replace(moved, on_way=on_way)


def presses(world: World, what: str, one: ConsentKey) -> Iterator[World]:
    """Yield the world in which somebody has pressed something, or came, or left."""
    newest = world.epochs[-1]
    if what == "comes" and one not in newest:
        yield replace(world, epochs=(*world.epochs, newest | {one}))
        return
    if what == "leaves" and one in newest and world.at.get(one) == len(world.epochs) - 1:
        yield replace(world, epochs=(*world.epochs, newest - {one}))
        return
    state = world.states.get(one)
    if not isinstance(state, t.InCall) or what in {"comes", "leaves"}:
        return
    asks = state.asks.get(ASK)
    kinds = SOUND if what == "agrees to sound" else BOTH
    event: t.Event
    match what:
        case "asks" if asks is None and len(state.members) > 1 and not state.held:
            event = t.AskWanted(ASK, BOTH)
        case "agrees" | "agrees to sound" if asks is not None:
            event = t.PersonAgreed(ASK, kinds)
        case "refuses" if asks is not None:
            event = t.PersonRefused(ASK)
        case "takes back" if asks is not None and one in asks.grants:
            event = t.PersonWithdrew(ASK)
        case "stops" if asks is not None:
            event = t.PersonStopped(ASK)
        case _:
            return
    pressed = (*world.pressed, (one, what, state.members, kinds))
    yield does(replace(world, pressed=pressed), one, machine.step(state, event))


def recorded(world: World) -> t.Kinds:
    state = world.states[A]
    ask = state.asks.get(ASK) if isinstance(state, t.InCall) else None
    return frozenset() if ask is None else ask.recorded


def check(world: World) -> None:
    """Hold the world to what people pressed, and to nothing that the machines say of it."""
    kinds = recorded(world)
    if kinds:
        present = world.epochs[world.at[A]]
        for member in present - {A}:
            yes = [
                to
                for one, what, among, to in world.pressed
                if one == member and what.startswith("agrees") and present <= among
            ]
            assert any(kinds <= to for to in yes), f"{member} has not agreed"
            assert member not in world.heard, f"{member} does not agree any more"
    newest = len(world.epochs) - 1
    is_quiet = not any(world.on_way.values())
    if is_quiet and all(world.at.get(one) == newest for one in world.epochs[-1]):
        if A not in world.epochs[-1]:
            kinds = frozenset()  # it opens nothing of this epoch
        for one in world.epochs[-1]:
            state = world.states[one]
            assert isinstance(state, t.InCall)
            ask = state.asks.get(ASK)
            shown: t.Kinds = frozenset() if ask is None else ask.shown
            assert shown == kinds, f"{one} is shown something else than what is recorded"


def explore(world: World) -> tuple[int, set[t.Kinds]]:
    """Try every order; return how many worlds there were, and what was recorded in them."""
    seen, waiting, kinds = {frozen(world)}, [world], set[t.Kinds]()
    while waiting:
        now = waiting.pop()
        check(now)
        kinds.add(recorded(now))
        for after in moves(now):
            key = frozen(after)
            if key not in seen:
                seen.add(key)
                waiting.append(after)
    return len(seen), kinds


TWO, THREE = frozenset({A, B}), frozenset({A, B, C})
STORIES = {
    "both agree, one takes it back": (
        THREE,
        (("asks", A), ("agrees", B), ("agrees to sound", C), ("takes back", B)),
    ),
    "one refuses": (THREE, (("asks", A), ("agrees", B), ("refuses", C), ("agrees", C))),
    "one comes, and agrees": (
        TWO,
        (("asks", A), ("agrees", B), ("comes", C), ("agrees", C), ("agrees to sound", B)),
    ),
    "one comes, and refuses": (
        TWO,
        (("asks", A), ("agrees", B), ("comes", C), ("refuses", C), ("agrees", B)),
    ),
    "one leaves": (THREE, (("asks", A), ("agrees", B), ("agrees", C), ("leaves", C))),
    "one comes and another leaves": (
        TWO,
        (("asks", A), ("agrees", B), ("comes", C), ("leaves", B), ("agrees", C)),
    ),
    "who asked leaves": (TWO, (("asks", A), ("agrees", B), ("leaves", A), ("comes", C))),
    "who asked stops": (TWO, (("asks", A), ("agrees", B), ("stops", A), ("agrees", B))),
}


@pytest.mark.parametrize("story", STORIES)
def test_nobody_is_recorded_who_has_not_agreed(story: str) -> None:
    members, left = STORIES[story]
    count, kinds = explore(start(members, left))
    assert count > 20
    # The control: it comes about that something is recorded.
    assert kinds > {frozenset()}, f"{count} worlds"
