"""What a name at the command line means: a contact, or a group of people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from visavis.cli.output import plain
from visavis.cli.told import MistakeError
from visavis.core.errors import AuthorizationError, Code

if TYPE_CHECKING:
    from pathlib import Path

    from visavis.sdk.client import Client, Contact
    from visavis.sdk.files import PreparedFile
    from visavis.sdk.group_actions import Member, PeopleGroup
    from visavis.sdk.history import Message

ThreadArgument = Annotated[
    str, typer.Argument(help="Your contact's name, or a group's, or its beginning.")
]
GroupArgument = Annotated[str, typer.Argument(help="The group's name, or its beginning.")]
MemberArgument = Annotated[str, typer.Argument(help="The member's name, or its beginning.")]

OUT_OF_IT = "You are not in this group any more."


@dataclass(frozen=True, slots=True)
class Thread:
    """A conversation: with a contact, or of a group."""

    client: Client
    contact: Contact | None
    group: PeopleGroup | None

    @property
    def name(self) -> str:
        """What it is called."""
        return self._named().name

    async def entries(self) -> list[Message]:
        """Return what was said in it, oldest first."""
        if self.group is not None:
            return await self.client.group_history(self.group)
        assert self.contact is not None
        return await self.client.history(self.contact)

    def author(self, entry: Message) -> str:
        """Return who said something, if it was not we."""
        if self.group is not None:
            return self.client.name_of_author(self.group, entry)
        return self.name

    async def send(self, text: str) -> None:
        """Send a text."""
        if self.group is not None:
            await self.client.send_group_message(require_in(self.group), text)
        else:
            assert self.contact is not None
            await self.client.send_message(self.contact, text)

    async def send_file(self, file: Path | PreparedFile) -> None:
        """Send a file."""
        if self.group is not None:
            await self.client.send_group_file(require_in(self.group), file)
        else:
            assert self.contact is not None
            await self.client.send_file(self.contact, file)

    def _named(self) -> Contact | PeopleGroup:
        found = self.group or self.contact
        assert found is not None  # one of the two
        return found


async def find_thread(client: Client, prefix: str) -> Thread:
    """Return the contact or the group of this name, or the only one whose name begins so.

    Raises:
        AuthorizationError: UNKNOWN_CONTACT, there is neither, or more than one.
        MistakeError: It begins the name of a contact and of a group.
    """
    groups = [one for one in await client.groups() if one.name.startswith(prefix)]
    contacts = [one for one in await client.contacts() if one.name.startswith(prefix)]
    named = any(one.name == prefix for one in groups)
    if groups and not any(one.name == prefix for one in contacts):
        if contacts and not named:
            raise MistakeError(
                f"A contact and a group begin with {plain(prefix)}. Write more of the name."
            )
        return Thread(client, None, await find_group(client, prefix))
    return Thread(client, await client.find_contact(prefix), None)


async def find_group(client: Client, prefix: str) -> PeopleGroup:
    """Return the group of this name, or the only one whose name begins so.

    Raises:
        MistakeError: There is none, or more than one.
    """
    try:
        return await client.find_group(prefix)
    except AuthorizationError as error:
        if error.code is not Code.REFUSED:
            raise
        raise MistakeError(
            f"There is no group {plain(prefix)}, or more than one. visavis group list shows yours."
        ) from None


def require_in(group: PeopleGroup) -> PeopleGroup:
    """Return a group that we are in.

    Raises:
        MistakeError: We are out of it.
    """
    if group.state != "member":
        raise MistakeError(f"{OUT_OF_IT} Nothing was sent or changed.")
    return group


def find_member(group: PeopleGroup, prefix: str) -> Member:
    """Return the member of this name, or the only one whose name begins so.

    Raises:
        MistakeError: There is none, or more than one.
    """
    exact = [one for one in group.members if one.name == prefix]
    found = exact or [one for one in group.members if one.name.startswith(prefix)]
    if len(found) != 1:
        raise MistakeError(
            f"There is no member {plain(prefix)} in {plain(group.name)}, or more than one. "
            "visavis group show lists them."
        )
    return found[0]
