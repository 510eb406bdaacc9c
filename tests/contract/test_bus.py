"""The contract of the Bus port, run on every implementation."""

import asyncio
import os
import sys
from collections.abc import Callable, Sequence

import pytest

from visavis.ports.bus import (
    CALL_TTL_S,
    HELD_BYTES_PER_MAILBOX,
    HELD_PER_MAILBOX,
    Bus,
    EnvelopeClass,
    Parcel,
)
from visavis.transport.local_bus import LocalBus

BUSES: dict[str, Callable[[], Bus]] = {"local": LocalBus}
A, B = b"a" * 16, b"b" * 16


@pytest.fixture(params=BUSES)
def bus(request: pytest.FixtureRequest) -> Bus:
    return BUSES[request.param]()


def call(envelope: bytes = b"x", expires: float = CALL_TTL_S) -> Parcel:
    return Parcel(EnvelopeClass.CALL, os.urandom(16), envelope, expires)


def durable(envelope: bytes = b"x") -> Parcel:
    return Parcel(EnvelopeClass.DURABLE, os.urandom(16), envelope)


class Listener:
    def __init__(self) -> None:
        self.got: list[Parcel] = []

    def sink(self, parcels: Sequence[Parcel]) -> None:
        self.got.extend(parcels)


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_listener_gets_what_is_published_in_order(bus: Bus) -> None:
    one = Listener()
    bus.listen(A, one.sink)
    sent = [call(), durable(), call()]
    for parcel in sent:
        bus.publish(A, parcel)
    assert one.got == [], "publishing must not run the listener"
    await settle()
    assert one.got == sent


async def test_mailboxes_do_not_mix(bus: Bus) -> None:
    at_a, at_b = Listener(), Listener()
    bus.listen(A, at_a.sink)
    bus.listen(B, at_b.sink)
    parcel = call()
    bus.publish(B, parcel)
    await settle()
    assert (at_a.got, at_b.got) == ([], [parcel])


async def test_call_parcels_are_held_and_durable_ones_are_not(bus: Bus) -> None:
    held, passed = call(), durable()
    bus.publish(A, held)
    bus.publish(A, passed)
    await settle()
    late = Listener()
    bus.listen(A, late.sink)
    await settle()
    assert late.got == [held]


async def test_held_until_acknowledged(bus: Bus) -> None:
    parcel, other = call(), call()
    bus.publish(A, parcel)
    bus.publish(A, other)
    first = Listener()
    bus.listen(A, first.sink)
    await settle()
    bus.leave(A, first.sink)
    unknown = os.urandom(16)
    assert list(bus.acknowledge(A, [parcel.delivery_id, unknown])) == [unknown]
    second = Listener()
    bus.listen(A, second.sink)
    await settle()
    assert second.got == [other]


async def test_acknowledging_at_an_unknown_mailbox_gives_everything_back(bus: Bus) -> None:
    ids = [os.urandom(16)]
    assert list(bus.acknowledge(B, ids)) == ids


async def test_acknowledging_at_another_mailbox_forgets_nothing(bus: Bus) -> None:
    parcel = call()
    bus.publish(A, parcel)
    bus.publish(B, call())
    assert list(bus.acknowledge(B, [parcel.delivery_id])) == [parcel.delivery_id]
    late = Listener()
    bus.listen(A, late.sink)
    await settle()
    assert late.got == [parcel]


async def test_expired_parcels_are_forgotten(bus: Bus) -> None:
    bus.publish(A, call(expires=60))
    fresh = call(expires=90)
    bus.publish(A, fresh)
    await settle()
    bus.sweep(60)
    late = Listener()
    bus.listen(A, late.sink)
    assert late.got == [fresh]


async def test_one_listener_at_a_time(bus: Bus) -> None:
    first, second = Listener(), Listener()
    bus.listen(A, first.sink)
    bus.listen(A, second.sink)
    bus.leave(A, first.sink)  # not the listener any more: nothing happens
    parcel = call()
    bus.publish(A, parcel)
    await settle()
    assert (first.got, second.got) == ([], [parcel])


