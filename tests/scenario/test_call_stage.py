"""The stage itself: a virtual clock that jumps, a network that has the faults it is told."""

from __future__ import annotations

import asyncio
import time

import pytest

from visavis.core.errors import UnavailableError
from visavis.testing.lossy_network import (
    CALL_TTL_S,
    LATE_S,
    LATENCY_S,
    Fault,
    LossyNetwork,
    Parcel,
    Rule,
    at_random,
    once,
)
from visavis.testing.virtual_clock import LIMIT_S, START_S, HangsForeverError, now, run


def test_an_hour_passes_at_once() -> None:
    async def story() -> float:
        assert now() == START_S
        await asyncio.sleep(3_600)
        return now()

    began = time.monotonic()
    assert run(story()) == START_S + 3_600
    assert time.monotonic() - began < 60


def test_timeouts_are_virtual_too() -> None:
    async def story() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1_000):
                await asyncio.Event().wait()
        assert now() == START_S + 1_000

    run(story())


def test_what_can_never_happen_is_noticed() -> None:
    async def dry() -> None:
        await asyncio.Event().wait()

    async def polls() -> None:
        while True:
            await asyncio.sleep(1)

    with pytest.raises(HangsForeverError, match="nothing is left"):
        run(dry())
    with pytest.raises(HangsForeverError, match=str(LIMIT_S)):
        run(polls())


def test_errors_come_through_and_tasks_are_ended() -> None:
    ended: list[str] = []

    async def aside() -> None:
        try:
            await asyncio.sleep(1e6)
        finally:
            ended.append("aside")

    async def story() -> None:
        task = asyncio.create_task(aside())
        await asyncio.sleep(0)
        assert not task.done()
        raise ValueError

    with pytest.raises(ValueError, match="^$"):
        run(story())
    assert ended == ["aside"]


def arrivals(rule: Rule, *, gap_s: float = 0.001) -> list[tuple[str, float]]:
    """Send a, b, c and return what arrived, when."""

    async def story() -> list[tuple[str, float]]:
        got: list[tuple[str, float]] = []
        network = LossyNetwork(rule)
        network.attach("m", lambda p: got.append((p.body, round(now() - START_S, 3))), _quiet)
        for letter in "abc":
            network.send("s", "m", letter, durable=False, label=letter)
            await asyncio.sleep(gap_s)
        await asyncio.sleep(10)
        return got

    return run(story())


def _quiet(here: bool) -> None:
    del here


def test_each_fault_is_what_it_says() -> None:
    def order(fault: Fault) -> str:
        return "".join(letter for letter, _ in arrivals(once("b", fault)))

    assert "".join(letter for letter, _ in arrivals(lambda _: None)) == "abc"
    assert order(Fault.LOST) == "ac"
    assert sorted(order(Fault.DOUBLED)) == sorted("abbc")
    assert order(Fault.LATE) == "acb"
    assert order(Fault.SWAPPED) == "acb"
    assert dict(arrivals(once("b", Fault.LATE)))["b"] >= LATE_S
    assert dict(arrivals(once("b", Fault.SWAPPED)))["b"] < LATENCY_S * 2
    # A swapped one that nothing follows is late, not lost.
    assert dict(arrivals(once("c", Fault.SWAPPED)))["c"] >= LATE_S


def test_random_faults_are_the_same_for_the_same_seed() -> None:
    parcel = Parcel("s", "m", durable=False, label="a", body="a", sent_at=0)

    def draws(seed: int) -> list[Fault | None]:
        rule = at_random(seed, share=0.5)
        return [rule(parcel) for _ in range(200)]

    assert draws(1) == draws(1) != draws(2)
    assert set(draws(1)) == {None, *Fault}


def test_a_stopped_server_loses_calls_and_keeps_what_is_durable() -> None:
    async def story() -> None:
        got: list[str] = []
        here: list[bool] = []
        network = LossyNetwork()
        network.attach("m", lambda p: got.append(p.body), here.append)
        network.send("s", "m", "call", durable=False, label="")
        network.send("s", "m", "durable", durable=True, label="")
        network.stop()
        with pytest.raises(UnavailableError):
            network.send("s", "m", "x", durable=True, label="")
        await asyncio.sleep(1)
        assert got == []
        network.start()
        await asyncio.sleep(1)
        assert got == ["durable"]
        assert here == [True, False, True]
        # The control: without a stop both come.
        network.send("s", "m", "call", durable=False, label="")
        await asyncio.sleep(1)
        assert got == ["durable", "call"]

    run(story())


def test_a_device_that_was_away_gets_what_is_held() -> None:
    async def story() -> None:
        got: list[str] = []
        here: list[bool] = []
        network = LossyNetwork()
        network.attach("m", lambda p: got.append(p.body), here.append)
        network.detach("m")
        network.detach("m")
        network.send("s", "m", "old call", durable=False, label="")
        network.send("s", "m", "durable", durable=True, label="")
        await asyncio.sleep(CALL_TTL_S)
        network.send("s", "m", "fresh call", durable=False, label="")
        await asyncio.sleep(1)
        network.attach("m", lambda p: got.append(p.body), here.append)
        assert got == ["durable", "fresh call"]
        assert here == [True, False, True]

    run(story())
