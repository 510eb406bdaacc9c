"""Guests of calls, for tests: who waits, who is let in, who hears."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from tests.sdk.group_call_ends import ends

from visavis.sdk.group_call_objects import AtDoor, GroupCall
from visavis.sdk.guest import Guest, GuestCall


async def until(condition: Callable[[], object], timeout_s: float = 40) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.02)


async def asks(call: GroupCall, count: int = 1) -> tuple[AtDoor, ...]:
    """Wait until so many ask to be let in."""
    await until(lambda: len(call.waiting) == count)
    return call.waiting


async def all_hear(*calls: Any, count: int) -> None:
    await until(lambda: all(len(call.members) == count for call in calls))


def shown(call: Any) -> list[tuple[str, bool, bool]]:
    """Return who is in a call: name, guest, verified."""
    return [(one.name, one.guest, one.verified) for one in call.members]


async def let_in(call: GroupCall, link: str, name: str) -> GuestCall:
    guest = await Guest.join(link, name, **ends())
    (one,) = await asks(call)
    assert one.name == name
    assert one.admit()
    assert await guest.inside()
    return guest
