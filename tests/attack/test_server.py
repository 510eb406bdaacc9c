"""Attacks on the server's bounds, and on what it does when something fails."""

from __future__ import annotations

import asyncio
import contextlib
import os
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from tests.server.test_sequencer import web

from visavis.core import base64url, work
from visavis.core.envelope import BUCKETS
from visavis.core.errors import Code
from visavis.server import housekeeping
from visavis.server.problems import ProblemError
from visavis.server.quotas import LIMITS, Spend
from visavis.server.throttle import Throttle
from visavis.testing.clock import VirtualClock


def attempt(
    throttle: Throttle, address: str, solution: str | None = None, handle: str | None = None
) -> dict[str, Any] | None:
    """Make one attempt; return the work that is asked for, or None if it passed."""
    with contextlib.ExitStack() as stack:
        caught = stack.enter_context(pytest.raises(ProblemError))
        throttle.admit(address, handle, solution)
        stack.pop_all()
        return None
    assert caught.value.code is Code.QUOTA
    asked: dict[str, Any] = caught.value.members["work"]
    return asked


def solved(asked: dict[str, Any]) -> str:
    challenge = base64url.decode(asked["challenge"])
    nonce = work.solve(challenge, asked["bits"])
    return f"{asked['challenge']}.{base64url.encode(nonce)}"


@pytest.mark.parametrize("clothes", ["{}", "::ffff:{}"], ids=["IPv4", "IPv4 in IPv6 clothes"])
def test_one_address_makes_no_other_address_work(clothes: str) -> None:
    """CK-412: a listener for both IP versions shows IPv4 clients as ::ffff:a.b.c.d."""
    throttle = Throttle(3, VirtualClock(), os.urandom)
    attacker, victim = clothes.format("192.0.2.1"), clothes.format("198.51.100.7")
    for _ in range(3):
        assert attempt(throttle, attacker) is None
    assert attempt(throttle, attacker) is not None  # the control: it is counted
    assert attempt(throttle, victim) is None


def test_work_that_was_done_as_asked_is_always_enough() -> None:
    """CK-412: also when the attempt that brings it is one more and would cost more."""
    throttle = Throttle(1, VirtualClock(), os.urandom)
    assert attempt(throttle, "192.0.2.1") is None
    for _ in range(3):
        asked = attempt(throttle, "192.0.2.1")
        assert asked is not None
        assert attempt(throttle, "192.0.2.1", solved(asked)) is None


def test_cheap_work_is_not_passed_off_as_dear() -> None:
    """The level is the server's word, under its MAC; and each piece of work is good once."""
    throttle = Throttle(1, VirtualClock(), os.urandom)
    attempt(throttle, "192.0.2.1")
    asked = attempt(throttle, "192.0.2.1")
    assert asked is not None
    body = bytearray(base64url.decode(asked["challenge"]))
    for place in range(len(body)):
        body[place] ^= 1
        forged = {"challenge": base64url.encode(bytes(body)), "bits": 1}
        assert attempt(throttle, "192.0.2.1", solved(forged)) is not None
        body[place] ^= 1
    proof = solved(asked)
    # Work for one handle and address is none for another: its level would be another.
    assert attempt(throttle, "192.0.2.1", proof, handle="anna.12345") is not None
    assert attempt(throttle, "192.0.2.1", proof) is None
    assert attempt(throttle, "192.0.2.1", proof) is not None


@pytest.mark.parametrize("error", [OSError(30, "read-only"), RuntimeError("a bug")])
async def test_housekeeping_outlives_any_failure(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P7: deletions are wiped within 60 s; one failure must not end that until the restart."""
    clock = VirtualClock()
    rounds: list[float] = []

    class Services:
        def __init__(self) -> None:
            self.clock = clock

        def today(self) -> int:
            return 1

    async def daily(_: object) -> None:
        rounds.append(clock.monotonic())
        if len(rounds) == 1:
            raise error

    monkeypatch.setattr(housekeeping, "daily", daily)
    monkeypatch.setattr(housekeeping, "blur", lambda _: None)
    task = asyncio.ensure_future(housekeeping.forever(Services()))  # type: ignore[arg-type]
    try:
        for _ in range(50):
            await asyncio.sleep(0)
            if len(rounds) == 2 or task.done():
                break
            await clock.advance(housekeeping.TIDY_S)
        assert len(rounds) == 2
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_one_capability_fills_no_disk_with_commits(tmp_path: Path) -> None:
    """CK-470: accepted commits are kept for a month, so their bytes are counted too."""
    most = LIMITS[Spend.COMMIT].amount // BUCKETS[-1]
    async with web(tmp_path) as (_, api):
        handle, keys = os.urandom(32), [os.urandom(32) for _ in range(most + 2)]
        assert await api.create(handle, keys[0], "conversation") == 200

        async def commit(n: int, key: bytes) -> int:
            answer = await api.post(
                "/commit",
                handle=handle,
                n=n,
                write_key=key,
                commit=bytes(BUCKETS[-1]),
                next_write_key_hash=sha256(keys[n]).digest(),
            )
            return answer.status_code

        for n in range(1, most + 1):
            # The control: what is not accepted costs nothing.
            assert await commit(n, os.urandom(32)) == 403
            assert await commit(n, keys[n - 1]) == 200
        assert await commit(most + 1, keys[most]) == 429
