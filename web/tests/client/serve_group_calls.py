# ruff: noqa: INP001 - a part of a script, `serve.py`
"""Group calls of people who use the Python SDK, for tests of the web client."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Final

from visavis.sdk.client import Client
from visavis.sdk.group_call_objects import GroupCall, IncomingGroupCall

GROUP_CALL_COMMANDS: Final = {
    "calls_listen", "calls_rings", "calls_accept", "calls_decline", "calls_stopped",
    "calls_begin", "calls_state", "calls_leave", "calls_ended", "calls_remove",
}  # fmt: skip


@dataclass
class GroupCalls:
    """The calls of one device.

    Attributes:
        waiting: The next one that rings.
        ringing: The one that rang last.
        call: The one that it was in last.
    """

    waiting: asyncio.Future[IncomingGroupCall]
    ringing: IncomingGroupCall | None = None
    call: GroupCall | None = None


class GroupCalling:
    """The commands about group calls; groups are named by how they are called."""

    people: dict[str, Client]
    group_calls: dict[str, GroupCalls]

    async def calls_listen(self, who: str) -> None:
        """Let group calls ring at somebody."""
        client = self.people[who]
        waiting = asyncio.ensure_future(anext(client.incoming_group_calls()))
        await client._group_call_service()  # noqa: SLF001 - so that it listens from here on
        self.group_calls[who] = GroupCalls(waiting)

    async def calls_rings(self, who: str) -> list[str]:
        """Wait until one rings; returns its group, who began it, and as what it rings."""
        calls = self.group_calls[who]
        calls.ringing = ringing = await calls.waiting
        return [ringing.group_name, ringing.caller, ringing.media.value]

    async def calls_accept(self, who: str) -> None:
        """Come into the one that rings."""
        calls = self.group_calls[who]
        calls.call = await _ringing(calls).accept(**_ends())

    async def calls_decline(self, who: str) -> None:
        """Decline the one that rings."""
        await _ringing(self.group_calls[who]).decline()

    async def calls_stopped(self, who: str) -> None:
        """Wait until it rings no longer."""
        await _ringing(self.group_calls[who]).ended()

    async def calls_begin(self, who: str, name: str, media: str = "voice") -> None:
        """Begin a call in a group, or come into the one that goes on."""
        client = self.people[who]
        group = await client.find_group(name)
        self.group_calls[who].call = await client.call_group(group, media, **_ends())

    async def calls_state(self, who: str) -> list[str]:
        """Return who is in somebody's call, by name."""
        return sorted(member.name for member in _call(self.group_calls[who]).members)

    async def calls_leave(self, who: str) -> None:
        """Leave the call."""
        await _call(self.group_calls[who]).leave()

    async def calls_ended(self, who: str) -> str:
        """Wait until the call is over; returns why."""
        return (await _call(self.group_calls[who]).ended()).value

    async def calls_remove(self, who: str, member: str) -> None:
        """Remove a member from the call."""
        call = _call(self.group_calls[who])
        call.remove(next(one for one in call.members if one.name == member))


def _ringing(calls: GroupCalls) -> IncomingGroupCall:
    assert calls.ringing is not None
    return calls.ringing


def _call(calls: GroupCalls) -> GroupCall:
    assert calls.call is not None
    return calls.call


def _ends() -> dict[str, Any]:
    from tests.sdk.group_call_ends import ends  # noqa: PLC0415 - only here: it loads media

    return ends()
