"""CK-350: to the caller, decline, ignore, busy, offline and expired are one and the same.

On a virtual clock: the same effects and envelopes, of the same sizes, at the same times; and not
one envelope from the callee. The control: an accept looks different.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from tests.scenario.call_world import Device, World, until

from visavis.testing.lossy_network import LossyNetwork
from visavis.testing.virtual_clock import now, run

CASES = ("decline", "ignore", "busy", "offline", "expired")


@dataclass
class View:
    """What one call looked like."""

    caller: list[tuple[float, str]]
    envelopes: list[tuple[float, str, int]]
    from_callee: list[str]
    end: str
    ring_s: float


def record(device: Device) -> list[tuple[float, str]]:
    """Record each effect that this device carries out."""
    seen: list[tuple[float, str]] = []
    carry_out = device.service._carry_out

    def recorded(effect: Any) -> None:
        name = type(getattr(effect, "effect", effect)).__name__
        seen.append((now(), name))
        carry_out(effect)

    device.service._carry_out = recorded  # type: ignore[method-assign]
    return seen


async def view(case: str) -> View:
    async with World(annas=2) as w:
        anna, ben = w["anna1"], w["ben1"]
        if case == "busy":
            other = await w["anna2"].call()
            theirs = await ben.accept(await ben.rings())
            await theirs.connected()
            await other.connected()
        if case in {"offline", "expired"}:
            ben.session.disconnect()
        seen, sent_before, log_before = record(anna), len(ben.session.sent), len(w.network.log)
        started = now()
        call = await anna.call()
        match case:
            case "decline":
                await (await ben.rings()).decline()
            case "expired":  # It arrives late, and nobody looks at the telephone.
                await until(lambda: now() > started + 40)
                ben.session.connect()
                await ben.rings()
            case "accept":
                await ben.accept(await ben.rings())
            case _:
                pass
        if case == "accept":
            await call.connected()
            await call.hang_up()
        end = await call.ended()
        ring_s = now() - started
        log = [p for p in w.network.log[log_before:] if p.sender == "anna1"]
        return View(
            [(round(at - started, 6), name) for at, name in seen],
            [(round(p.sent_at - started, 6), p.label, len(p.body)) for p in log],
            [label for _, label in ben.session.sent[sent_before:]],
            end,
            round(ring_s, 6),
        )


@pytest.mark.parametrize("case", CASES)
def test_the_callee_sends_nothing(case: str) -> None:
    assert run(view(case)).from_callee == []


@pytest.mark.parametrize("case", CASES[1:])
def test_the_caller_sees_the_same_as_with_a_decline(case: str) -> None:
    decline, other = run(view("decline")), run(view(case))
    assert other == decline
    assert other.end == "no_answer"
    assert other.ring_s == 45
    assert [label for _, label, _ in other.envelopes] == [
        "call.invite", "call.cancel", "call.missed",
    ]  # fmt: skip


def test_the_control_an_accept_looks_different() -> None:
    decline, accept = run(view("decline")), run(view("accept"))
    assert accept.from_callee
    assert accept.caller != decline.caller
    assert accept.ring_s < 45


def test_the_control_a_receipt_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A leaky twin: a callee whose decline sends a word to the caller fails this very check."""
    from visavis.core import call, call_effects

    end = call.end

    def leaky(state: Any, reason: Any, *words: Any, code: Any = None) -> Any:
        if reason is call_effects.EndReason.DECLINED:
            words = (*words, call_effects.SendCancel())
        return end(state, reason, *words, code=code)

    monkeypatch.setattr(call, "end", leaky)
    assert set(run(view("decline")).from_callee) == {"call.cancel"}


def test_the_server_is_not_asked_either() -> None:
    """No TURN credentials, no gathering, no media connection before a person accepts (R-33)."""

    async def story() -> None:
        async with World() as w:
            assert isinstance(w.network, LossyNetwork)
            call = await w["anna1"].call()
            await (await w["ben1"].rings()).decline()
            await call.ended()
            assert w.turn_asked == []
            assert w.relay.gathered == 0
            assert len(w.relay.made) == 1  # The caller's own, which never gathered.

    run(story())