async def test_nobody_hears_after_leaving(bus: Bus) -> None:
    one = Listener()
    bus.listen(A, one.sink)
    bus.leave(A, one.sink)
    bus.publish(A, call())
    await settle()
    assert one.got == []


async def test_dropping_forgets_what_is_held_and_on_its_way(bus: Bus) -> None:
    one = Listener()
    bus.listen(A, one.sink)
    bus.publish(A, call())
    bus.drop(A)
    bus.drop(A)
    await settle()
    assert one.got == []
    late = Listener()
    bus.listen(A, late.sink)
    assert late.got == []


async def test_the_oldest_goes_when_a_mailbox_holds_too_many(bus: Bus) -> None:
    sent = [call() for _ in range(HELD_PER_MAILBOX + 3)]
    for parcel in sent:
        bus.publish(A, parcel)
    late = Listener()
    bus.listen(A, late.sink)
    assert late.got == sent[3:]


async def test_the_oldest_goes_when_a_mailbox_holds_too_much(bus: Bus) -> None:
    sent = [call(bytes(HELD_BYTES_PER_MAILBOX // 4)) for _ in range(5)]
    for parcel in sent:
        bus.publish(A, parcel)
    late = Listener()
    bus.listen(A, late.sink)
    assert late.got == sent[1:]


async def test_a_connected_device_gets_more_than_can_be_held(bus: Bus) -> None:
    one = Listener()
    bus.listen(A, one.sink)
    sent = [call() for _ in range(3 * HELD_PER_MAILBOX)]
    for parcel in sent:
        bus.publish(A, parcel)
    await settle()
    assert one.got == sent


async def test_memory_is_bounded_over_all_mailboxes_and_given_back() -> None:
    bus = LocalBus(held_bytes=1000)
    for number in range(100):
        bus.publish(number.to_bytes(16, "big"), call(bytes(30)))
        assert bus.held_bytes <= 1000
    await settle()
    assert bus.held_bytes == 990
    bus.sweep(CALL_TTL_S)
    assert bus.held_bytes == 0
    assert bus._mailboxes == {}


async def test_a_watcher_is_told_of_calls_and_can_ask_whether_they_wait(bus: Bus) -> None:
    told: list[bytes] = []
    bus.watch(told.append)
    early, late = call(expires=1.0), call(expires=2.0)
    bus.publish(A, durable())
    await settle()
    assert told == [], "messages are nothing to tell of"
    bus.publish(A, early)
    bus.publish(A, late)
    assert told == [], "publishing must not run the watcher"
    await settle()
    assert told == [A]
    assert bus.waits(A, 1.0)
    assert not bus.waits(B, 1.0)
    bus.acknowledge(A, [early.delivery_id])
    assert not bus.waits(A, 1.0), "what waits came later"
    assert bus.waits(A, 2.0)
    assert not bus.listens(B)
    bus.listen(B, Listener().sink)
    assert (bus.listens(A), bus.listens(B)) == (False, True)
    bus.publish(B, call())
    await settle()
    assert told == [A, B], "with a listener too"
    bus.watch(None)
    bus.publish(A, call())
    await settle()
    assert told == [A, B]


async def test_publishing_does_the_same_online_and_offline() -> None:
    """CK-478: counted in steps of the interpreter, not in time."""
    steps = {}
    for online in (False, True):
        bus = LocalBus(schedule=lambda _round: None)
        if online:
            bus.listen(A, Listener().sink)
        steps[online] = _lines(lambda bus=bus: bus.publish(A, call()))  # type: ignore[misc]
    assert steps[False] == steps[True]
    assert len(steps[True]) > 5


def _lines(work: Callable[[], None]) -> list[tuple[str, int]]:
    seen: list[tuple[str, int]] = []

    def trace(frame: object, event: str, _arg: object) -> object:
        if event == "line":
            seen.append((frame.f_code.co_name, frame.f_lineno))  # type: ignore[attr-defined]
        return trace

    sys.settrace(trace)  # type: ignore[arg-type]
    try:
        work()
    finally:
        sys.settrace(None)
    return seen
