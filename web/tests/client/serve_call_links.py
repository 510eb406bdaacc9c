# ruff: noqa: INP001 - a part of a script, `serve.py`
"""Call links and guests with the Python SDK, for tests of the web client."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from serve_group_calls import GroupCalls, _call, _ends

from visavis.sdk.client import Client
from visavis.sdk.group_call_objects import AtDoor
from visavis.sdk.guest import Guest, GuestCall

CALL_LINK_COMMANDS: Final = {
    "links_make", "links_withdraw", "links_listed", "links_waiting", "links_admit", "links_refuse",
    "guests_join", "guests_state", "guests_inside", "guests_members", "guests_leave",
    "guests_ended", "guests_remove",
}  # fmt: skip


class CallLinking:
    """The commands about call links; a guest is called by the name that it chose."""

    people: dict[str, Client]
    group_calls: dict[str, GroupCalls]
    guests: dict[str, GuestCall]

    async def links_make(self, who: str, name: str | None = None, *, once: bool = False) -> str:
        """Make a link to a group's call, or to one of its own; returns it."""
        client = self.people[who]
        group = None if name is None else await client.find_group(name)
        return (await client.create_call_link(group, once=once)).link

    async def links_withdraw(self, who: str, link: str) -> None:
        """Withdraw a link."""
        await self.people[who].withdraw_call_link(link)

    async def links_listed(self, who: str) -> list[str]:
        """Return the good links of somebody."""
        return [one.link for one in await self.people[who].call_links()]

    async def links_waiting(self, who: str, count: int) -> list[str]:
        """Wait until so many ask to be let into somebody's call; returns their names."""
        call = _call(self.group_calls[who])
        while len(call.waiting) != count:  # noqa: ASYNC110 - what waits is told of nowhere else
            await asyncio.sleep(0.02)
        return [one.name for one in call.waiting]

    async def links_admit(self, who: str, name: str) -> bool:
        """Let a guest in; false if it waits no longer."""
        return self._at_door(who, name).admit()

    async def links_refuse(self, who: str, name: str) -> None:
        """Do not let a guest in."""
        self._at_door(who, name).refuse()

    def _at_door(self, who: str, name: str) -> AtDoor:
        call = _call(self.group_calls[who])
        return next(one for one in call.waiting if one.name == name)

    async def guests_join(self, name: str, link: str) -> None:
        """Ask to be let in by a link."""
        self.guests[name] = await Guest.join(link, name, **_ends())

    async def guests_state(self, name: str) -> str:
        """Return how far a guest has come."""
        return self.guests[name].state.value

    async def guests_inside(self, name: str) -> bool:
        """Wait until a guest is in, or it is over; returns whether it is in."""
        return await self.guests[name].inside()

    async def guests_members(self, name: str) -> list[list[Any]]:
        """Return whom a guest sees: name, guest, verified, itself."""
        members = self.guests[name].members
        return sorted([one.name, one.guest, one.verified, one.own] for one in members)

    async def guests_leave(self, name: str) -> None:
        """Leave the call, or the lobby."""
        await self.guests[name].leave()

    async def guests_remove(self, name: str, leaf: int) -> None:
        """Have a guest remove somebody, as one does that keeps to no rules."""
        self.guests[name]._steps._shell.remove(leaf)  # type: ignore[attr-defined] # noqa: SLF001

    async def guests_ended(self, name: str) -> str:
        """Wait until it is over; returns why."""
        return (await self.guests[name].ended()).value
