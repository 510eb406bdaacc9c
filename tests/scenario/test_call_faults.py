"""Faults as a table: each message of a call lost, doubled, late, swapped.

Ben accepts when it rings; if both get through, Anna hangs up. Each line says how it ends for both.
The virtual clock fails a story in which anything waits for ever.
"""

from __future__ import annotations

import asyncio

import pytest
from tests.scenario.call_world import World, until

from visavis.core.errors import UnavailableError
from visavis.sdk.calls import Call
from visavis.testing.lossy_network import Fault, Rule, at_random, once
from visavis.testing.virtual_clock import now, run

MESSAGES = (
    "call.invite",
    "call.accept",
    "call.taken",
    "welcome",
    "ben call.ready",
    "ben call.reveal",
    "anna call.reveal",
    "anna call.candidates",
    "ben call.candidates",
    "anna call.hangup",
)

FINE = ("hung_up", "hung_up_there")
GIVEN_UP = ("not_connected", "hung_up_there")

LOST: dict[str, tuple[str, str | None]] = {
    "call.invite": ("no_answer", None),
    "call.accept": ("no_answer", "no_welcome"),
    "call.taken": ("withdrawn", "no_welcome"),
    "welcome": ("withdrawn", "no_welcome"),
    "ben call.ready": GIVEN_UP,
    "ben call.reveal": GIVEN_UP,
    "anna call.reveal": ("hung_up_there", "not_connected"),
    "anna call.candidates": GIVEN_UP,
    "ben call.candidates": GIVEN_UP,
    "anna call.hangup": ("hung_up", "lost"),
}


async def outcome(rule: Rule) -> tuple[str, str | None]:
    """Return how the call ended for Anna and for Ben, None if it never rang."""
    async with World(rule=rule) as w:
        anna, ben = w["anna1"], w["ben1"]
        call = await anna.call()
        answering = asyncio.create_task(answer(w))
        try:
            await call.connected()
            await until(lambda: ben.rung[0]._call.state in {"in_call", "ended"})
            await asyncio.sleep(1)
            await call.hang_up()
        except UnavailableError:
            pass
        ends = [await call.ended()]
        await asyncio.sleep(60)
        answering.cancel()
        theirs: Call | None = ben.rung[0]._call if ben.rung else None
        if theirs is None:
            return ends[0], None
        return ends[0], await theirs.ended()


async def answer(w: World) -> None:
    await w["ben1"].accept(await w["ben1"].rings())


@pytest.mark.parametrize("message", MESSAGES)
def test_lost(message: str) -> None:
    found = run(outcome(once(message, Fault.LOST)))
    if LOST[message] == GIVEN_UP:
        # Ben's own deadline falls one latency after Anna's, just when her word arrives.
        assert found in {GIVEN_UP, ("not_connected", "not_connected")}
        return
    assert found == LOST[message]


@pytest.mark.parametrize("fault", [Fault.DOUBLED, Fault.LATE, Fault.SWAPPED])
@pytest.mark.parametrize("message", MESSAGES)
def test_doubled_late_swapped(message: str, fault: Fault) -> None:
    assert run(outcome(once(message, fault))) == FINE


def test_without_a_fault() -> None:
    """The control of this table."""
    assert run(outcome(lambda _: None)) == FINE


@pytest.mark.parametrize("message", MESSAGES)
def test_each_fault_of_the_table_did_happen(message: str) -> None:
    """The control of its labels: a rule that never fires would make every line pass."""
    seen: list[str] = []

    def rule(parcel: object) -> None:
        seen.append(parcel.label)  # type: ignore[attr-defined]

    run(outcome(rule))
    assert seen.count(message) == 1


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.LATE, Fault.DOUBLED])
@pytest.mark.parametrize("message", ["call.cancel", "call.missed"])
def test_giving_up_reaches_the_other_side_in_one_way_or_another(message: str, fault: Fault) -> None:
    async def story() -> None:
        async with World(rule=once(message, fault)) as w:
            call = await w["anna1"].call()
            ringing = await w["ben1"].rings()
            await call.hang_up()
            assert await ringing.ended() == "cancelled_there"
            assert now() < 1_000 + 5

    run(story())


@pytest.mark.parametrize("seed", range(24))
def test_random_faults_end_every_call(seed: int) -> None:
    anna, ben = run(outcome(at_random(seed, share=0.25)))
    assert anna
    assert ben is None or ben
