"""People in groups, for tests."""

from __future__ import annotations

from tests.sdk.conftest import People, settle

from visavis.sdk.client import Client
from visavis.sdk.group_actions import PeopleGroup


async def group_of(people: People, name: str, *who: str) -> tuple[PeopleGroup, list[Client]]:
    """Make accounts and a group of all of them; the first is its founder."""
    clients = [await people.sign_up(one) for one in who]
    founder, others = clients[0], clients[1:]
    for other in others:
        await people.befriend(founder, other)
    group = await founder.create_group(name)
    await join(founder, group, *others)
    return await founder.find_group(name), clients


async def join(inviter: Client, group: PeopleGroup, *others: Client) -> None:
    """Ask people in, who say yes."""
    for other in others:
        await inviter.invite_to_group(group, await inviter.find_contact(other.handle))
    await settle(inviter, *others, rounds=1)
    for other in others:
        waiting = [one for one in await other.group_invitations() if one.asked.group == group.group]
        await other.accept_group(waiting[0])
    await settle(inviter, *others)


async def names(client: Client, group: PeopleGroup) -> list[str]:
    """Return who is in a group, as one of them sees it."""
    return sorted(member.name for member in (await seen(client, group)).members)


async def seen(client: Client, group: PeopleGroup) -> PeopleGroup:
    """Return a group as one of its members sees it now."""
    return next(one for one in await client.groups() if one.group == group.group)


async def said(client: Client, group: PeopleGroup) -> list[tuple[str, str]]:
    """Return what was said in a group, and by whom."""
    return [
        (client.name_of_author(group, message), message.text)
        for message in await client.group_history(group)
    ]
