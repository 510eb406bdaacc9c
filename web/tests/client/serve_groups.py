# ruff: noqa: INP001 - a part of a script, `serve.py`
"""What people who use the Python SDK do with groups, for tests of the web client."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from visavis.sdk.client import Client
from visavis.sdk.group_actions import Member, PeopleGroup

GROUP_COMMANDS: Final = {
    "create_group", "ask_in", "accept_group", "groups", "say", "said", "rename_group", "keeper",
    "put_out", "leave_group", "send_to_group", "open_from_group", "told",
}  # fmt: skip


class Grouping:
    """The commands about groups; groups are named by how they are called."""

    folder: Path
    people: dict[str, Client]

    async def create_group(self, who: str, name: str) -> None:
        """Begin a group."""
        await self.people[who].create_group(name)
        await self.people[who].sync()

    async def ask_in(self, who: str, name: str, contact: str) -> None:
        """Ask a contact into a group."""
        client = self.people[who]
        group = await client.find_group(name)
        await client.invite_to_group(group, await client.find_contact(contact))

    async def accept_group(self, who: str) -> list[str]:
        """Say yes to every invite."""
        client = self.people[who]
        await client.sync()
        waiting = await client.group_invitations()
        for invitation in waiting:
            await client.accept_group(invitation)
        await client.sync()
        return [one.name for one in waiting]

    async def groups(self, who: str) -> list[dict[str, Any]]:
        """Return somebody's groups."""
        await self.people[who].sync()
        return [
            {
                "name": group.name,
                "state": group.state,
                "members": sorted(member.name for member in group.members),
                "keepers": sorted(member.name for member in group.members if member.keeper),
                "picture": None if group.picture is None else group.picture.hex(),
            }
            for group in await self.people[who].groups()
        ]

    async def say(self, who: str, name: str, text: str) -> None:
        """Send a text to a group."""
        client = self.people[who]
        await client.send_group_message(await client.find_group(name), text)

    async def said(self, who: str, name: str) -> list[list[str]]:
        """Return what was said in a group, and by whom."""
        client = self.people[who]
        await client.sync()
        group = await client.find_group(name)
        history = await client.group_history(group)
        return [[client.name_of_author(group, message), message.text] for message in history]

    async def rename_group(self, who: str, name: str, to: str) -> None:
        """Call a group otherwise."""
        client = self.people[who]
        await client.rename_group(await client.find_group(name), to)

    async def keeper(self, who: str, name: str, member: str) -> None:
        """Name a keeper."""
        client = self.people[who]
        group = await client.find_group(name)
        await client.name_keeper(group, _member(group, member))

    async def put_out(self, who: str, name: str, member: str) -> None:
        """Remove a member."""
        client = self.people[who]
        group = await client.find_group(name)
        await client.remove_from_group(group, _member(group, member))

    async def leave_group(self, who: str, name: str) -> None:
        """Leave a group."""
        client = self.people[who]
        await client.leave_group(await client.find_group(name))

    async def send_to_group(self, who: str, name: str, file: str, data: str) -> None:
        """Send a file to a group, given in hex."""
        path = self.folder / file
        path.write_bytes(bytes.fromhex(data))
        client = self.people[who]
        await client.send_group_file(await client.find_group(name), path)

    async def open_from_group(self, who: str, name: str) -> dict[str, str]:
        """Fetch the newest file of a group."""
        client = self.people[who]
        await client.sync()
        said = await client.group_history(await client.find_group(name))
        opened = await client.open_file([m for m in said if m.file is not None][-1])
        return {"name": opened.name, "data": opened.data.hex()}

    async def told(self, who: str) -> list[list[str]]:
        """Return what notices of groups say: the kind, whom it is about, what it is called."""
        await self.people[who].sync()
        notices = await self.people[who].all_notices()
        return [
            [one.kind.value, one.was, one.name]
            for one in notices
            if one.kind.value.startswith("group")
        ]


def _member(group: PeopleGroup, name: str) -> Member:
    return next(member for member in group.members if member.name == name)
